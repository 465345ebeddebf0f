/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/report.c - findings in words: one sentence each, with call sites and the failure that led there.
 *
 * Every finding of the kit ends in give(), which counts it and hands it to the spec's function or prints it. Releases
 * that are refused come page by page from the core; those of one call are gathered and become one sentence.
 */
#include <stdio.h>
#include <string.h>

#include "kit.h"
#include "sim.h"

#define TEXT_MAX 768

const char *gup_kit_site(const void *site, char buf[GUP_KIT_SITE])
{
	if (!site)
		buf[0] = '\0';
	else if (!gup_port_site(site, buf, GUP_KIT_SITE))
		snprintf(buf, GUP_KIT_SITE, "%p", site);
	return buf;
}

bool gup_kit_same_site(const void *a, const void *b)
{
	char one[GUP_KIT_SITE], other[GUP_KIT_SITE];

	if (a == b || !a || !b)
		return a == b;
	return !strcmp(gup_kit_site(a, one), gup_kit_site(b, other));
}

const char *gup_kit_fail_name(enum gup_test_fail_kind kind)
{
	static const char *const names[GUP_TEST_NR_FAIL_KINDS] = {
		[GUP_TEST_FAIL_FRAME] = "frame failure", [GUP_TEST_FAIL_ALLOC] = "allocation failure",
		[GUP_TEST_FAIL_COPY] = "copy failure",	 [GUP_TEST_FAIL_PIN] = "pin failure",
		[GUP_TEST_FAIL_PIN_SHORT] = "short pin", [GUP_TEST_FAIL_DMA] = "DMA failure",
		[GUP_TEST_FAIL_LIMIT] = "limit failure",
	};

	return names[kind];
}

static void print(const struct gup_test *t, const struct gup_test_report *report)
{
	const char *name = t->spec->name ? t->spec->name : "gup-test";

	if (gup_sim_is_exact(report->schedule))
		fprintf(stderr, "%s: %s (GUP_REPLAY=%#llx)\n", name, report->text,
			(unsigned long long)report->schedule);
	else if (report->schedule)
		fprintf(stderr, "%s: %s (GUP_REPLAY=%llu)\n", name, report->text, (unsigned long long)report->schedule);
	else
		fprintf(stderr, "%s: %s\n", name, report->text);
}

/* The failure of this run, if it has happened, completes the sentence. */
static void append_failure(struct gup_test *t, char *text)
{
	const struct gup_kit_failure *f = &t->failure;
	size_t len = strlen(text);

	gup_kit_resume_fire(t, gup_kit_hold_fire(t));
	if (f->fired)
		snprintf(text + len, TEXT_MAX - len, ", %s %s %llu", f->again ? "when played again after" : "after",
			 gup_kit_fail_name(f->kind), (unsigned long long)f->nth);
}

static void give(struct gup_test *t, const struct gup_kit_about *about, char *text)
{
	char taken[GUP_KIT_SITE], released[GUP_KIT_SITE];
	struct gup_test_report report = {
		.finding = about->finding,
		.text = text,
		.taken = gup_kit_site(about->taken, taken),
		.released = gup_kit_site(about->released, released),
		.count = about->count,
		.schedule = t->schedule,
	};

	append_failure(t, text);
	t->findings++;
	if (t->spec->report)
		t->spec->report(t->spec->context, &report);
	else
		print(t, &report);
}

void gup_kit_report(struct gup_test *t, const struct gup_kit_about *about, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	gup_kit_flush(t);
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	give(t, about, text);
}

void gup_kit_report_left(struct gup_test *t, enum gup_test_finding finding, const void *site, u64 count,
			 const char *what, const char *verb)
{
	struct gup_kit_about about = { .finding = finding, .count = count, .taken = site };
	char where[GUP_KIT_SITE];

	gup_kit_site(site, where);
	gup_kit_report(t, &about, "%llu %s%s left, %s at %s", (unsigned long long)count, what, count == 1 ? "" : "s",
		       verb, site ? where : "an unknown place");
}

/* What is known of the page that a refused release named. */
static void append_history(const struct gup_kit_refused *r, char *text)
{
	char site[GUP_KIT_SITE];
	bool pin = r->held ? !r->pin : r->pin;
	size_t len = strlen(text);

	if (r->taken)
		snprintf(text + len, TEXT_MAX - len, ": %s at %s", pin ? "pinned" : "got",
			 gup_kit_site(r->taken, site));
	len = strlen(text);
	if (r->released)
		snprintf(text + len, TEXT_MAX - len, ", %s at %s before", pin ? "unpinned" : "put",
			 gup_kit_site(r->released, site));
}

void gup_kit_flush(struct gup_test *t)
{
	struct gup_kit_refused r = t->refused;
	struct gup_kit_about about = { GUP_TEST_BAD_RELEASE, r.count, r.taken, r.released };
	char text[TEXT_MAX], site[GUP_KIT_SITE], pages[64] = "no page of the machine";

	if (!r.count)
		return;
	t->refused.count = 0;
	if (r.pfn && r.count > 1)
		snprintf(pages, sizeof(pages), "%llu pages, first pfn %llu", (unsigned long long)r.count,
			 (unsigned long long)r.pfn);
	else if (r.pfn)
		snprintf(pages, sizeof(pages), "pfn %llu", (unsigned long long)r.pfn);
	snprintf(text, sizeof(text), "%s at %s of %s, which %s%s", r.pin ? "unpin" : "put", gup_kit_site(r.site, site),
		 pages, r.pin ? "no pin" : "no get", " holds");
	append_history(&r, text);
	give(t, &about, text);
}

void gup_test_fail(struct gup_test *t, const char *fmt, ...)
{
	struct gup_kit_about about = { .finding = GUP_TEST_FAILED, .count = 1 };
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	gup_kit_report(t, &about, "%s", text);
}

void gup_test_complain(struct gup_test *t, enum gup_test_finding finding, const void *site, const char *fmt, ...)
{
	struct gup_kit_about about = { .finding = finding, .count = 1, .taken = site };
	char text[TEXT_MAX], where[GUP_KIT_SITE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	gup_kit_report(t, &about, "%s%s%s", text, site ? ", at " : "", gup_kit_site(site, where));
}
