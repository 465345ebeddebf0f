/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/test_regress_plays.c - rules that were broken once in an order that threads hardly ever come to: a frame that
 * is taken late is a page table by then, a report looks at an allocation whose object goes away, and a get is not seen
 * between mappings that come and go, a frame that is being freed seems to be immovable.
 */
#include "play.h"

/* ---- a get of a frame that was freed and became a page table, and is given back while that is locked ---- */

#define PAGES 16 /* so many that those that are freed last are used again first */
#define LAST 4

static uint64_t addr;

/* Memory that was first touched for a long-term pin comes from where page tables come from. */
static int map_where_tables_are(struct gup_test *t)
{
	struct gup_map_request map = { 0, PAGES * PAGE, GUP_PROT_READ | GUP_PROT_WRITE, GUP_MAP_PRIVATE, NULL, 0 };
	struct gup_page *pages[PAGES];
	int64_t at = gup_mmap(gup_test_mm(t), &map);

	addr = (uint64_t)at;
	if (at < 0 || gup_pin_user_pages_fast(gup_test_mm(t), addr, PAGES, GUP_WRITE | GUP_LONGTERM, pages) != PAGES)
		return -GUP_ENOMEM;
	return gup_unpin_user_pages(gup_test_machine(t), pages, PAGES);
}

static void get_late(struct gup_test *t)
{
	struct gup_page *page;

	for (uint64_t i = PAGES - LAST; i < PAGES; i++)
		if (gup_get_user_pages_fast_only(gup_test_mm(t), addr + i * PAGE, 1, 0, &page) == 1)
			gup_put_page(gup_test_machine(t), page);
}

static void unmap_and_map_elsewhere(struct gup_test *t)
{
	struct gup_map_request map = { 0, PAGES * PAGE, GUP_PROT_READ | GUP_PROT_WRITE, GUP_MAP_PRIVATE, NULL, 0 };
	struct gup_mm *other;
	int64_t at;

	gup_munmap(gup_test_mm(t), addr, PAGES * PAGE);
	if (gup_mm_create(gup_test_machine(t), "other", &other)) {
		gup_test_fail(t, "no other application");
		return;
	}
	at = gup_mmap(other, &map);
	for (uint64_t i = 0; i < PAGES; i++)
		gup_copy_to_user(other, (uint64_t)at + i * PAGE, &(uint8_t){ 1 }, 1);
	gup_mm_destroy(other);
}

/* The get that came too late was given back: it was there, so nobody may have refused that. */
static void nothing_refused(struct gup_test *t)
{
	struct gup_stats stats;

	gup_machine_stats(gup_test_machine(t), &stats);
	if (stats.bad_unpins)
		gup_test_fail(t, "a release of what was taken was refused");
}

static void get_against_a_table(void **state)
{
	struct gup_test_play play = { .begin = map_where_tables_are,
				      .actors = { { "get", get_late }, { "unmap", unmap_and_map_elsewhere } },
				      .end = nothing_refused,
				      .count = 5000 };

	(void)state;
	play_clean("get, table", &play, GUP_TEST_ANON);
}

/* ---- whose is this frame, asked while the object over a CMA allocation goes away ---- */

static struct gup_page *area;
static struct gup_object *object;

static int allocate(struct gup_test *t)
{
	int err = gup_cma_alloc(gup_test_machine(t), "lent", 2 * PAGE, 0, 1000000000, &area, NULL);

	return err ? err : gup_cma_object(gup_test_machine(t), area, 2 * PAGE, &object);
}

static void ask(struct gup_test *t)
{
	char name[GUP_NAME_MAX];

	gup_frame_user(gup_test_machine(t), gup_page_to_pfn(gup_test_machine(t), area), name);
}

static void put(struct gup_test *t)
{
	(void)t;
	gup_object_put(object);
}

static void end_of_allocation(struct gup_test *t)
{
	if (gup_cma_free(gup_test_machine(t), area, 2 * PAGE))
		gup_test_fail(t, "the allocation does not go back");
}

static void report_against_put(void **state)
{
	struct gup_test_play play = {
		.begin = allocate, .actors = { { "ask", ask }, { "put", put } }, .end = end_of_allocation, .count = 2000
	};

	(void)state;
	play_clean("whose", &play, GUP_TEST_CMA);
}

/* ---- a get is given back while mappings of its page come and go: it is there all the time ---- */

static struct gup_mm *child;

static int share_a_page(struct gup_test *t)
{
	addr = gup_test_buffer(t, NULL, 1);
	return addr ? gup_mm_fork(gup_test_mm(t), "child", &child) : -GUP_ENOMEM;
}

static void get_and_put(struct gup_test *t)
{
	struct gup_page *page;

	for (unsigned int i = 0; i < 4; i++)
		if (gup_get_user_pages_fast(gup_test_mm(t), addr, 1, 0, &page) == 1)
			gup_put_page(gup_test_machine(t), page);
}

static void map_and_unmap(struct gup_test *t)
{
	uint8_t byte;

	(void)t;
	for (unsigned int i = 0; i < 4; i++) {
		gup_copy_from_user(child, &byte, addr, 1);
		gup_madvise(child, addr, PAGE, GUP_MADV_DONTNEED);
	}
}

static void end_of_child(struct gup_test *t)
{
	nothing_refused(t);
	gup_mm_destroy(child);
}

static void put_against_mappings(void **state)
{
	struct gup_test_play play = { .begin = share_a_page,
				      .actors = { { "get", get_and_put }, { "map", map_and_unmap } },
				      .end = end_of_child,
				      .count = 20000 };

	(void)state;
	play_clean("put, mappings", &play, GUP_TEST_SHARED);
}

/* ---- a block is emptied while its pages are freed: on their way to the free lists they are nobody's, not immovable ---- */

static int map_movable(struct gup_test *t)
{
	addr = gup_test_buffer(t, NULL, LAST);
	return addr ? 0 : -GUP_ENOMEM;
}

static void unmap(struct gup_test *t)
{
	gup_munmap(gup_test_mm(t), addr, LAST * PAGE);
}

static void take_offline(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	uint64_t pfn = gup_user_pfn(gup_test_mm(t), addr) & ~(uint64_t)(GUP_HUGE_PAGES - 1);
	int err = pfn ? gup_offline_range(m, pfn, GUP_HUGE_PAGES, 1000000000, NULL) : 0;

	if (err)
		gup_test_fail(t, "the block did not go offline: %d", err);
	else if (pfn)
		gup_online_range(m, pfn, GUP_HUGE_PAGES);
}

static void offline_against_unmap(void **state)
{
	struct gup_test_play play = { .begin = map_movable,
				      .actors = { { "unmap", unmap }, { "offline", take_offline } },
				      .count = 1,
				      .explore = 1 };

	(void)state;
	play_clean("offline", &play, GUP_TEST_MOVABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_against_a_table),
		cmocka_unit_test(report_against_put),
		cmocka_unit_test(put_against_mappings),
		cmocka_unit_test(offline_against_unmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
