/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/extents.c - the library's own form: 1 GiB of 2 MiB folios pinned and released as extents, counted in folios.
 *
 * The limit is one count for each folio. What comes beyond it in a call must be lost in 512 of them.
 */
#include "bench.h"

#define FOLIOS (GUP_BENCH_GIB(1) >> GUP_HUGE_SHIFT)

static bool own_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	struct gup_request request = { .addr = scene->world.addr, .bytes = scene->bytes, .flags = GUP_WRITE };
	uint64_t start = gup_bench_now();
	struct gup_pin *pin;
	bool whole;

	(void)side;
	if (gup_pin(scene->world.mm, &request, &pin, NULL))
		return false;
	gup_bench_add(round, GUP_BENCH_PIN, start, FOLIOS);
	whole = gup_pin_pages(pin) == scene->bytes >> GUP_PAGE_SHIFT;
	start = gup_bench_now();
	if (gup_unpin(pin, false))
		return false;
	gup_bench_add(round, GUP_BENCH_UNPIN, start, 0);
	return whole;
}

static bool raw_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	uint64_t start = gup_bench_now();

	(void)side;
	if (gup_bench_raw_pin(&scene->raw, 0, FOLIOS, scene->world.pages) != (long)FOLIOS)
		return false;
	gup_bench_add(round, GUP_BENCH_PIN, start, FOLIOS);
	start = gup_bench_now();
	if (gup_bench_raw_unpin(scene->world.pages, FOLIOS) != (long)FOLIOS)
		return false;
	gup_bench_add(round, GUP_BENCH_UNPIN, start, 0);
	return true;
}

static const struct gup_bench_side sides[] = { { .run = own_pass }, { .run = raw_pass } };

static const struct gup_bench_row rows[] = { { GUP_BENCH_ROW("extents", "raw-loop", 0, 1) } };

static enum gup_bench_open extents_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	struct gup_machine_config config = { .normal_bytes = GUP_BENCH_GIB(1) + GUP_BENCH_MIB(64) };

	if (!gup_bench_host_has(GUP_BENCH_GIB(2)))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	if (!gup_bench_world_open(&scene->world, &config, c->sizes[0]) ||
	    !gup_bench_raw_open(&scene->raw, FOLIOS, GUP_HUGE_PAGES))
		return GUP_BENCH_BROKEN;
	return GUP_BENCH_READY;
}

const struct gup_bench_case gup_bench_extents = {
	.name = "extents",
	.kind = "2M",
	.sizes = { GUP_BENCH_GIB(1) },
	.parts = { "folio_pin", "folio_unpin", "folio_pair" },
	.open = extents_open,
	GUP_BENCH_SIDES(sides),
	GUP_BENCH_ROWS(rows),
};
