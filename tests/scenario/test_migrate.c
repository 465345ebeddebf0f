/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_migrate.c - moving folios on request, and emptying ranges of ZONE_MOVABLE.
 *
 * A move is invisible to everybody who looks through a mapping; what somebody holds does not move.
 */
#include "world.h"

#define NR 8

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 12, .movable = 8, .track_holders = true });
}

static void small_folios_move(void **state)
{
	uint64_t pfns[NR];
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 2 * NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	for (i = 0; i < NR; i++)
		pfns[i] = gup_user_pfn(w.mm, BASE + i * PAGE);
	/* The second half was never touched: nothing to move there. */
	assert_int_equal(gup_migrate_range(w.mm, BASE, 2 * NR * PAGE, NULL), NR);
	assert_int_equal(stats_of(w.m).migrated, NR);
	for (i = 0; i < NR; i++) {
		assert_int_not_equal(gup_user_pfn(w.mm, BASE + i * PAGE), pfns[i]);
		assert_true(frame_at(w.mm, BASE + i * PAGE).exclusive);
		assert_int_equal(frame_at(w.mm, BASE + i * PAGE).refs, 1);
	}
	app_expect(w.mm, BASE, NR * PAGE, 1);
	app_fill(w.mm, BASE, NR * PAGE, 2);
	app_expect(w.mm, BASE, NR * PAGE, 2);
	world_end(&w);
}

static void huge_folio_moves(void **state)
{
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_migrate_range(w.mm, BASE + 5 * PAGE, PAGE, NULL), 1);
	assert_int_not_equal(gup_user_pfn(w.mm, BASE), pfn);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	app_expect(w.mm, BASE, HUGE, 1);
	check_rest(w.m, 0, 0);
	/* Mapped by small entries, it still moves as one. */
	assert_int_equal(gup_mprotect(w.mm, BASE + 9 * PAGE, PAGE, GUP_PROT_READ), 0);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_migrate_range(w.mm, BASE, HUGE, NULL), 1);
	assert_int_not_equal(gup_user_pfn(w.mm, BASE), pfn);
	app_expect(w.mm, BASE, HUGE, 1);
	assert_true(app_cannot_write(w.mm, BASE + 9 * PAGE));
	world_end(&w);
}

static void shared_by_two_mms(void **state)
{
	struct gup_object *shm;
	struct gup_mm *other;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w);
	other = world_mm(&w, "other");
	shm = new_shm(&w, NR * PAGE);
	map_shared(w.mm, BASE, NR * PAGE, shm);
	map_shared(other, BASE + HUGE, NR * PAGE, shm);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	app_poke(other, BASE + HUGE, 0x77);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_migrate_range(other, BASE + HUGE, PAGE, NULL), 1);
	assert_int_not_equal(gup_user_pfn(w.mm, BASE), pfn);
	assert_int_equal(gup_user_pfn(w.mm, BASE), gup_user_pfn(other, BASE + HUGE));
	assert_int_equal(app_peek(w.mm, BASE), 0x77);
	app_expect(w.mm, BASE + PAGE, (NR - 1) * PAGE, 1);
	app_poke(w.mm, BASE, 0x66);
	assert_int_equal(app_peek(other, BASE + HUGE), 0x66);
	gup_object_put(shm);
	world_end(&w);
}

static void cow_shared_after_fork(void **state)
{
	struct gup_mm *child, *grandchild;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	child = world_fork(&w, w.mm, "child");
	grandchild = world_fork(&w, child, "grandchild");
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_migrate_range(child, BASE, NR * PAGE, NULL), NR);
	assert_int_not_equal(gup_user_pfn(w.mm, BASE), pfn);
	assert_int_equal(gup_user_pfn(w.mm, BASE), gup_user_pfn(child, BASE));
	assert_int_equal(gup_user_pfn(w.mm, BASE), gup_user_pfn(grandchild, BASE));
	assert_int_equal(frame_at(w.mm, BASE).mapcount, 3);
	assert_false(frame_at(w.mm, BASE).exclusive);
	app_fill(child, BASE, PAGE, 2);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	app_expect(grandchild, BASE, NR * PAGE, 1);
	app_expect(child, BASE, PAGE, 2);
	world_end(&w);
}

