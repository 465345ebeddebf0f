/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_races.c - two at the same page at the same moment.
 *
 * Each test is one pair of operations that must not go wrong together, met again and again: two long-term pins of one
 * CMA page, a pin and an unmap, a pin and a fork, faults of one page, and a pin that outruns a CMA allocation.
 */
#include "actor.h"

#define ROUNDS 2000
#define UNMAP_ROUNDS 12000
#define PINNERS 4

struct duel {
	struct world w;
	struct gup_mm *other;
	enum gup_entry entry;
	uint64_t addr;
	bool over; /* atomic */
	pthread_barrier_t gate;
	struct gup_page *pages[2];
	long results[2];
	struct duelist {
		struct duel *duel;
		unsigned int nr;
	} duelists[2];
};

static void begin(struct duel *duel, const struct world_spec *spec)
{
	memset(duel, 0, sizeof(*duel));
	world_begin(&duel->w, spec);
	duel->addr = BASE;
	pthread_barrier_init(&duel->gate, NULL, 2);
	duel->duelists[0] = (struct duelist){ duel, 0 };
	duel->duelists[1] = (struct duelist){ duel, 1 };
}

static void end(struct duel *duel)
{
	pthread_barrier_destroy(&duel->gate);
	check_rest(duel->w.m, 0, 0);
	world_end(&duel->w);
}

static void fight(struct duel *duel, int (*first)(struct actor *), int (*second)(struct actor *))
{
	struct actor actors[] = {
		{ .name = "first", .play = first, .stage = &duel->duelists[0] },
		{ .name = "second", .play = second, .stage = &duel->duelists[1] },
	};

	run_actors(actors, 2);
	end(duel);
}

static int renew_page(struct duel *duel, uint64_t round)
{
	CHECK(gup_madvise(duel->w.mm, duel->addr, PAGE, GUP_MADV_DONTNEED) == 0);
	CHECK(app_stamp(duel->w.mm, 1, duel->addr, round));
	return 0;
}

static int borrow_page(struct duel *duel, uint64_t round)
{
	struct gup_frame_info info;

	CHECK_CALL(renew_page(duel, round));
	CHECK(gup_frame_info(duel->w.m, gup_user_pfn(duel->w.mm, duel->addr), &info) == 0);
	CHECK(info.zone == GUP_ZONE_CMA);
	return 0;
}

static void longterm_pin(struct duel *duel, unsigned int nr)
{
	struct gup_call call = { duel->entry, duel->addr, 1, GUP_WRITE | GUP_LONGTERM, &duel->pages[nr], NULL };

	duel->results[nr] = take(duel->w.mm, &call, NULL);
}

/* Both hold what they got; the first one looks, then both let go. */
static int judge_two_pins(struct duel *duel, uint64_t round)
{
	bool native = gup_machine_contract(duel->w.m) == GUP_NATIVE;
	struct gup_frame_info info;
	unsigned int i, held = 0;

	for (i = 0; i < 2; i++) {
		CHECK(duel->results[i] == 1 || (!native && duel->results[i] == -GUP_ENOMEM));
		held += duel->results[i] == 1;
		if (duel->results[i] != 1)
			continue;
		CHECK(gup_page_to_pfn(duel->w.m, duel->pages[i]) == gup_user_pfn(duel->w.mm, duel->addr));
		CHECK(stamp_is(gup_page_address(duel->w.m, duel->pages[i]), 1, duel->addr, round));
	}
	CHECK(gup_frame_info(duel->w.m, gup_user_pfn(duel->w.mm, duel->addr), &info) == 0);
	CHECK(info.pins == (entry_pins(duel->entry) ? held : 0));
	CHECK(info.refs == held + 1);
	if (native)
		CHECK(info.zone == GUP_ZONE_NORMAL);
	return 0;
}

