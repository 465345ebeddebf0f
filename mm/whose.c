/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/whose.c - whose a frame is: from a frame through the reverse map to the address space that maps it.
 *
 * For reports only. The reverse map names VMAs that may map the folio; an entry is looked at before one is believed.
 */
#include "internal.h"

static const char *const words[GUP_NR_FRAME_KINDS] = {
	[GUP_FRAME_UNUSED] = "free",
	[GUP_FRAME_FREE] = "free",
	[GUP_FRAME_CACHED] = "free",
	[GUP_FRAME_ANON] = "memory that nobody maps",
	[GUP_FRAME_SHM] = "shared memory nobody maps",
	[GUP_FRAME_DAX] = "a block of a DAX file",
	[GUP_FRAME_DEVDAX] = "device DAX that nobody maps",
	[GUP_FRAME_TABLE] = "a page table",
	[GUP_FRAME_META] = "the machine's own",
	[GUP_FRAME_ZERO] = "the zero page",
	[GUP_FRAME_CMA] = "a CMA allocation",
	[GUP_FRAME_OFFLINE] = "offline",
	[GUP_FRAME_SECRET] = "secret memory that nobody maps",
	[GUP_FRAME_FILE] = "a file that nobody maps",
	[GUP_FRAME_HUGETLB] = "hugetlb memory that nobody maps",
	[GUP_FRAME_POISONED] = "memory that has failed",
};

struct look {
	struct gup_machine *m;
	u64 pfn;
	char *name;
	bool found;
};

/* Does an entry of @mm at @addr map the frame? */
static bool maps(const struct look *look, struct gup_mm *mm, u64 addr)
{
	struct gup_slot slot;
	u64 within;
	bool found;

	gup_pt_descend(mm, addr, &slot);
	gup_pt_lock(&slot);
	within = (addr & (gup_pt_size(slot.level) - 1)) >> GUP_PAGE_SHIFT;
	found = gup_arch_is_leaf(slot.value, slot.level) && gup_arch_pfn(slot.value) + within == look->pfn;
	gup_pt_unlock(&slot);
	return found;
}

static void look_at(struct gup_vma *vma, struct gup_page *head, u64 start, u64 end, void *arg)
{
	struct look *look = arg;
	u64 index = gup_port_load(&head->index) + look->pfn - gup_pfn(look->m, head);
	u64 addr = gup_vma_start(vma) + ((index - vma->pgoff) << GUP_PAGE_SHIFT);

	if (look->found || addr < start || addr >= end || !maps(look, vma->mm, addr))
		return;
	look->found = gup_name_set(look->name, vma->mm->name);
}

/* The reference keeps the folio, its lock keeps its object. */
static bool find_mm(struct gup_machine *m, u64 pfn, char *name)
{
	struct look look = { .m = m, .pfn = pfn, .name = name };
	struct gup_page *page = gup_page_at(m, pfn), *head = gup_head(m, page);

	if (gup_folio_take(head, 1, false) != GUP_TAKE_OK)
		return false;
	gup_folio_lock(m, head);
	if (gup_head(m, page) == head && gup_kind_is_user(gup_kind(head)))
		gup_rmap_walk(head, look_at, &look);
	gup_folio_unlock(m, head);
	gup_folio_put(m, head, 1);
	return look.found;
}

int gup_frame_user(struct gup_machine *m, uint64_t pfn, char name[GUP_NAME_MAX])
{
	struct gup_frame_info info;

	if (!name || gup_frame_info(m, pfn, &info))
		return -GUP_EINVAL;
	if (gup_kind_is_user(info.kind) && find_mm(m, pfn, name))
		return 1;
	gup_name_set(name, words[info.kind]);
	return 0;
}
