/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/growth.c - what stays the same while an application grows: a pin with ever more memory mapped, and with ever more
 * mappings. And a machine of 1 TiB, of which nothing is touched.
 *
 * Places are scattered over all that is mapped. They miss the caches, and so does the raw loop in as many entries and
 * descriptors: its times say how much of the growth is the computer's. A processor fetches for some calls of the raw loop at
 * once, since they are short, if it knows the places ahead; so there are both, places that depend on what the call before
 * read, and places that do not. The memory is a DAX device's, since its bytes need not be touched: a host that has less of
 * it gives the same figures.
 */
#include "bench.h"

/* ---- more memory ---- */

#define CALLS 4096u
#define MOST 16u /* pages of a call */

/* The next of a fixed sequence of places for @nr pages among @of. */
static uint64_t next_place(uint64_t *state, uint64_t nr, uint64_t of)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*state >> 33) % (of / nr) * nr;
}

/* What a call gives goes to the same place each time: it is not what grows. */
static struct gup_page *taken[MOST];

/*
 * Calls at scattered places, each released at once. The window is the pages of a call. One pass is a round,
 * however long it takes: a side that did more calls would keep more of the caches.
 */
static bool scattered(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round,
		      bool chained)
{
	static volatile uint64_t nothing;
	static uint64_t state;
	uint64_t start = gup_bench_now(), at;
	long nr = (long)side->window;
	unsigned int i;

	for (i = 0; i < CALLS; i++) {
		at = next_place(&state, side->window, scene->world.bytes >> GUP_PAGE_SHIFT);
		if (side->pin(scene, at, nr) != nr || side->unpin(scene, at, nr) != nr)
			return false;
		if (chained)
			state += taken[nr - 1]->index & nothing;
	}
	gup_bench_add(round, GUP_BENCH_FIRST, start, CALLS * side->window);
	round->deadline = 0;
	return true;
}

/* Where the next call goes is known when the descriptor of this one has been read. */
static bool chained_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side,
			 struct gup_bench_round *round)
{
	return scattered(scene, side, round, true);
}

/* Where all calls go is known ahead. */
static bool ahead_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	return scattered(scene, side, round, false);
}

static long pin_at(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	return gup_pin_user_pages_fast(scene->world.mm, scene->world.addr + (at << GUP_PAGE_SHIFT), (int)nr, GUP_WRITE,
				       taken);
}

static long unpin_at(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	(void)at;
	return gup_unpin_user_pages(scene->world.m, taken, (unsigned long)nr) ? 0 : nr;
}

static long raw_pin_at(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	return gup_bench_raw_pin(&scene->raw, at, nr, taken);
}

static long raw_unpin_at(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	(void)scene;
	(void)at;
	return gup_bench_raw_unpin(taken, nr);
}

#define LIBGUP .pin = pin_at, .unpin = unpin_at
#define RAW_LOOP .pin = raw_pin_at, .unpin = raw_unpin_at

static const struct gup_bench_side grow_sides[] = {
	{ LIBGUP, .run = chained_pass, .window = 1 },	 { RAW_LOOP, .run = chained_pass, .window = 1 },
	{ LIBGUP, .run = chained_pass, .window = MOST }, { RAW_LOOP, .run = chained_pass, .window = MOST },
	{ LIBGUP, .run = ahead_pass, .window = 1 },	 { RAW_LOOP, .run = ahead_pass, .window = 1 },
	{ LIBGUP, .run = ahead_pass, .window = MOST },	 { RAW_LOOP, .run = ahead_pass, .window = MOST },
};

static const struct gup_bench_row grow_rows[] = {
	{ GUP_BENCH_ROW("growth-1", "raw-loop", 0, 1) },
	{ GUP_BENCH_ROW("growth-16", "raw-loop", 2, 3) },
	{ GUP_BENCH_ROW("growth-1-ahead", "raw-loop", 4, 5) },
	{ GUP_BENCH_ROW("growth-16-ahead", "raw-loop", 6, 7) },
};

static bool map_device(struct gup_bench_world *world, uint64_t bytes)
{
	struct gup_map_request map = {
		.addr = world->addr,
		.length = bytes,
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = GUP_MAP_SHARED | GUP_MAP_FIXED,
	};

	if (gup_devdax_open(world->m, "device", &map.object))
		return false;
	world->bytes = bytes;
	return gup_mmap(world->mm, &map) == (int64_t)world->addr &&
	       !gup_madvise(world->mm, world->addr, bytes, GUP_MADV_POPULATE_WRITE);
}

