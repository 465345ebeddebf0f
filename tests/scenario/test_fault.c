/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_fault.c - faults: what a first touch brings, and what an access does that may not be.
 *
 * Applications touch memory with gup_copy_{to,from}_user(); gup_frame_info() shows what came.
 */
#include "world.h"

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 16, .contract = GUP_NATIVE });
}

static void read_brings_zero_page(void **state)
{
	struct world w;
	uint64_t zero;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	app_expect_zero(w.mm, BASE, 4 * PAGE);
	zero = gup_user_pfn(w.mm, BASE);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_ZERO);
	assert_int_equal(gup_user_pfn(w.mm, BASE + 3 * PAGE), zero);
	check_rest(w.m, 0, 0);
	/* Writing replaces it for this page alone. */
	app_fill(w.mm, BASE + PAGE, PAGE, 1);
	assert_int_equal(frame_at(w.mm, BASE + PAGE).kind, GUP_FRAME_ANON);
	assert_int_equal(gup_user_pfn(w.mm, BASE), zero);
	app_expect_zero(w.mm, BASE, PAGE);
	app_expect_zero(w.mm, BASE + 2 * PAGE, 2 * PAGE);
	app_expect(w.mm, BASE + PAGE, PAGE, 1);
	world_end(&w);
}

static void part_of_page_over_zero_page(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, PAGE);
	assert_int_equal(app_peek(w.mm, BASE + 7), 0);
	app_poke(w.mm, BASE + 100, 0x5a);
	app_expect_zero(w.mm, BASE, 96);
	assert_int_equal(app_peek(w.mm, BASE + 100), 0x5a);
	app_expect_zero(w.mm, BASE + 104, PAGE - 104);
	world_end(&w);
}

static void write_brings_one_frame(void **state)
{
	struct gup_frame_info info;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 2 * PAGE);
	app_poke(w.mm, BASE, 1);
	info = frame_at(w.mm, BASE);
	assert_int_equal(info.kind, GUP_FRAME_ANON);
	assert_int_equal(info.order, 0);
	assert_int_equal(info.refs, 1);
	assert_int_equal(info.pins, 0);
	assert_int_equal(info.mapcount, 1);
	assert_true(info.exclusive);
	assert_true(info.dirty);
	assert_int_equal(gup_user_pfn(w.mm, BASE + PAGE), 0);
	world_end(&w);
}

static void aligned_memory_gets_huge_folio(void **state)
{
	struct gup_frame_info info;
	struct gup_stats before;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE + PAGE);
	before = stats_of(w.m);
	app_fill(w.mm, BASE, HUGE + PAGE, 1);
	assert_int_equal(stats_of(w.m).faults - before.faults, 2);
	info = frame_at(w.mm, BASE);
	assert_int_equal(info.order, GUP_HUGE_ORDER);
	assert_int_equal(info.refs, 1);
	assert_int_equal(info.mapcount, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(pfn % GUP_HUGE_PAGES, 0);
	assert_int_equal(info.head_pfn, pfn);
	assert_int_equal(gup_user_pfn(w.mm, BASE + 511 * PAGE), pfn + 511);
	assert_int_equal(frame_at(w.mm, BASE + 511 * PAGE).head_pfn, pfn);
	assert_int_equal(frame_at(w.mm, BASE + HUGE).order, 0);
	app_expect(w.mm, BASE, HUGE + PAGE, 1);
	world_end(&w);
}

static void huge_folio_reads_zero_first(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	app_poke(w.mm, BASE + 5 * PAGE, 0);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	app_expect_zero(w.mm, BASE, HUGE);
	world_end(&w);
}

static void no_huge_pages(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 16, .no_huge_pages = true });
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, 3 * PAGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).order, 0);
	assert_int_equal(gup_user_pfn(w.mm, BASE + 3 * PAGE), 0);
	world_end(&w);
}

static void madvise_forbids_and_allows_huge(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 3 * HUGE);
	assert_int_equal(gup_madvise(w.mm, BASE, 2 * HUGE, GUP_MADV_NOHUGEPAGE), 0);
	assert_int_equal(gup_madvise(w.mm, BASE + HUGE, HUGE, GUP_MADV_HUGEPAGE), 0);
	app_poke(w.mm, BASE, 1);
	app_poke(w.mm, BASE + HUGE, 1);
	app_poke(w.mm, BASE + 2 * HUGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).order, 0);
	assert_int_equal(frame_at(w.mm, BASE + HUGE).order, GUP_HUGE_ORDER);
	assert_int_equal(frame_at(w.mm, BASE + 2 * HUGE).order, GUP_HUGE_ORDER);
	world_end(&w);
}

