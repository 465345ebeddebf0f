/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_moving.c - what others do while a folio is on its way.
 *
 * One actor moves a 2 MiB folio again and again, so that its entry is a migration entry for much of the time. The other
 * one goes on until it has met such an entry often enough; what it met is counted by what the library says. The last
 * tests wait for somebody who lets go only after he was waited for.
 */
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "actor.h"

#define MEETINGS 20
#define ROUNDS_MAX 200000
#define MIDDLE 100

struct stage {
	struct world w;
	struct gup_page *held;
	struct gup_object *file;
	uint64_t addr;
	uint64_t met;
	atomic_bool over; /* the other actor is through */
};

static void begin(struct stage *stage, const struct world_spec *spec)
{
	memset(&stage->w, 0, sizeof(stage->w));
	world_begin(&stage->w, spec);
	stage->addr = BASE;
	stage->met = 0;
	atomic_store(&stage->over, false);
}

static int play_mover(struct actor *actor)
{
	struct stage *stage = actor->stage;

	while (!atomic_load(&stage->over))
		CHECK(gup_migrate_range(stage->w.mm, stage->addr, HUGE, NULL) >= 0);
	return 0;
}

/* Play @other against the mover; it must have met a page that was being moved. */
static void while_moving(struct stage *stage, int (*other)(struct actor *))
{
	struct actor actors[] = {
		{ .name = "mover", .play = play_mover, .stage = stage, .seed = 0x61 },
		{ .name = "other", .play = other, .stage = stage, .seed = 0x62 },
	};

	begin(stage, &(struct world_spec){ .normal = 16, .contract = GUP_NATIVE });
	map_anon(stage->w.mm, BASE, HUGE);
	app_fill(stage->w.mm, BASE, HUGE, 1);
	run_actors(actors, 2);
	check_rest(stage->w.m, 0, 0);
	world_end(&stage->w);
}

static int finish(struct stage *stage, int line)
{
	atomic_store(&stage->over, true);
	return line;
}

/* ---- a pin that waits drops the lock, says so, and has the right page in the end ---- */

/* The frame behind a pinned page. While the mover tries it the entry says nothing, but it comes back. */
static uint64_t pinned_pfn(struct gup_mm *mm, uint64_t addr)
{
	uint64_t pfn = 0, i;

	for (i = 0; !pfn && i < ROUNDS_MAX; i++)
		pfn = gup_user_pfn(mm, addr);
	return pfn;
}

static int pin_locked(struct stage *stage, enum gup_entry entry, uint64_t round)
{
	uint64_t addr = stage->addr + round * 7 % GUP_HUGE_PAGES * PAGE;
	struct gup_page *page;
	int locked = 1;
	long ret;

	gup_mmap_read_lock(stage->w.mm);
	ret = gup_user_pages(stage->w.mm, &(struct gup_call){ entry, addr, 1, GUP_WRITE, &page, &locked }, NULL);
	if (locked)
		gup_mmap_read_unlock(stage->w.mm);
	else
		stage->met++;
	CHECK(ret == 1);
	CHECK(gup_page_to_pfn(stage->w.m, page) == pinned_pfn(stage->w.mm, addr));
	CHECK(gup_unpin_user_page(stage->w.m, page) == 0);
	return 0;
}

static int play_locked(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_map_request request = { .addr = BASE + 8 * HUGE, .length = PAGE, .prot = RW, .flags = ANON_AT };
	uint64_t round;
	int line = 0;

	for (round = 0; !line && stage->met < MEETINGS && round < ROUNDS_MAX; round++) {
		line = pin_locked(stage, round % 2 ? GUP_PIN_USER_PAGES_LOCKED : GUP_PIN_USER_PAGES_REMOTE, round);
		/* The lock is free for writers: as often unlocked as locked. */
		if (!line && gup_mmap(stage->w.mm, &request) != (int64_t)request.addr)
			line = __LINE__;
	}
	if (!line && !stage->met)
		line = __LINE__;
	return finish(stage, line);
}

