/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_remap_races.c - mappings that change their place under everybody who uses them.
 *
 * One actor takes all of a mapping elsewhere and brings it back, to where large folios keep their form or do not. Others
 * pin, move folios for long-term pins and CMA areas without mmap_lock, split folios and fork. Pages are at one place, all
 * of them, with the stamp of their generation; what is pinned goes along.
 */
#include <stdatomic.h>

#include "actor.h"

#define PAGES 24u
#define LARGE_AT (BASE + 2 * HUGE)
#define AWAY (8 * HUGE)
#define TO_PLACE (GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED)
#define ROUNDS 1500
#define APP_ID 1

struct stage {
	struct world w;
	uint64_t large; /* pages of the second mapping */
	pthread_rwlock_t device;
	atomic_bool over;
};

/* Generations differ by page; a device that writes makes a page its own for a while. */
static bool page_is(const void *bytes, uint64_t addr)
{
	return stamp_is_whole(bytes, APP_ID, addr, NULL);
}

static int see_all(struct gup_mm *mm, uint64_t addr, uint64_t pages, uint64_t at, bool *out)
{
	uint64_t page[PAGE / 8], seen = 0, i;

	for (i = 0; i < pages; i++) {
		if (gup_copy_from_user(mm, page, at + i * PAGE, PAGE))
			continue;
		CHECK(page_is(page, addr + i * PAGE));
		seen++;
	}
	CHECK(seen == 0 || seen == pages);
	*out = seen;
	return 0;
}

/* ---- who moves mappings ---- */

static int there_and_back(struct stage *stage, uint64_t addr, uint64_t pages, uint64_t distance)
{
	struct gup_mm *mm = stage->w.mm;
	uint64_t bytes = pages * PAGE, to = addr + distance, page[PAGE / 8], i;
	bool there;

	CHECK(gup_mremap(mm, addr, bytes, bytes, TO_PLACE, to) == (int64_t)to);
	pthread_rwlock_wrlock(&stage->device);
	CHECK_CALL(see_all(mm, addr, pages, to, &there));
	for (i = 0; i < pages; i += 5) {
		stamp_make(page, APP_ID, addr + i * PAGE, i);
		CHECK(gup_copy_to_user(mm, to + i * PAGE, page, PAGE) == 0);
	}
	pthread_rwlock_unlock(&stage->device);
	CHECK(there);
	CHECK(gup_mremap(mm, to, bytes, bytes, TO_PLACE, addr) == (int64_t)addr);
	return 0;
}

static int play_remapper(struct actor *actor)
{
	struct stage *stage = actor->stage;
	int line = 0;

	for (; actor->done < ROUNDS && !line; actor->done++) {
		uint64_t odd = dice(actor, 2) * (HUGE - dice(actor, 20) * PAGE);

		if (actor->done % 8)
			line = there_and_back(stage, BASE, PAGES, AWAY + odd);
		else
			line = there_and_back(stage, LARGE_AT, stage->large, AWAY + odd);
	}
	stage->over = true;
	return line;
}

/* ---- who pins ---- */

static int use_pin(struct stage *stage, struct gup_page *page, uint64_t addr, uint64_t generation)
{
	void *bytes = gup_page_address(stage->w.m, page);

	CHECK(page_is(bytes, addr));
	stamp_make(bytes, APP_ID, addr, generation);
	return 0;
}

static int play_pinner(struct actor *actor)
{
	struct stage *stage = actor->stage;

	while (!stage->over) {
		uint64_t addr = dice(actor, 2) ? BASE + dice(actor, PAGES) * PAGE
					       : LARGE_AT + dice(actor, stage->large) * PAGE;
		unsigned int flags = GUP_WRITE | (dice(actor, 2) ? GUP_LONGTERM : 0);
		struct gup_page *page;
		long ret = gup_pin_user_pages_fast(stage->w.mm, addr, 1, flags, &page);
		int line;

		CHECK(ret == 1 || ret == -GUP_EFAULT || ret == -GUP_ENOMEM || ret == -GUP_EAGAIN);
		if (ret != 1)
			continue;
		pthread_rwlock_wrlock(&stage->device);
		line = use_pin(stage, page, addr, actor->done);
		pthread_rwlock_unlock(&stage->device);
		CHECK(gup_unpin_user_pages_dirty_lock(stage->w.m, &page, 1, true) == 0);
		CHECK_CALL(line);
		actor->done++;
	}
	return 0;
}

