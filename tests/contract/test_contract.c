/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_contract.c - what each contract promises and refuses at the gate and by the mapping.
 *
 * Tables of contract x entry point x flags or arguments, with what that kernel's function returns. The rules that
 * need a story (movement, fork, read-only pins) are in test_rules.c.
 */
#include "world.h"

#define NR 4

#define OK 0 /* all pages */
#define INVAL (-GUP_EINVAL)
#define FAULT (-GUP_EFAULT)
#define W GUP_WRITE
#define LT GUP_LONGTERM

enum locked { NO_LOCKED, HELD, NOT_HELD };

static bool wants_lock(enum gup_entry entry)
{
	return !entry_is_fast(entry) && entry != GUP_GET_USER_PAGES_UNLOCKED && entry != GUP_PIN_USER_PAGES_UNLOCKED;
}

/* One call with `locked` as the row says, and with mmap_lock held if that is true. */
static long call_with(struct gup_mm *mm, struct gup_call call, enum locked how, struct gup_why *why)
{
	int locked = how == HELD;
	bool hold = wants_lock(call.entry) && how != NOT_HELD;
	long ret;

	memset(why, 0, sizeof(*why));
	if (how != NO_LOCKED)
		call.locked = &locked;
	if (hold)
		gup_mmap_read_lock(mm);
	ret = gup_user_pages(mm, &call, why);
	if (hold && (how == NO_LOCKED || locked))
		gup_mmap_read_unlock(mm);
	return ret;
}

static enum locked usual_locked(enum gup_entry entry)
{
	return entry == GUP_GET_USER_PAGES_LOCKED || entry == GUP_PIN_USER_PAGES_LOCKED ? HELD : NO_LOCKED;
}

/* A world in which NR touched anonymous pages lie at BASE. */
static void begin(struct world *w, enum gup_contract_id contract)
{
	world_begin(w, &(struct world_spec){ .normal = 8, .dax = 2, .contract = contract });
	map_anon(w->mm, BASE, NR * PAGE);
	app_fill(w->mm, BASE, NR * PAGE, 1);
}

static void expect_result(struct world *w, enum gup_entry entry, long got, long want)
{
	if (got != want)
		fail_msg("%s, %s: %ld instead of %ld", gup_contract_name(gup_machine_contract(w->m)),
			 gup_entry_name(entry), got, want);
}

/* Give back what a call took, after proving that it took exactly that. */
static void expect_held_and_release(struct world *w, enum gup_entry entry, struct gup_page **pages, long nr)
{
	uint64_t held = nr > 0 ? nr : 0;

	check_rest(w->m, entry_pins(entry) ? held : 0, entry_pins(entry) ? 0 : held);
	assert_int_equal(release(w->m, entry, pages, held), 0);
}

#define N_E GUP_RULE_NO_ENTRY_POINT
#define N_P GUP_RULE_LONGTERM_NEEDS_PIN
#define L_E GUP_RULE_LONGTERM_ENTRY
#define YES GUP_RULE_NONE

/* Columns: plain, fast, fast_only, remote, locked, unlocked; get then pin. */
static const enum gup_rule longterm_table[GUP_NR_CONTRACTS][GUP_NR_ENTRIES] = {
	[GUP_LINUX_5_2] = { YES, YES, L_E, L_E, L_E, L_E, N_E, N_E, N_E, N_E, N_E, N_E },
	[GUP_LINUX_6_1] = { N_P, N_P, N_P, N_P, N_E, N_P, YES, YES, YES, YES, N_E, L_E },
	[GUP_LINUX_6_12] = { N_P, N_P, N_P, N_P, N_E, N_P, YES, YES, N_E, YES, N_E, YES },
	[GUP_NATIVE] = { YES, YES, YES, YES, YES, YES, YES, YES, YES, YES, YES, YES },
};

static bool exists(enum gup_contract_id id, enum gup_entry entry)
{
	return longterm_table[id][entry] != GUP_RULE_NO_ENTRY_POINT;
}

