/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_linux_h.c - gup/linux.h as a driver of linux-6.1 or linux-6.12 includes it.
 *
 * Built once for each with GUP_LINUX set. The values of the kernel's flags stand here as numbers, so that a wrong bit in
 * the header shows; then every bare name is used once on real memory, by the rules of that kernel's contract.
 */
#include "world.h"

#include <gup/linux.h>

#define NR 4

/* One bit as the kernel has it: what it becomes, or 0 if libgup refuses it. */
struct bit {
	unsigned int foll, gup;
};

#if GUP_LINUX == 612
#define CONTRACT GUP_LINUX_6_12
static const struct bit bits[] = {
	{ 1u << 0, GUP_WRITE },
	{ 1u << 2, GUP_DUMP },
	{ 1u << 3, GUP_FORCE },
	{ 1u << 4, GUP_NOWAIT },
	{ 1u << 5, GUP_NOFAULT },
	{ 1u << 6, GUP_HWPOISON },
	{ 1u << 7, GUP_ANON },
	{ 1u << 8, GUP_LONGTERM },
	{ 1u << 9, GUP_SPLIT_PMD },
	{ 1u << 10, GUP_PCI_P2PDMA },
	{ 1u << 11, GUP_INTERRUPTIBLE },
	{ 1u << 12, GUP_HONOR_NUMA_FAULT },
	{ 1u << 16, 0 },
	{ 1u << 17, 0 },
	{ 1u << 18, 0 },
	{ 1u << 19, 0 },
	{ 1u << 20, 0 },
	{ 1u << 21, 0 },
	{ 1u << 22, 0 },
};
#define GET_BIT (1u << 1)
#define TOUCH_BIT (1u << 16)
#define TOUCH_IS_PUBLIC false
#else
#define CONTRACT GUP_LINUX_6_1
static const struct bit bits[] = {
	{ 0x01, GUP_WRITE },	    { 0x02, 0 },	  { 0x08, GUP_DUMP },
	{ 0x10, GUP_FORCE },	    { 0x20, GUP_NOWAIT }, { 0x80, GUP_NOFAULT },
	{ 0x100, GUP_HWPOISON },    { 0x8000, GUP_ANON }, { 0x10000, GUP_LONGTERM },
	{ 0x20000, GUP_SPLIT_PMD }, { 0x40000, 0 },
};
#define GET_BIT 0x04u
#define TOUCH_BIT 0x02u
#define TOUCH_IS_PUBLIC true
#endif

static void every_bit(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bits); i++)
		assert_int_equal(gup_linux_flags(bits[i].foll, FOLL_GET),
				 bits[i].gup ? bits[i].gup : GUP_LINUX_REFUSED);
	assert_int_equal(gup_linux_flags(GET_BIT, FOLL_GET), 0);
	assert_int_equal(gup_linux_flags(GET_BIT, 0), GUP_LINUX_REFUSED);
	assert_int_equal(gup_linux_flags(FOLL_WRITE | FOLL_LONGTERM, 0), GUP_WRITE | GUP_LONGTERM);
}

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 4, .contract = CONTRACT, .no_huge_pages = true });
	map_anon(w->mm, BASE, NR * PAGE);
	app_fill(w->mm, BASE, NR * PAGE, 1);
}

static void gets_by_name(void **state)
{
	struct gup_page *pages[NR];
	struct world w;
	int locked = 1, i;

	(void)state;
	begin(&w);
	gup_mmap_read_lock(w.mm);
	assert_int_equal(get_user_pages(w.mm, BASE, NR, FOLL_WRITE, pages), NR);
	gup_mmap_read_unlock(w.mm);
	for (i = 0; i < NR; i++)
		assert_int_equal(put_page(w.m, pages[i]), 0);
	gup_mmap_read_lock(w.mm);
	assert_int_equal(get_user_pages_remote(w.mm, BASE, NR, FOLL_WRITE | FOLL_GET, pages, &locked), NR);
	gup_mmap_read_unlock(w.mm);
	assert_int_equal(locked, 1);
	check_rest(w.m, 0, NR);
	assert_int_equal(gup_put_pages(w.m, pages, NR), 0);
	assert_int_equal(get_user_pages_unlocked(w.mm, BASE, NR, pages, FOLL_WRITE), NR);
	assert_int_equal(gup_put_pages(w.m, pages, NR), 0);
	assert_int_equal(get_user_pages_fast(w.mm, BASE, NR, FOLL_WRITE, pages), NR);
	assert_int_equal(gup_put_pages(w.m, pages, NR), 0);
	assert_int_equal(get_user_pages_fast_only(w.mm, BASE, NR, FOLL_WRITE, pages), NR);
	assert_int_equal(gup_put_pages(w.m, pages, NR), 0);
	assert_int_equal(get_user_pages_fast(w.mm, BASE, NR, FOLL_LONGTERM, pages), -GUP_EINVAL);
	world_end(&w);
}

