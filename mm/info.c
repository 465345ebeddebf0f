/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/info.c - looking at a machine from outside: frames, zones, counters.
 */
#include "internal.h"

uint64_t gup_page_to_pfn(const struct gup_machine *m, const struct gup_page *page)
{
	if (!m || !page)
		return 0;
	return gup_pfn(m, page);
}

struct gup_page *gup_pfn_to_page(const struct gup_machine *m, uint64_t pfn)
{
	if (!m || pfn < GUP_HUGE_PAGES || pfn >= m->nr_pfns)
		return NULL;
	return gup_page_at(m, pfn);
}

void *gup_page_address(const struct gup_machine *m, const struct gup_page *page)
{
	if (!m || !page)
		return NULL;
	return gup_bytes_of(m, page);
}

uint32_t gup_page_refs(const struct gup_machine *m, const struct gup_page *page)
{
	if (!m || !page)
		return 0;
	return gup_count_refs(gup_port_load(&gup_head(m, page)->count));
}

uint32_t gup_page_pins(const struct gup_machine *m, const struct gup_page *page)
{
	if (!m || !page)
		return 0;
	return gup_count_pins(gup_port_load(&gup_head(m, page)->count));
}

uint32_t gup_page_mapcount(const struct gup_machine *m, const struct gup_page *page)
{
	if (!m || !page)
		return 0;
	return gup_folio_mapcount(gup_head(m, page));
}

static void fill_used(const struct gup_machine *m, struct gup_page *page, struct gup_frame_info *out)
{
	struct gup_page *head = gup_head(m, page);
	u64 count = gup_port_load(&head->count);

	out->kind = gup_kind(head);
	out->order = gup_order(head);
	out->head_pfn = gup_pfn(m, head);
	out->refs = gup_count_refs(count);
	out->pins = gup_count_pins(count);
	out->mapcount = gup_folio_mapcount(head);
	out->exclusive = gup_folio_is_anon(head) &&
			 gup_flag_test(gup_folio_whole_maps(head) ? head : page, GUP_PF_EXCL);
	out->dirty = gup_flag_test(head, GUP_PF_DIRTY);
	out->writeback = gup_flag_test(head, GUP_PF_WRITEBACK);
}

int gup_frame_info(const struct gup_machine *m, uint64_t pfn, struct gup_frame_info *out)
{
	struct gup_machine *machine = (struct gup_machine *)m; /* zones are only read */
	struct gup_page *page = gup_pfn_to_page(m, pfn);
	struct gup_zone *zone;

	if (!page || !out)
		return -GUP_EINVAL;
	*out = (struct gup_frame_info){ .kind = GUP_FRAME_FREE };
	zone = gup_zone_of(machine, pfn);
	out->zone = zone->kind;
	out->zone_name = zone->name;
	out->isolated = gup_block_of(m, pfn) & GUP_BLOCK_ISOLATED;
	out->longterm_ok = gup_longterm_ok(m, page);
	out->poisoned = gup_flag_test(page, GUP_PF_POISONED);
	out->head_pfn = pfn;
	if (pfn >= gup_port_load(&zone->frontier) && zone->dax != GUP_DAX_DEVICE) {
		out->kind = GUP_FRAME_UNUSED;
		return 0;
	}
	out->head_pfn = gup_free_block_around(machine, pfn, &out->order);
	if (!out->head_pfn)
		fill_used(m, page, out);
	return 0;
}

int gup_zone_info(struct gup_machine *m, unsigned int nr, struct gup_zone_info *out)
{
	struct gup_zone *zone;

	if (!m || !out)
		return -GUP_EINVAL;
	if (nr >= m->nr_zones)
		return -GUP_ENOENT;
	zone = &m->zones[nr];
	*out = (struct gup_zone_info){
		.name = zone->name,
		.kind = zone->kind,
		.first_pfn = zone->start,
		.nr_frames = zone->end - zone->start,
		.free_frames = gup_zone_nr_free(zone),
	};
	return 0;
}

static u64 free_frames(struct gup_machine *m)
{
	u64 free = 0;
	unsigned int i;

	for (i = 0; i < m->nr_zones; i++)
		if (m->zones[i].kind != GUP_ZONE_DAX)
			free += gup_zone_nr_free(&m->zones[i]);
	return free;
}

int gup_machine_stats(struct gup_machine *m, struct gup_stats *out)
{
	unsigned int i;

	if (!m || !out)
		return -GUP_EINVAL;
	*out = (struct gup_stats){ .free_frames = free_frames(m),
				   .quarantined = gup_quarantined_pages(m),
				   .hugetlb_free = gup_hugetlb_nr_free(m) };
	for (i = 0; i < GUP_COUNTER_SLOTS; i++) {
		struct gup_counters *c = &m->counters[i];

		out->faults += gup_port_load_relaxed(&c->faults);
		out->cow_copies += gup_port_load_relaxed(&c->cow_copies);
		out->migrated += gup_port_load_relaxed(&c->migrated);
		out->migrate_failed += gup_port_load_relaxed(&c->migrate_failed);
		out->fast_pages += gup_port_load_relaxed(&c->fast_pages);
		out->slow_pages += gup_port_load_relaxed(&c->slow_pages);
		out->bad_unpins += gup_port_load_relaxed(&c->bad_unpins);
	}
	return 0;
}
