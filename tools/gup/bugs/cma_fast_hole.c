/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/cma_fast_hole.c - bug 2: the fast path of linux-5.2 takes CMA pages for long.
 */
#include "bug.h"

#define PAGES 16
#define AREA (16 * GUP_MIB)

static int take(struct gup_stage *stage, uint64_t addr, bool fixed, struct gup_page **pages)
{
	unsigned int flags = GUP_WRITE | GUP_LONGTERM;

	return fixed ? gup_pin_user_pages_fast(stage->mm, addr, PAGES, flags, pages)
		     : gup_get_user_pages_fast(stage->mm, addr, PAGES, flags, pages);
}

static void release(struct gup_stage *stage, struct gup_page **pages, bool fixed)
{
	if (fixed)
		gup_unpin_user_pages(stage->m, pages, PAGES);
	else
		gup_put_pages(stage->m, pages, PAGES);
}

static enum gup_bug_outcome ask_for_area(struct gup_stage *stage)
{
	struct gup_why why = { 0 };
	struct gup_page *area;
	int err = gup_cma_alloc(stage->m, "camera", AREA, 0, 100 * GUP_MS, &area, &why);

	gup_say("the camera asks for its whole area: %s", gup_errno_text(err));
	if (err == 0 && gup_cma_free(stage->m, area, AREA) == 0)
		return GUP_BUG_GONE;
	gup_say_why(&why);
	return err == -GUP_EBUSY ? GUP_BUG_SEEN : GUP_BUG_CONFUSED;
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	struct gup_page *pages[PAGES];
	enum gup_bug_outcome outcome;
	uint64_t addr = gup_bug_borrow(stage, PAGES);
	int got;

	if (!addr)
		return GUP_BUG_CONFUSED;
	got = take(stage, addr, fixed, pages);
	gup_say("%s_user_pages_fast(FOLL_WRITE | FOLL_LONGTERM) on %d borrowed pages = %s", fixed ? "pin" : "get",
		PAGES, gup_errno_text(got));
	if (got != PAGES)
		return gup_bug_confused("all %d pages should have been taken", PAGES);
	gup_say("%d of them lie in the camera's area now",
		(int)gup_pages_in_zone(stage->mm, addr, PAGES * GUP_PAGE_SIZE, GUP_ZONE_CMA));
	outcome = ask_for_area(stage);
	release(stage, pages, fixed);
	return outcome;
}

const struct gup_bug gup_bug_cma_fast_hole = {
	.name = "cma-fast-hole",
	.title = "get_user_pages_fast(FOLL_LONGTERM) does not notice CMA",
	.link = "https://lore.kernel.org/lkml/20190317183438.2057-2-ira.weiny@intel.com",
	.field = { "The series taught the fast path to look for DAX, not for CMA; the slow path knew both.",
		   "So the faster way of registering memory left pages in the area of a camera or a codec,",
		   "whose next allocation failed with -EBUSY although the memory was only borrowed." },
	.broken = "the fast path of linux-5.2",
	.fixed = "the fast path of linux-6.12",
	.broken_contract = GUP_LINUX_5_2,
	.fixed_contract = GUP_LINUX_6_12,
	.machine = {
		.normal_bytes = 8 * GUP_MIB,
		.cma = { { .name = "camera", .bytes = AREA } },
		.no_huge_pages = true,
		.track_holders = true,
	},
	.run = run,
};