/* What this kernel returns for arguments that its gate refuses. */
static long bad_argument(enum gup_contract_id id, enum gup_entry entry)
{
	if (entry == GUP_GET_USER_PAGES_FAST_ONLY || entry == GUP_PIN_USER_PAGES_FAST_ONLY)
		return id == GUP_LINUX_6_12 || id == GUP_NATIVE ? INVAL : 0;
	return id == GUP_LINUX_6_12 && entry_pins(entry) && !entry_is_fast(entry) ? 0 : INVAL;
}

static void longterm_at_the_gate(void **state)
{
	struct gup_page *pages[NR];
	struct gup_why why;
	enum gup_contract_id id;
	enum gup_entry entry;
	struct world w;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		begin(&w, id);
		for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
			struct gup_call call = { entry, BASE, NR, W | LT, pages, NULL };
			bool allowed = longterm_table[id][entry] == GUP_RULE_NONE;
			long want = allowed ? NR : exists(id, entry) ? bad_argument(id, entry) : INVAL;
			long got = call_with(w.mm, call, usual_locked(entry), &why);

			expect_result(&w, entry, got, want);
			assert_int_equal(why.rule, longterm_table[id][entry]);
			expect_held_and_release(&w, entry, pages, got);
		}
		world_end(&w);
	}
}

static void remote_longterm_with_locked(void **state)
{
	static const long want[GUP_NR_CONTRACTS] = {
		[GUP_LINUX_5_2] = INVAL, [GUP_LINUX_6_1] = INVAL, [GUP_LINUX_6_12] = NR, [GUP_NATIVE] = NR
	};
	struct gup_page *pages[NR];
	struct gup_call call = { GUP_PIN_USER_PAGES_REMOTE, BASE, NR, W | LT, pages, NULL };
	struct gup_why why;
	enum gup_contract_id id;
	struct world w;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		long got;

		begin(&w, id);
		got = call_with(w.mm, call, HELD, &why);
		expect_result(&w, call.entry, got, want[id]);
		expect_held_and_release(&w, call.entry, pages, got);
		world_end(&w);
	}
}

static void without_longterm_all_that_exist_work(void **state)
{
	struct gup_page *pages[NR];
	struct gup_why why;
	enum gup_contract_id id;
	enum gup_entry entry;
	struct world w;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		begin(&w, id);
		for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
			struct gup_call call = { entry, BASE, NR, W, pages, NULL };
			long got = call_with(w.mm, call, usual_locked(entry), &why);

			expect_result(&w, entry, got, exists(id, entry) ? NR : INVAL);
			assert_int_equal(why.rule, exists(id, entry) ? GUP_RULE_NONE : GUP_RULE_NO_ENTRY_POINT);
			expect_held_and_release(&w, entry, pages, got);
		}
		world_end(&w);
	}
}

static void unknown_flags(void **state)
{
	struct gup_page *pages[NR];
	struct gup_why why;
	enum gup_contract_id id;
	enum gup_entry entry;
	struct world w;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		begin(&w, id);
		for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
			struct gup_call call = { entry, BASE, NR, W | 1u << 31, pages, NULL };

			if (!exists(id, entry))
				continue;
			expect_result(&w, entry, call_with(w.mm, call, usual_locked(entry), &why),
				      bad_argument(id, entry));
			assert_int_equal(why.rule, GUP_RULE_UNKNOWN_FLAG);
		}
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

