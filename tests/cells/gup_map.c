/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/gup_map.c - makes the mapping of a cell on libgup, its state and its protection, as host_map.c does on a
 * kernel.
 */
#include "cells_gup.h"
#include "store.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define ROOM_ADDR UINT64_C(0x4000000000)
#define KERNEL_ADDR UINT64_C(0xffff800000000000)
#define REGISTERS_PFN (UINT64_C(1) << 30)
#define RW (GUP_PROT_READ | GUP_PROT_WRITE)

/* A file of a file system that tracks what is dirty: ext4, xfs and btrfs do. */
static int open_file(struct room *room)
{
	static struct store store;

	store_init(&store);
	return store_file(room->m, &store, CELL_BYTES, true, &room->object);
}

static int open_object(struct room *room, enum cell_mapping mapping)
{
	switch (mapping) {
	case CELL_MEMFD_PRIVATE:
	case CELL_MEMFD_SHARED:
	case CELL_TMPFS_PRIVATE:
	case CELL_TMPFS_SHARED:
		return gup_shm_create(room->m, CELL_BYTES, 0, &room->object);
	case CELL_DAX_PRIVATE:
	case CELL_DAX_SHARED:
		return gup_dax_file_create(room->m, "pmem", CELL_BYTES, &room->object);
	case CELL_PFNMAP:
		return gup_pfnmap_create(room->m, REGISTERS_PFN, CELL_BYTES, &room->object);
	case CELL_FILE_PRIVATE:
	case CELL_FILE_SHARED:
		return open_file(room);
	case CELL_SECRET:
		return gup_secret_create(room->m, CELL_BYTES, &room->object);
	default:
		return 0; /* /dev/zero is anonymous, too */
	}
}

static int fill_object(const struct cell *cell, struct room *room)
{
	unsigned char bytes[CELL_BYTES];

	if (!cell_has_object(cell->mapping) || cell_is_hugetlb(cell->mapping) || cell->state == CELL_SPARSE)
		return 0;
	memset(bytes, CELL_IS_FILE, sizeof(bytes));
	return gup_object_write(room->object, 0, bytes, CELL_BYTES) == CELL_BYTES ? 0 : -GUP_ENOSPC;
}

int room_map(const struct cell *cell, struct room *room)
{
	bool shared = cell_is_shared(cell->mapping) || cell->mapping == CELL_PFNMAP;
	struct gup_map_request request = {
		.addr = room->addr,
		.length = room->bytes,
		.prot = cell->mapping == CELL_PFNMAP ? GUP_PROT_READ : RW,
		.flags = (shared ? GUP_MAP_SHARED : GUP_MAP_PRIVATE) | GUP_MAP_FIXED_NOREPLACE,
		.object = room->object,
	};
	int64_t at = gup_mmap(room->mm, &request);

	return at < 0 ? (int)at : 0;
}

int room_open(const struct cell *cell, uint32_t kernel, struct room *room)
{
	struct gup_machine_config config = {
		.normal_bytes = 16 * MIB,
		.dax[0] = { .name = "pmem", .bytes = 4 * MIB, .kind = GUP_DAX_FS },
		.kernel = kernel,
	};
	int err;

	*room = (struct room){ .addr = ROOM_ADDR, .bytes = CELL_BYTES };
	err = gup_machine_create(&config, &room->m);
	if (!err)
		err = gup_mm_create(room->m, "cell", &room->mm);
	if (!err)
		err = open_object(room, cell->mapping);
	if (!err)
		err = fill_object(cell, room);
	if (cell->mapping == CELL_KERNEL)
		room->addr = KERNEL_ADDR;
	if (cell->mapping == CELL_NULL)
		room->addr = 0;
	return err || cell_is_nothing(cell->mapping) ? err : room_map(cell, room);
}

const char *room_close(struct room *room)
{
	struct gup_check check = { 0 };
	const char *wrong = NULL;

	gup_mm_destroy(room->child);
	gup_mm_destroy(room->mm);
	gup_object_put(room->object);
	if (gup_machine_check(room->m, &check))
		wrong = "broken";
	else if (check.pins || check.gets)
		wrong = "held";
	if (gup_machine_destroy(room->m) && !wrong)
		wrong = "busy";
	return wrong;
}

const char *mapping_missing(enum cell_mapping mapping)
{
	switch (mapping) {
	case CELL_HUGETLB_PRIVATE:
	case CELL_HUGETLB_SHARED:
		return "libgup has no such object";
	default:
		return NULL;
	}
}

int room_fork(struct room *room)
{
	return gup_mm_fork(room->mm, "child", &room->child);
}

int room_state(const struct cell *cell, struct room *room)
{
	unsigned char byte;

	switch (cell->state) {
	case CELL_READ:
		for (uint64_t at = 0; at < CELL_BYTES; at += CELL_PAGE)
			if (gup_copy_from_user(room->mm, &byte, room->addr + at, 1))
				return -GUP_EFAULT;
		return 0;
	case CELL_WRITTEN:
		room_store(room, CELL_IS_WRITTEN);
		return 0;
	case CELL_FORKED:
		room_store(room, CELL_IS_WRITTEN);
		return room_fork(room);
	case CELL_TRUNCATED:
		room_store(room, CELL_IS_WRITTEN);
		return gup_object_truncate(room->object, CELL_HALF, 0, NULL);
	default:
		return 0;
	}
}

int room_protect(const struct cell *cell, struct room *room)
{
	switch (cell->prot) {
	case CELL_R:
		return gup_mprotect(room->mm, room->addr, room->bytes, GUP_PROT_READ);
	case CELL_W:
		return gup_mprotect(room->mm, room->addr, room->bytes, GUP_PROT_WRITE);
	case CELL_NONE:
		return gup_mprotect(room->mm, room->addr, room->bytes, 0);
	case CELL_HALF_R:
		return gup_mprotect(room->mm, room->addr + CELL_HALF, CELL_HALF, GUP_PROT_READ);
	case CELL_HALF_GONE:
		return gup_munmap(room->mm, room->addr + CELL_HALF, CELL_HALF);
	case CELL_GAP:
		return gup_munmap(room->mm, room->addr + CELL_HALF, CELL_PAGE);
	default:
		return cell->mapping == CELL_UNMAPPED ? gup_munmap(room->mm, room->addr, room->bytes) : 0;
	}
}
