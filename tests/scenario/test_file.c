/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_file.c - regular files: their pages come from a store and go back to it.
 *
 * What is mapped shared, mapped privately, read and written is one file. Pages become writable one by one, with room in
 * the store, and read-only again when they are written back.
 */
#include "file_world.h"

#define NR FILE_NR

static struct gup_object *begin(struct world *w)
{
	return begin_file(w, NR * PAGE, true);
}

static void sync_file(struct gup_object *file)
{
	struct gup_why why;

	assert_int_equal(gup_file_sync(file, &why), 0);
	assert_int_equal(why.rule, GUP_RULE_NONE);
}

static bool writable(struct gup_mm *mm, uint64_t addr)
{
	struct gup_page *page;

	if (gup_get_user_pages_fast_only(mm, addr, 1, GUP_WRITE, &page) != 1)
		return false;
	assert_int_equal(gup_put_page(gup_mm_machine(mm), page), 0);
	return true;
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
	assert_false(writable(w.mm, BASE));
	end_file(&w, file);
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
	assert_true(writable(w.mm, BASE + PAGE));
	assert_false(frame_at(w.mm, BASE).dirty);
	assert_true(stored(1, 1));
	assert_int_equal(store.reserves, 1);
	check_rest(w.m, 0, 0);
	sync_file(file);
	assert_true(stored(1, 2));
	assert_int_equal(store.bytes[1], PAGE);
	assert_int_equal(store.writes, 1);
	assert_false(frame_at(w.mm, BASE + PAGE).dirty);
	assert_false(writable(w.mm, BASE + PAGE));
	check_rest(w.m, 0, 0);
	sync_file(file);
	assert_int_equal(store.writes, 1);
	app_fill(w.mm, BASE + PAGE, PAGE, 3); /* read-only by now, so this is seen */
	assert_true(frame_at(w.mm, BASE + PAGE).dirty);
	sync_file(file);
	assert_true(stored(1, 3));
	end_file(&w, file);
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

static void the_machine_writes_what_is_left(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin(&w);
	file_fill(file, 1, 2);
	assert_int_equal(gup_machine_destroy(w.m), 0);
	assert_true(stored(1, 2));
}

static void mappings_and_calls_see_one_file(void **state)
{
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
	file_expect(file, 0, 2);
	file_fill(file, 0, 4);
	app_expect(w.mm, BASE, PAGE, 4);
	app_expect(other, BASE, PAGE, 3);
	app_fill(other, BASE + PAGE, PAGE, 3);
	sync_file(file);
	assert_true(stored(0, 4) && stored(1, 1));
	assert_int_equal(store.writes, 1);
	end_file(&w, file);
}

static void every_shared_mapping_becomes_read_only(void **state)
{
	struct gup_object *file;
	struct gup_mm *child;
	struct world w;

	(void)state;
	file = begin(&w);
	app_fill(w.mm, BASE, PAGE, 2);
	child = world_fork(&w, w.mm, "child");
	app_fill(child, BASE, PAGE, 3);
	app_expect(w.mm, BASE, PAGE, 3);
	assert_true(writable(w.mm, BASE) && writable(child, BASE));
	sync_file(file);
	assert_false(writable(w.mm, BASE) || writable(child, BASE));
	check_rest(w.m, 0, 0);
	app_fill(child, BASE, PAGE, 4);
	assert_false(writable(w.mm, BASE)); /* its own fault makes it so */
	app_expect(w.mm, BASE, PAGE, 4);
	end_file(&w, file);
	assert_true(stored(0, 4));
}

static void without_tracking_mapped_pages_are_always_written(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin_file(&w, NR * PAGE, false);
	app_expect(w.mm, BASE, PAGE, 1);
	assert_true(writable(w.mm, BASE));
	assert_int_equal(store.reserves, 1);
	assert_false(frame_at(w.mm, BASE).dirty);
	app_fill(w.mm, BASE, PAGE, 2);
	sync_file(file);
	assert_true(stored(0, 2));
	assert_true(writable(w.mm, BASE) && frame_at(w.mm, BASE).dirty);
	app_fill(w.mm, BASE, PAGE, 3);
	sync_file(file);
	assert_true(stored(0, 3));
	assert_int_equal(gup_munmap(w.mm, BASE, NR * PAGE), 0);
	sync_file(file);
	assert_int_equal(store.writes, 3);
	sync_file(file);
	assert_int_equal(store.writes, 3);
	end_file(&w, file);
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
	sync_file(file);
	assert_true(stored(0, 2));
	app_expect(w.mm, BASE, PAGE, 3);
	assert_true(frame_of(w.m, page).dirty);
	check_rest(w.m, 1, 0);
	store.on_write = NULL;
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	sync_file(file);
	assert_true(stored(0, 3));
	assert_false(frame_of(w.m, page).dirty);
	end_file(&w, file);
}

static void an_unpin_makes_dirty_what_is_read_only_by_now(void **state)
{
	struct gup_object *file;
	struct gup_page *page;
	struct world w;

	(void)state;
	file = begin(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, 0, &page), 1);
	assert_int_equal(gup_munmap(w.mm, BASE, NR * PAGE), 0);
	sync_file(file);
	assert_int_equal(store.writes, 0);
	device_fill(w.m, page, BASE, 5);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w.m, &page, 1, true), 0);
	sync_file(file);
	assert_true(stored(0, 5));
	end_file(&w, file);
}

