/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_misuse.c - releasing what one does not hold, and leaving with things still held.
 *
 * Nothing of it may change a count: it is refused, counted in bad_unpins, and the machine goes on.
 */
#include "world.h"

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 8, .contract = GUP_NATIVE });
	map_anon(w->mm, BASE, 4 * PAGE);
	app_fill(w->mm, BASE, 4 * PAGE, 1);
}

static void refused(struct world *w, int ret, uint64_t bad, uint64_t pins, uint64_t gets)
{
	assert_int_equal(ret, -GUP_EINVAL);
	assert_int_equal(stats_of(w->m).bad_unpins, bad);
	check_rest(w->m, pins, gets);
	app_expect(w->mm, BASE, 4 * PAGE, 1);
}

static void unpin_of_a_get(void **state)
{
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	refused(&w, gup_unpin_user_page(w.m, page), 1, 0, 1);
	refused(&w, gup_unpin_user_pages(w.m, &page, 1), 2, 0, 1);
	refused(&w, gup_unpin_user_pages_dirty_lock(w.m, &page, 1, true), 3, 0, 1);
	refused(&w, gup_unpin_user_page_range_dirty_lock(w.m, page, 1, false), 4, 0, 1);
	assert_int_equal(gup_put_page(w.m, page), 0);
	world_end(&w);
}

static void put_of_a_pin(void **state)
{
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	refused(&w, gup_put_page(w.m, page), 1, 1, 0);
	refused(&w, gup_put_pages(w.m, &page, 1), 2, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

static void release_twice(void **state)
{
	struct gup_page *pages[3];
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 3, GUP_WRITE, pages), 3);
	assert_int_equal(gup_unpin_user_page(w.m, pages[1]), 0);
	refused(&w, gup_unpin_user_page(w.m, pages[1]), 1, 2, 0);
	/* The bad one is skipped, its neighbours are released. */
	refused(&w, gup_unpin_user_pages(w.m, pages, 3), 2, 0, 0);
	refused(&w, gup_unpin_user_pages(w.m, pages, 3), 5, 0, 0);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 2, 0, pages), 2);
	assert_int_equal(gup_put_page(w.m, pages[0]), 0);
	refused(&w, gup_put_pages(w.m, pages, 2), 6, 0, 0);
	refused(&w, gup_put_page(w.m, pages[1]), 7, 0, 0);
	world_end(&w);
}

/* Between two descriptors: words of theirs would look like flags and counts. */
static void release_of_what_is_no_descriptor(void **state)
{
	struct gup_page *pages[2], *inside;
	unsigned int bytes;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 2, GUP_WRITE, pages), 2);
	for (bytes = 4; bytes < sizeof(*pages[0]); bytes += 4) {
		inside = (struct gup_page *)(void *)((char *)pages[0] + bytes);
		refused(&w, gup_unpin_user_pages(w.m, &inside, 1), bytes / 4, 2, 0);
	}
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2), 0);
	world_end(&w);
}

static void release_of_a_free_frame(void **state)
{
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE + HUGE, PAGE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + HUGE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_munmap(w.mm, BASE + HUGE, PAGE), 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	refused(&w, gup_unpin_user_page(w.m, page), 1, 0, 0);
	refused(&w, gup_put_page(w.m, page), 2, 0, 0);
	world_end(&w);
}

static void unpin_of_a_neighbour_in_a_huge_folio(void **state)
{
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE + HUGE, HUGE);
	app_fill(w.mm, BASE + HUGE, HUGE, 2);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + HUGE + 5 * PAGE, 1, GUP_WRITE, &page), 1);
	refused(&w, gup_put_page(w.m, page), 1, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	refused(&w, gup_unpin_user_page_range_dirty_lock(w.m, page, 2, false), 3, 0, 0);
	app_expect(w.mm, BASE + HUGE, HUGE, 2);
	world_end(&w);
}

static void null_arguments(void **state)
{
	struct gup_page *pages[2] = { NULL, NULL };
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_unpin_user_page(w.m, NULL), -GUP_EINVAL);
	assert_int_equal(gup_unpin_user_page(NULL, NULL), -GUP_EINVAL);
	assert_int_equal(gup_unpin_user_pages(w.m, NULL, 1), -GUP_EINVAL);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2), -GUP_EINVAL);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w.m, NULL, 1, true), -GUP_EINVAL);
	assert_int_equal(gup_unpin_user_page_range_dirty_lock(w.m, NULL, 1, true), -GUP_EINVAL);
	assert_int_equal(gup_put_page(w.m, NULL), -GUP_EINVAL);
	assert_int_equal(gup_put_pages(w.m, NULL, 1), -GUP_EINVAL);
	assert_int_equal(gup_set_page_dirty(w.m, NULL), -GUP_EINVAL);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 0), 0);
	assert_int_equal(gup_put_pages(w.m, pages, 0), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void destroy_with_a_pin_left(void **state)
{
	struct gup_page *page, *got;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_EBUSY);
	check_rest(w.m, 1, 0);
	app_expect(w.mm, BASE, 4 * PAGE, 1);
	app_fill(w.mm, BASE + PAGE, PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 1, 0, &got), 1);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_EBUSY);
	check_rest(w.m, 0, 1);
	assert_int_equal(gup_put_page(w.m, got), 0);
	world_end(&w);
}

