/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/mremap.c - mappings that change their size or their place.
 *
 *	check -> a VMA for the new place -> the old range becomes a VMA of its own -> room for every entry -> move them
 *
 * What can fail comes first; moving entries cannot. Several mappings move one after the other. An entry takes its page
 * along: frame, counts and bits stay, so whoever pinned it does not notice. A private page keeps its index in the lineage,
 * and so does the VMA that moves. Both VMAs are in the reverse maps while entries move, and those are locked: a walk finds
 * each entry in one of them. Only lockless walkers see that an entry is in neither place for a moment, and leave it to who
 * takes mmap_lock.
 */
#include "internal.h"

#define FLAGS_KNOWN (GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED)

struct remap {
	struct gup_mm *mm;
	u64 old, old_length, new_length;
	u64 to; /* with GUP_MREMAP_FIXED */
	unsigned int flags;
	bool populate; /* a locked mapping grew */
};

/* ---- entries ---- */

#define BATCH_MAX 64u

/* Entries that were taken from one table. */
struct batch {
	struct gup_mm *mm;
	u64 shift; /* from the old address to the new one, modulo 2^64 */
	u32 nr;
	struct {
		u64 addr, value;
		unsigned int level;
	} entry[BATCH_MAX];
};

/* Tables for what @slot, at @addr, holds. 0, -ENOMEM; -EAGAIN if it was split, to look again. */
static int make_room(struct gup_vma *vma, const struct gup_slot *slot, u64 addr, u64 shift)
{
	struct gup_slot to;

	if (!(shift & (gup_pt_size(slot->level) - 1))) {
		if (gup_pt_populate(vma->mm, addr + shift, slot->level, &to))
			return -GUP_ENOMEM;
		if (to.level == slot->level)
			return 0;
	}
	return gup_split_huge(vma, addr) ? -GUP_ENOMEM : -GUP_EAGAIN;
}

static int prepare_entries(struct gup_vma *vma, u64 shift)
{
	u64 addr = gup_vma_start(vma);
	struct gup_slot slot;
	int err = 0;

	while (addr < gup_vma_end(vma)) {
		gup_pt_descend(vma->mm, addr, &slot);
		if (slot.value)
			err = make_room(vma, &slot, addr, shift);
		if (err == -GUP_ENOMEM)
			return err;
		if (!err)
			addr = gup_pt_next(addr, slot.level);
		err = 0;
	}
	return 0;
}

static bool take_entry(struct gup_slot *slot, u64 addr, void *arg)
{
	struct batch *batch = arg;

	if (batch->nr == BATCH_MAX)
		return false;
	batch->entry[batch->nr].addr = addr;
	batch->entry[batch->nr].value = slot->value;
	batch->entry[batch->nr++].level = slot->level;
	gup_pt_set(slot, 0);
	return true;
}

/* No two tables are locked at a time: nobody but lockless walkers could come between. */
static void place_entries(void *arg)
{
	struct batch *batch = arg;
	struct gup_slot slot;
	u32 i;

	for (i = 0; i < batch->nr; i++) {
		gup_pt_descend(batch->mm, batch->entry[i].addr + batch->shift, &slot);
		gup_pt_lock(&slot);
		GUP_ASSERT(!slot.value && slot.level == batch->entry[i].level);
		gup_pt_set(&slot, batch->entry[i].value);
		gup_pt_unlock(&slot);
	}
	batch->nr = 0;
}

/* Move what @vma maps to where @new has the same pages. 0, or -ENOMEM with nothing moved. */
static int move_entries(struct gup_vma *vma, struct gup_vma *new)
{
	struct batch batch = { .mm = vma->mm, .shift = gup_vma_start(new) - gup_vma_start(vma) };
	struct gup_invalidation inv;
	int err;

	gup_invalidate_begin(&inv, vma->mm, gup_vma_start(vma), gup_vma_end(vma), GUP_EVENT_UNMAP);
	gup_rmap_write_lock(vma);
	err = prepare_entries(vma, batch.shift);
	if (!err)
		gup_pt_walk(vma->mm, gup_vma_start(vma), gup_vma_end(vma),
			    &(struct gup_walk){ take_entry, place_entries, &batch });
	gup_rmap_write_unlock(vma);
	gup_invalidate_end(&inv);
	return err;
}

/* ---- VMAs ---- */

static void vma_remove(struct gup_vma *vma)
{
	struct gup_mm *mm = vma->mm;
	u64 start = gup_vma_start(vma), end = gup_vma_end(vma);

	gup_vma_unlink(vma);
	gup_vma_free(vma);
	gup_pt_free_range(mm, start, end);
}

