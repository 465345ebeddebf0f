/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/hugetlb.c - folios of 2 MiB from a pool: objects of them, and what mappings count on.
 *
 *	reserve		a mapping keeps a folio for each of its pages that has none: shared ones in the object, by
 *			piece of 2 MiB; private ones as a number in the VMA
 *	fault		the page gets its folio, and one less is kept
 *	COW, fork	a folio that nothing is reserved for, or none
 *	free		back to the pool: a folio of it is never split and, unless its memory has failed, never the buddy's
 *
 * fill_lock lets one page get its folio at a time, so that nobody finds the pool empty because somebody else took a folio
 * for the same page. Free folios have a count of zero, keep their kind, and are linked by word 8.
 */
#include "internal.h"

enum { FREE_ANYWHERE, FREE_MOVABLE }; /* lists of the pool: may be held long, or lie in ZONE_MOVABLE */

/* ---- the pool ---- */

static unsigned int list_of(const struct gup_machine *m, const struct gup_page *head)
{
	return (gup_block_of(m, gup_pfn(m, head)) & GUP_BLOCK_HOME) == GUP_BLOCK_ZONE_MOVABLE ? FREE_MOVABLE
											      : FREE_ANYWHERE;
}

/* The first folio of a list that does not lie where memory is being emptied; NULL if there is none. Pool locked. */
static struct gup_page *unlink_first(struct gup_machine *m, unsigned int list)
{
	u64 pfn = m->hugetlb.free[list];
	struct gup_page *prev = NULL, *head;

	while (pfn && gup_block_of(m, pfn) & GUP_BLOCK_ISOLATED) {
		prev = gup_page_at(m, pfn);
		pfn = gup_port_load(&prev->mapping);
	}
	if (!pfn)
		return NULL;
	head = gup_page_at(m, pfn);
	if (prev)
		gup_port_store(&prev->mapping, gup_port_load(&head->mapping));
	else
		m->hugetlb.free[list] = gup_port_load(&head->mapping);
	m->hugetlb.nr_free--;
	return head;
}

/* A folio with one reference, if one is free that nobody counts on, or @kept: then the caller does. Pool locked. */
static struct gup_page *take_locked(struct gup_machine *m, enum gup_scope scope, bool kept)
{
	struct gup_page *head = NULL;

	if (!kept && m->hugetlb.nr_free <= m->hugetlb.nr_reserved)
		return NULL;
	if (!(scope & GUP_SCOPE_UNMOVABLE))
		head = unlink_first(m, FREE_MOVABLE);
	if (!head)
		head = unlink_first(m, FREE_ANYWHERE);
	if (!head)
		return NULL;
	gup_port_store(&head->mapping, (u64)0);
	gup_folio_unfreeze(head, 1);
	return head;
}

struct gup_page *gup_hugetlb_alloc(struct gup_machine *m, enum gup_scope scope)
{
	struct gup_page *head;

	gup_port_lock_acquire(&m->hugetlb.lock);
	head = take_locked(m, scope, false);
	gup_port_lock_release(&m->hugetlb.lock);
	return head;
}

void gup_hugetlb_free(struct gup_machine *m, struct gup_page *head)
{
	unsigned int list = list_of(m, head);

	gup_folio_prep(head, GUP_HUGE_ORDER, GUP_FRAME_HUGETLB);
	gup_port_lock_acquire(&m->hugetlb.lock);
	gup_port_store(&head->mapping, m->hugetlb.free[list]);
	m->hugetlb.free[list] = gup_pfn(m, head);
	m->hugetlb.nr_free++;
	gup_port_lock_release(&m->hugetlb.lock);
}

u64 gup_hugetlb_nr_free(struct gup_machine *m)
{
	u64 nr;

	gup_port_lock_acquire(&m->hugetlb.lock);
	nr = m->hugetlb.nr_free;
	gup_port_lock_release(&m->hugetlb.lock);
	return nr;
}

