/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_quarantine.c - a device is lost while it has pins: nobody gets its frames before it was reset.
 *
 * The device of these tests never listens: it writes to every frame that it was ever given, whenever it likes. What it
 * was given and has not lost by a reset must be nobody else's.
 */
#include "world.h"

#define NR 8
#define FILL_MIB 16

/* A machine with an application, a device, and a pin of the device on the application's memory. */
struct scene {
	struct world w;
	struct gup_owner *nic;
	struct gup_pin *pin;
	struct gup_page *given[NR]; /* what the device knows, for good */
	uint64_t nr;
};

static void begin(struct scene *s, const struct world_spec *spec)
{
	memset(s, 0, sizeof(*s));
	world_begin(&s->w, spec);
	assert_int_equal(gup_owner_create(s->w.m, "nic", UINT64_MAX, &s->nic), 0);
}

static void begin_small(struct scene *s, bool track_holders)
{
	begin(s, &(struct world_spec){ .normal = 8, .no_huge_pages = true, .track_holders = track_holders });
}

static void end(struct scene *s)
{
	assert_int_equal(gup_owner_quarantined(s->nic), 0);
	assert_int_equal(stats_of(s->w.m).quarantined, 0);
	assert_int_equal(gup_owner_pinned(s->nic), 0);
	assert_int_equal(gup_owner_destroy(s->nic), 0);
	world_end(&s->w);
}

static int try_pin(struct scene *s, struct gup_mm *mm, struct gup_request request, struct gup_why *why)
{
	s->pin = NULL;
	return gup_pin(mm, &request, &s->pin, why);
}

/* The device gets @nr pages; the first of them are remembered as frames. */
static void give(struct scene *s, struct gup_mm *mm, uint64_t addr, uint64_t nr, unsigned int flags)
{
	struct gup_extent_iter it = { 0 };
	struct gup_extent e;

	assert_int_equal(try_pin(s, mm, (struct gup_request){ addr, nr * PAGE, flags, s->nic }, NULL), 0);
	it.pin = s->pin;
	for (s->nr = 0; gup_pin_next_extent(&it, &e);)
		for (uint64_t i = 0; i < e.bytes / PAGE && s->nr < NR; i++)
			s->given[s->nr++] = e.page + i;
}

static void device_scribbles(struct scene *s, uint32_t tag)
{
	for (uint64_t i = 0; i < s->nr; i++)
		device_fill(s->w.m, s->given[i], BASE + i * PAGE, tag);
}

static void device_sees(struct scene *s, uint32_t tag)
{
	for (uint64_t i = 0; i < s->nr; i++)
		device_expect(s->w.m, s->given[i], BASE + i * PAGE, tag);
}

/* The device is lost, and its driver unpins. */
static void lose(struct scene *s, bool dirty)
{
	assert_int_equal(gup_owner_lost(s->nic), 0);
	assert_int_equal(gup_unpin(s->pin, dirty), 0);
	s->pin = NULL;
}

static void in_quarantine(struct scene *s, uint64_t pages)
{
	assert_int_equal(gup_owner_quarantined(s->nic), pages);
	assert_int_equal(stats_of(s->w.m).quarantined, pages);
	assert_int_equal(gup_owner_pinned(s->nic), pages);
	assert_int_equal(gup_owner_destroy(s->nic), -GUP_EBUSY);
}

/* Another application takes every free frame. Returns its pages. */
static uint64_t take_all(struct gup_mm *mm)
{
	uint8_t page[PAGE];
	uint64_t at = 0;

	map_anon(mm, BASE, FILL_MIB * MIB);
	for (;; at += PAGE) {
		pattern_make(page, BASE + at, PAGE, 7);
		if (gup_copy_to_user(mm, BASE + at, page, PAGE))
			return at / PAGE;
	}
}

