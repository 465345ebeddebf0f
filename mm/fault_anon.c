/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/fault_anon.c - first touch of anonymous memory: the zero page for a read, a page of one's own for a write.
 *
 * An aligned 2 MiB piece that lies wholly in the VMA gets one folio when it is first written. Where memory is too scattered
 * for that, or something is there already, the machine's smaller orders are tried, the largest first: such a folio is mapped
 * by 4 KiB entries, one for each frame. At last 4 KiB do. A new page is exclusive to its mm until fork shares it.
 */
#include "internal.h"

static struct gup_page *alloc_folio(struct gup_fault *f, unsigned int order)
{
	return gup_folio_alloc(f->mm->m, order, GUP_FRAME_ANON, true, f->scope);
}

static struct gup_page *new_zeroed(struct gup_fault *f, unsigned int order)
{
	struct gup_page *head = alloc_folio(f, order);

	if (head)
		gup_folio_zero(f->mm->m, head);
	return head;
}

struct gup_page *gup_fault_new_page(struct gup_fault *f, struct gup_page *from)
{
	struct gup_machine *m = f->mm->m;
	struct gup_page *page = from ? alloc_folio(f, 0) : new_zeroed(f, 0);

	if (page && from)
		memcpy(gup_bytes_of(m, page), gup_bytes_of(m, from), GUP_PAGE_SIZE);
	return page;
}

/* How many entries map a folio from the slot on. */
static u32 nr_entries(const struct gup_slot *slot, const struct gup_page *head)
{
	return slot->level ? 1 : gup_nr_frames(head);
}

/* Each entry has a reference and a mapping of its own, and each frame its exclusive bit. The first reference is there. */
static void count_entries(struct gup_page *head, u32 nr, unsigned int level)
{
	u32 i;

	if (nr > 1 && gup_folio_take(head, nr - 1, false) != GUP_TAKE_OK)
		GUP_ASSERT(!"a folio that nobody has is full");
	for (i = 0; i < nr; i++)
		gup_flag_set(&head[i], GUP_PF_EXCL);
	gup_map_add(head, head, nr, level);
}

/* @value and those that follow it, into entries that all are as the first one. The slot stays at that. */
static void set_leaves(struct gup_slot *slot, u64 value, u32 nr)
{
	u64 *first = slot->entry, before = slot->value;
	u32 i;

	for (i = nr; i-- > 0;) {
		slot->entry = first + i;
		slot->value = before;
		gup_pt_set(slot, gup_arch_leaf_after(value, i));
	}
}

void gup_fault_map_anon(struct gup_fault *f, struct gup_slot *slot, struct gup_page *head)
{
	unsigned int attr = gup_vma_attr(f->vma) & ~GUP_PTE_DEVMAP;
	u32 nr = nr_entries(slot, head);
	u64 addr = f->addr & ~(nr * gup_pt_size(slot->level) - 1);

	attr |= GUP_PTE_DIRTY;
	if (f->vma->flags & GUP_VM_WRITE)
		attr |= GUP_PTE_WRITE;
	gup_folio_set_lineage(head, f->vma->lineage, gup_vma_index(f->vma, addr));
	gup_flag_set(head, GUP_PF_DIRTY);
	count_entries(head, nr, slot->level);
	set_leaves(slot, gup_arch_mk_leaf(gup_pfn(f->mm->m, head), slot->level, attr), nr);
	GUP_COUNT(f->mm->m, faults, 1);
}

static enum gup_fault_result map_zero_page(struct gup_fault *f, struct gup_slot *slot)
{
	struct gup_machine *m = f->mm->m;

	gup_pt_lock(slot);
	if (!slot->value) {
		gup_pt_set(slot, gup_arch_mk_leaf(m->zero_pfn, 0, gup_vma_attr(f->vma) | GUP_PTE_SPECIAL));
		GUP_COUNT(m, faults, 1);
	}
	gup_pt_unlock(slot);
	return GUP_FAULT_DONE;
}

static bool all_empty(const u64 *entries, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (gup_port_load(&entries[i]))
			return false;
	return true;
}

/* The first of @nr entries around the address: a folio lies as far from it as in memory. */
static u64 *first_entry(const struct gup_fault *f, const struct gup_slot *slot, u32 nr)
{
	return slot->entry - (gup_pt_index(f->addr, slot->level) & (nr - 1));
}

/* Install @head if there is still nothing; else look again. */
static enum gup_fault_result install(struct gup_fault *f, struct gup_slot *slot, struct gup_page *head)
{
	struct gup_machine *m = f->mm->m;
	u32 nr = nr_entries(slot, head);
	bool installed;

	slot->entry = first_entry(f, slot, nr);
	gup_pt_lock(slot);
	installed = all_empty(slot->entry, nr);
	if (installed)
		gup_fault_map_anon(f, slot, head);
	gup_pt_unlock(slot);
	if (installed)
		return GUP_FAULT_DONE;
	gup_folio_put(m, head, 1);
	return GUP_FAULT_AGAIN;
}

/* Does the VMA want more than 4 KiB for this fault, and hold @size bytes around it? */
static bool has_room(const struct gup_fault *f, u64 size)
{
	u64 start = f->addr & ~(size - 1);

	return !f->vma->object && f->flags & GUP_FAULT_WRITE && !(f->vma->flags & GUP_VM_NOHUGE) &&
	       start >= gup_vma_start(f->vma) && start + size <= gup_vma_end(f->vma);
}

/* Of the largest order for which there is place and memory. The place is looked at again with the table locked. */
static struct gup_page *new_folio(struct gup_fault *f, const struct gup_slot *slot)
{
	struct gup_page *head = NULL;
	unsigned int order;

	for (order = GUP_HUGE_ORDER - 1; order && !head; order--) {
		u32 nr = 1u << order;

		if (f->mm->m->anon_orders & nr && has_room(f, nr * GUP_PAGE_SIZE) &&
		    all_empty(first_entry(f, slot, nr), nr))
			head = new_zeroed(f, order);
	}
	return head ? head : new_zeroed(f, 0);
}

enum gup_fault_result gup_fault_anon(struct gup_fault *f, struct gup_slot *slot)
{
	struct gup_page *head;

	if (!(f->flags & (GUP_FAULT_WRITE | GUP_FAULT_BREAK_COW)))
		return map_zero_page(f, slot);
	head = new_folio(f, slot);
	return head ? install(f, slot, head) : GUP_FAULT_NOMEM;
}

bool gup_fault_can_be_huge(const struct gup_fault *f)
{
	return !f->mm->m->no_huge_pages && has_room(f, GUP_HUGE_SIZE);
}

enum gup_fault_result gup_fault_anon_huge(struct gup_fault *f, struct gup_slot *slot)
{
	struct gup_page *head;

	if (gup_pt_populate(f->mm, f->addr, 1, slot))
		return GUP_FAULT_NOMEM;
	if (slot->level != 1 || slot->value)
		return GUP_FAULT_AGAIN;
	head = new_zeroed(f, GUP_HUGE_ORDER);
	return head ? install(f, slot, head) : GUP_FAULT_NOMEM;
}
