/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_orders.c - anonymous folios between 4 KiB and 2 MiB, mapped by 4 KiB entries.
 *
 * Counts are those of the folio: one reference and one mapping for each entry, whoever it belongs to. Pages are shared,
 * copied and dropped one by one; what moves is the folio.
 */
#include "orders.h"

static uint64_t mapped(struct world *w)
{
	struct gup_check check;

	assert_int_equal(gup_machine_check(w->m, &check), 0);
	return check.mapped;
}

/* ---- faults ---- */

static void bits_that_are_no_orders(void **state)
{
	static const uint32_t bad[] = { 1, 1u << 9, 1u << 31, ORDERS_ALL | 1 };
	struct gup_machine_config config;
	struct gup_machine *m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		world_config(&(struct world_spec){ .normal = 4, .anon_orders = bad[i] }, &config);
		assert_int_equal(gup_machine_create(&config, &m), -GUP_EINVAL);
	}
}

/* A write into the last quarter makes all entries of the piece around it, and no other. */
static void fault_of_order(unsigned int order)
{
	uint32_t nr = 1u << order, i;
	uint64_t bytes = nr * PAGE, start = BASE + HUGE - bytes, free, faults;
	struct world w;

	begin_with(&w, (struct world_spec){ .normal = 16 }, 1u << order);
	map_anon(w.mm, BASE, HUGE);
	app_poke(w.mm, BASE, 1); /* the table is there now */
	free = free_frames(w.m);
	faults = stats_of(w.m).faults;
	app_poke(w.mm, BASE + HUGE - PAGE, 2);
	assert_int_equal(free_frames(w.m), free - nr);
	assert_int_equal(stats_of(w.m).faults, faults + 1);
	assert_int_equal(mapped(&w), 2 * nr);
	for (i = 0; i < nr; i++) {
		struct gup_frame_info info = frame_at(w.mm, start + i * PAGE);

		assert_int_equal(info.order, order);
		assert_int_equal(gup_user_pfn(w.mm, start + i * PAGE), info.head_pfn + i);
		assert_int_equal(info.refs, nr);
		assert_int_equal(info.mapcount, nr);
		assert_true(info.exclusive);
		assert_true(info.dirty);
	}
	app_expect_zero(w.mm, start, bytes - PAGE);
	if (order < 8)
		assert_int_equal(gup_user_pfn(w.mm, start - PAGE), 0);
	assert_int_equal(gup_migrate_range(w.mm, start, PAGE, NULL), 1);
	assert_int_equal(frame_at(w.mm, BASE + HUGE - PAGE).refs, nr);
	assert_int_equal(app_peek(w.mm, BASE + HUGE - PAGE), 2);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void each_order(void **state)
{
	unsigned int order;

	(void)state;
	for (order = 1; order <= 8; order++)
		fault_of_order(order);
}

/* The mapping begins at page 1: a piece that would begin before it is no place for a folio. */
static void the_largest_that_fits_the_mapping(void **state)
{
	unsigned int page, order;
	struct world w;

	(void)state;
	begin_with(&w, (struct world_spec){ .normal = 16 }, ORDERS_ALL);
	map_anon(w.mm, BASE + PAGE, HUGE - PAGE);
	app_poke(w.mm, BASE + PAGE, 1);
	assert_int_equal(frame_at(w.mm, BASE + PAGE).order, 0);
	for (order = 1, page = 2; order <= 8; order++, page *= 2) {
		app_poke(w.mm, BASE + (page + 1) * PAGE, 1);
		assert_int_equal(frame_at(w.mm, BASE + page * PAGE).order, order);
	}
	assert_int_equal(mapped(&w), 511);
	world_end(&w);
}

/* Page 300 is the zero page, which is in the way of everything that would cover it. */
static void the_largest_where_nothing_is(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, (struct world_spec){ .normal = 16 }, ORDERS_ALL);
	map_anon(w.mm, BASE, HUGE);
	assert_int_equal(app_peek(w.mm, BASE + 300 * PAGE), 0);
	app_poke(w.mm, BASE + 256 * PAGE, 1);
	assert_int_equal(frame_at(w.mm, BASE + 256 * PAGE).order, 5);
	app_poke(w.mm, BASE + 301 * PAGE, 1);
	assert_int_equal(frame_at(w.mm, BASE + 301 * PAGE).order, 0);
	app_poke(w.mm, BASE + 300 * PAGE, 1); /* one page is all that a copy needs */
	assert_int_equal(frame_at(w.mm, BASE + 300 * PAGE).order, 0);
	app_poke(w.mm, BASE + 303 * PAGE, 1);
	assert_int_equal(frame_at(w.mm, BASE + 302 * PAGE).order, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void whole_blocks_and_advice_come_first(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 16, .anon_orders = ORDERS_ALL });
	map_anon(w.mm, BASE, 2 * HUGE);
	app_poke(w.mm, BASE, 1);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	assert_int_equal(gup_madvise(w.mm, BASE + HUGE, HUGE, GUP_MADV_NOHUGEPAGE), 0);
	app_poke(w.mm, BASE + HUGE, 1);
	assert_int_equal(frame_at(w.mm, BASE + HUGE).order, 0);
	world_end(&w);
}

