/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_window_races.c - plain loads and stores, while the memory below them moves, forks and is protected.
 *
 * Two applications' threads use pointers into a window; each has a word of its own in every page and knows what is in it.
 * Another thread wants CMA areas and moves pages, one changes the address space, one has a device write through an alias
 * of pinned frames. An access may be refused, by a signal, while its page is protected or elsewhere; then nothing of it
 * has happened.
 *
 * ThreadSanitizer knows no aliases: it does not compare an access by pointer with one by frame. It sees the rest.
 */
#include <stdatomic.h>

#include "actor.h"

#define SMALL_AT BASE
#define SMALL_PAGES 24u
#define LARGE_AT (BASE + 2 * HUGE) /* folios of 16 and of 64 KiB, or one of 2 MiB */
#define LARGE_PAGES 64u
#define AWAY_AT (BASE + 9 * HUGE + 3 * PAGE)
#define PAGES (SMALL_PAGES + LARGE_PAGES)
#define NR_ALIAS 4u
#define TO_PLACE (GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED)

#define MAPPER_ROUNDS 600
#define MOVES 20000

/* Whose word; the last one says which page it is, and does not change. */
enum { FIRST, SECOND, DEVICE, NAME, NR_WORDS };

struct stage {
	struct world w;
	unsigned int pages;			 /* that the application uses */
	_Atomic uint64_t begun[NR_WORDS][PAGES]; /* the value that is being stored */
	_Atomic uint64_t done[NR_WORDS][PAGES];	 /* the last one that surely was */
	pthread_rwlock_t device;		 /* read: device accesses; write: fork, which copies what is pinned */
	atomic_bool over;
};

static uint64_t page_at(unsigned int index)
{
	return index < SMALL_PAGES ? SMALL_AT + index * PAGE : LARGE_AT + (index - SMALL_PAGES) * PAGE;
}

static uint64_t *word_of(struct stage *stage, uint64_t page, unsigned int whose)
{
	return (uint64_t *)gup_mirror_pointer(stage->w.mm, page) + 8 * whose;
}

/* ---- the application ---- */

static int use_page(struct stage *stage, unsigned int index, unsigned int me, uint64_t *refused)
{
	uint64_t *word = word_of(stage, page_at(index), me), last = stage->done[me][index], value = ~last;

	if (native_copy(&value, word, sizeof(value)))
		(*refused)++;
	else
		CHECK(value == last);
	value = last + 1;
	stage->begun[me][index] = value;
	if (native_copy(word, &value, sizeof(value)))
		(*refused)++;
	else
		stage->done[me][index] = value;
	stage->begun[me][index] = stage->done[me][index];
	return 0;
}

static int play_application(struct actor *actor)
{
	struct stage *stage = actor->stage;
	unsigned int me = actor->seed % 2 ? FIRST : SECOND;
	uint64_t refused = 0;

	do {
		CHECK_CALL(use_page(stage, (unsigned int)dice(actor, stage->pages), me, &refused));
		actor->done++;
	} while (!stage->over);
	CHECK(refused < 2 * actor->done || actor->done < 100); /* who hardly ran may have met what is away */
	CHECK(stage->pages > 1 || !refused);		       /* the first page is never protected or gone */
	return 0;
}

/* ---- what moves below ---- */

static int play_mover(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_page *page;

	while (!stage->over) {
		CHECK(gup_migrate_range(stage->w.mm, BASE, 4 * HUGE, NULL) >= 0);
		CHECK_CALL(take_area(stage->w.m, &actor->done));
		if (!dice(actor, 8))
			gup_mirror_drop(stage->w.mm);
		if (gup_get_user_pages_fast(stage->w.mm, page_at((unsigned int)dice(actor, PAGES)), 1, 0, &page) != 1)
			continue;
		(void)gup_split_folio(stage->w.m, page, NULL); /* others may hold it */
		CHECK(gup_put_page(stage->w.m, page) == 0);
	}
	return 0;
}

/* One page, and nothing but moving it: each access may come between two steps of a move. */
static int play_one_page_mover(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint64_t round;
	long moved = 0;

	for (round = 0; round < MOVES && moved >= 0; round++) {
		moved = gup_migrate_range(stage->w.mm, BASE, PAGE, NULL);
		actor->done += moved == 1;
	}
	stage->over = true;
	CHECK(moved >= 0);
	return 0;
}

/* ---- who changes the address space ---- */

