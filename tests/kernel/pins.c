/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/pins.c - names of the cells, and which of them exist.
 *
 * A cell exists where it says something of its own. All entry points and flags are tried on what may be read and written;
 * where protection or contents differ, one entry point of each family stands for the others.
 */
#define _GNU_SOURCE
#include "pins.h"

#include <stdio.h>
#include <string.h>

/* Values of Linux 6.1: the module and libgup translate them. */
#define WRITE 0x01u
#define FORCE 0x10u
#define NOFAULT 0x80u
#define LONGTERM 0x10000u

#define PIN_FIRST_LONGTERM 2
#define PIN_FIRST_FORCE 4

const struct pin_flags pin_flags[] = {
	{ "read", 0 },
	{ "write", WRITE },
	{ "read,longterm", LONGTERM },
	[PIN_WRITE_LONGTERM] = { "write,longterm", WRITE | LONGTERM },
	{ "read,force", FORCE },
	{ "write,force", WRITE | FORCE },
	{ "write,force,longterm", WRITE | FORCE | LONGTERM },
	{ "read,nofault", NOFAULT },
	{ "write,nofault", WRITE | NOFAULT },
};
const unsigned int pin_nr_flags = sizeof(pin_flags) / sizeof(pin_flags[0]);

static const char *const mappings[PIN_NR_MAPPINGS] = {
	[PIN_ANON_PRIVATE] = "anon-private",
	[PIN_ANON_SHARED] = "anon-shared",
	[PIN_THP] = "thp-private",
	[PIN_MEMFD_PRIVATE] = "memfd-private",
	[PIN_MEMFD_SHARED] = "memfd-shared",
	[PIN_FILE_PRIVATE] = "file-private",
	[PIN_FILE_SHARED] = "file-shared",
	[PIN_DAX_PRIVATE] = "dax-private",
	[PIN_DAX_SHARED] = "dax-shared",
	[PIN_HUGETLB_PRIVATE] = "hugetlb-private",
	[PIN_HUGETLB_SHARED] = "hugetlb-shared",
	[PIN_SECRET] = "secret",
	[PIN_PFNMAP] = "pfnmap",
	[PIN_UNMAPPED] = "unmapped",
	[PIN_NULL] = "null",
	[PIN_KERNEL] = "kernel",
};

static const char *const prots[PIN_NR_PROTS] = {
	[PIN_RW] = "rw",       [PIN_R] = "r",		[PIN_W] = "w",
	[PIN_NONE] = "none",   [PIN_HALF_R] = "half-r", [PIN_HALF_GONE] = "half-gone",
	[PIN_AS_IS] = "as-is",
};

static const char *const states[PIN_NR_STATES] = {
	[PIN_UNTOUCHED] = "untouched", [PIN_READ] = "read",	      [PIN_WRITTEN] = "written",
	[PIN_FORKED] = "forked",       [PIN_TRUNCATED] = "truncated",
};

static const char *const entries[PIN_NR_ENTRIES] = {
	[PIN_GET] = "get_user_pages",
	[PIN_GET_FAST] = "get_user_pages_fast",
	[PIN_GET_FAST_ONLY] = "get_user_pages_fast_only",
	[PIN_GET_REMOTE] = "get_user_pages_remote",
	[PIN_GET_UNLOCKED] = "get_user_pages_unlocked",
	[PIN_PIN] = "pin_user_pages",
	[PIN_PIN_FAST] = "pin_user_pages_fast",
	[PIN_PIN_FAST_ONLY] = "pin_user_pages_fast_only",
	[PIN_PIN_REMOTE] = "pin_user_pages_remote",
	[PIN_PIN_UNLOCKED] = "pin_user_pages_unlocked",
	[PIN_GET_REMOTE_LOCKED] = "get_user_pages_remote+locked",
	[PIN_PIN_REMOTE_LOCKED] = "pin_user_pages_remote+locked",
};

static const char *const events[PIN_NR_EVENTS] = {
	[PIN_NOTHING] = "nothing",
	[PIN_STORE] = "store",
	[PIN_FORK] = "fork",
	[PIN_FORK_STORE] = "fork-store",
	[PIN_FORK_CHILD] = "fork-child-store",
	[PIN_FORK_EXIT] = "fork-exit-store",
	[PIN_DONTNEED] = "dontneed",
	[PIN_REMAP] = "remap",
	[PIN_TRUNCATE] = "truncate",
	[PIN_WANT] = "want",
};

const char *pin_mapping_name(enum pin_mapping mapping)
{
	return mappings[mapping];
}

