/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/truncate.c - taking pages away from an object: truncate and punch.
 *
 *	shared memory, regular files
 *			each folio is locked, unmapped and dropped; a pin keeps the memory, which is nobody's then
 *	FS DAX		the block is the storage, so it must be idle first:
 *
 *	    unmap -> freeze every block from exactly the file's reference -> drop
 *	      ^                 | one is held
 *	      +-- wait for it --+      (holding no lock; past the bound: -EBUSY, nothing changed)
 *
 * A block that is frozen cannot be taken by anybody, and what could not be frozen is thawed before the wait.
 */
#include "internal.h"

#define WAIT_STEP UINT64_C(20000000)
#define KEEP_SIZE UINT64_MAX
#define SPLIT_TRIES 5u

/* Page indices that go away. Private copies of them go only when the object becomes shorter, and last. */
struct cut {
	struct gup_object *object;
	u64 first, last;
};

static bool inside(const struct cut *cut, const struct gup_page *head)
{
	u64 first = gup_port_load(&head->index);

	return first >= cut->first && first + gup_nr_frames(head) - 1 <= cut->last;
}

/* The part of a folio that is cut but stays allocated reads as zeroes from now on. */
static void zero_part(const struct cut *cut, struct gup_page *head)
{
	u64 base = gup_port_load(&head->index), end = base + gup_nr_frames(head);
	u64 first = gup_max(cut->first, base);
	u64 last = gup_min(cut->last, end - 1);

	memset(gup_bytes_of(cut->object->m, head + (first - base)), 0, (last - first + 1) << GUP_PAGE_SHIFT);
}

/* References that only pass by are gone in a moment; pins are not. */
static bool split_patiently(struct gup_machine *m, struct gup_page *head, struct gup_page *keep)
{
	unsigned int tries;
	u64 count;

	for (tries = 0; tries < SPLIT_TRIES; tries++) {
		count = gup_port_load(&head->count);
		if (!gup_folio_split_unmapped(m, head, keep, 1))
			return true;
		if (gup_count_pins(count))
			return false;
		gup_folio_wait_count(m, head, count, GUP_WAIT_MOMENT);
	}
	return false;
}

/*
 * One folio, locked and referenced. Returns the index from where to go on: after a split, the same.
 */
static u64 cut_folio(const struct cut *cut, struct gup_page *head, struct gup_page *page)
{
	struct gup_machine *m = cut->object->m;
	u64 base = gup_port_load(&head->index), end = base + gup_nr_frames(head);
	u64 here = base + (u64)(page - head);

	gup_object_unmap(cut->object, base, end - 1, GUP_ZAP_OBJECT_ONLY);
	if (inside(cut, head)) {
		gup_object_drop(cut->object, head);
		return end;
	}
	if (!split_patiently(m, head, page)) {
		zero_part(cut, head);
		here = end;
		page = head;
	}
	gup_folio_unlock(m, page);
	gup_folio_put(m, gup_head(m, page), 1);
	return here;
}

static void drop_folios(const struct cut *cut)
{
	struct gup_object *object = cut->object;
	struct gup_page *head, *page;
	u64 index = cut->first;

	while (gup_object_next(object, &index) && index <= cut->last)
		if (gup_object_cached(object, index, &head, &page))
			index = cut_folio(cut, head, page);
}

/*
 * Who faulted before the store forgot the bytes may have read the old ones, so the folios go once more after that. A
 * file that became shorter has no such folios.
 */
static void cut_bytes(const struct cut *cut, u64 offset, u64 end)
{
	drop_folios(cut);
	if (!cut->object->ops->discard)
		return;
	cut->object->ops->discard(cut->object, offset, end);
	drop_folios(cut);
}

static void set_size(struct gup_object *object, u64 size)
{
	gup_port_lock_acquire(&object->lock);
	object->size = size;
	gup_port_lock_release(&object->lock);
}

/*
 * What the folio over the end holds beyond it. It may be a large one that was held when it was cut, or the last page of a
 * file; whoever held or mapped it may have written there.
 */
static void zero_beyond(struct gup_object *object, u64 end)
{
	u64 first = end >> GUP_PAGE_SHIFT, index = first;
	struct gup_page *head, *page;

	while (gup_object_next(object, &index) && index == first) {
		if (!gup_object_cached(object, index, &head, &page))
			continue; /* being moved: look again */
		gup_object_unmap(object, first, first, GUP_ZAP_OBJECT_ONLY);
		gup_folio_zero_from(object->m, head, end - (gup_port_load(&head->index) << GUP_PAGE_SHIFT));
		gup_folio_unlock(object->m, head);
		gup_folio_put(object->m, head, 1);
		return;
	}
}

static u64 pages_of(u64 bytes)
{
	return (bytes + GUP_PAGE_SIZE - 1) >> GUP_PAGE_SHIFT;
}

/* Sizes change under size_lock only, so the old one stays true until the new one is set. Private copies go last. */
void gup_object_resize_locked(struct gup_object *object, u64 size)
{
	struct cut cut = { object, pages_of(size), UINT64_MAX };
	u64 old = gup_object_size(object);

	if (size > old)
		zero_beyond(object, old);
	set_size(object, size);
	if (size >= old)
		return;
	if (size & ~GUP_PAGE_MASK)
		zero_beyond(object, size);
	cut_bytes(&cut, size, UINT64_MAX);
	gup_object_unmap(object, cut.first, cut.last, GUP_ZAP_ALL);
}

static void cut_cached(const struct cut *cut, u64 size)
{
	if (size != KEEP_SIZE)
		gup_object_resize_locked(cut->object, size);
	else
		cut_bytes(cut, cut->first << GUP_PAGE_SHIFT, (cut->last + 1) << GUP_PAGE_SHIFT);
}

