/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_storm.c - everything at once in one address space, and no byte goes astray.
 *
 * Four actors share an mm: one pins and lets the device write, one forks, one maps and unmaps, one moves frames, takes
 * CMA and truncates a DAX file. Whoever owns a page knows what must be in it, at every step and at the end. A device
 * that writes while fork copies the same bytes would be a race of the test's own making, so these two are ordered by a
 * lock; pinning and unpinning are not.
 */
#include "actor.h"

#define SMALL_AT BASE
#define SMALL_PAGES 24
#define HUGE_AT (BASE + 2 * HUGE)
#define SHM_AT (BASE + 4 * HUGE)
#define SHM_PAGES 8
#define OTHER_SHM_AT (BASE + 6 * HUGE) /* the same object in the other mm */
#define PLAY_AT (BASE + 8 * HUGE)      /* the mapper's own */
#define PLAY_PAGES 16
#define FILE_AT (BASE + 10 * HUGE)
#define FILE_PAGES 8

enum who { PARENT = 1, CHILD, MAPPER, MOVER, OTHER };

struct stage {
	struct world w;
	struct gup_mm *other;
	struct gup_object *file;
	pthread_rwlock_t device; /* read: device accesses; write: fork */
};

#define PINNER_ROUNDS 2000
#define FORKER_ROUNDS 80
#define MAPPER_ROUNDS 1000
#define MOVER_ROUNDS 120

/* ---- the pinner ---- */

static uint64_t pick_page(struct actor *actor)
{
	switch (dice(actor, 3)) {
	case 0:
		return SMALL_AT + dice(actor, SMALL_PAGES - 4) * PAGE;
	case 1:
		return HUGE_AT + dice(actor, GUP_HUGE_PAGES - 4) * PAGE;
	default:
		return SHM_AT + dice(actor, SHM_PAGES - 4) * PAGE;
	}
}

static long pin_somehow(struct actor *actor, struct gup_mm *mm, uint64_t addr, struct gup_page **pages)
{
	unsigned int longterm = dice(actor, 2) ? GUP_LONGTERM : 0;

	switch (dice(actor, 3)) {
	case 0:
		return gup_pin_user_pages_unlocked(mm, addr, 4, GUP_WRITE | longterm, pages);
	case 1:
		return pin_plain(mm, addr, 4, GUP_WRITE | longterm, pages);
	default:
		return gup_pin_user_pages_fast(mm, addr, 4, GUP_WRITE | longterm, pages);
	}
}

static void device_stamps(struct stage *stage, struct gup_page **pages, uint64_t addr, uint64_t generation)
{
	unsigned int i;

	pthread_rwlock_rdlock(&stage->device);
	for (i = 0; i < 4; i++)
		stamp_make(gup_page_address(stage->w.m, pages[i]), PARENT, addr + i * PAGE, generation);
	pthread_rwlock_unlock(&stage->device);
}

static int device_finds(struct stage *stage, struct gup_page **pages, uint64_t addr, uint64_t generation)
{
	unsigned int i;
	bool good = true;

	pthread_rwlock_rdlock(&stage->device);
	for (i = 0; i < 4; i++)
		good &= stamp_is(gup_page_address(stage->w.m, pages[i]), PARENT, addr + i * PAGE, generation);
	pthread_rwlock_unlock(&stage->device);
	CHECK(good);
	return 0;
}

/* What the device wrote is what the application reads, and the other way round, as long as the pin is held. */
static int use_pins(struct stage *stage, struct gup_page **pages, uint64_t addr, uint64_t generation)
{
	struct gup_mm *mm = stage->w.mm;
	unsigned int i;

	device_stamps(stage, pages, addr, generation);
	for (i = 0; i < 4; i++)
		CHECK(app_sees(mm, PARENT, addr + i * PAGE, generation));
	for (i = 0; i < 4; i++)
		CHECK(app_stamp(mm, PARENT, addr + i * PAGE, generation + 1));
	CHECK_CALL(device_finds(stage, pages, addr, generation + 1));
	device_stamps(stage, pages, addr, generation + 2);
	return 0;
}

