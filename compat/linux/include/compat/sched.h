/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/sched.h - tasks, their address spaces and limits. runtime/task.c
 *
 * A task stands for a process that runs in the kernel: the test makes it, and becomes it by gup_linux_become(). Each
 * actor of a schedule may be another one.
 */
#ifndef COMPAT_SCHED_H
#define COMPAT_SCHED_H

#include <compat/lock.h>

struct mm_struct {
	struct gup_mm *gup;
	atomic64_t pinned_vm;
	unsigned long locked_vm, total_vm;
	atomic_t mm_users, mm_count;
	bool notifier_subscriptions; /* somebody has subscribed, at any time */
};

struct user_struct {
	atomic_long_t locked_vm;
	refcount_t refs;
};

struct task_struct {
	struct mm_struct *mm;
	struct user_struct *user;
	char comm[16];
	pid_t pid, tgid;
	struct task_struct *group_leader;
	bool signal;  /* a fatal signal waits */
	bool guarded; /* nobody else may look at its memory */
	refcount_t usage;
};

/* One actor of the test. Several may run in one task, as threads of it. */
struct gup_linux_thread {
	struct task_struct *task;
	unsigned int atomic;   /* spinlocks and sections that may not sleep */
	unsigned int sleeping; /* sleeping locks that are held */
};

/* The running one. */
struct gup_linux_thread *gup_linux_thread(void);

/**
 * gup_linux_begin(), gup_linux_end() - the kernel around a test: for gup_test_spec.begin and .end
 *
 * begin makes the first task, with the test's application as its mm and a limit of RLIM_INFINITY; end runs work that is
 * left, and reports locks that are held, pages still counted in pinned_vm and locked_vm, and references on the mm.
 *
 * Return: 0; -ENOMEM.
 */
int gup_linux_begin(struct gup_test *t);
void gup_linux_end(struct gup_test *t);

/** gup_linux_task() - a task of its own for @mm; freed by gup_linux_end(). Return: the task; NULL without memory. */
struct task_struct *gup_linux_task(struct gup_mm *mm, const char *name);
/** gup_linux_become() - `current` is @task from now on, in this actor. */
void gup_linux_become(struct task_struct *task);
/** gup_linux_exit() - the process ends: its mm goes as by exit_mmap(), at once if nobody else uses it. */
void gup_linux_exit(struct task_struct *task);
/** gup_linux_set_limit() - RLIMIT_MEMLOCK in bytes for all tasks; a limit takes CAP_IPC_LOCK away. */
void gup_linux_set_limit(unsigned long bytes);

#define current (gup_linux_thread()->task)
#define current_user() (current->user)

#define RLIMIT_MEMLOCK 8
#define RLIM_INFINITY ULONG_MAX
#define CAP_IPC_LOCK 14
#define CAP_SYS_ADMIN 21
unsigned long rlimit(unsigned int which);
bool capable(int cap);
/* Count pages in mm->locked_vm against the limit, or no longer. 0 or -ENOMEM. */
int account_locked_vm(struct mm_struct *mm, unsigned long pages, bool more);
#define can_do_mlock() (rlimit(RLIMIT_MEMLOCK) != 0 || capable(CAP_IPC_LOCK))
#define fatal_signal_pending(task) ((task)->signal)
#define signal_pending(task) ((task)->signal)
#define task_pid_nr(task) ((task)->pid)

void mmdrop(struct mm_struct *mm);
void mmput(struct mm_struct *mm);
bool mmget_not_zero(struct mm_struct *mm);
/* The task of a number, or NULL; its address space, or NULL if it has ended; the same if the caller may look at it. */
struct task_struct *find_get_task_by_vpid(pid_t pid);
#define get_task_struct(task) (refcount_inc(&(task)->usage), (task))
void put_task_struct(struct task_struct *task);
struct mm_struct *get_task_mm(struct task_struct *task);
#define PTRACE_MODE_ATTACH_REALCREDS 0x12
/* Return: the mm, or an ERR_PTR() of -ESRCH or -EACCES. */
struct mm_struct *mm_access(struct task_struct *task, unsigned int mode);
#define mmgrab(mm) atomic_inc(&(mm)->mm_count)
#define mmget(mm) atomic_inc(&(mm)->mm_users)

#define get_uid(u) (refcount_inc(&(u)->refs), (u))
#define free_uid(u) ((void)refcount_dec_and_test(&(u)->refs))

#endif
