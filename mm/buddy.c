/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/buddy.c - free blocks of a zone, by order and by what their pageblock is for.
 *
 * The largest block is a pageblock, so a free block never spans two of them and its list follows from one byte. Lists
 * are linked by pfn through the descriptors' mapping word. Blocks beyond the frontier are in no list: they are carved
 * when the lists run out, and so a machine costs what it uses.
 */
#include "internal.h"

static enum gup_list list_of(struct gup_machine *m, u64 pfn)
{
	u8 block = gup_block_of(m, pfn);

	if (block & GUP_BLOCK_ISOLATED)
		return GUP_LIST_ISOLATED;
	return block == GUP_BLOCK_UNMOVABLE ? GUP_LIST_UNMOVABLE : GUP_LIST_MOVABLE;
}

static u32 link_prev(const struct gup_page *page)
{
	return (u32)gup_port_load_relaxed(&page->mapping);
}

static u32 link_next(const struct gup_page *page)
{
	return (u32)(gup_port_load_relaxed(&page->mapping) >> 32);
}

static void link_set(struct gup_page *page, u32 prev, u32 next)
{
	gup_port_store_relaxed(&page->mapping, (u64)next << 32 | prev);
}

static void list_add_to(struct gup_machine *m, struct gup_zone *zone, enum gup_list list, u64 pfn, unsigned int order)
{
	u32 next = zone->free[list][order];

	link_set(gup_page_at(m, pfn), 0, next);
	if (next)
		link_set(gup_page_at(m, next), (u32)pfn, link_next(gup_page_at(m, next)));
	zone->free[list][order] = (u32)pfn;
	gup_port_store(&gup_page_at(m, pfn)->flags, GUP_FRAME_FREE | order << GUP_PF_ORDER_SHIFT);
	if (list != GUP_LIST_ISOLATED)
		gup_port_store_relaxed(&zone->nr_free, zone->nr_free + (1u << order));
}

static void list_del_from(struct gup_machine *m, struct gup_zone *zone, enum gup_list list, u64 pfn, unsigned int order)
{
	struct gup_page *page = gup_page_at(m, pfn);
	u32 prev = link_prev(page), next = link_next(page);

	if (prev)
		link_set(gup_page_at(m, prev), link_prev(gup_page_at(m, prev)), next);
	else
		zone->free[list][order] = next;
	if (next)
		link_set(gup_page_at(m, next), prev, link_next(gup_page_at(m, next)));
	gup_port_store(&page->flags, 0u);
	if (list != GUP_LIST_ISOLATED)
		gup_port_store_relaxed(&zone->nr_free, zone->nr_free - (1u << order));
}

static void list_add(struct gup_machine *m, struct gup_zone *zone, u64 pfn, unsigned int order)
{
	list_add_to(m, zone, list_of(m, pfn), pfn, order);
}

static void list_del(struct gup_machine *m, struct gup_zone *zone, u64 pfn, unsigned int order)
{
	list_del_from(m, zone, list_of(m, pfn), pfn, order);
}

static bool is_free_block(struct gup_machine *m, u64 pfn, unsigned int order)
{
	u32 flags = gup_flags(gup_page_at(m, pfn)) & ~GUP_PF_WAITERS; /* somebody may wait for what was here before */

	return flags == (GUP_FRAME_FREE | order << GUP_PF_ORDER_SHIFT);
}

static void free_locked(struct gup_machine *m, struct gup_zone *zone, u64 pfn, unsigned int order)
{
	gup_port_store(&gup_page_at(m, pfn)->flags, 0u);
	while (order < GUP_HUGE_ORDER && is_free_block(m, pfn ^ (UINT64_C(1) << order), order)) {
		u64 buddy = pfn ^ (UINT64_C(1) << order);

		list_del(m, zone, buddy, order);
		pfn &= ~(UINT64_C(1) << order);
		order++;
	}
	list_add(m, zone, pfn, order);
}

