/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/pt_map.c - what entries stand for: counting mappings, clearing, splitting and protecting ranges.
 *
 * A 2 MiB entry holds one reference on its folio, a 4 KiB entry one as well. Revocations are gathered: entries are
 * cleared with the table locked, references are given back after it is unlocked.
 */
#include "internal.h"

/* References that become free when entries are cleared; given back after the table's lock is dropped. */
#define GATHER_MAX 64u

struct gather {
	struct gup_machine *m;
	u32 nr;
	struct {
		struct gup_page *head;
		u32 refs;
	} put[GATHER_MAX];
};

#define MAP_TOTAL (UINT64_C(1) << 32)
#define MAP_WHOLE UINT64_C(1)

static void gather_flush(struct gather *gather)
{
	u32 i;

	for (i = 0; i < gather->nr; i++)
		gup_folio_put(gather->m, gather->put[i].head, gather->put[i].refs);
	gather->nr = 0;
}

/* Room for one more was made sure before. */
static void gather_add(struct gather *gather, struct gup_page *head)
{
	if (gather->nr && gather->put[gather->nr - 1].head == head) {
		gather->put[gather->nr - 1].refs++;
		return;
	}
	gather->put[gather->nr].head = head;
	gather->put[gather->nr++].refs = 1;
}

void gup_map_add(struct gup_page *head, struct gup_page *page, u32 nr, unsigned int level)
{
	u32 i;

	if (level) {
		gup_port_fetch_add(&head[1].index, MAP_TOTAL + MAP_WHOLE);
		return;
	}
	for (i = 0; i < nr; i++)
		gup_port_fetch_add(&page[i].mapcount, 1u);
	if (gup_order(head))
		gup_port_fetch_add(&head[1].index, nr * MAP_TOTAL);
}

void gup_map_del(struct gup_page *head, struct gup_page *page, u32 nr, unsigned int level)
{
	u32 i;

	GUP_ASSERT(gup_folio_mapcount(head) >= nr);
	if (level) {
		gup_port_fetch_sub(&head[1].index, MAP_TOTAL + MAP_WHOLE);
		return;
	}
	for (i = 0; i < nr; i++)
		gup_port_fetch_sub(&page[i].mapcount, 1u);
	if (gup_order(head))
		gup_port_fetch_sub(&head[1].index, nr * MAP_TOTAL);
}

unsigned int gup_vma_attr(const struct gup_vma *vma)
{
	unsigned int attr = 0;

	if (vma->flags & GUP_VM_PROT)
		attr |= GUP_PTE_ACCESS;
	if (vma->flags & GUP_VM_EXEC)
		attr |= GUP_PTE_EXEC;
	if (vma->object && vma->object->ops->devmap)
		attr |= GUP_PTE_DEVMAP;
	return attr;
}

/* Forget what one present entry stands for; its reference goes to the gather. */
static void drop_leaf(struct gather *gather, u64 value, unsigned int level)
{
	struct gup_page *page = gup_page_at(gather->m, gup_arch_pfn(value));
	struct gup_page *head = gup_head(gather->m, page);

	if (gup_arch_attr(value) & GUP_PTE_DIRTY)
		gup_flag_set(head, GUP_PF_DIRTY);
	gup_map_del(head, page, 1, level);
	gather_add(gather, head);
}

struct zap {
	struct gather gather;
	struct gup_vma *vma;
	u64 start, end;
	enum gup_zap what;
	u64 split; /* where a 2 MiB entry has to be split before it goes on; 0 for nowhere */
	int error;
};

static bool zap_spares(const struct zap *zap, u64 value)
{
	struct gup_machine *m = zap->gather.m;

	return zap->what == GUP_ZAP_OBJECT_ONLY && gup_leaf_counted(value) &&
	       gup_folio_is_anon(gup_head(m, gup_page_at(m, gup_arch_pfn(value))));
}

/* A 2 MiB entry that reaches out of the range: a fault may have made it a moment ago. */
static bool reaches_out(const struct zap *zap, const struct gup_slot *slot, u64 addr)
{
	u64 first = addr & ~(gup_pt_size(slot->level) - 1);

	return slot->level && (first < zap->start || first + gup_pt_size(slot->level) > zap->end);
}

static bool zap_slot(struct gup_slot *slot, u64 addr, void *arg)
{
	struct zap *zap = arg;
	u64 value = slot->value;

	if (zap->gather.nr == GATHER_MAX)
		return false;
	if (zap->error || zap_spares(zap, value))
		return true;
	if (reaches_out(zap, slot, addr)) {
		zap->split = addr;
		return false;
	}
	gup_pt_set(slot, 0);
	if (gup_arch_is_leaf(value, slot->level) && gup_leaf_counted(value))
		drop_leaf(&zap->gather, value, slot->level);
	return true;
}

