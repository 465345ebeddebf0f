/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_table.c - the table of contracts, read from outside: which entry point takes which flag, and what
 * a contract says about pages that were shared by fork or cannot move.
 */
#include "world.h"

#define NONE 0
#define SLOW_5_2 (GUP_WRITE | GUP_FORCE | GUP_NOWAIT | GUP_ANON | GUP_DUMP | GUP_HWPOISON)
#define SLOW_6_1 (SLOW_5_2 | GUP_NOFAULT | GUP_SPLIT_PMD)
#define FAST_6_1 (GUP_WRITE | GUP_FORCE | GUP_NOFAULT)
#define SLOW_6_12 (SLOW_6_1 | GUP_INTERRUPTIBLE | GUP_HONOR_NUMA_FAULT | GUP_PCI_P2PDMA)
#define FAST_6_12 (FAST_6_1 | GUP_HONOR_NUMA_FAULT | GUP_PCI_P2PDMA)

/* Columns: plain, fast, fast_only, remote, locked, unlocked; get then pin. */
static const unsigned int takes[GUP_NR_CONTRACTS][GUP_NR_ENTRIES] = {
	[GUP_LINUX_5_2] = {
		SLOW_5_2, SLOW_5_2, GUP_WRITE, SLOW_5_2, SLOW_5_2, SLOW_5_2,
		NONE, NONE, NONE, NONE, NONE, NONE,
	},
	[GUP_LINUX_6_1] = {
		SLOW_6_1, FAST_6_1, FAST_6_1, SLOW_6_1, NONE, SLOW_6_1,
		SLOW_6_1, FAST_6_1, FAST_6_1, SLOW_6_1, NONE, SLOW_6_1,
	},
	[GUP_LINUX_6_12] = {
		SLOW_6_12, FAST_6_12, FAST_6_12, SLOW_6_12, NONE, SLOW_6_12,
		SLOW_6_12, FAST_6_12, NONE, SLOW_6_12, NONE, SLOW_6_12,
	},
	[GUP_NATIVE] = {
		SLOW_6_12, SLOW_6_12, SLOW_6_12, SLOW_6_12, SLOW_6_12, SLOW_6_12,
		SLOW_6_12, SLOW_6_12, SLOW_6_12, SLOW_6_12, SLOW_6_12, SLOW_6_12,
	},
};

/* Without a look at the mapping it cannot be told what these ask for, so a form that never looks takes nothing. */
static bool needs_mapping(enum gup_entry entry, unsigned int flag)
{
	return (entry == GUP_GET_USER_PAGES_FAST_ONLY || entry == GUP_PIN_USER_PAGES_FAST_ONLY) &&
	       flag & (GUP_ANON | GUP_DUMP | GUP_SPLIT_PMD);
}

static void try_flag(struct world *w, enum gup_contract_id id, enum gup_entry entry, unsigned int flag)
{
	struct gup_page *page;
	struct gup_call call = { entry, BASE, 1, flag, &page, NULL };
	struct gup_why why = { 0 };
	long ret = take(w->mm, &call, &why);

	if (takes[id][entry] & flag && needs_mapping(entry, flag)) {
		assert_int_equal(ret, 0);
		assert_int_equal(why.rule, GUP_RULE_NOFAULT);
		return;
	}
	if (takes[id][entry] & flag) {
		assert_int_equal(ret, 1);
		assert_int_equal(release(w->m, entry, &page, 1), 0);
		return;
	}
	assert_true(ret <= 0);
	assert_int_equal(why.rule, takes[id][entry] == NONE ? GUP_RULE_NO_ENTRY_POINT : GUP_RULE_UNKNOWN_FLAG);
}

static void each_flag_at_each_entry_point(void **state)
{
	static const unsigned int flags[] = { GUP_WRITE,	 GUP_FORCE,	 GUP_NOWAIT,	      GUP_NOFAULT,
					      GUP_ANON,		 GUP_DUMP,	 GUP_HWPOISON,	      GUP_SPLIT_PMD,
					      GUP_INTERRUPTIBLE, GUP_PCI_P2PDMA, GUP_HONOR_NUMA_FAULT };
	enum gup_contract_id id;
	enum gup_entry entry;
	unsigned int i;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 4, .contract = id });
		map_anon(w.mm, BASE, PAGE);
		app_fill(w.mm, BASE, PAGE, 1);
		for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
			for (i = 0; i < ARRAY_LEN(flags); i++)
				try_flag(&w, id, entry, flags[i]);
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

