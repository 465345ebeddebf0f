/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/file.h - regular files: a page cache over a store that the embedder brings.
 *
 * A file is an object (object.h): it is mapped, read, written, truncated and punched as such. Its pages are read from
 * the store when they are first needed and written back by gup_file_sync(), or when the last handle and mapping goes.
 */
#ifndef GUP_FILE_H
#define GUP_FILE_H

#include <gup/object.h>

GUP_BEGIN_DECLS

/**
 * struct gup_file_ops - the store behind a file
 * @read:    fill the 4096 bytes at @page with page @index. What was never written or was discarded reads as zeroes.
 *           @page is zeroed before; what lies beyond the file's end is zeroed after.
 * @write:   keep the 4096 bytes at @page as page @index. @bytes of them lie in the file, the rest are zeroes.
 * @reserve: make sure that there is room for page @index, so that writing it will not fail for lack of that. Called
 *           before a page becomes dirty, also if it has room already. NULL: there is always room.
 * @discard: forget the bytes [@offset, @end): they read as zeroes from now on, and their room is free again. Neither
 *           need be a multiple of 4 KiB. @end is UINT64_MAX if the file ends at @offset now.
 *
 * The first three return 0 or a negative errno: -ENOSPC if the store is full, -ENOMEM, and anything else counts as
 * -EIO. A read that failed is done again by the next who needs the page.
 *
 * Context: may sleep, and any thread may call any of them at the same time for different pages. A hole is punched while
 * others read: @read may be called for a page that @discard is just forgetting. What it gives then is thrown away. @read and @reserve
 * run with the folio locked, and mostly with mmap_lock of somebody held; @write and @discard with the file's size held
 * still. So they must not call anything of this library that concerns the file or an mm that maps it.
 */
struct gup_file_ops {
	int (*read)(void *context, uint64_t index, void *page);
	int (*write)(void *context, uint64_t index, const void *page, uint32_t bytes);
	int (*reserve)(void *context, uint64_t index);
	void (*discard)(void *context, uint64_t offset, uint64_t end);
};

/**
 * struct gup_file_config - what a file is made of
 * @ops:            its store; stays the caller's, and must last as long as the file. Only @reserve may be NULL.
 * @context:        first argument of each call; may be NULL
 * @bytes:          size, not only a multiple of 4 KiB; the store has zeroes beyond it
 * @dirty_tracking: the file system wants to know before a page is written to, as ext4 and xfs do: a page that is clean
 *                  is mapped read-only. Long-term pins for writing of shared mappings are refused then, where the
 *                  contract says so. Without it mapped pages may change at any time, so each sync writes them again.
 */
struct gup_file_config {
	const struct gup_file_ops *ops;
	void *context;
	uint64_t bytes;
	bool dirty_tracking;
};

/**
 * gup_file_create() - a regular file
 * @m:      the machine
 * @config: what it is made of
 * @out:    receives the object, with one handle
 *
 * When the last handle and mapping is given back (gup_object_put(), gup_munmap() and so on), dirty pages are written to
 * the store. What cannot be written is lost, and logged. Who wants to know calls gup_file_sync() before.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL, ops that are missing or a size above GUP_USER_TOP; -ENOMEM.
 */
int gup_file_create(struct gup_machine *m, const struct gup_file_config *config, struct gup_object **out);

/**
 * gup_file_sync() - write all dirty pages of a file to its store
 * @file: from gup_file_create()
 * @why:  receives the reason of the first error; may be NULL
 *
 * Each page is made clean and read-only in all shared mappings (GUP_EVENT_PROTECT_PAGE), and then written. A page that
 * is pinned may be written to by a device at any moment: of that one a snapshot is written, and it stays dirty, so that
 * the next sync writes what came later. A page that could not be written stays dirty, too; the others are written all
 * the same.
 *
 * Context: sleeps; no other sync, truncate, punch or growing write of the file runs meanwhile. No mmap_lock held.
 * Return: 0; -EINVAL if @file is no regular file; the first error of the store: -EIO, -ENOSPC, -ENOMEM;
 * -EIO for a page whose memory has failed, each time until it is gone.
 * Linux: fsync(). It does not write the pages again that a failed write-back left behind: they are clean there.
 */
int gup_file_sync(struct gup_object *file, struct gup_why *why);

GUP_END_DECLS

#endif
