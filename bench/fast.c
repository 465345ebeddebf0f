/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/fast.c - pages that are present: fast against slow, with and without LONGTERM, with and without a thread that
 * changes mappings of the same mm; and both against the limit of a walk.
 *
 * All calls of a case work on the same 16 MiB, so that its sizes differ in the number of calls and in nothing else.
 */
#include "bench.h"

#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define WRITER_BYTES GUP_BENCH_KIB(64)

static long pin_slow_longterm(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	return gup_pin_user_pages_unlocked(scene->world.mm, scene->world.addr + (at << GUP_PAGE_SHIFT),
					   (unsigned long)nr, GUP_WRITE | GUP_LONGTERM, scene->world.pages + at);
}

/* The writer: 64 KiB with all pages, read-only, gone. Each of the three needs mmap_lock for writing. */
static bool change_mappings(struct gup_bench_scene *scene, uint64_t *done)
{
	static const struct gup_map_request map = {
		.length = WRITER_BYTES,
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = GUP_MAP_PRIVATE | GUP_MAP_POPULATE,
	};
	struct gup_mm *mm = scene->world.mm;
	int64_t addr = gup_mmap(mm, &map);

	*done += WRITER_BYTES >> GUP_PAGE_SHIFT;
	return addr > 0 && !gup_mprotect(mm, (uint64_t)addr, WRITER_BYTES, GUP_PROT_READ) &&
	       !gup_munmap(mm, (uint64_t)addr, WRITER_BYTES);
}

/* ---- fast against slow ---- */

enum { FAST, SLOW, FAST_LONGTERM, SLOW_LONGTERM, WRITER, /* the same four with a writer */ RAW = 8, RAW_WRITER };

#define PAIR(call) .run = gup_bench_pass, .pin = (call), .unpin = gup_bench_unpin
#define RAW_LOOP .run = gup_bench_pass, .pin = gup_bench_raw_loop_pin, .unpin = gup_bench_raw_loop_unpin

static const struct gup_bench_side fast_sides[] = {
	[FAST] = { PAIR(gup_bench_pin_fast) },
	[SLOW] = { PAIR(gup_bench_pin_slow) },
	[FAST_LONGTERM] = { PAIR(gup_bench_pin_fast_longterm) },
	[SLOW_LONGTERM] = { PAIR(pin_slow_longterm) },
	[WRITER + FAST] = { PAIR(gup_bench_pin_fast), .beside = change_mappings },
	[WRITER + SLOW] = { PAIR(gup_bench_pin_slow), .beside = change_mappings },
	[WRITER + FAST_LONGTERM] = { PAIR(gup_bench_pin_fast_longterm), .beside = change_mappings },
	[WRITER + SLOW_LONGTERM] = { PAIR(pin_slow_longterm), .beside = change_mappings },
	[RAW] = { RAW_LOOP },
	[RAW_WRITER] = { RAW_LOOP, .beside = change_mappings },
};

/* Those of the raw loop come last: it has no 2 MiB entries. */
static const struct gup_bench_row fast_rows[] = {
	{ GUP_BENCH_ROW("fast-slow", "pin_user_pages_unlocked", FAST, SLOW) },
	{ GUP_BENCH_ROW("fast-slow", "pin_user_pages_unlocked", WRITER + FAST, WRITER + SLOW) },
	{ GUP_BENCH_ROW("fast-slow-longterm", "pin_user_pages_unlocked", FAST_LONGTERM, SLOW_LONGTERM) },
	{ GUP_BENCH_ROW("fast-slow-longterm", "pin_user_pages_unlocked", WRITER + FAST_LONGTERM,
			WRITER + SLOW_LONGTERM) },
	{ GUP_BENCH_ROW("longterm-cost", "pin_user_pages_fast", FAST_LONGTERM, FAST) },
	{ GUP_BENCH_ROW("longterm-cost", "pin_user_pages_fast", WRITER + FAST_LONGTERM, WRITER + FAST) },
	{ GUP_BENCH_ROW("writer", "undisturbed", WRITER + FAST, FAST) },
	{ GUP_BENCH_ROW("raw-loop", "raw-loop", FAST, RAW) },
	{ GUP_BENCH_ROW("raw-loop", "raw-loop", WRITER + FAST, RAW_WRITER) },
	{ GUP_BENCH_ROW("writer-raw", "undisturbed", RAW_WRITER, RAW) },
	{ GUP_BENCH_ROW("writer-itself", "raw-loop", WRITER + FAST, RAW_WRITER), .slowdown = true, .libgup_base = FAST,
	  .peer_base = RAW },
};
#define ROWS_OF_2M 7

/* What the rows call fast must have been taken without the lock. */
static bool fast_is_fast(struct gup_bench_scene *scene)
{
	struct gup_bench_round unused = { .deadline = UINT64_MAX };
	struct gup_stats before, after;

	scene->bytes = scene->world.bytes;
	if (gup_machine_stats(scene->world.m, &before) || !gup_bench_pass(scene, &fast_sides[FAST], &unused) ||
	    !gup_bench_pass(scene, &fast_sides[FAST_LONGTERM], &unused) || gup_machine_stats(scene->world.m, &after))
		return false;
	return before.slow_pages == after.slow_pages ||
	       gup_bench_complain("pages that are present were not all taken without the lock");
}

