/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/common/others.h - what others do while a driver has a buffer: actors and scenes of several tests.
 */
#ifndef DRIVERS_OTHERS_H
#define DRIVERS_OTHERS_H

#include "harness.h"

/** shared_addr - the buffer of a play, made by share_buffer() */
extern uint64_t shared_addr;

/** share_buffer() - begin of a play: a buffer of the driver's usual size. Return: 0; -ENOMEM, reported. */
int share_buffer(struct gup_test *t);

/** unmap_shared(), fork_and_exit() - actors: the buffer goes; a child comes and ends. */
void unmap_shared(struct gup_test *t);
void fork_and_exit(struct gup_test *t);

/** play_place() - LONGTERM has moved the pages out of what others want back. @page: frame of page i */
int play_place(struct gup_test *t, struct page *(*page)(unsigned int i));

/**
 * acquire_and_exit() - another process registers a buffer and ends
 * @acquire: as in struct driver; whose process it is can be seen in `current`
 *
 * Return: what @acquire said; -ENOMEM.
 */
int acquire_and_exit(struct gup_test *t, int (*acquire)(struct gup_test *t, uint64_t addr, unsigned int pages));

#endif
