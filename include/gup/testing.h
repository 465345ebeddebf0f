/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/testing.h - the test kit: run a user of pins on a machine that notices what real memory only suffers.
 *
 * gup_test_fail_alloc() is part of every libgup. The rest is in libgup-test, which is libgup on the deterministic host
 * (port/sim) and the kit: link with it instead of libgup. Everything runs in one thread; actors are fibers.
 *
 * The way of a test: a spec says what the machine is made of; gup_test_run(), gup_test_fail_each() and
 * gup_test_schedules() make a fresh machine from it for each run, let the scenario play on it, and look at what is left
 * when it returns. What they find is reported in one sentence each, with file and line of the calls that matter.
 */
#ifndef GUP_TESTING_H
#define GUP_TESTING_H

#include <gup/gup.h>

GUP_BEGIN_DECLS

/** GUP_TEST_ALL_AFTER - added to the @nth of gup_test_fail_alloc(): each allocation after that one fails, too */
#define GUP_TEST_ALL_AFTER (UINT64_C(1) << 63)

/**
 * gup_test_fail_alloc() - make one allocation of the machine fail
 * @m:   the machine
 * @nth: 1 for the next folio or metadata allocation, 2 for the one after it ...; 0 switches it off. With
 *       GUP_TEST_ALL_AFTER all that follow it fail as well, until it is switched off: memory is full, and stays so.
 *
 * Return: allocations that were still to come when it was last armed; 0 if it has fired or was off. So a sweep ends
 * when the value is not 0: the scenario made fewer allocations. GUP_TEST_ALL_AFTER, if it was given, is in the value.
 */
uint64_t gup_test_fail_alloc(struct gup_machine *m, uint64_t nth);

/* ---- findings ---- */

/** enum gup_test_finding - what can be wrong */
enum gup_test_finding {
	GUP_TEST_STALE_DMA,   /* the device used a frame that no pin covers any more */
	GUP_TEST_NO_MAPPING,  /* the device used a DMA address that is not mapped, or not for writing */
	GUP_TEST_PIN_LEFT,    /* pins or gets that nobody released */
	GUP_TEST_DMA_LEFT,    /* DMA mappings that nobody removed */
	GUP_TEST_MEMORY_LEFT, /* allocations of the user of pins that nobody freed */
	GUP_TEST_BAD_RELEASE, /* an unpin, put, unmap or free of what was not there */
	GUP_TEST_BAD_CHECK,   /* the machine check found a broken invariant */
	GUP_TEST_FAILED,      /* the scenario itself said so, or went another way than without the failure */
	GUP_TEST_MISUSE,      /* a lock left held or unbalanced, sleeping where that is forbidden, ... */
	GUP_TEST_DEADLOCK,    /* no actor can go on */
	GUP_TEST_NR_FINDINGS,
};

/**
 * struct gup_test_report - one finding
 * @finding:  what it is
 * @text:     the whole sentence, with sites and what was injected
 * @taken:    where the pin, mapping or allocation was taken, "file.c:41 (function)"; "" if not known
 * @released: where it was released; "" if it was not, or is not known
 * @count:    pages, mappings or allocations concerned; 1 where nothing is counted
 * @schedule: the schedule in which it was seen, 0 outside of gup_test_schedules()
 */
struct gup_test_report {
	enum gup_test_finding finding;
	const char *text;
	const char *taken;
	const char *released;
	uint64_t count;
	uint64_t schedule;
};

/**
 * struct gup_test_result - what a run or a sweep came to
 * @runs:     how often the scenario was played
 * @failures: failures that were injected
 * @findings: reports that were made
 * @schedule: the first schedule with a finding, 0 if none
 */
struct gup_test_result {
	uint64_t runs;
	uint64_t failures;
	uint64_t findings;
	uint64_t schedule;
};

/* ---- a machine under test ---- */

struct gup_test;

