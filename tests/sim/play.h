/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/play.h - playing the real core in many orders, with what was found kept for the assert.
 */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <gup/gup.h>
#include <gup/testing.h>

#define PAGE GUP_PAGE_SIZE

/* The first report of the last play; "" if there was none. */
extern char play_report[1024];
extern enum gup_test_finding play_finding;

/* Play @play on @memory; more than 0 is the first schedule with a finding. SIM_COUNT in the environment plays more. */
uint64_t play_find(const struct gup_test_play *play, enum gup_test_memory memory);
/* The same; any finding fails the test. */
void play_clean(const char *name, const struct gup_test_play *play, enum gup_test_memory memory);

#endif
