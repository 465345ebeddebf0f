/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/sched.c - one thread, many fibers: points, who runs next, blocking, and the end of a play.
 *
 * Fuel is the number of points until the plan wants a choice, so most points cost one subtraction. A step is a point
 * that was passed; steps also drive the clock. A fiber that cannot go on says why (gup_sim_block()); if nobody can, the
 * clock is moved to the next timeout; if there is none, that is a deadlock and the play is abandoned.
 */
#include <string.h>

#include "inside.h"

#define FOREVER (INT64_MAX / 2)
#define LIMIT UINT64_C(2000000)
#define MAX_JUMPS UINT64_C(10000)
#define MAX_STALLS UINT64_C(1000)
#define MAX_LONELY_SPINS 1000000u
#define CLOCK_START UINT64_C(1000000000)

struct gup_sim_play gup_sim = {
	.actors = { { .name = "main" } },
	.current = &gup_sim.actors[0],
	.horizon = FOREVER,
	.clock = CLOCK_START,
};

int64_t gup_sim_fuel = FOREVER;
uint64_t gup_sim_changes;

static int64_t hushed_fuel;

uint64_t gup_sim_step(void)
{
	return gup_sim.horizon - (uint64_t)(gup_sim.quiet ? hushed_fuel : gup_sim_fuel);
}

uint64_t gup_sim_steps_of(const struct gup_sim_actor *actor)
{
	return actor->ran + (actor == gup_sim.current ? gup_sim_step() - actor->since : 0);
}

uint64_t gup_sim_clock(void)
{
	return gup_sim.clock + gup_sim_step() * GUP_SIM_NS_PER_POINT;
}

static void set_fuel(int64_t fuel)
{
	gup_sim.horizon = gup_sim_step() + (uint64_t)fuel;
	gup_sim_fuel = fuel;
}

void gup_sim_refuel(void)
{
	uint64_t step = gup_sim_step();

	if (gup_sim.quiet)
		return;
	if (!gup_sim.nr)
		set_fuel(FOREVER);
	else if ((gup_sim.open_sections && gup_sim.watch) || gup_sim.plan.others || gup_sim.next_ask <= step + 1)
		set_fuel(0);
	else
		set_fuel((int64_t)(gup_sim.next_ask - step - 1));
}

int64_t gup_sim_hush(void)
{
	int64_t fuel = gup_sim_fuel;

	if (!gup_sim.quiet++)
		hushed_fuel = fuel;
	gup_sim_fuel = FOREVER;
	return fuel;
}

void gup_sim_unhush(int64_t fuel)
{
	gup_sim.quiet--;
	gup_sim_fuel = fuel;
}

/* Who can go on? */

static bool grace_is_over(const struct gup_sim_actor *actor)
{
	unsigned int i;

	for (i = 1; i <= gup_sim.nr; i++)
		if (actor->grace[i] && gup_sim.actors[i].sections && gup_sim.actors[i].section == actor->grace[i])
			return false;
	return true;
}

static bool can_go_on(const struct gup_sim_actor *actor)
{
	const struct gup_port_rwlock *l = actor->waits_for;

	switch (actor->state) {
	case GUP_SIM_FOR_LOCK:
		return !((const struct gup_port_lock *)actor->waits_for)->word;
	case GUP_SIM_FOR_READ:
		return !l->writer;
	case GUP_SIM_FOR_WRITE:
		return !l->writer && !l->readers;
	case GUP_SIM_FOR_WAKE:
		return actor->woken || actor->wake_at <= gup_sim_clock();
	case GUP_SIM_FOR_TIME:
		return actor->wake_at <= gup_sim_clock();
	case GUP_SIM_FOR_GRACE:
		return grace_is_over(actor);
	case GUP_SIM_FOR_OTHERS:
		return actor->turn != gup_sim.turn;
	default:
		return actor->state == GUP_SIM_CAN_RUN;
	}
}

/* Those who stalled again and again for nothing stand back behind everybody else, until somebody changes something. */
static unsigned int who_can(struct gup_sim_actor **can, bool stalled_too)
{
	struct gup_sim_actor *actor;
	unsigned int nr = 0;

	for (actor = &gup_sim.actors[1]; actor <= &gup_sim.actors[gup_sim.nr]; actor++)
		if ((stalled_too || actor->state != GUP_SIM_FOR_OTHERS) && can_go_on(actor))
			can[nr++] = actor;
	return nr;
}

/* Move the clock to the next timeout. False if there is none, or if that has not helped for long. */
static bool jump(void)
{
	uint64_t now = gup_sim_clock(), at = UINT64_MAX;
	struct gup_sim_actor *actor;

	for (actor = &gup_sim.actors[1]; actor <= &gup_sim.actors[gup_sim.nr]; actor++)
		if ((actor->state == GUP_SIM_FOR_WAKE || actor->state == GUP_SIM_FOR_TIME) && actor->wake_at < at)
			at = actor->wake_at;
	if (at == UINT64_MAX || gup_sim.outcome.jumps >= MAX_JUMPS)
		return false;
	gup_sim.outcome.jumps++;
	if (at > now)
		gup_sim.clock += at - now;
	return true;
}

