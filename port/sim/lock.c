/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/lock.c - locks and read sections of fibers.
 *
 * A lock that is held makes the fiber wait until it is free; who gets it then is the plan's choice. A fiber that takes
 * what it holds already is reported, and goes on as if it could: it would wait for itself for ever.
 */
#include "inside.h"

static uint32_t me_plus_one(void)
{
	return gup_sim.current->number + 1;
}

static void report_twice(const void *lock, const void *site)
{
	const struct gup_sim_actor *me = gup_sim.current;
	char since[GUP_SIM_SITE];
	unsigned int i;

	for (i = 0; i < me->nr_held && me->held[i].lock != lock; i++)
		;
	gup_sim_complain(GUP_SIM_MISUSE, site, "\"%s\" takes a lock that it holds already, taken at %s", me->name,
			 gup_sim_place(me->held[i].site, since, sizeof(since)));
}

static void not_in_section(const char *what, const void *site)
{
	char since[GUP_SIM_SITE];

	if (gup_sim.current->sections)
		gup_sim_complain(GUP_SIM_MISUSE, site, "\"%s\" %s inside a read section that it began at %s",
				 gup_sim.current->name, what,
				 gup_sim_place(gup_sim.current->section_site, since, sizeof(since)));
}

void gup_sim_lock(struct gup_port_lock *l, const char *name)
{
	const void *site = GUP_SIM_SITE_HERE;

	gup_sim_point_at(GUP_SIM_LOCK, l, site);
	not_in_section("takes a lock", site);
	if (gup_sim_holds(gup_sim.current, l))
		report_twice(l, site);
	else
		while (l->word)
			gup_sim_block(GUP_SIM_FOR_LOCK, l, UINT64_MAX);
	l->word = me_plus_one();
	gup_sim_hold(l, GUP_SIM_HELD_LOCK, name, site);
	gup_sim_changes++;
}

void gup_sim_unlock(struct gup_port_lock *l)
{
	const void *site = GUP_SIM_SITE_HERE;

	gup_sim_point_at(GUP_SIM_UNLOCK, l, site);
	gup_sim_stores_visible();
	if (!gup_sim_let_go(l, GUP_SIM_HELD_LOCK, site) || gup_sim_holds(gup_sim.current, l))
		return;
	l->word = 0;
	gup_sim_changes++;
	gup_sim_look_again();
}

void gup_sim_rwlock_init(struct gup_port_rwlock *l)
{
	l->readers = l->writer = 0;
}

void gup_sim_rwlock_destroy(struct gup_port_rwlock *l)
{
	if (l->readers || l->writer)
		gup_sim_complain(GUP_SIM_MISUSE, GUP_SIM_SITE_HERE, "\"%s\" destroys a lock that is held",
				 gup_sim.current->name);
}

void gup_sim_read_lock(struct gup_port_rwlock *l, const char *name)
{
	const void *site = GUP_SIM_SITE_HERE;

	gup_sim_point_at(GUP_SIM_READ_LOCK, l, site);
	gup_sim_may_sleep("takes a sleeping lock", site);
	if (gup_sim_holds(gup_sim.current, l))
		report_twice(l, site);
	else
		while (l->writer)
			gup_sim_block(GUP_SIM_FOR_READ, l, UINT64_MAX);
	l->readers++;
	gup_sim_hold(l, GUP_SIM_HELD_READ, name, site);
	gup_sim_changes++;
}

void gup_sim_read_unlock(struct gup_port_rwlock *l)
{
	const void *site = GUP_SIM_SITE_HERE;

	gup_sim_point_at(GUP_SIM_READ_UNLOCK, l, site);
	gup_sim_stores_visible();
	if (!gup_sim_let_go(l, GUP_SIM_HELD_READ, site))
		return;
	l->readers--;
	gup_sim_changes++;
	gup_sim_look_again();
}

