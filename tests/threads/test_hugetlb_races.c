/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_hugetlb_races.c - a mapping that was promised its folios gets them, whoever else takes and drops some.
 *
 * Each piece has at most one folio of its own, each pin may keep one more, and so may a hole that is just being made: so
 * many are in the pool, and no store may end in a bus error.
 */
#include <sched.h>

#include "actor.h"

#define PAGES 2
#define PINNERS 2
#define ROUNDS 2000

struct stage {
	struct world w;
	struct gup_object *object;
	bool shared;
};

static int play_application(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint8_t byte = 1;

	for (actor->done = 0; actor->done < ROUNDS; actor->done++) {
		CHECK(gup_copy_to_user(stage->w.mm, BASE + dice(actor, PAGES) * HUGE, &byte, 1) == 0);
		CHECK(gup_copy_from_user(stage->w.mm, &byte, BASE + dice(actor, PAGES) * HUGE + PAGE, 1) == 0);
	}
	return 0;
}

/* For long it may find that only MOVABLE has a folio left, or that the other one holds the folio there. */
static int play_driver(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_page *page;

	for (actor->done = 0; actor->done < ROUNDS; actor->done++) {
		unsigned int flags = GUP_WRITE | (dice(actor, 2) ? GUP_LONGTERM : 0);
		int got = gup_pin_user_pages_fast(stage->w.mm, BASE + dice(actor, PAGES) * HUGE, 1, flags, &page);

		CHECK(got == 1 || (flags & GUP_LONGTERM && (got == -GUP_ENOMEM || got == -GUP_EFAULT)));
		sched_yield();
		CHECK(got != 1 || gup_unpin_user_page(stage->w.m, page) == 0);
	}
	return 0;
}

static int play_forgetful(struct actor *actor)
{
	struct stage *stage = actor->stage;

	for (actor->done = 0; actor->done < ROUNDS; actor->done++) {
		uint64_t at = dice(actor, PAGES) * HUGE;

		if (stage->shared)
			CHECK(gup_object_punch(stage->object, at, HUGE, 0, NULL) == 0);
		else
			CHECK(gup_madvise(stage->w.mm, BASE + at, HUGE, GUP_MADV_DONTNEED) == 0);
	}
	return 0;
}

static void play(bool shared)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "application", .play = play_application, .stage = &stage, .seed = 1 },
		{ .name = "another thread of it", .play = play_application, .stage = &stage, .seed = 2 },
		{ .name = "driver", .play = play_driver, .stage = &stage, .seed = 3 },
		{ .name = "another driver", .play = play_driver, .stage = &stage, .seed = 4 },
		{ .name = "forgetful", .play = play_forgetful, .stage = &stage, .seed = 5 },
	};

	stage.shared = shared;
	world_begin(&stage.w,
		    &(struct world_spec){
			    .normal = 16, .movable = 4, .hugetlb = PAGES + PINNERS + 1, .hugetlb_movable = 1 });
	assert_int_equal(gup_hugetlb_create(stage.w.m, PAGES * HUGE, &stage.object), 0);
	if (shared)
		map_shared(stage.w.mm, BASE, PAGES * HUGE, stage.object);
	else
		map_private(stage.w.mm, BASE, PAGES * HUGE, stage.object);
	run_actors(actors, ARRAY_LEN(actors));
	check_rest(stage.w.m, 0, 0);
	gup_object_put(stage.object);
	world_end(&stage.w);
}

static void shared_folios(void **state)
{
	(void)state;
	play(true);
}

static void private_folios(void **state)
{
	(void)state;
	play(false);
}

static int touch_all(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint8_t byte = 1;

	for (uint64_t i = 0; i < PAGES; i++)
		CHECK(gup_copy_to_user(stage->w.mm, BASE + i * HUGE, &byte, 1) == 0);
	return 0;
}

/* Who comes second to a page must not look for a folio of its own: the pool has just one for each page. */
static void two_at_once(bool shared)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "application", .play = touch_all, .stage = &stage },
		{ .name = "another thread of it", .play = touch_all, .stage = &stage },
	};
	unsigned int i;

	world_begin(&stage.w, &(struct world_spec){ .normal = 8, .hugetlb = PAGES });
	for (i = 0; i < ROUNDS / 20; i++) {
		assert_int_equal(gup_hugetlb_create(stage.w.m, PAGES * HUGE, &stage.object), 0);
		if (shared)
			map_shared(stage.w.mm, BASE, PAGES * HUGE, stage.object);
		else
			map_private(stage.w.mm, BASE, PAGES * HUGE, stage.object);
		gup_object_put(stage.object);
		run_actors(actors, ARRAY_LEN(actors));
		assert_int_equal(gup_munmap(stage.w.mm, BASE, PAGES * HUGE), 0);
	}
	world_end(&stage.w);
}

static void just_enough(void **state)
{
	(void)state;
	two_at_once(true);
	two_at_once(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_folios),
		cmocka_unit_test(private_folios),
		cmocka_unit_test(just_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
