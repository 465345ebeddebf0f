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
#define MOST_INSTEAD 8

static int print_help(void)
{
	printf("Usage: gup explain [--kernel NAME] [--entry NAME] [--memory WHERE] [--touched] FLAGS MAPPING[,PROT]\n"
	       "Whether a kernel would take these pages, by which rule not, since when, and what works instead.\n\n"
	       "  FLAGS            write, force, longterm, nofault, nowait, with commas between them; 0 for none\n"
	       "  MAPPING          anon, shared-anon, memfd, tmpfs, dax:ext4, dax:xfs, devdax, pfnmap, zero, none;\n"
	       "                   shared: or private: before it, e.g. private:memfd\n"
	       "  PROT             r, w, rw (the default) or none\n"
	       "  --kernel NAME    whose rules, e.g. 6.1 or native; default: the kernel that is running\n"
	       "  --entry NAME     the function that is called; default: pin_user_pages\n"
	       "  --memory WHERE   the pages lie in cma or movable memory, or somebody else holds them (held)\n"
	       "  --touched        the pages have been written to before\n"
	       "  -h, --help       this text\n\n"
	       "Exit status: 0 the pages are taken, 1 they are refused, 2 the arguments must be changed.\n");
	return GUP_EXIT_OK;
}

static bool parse_kernel(const char *text, struct gup_question *q)
{
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
static int parse(int argc, char **argv, struct gup_question *q)
{
	static const struct option known[] = {
		{ "kernel", required_argument, NULL, 'k' }, { "entry", required_argument, NULL, 'e' },
		{ "memory", required_argument, NULL, 'm' }, { "touched", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },	    { 0 },
	};
	int code, status = -1;

	while (status < 0 && (code = getopt_long(argc, argv, ":h", known, NULL)) != -1)
		status = parse_option(code, argv, q);
	if (status >= 0)
		return status;
	if (argc - optind != 2)
		return gup_usage_error(COMMAND, "give FLAGS and one MAPPING, such as 'gup explain write,longterm "
						"private:memfd'; 'gup explain --help' lists them.");
	return gup_parse_flags(argv[optind], q) && gup_parse_mapping(argv[optind + 1], q) ? -1 : GUP_EXIT_USAGE;
}

/* The library's words for the rule, without errno and address. */
static const char *sentence(const struct gup_why *why, char *buf, size_t size)
{
	const struct gup_why only = { .error = why->error, .rule = why->rule };
	const char *colon;

	gup_why_str(&only, buf, size);
	colon = strstr(buf, ": ");
	return colon ? colon + 2 : buf;
}

static void print_question(const struct gup_question *q, const struct gup_answer *answer)
{
	char flags[160], mapping[200];

	printf("%s(%s), %s:\n%s\n\n", gup_entry_name(answer->entry), gup_flags_text(q->flags, flags, sizeof(flags)),
	       q->rules.name, gup_mapping_text(q, mapping, sizeof(mapping)));
}

static void print_verdict(const struct gup_answer *answer)
{
	char text[400];

	if (answer->taken)
		printf("  TAKEN%s\n",
		       answer->moved ? ", after the pages were moved to where they may be held for long" : "");
	else
		printf("  REFUSED: %s (%s)\n  %s\n",
		       gup_errno_text(answer->result < 0 ? answer->result : answer->why.error),
		       gup_rule_name(answer->why.rule), sentence(&answer->why, text, sizeof(text)));
}

static bool same(const struct gup_answer *a, const struct gup_answer *b)
{
	return a->taken == b->taken && a->why.rule == b->why.rule && a->result == b->result && a->entry == b->entry;
}

static void print_period(const struct gup_answer *answer, const char *first, const char *last)
{
	char when[48];

	snprintf(when, sizeof(when), "%s%s%s", first, strcmp(first, last) ? " to " : "",
		 strcmp(first, last) ? last : "");
	printf("    %-26s %-12s %s\n", when, answer->taken ? "taken" : gup_errno_text(answer->result),
	       answer->taken ? "" : gup_rule_name(answer->why.rule));
}

/* The same call under all rules that are known. */
static bool print_history(const struct gup_question *q)
{
	struct gup_question other = *q;
	struct gup_answer answer, before = { 0 };
	struct gup_ruleset first = { 0 }, last = { 0 };

	printf("\n  By kernel:\n");
	for (size_t i = 0; i < gup_ruleset_nr(); i++) {
		other.rules = gup_ruleset_at(i);
		if (!gup_ask(&other, &answer))
			return false;
		if (i && (!same(&answer, &before) || other.rules.contract == GUP_NATIVE)) {
			print_period(&before, first.name, last.name);
			first = other.rules;
		} else if (!i) {
			first = other.rules;
		}
		last = other.rules;
		before = answer;
	}
	print_period(&before, first.name, last.name);
	return true;
}

static bool print_instead(const struct gup_question *q, const struct gup_answer *refused)
{
	struct gup_instead instead[MOST_INSTEAD];
	int nr = gup_find_instead(q, refused, instead, MOST_INSTEAD);

	if (nr < 0)
		return false;
	printf("\n  What works instead%s\n", nr ? ", if:" : ": nothing that was tried.");
	for (int i = 0; i < nr; i++)
		printf("    %-26s %s\n", instead[i].what, instead[i].when);
	return true;
}

int gup_command_explain(int argc, char **argv)
{
	struct gup_question q = { .entry = GUP_PIN_USER_PAGES };
	struct gup_answer answer;
	int status;

	gup_ruleset_running(&q.rules);
	status = parse(argc, argv, &q);
	if (status >= 0)
		return status;
	if (!gup_ask(&q, &answer))
		return GUP_EXIT_FAILED;
	print_question(&q, &answer);
	print_verdict(&answer);
	if (!print_history(&q) || (!answer.taken && !print_instead(&q, &answer)))
		return GUP_EXIT_FAILED;
	return answer.taken ? GUP_EXIT_OK : GUP_EXIT_FAILED;
}
