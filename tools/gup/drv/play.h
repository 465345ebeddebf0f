/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/drv/play.h - act 4's half that runs on the deterministic host: a library of its own, since a program has one
 * host. Nothing but these functions is seen of it from outside.
 */
#ifndef GUP_TOOL_DRV_PLAY_H
#define GUP_TOOL_DRV_PLAY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct gup_drv_outcome - what a driver was caught at
 * @runs:      machines on which it was played
 * @findings:  what was found, all kinds
 * @text:      the first finding that matters, one sentence; "" if none
 * @schedule:  the schedule that shows it, 0 where there are no schedules
 */
struct gup_drv_outcome {
	uint64_t runs;
	uint64_t findings;
	char text[512];
	uint64_t schedule;
};

/* Seen outside of the library that they are in. */
#pragma GCC visibility push(default)

/** gup_drv_fail_each() - let everything that can fail do so, once each. @fixed: the driver without its bugs. */
void gup_drv_fail_each(bool fixed, struct gup_drv_outcome *out);

/** gup_drv_schedules() - stop, the card and another program in up to @count different orders. */
void gup_drv_schedules(bool fixed, uint64_t count, struct gup_drv_outcome *out);

/** gup_drv_replay() - one order again, with the driver's bugs and with its trace on stderr. */
void gup_drv_replay(uint64_t schedule, struct gup_drv_outcome *out);

#pragma GCC visibility pop

#endif
