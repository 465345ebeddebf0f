/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/interval.c - subscriptions to a range, and the sequence numbers that make a reader look again.
 *
 * notifier.c finds the intervals that an invalidation overlaps and calls them. Here is the reader's side: it waits
 * while an invalidation of its range runs, notes the number of the last one that it was told of, and compares it later.
 */
#include "internal.h"

static void link_interval(struct gup_notifiers *n, struct gup_subscription *sub)
{
	gup_itree_insert(&n->intervals, &GUP_CONTAINER_OF(sub, struct gup_interval, sub)->node);
}

int gup_interval_insert(struct gup_mm *mm, uint64_t start, uint64_t length, const struct gup_interval_ops *ops,
			void *context, struct gup_interval **out)
{
	struct gup_interval *interval;
	int err;

	if (!mm || !ops || !ops->invalidate || !out || !length || length > GUP_USER_TOP ||
	    start > GUP_USER_TOP - length)
		return -GUP_EINVAL;
	interval = gup_slab_alloc(mm->m, GUP_SLAB_INTERVAL);
	if (!interval)
		return -GUP_ENOMEM;
	interval->node.start = start;
	interval->node.last = start + length - 1;
	interval->ops = ops;
	interval->sub.mm = mm;
	interval->sub.context = context;
	*out = interval;
	err = gup_subscribe(&interval->sub, link_interval);
	if (err)
		gup_slab_free(mm->m, GUP_SLAB_INTERVAL, interval);
	return err;
}

int gup_interval_remove(struct gup_interval *interval)
{
	struct gup_notifiers *n;
	struct gup_mm *mm;
	int err = 0;

	if (!interval)
		return -GUP_EINVAL;
	mm = interval->sub.mm;
	n = &mm->notifiers;
	gup_port_lock_acquire(&n->lock);
	if (gup_in_callback_locked(n)) {
		err = -GUP_EDEADLK;
	} else {
		interval->sub.died = n->seq;
		gup_invalidation_wait_locked(n, n->seq, interval);
		gup_itree_remove(&n->intervals, &interval->node);
		gup_unsubscribed_locked(n);
	}
	gup_port_lock_release(&n->lock);
	if (err)
		return err;
	gup_slab_free(mm->m, GUP_SLAB_INTERVAL, interval);
	gup_mm_put(mm);
	return 0;
}

/* A number that was read before waiting is older than any change that began meanwhile. */
uint64_t gup_interval_read_begin(struct gup_interval *interval)
{
	struct gup_notifiers *n;
	u64 seq;

	if (!interval)
		return 0;
	n = &interval->sub.mm->notifiers;
	gup_port_lock_acquire(&n->lock);
	seq = gup_port_load(&interval->seq);
	gup_invalidation_wait_locked(n, n->seq, interval);
	if (!gup_invalidation_runs_locked(n, UINT64_MAX, interval))
		seq = gup_port_load(&interval->seq);
	gup_port_lock_release(&n->lock);
	return seq;
}

bool gup_interval_read_retry(const struct gup_interval *interval, uint64_t seq)
{
	return interval && gup_port_load(&interval->seq) != seq;
}

bool gup_interval_check_retry(const struct gup_interval *interval, uint64_t seq)
{
	return interval && gup_port_load_relaxed(&interval->seq) != seq;
}

void gup_interval_set_seq(struct gup_interval *interval, uint64_t seq)
{
	if (interval)
		gup_port_store(&interval->seq, (u64)seq);
}
