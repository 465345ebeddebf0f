/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/heard.h - plays on the bare host, without a machine: what it complains about is kept.
 */
#ifndef SIM_HEARD_H
#define SIM_HEARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host.h"
#include "sim.h"

#define FOREVER_NS UINT64_C(60000000000)

struct heard {
	unsigned int nr;
	enum gup_sim_finding kind;
	char text[1024], site[160]; /* of the first */
};

extern struct heard heard;

/* Play a and b (NULL: only one) with a number; complaints go to @heard. */
struct gup_sim_outcome play(uint64_t number, void (*a)(void *), void (*b)(void *));
/* Exactly one complaint, with these words. */
void expect_heard(enum gup_sim_finding kind, const char *words);
void expect_silence(void);

#endif