/** enum gup_test_memory - kinds of user memory that a driver meets */
enum gup_test_memory {
	GUP_TEST_ANON,	   /* anonymous, 4 KiB folios */
	GUP_TEST_HUGE,	   /* anonymous, 2 MiB folios */
	GUP_TEST_CMA,	   /* anonymous, borrowed from a CMA area */
	GUP_TEST_MOVABLE,  /* anonymous, in ZONE_MOVABLE */
	GUP_TEST_FOLIO,	   /* the same in folios of 16 KiB, mapped by 4 KiB entries */
	GUP_TEST_SHARED,   /* shared memory */
	GUP_TEST_DAX,	   /* a file on FS DAX */
	GUP_TEST_READONLY, /* anonymous with data, PROT_READ */
	GUP_TEST_NR_MEMORY,
};

/** gup_test_memory_name() - "anon", "2M", "cma", "movable", "shared", "dax", "read-only"; NULL for an unknown kind. */
const char *gup_test_memory_name(enum gup_test_memory memory);

/**
 * struct gup_test_spec - what each run begins with
 * @name:     names the test in reports
 * @contract: whose rules apply
 * @memory:   kind of memory that gup_test_buffer() gives; decides which zones the machine has
 * @begin:    called with the fresh machine before the scenario, or NULL. Return: 0 or a negative errno.
 * @end:      called after the scenario and before it is looked at what is left, or NULL
 * @report:   receives each finding; NULL: it is printed on stderr
 * @context:  for the three functions, by gup_test_context()
 */
struct gup_test_spec {
	const char *name;
	enum gup_contract_id contract;
	enum gup_test_memory memory;
	int (*begin)(struct gup_test *t);
	void (*end)(struct gup_test *t);
	void (*report)(void *context, const struct gup_test_report *report);
	void *context;
};

/**
 * typedef gup_test_scenario - plays once and gives back all that it took
 *
 * Return: 0 if all went as it should, also if a failure that was injected came back as an error and everything was
 * released. A scenario says "this went wrong" with gup_test_fail(), and the outcome that a failure led to (an errno of
 * the driver, say) by its return value.
 */
typedef int (*gup_test_scenario)(struct gup_test *t);

/** gup_test_machine(), gup_test_mm(), gup_test_context() - the machine, its application "app", the spec's context. */
struct gup_machine *gup_test_machine(struct gup_test *t);
struct gup_mm *gup_test_mm(struct gup_test *t);
void *gup_test_context(struct gup_test *t);

/**
 * gup_test_buffer() - map memory of the spec's kind in an application
 * @t:     the test
 * @mm:    whose; NULL for the application
 * @pages: how many 4 KiB pages
 *
 * The memory is filled: each page with the pattern that gup_test_pattern() makes of its address and tag 0, and lies
 * where the kind says. Never fails by injection.
 *
 * Return: its address; 0 after having reported why.
 */
uint64_t gup_test_buffer(struct gup_test *t, struct gup_mm *mm, uint64_t pages);

/** gup_test_pattern() - fill @bytes at @buf with a pattern of @addr and @tag; multiples of 8. */
void gup_test_pattern(void *buf, uint64_t addr, uint64_t bytes, uint32_t tag);

/**
 * gup_test_expect() - the application reads the pattern of @addr and @tag in [@addr, @addr + @bytes)
 *
 * Return: true; false after having reported the first difference.
 */
bool gup_test_expect(struct gup_test *t, struct gup_mm *mm, uint64_t addr, uint64_t bytes, uint32_t tag);

