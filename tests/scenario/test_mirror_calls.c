/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_mirror_calls.c - how often the host is asked to take pages out of a window: once for all that leave
 * a table together, and not at all for what is not shown.
 */
#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <limits.h>
#include <sys/mman.h>

#define AREA (12 * MIB)
#define PAGES 1024u /* of two tables */
#define TABLES (PAGES / GUP_HUGE_PAGES)
#define WINDOW (64 * MIB)

static const struct world_spec spec = { .normal = 6, .cma = 12, .contract = GUP_LINUX_6_12, .no_huge_pages = true };

/* ---- what the host is asked ---- */

struct gup_port_window;
void __wrap_gup_port_window_unmap(struct gup_port_window *window, uint64_t at, uint64_t bytes);
void __real_gup_port_window_unmap(struct gup_port_window *window, uint64_t at, uint64_t bytes);

static unsigned int calls;
static uint64_t pages_asked;

void __wrap_gup_port_window_unmap(struct gup_port_window *window, uint64_t at, uint64_t bytes)
{
	calls++;
	pages_asked += bytes / PAGE;
	__real_gup_port_window_unmap(window, at, bytes);
}

/* The host's own refusals: the next mappings of nothing fail. */
void *__wrap_mmap64(void *at, size_t bytes, int prot, int flags, int fd, off_t from);
void *__real_mmap64(void *at, size_t bytes, int prot, int flags, int fd, off_t from);

static unsigned int to_fail, failed;

void *__wrap_mmap64(void *at, size_t bytes, int prot, int flags, int fd, off_t from)
{
	if (!to_fail || prot != PROT_NONE || !(flags & MAP_FIXED))
		return __real_mmap64(at, bytes, prot, flags, fd, from);
	to_fail--;
	failed++;
	errno = ENOMEM;
	return MAP_FAILED;
}

int __wrap_mprotect(void *at, size_t bytes, int prot);
int __real_mprotect(void *at, size_t bytes, int prot);

static unsigned int hides_to_fail, hides_failed;

int __wrap_mprotect(void *at, size_t bytes, int prot)
{
	if (!hides_to_fail || prot != PROT_NONE)
		return __real_mprotect(at, bytes, prot);
	hides_to_fail--;
	hides_failed++;
	errno = ENOMEM;
	return -1;
}

static void forget_calls(void)
{
	calls = 0;
	pages_asked = 0;
}

/* ---- the application ---- */

static unsigned int borrowed(const struct world *w, uint64_t addr, unsigned int nr)
{
	unsigned int i, pages = 0;

	for (i = 0; i < nr; i++)
		if (gup_user_pfn(w->mm, addr + i * PAGE))
			pages += frame_at(w->mm, addr + i * PAGE).zone == GUP_ZONE_CMA;
	return pages;
}

/* Pages that are shown, all of them borrowed from CMA. */
static void begin_as(struct world *w, const struct world_spec *own)
{
	window_begin(w, own);
	map_anon(w->mm, BASE, PAGES * PAGE);
	app_fill(w->mm, BASE, PAGES * PAGE, 1);
	expect_shown(w->mm, BASE, WINDOW, PAGES, PAGES);
	forget_calls();
}

static void begin(struct world *w)
{
	begin_as(w, &spec);
}

static void end(struct world *w)
{
	app_expect(w->mm, BASE, PAGES * PAGE, 1);
	expect_shown(w->mm, BASE, WINDOW, PAGES, PAGES);
	check_rest(w->m, 0, 0);
	world_end(w);
}

static void empty_the_area(struct world *w)
{
	struct gup_page *page;

	assert_int_equal(gup_cma_alloc(w->m, CAMERA, AREA, 0, PATIENT_NS, &page, NULL), 0);
	assert_int_equal(borrowed(w, BASE, PAGES), 0);
	assert_int_equal(gup_cma_free(w->m, page, AREA), 0);
}

static void an_area_leaves_by_the_table(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(borrowed(&w, BASE, PAGES), PAGES);
	empty_the_area(&w);
	assert_int_equal(calls, TABLES);
	assert_int_equal(pages_asked, PAGES);
	assert_int_equal(stats_of(w.m).migrated, PAGES);
	expect_shown(w.mm, BASE, WINDOW, 0, 0);
	end(&w);
}

/* Pages that a pin looks at, and moves, together. */
#define BATCH 32u