static int check_child(struct stage *stage, struct gup_mm *child, unsigned int index, const uint64_t before[2])
{
	uint64_t words[NR_WORDS * 8];
	unsigned int who;

	CHECK(gup_copy_from_user(child, words, page_at(index), sizeof(words)) == 0);
	for (who = FIRST; who <= SECOND; who++)
		CHECK(words[8 * who] >= before[who] && words[8 * who] <= stage->begun[who][index]);
	return 0;
}

static int fork_and_look(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint64_t before[PAGES][2];
	struct gup_mm *child;
	unsigned int i, who;
	int ret;

	for (i = 0; i < PAGES; i++)
		for (who = FIRST; who <= SECOND; who++)
			before[i][who] = stage->done[who][i];
	pthread_rwlock_wrlock(&stage->device);
	ret = gup_mm_fork(stage->w.mm, "child", &child);
	pthread_rwlock_unlock(&stage->device);
	CHECK(ret == 0);
	for (i = 0; i < PAGES; i++)
		CHECK_CALL(check_child(stage, child, i, before[i]));
	gup_mm_destroy(child);
	return 0;
}

static int protect_for_a_while(struct actor *actor, uint64_t addr, uint64_t bytes)
{
	struct stage *stage = actor->stage;
	uint64_t *name = word_of(stage, addr, NAME), value = 0;

	CHECK(gup_mprotect(stage->w.mm, addr, bytes, GUP_PROT_READ) == 0);
	CHECK(native_copy(name, &value, sizeof(value)) == sizeof(value));
	CHECK(gup_migrate_range(stage->w.mm, addr, bytes, NULL) >= 0);
	CHECK(native_copy(&value, name, sizeof(value)) == 0);
	CHECK(value == addr);
	CHECK(gup_mprotect(stage->w.mm, addr, bytes, RW) == 0);
	return 0;
}

static int remap_for_a_while(struct actor *actor, uint64_t addr, uint64_t bytes)
{
	struct stage *stage = actor->stage;
	uint64_t *here = word_of(stage, addr, NAME), *there = word_of(stage, AWAY_AT, NAME), value = 0;

	CHECK(gup_mremap(stage->w.mm, addr, bytes, bytes, TO_PLACE, AWAY_AT) == (int64_t)AWAY_AT);
	CHECK(native_copy(&value, here, sizeof(value)) == sizeof(value));
	CHECK(native_copy(&value, there, sizeof(value)) == 0);
	CHECK(value == addr);
	CHECK(gup_mremap(stage->w.mm, AWAY_AT, bytes, bytes, TO_PLACE, addr) == (int64_t)addr);
	CHECK(native_copy(&value, there, sizeof(value)) == sizeof(value));
	CHECK(native_copy(&value, here, sizeof(value)) == 0);
	CHECK(value == addr);
	return 0;
}

static int play_mapper(struct actor *actor)
{
	struct stage *stage = actor->stage;
	int line = 0;

	for (; actor->done < MAPPER_ROUNDS && !line; actor->done++) {
		unsigned int first = (unsigned int)dice(actor, LARGE_PAGES - 8);
		uint64_t addr = LARGE_AT + first * PAGE, bytes = (1 + dice(actor, 8)) * PAGE;

		if (actor->done % 3 == 0)
			line = fork_and_look(actor);
		else if (actor->done % 3 == 1)
			line = protect_for_a_while(actor, addr, bytes);
		else
			line = remap_for_a_while(actor, addr, bytes);
	}
	stage->over = true;
	return line;
}

/* ---- a device that is given frames, and a driver that looks at them through an alias ---- */

static int use_alias(struct stage *stage, struct gup_page **pages, unsigned int first)
{
	uint64_t *alias, value;
	unsigned int i;
	void *at;

	CHECK(gup_vmap(stage->w.m, pages, NR_ALIAS, &at) == 0);
	alias = at;
	for (i = 0; i < NR_ALIAS; i++) {
		uint64_t *word = alias + i * PAGE / sizeof(*alias) + 8 * DEVICE;

		CHECK(*word == stage->done[DEVICE][first + i]);
		value = ++*word;
		stage->done[DEVICE][first + i] = value;
		CHECK(native_copy(&value, word_of(stage, page_at(first + i), DEVICE), sizeof(value)) == 0);
		CHECK(value == *word);
	}
	gup_vunmap(at, NR_ALIAS);
	return 0;
}

