/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/bench.h - what the parts of the benchmark share.
 *
 * A case has a scene (a machine, host memory, the raw loop), some sides that do the same work on it in turns, and rows
 * that compare two of the sides. Cases are data, each in the file of its subject; measure.c has the one measuring loop,
 * report.c the rows of the result, targets.c what they should come to.
 */
#ifndef GUP_BENCH_H
#define GUP_BENCH_H

#include <gup/gup.h>

#include <stdio.h>

#define GUP_BENCH_KIB(n) (UINT64_C(n) << 10)
#define GUP_BENCH_MIB(n) (UINT64_C(n) << 20)
#define GUP_BENCH_GIB(n) (UINT64_C(n) << 30)
#define GUP_BENCH_NR(array) (sizeof(array) / sizeof((array)[0]))

struct gup_bench_scene;
struct gup_bench_side;

/** gup_bench_complain() - a sentence on stderr. Return: false, for whoever returns it. */
bool gup_bench_complain(const char *what);

/* ---- world.c: one machine, one application, a range of it present ---- */

/**
 * struct gup_bench_world - what is pinned
 * @m, @mm: the machine and the application on it
 * @addr:   start of the range, which is all present and writable
 * @bytes:  its length; 0 if nothing is mapped
 * @pages:  where the calls put their pages, one for each page of the range
 * @huge:   folios of 2 MiB, else of 4 KiB
 */
struct gup_bench_world {
	struct gup_machine *m;
	struct gup_mm *mm;
	uint64_t addr;
	uint64_t bytes;
	struct gup_page **pages;
	bool huge;
};

/**
 * gup_bench_world_open() - make one
 * @world:  receives it
 * @config: the machine, with the size of its folios; the contract is always linux-6.12
 * @bytes:  to be mapped and faulted in
 *
 * Return: false with a sentence.
 */
bool gup_bench_world_open(struct gup_bench_world *world, const struct gup_machine_config *config, uint64_t bytes);

/** gup_bench_world_small() - one of 16 MiB, with room for as much again. Return: false with a sentence. */
bool gup_bench_world_small(struct gup_bench_world *world, bool huge);

/** gup_bench_world_close() - check it and let it go, also one that could not be made. Return: false with a sentence if a pin or an invariant was lost. */
bool gup_bench_world_close(struct gup_bench_world *world);

/** gup_bench_touch_all() - have all free frames used once, so that the host has them. Return: false with a sentence. */
bool gup_bench_touch_all(struct gup_bench_world *world);

/** gup_bench_map() - map private memory of @mm at a fixed address. Return: false with a sentence. */
bool gup_bench_map(struct gup_mm *mm, uint64_t addr, uint64_t bytes);

/* ---- host.c: memory of the host, without libgup ---- */

/**
 * struct gup_bench_host - private memory of this process, all of it touched
 * @at, @bytes: the range; begins on a multiple of 2 MiB
 */
struct gup_bench_host {
	char *at;
	uint64_t bytes;
};

/**
 * gup_bench_host_open() - map and touch some
 * @host:  receives it
 * @bytes: length, a multiple of 2 MiB
 * @huge:  with huge pages, else with none
 *
 * Return: false if the host has no such memory.
 */
bool gup_bench_host_open(struct gup_bench_host *host, uint64_t bytes, bool huge);
void gup_bench_host_close(struct gup_bench_host *host);

/** gup_bench_host_has() - could the host give so many bytes without swapping? */
bool gup_bench_host_has(uint64_t bytes);

/* ---- raw.c: the limit ---- */

#define GUP_BENCH_RAW_LEVELS 3u /* above the entries */

/**
 * struct gup_bench_raw - nothing but the memory that a walk has to touch
 * @entries: page-table entries, one a folio: the lowest tables, one after the other
 * @levels:  the tables above them, words that are addresses; the last level is one table
 * @frames:  descriptors
 */
struct gup_bench_raw {
	uint64_t *entries;
	uint64_t *levels[GUP_BENCH_RAW_LEVELS];
	struct gup_page *frames;
};

/** gup_bench_raw_open() - @entries entries; each maps a folio of @step frames. Return: false with a sentence. */
bool gup_bench_raw_open(struct gup_bench_raw *raw, uint64_t entries, uint64_t step);
void gup_bench_raw_close(struct gup_bench_raw *raw);

/** gup_bench_raw_pin(), gup_bench_raw_unpin() - @nr pages from the @first on. Return: pages done. */
long gup_bench_raw_pin(struct gup_bench_raw *raw, uint64_t first, long nr, struct gup_page **pages);
long gup_bench_raw_unpin(struct gup_page **pages, long nr);

