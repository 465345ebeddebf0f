/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/check.c - the machine check: count everything again from the page tables, and compare with the descriptors.
 *
 *	page tables	-> expected mappings of each frame (a scratch array from the host)
 *	objects		-> each cached folio names its object and index
 *	zones		-> every frame below the frontier is free exactly once or belongs to a live folio
 *	folio		-> references = mappings + cache + gets + pins
 *	owners		-> their numbers are those of the pins in the list
 *
 * The machine is at rest, so no lock is taken and what is left over after mappings, cache and pins are the gets.
 */
#include "internal.h"

/* What the tables say about one frame. */
struct seen {
	u32 small; /* 4 KiB entries that map this frame */
	u32 whole; /* 2 MiB entries that map the folio of which it is the head */
};

struct check {
	struct gup_machine *m;
	u64 pool_free, pool_reserved; /* of hugetlb, as counted */
	struct gup_check *out;
	struct seen *seen;
	struct gup_mm *mm;
};

static void fail(struct check *c, const char *what, u64 pfn)
{
	struct gup_text t = { c->out->first_error, sizeof(c->out->first_error), 0 };

	if (c->out->errors++)
		return;
	gup_text_str(&t, what);
	if (pfn) {
		gup_text_str(&t, ", pfn ");
		gup_text_num(&t, pfn);
	}
}

static void expect(struct check *c, bool ok, const char *what, u64 pfn)
{
	if (!ok)
		fail(c, what, pfn);
}

/* ---- page tables ---- */

/* Who tracks what is dirty must hear of each write, so nothing that is clean is writable. */
static void check_file_leaf(struct check *c, const struct gup_vma *vma, u64 value, const struct gup_page *head)
{
	const struct gup_file *file = vma->object ? vma->object->file : NULL;

	if (!file)
		return;
	expect(c, gup_flag_test(head, GUP_PF_UPTODATE), "a page of a file is mapped before it was read",
	       gup_arch_pfn(value));
	expect(c, !file->dirty_tracking || gup_flag_test(head, GUP_PF_DIRTY) || !(gup_arch_attr(value) & GUP_PTE_WRITE),
	       "a clean page of a file is writable", gup_arch_pfn(value));
}

static void check_counted_leaf(struct check *c, struct gup_vma *vma, u64 addr, u64 value, unsigned int level)
{
	u64 pfn = gup_arch_pfn(value);
	struct gup_page *page = gup_page_at(c->m, pfn), *head = gup_head(c->m, page);
	bool exclusive = gup_flag_test(level ? head : page, GUP_PF_EXCL);

	expect(c, gup_count_refs(gup_port_load(&head->count)) > 0, "an entry maps a frame that nobody owns", pfn);
	expect(c, !level || head == page, "a 2 MiB entry maps something else than a folio's head", pfn);
	expect(c, level != 1 || gup_order(head) == GUP_HUGE_ORDER, "a 2 MiB entry maps a smaller folio", pfn);
	expect(c, level || gup_kind(head) != GUP_FRAME_HUGETLB, "a 4 KiB entry maps a hugetlb folio", pfn);
	if (!vma->object || gup_kind(head) == GUP_FRAME_ANON || gup_folio_is_anon(head)) {
		expect(c, !(gup_arch_attr(value) & GUP_PTE_WRITE) || exclusive || c->m->contract->reuse_by_mapcount,
		       "a private page is writable but not exclusive", pfn);
		expect(c, gup_folio_lineage(head) == vma->lineage, "a private page is of another lineage", pfn);
		expect(c, gup_port_load(&head->index) + (u64)(page - head) == gup_vma_index(vma, addr),
		       "a private page is not where its reverse map looks", pfn);
	} else {
		expect(c, gup_folio_object(head) == vma->object, "an entry maps a page of another object", pfn);
		check_file_leaf(c, vma, value, head);
	}
	if (level)
		c->seen[pfn].whole++;
	else
		c->seen[pfn].small++;
	c->out->mapped++;
}

