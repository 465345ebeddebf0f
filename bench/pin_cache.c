/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/pin_cache.c - the same buffers again: a hit of the pin cache and its put, against what is cheapest without it,
 * a fast pin and an unpin of one page. In nanoseconds a buffer, whatever its size.
 *
 * Both go over some buffers in turns, as far as there are so many: each hit is a look-up of another one.
 */
#include "bench.h"

#define BUFFERS 16u
#define ROUNDS 64u
#define WORLD_BYTES GUP_BENCH_MIB(256)

static struct gup_pin_cache *cache;

static uint64_t nr_buffers(const struct gup_bench_scene *scene)
{
	uint64_t nr = scene->world.bytes / scene->bytes;

	return nr < BUFFERS ? nr : BUFFERS;
}

static bool hit(struct gup_bench_scene *scene, uint64_t i)
{
	const struct gup_request request = { .addr = scene->world.addr + i * scene->bytes,
					     .bytes = scene->bytes,
					     .flags = GUP_WRITE };
	const struct gup_pin *pin;

	return !gup_pin_cache_get(cache, &request, &pin, NULL) && !gup_pin_cache_put(cache, pin, false);
}

static bool pin_one(struct gup_bench_scene *scene, uint64_t i)
{
	return gup_bench_pin_fast(scene, i, 1) == 1 && gup_bench_unpin(scene, i, 1) == 1;
}

static bool hit_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	uint64_t nr = nr_buffers(scene), i, start = gup_bench_now();
	unsigned int turn;

	(void)side;
	for (turn = 0; turn < ROUNDS; turn++)
		for (i = 0; i < nr; i++)
			if (!hit(scene, i))
				return false;
	gup_bench_add(round, GUP_BENCH_FIRST, start, ROUNDS * nr);
	return true;
}

static bool one_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	uint64_t nr = nr_buffers(scene), i, start = gup_bench_now();
	unsigned int turn;

	(void)side;
	for (turn = 0; turn < ROUNDS; turn++)
		for (i = 0; i < nr; i++)
			if (!pin_one(scene, i))
				return false;
	gup_bench_add(round, GUP_BENCH_FIRST, start, ROUNDS * nr);
	return true;
}

static const struct gup_bench_side sides[] = { { .run = hit_pass }, { .run = one_pass } };

static const struct gup_bench_row rows[] = { { GUP_BENCH_ROW("pin-cache", "pin_user_pages_fast of one page", 0, 1) } };

static enum gup_bench_open cache_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	const struct gup_machine_config machine = { .normal_bytes = WORLD_BYTES + GUP_BENCH_MIB(64),
						    .no_huge_pages = true };
	const struct gup_pin_cache_config config = { .pins = 64, .pages = UINT64_MAX };

	if (!gup_bench_host_has(2 * WORLD_BYTES))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	if (!gup_bench_world_open(&scene->world, &machine, WORLD_BYTES))
		return GUP_BENCH_BROKEN;
	return gup_pin_cache_create(scene->world.mm, &config, &cache) ? GUP_BENCH_BROKEN : GUP_BENCH_READY;
}

static bool cache_close(struct gup_bench_scene *scene)
{
	bool ok = !gup_pin_cache_destroy(cache);

	(void)scene;
	cache = NULL;
	return ok || gup_bench_complain("the pin cache could not be destroyed");
}

const struct gup_bench_case gup_bench_pin_cache = {
	.name = "pin-cache",
	.kind = "4K",
	.sizes = { GUP_BENCH_KIB(4), GUP_BENCH_MIB(1), GUP_BENCH_MIB(256) },
	.parts = { "buffer_pair" },
	.open = cache_open,
	.close = cache_close,
	GUP_BENCH_SIDES(sides),
	GUP_BENCH_ROWS(rows),
};
