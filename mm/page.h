/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/page.h - the frame descriptor from inside: flag bits, counts, and how a page finds its folio.
 *
 * A walker that holds no lock may look at any descriptor at any time. It learns the folio's head from one load of one
 * word, takes a count that refuses zero, and then looks again whether the page still belongs to that head.
 */
#ifndef GUP_MM_PAGE_H
#define GUP_MM_PAGE_H

#include "machine.h"

_Static_assert(sizeof(struct gup_page) == 32, "two frame descriptors share a cache line");
_Static_assert(sizeof(struct gup_port_lock) == 4, "a table page keeps its lock in mapcount");

#define GUP_PF_KIND 0x0fu
#define GUP_PF_ORDER_SHIFT 4
#define GUP_PF_ORDER 0xf0u
#define GUP_PF_TAIL 0x0100u    /* not the first frame of its folio; the order gives the distance */
#define GUP_PF_LOCKED 0x0200u  /* folio lock */
#define GUP_PF_WAITERS 0x0400u /* somebody sleeps until the counts change */
#define GUP_PF_DIRTY 0x0800u
#define GUP_PF_EXCL 0x1000u	/* anonymous, mapped by one mm only; each frame has its own, a 2 MiB entry the head's */
#define GUP_PF_ISOLATED 0x2000u /* somebody is moving it */
#define GUP_PF_POISONED 0x4000u /* the frame's memory has failed */
#define GUP_PF_HAS_POISON 0x8000u /* of a head: that of one of the folio's frames has */
#define GUP_PF_UPTODATE 0x10000u  /* of a file: read from the store */
#define GUP_PF_WRITEBACK 0x20000u /* of a file: being written to the store; no store of an application changes it */

#define GUP_COUNT_REF UINT64_C(1)
#define GUP_COUNT_PIN ((UINT64_C(1) << 32) | 1) /* every pin also holds a reference */
#define GUP_COUNT_MAX 0x7fffffffu

#define GUP_MAPPING_TAG 3u
#define GUP_MAPPING_LINEAGE 1u
#define GUP_MAPPING_OBJECT 2u

static inline u32 gup_count_refs(u64 count)
{
	return (u32)count;
}

static inline u32 gup_count_pins(u64 count)
{
	return (u32)(count >> 32);
}

static inline u64 gup_pfn(const struct gup_machine *m, const struct gup_page *page)
{
	return ((uintptr_t)page - (uintptr_t)m->frames) / sizeof(*page);
}

static inline struct gup_page *gup_page_at(const struct gup_machine *m, u64 pfn)
{
	return m->frames + pfn;
}

static inline u8 *gup_direct(const struct gup_machine *m, u64 pfn)
{
	return m->memory + (pfn << GUP_PAGE_SHIFT);
}

static inline u8 *gup_bytes_of(const struct gup_machine *m, const struct gup_page *page)
{
	return gup_direct(m, gup_pfn(m, page));
}

static inline u32 gup_flags(const struct gup_page *page)
{
	return gup_port_load(&page->flags);
}

static inline enum gup_frame_kind gup_kind(const struct gup_page *page)
{
	return (enum gup_frame_kind)(gup_flags(page) & GUP_PF_KIND);
}

static inline unsigned int gup_order(const struct gup_page *page)
{
	return (gup_flags(page) & GUP_PF_ORDER) >> GUP_PF_ORDER_SHIFT;
}

static inline u32 gup_nr_frames(const struct gup_page *head)
{
	return 1u << gup_order(head);
}

#define GUP_USER_KINDS                                                                                                 \
	(1u << GUP_FRAME_ANON | 1u << GUP_FRAME_SHM | 1u << GUP_FRAME_DAX | 1u << GUP_FRAME_DEVDAX |                   \
	 1u << GUP_FRAME_CMA | 1u << GUP_FRAME_SECRET | 1u << GUP_FRAME_FILE | 1u << GUP_FRAME_HUGETLB)

/* Memory that entries map and that calls get and pin; the rest is the machine's own. */
static inline bool gup_kind_is_user(enum gup_frame_kind kind)
{
	return GUP_USER_KINDS >> kind & 1;
}

static inline bool gup_kind_movable(enum gup_frame_kind kind)
{
	return kind == GUP_FRAME_ANON || kind == GUP_FRAME_SHM || kind == GUP_FRAME_FILE || kind == GUP_FRAME_HUGETLB;
}

/* Is the folio, which somebody maps, private memory? */
static inline bool gup_folio_is_anon(const struct gup_page *head)
{
	return (gup_port_load(&head->mapping) & GUP_MAPPING_TAG) == GUP_MAPPING_LINEAGE;
}

