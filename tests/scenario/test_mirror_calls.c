/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_mirror_calls.c - how often the host is asked to take pages out of a window: once for all that leave
 * a table together, and not at all for what is not shown.
 */
#include "world.h"

#define AREA (12 * MIB)
#define PAGES 1024u /* of two tables */
#define TABLES (PAGES / GUP_HUGE_PAGES)
#define WINDOW (64 * MIB)

static const struct world_spec spec = { .normal = 6, .cma = 12, .contract = GUP_LINUX_6_12, .no_huge_pages = true };

/* ---- what the host is asked ---- */

struct gup_port_window;
void __wrap_gup_port_window_unmap(struct gup_port_window *window, uint64_t at, uint64_t bytes);
void __real_gup_port_window_unmap(struct gup_port_window *window, uint64_t at, uint64_t bytes);

static unsigned int calls;
static uint64_t pages_asked;

void __wrap_gup_port_window_unmap(struct gup_port_window *window, uint64_t at, uint64_t bytes)
{
	calls++;
	pages_asked += bytes / PAGE;
	__real_gup_port_window_unmap(window, at, bytes);
}

static void forget_calls(void)
{
	calls = 0;
	pages_asked = 0;
}

/* ---- the application ---- */

static unsigned int borrowed(const struct world *w, uint64_t addr, unsigned int nr)
{
	unsigned int i, pages = 0;

	for (i = 0; i < nr; i++)
		pages += frame_at(w->mm, addr + i * PAGE).zone == GUP_ZONE_CMA;
	return pages;
}

/* Pages that are shown, all or nearly all of them borrowed from CMA. */
static void begin(struct world *w)
{
	window_begin(w, &spec);
	map_anon(w->mm, BASE, PAGES * PAGE);
	app_fill(w->mm, BASE, PAGES * PAGE, 1);
	expect_shown(w->mm, BASE, WINDOW, PAGES, PAGES);
	forget_calls();
}

static void end(struct world *w)
{
	app_expect(w->mm, BASE, PAGES * PAGE, 1);
	expect_shown(w->mm, BASE, WINDOW, PAGES, PAGES);
	check_rest(w->m, 0, 0);
	world_end(w);
}

static void empty_the_area(struct world *w)
{
	struct gup_page *page;

	assert_int_equal(gup_cma_alloc(w->m, CAMERA, AREA, 0, PATIENT_NS, &page, NULL), 0);
	assert_int_equal(borrowed(w, BASE, PAGES), 0);
	assert_int_equal(gup_cma_free(w->m, page, AREA), 0);
}

static void an_area_leaves_by_the_table(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(borrowed(&w, BASE, PAGES), PAGES);
	empty_the_area(&w);
	assert_int_equal(calls, TABLES);
	assert_int_equal(pages_asked, PAGES);
	assert_int_equal(stats_of(w.m).migrated, PAGES);
	expect_shown(w.mm, BASE, WINDOW, 0, 0);
	end(&w);
}

/* Pages that a pin looks at, and moves, together. */
#define BATCH 32u

static void a_longterm_pin_too(void **state)
{
	struct gup_page *pages[PAGES / 2];
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, PAGES / 2, GUP_WRITE | GUP_LONGTERM, pages), PAGES / 2);
	assert_int_equal(borrowed(&w, BASE, PAGES), PAGES / 2);
	assert_int_equal(calls, PAGES / 2 / BATCH);
	assert_int_equal(pages_asked, PAGES / 2);
	expect_shown(w.mm, BASE, WINDOW, PAGES / 2, PAGES / 2);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, PAGES / 2), 0);
	end(&w);
}

/* Every second page is somebody's who may not be moved. It is lost and comes back, but for those that are held. */
#define HELD 301u

static void neighbours_that_stay_come_back(void **state)
{
	struct gup_page *pages[PAGES];
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w);
	for (i = 1; i < PAGES; i += 2) {
		assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + i * PAGE, 1, GUP_WRITE | GUP_LONGTERM, &pages[i]),
				 1);
		assert_int_equal(gup_unpin_user_pages(w.m, &pages[i], 1), 0);
	}
	app_expect(w.mm, BASE, PAGES * PAGE, 1);
	assert_int_equal(gup_mirror_populate(w.mm, BASE + HELD * PAGE, PAGE, true), 0);
	assert_int_equal(borrowed(&w, BASE, PAGES), PAGES / 2);
	forget_calls();
	empty_the_area(&w);
	assert_int_equal(calls, TABLES + 1);
	expect_shown(w.mm, BASE + HELD * PAGE, PAGE, 1, 1);
	expect_shown(w.mm, BASE, WINDOW, 1 + TABLES, 1 + TABLES); /* and the last of each table: none moves behind it */
	assert_int_equal(gup_mirror_release(w.mm, BASE + HELD * PAGE, PAGE), 0);
	end(&w);
}

/* Far more stay than move: each leaves alone. */
static void a_few_among_many_leave_alone(void **state)
{
	struct gup_page *page;
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w);
	for (i = 0; i < PAGES; i++)
		if (i % 64) {
			assert_int_equal(
				gup_pin_user_pages_fast(w.mm, BASE + i * PAGE, 1, GUP_WRITE | GUP_LONGTERM, &page), 1);
			assert_int_equal(gup_unpin_user_pages(w.m, &page, 1), 0);
		}
	app_expect(w.mm, BASE, PAGES * PAGE, 1);
	forget_calls();
	empty_the_area(&w);
	assert_int_equal(calls, PAGES / 64);
	expect_shown(w.mm, BASE, WINDOW, PAGES - PAGES / 64, PAGES - PAGES / 64);
	end(&w);
}

static void what_is_not_shown_costs_nothing(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	gup_mirror_drop(w.mm);
	empty_the_area(&w);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGES * PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGES * PAGE, RW), 0);
	assert_int_equal(calls, 0);
	app_fill(w.mm, BASE, PAGES * PAGE, 1);
	expect_shown(w.mm, BASE, WINDOW, PAGES, PAGES);
	gup_mirror_drop(w.mm);
	assert_int_equal(gup_munmap(w.mm, BASE, PAGES * PAGE), 0);
	assert_int_equal(calls, 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_area_leaves_by_the_table),	   cmocka_unit_test(a_longterm_pin_too),
		cmocka_unit_test(neighbours_that_stay_come_back),  cmocka_unit_test(a_few_among_many_leave_alone),
		cmocka_unit_test(what_is_not_shown_costs_nothing),
	};

	return cmocka_run_group_tests_name("calls of a window", tests, NULL, NULL);
}
