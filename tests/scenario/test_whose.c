/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_whose.c - whose page it is: a device's page stays the application's through changes of
 * protection, FORCE writes to a page of one's own and to no other, a get leaves sharing as it is, and a DAX frame
 * belongs to one object however often that is opened.
 */
#include "world.h"

#define NR 4

static void pinned_page_survives_protection(void **state)
{
	struct gup_page *pinned, *got;
	struct gup_object *shm;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	map_anon(w.mm, BASE, 2 * PAGE);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &pinned), 1);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE + PAGE, 1, GUP_WRITE, &got), 1);
	assert_int_equal(gup_mprotect(w.mm, BASE, 2 * PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, 2 * PAGE, RW), 0);
	app_fill(w.mm, BASE, 2 * PAGE, 2);
	assert_true(same_frame(w.mm, BASE, pinned));
	assert_true(same_frame(w.mm, BASE + PAGE, got));
	device_expect(w.m, pinned, BASE, 2);
	device_fill(w.m, pinned, BASE, 3);
	app_expect(w.mm, BASE, PAGE, 3);
	assert_int_equal(gup_put_page(w.m, got), 0);
	assert_int_equal(gup_unpin_user_page(w.m, pinned), 0);
	/* Shared memory: written to after all, and dirty from then on. */
	shm = new_shm(&w, PAGE);
	map_shared(w.mm, BASE + HUGE, PAGE, shm);
	app_peek(w.mm, BASE + HUGE);
	assert_int_equal(gup_mprotect(w.mm, BASE + HUGE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE + HUGE, PAGE, RW), 0);
	assert_false(frame_at(w.mm, BASE + HUGE).dirty);
	app_poke(w.mm, BASE + HUGE, 1);
	assert_true(frame_at(w.mm, BASE + HUGE).dirty);
	gup_object_put(shm);
	world_end(&w);
}

/* A debugger writes to read-only memory: a page of the application's own, which fork shares, and then not any more. */
static void force_after_fork(enum gup_entry entry)
{
	struct gup_page *page;
	struct gup_call call = { entry, BASE, 1, GUP_WRITE | GUP_FORCE, &page, NULL };
	struct gup_mm *child;
	struct world w;
	uint64_t pfn;

	world_begin(&w, &(struct world_spec){ .normal = 8, .contract = GUP_NATIVE });
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_READ), 0);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(take(w.mm, &call, NULL), 1);
	assert_int_equal(gup_page_to_pfn(w.m, page), pfn);
	assert_int_equal(release(w.m, entry, &page, 1), 0);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(gup_user_pfn(child, BASE), pfn);
	assert_int_equal(take(child, &call, NULL), 1);
	assert_int_not_equal(gup_page_to_pfn(w.m, page), pfn);
	assert_true(same_frame(child, BASE, page));
	device_fill(w.m, page, BASE, 2);
	app_expect(child, BASE, PAGE, 2);
	app_expect(w.mm, BASE, PAGE, 1);
	assert_true(app_cannot_write(child, BASE));
	assert_int_equal(release(w.m, entry, &page, 1), 0);
	world_end(&w);
}

static void force_writes_to_nobody_elses_page(void **state)
{
	(void)state;
	force_after_fork(GUP_PIN_USER_PAGES);
	force_after_fork(GUP_PIN_USER_PAGES_FAST);
	force_after_fork(GUP_GET_USER_PAGES_REMOTE);
}

