/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/host.h - what the parts of cells-host share.
 *
 * Each cell is tried in a process of its own: it makes its span, brings it into the state, probes, looks at the
 * contents, writes its line and goes.
 */
#ifndef CELLS_HOST_H
#define CELLS_HOST_H

#include "cells.h"

#include <sys/types.h>

/* Folders to make files in; NULL: none given. @explain: a command gup that is asked instead of registering. */
struct places {
	const char *file;
	const char *tmpfs;
	const char *dax;
	const char *explain;
};

/**
 * struct span - the memory that is probed
 * @addr:  where
 * @pages: how many pages are probed
 * @bytes: how much is mapped
 * @fd:    its object; -1 without one
 * @child: a process that has it mapped too; 0 without one
 * @ask, @answer: pipes to and from the child
 */
struct span {
	unsigned char *addr;
	size_t pages;
	size_t bytes;
	int fd;
	pid_t child;
	int ask;
	int answer;
};

/* host_map.c. All return 0 or a negative errno. */
int span_make(const struct cell *cell, const struct places *places, struct span *span);
int span_map_again(const struct cell *cell, struct span *span);
int span_state(const struct cell *cell, struct span *span);
int span_protect(const struct cell *cell, struct span *span);
int file_in(const char *dir); /* a file without a name; its descriptor */
const char *places_filesystem(const char *dir);

/* host_look.c */
int span_fork(struct span *span);
void span_end_child(struct span *span);
void span_store(const struct span *span, enum cell_byte byte);
/* Appends what the mapping, the child and the object hold now. */
void span_look(const struct cell *cell, struct span *span, struct cell_result *r);

/* host_probe.c */
void probe_run(const struct cell *cell, const struct places *places, struct span *span, struct cell_result *r);
/* Why a probe cannot be tried on this kernel; NULL: it can. */
const char *probe_missing(enum cell_probe probe, const struct places *places);

/* host_ring.c */
const char *ring_missing(void);
void ring_run(const struct cell *cell, struct span *span, struct cell_result *r);

/* host_explain.c */
void explain_run(const char *gup, struct span *span, struct cell_result *r);

#endif
