/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_mirror.c - windows: loads, stores and system calls on native pointers, and what never shows.
 *
 * The whole suite of scenarios runs with windows as well (GUP_TEST_WINDOWS); here is what only a window has.
 */
#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR 8
#define WINDOW (64 * MIB)

static const struct world_spec spec = { .normal = 16, .movable = 8, .cma = 8, .no_huge_pages = true };

static struct gup_mm *fork_with_window(struct world *w)
{
	struct gup_mm *child;

	window_wanted(true);
	child = world_fork(w, w->mm, "child");
	window_wanted(false);
	return child;
}

/* ---- loads and stores ---- */

static void plain_code_works(void **state)
{
	struct world w;
	uint64_t sum = 0;
	int64_t addr;
	int *array;

	(void)state;
	world_begin(&w, &spec);
	assert_int_equal(gup_mirror_open(w.mm, 0, WINDOW), 0);
	addr = gup_mmap(w.mm, &(struct gup_map_request){ .length = MIB, .prot = RW, .flags = GUP_MAP_PRIVATE });
	assert_true(addr > 0);
	array = (int *)(uintptr_t)addr;
	assert_ptr_equal(gup_mirror_pointer(w.mm, (uint64_t)addr), array);
	for (int i = 0; i < (int)(MIB / sizeof(*array)); i++)
		array[i] = i;
	assert_int_equal(gup_copy_from_user(w.mm, &sum, (uint64_t)addr + 4 * PAGE, sizeof(int)), 0);
	assert_int_equal(sum, 4 * PAGE / sizeof(int));
	for (int i = 0; i < (int)(MIB / sizeof(*array)); i++)
		assert_int_equal(array[i], i);
	assert_int_equal(gup_munmap(w.mm, (uint64_t)addr, MIB), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void shows_what_the_table_allows(void **state)
{
	struct world w;

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, NR * PAGE);
	expect_shown(w.mm, BASE, WINDOW, 0, 0);
	app_expect_zero(w.mm, BASE, 2 * PAGE); /* the zero page */
	expect_shown(w.mm, BASE, WINDOW, 2, 0);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	expect_shown(w.mm, BASE, WINDOW, NR, NR);
	assert_int_equal(gup_mprotect(w.mm, BASE, 2 * PAGE, GUP_PROT_READ), 0);
	expect_shown(w.mm, BASE, WINDOW, NR - 2, NR - 2);
	app_expect(w.mm, BASE, 2 * PAGE, 1);
	expect_shown(w.mm, BASE, WINDOW, NR, NR - 2);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, 2 * PAGE, 0), 0);
	expect_shown(w.mm, BASE, WINDOW, NR - 2, NR - 3);
	assert_true(app_cannot_read(w.mm, BASE + PAGE));
	assert_int_equal(gup_munmap(w.mm, BASE + 4 * PAGE, 2 * PAGE), 0);
	expect_shown(w.mm, BASE, WINDOW, NR - 4, NR - 5);
	assert_int_equal(gup_madvise(w.mm, BASE + 6 * PAGE, PAGE, GUP_MADV_DONTNEED), 0);
	expect_shown(w.mm, BASE, WINDOW, NR - 5, NR - 6);
	app_expect_zero(w.mm, BASE + 6 * PAGE, PAGE);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* Neighbours that follow each other in memory are shown together, but not what may not be touched. */