static void check_leaf(struct check *c, u64 addr, u64 value, unsigned int level)
{
	struct gup_vma *vma = gup_vma_find(c->mm, addr);
	u64 pfn = gup_arch_pfn(value);

	if (!vma) {
		fail(c, "an entry lies outside every VMA", pfn);
		return;
	}
	expect(c, addr + gup_pt_size(level) <= gup_vma_end(vma), "a 2 MiB entry reaches beyond its VMA", pfn);
	expect(c, !(gup_arch_attr(value) & GUP_PTE_WRITE) || vma->flags & GUP_VM_WRITE,
	       "an entry is writable in a VMA that is not", pfn);
	if (gup_leaf_counted(value))
		check_counted_leaf(c, vma, addr, value, level);
	else
		expect(c, pfn == c->m->zero_pfn || vma->flags & GUP_VM_PFNMAP, "a special entry without reason", pfn);
}

static void check_table(struct check *c, u64 table, unsigned int level, u64 base)
{
	const u64 *entries = (const u64 *)gup_direct(c->m, table);
	unsigned int i;

	expect(c, gup_kind(gup_page_at(c->m, table)) == GUP_FRAME_TABLE, "a table is no table frame", table);
	expect(c, gup_port_load(&gup_page_at(c->m, table)->mapcount) == 0, "a table is locked at rest", table);
	for (i = 0; i < GUP_PT_ENTRIES; i++) {
		u64 value = gup_port_load(&entries[i]), addr = base + i * gup_pt_size(level);

		if (!value)
			continue;
		if (level && gup_arch_is_table(value, level))
			check_table(c, gup_arch_pfn(value), level - 1, addr);
		else if (gup_arch_is_leaf(value, level))
			check_leaf(c, addr, value, level);
		else
			fail(c, "a migration entry is left", gup_arch_pfn(value));
	}
}

/* What an mm counts, against its VMAs. */
static void check_vmas(struct check *c)
{
	struct gup_vma *vma;
	u64 locked = 0;

	for (vma = gup_vma_first(c->mm, 0, GUP_USER_TOP); vma; vma = gup_vma_next(vma, 0, GUP_USER_TOP)) {
		locked += vma->flags & GUP_VM_LOCKED ? gup_vma_pages(vma) : 0;
		c->pool_reserved += vma->reserved;
	}
	expect(c, gup_mm_locked(c->mm) == locked, "an mm's locked pages are not those of its VMAs", 0);
}

static void check_mms(struct check *c)
{
	struct gup_link *link;

	for (link = c->m->mms.next; link != &c->m->mms; link = link->next) {
		c->mm = (struct gup_mm *)link;
		expect(c, gup_itree_is_valid(&c->mm->vmas), "a VMA tree is not in order", 0);
		expect(c, gup_itree_is_valid(&c->mm->lineage->vmas), "a lineage's tree is not in order", 0);
		expect(c, !(gup_port_load(&c->mm->wp_seq) & 1), "a fork has not ended", 0);
		check_vmas(c);
		check_table(c, c->mm->root, GUP_PT_LEVELS - 1, 0);
	}
}

/* ---- objects ---- */

static void check_object(struct check *c, struct gup_object *object)
{
	u64 index = 0, pfn;

	c->pool_reserved += object->reserved.count;
	expect(c, gup_itree_is_valid(&object->vmas), "an object's tree is not in order", 0);
	for (; gup_radix_next(&object->frames, &index, &pfn); index++) {
		struct gup_page *page = gup_page_at(c->m, pfn), *head = gup_head(c->m, page);

		expect(c, gup_folio_object(head) == object, "a cached folio names another object", pfn);
		expect(c, gup_port_load(&head->index) + (u64)(page - head) == index, "a cached folio is misplaced",
		       pfn);
		expect(c, gup_port_load(&head->index) < gup_object_pages_locked(object),
		       "a cached folio lies beyond the end", pfn);
	}
}

static void check_objects(struct check *c)
{
	struct gup_link *link;

	for (link = c->m->objects.next; link != &c->m->objects; link = link->next)
		check_object(c, (struct gup_object *)link);
}

/* ---- folios ---- */

static void check_mappings(struct check *c, struct gup_page *head)
{
	u64 pfn = gup_pfn(c->m, head);
	u32 total = c->seen[pfn].whole, i, nr = gup_nr_frames(head);

	for (i = 0; i < nr; i++) {
		expect(c, gup_port_load(&head[i].mapcount) == c->seen[pfn + i].small,
		       "a frame's mapping count is not what the tables say", pfn + i);
		expect(c, !gup_flag_test(&head[i], GUP_PF_EXCL) || c->seen[pfn + i].small <= 1,
		       "an exclusive page is mapped twice", pfn + i);
		total += c->seen[pfn + i].small;
	}
	if (gup_order(head))
		expect(c, gup_folio_whole_maps(head) == c->seen[pfn].whole,
		       "a folio's count of whole mappings is not what the tables say", pfn);
	expect(c, gup_folio_mapcount(head) == total, "a folio's mapping count is not what the tables say", pfn);
}

