/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/command.c - the command line: finds the command and hands over the rest of the arguments.
 *
 * Exit status: 0 all went as it must, 1 it did not, 2 the input must be changed (one sentence on stderr says how).
 */
#include "tool.h"

#include <getopt.h>
#include <string.h>

static const struct command {
	const char *name;
	const char *arguments;
	const char *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "demo", "[FILE]", "acts that show what FOLL_LONGTERM is for, on real bytes, and a driver under test",
	  gup_command_demo },
	{ "bugs", "", "list real pinning bugs that can be run here", gup_command_bugs },
	{ "bug", "NUMBER", "run one of them, under the rules that have it and under the fix", gup_command_bug },
	{ "device", "[NAME]", "real I/O into pinned memory, while everything around it moves", gup_command_device },
	{ "replay", "SCHEDULE", "play an order of act 4's driver again, with its trace", gup_command_replay },
	{ "driver", "new ...", "make a folder in which a Linux driver file is tested in user space",
	  gup_command_driver },
	{ "contract", "[NAME]", "the rules of a kernel, since when, and in what two kernels differ",
	  gup_command_contract },
	{ "explain", "FLAGS MAP", "why a kernel refuses to pin some memory, since when, and what works instead",
	  gup_command_explain },
};

static const size_t nr_commands = sizeof(commands) / sizeof(commands[0]);

static void print_help(void)
{
	printf("Usage: gup COMMAND [ARGUMENTS]\n"
	       "get_user_pages() outside the Linux kernel, to look at and to try.\n\n");
	for (size_t i = 0; i < nr_commands; i++)
		printf("  gup %-8s %-9s %s\n", commands[i].name, commands[i].arguments, commands[i].what);
	printf("\n  -h, --help      this text; each command has its own\n"
	       "  -V, --version   the version\n");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < nr_commands; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static int run_command(int argc, char **argv)
{
	const struct command *command;

	if (!argc)
		return gup_usage_error("gup", "say what to do: 'gup demo', 'gup bugs', or 'gup --help' for all.");
	command = find_command(argv[0]);
	if (!command)
		return gup_usage_error("gup", "there is no command '%s'; see 'gup --help' for those that exist.",
				       argv[0]);
	optind = 0; /* GNU getopt starts afresh */
	return command->run(argc, argv);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int code;

	opterr = 0;
	code = getopt_long(argc, argv, "+:hV", options, NULL);
	switch (code) {
	case -1:
		return run_command(argc - optind, argv + optind);
	case 'h':
		print_help();
		return GUP_EXIT_OK;
	case 'V':
		printf("gup %s\n", GUP_VERSION);
		return GUP_EXIT_OK;
	default:
		return gup_option_error("gup", code, argv);
	}
}

int gup_main(int argc, char **argv)
{
	int status = run(argc, argv);

	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "gup: the output could not be written; check that its disk has room.\n");
		return status ? status : GUP_EXIT_FAILED;
	}
	return status;
}