void gup_sim_write_lock(struct gup_port_rwlock *l, const char *name)
{
	const void *site = GUP_SIM_SITE_HERE;

	gup_sim_point_at(GUP_SIM_WRITE_LOCK, l, site);
	gup_sim_may_sleep("takes a sleeping lock", site);
	if (gup_sim_holds(gup_sim.current, l))
		report_twice(l, site);
	else
		while (l->writer || l->readers)
			gup_sim_block(GUP_SIM_FOR_WRITE, l, UINT64_MAX);
	l->writer = me_plus_one();
	gup_sim_hold(l, GUP_SIM_HELD_WRITE, name, site);
	gup_sim_changes++;
}

static bool holds_for_writing(const struct gup_port_rwlock *l)
{
	const struct gup_sim_actor *me = gup_sim.current;
	unsigned int i;

	for (i = 0; i < me->nr_held; i++)
		if (me->held[i].lock == l && me->held[i].kind == GUP_SIM_HELD_WRITE)
			return true;
	return false;
}

void gup_sim_write_unlock(struct gup_port_rwlock *l)
{
	const void *site = GUP_SIM_SITE_HERE;

	gup_sim_point_at(GUP_SIM_WRITE_UNLOCK, l, site);
	gup_sim_stores_visible();
	if (!gup_sim_let_go(l, GUP_SIM_HELD_WRITE, site) || holds_for_writing(l))
		return;
	l->writer = 0;
	gup_sim_changes++;
	gup_sim_look_again();
}

/* Its holder is gone, and has been reported. */
void gup_sim_force_open(const struct gup_sim_held *held)
{
	if (held->kind == GUP_SIM_HELD_LOCK)
		((struct gup_port_lock *)(uintptr_t)held->lock)->word = 0;
	else if (held->kind == GUP_SIM_HELD_WRITE)
		((struct gup_port_rwlock *)(uintptr_t)held->lock)->writer = 0;
	else
		((struct gup_port_rwlock *)(uintptr_t)held->lock)->readers--;
}

/* Read sections */

void gup_sim_section_begin(void)
{
	struct gup_sim_actor *me = gup_sim.current;
	const void *site = GUP_SIM_SITE_HERE;

	gup_sim_point_at(GUP_SIM_SECTION, NULL, site);
	if (me->sections++)
		return;
	me->section++;
	me->section_site = site;
	me->nr_touched = 0;
	gup_sim.open_sections++;
	gup_sim_refuel();
}

void gup_sim_section_end(void)
{
	struct gup_sim_actor *me = gup_sim.current;
	const void *site = GUP_SIM_SITE_HERE;

	gup_sim_point_at(GUP_SIM_SECTION_END, NULL, site);
	if (!me->sections) {
		gup_sim_complain(GUP_SIM_MISUSE, site, "\"%s\" ends a read section that it has not begun", me->name);
		return;
	}
	if (--me->sections)
		return;
	me->nr_touched = 0;
	gup_sim.open_sections--;
	gup_sim_changes++;
	gup_sim_refuel();
	gup_sim_look_again();
}

/* Every other fiber passes a full barrier. */
static void flush_others(void)
{
	unsigned int i;

	for (i = 1; i <= gup_sim.nr; i++)
		if (&gup_sim.actors[i] != gup_sim.current)
			gup_sim_stores_flush(&gup_sim.actors[i]);
}

void gup_port_rcu_synchronize(void)
{
	struct gup_sim_actor *me = gup_sim.current, *other;
	const void *site = GUP_SIM_SITE_HERE;
	bool open = false;
	unsigned int i;

	gup_sim_point_at(GUP_SIM_GRACE, NULL, site);
	gup_sim_may_sleep("waits for a grace period", site);
	gup_sim_stores_visible();
	flush_others();
	for (i = 1; i <= gup_sim.nr; i++) {
		other = &gup_sim.actors[i];
		me->grace[i] = other != me && other->sections ? other->section : 0;
		open = open || me->grace[i];
	}
	if (open)
		gup_sim_block(GUP_SIM_FOR_GRACE, NULL, UINT64_MAX);
	flush_others();
}