/* Nobody else knows the machine yet. */
static int set_aside(struct gup_machine *m, struct gup_zone *zone, unsigned int nr)
{
	enum gup_list list = zone && zone->kind == GUP_ZONE_NORMAL ? GUP_LIST_UNMOVABLE : GUP_LIST_MOVABLE;
	u64 pfn;

	for (; nr; nr--) {
		pfn = zone ? gup_buddy_alloc(m, zone, GUP_HUGE_ORDER, list) : 0;
		if (!pfn)
			return -GUP_ENOMEM;
		gup_hugetlb_free(m, gup_page_at(m, pfn));
		m->hugetlb.nr++;
	}
	return 0;
}

int gup_hugetlb_init(struct gup_machine *m, unsigned int normal, unsigned int movable)
{
	int err = set_aside(m, gup_zone_by_name(m, GUP_ZONE_NORMAL, "NORMAL"), normal);

	if (!err)
		err = set_aside(m, gup_zone_by_name(m, GUP_ZONE_MOVABLE, "MOVABLE"), movable);
	if (!err)
		gup_port_rwlock_init(&m->hugetlb.fill_lock);
	return err;
}

/* ---- reservations ---- */

/* Keep @nr free folios, or none. */
static int keep(struct gup_machine *m, u64 nr)
{
	struct gup_hugetlb *pool = &m->hugetlb;
	int err = -GUP_ENOMEM;

	gup_port_lock_acquire(&pool->lock);
	if (pool->nr_free >= pool->nr_reserved + nr) {
		pool->nr_reserved += nr;
		err = 0;
	}
	gup_port_lock_release(&pool->lock);
	return err;
}

static void keep_no_more(struct gup_machine *m, u64 nr)
{
	gup_port_lock_acquire(&m->hugetlb.lock);
	m->hugetlb.nr_reserved -= nr;
	gup_port_lock_release(&m->hugetlb.lock);
}

/* What the entry of a piece is while it is not sure that all pieces of a mapping get one, and afterwards. */
enum { KEEPING = 1, KEPT };

static bool needs_folio(struct gup_object *object, u64 piece)
{
	u64 pfn;

	gup_port_lock_acquire(&object->lock);
	pfn = gup_radix_get(&object->frames, piece << GUP_HUGE_ORDER);
	gup_port_lock_release(&object->lock);
	return !pfn && !gup_radix_get(&object->reserved, piece);
}

/* Pieces of [first, end) become kept, or those of this call are forgotten. */
static void settle_pieces(struct gup_object *object, u64 first, u64 end, bool kept)
{
	u64 piece = first, value;

	for (; gup_radix_next(&object->reserved, &piece, &value) && piece < end; piece++)
		if (value == KEEPING && kept)
			(void)gup_radix_set(object->m, &object->reserved, piece, KEPT); /* replaces */
		else if (value == KEEPING)
			(void)gup_radix_clear(object->m, &object->reserved, piece);
}

/* fill_lock held. */
static int reserve_pieces(struct gup_object *object, u64 first, u64 end)
{
	struct gup_machine *m = object->m;
	u64 piece, nr = 0;
	int err = 0;

	for (piece = first; piece < end && !err; piece++) {
		if (!needs_folio(object, piece))
			continue;
		err = gup_radix_set(m, &object->reserved, piece, KEEPING);
		nr += !err;
	}
	if (!err)
		err = keep(m, nr);
	settle_pieces(object, first, end, !err);
	return err;
}

int gup_hugetlb_reserve(struct gup_vma *vma)
{
	u64 first = vma->pgoff >> GUP_HUGE_ORDER, nr = gup_vma_pages(vma) >> GUP_HUGE_ORDER;
	struct gup_machine *m = vma->mm->m;
	int err;

	if (nr > m->hugetlb.nr)
		return -GUP_ENOMEM;
	if (!(vma->flags & GUP_VM_SHARED)) {
		err = keep(m, nr);
		vma->reserved = err ? 0 : nr;
		return err;
	}
	gup_port_rwlock_write_lock(&m->hugetlb.fill_lock);
	err = reserve_pieces(vma->object, first, first + nr);
	gup_port_rwlock_write_unlock(&m->hugetlb.fill_lock);
	return err;
}

