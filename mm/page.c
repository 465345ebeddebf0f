/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/page.c - a folio's life: allocated with one reference, named by a lineage or an object, freed by the last put.
 *
 * At rest, for every folio: references = mappings + cache references + gets + pins. A reference is always taken before
 * the mapping that it stands for is counted, and given back after, so that who adds up the parts never finds more than
 * the whole.
 */
#include "internal.h"

#define PUT_LOOKS 16u

void gup_folio_prep(struct gup_page *head, unsigned int order, enum gup_frame_kind kind)
{
	u32 flags = kind | order << GUP_PF_ORDER_SHIFT;
	u32 i;

	for (i = 1; i < 1u << order; i++) {
		gup_port_store_relaxed(&head[i].mapcount, 0u);
		gup_port_store_relaxed(&head[i].index, (u64)0);
		gup_port_store(&head[i].flags, flags | GUP_PF_TAIL);
	}
	gup_port_store_relaxed(&head->mapcount, 0u);
	gup_port_store_relaxed(&head->index, (u64)0);
	gup_port_store_relaxed(&head->mapping, (u64)0);
	gup_port_store(&head->flags, flags);
}

struct gup_page *gup_folio_alloc(struct gup_machine *m, unsigned int order, enum gup_frame_kind kind, bool movable,
				 enum gup_scope scope)
{
	struct gup_page *head;
	u64 pfn;

	if (gup_alloc_should_fail(m))
		return NULL;
	if (kind == GUP_FRAME_HUGETLB)
		return gup_hugetlb_alloc(m, scope);
	pfn = gup_frames_alloc(m, order, movable, scope);
	if (!pfn)
		return NULL;
	head = gup_page_at(m, pfn);
	gup_folio_prep(head, order, kind);
	gup_folio_unfreeze(head, 1);
	return head;
}

/* Descriptors forget the folio before the frames can be handed out again. */
void gup_folio_free(struct gup_machine *m, struct gup_page *head)
{
	unsigned int order = gup_order(head);
	struct gup_lineage *lineage = gup_folio_lineage(head);
	bool poisoned = gup_folio_poisoned(head);
	u32 i;

	GUP_ASSERT(gup_port_load(&head->count) == 0);
	GUP_ASSERT(gup_folio_mapcount(head) == 0);
	if (gup_kind(head) == GUP_FRAME_SECRET)
		gup_folio_zero(m, head); /* the next user must not find it */
	gup_port_store_relaxed(&head->mapping, (u64)0);
	if (poisoned) {
		gup_poison_free(m, head, order);
	} else if (gup_kind(head) == GUP_FRAME_HUGETLB) {
		gup_hugetlb_free(m, head);
	} else {
		for (i = 0; i < 1u << order; i++)
			gup_port_store(&head[i].flags, 0u);
		gup_frames_free(m, gup_pfn(m, head), order);
	}
	if (lineage)
		gup_lineage_put(m, lineage);
}

void gup_folio_put(struct gup_machine *m, struct gup_page *head, u32 n)
{
	u64 old = gup_port_fetch_sub(&head->count, (u64)n);

	GUP_ASSERT(gup_count_refs(old) >= n && gup_count_refs(old) - n >= gup_count_pins(old));
	gup_folio_released(m, head, old, n);
}

/* Nothing maps a page table; the word is its lock. A walker that came late may hold one for a moment, and put it. */
u32 gup_folio_mapcount(struct gup_page *head)
{
	if (gup_kind(head) == GUP_FRAME_TABLE)
		return 0;
	if (gup_order(head))
		return (u32)(gup_port_load(&head[1].index) >> 32);
	return gup_port_load(&head->mapcount);
}

u32 gup_folio_whole_maps(const struct gup_page *head)
{
	return gup_order(head) ? (u32)gup_port_load(&head[1].index) : 0;
}

u32 gup_folio_cache_refs(struct gup_page *head)
{
	if (gup_kind(head) == GUP_FRAME_CMA)
		return 1;
	return (gup_port_load(&head->mapping) & GUP_MAPPING_TAG) == GUP_MAPPING_OBJECT;
}

/*
 * Looks for a get that the parts do not account for, and takes it away by one compare-and-swap from what was looked at,
 * so no two puts share one. A mapping that is half done makes the parts look smaller. One that has come and gone between
 * the loads of one look can make them look larger; so it takes some looks with the same result to say that there is none.
 */
int gup_folio_put_get(struct gup_machine *m, struct gup_page *head)
{
	unsigned int looks = 0;
	u64 count, parts;

	do {
		count = gup_port_load(&head->count);
		parts = (u64)gup_count_pins(count) + gup_folio_mapcount(head) + gup_folio_cache_refs(head);
		if (gup_count_refs(count) <= parts && ++looks == PUT_LOOKS)
			return -GUP_EINVAL;
	} while (gup_count_refs(count) <= parts || !gup_port_cas(&head->count, &count, count - 1));
	gup_folio_released(m, head, count, 1);
	return 0;
}

void gup_folio_zero(struct gup_machine *m, struct gup_page *head)
{
	gup_folio_zero_from(m, head, 0);
}

void gup_folio_zero_from(struct gup_machine *m, struct gup_page *head, u64 offset)
{
	memset(gup_bytes_of(m, head) + offset, 0, ((u64)gup_nr_frames(head) << GUP_PAGE_SHIFT) - offset);
}

void gup_folio_copy(struct gup_machine *m, struct gup_page *to, struct gup_page *from)
{
	memcpy(gup_bytes_of(m, to), gup_bytes_of(m, from), (size_t)gup_nr_frames(to) << GUP_PAGE_SHIFT);
}

bool gup_longterm_ok_in(const struct gup_machine *m, const struct gup_page *page, u8 block)
{
	if (gup_pfn(m, page) == m->zero_pfn)
		return true;
	if ((block & GUP_BLOCK_HOME) == GUP_BLOCK_CMA)
		return m->contract->cma_owner_longterm && gup_kind(page) == GUP_FRAME_CMA;
	if ((block & GUP_BLOCK_HOME) == GUP_BLOCK_ZONE_MOVABLE)
		return !m->contract->longterm_leaves_movable;
	return block == GUP_BLOCK_DEVDAX;
}

struct gup_lineage *gup_folio_lineage(const struct gup_page *head)
{
	u64 mapping = gup_port_load(&head->mapping);

	if ((mapping & GUP_MAPPING_TAG) != GUP_MAPPING_LINEAGE)
		return NULL;
	return (struct gup_lineage *)(uintptr_t)(mapping & ~(u64)GUP_MAPPING_TAG);
}

struct gup_object *gup_folio_object(const struct gup_page *head)
{
	u64 mapping = gup_port_load(&head->mapping);

	if ((mapping & GUP_MAPPING_TAG) != GUP_MAPPING_OBJECT)
		return NULL;
	return (struct gup_object *)(uintptr_t)(mapping & ~(u64)GUP_MAPPING_TAG);
}

/* The folio holds a reference on its lineage until it is freed. */
void gup_folio_set_lineage(struct gup_page *head, struct gup_lineage *lineage, u64 index)
{
	gup_port_fetch_add(&lineage->refs, (u64)1);
	gup_port_store(&head->index, index);
	gup_port_store(&head->mapping, (u64)(uintptr_t)lineage | GUP_MAPPING_LINEAGE);
}

/* NULL takes it out of its object. */
void gup_folio_set_object(struct gup_page *head, struct gup_object *object, u64 index)
{
	gup_port_store(&head->index, index);
	gup_port_store(&head->mapping, object ? (u64)(uintptr_t)object | GUP_MAPPING_OBJECT : 0);
}
