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

/* A lockless section. Runs beyond the batch's last one did not pass the second look and are to be given back. */
struct section {
	struct gup_op *op;
	struct gup_look look;
	struct gup_slot slot;
	u32 back;
};

static inline bool longterm_fits(const struct gup_look *look, const struct gup_machine *m, const struct gup_page *page)
{
	return !look->longterm || gup_longterm_ok(m, page);
}

static bool parent_same(const struct gup_slot *slot)
{
	return !slot->parent || gup_port_load(slot->parent) == slot->parent_value;
}

static bool entries_same(const struct gup_slot *slot, u32 nr)
{
	u32 i;

	if (slot->level)
		return gup_port_load(slot->entry) == slot->value;
	for (i = 0; i < nr; i++)
		if (gup_port_load(slot->entry + i) != gup_arch_leaf_after(slot->value, i))
			return false;
	return true;
}

/* The second look, with the counts taken. */
static bool still_fits(const struct section *s, struct gup_page *head, struct gup_page *page, u32 nr)
{
	const struct gup_op *op = s->op;

	return gup_head(op->m, page) == head && (nr == 1 || gup_head(op->m, page + nr - 1) == head) &&
	       parent_same(&s->slot) && entries_same(&s->slot, nr) &&
	       gup_fit_pages(op, NULL, &s->slot, head, page, nr) && longterm_fits(&s->look, op->m, page);
}

/* Take one run. False ends the walk. */
static bool take_run(struct section *s, struct gup_page *page)
{
	struct gup_op *op = s->op;
	struct gup_page *head = gup_head(op->m, page);
	u32 nr = gup_run_length(op, &s->slot, page, GUP_USER_TOP);

	if (gup_folio_take(head, nr, op->pin) != GUP_TAKE_OK)
		return false;
	if (!still_fits(s, head, page, nr)) {
		op->runs[op->nr_runs] = (struct gup_run){ head, nr }; /* what was counted, whosever the page is now */
		s->back = 1;
		return false;
	}
	gup_op_add_run(op, page, nr);
	return true;
}

/* The second look at it. What @entry hangs from is for the caller to look at again. */
static inline bool single_same(const struct gup_machine *m, const struct gup_look *look, const struct gup_page *page,
			       const u64 *entry, u64 value)
{
	return gup_port_load(entry) == value && gup_is_single(look, page) && longterm_fits(look, m, page);
}

/* Neighbours in one table, page by page; the entry above them is read again once for them all. */
static bool take_singles(struct section *s)
{
	struct gup_op *op = s->op;
	const struct gup_machine *m = op->m;
	const struct gup_look look = s->look;
	const bool pin = op->pin;
	struct gup_run *run = &op->runs[op->nr_runs];
	u64 *entry = s->slot.entry, value = s->slot.value;
	u32 most = gup_min(op->left, GUP_BATCH_RUNS - op->nr_runs), nr = 0;
	struct gup_page *page;

	most = gup_min(most, GUP_PT_ENTRIES - gup_pt_index(op->addr, 0));
	do {
		page = gup_take_single(m, &look, value, pin);
		if (!page)
			break;
		run[nr] = (struct gup_run){ page, 1 };
		if (!single_same(m, &look, page, entry + nr, value)) {
			s->back = 1;
			break;
		}
		if (++nr == most)
			break;
		value = gup_port_load(entry + nr);
	} while (gup_pte_matches(value, look.entry));
	if (!parent_same(&s->slot)) {
		s->back += nr;
		nr = 0;
	}
	op->nr_runs += nr;
	op->addr += (u64)nr << GUP_PAGE_SHIFT;
	op->left -= nr;
	return nr && !s->back;
}

static bool take_some(struct section *s)
{
	u64 value = s->slot.value;
	struct gup_page *page;

	if (!gup_arch_is_leaf(value, s->slot.level) || !gup_pte_matches(value, s->look.entry))
		return false;
	page = gup_leaf_page(s->op->m, &s->slot, s->op->addr);
	return !s->slot.level && gup_is_single(&s->look, page) ? take_singles(s) : take_run(s, page);
}

/* Runs until the batch is full or in doubt; inside an RCU section. True if the walk may go on. */
static bool fast_walk(struct section *s)
{
	struct gup_op *op = s->op;

	gup_pt_descend(op->mm, op->addr, &s->slot);
	while (take_some(s)) {
		if (!op->left || op->nr_runs == GUP_BATCH_RUNS)
			return true;
		gup_pt_follow(op->mm, op->addr, &s->slot);
	}
	return false;
}

/* One lockless section: false if the walk is over. */
static bool fast_section(struct section *s)
{
	struct gup_op *op = s->op;
	u32 seq = gup_port_load(&op->mm->wp_seq);
	bool more;

	if (op->pin && seq & 1)
		return false;
	gup_port_rcu_read_lock();
	more = fast_walk(s);
	gup_port_rcu_read_unlock();
	for (; s->back; s->back--)
		gup_release_run(op->m, op->runs[op->nr_runs + s->back - 1].page, op->runs[op->nr_runs + s->back - 1].nr,
				op->pin);
	if (op->pin && gup_port_load(&op->mm->wp_seq) != seq) {
		gup_op_release_batch(op);
		return false;
	}
	return more;
}

