/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/actor.c - running actors, and the stamps by which they know their pages.
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

static uint64_t stamp_word(uint32_t who, uint64_t addr, uint64_t generation, unsigned int at)
{
	return (addr + at) * UINT64_C(0x9e3779b97f4a7c15) ^ (generation + 1) * UINT64_C(0xd1342543de82ef95) ^
	       (uint64_t)who << 56;
}

void stamp_make(void *page, uint32_t who, uint64_t addr, uint64_t generation)
{
	uint64_t *words = page;
	unsigned int i;

	words[0] = generation;
	for (i = 1; i < PAGE / 8; i++)
		words[i] = stamp_word(who, addr, generation, i);
}

bool stamp_is_whole(const void *page, uint32_t who, uint64_t addr, uint64_t *generation)
{
	const uint64_t *words = page;
	unsigned int i;

	for (i = 1; i < PAGE / 8; i++)
		if (words[i] != stamp_word(who, addr, words[0], i))
			return false;
	if (generation)
		*generation = words[0];
	return true;
}

bool stamp_is(const void *page, uint32_t who, uint64_t addr, uint64_t generation)
{
	uint64_t found;

	return stamp_is_whole(page, who, addr, &found) && found == generation;
}

bool app_stamp(struct gup_mm *mm, uint32_t who, uint64_t addr, uint64_t generation)
{
	uint64_t page[PAGE / 8];

	stamp_make(page, who, addr, generation);
	return gup_copy_to_user(mm, addr, page, PAGE) == 0;
}

bool app_sees(struct gup_mm *mm, uint32_t who, uint64_t addr, uint64_t generation)
{
	uint64_t page[PAGE / 8];

	return gup_copy_from_user(mm, page, addr, PAGE) == 0 && stamp_is(page, who, addr, generation);
}
