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

/* A schedule: where its pre-emptions are, and whether a store was in its buffer at one of them. */
struct schedule {
	struct gup_sim_exact exact;
	bool late;
};

static int explore_from(struct gup_kit_run *run, const struct schedule *schedule, struct gup_test_result *result);

/* One more pre-emption, before @step, for each of the others. Stores that can linger from here on do so in a second turn. */
static int explore_step(struct gup_kit_run *run, const struct schedule *before, u64 step, u8 others,
			struct gup_test_result *result)
{
	bool first_late = !before->late && others & GUP_SIM_LATE_HERE;
	struct schedule next = *before;
	struct gup_sim_move *move = &next.exact.moves[next.exact.nr++];
	unsigned int fiber;
	int err = 0;

	move->step = step;
	next.late = before->late || first_late;
	for (fiber = 0; fiber < GUP_TEST_MAX_ACTORS && !err; fiber++) {
		if (!(others & 1u << fiber))
			continue;
		move->fiber = fiber + 1;
		next.exact.linger = before->exact.linger;
		err = explore_from(run, &next, result);
		next.exact.linger = true;
		if (!err && first_late)
			err = explore_from(run, &next, result);
	}
	return err;
}

/* The schedule itself, and all that begin with it. */
static int explore_from(struct gup_kit_run *run, const struct schedule *schedule, struct gup_test_result *result)
{
	const struct gup_sim_exact *exact = &schedule->exact;
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
			err = explore_step(run, schedule, step, others[step], result);
	free(others);
	return err;
}

int gup_kit_explore(struct gup_kit_run *run, struct gup_test_result *result)
{
	struct schedule schedule = { .late = false };
	unsigned int order, nr = gup_sim_orders(nr_actors(run->play));
	int err = 0;

	for (order = 0; order < nr && !err; order++) {
		schedule.exact.order = order;
		err = explore_from(run, &schedule, result);
	}
	return err;
}
