/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/mm.c - address spaces: making them, taking them down, and the lineage that private memory descends from.
 */
#include "internal.h"

/* Where gup_mmap() begins: far from NULL. */
#define MMAP_BASE UINT64_C(0x10000000)

static struct gup_lineage *lineage_new(struct gup_machine *m)
{
	struct gup_lineage *lineage = gup_slab_alloc(m, GUP_SLAB_LINEAGE);

	if (lineage) {
		gup_port_rwlock_init(&lineage->lock);
		gup_port_store(&lineage->refs, (u64)1);
	}
	return lineage;
}

void gup_lineage_put(struct gup_machine *m, struct gup_lineage *lineage)
{
	if (gup_port_fetch_sub(&lineage->refs, (u64)1) != 1)
		return;
	GUP_ASSERT(!lineage->vmas.root);
	gup_port_rwlock_destroy(&lineage->lock);
	gup_slab_free(m, GUP_SLAB_LINEAGE, lineage);
}

static struct gup_mm *mm_alloc(struct gup_machine *m)
{
	struct gup_mm *mm = gup_slab_alloc(m, GUP_SLAB_MM);

	if (!mm)
		return NULL;
	mm->lineage = lineage_new(m);
	mm->root = mm->lineage ? gup_table_alloc(m) : 0;
	if (mm->root)
		return mm;
	if (mm->lineage)
		gup_lineage_put(m, mm->lineage);
	gup_slab_free(m, GUP_SLAB_MM, mm);
	return NULL;
}

int gup_mm_create(struct gup_machine *m, const char *name, struct gup_mm **out)
{
	char checked[GUP_NAME_MAX];
	struct gup_mm *mm;

	if (!m || !out || !gup_name_set(checked, name ? name : ""))
		return -GUP_EINVAL;
	mm = mm_alloc(m);
	if (!mm)
		return -GUP_ENOMEM;
	gup_name_set(mm->name, checked);
	mm->m = m;
	mm->pin_limit = mm->lock_limit = UINT64_MAX;
	mm->lowest = MMAP_BASE;
	mm->highest = GUP_USER_TOP;
	gup_link_init(&mm->holds);
	gup_port_store(&mm->refs, (u64)1);
	gup_port_rwlock_init(&mm->mmap_lock);
	gup_notifiers_init(&mm->notifiers);
	gup_list_add(m, &m->mms, &mm->link);
	*out = mm;
	return 0;
}

void gup_mm_put(struct gup_mm *mm)
{
	if (gup_port_fetch_sub(&mm->refs, (u64)1) != 1)
		return;
	gup_slab_free(mm->m, GUP_SLAB_MM, mm);
}

void gup_mm_destroy(struct gup_mm *mm)
{
	struct gup_vma *vma;

	if (!mm)
		return;
	gup_notifiers_release(mm);
	while ((vma = gup_vma_first(mm, 0, GUP_USER_TOP))) {
		gup_zap_range(vma, gup_vma_start(vma), gup_vma_end(vma), GUP_ZAP_ALL, GUP_EVENT_UNMAP);
		gup_vma_unlink(vma);
		gup_vma_free(vma);
	}
	gup_pt_free_root(mm);
	gup_mirror_close(mm);
	gup_list_del(mm->m, &mm->link);
	gup_lineage_put(mm->m, mm->lineage);
	gup_port_rwlock_destroy(&mm->mmap_lock);
	gup_mm_put(mm);
}

struct gup_machine *gup_mm_machine(const struct gup_mm *mm)
{
	if (!mm)
		return NULL;
	return mm->m;
}

const char *gup_mm_name(const struct gup_mm *mm)
{
	if (!mm)
		return NULL;
	return mm->name;
}

void gup_mm_set_pin_limit(struct gup_mm *mm, uint64_t pages)
{
	if (!mm)
		return;
	gup_port_store(&mm->pin_limit, (u64)pages);
}

uint64_t gup_mm_pinned(const struct gup_mm *mm)
{
	if (!mm)
		return 0;
	return gup_port_load(&mm->pinned);
}

void gup_mmap_read_lock(struct gup_mm *mm)
{
	if (!mm)
		return;
	gup_port_rwlock_read_lock(&mm->mmap_lock);
}

void gup_mmap_read_unlock(struct gup_mm *mm)
{
	if (!mm)
		return;
	gup_port_rwlock_read_unlock(&mm->mmap_lock);
}
