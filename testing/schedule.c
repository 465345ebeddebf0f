/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/schedule.c - plays: actors on one machine, in many different orders.
 *
 * The deterministic host (port/sim) does the scheduling; here is what each schedule begins with and how its findings
 * reach the kit. Schedule 1 plays one actor after the other; its length tells where pre-emptions are worth a try, so it
 * is played first, unseen, if another one comes first. So a schedule is the same whether it is replayed or was reached.
 * What is found is replayed once more with its trace, if it is printed. explore.c plays those that can be counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedule.h"

#define USUAL_COUNT 1000u
#define MAX_ABANDONED 64u

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

static void act(struct gup_test *t, struct gup_kit_run *run)
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

static void play_on(struct gup_test *t, struct gup_kit_run *run)
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

int gup_kit_run_schedule(struct gup_kit_run *run)
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

static void keep_length(struct gup_kit_run *run, const struct gup_sim_outcome *first)
{
	memcpy(run->plan.length, first->length, sizeof(first->length));
}

static int learn_length(const struct gup_test_spec *spec, const struct gup_test_play *play, struct gup_kit_run *out)
{
	struct gup_test_spec quiet = *spec;
	struct gup_kit_run run = { .spec = &quiet, .play = play, .plan = { .number = 1 } };
	int err;

	quiet.report = unseen;
	err = gup_kit_run_schedule(&run);
	keep_length(out, &run.outcome);
	return err;
}

int gup_kit_run_counted(struct gup_kit_run *run, uint64_t number, struct gup_test_result *result)
{
	int err;

	run->plan.number = number;
	err = gup_kit_run_schedule(run);
	if (err)
		return err;
	result->runs++;
	result->findings = run->findings;
	result->schedule = run->findings ? number : 0;
	return run->findings ? -GUP_ENOTRECOVERABLE : 0;
}

/* By chance, as many as were asked for. */
static int sample(struct gup_kit_run *run, struct gup_test_result *result)
{
	u64 first = run->play->first ? run->play->first : 1, count = run->play->count ? run->play->count : USUAL_COUNT,
	    nr;
	int err = first == 1 ? 0 : learn_length(run->spec, run->play, run);

	for (nr = first; nr - first < count && !err; nr++) {
		err = gup_kit_run_counted(run, nr, result);
		if (nr == 1)
			keep_length(run, &run->outcome);
	}
	return err;
}

/* One schedule with its trace. */
static int replay(struct gup_kit_run *run, u64 number, struct gup_test_result *result)
{
	run->plan.trace = true;
	return gup_kit_run_counted(run, number, result);
}

static int replay_text(struct gup_kit_run *run, const char *text, struct gup_test_result *result)
{
	char *end;
	u64 number = strtoull(text, &end, 0);
	int err;

	if (*end) {
		fprintf(stderr, "GUP_REPLAY=%s is not the number of a schedule: take it from a report\n", text);
		return -GUP_EINVAL;
	}
	err = number == 1 ? 0 : learn_length(run->spec, run->play, run);
	return err ? err : replay(run, number, result);
}

/* What was found is reported already: only the trace. */
static void show(const struct gup_kit_run *run, u64 number)
{
	struct gup_test_spec quiet = *run->spec;
	struct gup_kit_run again = *run;
	struct gup_test_result shown = { 0 };

	quiet.report = unseen;
	again.spec = &quiet;
	replay(&again, number, &shown);
}

static int play_all(struct gup_kit_run *run, struct gup_test_result *result)
{
	int err = run->play->explore ? gup_kit_explore(run, result) : 0;

	if (!err)
		err = sample(run, result);
	if (result->findings && !run->spec->report && !run->play->trace)
		show(run, result->schedule);
	return err;
}

int gup_test_schedules(const struct gup_test_spec *spec, const struct gup_test_play *play, struct gup_test_result *out)
{
	struct gup_kit_run run = { .spec = spec, .play = play, .plan.trace = play && play->trace };
	const char *number = getenv("GUP_REPLAY");
	struct gup_test_result result = { 0 };
	int err;

	if (!spec || !play || play->explore > GUP_TEST_MAX_EXPLORE)
		return -GUP_EINVAL;
	if (number && *number)
		err = replay_text(&run, number, &result);
	else
		err = play_all(&run, &result);
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

void gup_test_note(const char *fmt, ...)
{
	char text[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	gup_sim_note(text);
}

void **gup_test_local(void)
{
	return gup_sim_local();
}