/* ---- cases ---- */

/**
 * struct gup_bench_scene - what the sides of a case work on; a case opens what it needs
 * @world, @raw, @host: see above
 * @bytes: of each call; the case's sizes, one after the other
 * @fd:    of a peer that needs one
 */
struct gup_bench_scene {
	struct gup_bench_world world;
	struct gup_bench_raw raw;
	struct gup_bench_host host;
	uint64_t bytes;
	int fd;
};

#define GUP_BENCH_PARTS 3 /* a pair of calls has three: the first, the second, and both */
enum gup_bench_part { GUP_BENCH_PIN, GUP_BENCH_UNPIN, GUP_BENCH_PAIR, GUP_BENCH_FIRST = GUP_BENCH_PIN };

/**
 * struct gup_bench_round - one round of a side as it grows
 * @deadline: nanoseconds of the clock; the side may go on for one more pass when it has passed
 * @units:    pages done, or what the case counts
 * @ns:       time for them, of the first call and of the second
 */
struct gup_bench_round {
	uint64_t deadline;
	uint64_t units;
	uint64_t ns[2];
};

uint64_t gup_bench_now(void);

/** gup_bench_add() - note that @units took from @start until now, in one part. */
void gup_bench_add(struct gup_bench_round *round, enum gup_bench_part part, uint64_t start, uint64_t units);

/**
 * struct gup_bench_side - one of those that a case compares
 * @run:    one pass; adds to the round. Return: false if a call failed or did less than it was asked for.
 * @pin, @unpin: for gup_bench_pass(): one call, for @nr pages from the @at-th on. Return: pages done.
 * @window: for gup_bench_pass(): pages that a pass goes over from the first on; 0: all of the world
 * @beside: one step of a second thread that runs without a pause while this side has its turn; NULL: nobody. It adds the
 *          pages that it did to *done, and returns false if a call failed.
 * @both:   what the second thread did counts, too: the time is that of a page in each of two threads
 */
struct gup_bench_side {
	bool (*run)(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round);
	long (*pin)(struct gup_bench_scene *scene, uint64_t at, long nr);
	long (*unpin)(struct gup_bench_scene *scene, uint64_t at, long nr);
	uint64_t window;
	bool (*beside)(struct gup_bench_scene *scene, uint64_t *done);
	bool both;
};

/** gup_bench_pass() - a run: pin the window call by call, unpin it call by call. Cut short at the deadline. */
bool gup_bench_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round);

/** struct gup_bench_result - nanoseconds a unit of one side. */
struct gup_bench_result {
	double min[GUP_BENCH_PARTS];
	double med[GUP_BENCH_PARTS];
};

/**
 * struct gup_bench_row - a comparison
 * @bench, @peer_name: as in the CSV file
 * @libgup, @peer: sides
 * @libgup_base, @peer_base: if @slowdown: what each is compared with first
 * @part: 0: all parts of the case; else 1 + the only one
 * @slowdown: not times but quotients: how much longer the side takes than its base
 */
struct gup_bench_row {
	const char *bench, *peer_name;
	unsigned int libgup, peer;
	unsigned int libgup_base, peer_base;
	unsigned int part;
	bool slowdown;
};

/* The fields that every row has; others may follow. */
#define GUP_BENCH_ROW(name, peers_name, libgup_side, peer_side)                                                        \
	.bench = (name), .peer_name = (peers_name), .libgup = (libgup_side), .peer = (peer_side)

/** enum gup_bench_open - how it goes to open a scene: there, not to be had on this host, or something is wrong. */
enum gup_bench_open { GUP_BENCH_READY, GUP_BENCH_SKIP, GUP_BENCH_BROKEN };

#define GUP_BENCH_NO_MEMORY "the host has not enough memory"

/** gup_bench_skip() - say why. Return: GUP_BENCH_SKIP. */
enum gup_bench_open gup_bench_skip(const char *name, const char *why);

/* An array and its length, for two fields of a case. */
#define GUP_BENCH_SIDES(list) .sides = (list), .nr_sides = GUP_BENCH_NR(list)
#define GUP_BENCH_ROWS(list) .rows = (list), .nr_rows = GUP_BENCH_NR(list)

#define GUP_BENCH_SIZES 4
#define GUP_BENCH_SIDES_MOST 16

