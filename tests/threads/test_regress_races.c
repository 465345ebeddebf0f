/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_regress_races.c - rules that were broken once when two threads met at one page: fork against a
 * move, DONTNEED against a first write, a split against gets and writes, two puts of one get.
 */
#include "race.h"

/* ---- fork and an attempt to move what is pinned: the parent keeps the device's page ---- */

#define KEPT 64 /* pages of the folio that are mapped, by 4 KiB entries */
#define FORKS 1500

/* What the parent writes after the fork arrives where the device reads. */
static int fork_and_look(struct race *race, uint64_t round)
{
	const uint8_t *bytes = gup_page_address(race->w.m, race->page);
	struct gup_mm *child;
	uint64_t i;

	CHECK(gup_mm_fork(race->w.mm, "child", &child) == 0);
	for (i = 0; i < KEPT; i++) {
		CHECK_CALL(write_byte(race->w.mm, BASE + i * PAGE, (uint8_t)(round + i)));
		CHECK(bytes[i * PAGE] == (uint8_t)(round + i));
	}
	gup_mm_destroy(child);
	return 0;
}

static int play_forks(struct actor *actor)
{
	struct race *race = actor->stage;
	uint64_t round;
	int line = 0;

	for (round = 0; round < FORKS && !line; round++)
		line = fork_and_look(race, round);
	race_set_over(race);
	return line;
}

static int play_vain_mover(struct actor *actor)
{
	struct race *race = actor->stage;

	while (!race_is_over(race))
		CHECK(gup_split_folio(race->w.m, race->page, NULL) == -GUP_EBUSY);
	return 0;
}

static void fork_while_a_pinned_page_is_tried(void **state)
{
	static struct race race;
	struct gup_page *got;

	(void)state;
	race_begin(&race, &(struct world_spec){ .normal = 16 });
	map_anon(race.w.mm, BASE, HUGE);
	app_poke(race.w.mm, BASE, 1);
	assert_int_equal(gup_munmap(race.w.mm, BASE + KEPT * PAGE, HUGE - KEPT * PAGE), 0);
	assert_int_equal(frame_at(race.w.mm, BASE).order, GUP_HUGE_ORDER);
	assert_int_equal(gup_pin_user_pages_fast(race.w.mm, BASE, 1, GUP_WRITE, &race.page), 1);
	assert_int_equal(gup_get_user_pages_fast(race.w.mm, BASE, 1, 0, &got), 1);
	run_pair(&race, play_forks, play_vain_mover);
	check_rest(race.w.m, 1, 1);
	assert_int_equal(gup_put_page(race.w.m, got), 0);
	assert_int_equal(gup_unpin_user_page(race.w.m, race.page), 0);
	world_end(&race.w);
}

/* ---- DONTNEED that ends in a 2 MiB piece, and the first write to that piece ---- */

#define BEFORE (16 * MIB)
#define WRITTEN (BASE + BEFORE + MIB)

static int prepare_edge(struct race *race, uint64_t round)
{
	(void)round;
	CHECK_CALL(map_again(race->w.mm, BEFORE + HUGE));
	for (uint64_t at = 0; at < BEFORE; at += PAGE)
		CHECK_CALL(expect_byte(race->w.mm, BASE + at, 0));
	return 0;
}

static int side_dontneed(struct race *race, uint64_t round)
{
	spin(round % 100 * 2000);
	CHECK(gup_madvise(race->w.mm, BASE, BEFORE + PAGE, GUP_MADV_DONTNEED) == 0);
	return 0;
}

static int side_first_write(struct race *race, uint64_t round)
{
	(void)round;
	return write_byte(race->w.mm, WRITTEN, 7);
}

static int judge_edge(struct race *race, uint64_t round)
{
	(void)round;
	return expect_byte(race->w.mm, WRITTEN, 7);
}

static void dontneed_beside_a_first_write(void **state)
{
	static struct race race;

	(void)state;
	race_begin(&race, &(struct world_spec){ .normal = 64 });
	race.rounds = 300;
	race.prepare = prepare_edge;
	race.side[0] = side_dontneed;
	race.side[1] = side_first_write;
	race.judge = judge_edge;
	run_rounds(&race);
	world_end(&race.w);
}

/* ---- a split of a 2 MiB entry: no get is denied, and linux-5.2 takes no shared page for a private one ---- */

#define SPLITS 8000

/* The folio is the parent's; each child splits an entry of its own and is gone. */
static int play_splitter(struct actor *actor)
{
	struct race *race = actor->stage;
	int round, line = 0;

	for (round = 0; round < SPLITS && !line; round++) {
		line = gup_mm_fork(race->w.mm, "child", &race->child) ? __LINE__ : 0;
		if (line)
			break;
		if (gup_madvise(race->child, BASE + HUGE - PAGE, PAGE, GUP_MADV_DONTNEED) != 0)
			line = __LINE__;
		gup_mm_destroy(race->child);
	}
	race_set_over(race);
	return line;
}

static int play_getter(struct actor *actor)
{
	struct race *race = actor->stage;
	struct gup_page *page;

	while (!race_is_over(race))
		if (gup_get_user_pages_fast(race->w.mm, BASE + PAGE, 1, 0, &page) == 1)
			CHECK(gup_put_page(race->w.m, page) == 0);
	return 0;
}

