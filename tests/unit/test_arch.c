/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_arch.c - the entry encodings: built once for each folder of arch/, on any machine.
 *
 * Every combination of attributes must come back, each entry must be exactly one kind, and the bits must be those that
 * the CPU's manual names (the constants here are written out again on purpose).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pte.h"

#define ALL_ATTR 0x7fu

static const u64 pfns[] = { 0, 1, 0x12345, 0x80000, 0xfffffffff };

/* What a bare CPU sees, by architecture: is the entry valid, may user code write, what must a user leaf look like? */
#if defined(TEST_ARCH_X86_64)
#define CPU_VALID(e) ((e)&1)
#define CPU_USER_WRITE(e, dirty) ((void)(dirty), ((e)&7) == 7)
#define CPU_DIRTIES(e) ((e) | 0x40)
static const u64 rwx_dirty_leaf_4k = 0x12345067, table_at_12345 = 0x12345027, ro_noexec_leaf_2m = 0x80000000402000a5;
#elif defined(TEST_ARCH_ARM64)
#define CPU_VALID(e) ((e)&1)
#define CPU_USER_WRITE(e, dirty) (((e)&0xc1) == (0x41 | ((dirty) ? 0 : 0x80)) && ((e) >> 51 & 1))
#define CPU_DIRTIES(e) ((e) & ~(u64)0x80)
static const u64 rwx_dirty_leaf_4k = 0x00a8000012345f43, table_at_12345 = 0x12345003,
		 ro_noexec_leaf_2m = 0x0060000040200fc1;
#elif defined(TEST_ARCH_RISCV64)
#define CPU_VALID(e) ((e)&1)
#define CPU_USER_WRITE(e, dirty) ((void)(dirty), ((e)&0x17) == 0x17)
#define CPU_DIRTIES(e) ((e) | 0x80)
static const u64 rwx_dirty_leaf_4k = 0x48d14df, table_at_12345 = 0x48d1401, ro_noexec_leaf_2m = 0x10080053;
#endif

static void check_kind(u64 e, unsigned int level, bool table, bool leaf, bool migration)
{
	assert_int_not_equal(e, 0);
	assert_int_equal(gup_arch_is_table(e, level), table);
	assert_int_equal(gup_arch_is_leaf(e, level), leaf);
	assert_int_equal(gup_arch_is_migration(e), migration);
}

/* 2 MiB entries have aligned frames. */
static u64 pfn_for(unsigned int i, unsigned int level)
{
	return level ? pfns[i] & ~(u64)(GUP_HUGE_PAGES - 1) : pfns[i];
}

static void check_leaf(u64 pfn, unsigned int level, unsigned int attr)
{
	u64 e = gup_arch_mk_leaf(pfn, level, attr);
	bool user_write = (attr & GUP_PTE_WRITE) && (attr & GUP_PTE_ACCESS);

	check_kind(e, level, false, true, false);
	assert_int_equal(gup_arch_pfn(e), pfn);
	assert_int_equal(gup_arch_attr(e), attr & GUP_PTE_LEAF_ATTR);
	assert_int_equal(!!CPU_VALID(e), !!(attr & GUP_PTE_ACCESS));
	assert_int_equal(!!CPU_USER_WRITE(e, attr & GUP_PTE_DIRTY), user_write);
	assert_int_equal(gup_arch_wrprotect(e), gup_arch_mk_leaf(pfn, level, attr & ~GUP_PTE_WRITE));
}

static void check_migration(u64 pfn, unsigned int level, unsigned int attr)
{
	u64 e = gup_arch_mk_migration(pfn, level, attr);

	check_kind(e, level, false, false, true);
	assert_int_equal(gup_arch_pfn(e), pfn);
	assert_int_equal(gup_arch_attr(e), attr & GUP_PTE_MIGRATION_ATTR);
	assert_false(CPU_VALID(e));
	assert_int_equal(gup_arch_wrprotect(e), gup_arch_mk_migration(pfn, level, attr & ~GUP_PTE_WRITE));
}

