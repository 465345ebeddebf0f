/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/notifier.c - telling who is subscribed to an mm before and after its entries change.
 *
 *	begin	number the invalidation, put it among the running ones; tell intervals, then notifiers
 *	...	entries change
 *	end	tell notifiers; take it out, wake who waits for it
 *
 * Callbacks run without the lock. What keeps their subscription in place is its number: it sees the invalidations
 * above born up to died, and is unlinked only when none of those runs any more. So each start has its end.
 *
 * An invalidation that began when nobody was subscribed is in no list. The first subscription of an mm waits for those
 * by passing through every lock that they could hold (settle()).
 */
#include "internal.h"

void gup_notifiers_init(struct gup_notifiers *n)
{
	gup_link_init(&n->list);
	gup_link_init(&n->running);
	n->seq = 1;
}

static bool sees(const struct gup_subscription *sub, u64 seq)
{
	return seq > sub->born && seq <= sub->died;
}

/* ---- who is running ---- */

static void enter(struct gup_invalidation *inv)
{
	struct gup_notifiers *n = &inv->range.mm->notifiers;

	inv->self = gup_port_self();
	gup_port_lock_acquire(&n->lock);
	n->seq += 2;
	inv->seq = n->seq;
	gup_link_add(&n->running, &inv->link);
	gup_port_lock_release(&n->lock);
}

static void leave(struct gup_invalidation *inv)
{
	struct gup_notifiers *n = &inv->range.mm->notifiers;
	bool wake;

	gup_port_lock_acquire(&n->lock);
	gup_link_del(&inv->link);
	gup_port_store(&n->changed, n->changed + 1);
	wake = n->waiters;
	gup_port_lock_release(&n->lock);
	if (wake)
		gup_port_wake(&n->changed);
}

/* Does an invalidation up to number @upto run? With @interval, one that overlaps it. */
bool gup_invalidation_runs_locked(const struct gup_notifiers *n, u64 upto, const struct gup_interval *interval)
{
	struct gup_link *link;

	for (link = n->running.next; link != &n->running; link = link->next) {
		struct gup_invalidation *inv = (struct gup_invalidation *)link;

		if (inv->seq > upto)
			continue;
		if (!interval || (inv->range.start <= interval->node.last && inv->range.end > interval->node.start))
			return true;
	}
	return false;
}

/* Sleep, without the lock, until none does. */
void gup_invalidation_wait_locked(struct gup_notifiers *n, u64 upto, const struct gup_interval *interval)
{
	u32 seen;

	n->waiters++;
	while (gup_invalidation_runs_locked(n, upto, interval)) {
		seen = gup_port_load(&n->changed);
		gup_port_lock_release(&n->lock);
		gup_port_wait(&n->changed, seen, GUP_WAIT_LONG);
		gup_port_lock_acquire(&n->lock);
	}
	n->waiters--;
}

/* The calling thread is in a callback: only there a caller's code runs inside an invalidation. */
bool gup_in_callback_locked(const struct gup_notifiers *n)
{
	u64 self = gup_port_self();
	struct gup_link *link;

	for (link = n->running.next; link != &n->running; link = link->next)
		if (((struct gup_invalidation *)link)->self == self)
			return true;
	return false;
}

/* ---- telling ---- */

static void tell_intervals(struct gup_invalidation *inv)
{
	struct gup_notifiers *n = &inv->range.mm->notifiers;
	u64 start = inv->range.start, last = inv->range.end - 1;
	struct gup_itree_node *node;

	gup_port_lock_acquire(&n->lock);
	for (node = gup_itree_first(&n->intervals, start, last); node; node = gup_itree_next(node, start, last)) {
		struct gup_interval *interval = GUP_CONTAINER_OF(node, struct gup_interval, node);

		if (!sees(&interval->sub, inv->seq))
			continue;
		gup_port_lock_release(&n->lock);
		(void)interval->ops->invalidate(interval->sub.context, interval, &inv->range, inv->seq);
		gup_port_lock_acquire(&n->lock);
	}
	gup_port_lock_release(&n->lock);
}

