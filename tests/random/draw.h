/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/draw.h - what the operations draw their arguments with.
 */
#ifndef RANDOM_DRAW_H
#define RANDOM_DRAW_H

#include "program.h"

uint64_t draw_below(struct draw *d, uint64_t below);
bool draw_one_in(struct draw *d, unsigned int n);
/* A row of a table, by weight. */
unsigned int draw_word(struct draw *d, const struct word *table, unsigned int nr);
unsigned int draw_prot(struct draw *d);
/* Up to @most pages that are mapped, or of any kind now and then. */
void draw_range(struct draw *d, struct step *s, unsigned int most);
/* Somewhere. */
void draw_place(struct draw *d, struct step *s, unsigned int most);
/* A process that is not there yet; a pin that is held, or free. False if there is none. */
bool draw_process(struct draw *d, struct step *s);
bool draw_slot(struct draw *d, struct step *s, bool held);
/* The range is mapped from now on, or not. */
void draw_map(struct draw *d, const struct step *s, bool mapped);

#endif