static const struct flag_row {
	enum gup_contract_id id;
	enum gup_entry entry;
	unsigned int flags;
	int want;
} flag_rows[] = {
	{ GUP_LINUX_5_2, GUP_GET_USER_PAGES, W | GUP_FORCE, OK },
	{ GUP_LINUX_5_2, GUP_GET_USER_PAGES, W | GUP_NOWAIT, OK },
	{ GUP_LINUX_5_2, GUP_GET_USER_PAGES, W | GUP_NOFAULT, INVAL },
	{ GUP_LINUX_5_2, GUP_GET_USER_PAGES_FAST, W | GUP_NOFAULT, INVAL },
	{ GUP_LINUX_6_1, GUP_PIN_USER_PAGES, W | GUP_NOWAIT | GUP_NOFAULT | GUP_FORCE, OK },
	{ GUP_LINUX_6_1, GUP_PIN_USER_PAGES_FAST, W | GUP_NOFAULT | GUP_FORCE, OK },
	{ GUP_LINUX_6_1, GUP_PIN_USER_PAGES_FAST, W | GUP_NOWAIT, INVAL },
	{ GUP_LINUX_6_12, GUP_PIN_USER_PAGES, W | GUP_NOWAIT | GUP_NOFAULT | GUP_FORCE, OK },
	{ GUP_LINUX_6_12, GUP_PIN_USER_PAGES_FAST, W | GUP_NOFAULT | GUP_FORCE, OK },
	{ GUP_LINUX_6_12, GUP_PIN_USER_PAGES_FAST, W | GUP_NOWAIT, INVAL },
	{ GUP_LINUX_6_12, GUP_GET_USER_PAGES_FAST, W | GUP_NOWAIT, INVAL },
	{ GUP_NATIVE, GUP_PIN_USER_PAGES_FAST, W | GUP_NOWAIT, OK },
	{ GUP_NATIVE, GUP_GET_USER_PAGES_FAST_ONLY, W | GUP_NOFAULT, OK },
};

static void flags_by_entry(void **state)
{
	struct gup_page *pages[NR];
	struct gup_why why;
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(flag_rows); i++) {
		const struct flag_row *row = &flag_rows[i];
		struct gup_call call = { row->entry, BASE, NR, row->flags, pages, NULL };
		long got;

		begin(&w, row->id);
		got = call_with(w.mm, call, NO_LOCKED, &why);
		expect_result(&w, row->entry, got, row->want == OK ? NR : row->want);
		expect_held_and_release(&w, row->entry, pages, got);
		world_end(&w);
	}
}

/* Without a page array a slow get only faults in; every pin and every fast entry refuses. */
static void no_page_array(void **state)
{
	struct gup_why why;
	enum gup_contract_id id;
	enum gup_entry entry;
	struct world w;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		begin(&w, id);
		for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
			struct gup_call call = { entry, BASE, NR, W, NULL, NULL };
			bool optional = !entry_pins(entry) && !entry_is_fast(entry);

			if (!exists(id, entry))
				continue;
			expect_result(&w, entry, call_with(w.mm, call, usual_locked(entry), &why),
				      optional ? NR : bad_argument(id, entry));
			assert_int_equal(why.rule, optional ? GUP_RULE_NONE : GUP_RULE_NO_PAGES_ARRAY);
			check_rest(w.m, 0, 0);
		}
		world_end(&w);
	}
}

static void longterm_without_page_array(void **state)
{
	struct gup_call call = { GUP_GET_USER_PAGES, BASE, NR, W | LT, NULL, NULL };
	struct gup_why why;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_5_2);
	assert_int_equal(call_with(w.mm, call, NO_LOCKED, &why), INVAL);
	assert_int_equal(why.rule, GUP_RULE_NO_PAGES_ARRAY);
	world_end(&w);
	begin(&w, GUP_NATIVE);
	assert_int_equal(call_with(w.mm, call, NO_LOCKED, &why), INVAL);
	world_end(&w);
}

static void locked_that_is_not_held(void **state)
{
	struct gup_page *pages[NR];
	struct gup_why why;
	enum gup_contract_id id;
	enum gup_entry entry;
	struct world w;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		begin(&w, id);
		for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
			struct gup_call call = { entry, BASE, NR, W, pages, NULL };
			bool takes_locked = entry == GUP_GET_USER_PAGES_REMOTE || entry == GUP_PIN_USER_PAGES_REMOTE ||
					    usual_locked(entry) == HELD;

			if (!exists(id, entry) || !takes_locked)
				continue;
			expect_result(&w, entry, call_with(w.mm, call, NOT_HELD, &why), bad_argument(id, entry));
			assert_int_equal(why.rule, GUP_RULE_LOCKED_STATE);
		}
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

