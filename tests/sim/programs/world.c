/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/programs/world.c - what a program begins with, how its actors run, and what is looked at in the end.
 */
#include <stdio.h>

#include "program.h"

struct world world;

static int map_object(struct gup_test *t)
{
	struct gup_map_request map = { UINT64_C(0x40000000),	       PAGES * PAGE, GUP_PROT_READ | GUP_PROT_WRITE,
				       GUP_MAP_SHARED | GUP_MAP_FIXED, NULL,	     0 };
	struct gup_machine *m = gup_test_machine(t);
	int64_t addr;
	int err;

	if (world.program.memory == GUP_TEST_DAX)
		err = gup_dax_file_create(m, "pmem", PAGES * PAGE, &world.object);
	else
		err = gup_shm_create(m, PAGES * PAGE, 0, &world.object);
	map.object = world.object;
	addr = err ? err : gup_mmap(gup_test_mm(t), &map);
	world.addr = (uint64_t)addr;
	return addr < 0 ? (int)addr : 0;
}

static int map_memory(struct gup_test *t)
{
	world.object = NULL;
	if (world.program.memory == GUP_TEST_SHARED || world.program.memory == GUP_TEST_DAX)
		return map_object(t);
	world.addr = gup_test_buffer(t, NULL, PAGES);
	return world.addr ? 0 : -GUP_ENOMEM;
}

static void actor_begin(struct gup_test *t, unsigned int number)
{
	struct actor *a = &world.actors[number];
	unsigned int i;

	memset(a, 0, sizeof(*a));
	a->t = t;
	a->number = number;
	a->next = lane_first(a);
	for (i = 0; i < PAGES; i++) {
		a->last[i] = a->next;
		lane_write(a, gup_test_mm(t), i, a->next);
	}
}

static int begin(struct gup_test *t)
{
	int err = map_memory(t);
	unsigned int i;
	uint64_t stamp;

	world.away = world.ended = false;
	for (i = 0; i < PAGES && !err; i++) {
		stamp = stamp_of(i);
		if (gup_copy_to_user(gup_test_mm(t), page_addr(i), &stamp, sizeof(stamp)))
			err = -GUP_EFAULT;
	}
	for (i = 0; i < MAX_ACTORS && !err; i++)
		actor_begin(t, i);
	return err;
}

static void run(unsigned int number)
{
	const struct program *program = &world.program;
	struct actor *a = &world.actors[number];
	unsigned int i;

	for (i = 0; i < program->nr[number]; i++)
		program->ops[number][i]->run(a);
	op_device(a);
	release_all(a);
	child_exit(a);
}

static void run_first(struct gup_test *t)
{
	(void)t;
	run(0);
}

static void run_second(struct gup_test *t)
{
	(void)t;
	run(1);
}

static void run_third(struct gup_test *t)
{
	(void)t;
	run(2);
}

static void end(struct gup_test *t)
{
	unsigned int i, index;

	(void)t;
	world.ended = true;
	for (i = 0; i < world.program.nr_actors; i++)
		for (index = 0; index < PAGES; index++)
			lane_check(&world.actors[i], index);
	gup_object_put(world.object);
}

static void count_effects(const struct program *program)
{
	unsigned int i, k;

	world.discards = false;
	world.protects = world.hides = 0;
	for (i = 0; i < program->nr_actors; i++)
		for (k = 0; k < program->nr[i]; k++) {
			world.discards = world.discards || program->ops[i][k]->discards;
			world.protects += program->ops[i][k]->protects;
			world.hides += program->ops[i][k]->hides;
		}
}

/* The names are the operations: a trace has a column for each. */
void world_play(const struct program *program, struct gup_test_play *out)
{
	static char names[MAX_ACTORS][64];
	static void (*const runs[MAX_ACTORS])(struct gup_test * t) = { run_first, run_second, run_third };
	unsigned int i, k;
	size_t used;

	memset(out, 0, sizeof(*out));
	world.program = *program;
	count_effects(program);
	out->begin = begin;
	out->end = end;
	for (i = 0; i < program->nr_actors; i++) {
		used = 0;
		names[i][0] = '\0';
		for (k = 0; k < program->nr[i]; k++)
			used += (size_t)snprintf(names[i] + used, sizeof(names[i]) - used, "%s%s", k ? " " : "",
						 program->ops[i][k]->name);
		out->actors[i] = (struct gup_test_actor){ names[i], runs[i] };
	}
}
