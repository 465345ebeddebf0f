/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_mremap_refused.c - what mremap() refuses, in which order it looks, what stays of a move that ends half way,
 * and what changed with Linux 6.17, which moves several mappings at once.
 */
#include "mremap.h"

static void refusals(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec)SMALL);
	map_anon(w.mm, BASE, 4 * PAGE);
	map_shared(w.mm, BASE + 4 * PAGE, PAGE, NULL);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_mremap(NULL, BASE, PAGE, PAGE, 0, 0), -GUP_EINVAL);
	assert_int_equal(gup_mremap(w.mm, BASE + 1, PAGE, PAGE, 0, 0), -GUP_EINVAL);
	assert_int_equal(gup_mremap(w.mm, BASE, PAGE, 0, 0, 0), -GUP_EINVAL);
	assert_int_equal(gup_mremap(w.mm, BASE, PAGE, PAGE, GUP_MREMAP_FIXED, TO), -GUP_EINVAL);
	assert_int_equal(gup_mremap(w.mm, BASE, PAGE, PAGE, 4 | GUP_MREMAP_MAYMOVE, TO), -GUP_EINVAL);
	assert_int_equal(move_to(w.mm, BASE, PAGE, PAGE, TO + 1), -GUP_EINVAL);
	assert_int_equal(move_to(w.mm, BASE, 2 * PAGE, 2 * PAGE, BASE + PAGE), -GUP_EINVAL);
	assert_int_equal(move_to(w.mm, BASE + PAGE, 2 * PAGE, 2 * PAGE, BASE), -GUP_EINVAL);
	assert_int_equal(move_to(w.mm, BASE, PAGE, PAGE, GUP_USER_TOP), -GUP_EINVAL);
	assert_int_equal(move_to(w.mm, BASE, UINT64_MAX & GUP_PAGE_MASK, PAGE, TO), -GUP_EINVAL);
	assert_int_equal(gup_mremap(w.mm, BASE, UINT64_MAX & GUP_PAGE_MASK, PAGE, 0, 0), -GUP_EINVAL);
	assert_int_equal(gup_mremap(w.mm, BASE + 5 * PAGE, PAGE, PAGE, 0, 0), -GUP_EFAULT);
	assert_int_equal(gup_mremap(w.mm, BASE, 5 * PAGE, 6 * PAGE, GUP_MREMAP_MAYMOVE, 0), -GUP_EFAULT);
	assert_int_equal(move_to(w.mm, BASE, 5 * PAGE, 5 * PAGE, TO), -GUP_EFAULT);
	assert_int_equal(gup_mremap(w.mm, BASE, 0, PAGE, GUP_MREMAP_MAYMOVE, 0), -GUP_EINVAL);
	assert_int_equal(gup_mremap(w.mm, BASE, PAGE, GUP_USER_TOP, GUP_MREMAP_MAYMOVE, 0), -GUP_ENOMEM);
	app_expect(w.mm, BASE, 4 * PAGE, 1);
	/* A second mapping in its own place: what was there is gone before it is looked at. */
	assert_int_equal(
		gup_mremap(w.mm, BASE + 4 * PAGE, 0, PAGE, GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED, BASE + 4 * PAGE),
		-GUP_EFAULT);
	assert_true(app_cannot_read(w.mm, BASE + 4 * PAGE));
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* A first and a last page that do not move, private memory, a hole, and two mappings that are cut; something at the target. */
static void map_row(struct world *w)
{
	struct gup_map_request readable = { BASE + 7 * PAGE, 2 * PAGE, RW, ANON_AT, NULL, 0 };

	map_anon(w->mm, BASE, 4 * PAGE);
	map_shared(w->mm, BASE + 5 * PAGE, 2 * PAGE, NULL);
	assert_int_equal(gup_mmap(w->mm, &readable), readable.addr);
	app_fill(w->mm, BASE, 4 * PAGE, 1);
	app_fill(w->mm, BASE + 5 * PAGE, 4 * PAGE, 1);
	assert_int_equal(gup_mprotect(w->mm, BASE + 7 * PAGE, 2 * PAGE, GUP_PROT_READ), 0);
	map_anon(w->mm, TO, 8 * PAGE);
	app_fill(w->mm, TO, 8 * PAGE, 2);
}