/** gup_test_fail() - report GUP_TEST_FAILED with a sentence of the scenario's own. */
void gup_test_fail(struct gup_test *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** gup_test_complain() - report any finding; @site: return address that it is about, or NULL. */
void gup_test_complain(struct gup_test *t, enum gup_test_finding finding, const void *site, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* ---- the device ---- */

/** GUP_TEST_DMA_ERROR - what gup_test_dma_map() returns when it fails */
#define GUP_TEST_DMA_ERROR UINT64_MAX

/**
 * gup_test_dma_map() - let the device use memory
 * @t:      the test
 * @page:   first frame; the others follow it
 * @offset: byte in the first frame
 * @bytes:  length, more than 0
 * @write:  the device may write
 *
 * Frames must be held (by a pin, a get or an allocation) as long as the device may use them; the kit remembers who
 * holds them now. DMA addresses are not used again after they were unmapped.
 *
 * Return: the DMA address, with @offset in its low bits; GUP_TEST_DMA_ERROR if injected.
 */
uint64_t gup_test_dma_map(struct gup_test *t, struct gup_page *page, uint64_t offset, uint64_t bytes, bool write);

/** gup_test_dma_unmap() - take it back, as it was mapped. Return: 0; -EINVAL, reported, if it was not mapped so. */
int gup_test_dma_unmap(struct gup_test *t, uint64_t dma, uint64_t bytes);

/**
 * struct gup_test_area - what gup_test_dma_map() takes, for a wrapper that maps on behalf of somebody
 * @page, @offset, @bytes, @write: as there
 * @site: return address that reports name
 */
struct gup_test_area {
	struct gup_page *page;
	uint64_t offset;
	uint64_t bytes;
	bool write;
	const void *site;
};

/** gup_test_dma_map_for(), gup_test_dma_unmap_for() - the same, with the site of whom it is done for. */
uint64_t gup_test_dma_map_for(struct gup_test *t, const struct gup_test_area *area);
int gup_test_dma_unmap_for(struct gup_test *t, uint64_t dma, uint64_t bytes, const void *site);

/**
 * gup_test_dma_write(), gup_test_dma_read() - what the device does
 * @t:     the test
 * @dma:   DMA address
 * @buf:   bytes to write, or place for those read
 * @bytes: length
 *
 * A use of a frame that is not held any more is reported with both call sites and the frame's present owner, and is
 * not carried out, so that what it would have destroyed can still be looked at.
 *
 * Return: 0; -EFAULT, reported, if an address is not mapped (for writing) or a frame is not held.
 */
int gup_test_dma_write(struct gup_test *t, uint64_t dma, const void *buf, uint64_t bytes);
int gup_test_dma_read(struct gup_test *t, uint64_t dma, void *buf, uint64_t bytes);

/* ---- failures ---- */

/** enum gup_test_fail_kind - what can be made to fail */
enum gup_test_fail_kind {
	GUP_TEST_FAIL_FRAME,	 /* a folio or metadata allocation of the machine */
	GUP_TEST_FAIL_ALLOC,	 /* gup_test_alloc() */
	GUP_TEST_FAIL_COPY,	 /* gup_test_fails(): a copy from or to user memory */
	GUP_TEST_FAIL_PIN,	 /* a get or pin call: nothing is taken, -EFAULT */
	GUP_TEST_FAIL_PIN_SHORT, /* a get or pin call of several pages: half of them are taken */
	GUP_TEST_FAIL_DMA,	 /* gup_test_dma_map() */
	GUP_TEST_FAIL_LIMIT,	 /* gup_test_fails(): a look at a limit finds it used up */
	GUP_TEST_NR_FAIL_KINDS,
};

/**
 * gup_test_fails() - is this the place that shall fail?
 * @t:    the test
 * @kind: what is about to be done
 *
 * For wrappers of what the machine does not know: copies, limits.
 *
 * Return: true if it has to fail now.
 */
bool gup_test_fails(struct gup_test *t, enum gup_test_fail_kind kind);

/**
 * gup_test_alloc(), gup_test_free() - memory of the user of pins, counted and made to fail
 * @t:     the test
 * @bytes: length; the memory is zeroed, and aligned for anything
 * @site:  return address that a leak is reported with
 * @p:     from gup_test_alloc(), or NULL
 *
 * Return: the memory; NULL if injected.
 */
void *gup_test_alloc(struct gup_test *t, size_t bytes, const void *site);
void gup_test_free(struct gup_test *t, void *p, const void *site);

/**
 * gup_test_run() - play a scenario once on a fresh machine and look at what is left
 * @spec:     the test
 * @scenario: what is played; it has to return 0
 * @out:      receives what it came to; may be NULL
 *
 * Return: 0; -EINVAL for NULL; -ENOMEM; -ENOTRECOVERABLE if there were findings.
 */
int gup_test_run(const struct gup_test_spec *spec, gup_test_scenario scenario, struct gup_test_result *out);

/**
 * gup_test_fail_each() - play a scenario with its first, second, third ... possible failure of each kind
 * @spec:     the test
 * @scenario: what is played. Without failures it has to return 0; with one it may return 0 or a negative errno, and
 *            has to have released everything either way.
 * @out:      receives what it came to; may be NULL
 *
 * Each failure has a machine of its own. After it: the list of what is left, the machine check, and the scenario once
 * more on the same machine, which has to go as without a failure. Ends for each kind when the scenario made fewer steps
 * of it than the number that was to fail.
 *
 * Return: as for gup_test_run().
 */
int gup_test_fail_each(const struct gup_test_spec *spec, gup_test_scenario scenario, struct gup_test_result *out);

/* ---- schedules ---- */

#define GUP_TEST_MAX_ACTORS 4
#define GUP_TEST_MAX_EXPLORE 3

/** struct gup_test_actor - one thread of a play; @name is shown in reports and traces. */
struct gup_test_actor {
	const char *name;
	void (*run)(struct gup_test *t);
};

/**
 * struct gup_test_play - actors that run at once
 * @begin:   before them, alone, or NULL. Return: 0 or a negative errno, which ends the run and is reported.
 * @actors:  those with a name
 * @end:     after them, alone, or NULL
 * @count:   how many schedules to try by chance; 0 for 1000
 * @first:   number of the first one of those; 0 for 1
 * @trace:   print each switch on stderr. Without it, what is found is played once more with its trace, if the spec has
 *           findings printed.
 * @explore: first play every schedule with at most so many pre-emptions; up to GUP_TEST_MAX_EXPLORE. Two actors with
 *           300 points each have about 1,200 of one, and 400,000 of two. None is before a step beyond 65535, and after
 *           20000 a play goes on at random.
 */
struct gup_test_play {
	int (*begin)(struct gup_test *t);
	struct gup_test_actor actors[GUP_TEST_MAX_ACTORS];
	void (*end)(struct gup_test *t);
	uint64_t count;
	uint64_t first;
	bool trace;
	unsigned int explore;
};

/**
 * gup_test_schedules() - let actors run in many different orders
 * @spec: the test; each schedule has a fresh machine
 * @play: who acts
 * @out:  receives what it came to; may be NULL
 *
 * Actors switch at atomics, locks, lockless sections, waits, and where they call gup_test_point(). Stores of the core
 * that are not seq_cst may be seen late by the others. The number of a schedule decides every choice, so it replays: set
 * the environment variable GUP_REPLAY to it, and only that one is played, with its trace. Ends after the first schedule
 * with findings.
 *
 * Return: as for gup_test_run(); -EINVAL also for more than GUP_TEST_MAX_EXPLORE pre-emptions and for a GUP_REPLAY that
 * is no number.
 */
int gup_test_schedules(const struct gup_test_spec *spec, const struct gup_test_play *play, struct gup_test_result *out);

/**
 * gup_test_point(), gup_test_look() - others may run here; nothing happens outside of a play
 *
 * point is for before a change of what actors share, look for before reading it: who stalls looks again after a change.
 */
void gup_test_point(void);
void gup_test_look(void);

/**
 * gup_test_stall() - the caller cannot go on until somebody else has done something; in a loop around a condition
 * @what: what it waits for, for a report of a deadlock
 *
 * Outside of a play nobody else can do anything: that is a deadlock, reported by stopping the program.
 */
void gup_test_stall(const char *what);

/** gup_test_note() - a line in the trace of the schedule, in the column of the running actor. */
void gup_test_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** gup_test_local() - a word of the running actor's own; NULL at the begin of each run. One for whoever is no actor. */
void **gup_test_local(void);

GUP_END_DECLS

#endif