static void run_ends_where_it_has_to(void **state)
{
	struct world_spec how = spec;
	struct world w;

	(void)state;
	how.no_huge_pages = false;
	window_begin(&w, &how);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_machine_poison(w.m, gup_user_pfn(w.mm, BASE + 3 * PAGE)), 0); /* splits the folio */
	gup_mirror_drop(w.mm);
	app_expect(w.mm, BASE + 4 * PAGE, PAGE, 1);
	expect_shown(w.mm, BASE, WINDOW, GUP_HUGE_PAGES - 4, GUP_HUGE_PAGES - 4);
	assert_true(app_cannot_read(w.mm, BASE + 3 * PAGE));
	app_expect(w.mm, BASE + 2 * PAGE, PAGE, 1);
	expect_shown(w.mm, BASE, WINDOW, GUP_HUGE_PAGES - 1, GUP_HUGE_PAGES - 1);
	assert_int_equal(gup_machine_unpoison(w.m, gup_user_pfn(w.mm, BASE + 3 * PAGE)), 0);
	app_expect(w.mm, BASE, HUGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void large_folio_is_one_mapping(void **state)
{
	struct world_spec how = spec;
	struct world w;

	(void)state;
	how.no_huge_pages = false;
	window_begin(&w, &how);
	map_anon(w.mm, BASE, 2 * HUGE);
	app_poke(w.mm, BASE + 17 * PAGE, 1);
	assert_int_equal(what_shows(w.mm, BASE, WINDOW).mappings, 1);
	expect_shown(w.mm, BASE, WINDOW, GUP_HUGE_PAGES, GUP_HUGE_PAGES);
	gup_mirror_drop(w.mm);
	expect_shown(w.mm, BASE, WINDOW, 0, 0);
	assert_int_equal(app_peek(w.mm, BASE + 17 * PAGE), 1);
	expect_shown(w.mm, BASE, WINDOW, GUP_HUGE_PAGES, GUP_HUGE_PAGES);
	assert_int_equal(gup_munmap(w.mm, BASE + 4 * PAGE, PAGE), 0); /* splits it */
	expect_shown(w.mm, BASE, WINDOW, GUP_HUGE_PAGES - 1, GUP_HUGE_PAGES - 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void fork_takes_the_right_to_write(void **state)
{
	struct gup_mm *child;
	struct world w;

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	child = fork_with_window(&w);
	expect_shown(w.mm, BASE, WINDOW, 0, 0);
	assert_ptr_not_equal(window_pointer(child, BASE), window_pointer(w.mm, BASE));
	app_fill(child, BASE, 2 * PAGE, 2);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	app_fill(w.mm, BASE + 4 * PAGE, PAGE, 3);
	app_expect(child, BASE, 2 * PAGE, 2);
	app_expect(child, BASE + 2 * PAGE, (NR - 2) * PAGE, 1);
	expect_shown(child, BASE, WINDOW, NR, 2);
	expect_shown(w.mm, BASE, WINDOW, NR, 1);
	world_exit(&w, child);
	app_expect(w.mm, BASE, 4 * PAGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void device_and_pointer_see_the_same(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, NR, GUP_WRITE | GUP_LONGTERM, pages), NR);
	for (int i = 0; i < NR; i++)
		device_fill(w.m, pages[i], BASE + i * PAGE, 2);
	app_expect(w.mm, BASE, NR * PAGE, 2);
	fork_with_window(&w);
	app_fill(w.mm, BASE, NR * PAGE, 3);
	for (int i = 0; i < NR; i++)
		device_expect(w.m, pages[i], BASE + i * PAGE, 3);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void moves_and_is_found_again(void **state)
{
	struct gup_page *first;
	struct world w;
	uint64_t at;

	(void)state;
	window_begin(&w, &(struct world_spec){ .normal = 8, .cma = 16, .no_huge_pages = true });
	at = world_borrow(&w, GUP_ZONE_CMA, NR);
	app_fill(w.mm, at, NR * PAGE, 1);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 16 * MIB, 0, PATIENT_NS, &first, NULL), 0);
	memset(gup_page_address(w.m, first), 0xee, NR * PAGE);
	app_expect(w.mm, at, NR * PAGE, 1);
	app_fill(w.mm, at, NR * PAGE, 2);
	assert_int_equal(gup_cma_free(w.m, first, 16 * MIB), 0);
	app_expect(w.mm, at, NR * PAGE, 2);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* ---- really bad accesses ---- */

static void expect_signal(struct gup_mm *mm, uint64_t addr, bool store, int signal, int code)
{
	char byte = 1;

	if (store)
		assert_int_equal(app_store(mm, addr, &byte, 1), 1);
	else
		assert_int_equal(app_load(mm, &byte, addr, 1), 1);
	assert_int_equal(native_signal().signal, signal);
	assert_int_equal(native_signal().code, code);
	assert_ptr_equal(native_signal().addr, window_pointer(mm, addr));
}

static void bad_access_goes_on(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	expect_signal(w.mm, BASE + NR * PAGE + 3, false, SIGSEGV, SEGV_MAPERR);
	expect_signal(w.mm, BASE + NR * PAGE, true, SIGSEGV, SEGV_MAPERR);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_READ), 0);
	expect_signal(w.mm, BASE + 5, true, SIGSEGV, SEGV_ACCERR);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, 0), 0);
	expect_signal(w.mm, BASE + 5, false, SIGSEGV, SEGV_ACCERR);
	object = new_shm(&w, 2 * PAGE);
	map_shared(w.mm, BASE + MIB, 2 * PAGE, object);
	app_fill(w.mm, BASE + MIB, 2 * PAGE, 2);
	assert_int_equal(gup_object_truncate(object, PAGE, IMPATIENT_NS, NULL), 0);
	expect_signal(w.mm, BASE + MIB + PAGE, false, SIGBUS, BUS_ADRERR);
	app_expect(w.mm, BASE + MIB, PAGE, 2);
	assert_int_equal(gup_machine_poison(w.m, gup_user_pfn(w.mm, BASE + PAGE)), 0);
	expect_signal(w.mm, BASE + PAGE, false, SIGBUS, BUS_MCEERR_AR);
	expect_signal(w.mm, BASE + PAGE, true, SIGBUS, BUS_MCEERR_AR);
	app_expect(w.mm, BASE + 2 * PAGE, PAGE, 1);
	assert_int_equal(gup_machine_unpoison(w.m, gup_user_pfn(w.mm, BASE + PAGE)), 0);
	app_expect(w.mm, BASE + PAGE, PAGE, 1);
	gup_object_put(object);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static int child_ends_by(void (*what)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		what();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* In a process of its own, without a handler. */
static char *own_window(uint64_t bytes, struct gup_mm **mm)
{
	struct gup_machine_config config = { .normal_bytes = 8 * MIB };
	struct gup_machine *m;
	int64_t addr;

	if (gup_machine_create(&config, &m) || gup_mm_create(m, APP, mm) || gup_mirror_open(*mm, 0, WINDOW))
		_exit(1);
	addr = gup_mmap(*mm, &(struct gup_map_request){ .length = bytes, .prot = RW, .flags = GUP_MAP_PRIVATE });
	if (addr < 0)
		_exit(2);
	return (char *)(uintptr_t)addr;
}

static void beyond_the_mapping(void)
{
	struct gup_mm *mm;
	volatile char *p = own_window(PAGE, &mm);

	p[0] = 1;
	p[PAGE] = 1;
}

static void failed_memory(void)
{
	struct gup_mm *mm;
	volatile char *p = own_window(PAGE, &mm);

	p[0] = 1;
	gup_machine_poison(gup_mm_machine(mm), gup_user_pfn(mm, (uintptr_t)p));
	p[0] = 2;
}

static void nothing_wrong(void)
{
	struct gup_mm *mm;
	volatile char *p = own_window(PAGE, &mm);

	p[0] = 1;
}

static void without_handler_the_process_ends(void **state)
{
	(void)state;
	assert_int_equal(child_ends_by(nothing_wrong), 0);
	assert_int_equal(child_ends_by(beyond_the_mapping), SIGSEGV);
	assert_int_equal(child_ends_by(failed_memory), SIGBUS);
}

static volatile char *inherited;

static void touch_inherited(void)
{
	(void)*inherited;
}

static void host_child_has_no_window(void **state)
{
	struct world w;

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	inherited = window_pointer(w.mm, BASE);
	assert_int_equal(child_ends_by(touch_inherited), SIGSEGV);
	app_expect(w.mm, BASE, PAGE, 1);
	world_end(&w);
}

static void errno_stays(void **state)
{
	struct world w;

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, NR * PAGE);
	errno = E2BIG;
	*(volatile char *)window_pointer(w.mm, BASE) = 1;
	assert_int_equal(errno, E2BIG);
	gup_mirror_drop(w.mm);
	assert_int_equal(errno, E2BIG);
	assert_int_equal(*(volatile char *)window_pointer(w.mm, BASE), 1);
	world_end(&w);
}

