/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_regress_races.c - rules that were broken once when two threads met at the wrong moment.
 *
 * A race is played in rounds: one side prepares, both go at once, one side judges. The moment at which one of them
 * starts is swept over the rounds. Where a thread has to wait for another, it waits for a counter, never for a time.
 */
#include <sched.h>

#include "actor.h"

#define NOTICED 8 /* failed moves after which an allocation is known to wait */

struct race {
	struct world w;
	struct gup_object *shm, *object;
	struct gup_mm *child;
	struct gup_page *page, *frames;
	uint64_t rounds, timeout_ns;
	int (*prepare)(struct race *race, uint64_t round);
	int (*side[2])(struct race *race, uint64_t round);
	int (*judge)(struct race *race, uint64_t round);
	int results[2];
	bool over; /* atomic */
	pthread_barrier_t gate;
};

static bool is_over(struct race *race)
{
	return __atomic_load_n(&race->over, __ATOMIC_SEQ_CST);
}

static void set_over(struct race *race)
{
	__atomic_store_n(&race->over, true, __ATOMIC_SEQ_CST);
}

static void spin(uint64_t turns)
{
	volatile uint64_t i;

	for (i = 0; i < turns; i++)
		;
}

/* Between the gates nobody changes @over, so both sides leave after the same round. */
static int play_side(struct actor *actor)
{
	struct race *race = actor->stage;
	unsigned int me = actor->seed;
	uint64_t round;
	int line = 0;

	for (round = 0; round < race->rounds; round++) {
		if (me == 0)
			line = race->prepare(race, round);
		if (line)
			set_over(race);
		pthread_barrier_wait(&race->gate);
		if (is_over(race))
			break;
		line = race->side[me](race, round);
		pthread_barrier_wait(&race->gate);
		if (me == 0 && !line)
			line = race->judge(race, round);
		if (line)
			set_over(race);
		pthread_barrier_wait(&race->gate);
		if (is_over(race))
			break;
	}
	return line;
}

static void begin(struct race *race, const struct world_spec *spec)
{
	memset(race, 0, sizeof(*race));
	world_begin(&race->w, spec);
}

static void run_rounds(struct race *race)
{
	struct actor actors[] = {
		{ .name = "first", .play = play_side, .stage = race, .seed = 0 },
		{ .name = "second", .play = play_side, .stage = race, .seed = 1 },
	};

	pthread_barrier_init(&race->gate, NULL, 2);
	run_actors(actors, 2);
	pthread_barrier_destroy(&race->gate);
}

static void run_pair(struct race *race, int (*first)(struct actor *), int (*second)(struct actor *))
{
	struct actor actors[] = {
		{ .name = "first", .play = first, .stage = race },
		{ .name = "second", .play = second, .stage = race },
	};

	run_actors(actors, 2);
}

static int map_again(struct gup_mm *mm, uint64_t bytes)
{
	struct gup_map_request request = { .addr = BASE, .length = bytes, .prot = RW, .flags = ANON_AT };

	CHECK(gup_mmap(mm, &request) == (int64_t)BASE);
	return 0;
}

static int write_byte(struct gup_mm *mm, uint64_t addr, uint8_t byte)
{
	CHECK(gup_copy_to_user(mm, addr, &byte, 1) == 0);
	return 0;
}

static int expect_byte(struct gup_mm *mm, uint64_t addr, uint8_t byte)
{
	uint8_t seen = (uint8_t)~byte;

	CHECK(gup_copy_from_user(mm, &seen, addr, 1) == 0);
	CHECK(seen == byte);
	return 0;
}

/* ---- fork and an attempt to move what is pinned: the parent keeps the device's page ---- */

#define KEPT 64 /* pages of the folio that are mapped, by 4 KiB entries */
#define FORKS 1500

static int fork_and_look(struct race *race)
{
	struct gup_mm *child;
	uint64_t i;

	CHECK(gup_mm_fork(race->w.mm, "child", &child) == 0);
	for (i = 0; i < KEPT; i++) {
		CHECK_CALL(write_byte(race->w.mm, BASE + i * PAGE, (uint8_t)i));
		CHECK(gup_user_pfn(race->w.mm, BASE + i * PAGE) == gup_page_to_pfn(race->w.m, race->page) + i);
	}
	gup_mm_destroy(child);
	return 0;
}

static int play_forks(struct actor *actor)
{
	struct race *race = actor->stage;
	int round, line = 0;

	for (round = 0; round < FORKS && !line; round++)
		line = fork_and_look(race);
	set_over(race);
	return line;
}

static int play_vain_mover(struct actor *actor)
{
	struct race *race = actor->stage;

	while (!is_over(race))
		CHECK(gup_split_folio(race->w.m, race->page, NULL) == -GUP_EBUSY);
	return 0;
}

static void fork_while_a_pinned_page_is_tried(void **state)
{
	static struct race race;
	struct gup_page *got;

	(void)state;
	begin(&race, &(struct world_spec){ .normal = 16 });
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
	(void)round;
	CHECK(gup_madvise(race->w.mm, BASE, BEFORE + PAGE, GUP_MADV_DONTNEED) == 0);
	return 0;
}

static int side_first_write(struct race *race, uint64_t round)
{
	spin(round * 500);
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
	begin(&race, &(struct world_spec){ .normal = 64 });
	race.rounds = 60;
	race.prepare = prepare_edge;
	race.side[0] = side_dontneed;
	race.side[1] = side_first_write;
	race.judge = judge_edge;
	run_rounds(&race);
	world_end(&race.w);
}

/* ---- a split of a 2 MiB entry: no get is denied, and linux-5.2 takes no shared page for a private one ---- */

