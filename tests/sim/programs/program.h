/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/programs/program.h - small concurrent programs over the core, and what must hold in them in every order.
 *
 * A program is some kind of memory and two or three actors with a few operations each: "anon: pin write | fork reuse".
 *
 *	program.c   programs from numbers and from text
 *	world.c     what a program begins with and is judged by at its end
 *	lanes.c     whose bytes are where
 *	pins.c      operations that take, use and release pages
 *	others.c    operations that get in their way
 *	moves.c     pages that are elsewhere for a while: mremap, and advice about children
 *	mirror.c    a subscriber that uses pages without holding them
 */
#ifndef SIM_PROGRAM_H
#define SIM_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <gup/gup.h>
#include <gup/testing.h>

#define PAGE GUP_PAGE_SIZE
#define PAGES 3u
#define MAX_ACTORS 3u
#define LANE_BYTES 64u
#define MAX_OPS 4u
#define MAX_PINS 4u
#define SECOND UINT64_C(1000000000)

/* Bits of memory kinds, and what an operation does to the guarantees of the others. */
#define ON(kind) (1u << GUP_TEST_##kind)
#define ANON_KINDS (ON(ANON) | ON(HUGE) | ON(CMA) | ON(MOVABLE) | ON(FOLIO))
#define ALL_KINDS (ANON_KINDS | ON(SHARED) | ON(DAX))

struct actor;

struct op {
	const char *name;
	void (*run)(struct actor *a);
	unsigned int memory; /* ON() of the kinds that it makes sense for */
	bool discards;	     /* pages of the application go away: what was written may be gone */
	bool takes;	     /* gives what the operations for devices use */
	bool protects;	     /* pages cannot be written for a while */
	bool hides;	     /* pages are not where they are looked for, for a while */
};

extern const struct op ops[];
extern const unsigned int nr_ops;

struct program {
	enum gup_test_memory memory;
	enum gup_contract_id contract;
	unsigned int nr_actors;
	unsigned int nr[MAX_ACTORS];
	const struct op *ops[MAX_ACTORS][MAX_OPS];
};

/* The first ones are all pairs of somebody who takes pages and somebody in the way; the rest is drawn. */
uint64_t program_nr_pairs(void);
void program_make(uint64_t number, struct program *out);
/* "shared linux-6.1: pin write | truncate" */
void program_text(const struct program *program, char *buf, size_t size);
/* False, and a sentence in @why, if @text is not a program. */
bool program_parse(const char *text, struct program *out, char *why, size_t size);

/* A page that an actor holds. */
struct held {
	struct gup_page *page;
	unsigned int index; /* which page of the buffer */
	bool pin, write, longterm;
	uint64_t stamp;	     /* first word when it was taken: nobody else writes there */
	uint64_t dma;	     /* pins for writing are mapped for the device */
	struct gup_pin *own; /* held by gup_pin() */
};

struct actor {
	struct gup_test *t;
	unsigned int number;  /* from 0 */
	uint64_t last[PAGES]; /* what was stored last in its lane of each page */
	uint64_t next;
	unsigned int nr_held;
	struct held held[MAX_PINS];
	struct gup_mm *child;
	uint64_t snapshot[PAGES][MAX_ACTORS]; /* lanes of the child when it was born */
};

struct world {
	struct program program;
	bool discards;
	unsigned int protects; /* operations that forbid writing, or allow it again */
	unsigned int hides;    /* operations that take pages away for a while */
	bool away;	       /* somebody has taken pages away, and others leave theirs where they are */
	bool ended;	       /* everything is back */
	uint64_t addr;
	struct gup_object *object; /* shared memory or a file, else NULL */
	struct actor actors[MAX_ACTORS];
};

extern struct world world;

/* ---- world.c ---- */
void world_play(const struct program *program, struct gup_test_play *out);

/* ---- lanes.c ---- */
uint64_t page_addr(unsigned int index);
uint64_t bytes_of_all(void);
uint64_t stamp_of(unsigned int index);
uint64_t lane_first(const struct actor *a);
/* The lane of @a in a frame. */
uint64_t *lane_in(struct actor *a, struct gup_page *page);
uint64_t stamp_in(struct actor *a, struct gup_page *page);
/* By the application; false if it cannot. */
bool lane_write(struct actor *a, struct gup_mm *mm, unsigned int index, uint64_t value);
bool lane_read(struct gup_mm *mm, unsigned int index, unsigned int whose, uint64_t *out);
/* The application reads what was stored last in the actor's own lane, or reason to have lost it. */
void lane_check(struct actor *a, unsigned int index);
/* The same where page @index is mapped at @addr by nobody but the actor; it stores there, too, if it may. */
void lane_use_at(struct actor *a, unsigned int index, uint64_t addr);
/* Is it some value that the lane's owner stored? */
bool lane_valid(unsigned int whose, uint64_t value);

/* ---- pins.c ---- */
void op_pin(struct actor *a);
void op_pin_read(struct actor *a);
void op_pin_long(struct actor *a);
void op_pin_slow(struct actor *a);
void op_pin_own(struct actor *a);
void op_get(struct actor *a);
void op_device(struct actor *a);
void op_unpin(struct actor *a);
void release_all(struct actor *a);

/* ---- others.c ---- */
void op_write(struct actor *a);
void op_read(struct actor *a);
void op_populate(struct actor *a);
void op_fork(struct actor *a);
void op_child_write(struct actor *a);
void op_unmap(struct actor *a);
void op_remap(struct actor *a);
void op_protect(struct actor *a);
void op_protect_one(struct actor *a);
void op_dontneed(struct actor *a);
void op_migrate(struct actor *a);
void op_split(struct actor *a);
void op_cma(struct actor *a);
void op_offline(struct actor *a);
void op_truncate(struct actor *a);
void op_punch(struct actor *a);
void op_reuse(struct actor *a);
void child_exit(struct actor *a);

/* ---- moves.c ---- */
void op_mremap(struct actor *a);
void op_mremap_odd(struct actor *a);
void op_mremap_one(struct actor *a);
void op_grow(struct actor *a);
void op_double(struct actor *a);
void op_dontfork(struct actor *a);
void op_wipe(struct actor *a);
void op_remove(struct actor *a);

/* ---- mirror.c ---- */
void op_mirror(struct actor *a);
void op_listen(struct actor *a);

#endif
