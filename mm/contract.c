/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/contract.c - the rules in which kernels differ, and what each refusal returns, with their history.
 *
 * A row: the field of struct gup_contract that it fills, what its values are, the refusal that it decides about, a sentence,
 * native's value, and the releases of Linux with which a value began. FIRST is linux-5.2, the release of the FOLL_LONGTERM
 * series, or earlier. Native is what remains when nothing meaningful is refused.
 *
 * Read in the source of 5.10, 6.1, 6.12 and 7.2, and partly of 6.5 and 6.6. A release between two of these is that in which
 * the change was merged by the dates of its patch; where it is less certain, a comment says so.
 */
#include "internal.h"

#define SINCE(major, minor, value)                                                                                     \
	{                                                                                                              \
		GUP_KERNEL(major, minor), value                                                                        \
	}
#define FIRST(value) SINCE(5, 2, value)
#define NEVER FIRST(false)
#define ALWAYS FIRST(true)

#define ROW(field, called, unit, decides, entry, words, native, ...)                                                   \
	{                                                                                                              \
		{ called, words, GUP_UNIT_##unit, GUP_RULE_##decides, entry, native, { __VA_ARGS__ } },                \
			offsetof(struct gup_contract, field)                                                           \
	}

/* ---- the entry points ---- */

#define SLOW_5_2 (GUP_WRITE | GUP_FORCE | GUP_NOWAIT | GUP_ANON | GUP_DUMP | GUP_HWPOISON)
#define SLOW_5_4 (SLOW_5_2 | GUP_SPLIT_PMD)
#define SLOW_5_16 (SLOW_5_4 | GUP_NOFAULT)
#define SLOW_6_2 (SLOW_5_16 | GUP_INTERRUPTIBLE | GUP_PCI_P2PDMA)
#define SLOW_6_6 (SLOW_6_2 | GUP_HONOR_NUMA_FAULT)
#define FAST_5_3 GUP_WRITE
#define FAST_5_6 (FAST_5_3 | GUP_FORCE)
#define FAST_5_16 (FAST_5_6 | GUP_NOFAULT)
#define FAST_6_2 (FAST_5_16 | GUP_PCI_P2PDMA)
#define FAST_6_6 (FAST_6_2 | GUP_HONOR_NUMA_FAULT)

/* Histories that entry points share; native's value first. */
#define FAST_SINCE_5_16 SINCE(5, 16, FAST_5_16), SINCE(6, 2, FAST_6_2), SINCE(6, 6, FAST_6_6)
#define SLOW_FLAGS                                                                                                     \
	GUP_FLAGS_KNOWN, FIRST(SLOW_5_2), SINCE(5, 4, SLOW_5_4), SINCE(5, 16, SLOW_5_16), SINCE(6, 2, SLOW_6_2),       \
		SINCE(6, 6, SLOW_6_6)
#define FAST_FLAGS GUP_FLAGS_KNOWN, FIRST(SLOW_5_2), SINCE(5, 3, FAST_5_3), SINCE(5, 6, FAST_5_6), FAST_SINCE_5_16
#define FAST_ONLY_FLAGS GUP_FLAGS_KNOWN, FIRST(GUP_WRITE), SINCE(5, 8, FAST_5_6), FAST_SINCE_5_16
#define EVER true, ALWAYS
#define FROM_5_6 true, NEVER, SINCE(5, 6, true)
#define LONGTERM_EVER GUP_LONGTERM_YES, FIRST(GUP_LONGTERM_YES)
#define LONGTERM_NEVER GUP_LONGTERM_YES, FIRST(GUP_LONGTERM_NO)
#define EINVAL_EVER -GUP_EINVAL, FIRST(-GUP_EINVAL)
#define EINVAL_UNTIL_6_3 -GUP_EINVAL, FIRST(-GUP_EINVAL), SINCE(6, 3, 0)
#define EINVAL_SINCE_6_3 -GUP_EINVAL, FIRST(0), SINCE(6, 3, -GUP_EINVAL)

#define EXISTS(id, ...)                                                                                                \
	ROW(entries[GUP_##id].exists, "exists", YES_NO, NO_ENTRY_POINT, GUP_##id, "the kernel has this function",      \
	    __VA_ARGS__)
#define FLAGS(id, ...)                                                                                                 \
	ROW(entries[GUP_##id].flags, "flags", FLAGS, UNKNOWN_FLAG, GUP_##id, "flags that it takes, LONGTERM aside",    \
	    __VA_ARGS__)
#define LONGTERM(id, ...)                                                                                              \
	ROW(entries[GUP_##id].longterm, "longterm", LONGTERM, LONGTERM_ENTRY, GUP_##id, "it takes LONGTERM",           \
	    __VA_ARGS__)
#define BAD_ARGUMENT(id, ...)                                                                                          \
	ROW(entries[GUP_##id].bad_argument, "bad_argument", ERROR, NONE, GUP_##id,                                     \
	    "result of flags and arguments that it refuses", __VA_ARGS__)
#define PAGES(id, ...)                                                                                                 \
	ROW(entries[GUP_##id].pages_optional, "pages_optional", YES_NO, NO_PAGES_ARRAY, GUP_##id,                      \
	    "without an array of pages it only faults in", __VA_ARGS__)
#define OPTIONAL true, ALWAYS
#define NEEDED false, NEVER

#define RULE(field, unit, decides, words, ...) ROW(field, #field, unit, decides, GUP_NR_ENTRIES, words, __VA_ARGS__)
/* What a refusal returns, under every contract. */
#define RESULT(of, error, words)                                                                                       \
	ROW(refusal[GUP_RULE_##of], #of, ERROR, of, GUP_NR_ENTRIES, "result if " words, error, FIRST(error))

const struct gup_rule_row gup_rule_rows[] = {
	EXISTS(GET_USER_PAGES, EVER),
	FLAGS(GET_USER_PAGES, SLOW_FLAGS),
	LONGTERM(GET_USER_PAGES, LONGTERM_EVER),
	BAD_ARGUMENT(GET_USER_PAGES, EINVAL_EVER),
	PAGES(GET_USER_PAGES, OPTIONAL),

	EXISTS(GET_USER_PAGES_FAST, EVER),
	FLAGS(GET_USER_PAGES_FAST, FAST_FLAGS),
	LONGTERM(GET_USER_PAGES_FAST, LONGTERM_EVER),
	BAD_ARGUMENT(GET_USER_PAGES_FAST, EINVAL_EVER),
	PAGES(GET_USER_PAGES_FAST, NEEDED),

	/* Before 5.8 it is called __get_user_pages_fast() and takes `write` instead of flags. */
	EXISTS(GET_USER_PAGES_FAST_ONLY, EVER),
	FLAGS(GET_USER_PAGES_FAST_ONLY, FAST_ONLY_FLAGS),
	LONGTERM(GET_USER_PAGES_FAST_ONLY, LONGTERM_NEVER),
	BAD_ARGUMENT(GET_USER_PAGES_FAST_ONLY, EINVAL_SINCE_6_3),
	PAGES(GET_USER_PAGES_FAST_ONLY, NEEDED),

	EXISTS(GET_USER_PAGES_REMOTE, EVER),
	FLAGS(GET_USER_PAGES_REMOTE, SLOW_FLAGS),
	LONGTERM(GET_USER_PAGES_REMOTE, GUP_LONGTERM_YES, FIRST(GUP_LONGTERM_NO), SINCE(5, 6, GUP_LONGTERM_UNLOCKED)),
	BAD_ARGUMENT(GET_USER_PAGES_REMOTE, EINVAL_EVER),
	PAGES(GET_USER_PAGES_REMOTE, OPTIONAL),

	EXISTS(GET_USER_PAGES_LOCKED, true, ALWAYS, SINCE(5, 18, false)),
	FLAGS(GET_USER_PAGES_LOCKED, SLOW_FLAGS),
	LONGTERM(GET_USER_PAGES_LOCKED, LONGTERM_NEVER),
	BAD_ARGUMENT(GET_USER_PAGES_LOCKED, EINVAL_EVER),
	PAGES(GET_USER_PAGES_LOCKED, OPTIONAL),

	EXISTS(GET_USER_PAGES_UNLOCKED, EVER),
	FLAGS(GET_USER_PAGES_UNLOCKED, SLOW_FLAGS),
	LONGTERM(GET_USER_PAGES_UNLOCKED, LONGTERM_NEVER),
	BAD_ARGUMENT(GET_USER_PAGES_UNLOCKED, EINVAL_EVER),
	PAGES(GET_USER_PAGES_UNLOCKED, OPTIONAL),

	EXISTS(PIN_USER_PAGES, FROM_5_6),
	FLAGS(PIN_USER_PAGES, SLOW_FLAGS),
	LONGTERM(PIN_USER_PAGES, LONGTERM_EVER),
	BAD_ARGUMENT(PIN_USER_PAGES, EINVAL_UNTIL_6_3),
	PAGES(PIN_USER_PAGES, NEEDED),

	EXISTS(PIN_USER_PAGES_FAST, FROM_5_6),
	FLAGS(PIN_USER_PAGES_FAST, FAST_FLAGS),
	LONGTERM(PIN_USER_PAGES_FAST, LONGTERM_EVER),
	BAD_ARGUMENT(PIN_USER_PAGES_FAST, EINVAL_EVER),
	PAGES(PIN_USER_PAGES_FAST, NEEDED),

	EXISTS(PIN_USER_PAGES_FAST_ONLY, true, NEVER, SINCE(5, 8, true), SINCE(6, 3, false)),
	FLAGS(PIN_USER_PAGES_FAST_ONLY, FAST_ONLY_FLAGS),
	LONGTERM(PIN_USER_PAGES_FAST_ONLY, LONGTERM_EVER),
	BAD_ARGUMENT(PIN_USER_PAGES_FAST_ONLY, EINVAL_SINCE_6_3),
	PAGES(PIN_USER_PAGES_FAST_ONLY, NEEDED),

	EXISTS(PIN_USER_PAGES_REMOTE, FROM_5_6),
	FLAGS(PIN_USER_PAGES_REMOTE, SLOW_FLAGS),
	LONGTERM(PIN_USER_PAGES_REMOTE, GUP_LONGTERM_YES, FIRST(GUP_LONGTERM_UNLOCKED), SINCE(6, 3, GUP_LONGTERM_YES)),
	BAD_ARGUMENT(PIN_USER_PAGES_REMOTE, EINVAL_UNTIL_6_3),
	PAGES(PIN_USER_PAGES_REMOTE, NEEDED),

	EXISTS(PIN_USER_PAGES_LOCKED, true, NEVER, SINCE(5, 8, true), SINCE(5, 18, false)),
	FLAGS(PIN_USER_PAGES_LOCKED, SLOW_FLAGS),
	LONGTERM(PIN_USER_PAGES_LOCKED, LONGTERM_NEVER),
	BAD_ARGUMENT(PIN_USER_PAGES_LOCKED, EINVAL_EVER),
	PAGES(PIN_USER_PAGES_LOCKED, NEEDED),

	EXISTS(PIN_USER_PAGES_UNLOCKED, true, NEVER, SINCE(5, 8, true)),
	FLAGS(PIN_USER_PAGES_UNLOCKED, SLOW_FLAGS),
	LONGTERM(PIN_USER_PAGES_UNLOCKED, GUP_LONGTERM_YES, FIRST(GUP_LONGTERM_NO), SINCE(6, 3, GUP_LONGTERM_YES)),
	BAD_ARGUMENT(PIN_USER_PAGES_UNLOCKED, EINVAL_UNTIL_6_3),
	PAGES(PIN_USER_PAGES_UNLOCKED, NEEDED),

	/* ---- the gate ---- */
	RULE(longterm_needs_pin, YES_NO, LONGTERM_NEEDS_PIN, "LONGTERM goes with the pin_user_pages family only", false,
	     NEVER, SINCE(5, 10, true)),
	/* As old as the flag, which nobody can pass before 6.2. */
	RULE(refuses_p2pdma_longterm, YES_NO, P2PDMA_LONGTERM, "LONGTERM does not go with PCI_P2PDMA", true, NEVER,
	     SINCE(6, 2, true)),
	RULE(nonpositive_is_zero, YES_NO, NONE, "a fast form returns 0 for a negative count", true, ALWAYS,
	     SINCE(5, 3, false)),
	/* 0 in the source of 6.5, -EOVERFLOW in the stable series of 6.6. */
	RULE(fast_overflow, ERROR, RANGE_OVERFLOW, "result of a fast form for a range that wraps", -GUP_EOVERFLOW,
	     FIRST(-GUP_EFAULT), SINCE(5, 3, 0), SINCE(6, 6, -GUP_EOVERFLOW)),
	RULE(fast_only_fails, YES_NO, NONE, "a _fast_only form returns errors; if not, 0 in their place", true, NEVER,
	     SINCE(6, 3, true)),

	/* ---- counts ---- */
	/* 5.6 has the functions, and counts pins as references; pins are counted since 5.7. */
	RULE(has_pin, YES_NO, NONE, "FOLL_PIN exists; without it the library's own pin holds references", true, NEVER,
	     SINCE(5, 6, true)),
	RULE(fork_copies_pinned, YES_NO, NONE, "fork copies the pages that are pinned at once, for the child", true,
	     NEVER, SINCE(5, 9, true)),
	RULE(reuse_by_mapcount, YES_NO, NONE,
	     "a write keeps a page that one entry maps, whoever else holds a reference", false, ALWAYS,
	     SINCE(5, 9, false)),
	/* 6.15, which counts the mappings of each mm; before, a page of a larger folio is always copied. */
	RULE(reuses_parts, YES_NO, NONE,
	     "a write after fork keeps a page of a larger folio that is mapped by 4 KiB entries of one mm, and held by "
	     "nobody else",
	     true, NEVER, SINCE(6, 15, true)),
	RULE(pin_unshares, YES_NO, NONE, "a read-only pin of a shared anonymous page makes it exclusive first", true,
	     NEVER, SINCE(5, 19, true)),
	RULE(longterm_read_breaks_cow, YES_NO, NONE,
	     "a read-only LONGTERM pin replaces the zero page and file pages of private mappings", true, NEVER,
	     SINCE(6, 2, true)),

	/* ---- long-term pins ---- */
	RULE(longterm_leaves_movable, YES_NO, NONE, "LONGTERM moves pages out of ZONE_MOVABLE, as it does out of CMA",
	     true, NEVER, SINCE(5, 13, true)),
	RULE(fast_sees_longterm, YES_NO, NONE, "the fast path sees memory that may not be held long", true, NEVER,
	     SINCE(5, 7, true)),
	RULE(dax_checked_last, YES_NO, NONE, "LONGTERM looks for FS DAX after the taking, so other errors come first",
	     false, ALWAYS, SINCE(5, 11, false)),
	RULE(refuses_dirty_tracked, YES_NO, DIRTY_TRACKED,
	     "WRITE with LONGTERM is refused on shared files whose file system must see each write coming", true, NEVER,
	     SINCE(6, 5, true)),
	RULE(dax_drop, DROP, FSDAX_LONGTERM, "LONGTERM that meets FS DAX after good pages lets go of", GUP_DROP_ALL,
	     FIRST(GUP_DROP_SLOW), SINCE(5, 11, GUP_DROP_NOTHING)),
	/* The stable series of 5.10 has it too. */
	RULE(migrate_failure_ignored, YES_NO, MIGRATE_BUSY, "a page that cannot be moved is taken where it is", false,
	     ALWAYS, SINCE(5, 13, false)),
	RULE(migrate_drop, DROP, MIGRATE_BUSY, "LONGTERM that meets a page that cannot be moved lets go of",
	     GUP_DROP_ALL, FIRST(GUP_DROP_NOTHING), SINCE(5, 13, GUP_DROP_SLOW)),
	RULE(tries_exhausted, ERROR, MIGRATE_TRIES, "result if pages that must move kept turning up", -GUP_EAGAIN,
	     FIRST(-GUP_ENOMEM)),
	RULE(cma_owner_longterm, YES_NO, UNMOVABLE_LONGTERM,
	     "the owner of a CMA allocation may hold its own frames long", true, NEVER),

	/* ---- address space calls ---- */
	RULE(has_populate_advice, YES_NO, NONE, "MADV_POPULATE_READ and MADV_POPULATE_WRITE exist", true, NEVER,
	     SINCE(5, 14, true)),
	RULE(moves_hugetlb, YES_NO, NONE, "mremap() moves mappings of hugetlb", true, NEVER, SINCE(5, 16, true)),
	/* With the one before; until then a shrink does not look at all. */
	RULE(remap_looks_first, YES_NO, NONE,
	     "mremap() looks whether anything is mapped there before it unmaps anything", true, NEVER,
	     SINCE(5, 16, true)),
	/* Both are of one series, of 6.17. */
	RULE(remap_checks_first, YES_NO, NONE, "mremap() checks everything before it unmaps anything", true, NEVER,
	     SINCE(6, 17, true)),
	RULE(remap_moves_many, YES_NO, NONE,
	     "mremap() with FIXED that keeps the length moves all mappings of the range, and the holes between them",
	     true, NEVER, SINCE(6, 17, true)),
	RULE(remove_needs_write, YES_NO, NONE, "MADV_REMOVE needs a mapping that may be written, not only shared",
	     false, ALWAYS, SINCE(6, 7, false)),
	RULE(populate_past_holes, YES_NO, NONE,
	     "MADV_POPULATE_READ and MADV_POPULATE_WRITE fault in what lies behind a hole, too, and then return ENOMEM "
	     "for it",
	     false, ALWAYS, SINCE(6, 10, false)),

	/* ---- objects ---- */
	/* 6.14 by the date of its patch; 6.12 refuses, 7.2 does not. */
	RULE(refuses_hugetlb_force, YES_NO, FORCE_HUGETLB,
	     "WRITE with FORCE is refused on hugetlb mappings without write permission", true, NEVER, SINCE(6, 1, true),
	     SINCE(6, 14, false)),
	/* 6.15, and the stable series of 6.12. */
	RULE(refuses_hugetlb_split, YES_NO, SPLIT_PMD_HUGETLB, "SPLIT_PMD is refused on hugetlb mappings, else ignored",
	     true, NEVER, SINCE(6, 12, true)),
	RULE(has_secret, YES_NO, SECRET, "secret memory exists", true, NEVER, SINCE(5, 14, true)),
	RULE(has_memfd_pin_folios, YES_NO, NONE, "memfd_pin_folios() exists", true, NEVER, SINCE(6, 11, true)),

	/* ---- what a refusal returns ---- */
	RESULT(RANGE_BEYOND_USER, -GUP_EFAULT, "the range ends beyond user space"),
	RESULT(NO_VMA, -GUP_EFAULT, "nothing is mapped"),
	RESULT(VMA_SPECIAL, -GUP_EFAULT, "it is a PFNMAP mapping"),
	RESULT(NOT_ANONYMOUS, -GUP_EFAULT, "ANON meets a mapping of an object"),
	RESULT(FSDAX_LONGTERM, -GUP_EOPNOTSUPP, "LONGTERM meets a file on FS DAX"),
	RESULT(SPLIT_PMD_HUGETLB, -GUP_EOPNOTSUPP, "SPLIT_PMD meets a hugetlb mapping"),
	RESULT(SECRET, -GUP_EFAULT, "it is secret memory"),
	RESULT(DIRTY_TRACKED, -GUP_EFAULT, "WRITE and LONGTERM meet a shared file that tracks what is dirty"),
	RESULT(VMA_NOT_WRITABLE, -GUP_EFAULT, "WRITE meets a mapping without write permission, without FORCE"),
	RESULT(FORCE_HUGETLB, -GUP_EFAULT, "WRITE and FORCE meet a hugetlb mapping without write permission"),
	RESULT(FORCE_SHARED, -GUP_EFAULT, "WRITE and FORCE meet a mapping of which there is no private copy"),
	RESULT(VMA_NOT_READABLE, -GUP_EFAULT, "a read meets a mapping without read permission, without FORCE"),
	RESULT(DUMP_HOLE, -GUP_EFAULT, "DUMP meets memory that was never touched"),
	RESULT(NOFAULT, -GUP_EFAULT, "NOFAULT meets a page that is not there as it is needed"),
	RESULT(BEYOND_OBJECT, -GUP_EFAULT, "the page is beyond the end of its object"),
	RESULT(STORE_ERROR, -GUP_EFAULT, "the store of the file could not be read"),
	RESULT(POISONED, -GUP_EFAULT, "the page is poisoned, without HWPOISON"),
	RULE(hwpoison_told, ERROR, POISONED, "result if the page is poisoned, with HWPOISON", -GUP_EHWPOISON,
	     FIRST(-GUP_EHWPOISON)),
	RESULT(UNMOVABLE_LONGTERM, -GUP_ENOMEM, "LONGTERM meets a page that cannot be moved"),
	RESULT(MIGRATE_BUSY, -GUP_ENOMEM, "LONGTERM meets a page that somebody holds where it may not stay"),
	RESULT(NO_MEMORY, -GUP_ENOMEM, "the machine has no free frame of the kind that is needed"),
	RESULT(NO_SPACE, -GUP_EFAULT, "the storage of the page is full"),
	RESULT(COUNT_OVERFLOW, -GUP_ENOMEM, "the page's count is at its end"),
};

const unsigned int gup_nr_rule_rows = GUP_ARRAY_SIZE(gup_rule_rows);
