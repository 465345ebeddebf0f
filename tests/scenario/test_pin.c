/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_pin.c - the entry points with Linux's names: counts and data.
 *
 * The native contract has all of them, so one sweep takes every entry point over every kind of memory. What single
 * contracts refuse is in tests/contract.
 */
#include "world.h"

#define NR 8

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 16, .contract = GUP_NATIVE });
}

enum memory { ANON_SMALL, ANON_HUGE, SHARED, READ_ONLY, ZERO, NR_MEMORIES };

/* Memory of one kind at BASE, present and (but for the zero page) with tag 1. */
static void make_memory(struct world *w, enum memory kind)
{
	struct gup_object *shm;

	if (kind == SHARED) {
		shm = new_shm(w, NR * PAGE);
		map_shared(w->mm, BASE, NR * PAGE, shm);
		gup_object_put(shm);
	} else {
		map_anon(w->mm, BASE, kind == ANON_HUGE ? HUGE : NR * PAGE);
	}
	if (kind == ZERO)
		app_expect_zero(w->mm, BASE, NR * PAGE);
	else
		app_fill(w->mm, BASE, NR * PAGE, 1);
	if (kind == READ_ONLY)
		assert_int_equal(gup_mprotect(w->mm, BASE, NR * PAGE, GUP_PROT_READ), 0);
}

static void check_held(struct world *w, enum gup_entry entry, uint64_t nr)
{
	if (entry_pins(entry))
		check_rest(w->m, nr, 0);
	else
		check_rest(w->m, 0, nr);
}

static void data_in_both_directions(struct world *w, struct gup_page **pages, bool writable)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		assert_true(same_frame(w->mm, BASE + i * PAGE, pages[i]));
		device_expect(w->m, pages[i], BASE + i * PAGE, 1);
		device_fill(w->m, pages[i], BASE + i * PAGE, 2);
	}
	app_expect(w->mm, BASE, NR * PAGE, 2);
	if (!writable)
		return;
	app_fill(w->mm, BASE, NR * PAGE, 3);
	for (i = 0; i < NR; i++)
		device_expect(w->m, pages[i], BASE + i * PAGE, 3);
}

static long take_all(struct world *w, enum gup_entry entry, unsigned int flags, struct gup_page **pages)
{
	struct gup_call call = { .entry = entry, .start = BASE, .nr_pages = NR, .flags = flags, .pages = pages };

	return take(w->mm, &call, NULL);
}

static void sweep_entry(enum gup_entry entry, enum memory kind, unsigned int flags)
{
	struct gup_page *pages[NR];
	struct world w;

	begin(&w);
	make_memory(&w, kind);
	assert_int_equal(take_all(&w, entry, flags, pages), NR);
	check_held(&w, entry, NR);
	data_in_both_directions(&w, pages, kind != READ_ONLY);
	assert_int_equal(release(w.m, entry, pages, NR), 0);
	check_rest(w.m, 0, 0);
	assert_int_equal(stats_of(w.m).bad_unpins, 0);
	world_end(&w);
}

static void every_entry_small(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
		sweep_entry(entry, ANON_SMALL, GUP_WRITE);
}

static void every_entry_huge(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
		sweep_entry(entry, ANON_HUGE, GUP_WRITE);
}

static void every_entry_shared(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
		sweep_entry(entry, SHARED, GUP_WRITE);
}

static void every_entry_longterm(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
		sweep_entry(entry, ANON_SMALL, GUP_WRITE | GUP_LONGTERM);
}