/* ---- pins ---- */

static void pinned_in_the_middle(enum gup_entry entry)
{
	struct gup_page *pages[3];
	struct gup_call call = { entry, page_at(MIDDLE), 3, GUP_WRITE, pages, NULL };
	bool pins = entry_pins(entry);
	struct gup_frame_info info;
	struct world w;

	begin(&w, GUP_NATIVE);
	info = one_folio(&w);
	assert_int_equal(take(w.mm, &call, NULL), 3);
	expect_folio(frame_at(w.mm, WHERE), info.head_pfn, NR + 3, pins ? 3 : 0, NR);
	check_rest(w.m, pins ? 3 : 0, pins ? 0 : 3);
	assert_int_equal(gup_page_to_pfn(w.m, pages[0]), info.head_pfn + MIDDLE);
	device_fill(w.m, pages[1], page_at(MIDDLE + 1), 2);
	app_expect(w.mm, WHERE, (MIDDLE + 1) * PAGE, 1);
	app_expect(w.mm, page_at(MIDDLE + 1), PAGE, 2);
	app_expect(w.mm, page_at(MIDDLE + 2), (NR - MIDDLE - 2) * PAGE, 1);
	assert_int_equal(release(w.m, entry, pages, 3), 0);
	expect_folio(frame_at(w.mm, WHERE), info.head_pfn, NR, 0, NR);
	world_end(&w);
}

static void pins_in_the_middle(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
		pinned_in_the_middle(entry);
}

/* Who pins memory that is not there gets it as one of these, and in one piece. */
static void one_extent_for_a_folio(void **state)
{
	struct gup_request request = { .addr = WHERE + PAGE, .bytes = RANGE - PAGE, .flags = GUP_WRITE };
	struct gup_extent_iter it;
	struct gup_extent e;
	struct gup_pin *pin;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	map_anon(w.mm, BASE, HUGE);
	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	it = (struct gup_extent_iter){ .pin = pin };
	assert_true(gup_pin_next_extent(&it, &e));
	assert_int_equal(e.bytes, RANGE - PAGE);
	expect_folio(frame_of(w.m, e.page), gup_page_to_pfn(w.m, e.page) - 1, 2 * NR - 1, NR - 1, NR);
	assert_false(gup_pin_next_extent(&it, &e));
	check_rest(w.m, NR - 1, 0);
	assert_int_equal(gup_unpin(pin, true), 0);
	world_end(&w);
}

/* ---- fork ---- */

