/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/fault_file.c - first touch of a mapping of an object: its page itself, or a private copy for a private write.
 *
 * The object's folio is locked while its entry is installed, so truncate and migration, which lock it too, either see
 * the entry or come first.
 */
#include "internal.h"

enum gup_fault_result gup_fault_result_of(int err)
{
	if (err == -GUP_ENOMEM)
		return GUP_FAULT_NOMEM;
	if (err == -GUP_EIO)
		return GUP_FAULT_IO;
	if (err == -GUP_EHWPOISON)
		return GUP_FAULT_POISONED;
	return err == -GUP_ENOSPC ? GUP_FAULT_NOSPC : GUP_FAULT_SIGBUS;
}

static enum gup_fault_result map_pfn(struct gup_fault *f, struct gup_slot *slot)
{
	u64 pfn = f->vma->object->first_pfn + gup_vma_index(f->vma, f->addr);
	unsigned int attr = gup_vma_attr(f->vma) | GUP_PTE_SPECIAL;

	if (gup_vma_index(f->vma, f->addr) >= gup_object_size(f->vma->object) >> GUP_PAGE_SHIFT)
		return GUP_FAULT_SIGBUS;
	if (gup_pt_populate(f->mm, f->addr, 0, slot))
		return GUP_FAULT_NOMEM;
	gup_pt_lock(slot);
	if (!slot->value)
		gup_pt_set(slot, gup_arch_mk_leaf(pfn, 0, attr));
	gup_pt_unlock(slot);
	return GUP_FAULT_DONE;
}

/* Does this fault give write permission to the object's own page? A read does so too, unless the file wants to know. */
static bool gives_write(const struct gup_fault *f)
{
	const struct gup_file *file = f->vma->object->file;

	if ((f->vma->flags & (GUP_VM_SHARED | GUP_VM_WRITE)) != (GUP_VM_SHARED | GUP_VM_WRITE))
		return false;
	return f->flags & GUP_FAULT_WRITE || !file || !file->dirty_tracking;
}

/* ... and has the object to be asked before? */
static bool needs_mkwrite(const struct gup_fault *f)
{
	return f->vma->object->ops->mkwrite && gives_write(f);
}

static unsigned int shared_attr(const struct gup_fault *f)
{
	unsigned int attr = gup_vma_attr(f->vma);

	if (gives_write(f))
		attr |= GUP_PTE_WRITE;
	if (f->flags & GUP_FAULT_WRITE)
		attr |= GUP_PTE_DIRTY;
	return attr;
}

enum gup_fault_result gup_fault_map_page(struct gup_fault *f, struct gup_slot *slot, struct gup_page *head,
					 struct gup_page *page)
{
	struct gup_machine *m = f->mm->m;
	enum gup_fault_result result = GUP_FAULT_AGAIN;

	gup_pt_lock(slot);
	if (!slot->value && gup_folio_take(head, 1, false) == GUP_TAKE_OK) {
		gup_map_add(head, page, 1, slot->level);
		if (f->flags & GUP_FAULT_WRITE)
			gup_flag_set(head, GUP_PF_DIRTY);
		gup_pt_set(slot, gup_arch_mk_leaf(gup_pfn(m, page), slot->level, shared_attr(f)));
		GUP_COUNT(m, faults, 1);
		result = GUP_FAULT_DONE;
	} else if (!slot->value) {
		result = GUP_FAULT_NOMEM;
	}
	gup_pt_unlock(slot);
	return result;
}

/* A page that is mapped read-only and was just made ready for it becomes dirty and writable. */
static enum gup_fault_result let_write(struct gup_fault *f, struct gup_slot *slot, struct gup_page *page)
{
	struct gup_machine *m = f->mm->m;
	u64 pfn = gup_pfn(m, page);
	enum gup_fault_result result = GUP_FAULT_AGAIN;

	gup_pt_lock(slot);
	if (gup_arch_is_leaf(slot->value, slot->level) && gup_arch_pfn(slot->value) == pfn) {
		gup_flag_set(page, GUP_PF_DIRTY);
		gup_pt_set(slot, gup_arch_mk_leaf(pfn, slot->level, shared_attr(f)));
		GUP_COUNT(m, faults, 1);
		result = GUP_FAULT_DONE;
	}
	gup_pt_unlock(slot);
	return result;
}

/* Does the whole 2 MiB folio lie in the VMA, at an address that a 2 MiB entry can have? */
static bool fits_huge(const struct gup_fault *f, const struct gup_page *head)
{
	u64 start = f->addr & ~(GUP_HUGE_SIZE - 1);

	return gup_order(head) == GUP_HUGE_ORDER && f->vma->flags & GUP_VM_SHARED && start >= gup_vma_start(f->vma) &&
	       start + GUP_HUGE_SIZE <= gup_vma_end(f->vma) &&
	       gup_vma_index(f->vma, start) == gup_port_load(&head->index) &&
	       (gup_port_load(&head->index) + GUP_HUGE_PAGES) << GUP_PAGE_SHIFT <= gup_object_size(f->vma->object);
}

static enum gup_fault_result map_folio(struct gup_fault *f, struct gup_slot *slot, struct gup_page *head,
				       struct gup_page *page)
{
	if (gup_pt_populate(f->mm, f->addr, fits_huge(f, head) ? 1 : 0, slot))
		return GUP_FAULT_NOMEM;
	if (slot->value)
		return needs_mkwrite(f) ? let_write(f, slot, page) : GUP_FAULT_AGAIN;
	return gup_fault_map_page(f, slot, head, slot->level ? head : page);
}

static enum gup_fault_result map_copy(struct gup_fault *f, struct gup_slot *slot, struct gup_page *from)
{
	struct gup_machine *m = f->mm->m;
	enum gup_fault_result result = GUP_FAULT_NOMEM;
	struct gup_page *page;

	if (gup_pt_populate(f->mm, f->addr, 0, slot))
		return GUP_FAULT_NOMEM;
	page = gup_fault_new_page(f, from);
	if (!page)
		return GUP_FAULT_NOMEM;
	gup_pt_lock(slot);
	result = slot->value ? GUP_FAULT_AGAIN : GUP_FAULT_DONE;
	if (result == GUP_FAULT_DONE)
		gup_fault_map_anon(f, slot, page);
	gup_pt_unlock(slot);
	if (result == GUP_FAULT_DONE)
		GUP_COUNT(m, cow_copies, 1);
	else
		gup_folio_put(m, page, 1);
	return result;
}

enum gup_fault_result gup_fault_file(struct gup_fault *f, struct gup_slot *slot)
{
	bool copy = !(f->vma->flags & GUP_VM_SHARED) && f->flags & (GUP_FAULT_WRITE | GUP_FAULT_BREAK_COW);
	struct gup_object *object = f->vma->object;
	struct gup_page *head, *page;
	enum gup_fault_result result;
	int err;

	if (object->kind == GUP_OBJECT_PFNMAP)
		return map_pfn(f, slot);
	if (object->ops->fault)
		return object->ops->fault(f, slot);
	err = gup_object_folio(object, gup_vma_index(f->vma, f->addr), f->scope, true, &head, &page);
	if (err)
		return gup_fault_result_of(err);
	if (gup_folio_poisoned(head))
		err = -GUP_EHWPOISON;
	else if (!copy && needs_mkwrite(f))
		err = object->ops->mkwrite(object, head);
	if (err)
		result = gup_fault_result_of(err);
	else
		result = copy ? map_copy(f, slot, page) : map_folio(f, slot, head, page);
	gup_folio_unlock(object->m, head);
	gup_folio_put(object->m, head, 1);
	return result;
}