static void a_longterm_pin_too(void **state)
{
	struct gup_page *pages[PAGES / 2];
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, PAGES / 2, GUP_WRITE | GUP_LONGTERM, pages), PAGES / 2);
	assert_int_equal(borrowed(&w, BASE, PAGES), PAGES / 2);
	assert_int_equal(calls, PAGES / 2 / BATCH);
	assert_int_equal(pages_asked, PAGES / 2);
	expect_shown(w.mm, BASE, WINDOW, PAGES / 2, PAGES / 2);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, PAGES / 2), 0);
	end(&w);
}

/* Of @every pages all but the first leave the area, so that few are borrowed. */
static void move_others(struct world *w, unsigned int every)
{
	struct gup_request request = { .bytes = PAGE, .flags = GUP_WRITE | GUP_LONGTERM };
	struct gup_pin *pin;
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		request.addr = BASE + i * PAGE;
		if (i % every) {
			assert_int_equal(gup_pin(w->mm, &request, &pin, NULL), 0);
			assert_int_equal(gup_unpin(pin, false), 0);
		}
	}
	app_expect(w->mm, BASE, PAGES * PAGE, 1);
	assert_int_equal(borrowed(w, BASE, PAGES), PAGES / every);
	forget_calls();
}

/* Every second page moves. The others are lost with them and come back. */
static void neighbours_that_stay_come_back(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	move_others(&w, 2);
	empty_the_area(&w);
	assert_int_equal(calls, TABLES);
	expect_shown(w.mm, BASE, WINDOW, TABLES, TABLES); /* the last of each table: none moves behind it */
	end(&w);
}

/* Where something is held each page leaves alone. */
static void what_is_held_stays(void **state)
{
	const uint64_t held = BASE + 301 * PAGE;
	struct world w;

	(void)state;
	begin(&w);
	move_others(&w, 2);
	assert_int_equal(gup_mirror_populate(w.mm, held, PAGE, true), 0);
	empty_the_area(&w);
	assert_int_equal(calls, PAGES / 2 / TABLES + TABLES - 1);
	expect_shown(w.mm, held, PAGE, 1, 1);
	assert_int_equal(gup_mirror_release(w.mm, held, PAGE), 0);
	end(&w);
}

/* Held without a pin: the zero page is not counted, and Linux 5.2 has none. */
static void what_is_held_stays_without_a_pin(void **state)
{
	static const enum gup_contract_id contracts[] = { GUP_LINUX_6_12, GUP_LINUX_5_2 };
	const uint64_t empty = BASE + 301 * PAGE;
	struct world_spec own = spec;
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(contracts); i++) {
		own.contract = contracts[i];
		begin_as(&w, &own);
		assert_int_equal(gup_munmap(w.mm, empty, PAGE), 0);
		map_anon(w.mm, empty, PAGE);
		assert_int_equal(gup_mirror_populate(w.mm, empty, PAGE, false), 0);
		forget_calls();
		empty_the_area(&w);
		assert_int_equal(calls, GUP_HUGE_PAGES - 1 + TABLES - 1);
		expect_shown(w.mm, BASE, WINDOW, 1, 0);
		app_expect_zero(w.mm, empty, PAGE);
		assert_int_equal(gup_mirror_release(w.mm, empty, PAGE), 0);
		app_fill(w.mm, BASE, PAGES * PAGE, 1);
		end(&w);
	}
}

/* Neighbours of another mapping, of a file and of none: a table is a table. */
static void others_in_the_table(void **state)
{
	struct gup_object *shm;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_munmap(w.mm, BASE + 100 * PAGE, 100 * PAGE), 0);
	shm = new_shm(&w, 50 * PAGE);
	map_shared(w.mm, BASE + 110 * PAGE, 50 * PAGE, shm);
	app_fill(w.mm, BASE + 110 * PAGE, 50 * PAGE, 1);
	map_anon(w.mm, BASE + 170 * PAGE, 10 * PAGE);
	app_expect_zero(w.mm, BASE + 170 * PAGE, 10 * PAGE); /* the zero page, which stays */
	assert_int_equal(gup_mprotect(w.mm, BASE + 300 * PAGE, 100 * PAGE, GUP_PROT_READ), 0);
	app_expect(w.mm, BASE + 300 * PAGE, 100 * PAGE, 1);
	forget_calls();
	empty_the_area(&w);
	assert_int_equal(calls, TABLES);
	expect_shown(w.mm, BASE, WINDOW, 0, 0);
	app_expect(w.mm, BASE + 110 * PAGE, 50 * PAGE, 1);
	app_expect(w.mm, BASE, 100 * PAGE, 1);
	app_expect(w.mm, BASE + 200 * PAGE, (PAGES - 200) * PAGE, 1);
	app_expect_zero(w.mm, BASE + 170 * PAGE, 10 * PAGE);
	expect_shown(w.mm, BASE, WINDOW, PAGES - 40, PAGES - 150);
	check_rest(w.m, 0, 0);
	gup_object_put(shm);
	world_end(&w);
}

