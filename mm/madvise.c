/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/madvise.c - advice about a range, and faulting it in.
 *
 * Advice goes over the mappings of the range one after the other. What lies between them is passed over, and makes the
 * result -ENOMEM at last; an error ends it. Each mapping may be split, and is merged again with what became its like.
 */
#include "internal.h"

/* Take an advice for [start, end), which lies in the VMA. */
typedef int advise_fn(struct gup_vma *vma, u64 start, u64 end, unsigned int advice);

/* ---- what a mapping remembers ---- */

static int advised_flags(const struct gup_vma *vma, unsigned int advice, u32 *out)
{
	*out = vma->flags;
	switch (advice) {
	case GUP_MADV_HUGEPAGE:
		*out &= ~GUP_VM_NOHUGE;
		return 0;
	case GUP_MADV_NOHUGEPAGE:
		*out |= GUP_VM_NOHUGE;
		return 0;
	case GUP_MADV_DONTFORK:
		*out |= GUP_VM_DONTFORK;
		return 0;
	case GUP_MADV_DOFORK:
		*out &= ~GUP_VM_DONTFORK;
		return vma->flags & GUP_VM_PFNMAP ? -GUP_EINVAL : 0; /* Linux does not pass on a device's registers */
	case GUP_MADV_WIPEONFORK:
		*out |= GUP_VM_WIPEONFORK;
		return vma->object ? -GUP_EINVAL : 0;
	default:
		*out &= ~GUP_VM_WIPEONFORK;
		return 0;
	}
}

static int advise_flags(struct gup_vma *vma, u64 start, u64 end, unsigned int advice)
{
	struct gup_mm *mm = vma->mm;
	u32 flags;
	int err = advised_flags(vma, advice, &flags);

	if (err || flags == vma->flags)
		return err;
	err = gup_vma_split(vma, start);
	if (!err)
		err = gup_vma_split(gup_vma_find(mm, start), end);
	vma = gup_vma_find(mm, start);
	if (!err)
		vma->flags = flags;
	gup_vma_merge(vma);
	return err;
}

/* ---- what lets go of pages ---- */

static int drop(struct gup_vma *vma, u64 start, u64 end, unsigned int advice)
{
	(void)advice;
	if (vma->flags & (GUP_VM_PFNMAP | GUP_VM_LOCKED))
		return -GUP_EINVAL;
	if (gup_vma_is(vma, GUP_OBJECT_HUGETLB)) {
		if (start & (GUP_HUGE_SIZE - 1))
			return -GUP_EINVAL;
		end &= ~(GUP_HUGE_SIZE - 1);
	}
	return gup_zap_range(vma, start, end, GUP_ZAP_ALL, GUP_EVENT_CLEAR);
}

/* May a hole be made through this mapping? */
static int remove_check(const struct gup_vma *vma)
{
	if (vma->flags & GUP_VM_LOCKED || !vma->object)
		return -GUP_EINVAL;
	if (!(vma->flags & GUP_VM_SHARED))
		return -GUP_EACCES;
	if (vma->mm->m->contract->remove_needs_write && !(vma->flags & GUP_VM_WRITE))
		return -GUP_EACCES;
	return vma->object->ops->resizable ? 0 : -GUP_ENODEV;
}

/* A punch takes locks outside of mmap_lock, so that is dropped, and the VMA may be gone afterwards. */
static int punch(struct gup_vma *vma, u64 start, u64 end, unsigned int advice)
{
	u64 offset = gup_vma_index(vma, start) << GUP_PAGE_SHIFT;
	struct gup_object *object = vma->object;
	struct gup_mm *mm = vma->mm;
	int err = remove_check(vma);

	(void)advice;
	if (err)
		return err;
	gup_object_ref(object);
	gup_mmap_read_unlock(mm);
	err = gup_object_punch(object, offset, end - start, GUP_WAIT_LONG, NULL);
	gup_object_put(object);
	gup_mmap_read_lock(mm);
	return err;
}

/* ---- faulting in ---- */

/* What faulting in for @advice, or without any, must be allowed to do in a VMA. */
static int populate_check(const struct gup_vma *vma, unsigned int advice)
{
	u32 need = GUP_VM_PROT;

	if (advice)
		need = advice == GUP_MADV_POPULATE_WRITE ? GUP_VM_WRITE : GUP_VM_READ;
	if (!(vma->flags & GUP_VM_PFNMAP) && vma->flags & need && !gup_vma_is(vma, GUP_OBJECT_SECRET))
		return 0;
	return advice ? -GUP_EINVAL : -GUP_EFAULT;
}

