/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/gup_port.h - the deterministic host, the compile-time half: atomics, locks, RCU read sections.
 *
 * Included by mm/host.h only. What each primitive promises is written in port/template/gup_port.h. Here all actors are
 * fibers of one thread. Each operation is a point: the scheduler may let another fiber run before it (sched.c), and
 * then it simply happens; only a relaxed or release store may be seen late by the others (buffer.c). A point at which
 * nothing is due is one subtraction.
 */
#ifndef GUP_PORT_SIM_H
#define GUP_PORT_SIM_H

#include <stdbool.h>
#include <stdint.h>

/* What an actor is about to do at a point; gup_sim_op_name() has the words. */
enum gup_sim_op {
	GUP_SIM_BEGIN,
	GUP_SIM_LOAD,
	GUP_SIM_STORE,
	GUP_SIM_CAS,
	GUP_SIM_FETCH,
	GUP_SIM_LOCK,
	GUP_SIM_UNLOCK,
	GUP_SIM_READ_LOCK,
	GUP_SIM_READ_UNLOCK,
	GUP_SIM_WRITE_LOCK,
	GUP_SIM_WRITE_UNLOCK,
	GUP_SIM_SECTION,
	GUP_SIM_SECTION_END,
	GUP_SIM_GRACE,
	GUP_SIM_WAIT,
	GUP_SIM_WAKE,
	GUP_SIM_SLEEP,
	GUP_SIM_CLOCK,
	GUP_SIM_STALL,
	GUP_SIM_POINT,
	GUP_SIM_NR_OPS,
};

extern int64_t gup_sim_fuel;	  /* points until the scheduler wants to be asked */
extern uint64_t gup_sim_changes;  /* operations after which somebody who waits should look again */
extern unsigned int gup_sim_late; /* stores that not everybody sees yet */

void gup_sim_store_later(volatile void *at, unsigned int bytes, bool release);
void gup_sim_stores_visible(void);

/* The scheduler's turn; its return address is the place of the point. */
void gup_sim_ask(enum gup_sim_op op, const volatile void *at);
/* A point of a function that knows its place. */
void gup_sim_point_at(enum gup_sim_op op, const volatile void *at, const void *site);

#define GUP_SIM_INLINE static inline __attribute__((always_inline, unused))

GUP_SIM_INLINE void *gup_sim_point(enum gup_sim_op op, const volatile void *at)
{
	if (__builtin_expect(--gup_sim_fuel < 0, 0))
		gup_sim_ask(op, at);
	if (op == GUP_SIM_STORE || op == GUP_SIM_FETCH)
		gup_sim_changes++;
	if (op != GUP_SIM_LOAD && __builtin_expect(gup_sim_late != 0, 0))
		gup_sim_stores_visible();
	return (void *)(uintptr_t)at;
}

GUP_SIM_INLINE void *gup_sim_weak_store(volatile void *at, unsigned int bytes, bool release)
{
	if (__builtin_expect(--gup_sim_fuel < 0, 0))
		gup_sim_ask(GUP_SIM_STORE, at);
	gup_sim_changes++;
	gup_sim_store_later(at, bytes, release);
	return (void *)(uintptr_t)at;
}

GUP_SIM_INLINE bool gup_sim_changed(bool changed)
{
	gup_sim_changes += changed;
	return changed;
}

#define GUP_SIM_AT(op, p) ((__typeof__(p))gup_sim_point(op, (p)))

#define GUP_PORT_OWN_SLOTS 1u /* gup_port_slot(): fibers share one that is nobody's own */

#define gup_port_load(p) __atomic_load_n(GUP_SIM_AT(GUP_SIM_LOAD, p), __ATOMIC_RELAXED)
#define gup_port_load_acquire(p) gup_port_load(p)
#define gup_port_load_relaxed(p) gup_port_load(p)
#define gup_port_store(p, v) __atomic_store_n(GUP_SIM_AT(GUP_SIM_STORE, p), (v), __ATOMIC_RELAXED)
#define GUP_SIM_WEAK(p, release) ((__typeof__(p))gup_sim_weak_store((p), sizeof(*(p)), release))
#define gup_port_store_release(p, v) __atomic_store_n(GUP_SIM_WEAK(p, true), (v), __ATOMIC_RELAXED)
#define gup_port_store_relaxed(p, v) __atomic_store_n(GUP_SIM_WEAK(p, false), (v), __ATOMIC_RELAXED)
#define gup_port_cas(p, expected, desired)                                                                             \
	gup_sim_changed(__atomic_compare_exchange_n(GUP_SIM_AT(GUP_SIM_CAS, p), (expected), (desired), false,          \
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
#define gup_port_fetch_add(p, v) __atomic_fetch_add(GUP_SIM_AT(GUP_SIM_FETCH, p), (v), __ATOMIC_RELAXED)
#define gup_port_fetch_sub(p, v) __atomic_fetch_sub(GUP_SIM_AT(GUP_SIM_FETCH, p), (v), __ATOMIC_RELAXED)
#define gup_port_fetch_or(p, v) __atomic_fetch_or(GUP_SIM_AT(GUP_SIM_FETCH, p), (v), __ATOMIC_RELAXED)
#define gup_port_fetch_and(p, v) __atomic_fetch_and(GUP_SIM_AT(GUP_SIM_FETCH, p), (v), __ATOMIC_RELAXED)

void gup_sim_relax(void);
#define gup_port_relax() gup_sim_relax()

/* 0: free; otherwise one more than the number of the fiber that holds it. */
struct gup_port_lock {
	uint32_t word;
};

_Static_assert(sizeof(struct gup_port_lock) == 4, "a lock fits into a frame descriptor");

struct gup_port_rwlock {
	uint32_t readers;
	uint32_t writer; /* as the word of a lock */
};

/* Functions by macro, so that a return address is the core's own line. Locks of one expression are of one kind (order.c). */
void gup_sim_lock(struct gup_port_lock *l, const char *name);
void gup_sim_unlock(struct gup_port_lock *l);
void gup_sim_rwlock_init(struct gup_port_rwlock *l);
void gup_sim_rwlock_destroy(struct gup_port_rwlock *l);
void gup_sim_read_lock(struct gup_port_rwlock *l, const char *name);
void gup_sim_read_unlock(struct gup_port_rwlock *l);
void gup_sim_write_lock(struct gup_port_rwlock *l, const char *name);
void gup_sim_write_unlock(struct gup_port_rwlock *l);
void gup_sim_section_begin(void);
void gup_sim_section_end(void);

#define gup_port_lock_acquire(l) gup_sim_lock(l, #l)
#define gup_port_lock_release(l) gup_sim_unlock(l)
#define gup_port_rwlock_init(l) gup_sim_rwlock_init(l)
#define gup_port_rwlock_destroy(l) gup_sim_rwlock_destroy(l)
#define gup_port_rwlock_read_lock(l) gup_sim_read_lock(l, #l)
#define gup_port_rwlock_read_unlock(l) gup_sim_read_unlock(l)
#define gup_port_rwlock_write_lock(l) gup_sim_write_lock(l, #l)
#define gup_port_rwlock_write_unlock(l) gup_sim_write_unlock(l)
#define gup_port_rcu_read_lock() gup_sim_section_begin()
#define gup_port_rcu_read_unlock() gup_sim_section_end()

#endif
