/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/notifier.c - mmu notifiers of drivers, over those of the machine.
 *
 * Each has a record of the runtime's own, so that what a driver forgets to end is reported, and ended, when the test is
 * over: its structure may be gone by then. Linux tells a move and a truncate as CLEAR. When a process ends it tells
 * intervals RELEASE, and UNMAP after it for all memory; the machine says RELEASE alone, and here both are made of it.
 */
#include <stdlib.h>

#include <linux/mmu_notifier.h>

#include "runtime.h"

struct gup_linux_subscription {
	struct gup_linux_subscription *next;
	struct mmu_notifier *notifier; /* one of the two */
	struct mmu_interval_notifier *interval;
	struct gup_notifier *gup_notifier;
	struct gup_interval *gup_interval;
	struct mm_struct *mm;
	const void *site;
	bool over; /* the test is over: nothing is told any more */
};

static struct gup_linux_subscription *subscriptions;

static enum mmu_notifier_event event_of(enum gup_event event)
{
	switch (event) {
	case GUP_EVENT_UNMAP:
		return MMU_NOTIFY_UNMAP;
	case GUP_EVENT_PROTECT_VMA:
		return MMU_NOTIFY_PROTECTION_VMA;
	case GUP_EVENT_PROTECT_PAGE:
		return MMU_NOTIFY_PROTECTION_PAGE;
	case GUP_EVENT_RELEASE:
		return MMU_NOTIFY_RELEASE;
	default:
		return MMU_NOTIFY_CLEAR;
	}
}

static struct mmu_notifier_range range_of(const struct gup_linux_subscription *s, const struct gup_notifier_range *told)
{
	return (struct mmu_notifier_range){
		.mm = s->mm,
		.start = told->start,
		.end = told->event == GUP_EVENT_RELEASE ? ULONG_MAX : told->end,
		.flags = MMU_NOTIFIER_RANGE_BLOCKABLE,
		.event = event_of(told->event),
	};
}

/* ---- what is told ---- */

static void on_release(void *context, struct gup_mm *mm)
{
	const struct gup_linux_subscription *s = context;

	(void)mm;
	if (!s->over && s->notifier->ops->release)
		s->notifier->ops->release(s->notifier, s->mm);
}

static void on_start(void *context, const struct gup_notifier_range *told)
{
	const struct gup_linux_subscription *s = context;
	struct mmu_notifier_range range = range_of(s, told);

	if (!s->over && s->notifier->ops->invalidate_range_start)
		WARN_ON(s->notifier->ops->invalidate_range_start(s->notifier, &range));
}

static void on_end(void *context, const struct gup_notifier_range *told)
{
	const struct gup_linux_subscription *s = context;
	struct mmu_notifier_range range = range_of(s, told);

	if (!s->over && s->notifier->ops->invalidate_range_end)
		s->notifier->ops->invalidate_range_end(s->notifier, &range);
}

static bool on_invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *told,
			  uint64_t seq)
{
	const struct gup_linux_subscription *s = context;
	struct mmu_notifier_range range = range_of(s, told);

	(void)interval;
	if (s->over)
		return true;
	WARN_ON(!s->interval->ops->invalidate(s->interval, &range, seq));
	if (range.event != MMU_NOTIFY_RELEASE)
		return true;
	range.event = MMU_NOTIFY_UNMAP;
	return s->interval->ops->invalidate(s->interval, &range, seq);
}

static const struct gup_notifier_ops notifier_ops = { on_release, on_start, on_end };
static const struct gup_interval_ops interval_ops = { on_invalidate };

/* ---- coming and going ---- */

static void end_what_is_left(void);

static struct gup_linux_subscription *subscription_new(struct mm_struct *mm, const void *site)
{
	struct gup_linux_subscription *s = calloc(1, sizeof(*s));

	if (!s)
		gup_linux_bug("the host has no memory", __FILE__, __LINE__);
	s->mm = mm;
	s->site = site;
	s->next = subscriptions;
	subscriptions = s;
	gup_linux_at_end = end_what_is_left;
	return s;
}

static void subscription_free(struct gup_linux_subscription *s)
{
	struct gup_linux_subscription **link = &subscriptions;

	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	free(s);
}

