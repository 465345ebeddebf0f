/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/test_cache_plays.c - the pin cache in many orders: a hit of an entry that becomes another's, two that miss at
 * once, a pin that is taken while its range changes, and a last put at that moment.
 */
#include "play.h"

#define BUFFERS 3u

static struct gup_pin_cache *cache;
static const struct gup_pin *held;
static uint64_t addr, pfns[BUFFERS];

static uint64_t addr_of(unsigned int buffer)
{
	return addr + buffer * PAGE;
}

static int get(unsigned int buffer, const struct gup_pin **pin)
{
	const struct gup_request request = { .addr = addr_of(buffer), .bytes = PAGE, .flags = GUP_WRITE };

	return gup_pin_cache_get(cache, &request, pin, NULL);
}

static uint64_t pfn_of(struct gup_test *t, const struct gup_pin *pin)
{
	struct gup_extent_iter it = { .pin = pin };
	struct gup_extent e = { NULL, 0, 0 };

	gup_pin_next_extent(&it, &e);
	return gup_page_to_pfn(gup_test_machine(t), e.page);
}

static void use(struct gup_test *t, unsigned int buffer)
{
	const struct gup_pin *pin;

	if (get(buffer, &pin)) {
		gup_test_fail(t, "no pin");
		return;
	}
	if (pfns[buffer] && pfn_of(t, pin) != pfns[buffer])
		gup_test_fail(t, "a pin of another buffer");
	if (gup_pin_cache_put(cache, pin, false))
		gup_test_fail(t, "the pin is not taken back");
}

/* Buffers that are present, and a cache with room for @pins. */
static int begin(struct gup_test *t, uint64_t pins)
{
	struct gup_map_request map = { 0, BUFFERS * PAGE, GUP_PROT_READ | GUP_PROT_WRITE, GUP_MAP_PRIVATE, NULL, 0 };
	int64_t at = gup_mmap(gup_test_mm(t), &map);
	unsigned int i;

	addr = (uint64_t)at;
	for (i = 0; i < BUFFERS; i++) {
		if (at < 0 || gup_copy_to_user(gup_test_mm(t), addr_of(i), &(uint8_t){ 1 }, 1))
			return -GUP_ENOMEM;
		pfns[i] = gup_user_pfn(gup_test_mm(t), addr_of(i));
	}
	return gup_pin_cache_create(gup_test_mm(t), &(struct gup_pin_cache_config){ pins, 100 }, &cache);
}

static void end(struct gup_test *t)
{
	if (gup_pin_cache_destroy(cache))
		gup_test_fail(t, "the cache is in use");
	if (gup_mm_pinned(gup_test_mm(t)))
		gup_test_fail(t, "pins are left");
}

/* ---- a hit, and the entry becomes another's ---- */

static int one_kept(struct gup_test *t)
{
	int err = begin(t, 1);

	if (!err)
		use(t, 0);
	return err;
}

static void use_first(struct gup_test *t)
{
	use(t, 0);
}

/* The second takes the place of the first, and the third has its entry. */
static void use_others(struct gup_test *t)
{
	use(t, 1);
	use(t, 2);
}

static void hit_against_reuse(void **state)
{
	struct gup_test_play play = { .begin = one_kept,
				      .actors = { { "first", use_first }, { "others", use_others } },
				      .end = end,
				      .count = 5000 };

	(void)state;
	play_clean("hit, reuse", &play, GUP_TEST_ANON);
}

/* ---- two that miss at once ---- */

static int none_kept(struct gup_test *t)
{
	return begin(t, 8);
}

static void kept_once(struct gup_test *t)
{
	if (gup_mm_pinned(gup_test_mm(t)) != 1)
		gup_test_fail(t, "one buffer is kept twice, or not at all");
	end(t);
}

static void two_misses(void **state)
{
	struct gup_test_play play = { .begin = none_kept,
				      .actors = { { "first", use_first }, { "second", use_first } },
				      .end = kept_once,
				      .count = 3000 };

	(void)state;
	play_clean("two misses", &play, GUP_TEST_ANON);
}

/* ---- a change while a pin is taken, found, or put ---- */

static void map_again(struct gup_test *t)
{
	struct gup_map_request map = { addr, PAGE, GUP_PROT_READ | GUP_PROT_WRITE, GUP_MAP_PRIVATE | GUP_MAP_FIXED,
				       NULL, 0 };

	if (gup_mmap(gup_test_mm(t), &map) != (int64_t)addr)
		gup_test_fail(t, "not mapped again");
}

static int first_may_change(struct gup_test *t)
{
	int err = none_kept(t);

	pfns[0] = 0;
	return err;
}

/* What the cache gives now is what is mapped. */
static void right_at_the_end(struct gup_test *t)
{
	const struct gup_pin *pin;

	if (get(0, &pin)) {
		gup_test_fail(t, "no pin");
		return;
	}
	if (pfn_of(t, pin) != gup_user_pfn(gup_test_mm(t), addr))
		gup_test_fail(t, "a pin of what was mapped before");
	gup_pin_cache_put(cache, pin, false);
	end(t);
}

static void use_twice(struct gup_test *t)
{
	use(t, 0);
	use(t, 0);
}

static void get_against_a_change(void **state)
{
	struct gup_test_play play = { .begin = first_may_change,
				      .actors = { { "use", use_twice }, { "map again", map_again } },
				      .end = right_at_the_end,
				      .count = 5000 };

	(void)state;
	play_clean("get, change", &play, GUP_TEST_ANON);
}

static int one_in_use(struct gup_test *t)
{
	int err = first_may_change(t);

	return err ? err : get(0, &held);
}

static void put_it(struct gup_test *t)
{
	if (gup_pin_cache_put(cache, held, true))
		gup_test_fail(t, "the pin is not taken back");
}

static void nothing_kept(struct gup_test *t)
{
	if (gup_mm_pinned(gup_test_mm(t)))
		gup_test_fail(t, "a pin stayed that a change should have ended");
	end(t);
}

static void last_put_against_a_change(void **state)
{
	struct gup_test_play play = { .begin = one_in_use,
				      .actors = { { "put", put_it }, { "map again", map_again } },
				      .end = nothing_kept,
				      .count = 3000 };

	(void)state;
	play_clean("put, change", &play, GUP_TEST_ANON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hit_against_reuse),
		cmocka_unit_test(two_misses),
		cmocka_unit_test(get_against_a_change),
		cmocka_unit_test(last_put_against_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
