/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_flags.c - what ANON, DUMP, SPLIT_PMD, INTERRUPTIBLE, HONOR_NUMA_FAULT and PCI_P2PDMA do where an
 * entry point takes them. Which one takes which is the table of test_table.c; HWPOISON is in test_poison.c.
 */
#include "world.h"

#define NR 4

static void begin(struct world *w, enum gup_contract_id id)
{
	world_begin(w, &(struct world_spec){ .normal = 8, .contract = id });
}

/* A call by the contract's plain form that takes references or pins; what it took goes back. */
static long plain(struct world *w, uint64_t addr, long nr, unsigned int flags, struct gup_why *why)
{
	enum gup_entry entry = gup_machine_contract(w->m) == GUP_LINUX_5_2 ? GUP_GET_USER_PAGES : GUP_PIN_USER_PAGES;
	struct gup_page *pages[NR];
	struct gup_call call = { entry, addr, nr, flags, pages, NULL };
	long got = take(w->mm, &call, why);

	if (got > 0)
		assert_int_equal(release(w->m, entry, pages, (unsigned long)got), 0);
	check_rest(w->m, 0, 0);
	return got;
}

static void expect_refusal(struct world *w, uint64_t addr, unsigned int flags, enum gup_rule rule)
{
	struct gup_why why = { 0 };

	assert_int_equal(plain(w, addr, 1, flags, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, rule);
}

static void anon_wants_anonymous_memory(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_object *shm;
		struct world w;

		begin(&w, id);
		shm = new_shm(&w, NR * PAGE);
		map_anon(w.mm, BASE, NR * PAGE);
		map_shared(w.mm, BASE + HUGE, NR * PAGE, shm);
		map_private(w.mm, BASE + 2 * HUGE, NR * PAGE, shm);
		gup_object_put(shm);
		app_fill(w.mm, BASE + 2 * HUGE, NR * PAGE, 1);
		assert_int_equal(plain(&w, BASE, NR, GUP_ANON | GUP_WRITE, NULL), NR);
		expect_refusal(&w, BASE + HUGE, GUP_ANON, GUP_RULE_NOT_ANONYMOUS);
		/* Its pages are anonymous, the mapping is not. */
		expect_refusal(&w, BASE + 2 * HUGE, GUP_ANON | GUP_WRITE, GUP_RULE_NOT_ANONYMOUS);
		world_end(&w);
	}
}

static void dump_leaves_holes_out(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_object *shm;
		struct gup_why why;
		struct world w;

		begin(&w, id);
		shm = new_shm(&w, NR * PAGE);
		map_anon(w.mm, BASE, NR * PAGE);
		map_shared(w.mm, BASE + HUGE, NR * PAGE, shm);
		gup_object_put(shm);
		app_fill(w.mm, BASE, 2 * PAGE, 1);
		expect_refusal(&w, BASE + 2 * PAGE, GUP_DUMP, GUP_RULE_DUMP_HOLE);
		(void)app_peek(w.mm, BASE + 2 * PAGE); /* the zero page is no data either */
		expect_refusal(&w, BASE + 2 * PAGE, GUP_DUMP, GUP_RULE_DUMP_HOLE);
		assert_int_equal(plain(&w, BASE, NR, GUP_DUMP, &why), 2);
		assert_int_equal(why.rule, GUP_RULE_DUMP_HOLE);
		/* Of an object, only the object knows what is there. */
		assert_int_equal(plain(&w, BASE + HUGE, NR, GUP_DUMP, NULL), NR);
		world_end(&w);
	}
}

static uint64_t mapped(struct world *w)
{
	struct gup_check check;

	assert_int_equal(gup_machine_check(w->m, &check), 0);
	return check.mapped;
}

static void split_pmd_splits_the_mapping(void **state)
{
	static const enum gup_contract_id ids[] = { GUP_LINUX_6_1, GUP_LINUX_6_12, GUP_NATIVE };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ids); i++) {
		struct world w;

		begin(&w, ids[i]);
		map_anon(w.mm, BASE, HUGE);
		app_poke(w.mm, BASE, 1);
		assert_int_equal(mapped(&w), 1);
		assert_int_equal(plain(&w, BASE + PAGE, NR, GUP_WRITE, NULL), NR);
		assert_int_equal(mapped(&w), 1);
		assert_int_equal(plain(&w, BASE + PAGE, NR, GUP_WRITE | GUP_SPLIT_PMD, NULL), NR);
		assert_int_equal(mapped(&w), HUGE / PAGE);
		assert_int_equal(frame_at(w.mm, BASE).order, 9); /* the folio stays whole */
		world_end(&w);
	}
}

