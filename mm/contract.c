/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/contract.c - one table of rules for each kernel whose promises a machine can keep.
 *
 * linux-5.2 is the FOLL_LONGTERM series as merged, linux-6.1 is Debian 12's kernel, linux-6.12 a current one; native is
 * what remains when nothing meaningful is refused.
 */
#include "internal.h"

#define SLOW_5_2 (GUP_WRITE | GUP_FORCE | GUP_NOWAIT)
#define SLOW_6 (GUP_WRITE | GUP_FORCE | GUP_NOWAIT | GUP_NOFAULT)
#define FAST_6 (GUP_WRITE | GUP_FORCE | GUP_NOFAULT)

#define ENTRY(allowed, lt, bad, optional)                                                                              \
	{                                                                                                              \
		.exists = true, .flags = (allowed), .longterm = GUP_LONGTERM_##lt, .bad_argument = (bad),              \
		.pages_optional = (optional)                                                                           \
	}
#define MISSING                                                                                                        \
	{                                                                                                              \
		.bad_argument = -GUP_EINVAL                                                                            \
	}

static const struct gup_contract contracts[GUP_NR_CONTRACTS] = {
	[GUP_LINUX_5_2] = {
		.name = "linux-5.2",
		.entries = {
			[GUP_GET_USER_PAGES] = ENTRY(SLOW_5_2, YES, -GUP_EINVAL, true),
			[GUP_GET_USER_PAGES_FAST] = ENTRY(SLOW_5_2, YES, -GUP_EINVAL, false),
			[GUP_GET_USER_PAGES_FAST_ONLY] = ENTRY(GUP_WRITE, NO, -GUP_EINVAL, false),
			[GUP_GET_USER_PAGES_REMOTE] = ENTRY(SLOW_5_2, NO, -GUP_EINVAL, true),
			[GUP_GET_USER_PAGES_LOCKED] = ENTRY(SLOW_5_2, NO, -GUP_EINVAL, true),
			[GUP_GET_USER_PAGES_UNLOCKED] = ENTRY(SLOW_5_2, NO, -GUP_EINVAL, true),
			[GUP_PIN_USER_PAGES] = MISSING,
			[GUP_PIN_USER_PAGES_FAST] = MISSING,
			[GUP_PIN_USER_PAGES_FAST_ONLY] = MISSING,
			[GUP_PIN_USER_PAGES_REMOTE] = MISSING,
			[GUP_PIN_USER_PAGES_LOCKED] = MISSING,
			[GUP_PIN_USER_PAGES_UNLOCKED] = MISSING,
		},
		.nonpositive_is_zero = true,
		.fast_overflow = -GUP_EFAULT,
		.reuse_by_mapcount = true,
		.dax_checked_last = true,
		.dax_drop = GUP_DROP_SLOW,
		.migrate_failure_ignored = true,
		.tries_exhausted = -GUP_ENOMEM,
	},
	[GUP_LINUX_6_1] = {
		.name = "linux-6.1",
		.entries = {
			[GUP_GET_USER_PAGES] = ENTRY(SLOW_6, NO, -GUP_EINVAL, true),
			[GUP_GET_USER_PAGES_FAST] = ENTRY(FAST_6, NO, -GUP_EINVAL, false),
			[GUP_GET_USER_PAGES_FAST_ONLY] = ENTRY(FAST_6, NO, -GUP_EINVAL, false),
			[GUP_GET_USER_PAGES_REMOTE] = ENTRY(SLOW_6, NO, -GUP_EINVAL, true),
			[GUP_GET_USER_PAGES_LOCKED] = MISSING,
			[GUP_GET_USER_PAGES_UNLOCKED] = ENTRY(SLOW_6, NO, -GUP_EINVAL, true),
			[GUP_PIN_USER_PAGES] = ENTRY(SLOW_6, YES, -GUP_EINVAL, false),
			[GUP_PIN_USER_PAGES_FAST] = ENTRY(FAST_6, YES, -GUP_EINVAL, false),
			[GUP_PIN_USER_PAGES_FAST_ONLY] = ENTRY(FAST_6, YES, -GUP_EINVAL, false),
			[GUP_PIN_USER_PAGES_REMOTE] = ENTRY(SLOW_6, UNLOCKED, -GUP_EINVAL, false),
			[GUP_PIN_USER_PAGES_LOCKED] = MISSING,
			[GUP_PIN_USER_PAGES_UNLOCKED] = ENTRY(SLOW_6, NO, -GUP_EINVAL, false),
		},
		.longterm_needs_pin = true,
		.fast_overflow = 0,
		.has_pin = true,
		.fork_copies_pinned = true,
		.pin_unshares = true,
		.fast_sees_longterm = true,
		.migrate_drop = GUP_DROP_SLOW,
		.tries_exhausted = -GUP_ENOMEM,
	},
	[GUP_LINUX_6_12] = {
		.name = "linux-6.12",
		.entries = {
			[GUP_GET_USER_PAGES] = ENTRY(SLOW_6, NO, -GUP_EINVAL, true),
			[GUP_GET_USER_PAGES_FAST] = ENTRY(FAST_6, NO, -GUP_EINVAL, false),
			[GUP_GET_USER_PAGES_FAST_ONLY] = ENTRY(FAST_6, NO, -GUP_EINVAL, false),
			[GUP_GET_USER_PAGES_REMOTE] = ENTRY(SLOW_6, NO, -GUP_EINVAL, true),
			[GUP_GET_USER_PAGES_LOCKED] = MISSING,
			[GUP_GET_USER_PAGES_UNLOCKED] = ENTRY(SLOW_6, NO, -GUP_EINVAL, true),
			[GUP_PIN_USER_PAGES] = ENTRY(SLOW_6, YES, 0, false),
			[GUP_PIN_USER_PAGES_FAST] = ENTRY(FAST_6, YES, -GUP_EINVAL, false),
			[GUP_PIN_USER_PAGES_FAST_ONLY] = MISSING,
			[GUP_PIN_USER_PAGES_REMOTE] = ENTRY(SLOW_6, YES, 0, false),
			[GUP_PIN_USER_PAGES_LOCKED] = MISSING,
			[GUP_PIN_USER_PAGES_UNLOCKED] = ENTRY(SLOW_6, YES, 0, false),
		},
		.longterm_needs_pin = true,
		.fast_overflow = -GUP_EOVERFLOW,
		.has_pin = true,
		.fork_copies_pinned = true,
		.pin_unshares = true,
		.longterm_read_breaks_cow = true,
		.fast_sees_longterm = true,
		.migrate_drop = GUP_DROP_SLOW,
		.tries_exhausted = -GUP_ENOMEM,
	},
	[GUP_NATIVE] = {
		.name = "native",
		.entries = {
			[GUP_GET_USER_PAGES] = ENTRY(SLOW_6, YES, -GUP_EINVAL, true),
			[GUP_GET_USER_PAGES_FAST] = ENTRY(SLOW_6, YES, -GUP_EINVAL, false),
			[GUP_GET_USER_PAGES_FAST_ONLY] = ENTRY(SLOW_6, YES, -GUP_EINVAL, false),
			[GUP_GET_USER_PAGES_REMOTE] = ENTRY(SLOW_6, YES, -GUP_EINVAL, true),
			[GUP_GET_USER_PAGES_LOCKED] = ENTRY(SLOW_6, YES, -GUP_EINVAL, true),
			[GUP_GET_USER_PAGES_UNLOCKED] = ENTRY(SLOW_6, YES, -GUP_EINVAL, true),
			[GUP_PIN_USER_PAGES] = ENTRY(SLOW_6, YES, -GUP_EINVAL, false),
			[GUP_PIN_USER_PAGES_FAST] = ENTRY(SLOW_6, YES, -GUP_EINVAL, false),
			[GUP_PIN_USER_PAGES_FAST_ONLY] = ENTRY(SLOW_6, YES, -GUP_EINVAL, false),
			[GUP_PIN_USER_PAGES_REMOTE] = ENTRY(SLOW_6, YES, -GUP_EINVAL, false),
			[GUP_PIN_USER_PAGES_LOCKED] = ENTRY(SLOW_6, YES, -GUP_EINVAL, false),
			[GUP_PIN_USER_PAGES_UNLOCKED] = ENTRY(SLOW_6, YES, -GUP_EINVAL, false),
		},
		.nonpositive_is_zero = true,
		.fast_overflow = -GUP_EOVERFLOW,
		.has_pin = true,
		.fork_copies_pinned = true,
		.pin_unshares = true,
		.longterm_read_breaks_cow = true,
		.fast_sees_longterm = true,
		.dax_drop = GUP_DROP_ALL,
		.migrate_drop = GUP_DROP_ALL,
		.tries_exhausted = -GUP_EAGAIN,
		.cma_owner_longterm = true,
	},
};

const struct gup_contract *gup_contract_by_id(enum gup_contract_id id)
{
	return (unsigned int)id < GUP_NR_CONTRACTS ? &contracts[id] : NULL;
}

const char *gup_contract_name(enum gup_contract_id id)
{
	const struct gup_contract *contract = gup_contract_by_id(id);

	return contract ? contract->name : NULL;
}

enum gup_contract_id gup_machine_contract(const struct gup_machine *m)
{
	if (!m)
		return GUP_NR_CONTRACTS;
	return (enum gup_contract_id)(m->contract - contracts);
}

const char *gup_entry_name(enum gup_entry entry)
{
	static const char *const names[GUP_NR_ENTRIES] = {
		"get_user_pages",	 "get_user_pages_fast",	  "get_user_pages_fast_only",
		"get_user_pages_remote", "get_user_pages_locked", "get_user_pages_unlocked",
		"pin_user_pages",	 "pin_user_pages_fast",	  "pin_user_pages_fast_only",
		"pin_user_pages_remote", "pin_user_pages_locked", "pin_user_pages_unlocked",
	};

	return (unsigned int)entry < GUP_NR_ENTRIES ? names[entry] : NULL;
}