/* Make the old range a VMA of its own, and let @new have all that is in it. */
static int move_range(const struct remap *r, struct gup_vma *vma, struct gup_vma *new)
{
	int err = gup_vma_split(vma, r->old);

	vma = gup_vma_find(r->mm, r->old);
	if (!err)
		err = gup_vma_split(vma, r->old + r->old_length);
	if (!err)
		err = move_entries(vma, new);
	if (err) {
		gup_vma_merge(vma);
		return err;
	}
	new->reserved = vma->reserved;
	vma->reserved = 0;
	vma_remove(vma);
	return 0;
}

/* An old length of 0 leaves everything there, and maps the same object a second time. */
static s64 move(const struct remap *r, struct gup_vma *vma, u64 to)
{
	struct gup_vma *new = gup_vma_new(r->mm, vma);
	int err = 0;

	if (!new)
		return -GUP_ENOMEM;
	new->pgoff = gup_vma_index(vma, r->old);
	new->node.start = to;
	new->node.last = to + r->new_length - 1;
	gup_vma_link(new);
	if (r->old_length)
		err = move_range(r, vma, new);
	if (err) {
		vma_remove(new);
		return err;
	}
	gup_vma_merge(new);
	return (s64)to;
}

/* ---- what is asked for ---- */

/* The ranges make sense, whatever lies there. */
static bool place_ok(const struct remap *r)
{
	if (!(r->flags & GUP_MREMAP_FIXED))
		return r->new_length <= GUP_USER_TOP;
	return gup_range_ok(r->to, r->new_length) &&
	       (r->old + r->old_length <= r->to || r->to + r->new_length <= r->old);
}

static int hugetlb_check(struct remap *r, const struct gup_vma *vma)
{
	u64 inside = gup_object_unit(vma->object) - 1;

	if (!r->mm->m->contract->moves_hugetlb)
		return r->flags & GUP_MREMAP_FIXED || r->new_length > r->old_length ? -GUP_EINVAL : 0;
	r->old_length = (r->old_length + inside) & ~inside;
	r->new_length = (r->new_length + inside) & ~inside;
	return (r->old | r->to) & inside || !r->new_length || r->new_length > r->old_length ? -GUP_EINVAL : 0;
}

/* Something lies there, and can be changed at all. */
static int vma_check(struct remap *r, const struct gup_vma *vma)
{
	if (!vma)
		return -GUP_EFAULT;
	return gup_vma_is(vma, GUP_OBJECT_HUGETLB) ? hugetlb_check(r, vma) : 0;
}

/* May what is kept of the mapping become as long as it shall be? */
static int resize_check(struct remap *r, const struct gup_vma *vma)
{
	u64 kept = gup_min(r->old_length, r->new_length), more = r->new_length - kept;

	if (!kept && !(vma->flags & GUP_VM_SHARED))
		return -GUP_EINVAL;
	if (kept > gup_vma_end(vma) - r->old)
		return -GUP_EFAULT;
	if (!more)
		return 0;
	if (gup_vma_index(vma, r->old) + (r->new_length >> GUP_PAGE_SHIFT) > UINT64_MAX >> GUP_PAGE_SHIFT)
		return -GUP_EINVAL;
	if (vma->flags & GUP_VM_PFNMAP)
		return -GUP_EFAULT;
	if (!(vma->flags & GUP_VM_LOCKED))
		return 0;
	r->populate = true;
	return gup_lock_exceeds(r->mm, more >> GUP_PAGE_SHIFT) ? -GUP_EAGAIN : 0;
}

/* ---- in its place ---- */

/* Where the mm has a window, what lies in it does not grow out of it. */
static bool can_extend(const struct remap *r, const struct gup_vma *vma)
{
	if (gup_vma_end(vma) <= r->mm->highest && r->old + r->new_length > r->mm->highest)
		return false;
	return r->old_length == gup_vma_end(vma) - r->old && gup_range_ok(r->old, r->new_length) &&
	       !gup_vma_first(r->mm, gup_vma_end(vma), r->old + r->new_length);
}

/* Unmap what is beyond the new length, if there is such a part. */
static int cut_tail(struct remap *r)
{
	u64 tail = r->old + r->new_length;
	int err;

	if (r->old_length <= r->new_length)
		return 0;
	if (r->new_length > GUP_USER_TOP || !gup_range_ok(tail, r->old_length - r->new_length))
		return -GUP_EINVAL;
	err = gup_unmap_locked(r->mm, tail, r->old + r->old_length);
	if (!err)
		r->old_length = r->new_length;
	return err;
}

static s64 shrink(struct remap *r)
{
	int err = cut_tail(r);

	return err ? err : (s64)r->old;
}