/* The head tells that one of its frames has failed, and nothing of the folio is moved. */
static void check_poison(struct check *c, const struct gup_page *head)
{
	bool any = false;
	u32 i;

	for (i = 0; i < gup_nr_frames(head); i++)
		any |= gup_flag_test(&head[i], GUP_PF_POISONED);
	expect(c, any == gup_folio_poisoned(head), "a folio does not know of its poisoned frame", gup_pfn(c->m, head));
}

static void check_folio(struct check *c, struct gup_zone *zone, struct gup_page *head)
{
	u64 pfn = gup_pfn(c->m, head), count = gup_port_load(&head->count);
	u64 parts = (u64)gup_count_pins(count) + gup_folio_cache_refs(head);
	enum gup_frame_kind kind = gup_kind(head);

	expect(c, gup_count_refs(count) > 0, "a frame is neither free nor owned", pfn);
	expect(c, !gup_flag_test(head, GUP_PF_LOCKED | GUP_PF_ISOLATED), "a folio is locked or isolated at rest", pfn);
	expect(c, !gup_flag_test(head, GUP_PF_WRITEBACK), "a folio is in write-back at rest", pfn);
	expect(c, kind != GUP_FRAME_CMA || zone->kind == GUP_ZONE_CMA, "a CMA allocation outside its area", pfn);
	expect(c, kind != GUP_FRAME_HUGETLB || gup_order(head) == GUP_HUGE_ORDER, "a hugetlb folio was split", pfn);
	expect(c, (kind == GUP_FRAME_DAX || kind == GUP_FRAME_DEVDAX) == (zone->kind == GUP_ZONE_DAX),
	       "DAX blocks and DAX frames are not the same", pfn);
	if (!gup_kind_is_user(kind)) {
		expect(c, zone->kind == GUP_ZONE_NORMAL, "unmovable memory outside NORMAL", pfn);
		expect(c, gup_count_refs(count) == 1 && !gup_count_pins(count), "metadata is held by somebody", pfn);
		return;
	}
	expect(c, kind != GUP_FRAME_SECRET || (zone->kind == GUP_ZONE_NORMAL && !gup_count_pins(count)),
	       "secret memory is pinned, or lies outside NORMAL", pfn);
	check_mappings(c, head);
	check_poison(c, head);
	parts += gup_folio_mapcount(head);
	expect(c, gup_count_refs(count) >= parts, "fewer references than mappings, cache and pins", pfn);
	c->out->pins += gup_count_pins(count);
	if (gup_count_refs(count) > parts)
		c->out->gets += gup_count_refs(count) - parts;
}

static bool out_of_use(const struct gup_page *page)
{
	return gup_kind(page) == GUP_FRAME_OFFLINE || gup_kind(page) == GUP_FRAME_POISONED;
}

/* A free folio of hugetlb. */
static bool in_pool(const struct gup_page *page)
{
	return gup_kind(page) == GUP_FRAME_HUGETLB && !gup_port_load(&page->count);
}

static void check_pool(struct check *c)
{
	const struct gup_hugetlb *pool = &c->m->hugetlb;

	expect(c, pool->nr_free == c->pool_free, "a free hugetlb folio is lost", 0);
	expect(c, pool->nr_reserved == c->pool_reserved, "hugetlb folios are reserved for nobody", 0);
	expect(c, pool->nr_reserved <= pool->nr_free, "more hugetlb folios are reserved than free", 0);
}

