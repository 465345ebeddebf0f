/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/work.c - one queue of work for the whole kernel, run in order by whoever comes along.
 */
#include <linux/workqueue.h>

#include "runtime.h"

static struct work_struct *first;
static struct work_struct *running[GUP_TEST_MAX_ACTORS + 1]; /* each actor runs one at most */

bool gup_linux_queue_work(struct work_struct *work)
{
	struct work_struct **link;

	gup_test_point();
	if (work->queued)
		return false;
	for (link = &first; *link; link = &(*link)->next)
		;
	work->queued = true;
	work->next = NULL;
	*link = work;
	return true;
}

static bool take_out(struct work_struct *work)
{
	struct work_struct **link;

	for (link = &first; *link && *link != work; link = &(*link)->next)
		;
	if (!*link)
		return false;
	*link = work->next;
	work->queued = false;
	return true;
}

static struct work_struct **slot_of(const struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(running); i++)
		if (running[i] == work)
			return &running[i];
	return NULL;
}

/* The function may free what the work is part of, so its address alone is kept while it runs. */
static void run(struct work_struct *work)
{
	struct work_struct **slot = slot_of(NULL);

	take_out(work);
	*slot = work;
	work->func(work);
	*slot = NULL;
}

bool gup_linux_run_work(void)
{
	if (!first)
		return false;
	run(first);
	return true;
}

static bool wait_for(struct work_struct *work, bool found)
{
	while (slot_of(work)) {
		found = true;
		gup_test_stall("flush_work");
	}
	return found;
}

bool flush_work(struct work_struct *work)
{
	might_sleep();
	if (!work->queued)
		return wait_for(work, false);
	run(work);
	return true;
}

bool cancel_work_sync(struct work_struct *work)
{
	might_sleep();
	return wait_for(work, take_out(work));
}
