/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/borrow.c - helpers of the bugs: memory that lies in a CMA area.
 *
 * Which pages borrow is the allocator's business, so the application touches its memory piece by piece until a piece
 * lies in the area as a whole.
 */
#include "bug.h"

#include <inttypes.h>
#include <stdarg.h>

enum gup_bug_outcome gup_bug_confused(const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	gup_say_unexpected("%s", text);
	return GUP_BUG_CONFUSED;
}

/* Touches pieces until one lies in the area. Return: its address, 0 if none does. */
static uint64_t touch_until_borrowed(struct gup_stage *stage, uint64_t start, uint64_t end, uint64_t piece)
{
	for (uint64_t at = start; at < end; at += piece) {
		if (gup_populate(stage->mm, at, piece))
			return 0;
		if (gup_pages_in_zone(stage->mm, at, piece, GUP_ZONE_CMA) == piece / GUP_PAGE_SIZE)
			return at;
	}
	return 0;
}

static uint64_t machine_bytes(struct gup_machine *m)
{
	struct gup_zone_info info;
	uint64_t bytes = 0;

	for (unsigned int i = 0; gup_zone_info(m, i, &info) == 0; i++)
		bytes += info.nr_frames * GUP_PAGE_SIZE;
	return bytes;
}

uint64_t gup_bug_borrow(struct gup_stage *stage, unsigned int pages)
{
	const uint64_t piece = pages * GUP_PAGE_SIZE;
	const uint64_t all = machine_bytes(stage->m) / piece * piece;
	uint64_t start = gup_stage_map(stage, all, NULL), found;

	if (!start)
		return 0;
	found = touch_until_borrowed(stage, start, start + all, piece);
	if (!found) {
		gup_say_unexpected("no piece of %u pages was borrowed from the area", pages);
		return 0;
	}
	if (found > start)
		gup_munmap(stage->mm, start, found - start);
	if (found + piece < start + all)
		gup_munmap(stage->mm, found + piece, start + all - found - piece);
	return found;
}
