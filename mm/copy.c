/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/copy.c - loads and stores of an application, in soft mode.
 *
 * The bytes of one page are copied with the page's table locked, so an access happens before or after each change of
 * the entry and never across it: what a CPU with an up-to-date TLB does. mmap_lock keeps the tables in place.
 */
#include "internal.h"

/* Host memory of an access; one of the two is used. */
struct access {
	u8 *to;
	const u8 *from;
};

static void access_bytes(const struct access *a, u8 *frame, u64 bytes)
{
	if (a->from)
		memcpy(frame, a->from, bytes);
	else
		memcpy(a->to, frame, bytes);
}

static bool access_allowed(unsigned int attr, bool write)
{
	return attr & GUP_PTE_ACCESS && (!write || attr & GUP_PTE_WRITE);
}

/* Copy within one page if its entry allows it now. */
static bool access_present(struct gup_mm *mm, u64 addr, const struct access *a, u64 bytes)
{
	struct gup_slot slot;
	unsigned int attr;
	bool ok = false;
	u64 pfn;

	gup_pt_descend(mm, addr, &slot);
	if (!slot.value)
		return false;
	gup_pt_lock(&slot);
	if (gup_arch_is_leaf(slot.value, slot.level)) {
		attr = gup_arch_attr(slot.value);
		pfn = gup_arch_pfn(slot.value);
		ok = access_allowed(attr, a->from != NULL) && !gup_leaf_poisoned(mm->m, slot.value);
		if (ok && a->from && !(attr & GUP_PTE_DIRTY))
			gup_pt_set_dirty(&slot);
		if (ok)
			access_bytes(a, gup_direct(mm->m, pfn) + (addr & (gup_pt_size(slot.level) - 1)), bytes);
	}
	gup_pt_unlock(&slot);
	return ok;
}

/* One page's part of an access: false if the application would get a signal. */
static bool access_page(struct gup_mm *mm, u64 addr, const struct access *a, u64 bytes)
{
	u32 need = a->from ? GUP_VM_WRITE : GUP_VM_PROT;
	bool done = false;

	gup_mmap_read_lock(mm);
	for (;;) {
		struct gup_vma *vma = gup_vma_find(mm, addr);

		if (!vma || !(vma->flags & need) || vma->flags & GUP_VM_PFNMAP)
			break;
		done = access_present(mm, addr, a, bytes);
		if (done || gup_fault_in(mm, vma, addr & GUP_PAGE_MASK, a->from ? GUP_FAULT_WRITE : 0))
			break;
	}
	gup_mmap_read_unlock(mm);
	return done;
}

static u64 user_access(struct gup_mm *mm, u64 addr, struct access a, u64 bytes)
{
	if (addr >= GUP_USER_TOP)
		return bytes;
	while (bytes && addr < GUP_USER_TOP) {
		u64 part = gup_min(bytes, GUP_PAGE_SIZE - (addr & ~GUP_PAGE_MASK));

		if (!access_page(mm, addr, &a, part))
			break;
		addr += part;
		bytes -= part;
		if (a.from)
			a.from += part;
		else
			a.to += part;
	}
	return bytes;
}

uint64_t gup_copy_to_user(struct gup_mm *mm, uint64_t to, const void *from, uint64_t bytes)
{
	if (!mm || !from)
		return bytes;
	return user_access(mm, to, (struct access){ .from = from }, bytes);
}

uint64_t gup_copy_from_user(struct gup_mm *mm, void *to, uint64_t from, uint64_t bytes)
{
	if (!mm || !to)
		return bytes;
	return user_access(mm, from, (struct access){ .to = to }, bytes);
}

uint64_t gup_user_pfn(struct gup_mm *mm, uint64_t addr)
{
	struct gup_slot slot;
	u64 pfn = 0;

	if (!mm || addr >= GUP_USER_TOP)
		return 0;
	gup_mmap_read_lock(mm);
	gup_pt_descend(mm, addr, &slot);
	if (gup_arch_is_leaf(slot.value, slot.level))
		pfn = gup_arch_pfn(slot.value) + ((addr & (gup_pt_size(slot.level) - 1)) >> GUP_PAGE_SHIFT);
	gup_mmap_read_unlock(mm);
	return pfn;
}
