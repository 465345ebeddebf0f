/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/pt.h - page tables: finding an entry, and changing it.
 *
 * There is one loop over levels, gup_pt_descend_inline(). It stops at the first entry that is not a pointer to a table: a
 * leaf (4 KiB or 2 MiB), a migration entry, or nothing. Entries change only with their table's lock held; tables are linked
 * in under mmap_lock or by who holds the reverse map still, and unlinked only under mmap_lock for writing, after the
 * VMA left the reverse maps. A lockless walker sees a table until its RCU section ends.
 */
#ifndef GUP_MM_PT_H
#define GUP_MM_PT_H

#include "page.h"
#include "pte.h"

#define GUP_PT_LEVELS 4u
#define GUP_PT_ENTRIES 512u

/* Where a walk ended. */
struct gup_slot {
	struct gup_mm *mm;
	u64 base; /* address of the table's first entry */
	u64 *entry;
	u64 value;   /* what was read from it */
	u64 *parent; /* the entry that pointed to this table; NULL in the top table */
	u64 parent_value;
	u64 table; /* pfn of the table */
	unsigned int level;
	u64 stale_from, stale_to; /* addresses whose mirror goes when the table is unlocked (mirror.c) */
};

static inline unsigned int gup_pt_shift(unsigned int level)
{
	return GUP_PAGE_SHIFT + 9 * level;
}

/* Bytes that one entry of @level covers. */
static inline u64 gup_pt_size(unsigned int level)
{
	return UINT64_C(1) << gup_pt_shift(level);
}

/* First address beyond the entry of @level that covers @addr. */
static inline u64 gup_pt_next(u64 addr, unsigned int level)
{
	return (addr | (gup_pt_size(level) - 1)) + 1;
}

static inline unsigned int gup_pt_index(u64 addr, unsigned int level)
{
	return (addr >> gup_pt_shift(level)) & (GUP_PT_ENTRIES - 1);
}

