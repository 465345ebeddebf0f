/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/mm.h - address spaces: mapping, faulting, forking, and reading and writing as their threads would.
 *
 * gup_copy_to_user() and gup_copy_from_user() are what the application does; with a window (gup/mirror.h) it has native
 * pointers as well. gup_page_address() is what a device does.
 */
#ifndef GUP_MM_H
#define GUP_MM_H

#include <gup/machine.h>
#include <gup/object.h>

GUP_BEGIN_DECLS

struct gup_mm;

/* Protection. 0 is PROT_NONE. */
#define GUP_PROT_READ 1u
#define GUP_PROT_WRITE 2u
#define GUP_PROT_EXEC 4u

/* Mapping flags: exactly one of SHARED and PRIVATE. */
#define GUP_MAP_SHARED 0x01u
#define GUP_MAP_PRIVATE 0x02u
#define GUP_MAP_FIXED 0x10u	      /* at exactly this address; what was there is unmapped */
#define GUP_MAP_FIXED_NOREPLACE 0x20u /* at exactly this address, or -EEXIST */
#define GUP_MAP_POPULATE 0x40u	      /* fault everything in; failures of that are not reported */

/* Advice. */
#define GUP_MADV_DONTNEED 4u
#define GUP_MADV_REMOVE 9u    /* make a hole in the object that is mapped there */
#define GUP_MADV_DONTFORK 10u /* a child of fork gets nothing of it */
#define GUP_MADV_DOFORK 11u   /* the opposite */
#define GUP_MADV_HUGEPAGE 14u
#define GUP_MADV_NOHUGEPAGE 15u
#define GUP_MADV_WIPEONFORK 18u	    /* a child of fork gets it as if it had never been touched */
#define GUP_MADV_KEEPONFORK 19u	    /* the opposite */
#define GUP_MADV_POPULATE_READ 22u  /* fault in as loads would */
#define GUP_MADV_POPULATE_WRITE 23u /* fault in as stores would */

/* How a mapping may be moved; values of Linux. */
#define GUP_MREMAP_MAYMOVE 1u /* to a place that libgup chooses, if it cannot grow where it is */
#define GUP_MREMAP_FIXED 2u   /* to exactly this place; what was there is unmapped. With MAYMOVE only */

/**
 * gup_mm_create() - an empty address space
 * @m:    the machine
 * @name: names the application in reports; up to 31 characters, NULL for ""
 * @out:  receives the mm
 *
 * Context: may sleep. Return: 0; -EINVAL for NULL or a name that is too long; -ENOMEM.
 */
int gup_mm_create(struct gup_machine *m, const char *name, struct gup_mm **out);

/**
 * gup_mm_fork() - a copy of an address space, as fork() makes it
 * @parent: the mm to copy
 * @name:   name of the child
 * @out:    receives the child
 *
 * Private memory becomes copy-on-write. Pages that @parent has pinned stay the parent's: the child gets a copy at once
 * (not under linux-5.2, whose fork does not look at references). "Fork" means the address space: no process and no
 * thread is made.
 *
 * Context: sleeps, takes mmap_lock of @parent for writing.
 * Return: 0; -EINVAL; -ENOMEM with the parent's contents unchanged and no child.
 */
int gup_mm_fork(struct gup_mm *parent, const char *name, struct gup_mm **out);

/**
 * gup_mm_destroy() - exit: unmap everything
 * @mm: the mm; NULL is allowed. No other thread may use it any more.
 *
 * Pins survive; their memory is freed by the last unpin.
 *
 * Context: sleeps.
 */
void gup_mm_destroy(struct gup_mm *mm);

/** gup_mm_machine(), gup_mm_name() - where @mm lives, what it is called; NULL for NULL. Context: any. */
struct gup_machine *gup_mm_machine(const struct gup_mm *mm);
const char *gup_mm_name(const struct gup_mm *mm);

/**
 * gup_mm_set_pin_limit() - pages that pins of the library's own form (gup_pin()) may hold of this mm
 * @mm:    the mm
 * @pages: the limit; UINT64_MAX (the default) for none
 *
 * Each pin counts its pages; a page pinned twice counts twice.
 *
 * Context: any.
 * Linux: the caller of pin_user_pages() counts (mm->pinned_vm), not the memory manager.
 */
void gup_mm_set_pin_limit(struct gup_mm *mm, uint64_t pages);

/** gup_mm_pinned() - pages of @mm counted against its limit now. Context: any. */
uint64_t gup_mm_pinned(const struct gup_mm *mm);

