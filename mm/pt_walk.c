/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/pt_walk.c - walks of page tables, and tables coming and going.
 *
 * A dead table keeps its entries until walkers have left: it waits in a list that is linked through words of its
 * descriptor, and a whole list is given back after one grace period.
 */
#include "internal.h"

#define DEAD_TABLES_MAX 32u

void gup_pt_descend(struct gup_mm *mm, u64 addr, struct gup_slot *slot)
{
	gup_pt_descend_inline(mm, addr, slot);
}

static struct gup_port_lock *lock_of(struct gup_machine *m, u64 table)
{
	return (struct gup_port_lock *)(void *)&gup_page_at(m, table)->mapcount;
}

void gup_pt_lock(struct gup_slot *slot)
{
	struct gup_port_lock *table_lock = lock_of(slot->mm->m, slot->table);

	gup_port_lock_acquire(table_lock);
	slot->value = gup_port_load(slot->entry);
	slot->stale_from = slot->stale_to = 0;
}

void gup_pt_unlock(struct gup_slot *slot)
{
	gup_mirror_flush(slot);
	gup_port_lock_release(lock_of(slot->mm->m, slot->table));
}

bool gup_pt_moved(const struct gup_slot *slot)
{
	return slot->level && gup_arch_is_table(slot->value, slot->level);
}

void gup_pt_set(struct gup_slot *slot, u64 value)
{
	gup_mirror_change(slot, value);
	slot->value = value;
	gup_port_store(slot->entry, value);
}

void gup_pt_set_relaxed(struct gup_slot *slot, u64 value)
{
	gup_mirror_change(slot, value);
	slot->value = value;
	gup_port_store_relaxed(slot->entry, value);
}

void gup_pt_set_dirty(struct gup_slot *slot)
{
	struct gup_machine *m = slot->mm->m;
	u64 pfn = gup_arch_pfn(slot->value);

	gup_flag_set(gup_head(m, gup_page_at(m, pfn)), GUP_PF_DIRTY);
	gup_pt_set(slot, gup_arch_mk_leaf(pfn, slot->level, gup_arch_attr(slot->value) | GUP_PTE_DIRTY));
}

/* Entries of the slot's table from @addr on. Returns where to go on: the same place if the entry changed its kind. */
static u64 walk_table(struct gup_slot *slot, u64 addr, u64 end, const struct gup_walk *walk)
{
	gup_pt_lock(slot);
	while (addr < end && !gup_pt_moved(slot)) {
		if (slot->value && !walk->visit(slot, addr, walk->arg))
			break;
		addr = gup_pt_next(addr, slot->level);
		if (!gup_pt_index(addr, slot->level))
			break;
		slot->value = gup_port_load(++slot->entry);
	}
	gup_pt_unlock(slot);
	return addr;
}

void gup_pt_walk(struct gup_mm *mm, u64 start, u64 end, const struct gup_walk *walk)
{
	struct gup_slot slot;

	while (start < end) {
		gup_pt_descend(mm, start, &slot);
		if (slot.level && !slot.value) {
			start = gup_pt_next(start, slot.level);
			continue;
		}
		start = walk_table(&slot, start, end, walk);
		if (walk->unlocked)
			walk->unlocked(walk->arg);
	}
}

u64 gup_table_alloc(struct gup_machine *m)
{
	struct gup_page *table = gup_folio_alloc(m, 0, GUP_FRAME_TABLE, false, GUP_SCOPE_UNMOVABLE);

	if (!table)
		return 0;
	gup_folio_zero(m, table);
	return gup_pfn(m, table);
}

int gup_pt_populate(struct gup_mm *mm, u64 addr, unsigned int level, struct gup_slot *slot)
{
	struct gup_machine *m = mm->m;
	u64 table;

	for (gup_pt_descend(mm, addr, slot); slot->level > level && !slot->value; gup_pt_descend(mm, addr, slot)) {
		table = gup_table_alloc(m);
		if (!table)
			return -GUP_ENOMEM;
		gup_pt_lock(slot);
		if (!slot->value) {
			gup_pt_set(slot, gup_arch_mk_table(table));
			table = 0;
		}
		gup_pt_unlock(slot);
		if (table)
			gup_folio_put(m, gup_page_at(m, table), 1);
	}
	return 0;
}

void gup_tables_reap(struct gup_machine *m)
{
	struct gup_page *table;
	u64 pfn;

	gup_port_lock_acquire(&m->dead_lock);
	pfn = m->dead_tables;
	m->dead_tables = 0;
	gup_port_store_relaxed(&m->nr_dead, 0u);
	gup_port_lock_release(&m->dead_lock);
	if (!pfn)
		return;
	gup_port_rcu_synchronize();
	while (pfn) {
		table = gup_page_at(m, pfn);
		pfn = gup_port_load(&table->mapping);
		gup_port_store(&table->mapping, (u64)0);
		gup_folio_put(m, table, 1);
	}
}

static void table_dead(struct gup_machine *m, u64 pfn)
{
	gup_port_lock_acquire(&m->dead_lock);
	gup_port_store(&gup_page_at(m, pfn)->mapping, m->dead_tables);
	m->dead_tables = pfn;
	gup_port_store_relaxed(&m->nr_dead, m->nr_dead + 1);
	gup_port_lock_release(&m->dead_lock);
}

/* Out of its parent first: whoever reaps the list waits only for walkers that could have seen it there. */
static void unlink_table(struct gup_slot *slot)
{
	u64 pfn = gup_arch_pfn(slot->value);

	gup_pt_lock(slot);
	gup_pt_set(slot, 0);
	gup_pt_unlock(slot);
	table_dead(slot->mm->m, pfn);
}

/* Unlink the tables below one table of @level that lie in [start, end) and cover no VMA. */
static void free_below(struct gup_mm *mm, u64 table, unsigned int level, u64 start, u64 end)
{
	struct gup_slot slot = { .mm = mm, .table = table, .level = level };
	u64 addr, first, last;

	for (addr = start; addr < end; addr = last + 1) {
		first = addr & ~(gup_pt_size(level) - 1);
		last = gup_pt_next(addr, level) - 1;
		slot.entry = (u64 *)gup_direct(mm->m, table) + gup_pt_index(addr, level);
		slot.value = gup_port_load(slot.entry);
		if (!gup_arch_is_table(slot.value, level))
			continue;
		if (level > 1)
			free_below(mm, gup_arch_pfn(slot.value), level - 1, addr, gup_min(end, last + 1));
		if (gup_itree_first(&mm->vmas, first, last))
			continue;
		unlink_table(&slot);
	}
}

void gup_pt_free_range(struct gup_mm *mm, u64 start, u64 end)
{
	free_below(mm, mm->root, GUP_PT_LEVELS - 1, start, end);
}

void gup_tables_reap_many(struct gup_machine *m)
{
	if (gup_port_load_relaxed(&m->nr_dead) >= DEAD_TABLES_MAX)
		gup_tables_reap(m);
}

void gup_pt_free_root(struct gup_mm *mm)
{
	free_below(mm, mm->root, GUP_PT_LEVELS - 1, 0, GUP_USER_TOP);
	table_dead(mm->m, mm->root);
	gup_tables_reap(mm->m);
}
