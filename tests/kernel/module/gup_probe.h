/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * gup_probe.h - what /dev/gup_probe is asked, shared by the module and the programs in the guest.
 *
 * An ioctl returns 0 if the question was asked at all, and the kernel's answer is in `result`: ENOSYS for an entry point that it
 * has not. It fails with EINVAL for an
 * unknown entry point, hold, index or frame, E2BIG for more than GUP_PROBE_PAGES pages, EMFILE for more than GUP_PROBE_HOLDS
 * holds at a time, EFAULT for a bad argument, ENOMEM, ENOTTY. Holds belong to the open file and go with it.
 */
#ifndef GUP_PROBE_H
#define GUP_PROBE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define GUP_PROBE_HOLDS 256
#define GUP_PROBE_PAGES 65536

/* The entry points; each is called with the caller's own mm. */
enum gup_probe_entry {
	GUP_PROBE_GET,
	GUP_PROBE_GET_FAST,
	GUP_PROBE_GET_FAST_ONLY,
	GUP_PROBE_GET_REMOTE,
	GUP_PROBE_GET_UNLOCKED,
	GUP_PROBE_PIN,
	GUP_PROBE_PIN_FAST,
	GUP_PROBE_PIN_FAST_ONLY,
	GUP_PROBE_PIN_REMOTE,
	GUP_PROBE_PIN_UNLOCKED,
	GUP_PROBE_ENTRIES,
};

/* Options of a take: _REMOTE gets an `int *locked`; no page array is given. */
#define GUP_PROBE_LOCKED 1
#define GUP_PROBE_NO_PAGES 2

/* Call @entry. If it took pages, they are held under the number @hold until they are released; else @hold is -1. */
struct gup_probe_take {
	__u64 addr;
	__u32 nr;
	__u32 flags; /* FOLL_*, with the values of Linux 6.1 */
	__u32 entry;
	__u32 options;
	__s32 result; /* out: a count or a negative errno */
	__s32 hold;   /* out */
};

/* The frame of page @index of a hold. */
struct gup_probe_held {
	__u32 hold;
	__u32 index;
	__u64 pfn; /* out */
};

/* What is known of a frame. Pins of a small folio count 1024 in its references, those of a large one count 1 there. */
struct gup_probe_frame {
	__u64 pfn;
	__s32 refs;  /* out: the folio's references without what its pins add */
	__s32 pins;  /* out: the folio's pins */
	__u32 order; /* out: the folio's order */
	__u32 block; /* out: migrate type of the pageblock, 0 to 4: unmovable, movable, reclaimable, highatomic, CMA or isolated */
	char zone[8]; /* out: "Normal", "Movable", "Device" ...; "CMA" */
};

/* The device reads or writes the word at @offset of page @index of a hold. */
struct gup_probe_access {
	__u32 hold;
	__u32 index;
	__u32 offset;
	__u32 write;
	__u64 value; /* in for a write, out for a read */
};

/*
 * Somebody wants these frames in one piece: alloc_contig_range(), and at once free_contig_range(). Or only the question
 * whether that could be: EBUSY if a pageblock of theirs has a reserved frame, for then nobody can isolate it.
 */
struct gup_probe_contig {
	__u64 pfn;
	__u32 nr;
	__u32 cma;    /* the range is a CMA area */
	__s32 result; /* out: 0 or a negative errno */
	__u32 unused;
};

#define GUP_PROBE_IOC_TAKE _IOWR('g', 1, struct gup_probe_take)
#define GUP_PROBE_IOC_HELD _IOWR('g', 2, struct gup_probe_held)
#define GUP_PROBE_IOC_FRAME _IOWR('g', 3, struct gup_probe_frame)
#define GUP_PROBE_IOC_ACCESS _IOWR('g', 4, struct gup_probe_access)
#define GUP_PROBE_IOC_RELEASE _IOW('g', 5, __u32)
#define GUP_PROBE_IOC_CONTIG _IOWR('g', 6, struct gup_probe_contig)
#define GUP_PROBE_IOC_COULD _IOWR('g', 7, struct gup_probe_contig)

#endif
