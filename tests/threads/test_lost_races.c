/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_lost_races.c - a device that is lost and reset again and again while others pin and unpin for it.
 *
 * tests/sim/test_lost_plays.c asks who sees what; this one is for ThreadSanitizer, and for books that add up.
 */
#include <sched.h>

#include "actor.h"

#define NR 8
#define ROUNDS 4000

struct stage {
	struct world w;
	struct gup_owner *nic;
	bool over; /* atomic */
};

static int pin_once(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_request request = { BASE + dice(actor, NR) * PAGE, NR * PAGE, GUP_WRITE, stage->nic };
	struct gup_pin *pin = NULL;
	int err;

	if (dice(actor, 2))
		request.flags |= GUP_LONGTERM;
	err = gup_pin(stage->w.mm, &request, &pin, NULL);
	CHECK(err == 0 || err == -GUP_ENODEV);
	sched_yield(); /* the device looks while it is held */
	CHECK(gup_unpin(pin, dice(actor, 2)) == 0);
	return 0;
}

static bool is_over(struct stage *stage)
{
	return __atomic_load_n(&stage->over, __ATOMIC_ACQUIRE);
}

static void set_over(struct stage *stage)
{
	__atomic_store_n(&stage->over, true, __ATOMIC_RELEASE);
}

/* Who ends first, also by a failure, ends it for all. */
static int until_over(struct actor *actor, int (*once)(struct actor *))
{
	struct stage *stage = actor->stage;
	int line = 0;

	while (!is_over(stage) && !line)
		line = once(actor);
	set_over(stage);
	return line;
}

static int play_driver(struct actor *actor)
{
	return until_over(actor, pin_once);
}

/* The drivers go on, so all pins of the lost owner come into quarantine. */
static int settle(struct stage *stage)
{
	struct gup_stats stats;

	while (gup_owner_quarantined(stage->nic) != gup_owner_pinned(stage->nic) && !is_over(stage))
		sched_yield();
	CHECK(gup_machine_stats(stage->w.m, &stats) == 0);
	CHECK(stats.quarantined == gup_owner_quarantined(stage->nic));
	return 0;
}

/* Every second time the reset comes while drivers are still unpinning. */
static int lose_and_reset(struct actor *actor)
{
	struct stage *stage = actor->stage;

	while (!gup_owner_pinned(stage->nic) && !is_over(stage))
		sched_yield();
	CHECK(gup_owner_lost(stage->nic) == 0);
	if (actor->done % 2)
		CHECK_CALL(settle(stage));
	CHECK(gup_owner_reset(stage->nic) == 0);
	if (++actor->done == ROUNDS)
		set_over(stage);
	return 0;
}

static int play_device(struct actor *actor)
{
	return until_over(actor, lose_and_reset);
}

static void lost_while_others_pin(void **state)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "driver", .play = play_driver, .stage = &stage, .seed = 1 },
		{ .name = "another", .play = play_driver, .stage = &stage, .seed = 2 },
		{ .name = "device", .play = play_device, .stage = &stage },
	};

	(void)state;
	world_begin(&stage.w, &(struct world_spec){ .normal = 8 });
	map_anon(stage.w.mm, BASE, 2 * NR * PAGE);
	app_fill(stage.w.mm, BASE, 2 * NR * PAGE, 1);
	assert_int_equal(gup_owner_create(stage.w.m, "nic", UINT64_MAX, &stage.nic), 0);
	run_actors(actors, ARRAY_LEN(actors));
	assert_int_equal(gup_owner_quarantined(stage.nic), 0);
	assert_int_equal(gup_owner_pinned(stage.nic), 0);
	app_expect(stage.w.mm, BASE, 2 * NR * PAGE, 1);
	assert_int_equal(stats_of(stage.w.m).bad_unpins, 0);
	assert_int_equal(gup_owner_destroy(stage.nic), 0);
	world_end(&stage.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_while_others_pin),
	};

	return cmocka_run_group_tests_name("lost races", tests, NULL, NULL);
}