static int play_pinner(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint64_t round;
	unsigned int i;

	for (round = 1; round <= PINNER_ROUNDS; round++) {
		struct gup_page *pages[4];
		uint64_t addr = pick_page(actor);
		long ret = pin_somehow(actor, stage->w.mm, addr, pages);

		/* Somebody may be moving the page just now; then nothing is held. */
		if (ret == -GUP_ENOMEM || ret == -GUP_EAGAIN)
			continue;
		CHECK(ret == 4);
		CHECK_CALL(use_pins(stage, pages, addr, round * 10));
		CHECK(gup_unpin_user_pages_dirty_lock(stage->w.m, pages, 4, true) == 0);
		for (i = 0; i < 4; i++)
			CHECK(app_sees(stage->w.mm, PARENT, addr + i * PAGE, round * 10 + 2));
		actor->done++;
	}
	return 0;
}

/* ---- the forker ---- */

static int child_page(struct gup_mm *child, uint64_t addr)
{
	uint64_t page[PAGE / 8], generation;

	CHECK(gup_copy_from_user(child, page, addr, PAGE) == 0);
	CHECK(stamp_is_whole(page, PARENT, addr, &generation));
	CHECK(app_stamp(child, CHILD, addr, generation + 1));
	CHECK(app_sees(child, CHILD, addr, generation + 1));
	return 0;
}

/* A read-only pin in the child sees what the child sees, though it shares most of its pages. */
static int child_pins(struct stage *stage, struct gup_mm *child, uint64_t addr)
{
	struct gup_page *page;
	bool whole;

	CHECK(gup_pin_user_pages_fast(child, addr, 1, 0, &page) == 1);
	whole = stamp_is_whole(gup_page_address(stage->w.m, page), PARENT, addr, NULL);
	CHECK(app_stamp(child, CHILD, addr, 7));
	CHECK(stamp_is(gup_page_address(stage->w.m, page), CHILD, addr, 7));
	CHECK(gup_unpin_user_page(stage->w.m, page) == 0);
	CHECK(whole);
	return 0;
}

static int play_forker(struct actor *actor)
{
	struct stage *stage = actor->stage;
	unsigned int round, i;

	for (round = 0; round < FORKER_ROUNDS; round++) {
		struct gup_mm *child;
		int ret;

		pthread_rwlock_wrlock(&stage->device);
		ret = gup_mm_fork(stage->w.mm, "child", &child);
		pthread_rwlock_unlock(&stage->device);
		CHECK(ret == 0);
		for (i = 0; i < SMALL_PAGES / 2; i++)
			CHECK_CALL(child_page(child, SMALL_AT + 2 * i * PAGE));
		CHECK_CALL(child_pins(stage, child, SMALL_AT + (2 * dice(actor, SMALL_PAGES / 2) + 1) * PAGE));
		for (i = 0; i < 8; i++)
			CHECK_CALL(child_page(child, HUGE_AT + (dice(actor, 64) * 8 + i) * PAGE));
		gup_mm_destroy(child);
		actor->done++;
	}
	return 0;
}

/* ---- the mapper ---- */

static int remap_play(struct gup_mm *mm)
{
	struct gup_map_request request = { .addr = PLAY_AT, .length = PLAY_PAGES * PAGE, .prot = RW, .flags = ANON_AT };

	CHECK(gup_mmap(mm, &request) == (int64_t)PLAY_AT);
	return 0;
}

/* A page pinned, unmapped, written by the device, and mapped anew: the new one is zero, the old one is the device's. */
static int unmap_under_pin(struct actor *actor, struct gup_mm *mm, uint64_t round)
{
	struct gup_machine *m = gup_mm_machine(mm);
	uint64_t addr = PLAY_AT + dice(actor, PLAY_PAGES) * PAGE, zero[PAGE / 8];
	struct gup_page *page;

	CHECK(app_stamp(mm, MAPPER, addr, round));
	CHECK(gup_pin_user_pages_fast(mm, addr, 1, GUP_WRITE, &page) == 1);
	CHECK(stamp_is(gup_page_address(m, page), MAPPER, addr, round));
	CHECK(gup_munmap(mm, PLAY_AT, PLAY_PAGES * PAGE) == 0);
	stamp_make(gup_page_address(m, page), MAPPER, addr, round + 1);
	CHECK_CALL(remap_play(mm));
	CHECK(gup_copy_from_user(mm, zero, addr, PAGE) == 0 && all_zero(zero, PAGE));
	CHECK(app_stamp(mm, MAPPER, addr, round + 2));
	CHECK(stamp_is(gup_page_address(m, page), MAPPER, addr, round + 1));
	CHECK(gup_unpin_user_page(m, page) == 0);
	CHECK(app_sees(mm, MAPPER, addr, round + 2));
	return 0;
}

