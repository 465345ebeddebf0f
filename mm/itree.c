/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/itree.c - the interval tree: an AVL tree in order of start, each node knowing the largest last below it.
 *
 * Searches skip every subtree whose largest last lies before the range. Insertion and removal repair height and
 * largest last on the way from the changed node to the root, rotating where two sides differ by more than one.
 */
#include "itree.h"

static u32 height_of(const struct gup_itree_node *n)
{
	return n ? n->height : 0;
}

static u64 max_of_three(u64 a, const struct gup_itree_node *l, const struct gup_itree_node *r)
{
	if (l && l->max_last > a)
		a = l->max_last;
	return r && r->max_last > a ? r->max_last : a;
}

static u32 expected_height(const struct gup_itree_node *n)
{
	u32 left = height_of(n->left), right = height_of(n->right);

	return 1 + (left > right ? left : right);
}

static void update(struct gup_itree_node *n)
{
	n->height = expected_height(n);
	n->max_last = max_of_three(n->last, n->left, n->right);
}

/* Put @now (or nothing) where @old hangs below @parent. */
static void replace_child(struct gup_itree *tree, struct gup_itree_node *parent, const struct gup_itree_node *old,
			  struct gup_itree_node *now)
{
	if (!parent)
		tree->root = now;
	else if (parent->left == old)
		parent->left = now;
	else
		parent->right = now;
	if (now)
		now->parent = parent;
}

static struct gup_itree_node *rotate_left(struct gup_itree *tree, struct gup_itree_node *n)
{
	struct gup_itree_node *up = n->right;

	replace_child(tree, n->parent, n, up);
	n->right = up->left;
	if (n->right)
		n->right->parent = n;
	up->left = n;
	n->parent = up;
	update(n);
	update(up);
	return up;
}

static struct gup_itree_node *rotate_right(struct gup_itree *tree, struct gup_itree_node *n)
{
	struct gup_itree_node *up = n->left;

	replace_child(tree, n->parent, n, up);
	n->left = up->right;
	if (n->left)
		n->left->parent = n;
	up->right = n;
	n->parent = up;
	update(n);
	update(up);
	return up;
}

/* Repair one node whose subtrees are right; returns the root of the repaired subtree. */
static struct gup_itree_node *balance(struct gup_itree *tree, struct gup_itree_node *n)
{
	u32 left = height_of(n->left), right = height_of(n->right);

	if (left > right + 1) {
		if (height_of(n->left->left) < height_of(n->left->right))
			rotate_left(tree, n->left);
		return rotate_right(tree, n);
	}
	if (right > left + 1) {
		if (height_of(n->right->right) < height_of(n->right->left))
			rotate_right(tree, n->right);
		return rotate_left(tree, n);
	}
	update(n);
	return n;
}

static void repair_upward(struct gup_itree *tree, struct gup_itree_node *n)
{
	while (n)
		n = balance(tree, n)->parent;
}

void gup_itree_insert(struct gup_itree *tree, struct gup_itree_node *node)
{
	struct gup_itree_node *parent = NULL, **link = &tree->root;

	while (*link) {
		parent = *link;
		link = node->start < parent->start ? &parent->left : &parent->right;
	}
	*link = node;
	node->parent = parent;
	node->left = NULL;
	node->right = NULL;
	repair_upward(tree, node);
}

static struct gup_itree_node *leftmost(struct gup_itree_node *n)
{
	while (n && n->left)
		n = n->left;
	return n;
}

/* @node has two children: its successor takes its place. Returns the lowest node to repair. */
static struct gup_itree_node *replace_by_successor(struct gup_itree *tree, struct gup_itree_node *node)
{
	struct gup_itree_node *succ = leftmost(node->right);
	struct gup_itree_node *lowest = succ;

	if (succ->parent != node) {
		lowest = succ->parent;
		replace_child(tree, succ->parent, succ, succ->right);
		succ->right = node->right;
		succ->right->parent = succ;
	}
	replace_child(tree, node->parent, node, succ);
	succ->left = node->left;
	succ->left->parent = succ;
	return lowest;
}

void gup_itree_remove(struct gup_itree *tree, struct gup_itree_node *node)
{
	struct gup_itree_node *lowest = node->parent;

	if (node->left && node->right)
		lowest = replace_by_successor(tree, node);
	else
		replace_child(tree, node->parent, node, node->left ? node->left : node->right);
	repair_upward(tree, lowest);
}

/*
 * The first overlap at or below @n. If something on the left reaches @start, the answer is there or nowhere: that node
 * is either the answer or begins beyond @last, as then does everything after it.
 */
static struct gup_itree_node *first_below(struct gup_itree_node *n, u64 start, u64 last)
{
	while (n && n->max_last >= start) {
		if (n->left && n->left->max_last >= start) {
			n = n->left;
			continue;
		}
		if (n->start > last)
			return NULL;
		if (n->last >= start)
			return n;
		n = n->right;
	}
	return NULL;
}

struct gup_itree_node *gup_itree_first(const struct gup_itree *tree, u64 start, u64 last)
{
	return first_below(tree->root, start, last);
}

/* The nearest ancestor that comes after @n in order. */
static struct gup_itree_node *next_ancestor(const struct gup_itree_node *n)
{
	while (n->parent && n->parent->right == n)
		n = n->parent;
	return n->parent;
}

struct gup_itree_node *gup_itree_next(const struct gup_itree_node *node, u64 start, u64 last)
{
	struct gup_itree_node *up;

	if (node->right && node->right->max_last >= start)
		return first_below(node->right, start, last);
	for (up = next_ancestor(node); up && up->start <= last; up = next_ancestor(up)) {
		if (up->last >= start)
			return up;
		if (up->right && up->right->max_last >= start)
			return first_below(up->right, start, last);
	}
	return NULL;
}

struct gup_itree_node *gup_itree_pred(const struct gup_itree_node *node)
{
	struct gup_itree_node *n = node->left;

	if (n) {
		while (n->right)
			n = n->right;
		return n;
	}
	while (node->parent && node->parent->left == node)
		node = node->parent;
	return node->parent;
}

struct gup_itree_node *gup_itree_succ(const struct gup_itree_node *node)
{
	return node->right ? leftmost(node->right) : next_ancestor(node);
}

struct gup_itree_node *gup_itree_min(const struct gup_itree *tree)
{
	return leftmost(tree->root);
}

static bool node_is_valid(const struct gup_itree_node *n)
{
	u32 left = height_of(n->left), right = height_of(n->right);

	return (!n->left || n->left->parent == n) && (!n->right || n->right->parent == n) && n->start <= n->last &&
	       left <= right + 1 && right <= left + 1 && n->height == expected_height(n) &&
	       n->max_last == max_of_three(n->last, n->left, n->right);
}

bool gup_itree_is_valid(const struct gup_itree *tree)
{
	const struct gup_itree_node *n, *before = NULL;

	if (tree->root && tree->root->parent)
		return false;
	for (n = gup_itree_min(tree); n; before = n, n = gup_itree_succ(n)) {
		if (!node_is_valid(n) || (before && before->start > n->start))
			return false;
	}
	return true;
}
