/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_caller.c - what io_uring refuses by itself when buffers are registered, apart from the pin.
 *
 * It pins WRITE | LONGTERM, and before 6.5 it looked at the mappings afterwards: none of a file but hugetlb, and since 5.14
 * shared memory. Then the pin's own rules took that over.
 */
#include "explain.h"

#define SHARED_MEMORY_SINCE GUP_KERNEL(5, 14)
#define FILES_SINCE GUP_KERNEL(6, 5)
#define FAST_SINCE GUP_KERNEL(6, 10) /* only an FS DAX page that is a private copy already can tell the difference */

static bool is_file(enum gup_backing backing)
{
	return backing != GUP_BACKING_ANON && backing != GUP_BACKING_ZERO && backing != GUP_BACKING_NONE &&
	       backing != GUP_BACKING_HUGETLB;
}

static bool is_shared_memory(enum gup_backing backing)
{
	return backing == GUP_BACKING_SHARED_ANON || backing == GUP_BACKING_MEMFD || backing == GUP_BACKING_TMPFS;
}

void gup_io_uring_looks(const struct gup_question *q, struct gup_answer *answer)
{
	uint32_t release = q->rules.release;

	if (!answer->taken || !release || release >= FILES_SINCE || !is_file(q->backing) ||
	    (release >= SHARED_MEMORY_SINCE && is_shared_memory(q->backing)))
		return;
	answer->taken = false;
	answer->result = answer->why.error = -GUP_EOPNOTSUPP;
	answer->by_caller =
		release < SHARED_MEMORY_SINCE
			? "it takes no mapping of a file but hugetlb, and counts shared memory as one; the pin succeeds"
			: "it takes no mapping of a file but shared memory and hugetlb; the pin succeeds";
}

enum gup_entry gup_io_uring_entry(uint32_t release)
{
	return release >= FAST_SINCE ? GUP_PIN_USER_PAGES_FAST : GUP_PIN_USER_PAGES;
}

uint32_t gup_io_uring_next(uint32_t release)
{
	if (release < SHARED_MEMORY_SINCE)
		return SHARED_MEMORY_SINCE;
	if (release < FILES_SINCE)
		return FILES_SINCE;
	return release < FAST_SINCE ? FAST_SINCE : 0;
}
