/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/itree.h - a balanced interval tree, intrusive and augmented with the largest end below each node.
 *
 * One structure for everything that is looked up by range: VMAs by address, the reverse map by page index. Intervals
 * are closed, [start, last]. Nodes with equal start keep the order of their insertion, which fork relies on: the
 * child's VMA comes after its parent's.
 *
 * The caller locks. Nothing here allocates.
 */
#ifndef GUP_MM_ITREE_H
#define GUP_MM_ITREE_H

#include "host.h"

struct gup_itree_node {
	struct gup_itree_node *parent, *left, *right;
	u64 start, last;
	u64 max_last; /* largest last in this subtree */
	u32 height;
};

struct gup_itree {
	struct gup_itree_node *root;
};

/* Insert @node, whose start and last are set; after all nodes with the same start. */
void gup_itree_insert(struct gup_itree *tree, struct gup_itree_node *node);
void gup_itree_remove(struct gup_itree *tree, struct gup_itree_node *node);

/* The first node in order that overlaps [start, last], and the next such node after @node; NULL if there is none. */
struct gup_itree_node *gup_itree_first(const struct gup_itree *tree, u64 start, u64 last);
struct gup_itree_node *gup_itree_next(const struct gup_itree_node *node, u64 start, u64 last);

/* Neighbours in order of start; NULL at the ends. */
struct gup_itree_node *gup_itree_pred(const struct gup_itree_node *node);
struct gup_itree_node *gup_itree_succ(const struct gup_itree_node *node);
struct gup_itree_node *gup_itree_min(const struct gup_itree *tree);

/* Order, balance, parents and augmentation of every node. */
bool gup_itree_is_valid(const struct gup_itree *tree);

#endif
