/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_longterm.c - LONGTERM: out of CMA and MOVABLE first, then pinned.
 *
 * The proof of it is in the end of each test: the owner of the area gets all of it while the pins are still held, and
 * the data are where the application and the device expect them.
 */
#include "world.h"

#define NR 16
#define AREA_MIB 16 /* more than NORMAL, so that applications borrow from it */

static void begin(struct world *w, enum gup_zone_kind kind, enum gup_contract_id contract)
{
	struct world_spec spec = { .normal = 8, .contract = contract, .track_holders = true };

	if (kind == GUP_ZONE_CMA)
		spec.cma = AREA_MIB;
	else
		spec.movable = 8;
	world_begin(w, &spec);
}

static void all_in_zone(struct world *w, struct gup_page **pages, unsigned int nr, enum gup_zone_kind kind)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		assert_int_equal(frame_of(w->m, pages[i]).zone, kind);
		assert_int_equal(frame_of(w->m, pages[i]).longterm_ok, kind == GUP_ZONE_NORMAL);
	}
}

static void whole_area_can_be_had(struct world *w)
{
	struct gup_page *frames;
	struct gup_why why = { 0 };

	assert_int_equal(gup_cma_alloc(w->m, CAMERA, AREA_MIB * MIB, 0, PATIENT_NS, &frames, &why), 0);
	memset(gup_page_address(w->m, frames), 0xff, AREA_MIB * MIB);
	assert_int_equal(gup_cma_free(w->m, frames, AREA_MIB * MIB), 0);
}

static void whole_zone_can_be_emptied(struct world *w)
{
	struct gup_zone_info zone;
	unsigned int nr = 0;

	do
		assert_int_equal(gup_zone_info(w->m, nr++, &zone), 0);
	while (zone.kind != GUP_ZONE_MOVABLE);
	assert_int_equal(gup_offline_range(w->m, zone.first_pfn, zone.nr_frames, PATIENT_NS, NULL), 0);
	assert_int_equal(gup_online_range(w->m, zone.first_pfn, zone.nr_frames), 0);
}

static void use_through_pins(struct world *w, uint64_t addr, struct gup_page **pages, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		assert_true(same_frame(w->mm, addr + i * PAGE, pages[i]));
		device_expect(w->m, pages[i], addr + i * PAGE, 1);
		device_fill(w->m, pages[i], addr + i * PAGE, 2);
	}
	app_expect(w->mm, addr, nr * PAGE, 2);
}

/* Borrow, pin long-term by @entry, see that all moved and the zone's owner is free to have it. */
static void moves_out(enum gup_entry entry, enum gup_zone_kind kind, enum gup_contract_id contract)
{
	struct gup_page *pages[NR];
	struct gup_call call = { entry, 0, NR, GUP_WRITE | GUP_LONGTERM, pages, NULL };
	struct world w;

	begin(&w, kind, contract);
	call.start = world_borrow(&w, kind, NR);
	app_fill(w.mm, call.start, NR * PAGE, 1);
	assert_int_equal(take(w.mm, &call, NULL), NR);
	all_in_zone(&w, pages, NR, GUP_ZONE_NORMAL);
	assert_int_equal(stats_of(w.m).migrated, NR);
	check_rest(w.m, entry_pins(entry) ? NR : 0, entry_pins(entry) ? 0 : NR);
	if (kind == GUP_ZONE_CMA)
		whole_area_can_be_had(&w);
	else
		whole_zone_can_be_emptied(&w);
	use_through_pins(&w, call.start, pages, NR);
	assert_int_equal(release(w.m, entry, pages, NR), 0);
	world_end(&w);
}

static bool has_longterm_slow_path(enum gup_entry entry)
{
	return entry != GUP_GET_USER_PAGES_FAST_ONLY && entry != GUP_PIN_USER_PAGES_FAST_ONLY;
}

static void every_native_entry_leaves_cma(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
		if (has_longterm_slow_path(entry))
			moves_out(entry, GUP_ZONE_CMA, GUP_NATIVE);
}

