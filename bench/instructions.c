/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/instructions.c - the hot calls, each a few times in a function of its own, for bench/instructions to count what
 * they execute. Times need a quiet computer; instructions do not.
 *
 * Prints the calls by name, and how often each function is called. Everything was called once before, so that what happens
 * the first time only is not counted.
 */
#include "bench.h"

#define TIMES 64u
#define PAGES 256

static struct gup_bench_scene scene, huge; /* folios of 4 KiB, and of 2 MiB */
static struct gup_pin *own;
static struct gup_pin_cache *cache;
static bool failed;

static void expect(long got, long nr)
{
	failed |= got != nr;
}

/* What undoes a pin, and what has to be there for an unpin, is not counted. */
static void pin(void)
{
	expect(gup_bench_pin_fast(&scene, 0, PAGES), PAGES);
}

static void unpin_1(void)
{
	expect(gup_bench_unpin(&scene, 0, 1), 1);
}

static void unpin_16(void)
{
	expect(gup_bench_unpin(&scene, 0, 16), 16);
}

static void unpin_all(void)
{
	expect(gup_bench_unpin(&scene, 0, PAGES), PAGES);
}

static void pin_huge(void)
{
	expect(gup_bench_pin_fast(&huge, 0, GUP_HUGE_PAGES), GUP_HUGE_PAGES);
}

static void unpin_huge(void)
{
	expect(gup_bench_unpin(&huge, 0, GUP_HUGE_PAGES), GUP_HUGE_PAGES);
}

static void unpin_own(void)
{
	expect(gup_unpin(own, false), 0);
}

static void nothing(void)
{
}

/* ---- what is counted ---- */

#define HOT __attribute__((noinline)) static void

HOT hot_pin_fast_1(void)
{
	expect(gup_bench_pin_fast(&scene, 0, 1), 1);
}

HOT hot_pin_fast_16(void)
{
	expect(gup_bench_pin_fast(&scene, 0, 16), 16);
}

HOT hot_pin_fast_256(void)
{
	expect(gup_bench_pin_fast(&scene, 0, PAGES), PAGES);
}

HOT hot_pin_fast_longterm_1(void)
{
	expect(gup_bench_pin_fast_longterm(&scene, 0, 1), 1);
}

HOT hot_pin_fast_longterm_256(void)
{
	expect(gup_bench_pin_fast_longterm(&scene, 0, PAGES), PAGES);
}

HOT hot_unpin_1(void)
{
	expect(gup_bench_unpin(&scene, 0, 1), 1);
}

HOT hot_unpin_256(void)
{
	expect(gup_bench_unpin(&scene, 0, PAGES), PAGES);
}

HOT hot_pin_slow_1(void)
{
	expect(gup_bench_pin_slow(&scene, 0, 1), 1);
}

HOT hot_pin_fast_2m_512(void)
{
	pin_huge();
}

HOT hot_unpin_2m_512(void)
{
	unpin_huge();
}

static struct gup_request request_of_16(void)
{
	return (struct gup_request){ .addr = scene.world.addr, .bytes = 16 * GUP_PAGE_SIZE, .flags = GUP_WRITE };
}

HOT hot_own_pin_16(void)
{
	const struct gup_request request = request_of_16();

	expect(gup_pin(scene.world.mm, &request, &own, NULL), 0);
}

HOT hot_pin_cache_hit(void)
{
	const struct gup_request request = request_of_16();
	const struct gup_pin *pin;

	expect(gup_pin_cache_get(cache, &request, &pin, NULL), 0);
	expect(gup_pin_cache_put(cache, pin, false), 0);
}

/* Pages of the range behind the world, one after the other. */
HOT hot_fault_4k(void)
{
	static uint64_t at;

	expect((long)gup_copy_to_user(scene.world.mm, scene.world.addr + scene.world.bytes + at, "x", 1), 0);
	at += GUP_PAGE_SIZE;
}

static void unpin_rest(void)
{
	expect(gup_unpin_user_pages(scene.world.m, scene.world.pages + 1, PAGES - 1), 0);
}

static const struct {
	const char *name;
	void (*before)(void), (*call)(void), (*after)(void);
} calls[] = {
	{ "pin_fast_1", nothing, hot_pin_fast_1, unpin_1 },
	{ "pin_fast_16", nothing, hot_pin_fast_16, unpin_16 },
	{ "pin_fast_256", nothing, hot_pin_fast_256, unpin_all },
	{ "pin_fast_longterm_1", nothing, hot_pin_fast_longterm_1, unpin_1 },
	{ "pin_fast_longterm_256", nothing, hot_pin_fast_longterm_256, unpin_all },
	{ "unpin_1", pin, hot_unpin_1, unpin_rest },
	{ "unpin_256", pin, hot_unpin_256, nothing },
	{ "pin_slow_1", nothing, hot_pin_slow_1, unpin_1 },
	{ "pin_fast_2m_512", nothing, hot_pin_fast_2m_512, unpin_huge },
	{ "unpin_2m_512", pin_huge, hot_unpin_2m_512, nothing },
	{ "own_pin_16", nothing, hot_own_pin_16, unpin_own },
	{ "pin_cache_hit", nothing, hot_pin_cache_hit, nothing },
	{ "fault_4k", nothing, hot_fault_4k, nothing },
};

static void call_all(size_t i)
{
	unsigned int k;

	for (k = 0; k < TIMES; k++) {
		calls[i].before();
		calls[i].call();
		calls[i].after();
	}
}

/* The pages in the way of the first time: a table for the faults, the thread's registration, a lock's first use. */
static void warm_up(void)
{
	pin();
	unpin_all();
	expect(gup_bench_pin_slow(&scene, 0, 1), 1);
	unpin_1();
	pin_huge();
	unpin_huge();
	hot_own_pin_16();
	unpin_own();
	hot_pin_cache_hit();
	expect((long)gup_copy_to_user(scene.world.mm, scene.world.addr + scene.world.bytes + GUP_HUGE_SIZE / 2, "x", 1),
	       0);
}

int main(void)
{
	const struct gup_pin_cache_config config = { 16, UINT64_MAX };
	size_t i;

	if (!gup_bench_world_small(&scene.world, false) || !gup_bench_world_small(&huge.world, true) ||
	    gup_pin_cache_create(scene.world.mm, &config, &cache) ||
	    !gup_bench_map(scene.world.mm, scene.world.addr + scene.world.bytes, GUP_HUGE_SIZE))
		return 1;
	warm_up();
	for (i = 0; i < GUP_BENCH_NR(calls); i++) {
		call_all(i);
		printf("%s %u\n", calls[i].name, TIMES);
	}
	failed |= gup_pin_cache_destroy(cache) != 0;
	return gup_bench_world_close(&scene.world) && gup_bench_world_close(&huge.world) && !failed ? 0 : 1;
}
