/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_file_errors.c - a store that is full or broken: what a mapping, a call and a write-back say.
 */
#include "file_world.h"

#include "internal.h"

#define NR FILE_NR

static struct gup_object *begin(struct world *w)
{
	return begin_file(w, NR * PAGE, true);
}

static void sync_fails(struct gup_object *file, int error, enum gup_rule rule)
{
	struct gup_why why;

	assert_int_equal(gup_file_sync(file, &why), error);
	assert_int_equal(why.error, error);
	assert_int_equal(why.rule, rule);
}

static void pin_fails(struct gup_mm *mm, uint64_t addr, enum gup_rule rule)
{
	struct gup_page *page;
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, addr, 1, GUP_WRITE, &page, NULL };
	struct gup_why why;

	assert_int_equal(gup_user_pages(mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, rule);
	assert_int_equal(why.addr, addr);
}

/* ---- full ---- */

static void no_room_at_a_store(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin(&w);
	store.room = 1;
	app_fill(w.mm, BASE, PAGE, 2);
	app_expect(w.mm, BASE + PAGE, PAGE, 1); /* present, read-only */
	assert_true(app_cannot_write(w.mm, BASE + PAGE));
	assert_true(app_cannot_write(w.mm, BASE + 2 * PAGE)); /* not present */
	pin_fails(w.mm, BASE + PAGE, GUP_RULE_NO_SPACE);
	pin_fails(w.mm, BASE + 2 * PAGE, GUP_RULE_NO_SPACE);
	app_expect(w.mm, BASE + PAGE, 2 * PAGE, 1);
	assert_false(frame_at(w.mm, BASE + PAGE).dirty);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_int_equal(store.writes, 1);
	app_fill(w.mm, BASE, PAGE, 3); /* has its room */
	assert_int_equal(gup_object_punch(file, 0, PAGE, 0, NULL), 0);
	app_fill(w.mm, BASE + PAGE, PAGE, 2);
	end_file(&w, file);
	assert_true(stored(1, 2));
}

static void a_private_mapping_needs_no_room(void **state)
{
	struct gup_object *file;
	struct gup_mm *other;
	struct world w;

	(void)state;
	file = begin(&w);
	other = world_mm(&w, "other");
	map_private(other, BASE, NR * PAGE, file);
	store.room = 0;
	app_fill(other, BASE, NR * PAGE, 2);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(store.reserves, 0);
	end_file(&w, file);
}

static void no_room_at_a_write(void **state)
{
	uint8_t buf[NR * PAGE];
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin_file(&w, PAGE, true);
	store.room = 2;
	pattern_make(buf, BASE, sizeof(buf), 2);
	assert_int_equal(gup_object_write(file, 0, buf, sizeof(buf)), 2 * PAGE);
	assert_int_equal(gup_object_size(file), 2 * PAGE);
	assert_int_equal(gup_object_write(file, 3 * PAGE, buf, PAGE), -GUP_ENOSPC);
	assert_int_equal(gup_object_size(file), 2 * PAGE);
	app_expect(w.mm, BASE, 2 * PAGE, 2);
	assert_true(app_cannot_read(w.mm, BASE + 2 * PAGE));
	assert_int_equal(store.used, 2);
	end_file(&w, file);
	assert_true(stored(0, 2) && stored(1, 2));
}

static void no_room_at_write_back(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin(&w);
	store.late = true;
	store.room = 1;
	app_fill(w.mm, BASE, 2 * PAGE, 2);
	sync_fails(file, -GUP_ENOSPC, GUP_RULE_NO_SPACE);
	assert_true(stored(0, 2) && stored(1, 1));
	assert_false(frame_at(w.mm, BASE).dirty);
	assert_true(frame_at(w.mm, BASE + PAGE).dirty);
	app_expect(w.mm, BASE + PAGE, PAGE, 2);
	check_rest(w.m, 0, 0);
	store.room = 2;
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_true(stored(1, 2));
	end_file(&w, file);
}

/* ---- broken ---- */

static void a_page_cannot_be_read(void **state)
{
	uint8_t buf[2 * PAGE];
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin(&w);
	store.fail_read = -GUP_EBUSY; /* whatever it says is an I/O error to others */
	store.fail_at = 1;
	app_expect(w.mm, BASE, PAGE, 1);
	assert_true(app_cannot_read(w.mm, BASE + PAGE));
	assert_true(app_cannot_write(w.mm, BASE + PAGE));
	pin_fails(w.mm, BASE + PAGE, GUP_RULE_STORE_ERROR);
	assert_int_equal(gup_populate(w.mm, BASE, NR * PAGE), -GUP_EFAULT);
	assert_int_equal(gup_object_read(file, 0, buf, 2 * PAGE), PAGE);
	assert_int_equal(gup_object_read(file, PAGE, buf, PAGE), -GUP_EIO);
	assert_int_equal(gup_object_write(file, PAGE, "x", 1), -GUP_EIO);
	check_rest(w.m, 0, 0);
	store.fail_read = 0;
	app_expect(w.mm, BASE + PAGE, PAGE, 1);
	end_file(&w, file);
}

