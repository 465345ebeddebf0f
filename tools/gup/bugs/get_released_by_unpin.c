/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/get_released_by_unpin.c - bug 7: a page that was got, not pinned, is released by unpin.
 *
 * A kernel keeps both counts in one: an unpin takes 1024 from it, whatever the page was taken by. The broken half
 * computes that; the fixed half does it, both ways round.
 */
#include "bug.h"

#include <inttypes.h>

/* What the kernel adds to the count of a page for a pin (GUP_PIN_COUNTING_BIAS). */
#define KERNEL_PIN 1024

static enum gup_bug_outcome compute(struct gup_stage *stage, struct gup_page *page)
{
	int count = (int)gup_page_refs(stage->m, page);

	gup_say("the page has %d references, one mapping and one get; unpin_user_page() takes %d: %d are left", count,
		KERNEL_PIN, count - KERNEL_PIN);
	gup_say("a count below zero: the kernel stops, or frees the page under the program that uses it");
	return count == 2 ? GUP_BUG_SEEN : GUP_BUG_CONFUSED;
}

static bool say_holder(struct gup_stage *stage, struct gup_page *page)
{
	struct gup_holder holder;
	long nr = gup_pin_holders(stage->m, gup_page_to_pfn(stage->m, page), 1, &holder, 1);

	if (nr != 1 || holder.pin || !holder.site)
		return gup_say_unexpected("one holder with its call site should be known, not %ld", nr);
	gup_say("it is held by \"%s\" by a get, taken at call site %p", holder.owner, holder.site);
	return true;
}

static bool unpin_is_refused(struct gup_stage *stage, struct gup_page *page)
{
	uint32_t before = gup_page_refs(stage->m, page);
	int err = gup_unpin_user_page(stage->m, page);

	gup_say("unpin_user_page() = %s, references before %" PRIu32 " and after %" PRIu32, gup_errno_text(err), before,
		gup_page_refs(stage->m, page));
	return (err == -GUP_EINVAL && gup_page_refs(stage->m, page) == before) ||
	       gup_say_unexpected("it should have been refused and changed nothing");
}

static bool put_is_refused(struct gup_stage *stage, uint64_t addr)
{
	struct gup_page *page;
	int err;

	if (gup_pin_user_pages_fast(stage->mm, addr, 1, GUP_WRITE, &page) != 1)
		return gup_say_unexpected("the pin failed");
	err = gup_put_page(stage->m, page);
	gup_say("and the other way round, put_page() of a pin = %s", gup_errno_text(err));
	gup_unpin_user_page(stage->m, page);
	return err == -GUP_EINVAL || gup_say_unexpected("it should have been refused");
}

static enum gup_bug_outcome refuse(struct gup_stage *stage, uint64_t addr, struct gup_page *page)
{
	struct gup_stats stats;

	if (!say_holder(stage, page) || !unpin_is_refused(stage, page))
		return GUP_BUG_SEEN;
	gup_put_page(stage->m, page);
	if (!put_is_refused(stage, addr))
		return GUP_BUG_SEEN;
	gup_machine_stats(stage->m, &stats);
	gup_say("%" PRIu64 " wrong releases were counted", stats.bad_unpins);
	return stats.bad_unpins == 2 ? GUP_BUG_GONE : GUP_BUG_CONFUSED;
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	uint64_t addr = gup_stage_map(stage, GUP_PAGE_SIZE, NULL);
	enum gup_bug_outcome outcome;
	struct gup_page *page;

	if (gup_get_user_pages_fast(stage->mm, addr, 1, GUP_WRITE, &page) != 1)
		return gup_bug_confused("the get failed");
	if (fixed)
		return refuse(stage, addr, page);
	outcome = compute(stage, page);
	gup_put_page(stage->m, page);
	return outcome;
}

const struct gup_bug gup_bug_get_released_by_unpin = {
	.name = "get-released-by-unpin",
	.title = "a page taken by get is released by unpin, and the host crashes",
	.link = "https://github.com/NVIDIA/open-gpu-kernel-modules/issues/563",
	.field = { "A GPU driver pinned user pages, and where that failed took a plain reference instead.",
		   "On release it called unpin_user_page() for all of them. Each time that took 1024 from",
		   "a count that had been raised by 1; the count fell below zero and the host crashed." },
	.broken = "one counter for both, as a kernel has it, computed here on a real count",
	.fixed = "the library, which counts gets and pins apart",
	.broken_contract = GUP_LINUX_6_12,
	.fixed_contract = GUP_LINUX_6_12,
	.machine = { .normal_bytes = 8 * GUP_MIB, .no_huge_pages = true, .track_holders = true },
	.run = run,
};
