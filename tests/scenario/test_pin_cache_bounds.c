/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_pin_cache_bounds.c - the pin cache: what it may hold, what it refuses, and what a callback may do.
 */
#include "pin_cache.h"

/* ---- bounds ---- */

static bool is_kept(struct bench *b, const struct gup_pin *const *pins, unsigned int i)
{
	const struct gup_pin *pin = get(b, BASE + i * BYTES);
	bool same = pin == pins[i];

	put(b, pin);
	return same;
}

static void the_longest_idle_goes(void **state)
{
	const struct gup_pin *pins[8];
	struct bench b;

	(void)state;
	begin(&b, 4, 1000);
	for (unsigned int i = 0; i < 4; i++)
		put(&b, pins[i] = get(&b, BASE + i * BYTES));
	holds(&b, 4 * NR);
	/* 0 is used again, 1 is in use: 2 goes, then 3 */
	put(&b, get(&b, BASE));
	assert_ptr_equal(get(&b, BASE + BYTES), pins[1]);
	for (unsigned int i = 4; i < 6; i++) {
		put(&b, pins[i] = get(&b, BASE + i * BYTES));
		holds(&b, 4 * NR);
	}
	assert_true(is_kept(&b, pins, 0));
	assert_true(is_kept(&b, pins, 4));
	assert_true(is_kept(&b, pins, 5));
	assert_true(is_kept(&b, pins, 1));
	put(&b, pins[1]);
	holds(&b, 4 * NR);
	assert_false(is_kept(&b, pins, 2));
	finish(&b);
}

static void pages_are_bounded_as_well(void **state)
{
	struct gup_request large = request_of(BASE, GUP_WRITE);
	const struct gup_pin *pin;
	struct bench b;

	(void)state;
	begin(&b, 100, 3 * NR);
	for (unsigned int i = 0; i < 4; i++)
		put(&b, get(&b, BASE + i * BYTES));
	holds(&b, 3 * NR);
	large.bytes = 3 * BYTES;
	put(&b, pin = get_as(&b, &large));
	holds(&b, 3 * NR);
	assert_ptr_equal(get_as(&b, &large), pin);
	put(&b, pin);
	/* what will never fit makes nobody go */
	large.bytes += PAGE;
	pin = get_as(&b, &large);
	holds(&b, 6 * NR + 1);
	assert_int_equal(gup_pin_cache_destroy(b.cache), -GUP_EBUSY);
	holds(&b, 3 * NR + 1);
	put(&b, pin);
	holds(&b, 0);
	finish(&b);
}

static void without_room_it_is_the_callers_alone(void **state)
{
	const struct gup_pin *first, *pin, *other;
	struct bench b;

	(void)state;
	begin(&b, 1, 1000);
	first = get(&b, BASE);
	pin = get(&b, BASE + BYTES);
	other = get(&b, BASE + BYTES);
	assert_ptr_not_equal(pin, other);
	works(&b, pin, BASE + BYTES);
	works(&b, other, BASE + BYTES);
	holds(&b, 3 * NR);
	put(&b, pin);
	holds(&b, 2 * NR);
	put(&b, other);
	holds(&b, NR);
	put(&b, first);
	put(&b, pin = get(&b, BASE + BYTES));
	holds(&b, NR);
	assert_ptr_equal(get(&b, BASE + BYTES), pin);
	put(&b, pin);
	finish(&b);
}

/* ---- limits, owners, mistakes ---- */

