/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/cases.c - measuring one case: every variant once a round, in turns, so that a slow moment meets all of them.
 *
 * A pass pins the 16 MiB call by call and unpins them call by call; a round is passes for two milliseconds, the last one
 * cut short. A case has 31 rounds, or fewer, but at least 15, where waiting for the lock makes them long. Every pin is
 * unpinned before the next variant has its turn, and a call that takes fewer pages than it was asked for ends it all.
 */
#include "bench.h"

#include <stdlib.h>
#include <time.h>

#define ROUNDS 31u
#define ROUNDS_LEAST 15u
#define ROUND_NS UINT64_C(2000000)
#define CASE_NS UINT64_C(1500000000)

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static long pin(const struct gup_bench_case *c, enum gup_bench_variant v, uint64_t at, long nr)
{
	struct gup_page **pages = c->world->pages + at;
	unsigned long addr = c->world->addr + (at << GUP_PAGE_SHIFT);

	switch (v) {
	case GUP_BENCH_FAST:
		return gup_pin_user_pages_fast(c->world->mm, addr, (int)nr, GUP_WRITE, pages);
	case GUP_BENCH_SLOW:
		return gup_pin_user_pages_unlocked(c->world->mm, addr, (unsigned long)nr, GUP_WRITE, pages);
	case GUP_BENCH_FAST_LONGTERM:
		return gup_pin_user_pages_fast(c->world->mm, addr, (int)nr, GUP_WRITE | GUP_LONGTERM, pages);
	case GUP_BENCH_SLOW_LONGTERM:
		return gup_pin_user_pages_unlocked(c->world->mm, addr, (unsigned long)nr, GUP_WRITE | GUP_LONGTERM,
						   pages);
	default:
		return gup_bench_raw_pin(c->raw, at, nr, pages);
	}
}

static long unpin(const struct gup_bench_case *c, enum gup_bench_variant v, uint64_t at, long nr)
{
	struct gup_page **pages = c->world->pages + at;

	if (v == GUP_BENCH_RAW)
		return gup_bench_raw_unpin(pages, nr);
	return gup_unpin_user_pages(c->world->m, pages, (unsigned long)nr) ? 0 : nr;
}

/* One round of a variant as it grows. */
struct round {
	uint64_t deadline;
	uint64_t pages;
	uint64_t ns[GUP_BENCH_PARTS];
};

static bool is_over(const struct round *round)
{
	return now_ns() >= round->deadline;
}

/* After 1, 2, 4, 8 ... calls the clock is looked at: rarely where calls are short, and in time where they wait. */
static bool look_now(uint64_t calls)
{
	return calls && !(calls & (calls - 1));
}

/* Pin call by call to the end or to the deadline, unpin what was pinned, and add both times. */
static bool pass(const struct gup_bench_case *c, enum gup_bench_variant v, struct round *round)
{
	uint64_t nr = c->bytes >> GUP_PAGE_SHIFT, end, at, start, pinned, done, calls = 0;

	start = now_ns();
	for (end = 0; end < GUP_BENCH_PAGES && !(look_now(calls) && is_over(round)); end += nr, calls++)
		if (pin(c, v, end, (long)nr) != (long)nr)
			return false;
	pinned = now_ns();
	for (at = 0; at < end; at += nr)
		if (unpin(c, v, at, (long)nr) != (long)nr)
			return false;
	done = now_ns();
	round->pages += end;
	round->ns[GUP_BENCH_PIN] += pinned - start;
	round->ns[GUP_BENCH_UNPIN] += done - pinned;
	round->ns[GUP_BENCH_PAIR] += done - start;
	return true;
}

/* Nanoseconds a page of each part. */
static bool run_round(const struct gup_bench_case *c, enum gup_bench_variant v, double out[GUP_BENCH_PARTS])
{
	struct round round = { .deadline = now_ns() + ROUND_NS };
	unsigned int part;

	do {
		if (!pass(c, v, &round))
			return false;
	} while (!is_over(&round));
	for (part = 0; part < GUP_BENCH_PARTS; part++)
		out[part] = (double)round.ns[part] / (double)round.pages;
	return true;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void sum_up(double rounds[ROUNDS][GUP_BENCH_PARTS], unsigned int nr, struct gup_bench_result *out)
{
	double sorted[ROUNDS];
	unsigned int part, i;

	for (part = 0; part < GUP_BENCH_PARTS; part++) {
		for (i = 0; i < nr; i++)
			sorted[i] = rounds[i][part];
		qsort(sorted, nr, sizeof(sorted[0]), by_value);
		out->min[part] = sorted[0];
		out->med[part] = sorted[nr / 2];
	}
}

static bool measure(const struct gup_bench_case *c, struct gup_bench_result *results)
{
	unsigned int variants = c->raw ? GUP_BENCH_VARIANTS : GUP_BENCH_RAW, v, nr;
	double rounds[GUP_BENCH_VARIANTS][ROUNDS][GUP_BENCH_PARTS];
	uint64_t deadline = now_ns() + CASE_NS;

	for (nr = 0; nr < ROUNDS && (nr < ROUNDS_LEAST || now_ns() < deadline); nr++)
		for (v = 0; v < variants; v++)
			if (!run_round(c, v, rounds[v][nr]))
				return false;
	for (v = 0; v < variants; v++)
		sum_up(rounds[v], nr, &results[v]);
	return true;
}

/* What the rows call fast must have been taken without the lock. */
static bool fast_is_fast(const struct gup_bench_case *c)
{
	uint64_t before = gup_bench_slow_pages(c->world);
	struct round unused = { .deadline = UINT64_MAX };

	return pass(c, GUP_BENCH_FAST, &unused) && pass(c, GUP_BENCH_FAST_LONGTERM, &unused) &&
	       gup_bench_slow_pages(c->world) == before;
}

bool gup_bench_measure(const struct gup_bench_case *c, struct gup_bench_result results[GUP_BENCH_VARIANTS])
{
	bool ok;

	if (!fast_is_fast(c)) {
		fputs("gup-bench: pages that are present were not all taken without the lock\n", stderr);
		return false;
	}
	if (c->mapper && !gup_bench_mapper_start(c->world->mm))
		return false;
	ok = measure(c, results);
	if (!ok)
		fputs("gup-bench: a call took fewer pages than are there\n", stderr);
	if (c->mapper && !gup_bench_mapper_stop())
		return false;
	return ok;
}
