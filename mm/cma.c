/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/cma.c - contiguous allocations from areas that movable memory borrows meanwhile.
 *
 * The area's home type never changes, so no long-term pin ever rests in it and everything in it can be moved. Frames
 * of an allocation are single, each with one reference of the owner's; an object over them lets the owner map them.
 */
#include "internal.h"

/* ---- the object over an allocation ---- */

/*
 * Who holds a frame's lock relies on its object (gup_frame_user()). The reference keeps the frame from being freed before it
 * is unlocked: that may happen as soon as no frame has an object.
 */
static void release_frames(struct gup_object *object)
{
	struct gup_page *page = gup_page_at(object->m, object->first_pfn), *end;

	for (end = page + (object->size >> GUP_PAGE_SHIFT); page < end; page++) {
		if (gup_folio_take(page, 1, false) != GUP_TAKE_OK)
			GUP_ASSERT(!"a frame that has an object is allocated");
		gup_folio_lock(object->m, page);
		gup_folio_set_object(page, NULL, 0);
		gup_folio_unlock(object->m, page);
		gup_folio_put(object->m, page, 1);
	}
}

const struct gup_object_ops gup_cma_ops = { .name = "CMA allocation", .release = release_frames };

static bool all_allocated(struct gup_machine *m, u64 pfn, u64 nr)
{
	u64 i;

	for (i = 0; i < nr; i++)
		if (gup_kind(gup_page_at(m, pfn + i)) != GUP_FRAME_CMA)
			return false;
	return true;
}

/* The zone of a range of allocated frames; NULL if it is no such range. */
static struct gup_zone *allocation_zone(struct gup_machine *m, struct gup_page *page, u64 bytes)
{
	struct gup_zone *zone;
	u64 pfn, nr = bytes >> GUP_PAGE_SHIFT;

	if (!m || !page || !bytes || bytes & ~GUP_PAGE_MASK || page < m->frames || page >= m->frames + m->nr_pfns)
		return NULL;
	pfn = gup_pfn(m, page);
	zone = gup_zone_of(m, pfn);
	return zone && zone->kind == GUP_ZONE_CMA && nr <= zone->end - pfn ? zone : NULL;
}

static bool any_mapping(struct gup_page *page, u64 nr)
{
	u64 i;

	for (i = 0; i < nr; i++)
		if (gup_folio_object(page + i))
			return true;
	return false;
}

int gup_cma_object(struct gup_machine *m, struct gup_page *page, uint64_t bytes, struct gup_object **out)
{
	struct gup_zone *zone = allocation_zone(m, page, bytes);
	u64 nr = bytes >> GUP_PAGE_SHIFT, i;
	struct gup_object *object;
	int err = 0;

	if (!zone || !out)
		return -GUP_EINVAL;
	gup_port_lock_acquire(&zone->owner_lock);
	if (!all_allocated(m, gup_pfn(m, page), nr))
		err = -GUP_EINVAL;
	else if (any_mapping(page, nr))
		err = -GUP_EBUSY;
	else
		err = gup_object_new(m, &gup_cma_ops, GUP_OBJECT_CMA, zone, &object);
	if (!err) {
		object->first_pfn = gup_pfn(m, page);
		object->size = bytes;
		for (i = 0; i < nr; i++)
			gup_folio_set_object(page + i, object, i);
		*out = object;
	}
	gup_port_lock_release(&zone->owner_lock);
	return err;
}

/* ---- allocating ---- */

/* The next aligned range at or after @pfn without frames of another allocation; 0 if there is none. */
static u64 next_candidate(struct gup_machine *m, struct gup_zone *zone, u64 pfn, u64 nr, u64 align)
{
	u64 i;

	for (;;) {
		pfn = (pfn + align - 1) & ~(align - 1);
		if (pfn > zone->end || nr > zone->end - pfn)
			return 0;
		for (i = nr; i > 0; i--)
			if (gup_kind(gup_page_at(m, pfn + i - 1)) == GUP_FRAME_CMA)
				break;
		if (!i)
			return pfn;
		pfn += i;
	}
}