static void partial_unmap_then_split_frees_the_rest(void **state)
{
	struct gup_page *page;
	struct world w;
	uint64_t free;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_munmap(w.mm, BASE + HUGE / 2, HUGE / 2), 0);
	free = free_frames(w.m);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	assert_int_equal(frame_at(w.mm, BASE).mapcount, 256);
	app_expect(w.mm, BASE, HUGE / 2, 1);
	assert_true(app_cannot_read(w.mm, BASE + HUGE / 2));
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE + 3 * PAGE, 1, 0, &page), 1);
	assert_int_equal(gup_split_folio(w.m, page, NULL), 0);
	check_rest(w.m, 0, 1);
	assert_int_equal(free_frames(w.m), free + 256);
	assert_int_equal(frame_at(w.mm, BASE).order, 0);
	assert_true(same_frame(w.mm, BASE + 3 * PAGE, page));
	assert_int_equal(frame_of(w.m, page).refs, 2);
	assert_int_equal(frame_at(w.mm, BASE + 4 * PAGE).refs, 1);
	assert_int_equal(gup_split_folio(w.m, page, NULL), 0);
	assert_int_equal(gup_put_page(w.m, page), 0);
	app_expect(w.mm, BASE, HUGE / 2, 1);
	app_fill(w.mm, BASE, HUGE / 2, 2);
	app_expect(w.mm, BASE, HUGE / 2, 2);
	world_end(&w);
}

static void split_refused_while_held(void **state)
{
	struct gup_page *pages[2];
	struct gup_why why = { 0 };
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 1, 0, pages), 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 9 * PAGE, 1, 0, pages + 1), 1);
	assert_int_equal(gup_split_folio(w.m, pages[0], &why), -GUP_EBUSY);
	assert_int_equal(why.error, -GUP_EBUSY);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	app_expect(w.mm, BASE, HUGE, 1);
	check_rest(w.m, 1, 1);
	assert_int_equal(gup_unpin_user_page(w.m, pages[1]), 0);
	assert_int_equal(gup_split_folio(w.m, pages[0], &why), 0);
	assert_int_equal(gup_put_page(w.m, pages[0]), 0);
	app_expect(w.mm, BASE, HUGE, 1);
	world_end(&w);
}

static void shared_memory_is_shared(void **state)
{
	struct gup_object *shm;
	struct gup_mm *other;
	struct world w;
	uint8_t buf[PAGE];

	(void)state;
	begin(&w);
	other = world_mm(&w, "other");
	shm = new_shm(&w, 4 * PAGE);
	map_shared(w.mm, BASE, 4 * PAGE, shm);
	map_shared(other, BASE, 4 * PAGE, shm);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	app_expect(other, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_user_pfn(w.mm, BASE), gup_user_pfn(other, BASE));
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_SHM);
	assert_int_equal(frame_at(w.mm, BASE).mapcount, 2);
	assert_int_equal(frame_at(w.mm, BASE).refs, 3); /* two mappings and the object */
	app_fill(other, BASE + PAGE, PAGE, 2);
	app_expect(w.mm, BASE + PAGE, PAGE, 2);
	assert_int_equal(gup_object_read(shm, PAGE, buf, PAGE), PAGE);
	assert_true(pattern_is(buf, BASE + PAGE, PAGE, 2));
	pattern_make(buf, BASE + 2 * PAGE, PAGE, 3);
	assert_int_equal(gup_object_write(shm, 2 * PAGE, buf, PAGE), PAGE);
	app_expect(w.mm, BASE + 2 * PAGE, PAGE, 3);
	world_exit(&w, other);
	gup_object_put(shm);
	app_expect(w.mm, BASE, PAGE, 1);
	world_end(&w);
}

static void private_mapping_of_object_copies(void **state)
{
	struct gup_object *shm;
	struct world w;
	uint8_t buf[PAGE];

	(void)state;
	begin(&w);
	shm = new_shm(&w, 2 * PAGE);
	map_shared(w.mm, BASE, 2 * PAGE, shm);
	map_private(w.mm, BASE + HUGE, 2 * PAGE, shm);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(gup_copy_from_user(w.mm, buf, BASE + HUGE, PAGE), 0);
	assert_true(pattern_is(buf, BASE, PAGE, 1));
	assert_int_equal(gup_user_pfn(w.mm, BASE), gup_user_pfn(w.mm, BASE + HUGE));
	app_fill(w.mm, BASE + HUGE, PAGE, 2);
	assert_int_equal(frame_at(w.mm, BASE + HUGE).kind, GUP_FRAME_ANON);
	app_expect(w.mm, BASE, 2 * PAGE, 1);
	app_fill(w.mm, BASE, PAGE, 3);
	app_expect(w.mm, BASE + HUGE, PAGE, 2);
	gup_object_put(shm);
	world_end(&w);
}

