/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/test_lost_plays.c - in many orders: pin and unpin against a device that is lost and reset.
 *
 * What is demanded follows from who had returned when the other began. In between, the device writes whenever its
 * frames are in quarantine, and the application that took all that was freed finds its own bytes.
 */
#include "play.h"

#define PAGES 3u
#define TAKEN (8 * PAGES)

/* How far a call of an actor is. */
enum step { TO_COME, RUNS, RETURNED };

static struct gup_owner *nic;
static struct gup_pin *pin;
static struct gup_page *given[PAGES];
static uint64_t addr, taken_at;
static struct gup_mm *taker;
static enum step lost, reset;
static unsigned int others; /* actors besides the device's, still to end */

static struct gup_request request(void)
{
	return (struct gup_request){ addr, PAGES * PAGE, GUP_WRITE, nic };
}

static int begin(struct gup_test *t)
{
	pin = NULL;
	taker = NULL;
	lost = reset = TO_COME;
	addr = gup_test_buffer(t, NULL, PAGES);
	return addr ? gup_owner_create(gup_test_machine(t), "nic", UINT64_MAX, &nic) : -GUP_ENOMEM;
}

static int begin_pinned(struct gup_test *t)
{
	struct gup_request what;
	struct gup_extent_iter it = { 0 };
	struct gup_extent e;
	unsigned int nr = 0;
	int err = begin(t);

	if (err)
		return err;
	what = request();
	err = gup_pin(gup_test_mm(t), &what, &pin, NULL);
	it.pin = pin;
	while (!err && gup_pin_next_extent(&it, &e))
		for (uint64_t i = 0; i < e.bytes / PAGE; i++)
			given[nr++] = e.page + i;
	others = 2;
	return err;
}

static void end(struct gup_test *t)
{
	struct gup_check check;

	if (gup_machine_check(gup_test_machine(t), &check))
		gup_test_fail(t, "before the reset: %s", check.first_error);
	if (gup_owner_reset(nic) || gup_owner_quarantined(nic) || gup_owner_pinned(nic))
		gup_test_fail(t, "%llu pages are left after the reset", (unsigned long long)gup_owner_pinned(nic));
	if (taker)
		gup_test_expect(t, taker, taken_at, TAKEN * PAGE, 7);
	if (gup_owner_destroy(nic))
		gup_test_fail(t, "the owner has pins after the reset");
}

/* Nothing happens between the last look and the writing. */
static void scribble(struct gup_test *t)
{
	bool held = true;

	for (unsigned int i = 0; i < PAGES; i++)
		held = held && gup_page_pins(gup_test_machine(t), given[i]);
	if (!gup_owner_quarantined(nic) || reset != TO_COME)
		return;
	if (!held)
		gup_test_fail(t, "a page in quarantine has no pin");
	for (unsigned int i = 0; i < PAGES; i++)
		memset(gup_page_address(gup_test_machine(t), given[i]), 0xdd, PAGE);
}

static void lose(struct gup_test *t)
{
	(void)t;
	lost = RUNS;
	gup_owner_lost(nic);
	lost = RETURNED;
}

static void lose_and_scribble(struct gup_test *t)
{
	lose(t);
	do {
		scribble(t);
		if (others)
			gup_test_stall("the others to end");
	} while (others);
	scribble(t);
}

static void unpin(struct gup_test *t)
{
	enum step lost_before = lost;
	uint64_t kept;

	if (gup_unpin(pin, true))
		gup_test_fail(t, "unpin failed");
	kept = gup_owner_quarantined(nic);
	if (lost_before == RETURNED && reset == TO_COME && kept != PAGES)
		gup_test_fail(t, "released although the device was lost");
	if (lost == TO_COME && kept)
		gup_test_fail(t, "kept although the device was not lost");
	others--;
}

static void unmap_and_take(struct gup_test *t)
{
	struct gup_map_request map = { 0, TAKEN * PAGE, GUP_PROT_READ | GUP_PROT_WRITE, GUP_MAP_PRIVATE, NULL, 0 };
	uint8_t bytes[PAGE];

	gup_munmap(gup_test_mm(t), addr, PAGES * PAGE);
	if (gup_mm_create(gup_test_machine(t), "taker", &taker)) {
		gup_test_fail(t, "no other application");
		return;
	}
	taken_at = (uint64_t)gup_mmap(taker, &map);
	for (uint64_t i = 0; i < TAKEN; i++) {
		gup_test_pattern(bytes, taken_at + i * PAGE, PAGE, 7);
		gup_copy_to_user(taker, taken_at + i * PAGE, bytes, PAGE);
	}
	others--;
}

