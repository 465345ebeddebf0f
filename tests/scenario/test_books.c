/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_books.c - what the machine says about itself: dirty folios, ages and extents of holders, tries,
 * addresses of refusals, and counters of work that should not have been necessary.
 */
#include <time.h>

#include "world.h"

#define NR 16

static struct gup_object *written_object(struct world *w, uint64_t bytes)
{
	struct gup_object *shm = new_shm(w, bytes);
	uint8_t buf[PAGE];

	pattern_make(buf, 0, PAGE, 1);
	assert_int_equal(gup_object_write(shm, 0, buf, PAGE), PAGE);
	return shm;
}

static void dirty_is_what_was_written(void **state)
{
	struct gup_object *shm;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	shm = written_object(&w, 4 * PAGE);
	map_shared(w.mm, BASE, 4 * PAGE, shm);
	app_peek(w.mm, BASE);
	assert_true(frame_at(w.mm, BASE).dirty);
	app_poke(w.mm, BASE + PAGE, 1);
	assert_true(frame_at(w.mm, BASE + PAGE).dirty);
	app_peek(w.mm, BASE + 2 * PAGE);
	assert_false(frame_at(w.mm, BASE + 2 * PAGE).dirty);
	app_poke(w.mm, BASE + 2 * PAGE, 1);
	assert_true(frame_at(w.mm, BASE + 2 * PAGE).dirty);
	app_peek(w.mm, BASE + 3 * PAGE);
	assert_int_equal(gup_migrate_range(w.mm, BASE, 4 * PAGE, NULL), 4);
	assert_true(frame_at(w.mm, BASE).dirty);
	assert_false(frame_at(w.mm, BASE + 3 * PAGE).dirty);
	gup_object_put(shm);
	world_end(&w);
}

/* Each way to release as written to, on a page that only reads have touched. */
static void device_writes_make_dirty(void **state)
{
	struct gup_page *pages[2];
	struct gup_object *shm;
	struct world w;
	unsigned int i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	shm = new_shm(&w, 4 * PAGE);
	map_shared(w.mm, BASE, 4 * PAGE, shm);
	for (i = 0; i < 4; i++)
		app_peek(w.mm, BASE + i * PAGE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 2, 0, pages), 2);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w.m, &pages[0], 1, false), 0);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w.m, &pages[1], 1, true), 0);
	assert_false(frame_at(w.mm, BASE).dirty);
	assert_true(frame_at(w.mm, BASE + PAGE).dirty);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 2 * PAGE, 2, 0, pages), 2);
	assert_int_equal(gup_unpin_user_page_range_dirty_lock(w.m, pages[0], 1, true), 0);
	assert_true(frame_at(w.mm, BASE + 2 * PAGE).dirty);
	assert_int_equal(gup_unpin_user_page(w.m, pages[1]), 0);
	assert_false(frame_at(w.mm, BASE + 3 * PAGE).dirty);
	/* A release that is refused changes nothing. */
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w.m, &pages[1], 1, true), -GUP_EINVAL);
	assert_false(frame_at(w.mm, BASE + 3 * PAGE).dirty);
	assert_int_equal(gup_set_page_dirty(w.m, pages[1]), 0);
	assert_true(frame_at(w.mm, BASE + 3 * PAGE).dirty);
	gup_object_put(shm);
	world_end(&w);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* An age lies between two readings of the clock around it, however slow the machine is. */
static void ages_of_holders(void **state)
{
	struct gup_request request = { .addr = BASE + PAGE, .bytes = PAGE, .flags = GUP_WRITE };
	struct gup_holder holders[3];
	uint64_t before, taken, asked;
	struct gup_page *page;
	struct gup_pin *pin;
	struct world w;
	unsigned int i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .track_holders = true });
	map_anon(w.mm, BASE, 2 * PAGE);
	before = now_ns();
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	taken = now_ns();
	while (now_ns() - taken < IMPATIENT_NS)
		;
	asked = now_ns();
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, holders, 3), 2);
	for (i = 0; i < 2; i++) {
		assert_true(holders[i].age_ns >= asked - taken);
		assert_true(holders[i].age_ns <= now_ns() - before);
	}
	assert_int_equal(gup_unpin(pin, false), 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

/* Frames of one pin that lie apart, counted as far as they are in the range. */
static void scattered_pin_is_one_holder(void **state)
{
	struct gup_request request = { .addr = BASE, .bytes = 4 * PAGE, .flags = GUP_WRITE };
	struct gup_holder holder;
	struct gup_pin *pin;
	struct world w;
	unsigned int i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	map_anon(w.mm, BASE, 4 * PAGE);
	map_anon(w.mm, BASE + HUGE, 4 * PAGE);
	for (i = 0; i < 4; i++) {
		app_poke(w.mm, BASE + i * PAGE, 1);
		app_poke(w.mm, BASE + HUGE + i * PAGE, 1);
	}
	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	assert_true(gup_pin_nr_extents(pin) >= 2);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, &holder, 1), 1);
	assert_int_equal(holder.pages, 4);
	assert_int_equal(holder.count, 1);
	for (i = 0; i < 4; i++) {
		uint64_t pfn = gup_user_pfn(w.mm, BASE + i * PAGE);

		assert_int_equal(gup_pin_holders(w.m, pfn, 1, &holder, 1), 1);
		assert_int_equal(holder.pfn, pfn);
		assert_int_equal(holder.pages, 1);
	}
	assert_int_equal(gup_unpin(pin, false), 0);
	world_end(&w);
}

