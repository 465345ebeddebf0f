/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/nomem/scenes_move.c - migration, splitting, contiguous memory and taking memory out of use.
 */
#include "sweep.h"

/* How many folios move depends on what failed; a folio without a place says so in @why. */
static int64_t migrate(struct stage *s)
{
	struct gup_why why = { .error = 0 };
	int64_t moved = gup_migrate_range(s->w.mm, BASE, NR * PAGE, &why);

	assert_true(why.error == 0 || why.error == -GUP_ENOMEM);
	return moved;
}

static void get_one(struct stage *s)
{
	assert_int_equal(gup_get_user_pages_fast(s->w.mm, BASE + PAGE, 1, 0, &s->held), 1);
	assert_int_equal(frame_of(s->w.m, s->held).order, GUP_HUGE_ORDER);
	s->gets = 1;
}

static int64_t split(struct stage *s)
{
	return gup_split_folio(s->w.m, s->held, NULL);
}

static void check_split(struct stage *s, int64_t result)
{
	assert_int_equal(frame_of(s->w.m, s->held).order, result ? GUP_HUGE_ORDER : 0);
	assert_true(same_frame(s->w.mm, BASE + PAGE, s->held) || s->kind == HUGE_SHARED);
}

static int64_t take_area(struct stage *s)
{
	return gup_cma_alloc(s->w.m, CAMERA, 8 * MIB, 0, PATIENT_NS, &s->pages[0], NULL);
}

static void give_area_back(struct stage *s, int64_t result)
{
	if (result == 0)
		assert_int_equal(gup_cma_free(s->w.m, s->pages[0], 8 * MIB), 0);
}

static uint64_t block_of(struct stage *s)
{
	struct gup_zone_info zone;
	unsigned int nr;

	for (nr = 0; gup_zone_info(s->w.m, nr, &zone) == 0; nr++)
		if (zone.kind == GUP_ZONE_MOVABLE)
			return zone.first_pfn;
	fail();
	return 0;
}

static int64_t take_offline(struct stage *s)
{
	return gup_offline_range(s->w.m, block_of(s), 4 * MIB / PAGE, PATIENT_NS, NULL);
}

static void bring_online(struct stage *s, int64_t result)
{
	if (result == 0)
		assert_int_equal(gup_online_range(s->w.m, block_of(s), 4 * MIB / PAGE), 0);
}

const struct scene scenes_move[] = {
	{ .name = "migrate", .kinds = ANY & ~ON(DAX), .act = migrate, .success = NR, .loose = true },
	{ .name = "split a folio",
	  .kinds = ON(HUGE_ANON) | ON(HUGE_SHARED),
	  .prepare = get_one,
	  .act = split,
	  .undo = check_split },
	{ .name = "allocate an area", .kinds = ON(CMA), .act = take_area, .undo = give_area_back },
	{ .name = "take memory offline", .kinds = ON(MOVABLE), .act = take_offline, .undo = bring_online },
	{ .name = NULL },
};
