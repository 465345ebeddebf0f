/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_corners.c - places that are rarely come to: a full device under a pin, the end of the address space,
 * a pageblock that changes its home, the report of a page that is held twice.
 */
#include "world.h"

static void pin_of_a_hole_on_a_full_device(void **state)
{
	struct world w;
	struct gup_object *full, *holes;
	struct gup_page *page = NULL;
	struct gup_why why;
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, BASE, 1, GUP_WRITE, &page, NULL };

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .dax = 2 });
	holes = new_dax_file(&w, 0);
	full = new_dax_file(&w, 2 * MIB);
	assert_int_equal(gup_object_truncate(holes, PAGE, 0, NULL), 0);
	map_shared(w.mm, BASE, PAGE, holes);
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_NO_SPACE);
	gup_object_put(full);
	assert_int_equal(take(w.mm, &call, &why), 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	gup_object_put(holes);
	world_end(&w);
}

/* The place of the next mapping goes on from the last one, and begins anew at the end. */
static void address_space_begins_anew(void **state)
{
	struct gup_map_request most = { .length = GUP_USER_TOP - 1024 * MIB, .flags = GUP_MAP_PRIVATE };
	struct gup_map_request some = { .length = 1024 * MIB, .flags = GUP_MAP_PRIVATE };
	struct world w;
	int64_t first, again;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	first = gup_mmap(w.mm, &most);
	assert_true(first > 0);
	assert_int_equal(gup_munmap(w.mm, (uint64_t)first, most.length), 0);
	again = gup_mmap(w.mm, &some);
	assert_int_equal(again, first);
	assert_int_equal(gup_mmap(w.mm, &most), -GUP_ENOMEM);
	world_end(&w);
}

/* All of NORMAL was application memory once; then page tables need more than a pageblock of it. */
static void pageblock_changes_its_home(void **state)
{
	const uint64_t tables = 700;
	struct world w;
	uint64_t i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .no_huge_pages = true });
	map_anon(w.mm, BASE, 16 * MIB);
	assert_int_equal(gup_populate(w.mm, BASE, 16 * MIB), -GUP_ENOMEM);
	assert_int_equal(gup_munmap(w.mm, BASE, 16 * MIB), 0);
	map_anon(w.mm, BASE, tables * HUGE);
	for (i = 0; i < tables; i++)
		assert_int_equal(app_peek(w.mm, BASE + i * HUGE), 0);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void page_held_twice_by_one_call(void **state)
{
	struct gup_holder holder;
	struct gup_page *pages[2];
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	map_anon(w.mm, BASE, PAGE);
	assert_int_equal(pin_plain(w.mm, BASE, 1, GUP_WRITE, &pages[0]), 1);
	assert_int_equal(pin_plain(w.mm, BASE, 1, GUP_WRITE, &pages[1]), 1);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, &holder, 1), 1);
	assert_int_equal(holder.count, 2);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_EBUSY); /* the log says "2 times" */
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pin_of_a_hole_on_a_full_device),
		cmocka_unit_test(address_space_begins_anew),
		cmocka_unit_test(pageblock_changes_its_home),
		cmocka_unit_test(page_held_twice_by_one_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
