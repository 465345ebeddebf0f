/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/poison.c - memory failure: a frame that nobody may read any more.
 *
 *	in use		the frame is marked, and its folio's head says that one of its frames is
 *	  fault, pin	look at the head (gup_folio_poisoned()) and refuse; who moves a folio looks too, with its lock held
 *	  last put	gup_poison_free() keeps the marked frame back
 *	free		taken out of the free lists
 *	out of use	GUP_FRAME_POISONED: in no list, held by nobody
 *
 * The mark is set with the folio locked and by who holds a reference, so that a folio that is just being moved is either
 * moved before or seen as poisoned.
 */
#include "internal.h"

#define TRIES 100u

enum found { FOUND_DONE, FOUND_NEVER, FOUND_AGAIN };

static void leave_use(struct gup_page *page)
{
	gup_folio_prep(page, 0, GUP_FRAME_POISONED);
	gup_flag_set(page, GUP_PF_POISONED);
}

void gup_poison_free(struct gup_machine *m, struct gup_page *head, unsigned int order)
{
	u32 i;

	for (i = 0; i < 1u << order; i++) {
		if (gup_flag_test(&head[i], GUP_PF_POISONED)) {
			leave_use(&head[i]);
			continue;
		}
		gup_flag_clear(&head[i], ~0u);
		gup_frames_free(m, gup_pfn(m, head) + i, 0);
	}
}

static bool is_free(enum gup_frame_kind kind)
{
	return kind == GUP_FRAME_UNUSED || kind == GUP_FRAME_FREE || kind == GUP_FRAME_CACHED;
}

/* Nothing else takes frames out of the middle of a zone meanwhile. */
static enum found poison_free(struct gup_machine *m, struct gup_page *page)
{
	u64 pfn = gup_pfn(m, page);
	struct gup_zone *zone = gup_zone_of(m, pfn);
	bool taken;

	if (zone->kind == GUP_ZONE_DAX && zone->dax == GUP_DAX_DEVICE)
		return FOUND_NEVER; /* its frames come into being when it is opened */
	gup_port_rwlock_write_lock(&zone->isolate_lock);
	gup_pcp_drain(m, zone);
	taken = gup_buddy_take_frame(m, zone, pfn);
	if (taken)
		leave_use(page);
	gup_port_rwlock_write_unlock(&zone->isolate_lock);
	return taken ? FOUND_DONE : FOUND_AGAIN;
}

/* A reference on the folio that @page belongs to, or NULL if it changes just now. */
static struct gup_page *hold(struct gup_machine *m, struct gup_page *page)
{
	struct gup_page *head = gup_head(m, page);

	if (gup_folio_take(head, 1, false) != GUP_TAKE_OK)
		return NULL;
	if (gup_head(m, page) == head)
		return head;
	gup_folio_put(m, head, 1);
	return NULL;
}

static enum found poison_used(struct gup_machine *m, struct gup_page *page)
{
	struct gup_page *head = hold(m, page);

	if (!head)
		return FOUND_AGAIN;
	if (gup_order(head) && gup_kind_movable(gup_kind(head)) && !gup_split_folio(m, page, NULL))
		head = page; /* it has our reference now */
	gup_folio_lock(m, head);
	gup_flag_set(page, GUP_PF_POISONED);
	gup_flag_set(head, GUP_PF_HAS_POISON);
	gup_mirror_forget(head);
	gup_folio_unlock(m, head);
	gup_folio_put(m, head, 1);
	return FOUND_DONE;
}

static enum found poison_once(struct gup_machine *m, struct gup_page *page)
{
	enum gup_frame_kind kind = gup_kind(gup_head(m, page));

	if (gup_flag_test(page, GUP_PF_POISONED))
		return FOUND_DONE;
	if (is_free(kind))
		return poison_free(m, page);
	return gup_kind_is_user(kind) ? poison_used(m, page) : FOUND_NEVER;
}

/* A frame on its way from one use to another gets there in a moment. */
static enum found try_often(struct gup_machine *m, struct gup_page *page,
			    enum found (*once)(struct gup_machine *m, struct gup_page *page))
{
	enum found found = FOUND_AGAIN;
	unsigned int i;

	for (i = 0; i < TRIES && found == FOUND_AGAIN; i++) {
		found = once(m, page);
		if (found == FOUND_AGAIN)
			gup_port_relax();
	}
	return found;
}

int gup_machine_poison(struct gup_machine *m, uint64_t pfn)
{
	struct gup_page *page = gup_pfn_to_page(m, pfn);

	if (!page)
		return -GUP_EINVAL;
	return try_often(m, page, poison_once) == FOUND_DONE ? 0 : -GUP_EBUSY;
}

static bool any_poisoned(const struct gup_page *head)
{
	u32 i;

	for (i = 0; i < gup_nr_frames(head); i++)
		if (gup_flag_test(&head[i], GUP_PF_POISONED))
			return true;
	return false;
}

static enum found unpoison_used(struct gup_machine *m, struct gup_page *page)
{
	struct gup_page *head = hold(m, page);

	if (!head)
		return FOUND_AGAIN;
	gup_folio_lock(m, head);
	gup_flag_clear(page, GUP_PF_POISONED);
	if (!any_poisoned(head))
		gup_flag_clear(head, GUP_PF_HAS_POISON);
	gup_folio_unlock(m, head);
	gup_folio_put(m, head, 1);
	return FOUND_DONE;
}

/* Of several that try at once, one gives it back. */
static enum found unpoison_once(struct gup_machine *m, struct gup_page *page)
{
	u32 out_of_use = GUP_FRAME_POISONED | GUP_PF_POISONED;

	if (!gup_flag_test(page, GUP_PF_POISONED))
		return FOUND_NEVER;
	if (gup_kind(page) != GUP_FRAME_POISONED)
		return unpoison_used(m, page);
	if (!gup_port_cas(&page->flags, &out_of_use, 0u))
		return FOUND_AGAIN;
	gup_frames_free(m, gup_pfn(m, page), 0);
	return FOUND_DONE;
}

int gup_machine_unpoison(struct gup_machine *m, uint64_t pfn)
{
	struct gup_page *page = gup_pfn_to_page(m, pfn);
	enum found found;

	if (!page)
		return -GUP_EINVAL;
	found = try_often(m, page, unpoison_once);
	if (found == FOUND_AGAIN)
		return -GUP_EBUSY;
	return found == FOUND_DONE ? 0 : -GUP_EINVAL;
}