static const struct gup_holder *holder_named(const struct gup_holder *holders, long nr, const char *name)
{
	long i;

	for (i = 0; i < nr && strcmp(holders[i].owner, name); i++)
		;
	assert_true(i < nr);
	return &holders[i];
}

static void nobody_holds_the_zero_page(void **state)
{
	struct gup_page *pages[2];
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .track_holders = true });
	map_anon(w.mm, BASE, 2 * PAGE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 2, 0, pages), 2);
	assert_ptr_equal(pages[0], pages[1]);
	assert_int_equal(frame_of(w.m, pages[0]).kind, GUP_FRAME_ZERO);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 0);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2), 0);
	assert_int_equal(stats_of(w.m).bad_unpins, 0);
	world_end(&w);
}

static void part_of_a_pin_in_a_range(void **state)
{
	struct gup_request request = { .addr = BASE + PAGE, .bytes = 8 * PAGE, .flags = GUP_WRITE };
	struct gup_holder holder;
	struct gup_pin *pin;
	struct world w;
	uint64_t pfn;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_pin_holders(w.m, pfn + 3, 2, &holder, 1), 1);
	assert_int_equal(holder.pfn, pfn + 3);
	assert_int_equal(holder.pages, 2);
	assert_int_equal(gup_pin_holders(w.m, pfn, 3, &holder, 1), 1);
	assert_int_equal(holder.pfn, pfn + 1);
	assert_int_equal(holder.pages, 2);
	assert_int_equal(gup_unpin(pin, false), 0);
	world_end(&w);
}

/* Two applications and one page: each is a holder of its own, and neighbours are nobody's business. */
static void records_are_kept_apart(void **state)
{
	struct gup_page *mine[2], *theirs;
	struct gup_holder holders[4];
	struct gup_object *shm;
	struct gup_mm *other;
	struct world w;
	uint64_t pfn;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .track_holders = true });
	assert_int_equal(gup_shm_create(w.m, HUGE, GUP_SHM_HUGE, &shm), 0);
	other = world_mm(&w, "other");
	map_shared(w.mm, BASE, HUGE, shm);
	map_shared(other, BASE, HUGE, shm);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE | GUP_LONGTERM, &mine[0]), 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 256 * PAGE, 1, GUP_WRITE, &mine[1]), 1);
	assert_int_equal(gup_pin_user_pages_fast(other, BASE, 1, GUP_WRITE, &theirs), 1);
	pfn = gup_page_to_pfn(w.m, theirs);
	assert_ptr_equal(mine[1], theirs + 256);
	assert_int_equal(gup_pin_holders(w.m, pfn, 1, holders, 4), 2);
	assert_true(holder_named(holders, 2, APP)->longterm);
	assert_false(holder_named(holders, 2, "other")->longterm);
	assert_int_equal(holder_named(holders, 2, "other")->count, 1);
	assert_int_equal(gup_pin_holders(w.m, pfn + 256, 1, holders, 4), 1);
	assert_int_equal(gup_unpin_user_page(w.m, theirs), 0);
	assert_int_equal(gup_unpin_user_pages(w.m, mine, 2), 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 0);
	gup_object_put(shm);
	world_end(&w);
}

static void new_memory_of_a_longterm_pin_need_not_move(void **state)
{
	struct gup_request request = { .addr = BASE, .bytes = NR * PAGE, .flags = GUP_WRITE | GUP_LONGTERM };
	struct gup_object *shm;
	struct gup_pin *pin;
	struct world w;
	unsigned int round;

	(void)state;
	for (round = 0; round < 2; round++) {
		world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 8, .cma = 16 });
		shm = new_shm(&w, NR * PAGE);
		if (round)
			map_shared(w.mm, BASE, NR * PAGE, shm);
		else
			map_anon(w.mm, BASE, NR * PAGE);
		assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
		assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_NORMAL);
		assert_int_equal(stats_of(w.m).migrated, 0);
		assert_int_equal(gup_unpin(pin, false), 0);
		gup_object_put(shm);
		world_end(&w);
	}
}

