/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/actor.h - threads that may not assert: each reports its first failure, the main thread judges.
 */
#ifndef ACTOR_H
#define ACTOR_H

#include <pthread.h>

#include "stamp.h"
#include "world.h"

struct actor {
	pthread_t thread;
	const char *name;
	int (*play)(struct actor *actor); /* 0, or the line of the failed check */
	void *stage;
	uint64_t seed;
	uint64_t done; /* what the actor counts as success, for the main thread to look at */
	int failed_line;
};

/* In an actor's functions: leave with the line number if @cond does not hold. */
#define CHECK(cond)                                                                                                    \
	do {                                                                                                           \
		if (!(cond))                                                                                           \
			return __LINE__;                                                                               \
	} while (0)

/* Pass on a failure of a function that uses CHECK. */
#define CHECK_CALL(call)                                                                                               \
	do {                                                                                                           \
		int line_ = (call);                                                                                    \
		if (line_)                                                                                             \
			return line_;                                                                                  \
	} while (0)

/* Start all, wait for all, fail with name and line of the first that failed. */
void run_actors(struct actor *actors, unsigned int nr);

/* Have 4 MiB of the first CMA area for a moment, and scribble over it. Who is in the way for long is no failure. */
int take_area(struct gup_machine *m, uint64_t *done);

/* A number below @limit; the same sequence for the same seed. */
uint64_t dice(struct actor *actor, uint64_t limit);

#endif