static void put_while_the_entry_is_split(void **state)
{
	static struct race race;

	(void)state;
	race_begin(&race, &(struct world_spec){ .normal = 32 });
	map_anon(race.w.mm, BASE, HUGE);
	app_poke(race.w.mm, BASE, 1);
	run_pair(&race, play_splitter, play_getter);
	check_rest(race.w.m, 0, 0);
	world_end(&race.w);
}

static int prepare_family(struct race *race, uint64_t round)
{
	(void)round;
	CHECK_CALL(map_again(race->w.mm, HUGE));
	CHECK_CALL(write_byte(race->w.mm, BASE, 1));
	CHECK(gup_mm_fork(race->w.mm, "child", &race->child) == 0);
	return 0;
}

static int side_split(struct race *race, uint64_t round)
{
	spin(round % 400);
	CHECK(gup_madvise(race->w.mm, BASE + HUGE - PAGE, PAGE, GUP_MADV_DONTNEED) == 0);
	return 0;
}

static int side_child_writes(struct race *race, uint64_t round)
{
	spin(round / 400 * 100);
	return write_byte(race->child, BASE, 2);
}

static int judge_family(struct race *race, uint64_t round)
{
	(void)round;
	CHECK_CALL(expect_byte(race->w.mm, BASE, 1));
	CHECK_CALL(expect_byte(race->child, BASE, 2));
	gup_mm_destroy(race->child);
	return 0;
}

static void childs_write_while_the_parents_entry_is_split(void **state)
{
	static struct race race;

	(void)state;
	race_begin(&race, &(struct world_spec){ .normal = 32, .contract = GUP_LINUX_5_2 });
	race.rounds = 4000;
	race.prepare = prepare_family;
	race.side[0] = side_split;
	race.side[1] = side_child_writes;
	race.judge = judge_family;
	run_rounds(&race);
	world_end(&race.w);
}

/* ---- two put one get: one of them is refused ---- */

static int prepare_get(struct race *race, uint64_t round)
{
	(void)round;
	CHECK(gup_get_user_pages_unlocked(race->w.mm, BASE, 1, GUP_WRITE, &race->page) == 1);
	return 0;
}

static int side_put_0(struct race *race, uint64_t round)
{
	spin(round % 60);
	race->results[0] = gup_put_page(race->w.m, race->page);
	return 0;
}

static int side_put_1(struct race *race, uint64_t round)
{
	(void)round;
	race->results[1] = gup_put_page(race->w.m, race->page);
	return 0;
}

static int judge_puts(struct race *race, uint64_t round)
{
	struct gup_stats stats;

	CHECK(race->results[0] + race->results[1] == -GUP_EINVAL);
	CHECK(gup_page_refs(race->w.m, race->page) == 1);
	CHECK(gup_machine_stats(race->w.m, &stats) == 0 && stats.bad_unpins == round + 1);
	return 0;
}

static void two_puts_of_one_get(void **state)
{
	static struct race race;

	(void)state;
	race_begin(&race, &(struct world_spec){ .normal = 8, .no_huge_pages = true, .track_holders = true });
	map_anon(race.w.mm, BASE, PAGE);
	app_poke(race.w.mm, BASE, 1);
	race.rounds = 6000;
	race.prepare = prepare_get;
	race.side[0] = side_put_0;
	race.side[1] = side_put_1;
	race.judge = judge_puts;
	run_rounds(&race);
	world_end(&race.w);
}

/* ---- linux-5.2: a page that is being moved is not the parent's alone, though only one entry maps it ---- */

static int prepare_small_family(struct race *race, uint64_t round)
{
	(void)round;
	CHECK_CALL(map_again(race->w.mm, PAGE));
	CHECK_CALL(write_byte(race->w.mm, BASE, 1));
	CHECK(gup_mm_fork(race->w.mm, "child", &race->child) == 0);
	return 0;
}

static int side_move(struct race *race, uint64_t round)
{
	(void)round;
	CHECK(gup_migrate_range(race->child, BASE, PAGE, NULL) >= 0);
	return 0;
}

static int side_parent_writes(struct race *race, uint64_t round)
{
	spin(round % 200 * 5);
	return write_byte(race->w.mm, BASE, 2);
}

static int judge_small_family(struct race *race, uint64_t round)
{
	(void)round;
	CHECK_CALL(expect_byte(race->w.mm, BASE, 2));
	CHECK_CALL(expect_byte(race->child, BASE, 1));
	gup_mm_destroy(race->child);
	return 0;
}

static void parents_write_while_the_page_moves(void **state)
{
	static struct race race;

	(void)state;
	race_begin(&race, &(struct world_spec){ .normal = 8, .contract = GUP_LINUX_5_2 });
	race.rounds = 8000;
	race.prepare = prepare_small_family;
	race.side[0] = side_move;
	race.side[1] = side_parent_writes;
	race.judge = judge_small_family;
	run_rounds(&race);
	world_end(&race.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fork_while_a_pinned_page_is_tried),
		cmocka_unit_test(dontneed_beside_a_first_write),
		cmocka_unit_test(put_while_the_entry_is_split),
		cmocka_unit_test(childs_write_while_the_parents_entry_is_split),
		cmocka_unit_test(two_puts_of_one_get),
		cmocka_unit_test(parents_write_while_the_page_moves),
	};

	return cmocka_run_group_tests_name("regress races", tests, NULL, NULL);
}
