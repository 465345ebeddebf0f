/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/span.c - what an application does with its memory: write, read, drop, map anew, protect, fork.
 *
 * Only its worker changes a span, so its worker knows what each page holds. Forks of the same address space by others
 * must not change that, and neither must whoever moves the frames.
 */
#include "soak.h"

#define CHILD_PAGES 6
#define CHILD 100 /* added to a worker's name in its child's stamps */

uint64_t span_at(const struct span *span, unsigned int page)
{
	return span->addr + page * PAGE;
}

static bool all_zero(const void *bytes)
{
	const uint64_t *words = bytes;
	unsigned int i;

	for (i = 0; i < PAGE / 8; i++)
		if (words[i])
			return false;
	return true;
}

bool page_holds(struct worker *w, const struct span *span, unsigned int page, uint64_t generation, const void *bytes)
{
	count(w, COUNT_PAGES_CHECKED, 1);
	return generation ? stamp_is(bytes, w->nr + 1, span_at(span, page), generation) : all_zero(bytes);
}

/* Reading what was written needs no memory; but entries of an object may be gone, and want a table again. */
int span_check(struct worker *w, struct span *span, unsigned int page)
{
	uint64_t bytes[PAGE / 8];

	if (gup_copy_from_user(span->mm, bytes, span_at(span, page), PAGE)) {
		CHECK(span->object || !span->generation[page]);
		count(w, COUNT_NO_MEMORY, 1);
		return 0;
	}
	CHECK(page_holds(w, span, page, span->generation[page], bytes));
	return 0;
}

bool span_writable(struct worker *w, struct span *span)
{
	if (span->read_only)
		span->read_only = refused(w, gup_mprotect(span->mm, span->addr, span->pages * PAGE, RW));
	return !span->read_only;
}

bool span_write(struct worker *w, struct span *span, unsigned int page)
{
	if (!span_writable(w, span))
		return false;
	if (!app_stamp(span->mm, w->nr + 1, span_at(span, page), w->generation + 1)) {
		count(w, COUNT_NO_MEMORY, 1);
		return false;
	}
	span->generation[page] = ++w->generation;
	return true;
}

static void hold_loses(struct hold *hold, unsigned int page, uint64_t generation)
{
	if (page < hold->first || page >= hold->first + hold->nr || hold->lost[page - hold->first].lost)
		return;
	hold->lost[page - hold->first].lost = true;
	hold->lost[page - hold->first].generation = generation;
}

void span_replaced(struct worker *w, struct span *span, unsigned int first, unsigned int nr)
{
	unsigned int page, i;

	for (page = first; page < first + nr; page++) {
		for (i = 0; i < w->nr_holds; i++)
			if (w->holds[i].span == span)
				hold_loses(&w->holds[i], page, span->generation[page]);
		span->generation[page] = 0;
	}
}

bool span_is_held(const struct worker *w, const struct span *span, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < w->nr_holds; i++)
		if (w->holds[i].span == span && w->holds[i].first < first + nr &&
		    first < w->holds[i].first + w->holds[i].nr)
			return true;
	return false;
}

static struct span *any_span(struct worker *w)
{
	return &w->spans[dice(w, NR_SPANS)];
}

int act_write(struct worker *w)
{
	struct span *span = any_span(w);
	unsigned int page = dice(w, span->pages), last = page + 8 < span->pages ? page + 8 : span->pages;

	while (page < last && span_write(w, span, page))
		page++;
	return page < last ? 0 : span_check(w, span, page - 1);
}

int act_check(struct worker *w)
{
	struct span *span = any_span(w);
	unsigned int page = dice(w, span->pages), last = page + 8 < span->pages ? page + 8 : span->pages;

	for (; page < last; page++)
		CHECK_CALL(span_check(w, span, page));
	return 0;
}

/* Of a 2 MiB folio all, since a part would need a table; of small ones any part. */
int act_drop(struct worker *w)
{
	struct span *span = &w->spans[dice(w, 8) ? SPAN_SMALL : SPAN_BIG];
	unsigned int first = span == &w->spans[SPAN_BIG] ? 0 : dice(w, span->pages);
	unsigned int nr = first ? 1 + dice(w, span->pages - first) : span->pages;

	CHECK(gup_madvise(span->mm, span_at(span, first), nr * PAGE, GUP_MADV_DONTNEED) == 0);
	span_replaced(w, span, first, nr);
	return span_check(w, span, first);
}

/* New memory in the place of old: all of it, or nothing has changed. */
int act_remap(struct worker *w)
{
	struct span *span = &w->spans[SPAN_SMALL];
	unsigned int first = dice(w, span->pages), nr = 1 + dice(w, span->pages - first);
	struct gup_map_request request = {
		span_at(span, first), nr * PAGE, RW, GUP_MAP_PRIVATE | GUP_MAP_FIXED, NULL, 0
	};
	int64_t ret = gup_mmap(span->mm, &request);

	if (refused(w, ret))
		return span_check(w, span, first);
	CHECK(ret == (int64_t)request.addr);
	span_replaced(w, span, first, nr);
	return span_check(w, span, first);
}

int act_protect(struct worker *w)
{
	struct span *span = &w->spans[dice(w, 2) ? SPAN_SMALL : SPAN_BIG];
	unsigned int page = dice(w, span->pages);
	int ret = gup_mprotect(span->mm, span->addr, span->pages * PAGE, GUP_PROT_READ);

	CHECK(ret == 0 || refused(w, ret));
	if (!ret)
		CHECK(!app_stamp(span->mm, w->nr + 1, span_at(span, page), w->generation + 1));
	span->read_only = true;
	span_writable(w, span);
	return span_check(w, span, page);
}

/* The child finds the parent's bytes; what it writes stays its own. */
static int child_page(struct worker *w, struct gup_mm *child, struct span *span, unsigned int page)
{
	const uint64_t addr = span_at(span, page), generation = span->generation[page];
	uint64_t bytes[PAGE / 8];
	bool wrote;

	if (gup_copy_from_user(child, bytes, addr, PAGE)) {
		CHECK(!generation);
		count(w, COUNT_NO_MEMORY, 1);
		return 0;
	}
	CHECK(page_holds(w, span, page, generation, bytes));
	wrote = !span->read_only && app_stamp(child, w->nr + 1 + CHILD, addr, ++w->generation);
	CHECK_CALL(span_check(w, span, page));
	CHECK(!wrote || app_sees(child, w->nr + 1 + CHILD, addr, w->generation));
	return 0;
}

static int child_lives(struct worker *w, struct gup_mm *child)
{
	struct span *span = &w->spans[dice(w, 2) ? SPAN_SMALL : SPAN_BIG];
	unsigned int page = dice(w, span->pages - CHILD_PAGES), end = page + CHILD_PAGES;

	for (; page < end; page++)
		CHECK_CALL(child_page(w, child, span, page));
	return 0;
}

int act_fork(struct worker *w)
{
	struct gup_mm *child;
	int ret, err;

	pthread_rwlock_wrlock(&w->home->device);
	ret = gup_mm_fork(w->home->mm, "child", &child);
	pthread_rwlock_unlock(&w->home->device);
	if (refused(w, ret))
		return 0;
	CHECK(ret == 0);
	count(w, COUNT_FORKS, 1);
	err = child_lives(w, child);
	gup_mm_destroy(child);
	return err;
}
