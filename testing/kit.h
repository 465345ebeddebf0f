/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/kit.h - the test kit from inside: a machine under test and the books that are kept about it.
 *
 *	test.c    opening and closing; playing once
 *	memory.c  zones and buffers of each kind of memory
 *	books.c   who holds which frame; told by the core (mm/watch.h)
 *	device.c  DMA mappings and accesses
 *	alloc.c   memory of the user of pins
 *	fail.c    injection, and the sweep over all failures
 *	report.c  findings in words
 *
 * Functions of the kit's own are gup_kit_...; those of gup_test_... here are for testing/schedule.c.
 */
#ifndef GUP_TESTING_KIT_H
#define GUP_TESTING_KIT_H

#include <stdarg.h>

#include <gup/testing.h>

#include "internal.h"

#define GUP_KIT_AREA "kernel" /* where the pages of the user of pins come from */
#define GUP_KIT_HERE __builtin_extract_return_addr(__builtin_return_address(0))

/* ---- test.c ---- */

/*
 * A fresh machine, watched, with the application and what the spec's begin makes. 0; -EINVAL for a spec that cannot
 * be; -ENOMEM; -ENOTRECOVERABLE if begin failed, which is reported: then *@out is there, to be closed and nothing else.
 */
int gup_test_open(const struct gup_test_spec *spec, struct gup_test **out);
/* The spec's end, a look at what is left, and everything goes. Returns the number of findings since it was opened. */
uint64_t gup_test_close(struct gup_test *t);
/* The schedule that reports name from now on. */
void gup_test_set_schedule(struct gup_test *t, uint64_t schedule);
/* Findings so far. */
uint64_t gup_test_findings(const struct gup_test *t);

/* ---- the books ---- */

/* A reference of a call that got or pinned. */
struct gup_kit_hold {
	struct gup_kit_hold *next;
	const void *site;
	u64 born;
	bool pin;
};

/* One frame; the last release is remembered for the one who releases it again. */
struct gup_kit_frame {
	struct gup_kit_hold *holds;
	const void *taken, *released;
	bool pin;
};

/* What keeps a frame in place that the device may use. */
enum gup_kit_cover { GUP_KIT_NOTHING, GUP_KIT_GET, GUP_KIT_PIN, GUP_KIT_CMA, GUP_KIT_ZERO };

struct gup_kit_dma_frame {
	enum gup_kit_cover cover;
	const void *taken;
	const void *released; /* once the cover is lost */
};

struct gup_kit_dma {
	struct gup_kit_dma *next;
	u64 start, bytes; /* DMA addresses */
	u64 pfn, nr;
	u64 born;
	bool write;
	const void *mapped, *unmapped;
	struct gup_kit_dma_frame frames[];
};

struct gup_kit_alloc {
	struct gup_kit_alloc *next;
	void *p;
	size_t bytes;
	u64 born;
	const void *site, *freed;
};

/* Refused releases of one kind that follow each other: one report. */
struct gup_kit_refused {
	u64 count, pfn;
	bool pin, held; /* @held: in the other way */
	const void *site, *taken, *released;
};

/* The failure of this run. */
struct gup_kit_failure {
	enum gup_test_fail_kind kind;
	u64 nth;
	u64 left; /* steps until it happens; 0 if it is off or is known to have happened */
	bool fired, again;
};

struct gup_test {
	const struct gup_test_spec *spec;
	struct gup_machine *m;
	struct gup_mm *app;
	struct gup_watch watch;
	struct gup_kit_frame *frames; /* by pfn */
	struct gup_kit_dma *dmas;     /* also those that are unmapped */
	struct gup_kit_alloc *allocs; /* also those that are freed; the newest first */
	struct gup_kit_refused refused;
	struct gup_kit_failure failure;
	u64 cma_frames[GUP_MAX_ZONES]; /* allocated, at the mark */
	u64 clock, mark;	       /* what was taken at or before the mark is not looked at */
	u64 next_dma, next_buffer;
	u64 schedule, findings;
	bool begun, quiet, broken; /* @quiet: do not look at what is left; @broken: the machine is */
};

/* From now on only what is taken later is missed. */
void gup_kit_set_mark(struct gup_test *t);
/* Report what was taken since the mark and is left, and what the machine check says. */
void gup_kit_look(struct gup_test *t);

void gup_kit_play(struct gup_test *t, gup_test_scenario scenario, struct gup_test_result *result);

/* ---- memory.c ---- */
void gup_kit_config(const struct gup_test_spec *spec, struct gup_machine_config *config);

/* ---- books.c ---- */
void gup_kit_watch(struct gup_test *t);
void gup_kit_books_free(struct gup_test *t);
/* The hold of a frame that was taken last, NULL if nobody holds it. */
const struct gup_kit_hold *gup_kit_holder(const struct gup_test *t, u64 pfn);
bool gup_kit_any_hold(const struct gup_test *t);
void gup_kit_holds_left(struct gup_test *t);
u64 gup_kit_cma_frames(const struct gup_test *t, unsigned int zone);
void gup_kit_cma_left(struct gup_test *t);

/* ---- device.c ---- */
/* Nobody holds the frame any more; it was released at @site. */
void gup_kit_uncover(struct gup_test *t, u64 pfn, const void *site);
void gup_kit_dma_left(struct gup_test *t);
void gup_kit_dma_free(struct gup_test *t);

/* ---- alloc.c ---- */
void gup_kit_allocs_left(struct gup_test *t);
void gup_kit_allocs_free(struct gup_test *t);

/* ---- fail.c ---- */
/* Is this step of @kind the one that shall fail? */
bool gup_kit_step(struct gup_test *t, enum gup_test_fail_kind kind);
/* No frame failure hits what the kit does itself: off, and on again. Learns whether it has happened. */
u64 gup_kit_hold_fire(struct gup_test *t);
void gup_kit_resume_fire(struct gup_test *t, u64 held);

/* ---- report.c ---- */
#define GUP_KIT_SITE 160

/* "drv.c:41 (start_io)"; "" for NULL. Returns @buf. */
const char *gup_kit_site(const void *site, char buf[GUP_KIT_SITE]);
/* The same line of a source: a compiler may make several calls of one. */
bool gup_kit_same_site(const void *a, const void *b);
/* "copy failure" and so on. */
const char *gup_kit_fail_name(enum gup_test_fail_kind kind);

struct gup_kit_about {
	enum gup_test_finding finding;
	u64 count;
	const void *taken, *released;
};

void gup_kit_report(struct gup_test *t, const struct gup_kit_about *about, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* One report for a call site, with the number of what is left from it. */
void gup_kit_report_left(struct gup_test *t, enum gup_test_finding finding, const void *site, u64 count,
			 const char *what, const char *verb);
/* Report the refused releases that were gathered. */
void gup_kit_flush(struct gup_test *t);

#endif
