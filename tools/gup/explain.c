/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain.c - `gup explain`: would a kernel take these pages, by which rule not, since when, and what then?
 *
 * The answer is computed: see explain_scene.c. Exit status: 0 the pages are taken, 1 they are refused, 2 bad input.
 */
#include "explain.h"

#include <getopt.h>
#include <string.h>

#define COMMAND "gup explain"

static int print_help(void)
{
	printf("Usage: gup explain [--kernel NAME] [--entry NAME] [--memory WHERE] [--touched] FLAGS MAPPING[,PROT]\n"
	       "       gup explain --pid PID [--kernel NAME] [--entry NAME] ADDR LEN [FLAGS]\n"
	       "Whether a kernel would take these pages, by which rule not, since when, and what works instead.\n\n"
	       "  FLAGS            write, longterm, force and so on (FOLL_* without that word), with commas between\n"
	       "                   them; 0 for none; io_uring for a registration of buffers\n"
	       "  MAPPING          anon, shared-anon, memfd, tmpfs, ext4, xfs, btrfs, dax:ext4, dax:xfs, devdax,\n"
	       "                   hugetlb, secret, pfnmap, zero, none; shared: or private: before it\n"
	       "  PROT             r, w, rw (the default) or none\n"
	       "  --kernel NAME    whose rules, e.g. 6.1 or native; default: the kernel that is running\n"
	       "  --entry NAME     the function that is called; default: pin_user_pages\n"
	       "  --memory WHERE   the pages lie in cma or movable memory, or somebody else holds them (held)\n"
	       "  --touched        the pages have been written to before\n"
	       "  --pid PID        look at memory of that process: ADDR as in 0x7f0000000000, LEN as in 4096, 64K, "
	       "2M,\n"
	       "                   1G; FLAGS are write,longterm if not given\n"
	       "  -h, --help       this text\n\n"
	       "Exit status: 0 the pages are taken, 1 they are refused, 2 the arguments must be changed.\n");
	return GUP_EXIT_OK;
}

static bool parse_kernel(const char *text, struct gup_question *q)
{
	q->stands_in = false;
	if (gup_ruleset_find(text, &q->rules))
		return true;
	gup_ruleset_error(COMMAND, text);
	return false;
}

/* Return: -1 to go on, else an exit status. */
static int parse_option(int code, char **argv, struct gup_question *q)
{
	switch (code) {
	case 'h':
		return print_help();
	case 'k':
		return parse_kernel(optarg, q) ? -1 : GUP_EXIT_USAGE;
	case 'e':
		return gup_parse_entry(optarg, q) ? -1 : GUP_EXIT_USAGE;
	case 'm':
		return gup_parse_memory(optarg, q) ? -1 : GUP_EXIT_USAGE;
	case 't':
		q->touched = true;
		return -1;
	default:
		return gup_option_error(COMMAND, code, argv);
	}
}

/* Return: -1 to go on, else an exit status. */
static int parse_options(int argc, char **argv, struct gup_question *q, const char **pid)
{
	static const struct option known[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "entry", required_argument, NULL, 'e' },
		{ "memory", required_argument, NULL, 'm' },
		{ "touched", no_argument, NULL, 't' },
		{ "pid", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int code, status = -1;

	while (status < 0 && (code = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
		if (code == 'p')
			*pid = optarg;
		else
			status = parse_option(code, argv, q);
	}
	return status;
}

static bool explain(const struct gup_question *q, struct gup_answer *answer)
{
	char mapping[200];

	if (!gup_ask(q, answer))
		return false;
	gup_say_question(q, answer);
	printf("%s\n\n", gup_mapping_text(q, mapping, sizeof(mapping)));
	return gup_say_answer(q, answer);
}

int gup_command_explain(int argc, char **argv)
{
	struct gup_question q = { .entry = GUP_PIN_USER_PAGES };
	struct gup_answer answer;
	const char *pid = NULL;
	int status;

	q.stands_in = !gup_ruleset_running(&q.rules);
	status = parse_options(argc, argv, &q, &pid);
	if (status >= 0)
		return status;
	if (pid)
		return gup_explain_pid(pid, argc - optind, argv + optind, &q);
	if (argc - optind != 2)
		return gup_usage_error(COMMAND, "give FLAGS and one MAPPING, such as 'gup explain write,longterm "
						"private:memfd'; 'gup explain --help' lists them.");
	if (!gup_parse_flags(argv[optind], &q) || !gup_parse_mapping(argv[optind + 1], &q) || !gup_check_memory(&q))
		return GUP_EXIT_USAGE;
	return explain(&q, &answer) && answer.taken ? GUP_EXIT_OK : GUP_EXIT_FAILED;
}
