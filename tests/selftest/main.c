/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - the process: boots the kernel half on a machine, runs the user half, looks at what is left.
 *
 * Arguments are the user half's. Environment: SELFTEST_MEMORY=movable puts user memory into ZONE_MOVABLE. The last line
 * on stderr is the machine's; a count that is wrong makes the exit status 99.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SELFTEST_CALLS
#include "selftest.h"
#include "user.h"

#define MIB (1ull << 20)
#define WINDOW (1ull << 30)
#define WRONG 99

static int make_world(void)
{
	const char *memory = getenv("SELFTEST_MEMORY");
	bool movable = memory && !strcmp(memory, "movable");
	struct gup_machine_config config = { .normal_bytes = 256 * MIB,
					     .movable_bytes = movable ? 256 * MIB : 0,
					     .hugetlb_pages = 8,
					     .contract = SELFTEST_CONTRACT };
	int err = gup_machine_create(&config, &selftest.machine);

	if (!err)
		err = gup_mm_create(selftest.machine, "gup_test", &selftest.mm);
	if (!err)
		err = gup_mirror_open(selftest.mm, 0, WINDOW);
	return err ? err : selftest_boot();
}

/* The process ends here, from wherever it called exit(). */
static void end_world(void)
{
	struct gup_check check;
	struct gup_stats stats;
	bool sound;

	fflush(stdout);
	selftest_exit_files();
	sound = !gup_machine_check(selftest.machine, &check) && !check.pins && !check.gets;
	gup_machine_stats(selftest.machine, &stats);
	fprintf(stderr, "machine: %llu pages taken, %llu folios moved%s%s\n",
		(unsigned long long)(stats.fast_pages + stats.slow_pages), (unsigned long long)stats.migrated,
		sound ? "" : ", counts are wrong: ", check.first_error);
	selftest_halt();
	gup_mm_destroy(selftest.mm);
	if (gup_machine_destroy(selftest.machine) || !sound || stats.bad_unpins)
		_exit(WRONG);
}

int main(int argc, char **argv)
{
	int err = make_world();

	if (err) {
		fprintf(stderr, "no world to test in: %s\n", strerror(-err));
		return WRONG;
	}
	atexit(end_world);
	return selftest_main(argc, argv);
}
