/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_mirror_held.c - windows: pages that are held for system calls of the host, what becomes of them and
 * of a window's end when mappings change, and aliases of frames.
 */
#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <unistd.h>

#define NR 8
#define TO (BASE + 3 * HUGE - 3 * PAGE)
#define WINDOW (64 * MIB)
#define FIXED (GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED)

static const struct world_spec spec = { .normal = 16, .movable = 8, .cma = 8, .no_huge_pages = true };

/* ---- system calls ---- */

static void system_calls_need_populate(void **state)
{
	struct gup_mm *child;
	char buf[NR * PAGE];
	struct world w;
	int pipe_fds[2];

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(pipe(pipe_fds), 0);
	pattern_make(buf, BASE, sizeof(buf), 5);
	assert_int_equal(write(pipe_fds[1], buf, sizeof(buf)), sizeof(buf));
	assert_int_equal(read(pipe_fds[0], window_pointer(w.mm, BASE), sizeof(buf)), -1);
	assert_int_equal(errno, EFAULT);

	assert_int_equal(gup_mirror_populate(w.mm, BASE, NR * PAGE, true), 0);
	expect_shown(w.mm, BASE, WINDOW, NR, NR);
	check_rest(w.m, NR, 0);
	gup_mirror_drop(w.mm);
	expect_shown(w.mm, BASE, WINDOW, NR, NR);
	child = world_fork(&w, w.mm, "child");
	expect_shown(w.mm, BASE, WINDOW, NR, NR); /* pinned: the child got copies */
	assert_int_equal(read(pipe_fds[0], window_pointer(w.mm, BASE), sizeof(buf)), sizeof(buf));
	app_expect(w.mm, BASE, NR * PAGE, 5);
	app_expect_zero(child, BASE, NR * PAGE);
	assert_int_equal(gup_mirror_release(w.mm, BASE, NR * PAGE), 0);
	assert_int_equal(gup_mirror_release(w.mm, BASE, NR * PAGE), -GUP_EINVAL);
	check_rest(w.m, 0, 0);
	gup_mirror_drop(w.mm);
	expect_shown(w.mm, BASE, WINDOW, 0, 0);

	/* Reading only, any alignment, twice. */
	assert_int_equal(gup_mirror_populate(w.mm, BASE + 100, 2 * PAGE, false), 0);
	assert_int_equal(gup_mirror_populate(w.mm, BASE + 100, 2 * PAGE, false), 0);
	assert_int_equal(gup_mirror_release(w.mm, BASE + 100, 2 * PAGE), 0);
	gup_mirror_drop(w.mm);
	assert_int_equal(write(pipe_fds[1], window_pointer(w.mm, BASE + 100), 2 * PAGE), 2 * PAGE);
	assert_int_equal(read(pipe_fds[0], buf + 100, 2 * PAGE), 2 * PAGE);
	assert_true(pattern_is(buf + 104, BASE + 104, 2 * PAGE - 8, 5));
	assert_int_equal(gup_mirror_release(w.mm, BASE + 100, 2 * PAGE), 0);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* Held ranges go with the mm, and what the program takes away is away. */
static void holds_end_with_the_mm(void **state)
{
	struct gup_mm *mm;
	struct world w;

	(void)state;
	window_begin(&w, &spec);
	window_wanted(true);
	mm = world_mm(&w, "other");
	window_wanted(false);
	map_anon(mm, BASE, NR * PAGE);
	assert_int_equal(gup_mirror_populate(mm, BASE, NR * PAGE, true), 0);
	assert_int_equal(gup_munmap(mm, BASE, PAGE), 0);
	expect_shown(mm, BASE, WINDOW, NR - 1, NR - 1);
	check_rest(w.m, NR, 0);
	world_exit(&w, mm);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* ---- mappings that change ---- */

static bool host_reads(const int pipe_fds[2], void *to, size_t bytes)
{
	char buf[NR * PAGE] = { 1 };

	assert_true(bytes <= sizeof(buf));
	assert_int_equal(write(pipe_fds[1], buf, bytes), bytes);
	if (read(pipe_fds[0], to, bytes) == (ssize_t)bytes)
		return true;
	assert_int_equal(errno, EFAULT);
	assert_int_equal(read(pipe_fds[0], buf, bytes), bytes);
	return false;
}

/* The pins go along, what is shown does not: the new place is faulted in, or populated, as any other. */
static void held_pages_move(void **state)
{
	uint64_t pfns[NR];
	struct world w;
	int pipe_fds[2];

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(gup_mirror_populate(w.mm, BASE, NR * PAGE, true), 0);
	for (int i = 0; i < NR; i++)
		pfns[i] = gup_user_pfn(w.mm, BASE + i * PAGE);
	assert_int_equal(gup_mremap(w.mm, BASE, NR * PAGE, NR * PAGE, FIXED, TO), TO);
	expect_shown(w.mm, BASE, WINDOW, 0, 0);
	check_rest(w.m, NR, 0);
	assert_false(host_reads(pipe_fds, window_pointer(w.mm, BASE), PAGE));
	assert_false(host_reads(pipe_fds, window_pointer(w.mm, TO), PAGE));
	assert_int_equal(gup_migrate_range(w.mm, TO, NR * PAGE, NULL), 0);
	for (int i = 0; i < NR; i++)
		assert_int_equal(gup_user_pfn(w.mm, TO + i * PAGE), pfns[i]);

	assert_int_equal(gup_mirror_populate(w.mm, TO, NR * PAGE, true), 0);
	assert_int_equal(gup_mirror_release(w.mm, BASE, NR * PAGE), 0);
	assert_int_equal(gup_mirror_release(w.mm, BASE, NR * PAGE), -GUP_EINVAL);
	gup_mirror_drop(w.mm);
	expect_shown(w.mm, BASE, WINDOW, NR, NR);
	assert_true(host_reads(pipe_fds, window_pointer(w.mm, TO), NR * PAGE));
	check_rest(w.m, NR, 0);

	/* Another mapping where they were shows what is in it. */
	map_anon(w.mm, BASE, NR * PAGE);
	assert_false(host_reads(pipe_fds, window_pointer(w.mm, BASE), PAGE));
	app_expect_zero(w.mm, BASE, NR * PAGE);
	assert_int_equal(gup_mirror_release(w.mm, TO, NR * PAGE), 0);
	assert_int_equal(gup_migrate_range(w.mm, TO, NR * PAGE, NULL), NR);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* Half of what is held is moved over with something else, and half of it grows smaller. */
static void held_pages_are_replaced(void **state)
{
	struct world w;

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, NR * PAGE);
	map_anon(w.mm, TO, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	app_fill(w.mm, TO, NR * PAGE, 2);
	assert_int_equal(gup_mirror_populate(w.mm, TO, NR * PAGE, false), 0);
	assert_int_equal(gup_mremap(w.mm, BASE, PAGE, PAGE, FIXED, TO + PAGE), TO + PAGE);
	check_rest(w.m, NR, 0);
	assert_true(pattern_is(window_pointer(w.mm, TO + PAGE), BASE, PAGE, 1));
	app_expect(w.mm, TO, PAGE, 2);
	app_expect(w.mm, TO + 2 * PAGE, (NR - 2) * PAGE, 2);
	assert_int_equal(gup_mremap(w.mm, TO + 2 * PAGE, (NR - 2) * PAGE, PAGE, 0, 0), TO + 2 * PAGE);
	assert_true(app_cannot_read(w.mm, TO + 3 * PAGE));
	expect_shown(w.mm, TO, WINDOW / 2, 3, 3);
	assert_int_equal(gup_mirror_release(w.mm, TO, NR * PAGE), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* Where addresses are pointers a mapping does not grow out of the window: it moves to where it fits. */
static void growth_at_the_end(void **state)
{
	struct world w;
	uint64_t end, at;
	int64_t moved;

	(void)state;
	world_begin(&w, &spec);
	assert_int_equal(gup_mirror_open(w.mm, 0, 2 * HUGE), 0);
	moved = gup_mmap(w.mm, &(struct gup_map_request){ .length = PAGE, .prot = RW, .flags = GUP_MAP_PRIVATE });
	assert_true(moved > 0);
	end = ((uint64_t)moved & ~(HUGE - 1)) + HUGE;
	end += gup_mirror_pointer(w.mm, end) ? HUGE : 0;
	assert_non_null(gup_mirror_pointer(w.mm, end - 1));
	assert_null(gup_mirror_pointer(w.mm, end));
	at = end - 2 * PAGE;
	map_anon(w.mm, at, 2 * PAGE);
	app_fill(w.mm, at, 2 * PAGE, 1);
	assert_int_equal(gup_mremap(w.mm, at, 2 * PAGE, 3 * PAGE, 0, 0), -GUP_ENOMEM);
	app_expect(w.mm, at, 2 * PAGE, 1);
	moved = gup_mremap(w.mm, at, 2 * PAGE, 3 * PAGE, GUP_MREMAP_MAYMOVE, 0);
	assert_in_range(moved, end - 2 * HUGE, end - 5 * PAGE);
	assert_true(pattern_is((void *)(uintptr_t)moved, at, 2 * PAGE, 1));
	assert_true(all_zero((void *)(uintptr_t)(moved + 2 * (int64_t)PAGE), PAGE));
	assert_int_equal(gup_user_pfn(w.mm, at), 0);
	assert_int_equal(gup_mremap(w.mm, (uint64_t)moved, 3 * PAGE, 2 * HUGE, GUP_MREMAP_MAYMOVE, 0), -GUP_ENOMEM);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* A window that shows a part of an address space: what grows out of it has no pointers there. */
static void growth_out_of_a_part(void **state)
{
	uint64_t at = BASE + 2 * HUGE - 2 * PAGE, word = 7;
	struct world w;

	(void)state;
	world_begin(&w, &spec);
	assert_int_equal(gup_mirror_open(w.mm, BASE, 2 * HUGE), 0);
	map_anon(w.mm, at, 2 * PAGE);
	app_fill(w.mm, at, 2 * PAGE, 1);
	assert_int_equal(gup_mremap(w.mm, at, 2 * PAGE, 4 * PAGE, 0, 0), at);
	app_expect(w.mm, at, 2 * PAGE, 1);
	assert_null(gup_mirror_pointer(w.mm, at + 2 * PAGE));
	assert_int_equal(gup_copy_to_user(w.mm, at + 3 * PAGE, &word, sizeof(word)), 0);
	assert_int_equal(gup_mremap(w.mm, at, 4 * PAGE, 4 * PAGE, FIXED, BASE), BASE);
	assert_int_equal(*(volatile uint64_t *)window_pointer(w.mm, BASE + 3 * PAGE), 7);
	assert_true(pattern_is(window_pointer(w.mm, BASE), at, 2 * PAGE, 1));
	assert_int_equal(gup_mirror_populate(w.mm, BASE, 4 * PAGE, true), 0);
	assert_int_equal(gup_mremap(w.mm, BASE, 4 * PAGE, 4 * PAGE, FIXED, at + 2 * PAGE), at + 2 * PAGE);
	check_rest(w.m, 4, 0);
	assert_int_equal(gup_mirror_release(w.mm, BASE, 4 * PAGE), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* ---- without memory ---- */

/* Each allocation fails once: an errno, and nothing is held. */
static void populate_without_memory(void **state)
{
	struct world w;
	uint64_t nth = 1;
	int err = -1;

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, NR * PAGE);
	for (; err; nth++) {
		gup_test_fail_alloc(w.m, nth);
		err = gup_mirror_populate(w.mm, BASE, NR * PAGE, true);
		gup_test_fail_alloc(w.m, 0);
		if (err)
			assert_int_equal(err, -GUP_ENOMEM);
		check_rest(w.m, err ? 0 : NR, 0);
	}
	assert_true(nth > 3);
	assert_int_equal(gup_mirror_release(w.mm, BASE, NR * PAGE), 0);
	world_end(&w);
}

/* ---- aliases ---- */

static void scattered_frames_in_one_piece(void **state)
{
	struct gup_page *pages[NR], *order[NR];
	struct world w;
	char *alias;
	void *at;

	(void)state;
	window_begin(&w, &spec);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, NR, GUP_WRITE, pages), NR);
	for (int i = 0; i < NR; i++)
		order[i] = pages[i % 2 ? i : NR - 2 - i];
	assert_int_equal(gup_vmap(w.m, order, NR, &at), 0);
	alias = at;
	for (int i = 0; i < NR; i++) {
		uint64_t addr = BASE + (uint64_t)(i % 2 ? i : NR - 2 - i) * PAGE;

		assert_true(pattern_is(alias + i * PAGE, addr, PAGE, 1));
		pattern_make(alias + i * PAGE, addr, PAGE, 2);
	}
	app_expect(w.mm, BASE, NR * PAGE, 2);
	gup_vunmap(at, NR);
	gup_vunmap(NULL, NR);
	assert_int_equal(gup_vmap(NULL, order, NR, &at), -GUP_EINVAL);
	assert_int_equal(gup_vmap(w.m, NULL, NR, &at), -GUP_EINVAL);
	assert_int_equal(gup_vmap(w.m, order, 0, &at), -GUP_EINVAL);
	assert_int_equal(gup_vmap(w.m, order, NR, NULL), -GUP_EINVAL);
	order[3] = NULL;
	assert_int_equal(gup_vmap(w.m, order, NR, &at), -GUP_EINVAL);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, NR), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(system_calls_need_populate),
		cmocka_unit_test(holds_end_with_the_mm),
		cmocka_unit_test(held_pages_move),
		cmocka_unit_test(held_pages_are_replaced),
		cmocka_unit_test(growth_at_the_end),
		cmocka_unit_test(growth_out_of_a_part),
		cmocka_unit_test(populate_without_memory),
		cmocka_unit_test(scattered_frames_in_one_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