static void tell_notifiers(struct gup_invalidation *inv, bool end)
{
	struct gup_notifiers *n = &inv->range.mm->notifiers;
	struct gup_link *link;

	gup_port_lock_acquire(&n->lock);
	for (link = n->list.next; link != &n->list; link = link->next) {
		struct gup_notifier *notifier = (struct gup_notifier *)link;
		const struct gup_notifier_ops *ops = notifier->ops;
		void (*tell)(void *, const struct gup_notifier_range *) = end ? ops->invalidate_end
									      : ops->invalidate_start;

		if (!tell || !sees(&notifier->sub, inv->seq))
			continue;
		gup_port_lock_release(&n->lock);
		tell(notifier->sub.context, &inv->range);
		gup_port_lock_acquire(&n->lock);
	}
	gup_port_lock_release(&n->lock);
}

void gup_invalidate_start(struct gup_invalidation *inv)
{
	enter(inv);
	tell_intervals(inv);
	tell_notifiers(inv, false);
}

void gup_invalidate_finish(struct gup_invalidation *inv)
{
	tell_notifiers(inv, true);
	leave(inv);
}

/* ---- release ---- */

/* The lock is dropped meanwhile; an invalidation of this thread is running. */
static void release_locked(struct gup_notifiers *n, struct gup_notifier *notifier)
{
	notifier->released = true;
	gup_port_lock_release(&n->lock);
	if (notifier->ops->release)
		notifier->ops->release(notifier->sub.context, notifier->sub.mm);
	gup_port_lock_acquire(&n->lock);
	notifier->sub.died = n->seq;
}

static void release_notifiers(struct gup_mm *mm)
{
	struct gup_invalidation inv = { .range = { mm, 0, 0, GUP_EVENT_RELEASE } };
	struct gup_notifiers *n = &mm->notifiers;
	struct gup_link *link;

	enter(&inv);
	gup_port_lock_acquire(&n->lock);
	for (link = n->list.next; link != &n->list; link = link->next)
		if (!((struct gup_notifier *)link)->released)
			release_locked(n, (struct gup_notifier *)link);
	gup_port_lock_release(&n->lock);
	leave(&inv);
}

void gup_notifiers_release(struct gup_mm *mm)
{
	struct gup_invalidation inv = { .range = { mm, 0, GUP_USER_TOP, GUP_EVENT_RELEASE } };
	struct gup_notifiers *n = &mm->notifiers;

	if (!gup_mm_watched(mm))
		return;
	gup_port_lock_acquire(&n->lock);
	n->closed = true;
	gup_port_lock_release(&n->lock);
	enter(&inv);
	tell_intervals(&inv);
	leave(&inv);
	release_notifiers(mm);
	gup_port_lock_acquire(&n->lock);
	gup_port_store(&n->on, 0u);
	gup_invalidation_wait_locked(n, UINT64_MAX, NULL);
	gup_port_lock_release(&n->lock);
}

/* ---- coming and going ---- */

static void join_locked(struct gup_subscription *sub, gup_subscribe_fn *link)
{
	struct gup_notifiers *n = &sub->mm->notifiers;

	sub->born = n->seq;
	sub->died = UINT64_MAX;
	link(n, sub);
	n->nr++;
	gup_port_store(&n->on, 1u);
	gup_port_fetch_add(&sub->mm->refs, (u64)1);
}

/* Whoever saw that nobody was subscribed has dropped the lock that it had then. mmap_lock is held for writing. */
static void settle(struct gup_mm *mm)
{
	struct gup_vma *vma, *before = NULL;

	for (vma = gup_vma_first(mm, 0, GUP_USER_TOP); vma; vma = gup_vma_next(vma, 0, GUP_USER_TOP)) {
		if (!before || vma->lineage != before->lineage || vma->object != before->object) {
			gup_rmap_write_lock(vma);
			gup_rmap_write_unlock(vma);
		}
		before = vma;
	}
}

