/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/around.h - memory that a device holds, in the middle of memory that moves.
 *
 * Every second page of the range is borrowed from the camera's area, and a long pin moves it out; the others lie between
 * pages of a neighbour. So each page of the range is a run of frames of its own.
 */
#ifndef AROUND_H
#define AROUND_H

#include "world.h"

#define RANGE BASE
#define NEIGHBOUR (BASE + 64 * MIB)
#define NR_PAGES 96
#define RANGE_BYTES (NR_PAGES * PAGE)
#define AREA_MIB 4

struct around {
	struct world w;
	int descriptors; /* that the process had open */
};

/** around_begin() - a world with that range and its neighbour, each filled with tag 1. */
void around_begin(struct around *a);

/**
 * around_disturb() - fork, migrate and allocate the whole camera's area; then give it all back
 * @tag: what the range holds: the child sees it, also after @write has put another into the range
 * @write: lets the device write; called while the child and the camera have their memory. Transfers may be in flight all
 *         the time, if they are not seen in the range before, or are of what it holds.
 */
void around_disturb(struct around *a, uint32_t tag, void (*write)(void *device), void *device);

/**
 * around_overwritten() - the application writes to the range, and the device writes over that
 * @tag: what the device writes to the whole range, again and again, in another thread or process
 */
void around_overwritten(struct around *a, uint32_t tag);

/** around_unmap() - the range is unmapped and its address has new memory, filled with @tag. */
void around_unmap(struct around *a, uint32_t tag);

/** around_end() - no pin is left, no descriptor is open, and the neighbour is as it was. */
void around_end(struct around *a);

#endif
