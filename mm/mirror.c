/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/mirror.c - the window of an mm: what its page table says, shown at native addresses.
 *
 *	entry			mirror may show			how it goes
 *	none, migration		nothing
 *	leaf			the frame, to read		the entry changes: gup_pt_set() notes the address,
 *	...writable, dirty	the frame, to write		gup_pt_unlock() tells the host
 *	the zero page		zeroes, to read
 *
 * The mirror is shown and taken away with the table of the entry locked, and from the entry that is read under that lock.
 * Frames are given back, and calls return, after the table is unlocked: then no window shows them any more. The host may
 * take out whatever is not held, at any time. docs/mirror.md
 */
#include "internal.h"

/* ---- what is shown ---- */

#define SHOW_READ 4u /* besides GUP_PORT_MAP_WRITE and _EXEC */

static unsigned int rights(u64 value)
{
	unsigned int attr = gup_arch_attr(value), dirty = GUP_PTE_WRITE | GUP_PTE_DIRTY;

	if (!(attr & GUP_PTE_ACCESS))
		return 0;
	return SHOW_READ | ((attr & dirty) == dirty ? GUP_PORT_MAP_WRITE : 0) |
	       (attr & GUP_PTE_EXEC ? GUP_PORT_MAP_EXEC : 0);
}

static bool is_zero_page(const struct gup_machine *m, u64 value)
{
	return gup_arch_pfn(value) == m->zero_pfn;
}

/* Is there a page that an access may reach? A migration entry has the same attributes, and none. */
static bool can_show(const struct gup_machine *m, u64 value)
{
	if (!gup_arch_is_leaf(value, 0))
		return false;
	return is_zero_page(m, value) || (gup_leaf_counted(value) && !gup_leaf_poisoned(m, value));
}

/* Two entries that follow each other: do they show memory that follows itself, with the same rights? */
static bool continues(const struct gup_machine *m, u64 value, u64 next)
{
	if (!can_show(m, value) || !can_show(m, next) || rights(next) != rights(value))
		return false;
	if (is_zero_page(m, value))
		return is_zero_page(m, next);
	return gup_arch_pfn(next) == gup_arch_pfn(value) + 1;
}

/* A run of entries around a slot, all in its table. */
struct run {
	u64 addr, bytes;
	u64 value; /* of its first entry */
};

static struct run run_around(const struct gup_slot *slot, u64 addr)
{
	const struct gup_machine *m = slot->mm->m;
	u32 first = gup_pt_index(addr, slot->level), end = first + 1;
	u64 *entries = slot->entry - first, size = gup_pt_size(slot->level);

	while (!slot->level && first &&
	       continues(m, gup_port_load(&entries[first - 1]), gup_port_load(&entries[first])))
		first--;
	while (!slot->level && end < GUP_PT_ENTRIES &&
	       continues(m, gup_port_load(&entries[end - 1]), gup_port_load(&entries[end])))
		end++;
	return (struct run){ slot->base + first * size, (end - first) * size, gup_port_load(&entries[first]) };
}

/* Table locked. False if the host cannot. */
static bool show_locked(struct gup_slot *slot, u64 addr)
{
	struct gup_mm *mm = slot->mm;
	struct run run = run_around(slot, addr);
	u64 from = GUP_PORT_ZEROES;

	if (!is_zero_page(mm->m, run.value))
		from = (u64)(gup_direct(mm->m, gup_arch_pfn(run.value)) - (u8 *)mm->m->frame_memory.base);
	return gup_port_window_map(&mm->window, run.addr - mm->window_start, run.bytes, &mm->m->frame_memory, from,
				   rights(run.value) & ~SHOW_READ);
}

enum shown { SHOWN, ABSENT, HOST_CANNOT };

static enum shown show(struct gup_mm *mm, u64 addr, bool store)
{
	enum shown shown = ABSENT;
	struct gup_slot slot;
	unsigned int need = GUP_PTE_ACCESS | (store ? GUP_PTE_WRITE : 0);

	gup_pt_descend(mm, addr, &slot);
	if (!slot.value)
		return ABSENT;
	gup_pt_lock(&slot);
	if (gup_arch_is_leaf(slot.value, slot.level) && (gup_arch_attr(slot.value) & need) == need &&
	    !gup_leaf_poisoned(mm->m, slot.value)) {
		if (store && !(gup_arch_attr(slot.value) & GUP_PTE_DIRTY))
			gup_pt_set_dirty(&slot);
		shown = show_locked(&slot, addr) ? SHOWN : HOST_CANNOT;
	}
	gup_pt_unlock(&slot);
	return shown;
}

