/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/shrink.c - less of a program that shows the same difference.
 *
 * Steps are dropped one at a time, and what is left is made simpler, until nothing more can go. Each attempt is played
 * on both sides, on a new machine.
 */
#include "judge.h"

#include <string.h>

/* The same part of the outcome; of results also the same call and values, or it is another story. */
static bool same_kind(const struct program *p, const struct difference *a, const struct program *q,
		      const struct difference *b)
{
	if (a->part != b->part)
		return false;
	if (a->part == IN_RESULT)
		return p->steps[a->step].op == q->steps[b->step].op && !strcmp(a->kernel, b->kernel) &&
		       !strcmp(a->libgup, b->libgup);
	return true;
}

/* Keeps @less in place of @p if it still differs. */
static bool try(struct judge *j, struct program *p, struct difference *d, const struct program *less)
{
	struct difference found;

	if (!less->nr || judge_program(j, less, &found) || !same_kind(p, d, less, &found))
		return false;
	*p = *less;
	*d = found;
	p->nr = d->step + 1;
	return true;
}

static bool drop_step(struct judge *j, struct program *p, struct difference *d, unsigned int step)
{
	struct program less = *p;

	less.nr--;
	memmove(&less.steps[step], &less.steps[step + 1], (less.nr - step) * sizeof(less.steps[0]));
	return try(j, p, d, &less);
}

#define WAYS 9

/* What keeps its length goes on doing so. Where it changes, only one page is kept, as when it was drawn (ops.c). */
static void shorten(struct step *s, unsigned int nr)
{
	if (s->to_nr == s->nr)
		s->to_nr = nr;
	else if (nr > 1 && s->to_nr > nr)
		return;
	s->nr = nr;
}

/* One way of making a step simpler; false if it is so already. */
static bool simplify(struct step *s, unsigned int way)
{
	struct step old = *s;

	switch (way) {
	case 0:
		shorten(s, s->nr > 1 ? s->nr / 2 : s->nr);
		break;
	case 1:
		shorten(s, s->nr > 1 ? s->nr - 1 : s->nr);
		break;
	case 2:
		s->skew = 0;
		break;
	case 3:
		s->fill = false;
		break;
	case 4:
		s->exact = false;
		break;
	case 5:
		s->prot = GUP_PROT_READ | GUP_PROT_WRITE;
		break;
	case 6:
		s->who = 0;
		break;
	case 7:
		s->to_nr = s->to_nr > s->nr ? s->to_nr - 1 : s->to_nr;
		break;
	default:
		s->lane = 0;
		break;
	}
	return memcmp(&old, s, sizeof(old)) != 0;
}

static bool simplify_step(struct judge *j, struct program *p, struct difference *d, unsigned int step)
{
	struct program less;
	bool changed = false;

	for (unsigned int way = 0; way < WAYS && step < p->nr; way++) {
		less = *p;
		if (simplify(&less.steps[step], way))
			changed |= try(j, p, d, &less);
	}
	return changed;
}

static bool look_less(struct judge *j, struct program *p, struct difference *d)
{
	struct program less = *p;

	less.looks = false;
	return p->looks && try(j, p, d, &less);
}

bool program_shrink(struct judge *j, struct program *p, struct difference *d)
{
	struct program same = *p;
	bool changed = true;

	j->fresh = true;
	if (!try(j, p, d, &same))
		return false;
	while (changed) {
		changed = look_less(j, p, d);
		for (unsigned int i = p->nr; i-- > 0;)
			changed |= i < p->nr && (drop_step(j, p, d, i) || simplify_step(j, p, d, i));
	}
	return true;
}