/* Parent and child are the same folio, until one of them writes: then that page is a copy. */
static void forked(enum gup_contract_id contract, bool reused)
{
	struct gup_frame_info info;
	struct gup_mm *child;
	struct world w;

	begin(&w, contract);
	info = one_folio(&w);
	child = world_fork(&w, w.mm, "child");
	expect_folio(frame_at(child, WHERE), info.head_pfn, 2 * NR, 0, 2 * NR);
	assert_false(frame_at(w.mm, WHERE).exclusive);
	app_fill(w.mm, page_at(MIDDLE), PAGE, 2);
	expect_alone(frame_at(w.mm, page_at(MIDDLE)));
	expect_folio(frame_at(w.mm, WHERE), info.head_pfn, 2 * NR - 1, 0, 2 * NR - 1);
	app_expect(child, WHERE, RANGE, 1);
	check_rest(w.m, 0, 0);
	world_exit(&w, child);
	expect_folio(frame_at(w.mm, WHERE), info.head_pfn, NR - 1, 0, NR - 1);
	app_fill(w.mm, WHERE, PAGE, 3);
	if (reused)
		assert_true(frame_at(w.mm, WHERE).exclusive);
	else
		expect_alone(frame_at(w.mm, WHERE));
	expect_folio(frame_at(w.mm, page_at(1)), info.head_pfn, NR - 1 - !reused, 0, NR - 1 - !reused);
	assert_false(frame_at(w.mm, page_at(1)).exclusive);
	app_expect(w.mm, page_at(1), (MIDDLE - 1) * PAGE, 1);
	app_expect(w.mm, page_at(MIDDLE), PAGE, 2);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void copies_after_fork(void **state)
{
	(void)state;
	forked(GUP_LINUX_6_1, false);
	forked(GUP_LINUX_6_12, false);
	forked(GUP_LINUX_5_2, true); /* no page of it is mapped twice */
	forked(GUP_NATIVE, true);
}

/* All references are ours, but for one: who holds it reads what was there. Of a last page nothing is kept. */
static void what_forbids_reuse(void **state)
{
	struct gup_frame_info info;
	struct gup_page *page;
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w, GUP_NATIVE);
	info = one_folio(&w);
	world_exit(&w, world_fork(&w, w.mm, "child"));
	assert_int_equal(gup_get_user_pages_fast(w.mm, page_at(MIDDLE), 1, 0, &page), 1);
	app_fill(w.mm, WHERE, PAGE, 2);
	expect_alone(frame_at(w.mm, WHERE));
	assert_int_equal(gup_put_page(w.m, page), 0);
	for (i = 1; i < NR - 1; i++)
		assert_int_equal(gup_madvise(w.mm, page_at(i), PAGE, GUP_MADV_DONTNEED), 0);
	expect_folio(frame_at(w.mm, page_at(NR - 1)), info.head_pfn, 1, 0, 1);
	app_fill(w.mm, page_at(NR - 1), PAGE, 2);
	expect_alone(frame_at(w.mm, page_at(NR - 1)));
	world_end(&w);
}

/* A pin somewhere in the folio: fork cannot know where, and copies all of it for the child. */
static void fork_with_a_pin(void **state)
{
	struct gup_frame_info info;
	struct gup_page *page;
	struct gup_mm *child;
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	info = one_folio(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, page_at(MIDDLE), 1, GUP_WRITE, &page), 1);
	child = world_fork(&w, w.mm, "child");
	expect_folio(frame_at(w.mm, WHERE), info.head_pfn, NR + 1, 1, NR);
	for (i = 0; i < NR; i++) {
		assert_true(frame_at(w.mm, page_at(i)).exclusive);
		expect_alone(frame_at(child, page_at(i)));
	}
	device_fill(w.m, page, page_at(MIDDLE), 2);
	app_expect(w.mm, page_at(MIDDLE), PAGE, 2);
	app_expect(child, WHERE, RANGE, 1);
	app_fill(w.mm, WHERE, RANGE, 3);
	device_expect(w.m, page, page_at(MIDDLE), 3);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