/* ---- faults ---- */

static u32 needed(enum gup_port_access access)
{
	switch (access) {
	case GUP_PORT_STORE:
		return GUP_VM_WRITE;
	case GUP_PORT_FETCH:
		return GUP_VM_EXEC;
	default:
		return GUP_VM_PROT;
	}
}

/* mmap_lock held for reading. */
static enum gup_port_fault fault_locked(struct gup_mm *mm, u64 addr, enum gup_port_access access)
{
	struct gup_vma *vma = gup_vma_find(mm, addr);
	enum gup_fault_result result = GUP_FAULT_DONE;
	bool store = access == GUP_PORT_STORE;
	enum shown shown;

	if (!vma)
		return GUP_PORT_FAULT_UNMAPPED;
	if (!(vma->flags & needed(access)))
		return GUP_PORT_FAULT_DENIED;
	if (vma->flags & GUP_VM_PFNMAP)
		return GUP_PORT_FAULT_BUS;
	while (result == GUP_FAULT_DONE) {
		shown = show(mm, addr, store);
		if (shown != ABSENT)
			return shown == SHOWN ? GUP_PORT_FAULT_DONE : GUP_PORT_FAULT_BUS;
		result = gup_fault_through(mm, vma, addr, store ? GUP_FAULT_WRITE : 0);
	}
	return result == GUP_FAULT_POISONED ? GUP_PORT_FAULT_POISON : GUP_PORT_FAULT_BUS;
}

static enum gup_port_fault fault_in_window(struct gup_port_window *window, u64 offset, enum gup_port_access access)
{
	struct gup_mm *mm = GUP_CONTAINER_OF(window, struct gup_mm, window);
	enum gup_port_fault fault;

	gup_mmap_read_lock(mm);
	fault = fault_locked(mm, (mm->window_start + offset) & GUP_PAGE_MASK, access);
	gup_mmap_read_unlock(mm);
	return fault;
}

/* ---- what is not shown any more ---- */

/*
 * What is won if an entry is taken out along with others: one call of the host if its page is about to move, because its
 * folio or all of its block is being moved. A page that stays is lost, and shown again by a fault.
 */
static int won(const struct gup_machine *m, u64 value)
{
	struct gup_page *head;

	if (!gup_arch_is_leaf(value, 0))
		return 0;
	if (!gup_leaf_counted(value))
		return -1;
	head = gup_head(m, gup_page_at(m, gup_arch_pfn(value)));
	if (gup_flag_test(head, GUP_PF_ISOLATED) || gup_block_of(m, gup_pfn(m, head)) & GUP_BLOCK_ISOLATED)
		return 1;
	return -1;
}

/* The entries from @from on, upwards or downwards, that are worth it: never more are lost than won. */
static u32 nr_along(const struct gup_machine *m, const u64 *entries, u32 from, int step)
{
	int balance = 1, one;
	u32 best = 0, nr;

	for (nr = 0; balance >= 0 && from < GUP_PT_ENTRIES; from += (u32)step) {
		one = won(m, gup_port_load(&entries[from]));
		balance += one;
		nr++;
		if (one > 0)
			best = nr;
	}
	return best;
}

/*
 * Who moves many pages takes them from their entries one by one. The first one to leave the window takes neighbours along
 * that are to follow, so that the host is called once for them all.
 */
static void widen_stale(struct gup_slot *slot)
{
	const struct gup_machine *m = slot->mm->m;
	const u64 *entries = (u64 *)gup_direct(m, slot->table);
	u32 first = gup_pt_index(slot->stale_from, 0), last = gup_pt_index(slot->stale_to - 1, 0);

	slot->stale_from -= (u64)nr_along(m, entries, first - 1, -1) << GUP_PAGE_SHIFT;
	slot->stale_to += (u64)nr_along(m, entries, last + 1, 1) << GUP_PAGE_SHIFT;
}

struct range {
	u64 at, bytes;
};

