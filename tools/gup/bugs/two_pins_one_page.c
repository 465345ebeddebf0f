/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/two_pins_one_page.c - bug 6: two pins of one CMA page keep it from moving.
 *
 * In the field it was a race of two long-term pins. The broken half holds the second reference by a short pin that
 * stays, so that the same refusal comes every time; the fixed half lets two threads race.
 */
#define _GNU_SOURCE
#include "bug.h"

#include <inttypes.h>
#include <pthread.h>

#define PAGES 16

struct racer {
	struct gup_stage *stage;
	uint64_t addr;
	pthread_barrier_t *start;
	struct gup_page *pages[PAGES];
	int got;
};

static enum gup_bug_outcome pin_beside_another(struct gup_stage *stage, uint64_t addr)
{
	struct gup_page *first, *second;
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, addr, 1, GUP_WRITE | GUP_LONGTERM, &second, NULL };
	struct gup_why why = { 0 };
	long got;

	if (gup_pin_user_pages_fast(stage->mm, addr, 1, GUP_WRITE, &first) != 1)
		return gup_bug_confused("the first pin failed");
	got = gup_user_pages(stage->mm, &call, &why);
	gup_say("one pin holds the page; pin_user_pages_fast(FOLL_WRITE | FOLL_LONGTERM) = %s", gup_errno_text(got));
	if (got < 0)
		gup_say_why(&why);
	else
		gup_unpin_user_page(stage->m, second);
	gup_unpin_user_page(stage->m, first);
	return got == -GUP_ENOMEM ? GUP_BUG_SEEN : GUP_BUG_CONFUSED;
}

static void *race(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->start);
	racer->got = gup_pin_user_pages_fast(racer->stage->mm, racer->addr, PAGES, GUP_WRITE | GUP_LONGTERM,
					     racer->pages);
	return NULL;
}

static bool run_both(struct racer racers[2])
{
	pthread_barrier_t start;
	pthread_t thread;

	pthread_barrier_init(&start, NULL, 2);
	racers[0].start = racers[1].start = &start;
	if (pthread_create(&thread, NULL, race, &racers[0]))
		return gup_say_unexpected("no second thread");
	race(&racers[1]);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&start);
	return true;
}

/* Both hold the same frames, each frame has exactly two pins, none lies in CMA. */
static bool both_are_right(const struct racer racers[2])
{
	struct gup_machine *m = racers[0].stage->m;
	bool right = racers[0].got == PAGES && racers[1].got == PAGES;

	for (int i = 0; right && i < PAGES; i++)
		right = racers[0].pages[i] == racers[1].pages[i] && gup_page_pins(m, racers[0].pages[i]) == 2;
	return right && !gup_pages_in_zone(racers[0].stage->mm, racers[0].addr, PAGES * GUP_PAGE_SIZE, GUP_ZONE_CMA);
}

static enum gup_bug_outcome pin_in_a_race(struct gup_stage *stage, uint64_t addr)
{
	struct racer racers[2] = { { .stage = stage, .addr = addr }, { .stage = stage, .addr = addr } };
	bool right;

	if (!run_both(racers))
		return GUP_BUG_CONFUSED;
	gup_say("two threads pin %d borrowed pages at once, both with FOLL_LONGTERM: %d and %d", PAGES, racers[0].got,
		racers[1].got);
	right = both_are_right(racers);
	if (right)
		gup_say("both hold the same frames, each frame has exactly 2 pins, none lies in the area any more");
	for (int i = 0; i < 2; i++)
		if (racers[i].got > 0)
			gup_unpin_user_pages(stage->m, racers[i].pages, (unsigned long)racers[i].got);
	return right ? GUP_BUG_GONE : GUP_BUG_SEEN;
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	uint64_t addr = gup_bug_borrow(stage, PAGES);

	if (!addr)
		return GUP_BUG_CONFUSED;
	return fixed ? pin_in_a_race(stage, addr) : pin_beside_another(stage, addr);
}

const struct gup_bug gup_bug_two_pins_one_page = {
	.name = "two-pins-one-cma-page",
	.title = "two long-term pins of one CMA page, and a virtual machine that does not start",
	.link = "https://github.com/deepin-community/kernel/pull/471",
	.field = { "With half of memory in CMA, a virtual machine with a passed-through device did not",
		   "start: its memory was pinned for long while the page-fault handler pinned the same",
		   "page. Each took its reference first and moved the page then, so each met the other's",
		   "reference, and the move failed. The fix there was one big lock." },
	.broken = "somebody else's reference when the page must move (held, so that it shows every time)",
	.fixed = "two racing long-term pins under native",
	.broken_contract = GUP_LINUX_6_12,
	.fixed_contract = GUP_NATIVE,
	.machine = {
		.normal_bytes = 8 * GUP_MIB,
		.cma = { { .name = "camera", .bytes = 16 * GUP_MIB } },
		.no_huge_pages = true,
		.track_holders = true,
	},
	.run = run,
};