/* The next folio at or after *index that the cut touches. Object locked. */
static struct gup_page *next_touched(const struct cut *cut, u64 *index)
{
	struct gup_page *head;
	u64 pfn;

	if (!gup_radix_next(&cut->object->frames, index, &pfn) || *index > cut->last)
		return NULL;
	head = gup_head(cut->object->m, gup_page_at(cut->object->m, pfn));
	*index = gup_port_load(&head->index) + gup_nr_frames(head);
	return head;
}

/* Freeze every block, or none and name one that is held. Object locked. */
static struct gup_page *freeze_all(const struct cut *cut)
{
	struct gup_page *head, *busy = NULL;
	u64 index = cut->first, end = 0;

	while (!busy && (head = next_touched(cut, &index))) {
		if (gup_folio_freeze(head, 1))
			end = index;
		else
			busy = head;
	}
	if (!busy)
		return NULL;
	for (index = cut->first; index < end && (head = next_touched(cut, &index));)
		gup_folio_unfreeze(head, 1);
	return busy;
}

/* A frozen run of blocks of which a part stays: single blocks from now on, the staying ones thawed. */
static void split_frozen(const struct cut *cut, struct gup_page *head)
{
	u64 base = gup_port_load(&head->index), i;
	u32 nr = gup_nr_frames(head);

	for (i = 0; i < nr; i++) {
		gup_folio_prep(head + i, 0, GUP_FRAME_DAX);
		gup_folio_set_object(head + i, cut->object, base + i);
		if (base + i < cut->first || base + i > cut->last)
			gup_folio_unfreeze(head + i, 1);
	}
}

/* All blocks of the cut are frozen: they leave the file and are free. Object locked. */
static void drop_frozen(const struct cut *cut)
{
	struct gup_page *head;
	u64 index = cut->first, pfn;

	while (gup_radix_next(&cut->object->frames, &index, &pfn) && index <= cut->last) {
		head = gup_head(cut->object->m, gup_page_at(cut->object->m, pfn));
		if (!inside(cut, head)) {
			split_frozen(cut, head);
			continue;
		}
		gup_object_remove_locked(cut->object, head);
		gup_folio_free(cut->object->m, head);
	}
}

/*
 * Freeze and drop in one go: afterwards no fault finds the blocks. Private copies go last. Returns a block that is held,
 * NULL if all are gone.
 */
static struct gup_page *cut_dax(const struct cut *cut, u64 size)
{
	struct gup_object *object = cut->object;
	struct gup_page *busy;

	gup_object_unmap(object, cut->first, cut->last, GUP_ZAP_OBJECT_ONLY);
	gup_port_lock_acquire(&object->lock);
	busy = freeze_all(cut);
	if (!busy) {
		drop_frozen(cut);
		if (size != KEEP_SIZE)
			object->size = size;
	}
	gup_port_lock_release(&object->lock);
	if (!busy && size != KEEP_SIZE)
		gup_object_unmap(object, cut->first, cut->last, GUP_ZAP_ALL);
	return busy;
}

/* One attempt, with size_lock held; what is held by somebody is waited for without it. */
static struct gup_page *try_cut(const struct cut *cut, u64 size)
{
	struct gup_object *object = cut->object;
	struct gup_page *busy = NULL;

	gup_port_rwlock_write_lock(&object->size_lock);
	if (object->ops->waits)
		busy = cut_dax(cut, size);
	else
		cut_cached(cut, size);
	gup_port_rwlock_write_unlock(&object->size_lock);
	return busy;
}

static int cut_object(const struct cut *cut, u64 size, u64 timeout_ns, struct gup_why *why)
{
	struct gup_machine *m = cut->object->m;
	u64 start = gup_port_now_ns(), waited, count;
	struct gup_page *busy;
	unsigned int tries = 0;

	while ((busy = try_cut(cut, size))) {
		tries++;
		waited = gup_port_now_ns() - start;
		if (waited >= timeout_ns) {
			gup_refuse(why, -GUP_EBUSY, GUP_RULE_PINNED, 0, gup_pfn(m, busy));
			gup_why_holder(m, why, busy, tries);
			return -GUP_EBUSY;
		}
		count = gup_port_load(&busy->count);
		if (gup_count_refs(count) > 1) /* the file owns the block: it stays where it is */
			gup_folio_wait_count(m, busy, count, gup_min(timeout_ns - waited, WAIT_STEP));
	}
	return 0;
}

int gup_object_truncate(struct gup_object *object, uint64_t bytes, uint64_t timeout_ns, struct gup_why *why)
{
	struct cut cut = { object, pages_of(bytes), UINT64_MAX };
	int err;

	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	if (!object || bytes > GUP_USER_TOP || (!object->ops->resizable && !object->ops->set_size) ||
	    (bytes & (gup_object_unit(object) - 1) && !object->ops->any_size))
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, 0, 0);
	if (!object->ops->set_size)
		return cut_object(&cut, bytes, timeout_ns, why);
	err = object->ops->set_size(object, bytes);
	return err ? gup_refuse(why, err, GUP_RULE_BAD_ARGUMENT, 0, 0) : 0;
}

int gup_object_punch(struct gup_object *object, uint64_t offset, uint64_t bytes, uint64_t timeout_ns,
		     struct gup_why *why)
{
	struct cut cut = { .object = object };

	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	if (!object || !bytes || (offset | bytes) & (gup_object_unit(object) - 1) || offset + bytes < offset ||
	    !object->ops->resizable)
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, 0, 0);
	cut.first = offset >> GUP_PAGE_SHIFT;
	cut.last = ((offset + bytes) >> GUP_PAGE_SHIFT) - 1;
	return cut_object(&cut, KEEP_SIZE, timeout_ns, why);
}
