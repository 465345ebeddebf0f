/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/stamp.h - pages that tell whose they are.
 *
 * The first 8 bytes of a stamp are a generation, the rest follows from writer, address and generation. So a page tells
 * by itself whether it is whole, whose it is and how old. Nothing here asserts, so any thread may use it.
 */
#ifndef STAMP_H
#define STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include <gup/gup.h>

void stamp_make(void *page, uint32_t who, uint64_t addr, uint64_t generation);
/* Whole, of this writer and address; stores the generation if @generation is not NULL. */
bool stamp_is_whole(const void *page, uint32_t who, uint64_t addr, uint64_t *generation);
bool stamp_is(const void *page, uint32_t who, uint64_t addr, uint64_t generation);

/* The same through a mapping; false also if the copy stops short. */
bool app_stamp(struct gup_mm *mm, uint32_t who, uint64_t addr, uint64_t generation);
bool app_sees(struct gup_mm *mm, uint32_t who, uint64_t addr, uint64_t generation);

#endif