static void every_native_entry_leaves_movable(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
		if (has_longterm_slow_path(entry))
			moves_out(entry, GUP_ZONE_MOVABLE, GUP_NATIVE);
}

static void linux_entries_leave_cma_and_movable(void **state)
{
	static const enum gup_contract_id ids[] = { GUP_LINUX_6_1, GUP_LINUX_6_12 };
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ids); i++) {
		moves_out(GUP_PIN_USER_PAGES, GUP_ZONE_CMA, ids[i]);
		moves_out(GUP_PIN_USER_PAGES_FAST, GUP_ZONE_CMA, ids[i]);
		moves_out(GUP_PIN_USER_PAGES, GUP_ZONE_MOVABLE, ids[i]);
		moves_out(GUP_PIN_USER_PAGES_FAST, GUP_ZONE_MOVABLE, ids[i]);
		moves_out(GUP_PIN_USER_PAGES_REMOTE, GUP_ZONE_CMA, ids[i]);
	}
}

static void fast_only_notices_and_refuses(void **state)
{
	struct gup_page *pages[NR];
	struct world w;
	uint64_t addr;

	(void)state;
	begin(&w, GUP_ZONE_CMA, GUP_NATIVE);
	addr = world_borrow(&w, GUP_ZONE_CMA, NR);
	assert_int_equal(gup_pin_user_pages_fast_only(w.mm, addr, NR, GUP_WRITE | GUP_LONGTERM, pages), 0);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_pin_user_pages_fast_only(w.mm, addr, NR, GUP_WRITE, pages), NR);
	all_in_zone(&w, pages, NR, GUP_ZONE_CMA);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	world_end(&w);
}

static void huge_folio_moves_whole(void **state)
{
	static const enum gup_zone_kind kinds[] = { GUP_ZONE_CMA, GUP_ZONE_MOVABLE };
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct gup_page *pages[NR];
		struct world w;
		uint64_t addr, at;

		begin(&w, kinds[i], GUP_LINUX_6_12);
		addr = world_borrow(&w, kinds[i], GUP_HUGE_PAGES);
		app_fill(w.mm, addr, HUGE, 1);
		at = addr + 100 * PAGE;
		assert_int_equal(gup_pin_user_pages_fast(w.mm, at, NR, GUP_WRITE | GUP_LONGTERM, pages), NR);
		all_in_zone(&w, pages, NR, GUP_ZONE_NORMAL);
		assert_int_equal(frame_at(w.mm, addr).zone, GUP_ZONE_NORMAL);
		assert_int_equal(frame_at(w.mm, addr + 511 * PAGE).zone, GUP_ZONE_NORMAL);
		if (kinds[i] == GUP_ZONE_CMA)
			whole_area_can_be_had(&w);
		else
			whole_zone_can_be_emptied(&w);
		use_through_pins(&w, at, pages, NR);
		app_expect(w.mm, addr, 100 * PAGE, 1);
		app_expect(w.mm, at + NR * PAGE, (412 - NR) * PAGE, 1);
		check_rest(w.m, NR, 0);
		assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
		world_end(&w);
	}
}

static void own_form_moves_out(void **state)
{
	struct gup_request request = { .bytes = NR * PAGE, .flags = GUP_WRITE | GUP_LONGTERM };
	struct gup_pin *pin;
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w, GUP_ZONE_CMA, GUP_LINUX_6_12);
	request.addr = world_borrow(&w, GUP_ZONE_CMA, NR);
	app_fill(w.mm, request.addr, NR * PAGE, 1);
	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	for (i = 0; i < NR; i++)
		assert_int_equal(frame_at(w.mm, request.addr + i * PAGE).zone, GUP_ZONE_NORMAL);
	check_rest(w.m, NR, 0);
	whole_area_can_be_had(&w);
	app_expect(w.mm, request.addr, NR * PAGE, 1);
	assert_int_equal(gup_unpin(pin, true), 0);
	world_end(&w);
}

