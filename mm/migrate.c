/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/migrate.c - moving a folio to other frames under its users' feet.
 *
 *	isolate		one mover at a time; holds one reference
 *	lock		truncate, split and faults on objects wait
 *	unmap		each entry becomes a migration entry, which holds no reference; faults wait at it
 *	freeze		from exactly cache + ours to zero: nobody can take it any more
 *	copy, replace	bytes, then the object's cache
 *	remap		migration entries point to the new folio
 *	free, wake
 *
 * If the freeze fails somebody holds the folio: the entries come back as they were, and after a while it is tried
 * again. Entries are changed before the count is read, so a walker that counts and then looks again cannot be missed.
 */
#include "internal.h"

#define WAIT_STEP UINT64_C(5000000)
#define RANGE_TRIES 3u

bool gup_folio_isolate(struct gup_page *head)
{
	return !(gup_port_fetch_or(&head->flags, GUP_PF_ISOLATED) & GUP_PF_ISOLATED);
}

static void putback(struct gup_machine *m, struct gup_page *head)
{
	gup_flag_clear(head, GUP_PF_ISOLATED);
	gup_wake(m, gup_pfn(m, head));
	gup_folio_put(m, head, 1);
}

static bool not_isolated(const struct gup_page *head, u64 unused)
{
	(void)unused;
	return !gup_flag_test(head, GUP_PF_ISOLATED);
}

void gup_folio_wait_isolated(struct gup_machine *m, struct gup_page *head)
{
	gup_folio_wait(m, head, not_isolated, 0, GUP_WAIT_LONG);
}

/* ---- entries: to migration entries and back ---- */

struct unmap {
	struct gup_machine *m;
	struct gup_page *head;
};

/*
 * Entry first, then the pin count, as everywhere. An exclusive page that is pinned stays as it is: a fork that met the
 * migration entry would take it for a page that may be shared. What is seen to be pinned before cannot be frozen, so its
 * entries, and what a window shows of them, are left alone.
 */
static bool unmap_slot(struct gup_slot *slot, u64 addr, void *arg)
{
	struct gup_machine *m = ((struct unmap *)arg)->m;
	struct gup_page *head = ((struct unmap *)arg)->head, *page, *bearer;
	u64 value = slot->value, pfn = gup_arch_pfn(value);
	bool exclusive;

	(void)addr;
	if (!gup_arch_is_leaf(value, slot->level) || !gup_leaf_counted(value))
		return true;
	page = gup_page_at(m, pfn);
	if (gup_head(m, page) != head || gup_count_pins(gup_port_load(&head->count)))
		return true;
	bearer = slot->level ? head : page;
	exclusive = gup_flag_test(bearer, GUP_PF_EXCL);
	gup_flag_clear(bearer, GUP_PF_EXCL);
	gup_pt_set(slot,
		   gup_arch_mk_migration(pfn, slot->level, gup_arch_attr(value) | (exclusive ? GUP_PTE_EXCL : 0)));
	if (exclusive && gup_count_pins(gup_port_load(&head->count))) {
		gup_flag_set(bearer, GUP_PF_EXCL);
		gup_pt_set(slot, value);
		return true;
	}
	gup_map_del(head, page, 1, slot->level);
	gup_folio_put(m, head, 1);
	return true;
}

/* Where the frames of the old folio are now: at the old place after a failed move, or after a split. */
struct remap {
	struct gup_machine *m;
	u64 old_pfn, new_pfn, nr;
};

static bool remap_slot(struct gup_slot *slot, u64 addr, void *arg)
{
	const struct remap *r = arg;
	unsigned int attr = gup_arch_attr(slot->value);
	u64 pfn = gup_arch_pfn(slot->value);
	struct gup_page *page, *head;

	(void)addr;
	if (!gup_arch_is_migration(slot->value) || pfn < r->old_pfn || pfn >= r->old_pfn + r->nr)
		return true;
	page = gup_page_at(r->m, pfn - r->old_pfn + r->new_pfn);
	head = gup_head(r->m, page);
	if (gup_folio_take(head, 1, false) != GUP_TAKE_OK)
		GUP_ASSERT(!"a folio that is mapped again is alive");
	if (attr & GUP_PTE_EXCL)
		gup_flag_set(page, GUP_PF_EXCL);
	gup_map_add(head, page, 1, slot->level);
	gup_pt_set(slot, gup_arch_mk_leaf(gup_pfn(r->m, page), slot->level, attr & ~GUP_PTE_EXCL));
	return true;
}

