/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/vma.c - VMAs: looking them up, linking them into the address space and the reverse maps, splitting.
 *
 * A VMA is in up to three interval trees: the mm's by address, its lineage's and its object's by page index. Changing
 * its range means taking it out and putting it back with the reverse maps' locks held throughout: a migration that is
 * between its two walks must find every VMA that it found before.
 */
#include "internal.h"

static struct gup_vma *vma_of(struct gup_itree_node *node)
{
	return node ? GUP_CONTAINER_OF(node, struct gup_vma, node) : NULL;
}

struct gup_vma *gup_vma_find(const struct gup_mm *mm, u64 addr)
{
	return vma_of(gup_itree_first(&mm->vmas, addr, addr));
}

struct gup_vma *gup_vma_first(const struct gup_mm *mm, u64 start, u64 end)
{
	return vma_of(gup_itree_first(&mm->vmas, start, end - 1));
}

struct gup_vma *gup_vma_next(const struct gup_vma *vma, u64 start, u64 end)
{
	return vma_of(gup_itree_next(&vma->node, start, end - 1));
}

struct gup_vma *gup_vma_new(struct gup_mm *mm, const struct gup_vma *like)
{
	struct gup_vma *vma = gup_slab_alloc(mm->m, GUP_SLAB_VMA);

	if (vma && like) {
		vma->lineage = like->lineage;
		vma->object = like->object;
		vma->pgoff = like->pgoff;
		vma->flags = like->flags;
		vma->node.start = like->node.start;
		vma->node.last = like->node.last;
	}
	if (vma)
		vma->mm = mm;
	return vma;
}

static void vma_get_refs(struct gup_vma *vma)
{
	if (vma->lineage)
		gup_port_fetch_add(&vma->lineage->refs, (u64)1);
	if (vma->object)
		gup_object_ref(vma->object);
}

/* Into all trees, with the reverse maps locked. */
static void link_locked(struct gup_vma *vma)
{
	gup_itree_insert(&vma->mm->vmas, &vma->node);
	vma->mm->nr_vmas++;
	gup_rmap_link_locked(vma);
}

static void unlink_locked(struct gup_vma *vma)
{
	gup_rmap_unlink_locked(vma);
	gup_itree_remove(&vma->mm->vmas, &vma->node);
	vma->mm->nr_vmas--;
}

void gup_vma_link(struct gup_vma *vma)
{
	vma_get_refs(vma);
	gup_lock_account(vma, gup_vma_pages(vma));
	gup_rmap_write_lock(vma);
	link_locked(vma);
	gup_rmap_write_unlock(vma);
}

void gup_vma_unlink(struct gup_vma *vma)
{
	gup_rmap_write_lock(vma);
	unlink_locked(vma);
	gup_rmap_write_unlock(vma);
	gup_lock_account(vma, -gup_vma_pages(vma));
}

void gup_vma_free(struct gup_vma *vma)
{
	if (vma->reserved)
		gup_hugetlb_unreserve(vma);
	if (vma->lineage)
		gup_lineage_put(vma->mm->m, vma->lineage);
	if (vma->object)
		gup_object_put(vma->object);
	gup_slab_free(vma->mm->m, GUP_SLAB_VMA, vma);
}

int gup_vma_split(struct gup_vma *vma, u64 addr)
{
	struct gup_vma *upper;

	if (addr <= gup_vma_start(vma) || addr >= gup_vma_end(vma))
		return 0;
	if (vma->object && addr & (gup_object_unit(vma->object) - 1))
		return -GUP_EINVAL;
	if (addr & (GUP_HUGE_SIZE - 1) && gup_split_huge(vma, addr))
		return -GUP_ENOMEM;
	upper = gup_vma_new(vma->mm, vma);
	if (!upper)
		return -GUP_ENOMEM;
	upper->pgoff = gup_vma_index(vma, addr);
	upper->node.start = addr;
	vma_get_refs(upper);
	gup_rmap_write_lock(vma);
	unlink_locked(vma);
	vma->node.last = addr - 1;
	link_locked(vma);
	link_locked(upper);
	gup_rmap_write_unlock(vma);
	if (vma->reserved)
		gup_hugetlb_split(vma, upper);
	return 0;
}

void gup_vma_extend(struct gup_vma *vma, u64 end)
{
	gup_lock_account(vma, (end - gup_vma_end(vma)) >> GUP_PAGE_SHIFT);
	gup_rmap_write_lock(vma);
	unlink_locked(vma);
	vma->node.last = end - 1;
	link_locked(vma);
	gup_rmap_write_unlock(vma);
}

static bool can_merge(const struct gup_vma *a, const struct gup_vma *b)
{
	return gup_vma_end(a) == gup_vma_start(b) && a->flags == b->flags && a->object == b->object &&
	       a->lineage == b->lineage && gup_vma_index(a, gup_vma_end(a)) == b->pgoff;
}

/* @a grows over @b, which disappears. */
static void merge_pair(struct gup_vma *a, struct gup_vma *b)
{
	gup_rmap_write_lock(a);
	unlink_locked(b);
	unlink_locked(a);
	a->node.last = b->node.last;
	link_locked(a);
	gup_rmap_write_unlock(a);
	a->reserved += b->reserved;
	b->reserved = 0;
	gup_vma_free(b);
}

struct gup_vma *gup_vma_merge(struct gup_vma *vma)
{
	struct gup_vma *prev = vma_of(gup_itree_pred(&vma->node));
	struct gup_vma *next = vma_of(gup_itree_succ(&vma->node));

	if (next && can_merge(vma, next))
		merge_pair(vma, next);
	if (!prev || !can_merge(prev, vma))
		return vma;
	merge_pair(prev, vma);
	return prev;
}

bool gup_range_ok(u64 addr, u64 length)
{
	return !(addr & ~GUP_PAGE_MASK) && length && length <= GUP_USER_TOP && addr <= GUP_USER_TOP - length;
}

u64 gup_range_length(u64 addr, u64 length)
{
	if (!length || length > GUP_USER_TOP)
		return 0;
	length = (length + GUP_PAGE_SIZE - 1) & GUP_PAGE_MASK;
	return gup_range_ok(addr, length) ? length : 0;
}