static int play_two_pins(struct actor *actor)
{
	struct duelist *me = actor->stage;
	struct duel *duel = me->duel;
	uint64_t round;
	int line = 0;

	for (round = 0; round < ROUNDS; round++) {
		if (me->nr == 0 && !line)
			line = borrow_page(duel, round);
		pthread_barrier_wait(&duel->gate);
		longterm_pin(duel, me->nr);
		pthread_barrier_wait(&duel->gate);
		if (me->nr == 0 && !line)
			line = judge_two_pins(duel, round);
		pthread_barrier_wait(&duel->gate);
		if (duel->results[me->nr] == 1 && release(duel->w.m, duel->entry, &duel->pages[me->nr], 1) != 0)
			line = __LINE__;
		pthread_barrier_wait(&duel->gate);
	}
	return line;
}

static void two_longterm_pins(enum gup_contract_id contract, enum gup_entry entry)
{
	static struct duel duel;

	begin(&duel, &(struct world_spec){ .normal = 4, .cma = 8, .contract = contract });
	duel.entry = entry;
	map_anon(duel.w.mm, duel.addr, PAGE);
	fight(&duel, play_two_pins, play_two_pins);
}

static void two_pins_of_one_cma_page_native(void **state)
{
	(void)state;
	two_longterm_pins(GUP_NATIVE, GUP_PIN_USER_PAGES_FAST);
	two_longterm_pins(GUP_NATIVE, GUP_PIN_USER_PAGES);
}

static void two_pins_of_one_cma_page_6_12(void **state)
{
	(void)state;
	two_longterm_pins(GUP_LINUX_6_12, GUP_PIN_USER_PAGES_FAST);
}

static void two_gets_of_one_cma_page_5_2(void **state)
{
	(void)state;
	two_longterm_pins(GUP_LINUX_5_2, GUP_GET_USER_PAGES);
}

/* ---- a pin and an unmap: the device's page is nobody else's until it is unpinned ---- */

static bool is_over(struct duel *duel)
{
	return __atomic_load_n(&duel->over, __ATOMIC_SEQ_CST);
}

/*
 * Pins as fast as it can for as long as the other one unmaps, and writes a word that nobody else may find. There are
 * more of them than the machine has processors, each with a word of its own, so that one is stopped in the middle of a
 * walk now and then.
 */
static int play_blind_pinner(struct actor *actor)
{
	struct duel *duel = actor->stage;

	while (!is_over(duel)) {
		struct gup_page *page;
		uint64_t *words;
		long ret = gup_pin_user_pages_fast(duel->w.mm, duel->addr, 1, GUP_WRITE, &page);

		if (ret == -GUP_EFAULT)
			continue; /* unmapped just now */
		CHECK(ret == 1);
		words = gup_page_address(duel->w.m, page);
		words[actor->seed] = ++actor->done;
		CHECK(words[actor->seed] == actor->done);
		CHECK(gup_unpin_user_page(duel->w.m, page) == 0);
	}
	return 0;
}

/* The frame that was unmapped goes to somebody else at once, whose page before that must be as it was. */
static int unmap_and_map(struct duel *duel, uint64_t round)
{
	struct gup_map_request request = {
		.addr = duel->addr, .length = PAGE, .prot = RW, .flags = ANON_AT | GUP_MAP_POPULATE
	};
	uint64_t now = BASE + HUGE + round % 2 * PAGE, before = BASE + HUGE + (round + 1) % 2 * PAGE;

	CHECK(gup_munmap(duel->w.mm, duel->addr, PAGE) == 0);
	CHECK(app_stamp(duel->other, 2, now, round));
	CHECK(round == 0 || app_sees(duel->other, 2, before, round - 1));
	CHECK(gup_madvise(duel->other, before, PAGE, GUP_MADV_DONTNEED) == 0);
	CHECK(gup_mmap(duel->w.mm, &request) == (int64_t)duel->addr);
	CHECK(app_sees(duel->other, 2, now, round));
	return 0;
}

static int play_unmapper(struct actor *actor)
{
	struct duel *duel = actor->stage;
	uint64_t round;
	int line = 0;

	for (round = 0; round < UNMAP_ROUNDS && !line; round++)
		line = unmap_and_map(duel, round);
	__atomic_store_n(&duel->over, true, __ATOMIC_SEQ_CST);
	return line;
}

