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

int take_area(struct gup_machine *m, uint64_t *done)
{
	struct gup_page *frames;
	int ret = gup_cma_alloc(m, CAMERA, 4 * MIB, 0, IMPATIENT_NS, &frames, NULL);
	uint64_t *words, i;

	if (ret == -GUP_EBUSY || ret == -GUP_ENOMEM)
		return 0;
	CHECK(ret == 0);
	words = gup_page_address(m, frames);
	for (i = 0; i < 4 * MIB / sizeof(*words); i++)
		words[i] = *done + i;
	for (i = 0; i < 4 * MIB / sizeof(*words); i++)
		CHECK(words[i] == *done + i); /* nobody else writes there */
	CHECK(gup_cma_free(m, frames, 4 * MIB) == 0);
	(*done)++;
	return 0;
}

uint64_t dice(struct actor *actor, uint64_t limit)
{
	actor->seed ^= actor->seed << 13;
	actor->seed ^= actor->seed >> 7;
	actor->seed ^= actor->seed << 17;
	return actor->seed % limit;
}
