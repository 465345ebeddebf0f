/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * kernels.h - what kernels call by other names, with other arguments or values, as gup_probe.c has it.
 *
 * Flags are asked for by the values that Linux 6.1 gives them.
 */
#ifndef GUP_PROBE_KERNELS_H
#define GUP_PROBE_KERNELS_H

#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0) /* there is an array of VMAs besides that of pages */
#define probe_get(addr, nr, flags, pages) get_user_pages(addr, nr, flags, pages, NULL)
#define probe_pin(addr, nr, flags, pages) pin_user_pages(addr, nr, flags, pages, NULL)
#define probe_get_remote(mm, addr, nr, flags, pages, locked)                                                           \
	get_user_pages_remote(mm, addr, nr, flags, pages, NULL, locked)
#define probe_pin_remote(mm, addr, nr, flags, pages, locked)                                                           \
	pin_user_pages_remote(mm, addr, nr, flags, pages, NULL, locked)
#define probe_pin_fast_only pin_user_pages_fast_only
#define probe_pincount folio_pincount_ptr
#define probe_flags(flags) (flags)
#else
#define probe_get get_user_pages
#define probe_pin pin_user_pages
#define probe_get_remote get_user_pages_remote
#define probe_pin_remote pin_user_pages_remote
#define probe_pin_fast_only(addr, nr, flags, pages) ((long)-ENOSYS) /* it is gone */
#define probe_pincount(folio) (&(folio)->_pincount)

static inline unsigned int probe_flags(unsigned int flags)
{
	return (flags & 0x1 ? FOLL_WRITE : 0) | (flags & 0x10 ? FOLL_FORCE : 0) | (flags & 0x80 ? FOLL_NOFAULT : 0) |
	       (flags & 0x10000 ? FOLL_LONGTERM : 0);
}
#endif

#endif