void gup_hugetlb_unreserve(struct gup_vma *vma)
{
	keep_no_more(vma->mm->m, vma->reserved);
	vma->reserved = 0;
}

/* Pages of a private mapping that have no copy of their own yet: what is reserved is for these. */
static u64 pages_without_copy(struct gup_vma *vma)
{
	struct gup_machine *m = vma->mm->m;
	struct gup_slot slot;
	u64 addr, nr = 0;

	for (addr = gup_vma_start(vma); addr < gup_vma_end(vma); addr += GUP_HUGE_SIZE) {
		gup_pt_descend(vma->mm, addr, &slot);
		nr += !slot.value || !gup_folio_is_anon(gup_page_at(m, gup_arch_pfn(slot.value)));
	}
	return nr;
}

void gup_hugetlb_split(struct gup_vma *vma, struct gup_vma *upper)
{
	upper->reserved = gup_min(vma->reserved, pages_without_copy(upper));
	vma->reserved -= upper->reserved;
}

/* Bytes that were cut, or all of them: nothing is kept for them any more. */
static void hugetlb_discard(struct gup_object *object, u64 offset, u64 end)
{
	struct gup_machine *m = object->m;
	u64 piece = offset / GUP_HUGE_SIZE, value, nr = 0;

	gup_port_rwlock_write_lock(&m->hugetlb.fill_lock);
	while (gup_radix_next(&object->reserved, &piece, &value) && piece < end / GUP_HUGE_SIZE)
		nr += gup_radix_clear(m, &object->reserved, piece) != 0;
	keep_no_more(m, nr);
	gup_port_rwlock_write_unlock(&m->hugetlb.fill_lock);
}

static void hugetlb_release(struct gup_object *object)
{
	hugetlb_discard(object, 0, UINT64_MAX);
}

/* ---- pages of the object ---- */

/* fill_lock held. What is kept for the piece is counted off when the folio is in the cache. */
static int hugetlb_fill(struct gup_object *object, u64 index, unsigned int order, enum gup_scope scope,
			struct gup_page **out_head)
{
	struct gup_machine *m = object->m;
	bool kept = gup_radix_get(&object->reserved, index >> order);

	*out_head = NULL;
	if (!gup_alloc_should_fail(m)) {
		gup_port_lock_acquire(&m->hugetlb.lock);
		*out_head = take_locked(m, scope, kept);
		gup_port_lock_release(&m->hugetlb.lock);
	}
	return *out_head ? 0 : -GUP_ENOSPC;
}

int gup_hugetlb_fill_hole(struct gup_object *object, u64 index, enum gup_scope scope)
{
	u64 first = index & ~(u64)(GUP_HUGE_PAGES - 1);
	struct gup_machine *m = object->m;
	int err = 0;

	gup_port_rwlock_write_lock(&m->hugetlb.fill_lock);
	if (gup_object_has_room(object, first, GUP_HUGE_PAGES)) {
		err = gup_object_fill(object, first, GUP_HUGE_ORDER, scope);
		if (!err && gup_radix_clear(m, &object->reserved, first >> GUP_HUGE_ORDER))
			keep_no_more(m, 1);
	}
	gup_port_rwlock_write_unlock(&m->hugetlb.fill_lock);
	return err;
}

/* ---- faults ---- */

static struct gup_page *take_private(struct gup_fault *f, bool reserved)
{
	struct gup_machine *m = f->mm->m;
	struct gup_page *head;
	bool kept;

	if (gup_alloc_should_fail(m))
		return NULL;
	gup_port_lock_acquire(&m->hugetlb.lock);
	kept = reserved && f->vma->reserved;
	head = take_locked(m, f->scope, kept);
	if (head && kept) {
		f->vma->reserved--;
		m->hugetlb.nr_reserved--;
	}
	gup_port_lock_release(&m->hugetlb.lock);
	return head;
}

