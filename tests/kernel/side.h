/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/side.h - what the two sides of the comparison do: a running kernel (side_host.c) and libgup (side_gup.c).
 *
 * There is one application with one mapping of PIN_PAGES pages at a time, perhaps a child of it, and one pin. Functions that
 * can fail return a negative errno; what has to work ends the program when it does not.
 */
#ifndef SIDE_H
#define SIDE_H

#include "pins.h"

/* struct side_frame - where a page is now, and its folio's counts; @pfn is 0 if there is no page */
struct side_frame {
	uint64_t pfn;
	const char *zone; /* "normal", "cma", "movable", "dax" */
	unsigned int order;
	long refs; /* without what its pins add */
	long pins;
};

/* Reads the program's arguments. */
void side_begin(int argc, char **argv);
void side_end(void);

/* NULL, or why this side has no such mapping. */
const char *side_lacks(enum pin_mapping mapping);

/* Map readable and writable what pin_mapping says; its object is new and holds zeroes. Afterwards unmap it and forget it. */
int side_map(enum pin_mapping mapping);
void side_unmap(void);

/* What the application does with its mapping. A byte is PIN_IS_GONE if there is nothing to read. */
int side_read(unsigned int page);
void side_write(unsigned int page, int byte);
void side_protect(enum pin_prot prot);
int side_dontneed(void);
int side_remap(void);
int side_truncate(unsigned int pages);

/* Its child, and what that does; none after side_child_end(). */
void side_fork(void);
int side_child_read(unsigned int page);
void side_child_write(unsigned int page, int byte);
void side_child_end(void);

/* What somebody reads who opens the object as a file. */
int side_file_read(unsigned int page);

/* The pin, its frames, and the device. */
long side_take(enum pin_entry entry, unsigned int foll);
void side_release(void);
uint64_t side_held(unsigned int page);					    /* its pfn */
void side_hold(unsigned int page, enum pin_entry entry, unsigned int foll); /* another holder, of one page */
void side_unhold(void);
int side_device_read(unsigned int page);
void side_device_write(unsigned int page, int byte);

/* The frame that is mapped at a page, or any frame by its number. */
void side_mapped(unsigned int page, struct side_frame *out);
void side_frame(uint64_t pfn, struct side_frame *out);

/* Could a frame be taken away at all, whoever holds it? If not: keep it for good, so that nothing is mapped there again. */
bool side_could_want(uint64_t pfn);
void side_keep(void);

/* Take a frame of ZONE_MOVABLE away from whom it belongs to, and give it back to the allocator. */
int side_want(uint64_t pfn);

/* Allocate the whole CMA area, and give it back. */
int side_want_area(void);

#endif