static void a_limit_takes_idle_pins(void **state)
{
	struct gup_request request = request_of(BASE, GUP_WRITE);
	const struct gup_pin *pins[3];
	struct gup_owner *owner;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	gup_mm_set_pin_limit(b.w.mm, 2 * NR + 1);
	for (unsigned int i = 0; i < 3; i++)
		put(&b, pins[i] = get(&b, BASE + i * BYTES));
	holds(&b, 2 * NR);
	assert_true(is_kept(&b, pins, 1));
	pins[1] = get(&b, BASE + BYTES);
	pins[2] = get(&b, BASE + 2 * BYTES);
	assert_int_equal(get_error(&b, &request, GUP_RULE_MM_LIMIT), -GUP_ENOMEM);
	put(&b, pins[1]);
	put(&b, pins[2]);
	holds(&b, 2 * NR);
	gup_mm_set_pin_limit(b.w.mm, UINT64_MAX);
	/* the limit of an owner takes only what is his */
	assert_int_equal(gup_owner_create(b.w.m, "nic", NR, &owner), 0);
	request.owner = owner;
	put(&b, get_as(&b, &request));
	request.addr += BYTES;
	put(&b, get_as(&b, &request));
	holds(&b, 3 * NR);
	assert_int_equal(gup_owner_pinned(owner), NR);
	assert_true(is_kept(&b, pins, 1));
	assert_true(is_kept(&b, pins, 2));
	assert_int_equal(gup_pin_cache_destroy(b.cache), 0);
	assert_int_equal(gup_owner_destroy(owner), 0);
	open_cache(&b, 1, 1);
	finish(&b);
}

static void a_lost_owner_has_no_hits(void **state)
{
	struct gup_request request = request_of(BASE, GUP_WRITE);
	const struct gup_pin *pin;
	struct gup_owner *owner;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	assert_int_equal(gup_owner_create(b.w.m, "nic", UINT64_MAX, &owner), 0);
	request.owner = owner;
	put(&b, pin = get_as(&b, &request));
	assert_int_equal(gup_owner_lost(owner), 0);
	assert_int_equal(get_error(&b, &request, GUP_RULE_OWNER_LOST), -GUP_ENODEV);
	assert_int_equal(gup_munmap(b.w.mm, BASE, PAGE), 0);
	assert_int_equal(gup_owner_quarantined(owner), NR);
	holds(&b, NR);
	assert_int_equal(gup_owner_reset(owner), 0);
	holds(&b, 0);
	assert_int_equal(gup_owner_destroy(owner), 0);
	finish(&b);
}

static void errors_are_those_of_a_pin(void **state)
{
	struct gup_request request = request_of(BASE + 64 * HUGE, GUP_WRITE);
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	assert_int_equal(get_error(&b, &request, GUP_RULE_NO_VMA), -GUP_EFAULT);
	request.addr = UINT64_MAX - 10;
	assert_int_equal(get_error(&b, &request, GUP_RULE_RANGE_OVERFLOW), -GUP_EOVERFLOW);
	request.addr = GUP_USER_TOP;
	assert_int_equal(get_error(&b, &request, GUP_RULE_RANGE_BEYOND_USER), -GUP_EFAULT);
	request = request_of(BASE, 1u << 31);
	assert_int_equal(get_error(&b, &request, GUP_RULE_UNKNOWN_FLAG), -GUP_EINVAL);
	request = request_of(BASE, GUP_WRITE);
	request.bytes = 0;
	assert_int_equal(get_error(&b, &request, GUP_RULE_BAD_ARGUMENT), -GUP_EINVAL);
	assert_int_equal(gup_mprotect(b.w.mm, BASE, PAGE, GUP_PROT_READ), 0);
	request.bytes = BYTES;
	assert_int_equal(get_error(&b, &request, GUP_RULE_VMA_NOT_WRITABLE), -GUP_EFAULT);
	holds(&b, 0);
	finish(&b);
}

