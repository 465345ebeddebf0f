/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kit/seen.c - keeping the reports of a run, and comparing them with what was expected.
 */
#include <ctype.h>
#include <stdlib.h>

#include <gup/errno.h>

#include "seen.h"

struct seen seen[SEEN_MAX];
unsigned int nr_seen;

static const struct {
	const char *name, *function;
} calls[NR_CALLS] = {
	[CALL_PIN] = { "$PIN", "take_pages" },
	[CALL_UNPIN] = { "$UNPIN", "unpin" },
	[CALL_UNPIN_AGAIN] = { "$AGAIN_UNPIN", "unpin" },
	[CALL_PUT] = { "$PUT", "unpin" },
	[CALL_MAP] = { "$MAP", "map" },
	[CALL_UNMAP] = { "$UNMAP", "unmap" },
	[CALL_UNMAP_AGAIN] = { "$AGAIN_UNMAP", "unmap" },
	[CALL_WRITE] = { "$WRITE", "device_write" },
	[CALL_READ] = { "$READ", "device_read" },
	[CALL_ALLOC] = { "$ALLOC", "start_io" },
	[CALL_FREE] = { "$FREE", "free_table" },
	[CALL_FREE_AGAIN] = { "$AGAIN_FREE", "free_table" },
};

void seen_report(void *context, const struct gup_test_report *report)
{
	struct seen *s = &seen[nr_seen++];

	(void)context;
	assert_true(nr_seen <= SEEN_MAX);
	s->finding = report->finding;
	snprintf(s->text, sizeof(s->text), "%s", report->text);
	snprintf(s->taken, sizeof(s->taken), "%s", report->taken);
	snprintf(s->released, sizeof(s->released), "%s", report->released);
	s->count = report->count;
	s->schedule = report->schedule;
}

void seen_forget(void)
{
	nr_seen = 0;
	memset(lines, 0, sizeof(lines));
}

/* The site that a name at @p stands for; *@out_length is that of the name. */
static void site_of(const char *p, char *site, size_t size, size_t *out_length)
{
	unsigned int i;

	for (i = 0; i < NR_CALLS; i++) {
		*out_length = strlen(calls[i].name);
		if (!strncmp(p, calls[i].name, *out_length))
			break;
	}
	assert_true(i < NR_CALLS);
	assert_int_not_equal(lines[i], 0);
	snprintf(site, size, "recorder.c:%u (%s)", lines[i], calls[i].function);
}

static bool match(const char *text, const char *pattern)
{
	char site[100];
	size_t length;

	for (; *pattern; pattern += length) {
		length = 1;
		if (*pattern == '$') {
			site_of(pattern, site, sizeof(site), &length);
			if (strncmp(text, site, strlen(site)) != 0)
				return false;
			text += strlen(site);
		} else if (*pattern == '#') {
			if (!isxdigit(*text))
				return false;
			while (isxdigit(*text))
				text++;
		} else if (*text++ != *pattern) {
			return false;
		}
	}
	return !*text;
}

static void expect_text(const char *text, const char *pattern)
{
	if (!match(text, pattern))
		fail_msg("expected: %s\nreported: %s", pattern, text);
}

void seen_expect(unsigned int i, const struct expected *expected)
{
	if (i >= nr_seen)
		fail_msg("there are %u reports; not: %s", nr_seen, expected->text);
	expect_text(seen[i].text, expected->text);
	assert_int_equal(seen[i].finding, expected->finding);
	assert_int_equal(seen[i].count, expected->count);
	assert_int_equal(seen[i].schedule, 0);
	expect_text(seen[i].taken, expected->taken);
	expect_text(seen[i].released, expected->released);
}

void seen_nothing(void)
{
	if (nr_seen)
		fail_msg("%u findings, first: %s", nr_seen, seen[0].text);
}

static int begin(struct gup_test *t)
{
	(void)t;
	recorder_reset();
	return 0;
}

static struct gup_test_spec spec_of(enum gup_test_memory memory, enum gup_contract_id contract)
{
	return (struct gup_test_spec){
		.name = "recorder", .contract = contract, .memory = memory, .begin = begin, .report = seen_report
	};
}

static void check_result(int returned, const struct gup_test_result *result)
{
	assert_int_equal(returned, nr_seen ? -GUP_ENOTRECOVERABLE : 0);
	assert_int_equal(result->findings, nr_seen);
	assert_int_equal(result->schedule, 0);
}

struct gup_test_result seen_run(enum gup_test_memory memory, enum mistake which)
{
	struct gup_test_spec spec = spec_of(memory, GUP_LINUX_6_12);
	struct gup_test_result result;

	seen_forget();
	mistake = which;
	check_result(gup_test_run(&spec, recorder_play, &result), &result);
	assert_int_equal(result.runs, 1);
	assert_int_equal(result.failures, 0);
	return result;
}

struct gup_test_result seen_sweep(enum gup_test_memory memory, enum gup_contract_id contract, enum mistake which)
{
	struct gup_test_spec spec = spec_of(memory, contract);
	struct gup_test_result result;

	seen_forget();
	mistake = which;
	check_result(gup_test_fail_each(&spec, recorder_play, &result), &result);
	return result;
}

struct gup_test_spec seen_spec(enum gup_test_memory memory)
{
	return (struct gup_test_spec){ .name = "kit", .memory = memory, .report = seen_report };
}

void seen_play(enum gup_test_memory memory, gup_test_scenario scenario)
{
	struct gup_test_spec s = seen_spec(memory);
	struct gup_test_result result;
	int returned;

	seen_forget();
	returned = gup_test_run(&s, scenario, &result);
	assert_int_equal(returned, nr_seen ? -GUP_ENOTRECOVERABLE : 0);
	assert_int_equal(result.findings, nr_seen);
	assert_int_equal(result.runs, 1);
}

void seen_one(enum gup_test_finding finding, uint64_t count, const char *begins, const char *contains)
{
	if (nr_seen != 1)
		fail_msg("%u reports, first: %s", nr_seen, nr_seen ? seen[0].text : "");
	if (strncmp(seen[0].text, begins, strlen(begins)) != 0 || !strstr(seen[0].text, contains))
		fail_msg("expected: %s ... %s\nreported: %s", begins, contains, seen[0].text);
	assert_int_equal(seen[0].finding, finding);
	assert_int_equal(seen[0].count, count);
}