/* Shared memory and pages of objects: FORCE has no private copy there, or makes one. */
static void force_and_objects(void **state)
{
	struct gup_page *page;
	struct gup_call call = { GUP_PIN_USER_PAGES, BASE, 1, GUP_WRITE | GUP_FORCE, &page, NULL };
	struct gup_why why = { 0 };
	struct gup_object *shm;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	shm = new_shm(&w, PAGE);
	map_shared(w.mm, BASE, PAGE, shm);
	map_private(w.mm, BASE + HUGE, PAGE, shm);
	app_fill(w.mm, BASE, PAGE, 1);
	assert_int_equal(app_peek(w.mm, BASE + HUGE), app_peek(w.mm, BASE));
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE + HUGE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_FORCE_SHARED);
	call.start = BASE + HUGE;
	assert_int_equal(take(w.mm, &call, &why), 1);
	assert_int_equal(frame_of(w.m, page).kind, GUP_FRAME_ANON);
	device_fill(w.m, page, BASE, 2);
	app_expect(w.mm, BASE, PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	gup_object_put(shm);
	world_end(&w);
}

/* A hole in the object is none in the private copy; only an object that becomes shorter takes it along. */
static void private_copies_outlive_a_hole(void **state)
{
	struct gup_object *shm;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	shm = new_shm(&w, 2 * PAGE);
	map_shared(w.mm, BASE + HUGE, 2 * PAGE, shm);
	map_private(w.mm, BASE, 2 * PAGE, shm);
	app_fill(w.mm, BASE + HUGE, 2 * PAGE, 1);
	app_fill(w.mm, BASE, PAGE, 2);
	app_peek(w.mm, BASE + PAGE);
	assert_int_equal(gup_object_punch(shm, 0, 2 * PAGE, 0, NULL), 0);
	app_expect(w.mm, BASE, PAGE, 2);
	app_expect_zero(w.mm, BASE + PAGE, PAGE);
	app_expect_zero(w.mm, BASE + HUGE, 2 * PAGE);
	assert_int_equal(gup_object_truncate(shm, 0, 0, NULL), 0);
	assert_true(app_cannot_read(w.mm, BASE));
	gup_object_put(shm);
	world_end(&w);
}

/* FORCE reads through PROT_NONE; without it nothing is to be had, fast or slow. */
static void force_reads_what_nobody_may(void **state)
{
	struct gup_page *page;
	struct gup_why why = { 0 };
	struct gup_call call = { GUP_PIN_USER_PAGES, BASE, 1, 0, &page, NULL };
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .contract = GUP_NATIVE });
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, 0), 0);
	assert_int_equal(gup_pin_user_pages_fast_only(w.mm, BASE, 1, 0, &page), 0);
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_VMA_NOT_READABLE);
	call.flags = GUP_FORCE;
	assert_int_equal(take(w.mm, &call, &why), 1);
	device_expect(w.m, page, BASE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

static void a_get_leaves_sharing_as_it_is(void **state)
{
	static const enum gup_entry entries[] = {
		GUP_GET_USER_PAGES,
		GUP_GET_USER_PAGES_FAST,
		GUP_GET_USER_PAGES_FAST_ONLY,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(entries); i++) {
		struct gup_page *pages[NR];
		struct gup_call call = { entries[i], BASE, NR, 0, pages, NULL };
		struct gup_mm *child;
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 8 });
		map_anon(w.mm, BASE, NR * PAGE);
		app_fill(w.mm, BASE, NR * PAGE, 1);
		child = world_fork(&w, w.mm, "child");
		assert_int_equal(take(child, &call, NULL), NR);
		assert_true(same_frame(w.mm, BASE, pages[0]));
		assert_true(same_frame(child, BASE + (NR - 1) * PAGE, pages[NR - 1]));
		check_rest(w.m, 0, NR);
		assert_int_equal(gup_put_pages(w.m, pages, NR), 0);
		world_end(&w);
	}
}

