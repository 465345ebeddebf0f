/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/move.c - folios that move: on request, and out of a CMA area that its owner wants back. The limit is to copy the
 * bytes.
 *
 * The peer copies as many bytes in pieces of the folios' size: for migration between frames of the same machine, for CMA
 * host memory. All frames were used before, so the host has them.
 */
#include "bench.h"

#include <string.h>

#define BYTES GUP_BENCH_MIB(64)
#define PAGES (BYTES >> GUP_PAGE_SHIFT)

static bool copy_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	uint64_t at, start = gup_bench_now();

	(void)side;
	for (at = 0; at < BYTES; at += GUP_PAGE_SIZE)
		memcpy(scene->host.at + BYTES + at, scene->host.at + at, GUP_PAGE_SIZE);
	gup_bench_add(round, GUP_BENCH_FIRST, start, PAGES);
	return true;
}

/* ---- on request ---- */

#define AWAY GUP_BENCH_GIB(1) /* from the folios that move to those that the peer writes to */

static uint8_t *bytes_at(const struct gup_bench_world *world, uint64_t addr)
{
	return gup_page_address(world->m, gup_pfn_to_page(world->m, gup_user_pfn(world->mm, addr)));
}

/* The folios have moved since the last time. */
static bool copy_frames_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side,
			     struct gup_bench_round *round)
{
	static uint8_t *from[PAGES], *to[PAGES];
	const struct gup_bench_world *world = &scene->world;
	uint64_t size = world->huge ? GUP_HUGE_SIZE : GUP_PAGE_SIZE, nr = BYTES / size, i, start;

	(void)side;
	for (i = 0; i < nr; i++) {
		from[i] = bytes_at(world, world->addr + i * size);
		to[i] = bytes_at(world, world->addr + AWAY + i * size);
	}
	start = gup_bench_now();
	for (i = 0; i < nr; i++)
		memcpy(to[i], from[i], size);
	gup_bench_add(round, GUP_BENCH_FIRST, start, PAGES);
	return true;
}

static bool migrate_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side,
			 struct gup_bench_round *round)
{
	uint64_t start = gup_bench_now();
	long folios = scene->world.huge ? PAGES / GUP_HUGE_PAGES : PAGES;

	(void)side;
	if (gup_migrate_range(scene->world.mm, scene->world.addr, BYTES, NULL) != folios)
		return false;
	gup_bench_add(round, GUP_BENCH_FIRST, start, PAGES);
	return true;
}

static enum gup_bench_open migrate_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	struct gup_machine_config config = { .normal_bytes = 4 * BYTES, .no_huge_pages = c == &gup_bench_migrate_4k };

	if (!gup_bench_host_has(4 * BYTES))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	if (!gup_bench_world_open(&scene->world, &config, BYTES) || !gup_bench_touch_all(&scene->world) ||
	    !gup_bench_map(scene->world.mm, scene->world.addr + AWAY, BYTES) ||
	    gup_populate(scene->world.mm, scene->world.addr + AWAY, BYTES))
		return GUP_BENCH_BROKEN;
	return GUP_BENCH_READY;
}

/* ---- a CMA area that is wanted back ---- */

/*
 * While a long-term pin holds what NORMAL has, an application's pages fill the area. Then the pin goes, and with it the
 * memory of whoever held it: there is a place for each page that has to leave.
 */
static bool fill_area(struct gup_bench_world *world)
{
	uint64_t holders = world->addr + GUP_BENCH_GIB(1), bytes = BYTES + GUP_BENCH_MIB(16);
	struct gup_request request = { .addr = holders, .bytes = bytes, .flags = GUP_WRITE | GUP_LONGTERM };
	struct gup_zone_info zone;
	struct gup_stats stats;
	struct gup_pin *pin;
	uint64_t room;

	if (!gup_bench_map(world->mm, holders, bytes) || gup_pin(world->mm, &request, &pin, NULL))
		return false;
	if (gup_machine_stats(world->m, &stats))
		return false;
	room = (stats.free_frames - 64) * GUP_PAGE_SIZE;
	if (!gup_bench_map(world->mm, world->addr, room) || gup_populate(world->mm, world->addr, room))
		return false;
	world->bytes = room;
	return !gup_unpin(pin, false) && !gup_munmap(world->mm, holders, bytes) && !gup_zone_info(world->m, 1, &zone) &&
	       zone.kind == GUP_ZONE_CMA && zone.free_frames < PAGES / 100;
}

