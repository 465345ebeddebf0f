/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/world.c - what is pinned: a range of one application, all present before anything is timed.
 *
 * The addresses are the same in every run and aligned to 2 MiB. Where the machine has nothing but a NORMAL zone, a
 * long-term pin has to look, and never to move anything.
 */
#include "bench.h"

#include <stdlib.h>

#define WORLD_ADDR GUP_BENCH_GIB(64)

bool gup_bench_map(struct gup_mm *mm, uint64_t addr, uint64_t bytes)
{
	struct gup_map_request map = {
		.addr = addr,
		.length = bytes,
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = GUP_MAP_PRIVATE | GUP_MAP_FIXED,
	};

	return gup_mmap(mm, &map) == (int64_t)addr || gup_bench_complain("an application could not map its memory");
}

/* Every folio must have the size that the rows speak of. */
static bool folios_fit(const struct gup_bench_world *world)
{
	unsigned int order = world->huge ? GUP_HUGE_ORDER : 0;
	struct gup_frame_info info;
	uint64_t addr;

	for (addr = world->addr; addr < world->addr + world->bytes; addr += GUP_PAGE_SIZE)
		if (gup_frame_info(world->m, gup_user_pfn(world->mm, addr), &info) || info.order != order)
			return gup_bench_complain("the application got folios of another size than was asked for");
	return true;
}

static bool fill(struct gup_bench_world *world)
{
	if (!gup_bench_map(world->mm, world->addr, world->bytes))
		return false;
	if (gup_populate(world->mm, world->addr, world->bytes))
		return gup_bench_complain("the application could not touch its memory");
	return folios_fit(world);
}

bool gup_bench_world_open(struct gup_bench_world *world, const struct gup_machine_config *config, uint64_t bytes)
{
	*world = (struct gup_bench_world){ .addr = WORLD_ADDR, .bytes = bytes, .huge = !config->no_huge_pages };
	world->pages = calloc((bytes >> GUP_PAGE_SHIFT) + 1, sizeof(*world->pages));
	if (!world->pages || gup_machine_create(config, &world->m) || gup_mm_create(world->m, "bench", &world->mm))
		return gup_bench_complain("the host has not enough memory for the machine");
	return !bytes || fill(world);
}

bool gup_bench_world_small(struct gup_bench_world *world, bool huge)
{
	struct gup_machine_config config = { .normal_bytes = GUP_BENCH_MIB(64), .no_huge_pages = !huge };

	return gup_bench_world_open(world, &config, GUP_BENCH_MIB(16));
}

/* Folios of the machine's size, as many as there is room for but for the tables that map them. */
bool gup_bench_touch_all(struct gup_bench_world *world)
{
	uint64_t addr = world->addr + GUP_BENCH_GIB(64), bytes;
	struct gup_stats stats;

	if (gup_machine_stats(world->m, &stats))
		return false;
	bytes = (stats.free_frames - stats.free_frames / 64) * GUP_PAGE_SIZE & ~(GUP_HUGE_SIZE - 1);
	return gup_bench_map(world->mm, addr, bytes) &&
	       ((!gup_populate(world->mm, addr, bytes) && !gup_munmap(world->mm, addr, bytes)) ||
		gup_bench_complain("the application could not touch all of its machine"));
}

static bool close_machine(struct gup_machine *m)
{
	struct gup_check check;

	if (gup_machine_check(m, &check))
		return gup_bench_complain(check.errors ? check.first_error
						       : "the host has no memory to check the machine");
	if (check.pins || check.gets)
		return gup_bench_complain("pins are left after the last unpin");
	return !gup_machine_destroy(m) || gup_bench_complain("the machine could not be destroyed");
}

bool gup_bench_world_close(struct gup_bench_world *world)
{
	free(world->pages);
	return !world->m || close_machine(world->m);
}
