/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/pcp.c - a few free 4 KiB frames kept close to each thread.
 *
 * A cached frame is free, but the buddy does not see it: who needs a certain range drains the zone's caches first. The
 * block type is read under the cache's lock, so after a drain that follows the publication of an isolated type no
 * frame of such a block can be in a cache.
 */
#include "internal.h"

static struct gup_pcp *pcp_of(struct gup_zone *zone)
{
	return &zone->pcp[gup_port_slot() % GUP_PCP_SLOTS];
}

static void push(struct gup_machine *m, struct gup_pcp *pcp, enum gup_list list, u64 pfn)
{
	gup_port_store(&gup_page_at(m, pfn)->flags, (u32)GUP_FRAME_CACHED);
	pcp->pfn[list][pcp->count[list]] = (u32)pfn;
	gup_port_store_relaxed(&pcp->count[list], pcp->count[list] + 1);
}

static u64 pop(struct gup_machine *m, struct gup_pcp *pcp, enum gup_list list)
{
	u64 pfn;

	if (!pcp->count[list])
		return 0;
	gup_port_store_relaxed(&pcp->count[list], pcp->count[list] - 1);
	pfn = pcp->pfn[list][pcp->count[list]];
	gup_port_store(&gup_page_at(m, pfn)->flags, 0u);
	return pfn;
}

static void release(struct gup_machine *m, struct gup_zone *zone, struct gup_pcp *pcp, enum gup_list list, u32 keep)
{
	while (pcp->count[list] > keep)
		gup_buddy_free(m, zone, pop(m, pcp, list), 0);
}

u64 gup_pcp_alloc(struct gup_machine *m, struct gup_zone *zone, enum gup_list list)
{
	struct gup_pcp *pcp = pcp_of(zone);
	u64 pfn;

	gup_port_lock_acquire(&pcp->lock);
	while (pcp->count[list] < GUP_PCP_BATCH / 2) {
		pfn = gup_buddy_alloc(m, zone, 0, list);
		if (!pfn)
			break;
		push(m, pcp, list, pfn);
	}
	pfn = pop(m, pcp, list);
	gup_port_lock_release(&pcp->lock);
	return pfn;
}

void gup_pcp_free(struct gup_machine *m, struct gup_zone *zone, u64 pfn)
{
	struct gup_pcp *pcp = pcp_of(zone);
	enum gup_list list;
	u8 block;

	gup_port_lock_acquire(&pcp->lock);
	block = gup_block_of(m, pfn);
	if (block & GUP_BLOCK_ISOLATED) {
		gup_buddy_free(m, zone, pfn, 0);
	} else {
		list = block == GUP_BLOCK_UNMOVABLE ? GUP_LIST_UNMOVABLE : GUP_LIST_MOVABLE;
		if (pcp->count[list] == GUP_PCP_MAX)
			release(m, zone, pcp, list, GUP_PCP_MAX - GUP_PCP_BATCH);
		push(m, pcp, list, pfn);
	}
	gup_port_lock_release(&pcp->lock);
}

void gup_pcp_drain(struct gup_machine *m, struct gup_zone *zone)
{
	struct gup_pcp *pcp;

	for (pcp = zone->pcp; pcp < &zone->pcp[GUP_PCP_SLOTS]; pcp++) {
		gup_port_lock_acquire(&pcp->lock);
		release(m, zone, pcp, GUP_LIST_UNMOVABLE, 0);
		release(m, zone, pcp, GUP_LIST_MOVABLE, 0);
		gup_port_lock_release(&pcp->lock);
	}
}

u64 gup_pcp_count(struct gup_zone *zone)
{
	u64 count = 0;
	unsigned int i;

	for (i = 0; i < GUP_PCP_SLOTS; i++)
		count += gup_port_load_relaxed(&zone->pcp[i].count[0]) + gup_port_load_relaxed(&zone->pcp[i].count[1]);
	return count;
}
