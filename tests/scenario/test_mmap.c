/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_mmap.c - address spaces: mapping, unmapping, protecting, and what becomes of the data.
 *
 * Whether VMAs were split or merged cannot be seen from outside; what can be is that every address does what it
 * should afterwards.
 */
#include "world.h"

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 16, .contract = GUP_NATIVE });
}

static int64_t map_flags(struct gup_mm *mm, uint64_t addr, uint64_t bytes, unsigned int flags)
{
	return gup_mmap(mm, &(struct gup_map_request){ .addr = addr, .length = bytes, .prot = RW, .flags = flags });
}

static void hint_and_anywhere(void **state)
{
	struct world w;
	int64_t first, second, third;

	(void)state;
	begin(&w);
	first = map_flags(w.mm, 0, 3 * PAGE, GUP_MAP_PRIVATE);
	assert_true(first > 0 && first % PAGE == 0);
	second = map_flags(w.mm, BASE, 3 * PAGE, GUP_MAP_PRIVATE);
	assert_int_equal(second, BASE);
	third = map_flags(w.mm, BASE + PAGE, 3 * PAGE, GUP_MAP_PRIVATE);
	assert_true(third > 0 && (third >= (int64_t)(BASE + 3 * PAGE) || third <= (int64_t)(BASE - 3 * PAGE)));
	app_fill(w.mm, first, 3 * PAGE, 1);
	app_fill(w.mm, second, 3 * PAGE, 2);
	app_fill(w.mm, third, 3 * PAGE, 3);
	app_expect(w.mm, first, 3 * PAGE, 1);
	app_expect(w.mm, second, 3 * PAGE, 2);
	app_expect(w.mm, third, 3 * PAGE, 3);
	world_end(&w);
}

static void length_is_rounded_up(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(map_flags(w.mm, BASE, PAGE + 1, ANON_AT), BASE);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_true(app_cannot_write(w.mm, BASE + 2 * PAGE));
	world_end(&w);
}

static void fixed_replaces_noreplace_does_not(void **state)
{
	const unsigned int noreplace = GUP_MAP_PRIVATE | GUP_MAP_FIXED_NOREPLACE;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 6 * PAGE);
	app_fill(w.mm, BASE, 6 * PAGE, 1);
	assert_int_equal(map_flags(w.mm, BASE + 5 * PAGE, 2 * PAGE, noreplace), -GUP_EEXIST);
	assert_true(app_cannot_write(w.mm, BASE + 6 * PAGE));
	map_anon(w.mm, BASE + 2 * PAGE, 2 * PAGE);
	app_expect(w.mm, BASE, 2 * PAGE, 1);
	app_expect_zero(w.mm, BASE + 2 * PAGE, 2 * PAGE);
	app_expect(w.mm, BASE + 4 * PAGE, 2 * PAGE, 1);
	assert_int_equal(map_flags(w.mm, BASE + 6 * PAGE, 2 * PAGE, noreplace), BASE + 6 * PAGE);
	app_fill(w.mm, BASE, 8 * PAGE, 2);
	app_expect(w.mm, BASE, 8 * PAGE, 2);
	world_end(&w);
}

static void populate_flag(void **state)
{
	struct world w;
	struct gup_stats before;
	unsigned int i;

	(void)state;
	begin(&w);
	assert_int_equal(map_flags(w.mm, BASE, 5 * PAGE, ANON_AT | GUP_MAP_POPULATE), BASE);
	before = stats_of(w.m);
	for (i = 0; i < 5; i++)
		assert_int_equal(frame_at(w.mm, BASE + i * PAGE).kind, GUP_FRAME_ANON);
	app_fill(w.mm, BASE, 5 * PAGE, 1);
	assert_int_equal(stats_of(w.m).faults, before.faults);
	world_end(&w);
}

static void unmap_middle_and_holes(void **state)
{
	struct world w;
	uint64_t free;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 8 * PAGE);
	app_fill(w.mm, BASE, 8 * PAGE, 1);
	free = free_frames(w.m);
	assert_int_equal(gup_munmap(w.mm, BASE + 2 * PAGE, 2 * PAGE), 0);
	assert_true(free_frames(w.m) >= free + 1);
	app_expect(w.mm, BASE, 2 * PAGE, 1);
	assert_true(app_cannot_read(w.mm, BASE + 2 * PAGE));
	assert_true(app_cannot_write(w.mm, BASE + 3 * PAGE));
	app_expect(w.mm, BASE + 4 * PAGE, 4 * PAGE, 1);
	assert_int_equal(gup_user_pfn(w.mm, BASE + 2 * PAGE), 0);
	/* Across the hole, and where nothing is at all. */
	assert_int_equal(gup_munmap(w.mm, BASE + PAGE, 4 * PAGE), 0);
	assert_int_equal(gup_munmap(w.mm, BASE + 64 * PAGE, PAGE), 0);
	app_expect(w.mm, BASE, PAGE, 1);
	app_expect(w.mm, BASE + 5 * PAGE, 3 * PAGE, 1);
	assert_true(app_cannot_read(w.mm, BASE + PAGE));
	check_rest(w.m, 0, 0);
	/* Mapped again: nothing of the old data. */
	map_anon(w.mm, BASE, 8 * PAGE);
	app_expect_zero(w.mm, BASE, 8 * PAGE);
	world_end(&w);
}