/* Put [start, end) into the lists by the largest aligned pieces. */
static void free_range_locked(struct gup_machine *m, struct gup_zone *zone, u64 start, u64 end)
{
	while (start < end) {
		unsigned int order = GUP_HUGE_ORDER;

		while (start & ((UINT64_C(1) << order) - 1) || start + (UINT64_C(1) << order) > end)
			order--;
		free_locked(m, zone, start, order);
		start += UINT64_C(1) << order;
	}
}

/* The next block beyond the frontier comes into the list that fits its home type. */
static void carve_locked(struct gup_machine *m, struct gup_zone *zone)
{
	gup_port_store_relaxed(&zone->nr_free, zone->nr_free - GUP_HUGE_PAGES);
	list_add(m, zone, zone->frontier, GUP_HUGE_ORDER);
	gup_port_store_relaxed(&zone->frontier, zone->frontier + GUP_HUGE_PAGES);
}

/* Take the listed block at @pfn, keep its first 2^@order frames, and list the rest again. */
static u64 split_locked(struct gup_machine *m, struct gup_zone *zone, u64 pfn, unsigned int have, unsigned int order)
{
	list_del(m, zone, pfn, have);
	while (have > order) {
		have--;
		list_add(m, zone, pfn + (UINT64_C(1) << have), have);
	}
	return pfn;
}

static u64 take_locked(struct gup_machine *m, struct gup_zone *zone, enum gup_list list, unsigned int order)
{
	unsigned int have;

	for (have = order; have < GUP_NR_ORDERS; have++)
		if (zone->free[list][have])
			return split_locked(m, zone, zone->free[list][have], have, order);
	return 0;
}

static void set_home(struct gup_machine *m, u64 pfn, enum gup_list list)
{
	gup_port_store(&m->blocks[pfn >> GUP_HUGE_ORDER],
		       (u8)(list == GUP_LIST_UNMOVABLE ? GUP_BLOCK_UNMOVABLE : GUP_BLOCK_MOVABLE));
}

/*
 * NORMAL serves both kinds. The largest block of the other kind is taken, so that kinds mix as little as they can; a
 * whole pageblock changes its home.
 */
static u64 steal_locked(struct gup_machine *m, struct gup_zone *zone, enum gup_list list, unsigned int order)
{
	enum gup_list other = list == GUP_LIST_MOVABLE ? GUP_LIST_UNMOVABLE : GUP_LIST_MOVABLE;
	unsigned int have = GUP_HUGE_ORDER;
	u64 pfn;

	while (!zone->free[other][have]) {
		if (have == order)
			return 0;
		have--;
	}
	pfn = zone->free[other][have];
	if (have == GUP_HUGE_ORDER) {
		list_del(m, zone, pfn, have);
		set_home(m, pfn, list);
		list_add(m, zone, pfn, have);
	}
	return split_locked(m, zone, pfn, have, order);
}

static u64 buddy_alloc_locked(struct gup_machine *m, struct gup_zone *zone, unsigned int order, enum gup_list list)
{
	u64 pfn = take_locked(m, zone, list, order);

	if (!pfn && zone->frontier < zone->end) {
		if (zone->kind == GUP_ZONE_NORMAL)
			set_home(m, zone->frontier, list);
		carve_locked(m, zone);
		pfn = take_locked(m, zone, list, order);
	}
	if (!pfn && zone->kind == GUP_ZONE_NORMAL)
		pfn = steal_locked(m, zone, list, order);
	return pfn;
}

u64 gup_buddy_alloc(struct gup_machine *m, struct gup_zone *zone, unsigned int order, enum gup_list list)
{
	u64 pfn;

	gup_port_lock_acquire(&zone->lock);
	pfn = buddy_alloc_locked(m, zone, order, list);
	gup_port_lock_release(&zone->lock);
	return pfn;
}

void gup_buddy_free(struct gup_machine *m, struct gup_zone *zone, u64 pfn, unsigned int order)
{
	gup_port_lock_acquire(&zone->lock);
	free_locked(m, zone, pfn, order);
	gup_port_lock_release(&zone->lock);
}

