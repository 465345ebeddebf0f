/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_mlock.c - locked mappings: what counts, what is faulted in, and what is refused.
 */
#include "world.h"

#define NR 4

static void map_pages(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 4, .no_huge_pages = true });
	map_anon(w->mm, BASE, NR * PAGE);
}

static unsigned int nr_there(struct world *w)
{
	unsigned int i, nr = 0;

	for (i = 0; i < NR; i++)
		nr += gup_user_pfn(w->mm, BASE + i * PAGE) != 0;
	return nr;
}

static void locks_whole_pages_and_faults_them_in(void **state)
{
	struct world w;

	(void)state;
	map_pages(&w);
	assert_int_equal(gup_mlock(w.mm, BASE + PAGE + 5, PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), 2);
	assert_int_equal(nr_there(&w), 2);
	assert_int_equal(frame_at(w.mm, BASE + PAGE).kind, GUP_FRAME_ANON); /* for writing, as Linux does */
	assert_int_equal(gup_mlock(w.mm, BASE, 0), 0);
	assert_int_equal(gup_mm_locked(w.mm), 2);
	assert_int_equal(gup_mlock(w.mm, BASE + 1, 0), 0);
	assert_int_equal(gup_mm_locked(w.mm), 3);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void each_page_counts_once(void **state)
{
	struct world w;

	(void)state;
	map_pages(&w);
	assert_int_equal(gup_mlock(w.mm, BASE, 2 * PAGE), 0);
	assert_int_equal(gup_mlock(w.mm, BASE + PAGE, 2 * PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), 3);
	assert_int_equal(gup_mlock(w.mm, BASE, NR * PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), NR);
	assert_int_equal(gup_munlock(w.mm, BASE + PAGE, PAGE), 0);
	assert_int_equal(gup_munlock(w.mm, BASE + PAGE, PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), NR - 1);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_munlock(w.mm, BASE, NR * PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), 0);
	world_end(&w);
}

static void unmapping_counts_down(void **state)
{
	struct world w;

	(void)state;
	map_pages(&w);
	assert_int_equal(gup_mlock(w.mm, BASE, NR * PAGE), 0);
	assert_int_equal(gup_munmap(w.mm, BASE + PAGE, PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), NR - 1);
	map_anon(w.mm, BASE, PAGE); /* in the place of a locked one */
	assert_int_equal(gup_mm_locked(w.mm), NR - 2);
	assert_int_equal(gup_mprotect(w.mm, BASE + 2 * PAGE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mm_locked(w.mm), NR - 2);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void becomes_writable_with_pages_of_its_own(void **state)
{
	struct world w;

	(void)state;
	map_pages(&w);
	assert_int_equal(gup_mprotect(w.mm, BASE, NR * PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mlock(w.mm, BASE, 2 * PAGE), 0);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_ZERO);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, 2 * PAGE, GUP_PROT_READ | GUP_PROT_WRITE), 0);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_ZERO);
	assert_int_equal(frame_at(w.mm, BASE + PAGE).kind, GUP_FRAME_ANON);
	assert_int_equal(nr_there(&w), 2);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void limit(void **state)
{
	struct world w;

	(void)state;
	map_pages(&w);
	gup_mm_set_lock_limit(w.mm, 2);
	assert_int_equal(gup_mlock(w.mm, BASE, 3 * PAGE), -GUP_ENOMEM);
	assert_int_equal(gup_mm_locked(w.mm), 0);
	assert_int_equal(nr_there(&w), 0);
	assert_int_equal(gup_mlock(w.mm, BASE, 2 * PAGE), 0);
	assert_int_equal(gup_mlock(w.mm, BASE, 2 * PAGE), 0); /* what is locked does not count again */
	assert_int_equal(gup_mlock(w.mm, BASE + PAGE, 2 * PAGE), -GUP_ENOMEM);
	gup_mm_set_lock_limit(w.mm, 3);
	assert_int_equal(gup_mlock(w.mm, BASE + PAGE, 2 * PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), 3);
	gup_mm_set_lock_limit(w.mm, 0);
	assert_int_equal(gup_mlock(w.mm, BASE, PAGE), -GUP_EPERM);
	assert_int_equal(gup_munlock(w.mm, BASE, PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), 2);
	world_end(&w);
}

