/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs.c - `gup bugs` lists the bugs, `gup bug N` plays one under the broken and under the fixed rules.
 */
#include "bugs/bug.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct gup_bug *const bugs[] = {
	&gup_bug_dax_truncate,		&gup_bug_cma_fast_hole,
	&gup_bug_errno_as_count,	&gup_bug_contiguous_array,
	&gup_bug_fork_lost_write,	&gup_bug_two_pins_one_page,
	&gup_bug_get_released_by_unpin, &gup_bug_freed_under_device,
	&gup_bug_copy_to_user_leak,	&gup_bug_vma_checked_then_pinned,
	&gup_bug_stale_registration,
};

#define NR_BUGS (sizeof(bugs) / sizeof(bugs[0]))

/* Only --help is known. Return: -1 to go on, else an exit status. */
static int parse(const char *command, const char *help, int argc, char **argv)
{
	static const struct option known[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	int code = getopt_long(argc, argv, ":h", known, NULL);

	if (code == -1)
		return -1;
	if (code != 'h')
		return gup_option_error(command, code, argv);
	fputs(help, stdout);
	return GUP_EXIT_OK;
}

int gup_command_bugs(int argc, char **argv)
{
	int status = parse("gup bugs",
			   "Usage: gup bugs\n"
			   "List real pinning bugs. Run one with 'gup bug NUMBER'.\n",
			   argc, argv);

	if (status >= 0)
		return status;
	if (optind < argc)
		return gup_usage_error("gup bugs", "it takes no '%s'; to run a bug say 'gup bug %s'.", argv[optind],
				       argv[optind]);
	for (size_t i = 0; i < NR_BUGS; i++)
		printf("%2zu  %-24s %s\n", i + 1, bugs[i]->name, bugs[i]->title);
	return GUP_EXIT_OK;
}

static const struct gup_bug *find_bug(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	for (size_t i = 0; i < NR_BUGS; i++)
		if (!strcmp(text, bugs[i]->name) || (*text >= '0' && *text <= '9' && !*end && number == i + 1))
			return bugs[i];
	return NULL;
}

static bool play(const struct gup_bug *bug, bool fixed)
{
	const enum gup_bug_outcome expected = fixed ? GUP_BUG_GONE : GUP_BUG_SEEN;
	struct gup_machine_config config = bug->machine;
	struct gup_verdict verdict = { 0 };
	struct gup_stage stage;
	enum gup_bug_outcome outcome = GUP_BUG_CONFUSED;

	config.contract = fixed ? bug->fixed_contract : bug->broken_contract;
	gup_say_part("%s (%s): %s", fixed ? "Fixed" : "Broken", gup_contract_name(config.contract),
		     fixed ? bug->fixed : bug->broken);
	if (gup_stage_open(&stage, &config, "application"))
		outcome = bug->run(&stage, fixed);
	verdict.as_expected = outcome == expected;
	gup_stage_close(&stage, &verdict);
	if (outcome == expected)
		gup_say("=> the bug is %s, as it must be", fixed ? "gone" : "there");
	else
		gup_say_unexpected("the bug should be %s here", fixed ? "gone" : "there");
	return verdict.as_expected;
}

static void tell(const struct gup_bug *bug)
{
	gup_say_title("%s: %s", bug->name, bug->title);
	gup_say("%s", bug->link);
	for (size_t i = 0; i < sizeof(bug->field) / sizeof(bug->field[0]) && bug->field[i]; i++)
		gup_say("%s", bug->field[i]);
}

int gup_command_bug(int argc, char **argv)
{
	const struct gup_bug *bug;
	bool broken, fixed;
	int status = parse(
		"gup bug",
		"Usage: gup bug NUMBER|NAME\n"
		"Play a real pinning bug under the rules that have it and under the fix; 'gup bugs' lists them.\n\n"
		"Exit status: 0 it is there and then gone, 1 it is not so, 2 the arguments must be changed.\n",
		argc, argv);

	if (status >= 0)
		return status;
	if (argc - optind != 1)
		return gup_usage_error("gup bug", "give the number or name of one bug; 'gup bugs' lists them.");
	bug = find_bug(argv[optind]);
	if (!bug)
		return gup_usage_error("gup bug", "there is no bug '%s'; 'gup bugs' lists them.", argv[optind]);
	tell(bug);
	broken = play(bug, false);
	fixed = play(bug, true);
	return broken && fixed ? GUP_EXIT_OK : GUP_EXIT_FAILED;
}
