/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/why.h - why a call was refused: the errno, the address, the rule that said no, and who is in the way.
 *
 * Each refusal in the library names a rule. The text of the rules is in one table (mm/why.c).
 */
#ifndef GUP_WHY_H
#define GUP_WHY_H

#include <gup/config.h>

GUP_BEGIN_DECLS

/**
 * enum gup_rule - the rule that ended a call early
 *
 * The first group comes from the gate (arguments and flags), the second from the mapping, the third from the walk and
 * the fault, the fourth from long-term pinning and movement, the last from resources and bookkeeping.
 */
enum gup_rule {
	GUP_RULE_NONE,

	GUP_RULE_BAD_ARGUMENT,	     /* NULL, misaligned, wrapping or out of range where the call has no finer rule */
	GUP_RULE_UNKNOWN_FLAG,	     /* a flag that this entry point does not take under this contract */
	GUP_RULE_NO_ENTRY_POINT,     /* the contract's kernel has no such function */
	GUP_RULE_NO_PAGES_ARRAY,     /* get or pin without a place for the pages */
	GUP_RULE_LONGTERM_NEEDS_PIN, /* LONGTERM on a get, where the contract wants FOLL_PIN */
	GUP_RULE_LONGTERM_ENTRY,     /* LONGTERM on _remote, _locked or _unlocked, where the contract refuses it */
	GUP_RULE_LOCKED_STATE,	     /* `locked` given, but *locked is not 1 */
	GUP_RULE_P2PDMA_LONGTERM,    /* LONGTERM with PCI_P2PDMA */
	GUP_RULE_RANGE_OVERFLOW,     /* start + length wraps */
	GUP_RULE_RANGE_BEYOND_USER,  /* the range ends beyond user space */

	GUP_RULE_NO_VMA,	    /* nothing is mapped there */
	GUP_RULE_VMA_SPECIAL,	    /* PFNMAP or IO: no page descriptors behind it */
	GUP_RULE_NOT_ANONYMOUS,	    /* ANON on a mapping of an object */
	GUP_RULE_FSDAX_LONGTERM,    /* LONGTERM on FS DAX: the file system must be able to take its blocks back */
	GUP_RULE_SPLIT_PMD_HUGETLB, /* SPLIT_PMD on hugetlb: its folios are never split */
	GUP_RULE_SECRET,	    /* secret memory: nobody but its application may touch it */
	GUP_RULE_DIRTY_TRACKED,	    /* WRITE|LONGTERM on a shared file whose file system must see each write coming */
	GUP_RULE_VMA_NOT_WRITABLE,  /* WRITE without write permission (and no FORCE) */
	GUP_RULE_FORCE_HUGETLB,	    /* FORCE makes no private copy of a hugetlb page */
	GUP_RULE_FORCE_SHARED,	    /* FORCE cannot write to a shared mapping that is read-only */
	GUP_RULE_VMA_NOT_READABLE,  /* read without read permission (and no FORCE) */

	GUP_RULE_NOFAULT,	/* the page is not there as asked for, and NOFAULT forbids a fault */
	GUP_RULE_NOWAIT,	/* the fault would have to wait, and NOWAIT forbids it */
	GUP_RULE_DUMP_HOLE,	/* DUMP: nobody has written there */
	GUP_RULE_POISONED,	/* the memory failed, see gup_machine_poison() */
	GUP_RULE_BEYOND_OBJECT, /* beyond the end of the file: SIGBUS on a CPU */
	GUP_RULE_STORE_ERROR,	/* the store of the file failed to read or write: SIGBUS on a CPU */

	GUP_RULE_UNMOVABLE_LONGTERM, /* memory that may not be held long and cannot be moved (foreign CMA owner) */
	GUP_RULE_MIGRATE_BUSY,	     /* somebody holds the page, so it could not be moved */
	GUP_RULE_MIGRATE_TRIES,	     /* new unsuitable pages kept turning up */
	GUP_RULE_PINNED,	     /* truncate, CMA or offline: pins did not go away within the bound */

	GUP_RULE_NO_MEMORY,
	GUP_RULE_NO_SPACE, /* the DAX device or the store of the file is full, or the hugetlb pool has no folio left */
	GUP_RULE_COUNT_OVERFLOW, /* the page's count is at its end */
	GUP_RULE_MM_LIMIT,
	GUP_RULE_OWNER_LIMIT,
	GUP_RULE_OWNER_LOST, /* gup_owner_lost(), and no gup_owner_reset() since */
	GUP_RULE_TEST,	     /* gup/testing.h made it fail */

	GUP_NR_RULES,
};

/**
 * struct gup_why - the reason for a refusal or an incomplete result
 * @error:  negative errno, 0 if nothing was refused. Also set when a Linux form returns a partial count.
 * @rule:   the rule that stopped the call
 * @tries:  how often moving or waiting was tried
 * @addr:   user address at which it stopped (0 where there is none)
 * @pfn:    frame that is in the way (0 where there is none)
 * @holder: owner of the reference that is in the way, "" if none is known
 * @quarantined: that reference is in quarantine: it goes with gup_owner_reset(), and waiting does not help
 */
struct gup_why {
	int error;
	enum gup_rule rule;
	unsigned int tries;
	uint64_t addr;
	uint64_t pfn;
	char holder[GUP_NAME_MAX];
	bool quarantined;
};

/**
 * gup_why_str() - one sentence about a refusal
 * @why:  what a call filled in
 * @buf:  where the sentence goes; always terminated if @size > 0
 * @size: bytes at @buf
 *
 * Context: any, takes no lock.
 * Return: the length of the whole sentence without the terminator, as snprintf() would.
 */
size_t gup_why_str(const struct gup_why *why, char *buf, size_t size);

/** gup_rule_name() - the enum's name without its prefix, e.g. "FSDAX_LONGTERM"; "?" for a value out of range. */
const char *gup_rule_name(enum gup_rule rule);

GUP_END_DECLS

#endif
