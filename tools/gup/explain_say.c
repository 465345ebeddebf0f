/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_say.c - an explanation, printed: the verdict with its rule, since when it is so, what works instead.
 */
#include "explain.h"

#include <string.h>

#define MOST_INSTEAD 8

/* The library's words for the rule, without errno and address. */
static const char *sentence(const struct gup_why *why, char *buf, size_t size)
{
	const struct gup_why only = { .error = why->error, .rule = why->rule };
	const char *colon;

	gup_why_str(&only, buf, size);
	colon = strstr(buf, ": ");
	return colon ? colon + 2 : buf;
}

void gup_say_result(const struct gup_answer *answer)
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
	return a->taken == b->taken && a->why.rule == b->why.rule && a->result == b->result;
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
bool gup_say_history(const struct gup_question *q)
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

bool gup_say_instead(const struct gup_question *q, const struct gup_answer *refused)
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
