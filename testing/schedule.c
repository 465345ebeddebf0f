/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/schedule.c - plays: actors on one machine, in many different orders.
 *
 * The deterministic host (port/sim) does the scheduling; here is what each schedule begins with and how its findings
 * reach the kit. Schedule 1 plays one actor after the other; its length tells where pre-emptions are worth a try, so it
 * is played first, unseen, if another one comes first. So a schedule is the same whether it is replayed or was reached.
 */
#include <stdlib.h>
#include <string.h>

#include "kit.h"
#include "sim.h"

#define USUAL_COUNT 1000u
#define MAX_ABANDONED 64u

/* One schedule. */
struct run {
	const struct gup_test_spec *spec;
	const struct gup_test_play *play;
	struct gup_sim_plan plan;
	struct gup_sim_outcome outcome;
	u64 findings;
};

struct part {
	struct gup_test *t;
	void (*run)(struct gup_test *t);
};

static void complain(void *ctx, enum gup_sim_finding kind, const void *site, const char *text)
{
	static const enum gup_test_finding findings[] = {
		[GUP_SIM_MISUSE] = GUP_TEST_MISUSE,
		[GUP_SIM_DEADLOCK] = GUP_TEST_DEADLOCK,
		[GUP_SIM_BROKEN] = GUP_TEST_BAD_CHECK,
	};

	gup_test_complain(ctx, findings[kind], site, "%s", text);
}

/* A lockless walker looks at tables, and at metadata. Plain reads: no point. */
static unsigned int whose(void *ctx, u64 pfn)
{
	const struct gup_machine *m = ctx;
	u32 kind = m->frames[pfn].flags & GUP_PF_KIND;

	return kind == GUP_FRAME_TABLE || kind == GUP_FRAME_META ? kind : 0;
}

static void listen(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);

	gup_sim_set_complain(complain, t);
	gup_sim_watch(m->memory, m->nr_pfns, whose, m);
}

static void listen_no_more(void)
{
	gup_sim_set_complain(NULL, NULL);
	gup_sim_watch(NULL, 0, NULL, NULL);
}

static void run_part(void *arg)
{
	const struct part *part = arg;

	part->run(part->t);
}

static void act(struct gup_test *t, struct run *run)
{
	struct gup_sim_fiber fibers[GUP_TEST_MAX_ACTORS];
	struct part parts[GUP_TEST_MAX_ACTORS];
	unsigned int i, nr = 0;

	for (i = 0; i < GUP_TEST_MAX_ACTORS; i++) {
		if (!run->play->actors[i].name)
			continue;
		parts[nr] = (struct part){ t, run->play->actors[i].run };
		fibers[nr] = (struct gup_sim_fiber){ run->play->actors[i].name, run_part, &parts[nr] };
		nr++;
	}
	gup_sim_run(fibers, nr, &run->plan, &run->outcome);
}

/*
 * Actors that cannot go on hold locks and pins, and their stacks are not unwound: nothing of their machine can be taken
 * apart. It stays as it is for ever; the list keeps it from being called a leak.
 */
static void abandon(struct gup_test *t)
{
	__attribute__((used)) static struct gup_test *abandoned[MAX_ABANDONED];
	static unsigned int nr;

	abandoned[nr++ % MAX_ABANDONED] = t;
}

static bool begin(struct gup_test *t, const struct gup_test_play *play)
{
	int err = play->begin ? play->begin(t) : 0;

	if (err)
		gup_test_fail(t, "the begin of the play returned %d", err);
	return !err;
}

static void play_on(struct gup_test *t, struct run *run)
{
	if (begin(t, run->play)) {
		act(t, run);
		if (run->outcome.stuck) {
			run->findings = gup_test_findings(t);
			abandon(t);
			return;
		}
		if (run->play->end)
			run->play->end(t);
	}
	gup_sim_watch(NULL, 0, NULL, NULL);
	run->findings = gup_test_close(t);
}

/* 0, or why there is no machine. */
static int run_schedule(struct run *run)
{
	struct gup_test *t = NULL;
	int err;

	gup_sim_reset();
	err = gup_test_open(run->spec, &t);
	if (!t)
		return err;
	gup_test_set_schedule(t, run->plan.number);
	if (err) {
		run->findings = gup_test_close(t);
		return 0;
	}
	listen(t);
	play_on(t, run);
	gup_sim_reset();
	listen_no_more();
	return 0;
}

static void unseen(void *context, const struct gup_test_report *report)
{
	(void)context;
	(void)report;
}

static void keep_length(struct run *run, const struct gup_sim_outcome *first)
{
	memcpy(run->plan.length, first->length, sizeof(first->length));
}

static int learn_length(const struct gup_test_spec *spec, const struct gup_test_play *play, struct run *out)
{
	struct gup_test_spec quiet = *spec;
	struct run run = { .spec = &quiet, .play = play, .plan = { .number = 1 } };
	int err;

	quiet.report = unseen;
	err = run_schedule(&run);
	keep_length(out, &run.outcome);
	return err;
}

struct range {
	u64 first, count;
	bool trace;
};

static struct range range_of(const struct gup_test_play *play)
{
	const char *replay = getenv("GUP_REPLAY");

	if (replay && *replay)
		return (struct range){ strtoull(replay, NULL, 0), 1, true };
	return (struct range){ play->first ? play->first : 1, play->count ? play->count : USUAL_COUNT, play->trace };
}

static int play_range(struct run *run, const struct range *range, struct gup_test_result *result)
{
	u64 nr;
	int err;

	for (nr = range->first; nr - range->first < range->count && !result->findings; nr++) {
		run->plan.number = nr;
		run->plan.trace = range->trace;
		err = run_schedule(run);
		if (err)
			return err;
		if (nr == 1)
			keep_length(run, &run->outcome);
		result->runs++;
		result->findings = run->findings;
		result->schedule = run->findings ? nr : 0;
	}
	return result->findings ? -GUP_ENOTRECOVERABLE : 0;
}

int gup_test_schedules(const struct gup_test_spec *spec, const struct gup_test_play *play, struct gup_test_result *out)
{
	struct run run = { .spec = spec, .play = play };
	struct gup_test_result result = { 0 };
	struct range range;
	int err = 0;

	if (!spec || !play)
		return -GUP_EINVAL;
	range = range_of(play);
	if (range.first != 1)
		err = learn_length(spec, play, &run);
	if (!err)
		err = play_range(&run, &range, &result);
	if (out)
		*out = result;
	return err;
}

void gup_test_look(void)
{
	gup_sim_point_at(GUP_SIM_POINT, NULL, GUP_KIT_HERE);
}

void gup_test_point(void)
{
	gup_sim_point_at(GUP_SIM_POINT, NULL, GUP_KIT_HERE);
	gup_sim_changed(true);
}

void gup_test_stall(const char *what)
{
	gup_sim_stall(what, GUP_KIT_HERE);
}

void **gup_test_local(void)
{
	return gup_sim_local();
}