static void a_waiting_pin_drops_the_lock(void **state)
{
	static struct stage stage;

	(void)state;
	while_moving(&stage, play_locked);
}

/* ---- NOWAIT does not wait ---- */

static int play_nowait(struct actor *actor)
{
	const unsigned int flags = GUP_WRITE | GUP_NOWAIT;
	struct stage *stage = actor->stage;
	uint64_t round;
	int line = 0;

	for (round = 0; !line && stage->met < MEETINGS && round < ROUNDS_MAX; round++) {
		struct gup_why why = { 0 };
		struct gup_page *page;
		struct gup_call call = { GUP_PIN_USER_PAGES_UNLOCKED, stage->addr, 1, flags, &page, NULL };
		long ret = gup_user_pages(stage->w.mm, &call, &why);

		if (ret == 0 && why.rule == GUP_RULE_NOWAIT)
			stage->met++;
		else if (ret != 1 || gup_unpin_user_page(stage->w.m, page) != 0)
			line = __LINE__;
	}
	if (!line && !stage->met)
		line = __LINE__;
	return finish(stage, line);
}

static void nowait_does_not_wait(void **state)
{
	static struct stage stage;

	(void)state;
	while_moving(&stage, play_nowait);
}

/* ---- a fault that waits drops the lock as well ---- */

static int fixup(struct stage *stage, uint64_t addr)
{
	bool unlocked = false;
	int ret;

	gup_mmap_read_lock(stage->w.mm);
	ret = gup_fixup_user_fault(stage->w.mm, addr, GUP_WRITE, &unlocked);
	gup_mmap_read_unlock(stage->w.mm);
	CHECK(ret == 0);
	stage->met += unlocked;
	return 0;
}

static int play_fixup(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint64_t round;
	int line = 0;

	for (round = 0; !line && stage->met < MEETINGS && round < ROUNDS_MAX; round++)
		line = fixup(stage, stage->addr + round * 7 % GUP_HUGE_PAGES * PAGE);
	if (!line && !stage->met)
		line = __LINE__;
	return finish(stage, line);
}

static void a_waiting_fault_says_so(void **state)
{
	static struct stage stage;

	(void)state;
	while_moving(&stage, play_fixup);
}

/* ---- fork, protect and a drop of a part find a migration entry and keep its promises ---- */

#define FORKS 300

static int fork_once(struct stage *stage, uint64_t round)
{
	uint64_t addr = stage->addr + MIDDLE * PAGE;
	struct gup_mm *child;

	CHECK(app_stamp(stage->w.mm, 1, addr, round));
	CHECK(gup_mm_fork(stage->w.mm, "child", &child) == 0);
	CHECK(app_stamp(stage->w.mm, 1, addr, round + 1));
	CHECK(app_sees(child, 1, addr, round));
	CHECK(app_stamp(child, 2, addr, round));
	CHECK(app_sees(stage->w.mm, 1, addr, round + 1));
	gup_mm_destroy(child);
	/* One folio again. */
	CHECK(gup_madvise(stage->w.mm, stage->addr, HUGE, GUP_MADV_DONTNEED) == 0);
	CHECK(gup_populate(stage->w.mm, stage->addr, HUGE) == 0);
	return 0;
}

static int play_forker(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint64_t round;
	int line = 0;

	for (round = 0; !line && round < FORKS; round++)
		line = fork_once(stage, round);
	return finish(stage, line);
}

static void fork_keeps_families_apart(void **state)
{
	static struct stage stage;

	(void)state;
	while_moving(&stage, play_forker);
}

