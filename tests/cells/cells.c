/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/cells.c - names of the cells, which of them exist, and how a result is written.
 *
 * A cell exists where it says something of its own: a mapping without an object is not truncated, and a mapping of huge
 * pages has no protection for a half of 16 small ones.
 */
#define _GNU_SOURCE
#include "cells.h"

#include <stdio.h>
#include <string.h>

const char *const cell_mappings[CELL_NR_MAPPINGS] = {
	[CELL_ANON_PRIVATE] = "anon-private",
	[CELL_ANON_SHARED] = "anon-shared",
	[CELL_ZERO_PRIVATE] = "zero-private",
	[CELL_ZERO_SHARED] = "zero-shared",
	[CELL_MEMFD_PRIVATE] = "memfd-private",
	[CELL_MEMFD_SHARED] = "memfd-shared",
	[CELL_TMPFS_PRIVATE] = "tmpfs-private",
	[CELL_TMPFS_SHARED] = "tmpfs-shared",
	[CELL_FILE_PRIVATE] = "file-private",
	[CELL_FILE_SHARED] = "file-shared",
	[CELL_DAX_PRIVATE] = "dax-private",
	[CELL_DAX_SHARED] = "dax-shared",
	[CELL_HUGETLB_PRIVATE] = "hugetlb-private",
	[CELL_HUGETLB_SHARED] = "hugetlb-shared",
	[CELL_SECRET] = "secret",
	[CELL_PFNMAP] = "pfnmap",
	[CELL_UNMAPPED] = "unmapped",
	[CELL_NULL] = "null",
	[CELL_KERNEL] = "kernel",
};

const char *const cell_prots[CELL_NR_PROTS] = {
	[CELL_RW] = "rw",     [CELL_R] = "r",		[CELL_W] = "w",
	[CELL_NONE] = "none", [CELL_HALF_R] = "half-r", [CELL_HALF_GONE] = "half-gone",
	[CELL_GAP] = "gap",   [CELL_AS_IS] = "as-is",
};

const char *const cell_states[CELL_NR_STATES] = {
	[CELL_UNTOUCHED] = "untouched", [CELL_READ] = "read",		[CELL_WRITTEN] = "written",
	[CELL_FORKED] = "forked",	[CELL_TRUNCATED] = "truncated", [CELL_SPARSE] = "sparse",
};

const char *const cell_probes[CELL_NR_PROBES] = {
	[CELL_REGISTER] = "register",
	[CELL_VM_READV] = "process_vm_readv",
	[CELL_VM_WRITEV] = "process_vm_writev",
	[CELL_VMSPLICE] = "vmsplice",
	[CELL_DIRECT_READ] = "direct-read",
	[CELL_POPULATE_READ] = "populate-read",
	[CELL_POPULATE_WRITE] = "populate-write",
	[CELL_MLOCK] = "mlock",
	[CELL_MEM_READ] = "mem-read",
	[CELL_MEM_WRITE] = "mem-write",
	[CELL_PIN_FORK] = "pin-fork",
	[CELL_PIN_DONTNEED] = "pin-dontneed",
	[CELL_PIN_REMAP] = "pin-remap",
	[CELL_PIN_TRUNCATE] = "pin-truncate",
};

bool cell_is_shared(enum cell_mapping mapping)
{
	switch (mapping) {
	case CELL_ANON_SHARED:
	case CELL_ZERO_SHARED:
	case CELL_MEMFD_SHARED:
	case CELL_TMPFS_SHARED:
	case CELL_FILE_SHARED:
	case CELL_DAX_SHARED:
	case CELL_HUGETLB_SHARED:
	case CELL_SECRET:
		return true;
	default:
		return false;
	}
}

bool cell_has_object(enum cell_mapping mapping)
{
	return mapping >= CELL_MEMFD_PRIVATE && mapping <= CELL_DAX_SHARED;
}

bool cell_is_hugetlb(enum cell_mapping mapping)
{
	return mapping == CELL_HUGETLB_PRIVATE || mapping == CELL_HUGETLB_SHARED;
}

bool cell_is_nothing(enum cell_mapping mapping)
{
	return mapping == CELL_UNMAPPED || mapping == CELL_NULL || mapping == CELL_KERNEL;
}

static bool prot_exists(const struct cell *c)
{
	bool whole = c->prot <= CELL_NONE;

	if (cell_is_nothing(c->mapping) || c->mapping == CELL_PFNMAP)
		return c->prot == CELL_AS_IS;
	return c->prot != CELL_AS_IS && (whole || !cell_is_hugetlb(c->mapping));
}

static bool state_exists(const struct cell *c)
{
	if (c->prot == CELL_AS_IS)
		return c->state == CELL_UNTOUCHED;
	return c->state <= CELL_FORKED || cell_has_object(c->mapping);
}

static bool probe_exists(const struct cell *c)
{
	if (c->probe < CELL_PIN_FORK)
		return true;
	if (c->prot != CELL_RW || (c->state != CELL_UNTOUCHED && c->state != CELL_WRITTEN))
		return false;
	return c->probe != CELL_PIN_TRUNCATE || cell_has_object(c->mapping);
}

/* The probe counts fastest. */
static bool step(struct cell *c)
{
	if (++c->probe < CELL_NR_PROBES)
		return true;
	c->probe = 0;
	if (++c->state < CELL_NR_STATES)
		return true;
	c->state = 0;
	if (++c->prot < CELL_NR_PROTS)
		return true;
	c->prot = 0;
	return ++c->mapping < CELL_NR_MAPPINGS;
}

bool cell_next(struct cell *cell)
{
	while (step(cell))
		if (prot_exists(cell) && state_exists(cell) && probe_exists(cell))
			return true;
	return false;
}

void cell_name(const struct cell *cell, char *out, size_t room)
{
	snprintf(out, room, "%s %s %s %s", cell_mappings[cell->mapping], cell_prots[cell->prot],
		 cell_states[cell->state], cell_probes[cell->probe]);
}

static const char *byte_name(unsigned char byte)
{
	switch (byte) {
	case CELL_IS_ZERO:
		return "zero";
	case CELL_IS_FILE:
		return "file";
	case CELL_IS_WRITTEN:
		return "written";
	case CELL_IS_LATE:
		return "late";
	case CELL_IS_PROBE:
		return "probe";
	case CELL_IS_GONE:
		return "none";
	default:
		return "damaged";
	}
}

void cell_word(struct cell_result *r, const char *key, const unsigned char *bytes, size_t nr)
{
	size_t at = strlen(r->words), room = sizeof(r->words);

	at += (size_t)snprintf(r->words + at, room - at, " %s=", key);
	for (size_t i = 0; i < nr && at < room; i++)
		if (i == 0 || bytes[i] != bytes[i - 1])
			at += (size_t)snprintf(r->words + at, room - at, "%s%s", i ? "+" : "", byte_name(bytes[i]));
}

void cell_line(const struct cell *cell, const struct cell_result *r, char *out, size_t room)
{
	char name[128], value[32];

	cell_name(cell, name, sizeof(name));
	if (r->value < 0)
		snprintf(value, sizeof(value), "%s", strerrorname_np((int)-r->value));
	else if (r->value == r->wanted)
		snprintf(value, sizeof(value), "OK");
	else
		snprintf(value, sizeof(value), "%ld/%ld", r->value, r->wanted);
	snprintf(out, room, "%s: %s%s\n", name, value, r->words);
}