/* What of the stale entries lies in the window. */
static struct range stale_in_window(const struct gup_slot *slot)
{
	const struct gup_mm *mm = slot->mm;
	u64 from = gup_max(slot->stale_from, mm->window_start);
	u64 to = gup_min(slot->stale_to, mm->window_start + mm->window.bytes);

	return (struct range){ from - mm->window_start, from < to ? to - from : 0 };
}

void gup_mirror_flush_stale(struct gup_slot *slot)
{
	struct gup_port_window *window = &slot->mm->window;
	struct range stale = stale_in_window(slot);

	if (stale.bytes && gup_port_window_shows(window, stale.at, stale.bytes)) {
		if (!slot->level && !gup_port_window_holds(window, stale.at))
			widen_stale(slot);
		stale = stale_in_window(slot);
		gup_port_window_unmap(window, stale.at, stale.bytes);
	}
	slot->stale_from = slot->stale_to = 0;
}

/* Neighbours go to the host as one run. */
static void note_stale(struct gup_slot *slot)
{
	u64 size = gup_pt_size(slot->level);
	u64 addr = slot->base + ((uintptr_t)slot->entry % GUP_PAGE_SIZE / sizeof(*slot->entry)) * size;

	if (slot->stale_to != addr) {
		gup_mirror_flush(slot);
		slot->stale_from = addr;
	}
	slot->stale_to = addr + size;
}

void gup_mirror_lose(struct gup_slot *slot, u64 value)
{
	u64 old = gup_port_load_relaxed(slot->entry);
	bool same;

	if (!gup_arch_is_leaf(old, slot->level))
		return;
	if (gup_arch_is_leaf(value, slot->level))
		same = gup_arch_pfn(old) == gup_arch_pfn(value) && !(rights(old) & ~rights(value));
	else
		same = gup_arch_is_table(value, slot->level); /* it was split: the same frames */
	if (!same)
		note_stale(slot);
}

static bool forget_slot(struct gup_slot *slot, u64 addr, void *arg)
{
	struct gup_page *head = arg;
	struct gup_machine *m = slot->mm->m;

	(void)addr;
	if (gup_arch_is_leaf(slot->value, slot->level) && gup_leaf_counted(slot->value) &&
	    gup_head(m, gup_page_at(m, gup_arch_pfn(slot->value))) == head)
		note_stale(slot);
	return true;
}

static void forget_vma(struct gup_vma *vma, struct gup_page *head, u64 start, u64 end, void *arg)
{
	(void)arg;
	if (gup_port_load(&vma->mm->mirrored))
		gup_pt_walk(vma->mm, start, end, &(struct gup_walk){ .visit = forget_slot, .arg = head });
}

void gup_mirror_forget(struct gup_page *head)
{
	gup_rmap_walk(head, forget_vma, NULL);
}

void gup_mirror_drop(struct gup_mm *mm)
{
	if (mm && gup_port_load(&mm->mirrored))
		gup_port_window_drop(&mm->window);
}

/* ---- the window ---- */

static int open_locked(struct gup_mm *mm, u64 start, u64 bytes)
{
	int err;

	if (mm->mirrored)
		return -GUP_EEXIST;
	mm->window = (struct gup_port_window){ .bytes = bytes, .fault = fault_in_window };
	mm->window_start = start;
	err = gup_port_window_open(&mm->window);
	if (err)
		return err;
	if (!start && (uintptr_t)mm->window.base + bytes > GUP_USER_TOP) {
		gup_port_window_close(&mm->window);
		return -GUP_ENOMEM;
	}
	if (!start) {
		mm->window_start = mm->lowest = (uintptr_t)mm->window.base;
		mm->highest = mm->lowest + bytes;
		mm->hint = 0;
	}
	gup_port_store(&mm->mirrored, 1u);
	return 0;
}

int gup_mirror_open(struct gup_mm *mm, uint64_t start, uint64_t bytes)
{
	int err;

	if (!mm || !bytes || (start | bytes) & (GUP_HUGE_SIZE - 1) || bytes > GUP_USER_TOP ||
	    start > GUP_USER_TOP - bytes)
		return -GUP_EINVAL;
	gup_port_rwlock_write_lock(&mm->mmap_lock);
	err = open_locked(mm, start, bytes);
	gup_port_rwlock_write_unlock(&mm->mmap_lock);
	return err;
}