static void nobody_else_sees_its_bytes(bool track_holders)
{
	struct gup_mm *next;
	struct scene s;
	uint64_t nr;

	begin_small(&s, track_holders);
	map_anon(s.w.mm, BASE, NR * PAGE);
	app_fill(s.w.mm, BASE, NR * PAGE, 1);
	give(&s, s.w.mm, BASE, NR, GUP_WRITE | GUP_LONGTERM);
	lose(&s, true);
	in_quarantine(&s, NR);
	assert_int_equal(gup_munmap(s.w.mm, BASE, NR * PAGE), 0);
	world_exit(&s.w, s.w.mm);
	device_scribbles(&s, 2);
	next = world_mm(&s.w, "next");
	nr = take_all(next);
	assert_in_range(nr, 7 * MIB / PAGE, 8 * MIB / PAGE);
	device_sees(&s, 2);
	device_scribbles(&s, 3);
	app_expect(next, BASE, nr * PAGE, 7);
	check_rest(s.w.m, NR, 0);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	check_rest(s.w.m, 0, 0);
	/* Now they are everybody's, and the device has forgotten them. */
	assert_int_equal(free_frames(s.w.m) >= NR, true);
	map_anon(next, BASE + FILL_MIB * MIB, NR * PAGE);
	app_expect_zero(next, BASE + FILL_MIB * MIB, NR * PAGE);
	end(&s);
}

static void its_bytes_stay_with_it(void **state)
{
	(void)state;
	nobody_else_sees_its_bytes(false);
	nobody_else_sees_its_bytes(true);
}

static void still_mapped(void **state)
{
	struct scene s;

	(void)state;
	begin_small(&s, false);
	map_anon(s.w.mm, BASE, NR * PAGE);
	app_fill(s.w.mm, BASE, NR * PAGE, 1);
	give(&s, s.w.mm, BASE, NR, GUP_WRITE);
	lose(&s, false);
	app_expect(s.w.mm, BASE, NR * PAGE, 1);
	app_fill(s.w.mm, BASE, NR * PAGE, 4);
	device_sees(&s, 4);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	app_expect(s.w.mm, BASE, NR * PAGE, 4);
	check_rest(s.w.m, 0, 0);
	end(&s);
}

/* Two pins of the same page, then a page of each of two folios of 2 MiB that only the device still wants. */
static void frames_come_back_once(void **state)
{
	struct scene s;
	uint64_t free;

	(void)state;
	begin(&s, &(struct world_spec){ .normal = 16 });
	free = free_frames(s.w.m);
	map_anon(s.w.mm, BASE, 2 * HUGE);
	app_fill(s.w.mm, BASE, 2 * HUGE, 1);
	assert_int_equal(frame_at(s.w.mm, BASE).order, GUP_HUGE_ORDER);
	give(&s, s.w.mm, BASE + HUGE - PAGE, 2, GUP_WRITE | GUP_LONGTERM);
	lose(&s, true);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	check_rest(s.w.m, 0, 0);
	give(&s, s.w.mm, BASE + HUGE - PAGE, 2, GUP_WRITE | GUP_LONGTERM);
	lose(&s, true);
	assert_int_equal(gup_munmap(s.w.mm, BASE, 2 * HUGE), 0);
	check_rest(s.w.m, 2, 0);
	in_quarantine(&s, 2);
	assert_in_range(free_frames(s.w.m), free - 2 * GUP_HUGE_PAGES - 4, free - 2 * GUP_HUGE_PAGES);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	check_rest(s.w.m, 0, 0);
	assert_int_equal(free_frames(s.w.m), free);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	assert_int_equal(free_frames(s.w.m), free);
	assert_int_equal(stats_of(s.w.m).bad_unpins, 0);
	end(&s);
}

static void whole_huge_folio(void **state)
{
	struct gup_mm *next;
	struct scene s;
	uint64_t nr;

	(void)state;
	begin(&s, &(struct world_spec){ .normal = 8 });
	map_anon(s.w.mm, BASE, HUGE);
	give(&s, s.w.mm, BASE, GUP_HUGE_PAGES, GUP_WRITE | GUP_LONGTERM);
	lose(&s, true);
	world_exit(&s.w, s.w.mm);
	in_quarantine(&s, GUP_HUGE_PAGES);
	next = world_mm(&s.w, "next");
	nr = take_all(next);
	assert_in_range(nr, 3 * GUP_HUGE_PAGES - 100, 3 * GUP_HUGE_PAGES);
	device_scribbles(&s, 2);
	app_expect(next, BASE, nr * PAGE, 7);
	check_rest(s.w.m, GUP_HUGE_PAGES, 0);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	end(&s);
}

