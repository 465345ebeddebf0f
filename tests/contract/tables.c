/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/tables.c - the rules as tables in Markdown, for docs/linux-differences.md.
 *
 * tests/contract/test_tables.sh compares them with what stands there, so the document says what the core does.
 */
#include <gup/gup.h>
#include <stdio.h>
#include <string.h>

#define NAME_COLUMNS 4

static const enum gup_contract_id columns[NAME_COLUMNS] = { GUP_LINUX_5_2, GUP_LINUX_6_1, GUP_LINUX_6_12, GUP_NATIVE };

/* One letter for each flag, in order of their bits. */
static const char letters[] = "WF XNADHSIMP";

/* The value of a rule by its name; -1 if there is no such rule. */
static int value_of(const char *name, enum gup_entry entry, enum gup_contract_id id)
{
	struct gup_contract_rule rule;
	unsigned int nr;

	for (nr = 0; !gup_contract_rule(nr, &rule); nr++)
		if (rule.entry == entry && !strcmp(rule.name, name))
			return gup_contract_value(&rule, gup_contract_kernel(id), NULL);
	return -1;
}

static void print_longterm(enum gup_entry entry, enum gup_contract_id id)
{
	char words[32];
	int value = value_of("longterm", entry, id);

	if (entry < GUP_PIN_USER_PAGES && value_of("longterm_needs_pin", GUP_NR_ENTRIES, id))
		return;
	gup_contract_value_str(GUP_UNIT_LONGTERM, value, words, sizeof(words));
	if (!strcmp(words, "yes"))
		printf(", LT");
	else if (strcmp(words, "no") != 0)
		printf(", LT %s", words);
}

static void print_entry(enum gup_entry entry, enum gup_contract_id id)
{
	int flags = value_of("flags", entry, id);
	const char *space = "";
	unsigned int bit;

	if (!value_of("exists", entry, id)) {
		printf(" - |");
		return;
	}
	printf(" ");
	for (bit = 0; letters[bit]; bit++) {
		if (!(flags & 1 << bit))
			continue;
		printf("%s%c", space, letters[bit]);
		space = " ";
	}
	print_longterm(entry, id);
	printf(" |");
}

static void print_entries(void)
{
	enum gup_entry entry;
	unsigned int i;

	printf("| entry point | linux-5.2 | linux-6.1 | linux-6.12 | native |\n| --- | --- | --- | --- | --- |\n");
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
		printf("| `%s` |", gup_entry_name(entry));
		for (i = 0; i < NAME_COLUMNS; i++)
			print_entry(entry, columns[i]);
		printf("\n");
	}
}

static void print_history(const struct gup_contract_rule *rule)
{
	char words[128];
	unsigned int i;

	for (i = 0; rule->changes[i].since; i++) {
		gup_contract_value_str(rule->unit, rule->changes[i].value, words, sizeof(words));
		if (i)
			printf("; since %u.%u %s", rule->changes[i].since >> 16, rule->changes[i].since & 0xffff,
			       words);
		else
			printf("%s", words);
	}
	gup_contract_value_str(rule->unit, rule->native, words, sizeof(words));
	printf(" | %s |\n", words);
}

/* What an entry point did not always do. Its flags are in its own table. */
static bool is_entry_change(const struct gup_contract_rule *rule)
{
	return rule->entry != GUP_NR_ENTRIES && rule->changes[1].since && rule->unit != GUP_UNIT_FLAGS;
}

static void print_changes(void)
{
	struct gup_contract_rule rule;
	unsigned int nr;

	printf("| entry point | what | from 5.2 on | native |\n| --- | --- | --- | --- |\n");
	for (nr = 0; !gup_contract_rule(nr, &rule); nr++) {
		if (!is_entry_change(&rule))
			continue;
		printf("| `%s` | %s (`%s`) | ", gup_entry_name(rule.entry), rule.text, rule.name);
		print_history(&rule);
	}
}

static void print_rules(void)
{
	struct gup_contract_rule rule;
	unsigned int nr;

	printf("| rule | from 5.2 on | native |\n| --- | --- | --- |\n");
	for (nr = 0; !gup_contract_rule(nr, &rule); nr++) {
		if (rule.entry != GUP_NR_ENTRIES)
			continue;
		printf("| %s (`%s`) | ", rule.text, rule.name);
		print_history(&rule);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (!strcmp(what, "entries"))
		print_entries();
	else if (!strcmp(what, "changes"))
		print_changes();
	else if (!strcmp(what, "rules"))
		print_rules();
	else
		return fprintf(stderr, "usage: contract-tables entries|changes|rules\n"), 2;
	return 0;
}
