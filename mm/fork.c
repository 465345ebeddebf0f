/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/fork.c - copying an address space: private pages are shared copy-on-write, pinned ones copied at once.
 *
 *	parent entry		parent after		child
 *	private page		read-only, shared	the same page, read-only
 *	...pinned		as it was		a copy of its own
 *	migration entry		not exclusive		the same migration entry
 *	shared mapping		as it was		nothing: it faults when it needs to
 *	MADV_WIPEONFORK		as it was		nothing, and zeroes when it faults
 *	MADV_DONTFORK		as it was		not even the mapping
 *
 * Exclusive bit first, then the pin count: fork clears the bit and looks at the count, a walker counts and looks at the
 * bit. Fast walkers that pin also watch wp_seq, which is odd while this runs.
 */
#include "internal.h"

/* One entry to copy: parent and child slots of the same address, both tables locked. */
struct copy {
	struct gup_vma *child;
	struct gup_slot *from, *to;
};

/* Give up exclusiveness, unless a device relies on it. */
static bool try_share(struct gup_machine *m, struct gup_page *page, struct gup_page *head)
{
	if (!gup_flag_test(page, GUP_PF_EXCL))
		return true;
	gup_flag_clear(page, GUP_PF_EXCL);
	if (!m->contract->fork_copies_pinned || !gup_count_pins(gup_port_load(&head->count)) ||
	    gup_folio_poisoned(head))
		return true; /* of what nobody can read there is nothing to copy */
	gup_flag_set(page, GUP_PF_EXCL);
	return false;
}

/* Both have the same entry from now on. Lockless walkers that pin look at wp_seq, and others take the tables' locks. */
static void share_entry(struct copy *c, u64 value)
{
	if (value != c->from->value)
		gup_pt_set_relaxed(c->from, value);
	gup_pt_set_relaxed(c->to, value);
}

/* The child's. What was exclusive has the parent's entry only, whose table is locked: nobody else changes the number. */
static void add_mapping(struct copy *c, struct gup_page *head, struct gup_page *page, bool exclusive)
{
	if (exclusive && !gup_order(head))
		gup_port_store_release(&page->mapcount, 2u);
	else
		gup_map_add(head, page, 1, c->from->level);
}

static bool share(struct copy *c, struct gup_page *head, struct gup_page *page, bool exclusive)
{
	if (gup_folio_take(head, 1, false) != GUP_TAKE_OK)
		return false;
	add_mapping(c, head, page, exclusive);
	share_entry(c, gup_arch_wrprotect(c->from->value));
	return true;
}

static bool copy_pinned(struct copy *c, struct gup_page *page, u64 addr)
{
	struct gup_fault f = { .mm = c->child->mm, .vma = c->child, .addr = addr };
	struct gup_page *copy = c->from->level ? gup_hugetlb_new_page(&f, page, false) : gup_fault_new_page(&f, page);

	if (!copy)
		return false;
	gup_fault_map_anon(&f, c->to, copy);
	GUP_COUNT(f.mm->m, cow_copies, 1);
	return true;
}

enum copied { COPIED, COPY_NOMEM, COPY_SPLIT };

static enum copied copy_leaf(struct copy *c, u64 addr)
{
	struct gup_machine *m = c->child->mm->m;
	struct gup_page *page = gup_page_at(m, gup_arch_pfn(c->from->value));
	struct gup_page *head = gup_head(m, page);
	bool exclusive = gup_flag_test(page, GUP_PF_EXCL);

	if (!gup_folio_is_anon(head) || try_share(m, page, head)) {
		if (share(c, head, page, exclusive))
			return COPIED;
		if (exclusive)
			gup_flag_set(page, GUP_PF_EXCL);
		return COPY_NOMEM;
	}
	if (c->from->level && !gup_vma_is(c->child, GUP_OBJECT_HUGETLB))
		return COPY_SPLIT;
	return copy_pinned(c, page, addr) ? COPIED : COPY_NOMEM;
}

static enum copied copy_entry(struct copy *c, u64 addr)
{
	u64 value = c->from->value;