/**
 * gup_mmap_read_lock(), gup_mmap_read_unlock() - hold the mapping still
 * @mm: whose mapping
 *
 * Context: locking sleeps while a writer has it.
 *
 * The plain Linux forms want it held, as in Linux. Do not take it twice in one thread, and call nothing else of this
 * header while it is held except gup_fixup_user_fault().
 */
void gup_mmap_read_lock(struct gup_mm *mm);
void gup_mmap_read_unlock(struct gup_mm *mm);

/**
 * struct gup_map_request - arguments of gup_mmap(), which is mmap() otherwise
 * @addr:   hint, or the exact address with GUP_MAP_FIXED*
 * @length: bytes, rounded up to 4 KiB, of a hugetlb object to 2 MiB
 * @prot:   GUP_PROT_*
 * @flags:  GUP_MAP_*
 * @object: NULL for anonymous memory
 * @offset: bytes into the object, a multiple of 4 KiB, of a hugetlb object of 2 MiB
 */
struct gup_map_request {
	uint64_t addr;
	uint64_t length;
	unsigned int prot;
	unsigned int flags;
	struct gup_object *object;
	uint64_t offset;
};

/**
 * gup_mmap() - map anonymous memory or an object
 * @mm:      the mm
 * @request: what to map
 *
 * Without an object GUP_MAP_SHARED makes a new shared memory object that lives as long as its mappings.
 *
 * Context: sleeps, takes mmap_lock for writing.
 * Return: the address; -EINVAL for NULL, length 0, a misaligned fixed address or offset, unknown or contradicting
 * flags, or an object of another machine; -ENOMEM if it does not fit below GUP_USER_TOP, memory ran
 * out, or the hugetlb pool is short (what a FIXED mapping replaces is unmapped then, as in Linux); -EEXIST
 * (FIXED_NOREPLACE); -EOVERFLOW if the offset wraps; -EAGAIN if secret memory would
 * pass the limit of locked pages. On error nothing has changed.
 */
int64_t gup_mmap(struct gup_mm *mm, const struct gup_map_request *request);

/**
 * gup_munmap() - unmap whole pages; holes in the range are fine
 * @mm:     the mm
 * @addr:   user address, a multiple of 4 KiB
 * @length: bytes, more than 0, rounded up to 4 KiB
 *
 * Context: sleeps, takes mmap_lock for writing.
 * Return: 0; -EINVAL for NULL, a misaligned address, length 0, a range outside user space, or one that ends inside of a
 * hugetlb page; -ENOMEM. On error nothing is unmapped.
 */
int gup_munmap(struct gup_mm *mm, uint64_t addr, uint64_t length);

/**
 * gup_mremap() - make a mapping longer or shorter, or move it
 * @mm:         the mm
 * @old_addr:   user address, a multiple of 4 KiB
 * @old_length: bytes, rounded up to 4 KiB; 0 to map the pages of a shared mapping a second time
 * @new_length: bytes, more than 0, rounded up to 4 KiB
 * @flags:      GUP_MREMAP_*
 * @new_addr:   with GUP_MREMAP_FIXED where to, a multiple of 4 KiB; ignored without
 *
 * Pages move with their addresses: a pinned one stays the same frame, and stays pinned. A 2 MiB folio that does not come to
 * lie on a multiple of 2 MiB is mapped by 4 KiB entries from then on. Subscribers hear GUP_EVENT_UNMAP of the old range.
 * The part by which a locked mapping grows is faulted in. Hugetlb moves in whole pages of 2 MiB (lengths are rounded up
 * to that) and does not grow; before Linux 5.16 it does not move either. What grows over the end of its object is mapped,
 * and faults there fail.
 *
 * One call changes one mapping. Since Linux 6.17 a FIXED move that keeps its length takes all mappings of the range, one
 * after the other, with the holes between them: only the first must begin at or before @old_addr, and what lies under a
 * hole at @new_addr stays.
 *
 * Context: sleeps, takes mmap_lock for writing.
 * Return: the address that it has now; -EINVAL for NULL, a misaligned address, a new length of 0, unknown flags or FIXED
 * without MAYMOVE, a new range outside user space or that overlaps, an old length of 0 of a private mapping, an index that wraps,
 * and for hugetlb that would have to be split or to grow; -EFAULT if nothing is mapped at @old_addr, what is kept of the old
 * range reaches out of its mapping (a plain shrink may), or PFNMAP would grow; -EAGAIN if a locked mapping would pass the
 * limit; -ENOMEM if there is no place for it, it may not move, or memory ran out. On error nothing has changed, but of a
 * FIXED move of several mappings what came before the one that could not move has moved. Before Linux 6.17 what lay at
 * @new_addr of a FIXED move, and what was too much of the old range, may be unmapped on error; since then only if memory ran
 * out, the part that is too much is no range of user space, or what was to be mapped a second time lay there (-EFAULT).
 * Linux: MREMAP_DONTUNMAP is not there: -EINVAL.
 */