/* A read-only pin after fork makes one page exclusive, and the others stay shared. */
static void a_pin_unshares_one_page(void **state)
{
	struct gup_frame_info info;
	struct gup_page *page;
	struct gup_mm *child;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	info = one_folio(&w);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(gup_pin_user_pages_fast(child, page_at(MIDDLE), 1, 0, &page), 1);
	assert_true(same_frame(child, page_at(MIDDLE), page));
	assert_int_equal(frame_of(w.m, page).order, 0);
	expect_folio(frame_at(w.mm, WHERE), info.head_pfn, 2 * NR - 1, 0, 2 * NR - 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

/* ---- parts that go ---- */

static void stays_until_the_last_part_goes(void **state)
{
	struct gup_frame_info info;
	struct gup_page *page;
	struct world w;
	uint64_t free;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	info = one_folio(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, page_at(MIDDLE), 1, GUP_WRITE, &page), 1);
	free = free_frames(w.m);
	assert_int_equal(gup_munmap(w.mm, page_at(0), MIDDLE * PAGE), 0);
	expect_folio(frame_at(w.mm, page_at(MIDDLE)), info.head_pfn, NR - MIDDLE + 1, 1, NR - MIDDLE);
	assert_int_equal(gup_madvise(w.mm, page_at(MIDDLE), 2 * PAGE, GUP_MADV_DONTNEED), 0);
	assert_int_equal(free_frames(w.m), free);
	app_expect(w.mm, page_at(MIDDLE + 2), (NR - MIDDLE - 2) * PAGE, 1);
	app_expect_zero(w.mm, page_at(MIDDLE), 2 * PAGE);
	device_expect(w.m, page, page_at(MIDDLE), 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_munmap(w.mm, WHERE, RANGE), 0);
	expect_folio(frame_of(w.m, page), info.head_pfn, 1, 1, 0);
	assert_int_equal(free_frames(w.m), free);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(free_frames(w.m), free + NR);
	world_end(&w);
}

/* What comes into a hole is a folio that fits into it. */
static void a_hole_is_filled_by_smaller_ones(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, (struct world_spec){ .normal = 16 }, 1u << ORDER | 1u << 1);
	one_folio(&w);
	assert_int_equal(gup_madvise(w.mm, page_at(4), 3 * PAGE, GUP_MADV_DONTNEED), 0);
	app_fill(w.mm, page_at(4), 3 * PAGE, 2);
	assert_int_equal(frame_at(w.mm, page_at(4)).order, 1);
	assert_int_equal(frame_at(w.mm, page_at(5)).refs, 2);
	expect_alone(frame_at(w.mm, page_at(6)));
	app_expect(w.mm, page_at(4), 3 * PAGE, 2);
	app_expect(w.mm, page_at(7), 9 * PAGE, 1);
	assert_int_equal(mapped(&w), NR);
	world_end(&w);
}

