/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/host.h - what the processes of the host's side share.
 */
#ifndef RANDOM_HOST_H
#define RANDOM_HOST_H

#include <stdatomic.h>

#include "program.h"

/* What a process finds in its box. It answers with NOTHING. */
enum mail { NOTHING, PLEASE_STEP, PLEASE_LOOK, PLEASE_GO };
typedef _Atomic unsigned int mailbox;

/**
 * struct host_side - shared by all of them
 * @boxes:   one for each process; the first one's says that a program is to be played
 * @pids:    0: no such process
 * @starter: who compares; @first: who plays
 * @missing: why there are no pins; "" if there are
 * @step, @outcome, @seen: what a child is asked
 */
struct host_side {
	mailbox boxes[PROCESSES];
	pid_t pids[PROCESSES], starter, first;
	char missing[128];
	const struct step *step;
	struct outcome *outcome;
	struct look *seen;
	struct program program;
	struct trace trace;
};

/* Starts it; NULL if it could not be. */
struct host_side *host_start(void);
/* Begins to play @p. */
void host_begin(struct host_side *side, const struct program *p);
/* Waits for it. NULL if the process is gone. */
const struct trace *host_end(struct host_side *side);
void host_stop(struct host_side *side);

#endif
