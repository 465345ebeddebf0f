/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/police.c - the rules of the port contract, seen to.
 *
 * Each fiber has a list of the locks that it holds and of the frames that its read section has looked at. A finding is
 * one sentence; with nobody to receive it, it stops the program.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "inside.h"

void gup_sim_set_complain(gup_sim_complain_fn *fn, void *ctx)
{
	gup_sim.complain = fn;
	gup_sim.complain_ctx = ctx;
}

const char *gup_sim_place(const void *site, char *buf, size_t size)
{
	if (!site || !gup_port_site(site, buf, size))
		snprintf(buf, size, "an unknown place");
	return buf;
}

static void log_and_stop(const void *site, const char *text)
{
	char line[GUP_SIM_TEXT + GUP_SIM_SITE + 8], place[GUP_SIM_SITE];

	snprintf(line, sizeof(line), "%s, at %s", text, gup_sim_place(site, place, sizeof(place)));
	gup_port_log(line);
	abort();
}

void gup_sim_complain(enum gup_sim_finding kind, const void *site, const char *fmt, ...)
{
	char text[GUP_SIM_TEXT];
	int64_t fuel = gup_sim_hush();
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (gup_sim.complain)
		gup_sim.complain(gup_sim.complain_ctx, kind, site, text);
	else
		log_and_stop(site, text);
	gup_sim_unhush(fuel);
}

/* Locks */

void gup_sim_hold(const void *lock, enum gup_sim_held_kind kind, const char *name, const void *site)
{
	struct gup_sim_actor *me = gup_sim.current;
	struct gup_sim_held held = { lock, kind, name, site };

	if (me->nr_held == GUP_SIM_HELD)
		gup_port_panic(__FILE__, __LINE__, "a fiber holds more locks than can be remembered");
	gup_sim_order_note(&held);
	me->held[me->nr_held++] = held;
	me->nr_locks += kind == GUP_SIM_HELD_LOCK;
}

bool gup_sim_holds(const struct gup_sim_actor *actor, const void *lock)
{
	unsigned int i;

	for (i = 0; i < actor->nr_held; i++)
		if (actor->held[i].lock == lock)
			return true;
	return false;
}

static const char *holder_of(const void *lock)
{
	unsigned int i;

	for (i = 0; i <= gup_sim.nr; i++)
		if (gup_sim_holds(&gup_sim.actors[i], lock))
			return gup_sim.actors[i].name;
	return "nobody";
}

static const char *const manner_of_holding[] = { "", " for reading", " for writing" };

bool gup_sim_let_go(const void *lock, enum gup_sim_held_kind kind, const void *site)
{
	struct gup_sim_actor *me = gup_sim.current;
	unsigned int i = me->nr_held;

	while (i > 0 && (me->held[i - 1].lock != lock || me->held[i - 1].kind != kind))
		i--;
	if (!i) {
		gup_sim_complain(GUP_SIM_MISUSE, site,
				 "\"%s\" releases a lock that it does not hold%s; it is held by %s", me->name,
				 manner_of_holding[kind], holder_of(lock));
		return false;
	}
	me->nr_locks -= kind == GUP_SIM_HELD_LOCK;
	for (me->nr_held--; i <= me->nr_held; i++)
		me->held[i - 1] = me->held[i];
	return true;
}

void gup_sim_nothing_held(struct gup_sim_actor *actor)
{
	const struct gup_sim_held *held;

	while (actor->nr_held) {
		held = &actor->held[--actor->nr_held];
		gup_sim_complain(GUP_SIM_MISUSE, held->site, "\"%s\" has ended and still holds a lock%s", actor->name,
				 manner_of_holding[held->kind]);
		gup_sim_force_open(held);
	}
	actor->nr_locks = 0;
	if (!actor->sections)
		return;
	gup_sim_complain(GUP_SIM_MISUSE, actor->section_site, "\"%s\" has ended within a read section", actor->name);
	actor->sections = 0;
	actor->nr_touched = 0;
	if (gup_sim.open_sections)
		gup_sim.open_sections--;
}

void gup_sim_may_sleep(const char *what, const void *site)
{
	const struct gup_sim_actor *me = gup_sim.current;
	char place[GUP_SIM_SITE];
	unsigned int i;

	if (me->sections)
		gup_sim_complain(GUP_SIM_MISUSE, site,
				 "\"%s\" %s, which may sleep, inside a read section that it began at %s", me->name,
				 what, gup_sim_place(me->section_site, place, sizeof(place)));
	if (!me->nr_locks)
		return;
	for (i = 0; me->held[i].kind != GUP_SIM_HELD_LOCK; i++)
		;
	gup_sim_complain(GUP_SIM_MISUSE, site, "\"%s\" %s, which may sleep, with a short lock held that it took at %s",
			 me->name, what, gup_sim_place(me->held[i].site, place, sizeof(place)));
}

