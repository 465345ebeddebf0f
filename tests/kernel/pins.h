/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/pins.h - the cells that the module answers: a mapping, its protection, its state, and a pin of it.
 *
 * One enumeration for two programs: pins-host asks /dev/gup_probe of a running kernel, pins-gup asks libgup. Both print a
 * line for each cell, which tests/cells/compare reads:
 *
 *     MAPPING PROTECTION STATE ENTRY/FLAGS[/EVENT]: RESULT [WORD=CONTENTS...]
 *
 * Without an event (tests/kernel/take.c) the words are what became of the frames: frame=same, moved or new, zone, and what the
 * pin adds to pins and references of the first one. With an event (tests/kernel/sight.c) the words are who sees the write of
 * the device: in its own frame before it writes, in the application, in its child, in the file.
 */
#ifndef PINS_H
#define PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Few say what many do; where that is the question (tests/kernel/cma.c), the build says how many. */
#ifndef PIN_PAGES
#define PIN_PAGES 4
#endif

enum pin_mapping {
	PIN_ANON_PRIVATE,
	PIN_ANON_SHARED,
	PIN_THP, /* anonymous, in a folio of 2 MiB */
	PIN_MEMFD_PRIVATE,
	PIN_MEMFD_SHARED,
	PIN_FILE_PRIVATE, /* of a file system that writes back */
	PIN_FILE_SHARED,
	PIN_DAX_PRIVATE,
	PIN_DAX_SHARED,
	PIN_HUGETLB_PRIVATE,
	PIN_HUGETLB_SHARED,
	PIN_SECRET,
	PIN_PFNMAP,
	PIN_UNMAPPED,
	PIN_NULL,
	PIN_KERNEL, /* an address of the kernel's */
	PIN_NR_MAPPINGS,
};

/* Set after the state was made. */
enum pin_prot {
	PIN_RW,
	PIN_R,
	PIN_W,
	PIN_NONE,
	PIN_HALF_R,    /* the second half may only be read */
	PIN_HALF_GONE, /* the second half is unmapped */
	PIN_AS_IS,     /* nothing of ours to protect */
	PIN_NR_PROTS,
};

enum pin_state {
	PIN_UNTOUCHED,
	PIN_READ,
	PIN_WRITTEN,
	PIN_FORKED,    /* written, and a child has it mapped too */
	PIN_TRUNCATED, /* written, and the object cut to half */
	PIN_NR_STATES,
};

/* As enum gup_probe_entry, and the two that get an `int *locked`. */
enum pin_entry {
	PIN_GET,
	PIN_GET_FAST,
	PIN_GET_FAST_ONLY,
	PIN_GET_REMOTE,
	PIN_GET_UNLOCKED,
	PIN_PIN,
	PIN_PIN_FAST,
	PIN_PIN_FAST_ONLY,
	PIN_PIN_REMOTE,
	PIN_PIN_UNLOCKED,
	PIN_GET_REMOTE_LOCKED,
	PIN_PIN_REMOTE_LOCKED,
	PIN_NR_ENTRIES,
};

enum pin_event {
	PIN_NOTHING,
	PIN_STORE,	/* the application writes */
	PIN_FORK,	/* it forks, and nobody writes */
	PIN_FORK_STORE, /* it forks and writes */
	PIN_FORK_CHILD, /* it forks, and the child writes */
	PIN_FORK_EXIT,	/* it forks, the child ends, and then it writes */
	PIN_DONTNEED,	/* it drops its pages, and reads */
	PIN_REMAP,	/* it unmaps, and maps the same again */
	PIN_TRUNCATE,	/* the object is cut to nothing and made as large as before */
	PIN_WANT,	/* somebody wants the frame, in ZONE_MOVABLE, where the page lay before */
	PIN_NR_EVENTS,
};

struct pin_cell {
	enum pin_mapping mapping;
	enum pin_prot prot;
	enum pin_state state;
	enum pin_entry entry;
	unsigned int flags; /* which row of pin_flags */
	enum pin_event event;
};

/* The first byte of a page says who wrote it last. */
enum pin_byte {
	PIN_IS_ZERO = 0,
	PIN_IS_WRITTEN = 'w', /* by the application before the pin */
	PIN_IS_LATE = 'l',    /* by the application after the pin */
	PIN_IS_CHILD = 'c',   /* by the child */
	PIN_IS_DEVICE = 'd',  /* by the device */
	PIN_IS_GONE = '-',    /* no such page, or no such reader */
};

/* struct pin_flags - flags by name, with the values that Linux 6.1 gives them */
struct pin_flags {
	const char *name;
	unsigned int foll;
};

extern const struct pin_flags pin_flags[];
extern const unsigned int pin_nr_flags;
#define PIN_WRITE_LONGTERM 3u /* the last row without anything else */

bool pin_has_object(enum pin_mapping mapping); /* that can be read, written and cut */
bool pin_is_huge(enum pin_mapping mapping);
bool pin_is_nothing(enum pin_mapping mapping);
bool pin_entry_pins(enum pin_entry entry);
const char *pin_mapping_name(enum pin_mapping mapping);

/* The cells without an event, and those with one. After all zeros each call gives the next that exists; false: no more. */
bool pin_next_take(struct pin_cell *cell);
bool pin_next_sight(struct pin_cell *cell);

/* "ENTRY/FLAGS"; "MAPPING PROTECTION STATE ENTRY/FLAGS", with "/EVENT" if @sight; followed by ": RESULT". */
void pin_print_probe(const struct pin_cell *cell);
void pin_print_name(const struct pin_cell *cell, bool sight);
void pin_print_result(long result);
const char *pin_byte_name(int byte);

/* Map what the cell wants, in its state and protection. */
void pins_make(const struct pin_cell *cell);

void take_cell(const struct pin_cell *cell);
void sight_cell(const struct pin_cell *cell);

#endif
