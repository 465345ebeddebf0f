/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_regress.c - rules that were broken once and that one thread alone can show.
 *
 * Each test is the shortest way to a mistake that the core had: releases of what nobody can hold, folios that left their
 * object, refusals with a wrong errno, a wrong count or no reason. What needs a second thread is in
 * tests/threads/test_regress_races.c.
 */
#include "world.h"

#define MIDDLE 100 /* a page in a huge folio */

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 8, .contract = GUP_NATIVE });
}

static struct gup_object *huge_shm(struct world *w, struct gup_page **out_held, bool pin)
{
	struct gup_object *shm;
	uint64_t addr = BASE + MIDDLE * PAGE;

	assert_int_equal(gup_shm_create(w->m, HUGE, GUP_SHM_HUGE, &shm), 0);
	map_shared(w->mm, BASE, HUGE, shm);
	app_fill(w->mm, BASE, HUGE, 1);
	assert_int_equal(frame_at(w->mm, addr).order, GUP_HUGE_ORDER);
	if (pin)
		assert_int_equal(gup_pin_user_pages_fast(w->mm, addr, 1, GUP_WRITE, out_held), 1);
	else
		assert_int_equal(gup_get_user_pages_fast(w->mm, addr, 1, GUP_WRITE, out_held), 1);
	return shm;
}

/* ---- releasing ---- */

/* What the machine keeps for itself, and what is free, can be neither put, unpinned nor dirtied. */
static void metadata_is_nobodys_to_release(void **state)
{
	unsigned int tables = 0, meta = 0, unheld = 0;
	struct gup_frame_info before, after;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	for (pfn = GUP_HUGE_PAGES; gup_frame_info(w.m, pfn, &before) == 0; pfn++) {
		struct gup_page *page = gup_pfn_to_page(w.m, pfn);

		if (before.kind == GUP_FRAME_ANON || before.kind == GUP_FRAME_ZERO)
			continue;
		assert_int_equal(gup_put_page(w.m, page), -GUP_EINVAL);
		assert_int_equal(gup_unpin_user_page(w.m, page), -GUP_EINVAL);
		assert_int_equal(gup_set_page_dirty(w.m, page), -GUP_EINVAL);
		assert_int_equal(gup_frame_info(w.m, pfn, &after), 0);
		assert_int_equal(after.kind, before.kind);
		assert_int_equal(after.refs, before.refs);
		tables += before.kind == GUP_FRAME_TABLE;
		meta += before.kind == GUP_FRAME_META;
		unheld++;
	}
	assert_int_equal(tables, 4);
	assert_true(meta > 0);
	assert_int_equal(stats_of(w.m).bad_unpins, 2 * unheld);
	check_rest(w.m, 0, 0);
	app_expect(w.mm, BASE, PAGE, 1);
	world_end(&w);
}