static bool show_all(struct gup_bench_world *world)
{
	const volatile char *from = gup_mirror_pointer(world->mm, world->addr);
	uint64_t at;

	for (at = 0; from && at < world->bytes; at += GUP_PAGE_SIZE)
		(void)from[at];
	return true;
}

static bool cma_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	struct gup_bench_world *world = &scene->world;
	struct gup_page *page;
	uint64_t start;

	(void)side;
	if (!fill_area(world) || !show_all(world))
		return false;
	start = gup_bench_now();
	if (gup_cma_alloc(world->m, "area", BYTES, 0, 0, &page, NULL))
		return false;
	gup_bench_add(round, GUP_BENCH_FIRST, start, PAGES);
	return !gup_cma_free(world->m, page, BYTES) && !gup_munmap(world->mm, world->addr, world->bytes);
}

static enum gup_bench_open cma_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	struct gup_machine_config config = {
		.normal_bytes = BYTES + GUP_BENCH_MIB(32),
		.cma = { { "area", BYTES } },
		.no_huge_pages = true,
	};

	if (!gup_bench_host_open(&scene->host, 2 * BYTES, false))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	if (!gup_bench_world_open(&scene->world, &config, 0) || !gup_bench_touch_all(&scene->world))
		return GUP_BENCH_BROKEN;
	if (c == &gup_bench_cma_mirrored && gup_mirror_open(scene->world.mm, scene->world.addr, 2 * BYTES))
		return gup_bench_skip(c->name, "the host has no address range for a window");
	return GUP_BENCH_READY;
}

static const struct gup_bench_side migrate_sides[] = { { .run = migrate_pass }, { .run = copy_frames_pass } };
static const struct gup_bench_side cma_sides[] = { { .run = cma_pass }, { .run = copy_pass } };

static const struct gup_bench_row migrate_rows[] = { { GUP_BENCH_ROW("migrate", "memcpy", 0, 1) } };
static const struct gup_bench_row cma_rows[] = { { GUP_BENCH_ROW("cma-alloc", "memcpy", 0, 1) } };
static const struct gup_bench_row cma_rows_mirrored[] = { { GUP_BENCH_ROW("cma-alloc-mirrored", "memcpy", 0, 1) } };

const struct gup_bench_case gup_bench_migrate_4k = {
	.name = "migrate",
	.kind = "4K",
	.sizes = { BYTES },
	.parts = { "move" },
	.open = migrate_open,
	GUP_BENCH_SIDES(migrate_sides),
	GUP_BENCH_ROWS(migrate_rows),
};

const struct gup_bench_case gup_bench_migrate_2m = {
	.name = "migrate",
	.kind = "2M",
	.sizes = { BYTES },
	.parts = { "move" },
	.open = migrate_open,
	GUP_BENCH_SIDES(migrate_sides),
	GUP_BENCH_ROWS(migrate_rows),
};

const struct gup_bench_case gup_bench_cma = {
	.name = "cma",
	.kind = "4K",
	.sizes = { BYTES },
	.parts = { "alloc" },
	.open = cma_open,
	GUP_BENCH_SIDES(cma_sides),
	GUP_BENCH_ROWS(cma_rows),
};

const struct gup_bench_case gup_bench_cma_mirrored = {
	.name = "cma",
	.kind = "4K",
	.sizes = { BYTES },
	.parts = { "alloc" },
	.open = cma_open,
	GUP_BENCH_SIDES(cma_sides),
	GUP_BENCH_ROWS(cma_rows_mirrored),
};
