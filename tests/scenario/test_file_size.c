/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_file_size.c - regular files whose size changes: under mappings, under pins, and byte by byte.
 */
#include "file_world.h"

#define NR FILE_NR
#define ODD (2 * PAGE + 100) /* a size that ends within the third page */

static int truncate_to(struct gup_object *file, uint64_t bytes)
{
	return gup_object_truncate(file, bytes, 0, NULL);
}

/* The third page: so many bytes of tag 1, and then zeroes. */
static bool third_page_is(const uint8_t *page, uint64_t bytes)
{
	return pattern_is(page, BASE + 2 * PAGE, bytes & ~7, 1) && all_zero(page + bytes, PAGE - bytes);
}

static void what_lies_beyond_the_end(void **state)
{
	struct gup_object *file;
	uint8_t buf[PAGE];
	struct world w;

	(void)state;
	file = begin_file(&w, ODD, true);
	store.pages[2][200] = 0xaa; /* what a store keeps there is nobody's business */
	assert_int_equal(gup_object_size(file), ODD);
	assert_int_equal(gup_copy_from_user(w.mm, buf, BASE + 2 * PAGE, PAGE), 0);
	assert_true(third_page_is(buf, 100));
	assert_true(app_cannot_read(w.mm, BASE + 3 * PAGE));
	assert_true(app_cannot_write(w.mm, BASE + 3 * PAGE));
	assert_int_equal(gup_object_read(file, 2 * PAGE, buf, PAGE), 100);
	assert_int_equal(gup_object_read(file, ODD, buf, PAGE), 0);
	assert_int_equal(store.reads, 1);
	end_file(&w, file);
}

static void a_pin_stops_at_the_end(void **state)
{
	struct gup_page *pages[NR];
	struct gup_object *file;
	struct gup_why why;
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, BASE, NR, GUP_WRITE, pages, NULL };
	struct world w;

	(void)state;
	file = begin_file(&w, ODD, true);
	assert_int_equal(gup_user_pages(w.mm, &call, &why), 3);
	assert_int_equal(why.rule, GUP_RULE_BEYOND_OBJECT);
	assert_int_equal(why.error, -GUP_EFAULT);
	assert_int_equal(why.addr, BASE + 3 * PAGE);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 3), 0);
	end_file(&w, file);
}

/* Whoever writes beyond the end in the last page writes to nobody: neither the store nor a longer file sees it. */
static void the_tail_of_the_last_page(void **state)
{
	struct gup_object *file;
	struct gup_page *page;
	uint8_t buf[PAGE];
	struct world w;

	(void)state;
	file = begin_file(&w, ODD, true);
	app_poke(w.mm, BASE + 2 * PAGE + 200, 0xaa);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_true(third_page_is(store.pages[2], 100));
	assert_int_equal(store.bytes[2], 100);
	app_poke(w.mm, BASE + 2 * PAGE + 200, 0xbb);
	assert_int_equal(truncate_to(file, 2 * PAGE + 300), 0);
	assert_int_equal(gup_copy_from_user(w.mm, buf, BASE + 2 * PAGE, PAGE), 0);
	assert_true(third_page_is(buf, 100));
	assert_int_equal(pin_plain(w.mm, BASE + 2 * PAGE, 1, GUP_WRITE, &page), 1);
	device_write(w.m, page, 400, "device", 6);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_true(third_page_is(store.pages[2], 100));
	assert_int_equal(store.bytes[2], 300);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	end_file(&w, file);
}

static void a_file_shrinks_under_its_mappings(void **state)
{
	struct gup_object *file;
	struct gup_mm *other;
	uint8_t buf[PAGE];
	struct world w;

	(void)state;
	file = begin_file(&w, NR * PAGE, true);
	other = world_mm(&w, "other");
	map_private(other, BASE, NR * PAGE, file);
	app_fill(w.mm, BASE + 3 * PAGE, PAGE, 2);
	app_fill(other, BASE + 3 * PAGE, PAGE, 3);
	app_fill(other, BASE + 2 * PAGE, PAGE, 3);
	app_expect(w.mm, BASE, 3 * PAGE, 1);
	assert_int_equal(truncate_to(file, ODD), 0);
	check_rest(w.m, 0, 0);
	assert_true(app_cannot_read(w.mm, BASE + 3 * PAGE));
	assert_true(app_cannot_read(other, BASE + 3 * PAGE)); /* private copies go, too */
	app_expect(other, BASE + 2 * PAGE, PAGE, 3);	      /* this one lies in the file, as a whole */
	assert_int_equal(gup_copy_from_user(w.mm, buf, BASE + 2 * PAGE, PAGE), 0);
	assert_true(third_page_is(buf, 100));
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_int_equal(store.writes, 0);
	assert_int_equal(truncate_to(file, NR * PAGE), 0);
	app_expect_zero(w.mm, BASE + 3 * PAGE, PAGE);
	app_expect_zero(other, BASE + 3 * PAGE, PAGE);
	assert_int_equal(gup_copy_from_user(w.mm, buf, BASE + 2 * PAGE, PAGE), 0);
	assert_true(third_page_is(buf, 100));
	end_file(&w, file);
	assert_true(third_page_is(store.pages[2], 100));
	assert_true(all_zero(store.pages[3], PAGE));
}

