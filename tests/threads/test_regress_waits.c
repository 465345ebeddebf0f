/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_regress_waits.c - rules that were broken once when two threads met at one object: sizes that
 * change, owners of CMA frames while an allocation waits, tables that die while others reap.
 *
 * Where a thread has to wait for another, it waits for a counter, never for a time.
 */
#include <sched.h>

#include "race.h"

#define NOTICED 8 /* failed moves after which an allocation is known to wait */

/* ---- sizes: two who change it, and one who reads as it grows ---- */

#define SMALL (2 * PAGE)
#define PLACE (100 * PAGE)

static int prepare_empty(struct race *race, uint64_t round)
{
	(void)round;
	CHECK(gup_object_truncate(race->shm, 0, 0, NULL) == 0);
	return 0;
}

static int side_grow_and_write(struct race *race, uint64_t round)
{
	uint8_t byte = 7;
	int64_t done;

	spin(round % 300);
	CHECK(gup_object_truncate(race->shm, MIB, 0, NULL) == 0);
	done = gup_object_write(race->shm, PLACE, &byte, 1);
	CHECK(done == 1 || (done == 0 && gup_object_size(race->shm) == SMALL));
	return 0;
}

static int side_small(struct race *race, uint64_t round)
{
	(void)round;
	CHECK(gup_object_truncate(race->shm, SMALL, 0, NULL) == 0);
	return 0;
}

/* Whoever came last, what lies beyond his end is gone. */
static int judge_sizes(struct race *race, uint64_t round)
{
	uint64_t size = gup_object_size(race->shm);
	uint8_t byte = 0xee;

	(void)round;
	CHECK(size == SMALL || size == MIB);
	CHECK(gup_object_truncate(race->shm, MIB, 0, NULL) == 0);
	CHECK(gup_object_read(race->shm, PLACE, &byte, 1) == 1);
	CHECK(byte == (size == MIB ? 7 : 0));
	return 0;
}

static void two_change_the_size(void **state)
{
	static struct race race;

	(void)state;
	race_begin(&race, &(struct world_spec){ .normal = 8 });
	race.shm = new_shm(&race.w, 0);
	race.rounds = 60000;
	race.prepare = prepare_empty;
	race.side[0] = side_grow_and_write;
	race.side[1] = side_small;
	race.judge = judge_sizes;
	run_rounds(&race);
	check_rest(race.w.m, 0, 0);
	gup_object_put(race.shm);
	world_end(&race.w);
}

/* The device writes to the part that was cut; the file is long again, and the writes are not there. */
static int prepare_cut(struct race *race, uint64_t round)
{
	(void)round;
	CHECK(gup_object_truncate(race->shm, PAGE, 0, NULL) == 0);
	memset(gup_page_address(race->w.m, race->page), 7, PAGE);
	return 0;
}

static int side_grow(struct race *race, uint64_t round)
{
	(void)round;
	CHECK(gup_object_truncate(race->shm, HUGE, 0, NULL) == 0);
	return 0;
}

static int side_reader(struct race *race, uint64_t round)
{
	uint8_t byte = 0;

	(void)round;
	while (gup_object_read(race->shm, HUGE - 1, &byte, 1) == 0)
		;
	CHECK(byte == 0);
	return 0;
}

static int judge_grown(struct race *race, uint64_t round)
{
	uint8_t byte = 0xee;

	(void)round;
	CHECK(gup_object_read(race->shm, HUGE - 1, &byte, 1) == 1 && byte == 0);
	return 0;
}

static void reading_what_grows(void **state)
{
	static struct race race;

	(void)state;
	race_begin(&race, &(struct world_spec){ .normal = 16 });
	assert_int_equal(gup_shm_create(race.w.m, HUGE, GUP_SHM_HUGE, &race.shm), 0);
	map_shared(race.w.mm, BASE, HUGE, race.shm);
	assert_int_equal(gup_pin_user_pages_fast(race.w.mm, BASE + HUGE - PAGE, 1, GUP_WRITE, &race.page), 1);
	race.rounds = 500;
	race.prepare = prepare_cut;
	race.side[0] = side_grow;
	race.side[1] = side_reader;
	race.judge = judge_grown;
	run_rounds(&race);
	check_rest(race.w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(race.w.m, race.page), 0);
	gup_object_put(race.shm);
	world_end(&race.w);
}

/* ---- an allocation of CMA frames waits for a pin; meanwhile owners of other frames go on ---- */

#define WANTED (13 * MIB / 2) /* all but what is allocated already, some of it in the same pageblock */

static int play_waiting_owner(struct actor *actor)
{
	struct race *race = actor->stage;
	struct gup_page *frames;
	int ret = gup_cma_alloc(race->w.m, CAMERA, WANTED, 0, race->timeout_ns, &frames, NULL);

	race_set_over(race);
	CHECK(ret == 0);
	CHECK(gup_cma_free(race->w.m, frames, WANTED) == 0);
	return 0;
}

static bool alloc_waits(struct race *race)
{
	struct gup_stats stats;

	do {
		sched_yield();
		if (gup_machine_stats(race->w.m, &stats) != 0)
			return false;
	} while (stats.migrate_failed < NOTICED && !race_is_over(race));
	return !race_is_over(race);
}