static void reset_it(struct gup_test *t)
{
	reset = RUNS;
	if (gup_owner_reset(nic))
		gup_test_fail(t, "reset failed");
	reset = RETURNED;
}

static void unpin_against_lost(void **state)
{
	struct gup_test_play play = {
		.begin = begin_pinned,
		.actors = { { "unpin", unpin }, { "lost", lose_and_scribble }, { "take", unmap_and_take } },
		.end = end,
		.count = 400
	};

	(void)state;
	play_clean("unpin, lost", &play, GUP_TEST_ANON);
}

static void unpin_against_lost_and_reset(void **state)
{
	struct gup_test_play play = { .begin = begin_pinned,
				      .actors = { { "unpin", unpin },
						  { "lost", lose_and_scribble },
						  { "take", unmap_and_take },
						  { "reset", reset_it } },
				      .end = end,
				      .count = 600 };

	(void)state;
	play_clean("unpin, lost, reset", &play, GUP_TEST_ANON);
}

/* ---- a pin that is being made when its owner is lost ---- */

static bool listed; /* when lost returned, the pin was in the books */

static int begin_pinning(struct gup_test *t)
{
	listed = false;
	return begin(t);
}

/* Pages that are taken on the way are held by nobody with a name. */
static void lose_and_list(struct gup_test *t)
{
	struct gup_holder holders[2 * PAGES];
	long nr;

	lose(t);
	nr = gup_pin_holders(gup_test_machine(t), 0, UINT64_MAX, holders, 2 * PAGES);
	for (long i = 0; i < nr; i++)
		listed = listed || !strcmp(holders[i].owner, "nic");
}

static void make_pin(struct gup_test *t)
{
	struct gup_request what = request();
	enum step lost_before = lost;
	int err = gup_pin(gup_test_mm(t), &what, &pin, NULL);

	if (err && (err != -GUP_ENODEV || lost == TO_COME))
		gup_test_fail(t, "pin: %d", err);
	if (!err && lost_before == RETURNED)
		gup_test_fail(t, "a lost owner got a pin");
}

static void judge_pin(struct gup_test *t)
{
	if (pin && !listed)
		gup_test_fail(t, "a pin entered the books after its owner was lost");
	if (gup_unpin(pin, false))
		gup_test_fail(t, "unpin failed");
	if (gup_owner_quarantined(nic) != (pin ? PAGES : 0))
		gup_test_fail(t, "the pin is not in quarantine");
	end(t);
}

static void pin_against_lost(void **state)
{
	struct gup_test_play play = { .begin = begin_pinning,
				      .actors = { { "pin", make_pin }, { "lost", lose_and_list } },
				      .end = judge_pin,
				      .count = 3000 };

	(void)state;
	play_clean("pin, lost", &play, GUP_TEST_ANON);
	play_clean("pin, lost, movable", &play, GUP_TEST_MOVABLE);
}

/* ---- all of it, twice ---- */

static void pin_and_unpin(struct gup_test *t)
{
	struct gup_request what = request();

	for (unsigned int i = 0; i < 2; i++) {
		struct gup_pin *mine = NULL;
		int err = gup_pin(gup_test_mm(t), &what, &mine, NULL);

		if (err && err != -GUP_ENODEV)
			gup_test_fail(t, "pin: %d", err);
		gup_test_point();
		if (gup_unpin(mine, true))
			gup_test_fail(t, "unpin failed");
	}
}

static void lose_and_reset(struct gup_test *t)
{
	for (unsigned int i = 0; i < 2; i++) {
		gup_owner_lost(nic);
		gup_test_point();
		if (gup_owner_reset(nic))
			gup_test_fail(t, "reset failed");
	}
}

static void all_against_all(void **state)
{
	struct gup_test_play play = { .begin = begin,
				      .actors = { { "pin", pin_and_unpin },
						  { "another", pin_and_unpin },
						  { "device", lose_and_reset },
						  { "doubter", lose_and_reset } },
				      .end = end,
				      .count = 600 };

	(void)state;
	play_clean("all", &play, GUP_TEST_ANON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpin_against_lost),
		cmocka_unit_test(unpin_against_lost_and_reset),
		cmocka_unit_test(pin_against_lost),
		cmocka_unit_test(all_against_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
