/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/programs/main.c - the hunt: program after program, each in many orders, until enough schedules were played.
 *
 * Pairs come first; of each, every schedule with one pre-emption is played, then some by chance. Programs that are
 * drawn follow. The first finding ends the hunt: what was found, its trace, and the command that replays it.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "number.h"
#include "program.h"

#define BY_CHANCE 100u
#define BY_CHANCE_DRAWN 200u

struct hunt {
	uint64_t schedules;   /* how many to play */
	uint64_t first, step; /* programs */
	unsigned int explore;
	bool one; /* only the program that was named */
	struct program program;
	const char *self;
	uint64_t programs, played, explored;
};

static void usage(const char *self)
{
	fprintf(stderr,
		"usage: %s [--schedules N] [--first N] [--step N] [--explore 0..%d] [--program \"anon: pin write | "
		"fork\"]\n"
		"  programs FIRST, FIRST + STEP ... until N schedules were played, or the one that is given\n",
		self, GUP_TEST_MAX_EXPLORE);
	exit(2);
}

static void parse(int argc, char **argv, struct hunt *hunt)
{
	static const struct option options[] = {
		{ "schedules", required_argument, NULL, 's' }, { "first", required_argument, NULL, 'f' },
		{ "step", required_argument, NULL, 't' },      { "explore", required_argument, NULL, 'e' },
		{ "program", required_argument, NULL, 'p' },   { 0 },
	};
	char why[256];
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			hunt->schedules = number_of(optarg, UINT64_MAX, argv[0]);
		else if (option == 'f')
			hunt->first = number_of(optarg, UINT32_MAX, argv[0]);
		else if (option == 't')
			hunt->step = number_of(optarg, UINT32_MAX, argv[0]);
		else if (option == 'e')
			hunt->explore = strcmp(optarg, "0")
						? (unsigned int)number_of(optarg, GUP_TEST_MAX_EXPLORE, argv[0])
						: 0;
		else if (option == 'p')
			hunt->one = program_parse(optarg, &hunt->program, why, sizeof(why));
		else
			usage(argv[0]);
		if (option == 'p' && !hunt->one) {
			fprintf(stderr, "%s: %s\n", argv[0], why);
			usage(argv[0]);
		}
	}
	if (optind < argc)
		usage(argv[0]);
}

/* False if something was found. */
static bool play(struct hunt *hunt, const struct program *program, unsigned int explore, uint64_t count)
{
	struct gup_test_spec spec = { .memory = program->memory, .contract = program->contract };
	struct gup_test_result result = { 0 };
	struct gup_test_play play;
	char text[256];
	int err;

	program_text(program, text, sizeof(text));
	spec.name = text;
	world_play(program, &play);
	play.explore = explore;
	play.count = count;
	err = gup_test_schedules(&spec, &play, &result);
	hunt->programs++;
	hunt->played += result.runs;
	hunt->explored += result.runs > count ? result.runs - count : 0;
	if (!err)
		return true;
	if (err != -GUP_ENOTRECOVERABLE)
		exit(2);
	printf("found after %llu schedules; again: GUP_REPLAY=%#llx %s --program \"%s\"\n",
	       (unsigned long long)hunt->played, (unsigned long long)result.schedule, hunt->self, text);
	return false;
}

static bool search(struct hunt *hunt)
{
	struct program program;
	bool pair, ok = true;

	for (; ok && hunt->played < hunt->schedules; hunt->first += hunt->step) {
		program_make(hunt->first, &program);
		pair = hunt->first <= program_nr_pairs();
		ok = play(hunt, &program, pair ? hunt->explore : 0, pair ? BY_CHANCE : BY_CHANCE_DRAWN);
	}
	return ok;
}

int main(int argc, char **argv)
{
	struct hunt hunt = { .schedules = 20000, .first = 1, .step = 1, .explore = 1, .self = argv[0] };
	bool ok;

	parse(argc, argv, &hunt);
	ok = hunt.one ? play(&hunt, &hunt.program, hunt.explore, hunt.schedules) : search(&hunt);
	printf("%llu programs, %llu schedules, %llu of them by counting; %.0f in a second\n",
	       (unsigned long long)hunt.programs, (unsigned long long)hunt.played, (unsigned long long)hunt.explored,
	       (double)hunt.played / ((double)clock() / CLOCKS_PER_SEC));
	return ok ? 0 : 1;
}
