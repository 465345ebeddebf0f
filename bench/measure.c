/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/measure.c - the measuring loop: every side once a round, in turns, so that a slow moment meets all of them.
 *
 * A round is passes of a side for two milliseconds, at least one. A case has as many rounds as it asks for, or fewer, but
 * at least five, where they are long. Every pass gives back what it took before the next side has its turn, and a call
 * that does less than it was asked for ends it all.
 */
#include "bench.h"

#include <stdlib.h>
#include <time.h>

#define ROUNDS_MOST 31u
#define ROUNDS_LEAST 5u
#define ROUND_NS UINT64_C(2000000)
#define ALONE_MOST 20u
#define CASE_NS UINT64_C(1500000000)

uint64_t gup_bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void gup_bench_add(struct gup_bench_round *round, enum gup_bench_part part, uint64_t start, uint64_t units)
{
	round->ns[part] += gup_bench_now() - start;
	round->units += units;
}

static bool is_over(const struct gup_bench_round *round)
{
	return gup_bench_now() >= round->deadline;
}

/* After 1, 2, 4, 8 ... calls the clock is looked at: rarely where calls are short, and in time where they wait. */
static bool look_now(uint64_t calls)
{
	return calls && !(calls & (calls - 1));
}

bool gup_bench_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	uint64_t nr = scene->bytes >> GUP_PAGE_SHIFT, end, at, start, calls = 0;
	uint64_t window = side->window ? side->window : scene->world.bytes >> GUP_PAGE_SHIFT;

	start = gup_bench_now();
	for (end = 0; end < window && !(look_now(calls) && is_over(round)); end += nr, calls++)
		if (side->pin(scene, end, (long)nr) != (long)nr)
			return false;
	gup_bench_add(round, GUP_BENCH_PIN, start, end);
	start = gup_bench_now();
	for (at = 0; at < end; at += nr)
		if (side->unpin(scene, at, (long)nr) != (long)nr)
			return false;
	gup_bench_add(round, GUP_BENCH_UNPIN, start, 0);
	return true;
}

/* What the second thread did since then counts as well, and so does all the time that it had for it. */
static void add_second(struct gup_bench_round *round, uint64_t start, uint64_t done_before)
{
	double times = 2.0 * (double)(gup_bench_now() - start) / (double)(round->ns[0] + round->ns[1]);

	round->units += gup_bench_second_done() - done_before;
	round->ns[0] = (uint64_t)((double)round->ns[0] * times);
	round->ns[1] = (uint64_t)((double)round->ns[1] * times);
}

/* Passes until the round is over. */
static bool passes(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	uint64_t start = gup_bench_now(), done_before = gup_bench_second_done();
	bool ok;

	round->deadline = start + ROUND_NS;
	do
		ok = side->run(scene, side, round);
	while (ok && !is_over(round));
	if (ok && side->both)
		add_second(round, start, done_before);
	return ok && round->units;
}

/* Passes beside the second thread, which has to do something meanwhile: else they were alone, and are made again. */
static bool passes_beside(struct gup_bench_scene *scene, const struct gup_bench_side *side,
			  struct gup_bench_round *round)
{
	unsigned int tries = 0;
	uint64_t before;
	bool ok, alone;

	do {
		*round = (struct gup_bench_round){ 0 };
		if (!gup_bench_second_start(side->beside, scene))
			return false;
		before = gup_bench_second_done();
		ok = passes(scene, side, round);
		alone = gup_bench_second_done() == before;
		ok &= gup_bench_second_stop();
	} while (ok && alone && ++tries < ALONE_MOST);
	return ok && (!alone || gup_bench_complain("the second thread did nothing while it was measured"));
}

/* Nanoseconds a unit of each part. */
static bool run_round(struct gup_bench_scene *scene, const struct gup_bench_side *side, double out[GUP_BENCH_PARTS])
{
	struct gup_bench_round round = { 0 };
	bool ok = side->beside ? passes_beside(scene, side, &round) : passes(scene, side, &round);

	out[GUP_BENCH_PIN] = (double)round.ns[0] / (double)round.units;
	out[GUP_BENCH_UNPIN] = (double)round.ns[1] / (double)round.units;
	out[GUP_BENCH_PAIR] = out[GUP_BENCH_PIN] + out[GUP_BENCH_UNPIN];
	return ok;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void sum_up(double rounds[ROUNDS_MOST][GUP_BENCH_PARTS], unsigned int nr, struct gup_bench_result *out)
{
	double sorted[ROUNDS_MOST];
	unsigned int part, i;

	for (part = 0; part < GUP_BENCH_PARTS; part++) {
		for (i = 0; i < nr; i++)
			sorted[i] = rounds[i][part];
		qsort(sorted, nr, sizeof(sorted[0]), by_value);
		out->min[part] = sorted[0];
		out->med[part] = sorted[nr / 2];
	}
}

bool gup_bench_measure(const struct gup_bench_case *c, struct gup_bench_scene *scene, struct gup_bench_result *results)
{
	double rounds[GUP_BENCH_SIDES_MOST][ROUNDS_MOST][GUP_BENCH_PARTS];
	unsigned int most = c->rounds ? c->rounds : ROUNDS_MOST, side, nr;
	uint64_t deadline = gup_bench_now() + CASE_NS;

	for (nr = 0; nr < most && (nr < ROUNDS_LEAST || gup_bench_now() < deadline); nr++)
		for (side = 0; side < c->nr_sides; side++)
			if (!run_round(scene, &c->sides[side], rounds[side][nr]))
				return gup_bench_complain("a call did less than it was asked for");
	for (side = 0; side < c->nr_sides; side++)
		sum_up(rounds[side], nr, &results[side]);
	return true;
}
