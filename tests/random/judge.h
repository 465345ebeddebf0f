/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/judge.h - a program on both sides, and what comes out differently.
 */
#ifndef RANDOM_JUDGE_H
#define RANDOM_JUDGE_H

#include "gup_side.h"
#include "host.h"

enum part { SAME, IN_RESULT, IN_WORDS, IN_MEMORY, IN_SIZE, IN_FILE, IN_DEVICE, IN_CHECK, IN_HOST };

/* The first difference: in which part of the outcome of which step, and what both had, for people. */
struct difference {
	enum part part;
	unsigned int step;
	char kernel[128], libgup[192];
};

/**
 * struct judge - both sides
 * @fresh:  a new machine for each program
 * @played: programs so far
 */
struct judge {
	struct host_side *host;
	struct gup_world world;
	uint32_t kernel;
	bool fresh;
	uint64_t played;
	struct trace mine;
};

/* 0 or a negative errno. */
int judge_open(struct judge *j, uint32_t kernel);
void judge_close(struct judge *j);
/* Leaves out the steps that this host cannot do, or does in a way that nobody can foresee. */
void judge_leave_out(const struct judge *j, struct program *p);
/* True if both sides agree. */
bool judge_program(struct judge *j, const struct program *p, struct difference *out);

/* ---- shrink.c ---- */
/* Less of @p with a difference of the same kind, which is in @d before and after. False if it was not there again. */
bool program_shrink(struct judge *j, struct program *p, struct difference *d);

/* ---- print.c ---- */
/* The program as C, with the difference where it is. */
void program_print(FILE *out, const struct program *p, const struct difference *d);

#endif