static int protect_and_drop(struct actor *actor, struct gup_mm *mm, uint64_t round)
{
	uint64_t addr = PLAY_AT + dice(actor, PLAY_PAGES - 1) * PAGE, page[PAGE / 8];

	CHECK(app_stamp(mm, MAPPER, addr, round));
	CHECK(gup_mprotect(mm, addr, PAGE, GUP_PROT_READ) == 0);
	CHECK(!app_stamp(mm, MAPPER, addr, round + 1));
	CHECK(app_sees(mm, MAPPER, addr, round));
	CHECK(gup_mprotect(mm, addr, PAGE, RW) == 0);
	CHECK(gup_mprotect(mm, SMALL_AT, SMALL_PAGES * PAGE, round % 2 ? RW | GUP_PROT_EXEC : RW) == 0);
	CHECK(gup_mprotect(mm, HUGE_AT + 64 * PAGE, PAGE, round % 2 ? RW | GUP_PROT_EXEC : RW) == 0);
	CHECK(gup_madvise(mm, addr, 2 * PAGE, GUP_MADV_DONTNEED) == 0);
	CHECK(gup_copy_from_user(mm, page, addr, PAGE) == 0 && all_zero(page, PAGE));
	return 0;
}

static int play_mapper(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint64_t round;

	for (round = 0; round < MAPPER_ROUNDS; round++) {
		if (round % 2)
			CHECK_CALL(unmap_under_pin(actor, stage->w.mm, round));
		else
			CHECK_CALL(protect_and_drop(actor, stage->w.mm, round));
		actor->done++;
	}
	return 0;
}

/* ---- the mover ---- */

static int truncate_file(struct stage *stage, uint64_t round)
{
	struct gup_mm *mm = stage->other;
	struct gup_page *page;
	uint64_t zero[PAGE / 8];

	CHECK(app_stamp(mm, MOVER, FILE_AT + PAGE, round));
	CHECK(gup_pin_user_pages_fast(mm, FILE_AT + PAGE, 1, GUP_WRITE, &page) == 1);
	CHECK(gup_object_truncate(stage->file, 0, 0, NULL) == -GUP_EBUSY);
	CHECK(stamp_is(gup_page_address(stage->w.m, page), MOVER, FILE_AT + PAGE, round));
	CHECK(gup_unpin_user_page(stage->w.m, page) == 0);
	CHECK(gup_object_truncate(stage->file, 0, PATIENT_NS, NULL) == 0);
	CHECK(gup_copy_from_user(mm, zero, FILE_AT, PAGE) == PAGE);
	CHECK(gup_object_truncate(stage->file, FILE_PAGES * PAGE, PATIENT_NS, NULL) == 0);
	CHECK(gup_copy_from_user(mm, zero, FILE_AT + PAGE, PAGE) == 0 && all_zero(zero, PAGE));
	return 0;
}

static int play_mover(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint64_t round;

	for (round = 0; round < MOVER_ROUNDS; round++) {
		long moved = gup_migrate_range(stage->w.mm, BASE, 9 * HUGE, NULL);

		CHECK(moved >= 0);
		CHECK_CALL(take_area(stage->w.m, &actor->done));
		CHECK_CALL(truncate_file(stage, round));
		CHECK(app_sees(stage->other, OTHER, SMALL_AT, 1));
	}
	return 0;
}

/* ---- the stage ---- */