static enum gup_bench_open grow_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	uint64_t bytes = c->sizes[0];
	struct gup_machine_config config = {
		.normal_bytes = bytes / 32 + GUP_BENCH_MIB(32),
		.dax = { { "device", bytes, GUP_DAX_DEVICE } },
	};

	if (!gup_bench_host_has(bytes / 16))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	if (!gup_bench_world_open(&scene->world, &config, 0) || !map_device(&scene->world, bytes) ||
	    !gup_bench_raw_open(&scene->raw, bytes >> GUP_PAGE_SHIFT, 1))
		return GUP_BENCH_BROKEN;
	return GUP_BENCH_READY;
}

#define GROW(bytes)                                                                                                    \
	{                                                                                                              \
		.name = "growth", .kind = "4K", .sizes = { bytes }, .parts = { "pair" }, .open = grow_open,            \
		GUP_BENCH_SIDES(grow_sides), GUP_BENCH_ROWS(grow_rows),                                                \
	}

const struct gup_bench_case gup_bench_grow_64m = GROW(GUP_BENCH_MIB(64));
const struct gup_bench_case gup_bench_grow_1g = GROW(GUP_BENCH_GIB(1));
const struct gup_bench_case gup_bench_grow_8g = GROW(GUP_BENCH_GIB(8));
const struct gup_bench_case gup_bench_grow_64g = GROW(GUP_BENCH_GIB(64));

/* ---- more mappings ---- */

#define VMA_COUNTS 4u
#define PLACES 4u /* pages that are pinned in turn, spread over all mappings */

static const uint64_t vma_counts[VMA_COUNTS] = { 10, 1000, 100000, 1000000 };
static struct gup_mm *vma_mms[VMA_COUNTS];

static uint64_t place_addr(const struct gup_bench_scene *scene, uint64_t count, unsigned int place)
{
	return scene->world.addr + ((place * count / PLACES & ~UINT64_C(1)) << GUP_PAGE_SHIFT);
}

/* Mappings of one page each; every second one is for reading only, so that no neighbours become one. */
static bool map_many(struct gup_bench_scene *scene, struct gup_mm *mm, uint64_t count)
{
	struct gup_map_request map = { .length = GUP_PAGE_SIZE, .flags = GUP_MAP_PRIVATE | GUP_MAP_FIXED };
	unsigned int place;
	uint64_t i;

	for (i = 0; i < count; i++) {
		map.addr = scene->world.addr + (i << GUP_PAGE_SHIFT);
		map.prot = GUP_PROT_READ | (i & 1 ? 0 : GUP_PROT_WRITE);
		if (gup_mmap(mm, &map) != (int64_t)map.addr)
			return gup_bench_complain("an application could not make its mappings");
	}
	for (place = 0; place < PLACES; place++)
		if (gup_populate(mm, place_addr(scene, count, place), GUP_PAGE_SIZE))
			return gup_bench_complain("an application could not touch its memory");
	return true;
}

static bool vma_pass(struct gup_bench_scene *scene, unsigned int which, bool slow, struct gup_bench_round *round)
{
	uint64_t start = gup_bench_now(), addr;
	struct gup_page *page;
	unsigned int i;
	long got;

	for (i = 0; i < CALLS; i++) {
		addr = place_addr(scene, vma_counts[which], i % PLACES);
		got = slow ? gup_pin_user_pages_unlocked(vma_mms[which], addr, 1, GUP_WRITE, &page)
			   : gup_pin_user_pages_fast(vma_mms[which], addr, 1, GUP_WRITE, &page);
		if (got != 1 || gup_unpin_user_page(scene->world.m, page))
			return false;
	}
	gup_bench_add(round, GUP_BENCH_FIRST, start, CALLS);
	return true;
}

/* Map a page where there is room, and unmap it. */
static bool vma_map(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	struct gup_map_request map = { .length = GUP_PAGE_SIZE, .flags = GUP_MAP_PRIVATE, .prot = GUP_PROT_READ };
	struct gup_mm *mm = vma_mms[side->window];
	uint64_t start = gup_bench_now();
	unsigned int i;
	int64_t at;

	(void)scene;
	for (i = 0; i < CALLS; i++) {
		at = gup_mmap(mm, &map);
		if (at < 0 || gup_munmap(mm, (uint64_t)at, GUP_PAGE_SIZE))
			return false;
	}
	gup_bench_add(round, GUP_BENCH_FIRST, start, CALLS);
	return true;
}