static void every_attribute_comes_back(void **state)
{
	(void)state;
	for (unsigned int level = 0; level < 2; level++) {
		for (unsigned int i = 0; i < GUP_ARRAY_SIZE(pfns); i++) {
			for (unsigned int attr = 0; attr <= ALL_ATTR; attr++) {
				check_leaf(pfn_for(i, level), level, attr);
				check_migration(pfn_for(i, level), level, attr);
			}
		}
	}
}

static void tables_are_only_tables(void **state)
{
	(void)state;
	for (unsigned int level = 1; level < GUP_PTE_LEVELS; level++) {
		for (unsigned int i = 0; i < GUP_ARRAY_SIZE(pfns); i++) {
			u64 e = gup_arch_mk_table(pfns[i]);

			check_kind(e, level, true, false, false);
			assert_int_equal(gup_arch_pfn(e), pfns[i]);
			assert_true(CPU_VALID(e));
		}
	}
}

static void zero_is_none(void **state)
{
	(void)state;
	for (unsigned int level = 0; level < GUP_PTE_LEVELS; level++) {
		assert_false(gup_arch_is_table(0, level));
		assert_false(gup_arch_is_leaf(0, level));
	}
	assert_false(gup_arch_is_migration(0));
}

static void bits_are_the_hardware_s(void **state)
{
	const unsigned int all = GUP_PTE_WRITE | GUP_PTE_ACCESS | GUP_PTE_EXEC | GUP_PTE_DIRTY;

	(void)state;
	assert_int_equal(gup_arch_mk_leaf(0x12345, 0, all), rwx_dirty_leaf_4k);
	assert_int_equal(gup_arch_mk_table(0x12345), table_at_12345);
	assert_int_equal(gup_arch_mk_leaf(0x40200, 1, GUP_PTE_ACCESS), ro_noexec_leaf_2m);
}

/* Where software has not been told of it yet. */
static void what_the_cpu_made_dirty_stays_so(void **state)
{
	const unsigned int rw = GUP_PTE_ACCESS | GUP_PTE_WRITE;
	u64 e = CPU_DIRTIES(gup_arch_mk_leaf(1, 0, rw));

	(void)state;
	assert_int_equal(gup_arch_attr(e), rw | GUP_PTE_DIRTY);
	assert_int_equal(gup_arch_attr(gup_arch_wrprotect(e)), GUP_PTE_ACCESS | GUP_PTE_DIRTY);
}

/* What the fast path asks of an entry: the leaves that it names, of any level, and nothing else. */
static void check_pattern(unsigned int set, unsigned int clear)
{
	struct gup_pte_pattern pattern = gup_pte_pattern(set, clear);
	unsigned int i, level, attr;

	for (i = 0; i < GUP_ARRAY_SIZE(pfns); i++) {
		for (attr = 0; attr <= ALL_ATTR; attr++) {
			for (level = 0; level < 2; level++) {
				u64 pfn = pfn_for(i, level), leaf = gup_arch_mk_leaf(pfn, level, attr);
				bool fits = (attr & set) == set && !(attr & clear);

				assert_int_equal(gup_pte_matches(leaf, pattern), fits);
				assert_false(gup_pte_matches(gup_arch_mk_migration(pfn, level, attr), pattern));
			}
		}
	}
	assert_false(gup_pte_matches(0, pattern));
}

static void patterns_match_leaves_by_their_attributes(void **state)
{
	const unsigned int rw = GUP_PTE_ACCESS | GUP_PTE_WRITE;

	(void)state;
	check_pattern(GUP_PTE_ACCESS, GUP_PTE_SPECIAL);
	check_pattern(GUP_PTE_ACCESS, GUP_PTE_SPECIAL | GUP_PTE_DEVMAP);
	check_pattern(rw, GUP_PTE_SPECIAL);
	check_pattern(rw, GUP_PTE_SPECIAL | GUP_PTE_DEVMAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attribute_comes_back),
		cmocka_unit_test(tables_are_only_tables),
		cmocka_unit_test(zero_is_none),
		cmocka_unit_test(bits_are_the_hardware_s),
		cmocka_unit_test(what_the_cpu_made_dirty_stays_so),
		cmocka_unit_test(patterns_match_leaves_by_their_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
