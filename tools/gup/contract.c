/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/contract.c - `gup contract`: the rules that a kernel has, since when, and in which of them two kernels differ.
 *
 * It prints the library's own data. An entry point that a kernel does not have is one line.
 */
#include "ruleset.h"
#include "tool.h"

#include <getopt.h>

#define COMMAND "gup contract"

static int print_help(void)
{
	printf("Usage: gup contract [NAME]\n"
	       "       gup contract --diff A B\n"
	       "The rules of a kernel for pinning user memory.\n\n"
	       "  NAME         linux-5.2, linux-6.1, linux-6.12, native, or a release such as 6.8: all its rules;\n"
	       "               without NAME what is known\n"
	       "  --diff A B   only the rules in which A and B differ\n"
	       "  -h, --help   this text\n\n"
	       "Exit status: 0 done, 2 the arguments must be changed.\n");
	return GUP_EXIT_OK;
}

static int list(void)
{
	char text[16];

	printf("Contracts:");
	for (int id = 0; id < GUP_NR_CONTRACTS; id++)
		printf(" %s", gup_contract_name((enum gup_contract_id)id));
	printf("\nReleases:  %s to ", gup_release_text(GUP_KERNEL_OLDEST, text));
	printf("%s; rules changed with", gup_release_text(GUP_KERNEL_NEWEST, text));
	for (uint32_t at = gup_release_next(GUP_KERNEL_OLDEST); at; at = gup_release_next(at))
		printf(" %s", gup_release_text(at, text));
	printf("\n");
	return GUP_EXIT_OK;
}

/* The rules of an entry point that does not exist mean nothing. */
static bool exists(const struct gup_contract_rule *rule, const struct gup_ruleset *rules)
{
	int nr = gup_contract_rule_of(GUP_RULE_NO_ENTRY_POINT, rule->entry, 0);
	struct gup_contract_rule other;

	return nr < 0 || gup_contract_rule((unsigned int)nr, &other) ||
	       gup_contract_value(&other, rules->release, NULL);
}

static bool means_something(const struct gup_contract_rule *rule, const struct gup_ruleset *rules)
{
	return rule->rule == GUP_RULE_NO_ENTRY_POINT || exists(rule, rules);
}

static void print_group(const struct gup_contract_rule *rule, int *group)
{
	if (*group == (int)rule->entry)
		return;
	*group = (int)rule->entry;
	printf("\n%s\n", rule->entry == GUP_NR_ENTRIES ? "all entry points" : gup_entry_name(rule->entry));
}

/* "yes, since 5.6"; of flags not those in @but */
static void print_value(const struct gup_contract_rule *rule, const struct gup_ruleset *rules, int but)
{
	char text[160], release[16];
	uint32_t since;
	int value = gup_contract_value(rule, rules->release, &since);

	if (rule->unit == GUP_UNIT_FLAGS && but && !(value & ~but)) {
		printf("no others\n");
		return;
	}
	gup_contract_value_str(rule->unit, rule->unit == GUP_UNIT_FLAGS ? value & ~but : value, text, sizeof(text));
	printf("%s", text);
	if (since > GUP_KERNEL_OLDEST)
		printf(", since %s", gup_release_text(since, release));
	printf("\n");
}

static int show(const struct gup_ruleset *rules)
{
	struct gup_contract_rule rule;
	int group = -1;

	printf("%s\n", rules->name);
	for (unsigned int nr = 0; !gup_contract_rule(nr, &rule); nr++) {
		if (!means_something(&rule, rules))
			continue;
		print_group(&rule, &group);
		printf("  %s: ", rule.text);
		print_value(&rule, rules, 0);
	}
	return GUP_EXIT_OK;
}

static bool differs(const struct gup_contract_rule *rule, const struct gup_ruleset sides[2])
{
	return gup_contract_value(rule, sides[0].release, NULL) != gup_contract_value(rule, sides[1].release, NULL) &&
	       means_something(rule, &sides[0]) && means_something(rule, &sides[1]);
}

static int show_differences(const struct gup_ruleset sides[2])
{
	struct gup_contract_rule rule;
	int group = -1;

	printf("%s and %s\n", sides[0].name, sides[1].name);
	for (unsigned int nr = 0; !gup_contract_rule(nr, &rule); nr++) {
		if (!differs(&rule, sides))
			continue;
		print_group(&rule, &group);
		printf("  %s\n", rule.text);
		for (int i = 0; i < 2; i++) {
			printf("    %-12s", sides[i].name);
			print_value(&rule, &sides[i], gup_contract_value(&rule, sides[!i].release, NULL));
		}
	}
	if (group < 0)
		printf("\nno rule differs\n");
	return GUP_EXIT_OK;
}

int gup_command_contract(int argc, char **argv)
{
	static const struct option known[] = { { "diff", no_argument, NULL, 'd' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	struct gup_ruleset rules[2];
	bool diff = false;
	int code, nr;

	while ((code = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
		if (code == 'h')
			return print_help();
		if (code != 'd')
			return gup_option_error(COMMAND, code, argv);
		diff = true;
	}
	nr = argc - optind;
	if (diff ? nr != 2 : nr > 1)
		return gup_usage_error(COMMAND, diff ? "--diff compares two kernels; give both, such as --diff 6.1 6.8."
						     : "give one NAME, or --diff and two.");
	for (int i = 0; i < nr; i++)
		if (!gup_ruleset_find(argv[optind + i], &rules[i]))
			return gup_ruleset_error(COMMAND, argv[optind + i]);
	if (!nr)
		return list();
	return diff ? show_differences(rules) : show(&rules[0]);
}
