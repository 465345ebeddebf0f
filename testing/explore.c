/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/explore.c - every schedule with at most so many pre-emptions.
 *
 * A schedule is an order of the actors, in which the next one goes on where one cannot, and a list of pre-emptions: before
 * this step, that actor. Each list is played once: the lists that begin with it have their next pre-emption at a later
 * step, and the play itself says where another actor could have gone on. If a store that is not seq_cst was still in its
 * buffer at one of them, the schedule is played once more with stores that stay there.
 */
#include <stdlib.h>
#include <string.h>

#include "schedule.h"

static unsigned int nr_actors(const struct gup_test_play *play)
{
	unsigned int i, nr = 0;

	for (i = 0; i < GUP_TEST_MAX_ACTORS; i++)
		nr += play->actors[i].name != NULL;
	return nr;
}

static int explore_from(struct gup_kit_run *run, struct gup_sim_exact *exact, struct gup_test_result *result);

/* One more pre-emption, before @step. */
static int explore_step(struct gup_kit_run *run, struct gup_sim_exact *exact, u64 step, u8 others,
			struct gup_test_result *result)
{
	struct gup_sim_move *move = &exact->moves[exact->nr];
	bool lingers = exact->linger;
	unsigned int fiber;
	int err = 0;

	exact->nr++;
	move->step = step;
	for (fiber = 0; fiber < GUP_TEST_MAX_ACTORS && !err; fiber++) {
		if (!(others & 1u << fiber))
			continue;
		move->fiber = fiber + 1;
		err = explore_from(run, exact, result);
		exact->linger = true;
		if (!err && !lingers && others & GUP_SIM_LATE_HERE)
			err = explore_from(run, exact, result);
		exact->linger = lingers;
	}
	exact->nr--;
	return err;
}

/* The schedule itself, and all that begin with it. */
static int explore_from(struct gup_kit_run *run, struct gup_sim_exact *exact, struct gup_test_result *result)
{
	u64 first = exact->nr ? exact->moves[exact->nr - 1].step + 1 : 1, step, last;
	u8 *others = exact->nr < run->play->explore ? calloc(1, GUP_SIM_MAX_STEP + 1) : NULL;
	int err;

	if (!others && exact->nr < run->play->explore)
		return -GUP_ENOMEM;
	run->plan.others = others;
	err = gup_kit_run_counted(run, gup_sim_exact_number(exact), result);
	run->plan.others = NULL;
	last = gup_min(run->outcome.steps, GUP_SIM_MAX_STEP);
	for (step = first; others && step <= last && !err; step++)
		if (others[step] & ~GUP_SIM_LATE_HERE)
			err = explore_step(run, exact, step, others[step], result);
	free(others);
	return err;
}

int gup_kit_explore(struct gup_kit_run *run, struct gup_test_result *result)
{
	struct gup_sim_exact exact = { .order = 0 };
	int err = 0;

	for (; exact.order < gup_sim_orders(nr_actors(run->play)) && !err; exact.order++)
		err = explore_from(run, &exact, result);
	return err;
}
