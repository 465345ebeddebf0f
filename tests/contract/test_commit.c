/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_commit.c - "mm/gup: replace get_user_pages_longterm() with FOLL_LONGTERM", change by change.
 *
 * First what the commit does, on a linux-5.2 machine and by Linux's own names, in the order of its diff; then the fast
 * variant, for which it was made; at last what it had to leave as FIXME, on a native machine.
 */
#include "world.h"

#define GUP_LINUX 502
#include <gup/linux.h>

#define NR 8
#define LONGTERM_WRITE (FOLL_LONGTERM | FOLL_WRITE)

static void begin(struct world *w, enum gup_contract_id contract)
{
	world_begin(
		w, &(struct world_spec){
			   .normal = 4, .cma = 8, .dax = 2, .devdax = 2, .contract = contract, .track_holders = true });
}

/* The plain form as its callers use it: under mmap_lock. */
static long get_user(struct world *w, uint64_t addr, unsigned long nr, unsigned int flags, struct gup_page **pages)
{
	long ret;

	gup_mmap_read_lock(w->mm);
	ret = get_user_pages(w->mm, addr, nr, flags, pages);
	gup_mmap_read_unlock(w->mm);
	return ret;
}

static long get_remote(struct world *w, uint64_t addr, unsigned long nr, unsigned int flags, struct gup_page **pages)
{
	long ret;

	gup_mmap_read_lock(w->mm);
	ret = get_user_pages_remote(w->mm, addr, nr, flags, pages, NULL);
	gup_mmap_read_unlock(w->mm);
	return ret;
}

static long get_locked(struct world *w, uint64_t addr, unsigned long nr, unsigned int flags, struct gup_page **pages)
{
	int locked = 1;
	long ret;

	gup_mmap_read_lock(w->mm);
	ret = get_user_pages_locked(w->mm, addr, nr, flags, pages, &locked);
	if (locked)
		gup_mmap_read_unlock(w->mm);
	return ret;
}

static void put_all(struct world *w, struct gup_page **pages, long nr)
{
	long i;

	check_rest(w->m, 0, nr);
	for (i = 0; i < nr; i++)
		assert_int_equal(put_page(w->m, pages[i]), 0);
	check_rest(w->m, 0, 0);
}

static void zones_are(struct world *w, struct gup_page **pages, long nr, enum gup_zone_kind kind)
{
	long i;

	for (i = 0; i < nr; i++)
		assert_int_equal(frame_of(w->m, pages[i]).zone, kind);
}

static uint64_t borrow(struct world *w)
{
	uint64_t addr = world_borrow(w, GUP_ZONE_CMA, NR);

	app_fill(w->mm, addr, NR * PAGE, 1);
	return addr;
}

/* get_user_pages_locked(): "we simply disallow this option for now" */
static void locked_refuses_longterm(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(get_locked(&w, BASE, NR, LONGTERM_WRITE, pages), -GUP_EINVAL);
	assert_int_equal(gup_user_pfn(w.mm, BASE), 0);
	assert_int_equal(get_locked(&w, BASE, NR, FOLL_WRITE, pages), NR);
	put_all(&w, pages, NR);
	world_end(&w);
}

/* get_user_pages_unlocked(): the same */
static void unlocked_refuses_longterm(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(get_user_pages_unlocked(w.mm, BASE, NR, pages, LONGTERM_WRITE), -GUP_EINVAL);
	assert_int_equal(gup_user_pfn(w.mm, BASE), 0);
	assert_int_equal(get_user_pages_unlocked(w.mm, BASE, NR, pages, FOLL_WRITE), NR);
	put_all(&w, pages, NR);
	world_end(&w);
}

/* get_user_pages_remote(): the same */
static void remote_refuses_longterm(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(get_remote(&w, BASE, NR, LONGTERM_WRITE, pages), -GUP_EINVAL);
	assert_int_equal(gup_user_pfn(w.mm, BASE), 0);
	assert_int_equal(get_remote(&w, BASE, NR, FOLL_WRITE, pages), NR);
	put_all(&w, pages, NR);
	world_end(&w);
}

