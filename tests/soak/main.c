/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/main.c - rounds of work, a line of rates each second, a check of the machine between rounds, a summary.
 *
 * soak [-t SECONDS | -n ACTS] [-s SEED]. With -n each worker does that many acts in all, however long it takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"

#define ROUND_SECONDS 5
#define ROUNDS_OF_ACTS 4
#define STUCK_SECONDS 30
#define SECONDS_MAX 1000000

struct options {
	uint64_t seconds, acts, seed;
};

/* What the last line of rates was made of. */
struct seen {
	uint64_t counts[NR_COUNTS];
	struct gup_stats stats;
	uint64_t acts[NR_CREW];
	unsigned int idle[NR_CREW]; /* seconds without an act */
	unsigned int second;
};

static unsigned int passed, failed;

static void check(bool good, const char *what)
{
	if (!good)
		printf("FAILED: %s\n", what);
	passed += good;
	failed += !good;
}

static uint64_t sum(struct soak *soak, enum count what)
{
	uint64_t all = 0;
	unsigned int i;

	for (i = 0; i < NR_CREW; i++)
		all += atomic_load(&soak->crew[i].counts[what]);
	return all;
}

static void look(struct soak *soak, struct seen *now)
{
	unsigned int i;

	for (i = 0; i < NR_COUNTS; i++)
		now->counts[i] = sum(soak, i);
	gup_machine_stats(soak->m, &now->stats);
}

static void rates(struct soak *soak, struct seen *seen)
{
	struct seen now = *seen;

	look(soak, &now);
	now.second++;
#define RATE(what) (unsigned long long)(now.what - seen->what)
	printf("%4u s  %7llu pins/s  %7llu faults/s  %6llu moves/s  %5llu forks/s  %5llu CMA/s  %6llu ENOMEM/s  %6llu "
	       "free\n",
	       now.second, RATE(counts[COUNT_PINS]), RATE(stats.faults), RATE(stats.migrated),
	       RATE(counts[COUNT_FORKS]), RATE(counts[COUNT_CMA]), RATE(counts[COUNT_NO_MEMORY]),
	       (unsigned long long)now.stats.free_frames);
#undef RATE
	fflush(stdout);
	*seen = now;
}

/* A thread that is stuck may hold locks: nothing is cleared away. */
static void end_if_stuck(struct soak *soak, struct seen *seen)
{
	unsigned int i, stuck = 0;

	for (i = 0; i < NR_CREW; i++) {
		struct worker *w = &soak->crew[i];
		bool idle = seen->acts[i] == atomic_load(&w->acts) && strcmp(atomic_load(&w->doing), "resting") != 0;

		seen->idle[i] = idle ? seen->idle[i] + 1 : 0;
		seen->acts[i] = atomic_load(&w->acts);
		stuck += seen->idle[i] >= STUCK_SECONDS;
	}
	if (!stuck)
		return;
	for (i = 0; i < NR_CREW; i++)
		printf("worker %u: %s, %s for %u s\n", i, atomic_load(&soak->crew[i].doing),
		       seen->idle[i] ? "without progress" : "going on", seen->idle[i]);
	printf("FAILED: %u threads are stuck (seed %llu)\n%u passed, %u failed\n", stuck,
	       (unsigned long long)soak->seed, passed, failed + 1);
	fflush(stdout);
	_exit(1);
}

static void run_round(struct soak *soak, struct seen *seen, unsigned int seconds)
{
	unsigned int end = seen->second + seconds;

	crew_begin_round(soak);
	while (!crew_rests(soak, 1000)) {
		rates(soak, seen);
		end_if_stuck(soak, seen);
		if (seconds && seen->second >= end)
			atomic_store(&soak->rest, true);
	}
}

static void check_machine(struct soak *soak, const char *what)
{
	struct gup_check result;
	int ret = gup_machine_check(soak->m, &result);

	check(ret == 0, what);
	if (ret)
		printf("  machine check: %d, %u errors, first: %s\n", ret, result.errors, result.first_error);
	check(result.pins == stage_pins(soak) && !result.gets, "pins are those that are held, and no gets are left");
}

