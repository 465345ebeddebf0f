/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/mirror.h - native pointers: a window of host addresses in which plain loads and stores reach an address space.
 *
 * A window is a translation buffer. What is not in it faults into the core (on Linux by SIGSEGV), which makes the page
 * present and mirrors its entry; what changes in the page table leaves the window before the change is done; and any
 * part of it may be dropped at any time to be faulted in again. docs/mirror.md has the rules for programs.
 */
#ifndef GUP_MIRROR_H
#define GUP_MIRROR_H

#include <gup/mm.h>
#include <gup/page.h>

GUP_BEGIN_DECLS

/**
 * gup_mirror_open() - give an mm a window
 * @mm:    the mm; it has none yet
 * @start: first user address that the window shows, a multiple of 2 MiB; 0: the host chooses, such that user addresses
 *         are native pointers
 * @bytes: length, a multiple of 2 MiB. Address space only: what is not touched costs nothing.
 *
 * With @start 0, gup_mmap() finds addresses inside the window from now on. Otherwise native = user + a constant: that is
 * for a child of fork, whose addresses are its parent's. Mappings outside the window work as ever, without pointers.
 * The window lives as long as the mm; a child of gup_mm_fork() has none until it is given one.
 *
 * Opening a window installs a SIGSEGV handler, or puts it in front again, on the alternate stack of threads that have one.
 * An access that the mm does not allow goes on to the handler that was there before, as SIGSEGV or SIGBUS with the address
 * and code that a kernel would give; so install yours first. Threads that touch a window must not block SIGSEGV, must not
 * have their stack in one, and must not hold mmap_lock.
 *
 * Context: sleeps, takes mmap_lock for writing.
 * Return: 0; -EINVAL for NULL or a range that is not as above or not in user space; -EEXIST if there is a window;
 * -ENOMEM if the host has no such address range, or the process 1024 windows; -EOPNOTSUPP if it has no windows at all (sim,
 * bare metal).
 */
int gup_mirror_open(struct gup_mm *mm, uint64_t start, uint64_t bytes);

/** gup_mirror_pointer() - the native pointer to @addr of @mm; NULL outside of its window or without one. Context: any. */
void *gup_mirror_pointer(const struct gup_mm *mm, uint64_t addr);

/**
 * gup_mirror_populate() - have a range in the window for system calls of the host
 * @mm:     the mm
 * @addr:   user address, any alignment
 * @length: bytes, more than 0
 * @write:  the host will store there
 *
 * A system call does not fault into the core: given a pointer to what is not mirrored it fails with EFAULT. This pins the
 * pages (so they stay where they are, also through fork and migration), mirrors them and keeps the mirror until
 * gup_mirror_release(). What the program itself unmaps, moves or protects
 * it loses all the same.
 *
 * Context: sleeps, takes mmap_lock for reading.
 * Return: 0; -EINVAL for NULL, length 0 or a range outside of the window; what gup_pin() returns; -ENOMEM also if the
 * host cannot map that much.
 */
int gup_mirror_populate(struct gup_mm *mm, uint64_t addr, uint64_t length, bool write);

/**
 * gup_mirror_release() - let go of what gup_mirror_populate() holds
 * @mm: the mm
 * @addr, @length: of the call; if there were several, one of them is undone
 *
 * Context: sleeps. Return: 0; -EINVAL if no such range is held.
 */
int gup_mirror_release(struct gup_mm *mm, uint64_t addr, uint64_t length);

/**
 * gup_mirror_drop() - take everything out of the window that is not held, and give the host its mappings back; it is
 * faulted in again when it is touched
 * @mm: the mm; without a window nothing happens
 *
 * For a program that needs the host's mappings for itself: what has left a window keeps its own until then, as it costs
 * the host much to take them. Context: sleeps.
 */
void gup_mirror_drop(struct gup_mm *mm);

/**
 * gup_vmap() - one contiguous range of host addresses for scattered frames
 * @m:     the machine
 * @pages: the frames, in order; whoever calls holds them until gup_vunmap()
 * @nr:    how many, more than 0
 * @out:   receives the address, for reading and writing
 *
 * Context: sleeps. Return: 0; -EINVAL for NULL, @nr 0 or a page that is not of @m; -ENOMEM; -EOPNOTSUPP as above.
 */
int gup_vmap(struct gup_machine *m, struct gup_page *const *pages, uint32_t nr, void **out);

/**
 * gup_vunmap() - undo gup_vmap()
 * @at: the address; NULL is allowed
 * @nr: the number of frames that were given
 *
 * Context: sleeps.
 */
void gup_vunmap(void *at, uint32_t nr);

GUP_END_DECLS

#endif