static unsigned int find_runners(struct gup_sim_actor **can)
{
	bool patient = gup_sim.stalls < 2 * gup_sim.nr || gup_sim_changes != gup_sim.changes_seen;
	unsigned int nr = who_can(can, patient);

	if (!nr && jump())
		nr = who_can(can, patient);
	if (!nr && !patient && gup_sim.stalls < MAX_STALLS)
		nr = who_can(can, true);
	return nr;
}

/* NULL: a deadlock. */
static struct gup_sim_actor *pick(void)
{
	struct gup_sim_actor *can[GUP_SIM_MAX_FIBERS], *next;
	unsigned int nr = find_runners(can);

	if (!nr)
		return NULL;
	next = gup_sim_choose(can, nr);
	gup_sim_plan_next(next);
	return next;
}

static uint64_t mix(uint64_t digest, uint64_t value)
{
	digest = (digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return digest ^ digest >> 29;
}

static void go_to(struct gup_sim_actor *next)
{
	struct gup_sim_actor *from = gup_sim.current;

	if (next == from)
		return;
	from->ran = gup_sim_steps_of(from);
	next->since = gup_sim_step();
	gup_sim.turn++;
	gup_sim.outcome.switches++;
	gup_sim.outcome.digest = mix(gup_sim.outcome.digest,
				     (gup_sim_step() - gup_sim.begin) << 16 | from->op << 8 | next->number);
	if (gup_sim.plan.trace)
		gup_sim_trace_switch(from, next);
	gup_sim_refuel();
	if (gup_sim_late)
		gup_sim_stores_out(from);
	gup_sim_stores_in(next);
	gup_sim_switch(next);
}

void gup_sim_abandon(void)
{
	if (!gup_sim.nr || !gup_sim.current->number)
		return;
	gup_sim.outcome.stuck = true;
	gup_sim_switch(&gup_sim.actors[0]);
}

static void stuck(const char *why)
{
	gup_sim_report_stuck(why);
	gup_sim_abandon();
	gup_port_panic(__FILE__, __LINE__, "nobody can go on");
}

/* Points */

static void note_others(uint64_t step)
{
	struct gup_sim_actor *actor;
	uint8_t others = 0;

	if (step > GUP_SIM_MAX_STEP)
		return;
	for (actor = &gup_sim.actors[1]; actor <= &gup_sim.actors[gup_sim.nr]; actor++)
		if (actor != gup_sim.current && can_go_on(actor))
			others |= (uint8_t)(1u << (actor->number - 1));
	gup_sim.plan.others[step] = others | (gup_sim.current->nr_late ? GUP_SIM_LATE_HERE : 0);
}

static void ask(enum gup_sim_op op, const volatile void *at)
{
	uint64_t step = gup_sim_step();
	struct gup_sim_actor *next;

	if (gup_sim.nr && !gup_sim.quiet && gup_sim.current->number) {
		if (gup_sim.open_sections && gup_sim.watch) {
			if (op == GUP_SIM_LOAD || op == GUP_SIM_CAS)
				gup_sim_touch(at);
			gup_sim_check_touched();
		}
		if (step - gup_sim.begin > gup_sim.plan.limit)
			stuck("it does not end");
		if (gup_sim.plan.others)
			note_others(step - gup_sim.begin);
		if (step >= gup_sim.next_ask) {
			next = pick();
			if (next)
				go_to(next);
		}
	}
	gup_sim_refuel();
}

void gup_sim_ask(enum gup_sim_op op, const volatile void *at)
{
	gup_sim.current->op = op;
	gup_sim.current->site = GUP_SIM_SITE_HERE;
	ask(op, at);
}

void gup_sim_point_at(enum gup_sim_op op, const volatile void *at, const void *site)
{
	gup_sim.current->op = op;
	gup_sim.current->site = site;
	if (--gup_sim_fuel < 0)
		ask(op, at);
}

void gup_sim_look_again(void)
{
	if (!gup_sim.nr || gup_sim.choices.manner != GUP_SIM_PRIORITIES)
		return;
	gup_sim.next_ask = gup_sim_step() + 1;
	gup_sim_refuel();
}

/* Alone, time is all that can change. */
static void block_alone(const struct gup_sim_actor *me)
{
	uint64_t now = gup_sim_clock();

	if (can_go_on(me))
		return;
	if (me->wake_at == UINT64_MAX)
		stuck("there is nobody else");
	if (me->wake_at > now)
		gup_sim.clock += me->wake_at - now;
}

void gup_sim_block(enum gup_sim_state state, void *on, uint64_t wake_at)
{
	struct gup_sim_actor *me = gup_sim.current, *next;

	me->state = state;
	me->waits_for = on;
	me->wake_at = wake_at;
	me->woken = false;
	me->turn = gup_sim.turn;
	if (!me->number || gup_sim.quiet) {
		block_alone(me);
	} else {
		next = pick();
		if (!next)
			stuck("nobody can go on");
		else
			go_to(next);
	}
	me->state = GUP_SIM_CAN_RUN;
	gup_sim_refuel();
}

/* Stalls in a row, without a change by anybody, show a deadlock. */
void gup_sim_stall(const char *what, const void *site)
{
	uint64_t turn = gup_sim.turn;

	gup_sim_point_at(GUP_SIM_STALL, NULL, site);
	if (turn != gup_sim.turn)
		return; /* others have run since the caller looked */
	gup_sim.current->what = what;
	gup_sim.stalls = gup_sim_changes == gup_sim.changes_seen ? gup_sim.stalls + 1 : 0;
	gup_sim.changes_seen = gup_sim_changes;
	gup_sim_block(GUP_SIM_FOR_OTHERS, NULL, UINT64_MAX);
}

/* Alone, a loop may be one that gives up after some turns. */
void gup_sim_relax(void)
{
	static unsigned int lonely;

	if (!gup_sim.current->number && ++lonely < MAX_LONELY_SPINS)
		return;
	lonely = 0;
	gup_sim_stall("a spin loop", GUP_SIM_SITE_HERE);
}

/* The play */

void gup_sim_ended(void)
{
	struct gup_sim_actor *me = gup_sim.current, *next;
	unsigned int i;

	gup_sim_nothing_held(me);
	gup_sim_stores_visible();
	me->state = GUP_SIM_ENDED;
	gup_sim_changes++;
	for (i = 1; i <= gup_sim.nr && gup_sim.actors[i].state == GUP_SIM_ENDED; i++)
		;
	me->ran = gup_sim_steps_of(me);
	me->since = gup_sim_step();
	if (i > gup_sim.nr) {
		gup_sim_switch(&gup_sim.actors[0]);
		return;
	}
	next = pick();
	if (!next)
		stuck("nobody can go on");
	else
		go_to(next);
}

static void actor_init(unsigned int number, const struct gup_sim_fiber *fiber)
{
	struct gup_sim_actor *actor = &gup_sim.actors[number];

	actor->number = number;
	actor->name = fiber->name;
	actor->run = fiber->run;
	actor->arg = fiber->arg;
	actor->local = NULL;
	gup_sim_stack_prepare(actor);
	actor->state = GUP_SIM_CAN_RUN;
	actor->op = GUP_SIM_BEGIN;
	actor->site = NULL;
	gup_sim_late -= actor->nr_late; /* of one that was abandoned */
	actor->nr_held = actor->nr_locks = actor->sections = actor->nr_touched = actor->nr_late = 0;
	actor->section = actor->ran = 0;
}

static void play_begin(const struct gup_sim_fiber *fibers, unsigned int nr, const struct gup_sim_plan *plan)
{
	unsigned int i;

	if (gup_sim.nr || nr > GUP_SIM_MAX_FIBERS)
		gup_port_panic(__FILE__, __LINE__, "a play within a play, or too many fibers");
	for (i = 0; i < nr; i++)
		actor_init(i + 1, &fibers[i]);
	gup_sim.nr = nr;
	gup_sim.plan = *plan;
	gup_sim.plan.limit = plan->limit ? plan->limit : LIMIT;
	memset(&gup_sim.outcome, 0, sizeof(gup_sim.outcome));
	gup_sim.begin = gup_sim_step();
	gup_sim.turn = gup_sim.stalls = 0;
	gup_sim.open_sections = gup_sim.actors[0].sections ? 1 : 0;
	gup_sim_plan_begin();
}

static void play_end(void)
{
	unsigned int i;

	gup_sim.outcome.steps = gup_sim_step() - gup_sim.begin;
	for (i = 0; i < gup_sim.nr; i++)
		gup_sim.outcome.length[i] = gup_sim.actors[i + 1].ran;
}

void gup_sim_run(const struct gup_sim_fiber *fibers, unsigned int nr, const struct gup_sim_plan *plan,
		 struct gup_sim_outcome *out)
{
	play_begin(fibers, nr, plan);
	if (plan->trace)
		gup_sim_trace_begin();
	if (nr)
		go_to(pick());
	play_end();
	if (plan->trace)
		gup_sim_trace_end();
	gup_sim.nr = 0;
	gup_sim.open_sections = 0;
	gup_sim_refuel();
	if (out)
		*out = gup_sim.outcome;
}

void gup_sim_reset(void)
{
	if (gup_sim.nr)
		return;
	gup_sim_nothing_held(&gup_sim.actors[0]);
	gup_sim_order_reset();
	gup_sim.actors[0].local = NULL;
	gup_sim.clock = CLOCK_START;
	gup_sim.horizon = FOREVER;
	gup_sim_fuel = FOREVER;
}

void **gup_sim_local(void)
{
	return &gup_sim.current->local;
}

const char *gup_sim_name(void)
{
	return gup_sim.current->name;
}
