/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_guards.c - what must hold although nothing seems to be in the way: copy-on-write through changes
 * of protection, counts near their end, zones in their order, tables that go with their mappings. And the machine
 * check has to notice what these tests damage.
 */
#include "world.h"

#define NR 8

static void protection_gives_no_write_access_away(void **state)
{
	struct gup_mm *child;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	map_anon(w.mm, BASE, 3 * PAGE);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	app_expect_zero(w.mm, BASE + 2 * PAGE, PAGE);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(gup_mprotect(child, BASE, 3 * PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(child, BASE, 3 * PAGE, RW), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, PAGE, 0), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, PAGE, RW), 0);
	check_rest(w.m, 0, 0);
	app_fill(child, BASE, 3 * PAGE, 2);
	app_expect(w.mm, BASE, 2 * PAGE, 1);
	app_expect_zero(w.mm, BASE + 2 * PAGE, PAGE);
	app_fill(w.mm, BASE, 2 * PAGE, 3);
	app_expect(child, BASE, 3 * PAGE, 2);
	world_end(&w);
}

/* The count of a page is brought near its end as if it were held two thousand million times. */
static void count_at_its_end(enum gup_entry entry)
{
	struct gup_page *page, *pages[NR];
	struct gup_call call = { entry, BASE, NR, GUP_WRITE, pages, NULL };
	struct gup_why why = { 0 };
	struct world w;
	uint64_t count;

	world_begin(&w, &(struct world_spec){ .normal = 8, .contract = GUP_NATIVE });
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	page = gup_pfn_to_page(w.m, gup_user_pfn(w.mm, BASE));
	count = page->count;
	page->count = 0x7fffffff - NR + 1;
	assert_int_equal(take(w.mm, &call, &why), -GUP_ENOMEM);
	assert_int_equal(why.rule, GUP_RULE_COUNT_OVERFLOW);
	assert_int_equal(page->count, 0x7fffffff - NR + 1);
	page->count = count;
	assert_int_equal(take(w.mm, &call, &why), NR);
	assert_int_equal(release(w.m, entry, pages, NR), 0);
	world_end(&w);
}

static void counts_do_not_overflow(void **state)
{
	(void)state;
	count_at_its_end(GUP_PIN_USER_PAGES);
	count_at_its_end(GUP_PIN_USER_PAGES_FAST);
	count_at_its_end(GUP_GET_USER_PAGES);
	count_at_its_end(GUP_GET_USER_PAGES_FAST);
}

/* Whoever wants to map it as well is told, and does not look for ever. */
static void count_of_shared_memory_at_its_end(void **state)
{
	struct gup_object *shm;
	struct gup_page *page;
	struct gup_mm *other;
	struct world w;
	uint64_t count;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	assert_int_equal(gup_shm_create(w.m, HUGE, 0, &shm), 0);
	map_shared(w.mm, BASE, HUGE, shm);
	app_fill(w.mm, BASE, PAGE, 1);
	assert_int_equal(gup_mm_create(w.m, "other", &other), 0);
	map_shared(other, BASE, HUGE, shm);
	page = gup_pfn_to_page(w.m, gup_user_pfn(w.mm, BASE));
	count = page->count;
	page->count = 0x7fffffff;
	assert_int_equal(gup_populate(other, BASE, PAGE), -GUP_ENOMEM);
	assert_int_equal(page->count, 0x7fffffff);
	page->count = count;
	assert_int_equal(gup_populate(other, BASE, PAGE), 0);
	app_expect(other, BASE, PAGE, 1);
	gup_mm_destroy(other);
	gup_object_put(shm);
	world_end(&w);
}

static void movable_memory_borrows_only_the_surplus(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 16, .cma = 8 });
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_NORMAL);
	assert_int_equal(frame_at(w.mm, BASE + (NR - 1) * PAGE).zone, GUP_ZONE_NORMAL);
	world_end(&w);
}

static void all_of_cma_can_be_borrowed(void **state)
{
	struct world w;
	uint64_t i, nr;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .cma = 8, .no_huge_pages = true });
	nr = free_frames(w.m) - 64;
	map_anon(w.mm, BASE, nr * PAGE);
	for (i = 0; i < nr; i++)
		app_poke(w.mm, BASE + i * PAGE, 1);
	assert_true(free_frames(w.m) < 64);
	world_end(&w);
}

/* Frames that a thread keeps close to itself are found when nothing else is left, whatever they were used for. */
static void cached_frames_are_no_loss(void **state)
{
	static struct gup_page *pages[NR];
	struct world w;
	uint64_t i, addr = BASE + HUGE;
	uint8_t byte = 1;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .no_huge_pages = true });
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, NR, GUP_WRITE | GUP_LONGTERM, pages), NR);
	map_anon(w.mm, addr, 1024 * PAGE);
	for (i = 0; gup_copy_to_user(w.mm, addr + i * PAGE, &byte, 1) == 0; i++)
		assert_true(i < 1024);
	assert_int_equal(free_frames(w.m), 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	assert_int_equal(gup_madvise(w.mm, BASE, NR * PAGE, GUP_MADV_DONTNEED), 0);
	assert_int_equal(free_frames(w.m), NR);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	world_end(&w);
}

