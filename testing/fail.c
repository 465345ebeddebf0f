/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/fail.c - failures on purpose: the n-th step of a kind fails, and a sweep lets each step fail once.
 *
 *	play without a failure                 has to go well
 *	for each kind, n = 1, 2, 3 ...
 *	  fresh machine, the n-th step fails   may return an error; nothing may be left
 *	  the same machine once more           has to go as without a failure
 *	  until the scenario has no n-th step
 *
 * Steps of the machine's own are counted by gup_test_fail_alloc(), the others here.
 */
#include "kit.h"

#define MOST_STEPS 1000u /* of one kind in one scenario */

bool gup_kit_step(struct gup_test *t, enum gup_test_fail_kind kind)
{
	struct gup_kit_failure *f = &t->failure;

	if (f->kind != kind || !f->left || --f->left)
		return false;
	f->fired = true;
	return true;
}

bool gup_test_fails(struct gup_test *t, enum gup_test_fail_kind kind)
{
	return kind != GUP_TEST_FAIL_FRAME && gup_kit_step(t, kind);
}

u64 gup_kit_hold_fire(struct gup_test *t)
{
	struct gup_kit_failure *f = &t->failure;
	u64 held = gup_test_fail_alloc(t->m, 0);

	if (f->kind == GUP_TEST_FAIL_FRAME && f->left && !held) {
		f->left = 0;
		f->fired = true;
	}
	return held;
}

void gup_kit_resume_fire(struct gup_test *t, u64 held)
{
	gup_test_fail_alloc(t->m, held);
}

static void arm(struct gup_test *t, enum gup_test_fail_kind kind, u64 nth)
{
	t->failure = (struct gup_kit_failure){ .kind = kind, .nth = nth, .left = nth };
	if (kind == GUP_TEST_FAIL_FRAME)
		gup_test_fail_alloc(t->m, nth);
}

/* True if it has happened. */
static bool disarm(struct gup_test *t)
{
	gup_kit_hold_fire(t);
	t->failure.left = 0;
	return t->failure.fired;
}

/* ---- the sweep ---- */

struct sweep {
	const struct gup_test_spec *spec;
	gup_test_scenario scenario;
	struct gup_test_result *result;
};

/* After a failure: nothing is left, and everything works as before. */
static void judge_failure(struct sweep *s, struct gup_test *t, int returned)
{
	if (returned > 0)
		gup_test_fail(t, "the scenario returned %d", returned);
	gup_kit_look(t);
	if (gup_test_findings(t)) {
		t->quiet = true; /* what follows from it is no news */
		return;
	}
	t->failure.again = true;
	gup_kit_play(t, s->scenario, s->result);
}

/* One failure. Returns 1 if the scenario has that step, 0 if not, or an errno. */
static int play_failure(struct sweep *s, enum gup_test_fail_kind kind, u64 nth)
{
	struct gup_test *t = NULL;
	int err = gup_test_open(s->spec, &t), returned;
	bool fired = false;

	if (!err) {
		gup_kit_set_mark(t);
		arm(t, kind, nth);
		returned = s->scenario(t);
		s->result->runs++;
		fired = disarm(t);
		if (fired) {
			s->result->failures++;
			judge_failure(s, t, returned);
		} else if (returned) {
			gup_test_fail(t, "the scenario returned %d", returned);
		}
		t->mark = 0;
	}
	s->result->findings += gup_test_close(t);
	return err ? err : fired;
}

static void report_endless(struct sweep *s, enum gup_test_fail_kind kind)
{
	struct gup_test *t = NULL;

	if (!gup_test_open(s->spec, &t))
		gup_test_fail(t, "the sweep ends after %s %u: the scenario is too long, or never ends",
			      gup_kit_fail_name(kind), MOST_STEPS);
	s->result->findings += gup_test_close(t);
}

static int sweep_kind(struct sweep *s, enum gup_test_fail_kind kind)
{
	u64 nth;
	int more = 1;

	for (nth = 1; nth <= MOST_STEPS && more > 0; nth++)
		more = play_failure(s, kind, nth);
	if (more > 0)
		report_endless(s, kind);
	return more < 0 ? more : 0;
}

int gup_test_fail_each(const struct gup_test_spec *spec, gup_test_scenario scenario, struct gup_test_result *out)
{
	struct gup_test_result result = { .runs = 0 };
	struct sweep s = { spec, scenario, &result };
	unsigned int kind;
	int err = gup_test_run(spec, scenario, &result);

	for (kind = 0; kind < GUP_TEST_NR_FAIL_KINDS && !err; kind++)
		err = sweep_kind(&s, kind);
	if (out)
		*out = result;
	if (err)
		return err;
	return result.findings ? -GUP_ENOTRECOVERABLE : 0;
}
