/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_mremap.c - mappings that grow, shrink and move: bytes and frames come along, and so do pins.
 */
#include "mremap.h"

static void grows_in_place(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec)SMALL);
	map_anon(w.mm, BASE, 2 * PAGE);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(gup_mremap(w.mm, BASE, 2 * PAGE, 4 * PAGE - 5, 0, 0), BASE);
	app_expect(w.mm, BASE, 2 * PAGE, 1);
	app_expect_zero(w.mm, BASE + 2 * PAGE, 2 * PAGE);
	assert_true(app_cannot_read(w.mm, BASE + 4 * PAGE));
	map_anon(w.mm, BASE + 5 * PAGE, PAGE);
	assert_int_equal(gup_mremap(w.mm, BASE + PAGE, 3 * PAGE, 4 * PAGE, 0, 0), BASE + PAGE); /* joins the next */
	assert_int_equal(gup_mremap(w.mm, BASE, 6 * PAGE, 6 * PAGE, 0, 0), BASE);
	assert_int_equal(gup_mremap(w.mm, BASE, 5 * PAGE, 6 * PAGE, 0, 0), -GUP_ENOMEM); /* not its end */
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void shrinks(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec)SMALL);
	map_anon(w.mm, BASE, 4 * PAGE);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_mremap(w.mm, BASE, 4 * PAGE, PAGE, 0, 0), BASE);
	app_expect(w.mm, BASE, PAGE, 1);
	assert_true(app_cannot_read(w.mm, BASE + PAGE));
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void grows_by_moving(void **state)
{
	struct gup_page *page;
	struct world w;
	int64_t to;

	(void)state;
	world_begin(&w, &(struct world_spec)SMALL);
	map_anon(w.mm, BASE, 2 * PAGE);
	map_shared(w.mm, BASE + 2 * PAGE, PAGE, NULL);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(pin_plain(w.mm, BASE, 1, GUP_WRITE | GUP_LONGTERM, &page), 1);
	assert_int_equal(gup_mremap(w.mm, BASE, 2 * PAGE, 3 * PAGE, 0, 0), -GUP_ENOMEM);
	to = gup_mremap(w.mm, BASE, 2 * PAGE, 3 * PAGE, GUP_MREMAP_MAYMOVE, 0);
	assert_true(to > 0 && (uint64_t)to != BASE);
	assert_true(app_cannot_read(w.mm, BASE));
	expect_moved(w.mm, (uint64_t)to, BASE, 2 * PAGE, 1);
	assert_true(same_frame(w.mm, (uint64_t)to, page));
	assert_int_equal(frame_of(w.m, page).pins, 1);
	device_fill(w.m, page, (uint64_t)to, 2);
	app_expect(w.mm, (uint64_t)to, PAGE, 2);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

/* Pins before, by every way in after; fork copies the pinned page at its new place; the other is shared. */
static void a_pinned_page_moves_with_its_address(void **state)
{
	struct gup_page *page, *again;
	struct gup_mm *child;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec)SMALL);
	map_anon(w.mm, BASE, 3 * PAGE);
	app_fill(w.mm, BASE, 3 * PAGE, 1);
	assert_int_equal(pin_plain(w.mm, BASE + PAGE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(move_to(w.mm, BASE + PAGE, PAGE, PAGE, TO), TO); /* out of the middle */
	assert_true(same_frame(w.mm, TO, page));
	assert_int_equal(gup_pin_user_pages_fast(w.mm, TO, 1, GUP_WRITE, &again), 1);
	assert_ptr_equal(again, page);
	assert_int_equal(gup_get_user_pages_fast_only(w.mm, BASE + PAGE, 1, 0, &again), 0);
	child = world_fork(&w, w.mm, "child");
	assert_false(same_frame(child, TO, page));
	assert_int_equal(gup_user_pfn(child, BASE), gup_user_pfn(w.mm, BASE));
	device_fill(w.m, page, TO, 2);
	app_expect(w.mm, TO, PAGE, 2);
	expect_moved(child, TO, BASE + PAGE, PAGE, 1);
	check_rest(w.m, 2, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

/* A mapping in the old place has the same indices as what left it. */
static void what_comes_to_the_old_place_is_another(void **state)
{
	struct gup_mm *child;
	uint64_t pfn;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec)SMALL);
	map_anon(w.mm, BASE, 2 * PAGE);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(move_to(w.mm, BASE, 2 * PAGE, 2 * PAGE, TO), TO);
	map_anon(w.mm, BASE, 2 * PAGE);
	app_fill(w.mm, BASE, 2 * PAGE, 2);
	child = world_fork(&w, w.mm, "child");
	pfn = gup_user_pfn(w.mm, TO);
	assert_int_equal(gup_migrate_range(w.mm, TO, 2 * PAGE, NULL), 2);
	assert_int_not_equal(gup_user_pfn(w.mm, TO), pfn);
	assert_int_equal(gup_user_pfn(w.mm, TO), gup_user_pfn(child, TO));
	app_expect(child, BASE, 2 * PAGE, 2);
	expect_moved(child, TO, BASE, 2 * PAGE, 1);
	assert_int_equal(move_to(w.mm, TO, 2 * PAGE, 2 * PAGE, BASE), BASE); /* over the other one */
	app_expect(w.mm, BASE, 2 * PAGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void a_huge_page_stays_one_where_it_fits(void **state)
{
	struct gup_page *page;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec)BIG);
	map_anon(w.mm, BASE, 2 * HUGE);
	app_fill(w.mm, BASE, 2 * HUGE, 1);
	assert_int_equal(pin_plain(w.mm, BASE + 7 * PAGE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(move_to(w.mm, BASE, 2 * HUGE, 2 * HUGE, TO), TO);
	assert_true(same_frame(w.mm, TO + 7 * PAGE, page));
	assert_int_equal(frame_of(w.m, page).order, 9);
	assert_int_equal(frame_of(w.m, page).mapcount, 1);
	expect_moved(w.mm, TO, BASE, 2 * HUGE, 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(move_to(w.mm, TO, 2 * HUGE, 2 * HUGE, BASE + PAGE), BASE + PAGE);
	assert_true(same_frame(w.mm, BASE + 8 * PAGE, page));
	assert_int_equal(frame_of(w.m, page).order, 9); /* still one folio, of 4 KiB entries */
	expect_moved(w.mm, BASE + PAGE, BASE, 2 * HUGE, 1);
	device_fill(w.m, page, BASE + 8 * PAGE, 2);
	app_expect(w.mm, BASE + 8 * PAGE, PAGE, 2);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

static void a_part_of_a_huge_page_moves(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec)BIG);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(move_to(w.mm, BASE + 100 * PAGE, 300 * PAGE, 300 * PAGE, TO + 500 * PAGE), TO + 500 * PAGE);
	expect_moved(w.mm, TO + 500 * PAGE, BASE + 100 * PAGE, 300 * PAGE, 1);
	app_expect(w.mm, BASE, 100 * PAGE, 1);
	app_expect(w.mm, BASE + 400 * PAGE, 112 * PAGE, 1);
	assert_true(app_cannot_read(w.mm, BASE + 100 * PAGE));
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void objects_move_and_are_mapped_twice(void **state)
{
	struct gup_object *shm;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec)SMALL);
	shm = new_shm(&w, 4 * PAGE);
	map_shared(w.mm, BASE, 2 * PAGE, shm);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(gup_mremap(w.mm, BASE + PAGE, 0, PAGE, 0, 0), -GUP_ENOMEM);
	assert_int_equal(move_to(w.mm, BASE + PAGE, 0, 2 * PAGE, TO), TO);
	expect_moved(w.mm, TO, BASE + PAGE, PAGE, 1);
	assert_int_equal(gup_user_pfn(w.mm, TO), gup_user_pfn(w.mm, BASE + PAGE));
	app_fill(w.mm, BASE + PAGE, PAGE, 3);
	expect_moved(w.mm, TO, BASE + PAGE, PAGE, 3);
	app_expect_zero(w.mm, TO + PAGE, PAGE); /* of the object, not of the old mapping */
	assert_int_equal(gup_object_truncate(shm, PAGE, 0, NULL), 0);
	assert_true(app_cannot_read(w.mm, TO));
	map_private(w.mm, BASE, PAGE, shm);
	app_fill(w.mm, BASE, PAGE, 4);
	assert_int_equal(move_to(w.mm, BASE, 0, PAGE, TO), -GUP_EINVAL); /* private; what lay there is gone */
	assert_true(app_cannot_read(w.mm, TO));
	assert_int_equal(move_to(w.mm, BASE, PAGE, PAGE, TO), TO);
	expect_moved(w.mm, TO, BASE, PAGE, 4);
	assert_int_equal(gup_object_truncate(shm, 0, 0, NULL), 0); /* finds the private copy there */
	assert_int_equal(gup_user_pfn(w.mm, TO), 0);
	check_rest(w.m, 0, 0);
	gup_object_put(shm);
	world_end(&w);
}

static void hugetlb_moves_whole_pages(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 16, .hugetlb = 3 });
	assert_int_equal(gup_hugetlb_create(w.m, 2 * HUGE, &object), 0);
	map_private(w.mm, BASE, 2 * HUGE, object);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(move_to(w.mm, BASE, 2 * HUGE, 2 * HUGE, TO + PAGE), -GUP_EINVAL);
	assert_int_equal(move_to(w.mm, BASE + PAGE, HUGE, HUGE, TO), -GUP_EINVAL);
	assert_int_equal(move_to(w.mm, BASE, HUGE, 2 * HUGE, TO), -GUP_EINVAL);
	assert_int_equal(gup_mremap(w.mm, BASE, 2 * HUGE, 3 * HUGE, 0, 0), -GUP_EINVAL);
	assert_int_equal(move_to(w.mm, BASE, HUGE + 1, 2 * HUGE, TO), TO); /* rounded up */
	expect_moved(w.mm, TO, BASE, HUGE, 1);
	app_fill(w.mm, TO + HUGE, HUGE, 2); /* with the reservation, which came along */
	assert_int_equal(gup_mremap(w.mm, TO, 2 * HUGE, HUGE, 0, 0), TO);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_munmap(w.mm, TO, HUGE), 0);
	gup_object_put(object);
	world_end(&w);
}