static void every_entry_read_only(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
		struct gup_page *pages[NR];
		struct world w;
		long refused = entry_is_fast(entry) ? 0 : -GUP_EFAULT;

		sweep_entry(entry, READ_ONLY, 0);
		begin(&w);
		make_memory(&w, READ_ONLY);
		if (entry == GUP_GET_USER_PAGES_FAST || entry == GUP_PIN_USER_PAGES_FAST)
			refused = -GUP_EFAULT;
		assert_int_equal(take_all(&w, entry, GUP_WRITE, pages), refused);
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

static void every_entry_force(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
		if (entry != GUP_GET_USER_PAGES_FAST_ONLY && entry != GUP_PIN_USER_PAGES_FAST_ONLY)
			sweep_entry(entry, READ_ONLY, GUP_WRITE | GUP_FORCE);
}

static void every_entry_zero_page(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
		struct gup_page *pages[NR];
		struct world w;

		if (entry == GUP_GET_USER_PAGES_FAST_ONLY || entry == GUP_PIN_USER_PAGES_FAST_ONLY)
			continue; /* test_names: they leave it alone */
		begin(&w);
		make_memory(&w, ZERO);
		if (entry == GUP_GET_USER_PAGES_FAST_ONLY || entry == GUP_PIN_USER_PAGES_FAST_ONLY) {
			assert_int_equal(take_all(&w, entry, 0, pages), 0); /* it is for the slow part */
			world_end(&w);
			continue;
		}
		assert_int_equal(take_all(&w, entry, 0, pages), NR);
		assert_int_equal(frame_of(w.m, pages[0]).kind, GUP_FRAME_ZERO);
		assert_ptr_equal(pages[0], pages[NR - 1]);
		check_rest(w.m, 0, 0); /* nobody counts references of the zero page */
		assert_int_equal(release(w.m, entry, pages, NR), 0);
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

/* Once the zero page is there a read-only look is possible, but the mapping has the last word. */
static void zero_page_that_may_not_be_read(void **state)
{
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 2 * PAGE);
	app_expect_zero(w.mm, BASE, PAGE);
	app_poke(w.mm, BASE + PAGE, 1);
	assert_int_equal(gup_mprotect(w.mm, BASE, 2 * PAGE, GUP_PROT_WRITE), 0);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 1, 0, &page), -GUP_EFAULT);
	/* An entry of ordinary memory does not tell that it is not to be read. */
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE + PAGE, 1, 0, &page), 1);
	assert_int_equal(gup_put_page(w.m, page), 0);
	world_end(&w);
}

static void write_pin_of_untouched_memory(void **state)
{
	struct gup_page *pages[NR];
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(gup_pin_user_pages_fast_only(w.mm, BASE, NR, GUP_WRITE, pages), 0);
	assert_int_equal(gup_user_pfn(w.mm, BASE), 0);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 123, NR, GUP_WRITE, pages), NR);
	for (i = 0; i < NR; i++)
		device_fill(w.m, pages[i], BASE + i * PAGE, i);
	for (i = 0; i < NR; i++)
		app_expect(w.mm, BASE + i * PAGE, PAGE, i);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	world_end(&w);
}

static void whole_huge_folio_and_neighbours(void **state)
{
	static struct gup_page *pages[GUP_HUGE_PAGES + 2];
	const long nr = GUP_HUGE_PAGES + 2;
	struct world w;
	long i;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE - PAGE, HUGE + 2 * PAGE);
	app_fill(w.mm, BASE - PAGE, HUGE + 2 * PAGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE - PAGE, nr, GUP_WRITE, pages), nr);
	check_rest(w.m, nr, 0);
	assert_int_equal(gup_page_pins(w.m, pages[1]), GUP_HUGE_PAGES);
	assert_int_equal(gup_page_pins(w.m, pages[512]), GUP_HUGE_PAGES);
	assert_int_equal(gup_page_refs(w.m, pages[1]), GUP_HUGE_PAGES + 1);
	assert_int_equal(gup_page_mapcount(w.m, pages[1]), 1);
	assert_int_equal(gup_page_pins(w.m, pages[0]), 1);
	for (i = 1; i <= GUP_HUGE_PAGES; i++)
		assert_ptr_equal(pages[i], pages[1] + (i - 1));
	assert_int_equal(gup_unpin_user_pages(w.m, pages + 1, GUP_HUGE_PAGES), 0);
	check_rest(w.m, 2, 0);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	assert_int_equal(gup_unpin_user_page(w.m, pages[nr - 1]), 0);
	world_end(&w);
}

/* A page of shared memory that was only read: clean until somebody says that the device wrote to it. */
static struct gup_page *pin_clean_page(struct world *w, uint64_t addr)
{
	struct gup_page *page;

