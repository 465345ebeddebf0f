/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/take.c - a cell without an event: what a pin returns, and what becomes of the frames that it takes.
 *
 * What the pin adds to the counts is measured against the counts after its release, when all else is as it was.
 */
#include "pins.h"
#include "side.h"

#include <stdio.h>
#include <string.h>

void pins_make(const struct pin_cell *c)
{
	if (side_map(c->mapping) < 0)
		return;
	for (unsigned int i = 0; i < PIN_PAGES; i++) {
		if (c->state == PIN_READ)
			side_read(i);
		else if (c->state != PIN_UNTOUCHED)
			side_write(i, PIN_IS_WRITTEN);
	}
	if (c->state == PIN_FORKED)
		side_fork();
	else if (c->state == PIN_TRUNCATED)
		side_truncate(PIN_PAGES / 2);
	side_protect(c->prot);
}

static const char *went(const struct side_frame *before, const struct side_frame *now)
{
	if (!before->pfn)
		return "new";
	return before->pfn == now->pfn ? "same" : "moved";
}

/* One word for all pages, or "mixed". */
static const char *common(const char *so_far, const char *word)
{
	return !so_far || !strcmp(so_far, word) ? word : "mixed";
}

static void print_frames(const struct side_frame *before, const struct side_frame *now, long nr)
{
	const char *frame = NULL, *from = NULL, *to = NULL;

	for (long i = 0; i < nr; i++) {
		frame = common(frame, went(&before[i], &now[i]));
		from = common(from, before[i].pfn ? before[i].zone : now[i].zone);
		to = common(to, now[i].zone);
	}
	printf(" frame=%s zone=", frame);
	if (strcmp(from, to))
		printf("%s>", from);
	printf("%s", to);
}

static void print_counts(const struct side_frame *held, const struct side_frame *after)
{
	printf(" pins=%+ld refs=%+ld", held->pins - after->pins, held->refs - after->refs);
}

void take_cell(const struct pin_cell *c)
{
	struct side_frame before[PIN_PAGES] = { 0 }, now[PIN_PAGES] = { 0 }, after;
	long got;

	pins_make(c);
	for (unsigned int i = 0; i < PIN_PAGES; i++)
		side_mapped(i, &before[i]);
	pin_print_name(c, false);
	got = side_take(c->entry, pin_flags[c->flags].foll);
	pin_print_result(got);
	for (long i = 0; i < got; i++)
		side_frame(side_held((unsigned int)i), &now[i]);
	side_release();
	if (got > 0) {
		side_frame(now[0].pfn, &after);
		print_frames(before, now, got);
		print_counts(&now[0], &after);
		if (before[0].pfn == now[0].pfn && before[0].refs != after.refs)
			printf(" left=%+ld", after.refs - before[0].refs);
	}
	printf("\n");
	side_child_end();
	side_unmap();
}
