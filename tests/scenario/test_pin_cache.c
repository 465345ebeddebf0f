/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_pin_cache.c - the pin cache: what is a hit, what ends a pin's stay, and what it may hold.
 *
 * The device writes through the pin of each get, and the application must see it; then both look at the counts of pins.
 */
#include "store.h"
#include "world.h"

#define SPEC                                                                                                           \
	{                                                                                                              \
		.normal = 24                                                                                           \
	}
#define BYTES (4 * PAGE)
#define NR 4u /* pages of BYTES */

struct bench {
	struct world w;
	struct gup_pin_cache *cache;
	uint64_t pins; /* that the machine must hold */
	uint32_t tag;
};

static void open_cache(struct bench *b, uint64_t pins, uint64_t pages)
{
	const struct gup_pin_cache_config config = { pins, pages };

	assert_int_equal(gup_pin_cache_create(b->w.mm, &config, &b->cache), 0);
}

static void begin_on(struct bench *b, const struct world_spec *spec, uint64_t pins, uint64_t pages)
{
	memset(b, 0, sizeof(*b));
	world_begin(&b->w, spec);
	map_anon(b->w.mm, BASE, 16 * BYTES);
	app_fill(b->w.mm, BASE, 16 * BYTES, 1);
	open_cache(b, pins, pages);
	b->tag = 100;
}

static void begin(struct bench *b, uint64_t pins, uint64_t pages)
{
	begin_on(b, &(struct world_spec)SPEC, pins, pages);
}

static void holds(struct bench *b, uint64_t pages)
{
	check_rest(b->w.m, pages, 0);
	assert_int_equal(gup_mm_pinned(b->w.mm), pages);
}

static void finish(struct bench *b)
{
	assert_int_equal(gup_pin_cache_destroy(b->cache), 0);
	holds(b, 0);
	world_end(&b->w);
}

static struct gup_request request_of(uint64_t addr, unsigned int flags)
{
	return (struct gup_request){ .addr = addr, .bytes = BYTES, .flags = flags };
}

static const struct gup_pin *get_as(struct bench *b, const struct gup_request *request)
{
	struct gup_why why = { .error = 1 };
	const struct gup_pin *pin = NULL;

	assert_int_equal(gup_pin_cache_get(b->cache, request, &pin, &why), 0);
	assert_int_equal(why.error, 0);
	assert_int_equal(why.rule, GUP_RULE_NONE);
	assert_int_equal(gup_pin_bytes(pin), request->bytes);
	return pin;
}

static const struct gup_pin *get(struct bench *b, uint64_t addr)
{
	const struct gup_request request = request_of(addr, GUP_WRITE);

	return get_as(b, &request);
}

static int get_error(struct bench *b, const struct gup_request *request, enum gup_rule rule)
{
	struct gup_why why = { .error = 1 };
	const struct gup_pin *pin = NULL;
	int err = gup_pin_cache_get(b->cache, request, &pin, &why);

	assert_null(pin);
	assert_int_equal(why.error, err);
	assert_int_equal(why.rule, rule);
	assert_int_equal(gup_pin_cache_get(b->cache, request, &pin, NULL), err);
	return err;
}

static void put(struct bench *b, const struct gup_pin *pin)
{
	assert_int_equal(gup_pin_cache_put(b->cache, pin, false), 0);
}

/* The device writes a new pattern over all of @pin, which begins at @addr. */
static void device_writes(struct bench *b, const struct gup_pin *pin, uint64_t addr)
{
	struct gup_extent_iter it = { .pin = pin };
	struct gup_extent e;
	uint64_t done = 0;

	b->tag++;
	while (gup_pin_next_extent(&it, &e))
		for (uint64_t at = 0; at < e.bytes; at += PAGE, done += PAGE)
			device_fill(b->w.m, e.page + at / PAGE, addr + done, b->tag);
	assert_int_equal(done, gup_pin_bytes(pin));
}

/* And the application reads it. */
static void works(struct bench *b, const struct gup_pin *pin, uint64_t addr)
{
	device_writes(b, pin, addr);
	app_expect(b->w.mm, addr, BYTES, b->tag);
}

/* ---- hits ---- */