	app_expect_zero(w->mm, addr, PAGE);
	assert_int_equal(gup_pin_user_pages_fast(w->mm, addr, 1, 0, &page), 1);
	assert_false(frame_of(w->m, page).dirty);
	return page;
}

static void dirty_is_said_on_release(void **state)
{
	struct gup_object *shm;
	struct gup_page *page[5];
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w);
	shm = new_shm(&w, 5 * PAGE);
	map_shared(w.mm, BASE, 5 * PAGE, shm);
	for (i = 0; i < 5; i++)
		page[i] = pin_clean_page(&w, BASE + i * PAGE);
	assert_int_equal(gup_unpin_user_page(w.m, page[0]), 0);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w.m, page + 1, 1, false), 0);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w.m, page + 2, 1, true), 0);
	assert_int_equal(gup_unpin_user_page_range_dirty_lock(w.m, page[3], 1, true), 0);
	assert_int_equal(gup_set_page_dirty(w.m, page[4]), 0);
	assert_int_equal(gup_unpin_user_pages(w.m, page + 4, 1), 0);
	check_rest(w.m, 0, 0);
	for (i = 0; i < 5; i++)
		assert_int_equal(frame_of(w.m, page[i]).dirty, i >= 2);
	gup_object_put(shm);
	world_end(&w);
}

static void unpin_range_form(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	begin(&w);
	make_memory(&w, ANON_HUGE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, NR, GUP_WRITE, pages), NR);
	assert_int_equal(gup_unpin_user_page_range_dirty_lock(w.m, pages[0], 3, false), 0);
	check_rest(w.m, NR - 3, 0);
	assert_int_equal(gup_unpin_user_page_range_dirty_lock(w.m, pages[3], NR - 3, true), 0);
	check_rest(w.m, 0, 0);
	assert_true(frame_at(w.mm, BASE).dirty);
	world_end(&w);
}

static void partial_counts_at_holes(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
		bool fast_only = entry == GUP_GET_USER_PAGES_FAST_ONLY || entry == GUP_PIN_USER_PAGES_FAST_ONLY;
		struct gup_page *pages[NR];
		struct gup_why why = { 0 };
		struct gup_call call = { entry, BASE, NR, GUP_WRITE, pages, NULL };
		struct world w;

		begin(&w);
		make_memory(&w, ANON_SMALL);
		assert_int_equal(gup_munmap(w.mm, BASE + 5 * PAGE, PAGE), 0);
		assert_int_equal(take(w.mm, &call, &why), 5);
		check_held(&w, entry, 5);
		if (!fast_only) {
			assert_int_equal(why.error, -GUP_EFAULT);
			assert_int_equal(why.rule, GUP_RULE_NO_VMA);
			assert_int_equal(why.addr, BASE + 5 * PAGE);
		}
		assert_int_equal(release(w.m, entry, pages, 5), 0);
		call.start = BASE + 5 * PAGE;
		assert_int_equal(take(w.mm, &call, &why), fast_only ? 0 : -GUP_EFAULT);
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

static void nofault_takes_only_what_is_there(void **state)
{
	struct gup_page *pages[NR];
	struct gup_why why = { 0 };
	struct gup_call call = { GUP_PIN_USER_PAGES, BASE, NR, GUP_WRITE | GUP_NOFAULT, pages, NULL };
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_NOFAULT);
	call.entry = GUP_PIN_USER_PAGES_FAST;
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_NOFAULT);
	app_fill(w.mm, BASE, 3 * PAGE, 1);
	assert_int_equal(take(w.mm, &call, NULL), 3);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 3), 0);
	call.entry = GUP_PIN_USER_PAGES;
	assert_int_equal(take(w.mm, &call, &why), 3);
	assert_int_equal(why.addr, BASE + 3 * PAGE);
	assert_int_equal(gup_user_pfn(w.mm, BASE + 3 * PAGE), 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 3), 0);
	world_end(&w);
}