/* Whoever gives up says how often it tried, and the machine counts each move that failed. */
static void refusals_in_numbers(void **state)
{
	struct gup_page *held, *second, *frames, *pages[NR];
	struct gup_why why = { 0 };
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, 0, NR, GUP_WRITE | GUP_LONGTERM, pages, NULL };
	struct world w;
	uint64_t failed;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .cma = 16, .contract = GUP_NATIVE });
	call.start = world_borrow(&w, GUP_ZONE_CMA, NR);
	assert_int_equal(gup_get_user_pages_fast(w.mm, call.start + 3 * PAGE, 1, 0, &held), 1);
	assert_int_equal(gup_get_user_pages_fast(w.mm, call.start + 5 * PAGE, 1, 0, &second), 1);
	assert_int_equal(stats_of(w.m).migrate_failed, 0);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 16 * MIB, 0, 0, &frames, &why), -GUP_EBUSY);
	assert_true(why.tries >= 2);
	failed = stats_of(w.m).migrate_failed;
	assert_true(failed >= why.tries);
	assert_int_equal(take(w.mm, &call, &why), -GUP_ENOMEM);
	assert_true(why.addr >= call.start && why.addr <= call.start + 3 * PAGE);
	assert_true(why.tries >= 2);
	/* Two are in the way: both moves are tried, and the first one is named. */
	assert_int_equal(stats_of(w.m).migrate_failed, failed + 2);
	assert_int_equal(why.pfn, gup_page_to_pfn(w.m, held));
	check_rest(w.m, 0, 2);
	assert_int_equal(gup_put_page(w.m, second), 0);
	assert_int_equal(gup_put_page(w.m, held), 0);
	world_end(&w);
}

static void fork_leaves_shared_memory_alone(void **state)
{
	struct gup_object *shm;
	struct gup_mm *child;
	struct world w;
	uint64_t faults;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	shm = new_shm(&w, 4 * PAGE);
	map_shared(w.mm, BASE, 4 * PAGE, shm);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(frame_at(w.mm, BASE).mapcount, 1);
	assert_int_equal(gup_user_pfn(child, BASE), 0);
	faults = stats_of(w.m).faults;
	app_fill(w.mm, BASE, 4 * PAGE, 2);
	assert_int_equal(stats_of(w.m).faults, faults);
	app_expect(child, BASE, 4 * PAGE, 2);
	gup_object_put(shm);
	world_end(&w);
}

/* A handle is enough: the frames of an object are not free, mapped or not. */
static void frames_of_an_unmapped_object_stay(void **state)
{
	struct gup_object *object;
	struct gup_page *page;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .cma = 8 });
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 4 * PAGE, 0, PATIENT_NS, &page, NULL), 0);
	assert_int_equal(gup_cma_object(w.m, page, 4 * PAGE, &object), 0);
	assert_int_equal(gup_cma_free(w.m, page, 4 * PAGE), -GUP_EBUSY);
	assert_int_equal(gup_cma_free(w.m, page + 3, PAGE), -GUP_EBUSY);
	map_shared(w.mm, BASE, 4 * PAGE, object);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	device_expect(w.m, page + 3, BASE + 3 * PAGE, 1);
	assert_int_equal(gup_munmap(w.mm, BASE, 4 * PAGE), 0);
	gup_object_put(object);
	assert_int_equal(gup_cma_free(w.m, page, 4 * PAGE), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dirty_is_what_was_written),
		cmocka_unit_test(device_writes_make_dirty),
		cmocka_unit_test(ages_of_holders),
		cmocka_unit_test(scattered_pin_is_one_holder),
		cmocka_unit_test(nobody_holds_the_zero_page),
		cmocka_unit_test(part_of_a_pin_in_a_range),
		cmocka_unit_test(records_are_kept_apart),
		cmocka_unit_test(new_memory_of_a_longterm_pin_need_not_move),
		cmocka_unit_test(refusals_in_numbers),
		cmocka_unit_test(fork_leaves_shared_memory_alone),
		cmocka_unit_test(frames_of_an_unmapped_object_stay),
	};

	return cmocka_run_group_tests_name("books", tests, NULL, NULL);
}