static int protect_once(struct stage *stage, uint64_t round)
{
	uint64_t addr = stage->addr + round % GUP_HUGE_PAGES * PAGE;
	struct gup_page *page;

	CHECK(gup_mprotect(stage->w.mm, stage->addr, HUGE, GUP_PROT_READ) == 0);
	CHECK(gup_pin_user_pages_fast_only(stage->w.mm, addr, 1, GUP_WRITE, &page) == 0);
	sched_yield();
	CHECK(gup_pin_user_pages_fast_only(stage->w.mm, addr, 1, GUP_WRITE, &page) == 0);
	CHECK(gup_mprotect(stage->w.mm, stage->addr, HUGE, RW) == 0);
	CHECK(app_stamp(stage->w.mm, 1, addr, round));
	CHECK(app_sees(stage->w.mm, 1, addr, round));
	return 0;
}

static int play_protector(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint64_t round;
	int line = 0;

	for (round = 0; !line && round < 10 * FORKS; round++)
		line = protect_once(stage, round);
	return finish(stage, line);
}

static void protection_holds_after_the_move(void **state)
{
	static struct stage stage;

	(void)state;
	while_moving(&stage, play_protector);
}

static int drop_once(struct stage *stage, uint64_t round)
{
	uint64_t addr = stage->addr, middle = addr + MIDDLE * PAGE;
	struct gup_map_request request = { .addr = addr, .length = HUGE, .prot = RW, .flags = ANON_AT };
	uint64_t page[PAGE / 8];

	CHECK(app_stamp(stage->w.mm, 1, addr, round));
	CHECK(app_stamp(stage->w.mm, 1, middle, round));
	CHECK(app_stamp(stage->w.mm, 1, addr + HUGE - PAGE, round));
	CHECK(gup_madvise(stage->w.mm, middle, PAGE, GUP_MADV_DONTNEED) == 0);
	CHECK(app_sees(stage->w.mm, 1, addr, round));
	CHECK(app_sees(stage->w.mm, 1, addr + HUGE - PAGE, round));
	CHECK(gup_copy_from_user(stage->w.mm, page, middle, PAGE) == 0 && all_zero(page, PAGE));
	CHECK(gup_munmap(stage->w.mm, addr, HUGE) == 0);
	CHECK(gup_mmap(stage->w.mm, &request) == (int64_t)addr);
	return 0;
}

static int play_dropper(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint64_t round;
	int line = 0;

	for (round = 0; !line && round < FORKS; round++)
		line = drop_once(stage, round);
	return finish(stage, line);
}

static void a_part_is_dropped_alone(void **state)
{
	static struct stage stage;

	(void)state;
	while_moving(&stage, play_dropper);
}

/* ---- who lets go late is waited for ---- */

static int play_area_owner(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_page *frames;
	int ret = gup_cma_alloc(stage->w.m, CAMERA, 8 * MIB, 0, 4 * PATIENT_NS, &frames, NULL);

	atomic_store(&stage->over, true);
	CHECK(ret == 0);
	CHECK(gup_cma_free(stage->w.m, frames, 8 * MIB) == 0);
	return 0;
}

/* Lets go after the owner has tried some times in vain. */
static int play_late_holder(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_stats stats;

	do {
		sched_yield();
		CHECK(gup_machine_stats(stage->w.m, &stats) == 0);
	} while (stats.migrate_failed < MEETINGS && !atomic_load(&stage->over));
	CHECK(gup_put_page(stage->w.m, stage->held) == 0);
	return 0;
}

static void hold_a_borrowed_page(struct stage *stage)
{
	stage->addr = world_borrow(&stage->w, GUP_ZONE_CMA, 4);
	assert_int_equal(gup_get_user_pages_fast(stage->w.mm, stage->addr, 1, 0, &stage->held), 1);
}

static void the_area_owner_waits_for_a_get(void **state)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "owner", .play = play_area_owner, .stage = &stage, .seed = 0x71 },
		{ .name = "holder", .play = play_late_holder, .stage = &stage, .seed = 0x72 },
	};

	(void)state;
	begin(&stage, &(struct world_spec){ .normal = 4, .cma = 8 });
	hold_a_borrowed_page(&stage);
	run_actors(actors, 2);
	world_end(&stage.w);
}