static void nowait_without_anything_to_wait_for(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	begin(&w);
	make_memory(&w, SHARED);
	assert_int_equal(pin_plain(w.mm, BASE, NR, GUP_WRITE | GUP_NOWAIT, pages), NR);
	check_rest(w.m, NR, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	world_end(&w);
}

static void locked_says_whether_the_lock_is_held(void **state)
{
	struct gup_page *pages[NR];
	struct world w;
	int locked = 0;

	(void)state;
	begin(&w);
	make_memory(&w, ANON_SMALL);
	assert_int_equal(gup_pin_user_pages_locked(w.mm, BASE, NR, GUP_WRITE, pages, &locked), -GUP_EINVAL);
	assert_int_equal(gup_pin_user_pages_remote(w.mm, BASE, NR, GUP_WRITE, pages, &locked), -GUP_EINVAL);
	assert_int_equal(locked, 0);
	gup_mmap_read_lock(w.mm);
	assert_int_equal(gup_pin_user_pages_locked(w.mm, BASE, NR, GUP_WRITE, pages, NULL), -GUP_EINVAL);
	locked = 1;
	assert_int_equal(gup_pin_user_pages_locked(w.mm, BASE, NR, GUP_WRITE, pages, &locked), NR);
	if (locked)
		gup_mmap_read_unlock(w.mm);
	gup_mmap_read_lock(w.mm);
	assert_int_equal(gup_pin_user_pages_remote(w.mm, BASE, NR, GUP_WRITE, pages, NULL), NR);
	gup_mmap_read_unlock(w.mm);
	check_rest(w.m, 2 * NR, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	/* The lock is free again: a writer gets in. */
	assert_int_equal(gup_munmap(w.mm, BASE, NR * PAGE), 0);
	world_end(&w);
}

static void each_pin_counts(void **state)
{
	struct gup_page *first[NR], *second[NR], *got;
	struct world w;

	(void)state;
	begin(&w);
	make_memory(&w, ANON_SMALL);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, NR, GUP_WRITE, first), NR);
	assert_int_equal(pin_plain(w.mm, BASE + 2 * PAGE, 4, GUP_WRITE, second), 4);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE + 2 * PAGE, 1, 0, &got), 1);
	check_rest(w.m, NR + 4, 1);
	assert_ptr_equal(first[2], second[0]);
	assert_ptr_equal(first[2], got);
	assert_int_equal(gup_page_pins(w.m, got), 2);
	assert_int_equal(gup_page_refs(w.m, got), 4);
	assert_int_equal(gup_unpin_user_pages(w.m, first, NR), 0);
	check_rest(w.m, 4, 1);
	assert_int_equal(gup_put_page(w.m, got), 0);
	assert_int_equal(gup_unpin_user_pages(w.m, second, 4), 0);
	world_end(&w);
}

static void entry_names(void **state)
{
	(void)state;
	assert_string_equal(gup_entry_name(GUP_GET_USER_PAGES), "get_user_pages");
	assert_string_equal(gup_entry_name(GUP_GET_USER_PAGES_FAST_ONLY), "get_user_pages_fast_only");
	assert_string_equal(gup_entry_name(GUP_PIN_USER_PAGES_REMOTE), "pin_user_pages_remote");
	assert_string_equal(gup_entry_name(GUP_PIN_USER_PAGES_UNLOCKED), "pin_user_pages_unlocked");
	assert_null(gup_entry_name(GUP_NR_ENTRIES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_small),
		cmocka_unit_test(every_entry_huge),
		cmocka_unit_test(every_entry_shared),
		cmocka_unit_test(every_entry_longterm),
		cmocka_unit_test(every_entry_read_only),
		cmocka_unit_test(every_entry_force),
		cmocka_unit_test(every_entry_zero_page),
		cmocka_unit_test(zero_page_that_may_not_be_read),
		cmocka_unit_test(write_pin_of_untouched_memory),
		cmocka_unit_test(whole_huge_folio_and_neighbours),
		cmocka_unit_test(dirty_is_said_on_release),
		cmocka_unit_test(unpin_range_form),
		cmocka_unit_test(partial_counts_at_holes),
		cmocka_unit_test(nofault_takes_only_what_is_there),
		cmocka_unit_test(nowait_without_anything_to_wait_for),
		cmocka_unit_test(locked_says_whether_the_lock_is_held),
		cmocka_unit_test(each_pin_counts),
		cmocka_unit_test(entry_names),
	};

	return cmocka_run_group_tests_name("pin", tests, NULL, NULL);
}
