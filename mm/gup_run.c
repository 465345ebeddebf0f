/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/gup_run.c - what the fast and the slow path share: which entries fit a call, runs, and the batch.
 */
#include "gup.h"

/* A read-only long-term pin of a private mapping replaces zero and object pages, where the contract says so. */
static bool breaks_cow(const struct gup_op *op)
{
	return gup_op_longterm(op) && op->pin && !(op->flags & GUP_WRITE) && op->rules->longterm_read_breaks_cow;
}

/* FORCE may write through a read-only entry, but only to a private page that a forced fault made its own. */
static bool forced_write_ok(const struct gup_op *op, const struct gup_vma *vma, u64 value)
{
	const struct gup_page *page = gup_page_at(op->m, gup_arch_pfn(value));

	return op->flags & GUP_FORCE && !(vma->flags & GUP_VM_SHARED) && gup_arch_attr(value) & GUP_PTE_DIRTY &&
	       gup_leaf_counted(value) && gup_flag_test(page, GUP_PF_EXCL);
}

enum gup_fit gup_fit_entry(const struct gup_op *op, const struct gup_vma *vma, u64 value)
{
	unsigned int attr = gup_arch_attr(value);
	bool write = op->flags & GUP_WRITE;

	if (!gup_leaf_counted(value)) {
		if (gup_arch_pfn(value) != op->m->zero_pfn)
			return GUP_FIT_NO_PAGE;
		/* As in Linux, whose entry of it is a special one too: only who knows the mapping takes the zero page. */
		if (write || breaks_cow(op))
			return GUP_FIT_FAULT;
	}
	if (!(attr & GUP_PTE_ACCESS) && !(op->flags & GUP_FORCE))
		return GUP_FIT_FAULT;
	if (write && !(attr & GUP_PTE_WRITE) && !forced_write_ok(op, vma, value))
		return GUP_FIT_FAULT;
	return GUP_FIT;
}

/*
 * Without its VMA nobody knows whether a mapping of an object is private, so the fast path leaves it alone; but an entry that
 * may be written through is none of a private one.
 */
static bool must_break_cow(const struct gup_op *op, const struct gup_vma *vma, u64 value)
{
	return breaks_cow(op) && !(gup_arch_attr(value) & GUP_PTE_WRITE) && (!vma || !(vma->flags & GUP_VM_SHARED));
}

/* Nor whether a file tracks what is dirty: what is written to for long is private or shared memory there. */
static bool may_be_tracked(const struct gup_op *op, const struct gup_vma *vma, const struct gup_page *head)
{
	return !vma && op->rules->refuses_dirty_tracked && op->flags & GUP_WRITE && gup_op_longterm(op) &&
	       gup_kind(head) != GUP_FRAME_SHM && gup_kind(head) != GUP_FRAME_HUGETLB;
}

static bool all_exclusive(const struct gup_slot *slot, struct gup_page *head, struct gup_page *page, u32 nr)
{
	u32 i;

	if (slot->level)
		return gup_flag_test(head, GUP_PF_EXCL);
	for (i = 0; i < nr; i++)
		if (!gup_flag_test(&page[i], GUP_PF_EXCL))
			return false;
	return true;
}

bool gup_fit_any_pages(const struct gup_op *op, const struct gup_vma *vma, const struct gup_slot *slot,
		       struct gup_page *head, struct gup_page *page, u32 nr)
{
	if (gup_kind(head) == GUP_FRAME_SECRET)
		return false; /* the slow path knows the mapping, and says why */
	if (gup_folio_poisoned(head))
		return false;
	if (!gup_folio_is_anon(head))
		return !must_break_cow(op, vma, slot->value) && !may_be_tracked(op, vma, head);
	if (op->flags & GUP_WRITE || !op->pin || !op->rules->pin_unshares)
		return true;
	return all_exclusive(slot, head, page, nr);
}

/*
 * The fast path calls this before it holds anything, so the descriptors may change underneath: nothing is concluded
 * from two of them, and a 2 MiB entry is taken by its word. The second look finds what was wrong.
 */
u32 gup_run_length_of(const struct gup_op *op, const struct gup_slot *slot, struct gup_page *page, u64 end)
{
	u64 most = gup_min(op->left, (end - op->addr) >> GUP_PAGE_SHIFT);
	u32 nr;

	if (slot->level)
		return (u32)gup_min(most, (gup_pt_next(op->addr, slot->level) - op->addr) >> GUP_PAGE_SHIFT);
	most = gup_min(most, GUP_PT_ENTRIES - gup_pt_index(op->addr, 0));
	most = gup_min(most, gup_frames_left(op->m, page));
	for (nr = 1; nr < most; nr++)
		if (gup_port_load(slot->entry + nr) != gup_arch_leaf_after(slot->value, nr))
			break;
	return nr;
}

void gup_op_release_batch(struct gup_op *op)
{
	u32 i;

	for (i = 0; i < op->nr_runs; i++) {
		op->addr -= (u64)op->runs[i].nr << GUP_PAGE_SHIFT;
		op->left += op->runs[i].nr;
		if (op->take)
			gup_release_run(op->m, op->runs[i].page, op->runs[i].nr, op->pin);
	}
	op->nr_runs = 0;
}

/* The batch into the caller's array. Nothing can fail. */
static void put_pages(struct gup_op *op)
{
	struct gup_page **out = op->pages + op->done;
	const struct gup_run *run = op->runs, *end = run + op->nr_runs;
	u32 i;

	for (; run < end; run++) {
		*out++ = run->page;
		for (i = 1; i < run->nr; i++)
			*out++ = run->page + i;
	}
}

/* The batch into a pin's extents. False when it has no room for the @nr-th run. */
static bool put_extents(struct gup_op *op, u32 *nr)
{
	for (*nr = 0; *nr < op->nr_runs; ++*nr)
		if (gup_pin_append(op->sink, op->runs[*nr].page, op->runs[*nr].nr))
			return false;
	return true;
}

/* The first @nr runs are out. */
static void account(struct gup_op *op, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		op->done += op->runs[i].nr;
	for (i = 0; op->tag.site && op->take && i < nr; i++)
		gup_track_add(op->m, op->runs[i].page, op->runs[i].nr, &op->tag);
}

/* Runs from the @first on found no room. */
static int no_room(struct gup_op *op, u32 first)
{
	u32 i;

	for (i = first; i < op->nr_runs; i++)
		op->runs[i - first] = op->runs[i];
	op->nr_runs -= first;
	gup_op_release_batch(op);
	return gup_refuse(op->why, -GUP_ENOMEM, GUP_RULE_NO_MEMORY, op->addr, 0);
}

int gup_op_flush(struct gup_op *op)
{
	u32 nr = op->nr_runs;
	bool all = true;

	if (op->sink)
		all = put_extents(op, &nr);
	else if (op->pages)
		put_pages(op);
	account(op, nr);
	if (!all)
		return no_room(op, nr);
	op->nr_runs = 0;
	return 0;
}
