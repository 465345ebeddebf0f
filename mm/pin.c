/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/pin.c - the library's own form: a pin is an object with an owner and extents, all or nothing.
 *
 * It runs the same path as pin_user_pages_fast(), with extents as output. Extents live in chunks of one frame each, so
 * a long range needs no long array. Pages are charged to the mm and the owner before anything is taken.
 */
#include "gup.h"

/* Add to a counter unless it would pass its limit. */
static bool charge(u64 *pinned, u64 limit, u64 pages)
{
	u64 old = gup_port_load(pinned);

	do {
		if (pages > limit || old > limit - pages)
			return false;
	} while (!gup_port_cas(pinned, &old, old + pages));
	return true;
}

static void uncharge(struct gup_pin *pin)
{
	gup_port_fetch_sub(&pin->mm->pinned, pin->pages);
	if (pin->owner)
		gup_port_fetch_sub(&pin->owner->pinned, pin->pages);
}

static int charge_pin(struct gup_pin *pin, struct gup_why *why)
{
	if (!charge(&pin->mm->pinned, gup_port_load(&pin->mm->pin_limit), pin->pages))
		return gup_refuse(why, -GUP_ENOMEM, GUP_RULE_MM_LIMIT, pin->addr, 0);
	if (!pin->owner || charge(&pin->owner->pinned, pin->owner->limit, pin->pages))
		return 0;
	gup_port_fetch_sub(&pin->mm->pinned, pin->pages);
	return gup_refuse(why, -GUP_ENOMEM, GUP_RULE_OWNER_LIMIT, pin->addr, 0);
}

static struct gup_chunk *chunk_new(struct gup_machine *m)
{
	struct gup_page *page = gup_folio_alloc(m, 0, GUP_FRAME_META, false, GUP_SCOPE_UNMOVABLE);
	struct gup_chunk *chunk;

	if (!page)
		return NULL;
	chunk = (struct gup_chunk *)gup_bytes_of(m, page);
	chunk->next = NULL;
	chunk->nr = 0;
	return chunk;
}

static void chunk_free(struct gup_machine *m, struct gup_chunk *chunk)
{
	gup_folio_put(m, gup_page_at(m, (u64)((u8 *)chunk - m->memory) >> GUP_PAGE_SHIFT), 1);
}

_Static_assert(sizeof(struct gup_chunk) <= GUP_PAGE_SIZE, "a chunk is one frame");

static bool extends(const struct gup_extent *e, const struct gup_page *page)
{
	return e->page + (e->bytes >> GUP_PAGE_SHIFT) == page;
}

int gup_pin_append(struct gup_pin *pin, struct gup_page *page, u64 nr)
{
	struct gup_chunk *chunk = pin->last;

	/* Extents are whole pages until the pin is complete; the zero page does not continue into itself. */
	if (chunk && chunk->nr && extends(&chunk->extents[chunk->nr - 1], page)) {
		chunk->extents[chunk->nr - 1].bytes += nr << GUP_PAGE_SHIFT;
		return 0;
	}
	if (!chunk || chunk->nr == GUP_CHUNK_EXTENTS) {
		chunk = chunk_new(pin->mm->m);
		if (!chunk)
			return -GUP_ENOMEM;
		if (pin->last)
			pin->last->next = chunk;
		else
			pin->first = chunk;
		pin->last = chunk;
	}
	chunk->extents[chunk->nr++] = (struct gup_extent){ page, 0, nr << GUP_PAGE_SHIFT };
	pin->nr_extents++;
	return 0;
}

/* A run of a pin that was complete is gone: tell who watches. */
static void tell_released(const struct gup_pin *pin, struct gup_page *page, u32 nr, u32 missing, const void *site)
{
	struct gup_machine *m = pin->mm->m;

	if (missing)
		gup_watch_refused(m, page, pin->pin, site, pin->site);
	if (nr > missing)
		gup_watch_released(m, page, nr - missing, pin->pin, site);
}

