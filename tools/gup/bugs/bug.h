/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/bug.h - real pinning bugs, each replayed on two machines: one whose rules have it, one with the fix.
 *
 * A bug's run() plays what happened in the field and reports what it saw. `gup bug N` succeeds only if the bug is seen
 * under the broken rules and gone under the fixed ones.
 */
#ifndef GUP_TOOL_BUG_H
#define GUP_TOOL_BUG_H

#include "../tool.h"

/** enum gup_bug_outcome - what a run saw. */
enum gup_bug_outcome {
	GUP_BUG_CONFUSED, /* neither: it did not come to the point, and has said why */
	GUP_BUG_SEEN,
	GUP_BUG_GONE,
};

/**
 * struct gup_bug - one bug
 * @name:     short name for the command line
 * @title:    one line
 * @link:     where it was reported
 * @field:    what it looked like in the field, up to 4 lines
 * @broken, @fixed: what differs between the two runs, as a heading
 * @broken_contract, @fixed_contract: whose rules the two machines follow
 * @machine:  the rest of their configuration
 * @run:      plays it; @fixed tells which half. Leaves nothing held.
 */
struct gup_bug {
	const char *name;
	const char *title;
	const char *link;
	const char *field[4];
	const char *broken;
	const char *fixed;
	enum gup_contract_id broken_contract;
	enum gup_contract_id fixed_contract;
	struct gup_machine_config machine;
	enum gup_bug_outcome (*run)(struct gup_stage *stage, bool fixed);
};

extern const struct gup_bug gup_bug_dax_truncate;
extern const struct gup_bug gup_bug_cma_fast_hole;
extern const struct gup_bug gup_bug_errno_as_count;
extern const struct gup_bug gup_bug_contiguous_array;
extern const struct gup_bug gup_bug_fork_lost_write;
extern const struct gup_bug gup_bug_two_pins_one_page;
extern const struct gup_bug gup_bug_get_released_by_unpin;
extern const struct gup_bug gup_bug_freed_under_device;
extern const struct gup_bug gup_bug_copy_to_user_leak;
extern const struct gup_bug gup_bug_vma_checked_then_pinned;
extern const struct gup_bug gup_bug_stale_registration;

/**
 * gup_bug_borrow() - anonymous memory whose pages lie in a CMA area
 * @stage: machine and application; the machine has more CMA than normal memory, so that borrowing comes first
 * @pages: how many that follow each other, at most 64
 *
 * Everything else that the application had to touch on the way is unmapped again.
 *
 * Return: the address, 0 after having said why.
 */
uint64_t gup_bug_borrow(struct gup_stage *stage, unsigned int pages);

/** gup_bug_confused() - say why a run did not come to the point. Return: GUP_BUG_CONFUSED. */
enum gup_bug_outcome gup_bug_confused(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