/* Nothing of map_row() has changed. */
static void expect_row(struct world *w)
{
	app_expect(w->mm, BASE, 4 * PAGE, 1);
	app_expect(w->mm, BASE + 5 * PAGE, 4 * PAGE, 1);
	app_expect(w->mm, TO, 8 * PAGE, 2);
}

static void a_move_takes_all_mappings_since_6_17(void **state)
{
	struct gup_page *pages[2];
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .no_huge_pages = true, .kernel = GUP_KERNEL(6, 17) });
	map_row(&w);
	assert_int_equal(pin_plain(w.mm, BASE + 3 * PAGE, 1, GUP_WRITE | GUP_LONGTERM, &pages[0]), 1);
	assert_int_equal(pin_plain(w.mm, BASE + 5 * PAGE, 1, GUP_WRITE | GUP_LONGTERM, &pages[1]), 1);
	assert_int_equal(move_to(w.mm, BASE + PAGE, 7 * PAGE, 7 * PAGE, TO), TO);
	app_expect(w.mm, BASE, PAGE, 1);
	assert_true(app_cannot_read(w.mm, BASE + PAGE));
	assert_true(app_cannot_read(w.mm, BASE + 7 * PAGE));
	app_expect(w.mm, BASE + 8 * PAGE, PAGE, 1);
	expect_moved(w.mm, TO, BASE + PAGE, 3 * PAGE, 1);
	app_expect(w.mm, TO + 3 * PAGE, PAGE, 2); /* what lies under the hole stays */
	expect_moved(w.mm, TO + 4 * PAGE, BASE + 5 * PAGE, 3 * PAGE, 1);
	app_expect(w.mm, TO + 7 * PAGE, PAGE, 2);
	assert_true(same_frame(w.mm, TO + 2 * PAGE, pages[0]));
	assert_true(same_frame(w.mm, TO + 4 * PAGE, pages[1]));
	assert_int_equal(gup_mprotect(w.mm, TO, PAGE, GUP_PROT_READ), 0);
	assert_int_not_equal(gup_copy_to_user(w.mm, TO + 6 * PAGE, "x", 1), 0); /* still to be read only */
	check_rest(w.m, 2, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2), 0);
	world_end(&w);
}

static void a_move_begins_in_a_mapping(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .no_huge_pages = true, .kernel = GUP_KERNEL(6, 17) });
	map_row(&w);
	assert_int_equal(move_to(w.mm, BASE + 4 * PAGE, 3 * PAGE, 3 * PAGE, TO), -GUP_EFAULT);
	assert_int_equal(move_to(w.mm, BASE + 9 * PAGE, PAGE, PAGE, TO), -GUP_EFAULT);
	assert_int_equal(move_to(w.mm, GUP_USER_TOP, 3 * PAGE, 3 * PAGE, TO), -GUP_EFAULT);
	assert_int_equal(move_to(w.mm, (uint64_t)-PAGE, 3 * PAGE, 3 * PAGE, TO), -GUP_EFAULT);
	assert_int_equal(move_to(w.mm, BASE, 3 * PAGE, 3 * PAGE, BASE + 2 * PAGE), -GUP_EINVAL);
	assert_int_equal(move_to(w.mm, BASE + 9 * PAGE, 3 * PAGE, 3 * PAGE, TO + 1), -GUP_EINVAL);
	expect_row(&w);
	assert_int_equal(move_to(w.mm, BASE + 3 * PAGE, GUP_USER_TOP / 4, GUP_USER_TOP / 4, GUP_USER_TOP / 2),
			 GUP_USER_TOP / 2); /* all that there is */
	expect_moved(w.mm, GUP_USER_TOP / 2 + 2 * PAGE, BASE + 5 * PAGE, 4 * PAGE, 1);
	app_expect(w.mm, BASE, 3 * PAGE, 1);
	assert_true(app_cannot_read(w.mm, TO));
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* Where one cannot move, what lay before it has. */
static void a_mapping_that_cannot_move_ends_it(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 16, .hugetlb = 1, .kernel = GUP_KERNEL(6, 17) });
	assert_int_equal(gup_hugetlb_create(w.m, HUGE, &object), 0);
	map_anon(w.mm, BASE - PAGE, PAGE);
	map_shared(w.mm, BASE, HUGE, object);
	app_fill(w.mm, BASE - PAGE, PAGE + HUGE, 1);
	map_anon(w.mm, TO, 2 * PAGE);
	app_fill(w.mm, TO, 2 * PAGE, 2);
	assert_int_equal(move_to(w.mm, BASE - PAGE, PAGE + HUGE, PAGE + HUGE, TO), -GUP_EINVAL);
	expect_moved(w.mm, TO, BASE - PAGE, PAGE, 1);
	app_expect(w.mm, TO + PAGE, PAGE, 2);
	assert_true(app_cannot_read(w.mm, BASE - PAGE));
	app_expect(w.mm, BASE, HUGE, 1);
	assert_int_equal(move_to(w.mm, TO, PAGE, PAGE, BASE - PAGE), BASE - PAGE);
	assert_int_equal(move_to(w.mm, BASE - PAGE, 2 * PAGE, 2 * PAGE, TO - PAGE), TO - PAGE); /* rounded up */
	expect_moved(w.mm, TO - PAGE, BASE - PAGE, PAGE + HUGE, 1);
	assert_true(app_cannot_read(w.mm, BASE));
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