static void the_same_again_is_a_hit(void **state)
{
	const struct gup_pin *pin, *again;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	pin = get(&b, BASE);
	works(&b, pin, BASE);
	put(&b, pin);
	holds(&b, NR);
	again = get(&b, BASE);
	assert_ptr_equal(again, pin);
	assert_ptr_equal(get(&b, BASE), pin);
	holds(&b, NR);
	works(&b, again, BASE);
	put(&b, again);
	put(&b, again);
	holds(&b, NR);
	assert_int_equal(gup_pin_cache_put(b.cache, again, false), -GUP_EINVAL);
	finish(&b);
}

static void another_request_is_none(void **state)
{
	struct gup_request request = request_of(BASE + 8, GUP_WRITE);
	const struct gup_pin *pins[5];
	struct gup_owner *owner;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	assert_int_equal(gup_owner_create(b.w.m, "nic", UINT64_MAX, &owner), 0);
	pins[0] = get_as(&b, &request);
	request.addr -= 8;
	pins[1] = get_as(&b, &request);
	request.bytes -= 8;
	pins[2] = get_as(&b, &request);
	request.flags |= GUP_LONGTERM;
	pins[3] = get_as(&b, &request);
	request.owner = owner;
	pins[4] = get_as(&b, &request);
	for (unsigned int i = 0; i < 5; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_ptr_not_equal(pins[i], pins[j]);
	holds(&b, 5 + 4 * NR);
	assert_int_equal(gup_owner_pinned(owner), NR);
	for (unsigned int i = 0; i < 5; i++)
		put(&b, pins[i]);
	assert_ptr_equal(get_as(&b, &request), pins[4]);
	put(&b, pins[4]);
	assert_int_equal(gup_owner_destroy(owner), -GUP_EBUSY);
	assert_int_equal(gup_pin_cache_trim(b.cache), 5 + 4 * NR);
	assert_int_equal(gup_owner_destroy(owner), 0);
	finish(&b);
}

static void many_are_all_found(void **state)
{
	const struct gup_pin *pins[600];
	struct bench b;

	(void)state;
	memset(&b, 0, sizeof(b));
	world_begin(&b.w, &(struct world_spec)SPEC);
	map_anon(b.w.mm, BASE, 600 * PAGE);
	app_fill(b.w.mm, BASE, 600 * PAGE, 1);
	open_cache(&b, 600, UINT64_MAX);
	for (unsigned int round = 0; round < 2; round++)
		for (unsigned int i = 0; i < 600; i++) {
			struct gup_request request = { .addr = BASE + i * PAGE, .bytes = PAGE };
			const struct gup_pin *pin = get_as(&b, &request);

			if (round)
				assert_ptr_equal(pin, pins[i]);
			pins[i] = pin;
			put(&b, pin);
		}
	holds(&b, 600);
	assert_int_equal(gup_munmap(b.w.mm, BASE, 599 * PAGE), 0);
	holds(&b, 1);
	finish(&b);
}

/* ---- what ends a stay ---- */

static void with_unmap(struct bench *b)
{
	assert_int_equal(gup_munmap(b->w.mm, BASE + PAGE, PAGE), 0);
	map_anon(b->w.mm, BASE + PAGE, PAGE);
}

static void with_fixed(struct bench *b)
{
	map_anon(b->w.mm, BASE, BYTES);
}

static void with_remap(struct bench *b)
{
	const uint64_t away = BASE + 64 * HUGE;

	assert_int_equal(gup_mremap(b->w.mm, BASE, BYTES, BYTES, GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED, away), away);
	map_anon(b->w.mm, BASE, BYTES);
}

static void with_protect(struct bench *b)
{
	assert_int_equal(gup_mprotect(b->w.mm, BASE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(b->w.mm, BASE, PAGE, RW), 0);
}

static void with_dontneed(struct bench *b)
{
	assert_int_equal(gup_madvise(b->w.mm, BASE + 3 * PAGE, PAGE, GUP_MADV_DONTNEED), 0);
}

static void (*const changes[])(struct bench *b) = { with_unmap, with_fixed, with_remap, with_protect, with_dontneed };

static void a_change_ends_an_idle_pin(void **state)
{
	const struct gup_pin *pin;
	struct bench b;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(changes); i++) {
		begin(&b, 8, 1000);
		put(&b, get(&b, BASE));
		put(&b, get(&b, BASE + BYTES));
		holds(&b, 2 * NR);
		changes[i](&b);
		holds(&b, NR);
		pin = get(&b, BASE);
		works(&b, pin, BASE);
		put(&b, pin);
		holds(&b, 2 * NR);
		finish(&b);
	}
}

static void a_change_ends_a_pin_in_use_with_its_last_put(void **state)
{
	const struct gup_pin *old, *pin;
	struct bench b;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(changes); i++) {
		begin(&b, 8, 1000);
		old = get(&b, BASE);
		assert_ptr_equal(get(&b, BASE), old);
		changes[i](&b);
		holds(&b, NR);
		pin = get(&b, BASE);
		assert_ptr_not_equal(pin, old);
		holds(&b, 2 * NR);
		device_writes(&b, old, BASE);
		works(&b, pin, BASE);
		put(&b, old);
		holds(&b, 2 * NR);
		put(&b, old);
		holds(&b, NR);
		put(&b, pin);
		assert_ptr_equal(get(&b, BASE), pin);
		put(&b, pin);
		finish(&b);
	}
}