/* The mm may go at any moment; the pin's name for it and its limit live on. */
static void mm_destroyed_between(void **state)
{
	struct gup_mm *mm;
	unsigned int when;
	struct scene s;
	uint64_t free;

	(void)state;
	begin_small(&s, true);
	free = free_frames(s.w.m);
	for (when = 0; when < 3; when++) {
		mm = world_mm(&s.w, "short-lived");
		map_anon(mm, BASE, NR * PAGE);
		give(&s, mm, BASE, NR, GUP_WRITE | GUP_LONGTERM);
		if (when == 0)
			world_exit(&s.w, mm);
		assert_int_equal(gup_owner_lost(s.nic), 0);
		if (when == 1)
			world_exit(&s.w, mm);
		assert_int_equal(gup_unpin(s.pin, true), 0);
		if (when == 2)
			world_exit(&s.w, mm);
		in_quarantine(&s, NR);
		check_rest(s.w.m, NR, 0);
		assert_int_equal(gup_owner_reset(s.nic), 0);
		check_rest(s.w.m, 0, 0);
		assert_int_equal(free_frames(s.w.m), free);
	}
	end(&s);
}

/* Pages in quarantine are pinned: the child gets copies, and the parent keeps what the device writes to. */
static void fork_between(void **state)
{
	struct gup_mm *child;
	struct scene s;

	(void)state;
	begin_small(&s, false);
	map_anon(s.w.mm, BASE, NR * PAGE);
	app_fill(s.w.mm, BASE, NR * PAGE, 1);
	give(&s, s.w.mm, BASE, NR, GUP_WRITE | GUP_LONGTERM);
	lose(&s, true);
	child = world_fork(&s.w, s.w.mm, "child");
	device_scribbles(&s, 2);
	app_expect(s.w.mm, BASE, NR * PAGE, 2);
	app_expect(child, BASE, NR * PAGE, 1);
	world_exit(&s.w, s.w.mm);
	device_scribbles(&s, 3);
	app_expect(child, BASE, NR * PAGE, 1);
	check_rest(s.w.m, NR, 0);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	app_expect(child, BASE, NR * PAGE, 1);
	end(&s);
}

static void names_the_device(const struct gup_why *why, enum gup_rule rule, struct gup_page *page,
			     struct gup_machine *m)
{
	char sentence[300];

	assert_int_equal(why->rule, rule);
	assert_string_equal(why->holder, "nic");
	assert_true(why->quarantined);
	assert_int_equal(why->pfn, gup_page_to_pfn(m, page));
	gup_why_str(why, sentence, sizeof(sentence));
	assert_non_null(strstr(sentence, "held by \"nic\" (quarantined: its device is lost)"));
}

static void cma_area_waits_for_the_reset(void **state)
{
	struct gup_page *page = NULL;
	struct gup_why why;
	struct scene s;
	uint64_t addr;

	(void)state;
	begin(&s, &(struct world_spec){ .normal = 6, .cma = 8 });
	addr = world_borrow(&s.w, GUP_ZONE_CMA, 1);
	give(&s, s.w.mm, addr, 1, GUP_WRITE);
	assert_int_equal(gup_cma_alloc(s.w.m, CAMERA, 8 * MIB, 0, IMPATIENT_NS, &page, &why), -GUP_EBUSY);
	assert_string_equal(why.holder, "nic");
	assert_false(why.quarantined);
	lose(&s, true);
	assert_int_equal(gup_munmap(s.w.mm, addr, PAGE), 0);
	assert_int_equal(gup_cma_alloc(s.w.m, CAMERA, 8 * MIB, 0, IMPATIENT_NS, &page, &why), -GUP_EBUSY);
	names_the_device(&why, GUP_RULE_PINNED, s.given[0], s.w.m);
	check_rest(s.w.m, 1, 0);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	assert_int_equal(gup_cma_alloc(s.w.m, CAMERA, 8 * MIB, 0, PATIENT_NS, &page, &why), 0);
	assert_int_equal(gup_cma_free(s.w.m, page, 8 * MIB), 0);
	end(&s);
}

