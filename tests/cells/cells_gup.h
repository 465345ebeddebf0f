/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/cells_gup.h - what the parts of cells-gup share.
 *
 * Each cell has a machine of its own, which must be sound and empty after it.
 */
#ifndef CELLS_GUP_H
#define CELLS_GUP_H

#include "cells.h"

#include <gup/gup.h>

/**
 * struct room - a machine, an application in it, and the memory that is probed
 * @addr:   where
 * @bytes:  how much is mapped
 * @mm:     the application
 * @child:  another one that has it mapped too; NULL without one
 * @object: what is mapped; NULL without one
 */
struct room {
	struct gup_machine *m;
	struct gup_mm *mm;
	struct gup_mm *child;
	struct gup_object *object;
	uint64_t addr;
	uint64_t bytes;
};

/* gup_map.c. These return 0 or a negative errno. */
int room_open(const struct cell *cell, uint32_t kernel, struct room *room);
int room_map(const struct cell *cell, struct room *room);
int room_state(const struct cell *cell, struct room *room);
int room_protect(const struct cell *cell, struct room *room);
/* What is wrong with the machine after the cell; NULL: nothing. */
const char *room_close(struct room *room);
/* Why libgup has no such mapping; NULL: it has. */
const char *mapping_missing(enum cell_mapping mapping);

int room_fork(struct room *room);
void room_store(struct room *room, enum cell_byte byte);
/* Appends what the mapping, the child and the object hold now. */
void room_look(const struct cell *cell, struct room *room, struct cell_result *r);

/* gup_probe.c */
void probe_run(const struct cell *cell, struct room *room, struct cell_result *r);

/* gup_register.c */
void register_run(const struct cell *cell, struct room *room, struct cell_result *r);

#endif
