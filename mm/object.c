/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/object.c - objects and their page cache: from a page index to a locked folio.
 *
 * The cache holds one reference on each folio. Finding one goes: look up under the object's lock, take a reference that
 * refuses a frozen folio, lock the folio, and see whether it is still the object's. Objects that are a fixed range of
 * frames (device DAX, a CMA allocation) need no cache: the index is the frame.
 */
#include "internal.h"

int gup_object_new(struct gup_machine *m, const struct gup_object_ops *ops, enum gup_object_kind kind,
		   struct gup_zone *zone, struct gup_object **out)
{
	struct gup_object *object = gup_slab_alloc(m, GUP_SLAB_OBJECT);

	if (!object)
		return -GUP_ENOMEM;
	object->m = m;
	object->ops = ops;
	object->kind = kind;
	object->zone = zone;
	if (kind == GUP_OBJECT_DEVDAX) {
		object->first_pfn = zone->start;
		object->size = (zone->end - zone->start) << GUP_PAGE_SHIFT;
	}
	gup_port_store(&object->refs, (u64)1);
	gup_port_rwlock_init(&object->map_lock);
	gup_port_rwlock_init(&object->size_lock);
	gup_list_add(m, &m->objects, &object->link);
	*out = object;
	return 0;
}

void gup_object_ref(struct gup_object *object)
{
	gup_port_fetch_add(&object->refs, (u64)1);
}

void gup_object_get(struct gup_object *object)
{
	if (object)
		gup_object_ref(object);
}

uint64_t gup_object_size(struct gup_object *object)
{
	u64 size;

	if (!object)
		return 0;
	gup_port_lock_acquire(&object->lock);
	size = object->size;
	gup_port_lock_release(&object->lock);
	return size;
}

static bool is_fixed(const struct gup_object *object)
{
	return !object->ops->fill;
}

/* A device DAX frame comes to life when it is first looked at. */
static void devdax_wake(struct gup_object *object, struct gup_page *page, u64 index)
{
	if (gup_port_load(&page->count))
		return;
	gup_folio_prep(page, 0, GUP_FRAME_DEVDAX);
	gup_folio_set_object(page, object, index);
	gup_folio_unfreeze(page, 1);
}

static u64 lookup_locked(struct gup_object *object, u64 index)
{
	u64 pfn;

	if (!is_fixed(object))
		return gup_radix_get(&object->frames, index);
	pfn = object->first_pfn + index;
	if (object->kind == GUP_OBJECT_DEVDAX)
		devdax_wake(object, gup_page_at(object->m, pfn), index);
	return pfn;
}

u64 gup_object_pages_locked(const struct gup_object *object)
{
	return (object->size + GUP_PAGE_SIZE - 1) >> GUP_PAGE_SHIFT;
}

static bool room_locked(struct gup_object *object, u64 first, u64 nr)
{
	u64 index = first, value;

	if (first + nr > gup_object_pages_locked(object))
		return false;
	return !gup_radix_next(&object->frames, &index, &value) || index >= first + nr;
}

static int insert_locked(struct gup_object *object, struct gup_page *head, u64 first)
{
	u32 nr = gup_nr_frames(head), i;
	int err = 0;

	for (i = 0; i < nr && !err; i++)
		err = gup_radix_set(object->m, &object->frames, first + i, gup_pfn(object->m, head) + i);
	if (!err)
		gup_folio_set_object(head, object, first);
	for (; err && i > 0; i--)
		gup_radix_clear(object->m, &object->frames, first + i - 1);
	return err;
}

int gup_object_fill(struct gup_object *object, u64 index, unsigned int order, enum gup_scope scope)
{
	u64 first = index & ~((UINT64_C(1) << order) - 1);
	struct gup_page *head;
	int err = object->ops->fill(object, first, order, scope, &head);
	bool stored = false;

	if (err)
		return err;
	gup_folio_zero(object->m, head);
	gup_port_lock_acquire(&object->lock);
	if (room_locked(object, first, UINT64_C(1) << order)) {
		err = insert_locked(object, head, first);
		stored = !err;
	}
	gup_port_lock_release(&object->lock);
	if (!stored)
		gup_folio_put(object->m, head, 1);
	return err;
}

bool gup_object_has_room(struct gup_object *object, u64 first, u64 nr)
{
	bool room;

	gup_port_lock_acquire(&object->lock);
	room = room_locked(object, first, nr);
	gup_port_lock_release(&object->lock);
	return room;
}

static bool wants_huge(struct gup_object *object, u64 index)
{
	return object->huge && gup_object_has_room(object, index & ~(u64)(GUP_HUGE_PAGES - 1), GUP_HUGE_PAGES);
}

static int fill_hole(struct gup_object *object, u64 index, enum gup_scope scope)
{
	if (object->ops->order)
		return gup_hugetlb_fill_hole(object, index, scope);
	if (wants_huge(object, index) && !gup_object_fill(object, index, GUP_HUGE_ORDER, scope))
		return 0;
	return gup_object_fill(object, index, 0, scope);
}

static bool thawed(const struct gup_page *head, u64 unused)
{
	(void)unused;
	return gup_port_load(&head->count);
}

static bool not_full(const struct gup_page *head, u64 unused)
{
	(void)unused;
	return gup_count_refs(gup_port_load(&head->count)) < GUP_COUNT_MAX;
}

enum find { FOUND, FROZEN, FULL, HOLE, BEYOND };