static void protected_in_the_middle(void **state)
{
	struct gup_frame_info info;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	info = one_folio(&w);
	assert_int_equal(gup_mprotect(w.mm, page_at(MIDDLE), PAGE, GUP_PROT_READ), 0);
	assert_true(app_cannot_write(w.mm, page_at(MIDDLE)));
	app_fill(w.mm, WHERE, MIDDLE * PAGE, 2);
	expect_folio(frame_at(w.mm, page_at(MIDDLE)), info.head_pfn, NR, 0, NR);
	assert_int_equal(gup_mprotect(w.mm, page_at(MIDDLE), PAGE, RW), 0);
	app_fill(w.mm, page_at(MIDDLE), PAGE, 2);
	expect_folio(frame_at(w.mm, page_at(MIDDLE)), info.head_pfn, NR, 0, NR);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* ---- no memory ---- */

static void smaller_ones_when_memory_fails(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, (struct world_spec){ .normal = 8 }, 1u << 7 | 1u << 5);
	map_anon(w.mm, BASE, HUGE);
	assert_int_equal(app_peek(w.mm, BASE), 0); /* the table is there now */
	gup_test_fail_alloc(w.m, 1);
	app_poke(w.mm, BASE + 130 * PAGE, 1);
	assert_int_equal(gup_test_fail_alloc(w.m, 0), 0);
	assert_int_equal(frame_at(w.mm, BASE + 128 * PAGE).order, 5);
	assert_int_equal(frame_at(w.mm, BASE + 128 * PAGE).refs, 32);
	gup_test_fail_alloc(w.m, GUP_TEST_ALL_AFTER | 1);
	assert_true(app_cannot_write(w.mm, BASE + 256 * PAGE));
	gup_test_fail_alloc(w.m, 0);
	assert_int_equal(gup_user_pfn(w.mm, BASE + 256 * PAGE), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* The machine's own free memory in pieces: the largest piece that there is, down to a frame. */
static void smaller_ones_in_scattered_memory(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, (struct world_spec){ .normal = 8 }, ORDERS_ALL);
	map_anon(w.mm, BASE, HUGE);
	assert_int_equal(app_peek(w.mm, BASE), 0);
	world_scatter_normal(&w, world_mm(&w, "filler"));
	app_poke(w.mm, BASE + 256 * PAGE, 1);
	assert_in_range(frame_at(w.mm, BASE + 256 * PAGE).order, 0, 4);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* Fault, pin, fork, write after it, long-term pin; each may lack memory, and then has done nothing, or a part. */
static void play_without(struct world *w)
{
	struct gup_page *page = NULL;
	struct gup_mm *child = NULL;
	uint8_t buf[RANGE];
	long held;

	pattern_make(buf, WHERE, RANGE, 1);
	if (gup_copy_to_user(w->mm, WHERE, buf, RANGE))
		return;
	assert_int_equal(gup_pin_user_pages_fast(w->mm, page_at(MIDDLE), 1, GUP_WRITE, &page), 1);
	if (gup_mm_fork(w->mm, "copied", &child) == 0)
		gup_mm_destroy(child);
	assert_int_equal(gup_unpin_user_page(w->m, page), 0);
	if (gup_mm_fork(w->mm, "shared", &child) == 0) {
		(void)gup_copy_to_user(child, page_at(1), buf, PAGE);
		gup_mm_destroy(child);
	}
	held = gup_pin_user_pages_fast(w->mm, page_at(MIDDLE), 1, GUP_WRITE | GUP_LONGTERM, &page);
	check_rest(w->m, held == 1, 0);
	if (held == 1)
		assert_int_equal(gup_unpin_user_page(w->m, page), 0);
	else
		assert_int_equal(held, -GUP_ENOMEM);
}

static void sweep(bool all_after)
{
	uint64_t nth, left = 0;
	struct world w;

	for (nth = 1; !(left & ~GUP_TEST_ALL_AFTER); nth++) {
		assert_true(nth < 1000);
		begin_with(&w, (struct world_spec){ .normal = 4, .movable = 4 }, 1u << ORDER | 1u << 2);
		map_anon(w.mm, BASE, HUGE);
		gup_test_fail_alloc(w.m, all_after ? nth | GUP_TEST_ALL_AFTER : nth);
		play_without(&w);
		left = gup_test_fail_alloc(w.m, 0);
		check_rest(w.m, 0, 0);
		if (gup_user_pfn(w.mm, page_at(NR - 1)))
			app_expect(w.mm, WHERE, RANGE, 1);
		app_fill(w.mm, WHERE, RANGE, 2);
		app_expect(w.mm, WHERE, RANGE, 2);
		world_end(&w);
	}
	assert_true(nth > NR);
}

static void each_allocation_fails(void **state)
{
	(void)state;
	sweep(false);
	sweep(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_that_are_no_orders),
		cmocka_unit_test(each_order),
		cmocka_unit_test(the_largest_that_fits_the_mapping),
		cmocka_unit_test(the_largest_where_nothing_is),
		cmocka_unit_test(whole_blocks_and_advice_come_first),
		cmocka_unit_test(pins_in_the_middle),
		cmocka_unit_test(one_extent_for_a_folio),
		cmocka_unit_test(copies_after_fork),
		cmocka_unit_test(what_forbids_reuse),
		cmocka_unit_test(fork_with_a_pin),
		cmocka_unit_test(a_pin_unshares_one_page),
		cmocka_unit_test(stays_until_the_last_part_goes),
		cmocka_unit_test(a_hole_is_filled_by_smaller_ones),
		cmocka_unit_test(protected_in_the_middle),
		cmocka_unit_test(smaller_ones_when_memory_fails),
		cmocka_unit_test(smaller_ones_in_scattered_memory),
		cmocka_unit_test(each_allocation_fails),
	};

	return cmocka_run_group_tests_name("orders", tests, NULL, NULL);
}