/* check_dax_vmas(): any page of the range in an FS DAX mapping condemns the whole call */
static void dax_check_covers_the_whole_range(void **state)
{
	static const unsigned int places[] = { 0, 3, NR - 1 };
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(places); i++) {
		struct gup_page *pages[NR];
		struct gup_object *file;
		struct world w;

		begin(&w, GUP_LINUX_5_2);
		file = new_dax_file(&w, PAGE);
		map_anon(w.mm, BASE, NR * PAGE);
		map_shared(w.mm, BASE + places[i] * PAGE, PAGE, file);
		assert_int_equal(get_user(&w, BASE, NR, LONGTERM_WRITE, pages), -GUP_EOPNOTSUPP);
		check_rest(w.m, 0, 0);
		app_fill(w.mm, BASE, NR * PAGE, 1);
		assert_int_equal(get_user(&w, BASE, NR, LONGTERM_WRITE, pages), -GUP_EOPNOTSUPP);
		check_rest(w.m, 0, 0);
		/* Nothing was kept, so the file system can have its block back at once. */
		assert_int_equal(gup_object_truncate(file, 0, IMPATIENT_NS, NULL), 0);
		gup_object_put(file);
		world_end(&w);
	}
}

/* vma_is_fsdax(): device DAX is not meant */
static void device_dax_passes(void **state)
{
	struct gup_page *pages[NR];
	struct gup_object *dram;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	assert_int_equal(gup_devdax_open(w.m, DRAM, &dram), 0);
	map_shared(w.mm, BASE, HUGE, dram);
	gup_object_put(dram);
	assert_int_equal(get_user(&w, BASE, NR, LONGTERM_WRITE, pages), NR);
	put_all(&w, pages, NR);
	world_end(&w);
}

/* __gup_longterm_locked(): the flag needs a page array to look into */
static void longterm_needs_pages(void **state)
{
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(get_user(&w, BASE, NR, LONGTERM_WRITE, NULL), -GUP_EINVAL);
	assert_int_equal(gup_user_pfn(w.mm, BASE), 0);
	assert_int_equal(get_user(&w, BASE, NR, FOLL_WRITE, NULL), NR);
	assert_int_not_equal(gup_user_pfn(w.mm, BASE), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* memalloc_nocma_save(): pages that come during the call do not come from CMA, and the scope ends with it */
static void new_pages_do_not_come_from_cma(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	map_anon(w.mm, BASE, NR * PAGE);
	map_anon(w.mm, BASE + HUGE, NR * PAGE);
	assert_int_equal(get_user(&w, BASE, NR, LONGTERM_WRITE, pages), NR);
	zones_are(&w, pages, NR, GUP_ZONE_NORMAL);
	assert_int_equal(stats_of(w.m).migrated, 0);
	put_all(&w, pages, NR);
	assert_int_equal(get_user(&w, BASE + HUGE, NR, FOLL_WRITE, pages), NR);
	zones_are(&w, pages, NR, GUP_ZONE_CMA);
	put_all(&w, pages, NR);
	world_end(&w);
}

/* check_and_migrate_cma_pages(): old pages are moved out and taken again */
static void old_pages_leave_cma(void **state)
{
	struct gup_page *pages[NR], *area;
	struct world w;
	uint64_t addr;
	unsigned int i;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	addr = borrow(&w);
	assert_int_equal(get_user(&w, addr, NR, LONGTERM_WRITE, pages), NR);
	zones_are(&w, pages, NR, GUP_ZONE_NORMAL);
	assert_int_equal(stats_of(w.m).migrated, NR);
	for (i = 0; i < NR; i++)
		assert_true(same_frame(w.mm, addr + i * PAGE, pages[i]));
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 8 * MIB, 0, PATIENT_NS, &area, NULL), 0);
	device_fill(w.m, pages[2], addr + 2 * PAGE, 2);
	app_expect(w.mm, addr, 2 * PAGE, 1);
	app_expect(w.mm, addr + 2 * PAGE, PAGE, 2);
	assert_int_equal(gup_cma_free(w.m, area, 8 * MIB), 0);
	put_all(&w, pages, NR);
	world_end(&w);
}