static enum find take_found(struct gup_page *head)
{
	switch (gup_folio_take(head, 1, false)) {
	case GUP_TAKE_OK:
		return FOUND;
	case GUP_TAKE_FULL:
		return FULL;
	default:
		return FROZEN;
	}
}

/* One look into the cache; FOUND comes with a reference. */
static enum find find_folio(struct gup_object *object, u64 index, bool any_size, struct gup_page **out_page)
{
	struct gup_page *head = NULL;
	enum find found = BEYOND;
	u64 pfn;

	gup_port_lock_acquire(&object->lock);
	if (index < gup_object_pages_locked(object) || any_size) {
		pfn = lookup_locked(object, index);
		found = pfn ? FOUND : HOLE;
		*out_page = gup_page_at(object->m, pfn);
		head = gup_head(object->m, *out_page);
		if (found == FOUND)
			found = take_found(head);
	}
	gup_port_lock_release(&object->lock);
	/* Somebody has it frozen, to move it or to throw it out. That ends, and then the cache says something else. */
	if (found == FROZEN)
		gup_folio_wait_once(object->m, head, thawed, 0, GUP_WAIT_MOMENT);
	return found;
}

/* Lock a folio that was found, unless it left the object meanwhile. */
static bool lock_found(struct gup_object *object, struct gup_page *page, struct gup_page **out_head)
{
	struct gup_page *head = gup_head(object->m, page);

	gup_folio_lock(object->m, head);
	*out_head = head;
	if (gup_head(object->m, page) == head && gup_folio_object(head) == object)
		return true;
	gup_folio_unlock(object->m, head);
	gup_folio_put(object->m, head, 1);
	return false;
}

/* A locked folio becomes readable, or goes back. */
static int bring_up_to_date(struct gup_object *object, struct gup_page *head)
{
	int err = object->ops->read ? object->ops->read(object, head) : 0;

	if (!err)
		return 0;
	gup_folio_unlock(object->m, head);
	gup_folio_put(object->m, head, 1);
	return err;
}

int gup_object_folio(struct gup_object *object, u64 index, enum gup_scope scope, bool fill, struct gup_page **out_head,
		     struct gup_page **out_page)
{
	int err;

	for (;;) {
		switch (find_folio(object, index, false, out_page)) {
		case FOUND:
			if (lock_found(object, *out_page, out_head))
				return bring_up_to_date(object, *out_head);
			break;
		case FROZEN:
			break;
		case FULL:
			return -GUP_ENOMEM;
		case HOLE:
			err = fill ? fill_hole(object, index, scope) : -GUP_ENOENT;
			if (err)
				return err;
			break;
		case BEYOND:
			return -GUP_EFAULT;
		}
	}
}

bool gup_object_cached(struct gup_object *object, u64 index, struct gup_page **out_head, struct gup_page **out_page)
{
	enum find found = find_folio(object, index, true, out_page);

	/* Who asks is about to throw it out or to write it back, and comes again. */
	if (found == FULL)
		gup_folio_wait_once(object->m, gup_head(object->m, *out_page), not_full, 0, GUP_WAIT_MOMENT);
	return found == FOUND && lock_found(object, *out_page, out_head);
}

void gup_object_replace(struct gup_object *object, struct gup_page *old_head, struct gup_page *new_head)
{
	u64 index = gup_port_load(&old_head->index);
	u32 nr = gup_nr_frames(old_head), i;

	gup_port_lock_acquire(&object->lock);
	for (i = 0; i < nr; i++)
		(void)gup_radix_set(object->m, &object->frames, index + i, gup_pfn(object->m, new_head) + i);
	gup_folio_set_object(new_head, object, index);
	gup_folio_set_object(old_head, NULL, 0);
	gup_port_lock_release(&object->lock);
}

void gup_object_remove_locked(struct gup_object *object, struct gup_page *head)
{
	u64 first = gup_port_load(&head->index);
	u32 nr = gup_nr_frames(head), i;

	for (i = 0; i < nr; i++)
		gup_radix_clear(object->m, &object->frames, first + i);
	gup_folio_set_object(head, NULL, 0);
}

/* The folio lock first: who moves or splits a folio relies on its object while it holds it. */
void gup_object_drop(struct gup_object *object, struct gup_page *head)
{
	gup_port_lock_acquire(&object->lock);
	gup_object_remove_locked(object, head);
	gup_port_lock_release(&object->lock);
	gup_folio_unlock(object->m, head);
	gup_folio_put(object->m, head, 2);
}

/* The first page index at or after *index that has a folio. */
bool gup_object_next(struct gup_object *object, u64 *index)
{
	bool found;
	u64 pfn;

	gup_port_lock_acquire(&object->lock);
	found = gup_radix_next(&object->frames, index, &pfn);
	gup_port_lock_release(&object->lock);
	return found;
}

/* The last handle is gone: nothing maps it, but pins may hold its folios, which then go with the last pin. */
static void free_frames(struct gup_object *object)
{
	struct gup_page *head, *page;
	u64 index = 0;

	if (object->ops->release)
		object->ops->release(object);
	while (gup_object_next(object, &index))
		if (gup_object_cached(object, index, &head, &page))
			gup_object_drop(object, head);
}

void gup_object_put(struct gup_object *object)
{
	if (!object || gup_port_fetch_sub(&object->refs, (u64)1) != 1)
		return;
	GUP_ASSERT(!object->vmas.root);
	free_frames(object);
	gup_list_del(object->m, &object->link);
	gup_port_rwlock_destroy(&object->map_lock);
	gup_port_rwlock_destroy(&object->size_lock);
	gup_slab_free(object->m, GUP_SLAB_OBJECT, object);
}
