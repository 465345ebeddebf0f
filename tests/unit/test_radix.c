/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_radix.c - mm/radix.c against a plain table of indices and values.
 *
 * The slab below is malloc() that counts nodes and fails on demand. After each step the array must answer as the
 * table does and own exactly the nodes that its contents need.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "radix.h"
#include "slab.h"

#define KEYS 64
#define STEPS 20000

static unsigned int live_nodes, allocations_until_failure = UINT32_MAX;

void *gup_slab_alloc(struct gup_machine *m, enum gup_slab_kind kind)
{
	assert_null(m);
	assert_int_equal(kind, GUP_SLAB_RADIX);
	if (!allocations_until_failure)
		return NULL;
	allocations_until_failure--;
	live_nodes++;
	return calloc(1, sizeof(struct gup_radix_node));
}

void gup_slab_free(struct gup_machine *m, enum gup_slab_kind kind, void *object)
{
	assert_null(m);
	assert_int_equal(kind, GUP_SLAB_RADIX);
	assert_non_null(object);
	live_nodes--;
	free(object);
}

struct model {
	struct gup_radix array;
	u64 keys[KEYS]; /* ascending */
	u64 values[KEYS];
};

static u64 random_state;

static u64 random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Height that the largest used key needs. */
static u32 needed_height(const struct model *mo)
{
	u32 height = 0;

	for (unsigned int i = 0; i < KEYS; i++) {
		u64 rest = mo->keys[i];
		u32 levels = 1;

		if (!mo->values[i])
			continue;
		while (rest >>= GUP_RADIX_SHIFT)
			levels++;
		height = levels > height ? levels : height;
	}
	return height;
}

/* On each level as many nodes as there are different prefixes. */
static unsigned int needed_nodes(const struct model *mo)
{
	unsigned int nodes = 0;

	for (u32 level = 1; level <= needed_height(mo); level++) {
		u64 before = UINT64_MAX;

		for (unsigned int i = 0; i < KEYS; i++) {
			u64 prefix = level * GUP_RADIX_SHIFT < 64 ? mo->keys[i] >> (level * GUP_RADIX_SHIFT) : 0;

			if (mo->values[i] && prefix != before) {
				nodes++;
				before = prefix;
			}
		}
	}
	return nodes;
}

static void check(const struct model *mo)
{
	u64 index = 0, value = 0, count = 0;

	for (unsigned int i = 0; i < KEYS; i++) {
		assert_int_equal(gup_radix_get(&mo->array, mo->keys[i]), mo->values[i]);
		if (!mo->values[i])
			continue;
		count++;
		assert_true(gup_radix_next(&mo->array, &index, &value));
		assert_int_equal(index, mo->keys[i]);
		assert_int_equal(value, mo->values[i]);
		index++;
	}
	assert_false(count && index == 0); /* no key is UINT64_MAX here */
	assert_false(gup_radix_next(&mo->array, &index, &value));
	assert_int_equal(mo->array.count, count);
	assert_int_equal(mo->array.height, needed_height(mo));
	assert_int_equal(live_nodes, needed_nodes(mo));
}

