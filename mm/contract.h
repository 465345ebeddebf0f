/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/contract.h - the rules in which kernels differ, as one machine has them.
 *
 * Code asks the machine's contract and never a version. Every field of an int's size is the value of a row of
 * mm/contract.c, which has its history; mm/contract_at.c fills them in when a machine is made.
 */
#ifndef GUP_MM_CONTRACT_H
#define GUP_MM_CONTRACT_H

#include "host.h"
#include <gup/contract.h>

/* What a call may ask for besides LONGTERM. */
#define GUP_FLAGS_KNOWN                                                                                                \
	(GUP_WRITE | GUP_FORCE | GUP_NOFAULT | GUP_NOWAIT | GUP_ANON | GUP_DUMP | GUP_HWPOISON | GUP_SPLIT_PMD |       \
	 GUP_INTERRUPTIBLE | GUP_HONOR_NUMA_FAULT | GUP_PCI_P2PDMA)

enum gup_longterm_rule {
	GUP_LONGTERM_NO,       /* refused with a warning, once */
	GUP_LONGTERM_UNLOCKED, /* allowed without `locked` */
	GUP_LONGTERM_YES,
};

/* What a long-term call lets go of when it is refused on the way. */
enum gup_drop {
	GUP_DROP_NOTHING, /* the count so far is returned */
	GUP_DROP_SLOW,	  /* what the slow part took; the fast part's pages are returned */
	GUP_DROP_ALL,
};

/* Values of rows: ints, whatever they mean, so that one loop fills them in. */
struct gup_entry_rule {
	int exists;
	int flags;	    /* allowed, LONGTERM aside */
	int longterm;	    /* enum gup_longterm_rule */
	int bad_argument;   /* returned for arguments that the gate refuses: -EINVAL, or 0 */
	int pages_optional; /* without a page array it only faults in */
};

struct gup_contract {
	char name[16];
	u32 kernel; /* whose rules these are; 0: native */
	struct gup_entry_rule entries[GUP_NR_ENTRIES];
	int refusal[GUP_NR_RULES]; /* the errno of each refusal that always has the same */
	int hwpoison_told;	   /* of POISONED, to a caller with HWPOISON */
	int longterm_needs_pin;
	int refuses_p2pdma_longterm;
	int nonpositive_is_zero; /* a fast count <= 0 returns 0 before the range is looked at */
	int fast_overflow;	 /* a fast range that wraps */
	int fast_only_fails;	 /* _fast_only returns errors; if not, 0 in their place */
	int has_pin;		 /* FOLL_PIN exists: gup_pin() pins, else it holds references */
	int fork_copies_pinned;
	int reuse_by_mapcount;	      /* a write fault keeps a page that one entry maps, whoever else holds it */
	int reuses_parts;	      /* it keeps a page of a larger folio that only entries of its mm hold */
	int pin_unshares;	      /* a read-only pin of a shared anonymous page first makes it exclusive */
	int longterm_read_breaks_cow; /* a read-only long-term pin replaces zero and file pages of private mappings */
	int longterm_leaves_movable;  /* ZONE_MOVABLE is no place for a long-term pin */
	int fast_sees_longterm;	      /* the fast path notices memory that may not be held long */
	int dax_checked_last; /* LONGTERM: FS DAX is looked for after everything is taken, so other errors come first */
	int refuses_dirty_tracked;   /* WRITE|LONGTERM on a shared file that tracks what is dirty */
	int dax_drop;		     /* enum gup_drop */
	int migrate_failure_ignored; /* take again without moving, and succeed */
	int migrate_drop;	     /* enum gup_drop */
	int tries_exhausted;	     /* unsuitable pages kept turning up */
	int refuses_hugetlb_force;   /* WRITE with FORCE */
	int refuses_hugetlb_split;   /* SPLIT_PMD */
	int has_secret;		     /* for whoever explains: the object can be made under every contract */
	int has_memfd_pin_folios;
	int cma_owner_longterm;	 /* the owner of a CMA allocation may hold its frames long */
	int has_populate_advice; /* MADV_POPULATE_READ and MADV_POPULATE_WRITE exist */
	int moves_hugetlb;	 /* gup_mremap() takes mappings of hugetlb to another place */
	int remap_looks_first;	 /* mremap() looks for a mapping at the old address before it unmaps anything */
	int remap_checks_first;	 /* it checks everything before */
	int remap_moves_many;	 /* with FIXED and one length it moves all that the range has */
	int remove_needs_write;	 /* MADV_REMOVE needs a mapping that may be written now */
	int populate_past_holes; /* they go on behind a hole, and return -ENOMEM for it at last */
};

/* A rule and where its value is kept in struct gup_contract. */
struct gup_rule_row {
	struct gup_contract_rule rule;
	size_t offset;
};

/* ---- contract.c ---- */
extern const struct gup_rule_row gup_rule_rows[];
extern const unsigned int gup_nr_rule_rows;

/* ---- contract_at.c ---- */
/* All fields as they are in release @kernel, 0 for native. */
void gup_contract_fill(struct gup_contract *contract, u32 kernel);

#endif
