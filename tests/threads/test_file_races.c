/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_file_races.c - write-back while others store, pin, fork and move.
 *
 * Each application has pages of its own in one file and stamps them; whatever the store is given is one whole stamp, and
 * when all have ended it has the last one of each page. The device only takes and releases: what it would write while a
 * page is copied is a race that no rule forbids, and tests/sim plays it.
 */
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "actor.h"
#include "file_world.h"

#define WRITERS 2
#define PAGES_EACH 4
#define NR_PAGES (WRITERS * PAGES_EACH)
#define ROUNDS 400

struct stage {
	struct world w;
	struct gup_object *file;
	atomic_uint writers, torn;
};

static uint64_t addr_of(uint64_t index)
{
	return BASE + index * PAGE;
}

static uint32_t owner_of(uint64_t index)
{
	return (uint32_t)(1 + index / PAGES_EACH);
}

static void look_at_page(void *user, uint64_t index, const void *page)
{
	struct stage *stage = user;

	if (!stamp_is_whole(page, owner_of(index), addr_of(index), NULL))
		atomic_fetch_add(&stage->torn, 1);
}

static bool writers_are_over(struct actor *actor)
{
	struct stage *stage = actor->stage;

	return !atomic_load(&stage->writers);
}

static int play_writer(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint32_t who = (uint32_t)actor->seed;
	uint64_t round, index;
	int line = 0;

	for (round = 1; !line && round <= ROUNDS; round++) {
		index = (who - 1) * PAGES_EACH + round % PAGES_EACH;
		if (!app_stamp(stage->w.mm, who, addr_of(index), round))
			line = __LINE__;
		else if (!app_sees(stage->w.mm, who, addr_of(index), round))
			line = __LINE__;
	}
	atomic_fetch_sub(&stage->writers, 1);
	return line;
}

static int play_syncer(struct actor *actor)
{
	struct stage *stage = actor->stage;

	do
		CHECK(gup_file_sync(stage->file, NULL) == 0);
	while (!writers_are_over(actor));
	return 0;
}

static int play_device(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_page *pages[NR_PAGES];
	uint64_t first, nr;

	while (!writers_are_over(actor)) {
		first = dice(actor, NR_PAGES);
		nr = 1 + dice(actor, NR_PAGES - first);
		CHECK(gup_pin_user_pages_fast(stage->w.mm, addr_of(first), (int)nr, dice(actor, 2) ? GUP_WRITE : 0,
					      pages) == (int)nr);
		CHECK(gup_unpin_user_pages_dirty_lock(stage->w.m, pages, nr, dice(actor, 2)) == 0);
	}
	return 0;
}

static int play_mover(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_mm *child;

	while (!writers_are_over(actor)) {
		CHECK(gup_migrate_range(stage->w.mm, BASE, NR_PAGES * PAGE, NULL) >= 0);
		CHECK(gup_mm_fork(stage->w.mm, "child", &child) == 0);
		CHECK(gup_populate(child, BASE, NR_PAGES * PAGE) == 0);
		gup_mm_destroy(child);
	}
	return 0;
}

static void begin(struct stage *stage)
{
	memset(&stage->w, 0, sizeof(stage->w));
	store_init(&store);
	world_begin(&stage->w, &(struct world_spec){ .normal = 16, .contract = GUP_NATIVE });
	assert_int_equal(store_file(stage->w.m, &store, NR_PAGES * PAGE, true, &stage->file), 0);
	map_shared(stage->w.mm, BASE, NR_PAGES * PAGE, stage->file);
	atomic_store(&stage->writers, WRITERS);
	atomic_store(&stage->torn, 0);
	for (uint64_t index = 0; index < NR_PAGES; index++)
		stamp_make(store.pages[index], owner_of(index), addr_of(index), 0);
	store.on_write = look_at_page;
	store.user = stage;
}

static void the_store_sees_whole_pages(void **state)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "first writer", .play = play_writer, .stage = &stage, .seed = 1 },
		{ .name = "second writer", .play = play_writer, .stage = &stage, .seed = 2 },
		{ .name = "syncer", .play = play_syncer, .stage = &stage, .seed = 3 },
		{ .name = "device", .play = play_device, .stage = &stage, .seed = 4 },
		{ .name = "mover", .play = play_mover, .stage = &stage, .seed = 5 },
	};
	uint64_t index, last;

	(void)state;
	begin(&stage);
	run_actors(actors, ARRAY_LEN(actors));
	check_rest(stage.w.m, 0, 0);
	assert_int_equal(gup_file_sync(stage.file, NULL), 0);
	assert_int_equal(stage.torn, 0);
	for (index = 0; index < NR_PAGES; index++) {
		assert_true(stamp_is_whole(store.pages[index], owner_of(index), addr_of(index), &last));
		assert_in_range(last, ROUNDS - PAGES_EACH + 1, ROUNDS);
	}
	gup_object_put(stage.file);
	world_end(&stage.w);
}

