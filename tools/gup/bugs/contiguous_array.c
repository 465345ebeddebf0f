/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/contiguous_array.c - bug 4: an array of VMA pointers in one piece, when memory has no such piece.
 *
 * 1 GiB of user addresses over 16 MiB of shared memory makes a long pin in a small machine. Its free frames are then
 * broken up: every frame with an odd number is free, its neighbours are not.
 */
#include "bug.h"

#include <inttypes.h>
#include <stdlib.h>

#define SHARED (16 * GUP_MIB)
#define RANGE (1024 * GUP_MIB)
#define PAGES (RANGE / GUP_PAGE_SIZE)
#define ARRAY_BYTES (PAGES * sizeof(void *))

static uint64_t map_range(struct gup_stage *stage, struct gup_object *object)
{
	struct gup_map_request request = {
		.length = SHARED,
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = GUP_MAP_SHARED | GUP_MAP_FIXED,
		.object = object,
	};
	uint64_t start = gup_stage_map(stage, RANGE, object);

	for (request.addr = start; start && request.addr < start + RANGE; request.addr += SHARED)
		if (gup_mmap(stage->mm, &request) < 0)
			return 0;
	return start;
}

/* Takes all memory and gives back the frames with odd numbers. */
static bool break_up(struct gup_stage *stage)
{
	const uint64_t bytes = 64 * GUP_MIB;
	uint64_t addr = gup_stage_map(stage, bytes, NULL);

	if (!addr || gup_populate(stage->mm, addr, bytes) != -GUP_ENOMEM)
		return gup_say_unexpected("the machine should have been filled to its end");
	for (uint64_t at = addr; at < addr + bytes; at += GUP_PAGE_SIZE)
		if (gup_user_pfn(stage->mm, at) % 2 && gup_madvise(stage->mm, at, GUP_PAGE_SIZE, GUP_MADV_DONTNEED))
			return gup_say_unexpected("madvise failed");
	return true;
}

/* Return: bytes of the largest free block; @free_bytes gets the sum. */
static uint64_t largest_free(struct gup_stage *stage, uint64_t *free_bytes)
{
	struct gup_zone_info zone;
	struct gup_frame_info frame;
	uint64_t largest = 0;

	gup_zone_info(stage->m, 0, &zone);
	for (uint64_t pfn = zone.first_pfn; pfn < zone.first_pfn + zone.nr_frames; pfn++) {
		uint64_t bytes = 0;

		gup_frame_info(stage->m, pfn, &frame);
		if (frame.kind == GUP_FRAME_FREE || frame.kind == GUP_FRAME_CACHED)
			bytes = GUP_PAGE_SIZE << frame.order;
		else if (frame.kind == GUP_FRAME_UNUSED)
			bytes = GUP_HUGE_SIZE;
		largest = bytes > largest ? bytes : largest;
	}
	*free_bytes = zone.free_frames * GUP_PAGE_SIZE;
	return largest;
}

/* Free memory is enough for the array, but not in one piece. */
static bool is_broken_up(struct gup_stage *stage)
{
	uint64_t free_bytes, largest = largest_free(stage, &free_bytes);

	gup_say("%" PRIu64 " KiB of memory are free, the largest piece has %" PRIu64 " KiB", free_bytes >> 10,
		largest >> 10);
	return largest < ARRAY_BYTES && ARRAY_BYTES < free_bytes;
}

static enum gup_bug_outcome allocate_array(void)
{
	gup_say("kcalloc(%" PRIu64 ", sizeof(struct vm_area_struct *)) wants %" PRIu64 " KiB in one piece: -ENOMEM",
		PAGES, ARRAY_BYTES >> 10);
	return GUP_BUG_SEEN;
}

static enum gup_bug_outcome pin_range(struct gup_stage *stage, uint64_t addr)
{
	struct gup_page **pages = calloc(PAGES, sizeof(*pages));
	long got;

	if (!pages)
		return gup_bug_confused("no memory for the caller's own array");
	gup_mmap_read_lock(stage->mm);
	got = gup_get_user_pages(stage->mm, addr, PAGES, GUP_WRITE | GUP_LONGTERM, pages);
	gup_mmap_read_unlock(stage->mm);
	gup_say("get_user_pages(FOLL_WRITE | FOLL_LONGTERM) of 1 GiB = %s of %" PRIu64, gup_errno_text(got), PAGES);
	if (got > 0)
		gup_put_pages(stage->m, pages, (unsigned long)got);
	free(pages);
	return got == (long)PAGES ? GUP_BUG_GONE : GUP_BUG_SEEN;
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	struct gup_object *object;
	uint64_t addr;

	if (gup_shm_create(stage->m, SHARED, 0, &object))
		return gup_bug_confused("no shared memory");
	addr = map_range(stage, object);
	gup_object_put(object);
	if (!addr || gup_populate(stage->mm, addr, SHARED) || !break_up(stage) || !is_broken_up(stage))
		return gup_bug_confused("the memory could not be broken up");
	return fixed ? pin_range(stage, addr) : allocate_array();
}

const struct gup_bug gup_bug_contiguous_array = {
	.name = "contiguous-array",
	.title = "a long-term pin fails for want of 2 MiB in one piece for each GiB",
	.link = "http://lkml.kernel.org/r/20190328084422.29911-2-ira.weiny@intel.com",
	.field = { "To look for DAX, the commit allocates an array with a VMA pointer for each page: 2 MiB",
		   "of contiguous memory for 1 GiB. After some days of uptime memory has no such piece,",
		   "and registering a large buffer fails with -ENOMEM while gigabytes are free." },
	.broken = "the array that the commit allocates, held against this machine's free blocks",
	.fixed = "the library, which keeps no such array, under the same rules",
	.broken_contract = GUP_LINUX_5_2,
	.fixed_contract = GUP_LINUX_5_2,
	.machine = { .normal_bytes = 64 * GUP_MIB, .no_huge_pages = true },
	.run = run,
};
