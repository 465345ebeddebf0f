/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/wait.c - sleeping until something about a frame changes, and the folio lock that is built on it.
 *
 * Waiters are hashed by pfn, so a descriptor needs no room for them. A bucket's sequence number moves with each
 * wake-up; who read it before looking at the condition cannot miss the change that comes after.
 */
#include "internal.h"

static struct gup_wait_bucket *bucket_of(struct gup_machine *m, u64 pfn)
{
	return &m->waits[(pfn ^ pfn >> 8) % GUP_WAIT_BUCKETS];
}

u32 gup_wait_prepare(struct gup_machine *m, u64 pfn)
{
	struct gup_wait_bucket *bucket = bucket_of(m, pfn);

	gup_port_fetch_add(&bucket->waiters, 1u);
	return gup_port_load(&bucket->seq);
}

void gup_wait(struct gup_machine *m, u64 pfn, u32 seen, u64 timeout_ns)
{
	struct gup_wait_bucket *bucket = bucket_of(m, pfn);

	gup_port_wait(&bucket->seq, seen, timeout_ns);
	gup_port_fetch_sub(&bucket->waiters, 1u);
}

void gup_wait_cancel(struct gup_machine *m, u64 pfn)
{
	gup_port_fetch_sub(&bucket_of(m, pfn)->waiters, 1u);
}

void gup_wake(struct gup_machine *m, u64 pfn)
{
	struct gup_wait_bucket *bucket = bucket_of(m, pfn);

	if (!gup_port_load(&bucket->waiters))
		return;
	gup_port_fetch_add(&bucket->seq, 1u);
	gup_port_wake(&bucket->seq);
}

bool gup_folio_wait_once(struct gup_machine *m, struct gup_page *head, gup_folio_wait_fn *over, u64 arg, u64 timeout_ns)
{
	u64 pfn = gup_pfn(m, head);
	u32 seen = gup_wait_prepare(m, pfn);

	if (over(head, arg)) {
		gup_wait_cancel(m, pfn);
		return false;
	}
	gup_wait(m, pfn, seen, timeout_ns);
	return true;
}

void gup_folio_wait(struct gup_machine *m, struct gup_page *head, gup_folio_wait_fn *over, u64 arg, u64 timeout_ns)
{
	u64 end = gup_deadline(timeout_ns), now;

	while ((now = gup_port_now_ns()) < end)
		if (!gup_folio_wait_once(m, head, over, arg, end - now))
			break;
}

bool gup_folio_trylock(struct gup_page *head)
{
	return !(gup_port_fetch_or(&head->flags, GUP_PF_LOCKED) & GUP_PF_LOCKED);
}

static bool unlocked(const struct gup_page *head, u64 unused)
{
	(void)unused;
	return !gup_flag_test(head, GUP_PF_LOCKED);
}

void gup_folio_lock(struct gup_machine *m, struct gup_page *head)
{
	while (!gup_folio_trylock(head))
		gup_folio_wait_once(m, head, unlocked, 0, GUP_WAIT_LONG);
}

void gup_folio_unlock(struct gup_machine *m, struct gup_page *head)
{
	GUP_ASSERT(gup_flag_test(head, GUP_PF_LOCKED));
	gup_flag_clear(head, GUP_PF_LOCKED);
	gup_wake(m, gup_pfn(m, head));
}

static bool written(const struct gup_page *head, u64 unused)
{
	(void)unused;
	return !gup_flag_test(head, GUP_PF_WRITEBACK);
}

void gup_folio_wait_writeback(struct gup_machine *m, struct gup_page *head)
{
	while (gup_flag_test(head, GUP_PF_WRITEBACK))
		gup_folio_wait_once(m, head, written, 0, GUP_WAIT_LONG);
}

static bool count_changed(const struct gup_page *head, u64 count)
{
	return gup_port_load(&head->count) != count;
}

void gup_folio_wait_count(struct gup_machine *m, struct gup_page *head, u64 count, u64 timeout_ns)
{
	gup_flag_set(head, GUP_PF_WAITERS);
	gup_folio_wait(m, head, count_changed, count, timeout_ns);
}