/* A short pin in MOVABLE is in quarantine where it is. It keeps a long-term pin of somebody else away, who hears why. */
static void long_pin_waits_for_the_reset(void **state)
{
	struct gup_request request = { BORROWED, PAGE, GUP_WRITE | GUP_LONGTERM, NULL };
	struct gup_why why;
	struct scene s;

	(void)state;
	begin(&s, &(struct world_spec){ .normal = 6, .movable = 4 });
	world_borrow(&s.w, GUP_ZONE_MOVABLE, 1);
	give(&s, s.w.mm, BORROWED, 1, GUP_WRITE);
	lose(&s, true);
	assert_int_equal(gup_migrate_range(s.w.mm, BORROWED, PAGE, &why), 0);
	assert_int_equal(why.error, -GUP_EBUSY);
	names_the_device(&why, GUP_RULE_MIGRATE_BUSY, s.given[0], s.w.m);
	assert_int_equal(try_pin(&s, s.w.mm, request, &why), -GUP_ENOMEM);
	names_the_device(&why, GUP_RULE_MIGRATE_BUSY, s.given[0], s.w.m);
	assert_true(same_frame(s.w.mm, BORROWED, s.given[0]));
	check_rest(s.w.m, 1, 0);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	assert_int_equal(try_pin(&s, s.w.mm, request, &why), 0);
	assert_false(same_frame(s.w.mm, BORROWED, s.given[0]));
	check_rest(s.w.m, 1, 0);
	assert_int_equal(gup_unpin(s.pin, false), 0);
	end(&s);
}

/* A long-term pin has moved its page out of MOVABLE before: quarantine, however long, is in nobody's way. */
static void quarantine_is_not_in_movable(void **state)
{
	struct gup_zone_info zone;
	struct scene s;
	unsigned int nr;

	(void)state;
	begin(&s, &(struct world_spec){ .normal = 6, .movable = 4 });
	world_borrow(&s.w, GUP_ZONE_MOVABLE, NR);
	give(&s, s.w.mm, BORROWED, NR, GUP_WRITE | GUP_LONGTERM);
	lose(&s, true);
	for (nr = 0; gup_zone_info(s.w.m, nr, &zone) == 0 && zone.kind != GUP_ZONE_MOVABLE; nr++)
		;
	assert_int_equal(gup_offline_range(s.w.m, zone.first_pfn, zone.nr_frames, 0, NULL), 0);
	check_rest(s.w.m, NR, 0);
	assert_int_equal(gup_online_range(s.w.m, zone.first_pfn, zone.nr_frames), 0);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	end(&s);
}

/* A block of a DAX file is storage: it must not become another file's block either. */
static void dax_block_waits_for_the_reset(void **state)
{
	struct gup_object *file;
	struct gup_why why;
	struct scene s;

	(void)state;
	begin(&s, &(struct world_spec){ .normal = 6, .dax = 2 });
	file = new_dax_file(&s.w, NR * PAGE);
	map_shared(s.w.mm, BASE, NR * PAGE, file);
	give(&s, s.w.mm, BASE, 1, GUP_WRITE);
	lose(&s, true);
	assert_int_equal(gup_object_truncate(file, 0, IMPATIENT_NS, &why), -GUP_EBUSY);
	names_the_device(&why, GUP_RULE_PINNED, s.given[0], s.w.m);
	assert_int_equal(gup_owner_reset(s.nic), 0);
	assert_int_equal(gup_object_truncate(file, 0, PATIENT_NS, &why), 0);
	gup_object_put(file);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_bytes_stay_with_it),	cmocka_unit_test(still_mapped),
		cmocka_unit_test(frames_come_back_once),	cmocka_unit_test(whole_huge_folio),
		cmocka_unit_test(mm_destroyed_between),		cmocka_unit_test(fork_between),
		cmocka_unit_test(cma_area_waits_for_the_reset), cmocka_unit_test(long_pin_waits_for_the_reset),
		cmocka_unit_test(quarantine_is_not_in_movable), cmocka_unit_test(dax_block_waits_for_the_reset),
	};

	return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
