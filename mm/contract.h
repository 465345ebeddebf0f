/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/contract.h - the rules in which kernels differ, as data.
 *
 * Code asks the machine's contract and never a version. A rule that every contract shares is not in here: it is code.
 */
#ifndef GUP_MM_CONTRACT_H
#define GUP_MM_CONTRACT_H

#include "host.h"
#include <gup/pin.h>

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

struct gup_entry_rule {
	bool exists;
	unsigned int flags; /* allowed, LONGTERM aside */
	enum gup_longterm_rule longterm;
	int bad_argument;    /* returned for arguments that the gate refuses: -EINVAL, or 0 */
	bool pages_optional; /* without a page array it only faults in */
};

struct gup_contract {
	const char *name;
	struct gup_entry_rule entries[GUP_NR_ENTRIES];
	bool longterm_needs_pin;
	bool nonpositive_is_zero; /* a fast count <= 0 returns 0 before the range is looked at */
	int fast_overflow;	  /* a fast range that wraps */
	bool has_pin;		  /* FOLL_PIN exists: gup_pin() pins, else it holds references */
	bool fork_copies_pinned;
	bool reuse_by_mapcount;	       /* a write fault keeps a page that one entry maps, whoever else holds it */
	bool pin_unshares;	       /* a read-only pin of a shared anonymous page first makes it exclusive */
	bool longterm_read_breaks_cow; /* a read-only long-term pin replaces zero and file pages of private mappings */
	bool fast_sees_longterm;       /* the fast path notices memory that may not be held long */
	bool dax_checked_last; /* LONGTERM: FS DAX is looked for after everything is taken, so other errors come first */
	enum gup_drop dax_drop;
	bool migrate_failure_ignored; /* take again without moving, and succeed */
	enum gup_drop migrate_drop;
	int tries_exhausted;	 /* unsuitable pages kept turning up */
	bool cma_owner_longterm; /* the owner of a CMA allocation may hold its frames long */
};

const struct gup_contract *gup_contract_by_id(enum gup_contract_id id);

#endif
