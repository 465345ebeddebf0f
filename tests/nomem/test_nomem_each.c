/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/nomem/test_nomem_each.c - every scene as a test, and at last: has every allocation of the core failed once?
 */
#include <stdlib.h>

#include "sweep.h"

static void one_scene(void **state)
{
	sweep(*state);
}

/* The one allocation that no caller can make fail: the machine is not there yet. */
static void machine_without_a_frame(void **state)
{
	const struct gup_machine_config config = { .normal_bytes = 4 * MIB };
	struct gup_machine *m = NULL;

	(void)state;
	sites_no_zero_page = true;
	assert_int_equal(gup_machine_create(&config, &m), -GUP_ENOMEM);
	assert_null(m);
	sites_no_zero_page = false;
	assert_int_equal(gup_machine_create(&config, &m), 0);
	assert_int_equal(gup_machine_destroy(m), 0);
}

static int64_t owner(struct gup_machine *m)
{
	struct gup_owner *owner;
	int64_t ret = gup_owner_create(m, "nic", 0, &owner);

	return ret ? ret : gup_owner_destroy(owner);
}

/* The second, or the second and all after it. */
static void one_fails_or_all_after_it(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	for (int all = 0; all <= 1; all++) {
		const uint64_t flag = all ? GUP_TEST_ALL_AFTER : 0;

		assert_int_equal(gup_test_fail_alloc(w.m, 2 | flag), 0);
		assert_int_equal(owner(w.m), 0);
		assert_int_equal(gup_test_fail_alloc(w.m, 1 | flag), 1 | flag);
		assert_int_equal(owner(w.m), -GUP_ENOMEM);
		assert_int_equal(owner(w.m), all ? -GUP_ENOMEM : 0);
		assert_int_equal(gup_test_fail_alloc(w.m, 0), flag);
		assert_int_equal(owner(w.m), 0);
	}
	world_end(&w);
}

static void every_allocation_has_failed(void **state)
{
	(void)state;
	sites_complete(MM_FOLDER);
}

#define MOST_TESTS 200

int main(void)
{
	static const struct scene *const lists[] = { scenes_mm, scenes_pin, scenes_object, scenes_move,
						     scenes_hugetlb };
	static struct CMUnitTest tests[MOST_TESTS];
	const struct scene *scene;
	size_t nr = 0;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (scene = lists[i]; scene->name && nr < MOST_TESTS - 3; scene++)
			tests[nr++] = (struct CMUnitTest){ scene->name, one_scene, NULL, NULL,
							   (void *)(uintptr_t)scene };
	tests[nr++] = (struct CMUnitTest)cmocka_unit_test(machine_without_a_frame);
	tests[nr++] = (struct CMUnitTest)cmocka_unit_test(one_fails_or_all_after_it);
	tests[nr++] = (struct CMUnitTest)cmocka_unit_test(every_allocation_has_failed);
	return _cmocka_run_group_tests("nomem each", tests, nr, NULL, NULL);
}
