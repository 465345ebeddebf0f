/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/lock.h - spinlocks, mutexes, rwsems, completions and RCU for the actors of a test.
 *
 * Each lock knows its holder: taking it twice, releasing somebody else's, leaving it held and sleeping under a spinlock
 * are findings. runtime/lock.c
 */
#ifndef COMPAT_LOCK_H
#define COMPAT_LOCK_H

#include <compat/atomic.h>

/* @owner: the thread that has it for writing; @readers: how many have it for reading */
struct gup_linux_lock {
	const void *owner;
	unsigned int readers;
};

enum gup_linux_lock_kind { GUP_LINUX_SPIN, GUP_LINUX_SLEEPING };

void gup_linux_lock(struct gup_linux_lock *l, enum gup_linux_lock_kind kind, const char *name);
bool gup_linux_trylock(struct gup_linux_lock *l, enum gup_linux_lock_kind kind);
void gup_linux_unlock(struct gup_linux_lock *l, enum gup_linux_lock_kind kind, const char *name);
void gup_linux_read_lock(struct gup_linux_lock *l, const char *name);
void gup_linux_read_unlock(struct gup_linux_lock *l, const char *name);
/* A section that may not sleep, without a lock. */
void gup_linux_atomic_begin(void);
void gup_linux_atomic_end(const char *name);
void gup_linux_might_sleep(const char *file, int line);
#define might_sleep() gup_linux_might_sleep(__FILE__, __LINE__)
#define cond_resched() (might_sleep(), gup_test_point())
/* In a loop around a condition that somebody else makes true. */
#define cpu_relax() gup_test_stall("cpu_relax")

typedef struct gup_linux_lock spinlock_t, rwlock_t;
struct mutex {
	struct gup_linux_lock lock;
};
struct rw_semaphore {
	struct gup_linux_lock lock;
};
struct completion {
	unsigned int done;
};

#define COMPAT_UNLOCKED                                                                                                \
	{                                                                                                              \
		0                                                                                                      \
	}
#define DEFINE_SPINLOCK(name) spinlock_t name = COMPAT_UNLOCKED
#define DEFINE_MUTEX(name) struct mutex name = { COMPAT_UNLOCKED }
#define spin_lock_init(l) (*(l) = (spinlock_t)COMPAT_UNLOCKED)
#define spin_lock(l) gup_linux_lock(l, GUP_LINUX_SPIN, #l)
#define spin_trylock(l) gup_linux_trylock(l, GUP_LINUX_SPIN)
#define spin_unlock(l) gup_linux_unlock(l, GUP_LINUX_SPIN, #l)
#define spin_lock_irq spin_lock
#define spin_unlock_irq spin_unlock
#define spin_lock_bh spin_lock
#define spin_unlock_bh spin_unlock
#define spin_lock_irqsave(l, flags) ((flags) = 0, spin_lock(l))
#define spin_unlock_irqrestore(l, flags) ((void)(flags), spin_unlock(l))
#define local_irq_save(flags) ((flags) = 0, gup_linux_atomic_begin())
#define local_irq_restore(flags) ((void)(flags), gup_linux_atomic_end("local_irq_restore"))
#define rcu_read_lock() gup_linux_atomic_begin()
#define rcu_read_unlock() gup_linux_atomic_end("rcu_read_unlock")
#define rcu_dereference_raw(p) READ_ONCE(p)
#define rcu_dereference(p) READ_ONCE(p)
#define rcu_assign_pointer(p, v) WRITE_ONCE(p, v)
#define RCU_INIT_POINTER(p, v) ((p) = (v))
#define __rcu_dereference_raw rcu_dereference_raw

#define mutex_init(m) (*(m) = (struct mutex){ COMPAT_UNLOCKED })
#define mutex_lock(m) gup_linux_lock(&(m)->lock, GUP_LINUX_SLEEPING, #m)
#define mutex_trylock(m) gup_linux_trylock(&(m)->lock, GUP_LINUX_SLEEPING)
#define mutex_unlock(m) gup_linux_unlock(&(m)->lock, GUP_LINUX_SLEEPING, #m)
#define mutex_lock_interruptible(m) (mutex_lock(m), 0)
#define mutex_lock_killable(m) mutex_lock_interruptible(m)
#define mutex_is_locked(m) ((m)->lock.owner != NULL)
#define mutex_destroy(m) WARN_ON(mutex_is_locked(m))
#define lockdep_assert_held(m) WARN_ON(!(m)->lock.owner)
#define init_rwsem(s) (*(s) = (struct rw_semaphore){ COMPAT_UNLOCKED })
#define down_write(s) gup_linux_lock(&(s)->lock, GUP_LINUX_SLEEPING, #s)
#define up_write(s) gup_linux_unlock(&(s)->lock, GUP_LINUX_SLEEPING, #s)
#define down_read(s) gup_linux_read_lock(&(s)->lock, #s)
#define up_read(s) gup_linux_read_unlock(&(s)->lock, #s)

/* The last reference goes with the lock held. */
static inline bool refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *m)
{
	mutex_lock(m);
	if (refcount_dec_and_test(r))
		return true;
	mutex_unlock(m);
	return false;
}

static inline bool refcount_dec_and_lock(refcount_t *r, spinlock_t *l)
{
	spin_lock(l);
	if (refcount_dec_and_test(r))
		return true;
	spin_unlock(l);
	return false;
}

#define init_completion(c) ((c)->done = 0)
#define complete(c) (gup_test_point(), (c)->done++)
#define complete_all(c) (gup_test_point(), (c)->done = UINT_MAX / 2)
#define wait_for_completion(c)                                                                                         \
	({                                                                                                             \
		might_sleep();                                                                                         \
		while (!READ_ONCE((c)->done))                                                                          \
			gup_test_stall("wait_for_completion(" #c ")");                                                 \
		(c)->done--;                                                                                           \
	})

#endif
