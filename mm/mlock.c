/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/mlock.c - locked mappings: a flag of VMAs, a count of their pages, and faulting them in.
 *
 * Nothing is swapped out here, so to lock means three things that callers of Linux's mlock() can see: the pages are
 * there when it returns, MADV_DONTNEED leaves them, and they count against a limit. What pins count is another number.
 */
#include "gup.h"

void gup_mm_set_lock_limit(struct gup_mm *mm, uint64_t pages)
{
	if (!mm)
		return;
	gup_port_store(&mm->lock_limit, (u64)pages);
}

uint64_t gup_mm_locked(const struct gup_mm *mm)
{
	if (!mm)
		return 0;
	return gup_port_load(&mm->locked);
}

bool gup_lock_exceeds(const struct gup_mm *mm, u64 pages)
{
	return gup_mm_locked(mm) + pages > gup_port_load(&mm->lock_limit);
}

/* ---- flags ---- */

/* Mappings that keep their pages anyway. Secret memory is born locked and stays so. */
static bool can_change(const struct gup_vma *vma)
{
	return !gup_vma_is(vma, GUP_OBJECT_HUGETLB) && !(vma->flags & GUP_VM_PFNMAP) &&
	       !gup_vma_is(vma, GUP_OBJECT_SECRET) && !gup_vma_is(vma, GUP_OBJECT_FSDAX) &&
	       !gup_vma_is(vma, GUP_OBJECT_DEVDAX);
}

/* Lock or unlock [start, end), which lies in the VMA. */
static int change_vma(struct gup_vma *vma, u64 start, u64 end, u32 locked)
{
	struct gup_mm *mm = vma->mm;
	int err;

	if ((vma->flags & GUP_VM_LOCKED) == locked || !can_change(vma))
		return 0;
	err = gup_vma_split(vma, start);
	if (!err)
		err = gup_vma_split(gup_vma_find(mm, start), end);
	if (err)
		return err;
	vma = gup_vma_find(mm, start);
	gup_lock_account(vma, -gup_vma_pages(vma));
	vma->flags ^= GUP_VM_LOCKED;
	gup_lock_account(vma, gup_vma_pages(vma));
	gup_vma_merge(vma);
	return 0;
}

static int change_range(struct gup_mm *mm, u64 start, u64 end, u32 locked)
{
	struct gup_vma *vma;
	u64 part_end;
	int err;

	for (; start < end; start = part_end) {
		vma = gup_vma_find(mm, start);
		if (!vma)
			return -GUP_ENOMEM;
		part_end = gup_min(end, gup_vma_end(vma));
		err = change_vma(vma, start, part_end, locked);
		if (err)
			return err;
	}
	return 0;
}

/* Pages of [start, end) that are locked already. */
static u64 locked_before(const struct gup_mm *mm, u64 start, u64 end)
{
	struct gup_vma *vma;
	u64 bytes = 0;

	for (vma = gup_vma_first(mm, start, end); vma; vma = gup_vma_next(vma, start, end))
		if (vma->flags & GUP_VM_LOCKED)
			bytes += gup_min(end, gup_vma_end(vma)) - gup_max(start, gup_vma_start(vma));
	return bytes >> GUP_PAGE_SHIFT;
}

/* ---- faulting in ---- */

/* As mlock() reports it. */
static int errno_of(int err)
{
	if (err == -GUP_EFAULT)
		return -GUP_ENOMEM;
	return err == -GUP_ENOMEM ? -GUP_EAGAIN : err;
}

/* What the application could do to the pages is done to them; FORCE lets it be a mapping that cannot be read. */
static int populate_vma(struct gup_vma *vma, u64 start, u64 end)
{
	unsigned int flags = vma->flags & GUP_VM_PROT ? GUP_FORCE : 0;
	struct gup_why why;
	struct gup_op op;

	if (vma->flags & GUP_VM_PFNMAP)
		return 0;
	if ((vma->flags & (GUP_VM_WRITE | GUP_VM_SHARED)) == GUP_VM_WRITE)
		flags |= GUP_WRITE;
	gup_op_init(&op, vma->mm, flags, false, &why);
	op.take = op.owns_lock = false;
	op.addr = start;
	op.left = (end - start) >> GUP_PAGE_SHIFT;
	(void)gup_op_run(&op, false, false);
	return op.left ? errno_of(why.error) : 0;
}

/* What was unmapped since it was locked is nobody's fault. */
static int populate(struct gup_mm *mm, u64 start, u64 end)
{
	struct gup_vma *vma;
	int err = 0;

	gup_mmap_read_lock(mm);
	for (vma = gup_vma_first(mm, start, end); vma && !err; vma = gup_vma_next(vma, start, end))
		err = populate_vma(vma, gup_max(start, gup_vma_start(vma)), gup_min(end, gup_vma_end(vma)));
	gup_mmap_read_unlock(mm);
	return err;
}

/* ---- the calls ---- */

/* The whole pages that the range touches; false if it wraps. */
static bool whole_pages(u64 addr, u64 length, u64 *out_start, u64 *out_end)
{
	*out_start = addr & GUP_PAGE_MASK;
	*out_end = (addr + length + GUP_PAGE_SIZE - 1) & GUP_PAGE_MASK;
	return addr + length >= addr && *out_end >= addr + length;
}

static int lock_range(struct gup_mm *mm, u64 start, u64 end)
{
	u64 pages = (end - start) >> GUP_PAGE_SHIFT;
	int err = -GUP_ENOMEM;

	gup_port_rwlock_write_lock(&mm->mmap_lock);
	if (!gup_lock_exceeds(mm, pages) || !gup_lock_exceeds(mm, pages - locked_before(mm, start, end)))
		err = change_range(mm, start, end, GUP_VM_LOCKED);
	gup_port_rwlock_write_unlock(&mm->mmap_lock);
	return err;
}

int gup_mlock(struct gup_mm *mm, uint64_t addr, uint64_t length)
{
	u64 start, end;
	int err;

	if (!mm)
		return -GUP_EINVAL;
	if (!gup_port_load(&mm->lock_limit))
		return -GUP_EPERM;
	if (!whole_pages(addr, length, &start, &end))
		return -GUP_EINVAL;
	err = lock_range(mm, start, end);
	return err ? err : populate(mm, start, end);
}

int gup_munlock(struct gup_mm *mm, uint64_t addr, uint64_t length)
{
	u64 start, end;
	int err;

	if (!mm || !whole_pages(addr, length, &start, &end))
		return -GUP_EINVAL;
	gup_port_rwlock_write_lock(&mm->mmap_lock);
	err = change_range(mm, start, end, 0);
	gup_port_rwlock_write_unlock(&mm->mmap_lock);
	return err;
}