static void pins_count_apart(void **state)
{
	struct gup_request request = { BASE, PAGE, GUP_WRITE, NULL };
	struct gup_pin *pin;
	struct world w;

	(void)state;
	map_pages(&w);
	gup_mm_set_lock_limit(w.mm, 1);
	gup_mm_set_pin_limit(w.mm, 1);
	assert_int_equal(gup_mlock(w.mm, BASE, PAGE), 0);
	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	assert_int_equal(gup_mm_locked(w.mm), 1);
	assert_int_equal(gup_mm_pinned(w.mm), 1);
	assert_int_equal(gup_unpin(pin, false), 0);
	assert_int_equal(gup_mm_locked(w.mm), 1);
	world_end(&w);
}

static void hole(void **state)
{
	struct world w;

	(void)state;
	map_pages(&w);
	assert_int_equal(gup_munmap(w.mm, BASE + 2 * PAGE, PAGE), 0);
	assert_int_equal(gup_mlock(w.mm, BASE, NR * PAGE), -GUP_ENOMEM);
	assert_int_equal(gup_mm_locked(w.mm), 2);
	assert_int_equal(nr_there(&w), 0); /* nothing is faulted in after an error */
	assert_int_equal(gup_munlock(w.mm, BASE, NR * PAGE), -GUP_ENOMEM);
	assert_int_equal(gup_mm_locked(w.mm), 0);
	assert_int_equal(gup_mlock(w.mm, BASE + 2 * PAGE, PAGE), -GUP_ENOMEM);
	assert_int_equal(gup_mlock(w.mm, 0, PAGE), -GUP_ENOMEM);
	assert_int_equal(gup_mlock(w.mm, GUP_USER_TOP, PAGE), -GUP_ENOMEM);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void dontneed_leaves_it(void **state)
{
	struct world w;

	(void)state;
	map_pages(&w);
	assert_int_equal(gup_mlock(w.mm, BASE + PAGE, PAGE), 0);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_madvise(w.mm, BASE + PAGE, PAGE, GUP_MADV_DONTNEED), -GUP_EINVAL);
	app_expect(w.mm, BASE + PAGE, PAGE, 1);
	assert_int_equal(gup_munlock(w.mm, BASE + PAGE, PAGE), 0);
	assert_int_equal(gup_madvise(w.mm, BASE + PAGE, PAGE, GUP_MADV_DONTNEED), 0);
	app_expect_zero(w.mm, BASE + PAGE, PAGE);
	world_end(&w);
}

static void fork_inherits_no_lock(void **state)
{
	struct gup_mm *child;
	struct world w;

	(void)state;
	map_pages(&w);
	assert_int_equal(gup_mlock(w.mm, BASE, NR * PAGE), 0);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(gup_mm_locked(child), 0);
	assert_int_equal(gup_mm_locked(w.mm), NR);
	assert_int_equal(gup_madvise(child, BASE, PAGE, GUP_MADV_DONTNEED), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* The mapping is locked, and its pages cannot be faulted in. */
static void what_cannot_be_faulted_in(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	map_pages(&w);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, 0), 0);
	assert_int_equal(gup_mlock(w.mm, BASE, PAGE), -GUP_ENOMEM);
	assert_int_equal(gup_mm_locked(w.mm), 1);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mlock(w.mm, BASE, PAGE), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_WRITE), 0);
	assert_int_equal(gup_mlock(w.mm, BASE, PAGE), 0);
	object = new_shm(&w, PAGE);
	map_shared(w.mm, BASE, PAGE, object);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_WRITE), 0); /* faulted in by a read */
	assert_int_equal(gup_mlock(w.mm, BASE, PAGE), 0);
	map_shared(w.mm, BASE, 2 * PAGE, object);
	assert_int_equal(gup_mlock(w.mm, BASE, 2 * PAGE), -GUP_ENOMEM);
	assert_int_equal(gup_mm_locked(w.mm), 2);
	assert_int_equal(nr_there(&w), 1);
	gup_object_put(object);
	world_end(&w);
}

