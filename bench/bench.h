/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/bench.h - what the parts of the benchmark share: the world that is pinned, the samples, the rows of the result.
 *
 * Every case works on the same 16 MiB of one application, cut into calls of the case's size, so that the sizes differ
 * in the number of calls and in nothing else.
 */
#ifndef GUP_BENCH_H
#define GUP_BENCH_H

#include <gup/gup.h>

#include <stdio.h>

#define GUP_BENCH_BYTES (UINT64_C(16) << 20)
#define GUP_BENCH_PAGES (GUP_BENCH_BYTES >> GUP_PAGE_SHIFT)

/* ---- world.c: one machine, one application, 16 MiB of it present ---- */

/**
 * struct gup_bench_world - what is pinned
 * @m, @mm: the machine and the application on it
 * @addr:   start of the 16 MiB, which are all present and writable
 * @pages:  where the calls put their pages, GUP_BENCH_PAGES of them
 * @huge:   folios of 2 MiB, else of 4 KiB
 */
struct gup_bench_world {
	struct gup_machine *m;
	struct gup_mm *mm;
	uint64_t addr;
	struct gup_page **pages;
	bool huge;
};

/** gup_bench_open() - make one. Return: false with a sentence on stderr. */
bool gup_bench_open(struct gup_bench_world *world, bool huge);

/** gup_bench_close() - check it and let it go, also one that could not be made. Return: false with a sentence if a pin or an invariant was lost. */
bool gup_bench_close(struct gup_bench_world *world);

/** gup_bench_slow_pages() - pages that were taken under mmap_lock so far. */
uint64_t gup_bench_slow_pages(const struct gup_bench_world *world);

/* ---- mapper.c: the second thread ---- */

/**
 * gup_bench_run_on() - bind the calling thread to the @nth processor that the program may use
 * Context: the first call comes before there is a second thread. Return: false if it may not.
 */
bool gup_bench_run_on(unsigned int nth);

/** gup_bench_mapper_start() - map, protect and unmap in @mm without end. Return: false with a sentence. */
bool gup_bench_mapper_start(struct gup_mm *mm);

/** gup_bench_mapper_stop() - Return: false with a sentence if one of its calls failed. */
bool gup_bench_mapper_stop(void);

/* ---- raw.c: the limit ---- */

/**
 * struct gup_bench_raw - nothing but the memory that a walk has to touch
 * @entries: page-table entries, one a page
 * @frames:  descriptors
 */
struct gup_bench_raw {
	uint64_t *entries;
	struct gup_page *frames;
};

bool gup_bench_raw_open(struct gup_bench_raw *raw);
void gup_bench_raw_close(struct gup_bench_raw *raw);

/** gup_bench_raw_pin(), gup_bench_raw_unpin() - @nr pages from the @first on. Return: pages done. */
long gup_bench_raw_pin(struct gup_bench_raw *raw, uint64_t first, long nr, struct gup_page **pages);
long gup_bench_raw_unpin(struct gup_page **pages, long nr);

/* ---- cases.c: measuring ---- */

/** enum gup_bench_part - what of a call pair was timed. PAIR is pin and unpin together. */
enum gup_bench_part { GUP_BENCH_PIN, GUP_BENCH_UNPIN, GUP_BENCH_PAIR, GUP_BENCH_PARTS };

enum gup_bench_variant {
	GUP_BENCH_FAST,
	GUP_BENCH_SLOW,
	GUP_BENCH_FAST_LONGTERM,
	GUP_BENCH_SLOW_LONGTERM,
	GUP_BENCH_RAW,
	GUP_BENCH_VARIANTS,
};

/** struct gup_bench_result - nanoseconds a page. */
struct gup_bench_result {
	double min[GUP_BENCH_PARTS];
	double med[GUP_BENCH_PARTS];
};

/**
 * struct gup_bench_case - one size, one kind of page, with or without the second thread
 * @world:  what is pinned
 * @raw:    NULL: without the raw loop
 * @bytes:  of each call
 * @mapper: with the second thread
 */
struct gup_bench_case {
	struct gup_bench_world *world;
	struct gup_bench_raw *raw;
	uint64_t bytes;
	bool mapper;
};

/** gup_bench_measure() - all variants of a case in turns, round by round. Return: false with a sentence. */
bool gup_bench_measure(const struct gup_bench_case *c, struct gup_bench_result results[GUP_BENCH_VARIANTS]);

/* ---- report.c ---- */

void gup_bench_csv_head(FILE *csv);
void gup_bench_csv_rows(FILE *csv, const struct gup_bench_case *c, const struct gup_bench_result *results);
void gup_bench_table_head(void);
void gup_bench_table_row(const struct gup_bench_case *c, const struct gup_bench_result *results);

#endif
