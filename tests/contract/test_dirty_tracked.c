/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_dirty_tracked.c - devices and files whose file system wants to see each write coming.
 *
 * Kernels before 6.5 let a device write to a shared mapping of such a file for as long as it likes. Later ones do not, and
 * their fast path takes for that what is surely no such file.
 */
#include "file_world.h"

#define NR FILE_NR
#define LONG_WRITE (GUP_WRITE | GUP_LONGTERM)

static const struct world_spec spec = { .normal = 8, .devdax = 2 };

static struct gup_object *begin(struct world *w, enum gup_contract_id id, bool dirty_tracking)
{
	struct world_spec here = spec;

	here.contract = id;
	return begin_file_in(w, &here, NR * PAGE, dirty_tracking);
}

static bool has_pin(enum gup_contract_id id)
{
	return id != GUP_LINUX_5_2;
}

static bool refuses(enum gup_contract_id id)
{
	return id == GUP_LINUX_6_12 || id == GUP_NATIVE;
}

static enum gup_entry entry_of(enum gup_contract_id id, bool fast)
{
	if (has_pin(id))
		return fast ? GUP_PIN_USER_PAGES_FAST : GUP_PIN_USER_PAGES;
	return fast ? GUP_GET_USER_PAGES_FAST : GUP_GET_USER_PAGES;
}

/* All pages by a slow and by a fast form. */
static void expect(struct world *w, enum gup_contract_id id, unsigned int flags, enum gup_rule rule)
{
	struct gup_page *pages[NR];
	long want = rule == GUP_RULE_NONE ? NR : -GUP_EFAULT;

	for (int fast = 0; fast <= 1; fast++) {
		struct gup_call call = { entry_of(id, fast), BASE, NR, flags, pages, NULL };
		struct gup_why why = { 0 };
		long got = take(w->mm, &call, &why);

		if (got != want || why.rule != rule)
			fail_msg("%s, %s: %ld by %s", gup_contract_name(id), gup_entry_name(call.entry), got,
				 gup_rule_name(why.rule));
		assert_int_equal(release(w->m, call.entry, pages, got > 0 ? got : 0), 0);
		check_rest(w->m, 0, 0);
	}
}

static void a_shared_mapping(void **state)
{
	(void)state;
	for (enum gup_contract_id id = 0; id < GUP_NR_CONTRACTS; id++) {
		enum gup_rule rule = refuses(id) ? GUP_RULE_DIRTY_TRACKED : GUP_RULE_NONE;
		struct gup_object *file;
		struct world w;

		file = begin(&w, id, true);
		expect(&w, id, LONG_WRITE, rule);
		app_fill(w.mm, BASE, NR * PAGE, 2); /* present and writable */
		expect(&w, id, LONG_WRITE, rule);
		expect(&w, id, GUP_WRITE, GUP_RULE_NONE);
		expect(&w, id, GUP_LONGTERM, GUP_RULE_NONE);
		assert_int_equal(gup_mprotect(w.mm, BASE, NR * PAGE, GUP_PROT_READ), 0);
		expect(&w, id, LONG_WRITE, GUP_RULE_VMA_NOT_WRITABLE); /* needs no tracking: it cannot be written to */
		expect(&w, id, GUP_LONGTERM, GUP_RULE_NONE);
		end_file(&w, file);
	}
}

static void what_needs_no_tracking(void **state)
{
	(void)state;
	for (enum gup_contract_id id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_object *file;
		struct world w;

		file = begin(&w, id, false);
		expect(&w, id, LONG_WRITE, GUP_RULE_NONE);
		end_file(&w, file);
		file = begin(&w, id, true);
		map_private(w.mm, BASE, NR * PAGE, file);
		expect(&w, id, LONG_WRITE, GUP_RULE_NONE);
		expect(&w, id, LONG_WRITE, GUP_RULE_NONE); /* copied by now */
		end_file(&w, file);
		assert_int_equal(store.writes, 0);
	}
}