static int play_other_owner(struct actor *actor)
{
	struct race *race = actor->stage;
	struct gup_page *own;
	bool waits = alloc_waits(race), pinned, freed;

	pinned = gup_pin_user_pages_fast(race->w.mm, BASE, 1, GUP_WRITE | GUP_LONGTERM, &own) == 1;
	freed = gup_cma_free(race->w.m, race->frames, MIB / 2) == 0 && !race_is_over(race);
	CHECK(gup_unpin_user_page(race->w.m, race->page) == 0);
	CHECK(waits);
	CHECK(pinned && gup_unpin_user_page(race->w.m, own) == 0);
	CHECK(freed);
	return 0;
}

static int play_late_unpin(struct actor *actor)
{
	struct race *race = actor->stage;
	bool waits = alloc_waits(race);

	CHECK(gup_unpin_user_page(race->w.m, race->page) == 0);
	CHECK(waits);
	return 0;
}

/* 1 MiB of the area is mapped by its owner, 0.5 MiB more is allocated, one page of the rest is borrowed and pinned. */
static void waiting_allocation(uint64_t timeout_ns, int (*other)(struct actor *), bool freed)
{
	static struct race race;
	struct gup_page *mine;

	race_begin(&race, &(struct world_spec){ .normal = 4, .cma = 8, .contract = GUP_NATIVE, .no_huge_pages = true });
	race.timeout_ns = timeout_ns;
	assert_int_equal(gup_cma_alloc(race.w.m, CAMERA, MIB, 0, 0, &mine, NULL), 0);
	assert_int_equal(gup_cma_alloc(race.w.m, CAMERA, MIB / 2, 0, 0, &race.frames, NULL), 0);
	assert_int_equal(gup_cma_object(race.w.m, mine, MIB, &race.object), 0);
	map_shared(race.w.mm, BASE, MIB, race.object);
	app_poke(race.w.mm, BASE, 1);
	world_borrow(&race.w, GUP_ZONE_CMA, 4);
	assert_int_equal(gup_pin_user_pages_fast(race.w.mm, BORROWED, 1, GUP_WRITE, &race.page), 1);
	run_pair(&race, play_waiting_owner, other);
	assert_int_equal(gup_munmap(race.w.mm, BASE, MIB), 0);
	gup_object_put(race.object);
	assert_int_equal(gup_cma_free(race.w.m, mine, MIB), 0);
	if (!freed)
		assert_int_equal(gup_cma_free(race.w.m, race.frames, MIB / 2), 0);
	world_end(&race.w);
}

static void owners_go_on_while_another_allocation_waits(void **state)
{
	(void)state;
	waiting_allocation(PATIENT_NS, play_other_owner, true);
}

static void waiting_for_ever(void **state)
{
	(void)state;
	waiting_allocation(UINT64_MAX, play_late_unpin, false);
}

/* ---- tables that die while others reap: a walker meets a table or nothing ---- */

static int unmap_all_tables(struct race *race, uint64_t round)
{
	CHECK_CALL(map_again(race->w.mm, PAGE));
	CHECK(app_stamp(race->w.mm, 1, BASE, round));
	CHECK(gup_munmap(race->w.mm, BASE, PAGE) == 0);
	return 0;
}

static int play_unmapper(struct actor *actor)
{
	struct race *race = actor->stage;
	uint64_t round;
	int line = 0;

	for (round = 0; round < race->rounds && !line; round++)
		line = unmap_all_tables(race, round);
	race_set_over(race);
	return line;
}

/* Reaps with each mm that it ends, and fills the frames that come back with what would be entries. */
static int play_reaper(struct actor *actor)
{
	struct race *race = actor->stage;
	uint8_t ones[PAGE];
	struct gup_mm *mm;

	memset(ones, 0xff, sizeof(ones));
	while (!race_is_over(race)) {
		CHECK(gup_mm_create(race->w.m, "reaper", &mm) == 0);
		CHECK_CALL(map_again(mm, 16 * PAGE));
		for (uint64_t at = 0; at < 16 * PAGE; at += PAGE)
			CHECK(gup_copy_to_user(mm, BASE + at, ones, PAGE) == 0);
		gup_mm_destroy(mm);
	}
	return 0;
}

static int play_walker(struct actor *actor)
{
	struct race *race = actor->stage;
	struct gup_page *page;
	int ret;

	while (!race_is_over(race)) {
		ret = gup_pin_user_pages_fast_only(race->w.mm, BASE, 1, GUP_WRITE, &page);
		CHECK(ret == 0 || ret == 1);
		if (ret)
			CHECK(gup_unpin_user_page(race->w.m, page) == 0);
	}
	return 0;
}

static void reaping_while_tables_die(void **state)
{
	static struct race race;
	struct actor actors[] = {
		{ .name = "unmapper", .play = play_unmapper, .stage = &race },
		{ .name = "reaper", .play = play_reaper, .stage = &race },
		{ .name = "walker", .play = play_walker, .stage = &race },
	};

	(void)state;
	race_begin(&race, &(struct world_spec){ .normal = 8, .contract = GUP_NATIVE, .no_huge_pages = true });
	race.rounds = 4000;
	run_actors(actors, 3);
	check_rest(race.w.m, 0, 0);
	world_end(&race.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_change_the_size),
		cmocka_unit_test(reading_what_grows),
		cmocka_unit_test(owners_go_on_while_another_allocation_waits),
		cmocka_unit_test(waiting_for_ever),
		cmocka_unit_test(reaping_while_tables_die),
	};

	return cmocka_run_group_tests_name("regress waits", tests, NULL, NULL);
}
