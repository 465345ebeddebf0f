/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_remote.c - reading and writing another address space, page by page.
 */
#include "world.h"

#define NR 4

static void map_pages(struct world *w)
{
	map_anon(w->mm, BASE, NR * PAGE);
	app_fill(w->mm, BASE, NR * PAGE, 1);
}

static void reads_across_pages(void **state)
{
	uint8_t buf[2 * PAGE];
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .track_holders = true });
	map_pages(&w);
	assert_int_equal(gup_access_remote(w.mm, BASE + PAGE / 2, buf, sizeof(buf), 0), sizeof(buf));
	assert_true(pattern_is(buf, BASE + PAGE / 2, sizeof(buf), 1));
	assert_int_equal(gup_access_remote(w.mm, BASE, buf, 0, 0), 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void writes_across_pages(void **state)
{
	uint8_t buf[2 * PAGE];
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	map_pages(&w);
	pattern_make(buf, BASE + PAGE / 2, sizeof(buf), 2);
	assert_int_equal(gup_access_remote(w.mm, BASE + PAGE / 2, buf, sizeof(buf), GUP_WRITE), sizeof(buf));
	app_expect(w.mm, BASE, PAGE / 2, 1);
	app_expect(w.mm, BASE + PAGE / 2, sizeof(buf), 2);
	app_expect(w.mm, BASE + 5 * PAGE / 2, PAGE / 2, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void write_after_fork_is_private(void **state)
{
	struct gup_mm *child;
	uint8_t byte = 9;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	map_pages(&w);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(gup_access_remote(child, BASE, &byte, 1, GUP_WRITE), 1);
	assert_int_equal(app_peek(child, BASE), 9);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	world_end(&w);
}

static void write_marks_dirty(void **state)
{
	struct gup_object *object;
	uint8_t byte = 9;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	object = new_shm(&w, PAGE);
	map_shared(w.mm, BASE, PAGE, object);
	assert_int_equal(app_peek(w.mm, BASE), 0);
	assert_false(frame_at(w.mm, BASE).dirty);
	assert_int_equal(gup_access_remote(w.mm, BASE, &byte, 1, 0), 1);
	assert_false(frame_at(w.mm, BASE).dirty);
	byte = 9;
	assert_int_equal(gup_access_remote(w.mm, BASE, &byte, 1, GUP_WRITE), 1);
	assert_true(frame_at(w.mm, BASE).dirty);
	gup_object_put(object);
	world_end(&w);
}

/* What a debugger does to text: FORCE makes a private copy. */
static void force_writes_to_read_only_memory(void **state)
{
	struct gup_object *object;
	uint8_t byte = 9;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	object = new_shm(&w, PAGE);
	map_private(w.mm, BASE, PAGE, object);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_access_remote(w.mm, BASE, &byte, 1, GUP_WRITE), 0);
	assert_int_equal(gup_access_remote(w.mm, BASE, &byte, 1, GUP_WRITE | GUP_FORCE), 1);
	assert_int_equal(app_peek(w.mm, BASE), 9);
	assert_int_equal(gup_object_read(object, 0, &byte, 1), 1);
	assert_int_equal(byte, 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, 0), 0);
	assert_int_equal(gup_access_remote(w.mm, BASE, &byte, 1, 0), 0);
	assert_int_equal(gup_access_remote(w.mm, BASE, &byte, 1, GUP_FORCE), 1);
	assert_int_equal(byte, 9);
	gup_object_put(object);
	world_end(&w);
}

static void stops_where_it_may_not_go_on(void **state)
{
	struct gup_object *registers, *secret;
	uint8_t buf[2 * PAGE];
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	assert_int_equal(gup_pfnmap_create(w.m, UINT64_C(1) << 30, PAGE, &registers), 0);
	assert_int_equal(gup_secret_create(w.m, PAGE, &secret), 0);
	map_anon(w.mm, BASE, PAGE); /* then a hole */
	map_anon(w.mm, BASE + 2 * PAGE, PAGE);
	map_shared(w.mm, BASE + 3 * PAGE, PAGE, registers);
	map_anon(w.mm, BASE + 4 * PAGE, PAGE);
	map_shared(w.mm, BASE + 5 * PAGE, PAGE, secret);
	app_fill(w.mm, BASE + 5 * PAGE, PAGE, 1);
	assert_int_equal(gup_access_remote(w.mm, BASE + 1, buf, sizeof(buf), 0), PAGE - 1);
	assert_int_equal(gup_access_remote(w.mm, BASE + 2 * PAGE, buf, sizeof(buf), 0), PAGE);
	assert_int_equal(gup_access_remote(w.mm, BASE + 4 * PAGE, buf, sizeof(buf), 0), PAGE);
	assert_int_equal(gup_access_remote(w.mm, BASE + 5 * PAGE, buf, PAGE, GUP_FORCE), 0);
	assert_int_equal(gup_access_remote(w.mm, BASE + PAGE, buf, PAGE, 0), 0);
	assert_int_equal(gup_access_remote(w.mm, UINT64_MAX - 10, buf, sizeof(buf), 0), 0);
	check_rest(w.m, 0, 0);
	gup_object_put(registers);
	gup_object_put(secret);
	world_end(&w);
}

static void bad_arguments(void **state)
{
	uint8_t byte;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	map_pages(&w);
	assert_int_equal(gup_access_remote(NULL, BASE, &byte, 1, 0), -GUP_EINVAL);
	assert_int_equal(gup_access_remote(w.mm, BASE, NULL, 1, 0), -GUP_EINVAL);
	assert_int_equal(gup_access_remote(w.mm, BASE, &byte, 1, GUP_LONGTERM), -GUP_EINVAL);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_across_pages),
		cmocka_unit_test(writes_across_pages),
		cmocka_unit_test(write_after_fork_is_private),
		cmocka_unit_test(write_marks_dirty),
		cmocka_unit_test(force_writes_to_read_only_memory),
		cmocka_unit_test(stops_where_it_may_not_go_on),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
