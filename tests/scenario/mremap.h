/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/mremap.h - moves of mappings: where to, in which worlds, and that the bytes came along.
 */
#ifndef MREMAP_TEST_H
#define MREMAP_TEST_H

#include "world.h"

#define TO (BASE + 64 * MIB)
#define SMALL                                                                                                          \
	{                                                                                                              \
		.normal = 8, .no_huge_pages = true                                                                     \
	}
#define BIG                                                                                                            \
	{                                                                                                              \
		.normal = 32                                                                                           \
	}
#define FIXED (GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED)

/* What was filled at @from, now at @at. */
static inline void expect_moved(struct gup_mm *mm, uint64_t at, uint64_t from, uint64_t bytes, uint32_t tag)
{
	static unsigned char buf[2 * HUGE];

	assert_true(bytes <= sizeof(buf));
	assert_int_equal(gup_copy_from_user(mm, buf, at, bytes), 0);
	assert_true(pattern_is(buf, from, bytes, tag));
}

static inline int64_t move_to(struct gup_mm *mm, uint64_t from, uint64_t old_length, uint64_t new_length, uint64_t to)
{
	return gup_mremap(mm, from, old_length, new_length, FIXED, to);
}

#endif
