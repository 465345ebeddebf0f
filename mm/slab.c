/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/slab.c - metadata objects from single unmovable frames.
 *
 * A slab frame holds a header and objects of one kind. Free objects are linked through their first word; slabs with a
 * free object are in their cache's list; an empty slab goes back to the zone at once.
 */
#include "internal.h"
#include "pin_cache.h"

struct gup_slab {
	struct gup_slab *prev, *next; /* [cache lock] partial list */
	void *free;		      /* [cache lock] */
	u32 used;		      /* [cache lock] */
};

static const u32 sizes[GUP_NR_SLABS] = {
	[GUP_SLAB_MM] = sizeof(struct gup_mm),
	[GUP_SLAB_VMA] = sizeof(struct gup_vma),
	[GUP_SLAB_LINEAGE] = sizeof(struct gup_lineage),
	[GUP_SLAB_OBJECT] = sizeof(struct gup_object),
	[GUP_SLAB_RADIX] = sizeof(struct gup_radix_node),
	[GUP_SLAB_OWNER] = sizeof(struct gup_owner),
	[GUP_SLAB_PIN] = sizeof(struct gup_pin),
	[GUP_SLAB_TRACK] = sizeof(struct gup_track),
	[GUP_SLAB_NOTIFIER] = sizeof(struct gup_notifier),
	[GUP_SLAB_INTERVAL] = sizeof(struct gup_interval),
	[GUP_SLAB_FILE] = sizeof(struct gup_file),
	[GUP_SLAB_HOLD] = sizeof(struct gup_mirror_hold),
	[GUP_SLAB_PIN_CACHE] = sizeof(struct gup_pin_cache),
	[GUP_SLAB_PIN_ENTRY] = sizeof(struct gup_pin_entry),
};

void gup_slab_init(struct gup_machine *m)
{
	unsigned int i;

	for (i = 0; i < GUP_NR_SLABS; i++) {
		m->slabs[i].size = (sizes[i] + 15) & ~15u;
		GUP_ASSERT(m->slabs[i].size <= GUP_PAGE_SIZE - sizeof(struct gup_slab));
	}
}

static u32 capacity(const struct gup_slab_cache *cache)
{
	return (u32)((GUP_PAGE_SIZE - sizeof(struct gup_slab)) / cache->size);
}

static void partial_add(struct gup_slab_cache *cache, struct gup_slab *slab)
{
	slab->prev = NULL;
	slab->next = cache->partial;
	if (slab->next)
		slab->next->prev = slab;
	cache->partial = slab;
}

static void partial_del(struct gup_slab_cache *cache, struct gup_slab *slab)
{
	if (slab->prev)
		slab->prev->next = slab->next;
	else
		cache->partial = slab->next;
	if (slab->next)
		slab->next->prev = slab->prev;
}

static struct gup_slab *slab_new(struct gup_machine *m, struct gup_slab_cache *cache)
{
	u64 pfn = gup_frames_alloc(m, 0, false, GUP_SCOPE_UNMOVABLE);
	struct gup_slab *slab;
	u32 i;

	if (!pfn)
		return NULL;
	gup_folio_prep(gup_page_at(m, pfn), 0, GUP_FRAME_META);
	gup_folio_unfreeze(gup_page_at(m, pfn), 1);
	slab = (struct gup_slab *)gup_direct(m, pfn);
	slab->free = NULL;
	slab->used = 0;
	for (i = capacity(cache); i-- > 0;) {
		void **object = (void **)((u8 *)(slab + 1) + (size_t)i * cache->size);

		*object = slab->free;
		slab->free = object;
	}
	partial_add(cache, slab);
	return slab;
}

void *gup_slab_alloc(struct gup_machine *m, enum gup_slab_kind kind)
{
	struct gup_slab_cache *cache = &m->slabs[kind];
	struct gup_slab *slab;
	void *object = NULL;

	if (gup_alloc_should_fail(m))
		return NULL;
	gup_port_lock_acquire(&cache->lock);
	slab = cache->partial;
	if (!slab)
		slab = slab_new(m, cache);
	if (slab) {
		GUP_ASSERT(slab->free);
		object = slab->free;
		slab->free = *(void **)object;
		slab->used++;
		cache->live++;
		if (!slab->free)
			partial_del(cache, slab);
	}
	gup_port_lock_release(&cache->lock);
	if (object)
		memset(object, 0, cache->size);
	return object;
}

void gup_slab_free(struct gup_machine *m, enum gup_slab_kind kind, void *object)
{
	struct gup_slab_cache *cache = &m->slabs[kind];
	struct gup_slab *slab = (struct gup_slab *)((uintptr_t)object & ~(uintptr_t)(GUP_PAGE_SIZE - 1));

	gup_port_lock_acquire(&cache->lock);
	if (!slab->free)
		partial_add(cache, slab);
	*(void **)object = slab->free;
	slab->free = object;
	slab->used--;
	cache->live--;
	if (slab->used)
		slab = NULL;
	else
		partial_del(cache, slab);
	gup_port_lock_release(&cache->lock);
	if (slab) {
		u64 pfn = (u64)((u8 *)slab - m->memory) >> GUP_PAGE_SHIFT;

		gup_folio_put(m, gup_page_at(m, pfn), 1);
	}
}
