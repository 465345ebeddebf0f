/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_secret.c - secret memory: its application uses it as any other, everybody else is kept out.
 */
#include "world.h"

#define NR 4

static struct gup_object *new_secret(struct world *w, uint64_t bytes)
{
	struct gup_object *object;

	assert_int_equal(gup_secret_create(w->m, bytes, &object), 0);
	return object;
}

static void map_secret(struct world *w, uint64_t bytes)
{
	struct gup_object *object = new_secret(w, bytes);

	map_shared(w->mm, BASE, bytes, object);
	gup_object_put(object);
}

static void loads_and_stores_work(void **state)
{
	struct gup_mm *child;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .movable = 4, .cma = 8 });
	map_secret(&w, NR * PAGE);
	app_expect_zero(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	child = world_fork(&w, w.mm, "child");
	app_expect(child, BASE, NR * PAGE, 1);
	app_fill(child, BASE, PAGE, 2);
	app_expect(w.mm, BASE, PAGE, 2);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_SECRET);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_NORMAL);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* Untouched and touched, through every entry point, with and without flags, under every contract. */
static void nobody_gets_or_pins_it(void **state)
{
	static const unsigned int flags[] = { 0, GUP_WRITE, GUP_FORCE, GUP_WRITE | GUP_FORCE, GUP_LONGTERM };
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct world w;
		unsigned int i, refused = 0;
		enum gup_entry entry;

		world_begin(&w, &(struct world_spec){ .normal = 4, .contract = id });
		map_secret(&w, NR * PAGE);
		app_fill(w.mm, BASE, 2 * PAGE, 1);
		for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
			for (i = 0; i < ARRAY_LEN(flags); i++) {
				struct gup_page *pages[NR];
				struct gup_call call = { entry, BASE, NR, flags[i], pages, NULL };
				struct gup_why why;
				long ret = take(w.mm, &call, &why);

				assert_true(ret <= 0);
				refused += ret == -GUP_EFAULT && why.rule == GUP_RULE_SECRET && why.addr == BASE;
			}
		assert_in_range(refused, 20, 50);
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

static void the_fast_path_falls_back(void **state)
{
	struct gup_page *pages[NR + 1];
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, BASE - PAGE, NR + 1, GUP_WRITE, pages, NULL };
	struct gup_why why;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	map_secret(&w, NR * PAGE);
	map_anon(w.mm, BASE - PAGE, PAGE);
	app_fill(w.mm, BASE - PAGE, (NR + 1) * PAGE, 1);
	assert_int_equal(gup_user_pages(w.mm, &call, &why), 1);
	assert_int_equal(why.error, -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_SECRET);
	assert_int_equal(why.addr, BASE);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	assert_int_equal(gup_get_user_pages_fast_only(w.mm, BASE, NR, 0, pages), 0);
	assert_int_equal(frame_at(w.mm, BASE).refs, 2); /* mapping and cache */
	world_end(&w);
}