static void adjacent_mappings_act_as_one(void **state)
{
	struct gup_page *pages[6];
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 2 * PAGE);
	map_anon(w.mm, BASE + 4 * PAGE, 2 * PAGE);
	map_anon(w.mm, BASE + 2 * PAGE, 2 * PAGE);
	assert_int_equal(pin_plain(w.mm, BASE, 6, GUP_WRITE, pages), 6);
	check_rest(w.m, 6, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 6), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, 4 * PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, 6 * PAGE, RW), 0);
	app_fill(w.mm, BASE, 6 * PAGE, 3);
	assert_int_equal(gup_munmap(w.mm, BASE, 6 * PAGE), 0);
	assert_true(app_cannot_read(w.mm, BASE + 5 * PAGE));
	world_end(&w);
}

static void protect_and_back_keeps_data(void **state)
{
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	pfn = gup_user_pfn(w.mm, BASE + PAGE);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, 2 * PAGE, 0), 0);
	assert_true(app_cannot_read(w.mm, BASE + PAGE));
	assert_true(app_cannot_write(w.mm, BASE + 2 * PAGE));
	app_expect(w.mm, BASE, PAGE, 1);
	app_expect(w.mm, BASE + 3 * PAGE, PAGE, 1);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, 2 * PAGE, GUP_PROT_READ), 0);
	app_expect(w.mm, BASE, 4 * PAGE, 1);
	assert_true(app_cannot_write(w.mm, BASE + PAGE));
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, 2 * PAGE, RW), 0);
	app_expect(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_user_pfn(w.mm, BASE + PAGE), pfn);
	app_fill(w.mm, BASE, 4 * PAGE, 2);
	assert_int_equal(gup_user_pfn(w.mm, BASE + PAGE), pfn);
	world_end(&w);
}

static void protect_part_of_huge_folio(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	assert_int_equal(gup_mprotect(w.mm, BASE + 100 * PAGE, 3 * PAGE, GUP_PROT_READ), 0);
	assert_true(app_cannot_write(w.mm, BASE + 101 * PAGE));
	app_expect(w.mm, BASE, HUGE, 1);
	app_fill(w.mm, BASE + 103 * PAGE, PAGE, 2);
	assert_int_equal(gup_mprotect(w.mm, BASE, HUGE, 0), 0);
	assert_true(app_cannot_read(w.mm, BASE + 511 * PAGE));
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, HUGE, RW), 0);
	app_expect(w.mm, BASE, 103 * PAGE, 1);
	app_expect(w.mm, BASE + 103 * PAGE, PAGE, 2);
	app_expect(w.mm, BASE + 104 * PAGE, 408 * PAGE, 1);
	world_end(&w);
}

static void protect_with_hole_changes_what_lies_before_it(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 2 * PAGE);
	map_anon(w.mm, BASE + 3 * PAGE, PAGE);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, 3 * PAGE, GUP_PROT_READ), -GUP_ENOMEM);
	assert_int_equal(gup_mprotect(w.mm, BASE + 2 * PAGE, 2 * PAGE, GUP_PROT_READ), -GUP_ENOMEM);
	app_fill(w.mm, BASE, PAGE, 2);
	assert_true(gup_copy_to_user(w.mm, BASE + PAGE, "x", 1));
	app_fill(w.mm, BASE + 3 * PAGE, PAGE, 1);
	world_end(&w);
}

static void dontneed_drops_data(void **state)
{
	struct gup_page *page;
	struct gup_object *shm;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + PAGE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_madvise(w.mm, BASE + PAGE, 2 * PAGE, GUP_MADV_DONTNEED), 0);
	check_rest(w.m, 1, 0);
	app_expect(w.mm, BASE, PAGE, 1);
	app_expect_zero(w.mm, BASE + PAGE, 2 * PAGE);
	app_expect(w.mm, BASE + 3 * PAGE, PAGE, 1);
	app_fill(w.mm, BASE + PAGE, PAGE, 2);
	device_expect(w.m, page, BASE + PAGE, 1);
	assert_false(same_frame(w.mm, BASE + PAGE, page));
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	/* Shared memory keeps its data in the object. */
	shm = new_shm(&w, 2 * PAGE);
	map_shared(w.mm, BASE + HUGE, 2 * PAGE, shm);
	app_fill(w.mm, BASE + HUGE, 2 * PAGE, 3);
	assert_int_equal(gup_madvise(w.mm, BASE + HUGE, 2 * PAGE, GUP_MADV_DONTNEED), 0);
	assert_int_equal(gup_user_pfn(w.mm, BASE + HUGE), 0);
	app_expect(w.mm, BASE + HUGE, 2 * PAGE, 3);
	gup_object_put(shm);
	world_end(&w);
}

