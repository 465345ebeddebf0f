/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/gup.h - the state of one call that gets or pins user pages, passed through all parts of the path.
 *
 * Pages are taken in runs (neighbours in one folio, one atomic operation) and gathered in a small batch on the stack.
 * A batch is written to the caller's output only when no lock is held and no lockless section is open; so output costs
 * no memory of ours, whatever the length of the range.
 */
#ifndef GUP_MM_GUP_H
#define GUP_MM_GUP_H

#include "internal.h"

#define GUP_BATCH_RUNS 32u

struct gup_run {
	struct gup_page *page; /* first page */
	u32 nr;		       /* pages from there on, all of one folio */
};

struct gup_op {
	struct gup_mm *mm;
	struct gup_machine *m;
	const struct gup_contract *rules;
	unsigned int flags;   /* the caller's */
	bool pin;	      /* take pins, else references */
	bool take;	      /* false: fault in only */
	bool owns_lock;	      /* takes and drops mmap_lock for each batch */
	bool may_drop;	      /* may drop the caller's mmap_lock to wait */
	bool dropped;	      /* did */
	bool ignore_unfit;    /* moving failed, and the contract takes the pages where they are */
	enum gup_scope scope; /* for pages that this call faults in */

	u64 addr; /* the next page */
	u64 left; /* pages still wanted */

	struct gup_run runs[GUP_BATCH_RUNS]; /* taken, not yet put out */
	u32 nr_runs;

	struct gup_page **pages; /* output: an array ... */
	struct gup_pin *sink;	 /* ... or a pin's extents */
	u64 done;		 /* pages put out */
	u64 fast_done;		 /* of these, by the fast part */
	u64 dax_addr;		 /* where FS DAX was met, if the contract looks at that last; else 0 */
	enum gup_drop drop;	 /* what an error lets go of */

	struct gup_track tag; /* who takes them, if holders are tracked; no site: nobody is told */
	struct gup_why *why;  /* never NULL */
};

static inline bool gup_op_longterm(const struct gup_op *op)
{
	return op->flags & GUP_LONGTERM;
}

/* Of no meaning without the VMA: such a call has no fast part. */
#define GUP_FLAGS_OF_VMA (GUP_ANON | GUP_DUMP | GUP_SPLIT_PMD)

/* ---- gup_run.c ---- */

/* What an entry is to a call. */
enum gup_fit {
	GUP_FIT,	 /* as it should be */
	GUP_FIT_FAULT,	 /* a fault can make it fit */
	GUP_FIT_NO_PAGE, /* nothing with a descriptor behind it */
};

/* Leaves that fit whatever their mapping is. Without the VMA, as in the fast path, no others do. */
static inline struct gup_pte_pattern gup_fit_pattern(unsigned int flags)
{
	const unsigned int rw = GUP_PTE_ACCESS | GUP_PTE_WRITE;

	if (flags & GUP_LONGTERM)
		return flags & GUP_WRITE ? gup_pte_pattern(rw, GUP_PTE_SPECIAL | GUP_PTE_DEVMAP)
					 : gup_pte_pattern(GUP_PTE_ACCESS, GUP_PTE_SPECIAL | GUP_PTE_DEVMAP);
	return flags & GUP_WRITE ? gup_pte_pattern(rw, GUP_PTE_SPECIAL)
				 : gup_pte_pattern(GUP_PTE_ACCESS, GUP_PTE_SPECIAL);
}

/* Does the page behind a leaf entry of @vma fit, as far as the entry tells? */
enum gup_fit gup_fit_entry(const struct gup_op *op, const struct gup_vma *vma, u64 value);
/* gup_fit_pages() for any kind of page. */
bool gup_fit_any_pages(const struct gup_op *op, const struct gup_vma *vma, const struct gup_slot *slot,
		       struct gup_page *head, struct gup_page *page, u32 nr);

/*
 * And as far as the pages tell, whose counts keep them in place or whose table is locked? @vma is NULL in the fast path.
 * Private memory that is whole fits who wants to write to it.
 */
static inline bool gup_fit_pages(const struct gup_op *op, const struct gup_vma *vma, const struct gup_slot *slot,
				 struct gup_page *head, struct gup_page *page, u32 nr)
{
	if (op->flags & GUP_WRITE && (gup_flags(head) & (GUP_PF_KIND | GUP_PF_HAS_POISON)) == GUP_FRAME_ANON)
		return true;
	return gup_fit_any_pages(op, vma, slot, head, page, nr);
}

