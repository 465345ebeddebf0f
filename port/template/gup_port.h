/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/template/gup_port.h - the compile-time half of a port: a manual, and a working port to copy.
 *
 * A port is a folder with this header and the functions of gup/port.h (template.c). The core includes this header
 * through mm/host.h and uses nothing else of its host. This one needs no operating system: locks spin, RCU counts
 * readers. It is correct on any number of CPUs; a real port replaces what is slow there.
 *
 * Blanket rules. Nothing here fails or calls back into the core. "Thread" is whatever runs the core: a thread or a CPU.
 * None of it may be used from an interrupt handler. Zero bytes must be a free lock, since the core finds its locks in
 * zero-filled memory and never initialises them (a gup_port_rwlock is initialised).
 */
#ifndef GUP_PORT_TEMPLATE_H
#define GUP_PORT_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How many slots belong to one thread each (gup_port_slot()), at least 1. A counter of such a slot is raised without a locked
 * operation. Here nobody has one: what interrupts a thread may count as well.
 */
#define GUP_PORT_OWN_SLOTS 1u

/*
 * Atomics
 *
 * Macros over a pointer to a plain u8, u32 or u64; only these access such an object while several threads can see it.
 * Plain names are sequentially consistent: pins, fork and migration rely on one total order of "change a count, then
 * read the entry" here against "change the entry, then read the count" there. There are no stand-alone fences.
 *
 * gup_port_load(p), gup_port_store(p, v)     seq_cst
 * gup_port_load_acquire(p)                   what was written before the matching release is visible afterwards
 * gup_port_store_release(p, v)
 * gup_port_load_relaxed(p), _store_relaxed   no order: statistics, hints, values re-read later
 * gup_port_cas(p, &expected, desired)        bool; strong; seq_cst both ways. Failure writes what was found to expected.
 * gup_port_fetch_add/sub/or/and(p, v)        seq_cst; the value before
 *
 * The core uses the last two on u32 and u64 only: not every CPU can change a byte.
 */
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

/*
 * gup_port_relax() - called in each turn of a loop that waits for another thread's store
 *
 * A scheduler of fibers must switch here, or the loop never ends. Context: any.
 */
static inline void gup_port_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#elif defined(__riscv)
	__asm__ volatile(".4byte 0x0100000f" ::: "memory");
#endif
}

/*
 * struct gup_port_lock - mutual exclusion for short sections
 *
 * Exactly four bytes: it lies in a frame descriptor. Not recursive. The thread that took it gives it back. Acquire and
 * release order as the names say. The holder may take further locks (docs/locking.md has the order), may call
 * gup_port_wake() and, on a host where the lock sleeps, may be descheduled; it never sleeps for a condition. After
 * release() has made the word 0 the memory may belong to somebody else: it must not be touched again. Context: outside
 * RCU read sections.
 */
struct gup_port_lock {
	uint32_t word;
};

_Static_assert(sizeof(struct gup_port_lock) == 4, "a lock fits into a frame descriptor");

static inline void gup_port_lock_acquire(struct gup_port_lock *l)
{
	while (__atomic_exchange_n(&l->word, 1, __ATOMIC_ACQUIRE)) {
		while (gup_port_load_relaxed(&l->word))
			gup_port_relax();
	}
}

static inline void gup_port_lock_release(struct gup_port_lock *l)
{
	gup_port_store_release(&l->word, 0);
}

/*
 * struct gup_port_rwlock - many readers or one writer, for long sections (mmap_lock)
 *
 * The holder may sleep, fault, migrate and wait. Not recursive, not even for reading: a waiting writer keeps new
 * readers out, so that page faults cannot starve mmap(). Any size. init() before use, destroy() when nobody holds it.
 * Context: may sleep; outside RCU read sections and outside gup_port_lock sections.
 */
struct gup_port_rwlock {
	uint32_t readers; /* GUP_PORT_WRITER, or how many read */
	uint32_t waiting; /* writers that want it */
};

#define GUP_PORT_WRITER UINT32_MAX

static inline void gup_port_rwlock_init(struct gup_port_rwlock *l)
{
	gup_port_store_relaxed(&l->readers, 0);
	gup_port_store_relaxed(&l->waiting, 0);
}

static inline void gup_port_rwlock_destroy(struct gup_port_rwlock *l)
{
	(void)l; /* owns nothing */
}

static inline void gup_port_rwlock_read_lock(struct gup_port_rwlock *l)
{
	for (;;) {
		uint32_t readers = gup_port_load_relaxed(&l->readers);

		if (!gup_port_load_relaxed(&l->waiting) && readers != GUP_PORT_WRITER &&
		    gup_port_cas(&l->readers, &readers, readers + 1))
			return;
		gup_port_relax();
	}
}

static inline void gup_port_rwlock_read_unlock(struct gup_port_rwlock *l)
{
	gup_port_fetch_sub(&l->readers, 1);
}

static inline void gup_port_rwlock_write_lock(struct gup_port_rwlock *l)
{
	uint32_t nobody = 0;

	gup_port_fetch_add(&l->waiting, 1);
	while (!gup_port_cas(&l->readers, &nobody, GUP_PORT_WRITER)) {
		nobody = 0;
		gup_port_relax();
	}
	gup_port_fetch_sub(&l->waiting, 1);
}

static inline void gup_port_rwlock_write_unlock(struct gup_port_rwlock *l)
{
	gup_port_store_release(&l->readers, 0);
}

/*
 * RCU read sections - the lockless page walk
 *
 * gup_port_rcu_synchronize() (gup/port.h) returns when every section that had begun before it has ended. What was
 * written before synchronize() is visible to sections that begin after it began and are not waited for; what a section
 * did is visible after the synchronize() that waited for it. Inside a section the core takes no lock, does not sleep,
 * does not allocate or free, and touches no user address; sections may nest.
 *
 * A kernel that owns its CPUs can turn interrupts off here and let synchronize() send an interrupt to every other CPU
 * and wait for all answers, which its TLB shootdown does anyway. This one counts sections in one word.
 */
extern uint32_t gup_port_rcu_sections;

static inline void gup_port_rcu_read_lock(void)
{
	gup_port_fetch_add(&gup_port_rcu_sections, 1);
}

static inline void gup_port_rcu_read_unlock(void)
{
	gup_port_fetch_sub(&gup_port_rcu_sections, 1);
}

#endif
