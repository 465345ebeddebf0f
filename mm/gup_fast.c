/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/gup_fast.c - taking pages that are present, without a lock.
 *
 *	RCU section                                    who changes things meanwhile
 *	  descend to a leaf                              tables stay until the section ends
 *	  does the entry fit?
 *	  take counts for a run of one folio             a frozen or free folio refuses
 *	  still the same folio? same entries,            entry changed, then count read: whoever changes an entry
 *	  same entry above them?                         either sees our count or we see his change
 *	  exclusive? long-term memory?                   the same for the exclusive bit and the block type
 *	leave; was there a fork?                       fork makes wp_seq odd while it write-protects
 *	give back what did not pass, put out the rest
 *
 * Any doubt ends the walk and leaves the rest to the slow path, which keeps what was taken. What has to be given back
 * is given back outside the section: the last put frees.
 */
#include "gup.h"

/* What one section took and has to return. */
struct back {
	struct gup_page *page;
	u32 nr;
};

static bool entries_same(const struct gup_slot *slot, u32 nr)
{
	u32 i;

	if (slot->parent && gup_port_load(slot->parent) != slot->parent_value)
		return false;
	if (slot->level)
		return gup_port_load(slot->entry) == slot->value;
	for (i = 0; i < nr; i++)
		if (gup_port_load(slot->entry + i) != gup_arch_leaf_after(slot->value, i))
			return false;
	return true;
}

static bool longterm_fits(const struct gup_op *op, const struct gup_page *page)
{
	return !gup_op_longterm(op) || !op->rules->fast_sees_longterm || gup_longterm_ok(op->m, page);
}

/* The second look, with the counts taken. */
static bool still_fits(const struct gup_op *op, const struct gup_slot *slot, struct gup_page *head,
		       struct gup_page *page, u32 nr)
{
	return gup_head(op->m, page) == head && (nr == 1 || gup_head(op->m, page + nr - 1) == head) &&
	       entries_same(slot, nr) && gup_fit_pages(op, NULL, slot, page, nr) && longterm_fits(op, page);
}

/* Take one run. False ends the walk. */
static bool fast_step(struct gup_op *op, const struct gup_slot *slot, struct back *back)
{
	struct gup_page *page, *head;
	u32 nr;

	if (!gup_arch_is_leaf(slot->value, slot->level) || gup_fit_entry(op, NULL, slot->value) != GUP_FIT)
		return false;
	page = gup_leaf_page(op->m, slot, op->addr);
	head = gup_head(op->m, page);
	nr = gup_run_length(op, slot, page, GUP_USER_TOP);
	if (gup_folio_take(head, nr, op->pin) != GUP_TAKE_OK)
		return false;
	if (!still_fits(op, slot, head, page, nr)) {
		*back = (struct back){ head, nr };
		return false;
	}
	gup_op_add_run(op, page, nr);
	return true;
}

/* Runs until the batch is full or in doubt; inside an RCU section. True if the walk may go on. */
static bool fast_walk(struct gup_op *op, struct back *back)
{
	struct gup_slot slot;

	gup_pt_descend(op->mm, op->addr, &slot);
	while (fast_step(op, &slot, back)) {
		if (!op->left || op->nr_runs == GUP_BATCH_RUNS)
			return true;
		gup_pt_follow(op->mm, op->addr, &slot);
	}
	return false;
}

/* One lockless section: false if the walk is over. */
static bool fast_section(struct gup_op *op)
{
	struct back back = { NULL, 0 };
	u32 seq = gup_port_load(&op->mm->wp_seq);
	bool more;

	if (op->pin && seq & 1)
		return false;
	gup_port_rcu_read_lock();
	more = fast_walk(op, &back);
	gup_port_rcu_read_unlock();
	if (back.nr)
		gup_release_run(op->m, back.page, back.nr, op->pin);
	if (op->pin && gup_port_load(&op->mm->wp_seq) != seq) {
		gup_op_release_batch(op);
		return false;
	}
	return more;
}

void gup_fast(struct gup_op *op)
{
	bool more = true;

	while (more && op->left) {
		more = fast_section(op);
		if (gup_op_flush(op))
			more = false;
	}
	op->fast_done = op->done;
	GUP_COUNT(op->m, fast_pages, op->done);
}
