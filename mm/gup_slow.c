/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/gup_slow.c - taking pages under mmap_lock: check the VMA, look, fault, look again.
 *
 *	for each batch
 *	  lock			(the caller's lock in the plain forms)
 *	  VMA checks -> entry fits? take a run : fault, and wait for what is being moved
 *	  unlock
 *	  LONGTERM: let gup_longterm.c move what may not be held, and take the batch again
 *	  put the batch out
 *
 * An error ends the loop after what was taken before it has been put out: that is the partial count.
 */
#include "gup.h"

/* How a step towards one page ended. */
enum step { STEP_TAKEN, STEP_FAULT, STEP_STOP };

static int refuse_here(struct gup_op *op, int error, enum gup_rule rule)
{
	return gup_refuse(op->why, error, rule, op->addr, 0);
}

/* With the errno that the contract has for it. */
static int refuse(struct gup_op *op, enum gup_rule rule)
{
	return refuse_here(op, op->rules->refusal[rule], rule);
}

static int check_write(struct gup_op *op, const struct gup_vma *vma)
{
	if (vma->flags & GUP_VM_WRITE)
		return 0;
	if (!(op->flags & GUP_FORCE))
		return refuse(op, GUP_RULE_VMA_NOT_WRITABLE);
	if (gup_vma_is(vma, GUP_OBJECT_HUGETLB) && op->rules->refuses_hugetlb_force)
		return refuse(op, GUP_RULE_FORCE_HUGETLB);
	if (vma->flags & GUP_VM_SHARED || !(vma->flags & GUP_VM_MAYWRITE))
		return refuse(op, GUP_RULE_FORCE_SHARED);
	return 0;
}

/* A device would write without the file system's knowledge, for as long as it likes. */
static bool needs_dirty_tracking(const struct gup_op *op, const struct gup_vma *vma)
{
	const struct gup_file *file = vma->object ? vma->object->file : NULL;

	return op->rules->refuses_dirty_tracked && op->flags & GUP_WRITE && gup_op_longterm(op) && file &&
	       file->dirty_tracking && vma->flags & GUP_VM_SHARED && vma->flags & GUP_VM_WRITE;
}

static int refuse_dax(struct gup_op *op, u64 addr)
{
	op->drop = op->rules->dax_drop;
	return gup_refuse(op->why, op->rules->refusal[GUP_RULE_FSDAX_LONGTERM], GUP_RULE_FSDAX_LONGTERM, addr, 0);
}

static int check_vma(struct gup_op *op, const struct gup_vma *vma)
{
	if (vma->flags & GUP_VM_PFNMAP)
		return refuse(op, GUP_RULE_VMA_SPECIAL);
	if (op->flags & GUP_ANON && vma->object)
		return refuse(op, GUP_RULE_NOT_ANONYMOUS);
	if (gup_op_longterm(op) && gup_vma_is(vma, GUP_OBJECT_FSDAX) && !op->rules->dax_checked_last)
		return refuse_dax(op, op->addr);
	if (op->flags & GUP_SPLIT_PMD && gup_vma_is(vma, GUP_OBJECT_HUGETLB) && op->rules->refuses_hugetlb_split)
		return refuse(op, GUP_RULE_SPLIT_PMD_HUGETLB);
	if (gup_vma_is(vma, GUP_OBJECT_SECRET))
		return refuse(op, GUP_RULE_SECRET);
	if (needs_dirty_tracking(op, vma))
		return refuse(op, GUP_RULE_DIRTY_TRACKED);
	if (op->flags & GUP_WRITE)
		return check_write(op, vma);
	if (!(vma->flags & GUP_VM_READ) && !(op->flags & GUP_FORCE && vma->flags & GUP_VM_MAYREAD))
		return refuse(op, GUP_RULE_VMA_NOT_READABLE);
	return 0;
}

/* The VMA at op->addr if pages of it may be taken, else NULL with the reason. */
static struct gup_vma *vma_here(struct gup_op *op, int *out_error)
{
	struct gup_vma *vma = op->addr < GUP_USER_TOP ? gup_vma_find(op->mm, op->addr) : NULL;

	if (!vma)
		*out_error = refuse(op, op->addr < GUP_USER_TOP ? GUP_RULE_NO_VMA : GUP_RULE_RANGE_BEYOND_USER);
	else
		*out_error = check_vma(op, vma);
	return *out_error ? NULL : vma;
}

/* A core dump leaves out what was never touched, where a load would find zeroes. */
static bool is_dump_hole(const struct gup_op *op, const struct gup_vma *vma, const struct gup_slot *slot)
{
	if (!(op->flags & GUP_DUMP) || vma->object)
		return false;
	return !slot->value || (gup_arch_is_leaf(slot->value, slot->level) && !gup_leaf_counted(slot->value));
}

/* The 4 KiB table stays, so that whatever is faulted in there is no 2 MiB entry again. */
static int split_entry(struct gup_op *op, struct gup_vma *vma)
{
	struct gup_slot slot;

	if (gup_split_huge(vma, op->addr) || gup_pt_populate(op->mm, op->addr, 0, &slot))
		return refuse(op, GUP_RULE_NO_MEMORY);
	return 0;
}

/* Take a run through a leaf whose table is locked. */
static enum step take_locked(struct gup_op *op, struct gup_vma *vma, struct gup_slot *slot, int *out_error)
{
	struct gup_page *page = gup_leaf_page(op->m, slot, op->addr), *head;
	enum gup_fit fit = GUP_FIT;
	u32 nr;

	if (!gup_pte_matches(slot->value, gup_fit_pattern(op->flags)))
		fit = gup_fit_entry(op, vma, slot->value);
	if (fit == GUP_FIT_NO_PAGE) {
		*out_error = refuse(op, GUP_RULE_VMA_SPECIAL);
		return STEP_STOP;
	}
	if (fit != GUP_FIT)
		return STEP_FAULT;
	nr = gup_run_length(op, slot, page, gup_vma_end(vma));
	if (gup_leaf_counted(slot->value)) {
		head = gup_head(op->m, page);
		if (!gup_fit_pages(op, vma, slot, head, page, nr)) {
			nr = 1; /* some neighbours do not fit: go page by page */
			if (!gup_fit_pages(op, vma, slot, head, page, nr))
				return STEP_FAULT;
		}
		if (op->take && gup_folio_take(head, nr, op->pin) != GUP_TAKE_OK) {
			*out_error = refuse(op, GUP_RULE_COUNT_OVERFLOW);
			return STEP_STOP;
		}
	}
	gup_op_add_run(op, page, nr);
	return STEP_TAKEN;
}

/* May the entries after this one be looked at alone, or is there something to ask of each page's place? */
static bool is_by_entry(const struct gup_op *op, const struct gup_vma *vma, const struct gup_slot *slot)
{
	return !slot->level && !(op->flags & GUP_FLAGS_OF_VMA) && !gup_vma_is(vma, GUP_OBJECT_FSDAX);
}

/*
 * Take neighbours of the locked table that are gup_is_single(), the next page first, as long as nothing but the entry and
 * that has to be looked at. False if there is none.
 */
static bool take_singles_locked(struct gup_op *op, const struct gup_vma *vma, const struct gup_slot *slot)
{
	const struct gup_look look = gup_look_for(op->m, op->flags, op->pin);
	struct gup_run *run = &op->runs[op->nr_runs];
	u64 most = gup_min(gup_min(op->left, GUP_BATCH_RUNS - op->nr_runs),
			   (gup_vma_end(vma) - op->addr) >> GUP_PAGE_SHIFT);
	u32 nr;

	if (!op->take || !is_by_entry(op, vma, slot))
		return false;
	most = gup_min(most, GUP_PT_ENTRIES - gup_pt_index(op->addr, 0));
	for (nr = 0; nr < most; nr++) {
		u64 value = gup_port_load(slot->entry + nr);

		run[nr].nr = 1;
		run[nr].page = gup_pte_matches(value, look.entry) ? gup_take_single(op->m, &look, value, op->pin)
								  : NULL;
		if (!run[nr].page)
			break;
	}
	op->nr_runs += nr;
	op->addr += (u64)nr << GUP_PAGE_SHIFT;
	op->left -= nr;
	return nr;
}

/* Go on to the next entry of the locked table, as long as nothing but the entry has to be looked at. */
static bool next_entry(const struct gup_op *op, const struct gup_vma *vma, struct gup_slot *slot)
{
	if (!is_by_entry(op, vma, slot) || !gup_pt_index(op->addr, 0) || op->addr >= gup_vma_end(vma) || !op->left ||
	    op->nr_runs == GUP_BATCH_RUNS)
		return false;
	gup_pt_follow(op->mm, op->addr, slot);
	return gup_pte_matches(slot->value, gup_fit_pattern(op->flags));
}

static enum step follow(struct gup_op *op, struct gup_vma *vma, int *out_error)
{
	struct gup_slot slot;
	enum step step = STEP_FAULT;

	if (op->flags & GUP_SPLIT_PMD && !gup_vma_is(vma, GUP_OBJECT_HUGETLB)) {
		*out_error = split_entry(op, vma);
		if (*out_error)
			return STEP_STOP;
	}
	gup_pt_descend(op->mm, op->addr, &slot);
	if (is_dump_hole(op, vma, &slot)) {
		*out_error = refuse(op, GUP_RULE_DUMP_HOLE);
		return STEP_STOP;
	}
	if (!slot.value)
		return STEP_FAULT;
	gup_pt_lock(&slot);
	if (gup_arch_is_leaf(slot.value, slot.level))
		do
			step = take_singles_locked(op, vma, &slot) ? STEP_TAKEN
								   : take_locked(op, vma, &slot, out_error);
		while (step == STEP_TAKEN && next_entry(op, vma, &slot));
	gup_pt_unlock(&slot);
	return step;
}

static unsigned int fault_flags(const struct gup_op *op)
{
	unsigned int flags = 0;

	if (op->flags & GUP_WRITE)
		return GUP_FAULT_WRITE;
	if (op->pin && op->rules->pin_unshares)
		flags |= GUP_FAULT_UNSHARE;
	if (op->pin && gup_op_longterm(op) && op->rules->longterm_read_breaks_cow)
		flags |= GUP_FAULT_BREAK_COW;
	return flags;
}

/* Wait for a page that is being moved; true if mmap_lock was dropped on the way, so that the VMA may be another. */
static bool wait_moved(struct gup_op *op, struct gup_fault *f)
{
	bool drop = op->owns_lock || op->may_drop;

	if (drop)
		gup_mmap_read_unlock(op->mm);
	gup_fault_wait(f);
	if (drop)
		gup_mmap_read_lock(op->mm);
	if (drop && !op->owns_lock)
		op->dropped = true;
	return drop;
}

/* Make the page at op->addr fit. 0, or the reason why not; *out_dropped if the VMA must be looked up again. */
static int fault_in(struct gup_op *op, struct gup_vma *vma, bool *out_dropped)
{
	struct gup_fault f = {
		.mm = op->mm, .vma = vma, .addr = op->addr, .flags = fault_flags(op), .scope = op->scope
	};

	if (op->flags & GUP_NOFAULT)
		return refuse(op, GUP_RULE_NOFAULT);
	switch (gup_fault(&f)) {
	case GUP_FAULT_MIGRATING:
		if (op->flags & GUP_NOWAIT) {
			gup_fault_cancel(&f);
			return refuse_here(op, -GUP_EAGAIN, GUP_RULE_NOWAIT);
		}
		*out_dropped = wait_moved(op, &f);
		return 0;
	case GUP_FAULT_SIGBUS:
		return refuse(op, GUP_RULE_BEYOND_OBJECT);
	case GUP_FAULT_IO:
		return refuse(op, GUP_RULE_STORE_ERROR);
	case GUP_FAULT_NOMEM:
		return refuse(op, GUP_RULE_NO_MEMORY);
	case GUP_FAULT_POISONED:
		return op->flags & GUP_HWPOISON ? refuse_here(op, op->rules->hwpoison_told, GUP_RULE_POISONED)
						: refuse(op, GUP_RULE_POISONED);
	case GUP_FAULT_NOSPC:
		return refuse(op, GUP_RULE_NO_SPACE);
	default:
		return 0;
	}
}

/* Fill the batch from op->addr on; mmap_lock held. 0 or the reason why it ends before the range does. */
static int fill_batch_locked(struct gup_op *op)
{
	struct gup_vma *vma = NULL;
	bool dropped = false;
	enum step step;
	u64 addr;
	int err = 0;

	while (op->left && op->nr_runs < GUP_BATCH_RUNS && !err) {
		if (!vma || dropped || op->addr >= gup_vma_end(vma)) {
			vma = vma_here(op, &err);
			dropped = false;
			if (!vma)
				break;
		}
		addr = op->addr;
		step = follow(op, vma, &err);
		if (step == STEP_FAULT)
			err = fault_in(op, vma, &dropped);
		else if (step == STEP_TAKEN && gup_op_longterm(op) && gup_vma_is(vma, GUP_OBJECT_FSDAX) &&
			 !op->dax_addr)
			op->dax_addr = addr;
	}
	return err;
}

static int fill_batch(struct gup_op *op)
{
	int err;

	if (op->owns_lock)
		gup_mmap_read_lock(op->mm);
	err = fill_batch_locked(op);
	if (op->owns_lock)
		gup_mmap_read_unlock(op->mm);
	return err;
}

/* One batch, settled. 0, or the reason why the range ends after it. */
static int take_batch(struct gup_op *op)
{
	unsigned int tries = 0;
	int err = fill_batch(op), refused;

	while (gup_op_longterm(op) && op->take && !op->dax_addr) {
		enum gup_settled settled = gup_longterm_settle(op, tries, &refused);

		if (settled == GUP_REFUSED)
			return refused;
		if (settled == GUP_SETTLED)
			break;
		if (++tries > GUP_SETTLE_TRIES) {
			op->drop = op->rules->migrate_drop;
			return gup_refuse(op->why, op->rules->tries_exhausted, GUP_RULE_MIGRATE_TRIES, op->addr, 0);
		}
		err = fill_batch(op);
	}
	return err;
}

int gup_slow(struct gup_op *op)
{
	u64 before = op->done;
	int err = 0, flushed;

	while (op->left && !err) {
		err = take_batch(op);
		flushed = gup_op_flush(op);
		if (flushed)
			err = flushed;
	}
	GUP_COUNT(op->m, slow_pages, op->done - before);
	if (op->dax_addr && op->done > before) /* everything is taken first, and then looked at */
		return refuse_dax(op, op->dax_addr);
	return err;
}
