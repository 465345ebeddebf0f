/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/gup_side.h - programs on libgup.
 */
#ifndef RANDOM_GUP_SIDE_H
#define RANDOM_GUP_SIDE_H

#include "ops.h"

/* A machine for programs, with the rules of @kernel. 0 or a negative errno. */
int gup_side_open(struct gup_world *w, uint32_t kernel);
void gup_side_play(struct gup_world *w, const struct program *p, struct trace *out);
void gup_side_close(struct gup_world *w);

#endif