/* Refusals of a FIXED move: what becomes of what lies there, and of what is too much. */
static void refused(uint32_t kernel, bool all_stays)
{
	struct world w;

	world_begin(&w, &(struct world_spec){ .normal = 8, .no_huge_pages = true, .kernel = kernel });
	map_row(&w);
	assert_int_equal(move_to(w.mm, BASE, 0, PAGE, TO), -GUP_EINVAL); /* private memory */
	assert_int_equal(app_cannot_read(w.mm, TO), !all_stays);
	assert_int_equal(move_to(w.mm, BASE + 5 * PAGE, 3 * PAGE, 4 * PAGE, TO + PAGE), -GUP_EFAULT); /* two mappings */
	assert_int_equal(app_cannot_read(w.mm, TO + PAGE), !all_stays);
	assert_int_equal(move_to(w.mm, BASE + 5 * PAGE, 4 * PAGE, 3 * PAGE, TO + 5 * PAGE), -GUP_EFAULT);
	assert_int_equal(app_cannot_read(w.mm, TO + 5 * PAGE), !all_stays);
	assert_int_equal(app_cannot_read(w.mm, BASE + 8 * PAGE), !all_stays);
	assert_int_equal(gup_mlock(w.mm, BASE, PAGE), 0);
	gup_mm_set_lock_limit(w.mm, 1);
	assert_int_equal(move_to(w.mm, BASE, PAGE, 2 * PAGE, TO + 6 * PAGE), -GUP_EAGAIN);
	gup_mm_set_lock_limit(w.mm, 0);
	if (all_stays)
		expect_row(&w);
	app_expect(w.mm, BASE, 4 * PAGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void since_6_17_a_refused_move_changes_nothing(void **state)
{
	(void)state;
	refused(GUP_KERNEL(6, 16), false);
	refused(GUP_KERNEL(6, 17), true);
	refused(0, false); /* linux-5.2 */
}

/* What is too much may be of other mappings, and a hole: only what is kept is one mapping. */
static void a_tail_may_be_anything(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .no_huge_pages = true, .kernel = GUP_KERNEL(6, 17) });
	map_row(&w);
	assert_int_equal(move_to(w.mm, BASE + 2 * PAGE, 6 * PAGE, 2 * PAGE, TO), TO);
	expect_moved(w.mm, TO, BASE + 2 * PAGE, 2 * PAGE, 1);
	app_expect(w.mm, TO + 2 * PAGE, 6 * PAGE, 2);
	assert_true(app_cannot_read(w.mm, BASE + 5 * PAGE));
	app_expect(w.mm, BASE + 8 * PAGE, PAGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* A misplaced tail is found when what lay there is gone; where nothing is mapped each release looks at another time. */
static void the_order_of_errors(void **state)
{
	static const struct {
		uint32_t kernel;
		int nowhere, nowhere_misaligned;
		bool target_goes;
	} rows[] = {
		{ GUP_KERNEL(5, 15), -GUP_EFAULT, -GUP_EINVAL, true },
		{ GUP_KERNEL(5, 16), -GUP_EFAULT, -GUP_EFAULT, false },
		{ GUP_KERNEL(6, 17), -GUP_EFAULT, -GUP_EINVAL, false },
	};
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		world_begin(&w, &(struct world_spec){ .normal = 8, .no_huge_pages = true, .kernel = rows[i].kernel });
		map_anon(w.mm, TO, 2 * PAGE);
		assert_int_equal(move_to(w.mm, BASE, PAGE, PAGE, TO + 1), rows[i].nowhere_misaligned);
		assert_int_equal(move_to(w.mm, BASE, 2 * PAGE, PAGE, TO), rows[i].nowhere);
		assert_int_equal(app_cannot_read(w.mm, TO), rows[i].target_goes);
		assert_int_equal(gup_mremap(w.mm, BASE, 2 * PAGE, PAGE, 0, 0),
				 rows[i].target_goes ? (int64_t)BASE : rows[i].nowhere);
		map_anon(w.mm, BASE, PAGE);
		assert_int_equal(move_to(w.mm, BASE, UINT64_MAX & GUP_PAGE_MASK, PAGE, TO + PAGE), -GUP_EINVAL);
		assert_true(app_cannot_read(w.mm, TO + PAGE));
		world_end(&w);
	}
}

/* What may be lost is what a FIXED move unmaps first: nothing is there. */
static void without_memory_nothing_moves(void **state)
{
	struct world w;
	uint64_t step;
	int64_t ret;

	(void)state;
	world_begin(&w, &(struct world_spec)BIG);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	for (step = 1;; step++) {
		gup_test_fail_alloc(w.m, step);
		ret = move_to(w.mm, BASE + PAGE, 300 * PAGE, 300 * PAGE, TO + 400 * PAGE);
		gup_test_fail_alloc(w.m, 0);
		check_rest(w.m, 0, 0);
		if (ret > 0)
			break;
		assert_int_equal(ret, -GUP_ENOMEM);
		app_expect(w.mm, BASE, HUGE, 1);
		assert_true(app_cannot_read(w.mm, TO + 400 * PAGE));
	}
	assert_true(step > 3);
	expect_moved(w.mm, TO + 400 * PAGE, BASE + PAGE, 300 * PAGE, 1);
	world_end(&w);
}

/* Each part is at its old place or at its new one. */
static void without_memory_a_part_moves(void **state)
{
	bool part_moved = false;
	struct world w;
	uint64_t step;
	int64_t ret = 0;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .no_huge_pages = true, .kernel = GUP_KERNEL(6, 17) });
	for (step = 1; ret <= 0; step++) {
		map_row(&w);
		gup_test_fail_alloc(w.m, step);
		ret = move_to(w.mm, BASE + PAGE, 7 * PAGE, 7 * PAGE, TO);
		gup_test_fail_alloc(w.m, 0);
		check_rest(w.m, 0, 0);
		assert_true(ret == (int64_t)TO || ret == -GUP_ENOMEM);
		part_moved |= ret < 0 && app_cannot_read(w.mm, BASE + PAGE);
		expect_moved(w.mm, app_cannot_read(w.mm, BASE + PAGE) ? TO : BASE + PAGE, BASE + PAGE, 3 * PAGE, 1);
		expect_moved(w.mm, app_cannot_read(w.mm, BASE + 5 * PAGE) ? TO + 4 * PAGE : BASE + 5 * PAGE,
			     BASE + 5 * PAGE, 2 * PAGE, 1);
	}
	assert_true(step > 3);
	assert_true(part_moved);
	expect_moved(w.mm, TO + 6 * PAGE, BASE + 7 * PAGE, PAGE, 1);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(a_move_takes_all_mappings_since_6_17),
		cmocka_unit_test(a_move_begins_in_a_mapping),
		cmocka_unit_test(a_mapping_that_cannot_move_ends_it),
		cmocka_unit_test(since_6_17_a_refused_move_changes_nothing),
		cmocka_unit_test(a_tail_may_be_anything),
		cmocka_unit_test(the_order_of_errors),
		cmocka_unit_test(without_memory_nothing_moves),
		cmocka_unit_test(without_memory_a_part_moves),
	};

	return cmocka_run_group_tests_name("mremap refused", tests, NULL, NULL);
}
