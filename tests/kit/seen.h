/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kit/seen.h - what the kit reported: kept, so that a test can ask for exactly these findings.
 *
 * "$NAME" in an expected sentence stands for the site of a call of the recorder, which seen.c knows by the line that
 * was noted, "#" for any number.
 */
#ifndef SEEN_H
#define SEEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "recorder.h"

#define SEEN_MAX 64

struct seen {
	enum gup_test_finding finding;
	char text[800], taken[200], released[200];
	uint64_t count, schedule;
};

extern struct seen seen[SEEN_MAX];
extern unsigned int nr_seen;

/* For gup_test_spec.report. */
void seen_report(void *context, const struct gup_test_report *report);
void seen_forget(void);

/* The @i-th report is this one. @taken and @released: names as in a sentence, or "". */
struct expected {
	enum gup_test_finding finding;
	uint64_t count;
	const char *taken, *released, *text;
};

void seen_expect(unsigned int i, const struct expected *expected);
/* No finding, and if there is one say it. */
void seen_nothing(void);

/* A spec whose reports are seen. */
struct gup_test_spec seen_spec(enum gup_test_memory memory);
/* Play any scenario once. */
void seen_play(enum gup_test_memory memory, gup_test_scenario scenario);
/* The one report: it begins with this, and has that in it. */
void seen_one(enum gup_test_finding finding, uint64_t count, const char *begins, const char *contains);

/* Play the recorder with a mistake, once or with all failures; checks what both calls promise of their results. */
struct gup_test_result seen_run(enum gup_test_memory memory, enum mistake which);
struct gup_test_result seen_sweep(enum gup_test_memory memory, enum gup_contract_id contract, enum mistake which);

#endif
