/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/order.c - the order in which locks are taken, learned from what fibers do.
 *
 * Two actors that take two kinds of locks in opposite orders will wait for each other some day, also if they have not
 * today. Each taking of a lock with another one held is an edge between their kinds; an edge that closes a circle is a
 * finding, with both places. A kind is the expression that the core writes for the lock, without what leads to the
 * structure: "zone->lock". Locks of one kind are let alone, and so is what was learned before gup_sim_reset(): a
 * finding must not depend on plays that are not replayed. The lock of a folio is a bit of its flags, which the host does
 * not know as a lock: it is in no edge.
 */
#include <stdio.h>
#include <string.h>

#include "inside.h"

#define MAX_EDGES 128u

struct edge {
	const char *outer, *inner; /* kinds */
	const void *outer_site, *inner_site;
};

static struct edge edges[MAX_EDGES];
static unsigned int nr_edges;

void gup_sim_order_reset(void)
{
	nr_edges = 0;
}

/* Behind the last "->", with the structure's own name if that is all that tells it from other locks. */
static const char *kind_of(const char *name)
{
	const char *end = strrchr(name, '>'), *at;

	if (!end || strcmp(end + 1, "lock"))
		return end ? end + 1 : name;
	for (at = end - 1; at > name && at[-1] != '>' && at[-1] != '&' && at[-1] != '.'; at--)
		;
	return at;
}

static bool same(const char *a, const char *b)
{
	return a == b || !strcmp(a, b);
}

static bool known(const char *outer, const char *inner)
{
	unsigned int i;

	for (i = 0; i < nr_edges; i++)
		if (same(edges[i].outer, outer) && same(edges[i].inner, inner))
			return true;
	return false;
}

/* A way from @from to @to, by edges that are not @used yet; its first edge, or NULL. */
static const struct edge *way(const char *from, const char *to, bool used[MAX_EDGES])
{
	unsigned int i;

	for (i = 0; i < nr_edges; i++) {
		if (used[i] || !same(edges[i].outer, from))
			continue;
		used[i] = true;
		if (same(edges[i].inner, to) || way(edges[i].inner, to, used))
			return &edges[i];
	}
	return NULL;
}

static void report(const struct edge *now, const struct edge *before)
{
	char held[GUP_SIM_SITE], outer[GUP_SIM_SITE], inner[GUP_SIM_SITE];

	gup_sim_complain(GUP_SIM_MISUSE, now->inner_site,
			 "\"%s\" takes %s with %s held, taken at %s; the other way round, %s was taken at %s with %s "
			 "held, taken at %s",
			 gup_sim.current->name, now->inner, now->outer,
			 gup_sim_place(now->outer_site, held, sizeof(held)), before->inner,
			 gup_sim_place(before->inner_site, inner, sizeof(inner)), before->outer,
			 gup_sim_place(before->outer_site, outer, sizeof(outer)));
}

static void note(const struct edge *edge)
{
	bool used[MAX_EDGES] = { false };
	const struct edge *back;

	if (same(edge->outer, edge->inner) || known(edge->outer, edge->inner) || nr_edges == MAX_EDGES)
		return;
	back = way(edge->inner, edge->outer, used);
	edges[nr_edges++] = *edge;
	if (back)
		report(edge, back);
}

void gup_sim_order_note(const struct gup_sim_held *lock)
{
	const struct gup_sim_actor *me = gup_sim.current;
	unsigned int i;

	for (i = 0; i < me->nr_held; i++)
		note(&(struct edge){ kind_of(me->held[i].name), kind_of(lock->name), me->held[i].site, lock->site });
}
