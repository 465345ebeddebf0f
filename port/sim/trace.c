/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/trace.c - a play in lines: one column for each fiber, one line for each that stops or goes on.
 */
#include <stdio.h>

#include "inside.h"

#define ALL_COLUMNS 108u
#define MAX_COLUMN 54u

static const char *const op_names[] = {
	[GUP_SIM_BEGIN] = "its begin",
	[GUP_SIM_LOAD] = "load",
	[GUP_SIM_STORE] = "store",
	[GUP_SIM_CAS] = "cas",
	[GUP_SIM_FETCH] = "fetch-and-change",
	[GUP_SIM_LOCK] = "lock",
	[GUP_SIM_UNLOCK] = "unlock",
	[GUP_SIM_READ_LOCK] = "read lock",
	[GUP_SIM_READ_UNLOCK] = "read unlock",
	[GUP_SIM_WRITE_LOCK] = "write lock",
	[GUP_SIM_WRITE_UNLOCK] = "write unlock",
	[GUP_SIM_SECTION] = "rcu section",
	[GUP_SIM_SECTION_END] = "end of rcu section",
	[GUP_SIM_GRACE] = "grace period",
	[GUP_SIM_WAIT] = "wait",
	[GUP_SIM_WAKE] = "wake",
	[GUP_SIM_SLEEP] = "sleep",
	[GUP_SIM_CLOCK] = "clock",
	[GUP_SIM_STALL] = "stall",
	[GUP_SIM_POINT] = "point",
};

const char *gup_sim_op_name(enum gup_sim_op op)
{
	return op_names[op];
}

static unsigned int column_of(const struct gup_sim_actor *actor)
{
	unsigned int width = ALL_COLUMNS / gup_sim.nr;

	return (actor->number - 1) * (width < MAX_COLUMN ? width : MAX_COLUMN);
}

static void line(const struct gup_sim_actor *actor, const char *what, const char *op, const void *site)
{
	char place[GUP_SIM_SITE];

	fprintf(stderr, "%7llu  %*s%s%s", (unsigned long long)(gup_sim_step() - gup_sim.begin), (int)column_of(actor),
		"", what, op);
	if (site)
		fprintf(stderr, ", %s", gup_sim_place(site, place, sizeof(place)));
	fputc('\n', stderr);
}

static void line_stop(const struct gup_sim_actor *actor)
{
	char wait[GUP_SIM_SITE];

	if (actor->state == GUP_SIM_ENDED) {
		line(actor, "ends", "", NULL);
	} else if (actor->state == GUP_SIM_CAN_RUN) {
		line(actor, "stops before ", gup_sim_op_name(actor->op), actor->site);
	} else {
		gup_sim_say_wait(actor, wait, sizeof(wait));
		line(actor, wait, "", actor->site);
	}
}

static void line_go(const struct gup_sim_actor *actor)
{
	if (actor->op == GUP_SIM_BEGIN)
		line(actor, "begins", "", NULL);
	else
		line(actor, "goes on with ", gup_sim_op_name(actor->op), actor->site);
}

void gup_sim_trace_begin(void)
{
	unsigned int i, at = 0;
	char style[80];

	gup_sim_style(&gup_sim.plan, style, sizeof(style));
	fprintf(stderr, "schedule %llu: %s\n   step  ", (unsigned long long)gup_sim.plan.number, style);
	for (i = 1; i <= gup_sim.nr; i++) {
		int gap = (int)(column_of(&gup_sim.actors[i]) - at);

		at += (unsigned int)(gap > 0 ? gap : 0);
		at += (unsigned int)fprintf(stderr, "%*s%s", gap > 0 ? gap : 0, "", gup_sim.actors[i].name) -
		      (unsigned int)(gap > 0 ? gap : 0);
	}
	fputc('\n', stderr);
}

void gup_sim_trace_switch(const struct gup_sim_actor *from, const struct gup_sim_actor *to)
{
	int64_t fuel = gup_sim_hush();

	if (from->number)
		line_stop(from);
	line_go(to);
	gup_sim_unhush(fuel);
}

void gup_sim_note(const char *text)
{
	int64_t fuel;

	if (!gup_sim.nr || !gup_sim.plan.trace)
		return;
	fuel = gup_sim_hush();
	line(gup_sim.current, text, "", NULL);
	gup_sim_unhush(fuel);
}

void gup_sim_trace_end(void)
{
	fprintf(stderr, "%7llu  %s after %llu switches\n", (unsigned long long)gup_sim.outcome.steps,
		gup_sim.outcome.stuck ? "given up" : "all have ended", (unsigned long long)gup_sim.outcome.switches);
}
