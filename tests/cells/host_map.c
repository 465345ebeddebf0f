/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/host_map.c - makes the mapping of a cell on the running kernel, its state and its protection.
 *
 * The span has a fixed address far from everything else, so that what is unmapped there stays unmapped: 256 GiB is
 * inside the user space of every 64-bit kernel, also of one that runs as a process.
 */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

#define SPAN_ADDR 0x4000000000ul
#define KERNEL_ADDR 0xffff800000000000ul
#define HUGE_BYTES (2ul << 20)

int file_in(const char *dir)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/cellXXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

const char *places_filesystem(const char *dir)
{
	struct statfs fs;
	static char number[32];

	if (statfs(dir, &fs) < 0)
		return "nothing";
	switch ((unsigned long)fs.f_type) {
	case TMPFS_MAGIC:
		return "tmpfs";
	case RAMFS_MAGIC:
		return "ramfs";
	case EXT4_SUPER_MAGIC:
		return "ext4";
	case XFS_SUPER_MAGIC:
		return "xfs";
	case BTRFS_SUPER_MAGIC:
		return "btrfs";
	case OVERLAYFS_SUPER_MAGIC:
		return "overlayfs";
	default:
		snprintf(number, sizeof(number), "0x%lx", (unsigned long)fs.f_type);
		return number;
	}
}

/* A file of a memory file system is no file that writes back, and the other way round. */
static int file_on(const char *dir, bool memory)
{
	const char *name = dir ? places_filesystem(dir) : NULL;

	if (!dir || memory != (!strcmp(name, "tmpfs") || !strcmp(name, "ramfs")))
		return -ENODEV;
	return file_in(dir);
}

static int open_object(enum cell_mapping mapping, const struct places *places)
{
	int fd;

	switch (mapping) {
	case CELL_ZERO_PRIVATE:
	case CELL_ZERO_SHARED:
		fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
		break;
	case CELL_MEMFD_PRIVATE:
	case CELL_MEMFD_SHARED:
		fd = memfd_create("cell", MFD_CLOEXEC);
		break;
	case CELL_HUGETLB_PRIVATE:
	case CELL_HUGETLB_SHARED:
		fd = memfd_create("cell", MFD_CLOEXEC | MFD_HUGETLB);
		break;
	case CELL_SECRET:
		fd = (int)syscall(SYS_memfd_secret, 0);
		break;
	case CELL_TMPFS_PRIVATE:
	case CELL_TMPFS_SHARED:
		return file_on(places->tmpfs, true);
	case CELL_FILE_PRIVATE:
	case CELL_FILE_SHARED:
		return file_on(places->file, false);
	case CELL_DAX_PRIVATE:
	case CELL_DAX_SHARED:
		return file_on(places->dax, false);
	default:
		return -ENXIO;
	}
	return fd < 0 ? -errno : fd;
}

static int fill_object(const struct cell *cell, const struct span *span)
{
	unsigned char page[CELL_PAGE];

	if (cell->mapping == CELL_ZERO_PRIVATE || cell->mapping == CELL_ZERO_SHARED)
		return 0;
	if (ftruncate(span->fd, (off_t)span->bytes) < 0)
		return -errno;
	if (!cell_has_object(cell->mapping) || cell->state == CELL_SPARSE)
		return 0;
	memset(page, CELL_IS_FILE, sizeof(page));
	for (int i = 0; i < CELL_PAGES; i++)
		if (pwrite(span->fd, page, CELL_PAGE, i * CELL_PAGE) != CELL_PAGE)
			return -EIO;
	return 0;
}

/* The page that the kernel gives to every process to read the time from. */
static int find_pfnmap(struct span *span)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[512];
	int err = -ENXIO;

	while (maps && err && fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "[vvar]") || sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		span->addr = (unsigned char *)from;
		span->bytes = to - from;
		span->pages = span->bytes / CELL_PAGE;
		err = 0;
	}
	if (maps)
		fclose(maps);
	return err;
}

int span_map_again(const struct cell *cell, struct span *span)
{
	int flags = MAP_FIXED_NOREPLACE | (cell_is_shared(cell->mapping) ? MAP_SHARED : MAP_PRIVATE);
	void *got;

	if (span->fd < 0)
		flags |= MAP_ANONYMOUS;
	got = mmap((void *)SPAN_ADDR, span->bytes, PROT_READ | PROT_WRITE, flags, span->fd, 0);
	if (got == MAP_FAILED)
		return -errno;
	span->addr = got;
	return got == (void *)SPAN_ADDR ? 0 : -EEXIST; /* kernels before 4.17 take it for a hint */
}

int span_make(const struct cell *cell, const struct places *places, struct span *span)
{
	bool has_fd = cell->mapping >= CELL_ZERO_PRIVATE && cell->mapping <= CELL_SECRET;
	int err = 0;

	*span = (struct span){ .addr = (unsigned char *)SPAN_ADDR, .pages = CELL_PAGES, .bytes = CELL_BYTES, .fd = -1 };
	if (cell->mapping == CELL_KERNEL)
		span->addr = (unsigned char *)KERNEL_ADDR;
	if (cell->mapping == CELL_NULL)
		span->addr = NULL;
	if (cell_is_nothing(cell->mapping))
		return 0;
	if (cell->mapping == CELL_PFNMAP)
		return find_pfnmap(span);
	if (cell_is_hugetlb(cell->mapping))
		span->bytes = HUGE_BYTES;
	if (has_fd) {
		span->fd = open_object(cell->mapping, places);
		err = span->fd < 0 ? span->fd : fill_object(cell, span);
	}
	return err ? err : span_map_again(cell, span);
}

int span_state(const struct cell *cell, struct span *span)
{
	switch (cell->state) {
	case CELL_READ:
		for (size_t i = 0; i < span->pages; i++)
			(void)*(volatile unsigned char *)(span->addr + i * CELL_PAGE);
		return 0;
	case CELL_WRITTEN:
		span_store(span, CELL_IS_WRITTEN);
		return 0;
	case CELL_FORKED:
		span_store(span, CELL_IS_WRITTEN);
		return span_fork(span);
	case CELL_TRUNCATED:
		span_store(span, CELL_IS_WRITTEN);
		return ftruncate(span->fd, CELL_HALF) < 0 ? -errno : 0;
	default:
		return 0;
	}
}

int span_protect(const struct cell *cell, struct span *span)
{
	int err = 0;

	switch (cell->prot) {
	case CELL_R:
		err = mprotect(span->addr, span->bytes, PROT_READ);
		break;
	case CELL_W:
		err = mprotect(span->addr, span->bytes, PROT_WRITE);
		break;
	case CELL_NONE:
		err = mprotect(span->addr, span->bytes, PROT_NONE);
		break;
	case CELL_HALF_R:
		err = mprotect(span->addr + CELL_HALF, CELL_HALF, PROT_READ);
		break;
	case CELL_HALF_GONE:
		err = munmap(span->addr + CELL_HALF, CELL_HALF);
		break;
	case CELL_GAP:
		err = munmap(span->addr + CELL_HALF, CELL_PAGE);
		break;
	default:
		break;
	}
	return err < 0 ? -errno : 0;
}
