/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_fork.c - fork: copy on write in both directions, and pins that stay the parent's.
 *
 * The rule that matters to a device: after a fork the parent still has the frame that is pinned, so what the device
 * writes is what the parent reads. The child has the bytes of the moment of the fork.
 */
#include "world.h"

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 24 });
}

static void child_sees_parents_data(void **state)
{
	struct gup_mm *child;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_true(frame_at(w.mm, BASE).exclusive);
	child = world_fork(&w, w.mm, "child");
	assert_string_equal(gup_mm_name(child), "child");
	assert_int_equal(gup_user_pfn(child, BASE), gup_user_pfn(w.mm, BASE));
	assert_int_equal(frame_at(w.mm, BASE).mapcount, 2);
	assert_int_equal(frame_at(w.mm, BASE).refs, 2);
	assert_false(frame_at(w.mm, BASE).exclusive);
	app_expect(child, BASE, 2 * PAGE, 1);
	app_expect_zero(child, BASE + 2 * PAGE, 2 * PAGE);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* @writer writes first and gets a copy; the other one has the old frame to itself then. */
static void cow_between(struct world *w, struct gup_mm *writer, struct gup_mm *other)
{
	uint64_t pfn = gup_user_pfn(writer, BASE), copies = stats_of(w->m).cow_copies;

	app_fill(writer, BASE, PAGE, 2);
	assert_int_not_equal(gup_user_pfn(writer, BASE), pfn);
	assert_int_equal(gup_user_pfn(other, BASE), pfn);
	assert_int_equal(stats_of(w->m).cow_copies, copies + 1);
	app_expect(other, BASE, 2 * PAGE, 1);
	app_expect(writer, BASE, PAGE, 2);
	app_expect(writer, BASE + PAGE, PAGE, 1);
	app_fill(other, BASE, PAGE, 3);
	assert_int_equal(gup_user_pfn(other, BASE), pfn);
	assert_int_equal(stats_of(w->m).cow_copies, copies + 1);
	assert_true(frame_at(other, BASE).exclusive);
	app_expect(writer, BASE, PAGE, 2);
	app_expect(other, BASE, PAGE, 3);
}

static void cow_both_directions(void **state)
{
	struct gup_mm *child;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 2 * PAGE);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	child = world_fork(&w, w.mm, "child");
	cow_between(&w, w.mm, child);
	world_exit(&w, child);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	child = world_fork(&w, w.mm, "child");
	cow_between(&w, child, w.mm);
	world_end(&w);
}