	if (!value)
		return COPIED;
	if (gup_arch_is_migration(value)) {
		share_entry(c, gup_arch_mk_migration(gup_arch_pfn(value), c->from->level,
						     gup_arch_attr(value) & ~(GUP_PTE_WRITE | GUP_PTE_EXCL)));
		return COPIED;
	}
	if (!gup_leaf_counted(value)) {
		share_entry(c, value);
		return COPIED;
	}
	return copy_leaf(c, addr);
}

/* The entries of one table from *addr on, as far as they lie in the VMA. */
static enum copied copy_table(struct copy *c, u64 *addr)
{
	u64 end = gup_vma_end(c->child);
	enum copied done = COPIED;

	gup_pt_lock(c->from);
	gup_pt_lock(c->to);
	while (*addr < end && !gup_pt_moved(c->from)) {
		done = copy_entry(c, *addr);
		if (done != COPIED)
			break;
		*addr = gup_pt_next(*addr, c->from->level);
		if (!gup_pt_index(*addr, c->from->level))
			break;
		c->from->value = gup_port_load(++c->from->entry);
		c->to->entry++;
	}
	gup_pt_unlock(c->to);
	gup_pt_unlock(c->from);
	return done;
}

static int copy_range(struct gup_vma *vma, struct gup_vma *child)
{
	struct gup_slot from, to;
	struct copy c = { child, &from, &to };
	u64 addr = gup_vma_start(vma);
	enum copied done;

	while (addr < gup_vma_end(vma)) {
		gup_pt_descend(vma->mm, addr, &from);
		if (from.level && !from.value) {
			addr = gup_pt_next(addr, from.level);
			continue;
		}
		if (gup_pt_populate(child->mm, addr, from.level, &to))
			return -GUP_ENOMEM;
		done = copy_table(&c, &addr);
		if (done == COPY_NOMEM || (done == COPY_SPLIT && gup_split_huge(vma, addr)))
			return -GUP_ENOMEM;
	}
	return 0;
}

static int copy_vma(struct gup_vma *vma, struct gup_mm *child)
{
	struct gup_invalidation inv;
	struct gup_vma *copy;
	int err;

	if (vma->flags & GUP_VM_DONTFORK)
		return 0;
	copy = gup_vma_new(child, vma);
	if (!copy)
		return -GUP_ENOMEM;
	copy->flags &= ~GUP_VM_LOCKED;
	gup_vma_link(copy);
	if (vma->flags & (GUP_VM_SHARED | GUP_VM_WIPEONFORK))
		return 0;
	gup_invalidate_begin(&inv, vma->mm, gup_vma_start(vma), gup_vma_end(vma), GUP_EVENT_PROTECT_PAGE);
	err = copy_range(vma, copy);
	gup_invalidate_end(&inv);
	return err;
}

static int copy_mm(struct gup_mm *parent, struct gup_mm *child)
{
	struct gup_vma *vma;
	int err = 0;

	gup_port_rwlock_write_lock(&parent->mmap_lock);
	gup_port_fetch_add(&parent->wp_seq, 1u);
	child->hint = parent->hint;
	child->lowest = parent->lowest;
	child->highest = parent->highest;
	for (vma = gup_vma_first(parent, 0, GUP_USER_TOP); vma && !err; vma = gup_vma_next(vma, 0, GUP_USER_TOP))
		err = copy_vma(vma, child);
	gup_port_fetch_add(&parent->wp_seq, 1u);
	gup_port_rwlock_write_unlock(&parent->mmap_lock);
	return err;
}

int gup_mm_fork(struct gup_mm *parent, const char *name, struct gup_mm **out)
{
	struct gup_mm *child;
	int err;

	if (!parent || !out)
		return -GUP_EINVAL;
	err = gup_mm_create(parent->m, name, &child);
	if (err)
		return err;
	err = copy_mm(parent, child);
	if (err) {
		gup_mm_destroy(child);
		return err;
	}
	*out = child;
	return 0;
}
