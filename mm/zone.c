/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/zone.c - which zone an allocation may use, in which order.
 *
 * Unmovable memory comes from NORMAL only. Movable memory prefers ZONE_MOVABLE, then borrows from CMA areas while they
 * have more than half of what is free, then takes NORMAL, and at last whatever CMA has. An operation whose pages may be
 * held long says so in its scope, and then its movable memory is taken from where unmovable memory comes from.
 */
#include "internal.h"

struct gup_zone *gup_zone_of(struct gup_machine *m, u64 pfn)
{
	unsigned int i;

	for (i = 0; i < m->nr_zones; i++)
		if (pfn >= m->zones[i].start && pfn < m->zones[i].end)
			return &m->zones[i];
	return NULL;
}

u64 gup_zone_nr_free(struct gup_zone *zone)
{
	return gup_port_load_relaxed(&zone->nr_free) + gup_pcp_count(zone);
}

static u64 zone_alloc(struct gup_machine *m, struct gup_zone *zone, unsigned int order, enum gup_list list)
{
	u64 pfn = order ? gup_buddy_alloc(m, zone, order, list) : gup_pcp_alloc(m, zone, list);

	if (!pfn && gup_pcp_count(zone)) {
		gup_pcp_drain(m, zone);
		pfn = gup_buddy_alloc(m, zone, order, list);
	}
	return pfn;
}

static u64 alloc_from(struct gup_machine *m, enum gup_zone_kind kind, unsigned int order, enum gup_list list)
{
	unsigned int i;
	u64 pfn = 0;

	for (i = 0; i < m->nr_zones && !pfn; i++)
		if (m->zones[i].kind == kind)
			pfn = zone_alloc(m, &m->zones[i], order, list);
	return pfn;
}

static bool cma_has_most(struct gup_machine *m)
{
	u64 free[GUP_NR_ZONE_KINDS] = { 0 };
	unsigned int i;

	for (i = 0; i < m->nr_zones; i++)
		free[m->zones[i].kind] += gup_zone_nr_free(&m->zones[i]);
	return free[GUP_ZONE_CMA] > free[GUP_ZONE_NORMAL];
}

static u64 alloc_movable(struct gup_machine *m, unsigned int order)
{
	u64 pfn = alloc_from(m, GUP_ZONE_MOVABLE, order, GUP_LIST_MOVABLE);

	if (!pfn && cma_has_most(m))
		pfn = alloc_from(m, GUP_ZONE_CMA, order, GUP_LIST_MOVABLE);
	if (!pfn)
		pfn = alloc_from(m, GUP_ZONE_NORMAL, order, GUP_LIST_MOVABLE);
	if (!pfn)
		pfn = alloc_from(m, GUP_ZONE_CMA, order, GUP_LIST_MOVABLE);
	return pfn;
}

u64 gup_frames_alloc(struct gup_machine *m, unsigned int order, bool movable, enum gup_scope scope)
{
	if (movable && !(scope & GUP_SCOPE_UNMOVABLE))
		return alloc_movable(m, order);
	return alloc_from(m, GUP_ZONE_NORMAL, order, GUP_LIST_UNMOVABLE);
}

void gup_frames_free(struct gup_machine *m, u64 pfn, unsigned int order)
{
	struct gup_zone *zone = gup_zone_of(m, pfn);

	if (order || zone->kind == GUP_ZONE_DAX)
		gup_buddy_free(m, zone, pfn, order);
	else
		gup_pcp_free(m, zone, pfn);
}

bool gup_alloc_should_fail(struct gup_machine *m)
{
	u64 left = gup_port_load_relaxed(&m->fail_alloc);

	while (left & ~GUP_TEST_ALL_AFTER)
		if (gup_port_cas(&m->fail_alloc, &left, left - 1))
			return (left & ~GUP_TEST_ALL_AFTER) == 1;
	return left;
}

uint64_t gup_test_fail_alloc(struct gup_machine *m, uint64_t nth)
{
	u64 old;

	if (!m)
		return 0;
	old = gup_port_load(&m->fail_alloc);
	while (!gup_port_cas(&m->fail_alloc, &old, (u64)nth))
		;
	return old;
}
