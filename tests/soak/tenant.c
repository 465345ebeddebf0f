/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/tenant.c - the worker that keeps memory nearly full.
 *
 * It fills its one large span until no more than 2 % of the frames are free, sometimes none, drops pieces of it until 6 %
 * are, and so on. Its pages fill also the CMA area and ZONE_MOVABLE, so that those who take frames from there have to
 * move them. Between two acts it sleeps: the CPUs are the others'.
 */
#include <time.h>

#include "soak.h"

#define LOW_PERCENT 2
#define HIGH_PERCENT 6
#define PIECE 16u
#define SLEEP_NS 500000

static int fill_piece(struct worker *w)
{
	struct span *span = &w->spans[0];
	unsigned int page = dice(w, span->pages - PIECE), end = page + PIECE;

	for (; page < end; page++)
		if (!span->generation[page] && !span_write(w, span, page))
			w->filling = false;
	return 0;
}

static int drop_piece(struct worker *w)
{
	struct span *span = &w->spans[0];
	unsigned int page = dice(w, span->pages - PIECE);

	CHECK(gup_madvise(span->mm, span_at(span, page), PIECE * PAGE, GUP_MADV_DONTNEED) == 0);
	span_replaced(w, span, page, PIECE);
	return 0;
}

int tenant_play(struct worker *w)
{
	struct span *span = &w->spans[0];
	const uint64_t percent = free_frames(w->soak) * 100 / w->soak->total_frames;

	if (percent < w->low)
		w->filling = false;
	if (!w->filling && percent >= HIGH_PERCENT) {
		w->filling = true;
		w->low = dice(w, LOW_PERCENT + 1); /* 0: until memory runs out */
	}
	nanosleep(&(struct timespec){ .tv_nsec = SLEEP_NS }, NULL);
	atomic_store(&w->doing, w->filling ? "filling memory" : "dropping memory");
	CHECK_CALL(w->filling ? fill_piece(w) : drop_piece(w));
	return span_check(w, span, dice(w, span->pages));
}