/* Pages that are not in the cache are the store's to forget. */
static void what_was_never_read_is_gone_as_well(void **state)
{
	struct gup_object *file;
	uint8_t buf[PAGE];
	struct world w;

	(void)state;
	file = begin_file(&w, NR * PAGE, true);
	assert_int_equal(truncate_to(file, ODD), 0);
	assert_int_equal(truncate_to(file, NR * PAGE), 0);
	assert_int_equal(gup_object_read(file, 2 * PAGE, buf, PAGE), PAGE);
	assert_true(third_page_is(buf, 100));
	app_expect_zero(w.mm, BASE + 3 * PAGE, PAGE);
	assert_int_equal(gup_object_punch(file, PAGE, PAGE, 0, NULL), 0);
	app_expect_zero(w.mm, BASE + PAGE, PAGE);
	app_expect(w.mm, BASE, PAGE, 1);
	end_file(&w, file);
}

static void a_pin_keeps_the_memory_to_itself(void **state)
{
	struct gup_page *pages[NR];
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin_file(&w, NR * PAGE, true);
	app_fill(w.mm, BASE, NR * PAGE, 2);
	assert_int_equal(pin_plain(w.mm, BASE, NR, GUP_WRITE, pages), NR);
	assert_int_equal(truncate_to(file, PAGE), 0);
	assert_int_equal(truncate_to(file, NR * PAGE), 0);
	assert_int_equal(gup_object_punch(file, 0, PAGE, 0, NULL), 0);
	app_expect_zero(w.mm, BASE, NR * PAGE);
	assert_false(same_frame(w.mm, BASE + PAGE, pages[1]));
	device_expect(w.m, pages[1], BASE + PAGE, 2);
	device_fill(w.m, pages[1], BASE + PAGE, 3);
	check_rest(w.m, NR, 0);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w.m, pages, NR, true), 0);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_int_equal(store.writes, 0);
	app_expect_zero(w.mm, BASE, NR * PAGE);
	end_file(&w, file);
}

static void room_comes_back(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin_file(&w, NR * PAGE, true);
	app_fill(w.mm, BASE, NR * PAGE, 2);
	assert_int_equal(store.used, NR);
	assert_int_equal(gup_object_punch(file, PAGE, PAGE, 0, NULL), 0);
	assert_int_equal(store.used, NR - 1);
	assert_int_equal(truncate_to(file, 100), 0);
	assert_int_equal(store.used, 1);
	end_file(&w, file);
	assert_int_equal(store.writes, 1);
	assert_int_equal(store.bytes[0], 100);
}

static void writing_beyond_the_end_makes_it_longer(void **state)
{
	struct gup_object *file;
	uint8_t buf[PAGE];
	struct world w;

	(void)state;
	file = begin_file(&w, 100, true);
	app_poke(w.mm, BASE + 500, 0xaa);
	assert_int_equal(gup_object_write(file, 2 * PAGE + 8, "tail", 4), 4);
	assert_int_equal(gup_object_size(file), 2 * PAGE + 12);
	assert_int_equal(gup_object_read(file, 100, buf, PAGE), PAGE);
	assert_true(all_zero(buf, PAGE));
	assert_int_equal(gup_object_read(file, 2 * PAGE + 8, buf, PAGE), 4);
	assert_memory_equal(buf, "tail", 4);
	assert_int_equal(gup_object_write(file, GUP_USER_TOP, "x", 1), -GUP_EINVAL);
	assert_int_equal(gup_object_write(file, UINT64_MAX, "x", 1), -GUP_EINVAL);
	assert_int_equal(gup_object_write(file, 3 * PAGE, "x", 0), 0);
	assert_int_equal(gup_object_size(file), 2 * PAGE + 12);
	end_file(&w, file);
	assert_int_equal(store.bytes[2], 12);
	assert_true(pattern_is(store.pages[0], BASE, 96, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_beyond_the_end),
		cmocka_unit_test(a_pin_stops_at_the_end),
		cmocka_unit_test(the_tail_of_the_last_page),
		cmocka_unit_test(a_file_shrinks_under_its_mappings),
		cmocka_unit_test(what_was_never_read_is_gone_as_well),
		cmocka_unit_test(a_pin_keeps_the_memory_to_itself),
		cmocka_unit_test(room_comes_back),
		cmocka_unit_test(writing_beyond_the_end_makes_it_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