/* The same: a failed migration is not reported; the call takes the page where it is */
static void failed_migration_is_silent(void **state)
{
	struct gup_page *pages[NR], *held, *area;
	struct gup_why why = { 0 };
	struct world w;
	uint64_t addr;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	addr = borrow(&w);
	assert_int_equal(get_user_pages_fast(w.mm, addr + 3 * PAGE, 1, 0, &held), 1);
	assert_int_equal(get_user(&w, addr, NR, LONGTERM_WRITE, pages), NR);
	assert_ptr_equal(pages[3], held);
	assert_int_equal(frame_of(w.m, pages[3]).zone, GUP_ZONE_CMA);
	assert_int_equal(put_page(w.m, held), 0);
	/* The data say it: the area's owner cannot have it, though nobody but a long-term holder is left. */
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 8 * MIB, 0, IMPATIENT_NS, &area, &why), -GUP_EBUSY);
	assert_string_equal(why.holder, APP);
	app_expect(w.mm, addr, NR * PAGE, 1);
	put_all(&w, pages, NR);
	world_end(&w);
}

/* The errno of taking again, which the series kept in an unsigned count: it arrives, and pages[] is left alone */
static void errno_of_taking_again_arrives(void **state)
{
	struct gup_page *guard = (struct gup_page *)0x1000;
	uint64_t nth, left = 0;

	(void)state;
	for (nth = 1; left == 0; nth++) {
		struct gup_page *pages[3 * NR];
		struct world w;
		uint64_t addr;
		unsigned int i;
		long ret;

		begin(&w, GUP_LINUX_5_2);
		addr = borrow(&w);
		for (i = 0; i < 3 * NR; i++)
			pages[i] = guard;
		gup_test_fail_alloc(w.m, nth);
		ret = get_user(&w, addr, NR, LONGTERM_WRITE, pages + NR);
		left = gup_test_fail_alloc(w.m, 0);
		assert_true(ret == -GUP_ENOMEM || (ret > 0 && ret <= NR));
		for (i = 0; i < NR; i++) {
			assert_ptr_equal(pages[i], guard);
			assert_ptr_equal(pages[2 * NR + i], guard);
		}
		put_all(&w, pages + NR, ret > 0 ? ret : 0);
		app_expect(w.mm, addr, NR * PAGE, 1);
		world_end(&w);
	}
	assert_true(nth > 2);
}

/* "This patch does not change any functionality": without the flag, pages stay and DAX is fine */
static void without_the_flag_nothing_changes(void **state)
{
	struct gup_page *pages[NR];
	struct gup_object *file;
	struct world w;
	uint64_t addr;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	addr = borrow(&w);
	assert_int_equal(get_user(&w, addr, NR, FOLL_WRITE, pages), NR);
	zones_are(&w, pages, NR, GUP_ZONE_CMA);
	assert_int_equal(stats_of(w.m).migrated, 0);
	put_all(&w, pages, NR);
	file = new_dax_file(&w, NR * PAGE);
	map_shared(w.mm, BASE, NR * PAGE, file);
	gup_object_put(file);
	assert_int_equal(get_user(&w, BASE, NR, FOLL_WRITE, pages), NR);
	zones_are(&w, pages, NR, GUP_ZONE_DAX);
	put_all(&w, pages, NR);
	world_end(&w);
}

/* The series' aim: get_user_pages_fast() with the flag is protected against FS DAX */
static void fast_variant_is_protected_against_dax(void **state)
{
	struct gup_page *pages[NR];
	struct gup_object *file;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	file = new_dax_file(&w, NR * PAGE);
	map_shared(w.mm, BASE, NR * PAGE, file);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(get_user_pages_fast(w.mm, BASE, NR, FOLL_WRITE, pages), NR);
	put_all(&w, pages, NR);
	assert_int_equal(get_user_pages_fast(w.mm, BASE, NR, LONGTERM_WRITE, pages), -GUP_EOPNOTSUPP);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_object_truncate(file, 0, IMPATIENT_NS, NULL), 0);
	gup_object_put(file);
	world_end(&w);
}

/* ... but not against CMA: pages that are present are taken where they are */
static void fast_variant_has_a_cma_hole(void **state)
{
	struct gup_page *pages[NR], *area;
	struct world w;
	uint64_t addr;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	addr = borrow(&w);
	assert_int_equal(get_user_pages_fast(w.mm, addr, NR, LONGTERM_WRITE, pages), NR);
	zones_are(&w, pages, NR, GUP_ZONE_CMA);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 8 * MIB, 0, IMPATIENT_NS, &area, NULL), -GUP_EBUSY);
	put_all(&w, pages, NR);
	world_end(&w);
}

#define SPLIT 0x80u /* FOLL_SPLIT of linux-5.2: give the folio's parts instead of the folio */