static enum gup_bench_open fast_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	bool huge = c == &gup_bench_fast_2m;

	if (!gup_bench_world_small(&scene->world, huge) || !fast_is_fast(scene))
		return GUP_BENCH_BROKEN;
	if (!huge && !gup_bench_raw_open(&scene->raw, scene->world.bytes >> GUP_PAGE_SHIFT, 1))
		return GUP_BENCH_BROKEN;
	return GUP_BENCH_READY;
}

static void print_pair(const struct gup_bench_result *fast, const struct gup_bench_result *slow)
{
	double f = fast->med[GUP_BENCH_PIN], s = slow->med[GUP_BENCH_PIN];

	printf("%8.2f %8.2f %8.1f | ", f, s, s / f);
}

static void print_head(void)
{
	puts("Median nanoseconds a page. slow: pin_user_pages_unlocked, fast: pin_user_pages_fast, both with WRITE;\n"
	     "\"maps\": a second thread maps, protects and unmaps in the same mm; ratio: how many times as long slow "
	     "takes.\n"
	     "\n"
	     "                      |        no LONGTERM        |         LONGTERM          |        |   raw loop\n"
	     "pages  size  2nd thr. |   fast     slow    ratio  |   fast     slow    ratio  |  unpin |  pin   unpin\n"
	     "----------------------+---------------------------+---------------------------+--------+-------------");
}

static void print_line(const struct gup_bench_case *c, uint64_t bytes, const struct gup_bench_result *results,
		       bool writer)
{
	const struct gup_bench_result *four = results + (writer ? WRITER : 0), *raw = results + RAW + writer;

	printf("%-5s ", c->kind);
	gup_bench_print_size(bytes);
	printf("  %-8s | ", writer ? "maps" : "-");
	print_pair(&four[FAST], &four[SLOW]);
	print_pair(&four[FAST_LONGTERM], &four[SLOW_LONGTERM]);
	printf("%6.2f | ", four[FAST].med[GUP_BENCH_UNPIN]);
	if (c->nr_sides > RAW)
		printf("%5.2f %6.2f\n", raw->med[GUP_BENCH_PIN], raw->med[GUP_BENCH_UNPIN]);
	else
		puts("    -      -");
}

static void fast_print(const struct gup_bench_case *c, uint64_t bytes, const struct gup_bench_result *results)
{
	if (c == &gup_bench_fast_4k && bytes == c->sizes[0])
		print_head();
	print_line(c, bytes, results, false);
	print_line(c, bytes, results, true);
}

const struct gup_bench_case gup_bench_fast_4k = {
	.name = "fast",
	.kind = "4K",
	.sizes = { GUP_BENCH_KIB(4), GUP_BENCH_KIB(64), GUP_BENCH_MIB(1), GUP_BENCH_MIB(16) },
	.parts = { "pin", "unpin", "pair" },
	.open = fast_open,
	.print = fast_print,
	GUP_BENCH_SIDES(fast_sides),
	GUP_BENCH_ROWS(fast_rows),
};

const struct gup_bench_case gup_bench_fast_2m = {
	.name = "fast",
	.kind = "2M",
	.sizes = { GUP_BENCH_KIB(4), GUP_BENCH_KIB(64), GUP_BENCH_MIB(1), GUP_BENCH_MIB(16) },
	.parts = { "pin", "unpin", "pair" },
	.open = fast_open,
	.print = fast_print,
	.sides = fast_sides,
	.nr_sides = RAW,
	.rows = fast_rows,
	.nr_rows = ROWS_OF_2M,
};

/* ---- the slow path against the host's ---- */

static long populate(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	return madvise(scene->host.at + (at << GUP_PAGE_SHIFT), (size_t)nr << GUP_PAGE_SHIFT, MADV_POPULATE_WRITE) ? 0
														   : nr;
}

static long nothing(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	(void)scene;
	(void)at;
	return nr;
}

static const struct gup_bench_side populate_sides[] = {
	{ PAIR(gup_bench_pin_slow) },
	{ .run = gup_bench_pass, .pin = populate, .unpin = nothing },
};

static const struct gup_bench_row populate_rows[] = {
	{ GUP_BENCH_ROW("slow-populate", "MADV_POPULATE_WRITE", 0, 1), .part = 1 + GUP_BENCH_PIN },
};

static enum gup_bench_open populate_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	if (!gup_bench_world_small(&scene->world, false))
		return GUP_BENCH_BROKEN;
	if (!gup_bench_host_open(&scene->host, scene->world.bytes, false))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	if (!populate(scene, 0, 1))
		return gup_bench_skip(c->name, "the host has no MADV_POPULATE_WRITE, which came with Linux 5.14");
	return GUP_BENCH_READY;
}

const struct gup_bench_case gup_bench_populate = {
	.name = "populate",
	.kind = "4K",
	.sizes = { GUP_BENCH_KIB(4), GUP_BENCH_KIB(64), GUP_BENCH_MIB(1), GUP_BENCH_MIB(16) },
	.parts = { "pin", "unpin", "pair" },
	.open = populate_open,
	GUP_BENCH_SIDES(populate_sides),
	GUP_BENCH_ROWS(populate_rows),
};
