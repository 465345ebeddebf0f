/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/cma.c - cells of a machine with a CMA area: many pages that lie there, mostly, and a pin of all of them.
 *
 * One enumeration for both sides, as in tests/kernel/pins.h, built with a PIN_PAGES of hundreds. How many pages lie in the
 * area is the allocator's affair, and differs; the words tell what must not: whether any does, and what became of those.
 * Somebody may hold one of the pages before ("/NAME-held"), or want the whole area during the pin ("/area").
 */
#define _GNU_SOURCE
#include "pins.h"
#include "side.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WRITE 0x01u
#define LONGTERM 0x10000u

enum holder { NOBODY, GETS, PINS, PINS_LONG, WANTS_AREA, NR_HOLDERS };

static const char *const holders[NR_HOLDERS] = { "", "/get-held", "/pin-held", "/longterm-held", "/area" };
static const enum pin_mapping many[] = { PIN_ANON_PRIVATE, PIN_ANON_SHARED, PIN_MEMFD_PRIVATE, PIN_MEMFD_SHARED };
#define NR_MANY (sizeof(many) / sizeof(many[0]))

static struct side_frame before[PIN_PAGES], now[PIN_PAGES];
static unsigned int in_area; /* a page that lay in CMA before the pin */

/* Of all pages that lay in CMA when they were pinned and nobody else had them: [short or long][stayed or moved]. */
static unsigned long fate[2][2];

static const char *how_many(const struct side_frame *frames)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < PIN_PAGES; i++)
		n += frames[i].pfn && !strcmp(frames[i].zone, "cma");
	return n ? "some" : "none";
}

/* What became of the pages that lay in CMA: one word for all. */
static const char *went(void)
{
	unsigned int same = 0, moved = 0;

	for (unsigned int i = 0; i < PIN_PAGES; i++) {
		if (!before[i].pfn || strcmp(before[i].zone, "cma") != 0)
			continue;
		same += before[i].pfn == now[i].pfn;
		moved += before[i].pfn != now[i].pfn;
	}
	if (same && moved)
		return "mixed";
	return same ? "same" : moved ? "moved" : "none";
}

static void count_fate(const struct pin_cell *c)
{
	bool is_long = pin_flags[c->flags].foll & LONGTERM;

	for (unsigned int i = 0; pin_entry_pins(c->entry) && i < PIN_PAGES; i++)
		if (before[i].pfn && !strcmp(before[i].zone, "cma"))
			fate[is_long][before[i].pfn != now[i].pfn]++;
}

static void print_fate(const char *side)
{
	printf("# %s: of %lu pages in CMA short pins moved %lu; of %lu long-term pins moved %lu\n", side,
	       fate[0][0] + fate[0][1], fate[0][1], fate[1][0] + fate[1][1], fate[1][1]);
}

/* Each page has a byte of its own. */
static int byte_of(const struct pin_cell *c, unsigned int page)
{
	return c->state == PIN_WRITTEN ? 1 + (int)(page % 250) : PIN_IS_ZERO;
}

static bool bytes_kept(const struct pin_cell *c, bool held)
{
	for (unsigned int i = 0; i < PIN_PAGES; i++)
		if (side_read(i) != byte_of(c, i) || (held && side_device_read(i) != byte_of(c, i)))
			return false;
	return true;
}

static void look(struct side_frame *frames)
{
	for (unsigned int i = 0; i < PIN_PAGES; i++)
		side_mapped(i, &frames[i]);
}

static void make(const struct pin_cell *c)
{
	side_map(c->mapping);
	for (unsigned int i = 0; c->state == PIN_WRITTEN && i < PIN_PAGES; i++)
		side_write(i, byte_of(c, i));
	look(before);
	for (in_area = 0; in_area + 1 < PIN_PAGES; in_area++)
		if (before[in_area].pfn && !strcmp(before[in_area].zone, "cma"))
			break;
}

static void hold_one(enum holder holder)
{
	if (holder == GETS)
		side_hold(in_area, PIN_GET, WRITE);
	else if (holder == PINS)
		side_hold(in_area, PIN_PIN, WRITE);
	else if (holder == PINS_LONG)
		side_hold(in_area, PIN_PIN, WRITE | LONGTERM);
}

static void print_counts(void)
{
	struct side_frame held = now[in_area], after;

	side_frame(held.pfn, &after);
	printf(" pins=%+ld refs=%+ld", held.pins - after.pins, held.refs - after.refs);
}

static void print_area(const struct pin_cell *c)
{
	int err = side_want_area();

	printf(" area=%s after=%s", err ? strerrorname_np(-err) : "OK", bytes_kept(c, true) ? "kept" : "lost");
}

/* A read of pages that nobody wrote leaves zero pages mapped, which are nowhere. */
static void cell(const struct pin_cell *c, enum holder holder)
{
	long got;

	make(c);
	hold_one(holder);
	pin_print_name(c, false);
	printf("%s", holders[holder]);
	got = side_take(c->entry, pin_flags[c->flags].foll);
	pin_print_result(got);
	look(now);
	printf(" cma=%s>%s frame=%s bytes=%s", how_many(before), how_many(now), went(),
	       bytes_kept(c, got == PIN_PAGES) ? "kept" : "lost");
	if (holder == WANTS_AREA && got == PIN_PAGES)
		print_area(c);
	side_release();
	if (holder == NOBODY && got == PIN_PAGES) {
		count_fate(c);
		print_counts();
	}
	printf("\n");
	side_unhold();
	side_unmap();
}

/* All entry points on what was written; on the rest, and where somebody else is, those of the slow and the fast path. */
static bool exists(const struct pin_cell *c, enum holder holder)
{
	bool slow_or_fast = c->entry == PIN_GET || c->entry == PIN_PIN || c->entry == PIN_PIN_FAST;

	if (holder != NOBODY && c->state != PIN_WRITTEN)
		return false;
	return slow_or_fast || (c->state == PIN_WRITTEN && c->mapping == PIN_ANON_PRIVATE && holder == NOBODY);
}

static void cells_of(struct pin_cell *c)
{
	for (c->entry = 0; c->entry < PIN_NR_ENTRIES; c->entry++)
		for (c->flags = 0; c->flags <= PIN_WRITE_LONGTERM; c->flags++)
			for (enum holder holder = NOBODY; holder < NR_HOLDERS; holder++)
				if (exists(c, holder))
					cell(c, holder);
}

/* Pages that nobody holds leave when the area is wanted. */
static void area_of_nobody(const struct pin_cell *c)
{
	int err;

	make(c);
	err = side_want_area();
	look(now);
	printf("%s rw written nobody/area: %s cma=%s>%s bytes=%s\n", pin_mapping_name(c->mapping),
	       err ? strerrorname_np(-err) : "OK", how_many(before), how_many(now),
	       bytes_kept(c, false) ? "kept" : "lost");
	side_unmap();
}

int main(int argc, char **argv)
{
	side_begin(argc, argv);
	for (unsigned int i = 0; i < NR_MANY; i++) {
		struct pin_cell c = { .mapping = many[i], .prot = PIN_RW, .state = PIN_WRITTEN };

		area_of_nobody(&c);
		cells_of(&c);
		c.state = PIN_UNTOUCHED;
		cells_of(&c);
	}
	print_fate(program_invocation_short_name);
	side_end();
	return 0;
}