/* Frames that read sections look at */

void gup_sim_watch(const void *base, uint64_t pages, gup_sim_watch_fn *fn, void *ctx)
{
	gup_sim.watched = base;
	gup_sim.watched_pages = pages;
	gup_sim.watch = base ? fn : NULL;
	gup_sim.watch_ctx = ctx;
}

void gup_sim_touch(const volatile void *at)
{
	struct gup_sim_actor *me = gup_sim.current;
	uint64_t page = (uint64_t)((const volatile char *)at - gup_sim.watched) >> GUP_PAGE_SHIFT;
	unsigned int i, owner;
	char place[GUP_SIM_SITE];

	if (!me->sections || page >= gup_sim.watched_pages)
		return;
	for (i = 0; i < me->nr_touched; i++)
		if (me->touched[i].page == page)
			return;
	owner = gup_sim.watch(gup_sim.watch_ctx, page);
	if (!owner)
		gup_sim_complain(
			GUP_SIM_MISUSE, me->site,
			"\"%s\" reads frame %#llx, which is free or somebody else's, in a read section that it "
			"began at %s",
			me->name, (unsigned long long)page, gup_sim_place(me->section_site, place, sizeof(place)));
	else if (me->nr_touched < GUP_SIM_TOUCHED)
		me->touched[me->nr_touched++] = (struct gup_sim_touched){ page, owner };
}

static void check_reader(struct gup_sim_actor *reader)
{
	struct gup_sim_touched *touched;
	char place[GUP_SIM_SITE];
	unsigned int i;

	for (i = 0; i < reader->nr_touched; i++) {
		touched = &reader->touched[i];
		if (gup_sim.watch(gup_sim.watch_ctx, touched->page) == touched->owner)
			continue;
		gup_sim_complain(
			GUP_SIM_MISUSE, gup_sim.current->site,
			"\"%s\" has freed frame %#llx, which \"%s\" looks at in a read section that it began at %s",
			gup_sim.current->name, (unsigned long long)touched->page, reader->name,
			gup_sim_place(reader->section_site, place, sizeof(place)));
		*touched-- = reader->touched[--reader->nr_touched];
		i--;
	}
}

void gup_sim_check_touched(void)
{
	unsigned int i;

	for (i = 1; i <= gup_sim.nr; i++)
		check_reader(&gup_sim.actors[i]);
}

/* Who waits for what */

int gup_sim_say_wait(const struct gup_sim_actor *actor, char *buf, size_t size)
{
	const struct gup_port_rwlock *l = actor->waits_for;
	const char *holder;

	switch (actor->state) {
	case GUP_SIM_FOR_LOCK:
		return snprintf(buf, size, "waits for a lock held by \"%s\"", holder_of(actor->waits_for));
	case GUP_SIM_FOR_READ:
	case GUP_SIM_FOR_WRITE:
		holder = holder_of(l);
		return snprintf(buf, size, "wants a lock for %s that \"%s\" holds for %s",
				actor->state == GUP_SIM_FOR_READ ? "reading" : "writing", holder,
				l->writer ? "writing" : "reading");
	case GUP_SIM_FOR_WAKE:
		return snprintf(buf, size, "waits to be woken");
	case GUP_SIM_FOR_TIME:
		return snprintf(buf, size, "sleeps");
	case GUP_SIM_FOR_GRACE:
		return snprintf(buf, size, "waits for a grace period");
	case GUP_SIM_FOR_OTHERS:
		return snprintf(buf, size, "waits for %s", actor->what);
	default:
		return snprintf(buf, size, "runs");
	}
}

void gup_sim_report_stuck(const char *why)
{
	unsigned int first = gup_sim.nr ? 1 : 0, i;
	char text[GUP_SIM_TEXT] = "", wait[GUP_SIM_SITE], place[GUP_SIM_SITE];
	size_t used = 0;

	for (i = first; i <= gup_sim.nr && used < sizeof(text); i++) {
		const struct gup_sim_actor *actor = &gup_sim.actors[i];

		if (actor->state == GUP_SIM_ENDED)
			continue;
		gup_sim_say_wait(actor, wait, sizeof(wait));
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s \"%s\" %s, at %s", used ? ";" : "",
					 actor->name, wait, gup_sim_place(actor->site, place, sizeof(place)));
	}
	gup_sim_complain(GUP_SIM_DEADLOCK, gup_sim.current->site, "%s:%s", why, text);
}
