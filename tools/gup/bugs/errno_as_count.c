/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/errno_as_count.c - bug 3: an errno in an unsigned variable passes for a count.
 *
 * The broken half takes a real error of the library and computes what the comparison made of it; it reads nothing out
 * of bounds. The fixed half lets each allocation of the call fail in turn and looks at result, array and counts.
 */
#include "bug.h"

#include <gup/testing.h>
#include <inttypes.h>

#define PAGES 8
#define GUARDS 8

static long take(struct gup_stage *stage, uint64_t addr, struct gup_page **pages)
{
	long got;

	gup_mmap_read_lock(stage->mm);
	got = gup_get_user_pages(stage->mm, addr, PAGES, GUP_WRITE | GUP_LONGTERM, pages);
	gup_mmap_read_unlock(stage->mm);
	return got;
}

/* What the code as posted did with the result of taking the pages again. */
static enum gup_bug_outcome compute(struct gup_stage *stage)
{
	struct gup_page *pages[PAGES];
	uint64_t addr = gup_stage_map(stage, PAGES * GUP_PAGE_SIZE, NULL);
	unsigned long nr_pages;
	long got;

	gup_test_fail_alloc(stage->m, 1);
	got = take(stage, addr, pages);
	gup_test_fail_alloc(stage->m, 0);
	if (got >= 0)
		return gup_bug_confused("the call should have failed for want of memory, but gave %ld", got);
	nr_pages = (unsigned long)got;
	gup_say("taking the pages again fails: %s, kept as unsigned long: %lu", gup_errno_text(got), nr_pages);
	gup_say("\"nr_pages > 0\" is %s, so the loop would look at pages[0] to pages[%lu] of %d",
		nr_pages > 0 ? "true" : "false", nr_pages - 1, PAGES);
	return nr_pages > PAGES ? GUP_BUG_SEEN : GUP_BUG_GONE;
}

static bool result_is_sane(long got, struct gup_page **pages, struct gup_page *guard)
{
	bool sane = got >= -4095 && got <= PAGES;

	for (int i = PAGES; i < PAGES + GUARDS; i++)
		sane &= pages[i] == guard;
	return sane || gup_say_unexpected("the call gave %ld, or wrote beyond its %d pages", got, PAGES);
}

/* One call with its @nth allocation failing. Return: false if it is not sane. */
static bool try_one(struct gup_stage *stage, uint64_t nth, bool *fired, long *got)
{
	struct gup_page guard, *pages[PAGES + GUARDS];
	uint64_t addr = gup_bug_borrow(stage, PAGES);
	bool sane;

	if (!addr)
		return false;
	for (int i = 0; i < PAGES + GUARDS; i++)
		pages[i] = &guard;
	gup_test_fail_alloc(stage->m, nth);
	*got = take(stage, addr, pages);
	*fired = gup_test_fail_alloc(stage->m, 0) == 0;
	sane = result_is_sane(*got, pages, &guard);
	if (sane && *got > 0)
		gup_put_pages(stage->m, pages, (unsigned long)*got);
	gup_munmap(stage->mm, addr, PAGES * GUP_PAGE_SIZE);
	return sane;
}

static enum gup_bug_outcome sweep(struct gup_stage *stage)
{
	uint64_t nth = 0;
	bool fired;
	long got;

	do
		if (!try_one(stage, ++nth, &fired, &got))
			return GUP_BUG_CONFUSED;
	while (fired && nth < 1000);
	if (got != PAGES || nth < 2)
		return gup_bug_confused("%" PRIu64 " calls, and the last one without a failure gave %ld", nth, got);
	gup_say("%" PRIu64
		" calls, each with another allocation failing: every result is an errno or a count of at most %d,",
		nth - 1, PAGES);
	gup_say("nothing behind pages[%d] was touched, and without a failure the call gives %ld", PAGES - 1, got);
	return GUP_BUG_GONE;
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	return fixed ? sweep(stage) : compute(stage);
}

const struct gup_bug gup_bug_errno_as_count = {
	.name = "errno-as-count",
	.title = "an errno in an unsigned count, and pages[] scanned far out of bounds",
	.link = "http://lkml.kernel.org/r/20190328084422.29911-2-ira.weiny@intel.com",
	.field = { "As posted, the commit made nr_pages of check_and_migrate_cma_pages() unsigned. After a",
		   "migration the pages are taken again; if that failed, its errno was greater than 0, and",
		   "the loop that looks for CMA pages went far beyond the end of pages[]." },
	.broken = "the comparison as posted, computed here on a real error",
	.fixed = "the library under the same rules",
	.broken_contract = GUP_LINUX_5_2,
	.fixed_contract = GUP_LINUX_5_2,
	.machine = {
		.normal_bytes = 8 * GUP_MIB,
		.cma = { { .name = "camera", .bytes = 16 * GUP_MIB } },
		.no_huge_pages = true,
	},
	.run = run,
};