struct gup_page *gup_hugetlb_new_page(struct gup_fault *f, struct gup_page *from, bool reserved)
{
	struct gup_page *head = take_private(f, reserved);

	if (head && from)
		gup_folio_copy(f->mm->m, head, from);
	else if (head)
		gup_folio_zero(f->mm->m, head);
	return head;
}

/* The entry stays empty while fill_lock is held: who fills one holds it. */
static enum gup_fault_result map_private(struct gup_fault *f, struct gup_slot *slot, struct gup_page *from)
{
	struct gup_page *head = gup_hugetlb_new_page(f, from, true);

	if (!head)
		return GUP_FAULT_NOSPC;
	gup_pt_lock(slot);
	GUP_ASSERT(!slot->value);
	gup_fault_map_anon(f, slot, head);
	gup_pt_unlock(slot);
	if (from)
		GUP_COUNT(f->mm->m, cow_copies, 1);
	return GUP_FAULT_DONE;
}

/* A hole of the object is filled for a shared mapping only; a private one gets a folio of its own there. */
static enum gup_fault_result fault_cached(struct gup_fault *f, struct gup_slot *slot, bool fill)
{
	bool copy = !(f->vma->flags & GUP_VM_SHARED) && f->flags & (GUP_FAULT_WRITE | GUP_FAULT_BREAK_COW);
	struct gup_object *object = f->vma->object;
	struct gup_page *head, *page;
	enum gup_fault_result result;
	int err = gup_object_folio(object, gup_vma_index(f->vma, f->addr), f->scope, fill, &head, &page);

	if (err == -GUP_ENOENT)
		return map_private(f, slot, NULL);
	if (err)
		return gup_fault_result_of(err);
	if (gup_folio_poisoned(head))
		result = GUP_FAULT_POISONED;
	else
		result = copy ? map_private(f, slot, head) : gup_fault_map_page(f, slot, head, head);
	gup_folio_unlock(object->m, head);
	gup_folio_put(object->m, head, 1);
	return result;
}

static enum gup_fault_result fault_private(struct gup_fault *f, struct gup_slot *slot)
{
	struct gup_machine *m = f->mm->m;
	enum gup_fault_result result = GUP_FAULT_AGAIN;

	gup_port_rwlock_write_lock(&m->hugetlb.fill_lock);
	gup_pt_descend(f->mm, f->addr, slot);
	if (!slot->value)
		result = fault_cached(f, slot, false);
	gup_port_rwlock_write_unlock(&m->hugetlb.fill_lock);
	return result;
}

static enum gup_fault_result hugetlb_fault(struct gup_fault *f, struct gup_slot *slot)
{
	if (gup_pt_populate(f->mm, f->addr, 1, slot))
		return GUP_FAULT_NOMEM;
	if (slot->value)
		return GUP_FAULT_AGAIN;
	return f->vma->flags & GUP_VM_SHARED ? fault_cached(f, slot, true) : fault_private(f, slot);
}

const struct gup_object_ops gup_hugetlb_ops = {
	.name = "hugetlb",
	.order = GUP_HUGE_ORDER,
	.resizable = true,
	.no_write = true,
	.fill = hugetlb_fill,
	.fault = hugetlb_fault,
	.discard = hugetlb_discard,
	.release = hugetlb_release,
};

int gup_hugetlb_create(struct gup_machine *m, uint64_t bytes, struct gup_object **out)
{
	struct gup_object *object;
	int err;

	if (!m || !out || bytes & (GUP_HUGE_SIZE - 1) || bytes > GUP_USER_TOP)
		return -GUP_EINVAL;
	err = gup_object_new(m, &gup_hugetlb_ops, GUP_OBJECT_HUGETLB, NULL, &object);
	if (err)
		return err;
	object->size = bytes;
	*out = object;
	return 0;
}
