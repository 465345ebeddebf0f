/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/fork.c - a copy of an address space of 4 KiB pages against the host's fork().
 *
 * Before each of libgup's the parent writes to every page, so that all of them are its own and have to be shared anew. The
 * host's parent does so before its first fork only, which makes later ones cheaper, if anything: on a virtual machine a
 * fault may take as long as a hundred pages of a fork. That, the child, and its end are not timed.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <sys/wait.h>
#include <unistd.h>

/* Each page is written to: by pointers if the application has them. */
static bool write_all(struct gup_bench_world *world)
{
	volatile char *to = gup_mirror_pointer(world->mm, world->addr);
	uint64_t at;

	if (!to)
		return !gup_populate(world->mm, world->addr, world->bytes);
	for (at = 0; at < world->bytes; at += GUP_PAGE_SIZE)
		to[at] = 'x';
	return true;
}

static bool libgup_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	struct gup_mm *child;
	uint64_t start;

	(void)side;
	if (!write_all(&scene->world))
		return false;
	start = gup_bench_now();
	if (gup_mm_fork(scene->world.mm, "child", &child))
		return false;
	gup_bench_add(round, GUP_BENCH_FIRST, start, scene->world.bytes >> GUP_PAGE_SHIFT);
	gup_mm_destroy(child);
	return true;
}

static bool host_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	uint64_t start = gup_bench_now();
	pid_t child = fork();
	int status;

	(void)side;
	if (!child)
		_exit(0);
	gup_bench_add(round, GUP_BENCH_FIRST, start, scene->host.bytes >> GUP_PAGE_SHIFT);
	return child > 0 && waitpid(child, &status, 0) == child && !status;
}

static enum gup_bench_open fork_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	uint64_t bytes = c->sizes[0];
	struct gup_machine_config config = { .normal_bytes = bytes + GUP_BENCH_MIB(64), .no_huge_pages = true };

	if (!gup_bench_host_has(3 * bytes))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	if (!gup_bench_world_open(&scene->world, &config, bytes))
		return GUP_BENCH_BROKEN;
	if (c == &gup_bench_fork_mirrored && gup_mirror_open(scene->world.mm, scene->world.addr, bytes))
		return gup_bench_skip(c->name, "the host has no address range for a window");
	if (!gup_bench_host_open(&scene->host, bytes, false))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	return GUP_BENCH_READY;
}

static const struct gup_bench_side sides[] = { { .run = libgup_pass }, { .run = host_pass } };

static const struct gup_bench_row rows[] = { { GUP_BENCH_ROW("fork", "host-fork", 0, 1) } };
static const struct gup_bench_row rows_mirrored[] = { { GUP_BENCH_ROW("fork-mirrored", "host-fork", 0, 1) } };

const struct gup_bench_case gup_bench_fork = {
	.name = "fork",
	.kind = "4K",
	.sizes = { GUP_BENCH_GIB(1) },
	.parts = { "fork" },
	.rounds = 9,
	.open = fork_open,
	GUP_BENCH_SIDES(sides),
	GUP_BENCH_ROWS(rows),
};

const struct gup_bench_case gup_bench_fork_mirrored = {
	.name = "fork",
	.kind = "4K",
	.sizes = { GUP_BENCH_MIB(16) },
	.parts = { "fork" },
	.open = fork_open,
	GUP_BENCH_SIDES(sides),
	GUP_BENCH_ROWS(rows_mirrored),
};