static void own_frames(struct gup_machine *m, u64 pfn, u64 nr)
{
	for (; nr; nr--, pfn++) {
		gup_folio_prep(gup_page_at(m, pfn), 0, GUP_FRAME_CMA);
		gup_folio_unfreeze(gup_page_at(m, pfn), 1);
	}
}

/* The first frame behind the folio that was in the way of a range at @pfn. */
static u64 behind(struct gup_machine *m, u64 obstacle, u64 pfn)
{
	struct gup_page *head = gup_head(m, gup_page_at(m, obstacle));
	u64 next = gup_pfn(m, head) + gup_nr_frames(head);

	return next > pfn ? next : pfn + 1;
}

/* Try one range after the other without waiting, each from behind what was in the way; then wait for the first. */
static int alloc_locked(struct gup_machine *m, struct gup_zone *zone, u64 nr, u64 align, u64 deadline, u64 *out_pfn,
			struct gup_why *why)
{
	u64 first = next_candidate(m, zone, zone->start, nr, align), pfn = first;
	int err;

	if (!first)
		return gup_refuse(why, -GUP_ENOMEM, GUP_RULE_NO_MEMORY, 0, 0);
	while (pfn) {
		*out_pfn = pfn;
		err = gup_range_take(m, zone, pfn, pfn + nr, 0, why);
		if (!err || err == -GUP_ENOMEM)
			return err;
		pfn = next_candidate(m, zone, behind(m, why->pfn, pfn), nr, align);
	}
	*out_pfn = first;
	return gup_range_take(m, zone, first, first + nr, deadline, why);
}

int gup_cma_alloc(struct gup_machine *m, const char *area, uint64_t bytes, uint64_t align, uint64_t timeout_ns,
		  struct gup_page **out, struct gup_why *why)
{
	struct gup_zone *zone;
	struct gup_why own;
	u64 pfn = 0;
	int err;

	if (!why)
		why = &own;
	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	align = align ? align : GUP_PAGE_SIZE;
	if (!m || !area || !out || !bytes || bytes & ~GUP_PAGE_MASK || align < GUP_PAGE_SIZE || align & (align - 1))
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, 0, 0);
	zone = gup_zone_by_name(m, GUP_ZONE_CMA, area);
	if (!zone)
		return gup_refuse(why, -GUP_ENOENT, GUP_RULE_BAD_ARGUMENT, 0, 0);
	gup_port_rwlock_write_lock(&zone->isolate_lock);
	err = alloc_locked(m, zone, bytes >> GUP_PAGE_SHIFT, align >> GUP_PAGE_SHIFT, gup_deadline(timeout_ns), &pfn,
			   why);
	if (!err) {
		own_frames(m, pfn, bytes >> GUP_PAGE_SHIFT);
		*out = gup_page_at(m, pfn);
		gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	}
	gup_port_rwlock_write_unlock(&zone->isolate_lock);
	return err;
}

/* Freeze every frame from the owner's reference, or none. */
static bool freeze_frames(struct gup_page *page, u64 nr)
{
	u64 i;

	for (i = 0; i < nr; i++)
		if (!gup_folio_freeze(page + i, 1))
			break;
	if (i == nr)
		return true;
	while (i-- > 0)
		gup_folio_unfreeze(page + i, 1);
	return false;
}

int gup_cma_free(struct gup_machine *m, struct gup_page *page, uint64_t bytes)
{
	struct gup_zone *zone = allocation_zone(m, page, bytes);
	u64 nr = bytes >> GUP_PAGE_SHIFT, i;
	int err = 0;

	if (!zone)
		return -GUP_EINVAL;
	gup_port_lock_acquire(&zone->owner_lock);
	if (!all_allocated(m, gup_pfn(m, page), nr))
		err = -GUP_EINVAL;
	else if (any_mapping(page, nr) || !freeze_frames(page, nr))
		err = -GUP_EBUSY;
	for (i = 0; !err && i < nr; i++)
		if (gup_folio_poisoned(page + i))
			gup_poison_free(m, page + i, 0);
		else
			gup_buddy_free(m, zone, gup_pfn(m, page) + i, 0);
	gup_port_lock_release(&zone->owner_lock);
	return err;
}