static const struct range_row {
	unsigned long start;
	long nr;
	long want[GUP_NR_CONTRACTS]; /* 6.12, 6.1, 5.2, native: the enum's order */
} fast_ranges[] = {
	{ -PAGE, 2, { -GUP_EOVERFLOW, 0, FAULT, -GUP_EOVERFLOW } },
	{ BASE, -1, { -GUP_EOVERFLOW, 0, 0, 0 } },
	{ 0, -1, { FAULT, FAULT, 0, 0 } },
	{ BASE, 0, { 0, 0, 0, 0 } },
	{ GUP_USER_TOP - PAGE, 2, { FAULT, FAULT, FAULT, FAULT } },
	{ GUP_USER_TOP, 1, { FAULT, FAULT, FAULT, FAULT } },
	{ BASE + 77, NR, { NR, NR, NR, NR } },
};

static void ranges_of_the_fast_form(void **state)
{
	struct gup_page *pages[NR];
	struct gup_why why;
	enum gup_contract_id id;
	struct world w;
	size_t i;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		begin(&w, id);
		for (i = 0; i < ARRAY_LEN(fast_ranges); i++) {
			struct gup_call call = {
				GUP_GET_USER_PAGES_FAST, fast_ranges[i].start, fast_ranges[i].nr, W, pages, NULL
			};
			long got = call_with(w.mm, call, NO_LOCKED, &why);

			if (got != fast_ranges[i].want[id])
				print_error("row %zu:\n", i);
			expect_result(&w, call.entry, got, fast_ranges[i].want[id]);
			expect_held_and_release(&w, call.entry, pages, got);
		}
		world_end(&w);
	}
}

