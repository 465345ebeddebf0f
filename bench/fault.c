/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/fault.c - the first store to anonymous memory, soft mode: a page of 4 KiB, and one of 2 MiB.
 *
 * libgup's store is gup_copy_to_user() of one byte. The host's is a store, which traps into the kernel. For 2 MiB the limit
 * is what nobody can leave out: to zero the bytes, in frames of the same machine. Mapping and unmapping are not timed.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <string.h>
#include <sys/mman.h>

/* What a pass touches. Pages of 4 KiB are few, so that the kernel gets back the ones that it has just given up. */
static uint64_t bytes_of(const struct gup_bench_scene *scene)
{
	return scene->world.huge ? GUP_BENCH_MIB(64) : GUP_BENCH_MIB(8);
}

static uint64_t step_of(const struct gup_bench_scene *scene)
{
	return scene->world.huge ? GUP_HUGE_SIZE : GUP_PAGE_SIZE;
}

static bool touch_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	uint64_t addr = scene->world.addr + GUP_BENCH_GIB(1), bytes = bytes_of(scene), at, missed = 0, start;

	(void)side;
	if (!gup_bench_map(scene->world.mm, addr, bytes))
		return false;
	start = gup_bench_now();
	for (at = 0; at < bytes; at += step_of(scene))
		missed += gup_copy_to_user(scene->world.mm, addr + at, "x", 1);
	gup_bench_add(round, GUP_BENCH_FIRST, start, bytes >> GUP_PAGE_SHIFT);
	return !gup_munmap(scene->world.mm, addr, bytes) && !missed;
}

/* Always at the same address: the second time the kernel has the memory. */
static bool host_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	volatile char *to = scene->host.at;
	uint64_t at, start;

	(void)side;
	if (madvise(scene->host.at, scene->host.bytes, MADV_DONTNEED))
		return false;
	start = gup_bench_now();
	for (at = 0; at < scene->host.bytes; at += GUP_PAGE_SIZE)
		to[at] = 'x';
	gup_bench_add(round, GUP_BENCH_FIRST, start, scene->host.bytes >> GUP_PAGE_SHIFT);
	return true;
}

static bool zero_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	uint64_t nr = scene->world.bytes >> GUP_PAGE_SHIFT, at, start = gup_bench_now();

	(void)side;
	for (at = 0; at < nr; at += GUP_HUGE_PAGES)
		memset(gup_page_address(scene->world.m, scene->world.pages[at]), 0, GUP_HUGE_SIZE);
	gup_bench_add(round, GUP_BENCH_FIRST, start, nr);
	return true;
}

/* Where the frames of the world are that the peer zeroes. */
static bool note_pages(struct gup_bench_world *world)
{
	uint64_t at;

	for (at = 0; at < world->bytes >> GUP_PAGE_SHIFT; at++)
		world->pages[at] = gup_pfn_to_page(world->m,
						   gup_user_pfn(world->mm, world->addr + (at << GUP_PAGE_SHIFT)));
	return true;
}

static enum gup_bench_open fault_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	bool huge = c == &gup_bench_fault_2m;
	struct gup_machine_config config = { .normal_bytes = GUP_BENCH_MIB(192), .no_huge_pages = !huge };

	if (!gup_bench_world_open(&scene->world, &config, huge ? GUP_BENCH_MIB(64) : 0) ||
	    !gup_bench_touch_all(&scene->world))
		return GUP_BENCH_BROKEN;
	note_pages(&scene->world);
	if (!huge && !gup_bench_host_open(&scene->host, bytes_of(scene), false))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	return GUP_BENCH_READY;
}

static const struct gup_bench_side sides_4k[] = { { .run = touch_pass }, { .run = host_pass } };
static const struct gup_bench_side sides_2m[] = { { .run = touch_pass }, { .run = zero_pass } };

static const struct gup_bench_row rows_4k[] = { { GUP_BENCH_ROW("fault", "host-fault", 0, 1) } };
static const struct gup_bench_row rows_2m[] = { { GUP_BENCH_ROW("fault", "memset", 0, 1) } };

const struct gup_bench_case gup_bench_fault_4k = {
	.name = "fault",
	.kind = "4K",
	.sizes = { GUP_BENCH_KIB(4) },
	.parts = { "fault" },
	.open = fault_open,
	GUP_BENCH_SIDES(sides_4k),
	GUP_BENCH_ROWS(rows_4k),
};

const struct gup_bench_case gup_bench_fault_2m = {
	.name = "fault",
	.kind = "2M",
	.sizes = { GUP_BENCH_MIB(2) },
	.parts = { "fault" },
	.open = fault_open,
	GUP_BENCH_SIDES(sides_2m),
	GUP_BENCH_ROWS(rows_2m),
};
