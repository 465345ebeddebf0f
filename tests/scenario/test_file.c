/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_file.c - regular files: their pages come from a store and go back to it.
 *
 * What is mapped shared, mapped privately, read and written is one file. Pages become writable one by one, with room in
 * the store, and read-only again when they are written back.
 */
#include "store.h"
#include "world.h"

#define NR 4

static struct store store;

static struct gup_object *new_file(struct world *w, uint64_t bytes, bool dirty_tracking)
{
	struct gup_object *file;

	assert_int_equal(store_file(w->m, &store, bytes, dirty_tracking, &file), 0);
	return file;
}

static struct gup_object *begin_sized(struct world *w, uint64_t bytes, bool dirty_tracking)
{
	struct gup_object *file;
	unsigned int i;

	store_init(&store);
	for (i = 0; i < NR; i++)
		pattern_make(store.pages[i], BASE + i * PAGE, PAGE, 1);
	if (bytes < NR * PAGE)
		memset((uint8_t *)store.pages + bytes, 0, NR * PAGE - bytes);
	world_begin(w, &(struct world_spec){ .normal = 16, .contract = GUP_NATIVE, .track_holders = true });
	file = new_file(w, bytes, dirty_tracking);
	map_shared(w->mm, BASE, NR * PAGE, file);
	return file;
}

static struct gup_object *begin(struct world *w)
{
	return begin_sized(w, NR * PAGE, true);
}

static void end(struct world *w, struct gup_object *file)
{
	check_rest(w->m, 0, 0);
	gup_object_put(file);
	world_end(w);
}

static bool stored(unsigned int index, uint32_t tag)
{
	return pattern_is(store.pages[index], BASE + index * PAGE, PAGE, tag);
}

/* ---- data ---- */

static void pages_come_from_the_store_once(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin(&w);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(store.reads, NR);
	assert_int_equal(store.reserves, 0);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_FILE);
	assert_false(frame_at(w.mm, BASE).dirty);
	end(&w, file);
	assert_int_equal(store.writes, 0);
}

static void what_is_written_goes_to_the_store(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin(&w);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	app_fill(w.mm, BASE + PAGE, PAGE, 2);
	assert_true(frame_at(w.mm, BASE + PAGE).dirty);
	assert_false(frame_at(w.mm, BASE).dirty);
	assert_true(stored(1, 1));
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_true(stored(1, 2));
	assert_int_equal(store.writes, 1);
	assert_false(frame_at(w.mm, BASE + PAGE).dirty);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_int_equal(store.writes, 1);
	app_fill(w.mm, BASE + PAGE, PAGE, 3); /* read-only by now, so this is seen */
	assert_true(frame_at(w.mm, BASE + PAGE).dirty);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_true(stored(1, 3));
	end(&w, file);
}

static void the_last_handle_writes(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin(&w);
	app_fill(w.mm, BASE, 2 * PAGE, 2);
	gup_object_put(file);
	assert_int_equal(store.writes, 0);
	assert_int_equal(gup_munmap(w.mm, BASE, NR * PAGE), 0);
	assert_int_equal(store.writes, 2);
	assert_true(stored(0, 2) && stored(1, 2) && stored(2, 1));
	world_end(&w);
}

static void mappings_and_calls_see_one_file(void **state)
{
	uint8_t buf[PAGE];
	struct gup_object *file;
	struct gup_mm *other;
	struct world w;

	(void)state;
	file = begin(&w);
	other = world_mm(&w, "other");
	map_private(other, BASE, NR * PAGE, file);
	app_expect(other, BASE, NR * PAGE, 1);
	app_fill(w.mm, BASE, PAGE, 2);
	app_expect(other, BASE, PAGE, 2); /* not copied yet */
	app_fill(other, BASE, PAGE, 3);
	app_expect(w.mm, BASE, PAGE, 2);
	assert_int_equal(frame_at(other, BASE).kind, GUP_FRAME_ANON);
	assert_int_equal(gup_object_read(file, 0, buf, PAGE), PAGE);
	assert_true(pattern_is(buf, BASE, PAGE, 2));
	pattern_make(buf, BASE, PAGE, 4);
	assert_int_equal(gup_object_write(file, 0, buf, PAGE), PAGE);
	app_expect(w.mm, BASE, PAGE, 4);
	app_expect(other, BASE, PAGE, 3);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_true(stored(0, 4));
	end(&w, file);
}

/* ---- write-back while a device holds a page ---- */

struct device {
	struct gup_machine *m;
	struct gup_page *page;
	uint32_t tag;
};

/* The device writes between the moment at which the store is given the page and the one at which it has kept it. */
static void device_writes(void *user, uint64_t index, const void *page)
{
	const struct device *d = user;

	(void)page;
	device_fill(d->m, d->page, BASE + index * PAGE, d->tag);
}

static void a_pinned_page_is_written_as_it_was_and_again(void **state)
{
	struct device device = { .tag = 3 };
	struct gup_object *file;
	struct gup_page *page;
	struct world w;

	(void)state;
	file = begin(&w);
	assert_int_equal(pin_plain(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	device.m = w.m;
	device.page = page;
	device_fill(w.m, page, BASE, 2);
	store.on_write = device_writes;
	store.user = &device;
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_true(stored(0, 2));
	app_expect(w.mm, BASE, PAGE, 3);
	assert_true(frame_of(w.m, page).dirty);
	check_rest(w.m, 1, 0);
	store.on_write = NULL;
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_true(stored(0, 3));
	assert_false(frame_of(w.m, page).dirty);
	end(&w, file);
}

static void an_unpin_makes_dirty_what_is_read_only_by_now(void **state)
{
	struct gup_object *file;
	struct gup_page *page;
	struct world w;

	(void)state;
	file = begin(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_munmap(w.mm, BASE, NR * PAGE), 0);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	device_fill(w.m, page, BASE, 5);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w.m, &page, 1, true), 0);
	assert_int_equal(gup_file_sync(file, NULL), 0);
	assert_true(stored(0, 5));
	end(&w, file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_come_from_the_store_once),
		cmocka_unit_test(what_is_written_goes_to_the_store),
		cmocka_unit_test(the_last_handle_writes),
		cmocka_unit_test(mappings_and_calls_see_one_file),
		cmocka_unit_test(a_pinned_page_is_written_as_it_was_and_again),
		cmocka_unit_test(an_unpin_makes_dirty_what_is_read_only_by_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