/* Good pages before the file: the count so far, and the reason. */
static void behind_good_pages(void **state)
{
	(void)state;
	for (enum gup_contract_id id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *pages[2];
		struct gup_call call = { entry_of(id, false), BASE - PAGE, 2, LONG_WRITE, pages, NULL };
		struct gup_why why = { 0 };
		struct gup_object *file;
		struct world w;
		long got;

		file = begin(&w, id, true);
		map_anon(w.mm, BASE - PAGE, PAGE);
		got = take(w.mm, &call, &why);
		assert_int_equal(got, refuses(id) ? 1 : 2);
		assert_int_equal(why.addr, refuses(id) ? BASE : 0);
		assert_int_equal(release(w.m, call.entry, pages, got), 0);
		end_file(&w, file);
	}
}

struct device {
	struct gup_machine *m;
	struct gup_page *page;
};

static void write_one(void *user, uint64_t index, const void *page)
{
	const struct device *d = user;

	(void)index;
	(void)page;
	device_fill(d->m, d->page, BASE, 3);
}

/* Without FOLL_PIN nobody knows that a device may write: the store sees it half way, and the page is clean after that. */
static void what_write_back_knows(void **state)
{
	(void)state;
	for (enum gup_contract_id id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct device device;
		struct gup_call call = { entry_of(id, true), BASE, 1, GUP_WRITE, &device.page, NULL };
		struct gup_object *file;
		struct world w;

		file = begin(&w, id, true);
		app_fill(w.mm, BASE, PAGE, 2);
		assert_int_equal(take(w.mm, &call, NULL), 1);
		device.m = w.m;
		store.on_write = write_one;
		store.user = &device;
		assert_int_equal(gup_file_sync(file, NULL), 0);
		store.on_write = NULL;
		assert_true(stored(0, has_pin(id) ? 2 : 3));
		assert_int_equal(frame_of(w.m, device.page).dirty, has_pin(id));
		device_fill(w.m, device.page, BASE, 4);
		assert_int_equal(release(w.m, call.entry, &device.page, 1), 0);
		assert_int_equal(gup_file_sync(file, NULL), 0);
		assert_true(stored(0, has_pin(id) ? 4 : 3));
		end_file(&w, file);
	}
}

/* Anonymous and shared memory by the fast path alone, device DAX by the slow one. */
static void what_the_fast_path_takes(void **state)
{
	(void)state;
	for (enum gup_contract_id id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *pages[2];
		struct gup_call call = { entry_of(id, true), BASE, 2, LONG_WRITE, pages, NULL };
		struct gup_stats before;
		struct gup_object *shm;
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 8, .contract = id });
		shm = new_shm(&w, PAGE);
		map_shared(w.mm, BASE, PAGE, shm);
		gup_object_put(shm);
		map_anon(w.mm, BASE + PAGE, PAGE);
		app_fill(w.mm, BASE, 2 * PAGE, 1);
		before = stats_of(w.m);
		assert_int_equal(take(w.mm, &call, NULL), 2);
		assert_int_equal(stats_of(w.m).fast_pages - before.fast_pages, 2);
		assert_int_equal(release(w.m, call.entry, pages, 2), 0);
		world_end(&w);
	}
}

static void device_dax_by_the_slow_path(void **state)
{
	(void)state;
	for (enum gup_contract_id id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *page;
		struct gup_call call = { entry_of(id, true), BASE, 1, LONG_WRITE, &page, NULL };
		struct gup_object *dram;
		struct gup_stats before;
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 8, .devdax = 2, .contract = id });
		assert_int_equal(gup_devdax_open(w.m, DRAM, &dram), 0);
		map_shared(w.mm, BASE, PAGE, dram);
		gup_object_put(dram);
		app_fill(w.mm, BASE, PAGE, 1);
		before = stats_of(w.m);
		assert_int_equal(take(w.mm, &call, NULL), 1);
		assert_int_equal(stats_of(w.m).slow_pages - before.slow_pages, 1);
		assert_int_equal(release(w.m, call.entry, &page, 1), 0);
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shared_mapping),	    cmocka_unit_test(what_needs_no_tracking),
		cmocka_unit_test(behind_good_pages),	    cmocka_unit_test(what_write_back_knows),
		cmocka_unit_test(what_the_fast_path_takes), cmocka_unit_test(device_dax_by_the_slow_path),
	};

	return cmocka_run_group_tests_name("dirty tracked", tests, NULL, NULL);
}