int64_t gup_mremap(struct gup_mm *mm, uint64_t old_addr, uint64_t old_length, uint64_t new_length, unsigned int flags,
		   uint64_t new_addr);

/**
 * gup_mprotect() - change protection
 * @mm:     the mm
 * @addr:   user address, a multiple of 4 KiB
 * @length: bytes, more than 0, rounded up to 4 KiB
 * @prot:   GUP_PROT_*, 0 for none
 *
 * Where private memory that gup_mlock() locked becomes writable, it gets pages of its own at once, as in Linux.
 *
 * Context: sleeps, takes mmap_lock for writing.
 * Return: 0; -EINVAL as for munmap or for unknown bits; -ENOMEM if part of the range is not mapped or memory ran out
 * (what lies before the hole is changed, what lies before the failure may be, as in Linux).
 */
int gup_mprotect(struct gup_mm *mm, uint64_t addr, uint64_t length, unsigned int prot);

/**
 * gup_madvise() - say how a range is used
 * @mm:     the mm
 * @addr:   user address, a multiple of 4 KiB
 * @length: bytes, more than 0, rounded up to 4 KiB
 * @advice: GUP_MADV_*
 *
 * The HUGEPAGE pair allows or forbids 2 MiB folios.
 *
 * DONTNEED drops what is mapped there. Under a pin it leaves the pinned page to the pin: the next touch gets a new one. What
 * gup_mlock() locked it does not drop.
 *
 * REMOVE is gup_object_punch() of what a shared mapping maps. A block of FS DAX that is held is waited for, up to a second.
 *
 * The FORK advices say what gup_mm_fork() gives the child; pages of the parent, pinned or not, stay as they are.
 *
 * The POPULATE pair faults pages in. POPULATE_WRITE writes nothing, but breaks COW and gives holes of an object memory. Both
 * stop at the first page that cannot be had; what comes before stays faulted in.
 *
 * All but POPULATE since Linux 6.10 go on behind a hole, and return -ENOMEM for it at last, as Linux does.
 *
 * Context: sleeps. The HUGEPAGE and FORK advices take mmap_lock for writing, the others for reading. REMOVE punches
 * without it.
 * Return: 0; -EINVAL for NULL, a misaligned address, length 0, a range outside user space or other advice; -ENOMEM if part
 * of the range is not mapped or memory ran out. -EINVAL also where it comes to a mapping that cannot take it: the inside of a
 * hugetlb page (for DONTNEED only a start there, an end is rounded down), for DONTNEED PFNMAP or a locked one, for
 * REMOVE a locked one or private anonymous memory, for DOFORK PFNMAP, for WIPEONFORK all but private anonymous memory, for
 * POPULATE PFNMAP, secret memory or protection that forbids it. REMOVE: -EACCES for a private mapping, before Linux 6.7
 * also for one that may not be written; -ENODEV for an object without holes (device DAX, CMA, PFNMAP); -EBUSY for a block
 * that is held. POPULATE: -EFAULT where a fault fails.
 * Linux: memory that ran out is -EAGAIN there for the HUGEPAGE and FORK advices.
 */
int gup_madvise(struct gup_mm *mm, uint64_t addr, uint64_t length, unsigned int advice);

/**
 * gup_populate() - fault a range in, for writing where the mapping is private and writable, else for reading
 * @mm:     the mm
 * @addr:   user address, a multiple of 4 KiB
 * @length: bytes, more than 0, rounded up to 4 KiB
 *
 * Context: sleeps, takes mmap_lock for reading.
 * Return: 0; -EINVAL as for munmap; -ENOMEM if part of it is not mapped or memory ran out; -EFAULT where a fault fails.
 */
int gup_populate(struct gup_mm *mm, uint64_t addr, uint64_t length);