static void pin_and_unmap(void **state)
{
	static struct duel duel;
	struct actor actors[PINNERS + 1];
	unsigned int i;

	(void)state;
	begin(&duel, &(struct world_spec){ .normal = 4, .contract = GUP_NATIVE });
	duel.other = world_mm(&duel.w, "other");
	map_anon(duel.w.mm, duel.addr, PAGE);
	map_anon(duel.other, BASE + HUGE, 2 * PAGE);
	actors[0] = (struct actor){ .name = "unmapper", .play = play_unmapper, .stage = &duel };
	for (i = 1; i <= PINNERS; i++)
		actors[i] = (struct actor){ .name = "pinner", .play = play_blind_pinner, .stage = &duel, .seed = i };
	run_actors(actors, PINNERS + 1);
	end(&duel);
}

/* ---- a pin and a fork: pinned before or after, the parent's page is the device's page ---- */

static int play_fork_pinner(struct actor *actor)
{
	struct duel *duel = ((struct duelist *)actor->stage)->duel;
	uint64_t word, seen;

	while (!is_over(duel)) {
		struct gup_page *page;

		CHECK(gup_pin_user_pages_fast(duel->w.mm, duel->addr, 1, GUP_WRITE, &page) == 1);
		word = ++actor->done;
		CHECK(gup_copy_to_user(duel->w.mm, duel->addr, &word, sizeof(word)) == 0);
		memcpy(&seen, gup_page_address(duel->w.m, page), sizeof(seen));
		CHECK(seen == word);
		CHECK(gup_page_to_pfn(duel->w.m, page) == gup_user_pfn(duel->w.mm, duel->addr));
		CHECK(gup_unpin_user_page(duel->w.m, page) == 0);
	}
	return 0;
}

static int short_child(struct duel *duel, uint64_t round)
{
	struct gup_mm *child;
	uint64_t word, mine = round | UINT64_C(1) << 63, seen;

	CHECK(gup_mm_fork(duel->w.mm, "child", &child) == 0);
	CHECK(gup_copy_from_user(child, &word, duel->addr, sizeof(word)) == 0);
	CHECK(word >> 63 == 0);
	/* The parent's page is not the child's, whatever the parent does to it meanwhile. */
	CHECK(gup_copy_from_user(child, &seen, duel->addr, sizeof(seen)) == 0);
	CHECK(seen == word);
	CHECK(gup_copy_to_user(child, duel->addr, &mine, sizeof(mine)) == 0);
	CHECK(gup_copy_from_user(child, &seen, duel->addr, sizeof(seen)) == 0);
	CHECK(seen == mine);
	gup_mm_destroy(child);
	return 0;
}

static int play_short_children(struct actor *actor)
{
	struct duel *duel = ((struct duelist *)actor->stage)->duel;
	uint64_t round;
	int line = 0;

	for (round = 0; round < ROUNDS / 2 && !line; round++)
		line = short_child(duel, round);
	__atomic_store_n(&duel->over, true, __ATOMIC_SEQ_CST);
	return line;
}

static void pin_and_fork(void **state)
{
	static struct duel duel;

	(void)state;
	begin(&duel, &(struct world_spec){ .normal = 4, .contract = GUP_NATIVE });
	map_anon(duel.w.mm, duel.addr, PAGE);
	app_poke(duel.w.mm, duel.addr, 0);
	fight(&duel, play_fork_pinner, play_short_children);
}

/* ---- two faults of one page: one frame, and neither write is lost ---- */

