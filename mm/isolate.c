/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/isolate.c - emptying a range of frames, for a CMA allocation or to take memory offline.
 *
 *	publish the isolated type	nothing is allocated here any more; long-term pins see it
 *	drain the per-thread caches	frames freed from now on go to the isolated list
 *	one grace period		a walker that saw the old type has left, and its count can be seen
 *	scan: move what is movable	what is held is waited for, up to the deadline
 *	all free: claim			or undo, and say who was in the way
 */
#include "internal.h"

#define MOVE_TRIES 1u /* the scan goes on; waiting is for the whole range */
#define SCANS_MIN 3u  /* what is only passing by is gone by then */

enum scan { SCAN_FREE, SCAN_MOVED, SCAN_BUSY, SCAN_NOMEM, SCAN_NEVER };

/* Frames on their way from or to a free list: a moment later they are in one, or somebody's. */
static bool in_transit(enum gup_frame_kind kind)
{
	return kind == GUP_FRAME_UNUSED || kind == GUP_FRAME_FREE || kind == GUP_FRAME_CACHED;
}

static enum scan refuse(struct gup_machine *m, struct gup_page *head, struct gup_why *why, enum scan scan)
{
	gup_refuse(why, -GUP_EBUSY, GUP_RULE_PINNED, 0, gup_pfn(m, head));
	return scan;
}

/* Try to move the folio that a used frame belongs to. Its kind is looked at once: it may be freed any moment. */
static enum scan move_away(struct gup_machine *m, struct gup_page *head, struct gup_why *why)
{
	enum gup_frame_kind kind = gup_kind(head);
	int err;

	if (in_transit(kind))
		return refuse(m, head, why, SCAN_BUSY);
	if (!gup_kind_movable(kind))
		return refuse(m, head, why, SCAN_NEVER);
	if (gup_folio_take(head, 1, false) != GUP_TAKE_OK)
		return refuse(m, head, why, SCAN_BUSY);
	if (!gup_folio_isolate(head)) {
		gup_folio_put(m, head, 1);
		gup_folio_wait_isolated(m, head);
		return refuse(m, head, why, SCAN_BUSY);
	}
	err = gup_folio_migrate(m, head, GUP_SCOPE_ANY, MOVE_TRIES, NULL);
	if (!err)
		return SCAN_MOVED;
	if (err == -GUP_EBUSY)
		return refuse(m, head, why, SCAN_BUSY);
	gup_refuse(why, err, GUP_RULE_NO_MEMORY, 0, gup_pfn(m, head));
	return SCAN_NOMEM;
}

/* Move everything out of [start, end) once. The worst result counts, the first of its kind is explained. */
static enum scan scan_range(struct gup_machine *m, u64 start, u64 end, struct gup_why *why)
{
	enum scan worst = SCAN_FREE, scan;
	struct gup_page *head;
	struct gup_why one;
	u64 pfn = start, block;
	unsigned int order;

	while (pfn < end && worst < SCAN_NOMEM) {
		block = gup_free_block_around(m, pfn, &order);
		if (block) {
			pfn = block + (UINT64_C(1) << order);
			continue;
		}
		head = gup_head(m, gup_page_at(m, pfn));
		pfn = gup_pfn(m, head) + gup_nr_frames(head);
		scan = move_away(m, head, &one);
		if (scan > worst && scan > SCAN_MOVED)
			*why = one;
		if (scan > worst)
			worst = scan;
	}
	return worst;
}

static void begin(struct gup_machine *m, struct gup_zone *zone, u64 start, u64 end)
{
	gup_buddy_set_isolated(m, zone, start, end, true);
	gup_pcp_drain(m, zone);
	gup_port_rcu_synchronize();
}

/* Sleep until whoever is in the way may have gone. */
static void wait_for(struct gup_machine *m, const struct gup_why *why)
{
	struct gup_page *head = gup_head(m, gup_page_at(m, why->pfn));
	u64 count = gup_port_load(&head->count);

	gup_folio_wait_count(m, head, count, GUP_WAIT_MOMENT);
}

