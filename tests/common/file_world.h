/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/file_world.h - a world with one regular file, which the first application has mapped shared at BASE.
 *
 * The file has FILE_NR pages or fewer bytes; in the store each has tag 1.
 */
#ifndef FILE_WORLD_H
#define FILE_WORLD_H

#include "store.h"
#include "world.h"

#define FILE_NR 4

/* The store behind the file. */
extern struct store store;

struct gup_object *begin_file(struct world *w, uint64_t bytes, bool dirty_tracking);
struct gup_object *begin_file_in(struct world *w, const struct world_spec *spec, uint64_t bytes, bool dirty_tracking);
/* Nothing is pinned; the world ends with the file. */
void end_file(struct world *w, struct gup_object *file);
/* What the store has of a page. */
bool stored(unsigned int index, uint32_t tag);
/* Read and write as a file: the whole page @index. */
void file_fill(struct gup_object *file, unsigned int index, uint32_t tag);
void file_expect(struct gup_object *file, unsigned int index, uint32_t tag);

#endif
