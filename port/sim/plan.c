/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/plan.c - all choices of a play, from its number.
 *
 * Three manners find different races: a random walk mixes finely; a few pre-emptions leave everything else in order, so
 * that one long step of one fiber fits between two instructions of another; priorities with a few changes (after
 * Burckhardt and others, "A randomized scheduler with probabilistic guarantees of finding bugs") find races that need
 * an order of few events. Numbers 0 and 1 play one fiber after the other. A number with the highest bit says itself
 * where the pre-emptions are: who looks for all of them counts these.
 *
 * An order by rank is not fair: who is woken by every step of another one, and always goes first, keeps it from ever getting
 * on, which no processors do. So a play that is very long goes on as a random walk.
 */
#include <stdio.h>

#include "inside.h"

#define NEVER UINT64_MAX
#define USUAL_LENGTH 1000u
#define LOOK_AFTER 64u
#define FAIR_AFTER UINT64_C(20000)
#define FAIR_MEAN 64u

static uint64_t scramble(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t draw(struct gup_sim_choices *choices, uint64_t below)
{
	return (uint64_t)(((__uint128_t)scramble(&choices->random) * below) >> 64);
}

uint64_t gup_sim_random(uint64_t below)
{
	return draw(&gup_sim.choices, below);
}

/* A fiber first, then a place in it: a short one is worth as many tries as a long one. */
static void draw_changes(struct gup_sim_choices *choices, const struct gup_sim_plan *plan, unsigned int nr)
{
	struct gup_sim_change *change;
	unsigned int i;

	choices->nr_changes = 1 + (unsigned int)draw(choices, GUP_SIM_MAX_CHANGES);
	for (i = 0; nr && i < choices->nr_changes; i++) {
		change = &choices->changes[i];
		change->number = 1 + (unsigned int)draw(choices, nr);
		change->at = 1 + draw(choices, plan->length[change->number - 1] ? plan->length[change->number - 1]
										: USUAL_LENGTH);
	}
}

/* Exact numbers: 1, linger 1 bit, order 5 bits, and for each move its step in 16 bits and its fiber in 3. */

#define EXACT (UINT64_C(1) << 63)
#define LINGER (UINT64_C(1) << 62)
#define ORDER_SHIFT 57
#define MOVE_BITS 19
#define FIBER_SHIFT 16

uint64_t gup_sim_exact_number(const struct gup_sim_exact *exact)
{
	uint64_t number = EXACT | (exact->linger ? LINGER : 0) | (uint64_t)exact->order << ORDER_SHIFT;
	const struct gup_sim_move *move = exact->moves;
	unsigned int i;

	for (i = 0; i < exact->nr; i++, move++)
		number |= (move->step | (uint64_t)(move->fiber - 1) << FIBER_SHIFT) << i * MOVE_BITS;
	return number;
}

bool gup_sim_is_exact(uint64_t number)
{
	return number & EXACT;
}

static void exact_from(uint64_t number, struct gup_sim_exact *exact)
{
	struct gup_sim_move *move = exact->moves;

	exact->linger = number & LINGER;
	exact->order = (number >> ORDER_SHIFT) & 31;
	for (exact->nr = 0; exact->nr < GUP_SIM_MAX_MOVES; exact->nr++, move++, number >>= MOVE_BITS) {
		move->step = number & GUP_SIM_MAX_STEP;
		move->fiber = 1 + ((number >> FIBER_SHIFT) & 7);
		if (!move->step)
			break;
	}
}

unsigned int gup_sim_orders(unsigned int nr)
{
	return nr > 1 ? nr * gup_sim_orders(nr - 1) : 1;
}

/* Half of the drawn plays let stores that are not seq_cst wait. */
static void choices_from(const struct gup_sim_plan *plan, unsigned int nr, struct gup_sim_choices *choices)
{
	uint64_t way, stores = ~plan->number;

	*choices = (struct gup_sim_choices){ .manner = GUP_SIM_IN_TURN, .random = plan->number };
	if (plan->number <= 1)
		return;
	if (gup_sim_is_exact(plan->number)) {
		choices->manner = GUP_SIM_EXACT;
		exact_from(plan->number, &choices->exact);
		choices->stores = choices->exact.linger ? GUP_SIM_STORES_LAST : GUP_SIM_STORES_AT_ONCE;
		return;
	}
	way = draw(choices, 10);
	choices->manner = way < 4 ? GUP_SIM_WALK : way < 7 ? GUP_SIM_PREEMPT : GUP_SIM_PRIORITIES;
	choices->stores = scramble(&stores) & 1 ? GUP_SIM_STORES_LATER : GUP_SIM_STORES_AT_ONCE;
	if (choices->manner == GUP_SIM_WALK)
		choices->mean = 2u << draw(choices, 6);
	else
		draw_changes(choices, plan, nr);
}

/* Distinct, in random order. */
static void draw_priorities(void)
{
	unsigned int i, j;

	for (i = 1; i <= gup_sim.nr; i++) {
		j = 1 + (unsigned int)gup_sim_random(i);
		gup_sim.actors[i].priority = gup_sim.actors[j].priority;
		gup_sim.actors[j].priority = i;
	}
}

/* The order'th of all orders of the fibers; each has the priority of its place in it. */
static void order_priorities(unsigned int order)
{
	unsigned int left[GUP_SIM_MAX_FIBERS], nr = gup_sim.nr, at, i;

	for (i = 0; i < nr; i++)
		left[i] = i + 1;
	for (; nr; nr--) {
		at = order % nr;
		order /= nr;
		gup_sim.actors[left[at]].priority = nr;
		for (i = at; i + 1 < nr; i++)
			left[i] = left[i + 1];
	}
}

void gup_sim_plan_begin(void)
{
	choices_from(&gup_sim.plan, gup_sim.nr, &gup_sim.choices);
	if (gup_sim.choices.manner == GUP_SIM_PRIORITIES)
		draw_priorities();
	if (gup_sim.choices.manner == GUP_SIM_EXACT)
		order_priorities(gup_sim.choices.exact.order);
	gup_sim.next_ask = NEVER;
}

static struct gup_sim_actor *highest(struct gup_sim_actor **can, unsigned int nr)
{
	struct gup_sim_actor *best = can[0];
	unsigned int i;

	for (i = 1; i < nr; i++)
		if (can[i]->priority > best->priority)
			best = can[i];
	return best;
}

/* Any of them, but not @out if there is another. */
static struct gup_sim_actor *any_but(struct gup_sim_actor **can, unsigned int nr, const struct gup_sim_actor *out)
{
	struct gup_sim_actor *one = can[gup_sim_random(nr)];

	while (nr > 1 && one == out)
		one = can[gup_sim_random(nr)];
	return one;
}

static bool change_is_due(struct gup_sim_choices *choices)
{
	uint64_t steps = gup_sim_steps_of(gup_sim.current);
	struct gup_sim_change *change;
	bool due = false;

	for (change = choices->changes; change < &choices->changes[choices->nr_changes]; change++) {
		if (!change->at || change->number != gup_sim.current->number || change->at > steps)
			continue;
		change->at = 0;
		due = true;
	}
	return due;
}

/* Who the next move names, if it is due; a move that comes too late, or names somebody who cannot run, is nobody's. */
static struct gup_sim_actor *moved_to(struct gup_sim_choices *choices, struct gup_sim_actor **can, unsigned int nr)
{
	uint64_t step = gup_sim_step() - gup_sim.begin;
	const struct gup_sim_move *move;
	struct gup_sim_actor *next = NULL;
	unsigned int i;

	for (; choices->next_move < choices->exact.nr; choices->next_move++) {
		move = &choices->exact.moves[choices->next_move];
		if (move->step > step)
			break;
		for (i = 0; i < nr && move->step == step; i++)
			if (can[i]->number == move->fiber)
				next = can[i];
	}
	return next;
}

static bool current_can(struct gup_sim_actor **can, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (can[i] == gup_sim.current)
			return can[i]->state == GUP_SIM_CAN_RUN;
	return false;
}

/* A pre-emption if one is due; else the current one goes on if it can, and the first in order if not. */
static struct gup_sim_actor *choose_exactly(struct gup_sim_actor **can, unsigned int nr)
{
	struct gup_sim_actor *next = moved_to(&gup_sim.choices, can, nr);

	if (next)
		return next;
	return current_can(can, nr) ? gup_sim.current : highest(can, nr);
}

static void become_fair(struct gup_sim_choices *choices)
{
	if (choices->manner == GUP_SIM_WALK || gup_sim_step() - gup_sim.begin < FAIR_AFTER)
		return;
	choices->manner = GUP_SIM_WALK;
	choices->mean = FAIR_MEAN;
}

struct gup_sim_actor *gup_sim_choose(struct gup_sim_actor **can, unsigned int nr)
{
	struct gup_sim_choices *choices = &gup_sim.choices;
	bool due = change_is_due(choices);

	become_fair(choices);
	switch (choices->manner) {
	case GUP_SIM_IN_TURN:
		return can[0];
	case GUP_SIM_EXACT:
		return choose_exactly(can, nr);
	case GUP_SIM_PRIORITIES:
		if (due)
			gup_sim.current->priority = --choices->lowest;
		return highest(can, nr);
	default:
		return any_but(can, nr, due ? gup_sim.current : NULL);
	}
}

static bool somebody_stalls(void)
{
	unsigned int i;

	for (i = 1; i <= gup_sim.nr; i++)
		if (gup_sim.actors[i].state == GUP_SIM_FOR_OTHERS)
			return true;
	return false;
}

/* Step of the play at which the actor, who goes on now, comes to its next change. */
static uint64_t next_change(const struct gup_sim_choices *choices, const struct gup_sim_actor *actor)
{
	uint64_t steps = gup_sim_steps_of(actor), at = NEVER;
	const struct gup_sim_change *change;

	for (change = choices->changes; change < &choices->changes[choices->nr_changes]; change++)
		if (change->number == actor->number && change->at > steps && change->at < at)
			at = change->at;
	return at == NEVER ? NEVER : gup_sim_step() + at - steps;
}

static uint64_t next_move(const struct gup_sim_choices *choices)
{
	if (choices->next_move == choices->exact.nr)
		return NEVER;
	return gup_sim.begin + choices->exact.moves[choices->next_move].step;
}

/* Who stalls is not told when what it waits for has come, so it looks from time to time. */
void gup_sim_plan_next(const struct gup_sim_actor *actor)
{
	struct gup_sim_choices *choices = &gup_sim.choices;
	uint64_t step = gup_sim_step(), at = NEVER;

	if (choices->manner == GUP_SIM_WALK)
		at = step + 1 + gup_sim_random(2 * choices->mean - 1);
	else if (choices->manner == GUP_SIM_EXACT)
		at = next_move(choices);
	else if (choices->manner != GUP_SIM_IN_TURN)
		at = next_change(choices, actor);
	if ((choices->manner == GUP_SIM_PREEMPT || choices->manner == GUP_SIM_PRIORITIES) && somebody_stalls()) {
		step += 1 + gup_sim_random(LOOK_AFTER);
		at = at < step ? at : step;
	}
	if (at > gup_sim.begin + gup_sim.plan.limit)
		at = gup_sim.begin + gup_sim.plan.limit + 1;
	gup_sim.next_ask = at;
}

void gup_sim_style(const struct gup_sim_plan *plan, char *buf, size_t size)
{
	struct gup_sim_choices choices;

	choices_from(plan, GUP_SIM_MAX_FIBERS, &choices);
	switch (choices.manner) {
	case GUP_SIM_IN_TURN:
		snprintf(buf, size, "one after the other");
		break;
	case GUP_SIM_WALK:
		snprintf(buf, size, "a switch in about %u points", choices.mean);
		break;
	case GUP_SIM_PREEMPT:
		snprintf(buf, size, "%u pre-emptions", choices.nr_changes);
		break;
	case GUP_SIM_PRIORITIES:
		snprintf(buf, size, "priorities, %u changes", choices.nr_changes);
		break;
	case GUP_SIM_EXACT:
		snprintf(buf, size, "order %u, %u pre-emptions%s", choices.exact.order, choices.exact.nr,
			 choices.exact.linger ? ", stores linger" : "");
		break;
	}
}
