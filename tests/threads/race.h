/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/race.h - two threads that meet again and again, so that they do so at the wrong moment too.
 *
 * A race is played in rounds: one side prepares, both go at once, one side judges. The moment at which one of them
 * starts is swept over the rounds.
 */
#ifndef RACE_H
#define RACE_H

#include "actor.h"

struct race {
	struct world w;
	struct gup_object *shm, *object;
	struct gup_mm *child;
	struct gup_page *page, *frames;
	uint64_t rounds, timeout_ns;
	int (*prepare)(struct race *race, uint64_t round);
	int (*side[2])(struct race *race, uint64_t round);
	int (*judge)(struct race *race, uint64_t round);
	int results[2];
	bool over;		    /* atomic */
	unsigned int arrived, turn; /* atomic */
};

void race_begin(struct race *race, const struct world_spec *spec);
/* Sides that play until one of them says that it is over. */
bool race_is_over(struct race *race);
void race_set_over(struct race *race);
void run_rounds(struct race *race);
void run_pair(struct race *race, int (*first)(struct actor *), int (*second)(struct actor *));

/* For sides, which may not assert: 0 or a line. */
void spin(uint64_t turns);
/* New private memory at BASE, in place of the old. */
int map_again(struct gup_mm *mm, uint64_t bytes);
int write_byte(struct gup_mm *mm, uint64_t addr, uint8_t byte);
int expect_byte(struct gup_mm *mm, uint64_t addr, uint8_t byte);

#endif