static void tell_taken(const struct gup_pin *pin)
{
	struct gup_extent_iter it = { .pin = pin };
	struct gup_extent e;

	while (pin->mm->m->watch && gup_pin_next_extent(&it, &e))
		gup_watch_taken(pin->mm->m, e.page, gup_extent_frames(&e), pin->pin, pin->site);
}

/* Release whole pages of one extent, folio by folio. @site: of who releases a pin that was complete, else NULL. */
static int extent_release(const struct gup_pin *pin, const struct gup_extent *e, bool dirty, const void *site)
{
	struct gup_machine *m = pin->mm->m;
	u64 left = gup_extent_frames(e);
	struct gup_page *page = e->page, *head;
	u32 nr, missing;
	int err = 0;

	for (; left; left -= nr, page += nr) {
		head = gup_head(m, page);
		nr = (u32)gup_min(left, gup_frames_left(m, page));
		if (dirty && gup_pfn(m, page) != m->zero_pfn)
			gup_flag_set(head, GUP_PF_DIRTY);
		missing = gup_release_run(m, page, nr, pin->pin);
		if (missing)
			err = -GUP_EINVAL;
		if (site)
			tell_released(pin, page, nr, missing, site);
	}
	return err;
}

static int extents_release(struct gup_pin *pin, bool dirty, const void *site)
{
	struct gup_chunk *chunk = pin->first, *next;
	int err = 0;
	u64 i;

	for (; chunk; chunk = next) {
		next = chunk->next;
		for (i = 0; i < chunk->nr; i++)
			if (extent_release(pin, &chunk->extents[i], dirty, site))
				err = -GUP_EINVAL;
		chunk_free(pin->mm->m, chunk);
	}
	return err;
}

/* From whole pages to the bytes that were asked for. */
static void trim(struct gup_pin *pin)
{
	u32 offset = (u32)(pin->addr & ~GUP_PAGE_MASK);
	struct gup_extent *first = &pin->first->extents[0];

	first->offset = offset;
	first->bytes -= offset;
	pin->last->extents[pin->last->nr - 1].bytes -= (pin->pages << GUP_PAGE_SHIFT) - offset - pin->bytes;
}

static void pin_free(struct gup_pin *pin)
{
	struct gup_mm *mm = pin->mm;

	uncharge(pin);
	if (pin->owner)
		gup_port_fetch_sub(&pin->owner->nr_pins, (u64)1);
	gup_slab_free(mm->m, GUP_SLAB_PIN, pin);
	gup_mm_put(mm);
}

int gup_pin_release(struct gup_pin *pin, bool dirty, const void *site)
{
	int err = extents_release(pin, dirty, site);

	pin_free(pin);
	return err;
}

int gup_pin_check(struct gup_mm *mm, const struct gup_request *r, struct gup_why *why)
{
	if (!mm || !r || !r->bytes || (r->owner && r->owner->m != mm->m))
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, r ? r->addr : 0, 0);
	if (r->flags & ~(GUP_FLAGS_KNOWN | GUP_LONGTERM))
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_UNKNOWN_FLAG, r->addr, 0);
	if (gup_flags_exclude(mm->m, r->flags))
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_P2PDMA_LONGTERM, r->addr, 0);
	if (r->addr + r->bytes < r->addr)
		return gup_refuse(why, -GUP_EOVERFLOW, GUP_RULE_RANGE_OVERFLOW, r->addr, 0);
	if (r->addr + r->bytes > GUP_USER_TOP)
		return gup_refuse(why, -GUP_EFAULT, GUP_RULE_RANGE_BEYOND_USER, r->addr, 0);
	if (gup_owner_is_lost(r->owner))
		return gup_refuse(why, -GUP_ENODEV, GUP_RULE_OWNER_LOST, r->addr, 0);
	return 0;
}

/* A pin without pages, charged for them; NULL with the reason in @why. */
static struct gup_pin *pin_new(struct gup_mm *mm, const struct gup_request *r, struct gup_why *why)
{
	struct gup_pin *pin = gup_slab_alloc(mm->m, GUP_SLAB_PIN);

