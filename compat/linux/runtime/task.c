/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/task.c - the kernel around a test: tasks, their mm, limits; its beginning and its end; messages.
 *
 * One test runs at a time in a program, as one kernel does. Its tasks live until gup_linux_end(); an mm lives as long
 * as somebody uses it (mm_users), and its structure as long as somebody refers to it (mm_count).
 */
#include <stdio.h>
#include <stdlib.h>

#include <compat/work.h>

#include "runtime.h"

#define MAX_PROCESSES 16

struct process {
	struct task_struct task;
	struct mm_struct mm;
	struct user_struct user;
};

struct gup_test *gup_linux_test;

static struct process *processes[MAX_PROCESSES];
static unsigned int nr_processes;
static unsigned long limit;

/* ---- messages ---- */

int gup_linux_printk(const char *fmt, ...)
{
	va_list args;
	int length;

	if (!getenv("GUP_LINUX_LOG"))
		return 0;
	va_start(args, fmt);
	length = vfprintf(stderr, fmt, args);
	va_end(args);
	return length;
}

void gup_linux_warn(const char *what, const char *file, int line)
{
	gup_test_complain(gup_linux_test, GUP_TEST_MISUSE, NULL, "WARN_ON(%s) at %s:%d", what, file, line);
}

void gup_linux_bug(const char *what, const char *file, int line)
{
	fprintf(stderr, "BUG_ON(%s) at %s:%d\n", what, file, line);
	abort();
}

/* ---- tasks ---- */

struct task_struct *gup_linux_current(void)
{
	struct task_struct *own = *gup_test_local();

	return own ? own : &processes[0]->task;
}

void gup_linux_become(struct task_struct *task)
{
	*gup_test_local() = task;
}

struct task_struct *gup_linux_task(struct gup_mm *mm, const char *name)
{
	struct process *p = nr_processes < MAX_PROCESSES ? calloc(1, sizeof(*p)) : NULL;

	if (!p)
		return NULL;
	p->mm.gup = mm;
	atomic_set(&p->mm.mm_users, 1);
	atomic_set(&p->mm.mm_count, 1);
	refcount_set(&p->user.refs, 1);
	p->task.mm = &p->mm;
	p->task.user = &p->user;
	p->task.group_leader = &p->task;
	p->task.pid = p->task.tgid = 100 + (pid_t)nr_processes;
	snprintf(p->task.comm, sizeof(p->task.comm), "%s", name);
	processes[nr_processes++] = p;
	return &p->task;
}

/* ---- address spaces: the structure stays until the end of the test, so that its counts can be looked at ---- */

bool mmget_not_zero(struct mm_struct *mm)
{
	return atomic_read(&mm->mm_users) ? (atomic_inc(&mm->mm_users), true) : false;
}

void mmdrop(struct mm_struct *mm)
{
	WARN_ON(atomic_dec_return(&mm->mm_count) < 0);
}

/* The test's first application is the kit's to destroy. */
void mmput(struct mm_struct *mm)
{
	int left = atomic_dec_return(&mm->mm_users);

	WARN_ON(left < 0);
	if (left)
		return;
	if (mm->gup != gup_test_mm(gup_linux_test))
		gup_mm_destroy(mm->gup);
	mm->gup = NULL;
	mmdrop(mm);
}

void gup_linux_exit(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	task->mm = NULL;
	mmput(mm);
}

/* ---- limits ---- */

void gup_linux_set_limit(unsigned long bytes)
{
	limit = bytes;
}

unsigned long rlimit(unsigned int which)
{
	(void)which;
	return gup_test_fails(gup_linux_test, GUP_TEST_FAIL_LIMIT) ? 0 : limit;
}

bool capable(int cap)
{
	(void)cap;
	return false;
}

/* ---- begin and end ---- */

int gup_linux_begin(struct gup_test *t)
{
	gup_linux_test = t;
	limit = RLIM_INFINITY;
	return gup_linux_task(gup_test_mm(t), "app") ? 0 : -ENOMEM;
}

static void left(const struct process *p, const char *what, long count)
{
	if (count)
		gup_test_complain(gup_linux_test, GUP_TEST_FAILED, NULL, "%s: %s is left at %ld", p->task.comm, what,
				  count);
}

static void end_process(struct process *p)
{
	if (p->task.mm)
		gup_linux_exit(&p->task);
	left(p, "the number of locks held", p->task.atomic + p->task.sleeping);
	left(p, "mm->pinned_vm", atomic64_read(&p->mm.pinned_vm));
	left(p, "mm->locked_vm", (long)p->mm.locked_vm);
	left(p, "user->locked_vm", atomic_long_read(&p->user.locked_vm));
	left(p, "the number of users of the user", (long)refcount_read(&p->user.refs) - 1);
	left(p, "the number of users of the mm", atomic_read(&p->mm.mm_users));
	if (!atomic_read(&p->mm.mm_users))
		left(p, "the number of references on the mm", atomic_read(&p->mm.mm_count));
	free(p);
}

void gup_linux_end(struct gup_test *t)
{
	(void)t;
	while (gup_linux_run_work())
		;
	while (nr_processes)
		end_process(processes[--nr_processes]);
	gup_linux_become(NULL);
	gup_linux_test = NULL;
}