bool pin_has_object(enum pin_mapping mapping)
{
	return mapping >= PIN_MEMFD_PRIVATE && mapping <= PIN_DAX_SHARED;
}

bool pin_is_huge(enum pin_mapping mapping)
{
	return mapping == PIN_THP || mapping == PIN_HUGETLB_PRIVATE || mapping == PIN_HUGETLB_SHARED;
}

bool pin_is_nothing(enum pin_mapping mapping)
{
	return mapping >= PIN_PFNMAP;
}

bool pin_entry_pins(enum pin_entry entry)
{
	return (entry >= PIN_PIN && entry <= PIN_PIN_UNLOCKED) || entry == PIN_PIN_REMOTE_LOCKED;
}

static bool stands_for_others(enum pin_entry entry)
{
	return entry == PIN_GET || entry == PIN_GET_FAST || entry == PIN_PIN || entry == PIN_PIN_FAST;
}

static bool place_exists(const struct pin_cell *c)
{
	bool half = c->prot == PIN_HALF_R || c->prot == PIN_HALF_GONE;

	if (pin_is_nothing(c->mapping))
		return c->prot == PIN_AS_IS && c->state == PIN_UNTOUCHED;
	if (c->prot == PIN_AS_IS || (half && (pin_is_huge(c->mapping) || c->state != PIN_WRITTEN)))
		return false;
	return c->state != PIN_TRUNCATED || (c->prot == PIN_RW && pin_has_object(c->mapping));
}

static bool take_exists(const struct pin_cell *c)
{
	if (c->event != PIN_NOTHING || !place_exists(c))
		return false;
	if (c->prot == PIN_RW && (c->state == PIN_WRITTEN || c->state == PIN_UNTOUCHED))
		return true;
	return stands_for_others(c->entry) || (c->prot == PIN_RW && c->entry == PIN_PIN_FAST_ONLY);
}

/* A get for long is refused, so it sees nothing. */
static bool holds(const struct pin_cell *c)
{
	if (c->entry == PIN_GET)
		return c->flags < PIN_FIRST_LONGTERM;
	return (c->entry == PIN_PIN || c->entry == PIN_PIN_FAST) && c->flags < PIN_FIRST_FORCE;
}

static bool sight_exists(const struct pin_cell *c)
{
	if (pin_is_nothing(c->mapping) || c->mapping == PIN_SECRET || c->prot != PIN_RW || !holds(c))
		return false;
	if (c->event == PIN_TRUNCATE)
		return c->state == PIN_WRITTEN && pin_has_object(c->mapping);
	return c->state == PIN_READ || c->state == PIN_WRITTEN;
}

/* The flags count fastest, then the entries; events only where they are wanted. */
static bool step(struct pin_cell *c, unsigned int nr_events)
{
	if (++c->event < nr_events)
		return true;
	c->event = 0;
	if (++c->flags < pin_nr_flags)
		return true;
	c->flags = 0;
	if (++c->entry < PIN_NR_ENTRIES)
		return true;
	c->entry = 0;
	if (++c->state < PIN_NR_STATES)
		return true;
	c->state = 0;
	if (++c->prot < PIN_NR_PROTS)
		return true;
	c->prot = 0;
	return ++c->mapping < PIN_NR_MAPPINGS;
}

bool pin_next_take(struct pin_cell *cell)
{
	while (step(cell, 1))
		if (take_exists(cell))
			return true;
	return false;
}

bool pin_next_sight(struct pin_cell *cell)
{
	while (step(cell, PIN_NR_EVENTS))
		if (sight_exists(cell))
			return true;
	return false;
}

void pin_print_probe(const struct pin_cell *c)
{
	printf("%s/%s", entries[c->entry], pin_flags[c->flags].name);
}

void pin_print_name(const struct pin_cell *c, bool sight)
{
	printf("%s %s %s ", mappings[c->mapping], prots[c->prot], states[c->state]);
	pin_print_probe(c);
	if (sight)
		printf("/%s", events[c->event]);
}

void pin_print_result(long result)
{
	if (result < 0)
		printf(": %s", strerrorname_np((int)-result));
	else if (result == PIN_PAGES)
		printf(": OK");
	else
		printf(": %ld/%d", result, PIN_PAGES);
}

const char *pin_byte_name(int byte)
{
	switch (byte) {
	case PIN_IS_ZERO:
		return "zero";
	case PIN_IS_WRITTEN:
		return "written";
	case PIN_IS_LATE:
		return "late";
	case PIN_IS_CHILD:
		return "child";
	case PIN_IS_DEVICE:
		return "device";
	case PIN_IS_GONE:
		return "none";
	default:
		return "damaged";
	}
}