static void walk_vma(struct gup_vma *vma, struct gup_page *head, u64 start, u64 end, void *walk)
{
	(void)head;
	gup_pt_walk(vma->mm, start, end, walk);
}

/* Entries stop mapping here, one VMA at a time; that they come back tells nobody anything new. */
static void unmap_vma(struct gup_vma *vma, struct gup_page *head, u64 start, u64 end, void *walk)
{
	struct gup_invalidation inv;

	gup_invalidate_begin(&inv, vma->mm, start, end, GUP_EVENT_MIGRATE);
	walk_vma(vma, head, start, end, walk);
	gup_invalidate_end(&inv);
}

static void unmap_folio(struct gup_machine *m, struct gup_page *head)
{
	gup_rmap_walk(head, unmap_vma, &(struct gup_walk){ .visit = unmap_slot, .arg = &(struct unmap){ m, head } });
}

static void remap_folio(struct gup_machine *m, struct gup_page *old_head, struct gup_page *new_head)
{
	struct remap remap = { m, gup_pfn(m, old_head), gup_pfn(m, new_head), gup_nr_frames(new_head) };

	gup_rmap_walk(new_head, walk_vma, &(struct gup_walk){ .visit = remap_slot, .arg = &remap });
}

/* ---- moving ---- */

static void copy_identity(struct gup_page *from, struct gup_page *to)
{
	struct gup_object *object = gup_folio_object(from);

	gup_flag_set(to, gup_flags(from) & (GUP_PF_DIRTY | GUP_PF_UPTODATE));
	if (object)
		gup_object_replace(object, from, to);
	else
		gup_folio_set_lineage(to, gup_folio_lineage(from), gup_port_load(&from->index));
}

/* The old folio is frozen and unmapped. The new one's reference becomes the cache's, or is given back. */
static void move_frozen(struct gup_machine *m, struct gup_page *head, struct gup_page *to)
{
	bool cached = gup_folio_cache_refs(head);
	u64 pfn = gup_pfn(m, head);

	if (!gup_port_load(&head->mapping)) { /* nobody's any more: it only had to go */
		gup_folio_put(m, to, 1);
	} else {
		gup_folio_copy(m, to, head);
		gup_folio_lock(m, to);
		copy_identity(head, to);
		remap_folio(m, head, to);
		gup_folio_unlock(m, to);
		if (!cached)
			gup_folio_put(m, to, 1);
	}
	gup_folio_free(m, head);
	gup_wake(m, pfn);
}

/* One attempt: true if it moved, and then the isolation, its reference and @to are gone. */
static bool move_once(struct gup_machine *m, struct gup_page *head, struct gup_page *to)
{
	gup_folio_lock(m, head);
	gup_folio_wait_writeback(m, head); /* who writes it holds it */
	if (gup_folio_poisoned(head)) {	   /* its bytes are no good anywhere */
		gup_folio_unlock(m, head);
		return false;
	}
	unmap_folio(m, head);
	if (gup_folio_freeze(head, gup_folio_cache_refs(head) + 1)) {
		move_frozen(m, head, to);
		return true;
	}
	remap_folio(m, head, head);
	gup_folio_unlock(m, head);
	return false;
}

static int split_isolated(struct gup_machine *m, struct gup_page *head);

static int refuse_busy(struct gup_machine *m, struct gup_page *head, unsigned int tries, struct gup_why *why)
{
	GUP_COUNT(m, migrate_failed, 1);
	gup_refuse(why, -GUP_EBUSY, GUP_RULE_MIGRATE_BUSY, 0, gup_pfn(m, head));
	gup_why_holder(m, why, head, tries);
	putback(m, head);
	return -GUP_EBUSY;
}

/* No place for the whole: its parts may find one, each for itself. */
static int split_instead(struct gup_machine *m, struct gup_page *head, struct gup_why *why)
{
	bool splits = gup_order(head) && gup_kind(head) != GUP_FRAME_HUGETLB;
	int err = splits ? split_isolated(m, head) : -GUP_ENOMEM;

	if (err == -GUP_EBUSY)
		return refuse_busy(m, head, 1, why);
	putback(m, head);
	return err ? gup_refuse(why, -GUP_ENOMEM, GUP_RULE_NO_MEMORY, 0, gup_pfn(m, head)) : 0;
}

int gup_folio_migrate(struct gup_machine *m, struct gup_page *head, enum gup_scope scope, unsigned int tries,
		      struct gup_why *why)
{
	struct gup_page *to = gup_folio_alloc(m, gup_order(head), gup_kind(head), true, scope);
	unsigned int i;
	u64 count;

