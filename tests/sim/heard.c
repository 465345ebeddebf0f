/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/heard.c - playing, and keeping the first complaint.
 */
#include "heard.h"

struct heard heard;

static void hear(void *ctx, enum gup_sim_finding kind, const void *site, const char *text)
{
	(void)ctx;
	if (heard.nr++)
		return;
	heard.kind = kind;
	snprintf(heard.text, sizeof(heard.text), "%s", text);
	if (!site || !gup_port_site(site, heard.site, sizeof(heard.site)))
		heard.site[0] = '\0';
}

struct gup_sim_outcome play(uint64_t number, void (*a)(void *), void (*b)(void *))
{
	struct gup_sim_fiber fibers[] = { { "a", a, NULL }, { "b", b, NULL } };
	struct gup_sim_plan plan = { .number = number, .length = { 20, 20 }, .limit = 100000 };
	struct gup_sim_outcome outcome;

	gup_sim_reset();
	memset(&heard, 0, sizeof(heard));
	gup_sim_set_complain(hear, NULL);
	gup_sim_run(fibers, b ? 2 : 1, &plan, &outcome);
	return outcome;
}

void expect_heard(enum gup_sim_finding kind, const char *words)
{
	if (heard.nr != 1 || heard.kind != kind || !strstr(heard.text, words))
		fail_msg("%u complaints, the first of kind %d: %s", heard.nr, heard.kind, heard.text);
	if (heard.site[0])
		assert_non_null(strstr(heard.site, "test_"));
}

void expect_silence(void)
{
	if (heard.nr)
		fail_msg("%s, at %s", heard.text, heard.site);
}