static void destroy_with_an_own_pin_left(void **state)
{
	struct gup_request request = { .addr = BASE, .bytes = 2 * PAGE, .flags = GUP_WRITE };
	struct gup_pin *pin;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_EBUSY);
	check_rest(w.m, 2, 0);
	assert_int_equal(gup_unpin(pin, false), 0);
	world_end(&w);
}

static const struct gup_holder *find_holder(const struct gup_holder *holders, long nr, bool pin)
{
	long i;

	for (i = 0; i < nr && holders[i].pin != pin; i++)
		;
	assert_true(i < nr);
	return &holders[i];
}

static void holders_of_tracked_forms(void **state)
{
	struct gup_page *pinned[2], *got;
	struct gup_holder holders[8];
	const struct gup_holder *holder;
	struct world w;
	uint64_t pfn;
	long nr;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .track_holders = true });
	map_anon(w.mm, BASE, 4 * PAGE);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE | GUP_LONGTERM, pinned), 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE | GUP_LONGTERM, pinned), 1);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE + 2 * PAGE, 1, 0, &got), 1);
	pfn = gup_page_to_pfn(w.m, pinned[0]);
	nr = gup_pin_holders(w.m, 0, UINT64_MAX, holders, 8);
	assert_in_range(nr, 2, 3);
	holder = find_holder(holders, nr, true);
	assert_string_equal(holder->owner, APP);
	assert_int_equal(holder->pfn, pfn);
	assert_int_equal(holder->pages, 1);
	assert_true(holder->longterm);
	assert_non_null(holder->site);
	assert_true(holder->age_ns < UINT64_C(600000000000));
	holder = find_holder(holders, nr, false);
	assert_string_equal(holder->owner, APP);
	assert_int_equal(holder->pfn, gup_page_to_pfn(w.m, got));
	assert_int_equal(holder->count, 1);
	assert_false(holder->longterm);
	assert_false(holder->cma);
	assert_int_equal(gup_pin_holders(w.m, pfn + 100000, 5, holders, 8), 0);
	assert_int_equal(gup_unpin_user_page(w.m, pinned[0]), 0);
	assert_int_equal(gup_unpin_user_page(w.m, pinned[0]), 0);
	assert_int_equal(gup_put_page(w.m, got), 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 0);
	world_end(&w);
}

static void tracked_misuse_is_refused_as_well(void **state)
{
	struct gup_page *page;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .track_holders = true });
	map_anon(w.mm, BASE, 4 * PAGE);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	refused(&w, gup_put_page(w.m, page), 1, 1, 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	refused(&w, gup_unpin_user_page(w.m, page), 2, 0, 0);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	refused(&w, gup_unpin_user_page(w.m, page), 3, 0, 1);
	assert_int_equal(gup_put_page(w.m, page), 0);
	world_end(&w);
}

static void untracked_holders_are_unknown(void **state)
{
	struct gup_holder holder;
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_pin_holders(w.m, gup_page_to_pfn(w.m, page), 1, &holder, 1), 1);
	assert_string_equal(holder.owner, "(untracked)");
	assert_null(holder.site);
	assert_true(holder.pin);
	assert_int_equal(holder.count, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpin_of_a_get),
		cmocka_unit_test(put_of_a_pin),
		cmocka_unit_test(release_twice),
		cmocka_unit_test(release_of_what_is_no_descriptor),
		cmocka_unit_test(release_of_a_free_frame),
		cmocka_unit_test(unpin_of_a_neighbour_in_a_huge_folio),
		cmocka_unit_test(null_arguments),
		cmocka_unit_test(destroy_with_a_pin_left),
		cmocka_unit_test(destroy_with_an_own_pin_left),
		cmocka_unit_test(holders_of_tracked_forms),
		cmocka_unit_test(tracked_misuse_is_refused_as_well),
		cmocka_unit_test(untracked_holders_are_unknown),
	};

	return cmocka_run_group_tests_name("misuse", tests, NULL, NULL);
}
