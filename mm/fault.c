/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/fault.c - making an access possible: look at the entry, and hand it to who knows what to do.
 *
 *	entry		anonymous VMA			VMA over an object
 *	none		zero page, new page, new 2M	the object's page, or a private copy of it
 *	migration	wait, then look again
 *	present		write: reuse or copy (COW); unshare: the same without write permission
 *
 * The access itself is allowed: callers check the VMA. One struct goes through all helpers; their outcomes are an enum
 * of their own and become an errno only at the edge.
 */
#include "internal.h"

/* Prepared while the table is locked, so the end of the migration cannot be missed. */
static enum gup_fault_result fault_migrating_locked(struct gup_fault *f, struct gup_slot *slot)
{
	struct gup_machine *m = f->mm->m;

	f->wait_pfn = gup_pfn(m, gup_head(m, gup_page_at(m, gup_arch_pfn(slot->value))));
	f->wait_seen = gup_wait_prepare(m, f->wait_pfn);
	gup_pt_unlock(slot);
	return GUP_FAULT_MIGRATING;
}

/* Nothing there: the object knows, or anonymous memory, which tries 2 MiB where no 4 KiB table is in the way. */
static enum gup_fault_result fault_none(struct gup_fault *f, struct gup_slot *slot)
{
	enum gup_fault_result result = GUP_FAULT_NOMEM;

	if (f->vma->object)
		return gup_fault_file(f, slot);
	if (slot->level && gup_fault_can_be_huge(f))
		result = gup_fault_anon_huge(f, slot);
	if (result != GUP_FAULT_NOMEM)
		return result;
	if (gup_pt_populate(f->mm, f->addr, 0, slot))
		return GUP_FAULT_NOMEM;
	return slot->value ? GUP_FAULT_AGAIN : gup_fault_anon(f, slot);
}

static enum gup_fault_result fault_once(struct gup_fault *f)
{
	struct gup_slot slot;

	gup_pt_descend(f->mm, f->addr, &slot);
	if (!slot.value)
		return fault_none(f, &slot);
	gup_pt_lock(&slot);
	if (gup_arch_is_leaf(slot.value, slot.level))
		return gup_fault_present_locked(f, &slot);
	if (gup_arch_is_migration(slot.value))
		return fault_migrating_locked(f, &slot);
	gup_pt_unlock(&slot);
	return GUP_FAULT_AGAIN;
}

enum gup_fault_result gup_fault(struct gup_fault *f)
{
	enum gup_fault_result result;

	do
		result = fault_once(f);
	while (result == GUP_FAULT_AGAIN);
	return result;
}

void gup_fault_wait(struct gup_fault *f)
{
	gup_wait(f->mm->m, f->wait_pfn, f->wait_seen, GUP_WAIT_LONG);
}

void gup_fault_cancel(struct gup_fault *f)
{
	gup_wait_cancel(f->mm->m, f->wait_pfn);
}

static int errno_of(enum gup_fault_result result)
{
	switch (result) {
	case GUP_FAULT_DONE:
		return 0;
	case GUP_FAULT_NOMEM:
		return -GUP_ENOMEM;
	default:
		return -GUP_EFAULT;
	}
}

enum gup_fault_result gup_fault_through(struct gup_mm *mm, struct gup_vma *vma, u64 addr, unsigned int flags)
{
	struct gup_fault f = { .mm = mm, .vma = vma, .addr = addr, .flags = flags };
	enum gup_fault_result result;

	while ((result = gup_fault(&f)) == GUP_FAULT_MIGRATING)
		gup_fault_wait(&f);
	return result;
}

int gup_fault_in(struct gup_mm *mm, struct gup_vma *vma, u64 addr, unsigned int flags)
{
	return errno_of(gup_fault_through(mm, vma, addr, flags));
}

int gup_fixup_user_fault(struct gup_mm *mm, uint64_t addr, unsigned int flags, bool *unlocked)
{
	u32 need = flags & GUP_WRITE ? GUP_VM_WRITE : GUP_VM_READ;
	struct gup_fault f = { .mm = mm, .addr = addr & GUP_PAGE_MASK };
	enum gup_fault_result result;

	if (!mm || flags & ~GUP_WRITE)
		return -GUP_EINVAL;
	f.flags = flags & GUP_WRITE ? GUP_FAULT_WRITE : 0;
	for (;;) {
		f.vma = gup_vma_find(mm, addr);
		if (!f.vma || !(f.vma->flags & need) || f.vma->flags & GUP_VM_PFNMAP)
			return -GUP_EFAULT;
		result = gup_fault(&f);
		if (result != GUP_FAULT_MIGRATING)
			return errno_of(result);
		if (unlocked) {
			gup_mmap_read_unlock(mm);
			*unlocked = true;
		}
		gup_fault_wait(&f);
		if (unlocked)
			gup_mmap_read_lock(mm);
	}
}
