/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/cow.c - an entry that is there but does not allow the access: reuse the page or copy it.
 *
 *	exclusive			reuse: nobody else can have it
 *	one reference			reuse and mark exclusive: all who shared it are gone
 *	of a larger folio, and all	the same where the contract knows it: the other references are those of our own
 *	its references are ours		entries for its other frames
 *	anything else			copy; the old page stays with whoever else holds it
 *
 * linux-5.2 knows no exclusive bit: it keeps a page that one entry maps, and copies one that two entries map although
 * a device may be writing to it. That is how a write was lost after fork.
 *
 * Everything happens with the table locked, the copy too: between look and change no walker can slip in. Only who is
 * subscribed to the mm is told of a copy before, without that lock; then it is looked at again.
 */
#include "internal.h"

/* How many entries map that frame of the folio which most of them map. */
static u32 most_mapped(struct gup_page *head)
{
	u32 most = 0, i;

	if (!gup_order(head))
		return gup_folio_mapcount(head);
	for (i = 0; i < gup_nr_frames(head); i++)
		most = (u32)gup_max(most, gup_port_load(&head[i].mapcount));
	return most + gup_folio_whole_maps(head);
}

/*
 * With the folio locked nobody is moving it, so each mapping has an entry that counts. A folio that is being moved or split
 * now is not looked at: it is copied.
 */
static bool mapped_once(struct gup_machine *m, struct gup_page *head)
{
	bool once;

	if (!gup_folio_trylock(head))
		return false;
	once = most_mapped(head) == 1 && !gup_flag_test(head, GUP_PF_ISOLATED);
	gup_folio_unlock(m, head);
	return once;
}

static bool maps_part_of(struct gup_machine *m, u64 value, struct gup_page *head)
{
	return gup_arch_is_leaf(value, 0) && gup_leaf_counted(value) &&
	       gup_head(m, gup_page_at(m, gup_arch_pfn(value))) == head;
}

/* How many entries of the slot's table map the folio of which the slot's one maps @page. They lie as its frames do. */
static u32 maps_here(struct gup_machine *m, const struct gup_slot *slot, struct gup_page *page, struct gup_page *head)
{
	u64 *entries = (u64 *)gup_direct(m, slot->table);
	u64 at = (u64)(slot->entry - entries), before = (u64)(page - head);
	u64 end = gup_min(at - before + gup_nr_frames(head), GUP_PT_ENTRIES);
	u32 nr = 0;

	for (at -= gup_min(at, before); at < end; at++)
		nr += maps_part_of(m, gup_port_load(&entries[at]), head);
	return nr;
}

/*
 * Our entries stay, since their table is locked, and who maps or moves the folio elsewhere holds a reference all the time.
 * Where only one page of it is left the folio shall go, so that one is copied.
 */
static bool all_refs_here(struct gup_machine *m, const struct gup_slot *slot, struct gup_page *page,
			  struct gup_page *head)
{
	u32 refs = gup_count_refs(gup_port_load(&head->count));

	return refs > 1 && refs == maps_here(m, slot, page, head);
}

static bool can_reuse(struct gup_machine *m, const struct gup_slot *slot, struct gup_page *page, struct gup_page *head)
{
	if (gup_flag_test(slot->level ? head : page, GUP_PF_EXCL))
		return true;
	if (m->contract->reuse_by_mapcount)
		return mapped_once(m, head);
	if (gup_order(head) && !slot->level)
		return m->contract->reuses_parts && all_refs_here(m, slot, page, head);
	return gup_count_refs(gup_port_load(&head->count)) == 1;
}

/* The entry allows writing from now on if the VMA does; with FORCE it does not, and the dirty bit tells the pin. */
static void make_writable(struct gup_fault *f, struct gup_slot *slot)
{
	unsigned int attr = gup_arch_attr(slot->value);

	if (f->flags & GUP_FAULT_WRITE) {
		gup_flag_set(gup_head(f->mm->m, gup_page_at(f->mm->m, gup_arch_pfn(slot->value))), GUP_PF_DIRTY);
		attr |= GUP_PTE_DIRTY | (f->vma->flags & GUP_VM_WRITE ? GUP_PTE_WRITE : 0);
	}
	gup_pt_set(slot, gup_arch_mk_leaf(gup_arch_pfn(slot->value), slot->level, attr));
	GUP_COUNT(f->mm->m, faults, 1);
}

/* 2 MiB are copied as such in a hugetlb mapping only; one that has no copy yet counts on a folio of its own. */
static struct gup_page *copy_of(struct gup_fault *f, const struct gup_slot *slot, struct gup_page *old)
{
	if (slot->level)
		return gup_hugetlb_new_page(f, old, !gup_folio_is_anon(old));
	return gup_fault_new_page(f, gup_pfn(f->mm->m, old) == f->mm->m->zero_pfn ? NULL : old);
}

