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

static struct gup_bench_scene scene;
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
	expect((long)gup_copy_to_user(scene.world.mm, scene.world.addr + scene.world.bytes + GUP_HUGE_SIZE / 2, "x", 1),
	       0);
}

int main(void)
{
	size_t i;

	if (!gup_bench_world_small(&scene.world, false) ||
	    !gup_bench_map(scene.world.mm, scene.world.addr + scene.world.bytes, GUP_HUGE_SIZE))
		return 1;
	warm_up();
	for (i = 0; i < GUP_BENCH_NR(calls); i++) {
		call_all(i);
		printf("%s %u\n", calls[i].name, TIMES);
	}
	return gup_bench_world_close(&scene.world) && !failed ? 0 : 1;
}
