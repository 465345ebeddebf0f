/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_cache_races.c - users of one pin cache against each other and against all who change what is mapped.
 *
 * Each buffer has a lock that its changers hold. Users get and put without it, at any moment of a change; and now and
 * then with it: what they get then is what is mapped, so no pin may have stayed that a change should have taken away.
 */
#include "actor.h"

#define BUFFERS 6u
#define SHARED 4u /* this one and those after it are of a file */
#define PAGES 4u
#define BYTES (PAGES * PAGE)
#define ROUNDS 10000
#define HELD 3u

struct stage {
	struct world w;
	struct gup_object *file;
	struct gup_pin_cache *cache;
	pthread_mutex_t locks[SHARED + 1]; /* the last one is that of all buffers of the file */
	unsigned int users;		   /* atomic: how many still play */
};

static uint64_t addr_of(uint64_t buffer)
{
	return BASE + buffer * HUGE;
}

static pthread_mutex_t *lock_of(struct stage *stage, uint64_t buffer)
{
	return &stage->locks[buffer < SHARED ? buffer : SHARED];
}

static int get(struct stage *stage, uint64_t buffer, const struct gup_pin **pin)
{
	const struct gup_request request = { .addr = addr_of(buffer), .bytes = BYTES, .flags = GUP_WRITE };

	return gup_pin_cache_get(stage->cache, &request, pin, NULL);
}

/* The buffer's lock is held: every page of the pin is the one that is mapped, and the application reads what is written. */
static int check_pin(struct stage *stage, uint64_t buffer, const struct gup_pin *pin, uint64_t round)
{
	struct gup_extent_iter it = { .pin = pin };
	uint64_t addr = addr_of(buffer), at;
	struct gup_extent e;

	while (gup_pin_next_extent(&it, &e))
		for (at = 0; at < e.bytes; at += PAGE, addr += PAGE) {
			CHECK(gup_user_pfn(stage->w.mm, addr) == gup_page_to_pfn(stage->w.m, e.page + at / PAGE));
			stamp_make(gup_page_address(stage->w.m, e.page + at / PAGE), 1, addr, round);
			CHECK(app_sees(stage->w.mm, 1, addr, round));
		}
	CHECK(addr == addr_of(buffer) + BYTES);
	return 0;
}

static int look(struct stage *stage, uint64_t buffer, uint64_t round)
{
	const struct gup_pin *pin;
	int line;

	CHECK(get(stage, buffer, &pin) == 0);
	line = check_pin(stage, buffer, pin, round);
	CHECK(gup_pin_cache_put(stage->cache, pin, true) == 0);
	return line;
}

/* A get in the middle of a change may find nothing mapped. Some pins are held for a while. */
static int use(struct actor *actor, const struct gup_pin **held)
{
	struct stage *stage = actor->stage;
	uint64_t slot = dice(actor, HELD);
	int err;

	if (held[slot])
		CHECK(gup_pin_cache_put(stage->cache, held[slot], dice(actor, 2)) == 0);
	held[slot] = NULL;
	err = get(stage, dice(actor, BUFFERS), &held[slot]);
	CHECK(err == 0 || err == -GUP_EFAULT);
	actor->done += !err;
	return 0;
}

static int play_user(struct actor *actor)
{
	const struct gup_pin *held[HELD] = { NULL };
	struct stage *stage = actor->stage;
	unsigned int round, i;
	uint64_t buffer;
	int line = 0;

	for (round = 1; round <= ROUNDS && !line; round++) {
		line = use(actor, held);
		buffer = dice(actor, BUFFERS);
		if (line || round % 8)
			continue;
		pthread_mutex_lock(lock_of(stage, buffer));
		line = look(stage, buffer, round);
		pthread_mutex_unlock(lock_of(stage, buffer));
	}
	for (i = 0; i < HELD; i++)
		if (held[i] && gup_pin_cache_put(stage->cache, held[i], false))
			line = __LINE__;
	__atomic_fetch_sub(&stage->users, 1, __ATOMIC_SEQ_CST);
	return line;
}