/* A read-only pin of a page that fork shares: a copy of the application's own, by each entry point that pins. */
static void read_only_pin(enum gup_contract_id id, enum gup_entry entry)
{
	struct gup_page *page;
	struct gup_call call = { entry, BASE, 1, 0, &page, NULL };
	struct gup_mm *child;
	struct world w;

	world_begin(&w, &(struct world_spec){ .normal = 4, .contract = id });
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(take(child, &call, NULL), 1);
	assert_true(same_frame(child, BASE, page));
	assert_false(same_frame(w.mm, BASE, page));
	app_fill(child, BASE, PAGE, 2);
	device_expect(w.m, page, BASE, 2);
	app_expect(w.mm, BASE, PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

static void read_only_pins_unshare(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		if (id == GUP_LINUX_5_2)
			continue; /* it has no pins */
		read_only_pin(id, GUP_PIN_USER_PAGES);
		read_only_pin(id, GUP_PIN_USER_PAGES_FAST);
		read_only_pin(id, GUP_PIN_USER_PAGES_REMOTE);
	}
}

/*
 * A page that a device reads by a get, of which one mapping is left after the child's end: linux-5.2 keeps it at the
 * next write, since nobody else maps it; later kernels see the reference and copy.
 */
static void write_after_the_child_has_gone(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *page;
		struct gup_mm *child;
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 4, .contract = id });
		map_anon(w.mm, BASE, PAGE);
		app_fill(w.mm, BASE, PAGE, 1);
		assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 1, 0, &page), 1);
		child = world_fork(&w, w.mm, "child");
		world_exit(&w, child);
		app_fill(w.mm, BASE, PAGE, 2);
		assert_int_equal(same_frame(w.mm, BASE, page), id == GUP_LINUX_5_2);
		device_expect(w.m, page, BASE, id == GUP_LINUX_5_2 ? 2 : 1);
		check_rest(w.m, 0, 1);
		assert_int_equal(gup_put_page(w.m, page), 0);
		world_end(&w);
	}
}

#define MANY 80

/* Many good pages, and at the end one that cannot move: all that was taken goes back, however many pages it were. */
static void one_bad_page_behind_many_good_ones(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		enum gup_entry entry = id == GUP_LINUX_5_2 ? GUP_GET_USER_PAGES : GUP_PIN_USER_PAGES;
		struct gup_page *pages[MANY + 1], *held;
		struct gup_call call = { entry, BASE, MANY, GUP_WRITE | GUP_LONGTERM, pages, NULL };
		struct gup_why why = { 0 };
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 4, .cma = 16, .contract = id });
		map_anon(w.mm, BASE, (MANY + 1) * PAGE);
		assert_int_equal(take(w.mm, &call, NULL), MANY);
		assert_int_equal(release(w.m, entry, pages, MANY), 0);
		app_poke(w.mm, BASE + MANY * PAGE, 1);
		assert_int_equal(frame_at(w.mm, BASE + MANY * PAGE).zone, GUP_ZONE_CMA);
		assert_int_equal(gup_get_user_pages_fast(w.mm, BASE + MANY * PAGE, 1, 0, &held), 1);
		call.nr_pages++;
		if (id == GUP_LINUX_5_2) {
			assert_int_equal(take(w.mm, &call, &why), MANY + 1);
			assert_int_equal(release(w.m, entry, pages, MANY + 1), 0);
		} else {
			assert_int_equal(take(w.mm, &call, &why), -GUP_ENOMEM);
			assert_int_equal(why.pfn, gup_page_to_pfn(w.m, held));
		}
		check_rest(w.m, 0, 1);
		assert_int_equal(gup_put_page(w.m, held), 0);
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_flag_at_each_entry_point),
		cmocka_unit_test(read_only_pins_unshare),
		cmocka_unit_test(write_after_the_child_has_gone),
		cmocka_unit_test(one_bad_page_behind_many_good_ones),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
