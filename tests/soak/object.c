/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/object.c - shared memory seen from two address spaces and as a file, and a DAX file; both are cut.
 */
#include "soak.h"

/* A hole, or a shorter object that grows again. */
static int cut(struct worker *w, struct span *span, unsigned int first, unsigned int nr)
{
	int ret;

	if (first + nr < span->pages) {
		ret = gup_object_punch(span->object, first * PAGE, nr * PAGE, SHORT_NS, NULL);
	} else {
		ret = gup_object_truncate(span->object, first * PAGE, SHORT_NS, NULL);
		if (!ret && gup_object_truncate(span->object, span->pages * PAGE, SHORT_NS, NULL))
			return -GUP_EINVAL;
	}
	count(w, COUNT_CUTS, !ret);
	return ret;
}

static int write_as_file(struct worker *w, struct span *span, unsigned int page)
{
	uint64_t bytes[PAGE / 8];
	int64_t ret;

	stamp_make(bytes, w->nr + 1, span_at(span, page), w->generation + 1);
	ret = gup_object_write(span->object, page * PAGE, bytes, PAGE);
	if (refused(w, ret))
		return span_check(w, span, page);
	CHECK(ret == PAGE);
	span->generation[page] = ++w->generation;
	return span_check(w, span, page);
}

static int read_elsewhere(struct worker *w, struct span *span, unsigned int page)
{
	uint64_t bytes[PAGE / 8];

	if (gup_copy_from_user(w->neighbour->mm, bytes, w->neighbour_addr + page * PAGE, PAGE))
		count(w, COUNT_NO_MEMORY, 1);
	else
		CHECK(page_holds(w, span, page, span->generation[page], bytes));
	return 0;
}

int act_shared(struct worker *w)
{
	struct span *span = &w->spans[SPAN_SHARED];
	unsigned int first = dice(w, span->pages), nr = 1 + dice(w, span->pages - first);

	if (dice(w, 2))
		CHECK_CALL(write_as_file(w, span, first));
	CHECK_CALL(read_elsewhere(w, span, first));
	if (dice(w, 4))
		return 0;
	CHECK(cut(w, span, first, nr) == 0);
	span_replaced(w, span, first, nr);
	return read_elsewhere(w, span, first);
}

/* A block that is held stays; its file is not cut. */
int act_file(struct worker *w)
{
	struct span *span = &w->spans[SPAN_FILE];
	unsigned int first = dice(w, span->pages), nr = 1 + dice(w, span->pages - first);
	bool held = span_is_held(w, span, first, nr);
	int ret = cut(w, span, first, nr);

	CHECK(held ? ret == -GUP_EBUSY : ret == 0 || ret == -GUP_EBUSY);
	if (!refused(w, ret))
		span_replaced(w, span, first, nr);
	return span_check(w, span, first);
}
