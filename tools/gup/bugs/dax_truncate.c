/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/dax_truncate.c - bug 1: truncate of a DAX file behind a pin that nobody can revoke.
 */
#include "bug.h"

#define PAGES 2

static enum gup_bug_outcome judge(struct gup_object *file, int got, bool fixed)
{
	struct gup_why why = { 0 };
	int err = gup_object_truncate(file, 0, 100 * GUP_MS, &why);

	gup_say("truncate(file, 0) = %s", gup_errno_text(err));
	if (err == -GUP_EBUSY && got == PAGES) {
		gup_say_why(&why);
		return GUP_BUG_SEEN;
	}
	if (fixed && got == -GUP_EOPNOTSUPP && err == 0)
		return GUP_BUG_GONE;
	return gup_bug_confused("the pin gave %s and truncate %s", gup_errno_text(got), gup_errno_text(err));
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	struct gup_page *pages[PAGES];
	struct gup_object *file;
	enum gup_bug_outcome outcome;
	uint64_t addr;
	int got;

	if (gup_dax_file_create(stage->m, "pmem0", 2 * GUP_MIB, &file))
		return gup_bug_confused("no file on pmem0");
	addr = gup_stage_map(stage, 2 * GUP_MIB, file);
	got = gup_pin_user_pages_fast(stage->mm, addr, PAGES, GUP_WRITE | (fixed ? GUP_LONGTERM : 0), pages);
	gup_say("pin_user_pages_fast(FOLL_WRITE%s) = %s", fixed ? " | FOLL_LONGTERM" : "", gup_errno_text(got));
	outcome = judge(file, got, fixed);
	if (got > 0)
		gup_unpin_user_pages(stage->m, pages, (unsigned long)got);
	gup_object_put(file);
	return outcome;
}

const struct gup_bug gup_bug_dax_truncate = {
	.name = "dax-truncate",
	.title = "truncate of a DAX file hangs behind a device's pin",
	.link = "https://lkml.org/lkml/2019/3/19/939",
	.field = { "HFI1, qib and mthca registered memory by get_user_pages_fast(), which did not check",
		   "for FS DAX. Such a registration lasts as long as the program wants; a truncate of the",
		   "mapped file waited for it, and hung. This is why FOLL_LONGTERM came to",
		   "get_user_pages_fast()." },
	.broken = "the pin does not say that it is for long",
	.fixed = "it says so: FOLL_LONGTERM",
	.broken_contract = GUP_LINUX_6_12,
	.fixed_contract = GUP_LINUX_6_12,
	.machine = {
		.normal_bytes = 16 * GUP_MIB,
		.dax = { { .name = "pmem0", .bytes = 8 * GUP_MIB, .kind = GUP_DAX_FS } },
		.track_holders = true,
	},
	.run = run,
};