/* Of the small pages, which are always there and writable. */
static int play_device(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_page *pages[NR_ALIAS];

	while (!stage->over) {
		unsigned int first = (unsigned int)dice(actor, SMALL_PAGES - NR_ALIAS);
		unsigned int flags = GUP_WRITE | (dice(actor, 2) ? GUP_LONGTERM : 0);
		long ret = gup_pin_user_pages_fast(stage->w.mm, page_at(first), NR_ALIAS, flags, pages);
		int line;

		if (ret == -GUP_ENOMEM || ret == -GUP_EAGAIN)
			continue;
		CHECK(ret == NR_ALIAS);
		pthread_rwlock_rdlock(&stage->device);
		line = use_alias(stage, pages, first);
		pthread_rwlock_unlock(&stage->device);
		CHECK(gup_unpin_user_pages_dirty_lock(stage->w.m, pages, NR_ALIAS, true) == 0);
		CHECK_CALL(line);
		actor->done++;
	}
	return 0;
}

/* ---- the stage ---- */

static void name_pages(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		stage->done[NAME][i] = *word_of(stage, page_at(i), NAME) = page_at(i);
}

static void expect_last(struct stage *stage)
{
	uint64_t words[NR_WORDS * 8];
	unsigned int i, who;

	for (i = 0; i < PAGES; i++) {
		assert_int_equal(gup_copy_from_user(stage->w.mm, words, page_at(i), sizeof(words)), 0);
		for (who = 0; who < NR_WORDS; who++)
			assert_int_equal(words[8 * who], stage->done[who][i]);
	}
}

static void begin(struct stage *stage, const struct world_spec *spec, unsigned int pages)
{
	memset(stage, 0, sizeof(*stage));
	window_wanted(true);
	world_begin(&stage->w, spec);
	window_wanted(false);
	stage->pages = pages;
	pthread_rwlock_init(&stage->device, NULL);
	map_anon(stage->w.mm, SMALL_AT, SMALL_PAGES * PAGE);
	map_anon(stage->w.mm, LARGE_AT, spec->anon_orders ? LARGE_PAGES * PAGE : HUGE);
	name_pages(stage);
}

static void end(struct stage *stage)
{
	expect_last(stage);
	check_rest(stage->w.m, 0, 0);
	pthread_rwlock_destroy(&stage->device);
	world_end(&stage->w);
}

static void play(const struct world_spec *spec)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "first", .play = play_application, .stage = &stage, .seed = 0x1001 },
		{ .name = "second", .play = play_application, .stage = &stage, .seed = 0x2002 },
		{ .name = "mover", .play = play_mover, .stage = &stage, .seed = 0x3003 },
		{ .name = "mapper", .play = play_mapper, .stage = &stage, .seed = 0x4004 },
		{ .name = "device", .play = play_device, .stage = &stage, .seed = 0x5005 },
	};

	begin(&stage, spec, PAGES);
	run_actors(actors, ARRAY_LEN(actors));
	assert_true(actors[0].done && actors[1].done && actors[2].done && actors[4].done);
	assert_int_equal(actors[3].done, MAPPER_ROUNDS);
	end(&stage);
}

static void a_page_that_never_stays(void **state)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "first", .play = play_application, .stage = &stage, .seed = 0x1001 },
		{ .name = "second", .play = play_application, .stage = &stage, .seed = 0x2002 },
		{ .name = "mover", .play = play_one_page_mover, .stage = &stage },
	};

	(void)state;
	begin(&stage, &(struct world_spec){ .normal = 16, .contract = GUP_NATIVE }, 1);
	run_actors(actors, ARRAY_LEN(actors));
	assert_true(actors[0].done && actors[1].done);
	assert_true(actors[2].done > MOVES / 2);
	end(&stage);
}

static void pointers_to_small_folios(void **state)
{
	(void)state;
	play(&(struct world_spec){ .normal = 16,
				   .cma = 24,
				   .contract = GUP_NATIVE,
				   .anon_orders = 1 << 2 | 1 << 4,
				   .no_huge_pages = true });
}

static void pointers_to_huge_folios(void **state)
{
	(void)state;
	play(&(struct world_spec){ .normal = 16, .cma = 24, .contract = GUP_NATIVE });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_that_never_stays),
		cmocka_unit_test(pointers_to_small_folios),
		cmocka_unit_test(pointers_to_huge_folios),
	};

	return cmocka_run_group_tests_name("window races", tests, NULL, NULL);
}
