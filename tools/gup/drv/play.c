/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/drv/play.c - the test of drv.c, as its author would write it with gup/testing.h.
 *
 * The card fills its pages while it is on. Program A lends it memory, unmaps it and stops the driver; program B comes by
 * and needs memory.
 */
#include <stdio.h>

#include "drv.h"
#include "play.h"

#define B "app B"
#define PAGES_OF_B 8
#define ROUNDS 3

struct stand {
	bool fixed;
	struct gup_drv_outcome *out;
	enum gup_test_finding wanted;
	const char *words; /* part of its text */
	struct drv drv;
	struct card card;
	uint64_t addr;
	struct gup_mm *b;
};

/* ---- the driver, with or without its bugs ---- */

static long start(struct stand *s, uint64_t addr, uint64_t out)
{
	dma_addr_t __user *to = (dma_addr_t __user *)out;

	return s->fixed ? drv_start_fixed(&s->drv, addr, to) : drv_start(&s->drv, addr, to);
}

static void stop(struct stand *s)
{
	if (s->fixed)
		drv_stop_fixed(&s->drv);
	else
		drv_stop(&s->drv);
}

/* ---- the card ---- */

static void card_writes(struct gup_test *t, struct card *card)
{
	static const char bytes[] = "written by the card";

	WRITE_ONCE(card->busy, true);
	for (int i = 0; i < NR && READ_ONCE(card->on); i++)
		gup_test_dma_write(t, card->ring[i], bytes, sizeof(bytes));
	WRITE_ONCE(card->busy, false);
}

static void run_card(struct gup_test *t)
{
	struct stand *s = gup_test_context(t);

	for (int round = 0; round < ROUNDS; round++)
		card_writes(t, &s->card);
}

/* ---- the programs ---- */

static int begin(struct gup_test *t)
{
	struct stand *s = gup_test_context(t);

	s->card = (struct card){ .dev.name = "card" };
	s->drv = (struct drv){ .card = &s->card };
	s->b = NULL;
	return gup_linux_begin(t);
}

static void run_a(struct gup_test *t)
{
	struct stand *s = gup_test_context(t);

	gup_munmap(gup_test_mm(t), s->addr, NR * PAGE_SIZE);
	stop(s);
}

static void run_b(struct gup_test *t)
{
	struct stand *s = gup_test_context(t);

	for (int i = 0; i < PAGES_OF_B; i++)
		gup_copy_to_user(s->b, s->addr + i * PAGE_SIZE, "B's own data", 13);
}

static int begin_play(struct gup_test *t)
{
	struct stand *s = gup_test_context(t);
	struct gup_map_request memory = { .length = PAGES_OF_B * PAGE_SIZE,
					  .prot = GUP_PROT_READ | GUP_PROT_WRITE,
					  .flags = GUP_MAP_PRIVATE | GUP_MAP_FIXED };

	s->addr = gup_test_buffer(t, NULL, 2 * NR);
	memory.addr = s->addr;
	if (gup_mm_create(gup_test_machine(t), B, &s->b) || gup_mmap(s->b, &memory) < 0)
		return -ENOMEM;
	return (int)start(s, s->addr, s->addr + NR * PAGE_SIZE);
}

static void end_play(struct gup_test *t)
{
	struct stand *s = gup_test_context(t);

	gup_mm_destroy(s->b);
}

/* Lend memory, let the card fill it, take it back. */
static int scenario(struct gup_test *t)
{
	struct stand *s = gup_test_context(t);
	uint64_t addr = gup_test_buffer(t, NULL, 2 * NR);
	long ret = start(s, addr, addr + NR * PAGE_SIZE);

	if (ret)
		return (int)ret;
	card_writes(t, &s->card);
	stop(s);
	return 0;
}

/* ---- what is found ---- */

static void collect(void *context, const struct gup_test_report *report)
{
	struct stand *s = context;

	s->out->findings++;
	if (report->finding == s->wanted && !s->out->text[0] && strstr(report->text, s->words)) {
		snprintf(s->out->text, sizeof(s->out->text), "%s", report->text);
		s->out->schedule = report->schedule;
	}
}

static struct gup_test_spec spec_of(struct stand *s)
{
	return (struct gup_test_spec){ .name = "drv.c",
				       .contract = GUP_LINUX_6_12,
				       .memory = GUP_TEST_ANON,
				       .begin = begin,
				       .end = gup_linux_end,
				       .report = collect,
				       .context = s };
}

void gup_drv_fail_each(bool fixed, struct gup_drv_outcome *out)
{
	struct stand s = { .fixed = fixed, .out = out, .wanted = GUP_TEST_PIN_LEFT, .words = "" };
	struct gup_test_spec spec = spec_of(&s);
	struct gup_test_result result = { 0 };

	*out = (struct gup_drv_outcome){ 0 };
	gup_test_fail_each(&spec, scenario, &result);
	out->runs = result.runs;
}

/* Return: whether there is anything left to try. */
static bool play(struct stand *s, struct gup_test_play *how)
{
	struct gup_test_spec spec = spec_of(s);
	struct gup_test_result result = { 0 };

	how->begin = begin_play;
	how->end = end_play;
	how->actors[0] = (struct gup_test_actor){ "card", run_card };
	how->actors[1] = (struct gup_test_actor){ "app A", run_a };
	how->actors[2] = (struct gup_test_actor){ B, run_b };
	gup_test_schedules(&spec, how, &result);
	s->out->runs += result.runs;
	how->first += result.runs;
	how->count -= result.runs;
	return result.schedule && how->count;
}

/* A schedule with a finding ends the search; so it goes on behind it until the frame is somebody else's already. */
void gup_drv_schedules(bool fixed, uint64_t count, struct gup_drv_outcome *out)
{
	struct stand s = { .fixed = fixed, .out = out, .wanted = GUP_TEST_STALE_DMA, .words = B };
	struct gup_test_play how = { .first = 1, .count = count };

	*out = (struct gup_drv_outcome){ 0 };
	while (play(&s, &how) && !out->text[0])
		;
}

void gup_drv_replay(uint64_t schedule, struct gup_drv_outcome *out)
{
	struct stand s = { .out = out, .wanted = GUP_TEST_STALE_DMA, .words = "" };
	struct gup_test_play how = { .first = schedule, .count = 1, .trace = true };

	*out = (struct gup_drv_outcome){ 0 };
	play(&s, &how);
}
