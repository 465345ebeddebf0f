/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_wakeups.c - a host whose sleep ends early, as it may: each signal does that.
 *
 * The linker puts __wrap_gup_port_wait() between the core and its host. It returns without having slept, more often than
 * any caller tries, and at last does what the caller waits for. Whoever takes a wake-up for the end of a wait gives up
 * before.
 */
#include "world.h"

#include "internal.h"

#define EARLY 500u

void __real_gup_port_wait(uint32_t *word, uint32_t seen, uint64_t timeout_ns);
void __wrap_gup_port_wait(uint32_t *word, uint32_t seen, uint64_t timeout_ns);

static struct world w;
static struct gup_page *held;
static void (*release_held)(void);
static unsigned int early;

void __wrap_gup_port_wait(uint32_t *word, uint32_t seen, uint64_t timeout_ns)
{
	if (!release_held) {
		__real_gup_port_wait(word, seen, timeout_ns);
		return;
	}
	if (++early == EARLY) {
		release_held();
		release_held = NULL;
	}
}

static void put_held(void)
{
	assert_int_equal(gup_put_page(w.m, held), 0);
}

static void unpin_held(void)
{
	assert_int_equal(gup_unpin_user_page(w.m, held), 0);
}

static void end_of_isolation(void)
{
	gup_flag_clear(held, GUP_PF_ISOLATED);
	gup_wake(w.m, gup_pfn(w.m, held));
}

/* Hold the page at @addr, until the call that follows has been woken often enough. */
static void hold(uint64_t addr, void (*until)(void))
{
	if (until == unpin_held)
		assert_int_equal(gup_pin_user_pages_fast(w.mm, addr, 1, 0, &held), 1);
	else
		assert_int_equal(gup_get_user_pages_fast(w.mm, addr, 1, 0, &held), 1);
	early = 0;
	release_held = until;
}

static void released_in_time(void)
{
	assert_null(release_held);
	assert_int_equal(early, EARLY);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void begin_borrowed(enum gup_zone_kind kind)
{
	world_begin(&w, &(struct world_spec){ .normal = 4, .movable = kind == GUP_ZONE_MOVABLE ? 4 : 0, .cma = 8 });
	world_borrow(&w, kind, 4);
}

static void pin_for_long(void)
{
	struct gup_request request = { BORROWED, PAGE, GUP_WRITE | GUP_LONGTERM, NULL };
	struct gup_pin *pin;

	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	assert_int_equal(frame_at(w.mm, BORROWED).zone, GUP_ZONE_NORMAL);
	assert_int_equal(gup_unpin(pin, false), 0);
}

static void long_term_pin(void **state)
{
	(void)state;
	begin_borrowed(GUP_ZONE_MOVABLE);
	hold(BORROWED, put_held);
	pin_for_long();
	released_in_time();
}

/* Somebody else moves the page. */
static void long_term_pin_of_an_isolated_page(void **state)
{
	(void)state;
	begin_borrowed(GUP_ZONE_MOVABLE);
	held = gup_page_at(w.m, gup_user_pfn(w.mm, BORROWED));
	assert_true(gup_flag_test(held, GUP_PF_ISOLATED) == 0);
	gup_flag_set(held, GUP_PF_ISOLATED);
	early = 0;
	release_held = end_of_isolation;
	pin_for_long();
	released_in_time();
}

static void migrate(void **state)
{
	(void)state;
	begin_borrowed(GUP_ZONE_MOVABLE);
	hold(BORROWED + PAGE, put_held);
	assert_int_equal(gup_migrate_range(w.mm, BORROWED, 4 * PAGE, NULL), 4);
	released_in_time();
}

static void cma_allocation(void **state)
{
	struct gup_page *area;

	(void)state;
	begin_borrowed(GUP_ZONE_CMA);
	hold(BORROWED, put_held);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 8 * MIB, 0, PATIENT_NS, &area, NULL), 0);
	assert_int_equal(gup_cma_free(w.m, area, 8 * MIB), 0);
	released_in_time();
}

static void offline(void **state)
{
	uint64_t first;

	(void)state;
	begin_borrowed(GUP_ZONE_MOVABLE);
	hold(BORROWED, put_held);
	first = gup_page_to_pfn(w.m, held) & ~(GUP_HUGE_PAGES - 1);
	assert_int_equal(gup_offline_range(w.m, first, GUP_HUGE_PAGES, PATIENT_NS, NULL), 0);
	assert_int_equal(gup_online_range(w.m, first, GUP_HUGE_PAGES), 0);
	released_in_time();
}

static void truncate_of_storage(void **state)
{
	struct gup_object *file;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .dax = 2 });
	file = new_dax_file(&w, 4 * PAGE);
	map_shared(w.mm, BASE, 4 * PAGE, file);
	hold(BASE + PAGE, unpin_held);
	assert_int_equal(gup_object_truncate(file, PAGE, PATIENT_NS, NULL), 0);
	gup_object_put(file);
	released_in_time();
}

/* A large folio that is held for a moment is split once it is not. */
static void punch_of_shared_memory(void **state)
{
	struct gup_object *shm;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	assert_int_equal(gup_shm_create(w.m, HUGE, GUP_SHM_HUGE, &shm), 0);
	map_shared(w.mm, BASE, HUGE, shm);
	app_fill(w.mm, BASE, HUGE, 1);
	hold(BASE, put_held);
	assert_int_equal(gup_object_punch(shm, PAGE, PAGE, PATIENT_NS, NULL), 0);
	app_expect(w.mm, BASE, PAGE, 1);
	app_expect_zero(w.mm, BASE + PAGE, PAGE);
	assert_int_equal(frame_at(w.mm, BASE).order, 0);
	gup_object_put(shm);
	released_in_time();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_term_pin),
		cmocka_unit_test(long_term_pin_of_an_isolated_page),
		cmocka_unit_test(migrate),
		cmocka_unit_test(cma_allocation),
		cmocka_unit_test(offline),
		cmocka_unit_test(truncate_of_storage),
		cmocka_unit_test(punch_of_shared_memory),
	};

	return cmocka_run_group_tests_name("wakeups", tests, NULL, NULL);
}