/* Special comes before secret, and secret before permission. */
static void order_of_the_checks(void **state)
{
	struct gup_request request = { BASE, PAGE, GUP_WRITE, NULL };
	struct gup_pin *pin;
	struct gup_why why;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	map_secret(&w, PAGE);
	assert_int_equal(gup_mprotect(w.mm, BASE, PAGE, 0), 0);
	assert_int_equal(gup_pin(w.mm, &request, &pin, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_SECRET);
	world_end(&w);
}

static void not_a_file(void **state)
{
	struct gup_map_request private = { .length = PAGE, .prot = RW, .flags = GUP_MAP_PRIVATE };
	struct gup_object *object;
	uint8_t byte = 1;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	object = private.object = new_secret(&w, PAGE);
	assert_int_equal(gup_object_read(object, 0, &byte, 1), -GUP_EINVAL);
	assert_int_equal(gup_object_write(object, 0, &byte, 1), -GUP_EINVAL);
	assert_int_equal(gup_object_punch(object, 0, PAGE, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_mmap(w.mm, &private), -GUP_EINVAL);
	gup_object_put(object);
	world_end(&w);
}

static void size_is_set_once(void **state)
{
	struct gup_object *object;
	struct gup_why why;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	object = new_secret(&w, 0);
	map_shared(w.mm, BASE, 2 * PAGE, object);
	assert_true(app_cannot_read(w.mm, BASE));
	assert_int_equal(gup_object_truncate(object, 0, 0, NULL), 0);
	assert_int_equal(gup_object_truncate(object, PAGE + 1, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_object_truncate(object, PAGE, 0, &why), 0);
	assert_int_equal(why.error, 0);
	app_fill(w.mm, BASE, PAGE, 1);
	assert_true(app_cannot_read(w.mm, BASE + PAGE));
	assert_int_equal(gup_object_truncate(object, 0, 0, &why), -GUP_EINVAL);
	assert_int_equal(why.rule, GUP_RULE_BAD_ARGUMENT);
	assert_int_equal(gup_object_truncate(object, 2 * PAGE, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_object_size(object), PAGE);
	app_expect(w.mm, BASE, PAGE, 1);
	gup_object_put(object);
	world_end(&w);
}

static void zeroed_when_freed(void **state)
{
	struct gup_frame_info info;
	const uint8_t *bytes;
	struct world w;
	uint64_t pfn;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	map_secret(&w, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	bytes = gup_page_address(w.m, gup_pfn_to_page(w.m, pfn));
	assert_int_equal(gup_munmap(w.mm, BASE, PAGE), 0);
	assert_int_equal(gup_frame_info(w.m, pfn, &info), 0);
	assert_int_not_equal(info.kind, GUP_FRAME_SECRET);
	assert_true(all_zero(bytes, PAGE));
	world_end(&w);
}

static void nothing_moves_it(void **state)
{
	struct world w;
	uint64_t pfn;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .movable = 4 });
	map_secret(&w, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_migrate_range(w.mm, BASE, PAGE, NULL), 0);
	assert_int_equal(gup_user_pfn(w.mm, BASE), pfn);
	assert_int_equal(gup_split_folio(w.m, gup_pfn_to_page(w.m, pfn), NULL), -GUP_EINVAL);
	world_end(&w);
}

static void populate_leaves_it_alone(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	map_secret(&w, PAGE);
	assert_int_equal(gup_populate(w.mm, BASE, PAGE), -GUP_EFAULT);
	assert_int_equal(gup_user_pfn(w.mm, BASE), 0);
	world_end(&w);
}

static void names(void **state)
{
	struct gup_object *object;
	char name[GUP_NAME_MAX];
	struct world w;
	uint64_t pfn;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	object = new_secret(&w, PAGE);
	map_shared(w.mm, BASE, PAGE, object);
	app_fill(w.mm, BASE, PAGE, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_frame_user(w.m, pfn, name), 1);
	assert_string_equal(name, APP);
	assert_int_equal(gup_munmap(w.mm, BASE, PAGE), 0);
	assert_int_equal(gup_frame_user(w.m, pfn, name), 0);
	assert_string_equal(name, "secret memory that nobody maps");
	gup_object_put(object);
	world_end(&w);
}

static void bad_arguments(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	assert_int_equal(gup_secret_create(NULL, PAGE, &object), -GUP_EINVAL);
	assert_int_equal(gup_secret_create(w.m, PAGE, NULL), -GUP_EINVAL);
	assert_int_equal(gup_secret_create(w.m, PAGE + 1, &object), -GUP_EINVAL);
	assert_int_equal(gup_secret_create(w.m, GUP_USER_TOP + PAGE, &object), -GUP_EINVAL);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_and_stores_work),
		cmocka_unit_test(nobody_gets_or_pins_it),
		cmocka_unit_test(the_fast_path_falls_back),
		cmocka_unit_test(order_of_the_checks),
		cmocka_unit_test(not_a_file),
		cmocka_unit_test(size_is_set_once),
		cmocka_unit_test(zeroed_when_freed),
		cmocka_unit_test(nothing_moves_it),
		cmocka_unit_test(populate_leaves_it_alone),
		cmocka_unit_test(names),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