/* ---- wrong calls, and nothing left ---- */

static void wrong_calls(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &spec);
	assert_null(gup_mirror_pointer(w.mm, BASE));
	assert_null(gup_mirror_pointer(NULL, BASE));
	assert_int_equal(gup_mirror_populate(w.mm, BASE, PAGE, false), -GUP_EINVAL);
	assert_int_equal(gup_mirror_open(NULL, 0, WINDOW), -GUP_EINVAL);
	assert_int_equal(gup_mirror_open(w.mm, 0, 0), -GUP_EINVAL);
	assert_int_equal(gup_mirror_open(w.mm, 0, WINDOW + PAGE), -GUP_EINVAL);
	assert_int_equal(gup_mirror_open(w.mm, BASE + PAGE, WINDOW), -GUP_EINVAL);
	assert_int_equal(gup_mirror_open(w.mm, GUP_USER_TOP, HUGE), -GUP_EINVAL);
	assert_int_equal(gup_mirror_open(w.mm, GUP_USER_TOP - HUGE, 2 * HUGE), -GUP_EINVAL);
	assert_int_equal(gup_mirror_open(w.mm, HUGE, GUP_USER_TOP - HUGE), -GUP_ENOMEM); /* the program is in it */
	assert_int_equal(gup_mirror_open(w.mm, BASE, WINDOW), 0);
	assert_int_equal(gup_mirror_open(w.mm, BASE, WINDOW), -GUP_EEXIST);
	assert_null(gup_mirror_pointer(w.mm, BASE - 1));
	assert_null(gup_mirror_pointer(w.mm, BASE + WINDOW));
	assert_non_null(gup_mirror_pointer(w.mm, BASE + WINDOW - 1));
	map_anon(w.mm, BASE, PAGE);
	assert_int_equal(gup_mirror_populate(NULL, BASE, PAGE, false), -GUP_EINVAL);
	assert_int_equal(gup_mirror_populate(w.mm, BASE, 0, false), -GUP_EINVAL);
	assert_int_equal(gup_mirror_populate(w.mm, BASE + WINDOW - PAGE, 2 * PAGE, false), -GUP_EINVAL);
	assert_int_equal(gup_mirror_populate(w.mm, BASE - PAGE, 2 * PAGE, false), -GUP_EINVAL);
	assert_int_equal(gup_mirror_populate(w.mm, BASE, UINT64_MAX, false), -GUP_EINVAL);
	assert_int_equal(gup_mirror_populate(w.mm, BASE, 2 * PAGE, false), -GUP_EFAULT);
	assert_int_equal(gup_mirror_release(NULL, BASE, PAGE), -GUP_EINVAL);
	assert_int_equal(gup_mirror_release(w.mm, BASE, PAGE), -GUP_EINVAL);
	gup_mirror_drop(NULL);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* A fault without memory is a bus error, and works when there is memory again. */
static void fault_without_memory(void **state)
{
	struct world w;

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, PAGE);
	gup_test_fail_alloc(w.m, 1 | GUP_TEST_ALL_AFTER);
	expect_signal(w.mm, BASE, true, SIGBUS, BUS_ADRERR);
	gup_test_fail_alloc(w.m, 0);
	app_fill(w.mm, BASE, PAGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_code_works),
		cmocka_unit_test(shows_what_the_table_allows),
		cmocka_unit_test(run_ends_where_it_has_to),
		cmocka_unit_test(large_folio_is_one_mapping),
		cmocka_unit_test(fork_takes_the_right_to_write),
		cmocka_unit_test(device_and_pointer_see_the_same),
		cmocka_unit_test(moves_and_is_found_again),
		cmocka_unit_test(bad_access_goes_on),
		cmocka_unit_test(without_handler_the_process_ends),
		cmocka_unit_test(host_child_has_no_window),
		cmocka_unit_test(errno_stays),
		cmocka_unit_test(wrong_calls),
		cmocka_unit_test(fault_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
