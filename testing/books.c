/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/books.c - who holds which frame: one entry for each reference of a call that got or pinned.
 *
 * The core tells of every reference that is taken and released (mm/watch.h) and asks before it takes any, which is where
 * a pin is made to fail. What is in the books when the scenario is over is what it forgot. A frame that nobody holds
 * any more uncovers the DMA mappings that it is part of.
 */
#include <stdlib.h>

#include "kit.h"

static struct gup_test *test_of(struct gup_watch *watch)
{
	return GUP_CONTAINER_OF(watch, struct gup_test, watch);
}

static void *must(void *p)
{
	if (!p)
		gup_port_panic(__FILE__, __LINE__, "the host has no memory for the test's books");
	return p;
}

static int gate(struct gup_watch *watch, u64 *nr, const void *site)
{
	struct gup_test *t = test_of(watch);

	(void)site;
	if (gup_kit_step(t, GUP_TEST_FAIL_PIN))
		return -GUP_EFAULT;
	if (nr && *nr > 1 && gup_kit_step(t, GUP_TEST_FAIL_PIN_SHORT))
		*nr /= 2;
	return 0;
}

static void taken(struct gup_watch *watch, struct gup_page *page, u64 nr, bool pin, const void *site)
{
	struct gup_test *t = test_of(watch);
	struct gup_kit_frame *frame = &t->frames[gup_pfn(t->m, page)];
	struct gup_kit_hold *hold;

	t->clock++;
	for (; nr; nr--, frame++) {
		hold = must(malloc(sizeof(*hold)));
		*hold = (struct gup_kit_hold){ frame->holds, site, t->clock, pin };
		frame->holds = hold;
	}
}

/* Take one hold of this kind off the frame; false if there is none. */
static bool drop_hold(struct gup_test *t, u64 pfn, bool pin, const void *site)
{
	struct gup_kit_frame *frame = &t->frames[pfn];
	struct gup_kit_hold **link = &frame->holds, *hold;

	while (*link && (*link)->pin != pin)
		link = &(*link)->next;
	hold = *link;
	if (!hold)
		return false;
	*link = hold->next;
	frame->taken = hold->site;
	frame->released = site;
	frame->pin = pin;
	free(hold);
	if (!frame->holds)
		gup_kit_uncover(t, pfn, site);
	return true;
}

/* As in the core: through another page of the folio, which may be gone by now, but its hold is in these 2 MiB. */
static void drop_in_folio(struct gup_test *t, struct gup_page *page, bool pin, const void *site)
{
	u64 pfn = gup_pfn(t->m, page), start = pfn & ~(u64)(GUP_HUGE_PAGES - 1), i;

	if (drop_hold(t, pfn, pin, site))
		return;
	for (i = start; i < start + GUP_HUGE_PAGES; i++)
		if (drop_hold(t, i, pin, site))
			return;
}

static void released(struct gup_watch *watch, struct gup_page *page, u64 nr, bool pin, const void *site)
{
	for (; nr; nr--, page++)
		drop_in_folio(test_of(watch), page, pin, site);
}

static bool same_refusal(const struct gup_kit_refused *a, const struct gup_kit_refused *b)
{
	return a->pin == b->pin && a->held == b->held && !a->pfn == !b->pfn && gup_kit_same_site(a->site, b->site) &&
	       gup_kit_same_site(a->taken, b->taken) && gup_kit_same_site(a->released, b->released);
}

static void refused(struct gup_watch *watch, struct gup_page *page, bool pin, const void *site, const void *taken)
{
	struct gup_test *t = test_of(watch);
	struct gup_kit_refused r = { .count = 1, .pin = pin, .site = site, .taken = taken };
	const struct gup_kit_frame *frame = NULL;

	if (page >= t->m->frames + GUP_HUGE_PAGES && page < t->m->frames + t->m->nr_pfns) {
		r.pfn = gup_pfn(t->m, page);
		frame = &t->frames[r.pfn];
	}
	if (frame && frame->holds && frame->holds->pin != pin) {
		r.held = true;
		r.taken = frame->holds->site;
	} else if (frame && frame->released && frame->pin == pin) {
		r.taken = frame->taken;
		r.released = frame->released;
	}
	while (t->refused.count && !same_refusal(&t->refused, &r))
		gup_kit_flush(t);
	if (t->refused.count)
		t->refused.count++;
	else
		t->refused = r;
}

void gup_kit_watch(struct gup_test *t)
{
	t->watch = (struct gup_watch){ gate, taken, released, refused };
	t->frames = must(calloc(t->m->nr_pfns, sizeof(*t->frames)));
	gup_watch_set(t->m, &t->watch);
}

void gup_kit_books_free(struct gup_test *t)
{
	struct gup_kit_hold *hold;
	u64 pfn;

	for (pfn = 0; pfn < t->m->nr_pfns; pfn++) {
		while ((hold = t->frames[pfn].holds)) {
			t->frames[pfn].holds = hold->next;
			free(hold);
		}
	}
	free(t->frames);
}

const struct gup_kit_hold *gup_kit_holder(const struct gup_test *t, u64 pfn)
{
	return t->frames[pfn].holds;
}

/* ---- what is left ---- */

static const struct gup_kit_hold *next_hold(const struct gup_test *t, u64 *pfn, const struct gup_kit_hold *hold)
{
	hold = hold ? hold->next : NULL;
	while (!hold && ++*pfn < t->m->nr_pfns)
		hold = t->frames[*pfn].holds;
	return hold;
}

bool gup_kit_any_hold(const struct gup_test *t)
{
	u64 pfn = 0;

	return next_hold(t, &pfn, NULL);
}

/* All holds of one site and kind are one report, and counted: their birth is set back behind the mark. */
static void report_holds(struct gup_test *t, const void *site, bool pin)
{
	struct gup_kit_hold *hold = NULL;
	u64 pfn = 0, count = 0;

	while ((hold = (struct gup_kit_hold *)next_hold(t, &pfn, hold))) {
		if (hold->born <= t->mark || hold->pin != pin || !gup_kit_same_site(hold->site, site))
			continue;
		hold->born = 0;
		count++;
	}
	gup_kit_report_left(t, GUP_TEST_PIN_LEFT, site, count, pin ? "pin" : "get", "taken");
}

void gup_kit_holds_left(struct gup_test *t)
{
	const struct gup_kit_hold *hold = NULL;
	u64 pfn = 0;

	while ((hold = next_hold(t, &pfn, hold)))
		if (hold->born > t->mark)
			report_holds(t, hold->site, hold->pin);
}

u64 gup_kit_cma_frames(const struct gup_test *t, unsigned int zone)
{
	const struct gup_zone *z = &t->m->zones[zone];
	u64 pfn, frames = 0;

	if (z->kind != GUP_ZONE_CMA)
		return 0;
	for (pfn = z->start; pfn < z->end; pfn++)
		frames += gup_kind(gup_page_at(t->m, pfn)) == GUP_FRAME_CMA;
	return frames;
}

void gup_kit_cma_left(struct gup_test *t)
{
	struct gup_kit_about about = { .finding = GUP_TEST_MEMORY_LEFT };
	unsigned int i;

	for (i = 0; i < t->m->nr_zones; i++) {
		u64 frames = gup_kit_cma_frames(t, i);

		if (frames <= t->cma_frames[i])
			continue;
		about.count = frames - t->cma_frames[i];
		gup_kit_report(t, &about, "%llu page%s left that gup_cma_alloc() took from area \"%s\"",
			       (unsigned long long)about.count, about.count == 1 ? "" : "s", t->m->zones[i].name);
	}
}