static void cow_of_huge_folio(void **state)
{
	struct gup_mm *child;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	child = world_fork(&w, w.mm, "child");
	check_rest(w.m, 0, 0);
	app_fill(w.mm, BASE + 7 * PAGE, PAGE, 2);
	app_expect(child, BASE, HUGE, 1);
	app_fill(child, BASE + 500 * PAGE, PAGE, 3);
	app_expect(w.mm, BASE, 7 * PAGE, 1);
	app_expect(w.mm, BASE + 7 * PAGE, PAGE, 2);
	app_expect(w.mm, BASE + 8 * PAGE, 504 * PAGE, 1);
	app_expect(child, BASE + 500 * PAGE, PAGE, 3);
	app_expect(child, BASE, 500 * PAGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

#define GENERATIONS 8

static void chain_of_forks(void **state)
{
	struct gup_mm *mms[GENERATIONS + 1];
	struct world w;
	unsigned int g, p;

	(void)state;
	begin(&w);
	mms[0] = w.mm;
	map_anon(w.mm, BASE, GENERATIONS * PAGE);
	app_fill(w.mm, BASE, GENERATIONS * PAGE, 100);
	for (g = 0; g < GENERATIONS; g++) {
		mms[g + 1] = world_fork(&w, mms[g], "generation");
		app_fill(mms[g + 1], BASE + g * PAGE, PAGE, g);
	}
	check_rest(w.m, 0, 0);
	for (g = 0; g <= GENERATIONS; g++)
		for (p = 0; p < GENERATIONS; p++)
			app_expect(mms[g], BASE + p * PAGE, PAGE, p < g ? p : 100);
	/* The middle dies first; its relatives notice nothing. */
	world_exit(&w, mms[4]);
	world_exit(&w, mms[0]);
	check_rest(w.m, 0, 0);
	app_fill(mms[8], BASE, GENERATIONS * PAGE, 200);
	for (p = 0; p < GENERATIONS; p++)
		app_expect(mms[5], BASE + p * PAGE, PAGE, p < 5 ? p : 100);
	world_end(&w);
}

static void shared_memory_stays_shared(void **state)
{
	struct gup_mm *child;
	struct gup_object *shm;
	struct world w;

	(void)state;
	begin(&w);
	shm = new_shm(&w, 2 * PAGE);
	map_shared(w.mm, BASE, 2 * PAGE, shm);
	gup_object_put(shm);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	child = world_fork(&w, w.mm, "child");
	app_fill(child, BASE, PAGE, 2);
	app_expect(w.mm, BASE, PAGE, 2);
	app_fill(w.mm, BASE + PAGE, PAGE, 3);
	app_expect(child, BASE + PAGE, PAGE, 3);
	world_exit(&w, w.mm);
	app_expect(child, BASE, PAGE, 2);
	world_end(&w);
}

static void exclusive_again_after_child_exits(void **state)
{
	struct gup_mm *child;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	child = world_fork(&w, w.mm, "child");
	world_exit(&w, child);
	assert_false(frame_at(w.mm, BASE).exclusive);
	app_fill(w.mm, BASE, PAGE, 2);
	assert_int_equal(gup_user_pfn(w.mm, BASE), pfn);
	assert_true(frame_at(w.mm, BASE).exclusive);
	world_end(&w);
}

/* The pinned page of a mapping at BASE: parent keeps the frame, child has the old bytes, no write is lost. */
static void pinned_page_stays(struct world *w, struct gup_page *page, uint64_t addr)
{
	uint64_t pfn = gup_page_to_pfn(w->m, page);
	struct gup_mm *child = world_fork(w, w->mm, "child");

	assert_int_equal(gup_user_pfn(w->mm, addr), pfn);
	assert_int_not_equal(gup_user_pfn(child, addr), pfn);
	assert_true(frame_at(w->mm, addr).exclusive);
	check_rest(w->m, 1, 0);
	app_fill(w->mm, addr, PAGE, 2);
	assert_int_equal(gup_user_pfn(w->mm, addr), pfn);
	device_expect(w->m, page, addr, 2);
	device_fill(w->m, page, addr, 3);
	app_expect(w->mm, addr, PAGE, 3);
	app_expect(child, addr, PAGE, 1);
	app_fill(child, addr, PAGE, 4);
	app_expect(w->mm, addr, PAGE, 3);
	device_expect(w->m, page, addr, 3);
	world_exit(w, child);
	device_fill(w->m, page, addr, 5);
	app_expect(w->mm, addr, PAGE, 5);
}

static void fork_of_pinned_page(void **state)
{
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 3 * PAGE);
	app_fill(w.mm, BASE, 3 * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + PAGE, 1, GUP_WRITE, &page), 1);
	pinned_page_stays(&w, page, BASE + PAGE);
	app_expect(w.mm, BASE, PAGE, 1);
	app_expect(w.mm, BASE + 2 * PAGE, PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

static void fork_copies_only_what_is_pinned(void **state)
{
	struct gup_page *page;
	struct gup_mm *child;
	struct world w;
	uint64_t copies;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 3 * PAGE);
	app_fill(w.mm, BASE, 3 * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	copies = stats_of(w.m).cow_copies;
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(stats_of(w.m).cow_copies, copies + 1);
	assert_int_equal(gup_user_pfn(child, BASE + PAGE), gup_user_pfn(w.mm, BASE + PAGE));
	app_expect(child, BASE, 3 * PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

static void fork_of_pinned_huge_folio(void **state)
{
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 77 * PAGE, 1, GUP_WRITE, &page), 1);
	pinned_page_stays(&w, page, BASE + 77 * PAGE);
	app_expect(w.mm, BASE, 77 * PAGE, 1);
	app_expect(w.mm, BASE + 78 * PAGE, 434 * PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

static void read_only_pin_unshares(void **state)
{
	struct gup_page *page;
	struct gup_mm *child;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	child = world_fork(&w, w.mm, "child");
	pfn = gup_user_pfn(child, BASE);
	assert_int_equal(gup_pin_user_pages_fast(child, BASE, 1, 0, &page), 1);
	assert_int_not_equal(gup_page_to_pfn(w.m, page), pfn);
	assert_true(same_frame(child, BASE, page));
	assert_true(frame_of(w.m, page).exclusive);
	check_rest(w.m, 1, 0);
	app_fill(w.mm, BASE, PAGE, 2);
	device_expect(w.m, page, BASE, 1);
	/* What the child writes from now on, the device sees. */
	app_fill(child, BASE, PAGE, 3);
	assert_true(same_frame(child, BASE, page));
	device_expect(w.m, page, BASE, 3);
	app_expect(w.mm, BASE, PAGE, 2);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

static void a_get_does_not_keep_the_frame(void **state)
{
	struct gup_page *page;
	struct gup_mm *child;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	child = world_fork(&w, w.mm, "child");
	app_fill(w.mm, BASE, PAGE, 2);
	assert_false(same_frame(w.mm, BASE, page));
	device_fill(w.m, page, BASE, 3);
	app_expect(w.mm, BASE, PAGE, 2);
	app_expect(child, BASE, PAGE, 3);
	check_rest(w.m, 0, 1);
	assert_int_equal(gup_put_page(w.m, page), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(child_sees_parents_data),
		cmocka_unit_test(cow_both_directions),
		cmocka_unit_test(cow_of_huge_folio),
		cmocka_unit_test(chain_of_forks),
		cmocka_unit_test(shared_memory_stays_shared),
		cmocka_unit_test(exclusive_again_after_child_exits),
		cmocka_unit_test(fork_of_pinned_page),
		cmocka_unit_test(fork_copies_only_what_is_pinned),
		cmocka_unit_test(fork_of_pinned_huge_folio),
		cmocka_unit_test(read_only_pin_unshares),
		cmocka_unit_test(a_get_does_not_keep_the_frame),
	};

	return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