u64 gup_buddy_free_run(struct gup_machine *m, u64 pfn)
{
	u32 flags = gup_flags(gup_page_at(m, pfn));

	if ((flags & GUP_PF_KIND) != GUP_FRAME_FREE)
		return 0;
	return UINT64_C(1) << ((flags & GUP_PF_ORDER) >> GUP_PF_ORDER_SHIFT);
}

/* Start of the free block around @pfn; its size through @out_run. */
static u64 free_block_around(struct gup_machine *m, u64 pfn, u64 *out_run)
{
	unsigned int order;

	for (order = 0; order < GUP_NR_ORDERS; order++) {
		u64 start = pfn & ~((UINT64_C(1) << order) - 1);

		*out_run = gup_buddy_free_run(m, start);
		if (start + *out_run > pfn)
			return start;
	}
	*out_run = 0;
	return 0;
}

static unsigned int order_of(u64 run)
{
	unsigned int order = 0;

	while (run >> (order + 1))
		order++;
	return order;
}

u64 gup_free_block_around(struct gup_machine *m, u64 pfn, unsigned int *out_order)
{
	u64 run, start = free_block_around(m, pfn, &run);

	*out_order = start ? order_of(run) : 0;
	return start;
}

/* Take a listed block away as far as it lies in [start, end). */
static void cut_out_locked(struct gup_machine *m, struct gup_zone *zone, u64 block, u64 run, u64 start, u64 end)
{
	list_del(m, zone, block, order_of(run));
	if (block < start)
		free_range_locked(m, zone, block, start);
	if (block + run > end)
		free_range_locked(m, zone, end, block + run);
}

void gup_buddy_claim(struct gup_machine *m, struct gup_zone *zone, u64 start, u64 end)
{
	u64 pfn, run, block;

	gup_port_lock_acquire(&zone->lock);
	for (pfn = start; pfn < end; pfn = block + run) {
		block = free_block_around(m, pfn, &run);
		GUP_ASSERT(block);
		cut_out_locked(m, zone, block, run, start, end);
	}
	gup_port_lock_release(&zone->lock);
}

bool gup_buddy_take_frame(struct gup_machine *m, struct gup_zone *zone, u64 pfn)
{
	u64 run, block;

	gup_port_lock_acquire(&zone->lock);
	while (zone->frontier <= pfn)
		carve_locked(m, zone);
	block = free_block_around(m, pfn, &run);
	if (block)
		cut_out_locked(m, zone, block, run, pfn, pfn + 1);
	gup_port_lock_release(&zone->lock);
	return block;
}

/* Change the isolated bit of one pageblock and move its free blocks to the list that fits. */
static void relist_block(struct gup_machine *m, struct gup_zone *zone, u64 first, bool isolated)
{
	enum gup_list from = isolated ? GUP_LIST_MOVABLE : GUP_LIST_ISOLATED;
	enum gup_list to = isolated ? GUP_LIST_ISOLATED : GUP_LIST_MOVABLE;
	u8 home = gup_block_of(m, first) & GUP_BLOCK_HOME;
	u64 pfn, run;

	for (pfn = first; pfn < first + GUP_HUGE_PAGES; pfn += run ? run : 1) {
		run = gup_buddy_free_run(m, pfn);
		if (!run)
			continue;
		list_del_from(m, zone, from, pfn, order_of(run));
		list_add_to(m, zone, to, pfn, order_of(run));
	}
	gup_port_store(&m->blocks[first >> GUP_HUGE_ORDER], (u8)(isolated ? home | GUP_BLOCK_ISOLATED : home));
}

void gup_buddy_set_isolated(struct gup_machine *m, struct gup_zone *zone, u64 start, u64 end, bool isolated)
{
	u64 first = start & ~(u64)(GUP_HUGE_PAGES - 1);

	GUP_ASSERT(zone->kind == GUP_ZONE_CMA || zone->kind == GUP_ZONE_MOVABLE);
	gup_port_lock_acquire(&zone->lock);
	while (zone->frontier < end)
		carve_locked(m, zone);
	for (; first < end; first += GUP_HUGE_PAGES)
		relist_block(m, zone, first, isolated);
	gup_port_lock_release(&zone->lock);
}