static void tables_go_with_their_mappings(void **state)
{
	struct world w;
	uint64_t free, i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	free = free_frames(w.m);
	for (i = 1; i <= 100; i++) {
		map_anon(w.mm, BASE + i * (UINT64_C(1) << 36), PAGE);
		app_poke(w.mm, BASE + i * (UINT64_C(1) << 36), 1);
	}
	assert_true(free_frames(w.m) <= free - 300);
	for (i = 1; i <= 100; i++)
		assert_int_equal(gup_munmap(w.mm, BASE + i * (UINT64_C(1) << 36), PAGE), 0);
	/* Tables that nobody can see any more do not pile up. */
	assert_true(free_frames(w.m) + 50 >= free);
	check_rest(w.m, 0, 0);
	assert_int_equal(free_frames(w.m), free);
	app_expect(w.mm, BASE, PAGE, 1);
	world_end(&w);
}

static void short_pins_of_dax_files_need_no_lock(void **state)
{
	struct gup_page *pages[NR];
	struct gup_object *file;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .dax = 2, .contract = GUP_NATIVE });
	file = new_dax_file(&w, NR * PAGE);
	map_shared(w.mm, BASE, NR * PAGE, file);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast_only(w.mm, BASE, NR, GUP_WRITE, pages), NR);
	check_rest(w.m, NR, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	gup_object_put(file);
	world_end(&w);
}

/* The first touch of large shared memory, with each allocation failing once: small pages do, and none is left over. */
static void large_shared_memory_falls_back(void **state)
{
	unsigned int nth;

	(void)state;
	for (nth = 1; nth < 24; nth++) {
		struct gup_object *shm;
		struct world w;
		uint8_t byte = 1;

		world_begin(&w, &(struct world_spec){ .normal = 8 });
		assert_int_equal(gup_shm_create(w.m, HUGE, GUP_SHM_HUGE, &shm), 0);
		map_shared(w.mm, BASE, HUGE, shm);
		gup_test_fail_alloc(w.m, nth);
		(void)gup_copy_to_user(w.mm, BASE + 3 * PAGE, &byte, 1);
		gup_test_fail_alloc(w.m, 0);
		check_rest(w.m, 0, 0);
		app_fill(w.mm, BASE, HUGE, 1);
		app_expect(w.mm, BASE, HUGE, 1);
		check_rest(w.m, 0, 0);
		gup_object_put(shm);
		world_end(&w);
	}
}

static void reading_a_hole_fills_nothing(void **state)
{
	static uint8_t buf[NR * PAGE];
	struct gup_object *shm;
	struct world w;
	uint64_t free;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	shm = new_shm(&w, NR * PAGE);
	free = free_frames(w.m);
	memset(buf, 1, sizeof(buf));
	assert_int_equal(gup_object_read(shm, 0, buf, sizeof(buf)), sizeof(buf));
	assert_true(all_zero(buf, sizeof(buf)));
	assert_int_equal(free_frames(w.m), free);
	gup_object_put(shm);
	world_end(&w);
}

static void large_mappings_are_placed_for_large_folios(void **state)
{
	struct gup_map_request request = { .length = PAGE, .prot = RW, .flags = GUP_MAP_PRIVATE };
	struct world w;
	int64_t addr;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	assert_true(gup_mmap(w.mm, &request) > 0);
	request.length = HUGE;
	addr = gup_mmap(w.mm, &request);
	assert_true(addr > 0);
	assert_int_equal(addr % HUGE, 0);
	app_poke(w.mm, addr, 1);
	assert_int_equal(frame_at(w.mm, addr).order, GUP_HUGE_ORDER);
	world_end(&w);
}

static void a_pin_ends_with_the_object(void **state)
{
	struct gup_page *pages[4];
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, BASE, 4, GUP_WRITE, pages, NULL };
	struct gup_why why = { 0 };
	struct gup_object *shm;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	shm = new_shm(&w, 2 * PAGE);
	map_shared(w.mm, BASE, 4 * PAGE, shm);
	assert_int_equal(take(w.mm, &call, &why), 2);
	assert_int_equal(why.error, -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_BEYOND_OBJECT);
	assert_int_equal(why.addr, BASE + 2 * PAGE);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2), 0);
	call.start += 2 * PAGE;
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	/* The cache's reference is nobody's to put. */
	assert_int_equal(gup_put_page(w.m, pages[0]), -GUP_EINVAL);
	check_rest(w.m, 0, 0);
	gup_object_put(shm);
	world_end(&w);
}

static void offline_stays_in_its_zone(void **state)
{
	struct gup_zone_info zone;
	struct gup_why why = { 0 };
	struct world w;
	unsigned int nr = 0;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .movable = 6, .dax = 4 });
	do
		assert_int_equal(gup_zone_info(w.m, nr++, &zone), 0);
	while (zone.kind != GUP_ZONE_MOVABLE);
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn + 512, zone.nr_frames, 0, &why), -GUP_EINVAL);
	assert_int_equal(why.rule, GUP_RULE_BAD_ARGUMENT);
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn + 512, 512, 0, NULL), 0);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_online_range(w.m, zone.first_pfn, 1024), -GUP_EINVAL);
	assert_int_equal(gup_online_range(w.m, zone.first_pfn + 512, 512), 0);
	world_end(&w);
}

