/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/gup_probe.c - what the system calls of host_probe.c do with user pages, by libgup's entry points.
 *
 * Each is the caller of get_user_pages() as Linux has it: how much it asks for at a time, through which entry point,
 * and what it makes of a part.
 */
#include "cells_gup.h"

#include <stdio.h>
#include <string.h>

static long take_remote(struct room *room, uint64_t addr, long nr, unsigned int flags, struct gup_page **pages)
{
	int locked = 1;
	long ret;

	gup_mmap_read_lock(room->mm);
	ret = gup_pin_user_pages_remote(room->mm, addr, (unsigned long)nr, flags, pages, &locked);
	if (locked)
		gup_mmap_read_unlock(room->mm);
	return ret;
}

static void fill_pages(struct room *room, struct gup_page **pages, long nr)
{
	for (long i = 0; i < nr; i++)
		memset(gup_page_address(room->m, pages[i]), CELL_IS_PROBE, CELL_PAGE);
}

static void read_pages(struct room *room, struct gup_page **pages, long nr, unsigned char *out)
{
	for (long i = 0; i < nr; i++)
		out[i] = *(unsigned char *)gup_page_address(room->m, pages[i]);
}

/* process_vm_readv() and process_vm_writev(): what was copied before an error counts. */
static void copy_remote(const struct cell *cell, struct room *room, struct cell_result *r)
{
	bool write = cell->probe == CELL_VM_WRITEV;
	struct gup_page *pages[CELL_PAGES];
	unsigned char came[CELL_PAGES];
	long done = 0, nr;

	while (done < CELL_PAGES) {
		nr = take_remote(room, room->addr + (uint64_t)done * CELL_PAGE, CELL_PAGES - done,
				 write ? GUP_WRITE : 0, pages);
		if (nr <= 0)
			break;
		if (write)
			fill_pages(room, pages, nr);
		else
			read_pages(room, pages, nr, came + done);
		gup_unpin_user_pages_dirty_lock(room->m, pages, (unsigned long)nr, write);
		done += nr;
	}
	r->value = done ? done : -GUP_EFAULT;
	if (write)
		room_look(cell, room, r);
	else if (done)
		cell_word(r, "data", came, (size_t)done);
}

/* vmsplice() hands out pages, as far as there are any. */
static void splice_out(struct room *room, struct cell_result *r)
{
	struct gup_page *pages[CELL_PAGES];
	unsigned char came[CELL_PAGES];

	r->value = gup_get_user_pages_fast(room->mm, room->addr, CELL_PAGES, 0, pages);
	if (r->value <= 0)
		return;
	read_pages(room, pages, r->value, came);
	cell_word(r, "data", came, (size_t)r->value);
	gup_put_pages(room->m, pages, (unsigned long)r->value);
}

/* O_DIRECT: what could be pinned is read into, and then the rest is an error. */
static void direct_read(const struct cell *cell, struct room *room, struct cell_result *r)
{
	struct gup_page *pages[CELL_PAGES];
	long nr = gup_pin_user_pages_fast(room->mm, room->addr, CELL_PAGES, GUP_WRITE, pages);

	if (nr > 0) {
		fill_pages(room, pages, nr);
		gup_unpin_user_pages_dirty_lock(room->m, pages, (unsigned long)nr, true);
	}
	r->value = nr < 0 || nr == CELL_PAGES ? nr : -GUP_EFAULT;
	room_look(cell, room, r);
}

static void advise(struct room *room, unsigned int advice, struct cell_result *r)
{
	int err = gup_madvise(room->mm, room->addr, CELL_BYTES, advice);

	r->value = err ? err : r->wanted;
}

static void lock_pages(struct room *room, struct cell_result *r)
{
	uint64_t before = gup_mm_locked(room->mm);
	int err = gup_mlock(room->mm, room->addr, CELL_BYTES);

	r->value = err ? err : r->wanted;
	if (!err)
		snprintf(r->words, sizeof(r->words), " locked=%d", (int)(gup_mm_locked(room->mm) - before));
}

/* Offsets of a file are positive, and nothing done is -EIO. */
static void through_mem(const struct cell *cell, struct room *room, struct cell_result *r)
{
	unsigned int flags = GUP_FORCE | (cell->probe == CELL_MEM_WRITE ? GUP_WRITE : 0);
	unsigned char bytes[CELL_BYTES], came[CELL_PAGES];
	int64_t done = -GUP_EINVAL;

	memset(bytes, CELL_IS_PROBE, sizeof(bytes));
	if (room->addr <= INT64_MAX)
		done = gup_access_remote(room->mm, room->addr, bytes, CELL_BYTES, flags);
	r->value = done < 0 ? (long)done : done / CELL_PAGE;
	if (done == 0)
		r->value = -GUP_EIO;
	for (long i = 0; i < r->value; i++)
		came[i] = bytes[i * CELL_PAGE];
	if (cell->probe == CELL_MEM_WRITE)
		room_look(cell, room, r);
	else if (done > 0)
		cell_word(r, "data", came, (size_t)r->value);
}

void probe_run(const struct cell *cell, struct room *room, struct cell_result *r)
{
	*r = (struct cell_result){ .wanted = CELL_PAGES };
	switch (cell->probe) {
	case CELL_VM_READV:
	case CELL_VM_WRITEV:
		copy_remote(cell, room, r);
		break;
	case CELL_VMSPLICE:
		splice_out(room, r);
		break;
	case CELL_DIRECT_READ:
		direct_read(cell, room, r);
		break;
	case CELL_POPULATE_READ:
		advise(room, GUP_MADV_POPULATE_READ, r);
		break;
	case CELL_POPULATE_WRITE:
		advise(room, GUP_MADV_POPULATE_WRITE, r);
		break;
	case CELL_MLOCK:
		lock_pages(room, r);
		break;
	case CELL_MEM_READ:
	case CELL_MEM_WRITE:
		through_mem(cell, room, r);
		break;
	default:
		register_run(cell, room, r);
		break;
	}
}