	if (!to)
		return split_instead(m, head, why);
	for (i = 0; i < tries && !gup_folio_poisoned(head); i++) {
		if (i)
			gup_folio_wait_count(m, head, count, WAIT_STEP);
		count = gup_port_load(&head->count);
		if (move_once(m, head, to)) {
			GUP_COUNT(m, migrated, 1);
			return 0;
		}
	}
	gup_folio_put(m, to, 1);
	return refuse_busy(m, head, tries, why);
}

/* ---- splitting ---- */

/* What stays of the head's flags in each part. The lock goes to @keep; all are isolated until they are mapped again. */
static u32 part_flags(u32 flags, bool keep)
{
	return (flags & (GUP_PF_KIND | GUP_PF_DIRTY)) | GUP_PF_ISOLATED | (keep ? flags & GUP_PF_LOCKED : 0);
}

/*
 * Make parts of a frozen folio. Each gets one reference that the caller has to give back, besides the cache's; @keep
 * gets @refs more.
 */
static void split_frozen(struct gup_machine *m, struct gup_page *head, struct gup_page *keep, u32 refs)
{
	struct gup_object *object = gup_folio_object(head);
	struct gup_lineage *lineage = gup_folio_lineage(head);
	u64 index = gup_port_load(&head->index);
	u32 nr = gup_nr_frames(head), flags = gup_flags(head), i;

	for (i = nr; i-- > 0;) {
		gup_folio_prep(head + i, 0, flags & GUP_PF_KIND);
		if (object)
			gup_folio_set_object(head + i, object, index + i);
		else if (lineage)
			gup_folio_set_lineage(head + i, lineage, index + i);
		gup_port_store(&head[i].flags, part_flags(flags, head + i == keep));
	}
	if (lineage)
		gup_lineage_put(m, lineage);
	for (i = 0; i < nr; i++)
		gup_folio_unfreeze(head + i, 1 + (object ? 1 : 0) + (head + i == keep ? refs : 0));
}

/* The parts are on their own; @keep stays isolated if the whole was. */
static void release_parts(struct gup_machine *m, struct gup_page *head, u32 nr, const struct gup_page *isolated)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		if (head + i != isolated)
			gup_flag_clear(head + i, GUP_PF_ISOLATED);
		gup_wake(m, gup_pfn(m, head + i)); /* a fault may have met the part, or still the whole */
		gup_folio_put(m, head + i, 1);
	}
}

int gup_folio_split_unmapped(struct gup_machine *m, struct gup_page *head, struct gup_page *keep, u32 refs)
{
	u32 nr = gup_nr_frames(head);
	bool isolated;

	if (gup_folio_poisoned(head) || !gup_folio_freeze(head, gup_folio_cache_refs(head) + refs))
		return -GUP_EBUSY;
	isolated = gup_flag_test(head, GUP_PF_ISOLATED); /* by the caller: another mover would hold a reference */
	split_frozen(m, head, keep, refs);
	release_parts(m, head, nr, isolated ? keep : NULL);
	return 0;
}

/* The reverse map names candidates: what is there may be another folio of the same index. */
static void split_vma(struct gup_vma *vma, struct gup_page *head, u64 start, u64 end, void *arg)
{
	struct gup_slot slot;
	int *err = arg;

	(void)end;
	gup_pt_descend(vma->mm, start, &slot);
	if (!*err && slot.level == 1 && slot.value && gup_arch_pfn(slot.value) == gup_pfn(vma->mm->m, head))
		*err = gup_split_huge(vma, start);
}

/* Split a locked folio that may be mapped; the caller's @refs and the lock end up on @keep. 0, -EBUSY, -ENOMEM. */
static int split_locked(struct gup_machine *m, struct gup_page *head, struct gup_page *keep, u32 refs)
{
	u32 nr = gup_nr_frames(head), i;
	int err = gup_folio_poisoned(head) ? -GUP_EBUSY : 0;
	bool isolated;

	if (err)
		return err;
	if (gup_order(head) == GUP_HUGE_ORDER)
		gup_rmap_walk(head, split_vma, &err);
	if (err)
		return err;
	unmap_folio(m, head);
	if (!gup_folio_freeze(head, gup_folio_cache_refs(head) + refs)) {
		remap_folio(m, head, head);
		return -GUP_EBUSY;
	}
	isolated = gup_flag_test(head, GUP_PF_ISOLATED);
	split_frozen(m, head, keep, refs);
	for (i = 0; i < nr; i++)
		remap_folio(m, head + i, head + i);
	release_parts(m, head, nr, isolated ? keep : NULL);
	return 0;
}