/* Replace the entry by a private copy of its page; gives the old page's reference to the caller. */
static enum gup_fault_result copy_locked(struct gup_fault *f, struct gup_slot *slot, struct gup_page **out_old)
{
	struct gup_machine *m = f->mm->m;
	u64 old_value = slot->value;
	struct gup_page *old = gup_page_at(m, gup_arch_pfn(old_value));
	struct gup_page *page = copy_of(f, slot, old);

	*out_old = NULL;
	if (!page)
		return slot->level ? GUP_FAULT_NOSPC : GUP_FAULT_NOMEM;
	if (gup_leaf_counted(old_value)) {
		*out_old = gup_head(m, old);
		gup_map_del(*out_old, old, 1, slot->level);
	}
	gup_fault_map_anon(f, slot, page);
	GUP_COUNT(m, cow_copies, 1);
	return GUP_FAULT_DONE;
}

/* What has to happen to a present entry. */
enum todo { TODO_NOTHING, TODO_REUSE, TODO_COPY, TODO_ASK };

static enum todo decide_private(struct gup_fault *f, struct gup_slot *slot, struct gup_page *page)
{
	struct gup_machine *m = f->mm->m;
	struct gup_page *head = gup_head(m, page);
	bool write = f->flags & GUP_FAULT_WRITE;

	if (!gup_leaf_counted(slot->value) || !gup_folio_is_anon(head))
		return write || f->flags & GUP_FAULT_BREAK_COW ? TODO_COPY : TODO_NOTHING;
	if (!write && !(f->flags & GUP_FAULT_UNSHARE))
		return TODO_NOTHING;
	return can_reuse(m, slot, page, head) ? TODO_REUSE : TODO_COPY;
}

/* Some objects want to know before one of their pages becomes writable; that needs the folio's lock. */
static enum todo decide_shared(const struct gup_fault *f, unsigned int attr)
{
	if (!(f->flags & GUP_FAULT_WRITE))
		return TODO_NOTHING;
	return f->vma->object->ops->mkwrite && !(attr & GUP_PTE_WRITE) ? TODO_ASK : TODO_REUSE;
}

static enum todo decide(struct gup_fault *f, struct gup_slot *slot)
{
	unsigned int attr = gup_arch_attr(slot->value);

	if (f->vma->flags & GUP_VM_PFNMAP)
		return TODO_NOTHING;
	if (f->flags & GUP_FAULT_WRITE && attr & GUP_PTE_WRITE && attr & GUP_PTE_DIRTY)
		return TODO_NOTHING;
	if (f->vma->flags & GUP_VM_SHARED)
		return decide_shared(f, attr);
	return decide_private(f, slot, gup_page_at(f->mm->m, gup_arch_pfn(slot->value)));
}

/*
 * Who is subscribed must know before the page is replaced, and cannot be told under the table's lock; so what to do is
 * decided again after that. The table stays, since mmap_lock is held. Table locked; unlocks it.
 */
static enum gup_fault_result break_cow(struct gup_fault *f, struct gup_slot *slot)
{
	struct gup_invalidation inv = { .running = false };
	enum gup_fault_result result = GUP_FAULT_AGAIN;
	struct gup_page *old = NULL;
	u64 value = slot->value, size = gup_pt_size(slot->level), start = f->addr & ~(size - 1);

	if (gup_mm_watched(f->mm)) {
		gup_pt_unlock(slot);
		gup_invalidate_begin(&inv, f->mm, start, start + size, GUP_EVENT_CLEAR);
		gup_pt_lock(slot);
	}
	if (slot->value == value && decide(f, slot) == TODO_COPY)
		result = copy_locked(f, slot, &old);
	gup_pt_unlock(slot);
	gup_invalidate_end(&inv);
	if (old)
		gup_folio_put(f->mm->m, old, 1);
	return result;
}

enum gup_fault_result gup_fault_present_locked(struct gup_fault *f, struct gup_slot *slot)
{
	struct gup_machine *m = f->mm->m;
	enum todo todo = decide(f, slot);

	if (gup_leaf_poisoned(m, slot->value)) {
		gup_pt_unlock(slot);
		return GUP_FAULT_POISONED;
	}
	if (todo == TODO_COPY && slot->level && !gup_vma_is(f->vma, GUP_OBJECT_HUGETLB)) {
		gup_pt_unlock(slot);
		return gup_split_huge(f->vma, f->addr) ? GUP_FAULT_NOMEM : GUP_FAULT_AGAIN;
	}
	if (todo == TODO_COPY)
		return break_cow(f, slot);
	if (todo == TODO_ASK) {
		gup_pt_unlock(slot);
		return gup_fault_file(f, slot);
	}
	if (todo == TODO_REUSE) {
		if (!(f->vma->flags & GUP_VM_SHARED))
			gup_flag_set(gup_page_at(m, gup_arch_pfn(slot->value)), GUP_PF_EXCL);
		make_writable(f, slot);
	}
	gup_pt_unlock(slot);
	return GUP_FAULT_DONE;
}
