/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/work.h - work that runs later. runtime/work.c
 *
 * There is no thread of its own: work runs when somebody waits for it, when a test says gup_linux_run_work(), which may
 * be an actor of a schedule, and at the end of the test.
 */
#ifndef COMPAT_WORK_H
#define COMPAT_WORK_H

#include <compat/sched.h>

struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	work_func_t func;
	struct work_struct *next;
	bool queued;
};

struct workqueue_struct {
	const char *name;
};

#define INIT_WORK(w, f) (*(w) = (struct work_struct){ .func = (f) })
/* Return: false if it was queued already. */
bool gup_linux_queue_work(struct work_struct *work);
/* Runs one work, or none. Return: whether it did. */
bool gup_linux_run_work(void);
/* Runs it if it is queued, waits for it if it runs. Return: whether there was something to do. */
bool flush_work(struct work_struct *work);
/* As flush_work(), but what is queued is not run. */
bool cancel_work_sync(struct work_struct *work);
#define queue_work(wq, work) ((void)(wq), gup_linux_queue_work(work))
#define schedule_work(work) gup_linux_queue_work(work)

#endif
