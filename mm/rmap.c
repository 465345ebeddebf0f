/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/rmap.c - the reverse map: from a folio to the VMAs that may map it.
 *
 * A private folio is looked up in its lineage, an object's folio in its object, by page index, in one interval tree
 * each. The trees name candidates; whether an entry really maps the folio is for the callback to see. A VMA stays in
 * its trees until its entries are cleared and before its tables are freed, so who walks a tree may walk the tables.
 */
#include "internal.h"

static void visit(struct gup_vma *vma, struct gup_page *head, u64 index, gup_rmap_fn *fn, void *arg)
{
	u64 first = gup_max(index, vma->pgoff);
	u64 end_index = vma->pgoff + ((gup_vma_end(vma) - gup_vma_start(vma)) >> GUP_PAGE_SHIFT);
	u64 end = gup_min(index + gup_nr_frames(head), end_index);

	fn(vma, head, gup_vma_start(vma) + ((first - vma->pgoff) << GUP_PAGE_SHIFT),
	   gup_vma_start(vma) + ((end - vma->pgoff) << GUP_PAGE_SHIFT), arg);
}

static void walk_lineage(struct gup_lineage *lineage, struct gup_page *head, gup_rmap_fn *fn, void *arg)
{
	u64 index = gup_port_load(&head->index), last = index + gup_nr_frames(head) - 1;
	struct gup_itree_node *node;

	gup_port_rwlock_read_lock(&lineage->lock);
	for (node = gup_itree_first(&lineage->vmas, index, last); node; node = gup_itree_next(node, index, last))
		visit(GUP_CONTAINER_OF(node, struct gup_vma, anon_node), head, index, fn, arg);
	gup_port_rwlock_read_unlock(&lineage->lock);
}

static void walk_object(struct gup_object *object, struct gup_page *head, gup_rmap_fn *fn, void *arg)
{
	u64 index = gup_port_load(&head->index), last = index + gup_nr_frames(head) - 1;
	struct gup_itree_node *node;

	gup_port_rwlock_read_lock(&object->map_lock);
	for (node = gup_itree_first(&object->vmas, index, last); node; node = gup_itree_next(node, index, last))
		visit(GUP_CONTAINER_OF(node, struct gup_vma, file_node), head, index, fn, arg);
	gup_port_rwlock_read_unlock(&object->map_lock);
}

void gup_rmap_walk(struct gup_page *head, gup_rmap_fn *fn, void *arg)
{
	struct gup_lineage *lineage = gup_folio_lineage(head);
	struct gup_object *object = gup_folio_object(head);

	if (lineage)
		walk_lineage(lineage, head, fn, arg);
	else if (object)
		walk_object(object, head, fn, arg);
}

static void set_indices(struct gup_vma *vma, struct gup_itree_node *node)
{
	node->start = vma->pgoff;
	node->last = gup_vma_index(vma, vma->node.last);
}

void gup_rmap_write_lock(struct gup_vma *vma)
{
	if (vma->lineage)
		gup_port_rwlock_write_lock(&vma->lineage->lock);
	if (vma->object)
		gup_port_rwlock_write_lock(&vma->object->map_lock);
}

void gup_rmap_write_unlock(struct gup_vma *vma)
{
	if (vma->object)
		gup_port_rwlock_write_unlock(&vma->object->map_lock);
	if (vma->lineage)
		gup_port_rwlock_write_unlock(&vma->lineage->lock);
}

void gup_rmap_link_locked(struct gup_vma *vma)
{
	if (vma->lineage) {
		set_indices(vma, &vma->anon_node);
		gup_itree_insert(&vma->lineage->vmas, &vma->anon_node);
	}
	if (vma->object) {
		set_indices(vma, &vma->file_node);
		gup_itree_insert(&vma->object->vmas, &vma->file_node);
	}
}

void gup_rmap_unlink_locked(struct gup_vma *vma)
{
	if (vma->lineage)
		gup_itree_remove(&vma->lineage->vmas, &vma->anon_node);
	if (vma->object)
		gup_itree_remove(&vma->object->vmas, &vma->file_node);
}

void gup_object_unmap(struct gup_object *object, u64 first, u64 last, enum gup_zap what)
{
	struct gup_itree_node *node;

	gup_port_rwlock_read_lock(&object->map_lock);
	for (node = gup_itree_first(&object->vmas, first, last); node; node = gup_itree_next(node, first, last)) {
		struct gup_vma *vma = GUP_CONTAINER_OF(node, struct gup_vma, file_node);
		u64 from = gup_max(first, node->start);
		u64 to = gup_min(last, node->last);

		gup_zap_range(vma, gup_vma_start(vma) + ((from - vma->pgoff) << GUP_PAGE_SHIFT),
			      gup_vma_start(vma) + ((to + 1 - vma->pgoff) << GUP_PAGE_SHIFT), what, GUP_EVENT_TRUNCATE);
	}
	gup_port_rwlock_read_unlock(&object->map_lock);
}