/* A range that runs past the last frame ends there; what was pinned in it is released, the rest is counted. */
static void unpin_range_ends_with_the_machine(void **state)
{
	struct gup_frame_info info;
	struct gup_page *page;
	uint64_t pfn, bad = 0;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, PAGE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	for (pfn = gup_page_to_pfn(w.m, page) + 1; gup_frame_info(w.m, pfn, &info) == 0; pfn++)
		bad += info.kind != GUP_FRAME_ZERO;
	assert_int_equal(gup_unpin_user_page_range_dirty_lock(w.m, page, ~0ul, true), -GUP_EINVAL);
	assert_int_equal(stats_of(w.m).bad_unpins, bad);
	assert_int_equal(frame_of(w.m, page).pins, 0);
	assert_true(frame_of(w.m, page).dirty);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* Somebody unpins a page of a pin of the own form: the pin says so when it goes, and the rest of it goes. */
static void wrong_unpin_of_an_own_pin_is_no_catastrophe(void **state)
{
	struct gup_request request = { .addr = BASE, .bytes = HUGE, .flags = GUP_WRITE };
	struct gup_extent_iter it = { 0 };
	struct gup_extent extent;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	assert_int_equal(gup_pin(w.mm, &request, (struct gup_pin **)&it.pin, NULL), 0);
	assert_true(gup_pin_next_extent(&it, &extent));
	assert_int_equal(extent.bytes, HUGE);
	assert_int_equal(gup_unpin_user_page(w.m, extent.page + MIDDLE), 0);
	check_rest(w.m, GUP_HUGE_PAGES - 1, 0);
	assert_int_equal(gup_unpin((struct gup_pin *)it.pin, true), -GUP_EINVAL);
	assert_int_equal(stats_of(w.m).bad_unpins, 1);
	assert_int_equal(gup_mm_pinned(w.mm), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* ---- folios of shared memory that are cut while somebody holds them ---- */

static void folio_that_left_its_object_can_be_split(void **state)
{
	struct gup_object *shm;
	struct gup_page *held;
	struct world w;
	uint64_t free;

	(void)state;
	begin(&w);
	shm = huge_shm(&w, &held, false);
	assert_int_equal(gup_object_truncate(shm, 0, 0, NULL), 0);
	free = free_frames(w.m);
	assert_int_equal(gup_split_folio(w.m, held, NULL), 0);
	assert_int_equal(free_frames(w.m), free + GUP_HUGE_PAGES - 1);
	assert_int_equal(frame_of(w.m, held).order, 0);
	assert_int_equal(frame_of(w.m, held).refs, 1);
	device_expect(w.m, held, BASE + MIDDLE * PAGE, 1);
	check_rest(w.m, 0, 1);
	assert_int_equal(gup_put_page(w.m, held), 0);
	gup_object_put(shm);
	world_end(&w);
}

static void cut_part_of_a_held_folio_never_shows_again(void **state)
{
	uint8_t buf[PAGE];
	struct gup_object *shm;
	struct gup_page *held;
	struct world w;

	(void)state;
	begin(&w);
	shm = huge_shm(&w, &held, true);
	assert_int_equal(gup_object_truncate(shm, PAGE, 0, NULL), 0);
	check_rest(w.m, 1, 0);
	device_fill(w.m, held, BASE, 2);
	assert_int_equal(gup_object_truncate(shm, HUGE, 0, NULL), 0);
	assert_int_equal(gup_object_read(shm, MIDDLE * PAGE, buf, PAGE), PAGE);
	assert_true(all_zero(buf, PAGE));
	app_expect(w.mm, BASE, PAGE, 1);
	app_expect_zero(w.mm, BASE + PAGE, HUGE - PAGE);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, held), 0);
	gup_object_put(shm);
	world_end(&w);
}

/* ---- moving ---- */

/* A 2 MiB folio with a short pin, and no place for it: the pin is what is in the way, not the memory. */
static void busy_folio_without_a_place_is_busy(void **state)
{
	struct gup_request request = { .bytes = PAGE, .flags = GUP_WRITE };
	struct gup_page *frames;
	struct gup_pin *pin;
	struct gup_why why;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 2, .cma = 2 });
	request.addr = world_borrow(&w, GUP_ZONE_CMA, GUP_HUGE_PAGES);
	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 2 * MIB, 0, IMPATIENT_NS, &frames, &why), -GUP_EBUSY);
	assert_int_equal(why.error, -GUP_EBUSY);
	assert_int_equal(why.rule, GUP_RULE_PINNED);
	assert_int_equal(why.pfn, frame_at(w.mm, request.addr).head_pfn);
	assert_string_equal(why.holder, APP);
	assert_int_equal(gup_unpin(pin, false), 0);
	world_end(&w);
}

/* A folio that was only split has not moved; its parts count as they move. */
static void splitting_is_not_moving(void **state)
{
	uint64_t before[GUP_HUGE_PAGES], addr, changed = 0;
	struct world w;
	unsigned int i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 2, .cma = 2 });
	addr = world_borrow(&w, GUP_ZONE_CMA, GUP_HUGE_PAGES);
	app_fill(w.mm, addr, HUGE, 1);
	for (i = 0; i < GUP_HUGE_PAGES; i++)
		before[i] = gup_user_pfn(w.mm, addr + i * PAGE);
	assert_int_equal(gup_migrate_range(w.mm, addr, HUGE, NULL), GUP_HUGE_PAGES);
	for (i = 0; i < GUP_HUGE_PAGES; i++)
		changed += gup_user_pfn(w.mm, addr + i * PAGE) != before[i];
	assert_int_equal(changed, GUP_HUGE_PAGES);
	app_expect(w.mm, addr, HUGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* Who moves a range does not wait for pins: one look at each pinned folio. */
static void pinned_folios_are_passed_by_at_once(void **state)
{
	struct gup_page *pages[2];
	struct gup_why why;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + PAGE, 2, GUP_WRITE, pages), 2);
	assert_int_equal(gup_migrate_range(w.mm, BASE, 4 * PAGE, &why), 2);
	assert_int_equal(why.error, -GUP_EBUSY);
	assert_int_equal(why.addr, BASE + PAGE);
	assert_int_equal(why.pfn, gup_page_to_pfn(w.m, pages[0]));
	assert_int_equal(why.tries, 1);
	assert_int_equal(stats_of(w.m).migrated, 2);
	assert_int_equal(stats_of(w.m).migrate_failed, 2);
	check_rest(w.m, 2, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2), 0);
	app_expect(w.mm, BASE, 4 * PAGE, 1);
	world_end(&w);
}

