/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_history.c - the rules as data: each row well formed, each release a machine of its own.
 *
 * What the values mean is for the other tests in this folder; here it is that they can be read, in order and without gaps.
 */
#include "world.h"

static bool same_name(const struct gup_contract_rule *a, const struct gup_contract_rule *b)
{
	return a->entry == b->entry && !strcmp(a->name, b->name);
}

static void rows_are_well_formed(void **state)
{
	struct gup_contract_rule rule, other;
	unsigned int nr, i;
	char words[64];

	(void)state;
	for (nr = 0; !gup_contract_rule(nr, &rule); nr++) {
		assert_true(rule.name[0] && rule.text[0]);
		assert_int_equal(rule.changes[0].since, GUP_KERNEL_OLDEST);
		for (i = 1; rule.changes[i].since; i++) {
			assert_true(i < GUP_CONTRACT_CHANGES && gup_kernel_known(rule.changes[i].since));
			assert_true(rule.changes[i].since > rule.changes[i - 1].since);
			assert_int_not_equal(rule.changes[i].value, rule.changes[i - 1].value);
			assert_true(gup_contract_value_str(rule.unit, rule.changes[i].value, words, sizeof(words)) > 0);
		}
		for (i = 0; i < nr; i++) {
			assert_int_equal(gup_contract_rule(i, &other), 0);
			assert_false(same_name(&rule, &other));
		}
	}
	assert_true(nr > GUP_NR_ENTRIES * 5);
	assert_int_equal(gup_contract_rule(nr, &rule), -GUP_ENOENT);
	assert_int_equal(gup_contract_rule(0, NULL), -GUP_EINVAL);
}

static void values_over_time(void **state)
{
	const struct gup_contract_rule rule = {
		.native = 7, .changes = { { GUP_KERNEL(5, 2), 1 }, { GUP_KERNEL(5, 9), 2 }, { GUP_KERNEL(6, 0), 3 } }
	};
	uint32_t since;

	(void)state;
	assert_int_equal(gup_contract_value(&rule, GUP_KERNEL(5, 8), &since), 1);
	assert_int_equal(since, GUP_KERNEL(5, 2));
	assert_int_equal(gup_contract_value(&rule, GUP_KERNEL(5, 9), &since), 2);
	assert_int_equal(gup_contract_value(&rule, GUP_KERNEL(5, 19), &since), 2);
	assert_int_equal(since, GUP_KERNEL(5, 9));
	assert_int_equal(gup_contract_value(&rule, GUP_KERNEL(6, 18), NULL), 3);
	assert_int_equal(gup_contract_value(&rule, 0, &since), 7);
	assert_int_equal(since, 0);
}

static void expect_words(enum gup_contract_unit unit, int value, const char *words)
{
	char got[64], cut[4];

	assert_int_equal(gup_contract_value_str(unit, value, got, sizeof(got)), strlen(words));
	assert_string_equal(got, words);
	assert_int_equal(gup_contract_value_str(unit, value, cut, sizeof(cut)), strlen(words));
	assert_int_equal(strncmp(cut, words, 3), 0);
	assert_int_equal(gup_contract_value_str(unit, value, NULL, 0), strlen(words));
}

static void values_in_words(void **state)
{
	(void)state;
	expect_words(GUP_UNIT_YES_NO, 0, "no");
	expect_words(GUP_UNIT_YES_NO, 1, "yes");
	expect_words(GUP_UNIT_ERROR, 0, "0");
	expect_words(GUP_UNIT_ERROR, -GUP_EOVERFLOW, "EOVERFLOW");
	expect_words(GUP_UNIT_FLAGS, 0, "none");
	expect_words(GUP_UNIT_FLAGS, GUP_WRITE | GUP_NOWAIT, "WRITE NOWAIT");
}

