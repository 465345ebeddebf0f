/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/orders.h - one anonymous folio of 64 KiB, for tests that treat a part of it apart.
 */
#ifndef ORDERS_H
#define ORDERS_H

#include "world.h"

#define ORDERS_ALL 0x1feu
#define ORDER 4u /* of the folio in most tests */
#define NR (1u << ORDER)
#define MIDDLE 5u /* a page of it that is treated apart */
#define RANGE ((uint64_t)NR * PAGE)
#define WHERE (BASE + 3 * RANGE)

static inline void begin_with(struct world *w, struct world_spec spec, uint32_t orders)
{
	spec.anon_orders = orders;
	spec.no_huge_pages = true;
	world_begin(w, &spec);
}

static inline void begin(struct world *w, enum gup_contract_id contract)
{
	begin_with(w, (struct world_spec){ .normal = 16, .contract = contract }, 1u << ORDER);
}

static inline uint64_t page_at(unsigned int i)
{
	return WHERE + i * PAGE;
}

/* One folio, filled with the pattern of tag 1. */
static inline struct gup_frame_info one_folio(struct world *w)
{
	map_anon(w->mm, BASE, HUGE);
	app_fill(w->mm, WHERE, RANGE, 1);
	return frame_at(w->mm, WHERE);
}

static inline void expect_folio(struct gup_frame_info info, uint64_t head_pfn, uint32_t refs, uint32_t pins,
				uint32_t maps)
{
	assert_int_equal(info.kind, GUP_FRAME_ANON);
	assert_int_equal(info.order, ORDER);
	assert_int_equal(info.head_pfn, head_pfn);
	assert_int_equal(info.refs, refs);
	assert_int_equal(info.pins, pins);
	assert_int_equal(info.mapcount, maps);
}

/* A page that is no part of it any more, or never was. */
static inline void expect_alone(struct gup_frame_info info)
{
	assert_int_equal(info.order, 0);
	assert_int_equal(info.refs, 1);
	assert_int_equal(info.mapcount, 1);
	assert_true(info.exclusive);
}

#endif
