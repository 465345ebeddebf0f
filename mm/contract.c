/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/contract.c - the rules in which kernels differ, each with its history.
 *
 * A row: the field of struct gup_contract that it fills, what its values are, the refusal that it decides about, a sentence,
 * native's value, and the releases of Linux with which a value began. FIRST is linux-5.2, the release of the FOLL_LONGTERM
 * series, or earlier. Native is what remains when nothing meaningful is refused.
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

#define SLOW_5_2 (GUP_WRITE | GUP_FORCE | GUP_NOWAIT)
#define SLOW_5_16 (SLOW_5_2 | GUP_NOFAULT)
#define FAST_5_2 (GUP_WRITE | GUP_FORCE | GUP_NOWAIT)
#define FAST_5_3 GUP_WRITE
#define FAST_5_7 (GUP_WRITE | GUP_FORCE)
#define FAST_5_16 (GUP_WRITE | GUP_FORCE | GUP_NOFAULT)
#define NATIVE_FLAGS (GUP_WRITE | GUP_FORCE | GUP_NOWAIT | GUP_NOFAULT)

/* Histories that many entry points share; native's value first. */
#define SLOW_FLAGS NATIVE_FLAGS, FIRST(SLOW_5_2), SINCE(5, 16, SLOW_5_16)
#define FAST_FLAGS NATIVE_FLAGS, FIRST(FAST_5_2), SINCE(5, 3, FAST_5_3), SINCE(5, 7, FAST_5_7), SINCE(5, 16, FAST_5_16)
#define EVER true, ALWAYS
#define SINCE_5_6 true, NEVER, SINCE(5, 6, true)
#define LONGTERM_EVER GUP_LONGTERM_YES, FIRST(GUP_LONGTERM_YES)
#define LONGTERM_NEVER GUP_LONGTERM_YES, FIRST(GUP_LONGTERM_NO)
#define EINVAL_EVER -GUP_EINVAL, FIRST(-GUP_EINVAL)
#define EINVAL_UNTIL_6_3 -GUP_EINVAL, FIRST(-GUP_EINVAL), SINCE(6, 3, 0)

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
#define PAGES_OPTIONAL(id, ...)                                                                                        \
	ROW(entries[GUP_##id].pages_optional, "pages_optional", YES_NO, NO_PAGES_ARRAY, GUP_##id,                      \
	    "without an array of pages it only faults in", true, __VA_ARGS__)
#define PAGES_NEEDED(id)                                                                                               \
	ROW(entries[GUP_##id].pages_optional, "pages_optional", YES_NO, NO_PAGES_ARRAY, GUP_##id,                      \
	    "without an array of pages it only faults in", false, NEVER)

#define RULE(field, unit, decides, words, ...) ROW(field, #field, unit, decides, GUP_NR_ENTRIES, words, __VA_ARGS__)

const struct gup_rule_row gup_rule_rows[] = {
	EXISTS(GET_USER_PAGES, EVER),
	FLAGS(GET_USER_PAGES, SLOW_FLAGS),
	LONGTERM(GET_USER_PAGES, LONGTERM_EVER),
	BAD_ARGUMENT(GET_USER_PAGES, EINVAL_EVER),
	PAGES_OPTIONAL(GET_USER_PAGES, ALWAYS),

	EXISTS(GET_USER_PAGES_FAST, EVER),
	FLAGS(GET_USER_PAGES_FAST, FAST_FLAGS),
	LONGTERM(GET_USER_PAGES_FAST, LONGTERM_EVER),
	BAD_ARGUMENT(GET_USER_PAGES_FAST, EINVAL_EVER),
	PAGES_NEEDED(GET_USER_PAGES_FAST),

	/* Until 5.9 it was called __get_user_pages_fast() and took `write` instead of flags. */
	EXISTS(GET_USER_PAGES_FAST_ONLY, EVER),
	FLAGS(GET_USER_PAGES_FAST_ONLY, NATIVE_FLAGS, FIRST(GUP_WRITE), SINCE(5, 9, FAST_5_7), SINCE(5, 16, FAST_5_16)),
	LONGTERM(GET_USER_PAGES_FAST_ONLY, LONGTERM_NEVER),
	BAD_ARGUMENT(GET_USER_PAGES_FAST_ONLY, EINVAL_EVER),
	PAGES_NEEDED(GET_USER_PAGES_FAST_ONLY),

	EXISTS(GET_USER_PAGES_REMOTE, EVER),
	FLAGS(GET_USER_PAGES_REMOTE, SLOW_FLAGS),
	LONGTERM(GET_USER_PAGES_REMOTE, GUP_LONGTERM_YES, FIRST(GUP_LONGTERM_NO), SINCE(5, 6, GUP_LONGTERM_UNLOCKED)),
	BAD_ARGUMENT(GET_USER_PAGES_REMOTE, EINVAL_EVER),
	PAGES_OPTIONAL(GET_USER_PAGES_REMOTE, ALWAYS),

	EXISTS(GET_USER_PAGES_LOCKED, true, ALWAYS, SINCE(5, 19, false)),
	FLAGS(GET_USER_PAGES_LOCKED, SLOW_FLAGS),
	LONGTERM(GET_USER_PAGES_LOCKED, LONGTERM_NEVER),
	BAD_ARGUMENT(GET_USER_PAGES_LOCKED, EINVAL_EVER),
	PAGES_OPTIONAL(GET_USER_PAGES_LOCKED, ALWAYS),

	EXISTS(GET_USER_PAGES_UNLOCKED, EVER),
	FLAGS(GET_USER_PAGES_UNLOCKED, SLOW_FLAGS),
	LONGTERM(GET_USER_PAGES_UNLOCKED, LONGTERM_NEVER),
	BAD_ARGUMENT(GET_USER_PAGES_UNLOCKED, EINVAL_EVER),
	PAGES_OPTIONAL(GET_USER_PAGES_UNLOCKED, ALWAYS),

	EXISTS(PIN_USER_PAGES, SINCE_5_6),
	FLAGS(PIN_USER_PAGES, SLOW_FLAGS),
	LONGTERM(PIN_USER_PAGES, LONGTERM_EVER),
	BAD_ARGUMENT(PIN_USER_PAGES, EINVAL_UNTIL_6_3),
	PAGES_NEEDED(PIN_USER_PAGES),

	EXISTS(PIN_USER_PAGES_FAST, SINCE_5_6),
	FLAGS(PIN_USER_PAGES_FAST, FAST_FLAGS),
	LONGTERM(PIN_USER_PAGES_FAST, LONGTERM_EVER),
	BAD_ARGUMENT(PIN_USER_PAGES_FAST, EINVAL_EVER),
	PAGES_NEEDED(PIN_USER_PAGES_FAST),

	EXISTS(PIN_USER_PAGES_FAST_ONLY, true, NEVER, SINCE(5, 9, true), SINCE(6, 3, false)),
	FLAGS(PIN_USER_PAGES_FAST_ONLY, FAST_FLAGS),
	LONGTERM(PIN_USER_PAGES_FAST_ONLY, LONGTERM_EVER),
	BAD_ARGUMENT(PIN_USER_PAGES_FAST_ONLY, EINVAL_EVER),
	PAGES_NEEDED(PIN_USER_PAGES_FAST_ONLY),

	EXISTS(PIN_USER_PAGES_REMOTE, SINCE_5_6),
	FLAGS(PIN_USER_PAGES_REMOTE, SLOW_FLAGS),
	LONGTERM(PIN_USER_PAGES_REMOTE, GUP_LONGTERM_YES, FIRST(GUP_LONGTERM_UNLOCKED), SINCE(6, 2, GUP_LONGTERM_YES)),
	BAD_ARGUMENT(PIN_USER_PAGES_REMOTE, EINVAL_UNTIL_6_3),
	PAGES_NEEDED(PIN_USER_PAGES_REMOTE),

	EXISTS(PIN_USER_PAGES_LOCKED, true, NEVER, SINCE(5, 8, true), SINCE(5, 19, false)),
	FLAGS(PIN_USER_PAGES_LOCKED, SLOW_FLAGS),
	LONGTERM(PIN_USER_PAGES_LOCKED, LONGTERM_NEVER),
	BAD_ARGUMENT(PIN_USER_PAGES_LOCKED, EINVAL_EVER),
	PAGES_NEEDED(PIN_USER_PAGES_LOCKED),

	EXISTS(PIN_USER_PAGES_UNLOCKED, true, NEVER, SINCE(5, 7, true)),
	FLAGS(PIN_USER_PAGES_UNLOCKED, SLOW_FLAGS),
	LONGTERM(PIN_USER_PAGES_UNLOCKED, GUP_LONGTERM_YES, FIRST(GUP_LONGTERM_NO), SINCE(6, 2, GUP_LONGTERM_YES)),
	BAD_ARGUMENT(PIN_USER_PAGES_UNLOCKED, EINVAL_UNTIL_6_3),
	PAGES_NEEDED(PIN_USER_PAGES_UNLOCKED),

	/* ---- the gate ---- */
	RULE(longterm_needs_pin, YES_NO, LONGTERM_NEEDS_PIN, "LONGTERM goes with the pin_user_pages family only", false,
	     NEVER, SINCE(5, 6, true)),
	RULE(nonpositive_is_zero, YES_NO, NONE, "a fast form returns 0 for a negative count", true, ALWAYS,
	     SINCE(5, 3, false)),
	RULE(fast_overflow, ERROR, RANGE_OVERFLOW, "result of a fast form for a range that wraps", -GUP_EOVERFLOW,
	     FIRST(-GUP_EFAULT), SINCE(5, 3, 0), SINCE(6, 8, -GUP_EOVERFLOW)),

	/* ---- counts ---- */
	RULE(has_pin, YES_NO, NONE, "FOLL_PIN exists; without it the library's own pin holds references", true, NEVER,
	     SINCE(5, 6, true)),
	RULE(fork_copies_pinned, YES_NO, NONE, "fork copies the pages that are pinned at once, for the child", true,
	     NEVER, SINCE(5, 9, true)),
	RULE(reuse_by_mapcount, YES_NO, NONE,
	     "a write keeps a page that one entry maps, whoever else holds a reference", false, ALWAYS,
	     SINCE(5, 9, false)),
	RULE(pin_unshares, YES_NO, NONE, "a read-only pin of a shared anonymous page makes it exclusive first", true,
	     NEVER, SINCE(5, 19, true)),
	RULE(longterm_read_breaks_cow, YES_NO, NONE,
	     "a read-only LONGTERM pin replaces the zero page and file pages of private mappings", true, NEVER,
	     SINCE(6, 2, true)),

	/* ---- long-term pins ---- */
	RULE(fast_sees_longterm, YES_NO, NONE, "the fast path sees memory that may not be held long", true, NEVER,
	     SINCE(5, 13, true)),
	RULE(dax_checked_last, YES_NO, NONE, "LONGTERM looks for FS DAX after the taking, so other errors come first",
	     false, ALWAYS, SINCE(5, 14, false)),
	RULE(refuses_dirty_tracked, YES_NO, DIRTY_TRACKED,
	     "WRITE | LONGTERM is refused on shared files whose file system must see each write coming", true, NEVER,
	     SINCE(6, 5, true)),
	RULE(dax_drop, DROP, FSDAX_LONGTERM, "LONGTERM that meets FS DAX after good pages lets go of", GUP_DROP_ALL,
	     FIRST(GUP_DROP_SLOW), SINCE(5, 14, GUP_DROP_NOTHING)),
	RULE(migrate_failure_ignored, YES_NO, MIGRATE_BUSY, "a page that cannot be moved is taken where it is", false,
	     ALWAYS, SINCE(5, 13, false)),
	RULE(migrate_drop, DROP, MIGRATE_BUSY, "LONGTERM that meets a page that cannot be moved lets go of",
	     GUP_DROP_ALL, FIRST(GUP_DROP_NOTHING), SINCE(5, 13, GUP_DROP_SLOW)),
	RULE(tries_exhausted, ERROR, MIGRATE_TRIES, "result if pages that must move kept turning up", -GUP_EAGAIN,
	     FIRST(-GUP_ENOMEM)),
	RULE(cma_owner_longterm, YES_NO, UNMOVABLE_LONGTERM,
	     "the owner of a CMA allocation may hold its own frames long", true, NEVER),
};

const unsigned int gup_nr_rule_rows = GUP_ARRAY_SIZE(gup_rule_rows);