/* Memory goes offline once, and a success after something had to move leaves no reason behind. */
static void offline_twice_is_a_mistake(void **state)
{
	struct gup_why why;
	struct world w;
	uint64_t first;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 4 });
	first = gup_user_pfn(w.mm, world_borrow(&w, GUP_ZONE_MOVABLE, 4)) & ~(uint64_t)(GUP_HUGE_PAGES - 1);
	memset(&why, 0x5a, sizeof(why));
	assert_int_equal(gup_offline_range(w.m, first, GUP_HUGE_PAGES, 0, &why), 0);
	assert_int_equal(stats_of(w.m).migrated, 4);
	assert_int_equal(why.error, 0);
	assert_int_equal(why.rule, GUP_RULE_NONE);
	assert_int_equal(why.tries, 0);
	assert_int_equal(why.addr, 0);
	assert_int_equal(why.pfn, 0);
	assert_string_equal(why.holder, "");
	assert_int_equal(gup_offline_range(w.m, first, GUP_HUGE_PAGES, IMPATIENT_NS, &why), -GUP_EINVAL);
	assert_int_equal(why.rule, GUP_RULE_BAD_ARGUMENT);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_online_range(w.m, first, GUP_HUGE_PAGES), 0);
	assert_int_equal(gup_online_range(w.m, first, GUP_HUGE_PAGES), -GUP_EINVAL);
	world_end(&w);
}

/* ---- arguments and reasons ---- */

static void register_numbers_do_not_wrap(void **state)
{
	const uint64_t last = (UINT64_C(1) << 36) - 1;
	struct gup_object *object;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_pfnmap_create(w.m, UINT64_MAX, 2 * PAGE, &object), -GUP_EINVAL);
	assert_int_equal(gup_pfnmap_create(w.m, last + 1, PAGE, &object), -GUP_EINVAL);
	assert_int_equal(gup_pfnmap_create(w.m, last, 2 * PAGE, &object), -GUP_EINVAL);
	assert_int_equal(gup_pfnmap_create(w.m, last, PAGE, &object), 0);
	gup_object_put(object);
	world_end(&w);
}

/* The fast forms take an int; a number whose length in bytes wraps to nothing is refused like any other. */
static void fast_count_is_an_int(void **state)
{
	static const long counts[] = { 1L << 52, 1L << 31, -(1L << 31) - 1 };
	struct gup_page *page;
	struct gup_why why;
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, PAGE);
	app_poke(w.mm, BASE, 1);
	for (i = 0; i < ARRAY_LEN(counts); i++) {
		struct gup_call call = { GUP_PIN_USER_PAGES_FAST, BASE, counts[i], 0, &page, NULL };

		assert_int_equal(gup_user_pages(w.mm, &call, &why), -GUP_EINVAL);
		assert_int_equal(why.rule, GUP_RULE_BAD_ARGUMENT);
		check_rest(w.m, 0, 0);
	}
	world_end(&w);
}

static void fast_only_says_why_it_stopped(void **state)
{
	struct gup_page *pages[4];
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST_ONLY, BASE, 4, GUP_WRITE, pages, NULL };
	struct gup_why why;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	assert_int_equal(gup_user_pages(w.mm, &call, &why), 0);
	assert_int_equal(why.rule, GUP_RULE_NOFAULT);
	assert_int_equal(why.addr, BASE);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(gup_user_pages(w.mm, &call, &why), 2);
	assert_int_equal(why.error, -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_NOFAULT);
	assert_int_equal(why.addr, BASE + 2 * PAGE);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2), 0);
	world_end(&w);
}

