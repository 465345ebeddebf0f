/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/buffer.c - stores that are not seq_cst, seen late by the others.
 *
 * Interleaving alone is sequential consistency. Here each fiber has a buffer as a processor has: a relaxed or release
 * store may stay in it, past later loads and the taking of locks, until something of the fiber's own makes it visible (a
 * seq_cst store or read-modify-write, the release of a lock, a wait) or it leaves by itself. Memory has what the running
 * fiber sees: when it is stopped, what is in its buffer is exchanged for what was there before, and back when it goes
 * on. So loads cost nothing, and plain ones see the same.
 *
 * Stores leave in any order; those to one word in theirs, and a release store behind all before it.
 */
#include <string.h>

#include "inside.h"

unsigned int gup_sim_late;

void gup_sim_store_later(volatile void *at, unsigned int bytes, bool release)
{
	struct gup_sim_actor *me = gup_sim.current;
	struct gup_sim_late_store *store;

	if (!gup_sim.nr || gup_sim.quiet || !me->number)
		return;
	if (gup_sim.choices.stores == GUP_SIM_STORES_AT_ONCE && !gup_sim.plan.others)
		return;
	if (me->nr_late == GUP_SIM_LATE)
		gup_sim_stores_visible();
	store = &me->late[me->nr_late++];
	store->at = at;
	store->bytes = bytes;
	store->release = release;
	memcpy(store->other, (const void *)(uintptr_t)at, bytes);
	gup_sim_late++;
}

/* All that the fiber has stored is there for everybody. It runs: memory has it already. */
void gup_sim_stores_visible(void)
{
	struct gup_sim_actor *me = gup_sim.current;

	gup_sim_late -= me->nr_late;
	me->nr_late = 0;
}

static void exchange(struct gup_sim_late_store *store)
{
	void *at = (void *)(uintptr_t)store->at;
	uint8_t was[8];

	memcpy(was, at, store->bytes);
	memcpy(at, store->other, store->bytes);
	memcpy(store->other, was, store->bytes);
}

/* Does one of the first @nr stores keep @store from leaving before it? */
static bool held_back(const struct gup_sim_actor *actor, const struct gup_sim_late_store *store, unsigned int nr)
{
	unsigned int i;

	if (store->release)
		return nr;
	for (i = 0; i < nr; i++)
		if (actor->late[i].at == store->at)
			return true;
	return false;
}

/* Some stores leave now, by chance. */
static void let_some_go(struct gup_sim_actor *actor)
{
	unsigned int i, kept = 0;

	for (i = 0; i < actor->nr_late; i++) {
		if (gup_sim.choices.stores == GUP_SIM_STORES_LATER && !held_back(actor, &actor->late[i], kept) &&
		    gup_sim_random(2))
			continue;
		actor->late[kept++] = actor->late[i];
	}
	gup_sim_late -= actor->nr_late - kept;
	actor->nr_late = kept;
}

void gup_sim_stores_out(struct gup_sim_actor *actor)
{
	unsigned int i;

	/* Nobody sleeps on a store. */
	if (actor->state != GUP_SIM_CAN_RUN || gup_sim.choices.stores == GUP_SIM_STORES_AT_ONCE)
		gup_sim_stores_visible();
	let_some_go(actor);
	for (i = actor->nr_late; i-- > 0;)
		exchange(&actor->late[i]);
}

void gup_sim_stores_in(struct gup_sim_actor *actor)
{
	unsigned int i;

	for (i = 0; i < actor->nr_late; i++)
		exchange(&actor->late[i]);
}

/* A grace period makes every fiber pass a full barrier. @actor does not run: its stores go from its buffer to memory. */
void gup_sim_stores_flush(struct gup_sim_actor *actor)
{
	gup_sim_stores_in(actor);
	gup_sim_late -= actor->nr_late;
	actor->nr_late = 0;
}
