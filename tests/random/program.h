/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/program.h - random programs that run on the host's kernel and on libgup, and have to come out the same.
 *
 * A program is a list of steps drawn from a seed. Each side plays it in a world of its own: one process and what it
 * forks, a window of addresses, two files in memory, a few pins. What comes out is a trace: the result of each step, and
 * what all processes, files and devices see.
 *
 *	ops.c		the table of operations
 *	draw.c		steps from a seed
 *	print.c		steps as C
 *	calls.c		system calls and what surrounds them; host_ops.c the operations, host.c the processes
 *	gup_ops.c	the operations on libgup; gup.c its world
 *	judge.c		both traces side by side; shrink.c less of a program
 *	main.c		one seed after the other
 */
#ifndef RANDOM_PROGRAM_H
#define RANDOM_PROGRAM_H

#include <stdio.h>
#include <sys/types.h>

#include <gup/gup.h>

#include "calls.h"

#define MAX_STEPS 100u
#define MAX_WORDS 8u

struct op;

/**
 * struct step - one operation with its arguments; each uses what it needs
 * @who:    the process
 * @page:   first page in the window, or in the file
 * @nr:     pages
 * @skew:   bytes by which the address is off its page
 * @prot:   GUP_PROT_*, which are the host's
 * @kind:   of a mapping, an advice and so on: a row of the operation's own table
 * @exact:  of a mapping: what is there is not replaced
 * @fill:   of a mapping: MAP_POPULATE
 * @file:   which file
 * @offset: pages into the file
 * @lane:   which word of each page
 * @slot:   which pin, or which process a fork makes
 * @to, @to_nr: of mremap: where to, and how many pages
 * @value:  what is stored
 */
struct step {
	const struct op *op;
	unsigned int who, page, nr, skew, prot, kind;
	bool exact, fill;
	unsigned int file, offset, lane, slot, to, to_nr;
	uint64_t value;
};

/* @looks: everybody looks at everything after each step, not only at the end; looking faults pages in. */
struct program {
	uint64_t seed;
	bool looks;
	unsigned int nr;
	struct step steps[MAX_STEPS];
};

/* What is seen. Of a page that cannot be read the words are 0. */
struct look {
	bool there[PROCESSES][PAGES];
	uint64_t memory[PROCESSES][PAGES][LANES];
	uint64_t size[FILES];
	uint64_t file[FILES][FILE_PAGES][LANES];
	uint64_t device[PINS][PIN_PAGES][LANES];
};

/* What a step came to: a result or negative errno, and what it read. */
struct outcome {
	int64_t value;
	unsigned int nr;
	uint64_t words[MAX_WORDS];
	bool looked;
	struct look look;
};

/* @broken: libgup's own check has found something, after the last step. */
struct trace {
	char broken[160];
	struct outcome outcomes[MAX_STEPS];
};

/* Somebody who is not there is asked nothing, on both sides. */
#define NOBODY INT64_MIN

/* One side while a program runs. */
struct gup_world {
	struct gup_machine *m;
	struct gup_mm *mms[PROCESSES];
	struct gup_object *files[FILES];
	struct gup_pin *pins[PINS];
};

/* What is known of a program while it is drawn, so that most of it makes sense. */
struct draw {
	uint64_t random;
	unsigned int step;
	bool alive[PROCESSES];
	bool mapped[PROCESSES][PAGES];
	unsigned int pinned[PINS];
};

/**
 * struct op - an operation
 * @name:   for people
 * @weight: how often it is drawn, compared with the others
 * @draw:   chooses the arguments; false if it makes no sense now
 * @host:   does it in the process that the step names, or for the device; NULL for FORK and EXIT, which host.c does
 * @gup:    does it on libgup
 * @print:  the statement in C
 * @role:   a call of the process; one that pins; what the device does; or a process is made, or ends
 */
struct op {
	const char *name;
	unsigned int weight;
	bool (*draw)(struct draw *d, struct step *s);
	void (*host)(const struct step *s, struct outcome *o);
	void (*gup)(struct gup_world *w, const struct step *s, struct outcome *o);
	void (*print)(FILE *out, const struct step *s);
	enum role { CALL, PIN, DEVICE, FORK, EXIT } role;
};

/* A row of a table of constants that both sides have. */
struct word {
	const char *name; /* in C */
	unsigned int weight, gup;
};

/* ---- ops.c ---- */
extern const struct op ops[];
extern const unsigned int nr_ops;
extern const struct word advices[], mappings[], moves[];
uint64_t *pinned_page(const struct gup_world *w, unsigned int slot, unsigned int page); /* gup_ops.c */
extern const unsigned int nr_advices, nr_mappings, nr_moves;
uint64_t step_addr(const struct step *s);
uint64_t step_bytes(const struct step *s);
bool step_shows_merges(const struct step *s, uint32_t kernel);

/* ---- draw.c ---- */
void program_draw(struct program *p, uint64_t seed, unsigned int steps);

#endif