static void protected_memory_moves_too(void **state)
{
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_mprotect(w.mm, BASE, NR * PAGE, 0), 0);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_migrate_range(w.mm, BASE, NR * PAGE, NULL), NR);
	assert_int_not_equal(gup_user_pfn(w.mm, BASE), pfn);
	assert_true(app_cannot_read(w.mm, BASE));
	assert_int_equal(gup_mprotect(w.mm, BASE, NR * PAGE, RW), 0);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	world_end(&w);
}

static void held_pages_stay(void **state)
{
	struct gup_page *pinned, *got;
	struct gup_why why = { 0 };
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 2 * PAGE, 1, GUP_WRITE, &pinned), 1);
	assert_int_equal(gup_migrate_range(w.mm, BASE, NR * PAGE, &why), NR - 1);
	assert_int_equal(why.error, -GUP_EBUSY);
	assert_int_equal(why.addr, BASE + 2 * PAGE);
	assert_true(same_frame(w.mm, BASE + 2 * PAGE, pinned));
	device_fill(w.m, pinned, BASE + 2 * PAGE, 2);
	app_expect(w.mm, BASE + 2 * PAGE, PAGE, 2);
	app_expect(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE + 3 * PAGE, 1, 0, &got), 1);
	assert_int_equal(gup_migrate_range(w.mm, BASE + 3 * PAGE, 2 * PAGE, &why), 1);
	assert_int_equal(why.error, -GUP_EBUSY);
	assert_int_equal(why.rule, GUP_RULE_MIGRATE_BUSY);
	assert_int_equal(why.addr, BASE + 3 * PAGE);
	assert_string_equal(why.holder, APP);
	assert_true(same_frame(w.mm, BASE + 3 * PAGE, got));
	check_rest(w.m, 1, 1);
	assert_int_equal(gup_put_page(w.m, got), 0);
	assert_int_equal(gup_unpin_user_page(w.m, pinned), 0);
	assert_int_equal(gup_migrate_range(w.mm, BASE, NR * PAGE, &why), NR);
	assert_int_equal(why.error, 0);
	world_end(&w);
}

static void what_cannot_move_is_passed_over(void **state)
{
	struct gup_object *file;
	struct world w;
	uint64_t zero, block;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .dax = 2 });
	file = new_dax_file(&w, PAGE);
	map_anon(w.mm, BASE, 2 * PAGE);
	map_shared(w.mm, BASE + 2 * PAGE, PAGE, file);
	app_expect_zero(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE + PAGE, 2 * PAGE, 1);
	zero = gup_user_pfn(w.mm, BASE);
	block = gup_user_pfn(w.mm, BASE + 2 * PAGE);
	assert_int_equal(gup_migrate_range(w.mm, BASE, 3 * PAGE, NULL), 1);
	assert_int_equal(gup_user_pfn(w.mm, BASE), zero);
	assert_int_equal(gup_user_pfn(w.mm, BASE + 2 * PAGE), block);
	app_expect(w.mm, BASE + PAGE, 2 * PAGE, 1);
	gup_object_put(file);
	world_end(&w);
}

static struct gup_zone_info movable_zone(struct gup_machine *m)
{
	struct gup_zone_info zone;
	unsigned int nr = 0;

	do
		assert_int_equal(gup_zone_info(m, nr++, &zone), 0);
	while (zone.kind != GUP_ZONE_MOVABLE);
	return zone;
}