/* Far more stay than move: each leaves alone. */
static void a_few_among_many_leave_alone(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	move_others(&w, 64);
	empty_the_area(&w);
	assert_int_equal(calls, PAGES / 64);
	expect_shown(w.mm, BASE, WINDOW, PAGES - PAGES / 64, PAGES - PAGES / 64);
	end(&w);
}

static void what_is_not_shown_costs_nothing(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	gup_mirror_drop(w.mm);
	empty_the_area(&w);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGES * PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGES * PAGE, RW), 0);
	assert_int_equal(calls, 0);
	app_fill(w.mm, BASE, PAGES * PAGE, 1);
	expect_shown(w.mm, BASE, WINDOW, PAGES, PAGES);
	gup_mirror_drop(w.mm);
	assert_int_equal(gup_munmap(w.mm, BASE, PAGES * PAGE), 0);
	assert_int_equal(calls, 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* A drop that the host refuses leaves pages shown of which nobody knows any more. */
static void what_could_not_be_dropped_is_taken_away(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	failed = 0;
	to_fail = 1;
	gup_mirror_drop(w.mm);
	to_fail = 0;
	if (!failed) { /* under ThreadSanitizer the port makes system calls of its own */
		world_end(&w);
		skip();
	}
	expect_shown(w.mm, BASE, WINDOW, PAGES / TABLES, PAGES / TABLES);
	empty_the_area(&w);
	expect_shown(w.mm, BASE, WINDOW, 0, 0);
	end(&w);
}

/* The host has no mapping left to cut one in two: what has to leave leaves all the same. */
static void what_cannot_be_hidden_is_taken_away(void **state)
{
	static const unsigned int fail[] = { 1, 2, UINT_MAX };
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fail); i++) {
		begin(&w);
		hides_failed = 0;
		hides_to_fail = fail[i];
		empty_the_area(&w);
		hides_to_fail = 0;
		assert_true(hides_failed > 0);
		expect_shown(w.mm, BASE, WINDOW, 0, 0);
		end(&w);
	}
}

static unsigned int mappings_of_window(struct gup_mm *mm, uint64_t bytes)
{
	uintptr_t base = (uintptr_t)window_pointer(mm, BASE);
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long from, to;
	unsigned int nr = 0;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx", &from, &to) == 2)
			nr += from < base + bytes && to > base;
	fclose(maps);
	return nr;
}

/* What has left keeps its mappings, until the program wants them back. */
static void a_drop_gives_mappings_back(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	move_others(&w, 2);
	app_expect(w.mm, BASE, PAGES * PAGE, 1);
	assert_int_equal(gup_munmap(w.mm, BASE, PAGES * PAGE), 0);
	expect_shown(w.mm, BASE, WINDOW, 0, 0);
	assert_true(mappings_of_window(w.mm, PAGES * PAGE) > PAGES / 4);
	gup_mirror_drop(w.mm);
	assert_true(mappings_of_window(w.mm, PAGES * PAGE) <= TABLES);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_area_leaves_by_the_table),
		cmocka_unit_test(a_longterm_pin_too),
		cmocka_unit_test(neighbours_that_stay_come_back),
		cmocka_unit_test(what_is_held_stays),
		cmocka_unit_test(what_is_held_stays_without_a_pin),
		cmocka_unit_test(others_in_the_table),
		cmocka_unit_test(a_few_among_many_leave_alone),
		cmocka_unit_test(what_is_not_shown_costs_nothing),
		cmocka_unit_test(what_could_not_be_dropped_is_taken_away),
		cmocka_unit_test(what_cannot_be_hidden_is_taken_away),
		cmocka_unit_test(a_drop_gives_mappings_back),
	};

	return cmocka_run_group_tests_name("calls of a window", tests, NULL, NULL);
}