/**
 * struct gup_bench_case - scene, sides, rows
 * @name:     to choose it by on the command line
 * @kind:     of pages, as in the CSV file
 * @sizes:    of a call, as in the CSV file
 * @parts:    names of what is timed: one, or two and their sum
 * @rounds:   at most; there are fewer where a round takes long
 * @open:     make the scene; what it says about a host that cannot is not an error
 * @close:    what gup_bench_measure() does not know how to close; may be NULL. Return: false with a sentence.
 * @print:    a table of its own in place of a line for each row; may be NULL
 */
struct gup_bench_case {
	const char *name, *kind;
	uint64_t sizes[GUP_BENCH_SIZES];
	const char *parts[GUP_BENCH_PARTS];
	unsigned int rounds;
	enum gup_bench_open (*open)(const struct gup_bench_case *c, struct gup_bench_scene *scene);
	bool (*close)(struct gup_bench_scene *scene);
	void (*print)(const struct gup_bench_case *c, uint64_t bytes, const struct gup_bench_result *results);
	const struct gup_bench_side *sides;
	unsigned int nr_sides;
	const struct gup_bench_row *rows;
	unsigned int nr_rows;
};

extern const struct gup_bench_case gup_bench_fast_4k, gup_bench_fast_2m, gup_bench_populate;
extern const struct gup_bench_case gup_bench_uring_4k, gup_bench_uring_2m;
extern const struct gup_bench_case gup_bench_extents, gup_bench_pin_cache, gup_bench_threads;
extern const struct gup_bench_case gup_bench_fault_4k, gup_bench_fault_2m, gup_bench_mirror;
extern const struct gup_bench_case gup_bench_fork, gup_bench_fork_mirrored;
extern const struct gup_bench_case gup_bench_migrate_4k, gup_bench_migrate_2m, gup_bench_cma, gup_bench_cma_mirrored;
extern const struct gup_bench_case gup_bench_grow_64m, gup_bench_grow_1g, gup_bench_grow_8g, gup_bench_grow_64g;
extern const struct gup_bench_case gup_bench_vmas, gup_bench_create;

/* ---- calls.c: calls that several cases time; see struct gup_bench_side ---- */

long gup_bench_pin_fast(struct gup_bench_scene *scene, uint64_t at, long nr);
long gup_bench_pin_fast_longterm(struct gup_bench_scene *scene, uint64_t at, long nr);
long gup_bench_pin_slow(struct gup_bench_scene *scene, uint64_t at, long nr);
long gup_bench_unpin(struct gup_bench_scene *scene, uint64_t at, long nr);
long gup_bench_raw_loop_pin(struct gup_bench_scene *scene, uint64_t at, long nr);
long gup_bench_raw_loop_unpin(struct gup_bench_scene *scene, uint64_t at, long nr);

/* ---- second.c: processors and the second thread ---- */

/**
 * gup_bench_run_on() - bind the calling thread to the @nth processor that the program may use
 * Context: the first call comes before there is a second thread. Return: false if it may not.
 */
bool gup_bench_run_on(unsigned int nth);

/** gup_bench_second_start() - begin with @step; back when it was done once. Return: false with a sentence. */
bool gup_bench_second_start(bool (*step)(struct gup_bench_scene *, uint64_t *), struct gup_bench_scene *scene);

/** gup_bench_second_done() - pages that the second thread did so far */
uint64_t gup_bench_second_done(void);

/** gup_bench_second_stop() - Return: false with a sentence if one of its calls failed. */
bool gup_bench_second_stop(void);

/* ---- measure.c ---- */

/** gup_bench_measure() - all sides of a case in turns, round by round. Return: false with a sentence. */
bool gup_bench_measure(const struct gup_bench_case *c, struct gup_bench_scene *scene, struct gup_bench_result *results);

/* ---- report.c ---- */

bool gup_bench_csv_open(const char *path);

/** gup_bench_report() - rows of a case at one size, printed and into the file. Return: false if they cannot be written. */
bool gup_bench_report(const struct gup_bench_case *c, uint64_t bytes, const struct gup_bench_result *results);

/** gup_bench_csv_close() - Return: false, with a sentence and without the file, if not all of it was written. */
bool gup_bench_csv_close(const char *path);

/** gup_bench_minimum() - libgup's and the peer's minimum of a row. Return: false if it was not measured. */
bool gup_bench_minimum(const char *bench, uint64_t bytes, const char *kind, unsigned int threads, const char *part,
		       double *libgup, double *peer);

void gup_bench_print_size(uint64_t bytes);

/* ---- targets.c ---- */

/** gup_bench_targets() - each target: what was measured, and whether that meets it; @all: also what was not measured */
void gup_bench_targets(bool all);

#endif