static int play_half_writer(struct actor *actor)
{
	struct duelist *me = actor->stage;
	struct duel *duel = me->duel;
	uint64_t round, half[PAGE / 16], back[PAGE / 16];
	int line = 0;

	for (round = 0; round < ROUNDS; round++) {
		if (me->nr == 0 && gup_madvise(duel->w.mm, duel->addr, PAGE, GUP_MADV_DONTNEED) != 0)
			line = __LINE__;
		memset(half, (int)(1 + (round * 2 + me->nr) % 250), sizeof(half));
		pthread_barrier_wait(&duel->gate);
		if (gup_copy_to_user(duel->w.mm, duel->addr + me->nr * PAGE / 2, half, sizeof(half)) != 0)
			line = __LINE__;
		pthread_barrier_wait(&duel->gate);
		if (gup_copy_from_user(duel->w.mm, back, duel->addr + me->nr * PAGE / 2, sizeof(back)) != 0 ||
		    memcmp(half, back, sizeof(half)) != 0)
			line = __LINE__;
		pthread_barrier_wait(&duel->gate);
	}
	return line;
}

static void two_faults_of_one_page(void **state)
{
	static struct duel duel;

	(void)state;
	begin(&duel, &(struct world_spec){ .normal = 4, .contract = GUP_NATIVE });
	map_anon(duel.w.mm, duel.addr, PAGE);
	fight(&duel, play_half_writer, play_half_writer);
}

/* ---- long-term pins against a CMA allocation: whoever comes first, both succeed in the end ---- */

static int play_area_owner(struct actor *actor)
{
	struct duel *duel = ((struct duelist *)actor->stage)->duel;
	uint64_t round;

	for (round = 0; round < ROUNDS / 8; round++) {
		struct gup_page *frames;

		CHECK(gup_cma_alloc(duel->w.m, CAMERA, 8 * MIB, 0, PATIENT_NS, &frames, NULL) == 0);
		stamp_make(gup_page_address(duel->w.m, frames), 2, 0, round);
		stamp_make(gup_page_address(duel->w.m, frames + 2047), 2, 2047, round);
		CHECK(stamp_is(gup_page_address(duel->w.m, frames), 2, 0, round));
		CHECK(stamp_is(gup_page_address(duel->w.m, frames + 2047), 2, 2047, round));
		CHECK(gup_cma_free(duel->w.m, frames, 8 * MIB) == 0);
	}
	return 0;
}

static int play_longterm_pinner(struct actor *actor)
{
	struct duel *duel = ((struct duelist *)actor->stage)->duel;
	uint64_t round;

	for (round = 0; round < ROUNDS; round++) {
		struct gup_frame_info info;
		struct gup_page *page;
		int ret;

		CHECK_CALL(renew_page(duel, round));
		ret = gup_pin_user_pages_fast(duel->w.mm, duel->addr, 1, GUP_WRITE | GUP_LONGTERM, &page);
		CHECK(ret == 1);
		CHECK(gup_frame_info(duel->w.m, gup_page_to_pfn(duel->w.m, page), &info) == 0);
		CHECK(info.zone == GUP_ZONE_NORMAL);
		CHECK(stamp_is(gup_page_address(duel->w.m, page), 1, duel->addr, round));
		stamp_make(gup_page_address(duel->w.m, page), 1, duel->addr, round + 1);
		CHECK(app_sees(duel->w.mm, 1, duel->addr, round + 1));
		CHECK(gup_unpin_user_page(duel->w.m, page) == 0);
	}
	return 0;
}

static void longterm_pins_and_the_area_owner(void **state)
{
	static struct duel duel;

	(void)state;
	begin(&duel, &(struct world_spec){ .normal = 4, .cma = 8, .contract = GUP_NATIVE });
	map_anon(duel.w.mm, duel.addr, PAGE);
	fight(&duel, play_longterm_pinner, play_area_owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_pins_of_one_cma_page_native),
		cmocka_unit_test(two_pins_of_one_cma_page_6_12),
		cmocka_unit_test(two_gets_of_one_cma_page_5_2),
		cmocka_unit_test(pin_and_unmap),
		cmocka_unit_test(pin_and_fork),
		cmocka_unit_test(two_faults_of_one_page),
		cmocka_unit_test(longterm_pins_and_the_area_owner),
	};

	return cmocka_run_group_tests_name("races", tests, NULL, NULL);
}
