/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/fork_lost_write.c - bug 5: after a fork the parent writes, and loses what the device writes.
 */
#include "bug.h"

#include <string.h>

#define BEFORE "before"
#define DEVICE "device"

static enum gup_bug_outcome fork_and_write(struct gup_stage *stage, uint64_t addr, struct gup_page *page)
{
	struct gup_mm *child;
	char seen[sizeof(BEFORE)] = "";

	if (gup_mm_fork(stage->mm, "child", &child))
		return gup_bug_confused("the fork failed");
	gup_copy_to_user(stage->mm, addr, "parent", sizeof("parent"));
	memcpy((char *)gup_page_address(stage->m, page) + 64, DEVICE, sizeof(DEVICE));
	gup_copy_from_user(stage->mm, seen, addr + 64, sizeof(seen));
	gup_mm_destroy(child);
	gup_say("fork; the parent writes one word, the device writes \"%s\" beside it; the parent reads \"%s\"", DEVICE,
		seen);
	if (!strcmp(seen, BEFORE))
		return GUP_BUG_SEEN;
	return strcmp(seen, DEVICE) ? GUP_BUG_CONFUSED : GUP_BUG_GONE;
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	uint64_t addr = gup_stage_map(stage, GUP_PAGE_SIZE, NULL);
	enum gup_bug_outcome outcome;
	struct gup_page *page;
	int got;

	gup_copy_to_user(stage->mm, addr + 64, BEFORE, sizeof(BEFORE));
	got = fixed ? gup_pin_user_pages_fast(stage->mm, addr, 1, GUP_WRITE, &page)
		    : gup_get_user_pages_fast(stage->mm, addr, 1, GUP_WRITE, &page);
	if (got != 1)
		return gup_bug_confused("the device got %s instead of one page", gup_errno_text(got));
	outcome = fork_and_write(stage, addr, page);
	if (fixed)
		gup_unpin_user_pages_dirty_lock(stage->m, &page, 1, true);
	else
		gup_put_page(stage->m, page);
	return outcome;
}

const struct gup_bug gup_bug_fork_lost_write = {
	.name = "fork-lost-write",
	.title = "a device's write is lost to the parent after a fork",
	.link = "https://github.com/google/gvisor/pull/14031",
	.field = { "A program with memory registered for a device forks, then writes to that memory. Copy-on-write",
		   "moves it to a new page, while the device goes on with the old one; the two",
		   "drift apart and nobody gets an error. Linux fixed it in 5.9, gVisor's device proxies",
		   "in 2026: fork copies pinned pages at once, for the child." },
	.broken = "fork does not look at references, as in linux-5.2",
	.fixed = "fork keeps pinned pages with the parent, as in linux-6.12",
	.broken_contract = GUP_LINUX_5_2,
	.fixed_contract = GUP_LINUX_6_12,
	.machine = { .normal_bytes = 8 * GUP_MIB },
	.run = run,
};