static int split_isolated(struct gup_machine *m, struct gup_page *head)
{
	int err;

	gup_folio_lock(m, head);
	err = split_locked(m, head, head, 1);
	gup_folio_unlock(m, head);
	return err;
}

int gup_split_folio(struct gup_machine *m, struct gup_page *page, struct gup_why *why)
{
	struct gup_page *head;
	int err = 0;

	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	if (!m || !page || !gup_kind_movable(gup_kind(gup_head(m, page))) || gup_kind(page) == GUP_FRAME_HUGETLB)
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, 0, 0);
	head = gup_head(m, page);
	gup_folio_lock(m, head);
	if (gup_order(head))
		err = split_locked(m, head, page, 1);
	gup_folio_unlock(m, err ? head : page);
	if (err == -GUP_ENOMEM)
		return gup_refuse(why, err, GUP_RULE_NO_MEMORY, 0, gup_pfn(m, page));
	if (err) {
		gup_refuse(why, err, GUP_RULE_MIGRATE_BUSY, 0, gup_pfn(m, head));
		gup_why_holder(m, why, head, 1);
	}
	return err;
}

/* ---- by user address ---- */

/* The page of a movable folio that @addr maps, with a reference, or NULL. *next is where the next one may be. */
static struct gup_page *movable_at(struct gup_mm *mm, u64 addr, u64 *next)
{
	struct gup_machine *m = mm->m;
	struct gup_page *page = NULL, *head;
	struct gup_slot slot;

	gup_pt_descend(mm, addr, &slot);
	*next = gup_pt_next(addr, slot.level);
	if (!slot.value)
		return NULL;
	gup_pt_lock(&slot);
	if (gup_arch_is_leaf(slot.value, slot.level) && gup_leaf_counted(slot.value)) {
		page = gup_page_at(m, gup_arch_pfn(slot.value));
		head = gup_head(m, page);
		if (!gup_kind_movable(gup_kind(head)) || gup_folio_take(head, 1, false) != GUP_TAKE_OK)
			page = NULL;
	}
	gup_pt_unlock(&slot);
	return page;
}

/* What is mapped at @addr now, for a comparison. */
static struct gup_page *page_now(struct gup_mm *mm, u64 addr)
{
	u64 next;
	struct gup_page *page = movable_at(mm, addr, &next);

	if (page)
		gup_folio_put(mm->m, gup_head(mm->m, page), 1);
	return page;
}

/*
 * Move the folio at @addr. *last is the folio that the call before left here: neighbouring entries map the same one,
 * which was dealt with. 1 if it moved, 0 if there was nothing to move, or errno.
 */
static int migrate_at(struct gup_mm *mm, u64 addr, u64 *next, struct gup_page **last, struct gup_why *why)
{
	struct gup_machine *m = mm->m;
	struct gup_page *page = movable_at(mm, addr, next), *head, *now;
	int err;

	if (!page)
		return 0;
	head = gup_head(m, page);
	if (head == *last || !gup_folio_isolate(head)) {
		gup_folio_put(m, head, 1);
		return 0;
	}
	*last = head;
	/* Pinned folios stay, and nobody waits for them; but who is told of the move may unpin. */
	if (gup_count_pins(gup_port_load(&head->count)) && !gup_mm_watched(mm))
		return refuse_busy(m, head, 1, why);
	err = gup_folio_migrate(m, head, GUP_SCOPE_ANY, RANGE_TRIES, why);
	if (err)
		return err;
	now = page_now(mm, addr);
	*last = now ? gup_head(m, now) : NULL;
	if (now != page)
		return 1;
	*next = addr; /* it was split in place: its parts come one by one */
	*last = NULL;
	return 0;
}

long gup_migrate_range(struct gup_mm *mm, uint64_t addr, uint64_t length, struct gup_why *why)
{
	u64 end = addr + length, next;
	struct gup_page *last = NULL;
	struct gup_why one;
	long moved = 0;
	int done;

	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	if (!mm || length & ~GUP_PAGE_MASK || !gup_range_ok(addr, length))
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, addr, 0);
	gup_mmap_read_lock(mm);
	for (; addr < end; addr = next) {
		done = migrate_at(mm, addr, &next, &last, &one);
		moved += done > 0;
		if (done < 0 && why && !why->error) {
			*why = one;
			why->addr = addr;
		}
	}
	gup_mmap_read_unlock(mm);
	return moved;
}
