/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/play.c - playing, and how many schedules that was in a second of the processor.
 */
#include <stdlib.h>
#include <time.h>

#include "play.h"

char play_report[1024];
enum gup_test_finding play_finding;

static void keep(void *context, const struct gup_test_report *report)
{
	(void)context;
	if (play_report[0])
		return;
	snprintf(play_report, sizeof(play_report), "%s", report->text);
	play_finding = report->finding;
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

uint64_t play_find(const struct gup_test_play *play, enum gup_test_memory memory)
{
	struct gup_test_spec spec = { .name = "play", .memory = memory, .report = keep };
	struct gup_test_play longer = *play;
	const char *count = getenv("SIM_COUNT");
	struct gup_test_result result = { 0 };
	double begin = cpu_seconds();
	int err;

	play_report[0] = '\0';
	if (count)
		longer.count = strtoull(count, NULL, 0);
	err = gup_test_schedules(&spec, &longer, &result);
	print_message("           %llu schedules, %.0f in a second of the processor\n", (unsigned long long)result.runs,
		      (double)result.runs / (cpu_seconds() - begin));
	assert_int_equal(err, result.findings ? -GUP_ENOTRECOVERABLE : 0);
	return result.schedule;
}

void play_clean(const char *name, const struct gup_test_play *play, enum gup_test_memory memory)
{
	uint64_t schedule = play_find(play, memory);

	if (schedule || play_report[0])
		fail_msg("%s: schedule %llu: %s", name, (unsigned long long)schedule, play_report);
}