/* An allocation that found another place says nothing about the place that was taken. */
static void a_success_has_no_reason(void **state)
{
	struct gup_why why = { 0 };
	struct gup_page *held, *frames;
	struct world w;
	uint64_t addr;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .cma = 8 });
	addr = world_borrow(&w, GUP_ZONE_CMA, NR);
	assert_int_equal(gup_get_user_pages_fast(w.mm, addr, 1, 0, &held), 1);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 6 * MIB, 0, 0, &frames, &why), 0);
	assert_int_equal(why.error, 0);
	assert_int_equal(why.rule, GUP_RULE_NONE);
	assert_string_equal(why.holder, "");
	assert_int_equal(gup_cma_free(w.m, frames, 6 * MIB), 0);
	assert_int_equal(gup_put_page(w.m, held), 0);
	world_end(&w);
}

/* Freeing an allocation in which a frame behind the first is pinned leaves all of it as it was. */
static void nothing_is_freed_by_halves(void **state)
{
	struct gup_object *object;
	struct gup_page *frames, *pinned;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .cma = 8 });
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 4 * PAGE, 0, PATIENT_NS, &frames, NULL), 0);
	assert_int_equal(gup_cma_object(w.m, frames, 4 * PAGE, &object), 0);
	map_shared(w.mm, BASE, 4 * PAGE, object);
	gup_object_put(object);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 2 * PAGE, 1, GUP_WRITE, &pinned), 1);
	assert_int_equal(gup_munmap(w.mm, BASE, 4 * PAGE), 0);
	assert_int_equal(gup_cma_free(w.m, frames, 4 * PAGE), -GUP_EBUSY);
	assert_int_equal(gup_page_refs(w.m, frames), 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, pinned), 0);
	assert_int_equal(gup_cma_free(w.m, frames, 4 * PAGE), 0);
	world_end(&w);
}

static void check_finds(struct gup_machine *m, const char *words)
{
	struct gup_check check;

	assert_int_equal(gup_machine_check(m, &check), -GUP_EINVAL);
	assert_true(check.errors > 0);
	if (!strstr(check.first_error, words))
		fail_msg("'%s' does not say '%s'", check.first_error, words);
}

/* Damage each field of a descriptor that is in use, and put it back. */
static void the_check_finds_damage(void **state)
{
	struct gup_page *page, *pinned;
	struct gup_check check;
	struct gup_page good;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &pinned), 1);
	page = gup_pfn_to_page(w.m, gup_user_pfn(w.mm, BASE));
	good = *page;
	page->count--;
	check_finds(w.m, "fewer references");
	*page = good;
	page->mapcount++;
	check_finds(w.m, "mapping count");
	*page = good;
	page->mapping = 0;
	check_finds(w.m, "another lineage");
	*page = good;
	page->count = 0;
	check_finds(w.m, "nobody owns");
	*page = good;
	page->count += 2;
	assert_int_equal(gup_machine_check(w.m, &check), 0);
	assert_int_equal(check.gets, 2);
	*page = good;
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, pinned), 0);
	world_end(&w);
}

static void the_check_finds_damage_in_a_large_folio(void **state)
{
	struct gup_page *head, good;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	head = gup_pfn_to_page(w.m, gup_user_pfn(w.mm, BASE));
	good = head[1];
	head[1].index += UINT64_C(1) << 32;
	check_finds(w.m, "folio's mapping count");
	head[1] = good;
	head[1].index++;
	check_finds(w.m, "whole mappings");
	head[1] = good;
	head[5].mapcount = 1;
	check_finds(w.m, "frame's mapping count");
	head[5].mapcount = 0;
	check_rest(w.m, 0, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protection_gives_no_write_access_away),
		cmocka_unit_test(counts_do_not_overflow),
		cmocka_unit_test(count_of_shared_memory_at_its_end),
		cmocka_unit_test(movable_memory_borrows_only_the_surplus),
		cmocka_unit_test(all_of_cma_can_be_borrowed),
		cmocka_unit_test(cached_frames_are_no_loss),
		cmocka_unit_test(tables_go_with_their_mappings),
		cmocka_unit_test(short_pins_of_dax_files_need_no_lock),
		cmocka_unit_test(large_shared_memory_falls_back),
		cmocka_unit_test(reading_a_hole_fills_nothing),
		cmocka_unit_test(large_mappings_are_placed_for_large_folios),
		cmocka_unit_test(a_pin_ends_with_the_object),
		cmocka_unit_test(offline_stays_in_its_zone),
		cmocka_unit_test(a_success_has_no_reason),
		cmocka_unit_test(nothing_is_freed_by_halves),
		cmocka_unit_test(the_check_finds_damage),
		cmocka_unit_test(the_check_finds_damage_in_a_large_folio),
	};

	return cmocka_run_group_tests_name("guards", tests, NULL, NULL);
}