/* The head of the folio that @page belongs to right now. Folios are aligned to their size, so the order is enough. */
static inline struct gup_page *gup_head(const struct gup_machine *m, const struct gup_page *page)
{
	u32 flags = gup_flags(page);
	u64 pfn = gup_pfn(m, page);

	if (flags & GUP_PF_TAIL)
		pfn &= ~((UINT64_C(1) << ((flags & GUP_PF_ORDER) >> GUP_PF_ORDER_SHIFT)) - 1);
	return m->frames + pfn;
}

/* Frames of the page's folio from the page on, from one load of one word. */
static inline u32 gup_frames_left(const struct gup_machine *m, const struct gup_page *page)
{
	u32 frames = 1u << gup_order(page);

	return frames - ((u32)gup_pfn(m, page) & (frames - 1));
}

static inline void gup_flag_set(struct gup_page *page, u32 bits)
{
	gup_port_fetch_or(&page->flags, bits);
}

static inline void gup_flag_clear(struct gup_page *page, u32 bits)
{
	gup_port_fetch_and(&page->flags, ~bits);
}

static inline bool gup_flag_test(const struct gup_page *page, u32 bits)
{
	return gup_flags(page) & bits;
}

/* May nobody read this folio? */
static inline bool gup_folio_poisoned(const struct gup_page *head)
{
	return gup_flag_test(head, GUP_PF_HAS_POISON);
}

static inline u8 gup_block_of(const struct gup_machine *m, u64 pfn)
{
	return gup_port_load(&m->blocks[pfn >> GUP_HUGE_ORDER]);
}

enum gup_take { GUP_TAKE_OK, GUP_TAKE_DEAD, GUP_TAKE_FULL };

/*
 * Take @n references, or @n pins with their references, by one compare-and-swap. Refuses a folio that nobody owns
 * (frozen, free, never used) and a count near its end; then nothing has changed.
 */
static inline enum gup_take gup_folio_take(struct gup_page *head, u32 n, bool pin)
{
	u64 old = gup_port_load(&head->count);
	u64 add = n * (pin ? GUP_COUNT_PIN : GUP_COUNT_REF);

	do {
		if (!gup_count_refs(old))
			return GUP_TAKE_DEAD;
		if (gup_count_refs(old) > GUP_COUNT_MAX - n)
			return GUP_TAKE_FULL;
	} while (!gup_port_cas(&head->count, &old, old + add));
	return GUP_TAKE_OK;
}

/* From exactly @refs references and no pin to nothing that anybody could take. */
static inline bool gup_folio_freeze(struct gup_page *head, u32 refs)
{
	u64 expected = refs;

	return gup_port_cas(&head->count, &expected, (u64)0);
}

static inline void gup_folio_unfreeze(struct gup_page *head, u32 refs)
{
	gup_port_store(&head->count, (u64)refs);
}

/* ---- page.c ---- */

/* A folio of 2^@order frames with one reference; contents undefined. NULL if there is none in @scope. */
struct gup_page *gup_folio_alloc(struct gup_machine *m, unsigned int order, enum gup_frame_kind kind, bool movable,
				 enum gup_scope scope);
/* Give @n references back; the last one frees. Never for references that pins hold. */
void gup_folio_put(struct gup_machine *m, struct gup_page *head, u32 n);
/* Release a folio whose count is zero. */
void gup_folio_free(struct gup_machine *m, struct gup_page *head);
void gup_wake(struct gup_machine *m, u64 pfn);

/* @n references have just gone from @old of the folio's count: nobody may be left, or somebody may wait for it. */
static inline void gup_folio_released(struct gup_machine *m, struct gup_page *head, u64 old, u32 n)
{
	if (gup_count_refs(old) == n)
		gup_folio_free(m, head);
	else if (gup_flag_test(head, GUP_PF_WAITERS)) /* it may be gone: then the wake-up is for nothing */
		gup_wake(m, gup_pfn(m, head));
}

/* Give @n pins back; -EINVAL with nothing changed if it has fewer. */
static inline int gup_folio_unpin(struct gup_machine *m, struct gup_page *head, u32 n)
{
	u64 old = gup_port_load(&head->count);

	do {
		if (gup_count_pins(old) < n)
			return -GUP_EINVAL;
	} while (!gup_port_cas(&head->count, &old, old - n * GUP_COUNT_PIN));
	gup_folio_released(m, head, old, n);
	return 0;
}

/* Give a reference back that is neither mapping nor cache nor pin; -EINVAL if there is none. */
int gup_folio_put_get(struct gup_machine *m, struct gup_page *head);
u32 gup_folio_mapcount(struct gup_page *head);
/* How many of these are 2 MiB entries. */
u32 gup_folio_whole_maps(const struct gup_page *head);
u32 gup_folio_cache_refs(struct gup_page *head);
void gup_folio_zero(struct gup_machine *m, struct gup_page *head);
/* Its bytes from @offset on. */
void gup_folio_zero_from(struct gup_machine *m, struct gup_page *head, u64 offset);
void gup_folio_copy(struct gup_machine *m, struct gup_page *to, struct gup_page *from);
/* gup_longterm_ok() in a block of any other type. */
bool gup_longterm_ok_in(const struct gup_machine *m, const struct gup_page *page, u8 block);
/* May a pin that is held for long rest on this frame? */
static inline bool gup_longterm_ok(const struct gup_machine *m, const struct gup_page *page)
{
	u8 block = gup_block_of(m, gup_pfn(m, page));

	return block == GUP_BLOCK_UNMOVABLE || block == GUP_BLOCK_MOVABLE || gup_longterm_ok_in(m, page, block);
}

