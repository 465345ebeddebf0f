/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/actor.c - running actors, and their dice.
 */
#include "actor.h"

static void *start(void *arg)
{
	struct actor *actor = arg;

	actor->failed_line = actor->play(actor);
	return NULL;
}

void run_actors(struct actor *actors, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		assert_int_equal(pthread_create(&actors[i].thread, NULL, start, &actors[i]), 0);
	for (i = 0; i < nr; i++)
		assert_int_equal(pthread_join(actors[i].thread, NULL), 0);
	for (i = 0; i < nr; i++)
		if (actors[i].failed_line)
			fail_msg("%s failed at line %d", actors[i].name, actors[i].failed_line);
}

uint64_t dice(struct actor *actor, uint64_t limit)
{
	actor->seed ^= actor->seed << 13;
	actor->seed ^= actor->seed >> 7;
	actor->seed ^= actor->seed << 17;
	return actor->seed % limit;
}