#define SPLITS 3000

static int play_splitter(struct actor *actor)
{
	struct race *race = actor->stage;
	int round, line = 0;

	for (round = 0; round < SPLITS && !line; round++) {
		line = map_again(race->w.mm, HUGE);
		if (!line)
			line = write_byte(race->w.mm, BASE, 1);
		spin(round % 100 * 50);
		if (!line && gup_madvise(race->w.mm, BASE + HUGE - PAGE, PAGE, GUP_MADV_DONTNEED) != 0)
			line = __LINE__;
	}
	set_over(race);
	return line;
}

static int play_getter(struct actor *actor)
{
	struct race *race = actor->stage;
	struct gup_page *page;

	while (!is_over(race))
		if (gup_get_user_pages_fast(race->w.mm, BASE + PAGE, 1, 0, &page) == 1)
			CHECK(gup_put_page(race->w.m, page) == 0);
	return 0;
}

static void put_while_the_entry_is_split(void **state)
{
	static struct race race;

	(void)state;
	begin(&race, &(struct world_spec){ .normal = 32 });
	map_anon(race.w.mm, BASE, HUGE);
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
	begin(&race, &(struct world_spec){ .normal = 32, .contract = GUP_LINUX_5_2 });
	race.rounds = 2000;
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
	begin(&race, &(struct world_spec){ .normal = 8, .no_huge_pages = true, .track_holders = true });
	map_anon(race.w.mm, BASE, PAGE);
	app_poke(race.w.mm, BASE, 1);
	race.rounds = 4000;
	race.prepare = prepare_get;
	race.side[0] = side_put_0;
	race.side[1] = side_put_1;
	race.judge = judge_puts;
	run_rounds(&race);
	world_end(&race.w);
}

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
	begin(&race, &(struct world_spec){ .normal = 8 });
	race.shm = new_shm(&race.w, 0);
	race.rounds = 20000;
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
	begin(&race, &(struct world_spec){ .normal = 16 });
	assert_int_equal(gup_shm_create(race.w.m, HUGE, GUP_SHM_HUGE, &race.shm), 0);
	map_shared(race.w.mm, BASE, HUGE, race.shm);
	assert_int_equal(gup_pin_user_pages_fast(race.w.mm, BASE + HUGE - PAGE, 1, GUP_WRITE, &race.page), 1);
	race.rounds = 200;
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

	set_over(race);
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
	} while (stats.migrate_failed < NOTICED && !is_over(race));
	return !is_over(race);
}

static int play_other_owner(struct actor *actor)
{
	struct race *race = actor->stage;
	struct gup_page *own;
	bool waits = alloc_waits(race), pinned, freed;

	pinned = gup_pin_user_pages_fast(race->w.mm, BASE, 1, GUP_WRITE | GUP_LONGTERM, &own) == 1;
	freed = gup_cma_free(race->w.m, race->frames, MIB / 2) == 0 && !is_over(race);
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

/* 1 MiB of the area is mapped by its owner, 0.5 MiB more is allocated, and of the rest one page is borrowed and pinned. */
static void waiting_allocation(uint64_t timeout_ns, int (*other)(struct actor *), bool freed)
{
	static struct race race;
	struct gup_page *mine;

	begin(&race, &(struct world_spec){ .normal = 4, .cma = 8, .contract = GUP_NATIVE, .no_huge_pages = true });
	race.timeout_ns = timeout_ns;
	assert_int_equal(gup_cma_alloc(race.w.m, CAMERA, MIB, 0, 0, &mine, NULL), 0);
	assert_int_equal(gup_cma_alloc(race.w.m, CAMERA, MIB / 2, 0, 0, &race.frames, NULL), 0);
	assert_int_equal(gup_cma_object(race.w.m, mine, MIB, &race.object), 0);
	map_shared(race.w.mm, BASE, MIB, race.object);
	app_poke(race.w.mm, BASE, 1);
	world_borrow(&race.w, GUP_ZONE_CMA, 4);
	assert_int_equal(gup_pin_user_pages_fast(race.w.mm, BORROWED, 1, GUP_WRITE, &race.page), 1);
	run_pair(&race, play_waiting_owner, other);
	check_rest(race.w.m, 0, MIB / PAGE * 0);
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
	begin(&race, &(struct world_spec){ .normal = 8, .contract = GUP_LINUX_5_2 });
	race.rounds = 8000;
	race.prepare = prepare_small_family;
	race.side[0] = side_move;
	race.side[1] = side_parent_writes;
	race.judge = judge_small_family;
	run_rounds(&race);
	world_end(&race.w);
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
	set_over(race);
	return line;
}

/* Reaps with each mm that it ends, and fills the frames that come back with what would be entries. */
static int play_reaper(struct actor *actor)
{
	struct race *race = actor->stage;
	uint8_t ones[PAGE];
	struct gup_mm *mm;

	memset(ones, 0xff, sizeof(ones));
	while (!is_over(race)) {
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

	while (!is_over(race)) {
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
	begin(&race, &(struct world_spec){ .normal = 8, .contract = GUP_NATIVE, .no_huge_pages = true });
	race.rounds = 4000;
	run_actors(actors, 3);
	check_rest(race.w.m, 0, 0);
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
		cmocka_unit_test(two_change_the_size),
		cmocka_unit_test(reading_what_grows),
		cmocka_unit_test(owners_go_on_while_another_allocation_waits),
		cmocka_unit_test(waiting_for_ever),
		cmocka_unit_test(parents_write_while_the_page_moves),
		cmocka_unit_test(reaping_while_tables_die),
	};

	return cmocka_run_group_tests_name("regress races", tests, NULL, NULL);
}