static void join_first(struct gup_subscription *sub, gup_subscribe_fn *link)
{
	struct gup_notifiers *n = &sub->mm->notifiers;

	gup_port_rwlock_write_lock(&sub->mm->mmap_lock);
	gup_port_lock_acquire(&n->lock);
	join_locked(sub, link);
	gup_port_lock_release(&n->lock);
	settle(sub->mm);
	gup_port_lock_acquire(&n->lock);
	n->settled = true;
	gup_port_lock_release(&n->lock);
	gup_port_rwlock_write_unlock(&sub->mm->mmap_lock);
}

int gup_subscribe(struct gup_subscription *sub, gup_subscribe_fn *link)
{
	struct gup_notifiers *n = &sub->mm->notifiers;
	bool settled;
	int err = 0;

	gup_port_lock_acquire(&n->lock);
	settled = n->settled;
	if (gup_in_callback_locked(n))
		err = -GUP_EDEADLK;
	else if (n->closed)
		err = -GUP_EINVAL;
	else if (settled)
		join_locked(sub, link);
	gup_port_lock_release(&n->lock);
	if (!err && !settled)
		join_first(sub, link);
	return err;
}

/* The last one gone, invalidations are in no list again. */
void gup_unsubscribed_locked(struct gup_notifiers *n)
{
	if (--n->nr)
		return;
	n->settled = false;
	gup_port_store(&n->on, 0u);
}

static void link_notifier(struct gup_notifiers *n, struct gup_subscription *sub)
{
	gup_link_add(&n->list, &GUP_CONTAINER_OF(sub, struct gup_notifier, sub)->link);
}

int gup_notifier_register(struct gup_mm *mm, const struct gup_notifier_ops *ops, void *context,
			  struct gup_notifier **out)
{
	struct gup_notifier *notifier;
	struct gup_notifiers *n;
	int err;

	if (!mm || !ops || !out)
		return -GUP_EINVAL;
	n = &mm->notifiers;
	notifier = gup_slab_alloc(mm->m, GUP_SLAB_NOTIFIER);
	if (!notifier)
		return -GUP_ENOMEM;
	notifier->ops = ops;
	notifier->sub.mm = mm;
	notifier->sub.context = context;
	*out = notifier;
	err = gup_subscribe(&notifier->sub, link_notifier);
	if (err) {
		gup_slab_free(mm->m, GUP_SLAB_NOTIFIER, notifier);
		return err;
	}
	gup_port_lock_acquire(&n->lock);
	gup_invalidation_wait_locked(n, notifier->sub.born, NULL);
	gup_port_lock_release(&n->lock);
	return 0;
}

/* release(), unless it was called, in an invalidation of no range: so that it is seen to run. */
static void release_once(struct gup_notifier *notifier)
{
	struct gup_invalidation inv = { .range = { notifier->sub.mm, 0, 0, GUP_EVENT_RELEASE } };
	struct gup_notifiers *n = &notifier->sub.mm->notifiers;

	enter(&inv);
	gup_port_lock_acquire(&n->lock);
	if (!notifier->released)
		release_locked(n, notifier);
	gup_port_lock_release(&n->lock);
	leave(&inv);
}

int gup_notifier_unregister(struct gup_notifier *notifier)
{
	struct gup_notifiers *n;
	struct gup_mm *mm;
	bool inside;

	if (!notifier)
		return -GUP_EINVAL;
	mm = notifier->sub.mm;
	n = &mm->notifiers;
	gup_port_lock_acquire(&n->lock);
	inside = gup_in_callback_locked(n);
	gup_port_lock_release(&n->lock);
	if (inside)
		return -GUP_EDEADLK;
	release_once(notifier);
	gup_port_lock_acquire(&n->lock);
	gup_invalidation_wait_locked(n, n->seq, NULL);
	gup_link_del(&notifier->link);
	gup_unsubscribed_locked(n);
	gup_port_lock_release(&n->lock);
	gup_slab_free(mm->m, GUP_SLAB_NOTIFIER, notifier);
	gup_mm_put(mm);
	return 0;
}