static int play_longterm_pinner(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_page *page;
	int ret = gup_pin_user_pages_fast(stage->w.mm, stage->addr, 1, GUP_WRITE | GUP_LONGTERM, &page);

	atomic_store(&stage->over, true);
	stage->met = ret == 1;
	CHECK(ret == 1 || ret == -GUP_ENOMEM);
	if (ret == 1)
		CHECK(gup_unpin_user_page(stage->w.m, page) == 0);
	return 0;
}

/* Lets go a moment after the mover has taken its reference: by then the first attempt has failed. */
static int play_passer_by(struct actor *actor)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	struct stage *stage = actor->stage;

	while (gup_page_refs(stage->w.m, stage->held) < 3 && !atomic_load(&stage->over))
		sched_yield();
	nanosleep(&moment, NULL);
	CHECK(gup_put_page(stage->w.m, stage->held) == 0);
	return 0;
}

/* A passing reference does not make a long-term pin fail; on a machine that stands still for long, once in a while. */
static void a_longterm_pin_waits_for_a_passing_get(void **state)
{
	unsigned int round, waited = 0;

	(void)state;
	for (round = 0; round < MEETINGS && !waited; round++) {
		static struct stage stage;
		struct actor actors[] = {
			{ .name = "pinner", .play = play_longterm_pinner, .stage = &stage, .seed = 0x81 },
			{ .name = "passer-by", .play = play_passer_by, .stage = &stage, .seed = 0x82 },
		};

		begin(&stage, &(struct world_spec){ .normal = 4, .cma = 8 });
		hold_a_borrowed_page(&stage);
		run_actors(actors, 2);
		waited += stage.met;
		check_rest(stage.w.m, 0, 0);
		world_end(&stage.w);
	}
	assert_int_equal(waited, 1);
}

static int play_truncater(struct actor *actor)
{
	struct stage *stage = actor->stage;
	int ret = gup_object_truncate(stage->file, 0, 4 * PATIENT_NS, NULL);

	atomic_store(&stage->over, true);
	CHECK(ret == 0);
	CHECK(gup_object_size(stage->file) == 0);
	return 0;
}

/* Lets go after the truncate has unmapped the block and found it held. */
static int play_late_pinner(struct actor *actor)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	struct stage *stage = actor->stage;

	while (gup_user_pfn(stage->w.mm, BASE) && !atomic_load(&stage->over))
		sched_yield();
	nanosleep(&moment, NULL);
	CHECK(gup_unpin_user_page(stage->w.m, stage->held) == 0);
	return 0;
}

static void truncate_waits_for_a_pin(void **state)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "truncater", .play = play_truncater, .stage = &stage, .seed = 0x91 },
		{ .name = "pinner", .play = play_late_pinner, .stage = &stage, .seed = 0x92 },
	};

	(void)state;
	begin(&stage, &(struct world_spec){ .normal = 4, .dax = 2 });
	stage.file = new_dax_file(&stage.w, 2 * PAGE);
	map_shared(stage.w.mm, BASE, 2 * PAGE, stage.file);
	assert_int_equal(gup_pin_user_pages_fast(stage.w.mm, BASE, 1, GUP_WRITE, &stage.held), 1);
	run_actors(actors, 2);
	gup_object_put(stage.file);
	world_end(&stage.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_waiting_pin_drops_the_lock),
		cmocka_unit_test(nowait_does_not_wait),
		cmocka_unit_test(a_waiting_fault_says_so),
		cmocka_unit_test(fork_keeps_families_apart),
		cmocka_unit_test(protection_holds_after_the_move),
		cmocka_unit_test(a_part_is_dropped_alone),
		cmocka_unit_test(the_area_owner_waits_for_a_get),
		cmocka_unit_test(a_longterm_pin_waits_for_a_passing_get),
		cmocka_unit_test(truncate_waits_for_a_pin),
	};

	return cmocka_run_group_tests_name("moving", tests, NULL, NULL);
}