static void short_pin_blocks_the_owner(void **state)
{
	struct gup_page *page, *frames;
	struct gup_why why = { 0 };
	struct world w;
	uint64_t addr;

	(void)state;
	begin(&w, GUP_ZONE_CMA, GUP_LINUX_6_12);
	addr = world_borrow(&w, GUP_ZONE_CMA, NR);
	app_fill(w.mm, addr, NR * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, addr + PAGE, 1, GUP_WRITE, &page), 1);
	all_in_zone(&w, &page, 1, GUP_ZONE_CMA);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, AREA_MIB * MIB, 0, IMPATIENT_NS, &frames, &why), -GUP_EBUSY);
	assert_int_equal(why.error, -GUP_EBUSY);
	assert_int_equal(why.rule, GUP_RULE_PINNED);
	assert_int_equal(why.pfn, gup_page_to_pfn(w.m, page));
	assert_string_equal(why.holder, APP);
	check_rest(w.m, 1, 0);
	app_expect(w.mm, addr, NR * PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	whole_area_can_be_had(&w);
	app_expect(w.mm, addr, NR * PAGE, 1);
	world_end(&w);
}

/* Somebody else holds one of the pages: it cannot be moved, so nothing is pinned long-term. */
static void held_page(enum gup_contract_id contract, bool by_pin)
{
	struct gup_page *pages[NR], *held;
	struct gup_why why = { 0 };
	struct gup_call call = { GUP_PIN_USER_PAGES, 0, NR, GUP_WRITE | GUP_LONGTERM, pages, NULL };
	struct world w;

	begin(&w, GUP_ZONE_CMA, contract);
	call.start = world_borrow(&w, GUP_ZONE_CMA, NR);
	app_fill(w.mm, call.start, NR * PAGE, 1);
	if (by_pin)
		assert_int_equal(gup_pin_user_pages_fast(w.mm, call.start + 5 * PAGE, 1, 0, &held), 1);
	else
		assert_int_equal(gup_get_user_pages_fast(w.mm, call.start + 5 * PAGE, 1, 0, &held), 1);
	assert_int_equal(take(w.mm, &call, &why), -GUP_ENOMEM);
	assert_int_equal(why.error, -GUP_ENOMEM);
	assert_int_equal(why.rule, GUP_RULE_MIGRATE_BUSY);
	assert_string_equal(why.holder, APP);
	assert_int_equal(why.pfn, gup_page_to_pfn(w.m, held));
	check_rest(w.m, by_pin, !by_pin);
	call.entry = GUP_PIN_USER_PAGES_FAST;
	assert_int_equal(take(w.mm, &call, &why), contract == GUP_NATIVE ? -GUP_ENOMEM : 5);
	if (contract != GUP_NATIVE)
		assert_int_equal(gup_unpin_user_pages(w.m, pages, 5), 0);
	check_rest(w.m, by_pin, !by_pin);
	app_expect(w.mm, call.start, NR * PAGE, 1);
	assert_int_equal(by_pin ? gup_unpin_user_page(w.m, held) : gup_put_page(w.m, held), 0);
	assert_int_equal(take(w.mm, &call, &why), NR);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	world_end(&w);
}

static void page_held_by_a_get(void **state)
{
	(void)state;
	held_page(GUP_LINUX_6_12, false);
	held_page(GUP_LINUX_6_1, false);
	held_page(GUP_NATIVE, false);
}

static void page_held_by_a_short_pin(void **state)
{
	(void)state;
	held_page(GUP_LINUX_6_12, true);
	held_page(GUP_NATIVE, true);
}

static void pinned_twice_longterm(void **state)
{
	struct gup_page *first[NR], *second[NR];
	struct world w;
	uint64_t addr;

	(void)state;
	begin(&w, GUP_ZONE_CMA, GUP_LINUX_6_12);
	addr = world_borrow(&w, GUP_ZONE_CMA, NR);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, addr, NR, GUP_WRITE | GUP_LONGTERM, first), NR);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, addr, NR, GUP_WRITE | GUP_LONGTERM, second), NR);
	assert_memory_equal(first, second, sizeof(first));
	check_rest(w.m, 2 * NR, 0);
	assert_int_equal(stats_of(w.m).migrated, NR);
	assert_int_equal(gup_unpin_user_pages(w.m, first, NR), 0);
	assert_int_equal(gup_unpin_user_pages(w.m, second, NR), 0);
	world_end(&w);
}

