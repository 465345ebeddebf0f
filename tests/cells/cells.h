/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/cells.h - the cells that are compared: a mapping, its protection, its state, and what is tried on it.
 *
 * One enumeration for all programs: cells-host tries the cells on the kernel that it runs on, cells-gup tries them on
 * libgup, and compare reads what both print, a line for each cell:
 *
 *     MAPPING PROTECTION STATE PROBE: RESULT [WORD=CONTENTS...]
 *
 * RESULT is OK, n/16 for a part of the pages, the name of an errno, or how the probe's process ended. A line that
 * begins with "# skip mapping" or "# skip probe" says what could not be tried there and why.
 */
#ifndef CELLS_H
#define CELLS_H

#include <stdbool.h>
#include <stddef.h>

#define CELL_PAGES 16
#define CELL_PAGE 4096
#define CELL_BYTES (CELL_PAGES * CELL_PAGE)
#define CELL_HALF (CELL_BYTES / 2)

enum cell_mapping {
	CELL_ANON_PRIVATE,
	CELL_ANON_SHARED,
	CELL_ZERO_PRIVATE, /* of /dev/zero */
	CELL_ZERO_SHARED,
	CELL_MEMFD_PRIVATE,
	CELL_MEMFD_SHARED,
	CELL_TMPFS_PRIVATE,
	CELL_TMPFS_SHARED,
	CELL_FILE_PRIVATE, /* of a file system that writes back */
	CELL_FILE_SHARED,
	CELL_DAX_PRIVATE,
	CELL_DAX_SHARED,
	CELL_HUGETLB_PRIVATE,
	CELL_HUGETLB_SHARED,
	CELL_SECRET,
	CELL_PFNMAP,
	CELL_UNMAPPED,
	CELL_NULL,
	CELL_KERNEL, /* an address of the kernel's */
	CELL_NR_MAPPINGS,
};

/* Set after the state was made, so that it limits the probe only. */
enum cell_prot {
	CELL_RW,
	CELL_R,
	CELL_W,
	CELL_NONE,
	CELL_HALF_R,	/* the second half may only be read */
	CELL_HALF_GONE, /* the second half is unmapped */
	CELL_GAP,	/* page 8 is unmapped */
	CELL_AS_IS,	/* nothing of ours to protect */
	CELL_NR_PROTS,
};

enum cell_state {
	CELL_UNTOUCHED, /* an object has contents already */
	CELL_READ,
	CELL_WRITTEN,
	CELL_FORKED,	/* written, and a child has it mapped too */
	CELL_TRUNCATED, /* written, and the object cut to half */
	CELL_SPARSE,	/* untouched, and the object is one hole */
	CELL_NR_STATES,
};

/* The four of PIN_: registered, then something happens, then a write through the registration. Who sees it? */
enum cell_probe {
	CELL_REGISTER, /* with io_uring: a long-term pin for writing */
	CELL_VM_READV,
	CELL_VM_WRITEV,
	CELL_VMSPLICE,
	CELL_DIRECT_READ, /* from an O_DIRECT file into it */
	CELL_POPULATE_READ,
	CELL_POPULATE_WRITE,
	CELL_MLOCK,
	CELL_MEM_READ, /* /proc/PID/mem, as a debugger: with FOLL_FORCE */
	CELL_MEM_WRITE,
	CELL_PIN_FORK,	   /* and a write by the parent */
	CELL_PIN_DONTNEED, /* MADV_DONTNEED */
	CELL_PIN_REMAP,	   /* unmapped, and mapped again at the same place */
	CELL_PIN_TRUNCATE, /* to nothing, and to its full size again */
	CELL_NR_PROBES,
};

struct cell {
	enum cell_mapping mapping;
	enum cell_prot prot;
	enum cell_state state;
	enum cell_probe probe;
};

/* The first byte of a page says who wrote it last. */
enum cell_byte {
	CELL_IS_ZERO = 0,
	CELL_IS_FILE = 'f',    /* contents of the object from the start */
	CELL_IS_WRITTEN = 'w', /* by a store */
	CELL_IS_LATE = 'l',    /* by a store after the pin */
	CELL_IS_PROBE = 'p',   /* by the probe */
	CELL_IS_GONE = '-',    /* no such page */
};

/**
 * struct cell_result - what a probe gave
 * @value: pages, or a negative errno
 * @wanted: pages that were asked for
 * @words: " WORD=CONTENTS" for each word
 */
struct cell_result {
	long value;
	long wanted;
	char words[256];
};

extern const char *const cell_mappings[CELL_NR_MAPPINGS];
extern const char *const cell_prots[CELL_NR_PROTS];
extern const char *const cell_states[CELL_NR_STATES];
extern const char *const cell_probes[CELL_NR_PROBES];

/* The cell after *cell; from all zeros on this meets each cell that exists, the first one excepted. false: no more. */
bool cell_next(struct cell *cell);

bool cell_is_shared(enum cell_mapping mapping);
bool cell_has_object(enum cell_mapping mapping); /* that can be read, written and cut */
bool cell_is_hugetlb(enum cell_mapping mapping);
bool cell_is_nothing(enum cell_mapping mapping); /* unmapped, NULL, kernel */

void cell_name(const struct cell *cell, char *out, size_t room);

/* Appends " KEY=" and the contents of pages by their first bytes, each change named once: "written+zero". */
void cell_word(struct cell_result *r, const char *key, const unsigned char *bytes, size_t nr);

/* The cell's line. */
void cell_line(const struct cell *cell, const struct cell_result *r, char *out, size_t room);

#endif