/* gup_run_length() where there can be a run. */
u32 gup_run_length_of(const struct gup_op *op, const struct gup_slot *slot, struct gup_page *page, u64 end);

/* Pages from @addr on that the entry and its neighbours map to one folio, at most what is wanted up to @end. */
static inline u32 gup_run_length(const struct gup_op *op, const struct gup_slot *slot, struct gup_page *page, u64 end)
{
	if (!gup_leaf_counted(slot->value) || (!slot->level && !gup_order(page)))
		return 1;
	return gup_run_length_of(op, slot, page, end);
}

/* The page that a leaf maps at @addr. */
static inline struct gup_page *gup_leaf_page(const struct gup_machine *m, const struct gup_slot *slot, u64 addr)
{
	return gup_page_at(m, gup_arch_pfn(slot->value) + ((addr & (gup_pt_size(slot->level) - 1)) >> GUP_PAGE_SHIFT));
}

static inline void gup_op_add_run(struct gup_op *op, struct gup_page *page, u32 nr)
{
	op->runs[op->nr_runs++] = (struct gup_run){ page, nr };
	op->addr += (u64)nr << GUP_PAGE_SHIFT;
	op->left -= nr;
}

/* What a page that is present has to be. */
struct gup_look {
	struct gup_pte_pattern entry;
	u32 single_mask, single; /* flags of private memory in a folio of its own: nothing else has to be looked at */
	bool longterm;		 /* its block has to be one for pins that are held long */
};

static inline struct gup_look gup_look_for(const struct gup_machine *m, unsigned int flags, bool pin)
{
	u32 exclusive = !(flags & GUP_WRITE) && pin && m->contract->pin_unshares ? GUP_PF_EXCL : 0;

	return (struct gup_look){
		.entry = gup_fit_pattern(flags),
		.single_mask = GUP_PF_KIND | GUP_PF_ORDER | GUP_PF_TAIL | GUP_PF_HAS_POISON | exclusive,
		.single = GUP_FRAME_ANON | exclusive,
		.longterm = flags & GUP_LONGTERM && m->contract->fast_sees_longterm,
	};
}

static inline bool gup_is_single(const struct gup_look *look, const struct gup_page *page)
{
	return (gup_flags(page) & look->single_mask) == look->single;
}

/* Take the page behind a 4 KiB entry if it gup_is_single(); NULL if not. */
static inline struct gup_page *gup_take_single(const struct gup_machine *m, const struct gup_look *look, u64 value,
					       bool pin)
{
	struct gup_page *page = gup_page_at(m, gup_arch_pfn(value));

	GUP_PREFETCH_WRITE(page);
	return gup_is_single(look, page) && gup_folio_take(page, 1, pin) == GUP_TAKE_OK ? page : NULL;
}

/* Give all runs of the batch back; addr and left are as before them. */
void gup_op_release_batch(struct gup_op *op);
/* Put the batch out. 0, or -ENOMEM with the batch given back. */
int gup_op_flush(struct gup_op *op);

/* ---- gup_fast.c ---- */
void gup_fast(struct gup_op *op);
#define GUP_ONE_PAGE_FLAGS (GUP_WRITE | GUP_LONGTERM) /* with which a fast call for one page may be tried first */

/* ---- gup_slow.c ---- */
int gup_slow(struct gup_op *op);

/* ---- gup_longterm.c ---- */
#define GUP_SETTLE_TRIES 10u /* how often a batch that had to move is taken again */

enum gup_settled {
	GUP_SETTLED,   /* every page of the batch may be held long */
	GUP_UNSETTLED, /* some had to move, and the batch was given back: take it again */
	GUP_REFUSED,   /* given back; the reason is in op->why */
};

/* @tries: how often this batch was moved already. */
enum gup_settled gup_longterm_settle(struct gup_op *op, unsigned int tries, int *out_error);

/* ---- gup.c ---- */
/* All but range and output; @runs needs no value before a run is added. */
void gup_op_init(struct gup_op *op, struct gup_mm *mm, unsigned int flags, bool pin, struct gup_why *why);
/* A call as Linux has it, from the code at @site. */
long gup_linux_form(struct gup_mm *mm, const struct gup_call *call, const void *site);
long gup_op_run(struct gup_op *op, bool fast, bool fast_only);
/* Give back pages that were put out already, down to @keep of them. */
void gup_op_drop(struct gup_op *op, u64 keep);

#endif