static int change_private(struct stage *stage, uint64_t addr, uint64_t how)
{
	const struct gup_map_request map = { .addr = addr, .length = BYTES, .prot = RW, .flags = ANON_AT };
	struct gup_mm *mm = stage->w.mm;

	switch (how) {
	case 0:
		CHECK(gup_munmap(mm, addr, BYTES) == 0);
		CHECK(gup_mmap(mm, &map) == (int64_t)addr);
		return 0;
	case 1:
		CHECK(gup_mprotect(mm, addr, PAGE, GUP_PROT_READ) == 0);
		CHECK(gup_mprotect(mm, addr, PAGE, RW) == 0);
		return 0;
	default:
		CHECK(gup_madvise(mm, addr + PAGE, PAGE, GUP_MADV_DONTNEED) == 0);
		return 0;
	}
}

static int change_file(struct stage *stage, uint64_t how)
{
	if (how == 0) {
		CHECK(gup_object_punch(stage->file, PAGE, PAGE, PATIENT_NS, NULL) == 0);
		return 0;
	}
	CHECK(gup_object_truncate(stage->file, 0, PATIENT_NS, NULL) == 0);
	CHECK(gup_object_truncate(stage->file, BYTES, PATIENT_NS, NULL) == 0);
	return 0;
}

static int play_changer(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint64_t buffer;
	int line = 0;

	while (!line && __atomic_load_n(&stage->users, __ATOMIC_SEQ_CST)) {
		buffer = dice(actor, BUFFERS);
		pthread_mutex_lock(lock_of(stage, buffer));
		if (buffer < SHARED)
			line = change_private(stage, addr_of(buffer), dice(actor, 3));
		else
			line = change_file(stage, dice(actor, 2));
		pthread_mutex_unlock(lock_of(stage, buffer));
		if (dice(actor, 8) == 0)
			gup_pin_cache_trim(stage->cache);
		actor->done++;
	}
	return line;
}

static void begin(struct stage *stage, uint64_t pins)
{
	const struct gup_pin_cache_config config = { pins, 1000 };
	unsigned int i;

	memset(stage, 0, sizeof(*stage));
	world_begin(&stage->w, &(struct world_spec){ .normal = 24 });
	stage->file = new_shm(&stage->w, BYTES);
	for (i = 0; i < BUFFERS; i++) {
		pthread_mutex_init(lock_of(stage, i), NULL);
		if (i < SHARED)
			map_anon(stage->w.mm, addr_of(i), BYTES);
		else
			map_shared(stage->w.mm, addr_of(i), BYTES, stage->file);
	}
	assert_int_equal(gup_pin_cache_create(stage->w.mm, &config, &stage->cache), 0);
	stage->users = 2;
}

static void play(uint64_t pins)
{
	struct stage stage;
	struct actor actors[] = {
		{ .name = "first user", .play = play_user, .stage = &stage, .seed = 11 },
		{ .name = "second user", .play = play_user, .stage = &stage, .seed = 22 },
		{ .name = "first changer", .play = play_changer, .stage = &stage, .seed = 33 },
		{ .name = "second changer", .play = play_changer, .stage = &stage, .seed = 44 },
	};

	begin(&stage, pins);
	run_actors(actors, ARRAY_LEN(actors));
	print_message("%u gets of %u, beside %u changes\n", (unsigned int)(actors[0].done + actors[1].done), 2 * ROUNDS,
		      (unsigned int)(actors[2].done + actors[3].done));
	assert_true(actors[0].done && actors[1].done);
	check_rest(stage.w.m, gup_mm_pinned(stage.w.mm), 0);
	assert_int_equal(gup_pin_cache_destroy(stage.cache), 0);
	check_rest(stage.w.m, 0, 0);
	gup_object_put(stage.file);
	world_end(&stage.w);
}

static void users_and_changers(void **state)
{
	(void)state;
	play(BUFFERS);
}

/* With room for fewer than are used, each miss makes another go, or is the caller's alone. */
static void users_and_changers_without_room(void **state)
{
	(void)state;
	play(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_and_changers),
		cmocka_unit_test(users_and_changers_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