static inline u64 gup_min(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 gup_max(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* gup_pt_descend() for who has no time to call it. */
static inline void gup_pt_descend_inline(struct gup_mm *mm, u64 addr, struct gup_slot *slot)
{
	u8 *memory = mm->m->memory;
	u64 table = mm->root, parent_value = 0, value;
	u64 *parent = NULL, *entry;
	unsigned int level;

	GUP_UNROLL
	for (level = GUP_PT_LEVELS - 1; level < GUP_PT_LEVELS; level--) {
		entry = (u64 *)(memory + (table << GUP_PAGE_SHIFT)) + gup_pt_index(addr, level);
		value = gup_port_load(entry);
		if (!gup_arch_is_table(value, level))
			break;
		parent = entry;
		parent_value = value;
		table = gup_arch_pfn(value);
	}
	slot->mm = mm;
	slot->base = addr & ~(gup_pt_size(level + 1) - 1);
	slot->entry = entry;
	slot->value = value;
	slot->parent = parent;
	slot->parent_value = parent_value;
	slot->table = table;
	slot->level = level;
}

/* ---- pt_walk.c ---- */

void gup_pt_descend(struct gup_mm *mm, u64 addr, struct gup_slot *slot);
/* Descend to @addr, which follows the end of what @slot covered: often the next entry of the same table. */
static inline void gup_pt_follow(struct gup_mm *mm, u64 addr, struct gup_slot *slot)
{
	if (slot->level || !gup_pt_index(addr, 0)) {
		gup_pt_descend(mm, addr, slot);
		return;
	}
	slot->entry = (u64 *)gup_direct(mm->m, slot->table) + gup_pt_index(addr, 0);
	slot->value = gup_port_load(slot->entry);
}

/* Descend to @level, making the tables that are missing; stops above it at a leaf. 0 or -ENOMEM. */
int gup_pt_populate(struct gup_mm *mm, u64 addr, unsigned int level, struct gup_slot *slot);
/* Lock the slot's table and read the entry again. */
void gup_pt_lock(struct gup_slot *slot);
/* What the mirror must not show any more is gone from it before others get the table. */
void gup_pt_unlock(struct gup_slot *slot);
/* Does the entry lead further down than the slot says? Then somebody linked a table in, and the walk starts again. */
bool gup_pt_moved(const struct gup_slot *slot);
void gup_pt_set(struct gup_slot *slot, u64 value);
/* The same without an order against lockless walkers: none comes there yet, or another word tells them. */
void gup_pt_set_relaxed(struct gup_slot *slot, u64 value);
/*
 * Visit the entries of [start, end) that hold something, each with its table locked. @visit returns false to have the
 * table unlocked before it goes on with this entry; @unlocked, if there is one, is called after each table.
 */
struct gup_walk {
	bool (*visit)(struct gup_slot *slot, u64 addr, void *arg);
	void (*unlocked)(void *arg);
	void *arg;
};

void gup_pt_walk(struct gup_mm *mm, u64 start, u64 end, const struct gup_walk *walk);
u64 gup_table_alloc(struct gup_machine *m);
/* Unlink all tables that no VMA of @mm needs any more in [start, end). */
void gup_pt_free_range(struct gup_mm *mm, u64 start, u64 end);
void gup_pt_free_root(struct gup_mm *mm);
/* Wait for walkers and give dead tables back. Sleeps. */
void gup_tables_reap(struct gup_machine *m);
/* The same, if it is worth it: called after mmap_lock was dropped. */
void gup_tables_reap_many(struct gup_machine *m);

/* Mark the locked slot's leaf and its folio dirty: what a CPU does at the first store. */
void gup_pt_set_dirty(struct gup_slot *slot);

/* ---- pt_map.c ---- */

/* Count a mapping of @nr frames from @page by entries of @level; its references are taken already. */
void gup_map_add(struct gup_page *head, struct gup_page *page, u32 nr, unsigned int level);
void gup_map_del(struct gup_page *head, struct gup_page *page, u32 nr, unsigned int level);
/* Attributes that the mapping's protection gives an entry, without WRITE. */
unsigned int gup_vma_attr(const struct gup_vma *vma);
/* Is there a descriptor with counts behind this leaf? */
static inline bool gup_leaf_counted(u64 value)
{
	return !(gup_arch_attr(value) & GUP_PTE_SPECIAL);
}

/* Does it map a folio that nobody may read? */
static inline bool gup_leaf_poisoned(const struct gup_machine *m, u64 value)
{
	return gup_leaf_counted(value) && gup_folio_poisoned(gup_head(m, gup_page_at(m, gup_arch_pfn(value))));
}

/* What zapping touches besides the entries that are wholly inside. */
enum gup_zap { GUP_ZAP_ALL, GUP_ZAP_OBJECT_ONLY /* private copies stay */ };

/*
 * Clear the entries of [start, end), and tell who is subscribed: @event. A 2 MiB entry that is partly inside goes as a
 * whole if it maps an object (it is faulted in again) and is split if it is anonymous. 0, or -ENOMEM if it had to be
 * split and could not: never for a whole VMA.
 */
int gup_zap_range(struct gup_vma *vma, u64 start, u64 end, enum gup_zap what, enum gup_event event);
/*
 * Turn the 2 MiB entry around @addr, if there is one, into 4 KiB entries, or into none if it maps an object: only then
 * an entry stops mapping something, and who is subscribed is told. 0 or -ENOMEM.
 */
int gup_split_huge(struct gup_vma *vma, u64 addr);
void gup_protect_range(struct gup_vma *vma, u64 start, u64 end);

/* Called with the table locked, before the entry becomes @value, and before the table is unlocked (mirror.c). */
void gup_mirror_lose(struct gup_slot *slot, u64 value);
void gup_mirror_flush_stale(struct gup_slot *slot);

static inline void gup_mirror_change(struct gup_slot *slot, u64 value)
{
	if (gup_port_load_relaxed(&slot->mm->mirrored))
		gup_mirror_lose(slot, value);
}

static inline void gup_mirror_flush(struct gup_slot *slot)
{
	if (slot->stale_to)
		gup_mirror_flush_stale(slot);
}

/* ---- rmap.c ---- */

/* Called for the part [start, end) of a VMA that may map the folio. */
typedef void gup_rmap_fn(struct gup_vma *vma, struct gup_page *head, u64 start, u64 end, void *arg);
/* Context: the caller holds the folio lock, or owns the folio alone. */
void gup_rmap_walk(struct gup_page *head, gup_rmap_fn *fn, void *arg);
/* Hold the reverse maps of a VMA's memory still, to link, unlink or change VMAs of the same lineage and object. */
void gup_rmap_write_lock(struct gup_vma *vma);
void gup_rmap_write_unlock(struct gup_vma *vma);
void gup_rmap_link_locked(struct gup_vma *vma);
void gup_rmap_unlink_locked(struct gup_vma *vma);
/* Clear the entries that map page indices [first, last] of an object: a truncate or a punch. */
void gup_object_unmap(struct gup_object *object, u64 first, u64 last, enum gup_zap what);

#endif
