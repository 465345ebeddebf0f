/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/disk.h - the demo's disk: copies of one file, one after the other, into the pinned pages of a buffer.
 */
#ifndef GUP_TOOL_DISK_H
#define GUP_TOOL_DISK_H

#include "source.h"
#include "tool.h"

struct gup_disk;

/**
 * gup_disk_attach() - a disk with @source on it, that may write to @pages
 * @m:      the machine of the pages
 * @source: the file
 * @pages:  pinned pages in the order of their user addresses; stays in use until detach
 * @nr:     how many; at least one copy of @source must fit
 *
 * Return: the disk; NULL after having said why.
 */
struct gup_disk *gup_disk_attach(struct gup_machine *m, const struct gup_source *source, struct gup_page **pages,
				 uint64_t nr);

/** gup_disk_read() - fill the pages with the file, copy after copy. Return: true; false after having said why. */
bool gup_disk_read(struct gup_disk *disk);

/** gup_disk_copies() - how often the file is in the buffer. */
uint64_t gup_disk_copies(const struct gup_disk *disk);

/**
 * gup_disk_verify() - read the buffer as the application does, and hash each copy
 * @disk: the disk
 * @mm:   the application
 * @addr: the buffer
 *
 * Return: number of copies whose SHA-256 is that of the file.
 */
uint64_t gup_disk_verify(struct gup_disk *disk, struct gup_mm *mm, uint64_t addr);

/** gup_disk_detach() - the host forgets the pages, which may be unpinned then. NULL is allowed. */
void gup_disk_detach(struct gup_disk *disk);

#endif