/**
 * gup_mlock() - lock a range: fault it in, and let it not be dropped by GUP_MADV_DONTNEED
 * @mm:     the mm
 * @addr:   any user address; the range begins with its page
 * @length: bytes, up to the end of their last page; 0 is nothing, but the page of an @addr inside one
 *
 * Pages count once for each mapping, whether they are pinned or not; pins count apart, see gup_mm_set_pin_limit(). A child
 * of fork inherits no lock. Mappings of DAX, of hugetlb objects and PFNMAP are faulted in (PFNMAP is not) and do not count.
 *
 * Context: sleeps, takes mmap_lock for writing, then for reading.
 * Return: 0; -EINVAL for NULL or a range that wraps; -EPERM if the limit is 0; -ENOMEM past the limit (nothing is
 * locked), for a part that is not mapped (what lies before it is locked), if a VMA could not be split, or where a page
 * cannot be faulted in (all is locked then): no permission, beyond the end of the object, secret memory; -EAGAIN if
 * memory ran out for the pages.
 */
int gup_mlock(struct gup_mm *mm, uint64_t addr, uint64_t length);

/**
 * gup_munlock() - the opposite; parts that are not locked are fine
 * @mm:     the mm
 * @addr:   any user address; the range begins with its page
 * @length: bytes, up to the end of their last page
 *
 * Context: sleeps, takes mmap_lock for writing.
 * Return: 0; -EINVAL for NULL or a range that wraps; -ENOMEM for a part that is not mapped, with what lies before it
 * unlocked, or if a VMA could not be split.
 */
int gup_munlock(struct gup_mm *mm, uint64_t addr, uint64_t length);

/**
 * gup_mm_set_lock_limit() - pages that gup_mlock() and mappings of secret memory may lock
 * @mm:    the mm
 * @pages: the limit; UINT64_MAX (the default) for none. What is locked already stays.
 *
 * Context: any. Linux: RLIMIT_MEMLOCK, which CAP_IPC_LOCK lifts.
 */
void gup_mm_set_lock_limit(struct gup_mm *mm, uint64_t pages);

/** gup_mm_locked() - pages of locked mappings of @mm now; 0 for NULL. Context: any. */
uint64_t gup_mm_locked(const struct gup_mm *mm);

/**
 * gup_fixup_user_fault() - fault one page in for somebody who holds mmap_lock
 * @mm:       the mm
 * @addr:     any address in the page
 * @flags:    0 or GUP_WRITE
 * @unlocked: if not NULL, the fault may drop and retake mmap_lock, and then stores true
 *
 * Context: mmap_lock held for reading before and after; sleeps.
 * Return: 0; -EFAULT if the access is not allowed or nothing is there; -ENOMEM; -EINVAL for NULL or other flags.
 */
int gup_fixup_user_fault(struct gup_mm *mm, uint64_t addr, unsigned int flags, bool *unlocked);

/**
 * gup_copy_to_user(), gup_copy_from_user() - what a store or load of the application does
 * @mm:   the mm
 * @to, @from: one is a user address, the other host memory
 * @bytes: length
 *
 * Each 4 KiB piece happens at once with respect to fork, migration and unmap, as a CPU's access would: either before
 * the entry changes or after.
 *
 * Context: sleeps, takes mmap_lock for reading.
 * Return: bytes that could not be copied, 0 if all went well (Linux's rule).
 */
uint64_t gup_copy_to_user(struct gup_mm *mm, uint64_t to, const void *from, uint64_t bytes);
uint64_t gup_copy_from_user(struct gup_mm *mm, void *to, uint64_t from, uint64_t bytes);

/**
 * gup_access_remote() - read or write another's memory, as a debugger or process_vm_readv() does
 * @mm:    whose memory
 * @addr:  user address, any alignment
 * @buf:   host memory
 * @bytes: length
 * @flags: GUP_WRITE to write, else it reads; GUP_FORCE to ignore protection where a private copy can be made
 *
 * Each page is got by the rules of get_user_pages_remote(), copied, marked dirty if it was written, and put. So a write
 * breaks copy-on-write, and secret memory and PFNMAP are refused.
 *
 * Context: takes mmap_lock for reading; sleeps.
 * Return: bytes done, fewer if a page could not be got, also 0; -EINVAL for NULL or other flags.
 */
int64_t gup_access_remote(struct gup_mm *mm, uint64_t addr, void *buf, uint64_t bytes, unsigned int flags);

/**
 * gup_user_pfn() - frame behind a user address, for tests and reports; faults nothing in
 * @mm:   the mm
 * @addr: any user address
 *
 * Context: takes mmap_lock for reading. Return: the pfn; 0 if no page is mapped there or it is being moved.
 */
uint64_t gup_user_pfn(struct gup_mm *mm, uint64_t addr);

GUP_END_DECLS

#endif
