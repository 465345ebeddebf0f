/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/radix.h - a sparse array of non-zero 64-bit values by 64-bit index: the page cache of an object.
 *
 * Nodes of 64 slots from the machine's slab; grows in height as indices need it and shrinks as nodes empty. Zero
 * bytes are an empty array. The caller locks.
 */
#ifndef GUP_MM_RADIX_H
#define GUP_MM_RADIX_H

#include "host.h"

struct gup_machine;
struct gup_radix_node;

#define GUP_RADIX_SHIFT 6
#define GUP_RADIX_SLOTS (1u << GUP_RADIX_SHIFT)

struct gup_radix_node {
	u64 slots[GUP_RADIX_SLOTS]; /* values in the lowest level, node pointers above */
	u32 used;
};

struct gup_radix {
	struct gup_radix_node *root;
	u32 height; /* levels; 0: empty */
	u64 count;  /* values stored */
};

/* The value at @index, 0 if there is none. */
u64 gup_radix_get(const struct gup_radix *r, u64 index);

/* Store @value (not 0) at @index. 0, or -ENOMEM with nothing changed; replacing a value cannot fail. */
int gup_radix_set(struct gup_machine *m, struct gup_radix *r, u64 index, u64 value);

/* Remove and return the value at @index, 0 if there is none. */
u64 gup_radix_clear(struct gup_machine *m, struct gup_radix *r, u64 index);

/* Find the first value at or after *@index: true with *@index and *@value set, or false. */
bool gup_radix_next(const struct gup_radix *r, u64 *index, u64 *value);

#endif