static void mistakes_are_refused(void **state)
{
	struct gup_pin_cache_config config = { 8, 1000 };
	struct gup_request request = request_of(BASE, GUP_WRITE);
	struct gup_pin_cache *other = NULL;
	const struct gup_pin *pin = NULL;
	struct gup_pin *own;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	assert_int_equal(gup_pin_cache_create(NULL, &config, &other), -GUP_EINVAL);
	assert_int_equal(gup_pin_cache_create(b.w.mm, NULL, &other), -GUP_EINVAL);
	assert_int_equal(gup_pin_cache_create(b.w.mm, &config, NULL), -GUP_EINVAL);
	config.pages = 0;
	assert_int_equal(gup_pin_cache_create(b.w.mm, &config, &other), -GUP_EINVAL);
	config = (struct gup_pin_cache_config){ 0, 1 };
	assert_int_equal(gup_pin_cache_create(b.w.mm, &config, &other), -GUP_EINVAL);
	config.pins = GUP_PIN_CACHE_MAX + 1;
	assert_int_equal(gup_pin_cache_create(b.w.mm, &config, &other), -GUP_EINVAL);
	assert_null(other);
	config.pins = GUP_PIN_CACHE_MAX;
	assert_int_equal(gup_pin_cache_create(b.w.mm, &config, &other), 0);
	assert_int_equal(gup_pin_cache_get(NULL, &request, &pin, NULL), -GUP_EINVAL);
	assert_int_equal(gup_pin_cache_get(b.cache, NULL, &pin, NULL), -GUP_EINVAL);
	assert_int_equal(gup_pin_cache_get(b.cache, &request, NULL, NULL), -GUP_EINVAL);
	pin = get(&b, BASE);
	assert_int_equal(gup_pin_cache_put(NULL, pin, false), -GUP_EINVAL);
	assert_int_equal(gup_pin_cache_put(b.cache, NULL, false), -GUP_EINVAL);
	assert_int_equal(gup_pin_cache_put(other, pin, false), -GUP_EINVAL);
	assert_int_equal(gup_unpin((struct gup_pin *)(uintptr_t)pin, false), -GUP_EINVAL);
	assert_int_equal(gup_pin(b.w.mm, &request, &own, NULL), 0);
	assert_int_equal(gup_pin_cache_put(b.cache, own, false), -GUP_EINVAL);
	assert_int_equal(gup_unpin(own, false), 0);
	put(&b, pin);
	assert_int_equal(gup_pin_cache_put(b.cache, pin, false), -GUP_EINVAL);
	assert_int_equal(gup_pin_cache_trim(NULL), 0);
	assert_int_equal(gup_pin_cache_trim(b.cache), NR);
	assert_int_equal(gup_pin_cache_trim(b.cache), 0);
	assert_int_equal(gup_pin_cache_destroy(NULL), 0);
	assert_int_equal(gup_pin_cache_destroy(other), 0);
	finish(&b);
}

/* ---- in a callback ---- */

struct caller {
	struct bench *b;
	const struct gup_pin *pin; /* of the range that changes */
	int got, put, destroyed;
	uint64_t trimmed;
};

static void call_all(void *context, const struct gup_notifier_range *range)
{
	const struct gup_request request = request_of(BASE + 2 * BYTES, GUP_WRITE);
	struct caller *c = context;
	const struct gup_pin *pin;

	(void)range;
	if (!c->pin)
		return;
	c->got = gup_pin_cache_get(c->b->cache, &request, &pin, NULL);
	c->put = gup_pin_cache_put(c->b->cache, c->pin, false);
	c->trimmed = gup_pin_cache_trim(c->b->cache);
	c->destroyed = gup_pin_cache_destroy(c->b->cache);
	c->pin = NULL;
}

static void a_callback_may_put_and_trim(void **state)
{
	static const struct gup_notifier_ops ops = { .invalidate_start = call_all };
	struct gup_notifier *notifier;
	struct caller c = { 0 };
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	c.b = &b;
	assert_int_equal(gup_notifier_register(b.w.mm, &ops, &c, &notifier), 0);
	c.pin = get(&b, BASE);
	put(&b, get(&b, BASE + BYTES));
	holds(&b, 2 * NR);
	with_dontneed(&b);
	assert_int_equal(c.got, -GUP_EDEADLK);
	assert_int_equal(c.put, 0);
	assert_int_equal(c.trimmed, NR);
	assert_int_equal(c.destroyed, -GUP_EDEADLK);
	holds(&b, 0);
	put(&b, get(&b, BASE));
	holds(&b, NR);
	assert_int_equal(gup_notifier_unregister(notifier), 0);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_idle_goes),
		cmocka_unit_test(pages_are_bounded_as_well),
		cmocka_unit_test(without_room_it_is_the_callers_alone),
		cmocka_unit_test(a_limit_takes_idle_pins),
		cmocka_unit_test(a_lost_owner_has_no_hits),
		cmocka_unit_test(errors_are_those_of_a_pin),
		cmocka_unit_test(mistakes_are_refused),
		cmocka_unit_test(a_callback_may_put_and_trim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