#define MANY 10000

static void ten_thousand_vmas(void **state)
{
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w);
	for (i = 0; i < MANY; i++)
		map_anon(w.mm, BASE + 2 * i * PAGE, PAGE);
	for (i = 0; i < MANY; i += 97) {
		app_fill(w.mm, BASE + 2 * i * PAGE, PAGE, i);
		assert_true(app_cannot_read(w.mm, BASE + (2 * i + 1) * PAGE));
	}
	check_rest(w.m, 0, 0);
	for (i = 0; i < MANY; i += 97)
		app_expect(w.mm, BASE + 2 * i * PAGE, PAGE, i);
	for (i = 1; i < MANY; i += 2)
		assert_int_equal(gup_munmap(w.mm, BASE + 2 * i * PAGE, PAGE), 0);
	app_expect(w.mm, BASE + 2 * 194 * PAGE, PAGE, 194);
	assert_true(app_cannot_read(w.mm, BASE + 2 * 97 * PAGE));
	assert_int_equal(gup_munmap(w.mm, BASE, 2 * MANY * PAGE), 0);
	assert_true(app_cannot_read(w.mm, BASE));
	world_end(&w);
}

static void ten_thousand_splits_merge_back(void **state)
{
	struct world w;
	uint64_t free;
	unsigned int i;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, MANY * PAGE);
	assert_int_equal(gup_madvise(w.mm, BASE, MANY * PAGE, GUP_MADV_NOHUGEPAGE), 0);
	free = free_frames(w.m);
	for (i = 1; i < MANY; i += 2)
		assert_int_equal(gup_mprotect(w.mm, BASE + i * PAGE, PAGE, GUP_PROT_READ), 0);
	assert_true(free_frames(w.m) < free);
	assert_true(app_cannot_write(w.mm, BASE + 5001 * PAGE));
	app_poke(w.mm, BASE + 5000 * PAGE, 1);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, MANY * PAGE, RW), 0);
	app_poke(w.mm, BASE + 5001 * PAGE, 2);
	assert_int_equal(app_peek(w.mm, BASE + 5000 * PAGE), 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void does_not_fit(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(map_flags(w.mm, 0, GUP_USER_TOP + PAGE, GUP_MAP_PRIVATE), -GUP_ENOMEM);
	assert_int_equal(map_flags(w.mm, GUP_USER_TOP - PAGE, 2 * PAGE, ANON_AT), -GUP_ENOMEM);
	assert_int_equal(map_flags(w.mm, GUP_USER_TOP - PAGE, PAGE, ANON_AT), GUP_USER_TOP - PAGE);
	app_fill(w.mm, GUP_USER_TOP - PAGE, PAGE, 1);
	app_expect(w.mm, GUP_USER_TOP - PAGE, PAGE, 1);
	assert_int_equal(map_flags(w.mm, 0, PAGE, ANON_AT), 0);
	app_fill(w.mm, 0, PAGE, 2);
	app_expect(w.mm, 0, PAGE, 2);
	world_end(&w);
}

static void contradicting_flags(void **state)
{
	static const unsigned int bad[] = {
		0,
		GUP_MAP_SHARED | GUP_MAP_PRIVATE,
		GUP_MAP_FIXED,
		GUP_MAP_PRIVATE | 0x80000000u,
		GUP_MAP_PRIVATE | 0x04u,
	};
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(map_flags(w.mm, BASE, PAGE, bad[i]), -GUP_EINVAL);
	assert_int_equal(map_flags(w.mm, BASE + 1, PAGE, ANON_AT), -GUP_EINVAL);
	assert_int_equal(map_flags(w.mm, BASE, 0, ANON_AT), -GUP_EINVAL);
	assert_true(app_cannot_read(w.mm, BASE));
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hint_and_anywhere),
		cmocka_unit_test(length_is_rounded_up),
		cmocka_unit_test(fixed_replaces_noreplace_does_not),
		cmocka_unit_test(populate_flag),
		cmocka_unit_test(unmap_middle_and_holes),
		cmocka_unit_test(adjacent_mappings_act_as_one),
		cmocka_unit_test(protect_and_back_keeps_data),
		cmocka_unit_test(protect_part_of_huge_folio),
		cmocka_unit_test(protect_with_hole_changes_what_lies_before_it),
		cmocka_unit_test(dontneed_drops_data),
		cmocka_unit_test(ten_thousand_vmas),
		cmocka_unit_test(ten_thousand_splits_merge_back),
		cmocka_unit_test(does_not_fit),
		cmocka_unit_test(contradicting_flags),
	};

	return cmocka_run_group_tests_name("mmap", tests, NULL, NULL);
}