static int compare_keys(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Keys of all magnitudes, some of them neighbours. */
static void make_keys(struct model *mo, unsigned int bits)
{
	*mo = (struct model){ .array = { NULL, 0, 0 } };
	for (unsigned int i = 0; i < KEYS; i++) {
		u64 key = random_number() >> (64 - bits + random_number() % bits);

		mo->keys[i] = i % 4 == 3 ? mo->keys[i - 1] + 1 : key & (UINT64_MAX >> 1);
	}
	qsort(mo->keys, KEYS, sizeof(mo->keys[0]), compare_keys);
	for (unsigned int i = 1; i < KEYS; i++) {
		if (mo->keys[i] <= mo->keys[i - 1])
			mo->keys[i] = mo->keys[i - 1] + 1;
	}
}

static void random_step(struct model *mo, unsigned int failure_in)
{
	unsigned int at = (unsigned int)(random_number() % KEYS);
	u64 value = random_number() | 1;
	int error;

	if (mo->values[at] && random_number() % 4) {
		assert_int_equal(gup_radix_clear(NULL, &mo->array, mo->keys[at]), mo->values[at]);
		mo->values[at] = 0;
		return;
	}
	allocations_until_failure = failure_in;
	error = gup_radix_set(NULL, &mo->array, mo->keys[at], value);
	allocations_until_failure = UINT32_MAX;
	if (!error)
		mo->values[at] = value;
	else
		assert_int_equal(error, -GUP_ENOMEM);
}

static void clear_all(struct model *mo)
{
	for (unsigned int i = 0; i < KEYS; i++)
		gup_radix_clear(NULL, &mo->array, mo->keys[i]);
	assert_int_equal(live_nodes, 0);
	assert_null(mo->array.root);
	assert_int_equal(mo->array.height, 0);
}

static void run_random(u64 seed, unsigned int bits, bool fail)
{
	static struct model mo;

	random_state = seed;
	make_keys(&mo, bits);
	for (unsigned int step = 0; step < STEPS; step++) {
		random_step(&mo, fail ? (unsigned int)(random_number() % 6) : UINT32_MAX);
		check(&mo);
	}
	clear_all(&mo);
}

static void random_dense_keys(void **state)
{
	(void)state;
	run_random(11, 8, false);
}

static void random_keys_of_all_sizes(void **state)
{
	(void)state;
	run_random(12, 63, false);
}

static void random_with_failing_memory(void **state)
{
	(void)state;
	run_random(13, 63, true);
}

/* The tallest set, failing at each of its allocations in turn: nothing may have changed. */
static void failure_at_every_allocation(void **state)
{
	struct gup_radix array = { NULL, 0, 0 };
	unsigned int needed = 0;

	(void)state;
	assert_int_equal(gup_radix_set(NULL, &array, 3, 33), 0);
	for (;; needed++) {
		allocations_until_failure = needed;
		if (!gup_radix_set(NULL, &array, UINT64_MAX, 44))
			break;
		assert_int_equal(live_nodes, 1);
		assert_int_equal(array.height, 1);
		assert_int_equal(array.count, 1);
		assert_int_equal(gup_radix_get(&array, 3), 33);
		assert_int_equal(gup_radix_get(&array, UINT64_MAX), 0);
	}
	allocations_until_failure = UINT32_MAX;
	assert_int_equal(needed, 20); /* ten levels above the first, ten nodes beside it */
	assert_int_equal(live_nodes, 21);
	assert_int_equal(gup_radix_clear(NULL, &array, UINT64_MAX), 44);
	assert_int_equal(live_nodes, 1);
	assert_int_equal(gup_radix_clear(NULL, &array, 3), 33);
	assert_int_equal(live_nodes, 0);
}

static void replacing_needs_no_memory(void **state)
{
	struct gup_radix array = { NULL, 0, 0 };

	(void)state;
	assert_int_equal(gup_radix_set(NULL, &array, 1000000, 1), 0);
	allocations_until_failure = 0;
	assert_int_equal(gup_radix_set(NULL, &array, 1000000, 2), 0);
	allocations_until_failure = UINT32_MAX;
	assert_int_equal(array.count, 1);
	assert_int_equal(gup_radix_clear(NULL, &array, 1000000), 2);
	assert_int_equal(gup_radix_clear(NULL, &array, 1000000), 0);
	assert_int_equal(live_nodes, 0);
}

static void next_at_the_end_of_the_index_space(void **state)
{
	struct gup_radix array = { NULL, 0, 0 };
	u64 index = 0, value = 0;

	(void)state;
	assert_false(gup_radix_next(&array, &index, &value));
	assert_int_equal(gup_radix_set(NULL, &array, UINT64_MAX - 1, 5), 0);
	assert_true(gup_radix_next(&array, &index, &value));
	assert_int_equal(index, UINT64_MAX - 1);
	assert_int_equal(value, 5);
	index = UINT64_MAX;
	assert_false(gup_radix_next(&array, &index, &value));
	assert_int_equal(gup_radix_set(NULL, &array, UINT64_MAX, 6), 0);
	assert_true(gup_radix_next(&array, &index, &value));
	assert_int_equal(index, UINT64_MAX);
	assert_int_equal(value, 6);
	assert_int_equal(gup_radix_clear(NULL, &array, UINT64_MAX - 1), 5);
	assert_int_equal(gup_radix_clear(NULL, &array, UINT64_MAX), 6);
	assert_int_equal(live_nodes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_dense_keys),	      cmocka_unit_test(random_keys_of_all_sizes),
		cmocka_unit_test(random_with_failing_memory), cmocka_unit_test(failure_at_every_allocation),
		cmocka_unit_test(replacing_needs_no_memory),  cmocka_unit_test(next_at_the_end_of_the_index_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
