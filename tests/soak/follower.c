/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/follower.c - a device that follows page tables: it pins, and lets go when it is told that entries change.
 *
 * The callback may come in any thread, from whoever forks, moves or drops the pages. The follower's lock is the last
 * one: nothing of the library but an unpin is called with it.
 */
#include "soak.h"

static void let_go(struct worker *w)
{
	struct follower *f = &w->follower;

	if (f->held)
		f->bad |= gup_unpin_user_pages_dirty_lock(w->soak->m, f->pages, FOLLOWED_PAGES, true) != 0;
	f->held = false;
}

void follower_let_go(struct worker *w)
{
	pthread_mutex_lock(&w->follower.lock);
	let_go(w);
	pthread_mutex_unlock(&w->follower.lock);
}

static bool invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
		       uint64_t seq)
{
	struct worker *w = context;

	(void)range;
	pthread_mutex_lock(&w->follower.lock);
	gup_interval_set_seq(interval, seq);
	let_go(w);
	pthread_mutex_unlock(&w->follower.lock);
	count(w, COUNT_INVALIDATED, 1);
	return true;
}

const struct gup_interval_ops follower_ops = { .invalidate = invalidate };

static int hold_on(struct worker *w)
{
	struct span *span = &w->spans[SPAN_FOLLOWED];
	struct follower *f = &w->follower;
	uint64_t seq = gup_interval_read_begin(f->interval);
	struct gup_page *pages[FOLLOWED_PAGES];
	long ret = gup_pin_user_pages_unlocked(span->mm, span->addr, FOLLOWED_PAGES, GUP_WRITE, pages), i;
	bool keep;

	if (refused(w, ret))
		return 0;
	CHECK(ret > 0);
	pthread_mutex_lock(&f->lock);
	keep = ret == FOLLOWED_PAGES && !gup_interval_read_retry(f->interval, seq);
	for (i = 0; keep && i < ret; i++)
		f->pages[i] = pages[i];
	f->held = keep;
	pthread_mutex_unlock(&f->lock);
	CHECK(keep || gup_unpin_user_pages(w->soak->m, pages, ret) == 0);
	count(w, COUNT_PINS, ret);
	return 0;
}

/* As long as nobody has said otherwise, the followed frames are what the application sees. */
static void device_writes(struct worker *w)
{
	struct span *span = &w->spans[SPAN_FOLLOWED];
	struct follower *f = &w->follower;
	unsigned int i;

	pthread_rwlock_rdlock(&w->home->device);
	pthread_mutex_lock(&f->lock);
	for (i = 0; f->held && i < FOLLOWED_PAGES; i++) {
		void *bytes = gup_page_address(w->soak->m, f->pages[i]);

		f->bad |= !page_holds(w, span, i, span->generation[i], bytes);
		span->generation[i] = ++w->generation;
		stamp_make(bytes, w->nr + 1, span_at(span, i), w->generation);
	}
	pthread_mutex_unlock(&f->lock);
	pthread_rwlock_unlock(&w->home->device);
}

int act_follow(struct worker *w)
{
	struct span *span = &w->spans[SPAN_FOLLOWED];
	struct follower *f = &w->follower;
	unsigned int i;
	bool held, bad;

	pthread_mutex_lock(&f->lock);
	held = f->held;
	pthread_mutex_unlock(&f->lock);
	if (!held)
		CHECK_CALL(hold_on(w));
	device_writes(w);
	for (i = 0; i < FOLLOWED_PAGES; i++)
		CHECK_CALL(span_check(w, span, i));
	if (dice(w, 8) == 0) {
		CHECK(gup_madvise(span->mm, span->addr, span->pages * PAGE, GUP_MADV_DONTNEED) == 0);
		span_replaced(w, span, 0, span->pages);
	}
	pthread_mutex_lock(&f->lock);
	bad = f->bad;
	pthread_mutex_unlock(&f->lock);
	CHECK(!bad);
	return 0;
}
