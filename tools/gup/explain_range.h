/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_range.h - a range of a real process, and its pieces: the parts for which one question can be asked.
 */
#ifndef GUP_EXPLAIN_RANGE_H
#define GUP_EXPLAIN_RANGE_H

#include "explain_maps.h"

/**
 * struct gup_piece - a mapping, a hole between two, or what of a mapping lies past the end of its file
 * @path:   the beginning of what is mapped, printable
 * @unsure: a sentence about what could not be found out, or NULL
 */
struct gup_piece {
	uint64_t start, end;
	struct gup_question q;
	struct gup_answer answer;
	char path[64];
	const char *unsure;
};

/** struct gup_range - whole pages. @pieces is the owner's to free. */
struct gup_range {
	pid_t pid;
	uint64_t start, end;
	struct gup_piece *pieces;
	size_t nr, room;
};

/* explain_pieces.c */

/** gup_find_pieces() - fill in the pieces of @r; of @q the call is used. Return: 0, or GUP_EXIT_USAGE after a sentence. */
int gup_find_pieces(struct gup_range *r, const struct gup_question *q);

/* explain_limits.c */

/** gup_say_limits() - what is counted besides the rules. Return: false if io_uring makes the call and is kept from it. */
bool gup_say_limits(const struct gup_range *r, const struct gup_question *q);

/** gup_size_text() - "64K". Return: @buf. */
const char *gup_size_text(uint64_t bytes, char *buf, size_t size);

#endif