/* Fault in one VMA's part of a range. */
static int populate_vma(struct gup_vma *vma, u64 start, u64 end, unsigned int advice)
{
	bool write = (vma->flags & (GUP_VM_WRITE | GUP_VM_SHARED)) == GUP_VM_WRITE;
	struct gup_slot slot;
	int err = populate_check(vma, advice);

	if (advice)
		write = advice == GUP_MADV_POPULATE_WRITE;
	while (!err && start < end) {
		err = gup_fault_in(vma->mm, vma, start, write ? GUP_FAULT_WRITE : 0);
		gup_pt_descend(vma->mm, start, &slot);
		start = gup_pt_next(start, slot.level > 1 ? 0 : slot.level);
	}
	return err;
}

/* A hole ends it; before Linux 6.10 advice went on behind the hole and said so at last. */
static int populate(struct gup_mm *mm, u64 addr, u64 end, unsigned int advice)
{
	bool past_holes = advice && mm->m->contract->populate_past_holes;
	struct gup_vma *vma;
	int err = 0, hole = 0;

	gup_mmap_read_lock(mm);
	while (addr < end && !err) {
		vma = gup_vma_first(mm, addr, end);
		if (!vma || gup_vma_start(vma) > addr)
			hole = -GUP_ENOMEM;
		if (!vma || (hole && !past_holes))
			break;
		addr = gup_max(addr, gup_vma_start(vma));
		err = populate_vma(vma, addr, gup_min(end, gup_vma_end(vma)), advice);
		addr = gup_vma_end(vma);
	}
	gup_mmap_read_unlock(mm);
	return err ? err : hole;
}

/* ---- the calls ---- */

static int advise(struct gup_mm *mm, u64 addr, u64 end, unsigned int advice, advise_fn *fn)
{
	struct gup_vma *vma;
	int err = 0, hole = 0;
	u64 part_end;

	while (addr < end && !err) {
		vma = gup_vma_first(mm, addr, end);
		if (!vma || gup_vma_start(vma) > addr)
			hole = -GUP_ENOMEM;
		if (!vma)
			break;
		addr = gup_max(addr, gup_vma_start(vma));
		part_end = gup_min(end, gup_vma_end(vma));
		err = fn(vma, addr, part_end, advice);
		addr = part_end;
	}
	return err ? err : hole;
}

static int advise_reading(struct gup_mm *mm, u64 addr, u64 end, unsigned int advice, advise_fn *fn)
{
	int err;

	gup_mmap_read_lock(mm);
	err = advise(mm, addr, end, advice, fn);
	gup_mmap_read_unlock(mm);
	return err;
}

static int advise_writing(struct gup_mm *mm, u64 addr, u64 end, unsigned int advice, advise_fn *fn)
{
	int err;

	gup_port_rwlock_write_lock(&mm->mmap_lock);
	err = advise(mm, addr, end, advice, fn);
	gup_port_rwlock_write_unlock(&mm->mmap_lock);
	return err;
}

int gup_madvise(struct gup_mm *mm, uint64_t addr, uint64_t length, unsigned int advice)
{
	length = mm ? gup_range_length(addr, length) : 0;
	if (!length)
		return -GUP_EINVAL;
	switch (advice) {
	case GUP_MADV_HUGEPAGE:
	case GUP_MADV_NOHUGEPAGE:
	case GUP_MADV_DONTFORK:
	case GUP_MADV_DOFORK:
	case GUP_MADV_WIPEONFORK:
	case GUP_MADV_KEEPONFORK:
		return advise_writing(mm, addr, addr + length, advice, advise_flags);
	case GUP_MADV_DONTNEED:
		return advise_reading(mm, addr, addr + length, advice, drop);
	case GUP_MADV_REMOVE:
		return advise_reading(mm, addr, addr + length, advice, punch);
	case GUP_MADV_POPULATE_READ:
	case GUP_MADV_POPULATE_WRITE:
		if (!mm->m->contract->has_populate_advice)
			return -GUP_EINVAL;
		return populate(mm, addr, addr + length, advice);
	default:
		return -GUP_EINVAL;
	}
}

int gup_populate(struct gup_mm *mm, uint64_t addr, uint64_t length)
{
	length = mm ? gup_range_length(addr, length) : 0;
	if (!length)
		return -GUP_EINVAL;
	return populate(mm, addr, addr + length, 0);
}