static void pins_by_name(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	begin(&w);
	gup_mmap_read_lock(w.mm);
	assert_int_equal(pin_user_pages(w.mm, BASE, NR, FOLL_WRITE | FOLL_LONGTERM, pages), NR);
	gup_mmap_read_unlock(w.mm);
	check_rest(w.m, NR, 0);
	assert_int_equal(unpin_user_page(w.m, pages[0]), 0);
	assert_int_equal(unpin_user_pages(w.m, pages + 1, NR - 1), 0);
	gup_mmap_read_lock(w.mm);
	assert_int_equal(pin_user_pages_remote(w.mm, BASE, NR, FOLL_WRITE, pages, NULL), NR);
	gup_mmap_read_unlock(w.mm);
	assert_int_equal(unpin_user_pages_dirty_lock(w.m, pages, NR, true), 0);
	assert_int_equal(pin_user_pages_unlocked(w.mm, BASE, NR, pages, FOLL_WRITE), NR);
	assert_int_equal(unpin_user_pages(w.m, pages, NR), 0);
	assert_int_equal(pin_user_pages_fast(w.mm, BASE, 1, FOLL_WRITE, pages), 1);
	assert_int_equal(unpin_user_page_range_dirty_lock(w.m, pages[0], 1, true), 0);
	assert_int_equal(pin_user_pages_fast(w.mm, BASE, 1, FOLL_WRITE | FOLL_PIN, pages), -GUP_EINVAL);
	world_end(&w);
}

/* Marks pages as accessed; 6.12 keeps it to itself, and the fast forms never knew it. */
static void touching(void **state)
{
	struct gup_page *pages[NR];
	struct world w;
	long taken = TOUCH_IS_PUBLIC ? NR : -GUP_EINVAL;

	(void)state;
	begin(&w);
	gup_mmap_read_lock(w.mm);
	assert_int_equal(get_user_pages(w.mm, BASE, NR, TOUCH_BIT, pages), taken);
	if (taken > 0)
		assert_int_equal(gup_put_pages(w.m, pages, NR), 0);
	/* What 6.12 makes of wrong flags there. */
	assert_int_equal(pin_user_pages(w.mm, BASE, NR, TOUCH_BIT, pages), TOUCH_IS_PUBLIC ? NR : 0);
	if (taken > 0)
		assert_int_equal(unpin_user_pages(w.m, pages, NR), 0);
	gup_mmap_read_unlock(w.mm);
	assert_int_equal(get_user_pages_fast(w.mm, BASE, NR, TOUCH_BIT, pages), -GUP_EINVAL);
	assert_int_equal(pin_user_pages_fast(w.mm, BASE, NR, TOUCH_BIT, pages), -GUP_EINVAL);
	world_end(&w);
}

static void marking_dirty(void **state)
{
	struct gup_page *page;
	struct gup_object *shm;
	struct world w;

	(void)state;
	begin(&w);
	shm = new_shm(&w, PAGE);
	map_shared(w.mm, BASE + HUGE, PAGE, shm);
	(void)app_peek(w.mm, BASE + HUGE);
	assert_int_equal(get_user_pages_fast(w.mm, BASE + HUGE, 1, 0, &page), 1);
	assert_false(frame_of(w.m, page).dirty);
	assert_int_equal(set_page_dirty(w.m, page), 0);
	assert_true(frame_of(w.m, page).dirty);
	assert_int_equal(put_page(w.m, page), 0);
	gup_object_put(shm);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit), cmocka_unit_test(gets_by_name),  cmocka_unit_test(pins_by_name),
		cmocka_unit_test(touching),  cmocka_unit_test(marking_dirty),
	};

	return cmocka_run_group_tests_name("gup/linux.h", tests, NULL, NULL);
}