static void offline_and_online(void **state)
{
	struct gup_zone_info zone;
	struct world w;
	uint64_t i;

	(void)state;
	begin(&w);
	zone = movable_zone(w.m);
	map_anon(w.mm, BASE, HUGE + NR * PAGE);
	app_fill(w.mm, BASE, HUGE + NR * PAGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_MOVABLE);
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn, zone.nr_frames, PATIENT_NS, NULL), 0);
	app_expect(w.mm, BASE, HUGE + NR * PAGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_NORMAL);
	assert_int_equal(frame_at(w.mm, BASE + HUGE).zone, GUP_ZONE_NORMAL);
	for (i = 0; i < zone.nr_frames; i++) {
		struct gup_frame_info info;

		assert_int_equal(gup_frame_info(w.m, zone.first_pfn + i, &info), 0);
		assert_int_equal(info.kind, GUP_FRAME_OFFLINE);
	}
	assert_int_equal(movable_zone(w.m).free_frames, 0);
	check_rest(w.m, 0, 0);
	map_anon(w.mm, BASE + 4 * HUGE, NR * PAGE);
	app_fill(w.mm, BASE + 4 * HUGE, NR * PAGE, 2);
	assert_int_equal(frame_at(w.mm, BASE + 4 * HUGE).zone, GUP_ZONE_NORMAL);
	assert_int_equal(gup_online_range(w.m, zone.first_pfn, zone.nr_frames), 0);
	assert_int_equal(movable_zone(w.m).free_frames, zone.nr_frames);
	assert_int_equal(gup_online_range(w.m, zone.first_pfn, zone.nr_frames), -GUP_EINVAL);
	world_end(&w);
}

static void offline_waits_for_pins(void **state)
{
	struct gup_zone_info zone;
	struct gup_why why = { 0 };
	struct gup_page *page;
	struct world w;
	uint64_t block;

	(void)state;
	begin(&w);
	zone = movable_zone(w.m);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	block = gup_page_to_pfn(w.m, page) & ~UINT64_C(511);
	assert_int_equal(gup_offline_range(w.m, block, 512, IMPATIENT_NS, &why), -GUP_EBUSY);
	assert_int_equal(why.rule, GUP_RULE_PINNED);
	assert_string_equal(why.holder, APP);
	assert_int_equal(why.pfn, gup_page_to_pfn(w.m, page));
	assert_false(frame_of(w.m, page).isolated);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_online_range(w.m, block, 512), -GUP_EINVAL);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_offline_range(w.m, block, 512, PATIENT_NS, &why), 0);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_online_range(w.m, block, 512), 0);
	/* Bad ranges: odd start, odd length, other zones. */
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn + 1, 512, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn, 100, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn, 0, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn - 512, 512, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn, zone.nr_frames + 512, 0, NULL), -GUP_EINVAL);
	world_end(&w);
}

static void offline_without_another_place(void **state)
{
	struct gup_zone_info zone;
	struct gup_why why = { 0 };
	struct world w;
	uint64_t nr, i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .movable = 4, .no_huge_pages = true });
	zone = movable_zone(w.m);
	nr = free_frames(w.m) - 64;
	map_anon(w.mm, BASE, nr * PAGE);
	for (i = 0; i < nr; i++)
		app_poke(w.mm, BASE + i * PAGE, i % 251);
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn, 512, IMPATIENT_NS, &why), -GUP_ENOMEM);
	assert_int_equal(why.rule, GUP_RULE_NO_MEMORY);
	for (i = 0; i < nr; i++)
		assert_int_equal(app_peek(w.mm, BASE + i * PAGE), i % 251);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_folios_move),
		cmocka_unit_test(huge_folio_moves),
		cmocka_unit_test(shared_by_two_mms),
		cmocka_unit_test(cow_shared_after_fork),
		cmocka_unit_test(protected_memory_moves_too),
		cmocka_unit_test(held_pages_stay),
		cmocka_unit_test(what_cannot_move_is_passed_over),
		cmocka_unit_test(offline_and_online),
		cmocka_unit_test(offline_waits_for_pins),
		cmocka_unit_test(offline_without_another_place),
	};

	return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
