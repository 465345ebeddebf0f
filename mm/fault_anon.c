/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/fault_anon.c - first touch of anonymous memory: the zero page for a read, a page of one's own for a write.
 *
 * An aligned 2 MiB piece that lies wholly in the VMA gets one folio when it is first written; where memory is too
 * scattered for that, 4 KiB do. A new page is exclusive to its mm until fork shares it.
 */
#include "internal.h"

struct gup_page *gup_fault_new_page(struct gup_fault *f, struct gup_page *from)
{
	struct gup_machine *m = f->mm->m;
	struct gup_page *page = gup_folio_alloc(m, 0, GUP_FRAME_ANON, true, f->scope);

	if (!page)
		return NULL;
	if (from)
		memcpy(gup_bytes_of(m, page), gup_bytes_of(m, from), GUP_PAGE_SIZE);
	else
		gup_folio_zero(m, page);
	return page;
}

void gup_fault_map_anon(struct gup_fault *f, struct gup_slot *slot, struct gup_page *head)
{
	unsigned int attr = gup_vma_attr(f->vma) & ~GUP_PTE_DEVMAP;
	u64 addr = f->addr & ~(gup_pt_size(slot->level) - 1);

	attr |= GUP_PTE_DIRTY;
	if (f->vma->flags & GUP_VM_WRITE)
		attr |= GUP_PTE_WRITE;
	gup_folio_set_lineage(head, f->vma->lineage, gup_vma_index(f->vma, addr));
	gup_flag_set(head, GUP_PF_EXCL | GUP_PF_DIRTY);
	gup_map_add(head, head, 1, slot->level);
	gup_pt_set(slot, gup_arch_mk_leaf(gup_pfn(f->mm->m, head), slot->level, attr));
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

/* Install @head if there is still nothing; else look again. */
static enum gup_fault_result install(struct gup_fault *f, struct gup_slot *slot, struct gup_page *head)
{
	struct gup_machine *m = f->mm->m;
	bool installed = false;

	gup_pt_lock(slot);
	if (!slot->value) {
		gup_fault_map_anon(f, slot, head);
		installed = true;
	}
	gup_pt_unlock(slot);
	if (installed)
		return GUP_FAULT_DONE;
	gup_folio_put(m, head, 1);
	return GUP_FAULT_AGAIN;
}

enum gup_fault_result gup_fault_anon(struct gup_fault *f, struct gup_slot *slot)
{
	struct gup_page *page;

	if (!(f->flags & (GUP_FAULT_WRITE | GUP_FAULT_BREAK_COW)))
		return map_zero_page(f, slot);
	page = gup_fault_new_page(f, NULL);
	return page ? install(f, slot, page) : GUP_FAULT_NOMEM;
}

bool gup_fault_can_be_huge(const struct gup_fault *f)
{
	u64 start = f->addr & ~(GUP_HUGE_SIZE - 1);

	return !f->vma->object && f->flags & GUP_FAULT_WRITE && !f->mm->m->no_huge_pages &&
	       !(f->vma->flags & GUP_VM_NOHUGE) && start >= gup_vma_start(f->vma) &&
	       start + GUP_HUGE_SIZE <= gup_vma_end(f->vma);
}

enum gup_fault_result gup_fault_anon_huge(struct gup_fault *f, struct gup_slot *slot)
{
	struct gup_machine *m = f->mm->m;
	struct gup_page *head;

	if (gup_pt_populate(f->mm, f->addr, 1, slot))
		return GUP_FAULT_NOMEM;
	if (slot->level != 1 || slot->value)
		return GUP_FAULT_AGAIN;
	head = gup_folio_alloc(m, GUP_HUGE_ORDER, GUP_FRAME_ANON, true, f->scope);
	if (!head)
		return GUP_FAULT_NOMEM;
	gup_folio_zero(m, head);
	return install(f, slot, head);
}