/* One zone up to its frontier: free blocks, cached frames and folios, without a gap. */
static void check_zone(struct check *c, struct gup_zone *zone)
{
	u64 pfn = zone->start, free = zone->end - zone->frontier, cached = 0, step;
	u64 end = zone->dax == GUP_DAX_DEVICE && zone->kind == GUP_ZONE_DAX ? zone->end : zone->frontier;

	for (; pfn < end; pfn += step) {
		struct gup_page *page = gup_page_at(c->m, pfn);

		step = gup_buddy_free_run(c->m, pfn);
		free += step;
		if (step)
			continue;
		step = 1;
		expect(c, gup_kind(page) != GUP_FRAME_POISONED || !gup_port_load(&page->count),
		       "somebody holds a frame that is out of use", pfn);
		if (gup_kind(page) == GUP_FRAME_CACHED) {
			cached++;
		} else if (in_pool(page)) {
			c->pool_free++;
			step = GUP_HUGE_PAGES;
		} else if (!out_of_use(page) && (gup_port_load(&page->count) || zone->end != end)) {
			expect(c, gup_head(c->m, page) == page, "a folio's tail without its head", pfn);
			check_folio(c, zone, page);
			step = gup_nr_frames(page);
		}
	}
	for (pfn = zone->start; pfn < zone->end; pfn += GUP_HUGE_PAGES)
		expect(c, gup_block_of(c->m, pfn) < GUP_BLOCK_ISOLATED, "a pageblock is isolated at rest", pfn);
	expect(c, free == zone->nr_free, "the free lists and the free count differ", zone->start);
	expect(c, cached == gup_pcp_count(zone), "a cached free frame is lost", zone->start);
	if (zone->kind != GUP_ZONE_DAX) {
		c->out->free_frames += free + cached;
		c->out->total_frames += zone->end - zone->start;
	}
}

/* Pins that the library knows to be long must lie where the contract lets them. */
static void check_longterm(struct check *c, u64 pfn, u64 nr)
{
	for (; nr; nr--, pfn++)
		expect(c, gup_longterm_ok(c->m, gup_page_at(c->m, pfn)), "a long-term pin where it may not be", pfn);
}

static void check_pin(struct check *c, const struct gup_pin *pin)
{
	struct gup_extent_iter it = { .pin = pin };
	struct gup_extent e;

	while (pin->flags & GUP_LONGTERM && gup_pin_next_extent(&it, &e))
		check_longterm(c, gup_pfn(c->m, e.page), gup_extent_frames(&e));
}

static void check_pins(struct check *c)
{
	struct gup_link *link;
	struct gup_track *t;
	unsigned int i;

	if (c->m->contract->migrate_failure_ignored)
		return;
	for (link = c->m->pins.next; link != &c->m->pins; link = link->next)
		check_pin(c, (const struct gup_pin *)link);
	for (i = 0; i < GUP_ARRAY_SIZE(c->m->track); i++)
		for (t = c->m->track[i]; t; t = t->next)
			if (t->longterm)
				check_longterm(c, t->pfn, 1);
}

/* What an owner counts, against the pins in the list. */
static void check_owner(struct check *c, const struct gup_owner *owner)
{
	u64 nr = 0, pages = 0, quarantined = 0;
	struct gup_link *link;

	for (link = c->m->pins.next; link != &c->m->pins; link = link->next) {
		const struct gup_pin *pin = (const struct gup_pin *)link;

		if (pin->owner != owner)
			continue;
		nr++;
		pages += pin->pages;
		quarantined += pin->quarantined ? pin->pages : 0;
	}
	expect(c, owner->nr_pins == nr && owner->pinned == pages, "an owner's pins are not those in the list", 0);
	expect(c, owner->quarantined == quarantined, "an owner's quarantine is not what the list says", 0);
	expect(c, owner->lost || !quarantined, "pins are in quarantine, but their owner is not lost", 0);
}

static void check_owners(struct check *c)
{
	struct gup_link *link;

	for (link = c->m->owners.next; link != &c->m->owners; link = link->next)
		check_owner(c, (const struct gup_owner *)link);
}

int gup_machine_check(struct gup_machine *m, struct gup_check *out)
{
	struct gup_port_memory scratch = { .bytes = 0 };
	struct gup_check own;
	struct check c = { .m = m, .out = out ? out : &own };
	unsigned int i;

	if (!m)
		return -GUP_EINVAL;
	*c.out = (struct gup_check){ .errors = 0 };
	gup_tables_reap(m);
	scratch.bytes = (m->nr_pfns * sizeof(struct seen) + GUP_PAGE_SIZE - 1) & GUP_PAGE_MASK;
	if (gup_port_memory_map(&scratch, false))
		return -GUP_ENOMEM;
	c.seen = scratch.base;
	check_mms(&c);
	check_objects(&c);
	for (i = 0; i < m->nr_zones; i++)
		check_zone(&c, &m->zones[i]);
	check_pool(&c);
	check_pins(&c);
	check_owners(&c);
	gup_port_memory_unmap(&scratch);
	return c.out->errors ? -GUP_EINVAL : 0;
}
