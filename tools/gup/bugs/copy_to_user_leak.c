/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/copy_to_user_leak.c - bug 9: a call that pins fails at its last step, and the pages stay pinned.
 *
 * The application gives an argument in memory that it may only read. So reading the request works and writing the
 * answer does not, which is the case that the driver did not expect.
 */
#include "bug.h"

#include <inttypes.h>
#include <string.h>

#define PAGES 16
#define BYTES (PAGES * GUP_PAGE_SIZE)

/* The argument of the call, as the application sees it. */
struct argument {
	uint64_t addr; /* in */
	uint64_t pfn;  /* out: where the device finds the first page */
};

/* What the driver remembers of one open file. */
struct driver {
	struct gup_stage *stage;
	struct gup_page *pages[PAGES];
	unsigned long nr;
	bool fixed;
};

static void commit(struct driver *driver, struct gup_page **pages)
{
	memcpy(driver->pages, pages, PAGES * sizeof(*pages));
	driver->nr = PAGES;
}

static int copy_answer(struct driver *driver, uint64_t arg, struct gup_page *first)
{
	uint64_t pfn = gup_page_to_pfn(driver->stage->m, first);

	return gup_copy_to_user(driver->stage->mm, arg + offsetof(struct argument, pfn), &pfn, sizeof(pfn))
		       ? -GUP_EFAULT
		       : 0;
}

/* Broken: what was committed is not taken back. Fixed: nothing is committed before the answer is out. */
static int pin_pages(struct driver *driver, uint64_t arg)
{
	struct gup_page *pages[PAGES];
	struct argument in;
	int got, err;

	if (gup_copy_from_user(driver->stage->mm, &in, arg, sizeof(in)))
		return -GUP_EFAULT;
	got = gup_pin_user_pages_fast(driver->stage->mm, in.addr, PAGES, GUP_WRITE | GUP_LONGTERM, pages);
	if (got != PAGES)
		return got < 0 ? got : -GUP_ENOMEM;
	if (!driver->fixed)
		commit(driver, pages);
	err = copy_answer(driver, arg, pages[0]);
	if (!driver->fixed)
		return err;
	if (err)
		gup_unpin_user_pages(driver->stage->m, pages, PAGES);
	else
		commit(driver, pages);
	return err;
}

static void close_file(struct driver *driver)
{
	if (driver->nr)
		gup_unpin_user_pages(driver->stage->m, driver->pages, driver->nr);
	driver->nr = 0;
}

/* Who holds memory of the machine, in pages. */
static uint64_t say_holders(struct gup_stage *stage)
{
	struct gup_holder holder[PAGES];
	long nr = gup_pin_holders(stage->m, 0, UINT64_MAX, holder, PAGES);
	uint64_t pages = 0;

	for (long i = 0; i < nr && i < PAGES; i++)
		pages += holder[i].pages;
	if (nr > 0)
		gup_say("%" PRIu64 " pages are pinned%s by \"%s\", whose call failed", pages,
			holder[0].longterm ? " for long" : "", holder[0].owner);
	else
		gup_say("nobody holds a page");
	return pages;
}

/* The application gives its memory back. Return: how many of its pages do not become free by that. */
static uint64_t unmap_buffer(struct gup_stage *stage, uint64_t addr)
{
	uint64_t pfns[PAGES], kept = 0;
	struct gup_frame_info info;

	for (uint64_t i = 0; i < PAGES; i++)
		pfns[i] = gup_user_pfn(stage->mm, addr + i * GUP_PAGE_SIZE);
	gup_munmap(stage->mm, addr, BYTES);
	for (uint64_t i = 0; i < PAGES; i++)
		kept += gup_frame_info(stage->m, pfns[i], &info) == 0 && info.kind == GUP_FRAME_ANON && info.pins;
	gup_say("the application unmaps its %d pages: %" PRIu64 " become free, %" PRIu64 " stay taken", PAGES,
		PAGES - kept, kept);
	return kept;
}

static enum gup_bug_outcome judge(uint64_t held, uint64_t kept)
{
	if (held == PAGES && kept == PAGES)
		return GUP_BUG_SEEN;
	if (!held && !kept)
		return GUP_BUG_GONE;
	return gup_bug_confused("%" PRIu64 " pages held and %" PRIu64 " not freed", held, kept);
}

static enum gup_bug_outcome call_and_unmap(struct driver *driver, uint64_t arg, uint64_t buffer)
{
	struct gup_stage *stage = driver->stage;
	int err = pin_pages(driver, arg);
	uint64_t held;

	gup_say("the application calls \"pin my %d pages\"; its argument lies in memory that it may only read", PAGES);
	gup_say("the pin works, copy_to_user() of the answer fails, the call returns %s", gup_errno_text(err));
	if (err != -GUP_EFAULT)
		return gup_bug_confused("the call should have failed with -EFAULT");
	held = say_holders(stage);
	return judge(held, unmap_buffer(stage, buffer));
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	struct driver driver = { .stage = stage, .fixed = fixed };
	struct argument in = { 0 };
	uint64_t arg = gup_stage_map(stage, GUP_PAGE_SIZE, NULL);
	enum gup_bug_outcome outcome;

	in.addr = gup_stage_map(stage, BYTES, NULL);
	if (!arg || !in.addr || gup_copy_to_user(stage->mm, arg, &in, sizeof(in)) ||
	    gup_mprotect(stage->mm, arg, GUP_PAGE_SIZE, GUP_PROT_READ))
		return gup_bug_confused("the argument could not be made");
	outcome = call_and_unmap(&driver, arg, in.addr);
	if (driver.nr)
		gup_say("only closing the device file releases them");
	close_file(&driver);
	return outcome;
}

const struct gup_bug gup_bug_copy_to_user_leak = {
	.name = "copy-to-user-leak",
	.title = "a call fails with -EFAULT and leaves its pages pinned",
	.link = "https://github.com/tenstorrent/tt-kmd/issues/154",
	.field = { "A driver's call to pin pages entered the pin in its list and then copied the result to the",
		   "application. If that copy failed, the call returned -EFAULT with the pages still pinned,",
		   "until the file was closed. The report calls it practically unreachable, since the same",
		   "address had just been read. Pull request 210 copies first and enters the pin last." },
	.broken = "the pin is entered in the list before the answer is copied",
	.fixed = "the answer is copied first, and the pin undone if that fails",
	.broken_contract = GUP_LINUX_6_12,
	.fixed_contract = GUP_LINUX_6_12,
	.machine = { .normal_bytes = 8 * GUP_MIB, .no_huge_pages = true, .track_holders = true },
	.run = run,
};