static void rounds(struct soak *soak, const struct options *options, struct seen *seen)
{
	uint64_t done = 0;
	unsigned int i;

	while (!soak->failure[0] && done < (options->acts ? ROUNDS_OF_ACTS : options->seconds)) {
		uint64_t left = options->seconds - seen->second;
		unsigned int seconds = left < ROUND_SECONDS ? left : ROUND_SECONDS;

		for (i = 0; options->acts && i < NR_CREW; i++)
			soak->crew[i].goal = options->acts * (done + 1) / ROUNDS_OF_ACTS;
		run_round(soak, seen, options->acts ? 0 : seconds);
		done = options->acts ? done + 1 : seen->second;
		if (!soak->failure[0])
			check_machine(soak, "the machine is sound");
	}
	check(!soak->failure[0], soak->failure);
}

static void summary(struct soak *soak, struct seen *seen)
{
	static const char *const names[NR_COUNTS] = {
		"pages pinned", "forks",	   "CMA allocations", "blocks taken offline",
		"folios split", "objects cut",	   "invalidations",   "pages compared",
		"-ENOMEM",	"-EBUSY, -EAGAIN",
	};
	unsigned int i;

	look(soak, seen);
	printf("\n%-22s%12llu\n%-22s%12llu\n%-22s%12llu\n%-22s%12llu\n", "faults",
	       (unsigned long long)seen->stats.faults, "pages copied for COW",
	       (unsigned long long)seen->stats.cow_copies, "folios moved", (unsigned long long)seen->stats.migrated,
	       "pages by fast path", (unsigned long long)seen->stats.fast_pages);
	for (i = 0; i < NR_COUNTS; i++)
		printf("%-22s%12llu\n", names[i], (unsigned long long)seen->counts[i]);
	check(seen->stats.bad_unpins == 0, "no unpin was refused");
}

static void the_end(struct soak *soak)
{
	if (stage_clear(soak)) {
		check(false, soak->failure[0] ? soak->failure : "all is given back with the right bytes");
		return;
	}
	check(true, "");
	memset(soak->crew, 0, sizeof(soak->crew));
	check_machine(soak, "the machine is sound without applications");
	check(free_frames(soak) == soak->free_frames, "all frames are free again");
	if (free_frames(soak) != soak->free_frames)
		printf("  free frames: %llu of %llu\n", (unsigned long long)free_frames(soak),
		       (unsigned long long)soak->free_frames);
	check(gup_machine_destroy(soak->m) == 0, "the machine can be destroyed");
}

static int usage(const char *what)
{
	fprintf(stderr,
		"soak: %s\nusage: soak [-t SECONDS | -n ACTS] [-s SEED], whole numbers; 60 seconds if nothing is "
		"said\n",
		what);
	return 2;
}

static bool number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && *out >= min && *out <= max;
}

int main(int argc, char **argv)
{
	struct options options = { .seconds = 60, .seed = (uint64_t)time(NULL) };
	static struct soak soak;
	struct seen seen = { 0 };
	int option;

	while ((option = getopt(argc, argv, "t:n:s:")) != -1) {
		if (option == 't' && !number(optarg, 1, SECONDS_MAX, &options.seconds))
			return usage("TIME is the seconds to run, from 1 to 1000000");
		if (option == 'n' && !number(optarg, 1, UINT32_MAX, &options.acts))
			return usage("ACTS is how many acts each thread does, from 1 on");
		if (option == 's' && !number(optarg, 0, UINT32_MAX, &options.seed))
			return usage("SEED is a number from 0 to 4294967295");
		if (option == '?')
			return usage("unknown option");
	}
	if (optind < argc)
		return usage("it takes options only");
	soak.seed = options.seed;
	printf("seed %llu, %u threads\n", (unsigned long long)soak.seed, NR_CREW);
	if (stage_set(&soak)) {
		printf("0 passed, 1 failed\n");
		return 1;
	}
	crew_start(&soak);
	rounds(&soak, &options, &seen);
	crew_end(&soak);
	summary(&soak, &seen);
	if (!failed)
		the_end(&soak);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
