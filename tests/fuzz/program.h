/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/program.h - a program of bytes that is run over the public interface, and what is known of its machine.
 *
 * program.c reads the bytes, do_*.c are the operations, model.c knows what every page must hold, holds.c what is pinned.
 * A broken promise prints a sentence and aborts, so a fuzzer, a debugger and the test suite all see it.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <gup/gup.h>
#include <gup/testing.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define NR_MMS 4
#define NR_OBJECTS 12
#define NR_HOLDS 16
#define NR_OWNERS 3
#define NR_AREAS 4
#define NR_LISTENERS 4

/* Where applications map: all that the model knows. Three places for a huge page, so that a range may cross two. */
#define WINDOW UINT64_C(0x40000000)
#define WINDOW_PAGES 1536u
#define OBJECT_PAGES 1536u
#define NR_CELLS 16384u

#define CMA_NAME "camera"
#define FSDAX_NAME "pmem"
#define DEVDAX_NAME "dram"

/** PROMISE() - stop with a sentence unless the library keeps a promise */
#define PROMISE(kept, ...)                                                                                             \
	do {                                                                                                           \
		if (!(kept))                                                                                           \
			promise_broken(__func__, __VA_ARGS__);                                                         \
	} while (0)

_Noreturn void promise_broken(const char *where, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- the model ---- */

enum backing { NOT_MAPPED, ANONYMOUS, SHARED, PRIVATE };

/* One page of an application: what is mapped there. @cell: its own contents; 0: none, or those of the object. */
struct place {
	uint8_t backing;
	uint8_t prot;
	bool prot_unsure; /* mprotect ran out of memory on the way */
	bool not_for_children, wiped_for_children;
	uint8_t object;
	uint32_t index;
	uint32_t cell;
};

struct app {
	struct gup_mm *mm;
	uint64_t limit, pinned;
	struct place places[WINDOW_PAGES];
};

enum object_kind { SHM, HUGE_SHM, FSDAX, DEVDAX, CMA, PFNMAP };

struct object {
	struct gup_object *handle; /* NULL: only mappings are left */
	bool used;
	enum object_kind kind;
	uint32_t pages;
	uint32_t cells[OBJECT_PAGES];
};

/* Pages that are held by one call. @cells: what each must show; 0: nothing is promised. */
struct hold {
	bool used;
	bool pins; /* else gets */
	bool device_writes;
	struct gup_pin *pin; /* own form, else @pages */
	struct gup_page **pages;
	uint32_t *cells;
	uint32_t nr;
	uint32_t counted; /* pages but the zero page, which nobody counts */
	struct app *app;  /* own form: who is charged; NULL once it is gone */
	struct owner *owner;
};

struct owner {
	struct gup_owner *owner;
	uint64_t limit, pinned;
};

/* Frames of gup_cma_alloc(). */
struct area {
	struct gup_page *page;
	uint32_t pages;
	bool has_object;
};

#define WATCHED_PAGES 8u

struct listener {
	struct gup_notifier *notifier;
	struct gup_interval *interval;
	struct app *app; /* NULL: the mm is gone */
	bool released;
	unsigned int under_way;
	uint32_t first, nr; /* interval: pages of the window */
	uint64_t seq;
	uint64_t pfns[WATCHED_PAGES];
};

struct program {
	const uint8_t *at, *end;
	struct gup_machine *m;
	struct gup_machine_config config;
	struct app apps[NR_MMS];
	struct object objects[NR_OBJECTS];
	struct hold holds[NR_HOLDS];
	struct owner owners[NR_OWNERS];
	struct area areas[NR_AREAS];
	struct listener listeners[NR_LISTENERS];
	uint64_t cells[NR_CELLS];
	uint32_t nr_cells;
	uint64_t last_value;
	uint64_t free_frames; /* of the fresh machine */
	uint64_t offline;     /* blocks of MOVABLE, by bit */
	bool failing;	      /* an allocation of the next step is to fail */
};

/* program.c */

/** program_run() - run the bytes, release everything and destroy the machine. @trace: say each step on stderr. */
void program_run(const uint8_t *data, size_t size, bool trace);

uint8_t take_byte(struct program *p);
uint32_t take_below(struct program *p, uint32_t bound);
/* Is @value 0 or one of the errors, which end with 0? */
bool is_one_of(int64_t value, const int *errors);
/* An -ENOMEM has a reason: memory really is short, or was made to fail. */
bool memory_is_short(struct program *p);

/* Ranges of the window in pages; often small, sometimes whole huge pages. */
struct span {
	uint32_t first, nr;
};
struct span take_span(struct program *p);
uint64_t address_of(uint32_t page);
struct app *take_app(struct program *p);
struct object *take_object(struct program *p);

/* model.c */
uint32_t cell_new(struct program *p, uint64_t value);
uint64_t value_new(struct program *p);
struct object *object_of(struct program *p, const struct place *place);
/* The cell that @place shows; made if @own is asked for. */
uint32_t cell_shown(struct program *p, const struct place *place);
uint32_t cell_to_write(struct program *p, struct app *app, uint32_t page);
uint32_t object_cell(struct program *p, struct object *object, uint32_t index);
/* The contents of an object are about to change: private pages that are copies already stay as they are. */
void settle_private(struct program *p, const struct object *object, uint32_t first, uint32_t last);
void settle_cell(struct program *p, uint32_t cell);
void cut_object_cells(struct program *p, struct object *object, uint32_t first, uint32_t last, bool shorter);
struct object *object_slot(struct program *p);
uint32_t object_number(struct program *p, const struct object *object);
enum gup_frame_kind kind_at(struct program *p, struct app *app, uint32_t page);

/* holds.c */
struct hold *hold_slot(struct program *p);
struct hold *take_hold(struct program *p);
/* The hold has its pages; @flags are those that it was taken with. */
void hold_begin(struct program *p, struct hold *hold, struct app *app, uint32_t first, unsigned int flags);
void release(struct program *p, struct hold *hold, uint32_t how, bool dirty);
void count_holds(struct program *p, uint64_t *pins, uint64_t *gets);
void check_hold(struct program *p, const struct hold *hold, uint32_t most);
/* Does a get of ours lie on the folio? */
bool folio_has_get(struct program *p, uint64_t head_pfn);
struct gup_frame_info frame_of(struct program *p, const struct gup_page *page);

/* listen.c */
void check_listeners(struct program *p);

/* Operations, by file. */
void do_mmap(struct program *p);
void do_munmap(struct program *p);
void do_mprotect(struct program *p);
void do_madvise(struct program *p);
void do_populate(struct program *p);
void do_wrong_range(struct program *p);
void do_mremap(struct program *p);
void do_advise(struct program *p);
void do_store(struct program *p);
void do_load(struct program *p);
void do_fixup(struct program *p);
void do_fork(struct program *p);
void do_exit(struct program *p);
void do_create(struct program *p);
void exit_app(struct program *p, struct app *app);

void do_take(struct program *p);
void do_pin(struct program *p);
void do_release(struct program *p);
void do_wrong_release(struct program *p);
void do_device_write(struct program *p);
void do_device_read(struct program *p);
void do_owner(struct program *p);
void do_limit(struct program *p);
void do_holders(struct program *p);

void do_migrate(struct program *p);
void do_split(struct program *p);
void do_offline(struct program *p);
void do_online(struct program *p);
void do_cma_alloc(struct program *p);
void do_cma_free(struct program *p);
void do_cma_object(struct program *p);
void do_fail(struct program *p);

void do_object_create(struct program *p);
void do_object_put(struct program *p);
void do_object_write(struct program *p);
void do_object_read(struct program *p);
void do_truncate(struct program *p);
void do_punch(struct program *p);

void do_listen(struct program *p);
void do_unlisten(struct program *p);
void do_read_begin(struct program *p);
void unlisten(struct program *p, struct listener *listener);

#endif
