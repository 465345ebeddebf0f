/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/nomem/scenes_hugetlb.c - what takes folios from the hugetlb pool, and pins of objects without a mapping.
 *
 * An empty pool is a bus error for an application, -EFAULT for who pins its memory, and -ENOMEM for all others.
 */
#include "sweep.h"

#define LONG_WRITE (GUP_WRITE | GUP_LONGTERM)

static int64_t make(struct stage *s)
{
	return gup_hugetlb_create(s->w.m, HUGE, &s->made);
}

static void drop_made(struct stage *s, int64_t result)
{
	if (result == 0)
		gup_object_put(s->made);
}

/* A piece that nothing is kept for yet. */
static int64_t map_more(struct stage *s)
{
	struct gup_map_request request = { FRESH, HUGE, RW, SHARED_AT, s->object, HUGE };
	int64_t ret = gup_mmap(s->w.mm, &request);

	return ret > 0 ? 0 : ret;
}

static void unmap(struct stage *s, int64_t result)
{
	if (result == 0)
		assert_int_equal(gup_munmap(s->w.mm, FRESH, HUGE), 0);
}

static int64_t touch(struct stage *s)
{
	uint8_t byte = 7;

	return gup_copy_to_user(s->w.mm, FRESH, &byte, 1) ? -GUP_ENOMEM : app_peek(s->w.mm, FRESH);
}

/* ---- copies ---- */

static void fork_first(struct stage *s)
{
	s->child = world_fork(&s->w, s->w.mm, "child");
}

static int64_t write_after_fork(struct stage *s)
{
	uint8_t buf[PAGE];

	pattern_make(buf, BASE, PAGE, 2);
	if (gup_copy_to_user(s->w.mm, BASE, buf, PAGE))
		return -GUP_ENOMEM;
	s->tags[0] = 2;
	return 0;
}

static void pin_first(struct stage *s)
{
	assert_int_equal(gup_pin_user_pages_fast(s->w.mm, BASE, 1, GUP_WRITE, &s->held), 1);
	s->pins = 1;
}

static int64_t fork_pinned(struct stage *s)
{
	return gup_mm_fork(s->w.mm, "child", &s->mm);
}

static void end_child(struct stage *s, int64_t result)
{
	if (result)
		return;
	app_expect(s->mm, BASE, NR * PAGE, 1);
	gup_mm_destroy(s->mm);
}

/* ---- pins ---- */

static int64_t pin_fresh(struct stage *s)
{
	return gup_pin_user_pages_fast(s->w.mm, FRESH, NR, LONG_WRITE, s->pages);
}

static int64_t pin_moved(struct stage *s)
{
	return gup_pin_user_pages_fast(s->w.mm, BASE, NR, LONG_WRITE, s->pages);
}

static void unpin(struct stage *s, int64_t result)
{
	if (result > 0)
		assert_int_equal(gup_unpin_user_pages(s->w.m, s->pages, (unsigned long)result), 0);
}

static void make_larger(struct stage *s)
{
	assert_int_equal(gup_object_truncate(s->object, 2 * HUGE, 0, NULL), 0);
}

static int64_t pin_object(struct stage *s)
{
	return gup_memfd_pin_folios(s->object, 0, NR * PAGE - 1, s->pages, NR, NULL);
}

static int64_t pin_hole(struct stage *s)
{
	return gup_memfd_pin_folios(s->object, HUGE, HUGE + NR * PAGE - 1, s->pages, NR, NULL);
}

const struct scene scenes_hugetlb[] = {
	{ .name = "make hugetlb", .kinds = ONCE, .act = make, .undo = drop_made },
	{ .name = "map hugetlb", .kinds = ON(HUGETLB), .act = map_more, .undo = unmap },
	{ .name = "touch hugetlb", .kinds = ANY_HUGETLB, .prepare = map_fresh, .act = touch, .success = 7 },
	{ .name = "write hugetlb after fork",
	  .kinds = ON(PRIVATE_HUGETLB),
	  .prepare = fork_first,
	  .act = write_after_fork },
	{ .name = "fork pinned hugetlb",
	  .kinds = ON(PRIVATE_HUGETLB),
	  .prepare = pin_first,
	  .act = fork_pinned,
	  .undo = end_child },
	{ .name = "pin fresh hugetlb",
	  .kinds = ANY_HUGETLB,
	  .prepare = map_fresh,
	  .act = pin_fresh,
	  .undo = unpin,
	  .success = NR,
	  .other_error = -GUP_EFAULT },
	{ .name = "pin hugetlb that moves", .kinds = ANY_HUGETLB, .act = pin_moved, .undo = unpin, .success = NR },
	{ .name = "pin hugetlb that moves, of the object",
	  .kinds = ON(HUGETLB),
	  .act = pin_object,
	  .undo = unpin,
	  .success = 1 },
	{ .name = "pin a hole of hugetlb",
	  .kinds = ON(HUGETLB),
	  .prepare = make_larger,
	  .act = pin_hole,
	  .undo = unpin,
	  .success = 1 },
	{ .name = "pin a hole of shared memory",
	  .kinds = ON(SHARED),
	  .prepare = make_larger,
	  .act = pin_hole,
	  .undo = unpin,
	  .success = NR,
	  .track_holders = true },
	{ .name = NULL },
};
