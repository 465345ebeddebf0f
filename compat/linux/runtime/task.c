/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/task.c - the kernel around a test: tasks, their mm, limits; its beginning and its end; messages.
 *
 * One test runs at a time in a program, as one kernel does. Its tasks live until gup_linux_end(); an mm lives as long
 * as somebody uses it (mm_users), and its structure as long as somebody refers to it (mm_count).
 */
#include <stdio.h>
#include <stdlib.h>

#include <linux/err.h>
#include <linux/mm.h>

#include "runtime.h"

#define MAX_PROCESSES 16

struct process {
	struct task_struct task;
	struct mm_struct mm;
	struct user_struct user;
};

struct gup_test *gup_linux_test;
void (*gup_linux_at_end)(void);

static struct process *processes[MAX_PROCESSES];
static unsigned int nr_processes;
static struct gup_linux_thread threads[GUP_TEST_MAX_ACTORS + 1];
static unsigned int nr_threads;
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

/* An actor that has not said who it is, is a thread of the first task. */
struct gup_linux_thread *gup_linux_thread(void)
{
	void **own = gup_test_local();

	if (!*own) {
		BUG_ON(nr_threads == ARRAY_SIZE(threads));
		threads[nr_threads] = (struct gup_linux_thread){ .task = &processes[0]->task };
		*own = &threads[nr_threads++];
	}
	return *own;
}

void gup_linux_become(struct task_struct *task)
{
	gup_linux_thread()->task = task;
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
	refcount_set(&p->task.usage, 1);
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
	gup_test_point();
	if (!mm->mm_users.counter)
		return false;
	mm->mm_users.counter++;
	return true;
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

/* ---- other tasks ---- */

struct task_struct *find_get_task_by_vpid(pid_t pid)
{
	unsigned int i;

	gup_test_point();
	for (i = 0; i < nr_processes; i++)
		if (processes[i]->task.pid == pid)
			return get_task_struct(&processes[i]->task);
	return NULL;
}

void put_task_struct(struct task_struct *task)
{
	WARN_ON(refcount_dec_and_test(&task->usage));
}

/* One step: who looks and who exits hold the task's lock. */
struct mm_struct *get_task_mm(struct task_struct *task)
{
	struct mm_struct *mm;

	gup_test_point();
	mm = task->mm;
	if (mm)
		mm->mm_users.counter++;
	return mm;
}

struct mm_struct *mm_access(struct task_struct *task, unsigned int mode)
{
	struct mm_struct *mm = get_task_mm(task);

	(void)mode;
	if (!mm)
		return ERR_PTR(-ESRCH);
	if (mm == current->mm || !task->guarded)
		return mm;
	mmput(mm);
	return ERR_PTR(-EACCES);
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

int account_locked_vm(struct mm_struct *mm, unsigned long pages, bool more)
{
	if (more && mm->locked_vm + pages > rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT)
		return -ENOMEM;
	if (!more && pages > mm->locked_vm)
		gup_test_complain(gup_linux_test, GUP_TEST_BAD_RELEASE, CALLER, "more pages than mm->locked_vm has");
	mm->locked_vm += more ? pages : -pages;
	return 0;
}

/* ---- begin and end ---- */

int gup_linux_begin(struct gup_test *t)
{
	gup_linux_test = t;
	limit = RLIM_INFINITY;
	nr_threads = 0;
	gup_linux_forget_pages();
	return gup_linux_task(gup_test_mm(t), "app") ? 0 : -ENOMEM;
}

static void left(const struct process *p, const char *what, long count)
{
	if (count)
		gup_test_complain(gup_linux_test, GUP_TEST_FAILED, NULL, "%s: %s is left at %ld", p->task.comm, what,
				  count);
}

static void end_thread(const struct gup_linux_thread *thread)
{
	if (thread->atomic || thread->sleeping)
		gup_test_complain(gup_linux_test, GUP_TEST_MISUSE, NULL, "%s: a lock is left held", thread->task->comm);
}

static void end_process(struct process *p)
{
	if (p->task.mm)
		gup_linux_exit(&p->task);
	left(p, "mm->pinned_vm", atomic64_read(&p->mm.pinned_vm));
	left(p, "mm->locked_vm", (long)p->mm.locked_vm);
	left(p, "user->locked_vm", atomic_long_read(&p->user.locked_vm));
	left(p, "the number of references on the task", (long)refcount_read(&p->task.usage) - 1);
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
	if (gup_linux_at_end)
		gup_linux_at_end();
	while (nr_threads)
		end_thread(&threads[--nr_threads]);
	while (nr_processes)
		end_process(processes[--nr_processes]);
	*gup_test_local() = NULL;
	gup_linux_test = NULL;
}
