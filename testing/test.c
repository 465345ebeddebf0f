/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/test.c - a machine under test: made from a spec, played on, looked at, and taken away.
 *
 * The books (testing/books.c and the others) tell what the scenario took and has not given back. After the look the
 * machine goes, whatever is left on it: all that it has of the host is its memory.
 */
#include <stdlib.h>

#include "kit.h"
#include "sim.h"

#define FIRST_DMA UINT64_C(0x100000000)

struct gup_machine *gup_test_machine(struct gup_test *t)
{
	return t ? t->m : NULL;
}

struct gup_mm *gup_test_mm(struct gup_test *t)
{
	return t ? t->app : NULL;
}

void *gup_test_context(struct gup_test *t)
{
	return t ? t->spec->context : NULL;
}

void gup_test_set_schedule(struct gup_test *t, uint64_t schedule)
{
	t->schedule = schedule;
}

uint64_t gup_test_findings(const struct gup_test *t)
{
	return t->findings + (t->refused.count != 0);
}

/* ---- opening ---- */

static int start(struct gup_test *t)
{
	struct gup_machine_config config;
	int err;

	gup_kit_config(t->spec, &config);
	err = gup_machine_create(&config, &t->m);
	if (err)
		return err;
	gup_kit_watch(t);
	t->next_dma = FIRST_DMA;
	return gup_mm_create(t->m, "app", &t->app);
}

static int begin(struct gup_test *t)
{
	int err = t->spec->begin ? t->spec->begin(t) : 0;

	t->begun = !err;
	if (!err)
		return 0;
	gup_test_fail(t, "begin returned %d", err);
	return -GUP_ENOTRECOVERABLE;
}

int gup_test_open(const struct gup_test_spec *spec, struct gup_test **out)
{
	struct gup_test *t;
	int err;

	*out = NULL;
	if (!spec || !gup_test_memory_name(spec->memory) || !gup_contract_name(spec->contract))
		return -GUP_EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -GUP_ENOMEM;
	t->spec = spec;
	err = start(t);
	if (err) {
		t->quiet = true;
		gup_test_close(t);
		return err;
	}
	*out = t;
	return begin(t);
}

/* ---- looking ---- */

void gup_kit_set_mark(struct gup_test *t)
{
	unsigned int i;

	t->mark = t->clock;
	for (i = 0; i < t->m->nr_zones; i++)
		t->cma_frames[i] = gup_kit_cma_frames(t, i);
}

static void look_at_machine(struct gup_test *t)
{
	struct gup_kit_about about = { .finding = GUP_TEST_BAD_CHECK };
	struct gup_check check;
	int err = gup_machine_check(t->m, &check);

	about.count = check.errors;
	t->broken = err;
	if (err == -GUP_ENOMEM)
		gup_test_fail(t, "the host has no memory for the machine check");
	else if (err)
		gup_kit_report(t, &about, "machine check: %u error%s, first: %s", check.errors,
			       check.errors == 1 ? "" : "s", check.first_error);
}

void gup_kit_look(struct gup_test *t)
{
	gup_kit_flush(t);
	look_at_machine(t);
	gup_kit_holds_left(t);
	gup_kit_dma_left(t);
	gup_kit_allocs_left(t);
	gup_kit_cma_left(t);
}

/* ---- closing ---- */

static bool any_cma(const struct gup_test *t)
{
	unsigned int i;

	for (i = 0; i < t->m->nr_zones; i++)
		if (gup_kit_cma_frames(t, i))
			return true;
	return false;
}

/* The machine as it is: locks and all else that it made lie in its own memory. */
static void abandon(struct gup_machine *m)
{
	struct gup_port_memory self = m->self_memory;

	gup_port_memory_unmap(&m->frame_memory);
	gup_port_memory_unmap(&m->table_memory);
	gup_port_memory_unmap(&self);
}

/* If nothing was found the machine can be destroyed, or else the books are wrong. */
static void machine_gone(struct gup_test *t)
{
	struct gup_kit_about about = { .finding = GUP_TEST_BAD_CHECK, .count = 1 };
	bool held = t->broken || gup_kit_any_hold(t) || any_cma(t);

	gup_kit_books_free(t);
	if (!held && !gup_machine_destroy(t->m))
		return;
	if (!t->findings)
		gup_kit_report(t, &about, "the machine holds what the test knows nothing of");
	abandon(t->m);
}

uint64_t gup_test_close(struct gup_test *t)
{
	u64 findings;

	if (!t)
		return 0;
	if (t->begun && t->spec->end)
		t->spec->end(t);
	gup_sim_reset(); /* what is still held is reported while there is somebody to tell */
	if (!t->quiet && t->begun)
		gup_kit_look(t);
	gup_kit_flush(t);
	gup_kit_dma_free(t);
	gup_kit_allocs_free(t);
	if (t->m)
		machine_gone(t);
	findings = t->findings;
	free(t);
	return findings;
}

/* ---- playing ---- */

void gup_kit_play(struct gup_test *t, gup_test_scenario scenario, struct gup_test_result *result)
{
	int returned = scenario(t);

	result->runs++;
	if (returned)
		gup_test_fail(t, "the scenario returned %d", returned);
}

int gup_test_run(const struct gup_test_spec *spec, gup_test_scenario scenario, struct gup_test_result *out)
{
	struct gup_test_result result = { .runs = 0 };
	struct gup_test *t = NULL;
	int err = scenario ? gup_test_open(spec, &t) : -GUP_EINVAL;

	if (!err)
		gup_kit_play(t, scenario, &result);
	result.findings = gup_test_close(t);
	if (out)
		*out = result;
	if (err)
		return err;
	return result.findings ? -GUP_ENOTRECOVERABLE : 0;
}
