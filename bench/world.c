/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/world.c - what is pinned: 16 MiB of one application, all present before anything is timed.
 *
 * The addresses are the same in every run and aligned to 2 MiB, and the machine has nothing but a NORMAL zone: a
 * long-term pin has to look, and never to move anything.
 */
#include "bench.h"

#include <stdlib.h>

#define WORLD_ADDR (UINT64_C(64) << 30)

static bool complain(const char *what)
{
	fprintf(stderr, "gup-bench: %s\n", what);
	return false;
}

/* Every folio must have the size that the rows speak of. */
static bool folios_fit(const struct gup_bench_world *world)
{
	unsigned int order = world->huge ? GUP_HUGE_ORDER : 0;
	struct gup_frame_info info;
	uint64_t addr;

	for (addr = world->addr; addr < world->addr + GUP_BENCH_BYTES; addr += GUP_PAGE_SIZE)
		if (gup_frame_info(world->m, gup_user_pfn(world->mm, addr), &info) || info.order != order)
			return false;
	return true;
}

static bool fill(struct gup_bench_world *world)
{
	struct gup_map_request map = {
		.addr = WORLD_ADDR,
		.length = GUP_BENCH_BYTES,
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = GUP_MAP_PRIVATE | GUP_MAP_FIXED,
	};
	int64_t addr = gup_mmap(world->mm, &map);

	if (addr < 0 || gup_populate(world->mm, (uint64_t)addr, GUP_BENCH_BYTES))
		return complain("the application could not map and touch its 16 MiB");
	world->addr = (uint64_t)addr;
	return folios_fit(world) || complain("the application got folios of another size than was asked for");
}

bool gup_bench_open(struct gup_bench_world *world, bool huge)
{
	struct gup_machine_config config = { .normal_bytes = 4 * GUP_BENCH_BYTES,
					     .contract = GUP_LINUX_6_12,
					     .no_huge_pages = !huge };

	*world = (struct gup_bench_world){ .huge = huge };
	world->pages = calloc(GUP_BENCH_PAGES, sizeof(*world->pages));
	if (!world->pages || gup_machine_create(&config, &world->m) || gup_mm_create(world->m, "bench", &world->mm))
		return complain("the host has not enough memory for the machine; 128 MiB should do");
	return fill(world);
}

static bool close_machine(struct gup_machine *m)
{
	struct gup_check check;

	if (gup_machine_check(m, &check))
		return complain(check.first_error);
	if (check.pins || check.gets)
		return complain("pins are left after the last unpin");
	return !gup_machine_destroy(m) || complain("the machine could not be destroyed");
}

bool gup_bench_close(struct gup_bench_world *world)
{
	free(world->pages);
	return !world->m || close_machine(world->m);
}

uint64_t gup_bench_slow_pages(const struct gup_bench_world *world)
{
	struct gup_stats stats;

	return gup_machine_stats(world->m, &stats) ? 0 : stats.slow_pages;
}