/* ---- who moves and splits folios ---- */

static int play_mover(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_page *page;

	while (!stage->over) {
		CHECK_CALL(take_area(stage->w.m, &actor->done));
		if (gup_get_user_pages_fast(stage->w.mm, LARGE_AT + dice(actor, stage->large) * PAGE, 1, 0, &page) != 1)
			continue;
		(void)gup_split_folio(stage->w.m, page, NULL); /* others may hold it */
		CHECK(gup_put_page(stage->w.m, page) == 0);
	}
	return 0;
}

/* ---- who forks ---- */

static int child_is_whole(struct gup_mm *child)
{
	bool here, there;

	CHECK_CALL(see_all(child, BASE, PAGES, BASE, &here));
	CHECK_CALL(see_all(child, BASE, PAGES, BASE + AWAY, &there));
	CHECK(!(here && there));
	return 0;
}

static int play_forker(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_mm *child;
	int line = 0, ret;

	while (!stage->over && !line) {
		pthread_rwlock_wrlock(&stage->device);
		ret = gup_mm_fork(stage->w.mm, "child", &child);
		pthread_rwlock_unlock(&stage->device);
		CHECK(ret == 0);
		line = child_is_whole(child);
		gup_mm_destroy(child);
		actor->done++;
	}
	return line;
}

/* ---- the stage ---- */

static void fill(struct gup_mm *mm, uint64_t addr, uint64_t pages)
{
	uint64_t i;

	for (i = 0; i < pages; i++)
		assert_true(app_stamp(mm, APP_ID, addr + i * PAGE, i));
}

static void play(const struct world_spec *spec, uint64_t large)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "remapper", .play = play_remapper, .stage = &stage, .seed = 0x1001 },
		{ .name = "pinner", .play = play_pinner, .stage = &stage, .seed = 0x2002 },
		{ .name = "mover", .play = play_mover, .stage = &stage, .seed = 0x3003 },
		{ .name = "forker", .play = play_forker, .stage = &stage, .seed = 0x4004 },
	};
	bool whole;

	memset(&stage, 0, sizeof(stage));
	world_begin(&stage.w, spec);
	stage.large = large;
	pthread_rwlock_init(&stage.device, NULL);
	map_anon(stage.w.mm, BASE, PAGES * PAGE);
	map_anon(stage.w.mm, LARGE_AT, large * PAGE);
	fill(stage.w.mm, BASE, PAGES);
	fill(stage.w.mm, LARGE_AT, large);
	run_actors(actors, ARRAY_LEN(actors));
	assert_int_equal(actors[0].done, ROUNDS);
	assert_true(actors[1].done && actors[2].done && actors[3].done);
	assert_int_equal(see_all(stage.w.mm, BASE, PAGES, BASE, &whole), 0);
	assert_true(whole);
	assert_int_equal(see_all(stage.w.mm, LARGE_AT, large, LARGE_AT, &whole), 0);
	assert_true(whole);
	check_rest(stage.w.m, 0, 0);
	pthread_rwlock_destroy(&stage.device);
	world_end(&stage.w);
}

static void mappings_of_some_orders_move(void **state)
{
	(void)state;
	play(&(struct world_spec){ .normal = 8,
				   .cma = 24,
				   .contract = GUP_NATIVE,
				   .anon_orders = 1 << 2 | 1 << 4,
				   .no_huge_pages = true },
	     64);
}

static void mappings_of_huge_folios_move(void **state)
{
	(void)state;
	play(&(struct world_spec){ .normal = 8, .cma = 24, .contract = GUP_NATIVE }, GUP_HUGE_PAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mappings_of_some_orders_move),
		cmocka_unit_test(mappings_of_huge_folios_move),
	};

	return cmocka_run_group_tests_name("remap races", tests, NULL, NULL);
}
