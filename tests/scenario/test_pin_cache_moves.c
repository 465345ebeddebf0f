/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_pin_cache_moves.c - the pin cache: idle pins are in the way of no movement, and pins for reading follow
 * what the application writes.
 */
#include "pin_cache.h"

/* ---- movement ---- */

static void an_idle_pin_lets_pages_move(void **state)
{
	const struct gup_pin *pin;
	struct gup_why why;
	struct bench b;

	(void)state;
	begin_on(&b, &(struct world_spec){ .normal = 24, .no_huge_pages = true }, 8, 1000);
	put(&b, pin = get(&b, BASE));
	assert_int_equal(gup_migrate_range(b.w.mm, BASE, BYTES, &why), NR);
	assert_int_equal(why.error, 0);
	holds(&b, 0);
	pin = get(&b, BASE);
	works(&b, pin, BASE);
	assert_int_equal(gup_migrate_range(b.w.mm, BASE, BYTES, &why), 0);
	assert_int_equal(why.error, -GUP_EBUSY);
	works(&b, pin, BASE);
	put(&b, pin);
	holds(&b, 0); /* it heard of the move that failed, and was not kept */
	finish(&b);
}

static void an_idle_pin_leaves_an_area(void **state)
{
	struct gup_page *area;
	const struct gup_pin *pin;
	struct bench b;

	(void)state;
	begin_on(&b, &(struct world_spec){ .normal = 6, .cma = 12, .no_huge_pages = true }, 8, 1000);
	put(&b, get(&b, BASE));
	assert_int_equal(frame_at(b.w.mm, BASE).zone, GUP_ZONE_CMA);
	assert_int_equal(gup_cma_alloc(b.w.m, CAMERA, 12 * MIB, 0, IMPATIENT_NS, &area, NULL), 0);
	holds(&b, 0);
	app_expect(b.w.mm, BASE, BYTES, 1);
	assert_int_equal(frame_at(b.w.mm, BASE).zone, GUP_ZONE_NORMAL);
	pin = get(&b, BASE);
	works(&b, pin, BASE);
	put(&b, pin);
	assert_int_equal(gup_cma_free(b.w.m, area, 12 * MIB), 0);
	finish(&b);
}

static void an_idle_pin_lets_a_folio_split(void **state)
{
	const uint64_t huge = BASE + 4 * HUGE;
	struct gup_page *page;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	map_anon(b.w.mm, huge, HUGE);
	app_fill(b.w.mm, huge, HUGE, 1);
	assert_int_equal(frame_at(b.w.mm, huge).order, GUP_HUGE_ORDER);
	put(&b, get(&b, huge));
	assert_int_equal(gup_get_user_pages_fast(b.w.mm, huge, 1, 0, &page), 1);
	assert_int_equal(gup_split_folio(b.w.m, page, NULL), 0);
	assert_int_equal(gup_put_page(b.w.m, page), 0);
	holds(&b, 0);
	assert_int_equal(frame_at(b.w.mm, huge).order, 0);
	app_expect(b.w.mm, huge, HUGE, 1);
	finish(&b);
}

/* ---- reading ---- */

static void device_reads(struct bench *b, const struct gup_pin *pin, uint64_t addr, uint32_t tag)
{
	struct gup_extent_iter it = { .pin = pin };
	struct gup_extent e;
	uint64_t done = 0;

	while (gup_pin_next_extent(&it, &e))
		for (uint64_t at = 0; at < e.bytes; at += PAGE, done += PAGE)
			device_expect(b->w.m, e.page + at / PAGE, addr + done, tag);
	assert_int_equal(done, gup_pin_bytes(pin));
}

/* What the application writes after a get is what the next get reads, wherever the bytes lay before. */
static void writes_are_read(struct bench *b, uint64_t addr)
{
	const struct gup_request request = request_of(addr, 0);
	const struct gup_pin *pin;

	put(b, get_as(b, &request));
	for (uint32_t tag = 20; tag < 23; tag++) {
		app_fill(b->w.mm, addr, BYTES, tag);
		pin = get_as(b, &request);
		device_reads(b, pin, addr, tag);
		put(b, pin);
	}
}

static void where_nothing_was(void **state)
{
	const uint64_t empty = BASE + 16 * BYTES;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	map_anon(b.w.mm, empty, BYTES);
	writes_are_read(&b, empty);
	finish(&b);
}

static void where_a_child_has_the_same(void **state)
{
	struct gup_mm *child;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	child = world_fork(&b.w, b.w.mm, "child");
	writes_are_read(&b, BASE);
	app_expect(child, BASE, BYTES, 1);
	finish(&b);
}

static void of_a_private_file(void **state)
{
	struct gup_object *object;
	struct bench b;

	(void)state;
	begin(&b, 8, 1000);
	object = new_shm(&b.w, BYTES);
	map_private(b.w.mm, BASE, BYTES, object);
	writes_are_read(&b, BASE);
	gup_object_put(object);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_pin_lets_pages_move),	  cmocka_unit_test(an_idle_pin_leaves_an_area),
		cmocka_unit_test(an_idle_pin_lets_a_folio_split), cmocka_unit_test(where_nothing_was),
		cmocka_unit_test(where_a_child_has_the_same),	  cmocka_unit_test(of_a_private_file),
	};

	return cmocka_run_group_tests_name("pin cache: movement", tests, NULL, NULL);
}
