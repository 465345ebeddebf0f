/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/object.h - what backs a mapping: shared, secret and hugetlb memory here, files in file.h, DAX in dax.h, CMA frames in
 * cma.h.
 *
 * Anonymous memory needs no object: map without one. An object lives as long as a handle or a mapping refers to it.
 */
#ifndef GUP_OBJECT_H
#define GUP_OBJECT_H

#include <gup/machine.h>

GUP_BEGIN_DECLS

struct gup_object;

/** GUP_SHM_HUGE - back aligned 2 MiB pieces by one folio where memory allows. */
#define GUP_SHM_HUGE 1u

/**
 * gup_shm_create() - shared memory, as memfd_create() and ftruncate() would make it
 * @m:     the machine
 * @bytes: size, a multiple of 4 KiB; may be 0
 * @flags: 0 or GUP_SHM_HUGE
 * @out:   receives the object, with one handle
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL, an unknown flag or a bad size; -ENOMEM.
 */
int gup_shm_create(struct gup_machine *m, uint64_t bytes, unsigned int flags, struct gup_object **out);

/**
 * gup_pfnmap_create() - device registers: a range of frame numbers without descriptors
 * @m:         the machine
 * @first_pfn: first number, beyond the machine's own frames and below 2^36
 * @bytes:     size, a positive multiple of 4 KiB
 * @out:       receives the object
 *
 * A mapping of it is VM_PFNMAP: there is nothing to get or pin, and no memory to copy.
 *
 * Context: may sleep. Return: 0; -EINVAL for NULL, a bad size or a frame that the machine owns; -ENOMEM.
 */
int gup_pfnmap_create(struct gup_machine *m, uint64_t first_pfn, uint64_t bytes, struct gup_object **out);

/**
 * gup_secret_create() - secret memory, as memfd_secret() and ftruncate() would make it
 * @m:     the machine
 * @bytes: size, a multiple of 4 KiB; may be 0
 * @out:   receives the object, with one handle
 *
 * Loads and stores of applications that map it work, and nothing else: each get and pin of it is refused
 * (GUP_RULE_SECRET), the object is neither read nor written as a file, and mappings are shared. Its frames never move and
 * are zeroed before anybody else gets them. gup_object_truncate() sets the size once, while it is 0.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL or a bad size; -ENOMEM.
 *
 * Linux: its frames leave the kernel's direct map. Here the direct map is the memory itself, so gup_page_address() of a
 * frame that somebody knows by number still shows the bytes.
 */
int gup_secret_create(struct gup_machine *m, uint64_t bytes, struct gup_object **out);

/**
 * gup_hugetlb_create() - memory in folios of 2 MiB from a pool, as memfd_create(MFD_HUGETLB) and ftruncate() would make it
 * @m:     the machine, made with hugetlb_pages or hugetlb_movable
 * @bytes: size, a multiple of 2 MiB; may be 0
 * @out:   receives the object, with one handle
 *
 * Its folios are never split, and 2 MiB entries map them. So offsets and addresses of mappings are multiples of 2 MiB, lengths
 * are rounded up to it, and gup_munmap(), gup_mprotect(), gup_object_truncate() and gup_object_punch() return -EINVAL for
 * anything between.
 *
 * gup_mmap() reserves a folio for each page of the mapping that has none yet, and returns -ENOMEM if the pool cannot
 * cover it. What a private mapping gets beyond (a copy after fork) comes from what is left of the pool; if that is nothing,
 * the access is a bus error (GUP_RULE_NO_SPACE). A shared reservation stays with the object until that part of it is
 * truncated, a private one with its mapping. The object can be read as a file and not written.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL or a bad size; -ENOMEM.
 */
int gup_hugetlb_create(struct gup_machine *m, uint64_t bytes, struct gup_object **out);

/** gup_object_get() - one more handle of @object. NULL allowed. Context: any. */
void gup_object_get(struct gup_object *object);

/**
 * gup_object_put() - give a handle back; the last handle or mapping frees the object
 * @object: the object; NULL is allowed
 *
 * Context: may sleep.
 */
void gup_object_put(struct gup_object *object);

/** gup_object_size() - size of @object in bytes, now; 0 for NULL. Context: any. */
uint64_t gup_object_size(struct gup_object *object);

/**
 * gup_object_read(), gup_object_write() - read and write as a file, without a mapping
 * @object: shared memory, a regular file or a DAX file
 * @offset: byte offset, any alignment
 * @buf:    host memory
 * @bytes:  length
 *
 * Reading stops at the end of the object, and so does writing, but for regular files: those become longer. A write of
 * which a part fails leaves the file as long as what was written.
 *
 * Context: may sleep. A write that makes a file longer waits for syncs and truncates of it.
 * Return: bytes done, short at the end of the object; -EINVAL for NULL, an object without bytes (PFNMAP), one that takes no
 * such call (secret memory; writing to hugetlb) or a write to a file beyond GUP_USER_TOP; -ENOMEM, -ENOSPC or -EIO if
 * nothing could be done.
 */
int64_t gup_object_read(struct gup_object *object, uint64_t offset, void *buf, uint64_t bytes);
int64_t gup_object_write(struct gup_object *object, uint64_t offset, const void *buf, uint64_t bytes);

/**
 * gup_object_truncate() - change the size
 * @object:     shared memory, a regular file, hugetlb, a file on FS DAX, or secret memory of size 0
 * @bytes:      new size, a multiple of 4 KiB, of 2 MiB for hugetlb; of a regular file any
 * @timeout_ns: how long to wait for pins on blocks that go away (FS DAX only)
 * @why:        receives the reason of a refusal; may be NULL
 *
 * Shared memory and regular files let go of their folios; who holds a pin keeps the memory, and nobody else sees it any
 * more. (A 2 MiB folio that is held and only partly cut stays as a whole; its cut part reads as zeroes, also after
 * growing again, until who holds it writes anew.) FS DAX cannot: the block is the storage. Its entries are removed
 * first, then truncate waits until no reference but the file's own is left, holding no lock, and starts over if
 * somebody came back meanwhile.
 *
 * Context: sleeps; holds nothing while it waits.
 * Return: 0; -EINVAL for NULL, a bad size or an object of fixed size; -EBUSY if a pin outlived the bound, with size
 * and contents unchanged.
 */
int gup_object_truncate(struct gup_object *object, uint64_t bytes, uint64_t timeout_ns, struct gup_why *why);

/**
 * gup_object_punch() - make a hole; the size stays
 * @object:     shared memory, a regular file, hugetlb or a file on FS DAX
 * @offset, @bytes: range, multiples of 4 KiB, of 2 MiB for hugetlb, @bytes > 0
 * @timeout_ns: as for gup_object_truncate()
 * @why:        receives the reason of a refusal; may be NULL
 *
 * The hole reads as zeroes. Parts beyond the end are ignored.
 *
 * Context and Return: as for gup_object_truncate().
 */
int gup_object_punch(struct gup_object *object, uint64_t offset, uint64_t bytes, uint64_t timeout_ns,
		     struct gup_why *why);

GUP_END_DECLS

#endif