/* Descriptors of @nr frames from @head on become one folio of @order, or 4 KiB folios if @order is 0. */
void gup_folio_prep(struct gup_page *head, unsigned int order, enum gup_frame_kind kind);
struct gup_lineage *gup_folio_lineage(const struct gup_page *head);
struct gup_object *gup_folio_object(const struct gup_page *head);
void gup_folio_set_lineage(struct gup_page *head, struct gup_lineage *lineage, u64 index);
void gup_folio_set_object(struct gup_page *head, struct gup_object *object, u64 index);

/* ---- wait.c ---- */

/*
 * Sleep until something about @pfn changes: seen = gup_wait_prepare(); look at the condition; gup_wait() or
 * gup_wait_cancel(). A change between prepare and wait makes the wait return at once.
 */
u32 gup_wait_prepare(struct gup_machine *m, u64 pfn);
void gup_wait(struct gup_machine *m, u64 pfn, u32 seen, u64 timeout_ns);
void gup_wait_cancel(struct gup_machine *m, u64 pfn);

/* Is what is waited for the case? The caller keeps the folio in place. */
typedef bool gup_folio_wait_fn(const struct gup_page *head, u64 arg);
/* Sleep once, unless @over says so: then false. Who was woken looks for itself. */
bool gup_folio_wait_once(struct gup_machine *m, struct gup_page *head, gup_folio_wait_fn *over, u64 arg,
			 u64 timeout_ns);
/*
 * Sleep until @over says so or the time is up. Callers count how often they try, so a wake-up for nothing (a signal of the
 * host, another frame of the bucket) is no end.
 */
void gup_folio_wait(struct gup_machine *m, struct gup_page *head, gup_folio_wait_fn *over, u64 arg, u64 timeout_ns);
/* The same until the folio's count is no longer @count, which was read before. The caller keeps the folio in place. */
void gup_folio_wait_count(struct gup_machine *m, struct gup_page *head, u64 count, u64 timeout_ns);

/* Until the store has it. Folio locked, so no other write-back begins. */
void gup_folio_wait_writeback(struct gup_machine *m, struct gup_page *head);

bool gup_folio_trylock(struct gup_page *head);
void gup_folio_lock(struct gup_machine *m, struct gup_page *head);
void gup_folio_unlock(struct gup_machine *m, struct gup_page *head);

/* ---- poison.c ---- */

/* Release the frames of a dead folio but those that are poisoned. */
void gup_poison_free(struct gup_machine *m, struct gup_page *head, unsigned int order);

/* ---- zone.c, buddy.c, pcp.c ---- */

struct gup_zone *gup_zone_of(struct gup_machine *m, u64 pfn);
/* First frame of a free block, 0 if there is none. */
u64 gup_frames_alloc(struct gup_machine *m, unsigned int order, bool movable, enum gup_scope scope);
void gup_frames_free(struct gup_machine *m, u64 pfn, unsigned int order);
u64 gup_buddy_alloc(struct gup_machine *m, struct gup_zone *zone, unsigned int order, enum gup_list list);
void gup_buddy_free(struct gup_machine *m, struct gup_zone *zone, u64 pfn, unsigned int order);
/* Take all of [start, end) out of the free lists; every frame of it is free and isolated. */
void gup_buddy_claim(struct gup_machine *m, struct gup_zone *zone, u64 start, u64 end);
/* Take one frame out of the free lists, if it is there. The caller has drained the caches. */
bool gup_buddy_take_frame(struct gup_machine *m, struct gup_zone *zone, u64 pfn);
/* Change the isolated bit of the blocks of [start, end) and move their free frames to the list that fits. */
void gup_buddy_set_isolated(struct gup_machine *m, struct gup_zone *zone, u64 start, u64 end, bool isolated);
/* Size of the free block that starts at @pfn, 0 if none does. */
u64 gup_buddy_free_run(struct gup_machine *m, u64 pfn);
u64 gup_pcp_alloc(struct gup_machine *m, struct gup_zone *zone, enum gup_list list);
void gup_pcp_free(struct gup_machine *m, struct gup_zone *zone, u64 pfn);
void gup_pcp_drain(struct gup_machine *m, struct gup_zone *zone);
u64 gup_pcp_count(struct gup_zone *zone);
/* Should this allocation fail for a test? */
bool gup_alloc_should_fail(struct gup_machine *m);

#endif
