/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/foll.h - opt-in: Linux's FOLL_* values, which differ by version, and their translation.
 *
 * Define GUP_LINUX as 502, 601 or 612 before inclusion to choose whose values are meant; the default is 612. The rules
 * come from the machine's contract, this header only translates.
 *
 * A bit that libgup has no flag for, or that only the kernel itself may pass, is never dropped: it becomes a bit that
 * every entry point refuses as an unknown flag. FOLL_GET is what get_user_pages does anyway, so there it means nothing; and
 * so does FOLL_TOUCH where a kernel leaves it to its callers.
 */
#ifndef GUP_FOLL_H
#define GUP_FOLL_H

#include <gup/gup.h>

#ifndef GUP_LINUX
#define GUP_LINUX 612
#endif

#if GUP_LINUX == 612
#define FOLL_WRITE (1u << 0)
#define FOLL_GET (1u << 1)
#define FOLL_DUMP (1u << 2)
#define FOLL_FORCE (1u << 3)
#define FOLL_NOWAIT (1u << 4)
#define FOLL_NOFAULT (1u << 5)
#define FOLL_HWPOISON (1u << 6)
#define FOLL_ANON (1u << 7)
#define FOLL_LONGTERM (1u << 8)
#define FOLL_SPLIT_PMD (1u << 9)
#define FOLL_PCI_P2PDMA (1u << 10)
#define FOLL_INTERRUPTIBLE (1u << 11)
#define FOLL_HONOR_NUMA_FAULT (1u << 12)
#define FOLL_TOUCH (1u << 16)
#define FOLL_PIN (1u << 19)
#elif GUP_LINUX == 601 || GUP_LINUX == 502
#define FOLL_WRITE 0x01u
#define FOLL_TOUCH 0x02u
#define FOLL_GET 0x04u
#define FOLL_DUMP 0x08u
#define FOLL_FORCE 0x10u
#define FOLL_NOWAIT 0x20u
#define FOLL_HWPOISON 0x100u
#define FOLL_ANON 0x8000u
#define FOLL_LONGTERM 0x10000u
#if GUP_LINUX == 601
#define FOLL_NOFAULT 0x80u
#define FOLL_SPLIT_PMD 0x20000u
#define FOLL_PIN 0x40000u
#endif
#else
#error "GUP_LINUX must be 502, 601 or 612"
#endif

/* No flag of libgup has this value, so the gate refuses it. */
#define GUP_LINUX_REFUSED (1u << 31)

/* Marks pages as accessed, of which nothing is kept here. Until 6.1 a caller may pass it, but to the fast forms. */
#if GUP_LINUX == 612
#define GUP_LINUX_TOUCH 0u
#else
#define GUP_LINUX_TOUCH FOLL_TOUCH
#endif

/** gup_linux_flag() - @flag if @foll has @bit. */
static inline unsigned int gup_linux_flag(unsigned int foll, unsigned int bit, unsigned int flag)
{
	return foll & bit ? flag : 0;
}

/* A flag of libgup and the bit of this kernel that means it, for those that not every kernel has. */
#ifdef FOLL_NOFAULT
#define GUP_LINUX_NOFAULT FOLL_NOFAULT
#else
#define GUP_LINUX_NOFAULT 0u
#endif
#ifdef FOLL_SPLIT_PMD
#define GUP_LINUX_SPLIT_PMD FOLL_SPLIT_PMD
#else
#define GUP_LINUX_SPLIT_PMD 0u
#endif
#ifdef FOLL_INTERRUPTIBLE
#define GUP_LINUX_LATE (FOLL_INTERRUPTIBLE | FOLL_HONOR_NUMA_FAULT | FOLL_PCI_P2PDMA)
#else
#define GUP_LINUX_LATE 0u
#endif

#define GUP_LINUX_KNOWN                                                                                                \
	(FOLL_WRITE | FOLL_FORCE | FOLL_NOWAIT | FOLL_LONGTERM | FOLL_ANON | FOLL_DUMP | FOLL_HWPOISON |               \
	 GUP_LINUX_NOFAULT | GUP_LINUX_SPLIT_PMD | GUP_LINUX_LATE)

/** gup_linux_late_flags() - GUP_* for the FOLL_* that kernels of the 6 series brought. */
static inline unsigned int gup_linux_late_flags(unsigned int foll)
{
#ifdef FOLL_INTERRUPTIBLE
	return gup_linux_flag(foll, FOLL_INTERRUPTIBLE, GUP_INTERRUPTIBLE) |
	       gup_linux_flag(foll, FOLL_HONOR_NUMA_FAULT, GUP_HONOR_NUMA_FAULT) |
	       gup_linux_flag(foll, FOLL_PCI_P2PDMA, GUP_PCI_P2PDMA);
#else
	return foll & 0;
#endif
}

/** gup_linux_flags() - GUP_* for FOLL_*. @meaningless: bits to accept without effect. */
static inline unsigned int gup_linux_flags(unsigned int foll, unsigned int meaningless)
{
	unsigned int flags = gup_linux_flag(foll, FOLL_WRITE, GUP_WRITE) | gup_linux_flag(foll, FOLL_FORCE, GUP_FORCE) |
			     gup_linux_flag(foll, FOLL_NOWAIT, GUP_NOWAIT) |
			     gup_linux_flag(foll, FOLL_LONGTERM, GUP_LONGTERM) |
			     gup_linux_flag(foll, FOLL_ANON, GUP_ANON) | gup_linux_flag(foll, FOLL_DUMP, GUP_DUMP) |
			     gup_linux_flag(foll, FOLL_HWPOISON, GUP_HWPOISON) |
			     gup_linux_flag(foll, GUP_LINUX_NOFAULT, GUP_NOFAULT) |
			     gup_linux_flag(foll, GUP_LINUX_SPLIT_PMD, GUP_SPLIT_PMD) | gup_linux_late_flags(foll);

	return foll & ~(GUP_LINUX_KNOWN | meaningless) ? flags | GUP_LINUX_REFUSED : flags;
}

#endif
