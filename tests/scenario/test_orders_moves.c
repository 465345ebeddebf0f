/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_orders_moves.c - folios between 4 KiB and 2 MiB that move, are split, or have a part that fails.
 *
 * What moves is the folio, wherever its parts are mapped.
 */
#include "orders.h"

/* ---- moves ---- */

/* A folio with a hole, which a child shares but for one page: it moves as one, and everybody keeps what he had. */
static void moves_as_one(void **state)
{
	struct gup_frame_info info;
	struct gup_mm *child;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	info = one_folio(&w);
	assert_int_equal(gup_madvise(w.mm, page_at(2), PAGE, GUP_MADV_DONTNEED), 0);
	child = world_fork(&w, w.mm, "child");
	app_fill(child, page_at(MIDDLE), PAGE, 2);
	assert_int_equal(gup_migrate_range(w.mm, page_at(MIDDLE), PAGE, NULL), 1);
	pfn = frame_at(w.mm, WHERE).head_pfn;
	assert_int_not_equal(pfn, info.head_pfn);
	expect_folio(frame_at(child, WHERE), pfn, 2 * NR - 3, 0, 2 * NR - 3);
	assert_int_equal(gup_user_pfn(w.mm, page_at(2)), 0);
	assert_int_equal(gup_user_pfn(w.mm, page_at(NR - 1)), pfn + NR - 1);
	check_rest(w.m, 0, 0);
	app_expect(w.mm, page_at(3), (NR - 3) * PAGE, 1);
	app_expect(child, page_at(MIDDLE), PAGE, 2);
	app_expect(child, page_at(MIDDLE + 1), (NR - MIDDLE - 1) * PAGE, 1);
	app_expect_zero(child, page_at(2), PAGE);
	world_end(&w);
}

static void a_pin_keeps_all_of_it(void **state)
{
	struct gup_frame_info info;
	struct gup_page *page;
	struct gup_why why;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	info = one_folio(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, page_at(MIDDLE), 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_migrate_range(w.mm, WHERE, RANGE, &why), 0);
	assert_int_equal(why.error, -GUP_EBUSY);
	expect_folio(frame_at(w.mm, WHERE), info.head_pfn, NR + 1, 1, NR);
	assert_true(frame_at(w.mm, WHERE).exclusive);
	assert_int_equal(gup_split_folio(w.m, page, NULL), -GUP_EBUSY);
	expect_folio(frame_at(w.mm, WHERE), info.head_pfn, NR + 1, 1, NR);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_migrate_range(w.mm, WHERE, RANGE, NULL), 1);
	world_end(&w);
}

/* It lies in @zone, of which one page is mapped no longer; a long-term pin of one page moves it to where it may stay. */
static void moved_for_long(enum gup_zone_kind zone, struct world_spec spec)
{
	struct gup_page *page;
	struct world w;

	begin_with(&w, spec, 1u << ORDER);
	one_folio(&w);
	assert_int_equal(frame_at(w.mm, WHERE).zone, zone);
	assert_int_equal(gup_madvise(w.mm, page_at(MIDDLE), PAGE, GUP_MADV_DONTNEED), 0);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, page_at(1), 1, GUP_WRITE | GUP_LONGTERM, &page), 1);
	assert_int_equal(frame_of(w.m, page).zone, GUP_ZONE_NORMAL);
	expect_folio(frame_of(w.m, page), gup_page_to_pfn(w.m, page) - 1, NR, 1, NR - 1);
	device_fill(w.m, page, page_at(1), 2);
	app_expect(w.mm, page_at(1), PAGE, 2);
	app_expect(w.mm, page_at(MIDDLE + 1), (NR - MIDDLE - 1) * PAGE, 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

static void longterm_moves_it(void **state)
{
	(void)state;
	moved_for_long(GUP_ZONE_MOVABLE, (struct world_spec){ .normal = 4, .movable = 4 });
	moved_for_long(GUP_ZONE_CMA, (struct world_spec){ .normal = 4, .cma = 8 });
}

/* Memory that a long-term pin faults in is a folio, and lies right at once. */
static void longterm_faults_it_in(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	begin_with(&w, (struct world_spec){ .normal = 4, .movable = 4 }, 1u << ORDER);
	map_anon(w.mm, BASE, HUGE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, WHERE, NR, GUP_WRITE | GUP_LONGTERM, pages), NR);
	expect_folio(frame_of(w.m, pages[1]), gup_page_to_pfn(w.m, pages[0]), 2 * NR, NR, NR);
	assert_int_equal(frame_of(w.m, pages[1]).zone, GUP_ZONE_NORMAL);
	assert_int_equal(stats_of(w.m).migrated, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	world_end(&w);
}

/* Where there is no room for the folio its parts move, and new memory comes in the largest order that there is. */
static void no_room_for_a_folio(void **state)
{
	struct gup_page *page;
	struct world w;
	unsigned int i;

	(void)state;
	begin_with(&w, (struct world_spec){ .normal = 8, .movable = 2 }, 1u << ORDER);
	one_folio(&w);
	assert_int_equal(frame_at(w.mm, WHERE).zone, GUP_ZONE_MOVABLE);
	world_scatter_normal(&w, world_mm(&w, "filler"));
	assert_int_equal(gup_pin_user_pages_fast(w.mm, page_at(MIDDLE), 1, GUP_WRITE | GUP_LONGTERM, &page), 1);
	assert_int_equal(frame_of(w.m, page).zone, GUP_ZONE_NORMAL);
	assert_true(same_frame(w.mm, page_at(MIDDLE), page));
	for (i = 0; i < NR; i++)
		assert_int_equal(frame_at(w.mm, page_at(i)).order, 0);
	app_expect(w.mm, WHERE, RANGE, 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

/* The area's owner wants its memory, of which applications borrowed folios and parts of some. */
static void cma_takes_its_memory_back(void **state)
{
	struct gup_page *area;
	struct world w;
	uint64_t i, at;

	(void)state;
	begin_with(&w, (struct world_spec){ .normal = 8, .cma = 16 }, ORDERS_ALL);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_CMA);
	assert_int_equal(frame_at(w.mm, BASE).order, 8);
	for (i = 0; i < 64; i++)
		assert_int_equal(gup_madvise(w.mm, BASE + 2 * i * PAGE, PAGE, GUP_MADV_DONTNEED), 0);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 16 * MIB, 0, PATIENT_NS, &area, NULL), 0);
	for (i = 1; i < 512; i += i < 128 ? 2 : 1) {
		at = BASE + i * PAGE;
		assert_int_equal(frame_at(w.mm, at).zone, GUP_ZONE_NORMAL);
		assert_int_equal(frame_at(w.mm, at).order, 8);
		app_expect(w.mm, at, PAGE, 1);
	}
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_cma_free(w.m, area, 16 * MIB), 0);
	world_end(&w);
}

