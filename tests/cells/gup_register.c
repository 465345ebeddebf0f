/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/gup_register.c - a registration as io_uring makes it, and what is written through it after something
 * happened to the mapping.
 */
#include "cells_gup.h"

#include <string.h>

/*
 * Before Linux 6.5 it was io_uring itself that refused files, after pinning, unless they are shared memory or huge pages.
 * A private mapping of /dev/zero is anonymous memory that still names its file.
 */
static bool refused_by_ring(const struct room *room, enum cell_mapping mapping)
{
	bool file = mapping >= CELL_FILE_PRIVATE && mapping <= CELL_DAX_SHARED;

	return gup_machine_kernel(room->m) < GUP_KERNEL(6, 5) && (file || mapping == CELL_ZERO_PRIVATE);
}

/* Since Linux 6.10 io_uring takes the fast form. */
static long pin_pages(struct room *room, struct gup_page **pages)
{
	unsigned int flags = GUP_WRITE | GUP_LONGTERM;
	long nr;

	if (gup_machine_kernel(room->m) >= GUP_KERNEL(6, 10))
		return gup_pin_user_pages_fast(room->mm, room->addr, CELL_PAGES, flags, pages);
	gup_mmap_read_lock(room->mm);
	nr = gup_pin_user_pages(room->mm, room->addr, CELL_PAGES, flags, pages);
	gup_mmap_read_unlock(room->mm);
	return nr;
}

/* Pins everything for as long as it likes, or nothing. */
static long pin_buffer(struct room *room, enum cell_mapping mapping, struct gup_page **pages)
{
	long nr = pin_pages(room, pages);
	bool refused = nr == CELL_PAGES && refused_by_ring(room, mapping);

	if (nr <= 0 || (nr == CELL_PAGES && !refused))
		return nr;
	gup_unpin_user_pages(room->m, pages, (unsigned long)nr);
	return refused ? -GUP_EOPNOTSUPP : -GUP_EFAULT;
}

static int cut_and_grow(struct room *room)
{
	int err = gup_object_truncate(room->object, 0, 0, NULL);

	return err ? err : gup_object_truncate(room->object, CELL_BYTES, 0, NULL);
}

static int happen(const struct cell *cell, struct room *room)
{
	int err;

	switch (cell->probe) {
	case CELL_PIN_FORK:
		err = room_fork(room);
		room_store(room, CELL_IS_LATE);
		return err;
	case CELL_PIN_DONTNEED:
		return gup_madvise(room->mm, room->addr, room->bytes, GUP_MADV_DONTNEED);
	case CELL_PIN_REMAP:
		err = gup_munmap(room->mm, room->addr, room->bytes);
		return err ? err : room_map(cell, room);
	default:
		return cut_and_grow(room);
	}
}

static void write_through(struct room *room, struct gup_page **pages)
{
	for (int i = 0; i < CELL_PAGES; i++)
		memset(gup_page_address(room->m, pages[i]), CELL_IS_PROBE, CELL_PAGE);
}

void register_run(const struct cell *cell, struct room *room, struct cell_result *r)
{
	struct gup_page *pages[CELL_PAGES];
	int err;

	r->value = pin_buffer(room, cell->mapping, pages);
	if (r->value <= 0)
		return;
	if (cell->probe != CELL_REGISTER) {
		err = happen(cell, room);
		if (err)
			r->value = err;
		else
			write_through(room, pages);
		room_look(cell, room, r);
	}
	gup_unpin_user_pages_dirty_lock(room->m, pages, CELL_PAGES, true);
}
