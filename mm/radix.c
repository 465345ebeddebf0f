/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/radix.c - the sparse array behind an object's page cache: a tree of 64-way nodes, six index bits for each level.
 *
 * Two rules keep it as small as its contents need: no node is empty, and the root has more than its first slot in use
 * unless it is the only level. prune() restores both after a removal and after a set that ran out of memory half way.
 */
#include "radix.h"
#include "slab.h"

#define GUP_RADIX_HEIGHT_MAX ((64 + GUP_RADIX_SHIFT - 1) / GUP_RADIX_SHIFT)

static struct gup_radix_node *to_node(u64 slot)
{
	return (struct gup_radix_node *)(uintptr_t)slot;
}

/* Level 0 holds the values. */
static unsigned int slot_at(u64 index, u32 level)
{
	return (unsigned int)(index >> (level * GUP_RADIX_SHIFT)) % GUP_RADIX_SLOTS;
}

static bool height_covers(u32 height, u64 index)
{
	u32 bits = height * GUP_RADIX_SHIFT;

	return height && (bits >= 64 || !(index >> bits));
}

static struct gup_radix_node *find_leaf(const struct gup_radix *r, u64 index)
{
	struct gup_radix_node *node = r->root;

	if (!height_covers(r->height, index))
		return NULL;
	for (u32 level = r->height - 1; node && level; level--)
		node = to_node(node->slots[slot_at(index, level)]);
	return node;
}

u64 gup_radix_get(const struct gup_radix *r, u64 index)
{
	const struct gup_radix_node *leaf = find_leaf(r, index);

	return leaf ? leaf->slots[slot_at(index, 0)] : 0;
}

static void free_node(struct gup_machine *m, struct gup_radix_node *node)
{
	gup_slab_free(m, GUP_SLAB_RADIX, node);
}

static struct gup_radix_node *alloc_node(struct gup_machine *m)
{
	return gup_slab_alloc(m, GUP_SLAB_RADIX);
}

/* Free the empty nodes on the way to @index, lowest first. */
static void free_empty_nodes(struct gup_machine *m, struct gup_radix *r, u64 index)
{
	struct gup_radix_node *path[GUP_RADIX_HEIGHT_MAX];
	struct gup_radix_node *node = r->root;
	u32 level = r->height;

	while (node && level) {
		path[--level] = node;
		node = level ? to_node(node->slots[slot_at(index, level)]) : NULL;
	}
	for (; level < r->height && !path[level]->used; level++) {
		free_node(m, path[level]);
		if (level + 1 == r->height) {
			r->root = NULL;
			r->height = 0;
			return;
		}
		path[level + 1]->slots[slot_at(index, level + 1)] = 0;
		path[level + 1]->used--;
	}
}

static void prune(struct gup_machine *m, struct gup_radix *r, u64 index)
{
	free_empty_nodes(m, r, index);
	while (r->height > 1 && r->root->used == 1 && r->root->slots[0]) {
		struct gup_radix_node *old = r->root;

		r->root = to_node(old->slots[0]);
		r->height--;
		free_node(m, old);
	}
}

static bool push_root(struct gup_machine *m, struct gup_radix *r)
{
	struct gup_radix_node *node = alloc_node(m);

	if (!node)
		return false;
	if (r->root) {
		node->slots[0] = (uintptr_t)r->root;
		node->used = 1;
	}
	r->root = node;
	r->height++;
	return true;
}

/* An empty array gets one root of the right height; another one grows level by level. */
static bool grow_to_cover(struct gup_machine *m, struct gup_radix *r, u64 index)
{
	if (!r->root) {
		if (!push_root(m, r))
			return false;
		while (!height_covers(r->height, index))
			r->height++;
	}
	while (!height_covers(r->height, index)) {
		if (!push_root(m, r))
			return false;
	}
	return true;
}

/* The lowest node for @index, made if need be; NULL if memory ran out, with empty nodes left behind. */
static struct gup_radix_node *make_leaf(struct gup_machine *m, struct gup_radix *r, u64 index)
{
	struct gup_radix_node *node;

	if (!grow_to_cover(m, r, index))
		return NULL;
	node = r->root;
	for (u32 level = r->height - 1; level; level--) {
		u64 *slot = &node->slots[slot_at(index, level)];

		if (!*slot) {
			*slot = (uintptr_t)alloc_node(m);
			if (!*slot)
				return NULL;
			node->used++;
		}
		node = to_node(*slot);
	}
	return node;
}

int gup_radix_set(struct gup_machine *m, struct gup_radix *r, u64 index, u64 value)
{
	struct gup_radix_node *leaf = make_leaf(m, r, index);
	u64 *slot;

	if (!leaf) {
		prune(m, r, index);
		return -GUP_ENOMEM;
	}
	slot = &leaf->slots[slot_at(index, 0)];
	if (!*slot) {
		leaf->used++;
		r->count++;
	}
	*slot = value;
	return 0;
}

u64 gup_radix_clear(struct gup_machine *m, struct gup_radix *r, u64 index)
{
	struct gup_radix_node *leaf = find_leaf(r, index);
	u64 *slot = leaf ? &leaf->slots[slot_at(index, 0)] : NULL;
	u64 value = slot ? *slot : 0;

	if (!value)
		return 0;
	*slot = 0;
	leaf->used--;
	r->count--;
	prune(m, r, index);
	return value;
}

/*
 * Move *@at to the first index at or after it whose slot in @node is in use: true. If there is none, move it to the
 * first index beyond @node (0 where the index space ends): false.
 */
static bool seek_in_node(const struct gup_radix_node *node, u32 level, u64 *at)
{
	u32 shift = level * GUP_RADIX_SHIFT;
	u64 slot = *at >> shift;

	while (!node->slots[slot % GUP_RADIX_SLOTS]) {
		slot++;
		*at = slot << shift;
		if (slot % GUP_RADIX_SLOTS == 0)
			return false;
	}
	return true;
}

bool gup_radix_next(const struct gup_radix *r, u64 *index, u64 *value)
{
	u64 at = *index;

	do {
		const struct gup_radix_node *node = r->root;
		u32 level = r->height;

		if (!height_covers(r->height, at))
			return false;
		while (level && seek_in_node(node, --level, &at)) {
			u64 slot = node->slots[slot_at(at, level)];

			if (!level) {
				*index = at;
				*value = slot;
				return true;
			}
			node = to_node(slot);
		}
	} while (at);
	return false;
}