static void locked_pages_are_counted(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec)SMALL);
	map_anon(w.mm, BASE, 2 * PAGE);
	gup_mm_set_lock_limit(w.mm, 4);
	assert_int_equal(gup_mlock(w.mm, BASE, 2 * PAGE), 0);
	assert_int_equal(gup_mremap(w.mm, BASE, 2 * PAGE, 5 * PAGE, 0, 0), -GUP_EAGAIN);
	assert_int_equal(gup_mremap(w.mm, BASE, 2 * PAGE, 3 * PAGE, 0, 0), BASE);
	assert_int_equal(gup_mm_locked(w.mm), 3);
	assert_int_not_equal(gup_user_pfn(w.mm, BASE + 2 * PAGE), 0);
	assert_int_equal(move_to(w.mm, BASE, 3 * PAGE, 4 * PAGE, TO), TO);
	assert_int_equal(gup_mm_locked(w.mm), 4);
	assert_int_not_equal(gup_user_pfn(w.mm, TO + 3 * PAGE), 0);
	assert_int_equal(move_to(w.mm, TO, 4 * PAGE, PAGE, BASE), BASE);
	assert_int_equal(gup_mm_locked(w.mm), 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

struct seen {
	unsigned int starts, ends;
	struct gup_notifier_range range;
};

static void note_start(void *context, const struct gup_notifier_range *range)
{
	struct seen *seen = context;

	seen->starts++;
	seen->range = *range;
}

static void note_end(void *context, const struct gup_notifier_range *range)
{
	(void)range;
	((struct seen *)context)->ends++;
}

static void subscribers_hear_of_the_old_range(void **state)
{
	static const struct gup_notifier_ops ops = { .invalidate_start = note_start, .invalidate_end = note_end };
	struct gup_notifier *notifier;
	struct seen seen = { 0 };
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec)SMALL);
	map_anon(w.mm, BASE, 4 * PAGE);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_notifier_register(w.mm, &ops, &seen, &notifier), 0);
	assert_int_equal(move_to(w.mm, BASE + PAGE, 2 * PAGE, 2 * PAGE, TO), TO);
	assert_int_equal(seen.starts, 1);
	assert_int_equal(seen.ends, 1);
	assert_int_equal(seen.range.event, GUP_EVENT_UNMAP);
	assert_int_equal(seen.range.start, BASE + PAGE);
	assert_int_equal(seen.range.end, BASE + 3 * PAGE);
	assert_int_equal(gup_mremap(w.mm, TO, 2 * PAGE, 3 * PAGE, 0, 0), TO); /* nothing goes away */
	assert_int_equal(seen.starts, 1);
	gup_notifier_unregister(notifier);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_in_place),
		cmocka_unit_test(shrinks),
		cmocka_unit_test(grows_by_moving),
		cmocka_unit_test(a_pinned_page_moves_with_its_address),
		cmocka_unit_test(what_comes_to_the_old_place_is_another),
		cmocka_unit_test(a_huge_page_stays_one_where_it_fits),
		cmocka_unit_test(a_part_of_a_huge_page_moves),
		cmocka_unit_test(objects_move_and_are_mapped_twice),
		cmocka_unit_test(hugetlb_moves_whole_pages),
		cmocka_unit_test(locked_pages_are_counted),
		cmocka_unit_test(subscribers_hear_of_the_old_range),
	};

	return cmocka_run_group_tests_name("mremap", tests, NULL, NULL);
}