static void the_store_has_no_memory(void **state)
{
	struct gup_object *file;
	struct gup_page *page;
	struct world w;

	(void)state;
	file = begin(&w);
	store.fail_read = store.fail_write = -GUP_ENOMEM;
	assert_int_equal(pin_plain(w.mm, BASE, 1, 0, &page), -GUP_ENOMEM);
	store.fail_read = 0;
	app_fill(w.mm, BASE, PAGE, 2);
	sync_fails(file, -GUP_ENOMEM, GUP_RULE_NO_MEMORY);
	store.fail_write = 0;
	end_file(&w, file);
	assert_true(stored(0, 2));
}

static void a_page_cannot_be_written(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin(&w);
	app_fill(w.mm, BASE, NR * PAGE, 2);
	store.fail_write = -1;
	store.fail_at = 1;
	sync_fails(file, -GUP_EIO, GUP_RULE_STORE_ERROR);
	assert_int_equal(store.writes, NR);
	assert_true(stored(0, 2) && stored(1, 1) && stored(2, 2) && stored(3, 2));
	app_fill(w.mm, BASE + PAGE, PAGE, 3);
	store.fail_write = 0;
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_int_equal(store.writes, NR + 1);
	assert_true(stored(1, 3));
	end_file(&w, file);
}

static void the_last_write_back_fails(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin(&w);
	app_fill(w.mm, BASE, 2 * PAGE, 2);
	store.fail_write = -GUP_EIO;
	store.fail_at = 0;
	end_file(&w, file);
	assert_true(stored(0, 1) && stored(1, 2));
}

/* ---- the machine check ---- */

static void check_finds(struct world *w, const char *what)
{
	struct gup_check check;

	assert_int_equal(gup_machine_check(w->m, &check), -GUP_EINVAL);
	if (strncmp(check.first_error, what, strlen(what)) != 0)
		fail_msg("\"%s\" instead of \"%s\"", check.first_error, what);
}

/* What somebody would have damaged is damaged here, and put back. */
static void the_check_knows_files(void **state)
{
	struct gup_object *file;
	struct gup_page *page;
	struct world w;

	(void)state;
	file = begin(&w);
	app_fill(w.mm, BASE, PAGE, 2);
	page = gup_pfn_to_page(w.m, gup_user_pfn(w.mm, BASE));
	gup_flag_clear(page, GUP_PF_DIRTY);
	check_finds(&w, "a clean page of a file is writable");
	gup_flag_set(page, GUP_PF_DIRTY);
	gup_flag_clear(page, GUP_PF_UPTODATE);
	check_finds(&w, "a page of a file is mapped before it was read");
	gup_flag_set(page, GUP_PF_UPTODATE | GUP_PF_WRITEBACK);
	check_finds(&w, "a folio is in write-back at rest");
	gup_flag_clear(page, GUP_PF_WRITEBACK);
	file->size = PAGE - 1;
	check_rest(w.m, 0, 0);
	file->size = 0;
	check_finds(&w, "a cached folio lies beyond the end");
	file->size = NR * PAGE;
	end_file(&w, file);
}

/* ---- mistakes ---- */

static void bad_arguments(void **state)
{
	static const struct gup_file_ops nothing = { .read = NULL };
	struct gup_file_config config = { .ops = &nothing };
	struct gup_object *file, *shm, *made = NULL;
	struct world w;

	(void)state;
	file = begin(&w);
	shm = new_shm(&w, PAGE);
	assert_int_equal(gup_file_create(w.m, NULL, &made), -GUP_EINVAL);
	assert_int_equal(gup_file_create(w.m, &config, &made), -GUP_EINVAL);
	assert_int_equal(store_file(w.m, &store, GUP_USER_TOP + 1, true, &made), -GUP_EINVAL);
	assert_int_equal(store_file(w.m, &store, 0, true, NULL), -GUP_EINVAL);
	assert_int_equal(store_file(NULL, &store, 0, true, &made), -GUP_EINVAL);
	assert_null(made);
	sync_fails(shm, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT);
	sync_fails(NULL, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT);
	assert_int_equal(gup_object_truncate(shm, 100, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_object_truncate(file, GUP_USER_TOP + 1, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_object_punch(file, 100, PAGE, 0, NULL), -GUP_EINVAL);
	gup_object_put(shm);
	end_file(&w, file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_room_at_a_store),	    cmocka_unit_test(a_private_mapping_needs_no_room),
		cmocka_unit_test(no_room_at_a_write),	    cmocka_unit_test(no_room_at_write_back),
		cmocka_unit_test(a_page_cannot_be_read),    cmocka_unit_test(the_store_has_no_memory),
		cmocka_unit_test(a_page_cannot_be_written), cmocka_unit_test(the_last_write_back_fails),
		cmocka_unit_test(the_check_knows_files),    cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
