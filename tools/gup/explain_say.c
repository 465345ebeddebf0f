/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_say.c - an explanation, printed: the verdict with its rule, since when it is so, what works instead.
 */
#include "explain.h"

#include <string.h>
#include <sys/utsname.h>

#define MOST_PERIODS 16
#define MOST_INSTEAD 8

/* Releases that follow each other and answer alike; the last one is native, with 0 for both. */
struct period {
	uint32_t first, last;
	struct gup_answer answer;
};

void gup_say_question(const struct gup_question *q, const struct gup_answer *answer)
{
	struct utsname running;
	char flags[160];

	printf("%s%s(%s), %s\n", q->io_uring ? "io_uring, registering buffers: " : "", gup_entry_name(answer->entry),
	       gup_flags_text(q->flags, flags, sizeof(flags)), q->rules.name);
	if (q->stands_in && !uname(&running))
		printf("(the running kernel %s has no rules here; those of %s are used)\n", running.release,
		       q->rules.name);
}

static bool same(const struct gup_answer *a, const struct gup_answer *b)
{
	return a->taken == b->taken && a->missing == b->missing && a->why.rule == b->why.rule &&
	       a->result == b->result && !a->by_caller == !b->by_caller;
}

/* An older name is as good, unless the function itself is what is missing. */
static bool ask_release(const struct gup_question *q, uint32_t release, bool strict, struct gup_answer *out)
{
	struct gup_question other = *q;

	other.rules = gup_ruleset_of(release);
	other.entry_given = strict;
	return gup_ask(&other, out);
}

static uint32_t next_release(const struct gup_question *q, uint32_t release)
{
	uint32_t next = gup_release_next(release), caller = q->io_uring ? gup_io_uring_next(release) : 0;

	return caller && (!next || caller < next) ? caller : next;
}

/* Return: how many; 0 if no machine could be made. */
static size_t find_periods(const struct gup_question *q, bool strict, struct period out[MOST_PERIODS])
{
	struct gup_answer answer;
	size_t nr = 0;

	for (uint32_t at = GUP_KERNEL_OLDEST; at; at = next_release(q, at)) {
		if (!ask_release(q, at, strict, &answer))
			return 0;
		if (nr && nr < MOST_PERIODS - 1 && !same(&answer, &out[nr - 1].answer))
			out[nr - 1].last = gup_release_before(at);
		if (!nr || (nr < MOST_PERIODS - 1 && !same(&answer, &out[nr - 1].answer)))
			out[nr++] = (struct period){ at, GUP_KERNEL_NEWEST, answer };
	}
	out[nr] = (struct period){ 0 };
	return ask_release(q, 0, strict, &out[nr].answer) ? nr + 1 : 0;
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

static const char *result_text(const struct gup_answer *answer)
{
	if (answer->taken)
		return "taken";
	if (answer->missing)
		return "no such memory";
	return answer->result < 0 ? gup_errno_text(answer->result) : "0 pages";
}

static const char *rule_text(const struct gup_answer *answer)
{
	if (answer->taken || answer->missing)
		return "";
	return answer->by_caller ? "by io_uring itself" : gup_rule_name(answer->why.rule);
}

static const char *comma(const struct gup_answer *answer)
{
	return *rule_text(answer) ? ", " : "";
}

static void say_result(const struct gup_question *q, const struct gup_answer *answer, const struct period *period)
{
	char text[400], release[16];

	if (answer->taken)
		gup_say("TAKEN%s",
			answer->moved ? ", after the pages were moved to where they may be held for long" : "");
	else
		gup_say("REFUSED: %s%s%s", result_text(answer), comma(answer), rule_text(answer));
	if (answer->missing)
		gup_say("%s has no secret memory.", q->rules.name);
	else if (!answer->taken)
		gup_say_wrapped("", answer->by_caller ? answer->by_caller : sentence(&answer->why, text, sizeof(text)));
	if (q->rules.release && period->first > GUP_KERNEL_OLDEST)
		gup_say("It is so since %s.", gup_release_text(period->first, release));
}

static void say_period(const struct gup_question *q, const struct period *period)
{
	char when[48], first[16], last[16];

	if (!period->first)
		snprintf(when, sizeof(when), "native");
	else if (period->first == period->last)
		snprintf(when, sizeof(when), "linux %s", gup_release_text(period->first, first));
	else
		snprintf(when, sizeof(when), "linux %s to %s", gup_release_text(period->first, first),
			 gup_release_text(period->last, last));
	gup_say("  %-22s %s%s%s%s", when, result_text(&period->answer), comma(&period->answer),
		rule_text(&period->answer),
		period->first <= q->rules.release && q->rules.release <= period->last ? "  <- asked" : "");
}

static bool say_instead(const struct gup_question *q, const struct gup_answer *refused)
{
	struct gup_instead instead[MOST_INSTEAD];
	int nr = gup_find_instead(q, refused, instead, MOST_INSTEAD);

	if (nr < 0)
		return false;
	gup_say_part("What works instead%s", nr ? ", and when:" : ": nothing that was tried");
	for (int i = 0; i < nr; i++)
		gup_say("  %-34s %s", instead[i].what, instead[i].when);
	return true;
}

bool gup_say_answer(const struct gup_question *q, const struct gup_answer *answer)
{
	struct period periods[MOST_PERIODS];
	bool strict = q->entry_given || answer->why.rule == GUP_RULE_NO_ENTRY_POINT;
	size_t nr = find_periods(q, strict, periods), mine = 0;

	if (!nr)
		return false;
	while (mine < nr - 1 && !(periods[mine].first <= q->rules.release && q->rules.release <= periods[mine].last))
		mine++;
	say_result(q, answer, &periods[mine]);
	gup_say_part("By kernel:");
	for (size_t i = 0; i < nr; i++)
		say_period(q, &periods[i]);
	return answer->taken || say_instead(q, answer);
}