static s64 grow(struct remap *r, struct gup_vma *vma)
{
	int err = resize_check(r, vma);
	u64 to;

	if (err)
		return err;
	if (can_extend(r, vma)) {
		gup_vma_extend(vma, r->old + r->new_length);
		gup_vma_merge(vma);
		return (s64)r->old;
	}
	if (!(r->flags & GUP_MREMAP_MAYMOVE))
		return -GUP_ENOMEM;
	to = gup_find_gap(r->mm, 0, r->new_length, vma->object ? gup_object_unit(vma->object) : GUP_PAGE_SIZE);
	return to ? move(r, vma, to) : -GUP_ENOMEM;
}

/* ---- to another place ---- */

/* What lies in the way goes, and what is too much. It stays so if the rest fails, as in Linux. */
static int clear_way(struct remap *r)
{
	int err = gup_unmap_locked(r->mm, r->to, r->to + r->new_length);

	return err ? err : cut_tail(r);
}

/* Before Linux 6.17 the way is cleared first, and then it is looked whether anything may go it. */
static s64 move_to(struct remap *r, const struct gup_vma *looked_at)
{
	bool checks_first = r->mm->m->contract->remap_checks_first;
	int err = checks_first ? resize_check(r, looked_at) : 0;
	struct gup_vma *vma;

	if (!err)
		err = clear_way(r);
	if (err)
		return err;
	vma = gup_vma_find(r->mm, r->old); /* gone if it lay at the new place: then it was to be mapped twice */
	err = vma_check(r, vma);
	if (!err && !checks_first)
		err = resize_check(r, vma);
	return err ? err : move(r, vma, r->to);
}

/* The part of the range that is the VMA's. */
static s64 move_part(const struct remap *r, struct gup_vma *vma)
{
	struct remap part = *r;
	int err;

	part.old = gup_max(r->old, gup_vma_start(vma));
	part.old_length = gup_min(r->old + r->old_length, gup_vma_end(vma)) - part.old;
	part.new_length = part.old_length;
	part.to = r->to + (part.old - r->old);
	err = vma_check(&part, vma);
	return err ? err : move_to(&part, vma);
}

/* One mapping after the other, with the holes between them. What has moved when one cannot stays so, as in Linux. */
static s64 move_all(const struct remap *r)
{
	u64 end = r->old + r->old_length, at = r->old;
	struct gup_vma *vma = gup_vma_find(r->mm, at);
	s64 to = -GUP_EFAULT;

	while (vma) {
		at = gup_vma_end(vma);
		to = move_part(r, vma);
		vma = to >= 0 && at < end ? gup_vma_first(r->mm, at, end) : NULL;
	}
	return to < 0 ? to : (s64)r->to;
}

static s64 remap_locked(struct remap *r)
{
	const struct gup_contract *contract = r->mm->m->contract;
	struct gup_vma *vma = gup_vma_find(r->mm, r->old);
	bool fixed = r->flags & GUP_MREMAP_FIXED, grows = r->old_length < r->new_length;
	int err = 0;

	if (contract->remap_checks_first && !place_ok(r))
		return -GUP_EINVAL;
	if (contract->remap_moves_many && fixed && r->old_length == r->new_length)
		return move_all(r);
	if (contract->remap_looks_first || (grows && !fixed))
		err = vma_check(r, vma);
	if (err)
		return err;
	if (fixed)
		return place_ok(r) ? move_to(r, vma) : -GUP_EINVAL;
	return grows ? grow(r, vma) : shrink(r);
}

static u64 whole_pages(u64 length)
{
	return (length + GUP_PAGE_SIZE - 1) & GUP_PAGE_MASK;
}

int64_t gup_mremap(struct gup_mm *mm, uint64_t old_addr, uint64_t old_length, uint64_t new_length, unsigned int flags,
		   uint64_t new_addr)
{
	struct remap r = { mm, old_addr, whole_pages(old_length), whole_pages(new_length), 0, flags, false };
	s64 addr;

	if (!mm || flags & ~FLAGS_KNOWN || flags == GUP_MREMAP_FIXED || old_addr & ~GUP_PAGE_MASK || !r.new_length)
		return -GUP_EINVAL;
	if (flags & GUP_MREMAP_FIXED)
		r.to = new_addr;
	gup_port_rwlock_write_lock(&mm->mmap_lock);
	addr = remap_locked(&r);
	gup_port_rwlock_write_unlock(&mm->mmap_lock);
	gup_tables_reap_many(mm->m);
	if (addr >= 0 && r.populate)
		(void)gup_populate(mm, (u64)addr + r.old_length, r.new_length - r.old_length);
	return addr;
}