static int subscribe_once(struct gup_linux_subscription *s, unsigned long start, unsigned long length)
{
	if (s->notifier)
		return gup_notifier_register(s->mm->gup, &notifier_ops, s, &s->gup_notifier);
	return gup_interval_insert(s->mm->gup, start, length, &interval_ops, s, &s->gup_interval);
}

/* The machine allocates for each, Linux for the first of an mm: a failure that was injected later is not for this. */
static int subscribe(struct gup_linux_subscription *s, unsigned long start, unsigned long length)
{
	int ret = subscribe_once(s, start, length);

	if (ret == -ENOMEM && s->mm->notifier_subscriptions)
		ret = subscribe_once(s, start, length);
	if (ret == -GUP_EDEADLK)
		gup_test_complain(gup_linux_test, GUP_TEST_DEADLOCK, s->site,
				  "subscribed to an mm in its own callback");
	if (ret) {
		subscription_free(s);
		return ret;
	}
	s->mm->notifier_subscriptions = true;
	mmgrab(s->mm);
	return 0;
}

static void unsubscribe(struct gup_linux_subscription *s, const void *site)
{
	int ret = s->notifier ? gup_notifier_unregister(s->gup_notifier) : gup_interval_remove(s->gup_interval);
	struct mm_struct *mm = s->mm;

	if (ret) {
		gup_test_complain(gup_linux_test, GUP_TEST_DEADLOCK, site,
				  "waits for the callback that it is called in");
		return;
	}
	subscription_free(s);
	mmdrop(mm);
}

int mmu_notifier_register(struct mmu_notifier *n, struct mm_struct *mm)
{
	might_sleep();
	if (WARN_ON(atomic_read(&mm->mm_users) <= 0))
		return -EINVAL;
	n->mm = mm;
	n->subscription = subscription_new(mm, CALLER);
	n->subscription->notifier = n;
	return subscribe(n->subscription, 0, 0);
}

void mmu_notifier_unregister(struct mmu_notifier *n, struct mm_struct *mm)
{
	might_sleep();
	WARN_ON(mm != n->mm);
	unsubscribe(n->subscription, CALLER);
}

int mmu_interval_notifier_insert(struct mmu_interval_notifier *n, struct mm_struct *mm, unsigned long start,
				 unsigned long length, const struct mmu_interval_notifier_ops *ops)
{
	might_sleep();
	n->mm = mm;
	n->ops = ops;
	n->interval_tree.start = start;
	n->interval_tree.last = start + length - 1;
	if (!length || n->interval_tree.last < start)
		return -EOVERFLOW;
	if (WARN_ON(atomic_read(&mm->mm_users) <= 0))
		return -EINVAL;
	n->subscription = subscription_new(mm, CALLER);
	n->subscription->interval = n;
	return subscribe(n->subscription, start, length);
}

void mmu_interval_notifier_remove(struct mmu_interval_notifier *n)
{
	might_sleep();
	unsubscribe(n->subscription, CALLER);
}

/* ---- the reader of an interval ---- */

unsigned long mmu_interval_read_begin(struct mmu_interval_notifier *n)
{
	might_sleep();
	return gup_interval_read_begin(n->subscription->gup_interval);
}

bool mmu_interval_read_retry(struct mmu_interval_notifier *n, unsigned long seq)
{
	return gup_interval_read_retry(n->subscription->gup_interval, seq);
}

bool mmu_interval_check_retry(struct mmu_interval_notifier *n, unsigned long seq)
{
	return gup_interval_check_retry(n->subscription->gup_interval, seq);
}

void mmu_interval_set_seq(struct mmu_interval_notifier *n, unsigned long cur_seq)
{
	gup_interval_set_seq(n->subscription->gup_interval, cur_seq);
}

/* ---- the end of a test ---- */

static void end_what_is_left(void)
{
	struct gup_linux_subscription *s;

	while ((s = subscriptions)) {
		gup_test_complain(gup_linux_test, GUP_TEST_MEMORY_LEFT, s->site, "an mmu notifier is left registered");
		s->over = true;
		unsubscribe(s, s->site);
	}
}