	if (!pin) {
		gup_refuse(why, -GUP_ENOMEM, GUP_RULE_NO_MEMORY, r->addr, 0);
		return NULL;
	}
	pin->mm = mm;
	pin->owner = r->owner;
	pin->addr = r->addr;
	pin->bytes = r->bytes;
	pin->pages = ((r->addr + r->bytes - 1) >> GUP_PAGE_SHIFT) - (r->addr >> GUP_PAGE_SHIFT) + 1;
	pin->flags = r->flags;
	pin->pin = mm->m->contract->has_pin;
	pin->since = gup_port_now_ns();
	if (charge_pin(pin, why)) {
		gup_slab_free(mm->m, GUP_SLAB_PIN, pin);
		return NULL;
	}
	gup_port_fetch_add(&mm->refs, (u64)1);
	if (pin->owner)
		gup_port_fetch_add(&pin->owner->nr_pins, (u64)1);
	return pin;
}

static int pin_fill(struct gup_pin *pin, struct gup_why *why)
{
	struct gup_op op;
	long taken;

	gup_op_init(&op, pin->mm, pin->flags, pin->pin, why);
	op.addr = pin->addr & GUP_PAGE_MASK;
	op.left = pin->pages;
	op.sink = pin;
	taken = gup_op_run(&op, true, false);
	if (taken == (long)pin->pages)
		return 0;
	return why->error ? why->error : -GUP_EFAULT;
}

/* Take the pages and enter the books. A device that was lost meanwhile does not get to know them. */
static int pin_complete(struct gup_pin *pin, struct gup_why *why)
{
	int err = pin_fill(pin, why);

	if (err)
		return err;
	trim(pin);
	if (!gup_pin_enlist(pin))
		return gup_refuse(why, -GUP_ENODEV, GUP_RULE_OWNER_LOST, pin->addr, 0);
	return 0;
}

int gup_pin_range(struct gup_mm *mm, const struct gup_request *request, struct gup_pin **out, struct gup_why *why,
		  const void *site)
{
	struct gup_pin *pin;
	int err;

	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	err = gup_pin_check(mm, request, why);
	if (err)
		return err;
	err = gup_watch_gate(mm->m, NULL, site);
	if (err)
		return gup_refuse(why, err, GUP_RULE_TEST, request->addr, 0);
	pin = pin_new(mm, request, why);
	if (!pin)
		return why->error;
	pin->site = site;
	err = pin_complete(pin, why);
	if (err) {
		gup_pin_release(pin, false, NULL);
		return err;
	}
	tell_taken(pin);
	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	*out = pin;
	return 0;
}

int gup_pin(struct gup_mm *mm, const struct gup_request *request, struct gup_pin **out, struct gup_why *why)
{
	struct gup_why own;

	if (!why)
		why = &own;
	if (!out)
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, 0, 0);
	return gup_pin_range(mm, request, out, why, __builtin_return_address(0));
}

int gup_unpin_from(struct gup_pin *pin, bool dirty, const void *site)
{
	if (!pin || !gup_pin_delist(pin, dirty))
		return 0;
	return gup_pin_release(pin, dirty, site);
}

int gup_unpin(struct gup_pin *pin, bool dirty)
{
	if (pin && pin->cached)
		return -GUP_EINVAL;
	return gup_unpin_from(pin, dirty, __builtin_return_address(0));
}

size_t gup_pin_nr_extents(const struct gup_pin *pin)
{
	if (!pin)
		return 0;
	return pin->nr_extents;
}

uint64_t gup_pin_bytes(const struct gup_pin *pin)
{
	if (!pin)
		return 0;
	return pin->bytes;
}

uint64_t gup_pin_pages(const struct gup_pin *pin)
{
	if (!pin)
		return 0;
	return pin->pages;
}

bool gup_pin_next_extent(struct gup_extent_iter *it, struct gup_extent *out)
{
	const struct gup_chunk *chunk;

	if (!it || !it->pin || !out)
		return false;
	chunk = it->chunk;
	if (!chunk) {
		chunk = it->pin->first;
	} else if (it->at == chunk->nr) {
		chunk = chunk->next;
		if (!chunk)
			return false;
		it->at = 0;
	}
	it->chunk = chunk;
	*out = chunk->extents[it->at++];
	return true;
}