/* From the refusal of a call to the rule that made it, and to its history. */
static void from_a_refusal_to_its_rules(void **state)
{
	struct gup_contract_rule rule;
	uint32_t since;
	int nr;

	(void)state;
	nr = gup_contract_rule_of(GUP_RULE_NO_ENTRY_POINT, GUP_PIN_USER_PAGES_FAST, 0);
	assert_true(nr >= 0);
	assert_int_equal(gup_contract_rule((unsigned int)nr, &rule), 0);
	assert_string_equal(rule.name, "exists");
	assert_int_equal(rule.entry, GUP_PIN_USER_PAGES_FAST);
	assert_int_equal(gup_contract_value(&rule, GUP_KERNEL(5, 5), NULL), 0);
	assert_int_equal(gup_contract_value(&rule, GUP_KERNEL(6, 1), &since), 1);
	assert_int_equal(since, GUP_KERNEL(5, 6));
	assert_int_equal(gup_contract_rule_of(GUP_RULE_NO_ENTRY_POINT, GUP_PIN_USER_PAGES_FAST, (unsigned int)nr + 1),
			 -GUP_ENOENT);
	assert_int_equal(gup_contract_rule_of(GUP_RULE_NONE, GUP_PIN_USER_PAGES, 0), -GUP_ENOENT);
}

static int create(uint32_t kernel, enum gup_contract_id id, struct gup_machine **out)
{
	const struct gup_machine_config config = { .normal_bytes = 4 * MIB, .contract = id, .kernel = kernel };

	return gup_machine_create(&config, out);
}

static void releases_that_are_refused(void **state)
{
	static const uint32_t unknown[] = {
		1, GUP_KERNEL(4, 19), GUP_KERNEL(5, 1), GUP_KERNEL(5, 20), GUP_KERNEL_NEWEST + 1, GUP_KERNEL(7, 0)
	};
	struct gup_machine *m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(unknown); i++)
		assert_int_equal(create(unknown[i], 0, &m), -GUP_EOPNOTSUPP);
	assert_int_equal(create(GUP_KERNEL(6, 1), GUP_LINUX_6_1, &m), -GUP_EINVAL);
	assert_int_equal(create(GUP_KERNEL(6, 1), GUP_NATIVE, &m), -GUP_EINVAL);
	assert_int_equal(create(0, GUP_NR_CONTRACTS, &m), -GUP_EINVAL);
}

static void each_release_is_a_machine(void **state)
{
	struct gup_machine *m;
	uint32_t kernel;
	unsigned int releases = 0;

	(void)state;
	for (kernel = GUP_KERNEL_OLDEST; kernel <= GUP_KERNEL_NEWEST; kernel++) {
		if (!gup_kernel_known(kernel))
			continue;
		assert_int_equal(create(kernel, 0, &m), 0);
		assert_int_equal(gup_machine_kernel(m), kernel);
		assert_int_equal(gup_contract_kernel(gup_machine_contract(m)),
				 gup_machine_contract(m) == GUP_NR_CONTRACTS ? 0 : kernel);
		assert_int_equal(gup_machine_destroy(m), 0);
		releases++;
	}
	assert_int_equal(releases, 18 + 19);
	assert_int_equal(create(0, GUP_NATIVE, &m), 0);
	assert_int_equal(gup_machine_kernel(m), 0);
	assert_int_equal(gup_machine_destroy(m), 0);
	assert_int_equal(create(GUP_KERNEL(6, 12), 0, &m), 0);
	assert_int_equal(gup_machine_contract(m), GUP_LINUX_6_12);
	assert_int_equal(gup_machine_destroy(m), 0);
	assert_int_equal(gup_machine_kernel(NULL), 0);
	assert_int_equal(gup_contract_kernel(GUP_NR_CONTRACTS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_well_formed),	     cmocka_unit_test(values_over_time),
		cmocka_unit_test(values_in_words),	     cmocka_unit_test(from_a_refusal_to_its_rules),
		cmocka_unit_test(releases_that_are_refused), cmocka_unit_test(each_release_is_a_machine),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
