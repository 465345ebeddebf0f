/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/world.h - a small world to test in: one machine, applications in it, and a device.
 *
 * A test says what the machine is made of, maps memory, writes patterns that tell address and tag, lets the device
 * write by frame, and ends the world: everything must be back as it was before. All asserts are cmocka's, so these
 * functions belong to the test's main thread.
 */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <gup/gup.h>
#include <gup/testing.h>

#define MIB (UINT64_C(1) << 20)
#define PAGE GUP_PAGE_SIZE
#define HUGE GUP_HUGE_SIZE
#define RW (GUP_PROT_READ | GUP_PROT_WRITE)
#define ANON_AT (GUP_MAP_PRIVATE | GUP_MAP_FIXED)
#define SHARED_AT (GUP_MAP_SHARED | GUP_MAP_FIXED)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Where tests map by default: 2 MiB aligned, far from both ends. */
#define BASE UINT64_C(0x40000000)
/* Where world_borrow() leaves what it found. */
#define BORROWED UINT64_C(0x200000000)

#define CAMERA "camera" /* first CMA area */
#define CODEC "codec"	/* second CMA area */
#define PMEM "pmem"	/* FS DAX device */
#define DRAM "dram"	/* device DAX device */
#define APP "app"	/* name of the world's first mm */

/* Long enough for anything that will happen, short enough for what will not. */
#define PATIENT_NS UINT64_C(5000000000)
#define IMPATIENT_NS UINT64_C(1000000)

/* struct world_spec - what the machine is made of; sizes in MiB */
struct world_spec {
	unsigned int normal, movable, cma, cma2, dax, devdax;
	unsigned int hugetlb, hugetlb_movable; /* folios of 2 MiB, of these */
	enum gup_contract_id contract;
	uint32_t kernel;
	bool no_huge_pages;
	uint32_t anon_orders;
	bool track_holders;
};

#define WORLD_MMS 16

struct world {
	struct gup_machine *m;
	struct gup_mm *mm; /* the first application */
	struct gup_mm *mms[WORLD_MMS];
	uint64_t free_frames; /* before the test, after a warm-up */
	uint64_t free_blocks; /* of DAX devices */
	uint64_t hugetlb_free;
};

void world_config(const struct world_spec *spec, struct gup_machine_config *config);
void world_begin(struct world *w, const struct world_spec *spec);
/* End all applications and prove that nothing is left. The test has released its pins, objects and owners. */
void world_end(struct world *w);

struct gup_mm *world_mm(struct world *w, const char *name);
struct gup_mm *world_fork(struct world *w, struct gup_mm *parent, const char *name);
void world_exit(struct world *w, struct gup_mm *mm);

/* The machine is sound and holds exactly these pins and gets. */
void check_rest(struct gup_machine *m, uint64_t pins, uint64_t gets);
uint64_t free_frames(struct gup_machine *m);
struct gup_stats stats_of(struct gup_machine *m);

/* Mapping. All at a fixed address, readable and writable. */
uint64_t map_anon(struct gup_mm *mm, uint64_t addr, uint64_t bytes);
uint64_t map_shared(struct gup_mm *mm, uint64_t addr, uint64_t bytes, struct gup_object *object);
uint64_t map_private(struct gup_mm *mm, uint64_t addr, uint64_t bytes, struct gup_object *object);
struct gup_object *new_shm(struct world *w, uint64_t bytes);
struct gup_object *new_dax_file(struct world *w, uint64_t bytes);

/*
 * Anonymous memory of the first application in a zone where no long-term pin may rest: MOVABLE, which is preferred, or
 * CMA, which is borrowed while it has more free frames than NORMAL. 512 pages are one 2 MiB folio, fewer are 4 KiB
 * folios. One call in a world.
 */
uint64_t world_borrow(struct world *w, enum gup_zone_kind kind, uint64_t pages);

/* Every second page of NORMAL is taken by @filler: there is room for all pages of a folio, but not for the folio. */
void world_scatter_normal(struct world *w, struct gup_mm *filler);