/* ---- a file that changes its size under everybody ---- */

static int play_cutter(struct actor *actor)
{
	struct stage *stage = actor->stage;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		CHECK(gup_object_truncate(stage->file, dice(actor, NR_PAGES) * PAGE, 0, NULL) == 0);
		CHECK(gup_object_punch(stage->file, dice(actor, NR_PAGES) * PAGE, PAGE, 0, NULL) == 0);
		CHECK(gup_object_truncate(stage->file, NR_PAGES * PAGE, 0, NULL) == 0);
	}
	atomic_store(&stage->writers, 0);
	return 0;
}

/* A store that finds no file there is refused, and nothing else. */
static int play_storer(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint32_t who = (uint32_t)actor->seed;

	for (uint64_t round = 1; !writers_are_over(actor); round++)
		app_stamp(stage->w.mm, who, addr_of((who - 1) * PAGES_EACH + round % PAGES_EACH), round);
	return 0;
}

static int play_holder(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_page *pages[NR_PAGES];
	int nr;

	while (!writers_are_over(actor)) {
		nr = gup_pin_user_pages_fast(stage->w.mm, BASE, NR_PAGES, GUP_WRITE, pages);
		CHECK(nr >= 0 || nr == -GUP_EFAULT);
		CHECK(nr <= 0 || gup_unpin_user_pages_dirty_lock(stage->w.m, pages, (unsigned long)nr, true) == 0);
	}
	return 0;
}

static void the_store_has_what_the_file_has(void **state)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "cutter", .play = play_cutter, .stage = &stage, .seed = 6 },
		{ .name = "first writer", .play = play_storer, .stage = &stage, .seed = 1 },
		{ .name = "second writer", .play = play_storer, .stage = &stage, .seed = 2 },
		{ .name = "syncer", .play = play_syncer, .stage = &stage, .seed = 7 },
		{ .name = "holder", .play = play_holder, .stage = &stage, .seed = 8 },
	};
	uint8_t page[PAGE];

	(void)state;
	begin(&stage);
	store.on_write = NULL; /* a page may be zeroes or a stamp */
	run_actors(actors, ARRAY_LEN(actors));
	check_rest(stage.w.m, 0, 0);
	assert_int_equal(gup_file_sync(stage.file, NULL), 0);
	for (uint64_t index = 0; index < NR_PAGES; index++) {
		assert_int_equal(gup_object_read(stage.file, index * PAGE, page, PAGE), PAGE);
		assert_memory_equal(page, store.pages[index], PAGE);
		assert_true(all_zero(page, PAGE) || stamp_is_whole(page, owner_of(index), addr_of(index), NULL));
	}
	gup_object_put(stage.file);
	world_end(&stage.w);
}

/* ---- a move waits for the store, however long that takes ---- */

static void slow_write(void *user, uint64_t index, const void *page)
{
	const struct timespec moment = { 0, 50 * 1000 * 1000 };
	struct stage *stage = user;

	(void)index;
	(void)page;
	atomic_store(&stage->writers, 1);
	nanosleep(&moment, NULL);
}

static int play_one_sync(struct actor *actor)
{
	struct stage *stage = actor->stage;

	CHECK(gup_file_sync(stage->file, NULL) == 0);
	return 0;
}

static int play_one_move(struct actor *actor)
{
	struct stage *stage = actor->stage;

	while (writers_are_over(actor))
		sched_yield();
	CHECK(gup_migrate_range(stage->w.mm, BASE, PAGE, NULL) == 1);
	return 0;
}

static void a_move_waits_for_the_store(void **state)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "syncer", .play = play_one_sync, .stage = &stage },
		{ .name = "mover", .play = play_one_move, .stage = &stage },
	};

	(void)state;
	begin(&stage);
	app_fill(stage.w.mm, BASE, PAGE, 2);
	store.on_write = slow_write;
	atomic_store(&stage.writers, 0);
	run_actors(actors, ARRAY_LEN(actors));
	store.on_write = NULL;
	check_rest(stage.w.m, 0, 0);
	gup_object_put(stage.file);
	world_end(&stage.w);
	assert_true(stored(0, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_store_sees_whole_pages),
		cmocka_unit_test(the_store_has_what_the_file_has),
		cmocka_unit_test(a_move_waits_for_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
