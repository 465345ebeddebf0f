/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/stamp.c - making and recognising stamped pages.
 */
#include "stamp.h"

#define WORDS (GUP_PAGE_SIZE / 8)

static uint64_t stamp_word(uint32_t who, uint64_t addr, uint64_t generation, unsigned int at)
{
	return (addr + at) * UINT64_C(0x9e3779b97f4a7c15) ^ (generation + 1) * UINT64_C(0xd1342543de82ef95) ^
	       (uint64_t)who << 56;
}

void stamp_make(void *page, uint32_t who, uint64_t addr, uint64_t generation)
{
	uint64_t *words = page;
	unsigned int i;

	words[0] = generation;
	for (i = 1; i < WORDS; i++)
		words[i] = stamp_word(who, addr, generation, i);
}

bool stamp_is_whole(const void *page, uint32_t who, uint64_t addr, uint64_t *generation)
{
	const uint64_t *words = page;
	unsigned int i;

	for (i = 1; i < WORDS; i++)
		if (words[i] != stamp_word(who, addr, words[0], i))
			return false;
	if (generation)
		*generation = words[0];
	return true;
}

bool stamp_is(const void *page, uint32_t who, uint64_t addr, uint64_t generation)
{
	uint64_t found;

	return stamp_is_whole(page, who, addr, &found) && found == generation;
}

bool app_stamp(struct gup_mm *mm, uint32_t who, uint64_t addr, uint64_t generation)
{
	uint64_t page[WORDS];

	stamp_make(page, who, addr, generation);
	return gup_copy_to_user(mm, addr, page, GUP_PAGE_SIZE) == 0;
}

bool app_sees(struct gup_mm *mm, uint32_t who, uint64_t addr, uint64_t generation)
{
	uint64_t page[WORDS];

	return gup_copy_from_user(mm, page, addr, GUP_PAGE_SIZE) == 0 && stamp_is(page, who, addr, generation);
}
