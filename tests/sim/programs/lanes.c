/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/programs/lanes.c - whose bytes are where.
 *
 * Each page begins with a stamp that nobody changes. Behind it each actor has a lane of eight bytes of its own, and
 * stores only there, by the application or by the device: numbers that grow, with its own number above them. So no order of
 * actors makes a lane ambiguous, and a page that was given to somebody else shows.
 */
#include "program.h"

#define OWNER_SHIFT 32

uint64_t page_addr(unsigned int index)
{
	return world.addr + index * PAGE;
}

uint64_t bytes_of_all(void)
{
	return world.program.memory == GUP_TEST_HUGE ? GUP_HUGE_SIZE : PAGES * PAGE;
}

uint64_t stamp_of(unsigned int index)
{
	uint64_t word;

	gup_test_pattern(&word, page_addr(index), sizeof(word), 0);
	return word;
}

static uint64_t first_of(unsigned int whose)
{
	return (uint64_t)(whose + 1) << OWNER_SHIFT;
}

uint64_t lane_first(const struct actor *a)
{
	return first_of(a->number);
}

bool lane_valid(unsigned int whose, uint64_t value)
{
	return value >= first_of(whose) && value <= world.actors[whose].next;
}

static unsigned int offset_of(unsigned int whose)
{
	return (whose + 1) * LANE_BYTES;
}

uint64_t *lane_in(struct actor *a, struct gup_page *page)
{
	char *bytes = gup_page_address(gup_test_machine(a->t), page);

	return (uint64_t *)(void *)(bytes + offset_of(a->number));
}

uint64_t stamp_in(struct actor *a, struct gup_page *page)
{
	return *(uint64_t *)gup_page_address(gup_test_machine(a->t), page);
}

bool lane_write(struct actor *a, struct gup_mm *mm, unsigned int index, uint64_t value)
{
	return !gup_copy_to_user(mm, page_addr(index) + offset_of(a->number), &value, sizeof(value));
}

bool lane_read(struct gup_mm *mm, unsigned int index, unsigned int whose, uint64_t *out)
{
	return !gup_copy_from_user(mm, out, page_addr(index) + offset_of(whose), sizeof(*out));
}

static void check_value(struct actor *a, unsigned int index, uint64_t value)
{
	if (world.discards ? value && !lane_valid(a->number, value) : value != a->last[index])
		gup_test_fail(a->t, "page %u: the application reads %#llx, and %#llx was stored last", index,
			      (unsigned long long)value, (unsigned long long)a->last[index]);
}

void lane_check(struct actor *a, unsigned int index)
{
	uint64_t value;

	if (lane_read(gup_test_mm(a->t), index, a->number, &value))
		check_value(a, index, value);
	else if (!world.discards && (!world.hides || world.ended))
		gup_test_fail(a->t, "page %u cannot be read", index);
}

void lane_use_at(struct actor *a, unsigned int index, uint64_t addr)
{
	struct gup_mm *mm = gup_test_mm(a->t);
	uint64_t lane = addr + offset_of(a->number), value;

	if (!gup_copy_from_user(mm, &value, lane, sizeof(value)))
		check_value(a, index, value);
	else if (!world.discards)
		gup_test_fail(a->t, "page %u cannot be read where it is now", index);
	value = ++a->next;
	if (!gup_copy_to_user(mm, lane, &value, sizeof(value)))
		a->last[index] = value;
	else if (!world.discards && !world.protects)
		gup_test_fail(a->t, "page %u cannot be written where it is now", index);
}
