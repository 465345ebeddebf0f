/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_itree.c - mm/itree.c against a sorted array.
 *
 * Both get the same random insertions and removals; after each step the tree must be valid, hold the same nodes in the
 * same order (equal starts in order of insertion) and answer range queries alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "itree.h"

#define NODES 200
#define STEPS 4000

struct model {
	struct gup_itree tree;
	struct gup_itree_node nodes[NODES];
	bool used[NODES];
	struct gup_itree_node *order[NODES];
	unsigned int count;
};

static u64 random_state;

static u64 random_below(u64 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

static void model_insert(struct model *mo, struct gup_itree_node *node)
{
	unsigned int at = mo->count++;

	for (; at && mo->order[at - 1]->start > node->start; at--)
		mo->order[at] = mo->order[at - 1];
	mo->order[at] = node;
	gup_itree_insert(&mo->tree, node);
}

static void model_remove(struct model *mo, struct gup_itree_node *node)
{
	unsigned int at = 0;

	while (mo->order[at] != node)
		at++;
	for (mo->count--; at < mo->count; at++)
		mo->order[at] = mo->order[at + 1];
	gup_itree_remove(&mo->tree, node);
}

static void check_order(const struct model *mo)
{
	struct gup_itree_node *n = gup_itree_min(&mo->tree), *before = NULL;

	assert_true(gup_itree_is_valid(&mo->tree));
	for (unsigned int i = 0; i < mo->count; i++) {
		assert_ptr_equal(n, mo->order[i]);
		assert_ptr_equal(gup_itree_pred(n), before);
		before = n;
		n = gup_itree_succ(n);
	}
	assert_null(n);
}

static unsigned int check_query(const struct model *mo, u64 start, u64 last)
{
	struct gup_itree_node *n = gup_itree_first(&mo->tree, start, last);
	unsigned int found = 0;

	for (unsigned int i = 0; i < mo->count; i++) {
		if (mo->order[i]->start > last || mo->order[i]->last < start)
			continue;
		assert_ptr_equal(n, mo->order[i]);
		n = gup_itree_next(n, start, last);
		found++;
	}
	assert_null(n);
	return found;
}

static void toggle(struct model *mo, unsigned int at, u64 space, u64 longest)
{
	struct gup_itree_node *node = &mo->nodes[at];

	if (mo->used[at]) {
		model_remove(mo, node);
	} else {
		node->start = random_below(space);
		node->last = node->start + random_below(longest);
		model_insert(mo, node);
	}
	mo->used[at] = !mo->used[at];
}

static void run_random(u64 seed, u64 space, u64 longest)
{
	static struct model mo;
	unsigned int found = 0;

	mo = (struct model){ .count = 0 };
	random_state = seed;
	for (unsigned int step = 0; step < STEPS; step++) {
		u64 start = random_below(space);

		toggle(&mo, (unsigned int)random_below(NODES), space, longest);
		check_order(&mo);
		found += check_query(&mo, start, start + random_below(longest));
	}
	assert_true(found > 0);
}

static void random_short_intervals(void **state)
{
	(void)state;
	run_random(1, 10000, 60);
}

static void random_long_overlapping_intervals(void **state)
{
	(void)state;
	run_random(2, 1000, 1000);
}

static void random_equal_starts(void **state)
{
	(void)state;
	run_random(3, 5, 5);
}

static void equal_starts_keep_insertion_order(void **state)
{
	static struct model mo;

	(void)state;
	mo = (struct model){ .count = 0 };
	for (unsigned int i = 0; i < NODES; i++) {
		mo.nodes[i].start = 7;
		mo.nodes[i].last = 7 + i;
		gup_itree_insert(&mo.tree, &mo.nodes[i]);
		mo.order[mo.count++] = &mo.nodes[i];
		check_order(&mo);
	}
	assert_int_equal(check_query(&mo, 7 + NODES - 10, UINT64_MAX), 10);
}

static void ascending_insertion_stays_balanced(void **state)
{
	static struct gup_itree_node nodes[1023];
	struct gup_itree tree = { NULL };

	(void)state;
	for (unsigned int i = 0; i < 1023; i++) {
		nodes[i].start = i * 2;
		nodes[i].last = i * 2;
		gup_itree_insert(&tree, &nodes[i]);
	}
	assert_true(gup_itree_is_valid(&tree));
	assert_int_equal(tree.root->height, 10);
	assert_int_equal(tree.root->max_last, 2044);
	assert_null(gup_itree_first(&tree, 1, 1));
	assert_ptr_equal(gup_itree_first(&tree, 1, 2), &nodes[1]);
}

#define MANY 100000u

enum order { ASCENDING, DESCENDING, SCATTERED };

static u64 nth_start(enum order order, u64 i)
{
	if (order == SCATTERED)
		return i * 7919 % MANY; /* a prime that does not divide MANY: each once */
	return order == ASCENDING ? i : MANY - 1 - i;
}

static void expect_height(const struct gup_itree *tree, u32 most)
{
	assert_true(gup_itree_is_valid(tree));
	assert_in_range(tree->root->height, 1, most);
}

/* A look-up goes down one level with each step. An AVL tree of n nodes has at most 1.4405 * log2(n + 2) - 0.3277 levels. */
static void height_is_logarithmic(void **state)
{
	static struct gup_itree_node nodes[MANY];
	enum order order;
	u64 i;

	(void)state;
	for (order = ASCENDING; order <= SCATTERED; order++) {
		struct gup_itree tree = { NULL };

		for (i = 0; i < MANY; i++) {
			nodes[i].start = nodes[i].last = nth_start(order, i);
			gup_itree_insert(&tree, &nodes[i]);
			if (i + 1 == 10)
				expect_height(&tree, 4);
			if (i + 1 == 1000)
				expect_height(&tree, 14);
		}
		expect_height(&tree, 23);
		for (i = 0; i < MANY - 1000; i++)
			gup_itree_remove(&tree, &nodes[i]);
		expect_height(&tree, 14);
	}
}

static void empty_and_extreme(void **state)
{
	struct gup_itree_node all = { .start = 0, .last = UINT64_MAX };
	struct gup_itree tree = { NULL };

	(void)state;
	assert_true(gup_itree_is_valid(&tree));
	assert_null(gup_itree_min(&tree));
	assert_null(gup_itree_first(&tree, 0, UINT64_MAX));
	gup_itree_insert(&tree, &all);
	assert_ptr_equal(gup_itree_first(&tree, UINT64_MAX, UINT64_MAX), &all);
	assert_ptr_equal(gup_itree_first(&tree, 0, 0), &all);
	assert_null(gup_itree_next(&all, 0, UINT64_MAX));
	gup_itree_remove(&tree, &all);
	assert_null(tree.root);
}

static void validity_notices_damage(void **state)
{
	struct gup_itree_node nodes[3] = { { .start = 1, .last = 1 },
					   { .start = 2, .last = 9 },
					   { .start = 3, .last = 3 } };
	struct gup_itree tree = { NULL };

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		gup_itree_insert(&tree, &nodes[i]);
	assert_true(gup_itree_is_valid(&tree));
	nodes[0].start = 5;
	nodes[0].last = 5;
	nodes[0].max_last = 5;
	assert_false(gup_itree_is_valid(&tree)); /* order */
	nodes[0].start = 1;
	assert_true(gup_itree_is_valid(&tree));
	nodes[1].max_last = 8;
	assert_false(gup_itree_is_valid(&tree)); /* augmentation */
	nodes[1].max_last = 9;
	nodes[2].height = 2;
	assert_false(gup_itree_is_valid(&tree)); /* height */
	nodes[2].height = 1;
	nodes[2].parent = NULL;
	assert_false(gup_itree_is_valid(&tree)); /* parent */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_short_intervals),
		cmocka_unit_test(random_long_overlapping_intervals),
		cmocka_unit_test(random_equal_starts),
		cmocka_unit_test(equal_starts_keep_insertion_order),
		cmocka_unit_test(ascending_insertion_stays_balanced),
		cmocka_unit_test(height_is_logarithmic),
		cmocka_unit_test(empty_and_extreme),
		cmocka_unit_test(validity_notices_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