/* A flag that this kernel knows and libgup has no meaning for is refused, not dropped. */
static void unknown_flags_are_refused(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(get_user(&w, BASE, NR, FOLL_WRITE | SPLIT, pages), -GUP_EINVAL);
	assert_int_equal(get_user_pages_fast(w.mm, BASE, NR, FOLL_WRITE | SPLIT, pages), -GUP_EINVAL);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* What was FIXME: the flag on locked, unlocked and remote, out of CMA and safe against DAX */
static void fixme_works_natively(void **state)
{
	unsigned int form;

	(void)state;
	for (form = 0; form < 3; form++) {
		struct gup_page *pages[NR], *area;
		struct gup_object *file;
		struct world w;
		uint64_t addr;
		long ret;

		begin(&w, GUP_NATIVE);
		addr = borrow(&w);
		ret = form == 0	  ? get_locked(&w, addr, NR, LONGTERM_WRITE, pages)
		      : form == 1 ? get_remote(&w, addr, NR, LONGTERM_WRITE, pages)
				  : get_user_pages_unlocked(w.mm, addr, NR, pages, LONGTERM_WRITE);
		assert_int_equal(ret, NR);
		zones_are(&w, pages, NR, GUP_ZONE_NORMAL);
		assert_int_equal(gup_cma_alloc(w.m, CAMERA, 8 * MIB, 0, PATIENT_NS, &area, NULL), 0);
		assert_int_equal(gup_cma_free(w.m, area, 8 * MIB), 0);
		put_all(&w, pages, NR);
		file = new_dax_file(&w, PAGE);
		map_shared(w.mm, addr + (NR - 1) * PAGE, PAGE, file);
		gup_object_put(file);
		ret = form == 0	  ? get_locked(&w, addr, NR, LONGTERM_WRITE, pages)
		      : form == 1 ? get_remote(&w, addr, NR, LONGTERM_WRITE, pages)
				  : get_user_pages_unlocked(w.mm, addr, NR, pages, LONGTERM_WRITE);
		assert_int_equal(ret, -GUP_EOPNOTSUPP);
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

/* ... and the holes of the fast variant and of the failed migration are closed */
static void holes_are_closed_natively(void **state)
{
	struct gup_page *pages[NR], *held;
	struct world w;
	uint64_t addr;

	(void)state;
	begin(&w, GUP_NATIVE);
	addr = borrow(&w);
	assert_int_equal(get_user_pages_fast(w.mm, addr + 3 * PAGE, 1, 0, &held), 1);
	assert_int_equal(get_user(&w, addr, NR, LONGTERM_WRITE, pages), -GUP_ENOMEM);
	check_rest(w.m, 0, 1);
	assert_int_equal(get_user_pages_fast(w.mm, addr, NR, LONGTERM_WRITE, pages), -GUP_ENOMEM);
	check_rest(w.m, 0, 1);
	assert_int_equal(put_page(w.m, held), 0);
	assert_int_equal(get_user_pages_fast(w.mm, addr, NR, LONGTERM_WRITE, pages), NR);
	zones_are(&w, pages, NR, GUP_ZONE_NORMAL);
	put_all(&w, pages, NR);
	app_expect(w.mm, addr, NR * PAGE, 1);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locked_refuses_longterm),
		cmocka_unit_test(unlocked_refuses_longterm),
		cmocka_unit_test(remote_refuses_longterm),
		cmocka_unit_test(dax_check_covers_the_whole_range),
		cmocka_unit_test(device_dax_passes),
		cmocka_unit_test(longterm_needs_pages),
		cmocka_unit_test(new_pages_do_not_come_from_cma),
		cmocka_unit_test(old_pages_leave_cma),
		cmocka_unit_test(failed_migration_is_silent),
		cmocka_unit_test(errno_of_taking_again_arrives),
		cmocka_unit_test(without_the_flag_nothing_changes),
		cmocka_unit_test(fast_variant_is_protected_against_dax),
		cmocka_unit_test(fast_variant_has_a_cma_hole),
		cmocka_unit_test(unknown_flags_are_refused),
		cmocka_unit_test(fixme_works_natively),
		cmocka_unit_test(holes_are_closed_natively),
	};

	return cmocka_run_group_tests_name("commit", tests, NULL, NULL);
}
