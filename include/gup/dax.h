/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/dax.h - memory that is also storage.
 *
 * A file on an FS DAX device maps the device's blocks themselves: the frame is the block. The file holds one reference
 * on each block it owns; "idle" means exactly that one. Sizes change by gup_object_truncate() and gup_object_punch().
 */
#ifndef GUP_DAX_H
#define GUP_DAX_H

#include <gup/object.h>

GUP_BEGIN_DECLS

/** struct gup_dax_extent - blocks that follow each other in the file and on the device. */
struct gup_dax_extent {
	uint64_t offset; /* bytes into the file */
	uint64_t pfn;	 /* first block */
	uint64_t bytes;
};

/**
 * gup_dax_file_create() - a file on an FS DAX device, with all its blocks
 * @m:      the machine
 * @device: name of an FS DAX device
 * @bytes:  size, a multiple of 4 KiB; may be 0
 * @out:    receives the file, with one handle; dropping the last handle and mapping deletes it
 *
 * Blocks read as zeroes. Aligned 2 MiB pieces are one block run where the device has one free. A mapping that touches
 * a hole (after a punch, or after growing) gets a block then.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL or a bad size; -ENOENT without such an FS DAX device; -ENOSPC; -ENOMEM.
 */
int gup_dax_file_create(struct gup_machine *m, const char *device, uint64_t bytes, struct gup_object **out);

/**
 * gup_dax_extents() - where the file's bytes are
 * @file: a file on FS DAX
 * @out:  receives up to @nr extents in file order
 * @nr:   room at @out
 *
 * Context: any; a snapshot.
 * Return: number of extents, which may be more than @nr; -EINVAL for NULL or another object.
 */
long gup_dax_extents(struct gup_object *file, struct gup_dax_extent *out, size_t nr);

/**
 * gup_devdax_open() - a device DAX range as an object of the device's size
 * @m:      the machine
 * @device: name of a device DAX device
 * @out:    receives the object, with one more handle; the machine keeps one itself
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL; -ENOENT without such a device DAX device; -ENOMEM.
 */
int gup_devdax_open(struct gup_machine *m, const char *device, struct gup_object **out);

GUP_END_DECLS

#endif