static void fill_region(struct gup_mm *mm, uint32_t who, uint64_t addr, unsigned int pages, uint64_t generation)
{
	unsigned int i;

	for (i = 0; i < pages; i++)
		assert_true(app_stamp(mm, who, addr + i * PAGE, generation));
}

static void region_is_whole(struct gup_mm *mm, uint32_t who, uint64_t addr, unsigned int pages)
{
	uint64_t page[PAGE / 8];
	unsigned int i;

	for (i = 0; i < pages; i++) {
		assert_int_equal(gup_copy_from_user(mm, page, addr + i * PAGE, PAGE), 0);
		assert_true(stamp_is_whole(page, who, addr + i * PAGE, NULL));
	}
}

static void set_the_stage(struct stage *stage)
{
	struct gup_object *shm;

	world_begin(&stage->w,
		    &(struct world_spec){ .normal = 16, .movable = 2, .cma = 24, .dax = 2, .contract = GUP_NATIVE });
	pthread_rwlock_init(&stage->device, NULL);
	stage->other = world_mm(&stage->w, "other");
	map_anon(stage->w.mm, SMALL_AT, SMALL_PAGES * PAGE);
	map_anon(stage->w.mm, HUGE_AT, HUGE);
	map_anon(stage->w.mm, PLAY_AT, PLAY_PAGES * PAGE);
	map_anon(stage->other, SMALL_AT, SMALL_PAGES * PAGE);
	shm = new_shm(&stage->w, SHM_PAGES * PAGE);
	map_shared(stage->w.mm, SHM_AT, SHM_PAGES * PAGE, shm);
	map_shared(stage->other, OTHER_SHM_AT, SHM_PAGES * PAGE, shm);
	gup_object_put(shm);
	stage->file = new_dax_file(&stage->w, FILE_PAGES * PAGE);
	map_shared(stage->other, FILE_AT, FILE_PAGES * PAGE, stage->file);
	fill_region(stage->w.mm, PARENT, SMALL_AT, SMALL_PAGES, 1);
	fill_region(stage->w.mm, PARENT, HUGE_AT, GUP_HUGE_PAGES, 1);
	fill_region(stage->w.mm, PARENT, SHM_AT, SHM_PAGES, 1);
	fill_region(stage->other, OTHER, SMALL_AT, SMALL_PAGES, 1);
}

static void clear_the_stage(struct stage *stage)
{
	uint64_t page[PAGE / 8];
	unsigned int i;

	region_is_whole(stage->w.mm, PARENT, SMALL_AT, SMALL_PAGES);
	region_is_whole(stage->w.mm, PARENT, HUGE_AT, GUP_HUGE_PAGES);
	region_is_whole(stage->w.mm, PARENT, SHM_AT, SHM_PAGES);
	for (i = 0; i < SMALL_PAGES; i++)
		assert_true(app_sees(stage->other, OTHER, SMALL_AT + i * PAGE, 1));
	for (i = 0; i < SHM_PAGES; i++) {
		assert_int_equal(gup_copy_from_user(stage->other, page, OTHER_SHM_AT + i * PAGE, PAGE), 0);
		assert_true(stamp_is_whole(page, PARENT, SHM_AT + i * PAGE, NULL));
	}
	check_rest(stage->w.m, 0, 0);
	gup_object_put(stage->file);
	pthread_rwlock_destroy(&stage->device);
	world_end(&stage->w);
}

static void storm(void **state)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "pinner", .play = play_pinner, .stage = &stage, .seed = 0x1001 },
		{ .name = "forker", .play = play_forker, .stage = &stage, .seed = 0x2002 },
		{ .name = "mapper", .play = play_mapper, .stage = &stage, .seed = 0x3003 },
		{ .name = "mover", .play = play_mover, .stage = &stage, .seed = 0x4004 },
	};

	(void)state;
	set_the_stage(&stage);
	run_actors(actors, ARRAY_LEN(actors));
	assert_true(actors[0].done > PINNER_ROUNDS / 2);
	assert_int_equal(actors[1].done, FORKER_ROUNDS);
	assert_int_equal(actors[2].done, MAPPER_ROUNDS);
	assert_true(actors[3].done > 0);
	clear_the_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(storm),
	};

	return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
