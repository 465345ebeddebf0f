/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/linux/gup_port.h - Linux user space, the compile-time half: atomics, locks, RCU read sections.
 *
 * Included by mm/host.h only. What each primitive promises is written in port/template/gup_port.h; here is only how
 * Linux keeps the promise: compiler builtins, a futex mutex, a pthread rwlock and liburcu's memb flavour. A program
 * that uses that flavour itself registers a thread before the thread's first call into libgup.
 */
#ifndef GUP_PORT_LINUX_H
#define GUP_PORT_LINUX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__SANITIZE_THREAD__)
#define GUP_PORT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GUP_PORT_TSAN 1
#endif
#endif

/*
 * liburcu's read side is a few instructions. Its header is for programs whose licence fits the LGPL 2.1, and says of these two
 * functions that anybody may inline them; what has inlined them is compiled again for each release of liburcu. The sanitizer
 * must not look into them, since their ordering is made by membarrier(2).
 */
#include <urcu/urcu-memb.h>
#ifdef GUP_PORT_TSAN
#define GUP_PORT_URCU(name) urcu_memb_##name
#else
#include <urcu/static/urcu-memb.h>
#define GUP_PORT_URCU(name) _urcu_memb_##name
#endif

#define GUP_PORT_OWN_SLOTS 63u /* gup_port_slot() */

#define gup_port_load(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define gup_port_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define gup_port_load_relaxed(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define gup_port_store(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define gup_port_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define gup_port_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define gup_port_cas(p, expected, desired)                                                                             \
	__atomic_compare_exchange_n((p), (expected), (desired), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define gup_port_fetch_add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define gup_port_fetch_sub(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define gup_port_fetch_or(p, v) __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define gup_port_fetch_and(p, v) __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)

static inline void gup_port_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#elif defined(__riscv)
	__asm__ volatile(".4byte 0x0100000f" ::: "memory"); /* pause; older assemblers do not know the name */
#endif
}

/* 0: free, 1: held, 2: held and somebody may sleep. */
struct gup_port_lock {
	uint32_t word;
};

_Static_assert(sizeof(struct gup_port_lock) == 4, "a lock fits into a frame descriptor");

void gup_port_lock_contended(struct gup_port_lock *l);
void gup_port_lock_wake(struct gup_port_lock *l);

static inline void gup_port_lock_acquire(struct gup_port_lock *l)
{
	uint32_t free_word = 0;

	if (!__atomic_compare_exchange_n(&l->word, &free_word, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		gup_port_lock_contended(l);
}

static inline void gup_port_lock_release(struct gup_port_lock *l)
{
	if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) == 2)
		gup_port_lock_wake(l);
}

#define GUP_PORT_SPINS 100

struct gup_port_rwlock {
	pthread_rwlock_t lock;
};

void gup_port_rwlock_init(struct gup_port_rwlock *l);

static inline void gup_port_rwlock_destroy(struct gup_port_rwlock *l)
{
	pthread_rwlock_destroy(&l->lock);
}

/* A writer is often gone in less time than going to sleep and being woken takes, so it is given a moment. */
static inline void gup_port_rwlock_read_lock(struct gup_port_rwlock *l)
{
	int i;

	for (i = 0; i < GUP_PORT_SPINS; i++) {
		if (!pthread_rwlock_tryrdlock(&l->lock))
			return;
		gup_port_relax();
	}
	pthread_rwlock_rdlock(&l->lock);
}

static inline void gup_port_rwlock_read_unlock(struct gup_port_rwlock *l)
{
	pthread_rwlock_unlock(&l->lock);
}

static inline void gup_port_rwlock_write_lock(struct gup_port_rwlock *l)
{
	pthread_rwlock_wrlock(&l->lock);
}

static inline void gup_port_rwlock_write_unlock(struct gup_port_rwlock *l)
{
	pthread_rwlock_unlock(&l->lock);
}

/*
 * Two tags tell ThreadSanitizer what a grace period orders: sections that ended before it (done), and what was written
 * before it for sections that begin later (begun). One tag for both would order readers among themselves.
 */
#ifdef GUP_PORT_TSAN
void __tsan_acquire(void *tag);
void __tsan_release(void *tag);
extern char gup_port_rcu_done, gup_port_rcu_begun;
#define GUP_PORT_TSAN_ACQUIRE(tag) __tsan_acquire(tag)
#define GUP_PORT_TSAN_RELEASE(tag) __tsan_release(tag)
#else
#define GUP_PORT_TSAN_ACQUIRE(tag) ((void)0)
#define GUP_PORT_TSAN_RELEASE(tag) ((void)0)
#endif

extern _Thread_local bool gup_port_rcu_registered;
void gup_port_rcu_register(void);

static inline void gup_port_rcu_read_lock(void)
{
	if (__builtin_expect(!gup_port_rcu_registered, 0))
		gup_port_rcu_register();
	GUP_PORT_URCU(read_lock)();
	GUP_PORT_TSAN_ACQUIRE(&gup_port_rcu_begun);
}

static inline void gup_port_rcu_read_unlock(void)
{
	GUP_PORT_TSAN_RELEASE(&gup_port_rcu_done);
	GUP_PORT_URCU(read_unlock)();
}

#endif
