/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/poison.h - memory failure: a frame whose bytes are lost, and what becomes of those who use it.
 */
#ifndef GUP_POISON_H
#define GUP_POISON_H

#include <gup/machine.h>

GUP_BEGIN_DECLS

/**
 * gup_machine_poison() - the memory of one frame has failed
 * @m:   the machine
 * @pfn: the frame
 *
 * From now on an access of an application to it fails (a CPU would raise SIGBUS), a new pin or get fails with
 * -EFAULT, or -EHWPOISON with GUP_HWPOISON, reads and writes of its object return -EIO, its bytes are copied nowhere: it
 * is not moved, and a fault that would have to copy it fails. Its mappings stay, and are counted, until they are
 * unmapped.
 *
 * A frame of a 2 MiB folio of anonymous or shared memory is split off first. If somebody holds the folio, or there is
 * no memory for a table, and for every other large folio, the whole folio fails.
 *
 * Who holds the frame by a pin or a get keeps it: a device may still write to it, and the application cannot read it.
 * With the last reference the frame leaves use; of a large folio the others are free, and a hugetlb pool has one less for
 * good. A free frame leaves use at
 * once. A frame that has left use is given to nobody, and a CMA allocation or an offline range that wants it is
 * refused, until gup_machine_unpoison().
 *
 * Context: sleeps.
 * Return: 0, also if it failed before; -EINVAL for NULL or a pfn that the machine does not have; -EBUSY for memory of
 * the machine's own (page tables and such: a kernel would stop here), for a frame that is offline or lies free in the
 * hugetlb pool, or if it was on its way from one use to another for too long.
 * Linux: memory_failure() also unmaps, and kills the application or asks it to go on without; here its next access
 * tells it.
 */
int gup_machine_poison(struct gup_machine *m, uint64_t pfn);

/**
 * gup_machine_unpoison() - the frame can be used again
 * @m:   the machine
 * @pfn: a frame that gup_machine_poison() was called for
 *
 * A frame that had left use goes back to the allocator. One that is still mapped or held is what it was.
 *
 * Context: sleeps.
 * Return: 0; -EINVAL for NULL or a frame that is not poisoned; -EBUSY if it was on its way from one use to another for too
 * long, or its folio's count is at its end.
 */
int gup_machine_unpoison(struct gup_machine *m, uint64_t pfn);

GUP_END_DECLS

#endif
