/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/schedule.h - what schedule.c and explore.c share: playing one schedule.
 */
#ifndef GUP_TESTING_SCHEDULE_H
#define GUP_TESTING_SCHEDULE_H

#include "kit.h"
#include "sim.h"

/* One schedule. */
struct gup_kit_run {
	const struct gup_test_spec *spec;
	const struct gup_test_play *play;
	struct gup_sim_plan plan;
	struct gup_sim_outcome outcome;
	u64 findings;
};

/* 0, or why there is no machine. */
int gup_kit_run_schedule(struct gup_kit_run *run);
/* One that counts; -ENOTRECOVERABLE if there were findings. */
int gup_kit_run_counted(struct gup_kit_run *run, uint64_t number, struct gup_test_result *result);

/* Every schedule with at most as many pre-emptions as the play wants explored. 0, -ENOMEM, -ENOTRECOVERABLE. */
int gup_kit_explore(struct gup_kit_run *run, struct gup_test_result *result);

#endif