/* The window of a side says which mm. */
static bool vma_fast(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	return vma_pass(scene, (unsigned int)side->window, false, round);
}

static bool vma_slow(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	return vma_pass(scene, (unsigned int)side->window, true, round);
}

/* In the order of vma_counts, three each. */
static const struct gup_bench_side vma_sides[] = {
	{ .run = vma_fast, .window = 0 }, { .run = vma_slow, .window = 0 }, { .run = vma_map, .window = 0 },
	{ .run = vma_fast, .window = 1 }, { .run = vma_slow, .window = 1 }, { .run = vma_map, .window = 1 },
	{ .run = vma_fast, .window = 2 }, { .run = vma_slow, .window = 2 }, { .run = vma_map, .window = 2 },
	{ .run = vma_fast, .window = 3 }, { .run = vma_slow, .window = 3 }, { .run = vma_map, .window = 3 },
};

static const struct gup_bench_row vma_rows[] = {
	{ GUP_BENCH_ROW("vmas-1000-fast", "10-vmas", 3, 0) },
	{ GUP_BENCH_ROW("vmas-1000-slow", "10-vmas", 4, 1) },
	{ GUP_BENCH_ROW("vmas-1000-map", "10-vmas", 5, 2) },
	{ GUP_BENCH_ROW("vmas-100000-fast", "10-vmas", 6, 0) },
	{ GUP_BENCH_ROW("vmas-100000-slow", "10-vmas", 7, 1) },
	{ GUP_BENCH_ROW("vmas-100000-map", "10-vmas", 8, 2) },
	{ GUP_BENCH_ROW("vmas-1000000-fast", "10-vmas", 9, 0) },
	{ GUP_BENCH_ROW("vmas-1000000-slow", "10-vmas", 10, 1) },
	{ GUP_BENCH_ROW("vmas-1000000-map", "10-vmas", 11, 2) },
};

static enum gup_bench_open vmas_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	struct gup_machine_config config = { .normal_bytes = GUP_BENCH_MIB(512), .no_huge_pages = true };
	unsigned int i;

	if (!gup_bench_host_has(GUP_BENCH_MIB(512)))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	if (!gup_bench_world_open(&scene->world, &config, 0))
		return GUP_BENCH_BROKEN;
	for (i = 0; i < VMA_COUNTS; i++)
		if (gup_mm_create(scene->world.m, "vmas", &vma_mms[i]) || !map_many(scene, vma_mms[i], vma_counts[i]))
			return GUP_BENCH_BROKEN;
	return GUP_BENCH_READY;
}

const struct gup_bench_case gup_bench_vmas = {
	.name = "growth",
	.kind = "4K",
	.sizes = { GUP_BENCH_KIB(4) },
	.parts = { "pair" },
	.open = vmas_open,
	GUP_BENCH_SIDES(vma_sides),
	GUP_BENCH_ROWS(vma_rows),
};

/* ---- a large machine ---- */

#define BOUND_NS UINT64_C(50000000)

static bool create_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	struct gup_machine_config config = { .normal_bytes = scene->bytes };
	uint64_t start = gup_bench_now();
	struct gup_machine *m;

	(void)side;
	if (gup_machine_create(&config, &m))
		return false;
	gup_bench_add(round, GUP_BENCH_FIRST, start, 1);
	return !gup_machine_check(m, NULL) && !gup_machine_destroy(m);
}

static bool bound(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	(void)scene;
	(void)side;
	round->ns[0] += BOUND_NS;
	round->units++;
	return true;
}

static const struct gup_bench_side create_sides[] = { { .run = create_pass }, { .run = bound } };

static const struct gup_bench_row create_rows[] = { { GUP_BENCH_ROW("create", "50ms", 0, 1) } };

static enum gup_bench_open create_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	struct gup_machine_config config = { .normal_bytes = c->sizes[0] };
	struct gup_machine *m;

	(void)scene;
	if (gup_machine_create(&config, &m))
		return gup_bench_skip(c->name, "the host has no address range for a machine of 1 TiB");
	return gup_machine_destroy(m) ? GUP_BENCH_BROKEN : GUP_BENCH_READY;
}

const struct gup_bench_case gup_bench_create = {
	.name = "create",
	.kind = "-",
	.sizes = { GUP_BENCH_GIB(1024) },
	.parts = { "machine" },
	.rounds = 9,
	.open = create_open,
	GUP_BENCH_SIDES(create_sides),
	GUP_BENCH_ROWS(create_rows),
};