static void zap_unlocked(void *arg)
{
	struct zap *zap = arg;

	gather_flush(&zap->gather);
	if (zap->split)
		zap->error = gup_split_huge(zap->vma, zap->split);
	zap->split = 0;
}

int gup_zap_range(struct gup_vma *vma, u64 start, u64 end, enum gup_zap what, enum gup_event event)
{
	struct zap zap = { .gather.m = vma->mm->m, .vma = vma, .start = start, .end = end, .what = what };
	struct gup_invalidation inv;

	gup_invalidate_begin(&inv, vma->mm, start, end, event);
	gup_pt_walk(vma->mm, start, end, &(struct gup_walk){ zap_slot, zap_unlocked, &zap });
	gup_invalidate_end(&inv);
	return zap.error;
}

/* Entries for the 512 frames that one 2 MiB leaf or migration entry stands for. */
static void fill_split(struct gup_machine *m, u64 table, u64 value)
{
	u64 *entries = (u64 *)gup_direct(m, table);
	u64 pfn = gup_arch_pfn(value);
	unsigned int attr = gup_arch_attr(value), i;
	bool migration = gup_arch_is_migration(value);

	for (i = 0; i < GUP_PT_ENTRIES; i++)
		gup_port_store_relaxed(&entries[i], migration ? gup_arch_mk_migration(pfn + i, 0, attr)
							      : gup_arch_mk_leaf(pfn + i, 0, attr));
}

/* From one mapping of the whole to one of each frame. The exclusive bit was the head's and becomes everybody's. */
static bool split_counts(struct gup_machine *m, u64 value)
{
	struct gup_page *head = gup_page_at(m, gup_arch_pfn(value));
	u32 i;

	if (gup_folio_take(head, GUP_PT_ENTRIES - 1, false) != GUP_TAKE_OK)
		return false;
	if (gup_flag_test(head, GUP_PF_EXCL))
		for (i = 1; i < GUP_PT_ENTRIES; i++)
			gup_flag_set(&head[i], GUP_PF_EXCL);
	for (i = 0; i < GUP_PT_ENTRIES; i++)
		gup_port_fetch_add(&head[i].mapcount, 1u);
	/* One step: the total never falls below what other mms map, nor rises above the references. */
	gup_port_fetch_add(&head[1].index, (GUP_PT_ENTRIES - 1) * MAP_TOTAL - MAP_WHOLE);
	return true;
}

int gup_split_huge(struct gup_vma *vma, u64 addr)
{
	struct gup_machine *m = vma->mm->m;
	struct gup_slot slot;
	u64 table;

	gup_pt_descend(vma->mm, addr, &slot);
	if (slot.level != 1 || !slot.value)
		return 0;
	if (vma->object) {
		u64 start = addr & ~(GUP_HUGE_SIZE - 1);

		return gup_zap_range(vma, start, start + GUP_HUGE_SIZE, GUP_ZAP_ALL, GUP_EVENT_CLEAR);
	}
	table = gup_table_alloc(m);
	if (!table)
		return -GUP_ENOMEM;
	gup_pt_lock(&slot);
	if (slot.value && !gup_pt_moved(&slot) && (gup_arch_is_migration(slot.value) || split_counts(m, slot.value))) {
		fill_split(m, table, slot.value);
		gup_pt_set(&slot, gup_arch_mk_table(table));
		table = 0;
	}
	gup_pt_unlock(&slot);
	if (table)
		gup_folio_put(m, gup_page_at(m, table), 1);
	return table && slot.value && !gup_pt_moved(&slot) ? -GUP_ENOMEM : 0;
}

/* The entry as the VMA's protection wants it. Write permission is only taken away: a fault gives it. */
static u64 protected_value(const struct gup_vma *vma, u64 value, unsigned int level)
{
	unsigned int attr = gup_arch_attr(value) & ~(GUP_PTE_ACCESS | GUP_PTE_EXEC);

	attr |= gup_vma_attr(vma) & (GUP_PTE_ACCESS | GUP_PTE_EXEC);
	if (!(vma->flags & GUP_VM_WRITE))
		attr &= ~GUP_PTE_WRITE;
	if (gup_arch_is_migration(value))
		return gup_arch_mk_migration(gup_arch_pfn(value), level, attr);
	return gup_arch_mk_leaf(gup_arch_pfn(value), level, attr);
}

static bool protect_slot(struct gup_slot *slot, u64 addr, void *arg)
{
	(void)addr;
	gup_pt_set(slot, protected_value(arg, slot->value, slot->level));
	return true;
}

void gup_protect_range(struct gup_vma *vma, u64 start, u64 end)
{
	struct gup_invalidation inv;

	gup_invalidate_begin(&inv, vma->mm, start, end, GUP_EVENT_PROTECT_VMA);
	gup_pt_walk(vma->mm, start, end, &(struct gup_walk){ .visit = protect_slot, .arg = vma });
	gup_invalidate_end(&inv);
}