static void truncate_and_punch_end_it(void **state)
{
	struct gup_object *object;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	object = new_shm(&b.w, BYTES);
	map_shared(b.w.mm, BASE, BYTES, object);
	app_fill(b.w.mm, BASE, BYTES, 2);
	put(&b, get(&b, BASE));
	holds(&b, NR);
	assert_int_equal(gup_object_punch(object, PAGE, PAGE, PATIENT_NS, NULL), 0);
	holds(&b, 0);
	put(&b, get(&b, BASE));
	holds(&b, NR);
	assert_int_equal(gup_object_truncate(object, 2 * PAGE, PATIENT_NS, NULL), 0);
	holds(&b, 0);
	gup_object_put(object);
	finish(&b);
}

/* Of DAX the blocks go away: who has them in use is waited for, an idle pin is not in the way. */
static void a_file_system_gets_idle_blocks_back(void **state)
{
	struct world_spec spec = { .normal = 24, .dax = 4 };
	struct gup_object *file;
	const struct gup_pin *pin;
	struct bench b;

	(void)state;
	memset(&b, 0, sizeof(b));
	world_begin(&b.w, &spec);
	file = new_dax_file(&b.w, BYTES);
	map_shared(b.w.mm, BASE, BYTES, file);
	app_fill(b.w.mm, BASE, BYTES, 1);
	open_cache(&b, 8, 1000);
	pin = get(&b, BASE);
	assert_int_equal(gup_object_truncate(file, 0, IMPATIENT_NS, NULL), -GUP_EBUSY);
	works(&b, pin, BASE);
	put(&b, pin);
	holds(&b, 0);
	put(&b, get(&b, BASE));
	holds(&b, NR);
	assert_int_equal(gup_object_truncate(file, 0, IMPATIENT_NS, NULL), 0);
	holds(&b, 0);
	gup_object_put(file);
	finish(&b);
}

static void exit_ends_it(void **state)
{
	struct gup_request request = request_of(BASE, GUP_WRITE);
	const struct gup_pin *idle, *used;
	struct bench b;
	struct gup_mm *mm;

	(void)state;
	begin(&b, 8, 1000);
	mm = world_mm(&b.w, "other");
	map_anon(mm, BASE, 2 * BYTES);
	assert_int_equal(gup_pin_cache_destroy(b.cache), 0);
	assert_int_equal(gup_pin_cache_create(mm, &(struct gup_pin_cache_config){ 8, 1000 }, &b.cache), 0);
	idle = get(&b, BASE);
	used = get(&b, BASE + BYTES);
	put(&b, idle);
	check_rest(b.w.m, 2 * NR, 0);
	world_exit(&b.w, mm);
	check_rest(b.w.m, NR, 0);
	device_writes(&b, used, BASE + BYTES);
	assert_int_equal(get_error(&b, &request, GUP_RULE_BAD_ARGUMENT), -GUP_EINVAL);
	assert_int_equal(gup_pin_cache_destroy(b.cache), -GUP_EBUSY);
	put(&b, used);
	check_rest(b.w.m, 0, 0);
	finish(&b);
}

