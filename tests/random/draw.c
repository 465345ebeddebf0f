/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/draw.c - steps from a seed.
 *
 * A rough model of what is mapped makes most steps meet something. One in eight does not ask it: it hits holes, crosses
 * ends or is misaligned. The model may be wrong, since calls fail; that costs nothing but sense.
 */
#include "draw.h"

uint64_t draw_below(struct draw *d, uint64_t below)
{
	uint64_t z = d->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

bool draw_one_in(struct draw *d, unsigned int n)
{
	return draw_below(d, n) == 0;
}

/* One of those for which @is says so, or the number of them all. */
static unsigned int draw_among(struct draw *d, const bool *is, unsigned int nr)
{
	unsigned int first = (unsigned int)draw_below(d, nr), i;

	for (i = 0; i < nr; i++)
		if (is[(first + i) % nr])
			return (first + i) % nr;
	return nr;
}

unsigned int draw_word(struct draw *d, const struct word *table, unsigned int nr)
{
	unsigned int all = 0, at, i;

	for (i = 0; i < nr; i++)
		all += table[i].weight;
	at = (unsigned int)draw_below(d, all);
	for (i = 0; at >= table[i].weight; i++)
		at -= table[i].weight;
	return i;
}

unsigned int draw_prot(struct draw *d)
{
	static const struct word prots[] = {
		{ "", 6, GUP_PROT_READ | GUP_PROT_WRITE },
		{ "", 3, GUP_PROT_READ },
		{ "", 1, GUP_PROT_WRITE },
		{ "", 1, 0 },
	};

	return prots[draw_word(d, prots, 4)].gup;
}

static void draw_fresh(struct draw *d, struct step *s, unsigned int most)
{
	s->page = (unsigned int)draw_below(d, PAGES);
	s->nr = 1 + (unsigned int)draw_below(d, most);
}

void draw_range(struct draw *d, struct step *s, unsigned int most)
{
	unsigned int page = draw_among(d, d->mapped[s->who], PAGES);

	draw_fresh(d, s, most);
	if (!draw_one_in(d, 8) && page < PAGES) {
		s->page = page;
		while (s->nr > 1 && (page + s->nr > PAGES || !d->mapped[s->who][page + s->nr - 1]))
			s->nr--;
	}
	if (s->page + s->nr > PAGES)
		s->nr = PAGES - s->page;
	if (draw_one_in(d, 40))
		s->skew = 8 * (1 + (unsigned int)draw_below(d, PAGE / 8 - 1));
}

void draw_place(struct draw *d, struct step *s, unsigned int most)
{
	draw_fresh(d, s, most);
	if (s->page + s->nr > PAGES)
		s->nr = PAGES - s->page;
	if (draw_one_in(d, 60))
		s->skew = 512;
	if (draw_one_in(d, 60))
		s->nr = 0;
}

bool draw_process(struct draw *d, struct step *s)
{
	s->slot = 1;
	while (s->slot < PROCESSES && d->alive[s->slot])
		s->slot++;
	return s->slot < PROCESSES;
}

bool draw_slot(struct draw *d, struct step *s, bool held)
{
	bool is[PINS];
	unsigned int i;

	for (i = 0; i < PINS; i++)
		is[i] = (d->pinned[i] != 0) == held;
	s->slot = draw_among(d, is, PINS);
	return s->slot < PINS;
}

void draw_map(struct draw *d, const struct step *s, bool mapped)
{
	for (unsigned int i = 0; i < s->nr && !s->skew; i++)
		d->mapped[s->who][s->page + i] = mapped;
}

static const struct op *draw_op(struct draw *d)
{
	unsigned int all = 0, at, i;

	for (i = 0; i < nr_ops; i++)
		all += ops[i].weight;
	at = (unsigned int)draw_below(d, all);
	for (i = 0; at >= ops[i].weight; i++)
		at -= ops[i].weight;
	return &ops[i];
}

/* Programs begin with mappings, the first row of the table. */
#define BEGINNINGS 3

static void draw_step(struct draw *d, struct step *s)
{
	do {
		*s = (struct step){ .op = d->step < BEGINNINGS ? &ops[0] : draw_op(d), .nr = 1 };
		s->who = draw_among(d, d->alive, PROCESSES);
		s->lane = (unsigned int)draw_below(d, LANES);
		s->value = 0xa0000u + d->step;
	} while (!s->op->draw(d, s));
}

void program_draw(struct program *p, uint64_t seed, unsigned int steps)
{
	struct draw d = { .random = seed * UINT64_C(0xd1342543de82ef95), .alive[0] = true };

	*p = (struct program){ .seed = seed, .nr = steps, .looks = draw_one_in(&d, 8) };
	for (d.step = 0; d.step < steps; d.step++)
		draw_step(&d, &p->steps[d.step]);
}