/* A store that comes while the page is on its way waits; nobody could see that here, so the entry is looked at. */
static void nobody_may_write(void *user, uint64_t index, const void *page)
{
	const struct world *w = user;

	(void)page;
	assert_false(writable(w->mm, BASE + index * PAGE));
	assert_true(frame_at(w->mm, BASE + index * PAGE).writeback);
	assert_false(frame_at(w->mm, BASE + index * PAGE).dirty);
}

static void while_it_is_written_nobody_may_write(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin(&w);
	app_fill(w.mm, BASE, NR * PAGE, 2);
	store.on_write = nobody_may_write;
	store.user = &w;
	sync_file(file);
	assert_int_equal(store.writes, NR);
	store.on_write = NULL;
	assert_false(frame_at(w.mm, BASE).writeback);
	end_file(&w, file);
}

/* ---- others ---- */

struct heard {
	unsigned int starts;
	enum gup_event event;
	uint64_t start, end;
};

static void hear(void *context, const struct gup_notifier_range *range)
{
	struct heard *heard = context;

	heard->starts++;
	heard->event = range->event;
	heard->start = range->start;
	heard->end = range->end;
}

static void subscribers_hear_of_a_write_back(void **state)
{
	static const struct gup_notifier_ops ops = { .invalidate_start = hear };
	struct heard heard = { 0 }, copier = { 0 };
	struct gup_notifier *notifier, *private;
	struct gup_object *file;
	struct gup_mm *other;
	struct world w;

	(void)state;
	file = begin(&w);
	app_fill(w.mm, BASE + PAGE, PAGE, 2);
	other = world_mm(&w, "other");
	map_private(other, BASE, NR * PAGE, file);
	app_expect(other, BASE + PAGE, PAGE, 2);
	assert_int_equal(gup_notifier_register(w.mm, &ops, &heard, &notifier), 0);
	assert_int_equal(gup_notifier_register(other, &ops, &copier, &private), 0);
	sync_file(file);
	assert_int_equal(heard.starts, 1);
	assert_int_equal(heard.event, GUP_EVENT_PROTECT_PAGE);
	assert_int_equal(heard.start, BASE + PAGE);
	assert_int_equal(heard.end, BASE + 2 * PAGE);
	sync_file(file);
	assert_int_equal(heard.starts, 1);
	assert_int_equal(copier.starts, 0); /* nothing there becomes read-only */
	assert_int_equal(gup_notifier_unregister(notifier), 0);
	assert_int_equal(gup_notifier_unregister(private), 0);
	end_file(&w, file);
}

static void a_folio_moves_with_what_it_is(void **state)
{
	struct gup_object *file;
	struct world w;
	uint64_t pfn;

	(void)state;
	file = begin(&w);
	app_fill(w.mm, BASE, PAGE, 2);
	app_expect(w.mm, BASE + PAGE, PAGE, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_migrate_range(w.mm, BASE, 2 * PAGE, NULL), 2);
	assert_int_not_equal(gup_user_pfn(w.mm, BASE), pfn);
	assert_true(frame_at(w.mm, BASE).dirty);
	assert_false(frame_at(w.mm, BASE + PAGE).dirty);
	check_rest(w.m, 0, 0);
	app_expect(w.mm, BASE + PAGE, PAGE, 1);
	assert_int_equal(store.reads, 2);
	sync_file(file);
	assert_true(stored(0, 2));
	assert_int_equal(store.writes, 1);
	end_file(&w, file);
}

static void a_long_pin_moves_it_to_where_it_may_stay(void **state)
{
	const struct world_spec spec = { .normal = 8, .movable = 4, .contract = GUP_LINUX_6_1 };
	struct gup_object *file;
	struct gup_page *page;
	struct world w;

	(void)state;
	file = begin_file_in(&w, &spec, NR * PAGE, true);
	app_fill(w.mm, BASE, PAGE, 2);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_MOVABLE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE | GUP_LONGTERM, &page), 1);
	assert_int_equal(frame_of(w.m, page).zone, GUP_ZONE_NORMAL);
	assert_true(frame_of(w.m, page).dirty);
	device_expect(w.m, page, BASE, 2);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	end_file(&w, file);
}

static void whose_it_is(void **state)
{
	char name[GUP_NAME_MAX];
	struct gup_object *file;
	struct world w;
	uint64_t pfn;

	(void)state;
	file = begin(&w);
	app_fill(w.mm, BASE, PAGE, 2);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_frame_user(w.m, pfn, name), 1);
	assert_string_equal(name, APP);
	assert_int_equal(gup_munmap(w.mm, BASE, NR * PAGE), 0);
	assert_int_equal(gup_frame_user(w.m, pfn, name), 0);
	assert_string_equal(name, "a file that nobody maps");
	end_file(&w, file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_come_from_the_store_once),
		cmocka_unit_test(what_is_written_goes_to_the_store),
		cmocka_unit_test(the_last_handle_writes),
		cmocka_unit_test(the_machine_writes_what_is_left),
		cmocka_unit_test(mappings_and_calls_see_one_file),
		cmocka_unit_test(every_shared_mapping_becomes_read_only),
		cmocka_unit_test(without_tracking_mapped_pages_are_always_written),
		cmocka_unit_test(a_pinned_page_is_written_as_it_was_and_again),
		cmocka_unit_test(an_unpin_makes_dirty_what_is_read_only_by_now),
		cmocka_unit_test(while_it_is_written_nobody_may_write),
		cmocka_unit_test(subscribers_hear_of_a_write_back),
		cmocka_unit_test(a_folio_moves_with_what_it_is),
		cmocka_unit_test(a_long_pin_moves_it_to_where_it_may_stay),
		cmocka_unit_test(whose_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