/* linux-5.2 looks for FS DAX after it has taken everything, so whatever stops it before that comes first. */
static void other_errors_come_before_dax_in_5_2(void **state)
{
	struct gup_page *pages[2];
	struct gup_call call = { GUP_GET_USER_PAGES, BASE, 2, GUP_WRITE | GUP_LONGTERM, pages, NULL };
	struct gup_object *file;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .dax = 2, .contract = GUP_LINUX_5_2 });
	file = new_dax_file(&w, PAGE);
	map_shared(w.mm, BASE, 2 * PAGE, file);
	assert_int_equal(take(w.mm, &call, NULL), -GUP_EOPNOTSUPP);
	check_rest(w.m, 0, 0);
	call.start = BASE + PAGE;
	call.nr_pages = 1;
	assert_int_equal(take(w.mm, &call, NULL), -GUP_EFAULT); /* beyond the end */
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_READ), 0);
	call.start = BASE;
	assert_int_equal(take(w.mm, &call, NULL), -GUP_EFAULT);
	call.flags = GUP_LONGTERM;
	assert_int_equal(take(w.mm, &call, NULL), -GUP_EOPNOTSUPP);
	check_rest(w.m, 0, 0);
	gup_object_put(file);
	world_end(&w);
}

/* Of an untracked holder the part in the range is told, with all pins that the folio has. */
static void untracked_holder_of_a_part(void **state)
{
	static struct gup_page *pages[GUP_HUGE_PAGES];
	struct gup_holder holder;
	struct world w;
	uint64_t first;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, GUP_HUGE_PAGES, GUP_WRITE, pages), GUP_HUGE_PAGES);
	first = gup_page_to_pfn(w.m, pages[MIDDLE]);
	assert_int_equal(gup_pin_holders(w.m, first, 8, &holder, 1), 1);
	assert_true(holder.pin);
	assert_int_equal(holder.pfn, first);
	assert_int_equal(holder.pages, 8);
	assert_int_equal(holder.count, GUP_HUGE_PAGES);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, GUP_HUGE_PAGES), 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 0);
	world_end(&w);
}

/* A fork that fails at a full count gives the page back to the parent as it was. */
static void failed_fork_leaves_the_page_exclusive(void **state)
{
	const uint64_t full = 0x7fffffff - 1;
	struct gup_mm *child = NULL;
	struct gup_page *page;
	struct world w;
	uint64_t faults;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	page = gup_pfn_to_page(w.m, gup_user_pfn(w.mm, BASE));
	page->count += full; /* as many gets */
	assert_int_equal(gup_mm_fork(w.mm, "child", &child), -GUP_ENOMEM);
	page->count -= full;
	assert_null(child);
	assert_true(frame_at(w.mm, BASE).exclusive);
	check_rest(w.m, 0, 0);
	faults = stats_of(w.m).faults;
	app_fill(w.mm, BASE, PAGE, 2);
	assert_int_equal(stats_of(w.m).faults, faults);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_is_nobodys_to_release),
		cmocka_unit_test(unpin_range_ends_with_the_machine),
		cmocka_unit_test(wrong_unpin_of_an_own_pin_is_no_catastrophe),
		cmocka_unit_test(folio_that_left_its_object_can_be_split),
		cmocka_unit_test(cut_part_of_a_held_folio_never_shows_again),
		cmocka_unit_test(busy_folio_without_a_place_is_busy),
		cmocka_unit_test(splitting_is_not_moving),
		cmocka_unit_test(pinned_folios_are_passed_by_at_once),
		cmocka_unit_test(offline_twice_is_a_mistake),
		cmocka_unit_test(register_numbers_do_not_wrap),
		cmocka_unit_test(fast_count_is_an_int),
		cmocka_unit_test(fast_only_says_why_it_stopped),
		cmocka_unit_test(other_errors_come_before_dax_in_5_2),
		cmocka_unit_test(untracked_holder_of_a_part),
		cmocka_unit_test(failed_fork_leaves_the_page_exclusive),
	};

	return cmocka_run_group_tests_name("regress", tests, NULL, NULL);
}
