/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_pin_cache.c - the pin cache: what is a hit, and what ends a pin's stay.
 */
#include "pin_cache.h"
#include "store.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