static void ranges_of_the_slow_form(void **state)
{
	struct gup_page *pages[NR];
	enum gup_contract_id id;
	struct world w;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		begin(&w, id);
		assert_int_equal(get_plain(w.mm, BASE, 0, W, pages), 0);
		assert_int_equal(get_plain(w.mm, BASE, -1, W, pages), 0);
		assert_int_equal(get_plain(w.mm, GUP_USER_TOP, 1, W, pages), FAULT);
		assert_int_equal(get_plain(w.mm, UINT64_MAX, 1, W, pages), FAULT);
		assert_int_equal(get_plain(w.mm, 0, 1, W, pages), FAULT);
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

enum region { READ_WRITE, READ_ONLY, NO_ACCESS, WRITE_ONLY, SHARED_READ_ONLY, HOLE, REGISTERS, SHORT_OBJECT, DAX_FILE };

static uint64_t region_addr(enum region region)
{
	return BASE + HUGE * (region + 1);
}

/* One region of each kind, NR pages long, all that can be touched was touched. */
static void make_regions(struct world *w)
{
	static const unsigned int prots[] = { RW, GUP_PROT_READ, 0, GUP_PROT_WRITE };
	struct gup_object *shm = new_shm(w, NR * PAGE), *end = new_shm(w, PAGE), *file = new_dax_file(w, NR * PAGE);
	struct gup_object *registers;
	unsigned int i;

	assert_int_equal(gup_pfnmap_create(w->m, UINT64_C(1) << 30, NR * PAGE, &registers), 0);
	for (i = READ_WRITE; i <= WRITE_ONLY; i++) {
		map_anon(w->mm, region_addr(i), NR * PAGE);
		app_fill(w->mm, region_addr(i), NR * PAGE, i);
		assert_int_equal(gup_mprotect(w->mm, region_addr(i), NR * PAGE, prots[i]), 0);
	}
	map_shared(w->mm, region_addr(SHARED_READ_ONLY), NR * PAGE, shm);
	app_fill(w->mm, region_addr(SHARED_READ_ONLY), NR * PAGE, 1);
	assert_int_equal(gup_mprotect(w->mm, region_addr(SHARED_READ_ONLY), NR * PAGE, GUP_PROT_READ), 0);
	map_shared(w->mm, region_addr(REGISTERS), NR * PAGE, registers);
	map_shared(w->mm, region_addr(SHORT_OBJECT), NR * PAGE, end);
	map_shared(w->mm, region_addr(DAX_FILE), NR * PAGE, file);
	app_fill(w->mm, region_addr(DAX_FILE), NR * PAGE, 1);
	gup_object_put(shm);
	gup_object_put(end);
	gup_object_put(file);
	gup_object_put(registers);
}

static const struct mapping_row {
	enum region region;
	unsigned int flags;
	long want;
	enum gup_rule rule;
} mapping_rows[] = {
	{ READ_WRITE, 0, NR, GUP_RULE_NONE },
	{ READ_WRITE, W, NR, GUP_RULE_NONE },
	{ READ_ONLY, 0, NR, GUP_RULE_NONE },
	{ READ_ONLY, W, FAULT, GUP_RULE_VMA_NOT_WRITABLE },
	{ READ_ONLY, W | GUP_FORCE, NR, GUP_RULE_NONE },
	{ NO_ACCESS, 0, FAULT, GUP_RULE_VMA_NOT_READABLE },
	{ NO_ACCESS, W, FAULT, GUP_RULE_VMA_NOT_WRITABLE },
	{ NO_ACCESS, GUP_FORCE, NR, GUP_RULE_NONE },
	{ NO_ACCESS, W | GUP_FORCE, NR, GUP_RULE_NONE },
	{ WRITE_ONLY, 0, FAULT, GUP_RULE_VMA_NOT_READABLE },
	{ WRITE_ONLY, W, NR, GUP_RULE_NONE },
	{ SHARED_READ_ONLY, 0, NR, GUP_RULE_NONE },
	{ SHARED_READ_ONLY, W, FAULT, GUP_RULE_VMA_NOT_WRITABLE },
	{ SHARED_READ_ONLY, W | GUP_FORCE, FAULT, GUP_RULE_FORCE_SHARED },
	{ HOLE, 0, FAULT, GUP_RULE_NO_VMA },
	{ HOLE, W | GUP_FORCE, FAULT, GUP_RULE_NO_VMA },
	{ REGISTERS, 0, FAULT, GUP_RULE_VMA_SPECIAL },
	{ REGISTERS, W, FAULT, GUP_RULE_VMA_SPECIAL },
	{ SHORT_OBJECT, W, 1, GUP_RULE_BEYOND_OBJECT },
	{ DAX_FILE, W, NR, GUP_RULE_NONE },
};

static void mapping_rules_through(struct world *w, enum gup_entry entry)
{
	struct gup_page *pages[NR];
	struct gup_why why;
	size_t i;

	for (i = 0; i < ARRAY_LEN(mapping_rows); i++) {
		const struct mapping_row *row = &mapping_rows[i];
		long got;

		/* Page tables cannot express write-only, so what is present can be read without a look at the VMA. */
		if (entry_is_fast(entry) && row->region == WRITE_ONLY && !row->flags)
			continue;
		got = call_with(w->mm,
				(struct gup_call){ entry, region_addr(row->region), NR, row->flags, pages, NULL },
				usual_locked(entry), &why);
		if (got != row->want || why.rule != row->rule)
			fail_msg("%s, %s, row %zu: %ld %s instead of %ld %s",
				 gup_contract_name(gup_machine_contract(w->m)), gup_entry_name(entry), i, got,
				 gup_rule_name(why.rule), row->want, gup_rule_name(row->rule));
		expect_held_and_release(w, entry, pages, got);
	}
}

static void rules_of_the_mapping(void **state)
{
	enum gup_contract_id id;
	enum gup_entry entry;
	struct world w;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		begin(&w, id);
		make_regions(&w);
		for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
			if (exists(id, entry) && entry != GUP_GET_USER_PAGES_FAST_ONLY &&
			    entry != GUP_PIN_USER_PAGES_FAST_ONLY)
				mapping_rules_through(&w, entry);
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longterm_at_the_gate),
		cmocka_unit_test(remote_longterm_with_locked),
		cmocka_unit_test(without_longterm_all_that_exist_work),
		cmocka_unit_test(unknown_flags),
		cmocka_unit_test(flags_by_entry),
		cmocka_unit_test(no_page_array),
		cmocka_unit_test(longterm_without_page_array),
		cmocka_unit_test(locked_that_is_not_held),
		cmocka_unit_test(ranges_of_the_fast_form),
		cmocka_unit_test(ranges_of_the_slow_form),
		cmocka_unit_test(rules_of_the_mapping),
	};

	return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}