static enum scan empty_range(struct gup_machine *m, u64 start, u64 end, u64 deadline, struct gup_why *why)
{
	unsigned int tries = 0;
	enum scan scan;
	u64 now;

	do {
		scan = scan_range(m, start, end, why);
		if (scan == SCAN_MOVED)
			continue;
		tries++;
		now = gup_port_now_ns();
		if (scan != SCAN_BUSY || (now >= deadline && (!deadline || tries >= SCANS_MIN)))
			break;
		wait_for(m, why);
	} while (scan != SCAN_FREE);
	why->tries = tries;
	return scan;
}

int gup_range_take(struct gup_machine *m, struct gup_zone *zone, u64 start, u64 end, u64 deadline, struct gup_why *why)
{
	enum scan scan;

	begin(m, zone, start, end);
	scan = empty_range(m, start, end, deadline, why);
	if (scan == SCAN_FREE)
		gup_buddy_claim(m, zone, start, end);
	gup_buddy_set_isolated(m, zone, start, end, false);
	if (scan == SCAN_FREE)
		return gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	if (scan != SCAN_NOMEM && deadline)
		gup_why_holder(m, why, gup_head(m, gup_page_at(m, why->pfn)), why->tries);
	return why->error;
}

/* ---- ZONE_MOVABLE, offline and back ---- */

static struct gup_zone *offline_zone(struct gup_machine *m, u64 first_pfn, u64 nr)
{
	struct gup_zone *zone;

	if (!m || !nr || (first_pfn | nr) & (GUP_HUGE_PAGES - 1) || first_pfn >= m->nr_pfns ||
	    nr > m->nr_pfns - first_pfn)
		return NULL;
	zone = gup_zone_of(m, first_pfn);
	return zone && zone->kind == GUP_ZONE_MOVABLE && first_pfn + nr <= zone->end ? zone : NULL;
}

u64 gup_deadline(u64 timeout_ns)
{
	u64 now = gup_port_now_ns();

	return timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;
}

static bool any_offline(struct gup_machine *m, u64 first_pfn, u64 nr)
{
	u64 i;

	for (i = 0; i < nr; i++)
		if (gup_kind(gup_page_at(m, first_pfn + i)) == GUP_FRAME_OFFLINE)
			return true;
	return false;
}

int gup_offline_range(struct gup_machine *m, uint64_t first_pfn, uint64_t nr, uint64_t timeout_ns, struct gup_why *why)
{
	struct gup_zone *zone = offline_zone(m, first_pfn, nr);
	struct gup_why own;
	u64 pfn;
	int err;

	if (!why)
		why = &own;
	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	if (!zone)
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, 0, first_pfn);
	gup_port_rwlock_write_lock(&zone->isolate_lock);
	if (any_offline(m, first_pfn, nr))
		err = gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, 0, first_pfn);
	else
		err = gup_range_take(m, zone, first_pfn, first_pfn + nr, gup_deadline(timeout_ns), why);
	for (pfn = first_pfn; !err && pfn < first_pfn + nr; pfn++)
		gup_folio_prep(gup_page_at(m, pfn), 0, GUP_FRAME_OFFLINE);
	gup_port_rwlock_write_unlock(&zone->isolate_lock);
	return err;
}

int gup_online_range(struct gup_machine *m, uint64_t first_pfn, uint64_t nr)
{
	struct gup_zone *zone = offline_zone(m, first_pfn, nr);
	u64 pfn;
	int err = 0;

	if (!zone)
		return -GUP_EINVAL;
	gup_port_rwlock_write_lock(&zone->isolate_lock);
	for (pfn = first_pfn; !err && pfn < first_pfn + nr; pfn++)
		if (gup_kind(gup_page_at(m, pfn)) != GUP_FRAME_OFFLINE)
			err = -GUP_EINVAL;
	for (pfn = first_pfn; !err && pfn < first_pfn + nr; pfn++)
		gup_buddy_free(m, zone, pfn, 0);
	gup_port_rwlock_write_unlock(&zone->isolate_lock);
	return err;
}