/* ---- fork ---- */

static void fork_does_not(void **state)
{
	const struct gup_pin *pin, *read;
	struct gup_request request = request_of(BASE + BYTES, 0);
	struct gup_mm *child;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	pin = get(&b, BASE);
	read = get_as(&b, &request);
	put(&b, pin);
	put(&b, read);
	child = world_fork(&b.w, b.w.mm, "child");
	holds(&b, 2 * NR);
	assert_ptr_equal(get(&b, BASE), pin);
	assert_ptr_equal(get_as(&b, &request), read);
	works(&b, pin, BASE);
	app_fill(b.w.mm, BASE + BYTES, BYTES, 9);
	for (unsigned int i = 0; i < NR; i++)
		assert_int_equal(frame_at(b.w.mm, BASE + i * PAGE).pins, 1);
	app_expect(child, BASE, 2 * BYTES, 1);
	assert_ptr_equal(get_as(&b, &request), read);
	put(&b, read);
	put(&b, read);
	put(&b, pin);
	finish(&b);
}

/* Where it shares pinned pages with the child, a device must not go on to write to them. */
static void fork_does_where_it_shares(void **state)
{
	struct world_spec spec = { .normal = 24, .contract = GUP_LINUX_5_2 };
	const struct gup_pin *pin;
	struct gup_mm *child;
	struct bench b;

	(void)state;
	begin_on(&b, &spec, 8, 1000);
	put(&b, get(&b, BASE));
	check_rest(b.w.m, 0, NR);
	child = world_fork(&b.w, b.w.mm, "child");
	check_rest(b.w.m, 0, 0);
	pin = get(&b, BASE);
	works(&b, pin, BASE);
	app_expect(child, BASE, BYTES, 1);
	put(&b, pin);
	finish(&b);
}

/* A file that is written back is written to by the device again. */
static void write_back_does_not(void **state)
{
	const struct gup_pin *pin;
	struct gup_object *file;
	static struct store store;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	store_init(&store);
	assert_int_equal(store_file(b.w.m, &store, BYTES, true, &file), 0);
	map_shared(b.w.mm, BASE, BYTES, file);
	app_fill(b.w.mm, BASE, BYTES, 2);
	pin = get(&b, BASE);
	works(&b, pin, BASE);
	assert_int_equal(gup_pin_cache_put(b.cache, pin, true), 0);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	holds(&b, NR);
	assert_ptr_equal(get(&b, BASE), pin);
	works(&b, pin, BASE);
	put(&b, pin);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	for (unsigned int i = 0; i < NR; i++)
		assert_true(pattern_is(store.pages[i], BASE + i * PAGE, PAGE, b.tag));
	gup_object_put(file);
	finish(&b);
}

/* After a fork the pin itself replaces what is shared, so its range changes while it is taken: it is kept the next time. */
static void a_change_while_it_pins_keeps_it_out(void **state)
{
	const struct gup_pin *pin;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	world_fork(&b.w, b.w.mm, "child");
	pin = get(&b, BASE);
	works(&b, pin, BASE);
	put(&b, pin);
	holds(&b, 0);
	pin = get(&b, BASE);
	works(&b, pin, BASE);
	put(&b, pin);
	holds(&b, NR);
	assert_ptr_equal(get(&b, BASE), pin);
	put(&b, pin);
	finish(&b);
}

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
		cmocka_unit_test(the_same_again_is_a_hit),
		cmocka_unit_test(another_request_is_none),
		cmocka_unit_test(many_are_all_found),
		cmocka_unit_test(a_change_ends_an_idle_pin),
		cmocka_unit_test(a_change_ends_a_pin_in_use_with_its_last_put),
		cmocka_unit_test(truncate_and_punch_end_it),
		cmocka_unit_test(a_file_system_gets_idle_blocks_back),
		cmocka_unit_test(exit_ends_it),
		cmocka_unit_test(fork_does_not),
		cmocka_unit_test(fork_does_where_it_shares),
		cmocka_unit_test(write_back_does_not),
		cmocka_unit_test(a_change_while_it_pins_keeps_it_out),
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