void gup_fast(struct gup_op *op)
{
	struct section s = { .op = op, .look = gup_look_for(op->m, op->flags, op->pin) };
	bool more = true;

	while (more && op->left) {
		more = fast_section(&s);
		if (gup_op_flush(op))
			more = false;
	}
	op->fast_done = op->done;
	GUP_COUNT(op->m, fast_pages, op->done);
}

/* Inside a lockless section: the page of an entry of 4 KiB that gup_is_single(), if it is. True if it still was, counted. */
GUP_ALWAYS_INLINE bool look_at_one(struct gup_mm *mm, u64 addr, const struct gup_look *look, bool pin,
				   struct gup_page **out_page)
{
	struct gup_slot slot;
	struct gup_page *page;

	*out_page = NULL;
	gup_pt_descend_inline(mm, addr, &slot);
	if (slot.level || !gup_pte_matches(slot.value, look->entry))
		return false;
	*out_page = page = gup_take_single(mm->m, look, slot.value, pin);
	return page && single_same(mm->m, look, page, slot.entry, slot.value) && parent_same(&slot);
}

/*
 * The page of @call if it is private memory that needs no other look; else nothing is taken, and gup_fast() may know more.
 * What is known of @flags and @pin when this is compiled costs nothing.
 */
GUP_ALWAYS_INLINE bool one_page(struct gup_mm *mm, const struct gup_call *call, unsigned int flags, bool pin)
{
	const struct gup_look look = gup_look_for(mm->m, flags, pin);
	u32 seq = gup_port_load(&mm->wp_seq);
	struct gup_page *page;
	bool same;

	if (pin && seq & 1)
		return false;
	gup_port_rcu_read_lock();
	same = look_at_one(mm, call->start & GUP_PAGE_MASK, &look, pin, &page);
	gup_port_rcu_read_unlock();
	if (GUP_LIKELY(same && (!pin || gup_port_load(&mm->wp_seq) == seq))) {
		*call->pages = page;
		GUP_COUNT(mm->m, fast_pages, 1);
		return true;
	}
	if (page)
		gup_release_run(mm->m, page, 1, pin);
	return false;
}

/* One page, as most calls for small buffers want it. False if the call has to be looked at in full. */
static inline bool wants_one(const struct gup_mm *mm, const struct gup_call *call)
{
	return mm && call->nr_pages == 1 && call->pages && call->flags <= GUP_ONE_PAGE_FLAGS &&
	       mm->m->one_page[call->entry] >> call->flags & 1 && call->start < GUP_USER_TOP && !mm->m->track_holders;
}

static bool any_page(struct gup_mm *mm, const struct gup_call *call, bool pin)
{
	return one_page(mm, call, call->flags, pin);
}

static int fast_form(struct gup_mm *mm, const struct gup_call *call, bool pin, const void *site)
{
	return wants_one(mm, call) && any_page(mm, call, pin) ? 1 : (int)gup_linux_form(mm, call, site);
}

/* The flags that most pins have get code of their own. */
GUP_ALWAYS_INLINE bool pin_one(struct gup_mm *mm, const struct gup_call *call)
{
	switch (call->flags) {
	case GUP_WRITE:
		return one_page(mm, call, GUP_WRITE, true);
	case GUP_WRITE | GUP_LONGTERM:
		return one_page(mm, call, GUP_WRITE | GUP_LONGTERM, true);
	default:
		return any_page(mm, call, true);
	}
}

#define HERE __builtin_return_address(0)

int gup_get_user_pages_fast(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int flags,
			    struct gup_page **pages)
{
	return fast_form(mm, &(struct gup_call){ GUP_GET_USER_PAGES_FAST, start, nr_pages, flags, pages, NULL }, false,
			 HERE);
}

int gup_get_user_pages_fast_only(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int flags,
				 struct gup_page **pages)
{
	return fast_form(mm, &(struct gup_call){ GUP_GET_USER_PAGES_FAST_ONLY, start, nr_pages, flags, pages, NULL },
			 false, HERE);
}

int gup_pin_user_pages_fast(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int flags,
			    struct gup_page **pages)
{
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, start, nr_pages, flags, pages, NULL };

	return GUP_LIKELY(wants_one(mm, &call) && pin_one(mm, &call)) ? 1 : (int)gup_linux_form(mm, &call, HERE);
}

int gup_pin_user_pages_fast_only(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int flags,
				 struct gup_page **pages)
{
	return fast_form(mm, &(struct gup_call){ GUP_PIN_USER_PAGES_FAST_ONLY, start, nr_pages, flags, pages, NULL },
			 true, HERE);
}