static void fresh_pages_never_land_there(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		static struct gup_page *pages[64];
		struct world w;
		unsigned int i;

		world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 8, .cma = 8, .contract = id });
		map_anon(w.mm, BASE, 64 * PAGE);
		if (id == GUP_LINUX_5_2)
			assert_int_equal(get_plain(w.mm, BASE, 64, GUP_WRITE | GUP_LONGTERM, pages), 64);
		else
			assert_int_equal(pin_plain(w.mm, BASE, 64, GUP_WRITE | GUP_LONGTERM, pages), 64);
		for (i = 0; i < 64; i++) {
			assert_int_not_equal(frame_of(w.m, pages[i]).zone, GUP_ZONE_CMA);
			if (id != GUP_LINUX_5_2)
				assert_int_equal(frame_of(w.m, pages[i]).zone, GUP_ZONE_NORMAL);
		}
		assert_int_equal(stats_of(w.m).migrated, 0);
		if (id == GUP_LINUX_5_2)
			assert_int_equal(gup_put_pages(w.m, pages, 64), 0);
		else
			assert_int_equal(gup_unpin_user_pages(w.m, pages, 64), 0);
		world_end(&w);
	}
}

static void shared_memory_moves_for_all_who_map_it(void **state)
{
	struct gup_page *pages[2 * NR], *more[2 * NR];
	struct gup_object *shm;
	struct gup_mm *other;
	struct world w;
	unsigned int i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 8 });
	other = world_mm(&w, "other");
	shm = new_shm(&w, 2 * NR * PAGE);
	map_shared(w.mm, BASE, 2 * NR * PAGE, shm);
	map_shared(other, BASE + HUGE, 2 * NR * PAGE, shm);
	app_fill(w.mm, BASE, 2 * NR * PAGE, 1);
	assert_int_equal(app_peek(other, BASE + HUGE), app_peek(w.mm, BASE));
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_MOVABLE);
	assert_int_equal(pin_plain(w.mm, BASE, 2 * NR, GUP_WRITE | GUP_LONGTERM, pages), 2 * NR);
	all_in_zone(&w, pages, 2 * NR, GUP_ZONE_NORMAL);
	use_through_pins(&w, BASE, pages, 2 * NR);
	for (i = 0; i < 2 * NR; i++)
		app_poke(other, BASE + HUGE + i * PAGE, i);
	for (i = 0; i < 2 * NR; i++)
		assert_int_equal(app_peek(w.mm, BASE + i * PAGE), i);
	assert_int_equal(pin_plain(other, BASE + HUGE, 2 * NR, GUP_WRITE, more), 2 * NR);
	assert_memory_equal(pages, more, sizeof(pages));
	assert_int_equal(gup_unpin_user_pages(w.m, more, 2 * NR), 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2 * NR), 0);
	gup_object_put(shm);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_native_entry_leaves_cma),
		cmocka_unit_test(every_native_entry_leaves_movable),
		cmocka_unit_test(linux_entries_leave_cma_and_movable),
		cmocka_unit_test(fast_only_notices_and_refuses),
		cmocka_unit_test(huge_folio_moves_whole),
		cmocka_unit_test(own_form_moves_out),
		cmocka_unit_test(short_pin_blocks_the_owner),
		cmocka_unit_test(page_held_by_a_get),
		cmocka_unit_test(page_held_by_a_short_pin),
		cmocka_unit_test(pinned_twice_longterm),
		cmocka_unit_test(fresh_pages_never_land_there),
		cmocka_unit_test(shared_memory_moves_for_all_who_map_it),
	};

	return cmocka_run_group_tests_name("longterm", tests, NULL, NULL);
}
