/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/gup_look.c - stores of the application, and what the mapping, a child and the object hold now.
 */
#include "cells_gup.h"

#include <string.h>

void room_store(struct room *room, enum cell_byte byte)
{
	unsigned char bytes[CELL_BYTES];

	memset(bytes, byte, sizeof(bytes));
	(void)gup_copy_to_user(room->mm, room->addr, bytes, CELL_BYTES);
}

static void look_at_mapping(struct gup_mm *mm, uint64_t addr, unsigned char out[CELL_PAGES])
{
	for (int i = 0; i < CELL_PAGES; i++)
		if (gup_copy_from_user(mm, &out[i], addr + (uint64_t)i * CELL_PAGE, 1))
			out[i] = CELL_IS_GONE;
}

static void look_at_object(struct gup_object *object, unsigned char out[CELL_PAGES])
{
	for (int i = 0; i < CELL_PAGES; i++)
		if (gup_object_read(object, (uint64_t)i * CELL_PAGE, &out[i], 1) != 1)
			out[i] = CELL_IS_GONE;
}

void room_look(const struct cell *cell, struct room *room, struct cell_result *r)
{
	unsigned char seen[CELL_PAGES];

	if (cell_is_nothing(cell->mapping) || cell->mapping == CELL_PFNMAP)
		return;
	/* Page by page: libgup changes nothing of a range with a gap, Linux what comes before it. */
	for (uint64_t at = 0; at < CELL_BYTES; at += CELL_PAGE)
		(void)gup_mprotect(room->mm, room->addr + at, CELL_PAGE, GUP_PROT_READ | GUP_PROT_WRITE);
	look_at_mapping(room->mm, room->addr, seen);
	cell_word(r, "mapping", seen, CELL_PAGES);
	if (room->child) {
		look_at_mapping(room->child, room->addr, seen);
		cell_word(r, "child", seen, CELL_PAGES);
	}
	if (cell_has_object(cell->mapping)) {
		look_at_object(room->object, seen);
		cell_word(r, "object", seen, CELL_PAGES);
	}
}