static void split_on_request(void **state)
{
	struct gup_page *page;
	struct world w;
	unsigned int i;
	uint64_t free;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	one_folio(&w);
	assert_int_equal(gup_madvise(w.mm, page_at(2), PAGE, GUP_MADV_DONTNEED), 0);
	free = free_frames(w.m);
	assert_int_equal(gup_get_user_pages_fast(w.mm, page_at(MIDDLE), 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_split_folio(w.m, page, NULL), 0);
	assert_int_equal(free_frames(w.m), free + 1); /* the part that nobody had any more */
	assert_int_equal(gup_put_page(w.m, page), 0);
	for (i = 3; i < NR; i++)
		expect_alone(frame_at(w.mm, page_at(i)));
	app_expect(w.mm, page_at(3), (NR - 3) * PAGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* ---- a folio in two tables, as mremap can leave it ---- */

#define BEFORE 5u /* pages of it in the first table */
#define EDGE (BASE + 8 * HUGE - BEFORE * PAGE)

static void remap(struct world *w, uint64_t from, uint64_t pages, uint64_t to)
{
	assert_int_equal(gup_mremap(w->mm, from, pages * PAGE, pages * PAGE, GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED, to),
			 to);
}

static uint64_t edge_page(unsigned int i)
{
	return EDGE + i * PAGE;
}

/* Pages @first on, now at @at, are those of one folio and have its bytes. */
static void expect_part(struct world *w, struct gup_mm *mm, uint64_t at, unsigned int first, unsigned int nr)
{
	uint64_t head = frame_at(mm, at).head_pfn;
	uint8_t page[PAGE];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		assert_int_equal(gup_user_pfn(mm, at + i * PAGE), head + first + i);
		assert_int_equal(app_load(mm, page, at + i * PAGE, PAGE), 0);
		assert_true(pattern_is(page, page_at(first + i), PAGE, 1));
	}
	check_rest(w->m, 0, 0);
}

static void moves_out_of_two_tables(void **state)
{
	struct gup_frame_info info;
	struct gup_mm *child;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	info = one_folio(&w);
	remap(&w, WHERE, NR, EDGE);
	expect_folio(frame_at(w.mm, EDGE), info.head_pfn, NR, 0, NR);
	expect_part(&w, w.mm, EDGE, 0, NR);
	assert_int_equal(gup_migrate_range(w.mm, edge_page(NR - 1), PAGE, NULL), 1);
	assert_int_not_equal(frame_at(w.mm, EDGE).head_pfn, info.head_pfn);
	expect_folio(frame_at(w.mm, EDGE), gup_user_pfn(w.mm, EDGE), NR, 0, NR);
	expect_part(&w, w.mm, EDGE, 0, NR);

	/* A child's in two tables, and the parent's in two mappings far from each other. */
	child = world_fork(&w, w.mm, "child");
	remap(&w, edge_page(BEFORE - 1), NR - BEFORE + 1, WHERE);
	assert_int_equal(gup_migrate_range(w.mm, WHERE, PAGE, NULL), 1);
	expect_folio(frame_at(w.mm, EDGE), gup_user_pfn(w.mm, EDGE), 2 * NR, 0, 2 * NR);
	expect_part(&w, w.mm, EDGE, 0, BEFORE - 1);
	expect_part(&w, w.mm, WHERE, BEFORE - 1, NR - BEFORE + 1);
	expect_part(&w, child, EDGE, 0, NR);
	assert_int_equal(gup_munmap(w.mm, EDGE, PAGE), 0);
	assert_int_equal(gup_munmap(w.mm, WHERE, PAGE), 0);
	expect_folio(frame_at(child, EDGE), gup_user_pfn(child, EDGE), 2 * NR - 2, 0, 2 * NR - 2);
	world_end(&w);
}

static void splits_in_two_tables(void **state)
{
	struct gup_page *page;
	struct world w;
	unsigned int i;
	uint8_t buf[PAGE];

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	one_folio(&w);
	remap(&w, WHERE, NR, EDGE);
	assert_int_equal(gup_get_user_pages_fast(w.mm, edge_page(BEFORE), 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_split_folio(w.m, page, NULL), 0);
	assert_int_equal(gup_put_page(w.m, page), 0);
	for (i = 0; i < NR; i++) {
		expect_alone(frame_at(w.mm, edge_page(i)));
		assert_int_equal(app_load(w.mm, buf, edge_page(i), PAGE), 0);
		assert_true(pattern_is(buf, page_at(i), PAGE, 1));
	}
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* A long-term pin moves it all, wherever its parts are; a pin of one part keeps all. */
static void pinned_in_two_tables(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	begin_with(&w, (struct world_spec){ .normal = 4, .movable = 4 }, 1u << ORDER);
	one_folio(&w);
	assert_int_equal(frame_at(w.mm, WHERE).zone, GUP_ZONE_MOVABLE);
	remap(&w, page_at(MIDDLE), NR - MIDDLE, edge_page(MIDDLE));
	remap(&w, WHERE, MIDDLE - 1, EDGE); /* one page stays */
	assert_int_equal(gup_pin_user_pages_fast(w.mm, page_at(MIDDLE - 1), 1, GUP_WRITE | GUP_LONGTERM, pages), 1);
	assert_int_equal(frame_at(w.mm, EDGE).zone, GUP_ZONE_NORMAL);
	expect_folio(frame_at(w.mm, EDGE), gup_user_pfn(w.mm, EDGE), NR + 1, 1, NR);
	assert_int_equal(gup_migrate_range(w.mm, EDGE, RANGE, NULL), 0);
	assert_int_equal(gup_user_pfn(w.mm, edge_page(NR - 1)), frame_of(w.m, pages[0]).head_pfn + NR - 1);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	expect_part(&w, w.mm, EDGE, 0, MIDDLE - 1);
	expect_part(&w, w.mm, page_at(MIDDLE - 1), MIDDLE - 1, 1);
	expect_part(&w, w.mm, edge_page(MIDDLE), MIDDLE, NR - MIDDLE);

	remap(&w, page_at(MIDDLE - 1), 1, edge_page(MIDDLE - 1));
	assert_int_equal(gup_pin_user_pages_fast(w.mm, EDGE, NR, GUP_WRITE | GUP_LONGTERM, pages), NR);
	expect_folio(frame_at(w.mm, EDGE), gup_user_pfn(w.mm, EDGE), 2 * NR, NR, NR);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	expect_part(&w, w.mm, EDGE, 0, NR);
	world_end(&w);
}

/* ---- memory that fails ---- */

/* The part that failed is lost, and nothing else; of a folio that is held, all is. */
static void poisoned_in_the_middle(void **state)
{
	struct gup_frame_info info;
	struct gup_page *page;
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	info = one_folio(&w);
	assert_int_equal(gup_machine_poison(w.m, info.head_pfn + MIDDLE), 0);
	for (i = 0; i < NR; i++)
		assert_int_equal(app_cannot_read(w.mm, page_at(i)), i == MIDDLE);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_machine_unpoison(w.m, info.head_pfn + MIDDLE), 0);
	assert_int_equal(gup_munmap(w.mm, BASE, HUGE), 0);

	info = one_folio(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, WHERE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_machine_poison(w.m, info.head_pfn + MIDDLE), 0);
	for (i = 0; i < NR; i++)
		assert_true(app_cannot_read(w.mm, page_at(i)));
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_munmap(w.mm, BASE, HUGE), 0);
	assert_int_equal(gup_machine_unpoison(w.m, info.head_pfn + MIDDLE), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_as_one),
		cmocka_unit_test(a_pin_keeps_all_of_it),
		cmocka_unit_test(longterm_moves_it),
		cmocka_unit_test(longterm_faults_it_in),
		cmocka_unit_test(no_room_for_a_folio),
		cmocka_unit_test(cma_takes_its_memory_back),
		cmocka_unit_test(split_on_request),
		cmocka_unit_test(poisoned_in_the_middle),
		cmocka_unit_test(moves_out_of_two_tables),
		cmocka_unit_test(splits_in_two_tables),
		cmocka_unit_test(pinned_in_two_tables),
	};

	return cmocka_run_group_tests_name("orders moves", tests, NULL, NULL);
}