/* One page of the middle is not the child's alone: a read-only pin makes exactly that one its own. */
static void unsharing_goes_page_by_page(void **state)
{
	struct gup_page *pages[NR];
	struct gup_mm *child;
	struct world w;
	unsigned int i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .contract = GUP_NATIVE });
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	/* By 4 KiB entries, exclusive but for what the child still shares. */
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, RW), 0);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(gup_munmap(child, BASE, 2 * PAGE), 0);
	for (i = 0; i < NR; i++)
		assert_int_equal(gup_user_pfn(child, BASE + i * PAGE), i < 2 ? 0 : gup_user_pfn(w.mm, BASE + i * PAGE));
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, NR, 0, pages), NR);
	for (i = 0; i < NR; i++) {
		assert_true(same_frame(w.mm, BASE + i * PAGE, pages[i]));
		assert_true(frame_of(w.m, pages[i]).exclusive);
	}
	app_fill(child, BASE + 2 * PAGE, 2 * PAGE, 2);
	for (i = 0; i < NR; i++)
		device_expect(w.m, pages[i], BASE + i * PAGE, 1);
	check_rest(w.m, NR, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	world_end(&w);
}

static void one_device_one_object(void **state)
{
	struct gup_object *first, *second;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .devdax = 2 });
	assert_int_equal(gup_devdax_open(w.m, DRAM, &first), 0);
	assert_int_equal(gup_devdax_open(w.m, DRAM, &second), 0);
	assert_ptr_equal(first, second);
	map_shared(w.mm, BASE, NR * PAGE, first);
	map_shared(w.mm, BASE + HUGE, NR * PAGE, second);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(app_peek(w.mm, BASE + HUGE + PAGE), app_peek(w.mm, BASE + PAGE));
	assert_int_equal(frame_at(w.mm, BASE).mapcount, 1);
	assert_int_equal(frame_at(w.mm, BASE + PAGE).mapcount, 2);
	check_rest(w.m, 0, 0);
	gup_object_put(first);
	gup_object_put(second);
	world_end(&w);
}

/* Blocks that lie apart are extents of their own, each as long as it is. */
static void extents_of_a_scattered_file(void **state)
{
	struct gup_dax_extent extents[4];
	struct gup_object *file, *thief;
	struct world w;
	uint8_t byte = 1;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .dax = 2 });
	file = new_dax_file(&w, 8 * PAGE);
	assert_int_equal(gup_object_punch(file, 3 * PAGE, PAGE, 0, NULL), 0);
	assert_int_equal(gup_dax_extents(file, NULL, 0) >= 2, true);
	thief = new_dax_file(&w, PAGE);
	assert_int_equal(gup_object_write(file, 3 * PAGE, &byte, 1), 1);
	gup_object_put(thief);
	assert_int_equal(gup_object_truncate(file, 5 * PAGE, 0, NULL), 0);
	assert_int_equal(gup_dax_extents(file, extents, 4), 3);
	assert_int_equal(extents[0].bytes + extents[1].bytes + extents[2].bytes, 5 * PAGE);
	assert_int_equal(extents[1].offset, 3 * PAGE);
	assert_int_equal(extents[1].bytes, PAGE);
	assert_int_equal(extents[2].offset, 4 * PAGE);
	map_shared(w.mm, BASE, 5 * PAGE, file);
	assert_int_equal(app_peek(w.mm, BASE + 3 * PAGE), 1);
	assert_int_equal(gup_user_pfn(w.mm, BASE + 3 * PAGE), extents[1].pfn);
	/* No more than there is room for. */
	memset(extents, 0, sizeof(extents));
	assert_int_equal(gup_dax_extents(file, extents, 2), 3);
	assert_int_equal(extents[1].offset, 3 * PAGE);
	assert_int_equal(extents[2].bytes, 0);
	gup_object_put(file);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pinned_page_survives_protection),
		cmocka_unit_test(force_writes_to_nobody_elses_page),
		cmocka_unit_test(force_and_objects),
		cmocka_unit_test(private_copies_outlive_a_hole),
		cmocka_unit_test(force_reads_what_nobody_may),
		cmocka_unit_test(a_get_leaves_sharing_as_it_is),
		cmocka_unit_test(unsharing_goes_page_by_page),
		cmocka_unit_test(one_device_one_object),
		cmocka_unit_test(extents_of_a_scattered_file),
	};

	return cmocka_run_group_tests_name("whose", tests, NULL, NULL);
}