static bool in_window(const struct gup_mm *mm, u64 addr, u64 length)
{
	return gup_port_load(&mm->mirrored) && addr >= mm->window_start && length <= mm->window.bytes &&
	       addr - mm->window_start <= mm->window.bytes - length;
}

void *gup_mirror_pointer(const struct gup_mm *mm, uint64_t addr)
{
	return mm && in_window(mm, addr, 1) ? mm->window.base + (addr - mm->window_start) : NULL;
}

/* ---- holding ---- */

/* The pages of a held range. */
static void hold_pages(struct gup_mm *mm, const struct gup_mirror_hold *hold, bool on)
{
	u64 first = hold->addr & GUP_PAGE_MASK, end = (hold->addr + hold->length + GUP_PAGE_SIZE - 1) & GUP_PAGE_MASK;

	gup_port_window_hold(&mm->window, first - mm->window_start, end - first, on);
}

static void release_hold(struct gup_mm *mm, struct gup_mirror_hold *hold)
{
	hold_pages(mm, hold, false);
	gup_unpin(hold->pin, hold->write);
	gup_slab_free(mm->m, GUP_SLAB_HOLD, hold);
}

/* Pinned already, so it can only fail if the host does, or if the program changes the range meanwhile. */
static int show_held(struct gup_mm *mm, const struct gup_mirror_hold *hold)
{
	enum gup_port_fault fault = GUP_PORT_FAULT_DONE;
	u64 addr;

	for (addr = hold->addr & GUP_PAGE_MASK; addr < hold->addr + hold->length && !fault; addr += GUP_PAGE_SIZE)
		fault = fault_in_window(&mm->window, addr - mm->window_start,
					hold->write ? GUP_PORT_STORE : GUP_PORT_LOAD);
	if (!fault)
		return 0;
	return fault == GUP_PORT_FAULT_BUS ? -GUP_ENOMEM : -GUP_EFAULT;
}

int gup_mirror_populate(struct gup_mm *mm, uint64_t addr, uint64_t length, bool write)
{
	struct gup_request request = { .addr = addr, .bytes = length, .flags = write ? GUP_WRITE : 0 };
	struct gup_mirror_hold *hold;
	int err;

	if (!mm || !length || !in_window(mm, addr, length))
		return -GUP_EINVAL;
	hold = gup_slab_alloc(mm->m, GUP_SLAB_HOLD);
	if (!hold)
		return -GUP_ENOMEM;
	err = gup_pin(mm, &request, &hold->pin, NULL);
	if (err) {
		gup_slab_free(mm->m, GUP_SLAB_HOLD, hold);
		return err;
	}
	hold->addr = addr;
	hold->length = length;
	hold->write = write;
	hold_pages(mm, hold, true);
	err = show_held(mm, hold);
	if (err) {
		release_hold(mm, hold);
		return err;
	}
	gup_port_lock_acquire(&mm->hold_lock);
	gup_link_add(&mm->holds, &hold->link);
	gup_port_lock_release(&mm->hold_lock);
	return 0;
}

/* Take a hold of exactly this range out of the list. */
static struct gup_mirror_hold *find_hold(struct gup_mm *mm, u64 addr, u64 length)
{
	struct gup_mirror_hold *found = NULL;
	struct gup_link *link;

	gup_port_lock_acquire(&mm->hold_lock);
	for (link = mm->holds.next; link != &mm->holds && !found; link = link->next) {
		struct gup_mirror_hold *hold = (struct gup_mirror_hold *)link;

		if (hold->addr == addr && hold->length == length)
			found = hold;
	}
	if (found)
		gup_link_del(&found->link);
	gup_port_lock_release(&mm->hold_lock);
	return found;
}

int gup_mirror_release(struct gup_mm *mm, uint64_t addr, uint64_t length)
{
	struct gup_mirror_hold *hold = mm ? find_hold(mm, addr, length) : NULL;

	if (!hold)
		return -GUP_EINVAL;
	release_hold(mm, hold);
	return 0;
}

void gup_mirror_close(struct gup_mm *mm)
{
	if (!mm->mirrored)
		return;
	while (mm->holds.next != &mm->holds) {
		struct gup_mirror_hold *hold = (struct gup_mirror_hold *)mm->holds.next;

		gup_link_del(&hold->link);
		release_hold(mm, hold);
	}
	gup_port_window_close(&mm->window);
}