static void split_pmd_without_memory_for_a_table(void **state)
{
	struct gup_why why;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	map_anon(w.mm, BASE, HUGE);
	app_poke(w.mm, BASE, 1);
	gup_test_fail_alloc(w.m, 1);
	assert_int_equal(plain(&w, BASE, 1, GUP_SPLIT_PMD, &why), -GUP_ENOMEM);
	assert_int_equal(why.rule, GUP_RULE_NO_MEMORY);
	assert_int_equal(gup_test_fail_alloc(w.m, 0), 0);
	assert_int_equal(mapped(&w), 1);
	world_end(&w);
}

static void split_pmd_of_a_file_on_dax(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .dax = 4 });
	file = new_dax_file(&w, HUGE);
	map_shared(w.mm, BASE, HUGE, file);
	gup_object_put(file);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(plain(&w, BASE, NR, GUP_WRITE | GUP_SPLIT_PMD, NULL), NR);
	assert_int_equal(mapped(&w), NR);
	app_expect(w.mm, BASE, HUGE, 1);
	world_end(&w);
}

/* By each entry point that pins, and by the library's own form. */
static void p2pdma_is_not_for_long(void **state)
{
	static const enum gup_contract_id ids[] = { GUP_LINUX_6_12, GUP_NATIVE };
	static const enum gup_entry entries[] = { GUP_PIN_USER_PAGES, GUP_PIN_USER_PAGES_FAST };
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ids); i++) {
		struct gup_request request = { .addr = BASE, .bytes = PAGE, .flags = GUP_LONGTERM | GUP_PCI_P2PDMA };
		struct gup_page *page;
		struct gup_pin *pin;
		struct gup_why why;
		struct world w;

		begin(&w, ids[i]);
		map_anon(w.mm, BASE, NR * PAGE);
		for (j = 0; j < ARRAY_LEN(entries); j++) {
			struct gup_call call = { entries[j], BASE, 1, GUP_LONGTERM | GUP_PCI_P2PDMA, &page, NULL };
			bool hidden = ids[i] == GUP_LINUX_6_12 && entries[j] == GUP_PIN_USER_PAGES;

			assert_int_equal(take(w.mm, &call, &why), hidden ? 0 : -GUP_EINVAL);
			assert_int_equal(why.rule, GUP_RULE_P2PDMA_LONGTERM);
		}
		assert_int_equal(gup_pin(w.mm, &request, &pin, &why), -GUP_EINVAL);
		assert_int_equal(why.rule, GUP_RULE_P2PDMA_LONGTERM);
		assert_int_equal(plain(&w, BASE, NR, GUP_PCI_P2PDMA, NULL), NR);
		world_end(&w);
	}
}

/* There are no signals and no NUMA hints here: what asks for an eye on them changes nothing. */
static void interruptible_and_numa_change_nothing(void **state)
{
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(plain(&w, BASE, NR, GUP_WRITE | GUP_INTERRUPTIBLE | GUP_HONOR_NUMA_FAULT, NULL), NR);
	assert_int_equal(plain(&w, BASE, NR, GUP_WRITE | GUP_LONGTERM | GUP_INTERRUPTIBLE, NULL), NR);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anon_wants_anonymous_memory),
		cmocka_unit_test(dump_leaves_holes_out),
		cmocka_unit_test(split_pmd_splits_the_mapping),
		cmocka_unit_test(split_pmd_without_memory_for_a_table),
		cmocka_unit_test(split_pmd_of_a_file_on_dax),
		cmocka_unit_test(p2pdma_is_not_for_long),
		cmocka_unit_test(interruptible_and_numa_change_nothing),
	};

	return cmocka_run_group_tests_name("flags", tests, NULL, NULL);
}