static void memory_runs_out(void **state)
{
	struct world w;

	(void)state;
	map_pages(&w);
	gup_test_fail_alloc(w.m, 1 | GUP_TEST_ALL_AFTER);
	assert_int_equal(gup_mlock(w.mm, BASE, NR * PAGE), -GUP_EAGAIN);
	assert_int_equal(gup_munlock(w.mm, BASE, PAGE), -GUP_ENOMEM); /* no VMA for the rest */
	gup_test_fail_alloc(w.m, 0);
	assert_int_equal(gup_mm_locked(w.mm), NR);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* DAX and registers keep their pages anyway. */
static void some_mappings_do_not_count(void **state)
{
	struct gup_object *file, *registers;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .dax = 2 });
	file = new_dax_file(&w, PAGE);
	assert_int_equal(gup_pfnmap_create(w.m, UINT64_C(1) << 30, PAGE, &registers), 0);
	map_shared(w.mm, BASE, PAGE, file);
	map_shared(w.mm, BASE + PAGE, PAGE, registers);
	assert_int_equal(gup_mlock(w.mm, BASE, 2 * PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), 0);
	assert_int_not_equal(gup_user_pfn(w.mm, BASE), 0);
	assert_int_equal(gup_munlock(w.mm, BASE, 2 * PAGE), 0);
	gup_object_put(file);
	gup_object_put(registers);
	world_end(&w);
}

/* Born locked: it counts, is refused past the limit, and cannot be faulted in from outside. */
static void secret_memory(void **state)
{
	struct gup_map_request request = { .length = 2 * PAGE, .prot = RW, .flags = GUP_MAP_SHARED };
	struct gup_object *object;
	struct gup_mm *child;
	struct world w;
	int64_t addr;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	assert_int_equal(gup_secret_create(w.m, 2 * PAGE, &object), 0);
	request.object = object;
	gup_mm_set_lock_limit(w.mm, 1);
	assert_int_equal(gup_mmap(w.mm, &request), -GUP_EAGAIN);
	gup_mm_set_lock_limit(w.mm, 2);
	addr = gup_mmap(w.mm, &request);
	assert_true(addr > 0);
	assert_int_equal(gup_mm_locked(w.mm), 2);
	assert_int_equal(gup_mlock(w.mm, (uint64_t)addr, PAGE), -GUP_ENOMEM);
	assert_int_equal(gup_munlock(w.mm, (uint64_t)addr, PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), 2);
	assert_int_equal(gup_madvise(w.mm, (uint64_t)addr, PAGE, GUP_MADV_DONTNEED), -GUP_EINVAL);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(gup_mm_locked(child), 0);
	assert_int_equal(gup_munmap(w.mm, (uint64_t)addr, PAGE), 0);
	assert_int_equal(gup_mm_locked(w.mm), 1);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

static void bad_arguments(void **state)
{
	struct world w;

	(void)state;
	map_pages(&w);
	assert_int_equal(gup_mlock(NULL, BASE, PAGE), -GUP_EINVAL);
	assert_int_equal(gup_munlock(NULL, BASE, PAGE), -GUP_EINVAL);
	assert_int_equal(gup_mlock(w.mm, UINT64_MAX - 1, PAGE), -GUP_EINVAL);
	assert_int_equal(gup_mlock(w.mm, 1, UINT64_MAX - 1), -GUP_EINVAL);
	assert_int_equal(gup_munlock(w.mm, UINT64_MAX - 1, PAGE), -GUP_EINVAL);
	gup_mm_set_lock_limit(NULL, 0);
	assert_int_equal(gup_mm_locked(NULL), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_whole_pages_and_faults_them_in),
		cmocka_unit_test(each_page_counts_once),
		cmocka_unit_test(unmapping_counts_down),
		cmocka_unit_test(becomes_writable_with_pages_of_its_own),
		cmocka_unit_test(limit),
		cmocka_unit_test(pins_count_apart),
		cmocka_unit_test(hole),
		cmocka_unit_test(dontneed_leaves_it),
		cmocka_unit_test(fork_inherits_no_lock),
		cmocka_unit_test(what_cannot_be_faulted_in),
		cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(some_mappings_do_not_count),
		cmocka_unit_test(secret_memory),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