static void huge_shared_memory(void **state)
{
	struct gup_object *shm;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_shm_create(w.m, 2 * HUGE, GUP_SHM_HUGE, &shm), 0);
	map_shared(w.mm, BASE, 2 * HUGE, shm);
	app_fill(w.mm, BASE, 2 * HUGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_SHM);
	check_rest(w.m, 0, 0);
	app_expect(w.mm, BASE, 2 * HUGE, 1);
	gup_object_put(shm);
	world_end(&w);
}

static void beyond_the_end(void **state)
{
	struct gup_object *shm;
	struct world w;
	uint8_t buf[4 * PAGE];

	(void)state;
	begin(&w);
	shm = new_shm(&w, 2 * PAGE);
	map_shared(w.mm, BASE, 4 * PAGE, shm);
	pattern_make(buf, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_copy_to_user(w.mm, BASE, buf, 4 * PAGE), 2 * PAGE);
	assert_int_equal(gup_copy_from_user(w.mm, buf, BASE + PAGE, 2 * PAGE), PAGE);
	assert_true(app_cannot_read(w.mm, BASE + 2 * PAGE));
	assert_int_equal(gup_populate(w.mm, BASE, 4 * PAGE), -GUP_EFAULT);
	assert_int_equal(gup_object_truncate(shm, 3 * PAGE, 0, NULL), 0);
	app_expect_zero(w.mm, BASE + 2 * PAGE, PAGE);
	app_expect(w.mm, BASE, 2 * PAGE, 1);
	/* Shrinking takes the mapping's pages away. */
	assert_int_equal(gup_object_truncate(shm, PAGE, 0, NULL), 0);
	assert_int_equal(gup_user_pfn(w.mm, BASE + PAGE), 0);
	assert_true(app_cannot_read(w.mm, BASE + PAGE));
	app_expect(w.mm, BASE, PAGE, 1);
	gup_object_put(shm);
	world_end(&w);
}

static void populate(void **state)
{
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	assert_int_equal(gup_populate(w.mm, BASE, 4 * PAGE), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(frame_at(w.mm, BASE + i * PAGE).kind, GUP_FRAME_ANON);
		assert_true(frame_at(w.mm, BASE + i * PAGE).exclusive);
	}
	assert_int_equal(gup_populate(w.mm, BASE, 6 * PAGE), -GUP_ENOMEM);
	assert_int_equal(gup_populate(w.mm, BASE + HUGE, PAGE), -GUP_ENOMEM);
	assert_int_equal(gup_mprotect(w.mm, BASE, 4 * PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_madvise(w.mm, BASE, 4 * PAGE, GUP_MADV_DONTNEED), 0);
	assert_int_equal(gup_populate(w.mm, BASE, 4 * PAGE), 0);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_ZERO);
	assert_int_equal(gup_mprotect(w.mm, BASE, 4 * PAGE, 0), 0);
	assert_int_equal(gup_populate(w.mm, BASE, 4 * PAGE), -GUP_EFAULT);
	world_end(&w);
}

static void populate_advice(void **state)
{
	struct gup_object *shm, *regs;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	assert_int_equal(gup_madvise(w.mm, BASE, 2 * PAGE, GUP_MADV_POPULATE_READ), 0);
	assert_int_equal(frame_at(w.mm, BASE + PAGE).kind, GUP_FRAME_ZERO);
	assert_int_equal(gup_user_pfn(w.mm, BASE + 2 * PAGE), 0);
	assert_int_equal(gup_madvise(w.mm, BASE, 4 * PAGE, GUP_MADV_POPULATE_WRITE), 0);
	assert_int_equal(frame_at(w.mm, BASE + 3 * PAGE).kind, GUP_FRAME_ANON);
	assert_int_equal(gup_madvise(w.mm, BASE, 5 * PAGE, GUP_MADV_POPULATE_READ), -GUP_ENOMEM);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_madvise(w.mm, BASE, 5 * PAGE, GUP_MADV_POPULATE_WRITE), -GUP_EINVAL);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_WRITE), 0);
	assert_int_equal(gup_madvise(w.mm, BASE, PAGE, GUP_MADV_POPULATE_READ), -GUP_EINVAL);
	assert_int_equal(gup_madvise(w.mm, BASE, PAGE, GUP_MADV_POPULATE_WRITE), 0);
	assert_int_equal(gup_pfnmap_create(w.m, UINT64_C(1) << 30, PAGE, &regs), 0);
	map_shared(w.mm, BASE + HUGE, PAGE, regs);
	assert_int_equal(gup_madvise(w.mm, BASE + HUGE, PAGE, GUP_MADV_POPULATE_READ), -GUP_EINVAL);
	/* What comes before the end of the object stays. */
	shm = new_shm(&w, 2 * PAGE);
	map_private(w.mm, BASE + 2 * HUGE, 4 * PAGE, shm);
	assert_int_equal(gup_madvise(w.mm, BASE + 2 * HUGE, 4 * PAGE, GUP_MADV_POPULATE_READ), -GUP_EFAULT);
	assert_int_equal(frame_at(w.mm, BASE + 2 * HUGE + PAGE).kind, GUP_FRAME_SHM);
	assert_int_equal(gup_madvise(w.mm, BASE + 2 * HUGE, 4 * PAGE, GUP_MADV_POPULATE_WRITE), -GUP_EFAULT);
	assert_int_equal(frame_at(w.mm, BASE + 2 * HUGE + PAGE).kind, GUP_FRAME_ANON);
	gup_object_put(regs);
	gup_object_put(shm);
	world_end(&w);
}

