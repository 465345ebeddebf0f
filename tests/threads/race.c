/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/race.c - playing a race in rounds, and what its sides do to memory.
 */
#include <sched.h>

#include "race.h"

bool race_is_over(struct race *race)
{
	return __atomic_load_n(&race->over, __ATOMIC_SEQ_CST);
}

void race_set_over(struct race *race)
{
	__atomic_store_n(&race->over, true, __ATOMIC_SEQ_CST);
}

/* A gate for two that opens within a fraction of a microsecond, where a sleeping barrier needs tens of them. */
static void meet(struct race *race)
{
	unsigned int turn = __atomic_load_n(&race->turn, __ATOMIC_SEQ_CST);

	if (__atomic_fetch_add(&race->arrived, 1, __ATOMIC_SEQ_CST) == 1) {
		__atomic_store_n(&race->arrived, 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&race->turn, turn + 1, __ATOMIC_SEQ_CST);
		return;
	}
	while (__atomic_load_n(&race->turn, __ATOMIC_SEQ_CST) == turn)
		sched_yield();
}

void spin(uint64_t turns)
{
	volatile uint64_t i;

	for (i = 0; i < turns; i++)
		;
}

/* Between the gates nobody changes @over, so both sides leave after the same round. */
static int play_side(struct actor *actor)
{
	struct race *race = actor->stage;
	unsigned int me = actor->seed;
	uint64_t round;
	int line = 0;

	for (round = 0; round < race->rounds; round++) {
		if (me == 0)
			line = race->prepare(race, round);
		if (line)
			race_set_over(race);
		meet(race);
		if (race_is_over(race))
			break;
		line = race->side[me](race, round);
		meet(race);
		if (me == 0 && !line)
			line = race->judge(race, round);
		if (line)
			race_set_over(race);
		meet(race);
		if (race_is_over(race))
			break;
	}
	return line;
}

void race_begin(struct race *race, const struct world_spec *spec)
{
	memset(race, 0, sizeof(*race));
	world_begin(&race->w, spec);
}

void run_rounds(struct race *race)
{
	struct actor actors[] = {
		{ .name = "first", .play = play_side, .stage = race, .seed = 0 },
		{ .name = "second", .play = play_side, .stage = race, .seed = 1 },
	};

	run_actors(actors, 2);
}

void run_pair(struct race *race, int (*first)(struct actor *), int (*second)(struct actor *))
{
	struct actor actors[] = {
		{ .name = "first", .play = first, .stage = race },
		{ .name = "second", .play = second, .stage = race },
	};

	run_actors(actors, 2);
}

int map_again(struct gup_mm *mm, uint64_t bytes)
{
	struct gup_map_request request = { .addr = BASE, .length = bytes, .prot = RW, .flags = ANON_AT };

	CHECK(gup_mmap(mm, &request) == (int64_t)BASE);
	return 0;
}

int write_byte(struct gup_mm *mm, uint64_t addr, uint8_t byte)
{
	CHECK(gup_copy_to_user(mm, addr, &byte, 1) == 0);
	return 0;
}

int expect_byte(struct gup_mm *mm, uint64_t addr, uint8_t byte)
{
	uint8_t seen = (uint8_t)~byte;

	CHECK(gup_copy_from_user(mm, &seen, addr, 1) == 0);
	CHECK(seen == byte);
	return 0;
}
