/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/threads.c - two threads that pin at the same time: pages of their own, or the same 64.
 *
 * With pages of their own they should not notice each other: how much longer a page takes than for one thread alone is
 * compared with how much longer it takes the raw loop, whose threads share nothing but the computer. On the same pages
 * both fight for the same words, and times are compared. Pins of the library's own form meet in lists of their machine.
 */
#include "bench.h"

#define OWN_PAGES 256u	  /* of each thread */
#define OTHERS_FROM 2048u /* where those of the second begin */
#define SAME_PAGES 64u
#define SAME_AT 2048u /* where the second thread puts the pages that it got */

static bool both_did(long pinned, long unpinned, long nr, uint64_t *done)
{
	*done += (uint64_t)nr;
	return pinned == nr && unpinned == nr;
}

/* One pin of the library's own form, which goes through lists of the machine, and its release. */
static bool own_form(struct gup_bench_scene *scene, uint64_t at)
{
	struct gup_request request = {
		.addr = scene->world.addr + (at << GUP_PAGE_SHIFT),
		.bytes = scene->bytes,
		.flags = GUP_WRITE,
	};
	struct gup_pin *pin;

	return !gup_pin(scene->world.mm, &request, &pin, NULL) && !gup_unpin(pin, false);
}

static bool own_form_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side,
			  struct gup_bench_round *round)
{
	uint64_t start = gup_bench_now(), nr = scene->bytes >> GUP_PAGE_SHIFT, at;

	for (at = 0; at < side->window; at += nr)
		if (!own_form(scene, at))
			return false;
	gup_bench_add(round, GUP_BENCH_PIN, start, side->window);
	return true;
}

static bool own_form_others(struct gup_bench_scene *scene, uint64_t *done)
{
	uint64_t nr = scene->bytes >> GUP_PAGE_SHIFT, at = OTHERS_FROM + *done % OWN_PAGES;

	*done += nr;
	return own_form(scene, at);
}

/* One call and its release, then the next; @done says where the thread is. */
static bool pin_others(struct gup_bench_scene *scene, uint64_t *done)
{
	long nr = (long)(scene->bytes >> GUP_PAGE_SHIFT), pinned;
	uint64_t at = OTHERS_FROM + *done % OWN_PAGES;

	pinned = gup_bench_pin_fast(scene, at, nr);
	return both_did(pinned, gup_bench_unpin(scene, at, nr), nr, done);
}

static bool raw_others(struct gup_bench_scene *scene, uint64_t *done)
{
	long nr = (long)(scene->bytes >> GUP_PAGE_SHIFT), pinned;
	uint64_t at = OTHERS_FROM + *done % OWN_PAGES;

	pinned = gup_bench_raw_loop_pin(scene, at, nr);
	return both_did(pinned, gup_bench_raw_loop_unpin(scene, at, nr), nr, done);
}

static bool pin_same(struct gup_bench_scene *scene, uint64_t *done)
{
	long nr = (long)(scene->bytes >> GUP_PAGE_SHIFT), pinned;
	struct gup_page **pages = scene->world.pages + SAME_AT;
	uint64_t addr = scene->world.addr + (*done % SAME_PAGES << GUP_PAGE_SHIFT);

	pinned = gup_pin_user_pages_fast(scene->world.mm, addr, (int)nr, GUP_WRITE, pages);
	return both_did(pinned, gup_unpin_user_pages(scene->world.m, pages, (unsigned long)nr) ? 0 : nr, nr, done);
}

static bool raw_same(struct gup_bench_scene *scene, uint64_t *done)
{
	long nr = (long)(scene->bytes >> GUP_PAGE_SHIFT), pinned;
	struct gup_page **pages = scene->world.pages + SAME_AT;

	pinned = gup_bench_raw_pin(&scene->raw, *done % SAME_PAGES, nr, pages);
	return both_did(pinned, gup_bench_raw_unpin(pages, nr), nr, done);
}

enum { ONE, TWO, RAW_ONE, RAW_TWO, SAME, RAW_SAME, FORM_ONE, FORM_TWO };

#define LIBGUP .run = gup_bench_pass, .pin = gup_bench_pin_fast, .unpin = gup_bench_unpin
#define RAW_LOOP .run = gup_bench_pass, .pin = gup_bench_raw_loop_pin, .unpin = gup_bench_raw_loop_unpin

static const struct gup_bench_side sides[] = {
	[ONE] = { LIBGUP, .window = OWN_PAGES },
	[TWO] = { LIBGUP, .window = OWN_PAGES, .beside = pin_others, .both = true },
	[RAW_ONE] = { RAW_LOOP, .window = OWN_PAGES },
	[RAW_TWO] = { RAW_LOOP, .window = OWN_PAGES, .beside = raw_others, .both = true },
	[SAME] = { LIBGUP, .window = SAME_PAGES, .beside = pin_same, .both = true },
	[RAW_SAME] = { RAW_LOOP, .window = SAME_PAGES, .beside = raw_same, .both = true },
	[FORM_ONE] = { .run = own_form_pass, .window = OWN_PAGES },
	[FORM_TWO] = { .run = own_form_pass, .window = OWN_PAGES, .beside = own_form_others, .both = true },
};

static const struct gup_bench_row rows[] = {
	{ GUP_BENCH_ROW("threads-disjoint", "raw-loop", TWO, RAW_TWO), .slowdown = true, .libgup_base = ONE,
	  .peer_base = RAW_ONE },
	{ GUP_BENCH_ROW("threads-same", "raw-loop", SAME, RAW_SAME) },
	{ GUP_BENCH_ROW("threads-own-form", "raw-loop", FORM_TWO, RAW_TWO), .slowdown = true, .libgup_base = FORM_ONE,
	  .peer_base = RAW_ONE, .part = 1 + GUP_BENCH_PAIR },
};

static enum gup_bench_open threads_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	if (!gup_bench_world_small(&scene->world, false) ||
	    !gup_bench_raw_open(&scene->raw, scene->world.bytes >> GUP_PAGE_SHIFT, 1))
		return GUP_BENCH_BROKEN;
	if (!gup_bench_run_on(1) || !gup_bench_run_on(0))
		return gup_bench_skip(c->name, "there is one processor");
	return GUP_BENCH_READY;
}

const struct gup_bench_case gup_bench_threads = {
	.name = "threads",
	.kind = "4K",
	.sizes = { GUP_BENCH_KIB(4), GUP_BENCH_KIB(64) },
	.parts = { "pin", "unpin", "pair" },
	.open = threads_open,
	GUP_BENCH_SIDES(sides),
	GUP_BENCH_ROWS(rows),
};