/* Files that this process has open, and the one that counts them. */
int open_descriptors(void);

/* Patterns: each 8 bytes tell address and tag. Addresses are multiples of 8. */
void pattern_make(void *buf, uint64_t addr, uint64_t bytes, uint32_t tag);
bool pattern_is(const void *buf, uint64_t addr, uint64_t bytes, uint32_t tag);
bool all_zero(const void *buf, uint64_t bytes);

/*
 * Windows: with GUP_TEST_WINDOWS=1 in the environment, or while they are wanted, every new mm of a world gets one at BASE,
 * and its application uses pointers. native_copy() returns the bytes that were not copied: all of them if a signal came.
 */
void window_wanted(bool wanted);
void window_open(struct gup_mm *mm);
uint64_t native_copy(void *to, const void *from, uint64_t bytes);
/* The signal that ended the last native_copy() of this thread, its si_code and si_addr. */
struct native_signal {
	int signal, code;
	void *addr;
};
struct native_signal native_signal(void);
/* A world whose first application has a window. */
void window_begin(struct world *w, const struct world_spec *spec);
char *window_pointer(struct gup_mm *mm, uint64_t addr);
/*
 * All that the host shows of a window, page by page: it is the frame that the page table names, and writable only if a
 * store of the application may go there without a fault.
 */
struct shown {
	unsigned int mappings, pages, writable;
};
struct shown what_shows(struct gup_mm *mm, uint64_t start, uint64_t bytes);
void expect_shown(struct gup_mm *mm, uint64_t start, uint64_t bytes, unsigned int pages, unsigned int writable);

/* What applications do. */
uint64_t app_store(struct gup_mm *mm, uint64_t addr, const void *from, uint64_t bytes);
uint64_t app_load(struct gup_mm *mm, void *to, uint64_t addr, uint64_t bytes);
void app_fill(struct gup_mm *mm, uint64_t addr, uint64_t bytes, uint32_t tag);
void app_expect(struct gup_mm *mm, uint64_t addr, uint64_t bytes, uint32_t tag);
void app_expect_zero(struct gup_mm *mm, uint64_t addr, uint64_t bytes);
void app_poke(struct gup_mm *mm, uint64_t addr, uint8_t byte);
uint8_t app_peek(struct gup_mm *mm, uint64_t addr);
/* True if the access is refused and nothing of it happens. */
bool app_cannot_read(struct gup_mm *mm, uint64_t addr);
bool app_cannot_write(struct gup_mm *mm, uint64_t addr);

/* What a device does, by frame. */
void device_write(struct gup_machine *m, struct gup_page *page, unsigned int offset, const void *buf, size_t bytes);
void device_read(struct gup_machine *m, struct gup_page *page, unsigned int offset, void *buf, size_t bytes);
void device_fill(struct gup_machine *m, struct gup_page *page, uint64_t addr, uint32_t tag);
void device_expect(struct gup_machine *m, struct gup_page *page, uint64_t addr, uint32_t tag);

/* Looking. */
struct gup_frame_info frame_at(struct gup_mm *mm, uint64_t addr);
struct gup_frame_info frame_of(struct gup_machine *m, struct gup_page *page);
bool same_frame(struct gup_mm *mm, uint64_t addr, struct gup_page *page);

/*
 * Taking and releasing through any entry point, with mmap_lock held where the entry wants it. _locked gets a `locked`
 * of its own, and so does _remote if @call has one.
 */
long take(struct gup_mm *mm, const struct gup_call *call, struct gup_why *why);
long pin_plain(struct gup_mm *mm, uint64_t addr, long nr, unsigned int flags, struct gup_page **pages);
long get_plain(struct gup_mm *mm, uint64_t addr, long nr, unsigned int flags, struct gup_page **pages);
bool entry_pins(enum gup_entry entry);
bool entry_is_fast(enum gup_entry entry);
int release(struct gup_machine *m, enum gup_entry entry, struct gup_page **pages, unsigned long nr);

#endif
