/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_madvise.c - advice that tells what a child gets, and holes that are made through a mapping.
 */
#include "world.h"

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 8, .dax = 4, .no_huge_pages = true });
}

static void a_child_gets_what_it_may(void **state)
{
	struct gup_page *page;
	struct gup_mm *child;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(pin_plain(w.mm, BASE + PAGE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_madvise(w.mm, BASE + PAGE, PAGE, GUP_MADV_DONTFORK), 0);
	assert_int_equal(gup_madvise(w.mm, BASE + 2 * PAGE, PAGE, GUP_MADV_WIPEONFORK), 0);
	child = world_fork(&w, w.mm, "child");
	app_expect(child, BASE, PAGE, 1);
	assert_true(app_cannot_read(child, BASE + PAGE));
	app_expect_zero(child, BASE + 2 * PAGE, PAGE);
	app_expect(child, BASE + 3 * PAGE, PAGE, 1);
	assert_true(same_frame(w.mm, BASE + PAGE, page));
	device_fill(w.m, page, BASE + PAGE, 2);
	app_fill(w.mm, BASE + PAGE + 8, 8, 3); /* no copy on write: nothing was shared */
	assert_true(same_frame(w.mm, BASE + PAGE, page));
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_exit(&w, child);
	assert_int_equal(gup_madvise(w.mm, BASE, 4 * PAGE, GUP_MADV_DOFORK), 0);
	assert_int_equal(gup_madvise(w.mm, BASE, 4 * PAGE, GUP_MADV_KEEPONFORK), 0);
	child = world_fork(&w, w.mm, "second");
	app_expect(child, BASE + 2 * PAGE, 2 * PAGE, 1);
	assert_int_equal(gup_user_pfn(child, BASE + PAGE), gup_user_pfn(w.mm, BASE + PAGE));
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void a_wiped_mapping_stays_so_for_grandchildren(void **state)
{
	struct gup_mm *child, *grandchild;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	assert_int_equal(gup_madvise(w.mm, BASE, PAGE, GUP_MADV_WIPEONFORK), 0);
	child = world_fork(&w, w.mm, "child");
	app_fill(child, BASE, PAGE, 2);
	grandchild = world_fork(&w, child, "grandchild");
	app_expect_zero(grandchild, BASE, PAGE);
	app_expect(child, BASE, PAGE, 2);
	app_expect(w.mm, BASE, PAGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void wipe_is_for_private_anonymous_memory(void **state)
{
	struct gup_object *shm;
	struct world w;

	(void)state;
	begin(&w);
	shm = new_shm(&w, PAGE);
	map_shared(w.mm, BASE, PAGE, NULL);
	map_private(w.mm, BASE + PAGE, PAGE, shm);
	map_anon(w.mm, BASE + 3 * PAGE, PAGE);
	assert_int_equal(gup_madvise(w.mm, BASE, PAGE, GUP_MADV_WIPEONFORK), -GUP_EINVAL);
	assert_int_equal(gup_madvise(w.mm, BASE + PAGE, PAGE, GUP_MADV_WIPEONFORK), -GUP_EINVAL);
	assert_int_equal(gup_madvise(w.mm, BASE, 2 * PAGE, GUP_MADV_KEEPONFORK), 0);
	assert_int_equal(gup_madvise(w.mm, BASE + 2 * PAGE, 2 * PAGE, GUP_MADV_WIPEONFORK), -GUP_ENOMEM);
	app_fill(w.mm, BASE + 3 * PAGE, PAGE, 1);
	app_expect_zero(world_fork(&w, w.mm, "child"), BASE + 3 * PAGE, PAGE); /* behind the hole */
	check_rest(w.m, 0, 0);
	gup_object_put(shm);
	world_end(&w);
}

static void remove_makes_a_hole(void **state)
{
	struct gup_page *page;
	struct gup_object *shm;
	struct world w;

	(void)state;
	begin(&w);
	shm = new_shm(&w, 4 * PAGE);
	map_shared(w.mm, BASE, 3 * PAGE, shm);
	map_shared(w.mm, BASE + 16 * PAGE, 4 * PAGE, shm);
	app_fill(w.mm, BASE, 3 * PAGE, 1);
	assert_int_equal(pin_plain(w.mm, BASE + PAGE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_madvise(w.mm, BASE + PAGE, PAGE, GUP_MADV_REMOVE), 0);
	assert_int_equal(gup_user_pfn(w.mm, BASE + PAGE), 0);
	app_expect(w.mm, BASE, PAGE, 1);
	app_expect_zero(w.mm, BASE + 17 * PAGE, PAGE);
	app_expect(w.mm, BASE + 2 * PAGE, PAGE, 1);
	device_expect(w.m, page, BASE + PAGE, 1); /* the device's own, from now on */
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_madvise(w.mm, BASE + 2 * PAGE, 2 * PAGE, GUP_MADV_REMOVE), -GUP_ENOMEM);
	app_expect_zero(w.mm, BASE + 2 * PAGE, PAGE);
	gup_object_put(shm);
	world_end(&w);
}

static void remove_waits_for_a_block(void **state)
{
	struct gup_object *file;
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w);
	file = new_dax_file(&w, 2 * PAGE);
	map_shared(w.mm, BASE, 2 * PAGE, file);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(pin_plain(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_madvise(w.mm, BASE, PAGE, GUP_MADV_REMOVE), -GUP_EBUSY);
	app_expect(w.mm, BASE, PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_madvise(w.mm, BASE, PAGE, GUP_MADV_REMOVE), 0);
	app_expect_zero(w.mm, BASE, PAGE);
	app_expect(w.mm, BASE + PAGE, PAGE, 1);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_munmap(w.mm, BASE, 2 * PAGE), 0);
	gup_object_put(file);
	world_end(&w);
}

static void what_cannot_have_holes(void **state)
{
	struct gup_object *shm;
	struct world w;

	(void)state;
	begin(&w);
	shm = new_shm(&w, PAGE);
	map_anon(w.mm, BASE, PAGE);
	assert_int_equal(gup_madvise(w.mm, BASE, PAGE, GUP_MADV_REMOVE), -GUP_EINVAL);
	map_private(w.mm, BASE, PAGE, shm);
	assert_int_equal(gup_madvise(w.mm, BASE, PAGE, GUP_MADV_REMOVE), -GUP_EACCES);
	map_shared(w.mm, BASE, PAGE, shm);
	assert_int_equal(gup_mlock(w.mm, BASE, PAGE), 0);
	assert_int_equal(gup_madvise(w.mm, BASE, PAGE, GUP_MADV_REMOVE), -GUP_EINVAL);
	check_rest(w.m, 0, 0);
	gup_object_put(shm);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_gets_what_it_may),
		cmocka_unit_test(a_wiped_mapping_stays_so_for_grandchildren),
		cmocka_unit_test(wipe_is_for_private_anonymous_memory),
		cmocka_unit_test(remove_makes_a_hole),
		cmocka_unit_test(remove_waits_for_a_block),
		cmocka_unit_test(what_cannot_have_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
