/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/lock.c - locks that know their holder, and what may not be done while they are held.
 *
 * Actors are fibers of one thread, so a lock is a few plain words; who cannot have it lets others run.
 */
#include "runtime.h"

static void complain(const void *site, const char *name, const char *what)
{
	gup_test_complain(gup_linux_test, GUP_TEST_MISUSE, site, "%s: %s", name, what);
}

void gup_linux_might_sleep(const char *file, int line)
{
	if (gup_linux_thread()->atomic)
		gup_test_complain(gup_linux_test, GUP_TEST_MISUSE, NULL,
				  "%s:%d may sleep, but a spinlock is held or preemption is off", file, line);
}

static void count_held(enum gup_linux_lock_kind kind, int change)
{
	if (kind == GUP_LINUX_SPIN)
		gup_linux_thread()->atomic += change;
	else
		gup_linux_thread()->sleeping += change;
}

static void before_waiting(enum gup_linux_lock_kind kind, const char *name, const void *site)
{
	gup_test_point();
	if (kind == GUP_LINUX_SLEEPING && gup_linux_thread()->atomic)
		complain(site, name, "may sleep, but a spinlock is held or preemption is off");
}

void gup_linux_lock(struct gup_linux_lock *l, enum gup_linux_lock_kind kind, const char *name)
{
	before_waiting(kind, name, CALLER);
	if (l->owner == gup_linux_thread())
		complain(CALLER, name, "taken twice by the same thread");
	while (l->owner || l->readers)
		gup_test_stall(name);
	l->owner = gup_linux_thread();
	count_held(kind, 1);
}

bool gup_linux_trylock(struct gup_linux_lock *l, enum gup_linux_lock_kind kind)
{
	gup_test_point();
	if (l->owner || l->readers)
		return false;
	l->owner = gup_linux_thread();
	count_held(kind, 1);
	return true;
}

void gup_linux_unlock(struct gup_linux_lock *l, enum gup_linux_lock_kind kind, const char *name)
{
	if (l->owner != gup_linux_thread()) {
		complain(CALLER, name, "released by a thread that does not hold it");
		return;
	}
	l->owner = NULL;
	count_held(kind, -1);
	gup_test_point();
}

void gup_linux_read_lock(struct gup_linux_lock *l, const char *name)
{
	before_waiting(GUP_LINUX_SLEEPING, name, CALLER);
	while (l->owner)
		gup_test_stall(name);
	l->readers++;
	count_held(GUP_LINUX_SLEEPING, 1);
}

void gup_linux_read_unlock(struct gup_linux_lock *l, const char *name)
{
	if (!l->readers) {
		complain(CALLER, name, "released by a thread that does not hold it");
		return;
	}
	l->readers--;
	count_held(GUP_LINUX_SLEEPING, -1);
	gup_test_point();
}

void gup_linux_atomic_begin(void)
{
	gup_linux_thread()->atomic++;
	gup_test_point();
}

void gup_linux_atomic_end(const char *name)
{
	if (!gup_linux_thread()->atomic) {
		complain(CALLER, name, "ends what nobody began");
		return;
	}
	gup_linux_thread()->atomic--;
	gup_test_point();
}