static int fixup(struct gup_mm *mm, uint64_t addr, unsigned int flags)
{
	bool unlocked = false;
	int ret;

	gup_mmap_read_lock(mm);
	ret = gup_fixup_user_fault(mm, addr, flags, &unlocked);
	gup_mmap_read_unlock(mm);
	return ret;
}

static void fixup_user_fault(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 2 * PAGE);
	assert_int_equal(fixup(w.mm, BASE + 5, 0), 0);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_ZERO);
	assert_int_equal(fixup(w.mm, BASE + 5, GUP_WRITE), 0);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_ANON);
	assert_int_equal(fixup(w.mm, BASE + 2 * PAGE, 0), -GUP_EFAULT);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(fixup(w.mm, BASE, GUP_WRITE), -GUP_EFAULT);
	assert_int_equal(fixup(w.mm, BASE, 0), 0);
	assert_int_equal(fixup(w.mm, BASE, GUP_LONGTERM), -GUP_EINVAL);
	gup_mmap_read_lock(w.mm);
	assert_int_equal(gup_fixup_user_fault(w.mm, BASE + PAGE, GUP_WRITE, NULL), 0);
	gup_mmap_read_unlock(w.mm);
	assert_int_equal(frame_at(w.mm, BASE + PAGE).kind, GUP_FRAME_ANON);
	world_end(&w);
}

static void copies_stop_where_they_must(void **state)
{
	uint8_t buf[4 * PAGE], back[4 * PAGE];
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 2 * PAGE);
	pattern_make(buf, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_copy_to_user(w.mm, BASE + 24, buf + 24, 3 * PAGE), PAGE + 24);
	memset(back, 0, sizeof(back));
	assert_int_equal(gup_copy_from_user(w.mm, back, BASE, 3 * PAGE), PAGE);
	assert_true(all_zero(back, 24));
	assert_memory_equal(back + 24, buf + 24, 2 * PAGE - 24);
	assert_true(all_zero(back + 2 * PAGE, PAGE));
	assert_int_equal(gup_copy_to_user(w.mm, BASE, buf, 0), 0);
	assert_int_equal(gup_copy_to_user(w.mm, GUP_USER_TOP - PAGE, buf, PAGE), PAGE);
	assert_int_equal(gup_copy_from_user(w.mm, back, UINT64_MAX - 10, 100), 100);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_copy_to_user(w.mm, BASE, buf, 2 * PAGE), PAGE);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, 0), 0);
	assert_int_equal(gup_copy_from_user(w.mm, back, BASE, 2 * PAGE), 2 * PAGE);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_brings_zero_page),
		cmocka_unit_test(part_of_page_over_zero_page),
		cmocka_unit_test(write_brings_one_frame),
		cmocka_unit_test(aligned_memory_gets_huge_folio),
		cmocka_unit_test(huge_folio_reads_zero_first),
		cmocka_unit_test(no_huge_pages),
		cmocka_unit_test(madvise_forbids_and_allows_huge),
		cmocka_unit_test(partial_unmap_then_split_frees_the_rest),
		cmocka_unit_test(split_refused_while_held),
		cmocka_unit_test(shared_memory_is_shared),
		cmocka_unit_test(private_mapping_of_object_copies),
		cmocka_unit_test(huge_shared_memory),
		cmocka_unit_test(beyond_the_end),
		cmocka_unit_test(populate),
		cmocka_unit_test(populate_advice),
		cmocka_unit_test(fixup_user_fault),
		cmocka_unit_test(copies_stop_where_they_must),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
