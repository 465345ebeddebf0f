/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/holders.c - who holds what: for refusals, for reports, for the leak list.
 *
 * Three sources. Pins of the library's own form are in the machine's list anyway. References of the Linux forms are
 * recorded in a hash table by pfn if the machine tracks holders. What the counts show beyond both is "(untracked)";
 * frames of a CMA allocation are listed under their area's name.
 */
#include "internal.h"

#define TRACK_BUCKETS GUP_ARRAY_SIZE(((struct gup_machine *)0)->track)
#define UNTRACKED "(untracked)"

/* ---- records of the Linux forms ---- */

static struct gup_track **bucket_of(struct gup_machine *m, u64 pfn)
{
	return &m->track[pfn % TRACK_BUCKETS];
}

static bool name_same(const char *a, const char *b)
{
	return !memcmp(a, b, GUP_NAME_MAX);
}

static bool same_taker(const struct gup_track *a, const struct gup_track *b)
{
	return a->site == b->site && a->pin == b->pin && a->longterm == b->longterm && name_same(a->owner, b->owner);
}

static void track_one(struct gup_machine *m, u64 pfn, const struct gup_track *what)
{
	struct gup_track **bucket = bucket_of(m, pfn), *t;

	for (t = *bucket; t; t = t->next)
		if (t->pfn == pfn && same_taker(t, what))
			break;
	if (t) {
		t->count++;
		return;
	}
	t = gup_slab_alloc(m, GUP_SLAB_TRACK);
	if (!t) {
		m->track_lost++;
		return;
	}
	*t = *what;
	t->pfn = pfn;
	t->count = 1;
	t->since = gup_port_now_ns();
	t->next = *bucket;
	*bucket = t;
}

/* A record without memory is lost and nobody sees a failure: a test's failure is not spent on it. */
void gup_track_add(struct gup_machine *m, struct gup_page *page, u64 nr, const struct gup_track *what)
{
	u64 armed, i;

	if (gup_pfn(m, page) == m->zero_pfn)
		return;
	armed = m->watch ? gup_test_fail_alloc(m, 0) : 0;
	gup_port_lock_acquire(&m->track_lock);
	for (i = 0; i < nr; i++)
		track_one(m, gup_pfn(m, page) + i, what);
	gup_port_lock_release(&m->track_lock);
	if (armed)
		gup_test_fail_alloc(m, armed);
	gup_watch_taken(m, page, nr, what->pin, what->site);
}

static bool forget_one(struct gup_machine *m, u64 pfn, bool pin)
{
	struct gup_track **link, *t;

	for (link = bucket_of(m, pfn); (t = *link); link = &t->next)
		if (t->pfn == pfn && t->pin == pin)
			break;
	if (!t)
		return false;
	if (!--t->count) {
		*link = t->next;
		gup_slab_free(m, GUP_SLAB_TRACK, t);
	}
	return true;
}

/*
 * Counts are the folio's, so a page may be released through another page of its folio, which may be gone by now: its
 * record is somewhere in these 2 MiB, unless one was lost.
 */
void gup_track_del(struct gup_machine *m, struct gup_page *page, bool pin, const void *site)
{
	u64 pfn = gup_pfn(m, page), start = pfn & ~(u64)(GUP_HUGE_PAGES - 1), i;

	gup_port_lock_acquire(&m->track_lock);
	if (!forget_one(m, pfn, pin))
		for (i = 0; i < GUP_HUGE_PAGES && !m->track_lost; i++)
			if (forget_one(m, start + i, pin))
				break;
	gup_port_lock_release(&m->track_lock);
	gup_watch_released(m, page, 1, pin, site);
}

const void *gup_track_site(struct gup_machine *m, struct gup_page *page)
{
	const void *site = NULL;
	struct gup_track *t;

	gup_port_lock_acquire(&m->track_lock);
	for (t = *bucket_of(m, gup_pfn(m, page)); t && !site; t = t->next)
		if (t->pfn == gup_pfn(m, page))
			site = t->site;
	gup_port_lock_release(&m->track_lock);
	return site;
}

/* ---- looking for holders ---- */

struct known;

struct search {
	struct gup_machine *m;
	u64 first, last; /* frames */
	struct gup_holder *out;
	size_t room;
	long found;
	u64 now;
	struct known *known; /* by pfn; only while zones are searched */
};

static void add(struct search *s, const struct gup_holder *h)
{
	if ((size_t)s->found < s->room)
		s->out[s->found] = *h;
	s->found++;
}

/* Frames that an extent shares with [first, last]; the first of them through @out_pfn. */
static u64 overlap(struct gup_machine *m, const struct gup_extent *e, u64 first, u64 last, u64 *out_pfn)
{
	u64 start = gup_pfn(m, e->page);
	u64 end = start + gup_extent_frames(e) - 1;

	if (start > last || end < first)
		return 0;
	*out_pfn = gup_max(start, first);
	return gup_min(end, last) - *out_pfn + 1;
}

/* Frames of a pin in [first, last]; the first of them through @out_pfn. */
static u64 pin_overlap(struct gup_machine *m, const struct gup_pin *pin, u64 first, u64 last, u64 *out_pfn)
{
	struct gup_extent_iter it = { .pin = pin };
	struct gup_extent e;
	u64 frames = 0, nr, pfn;

	while (gup_pin_next_extent(&it, &e)) {
		nr = overlap(m, &e, first, last, &pfn);
		if (nr && !frames)
			*out_pfn = pfn;
		frames += nr;
	}
	return frames;
}

static void search_pins(struct search *s)
{
	struct gup_link *link;

	gup_port_lock_acquire(&s->m->list_lock);
	for (link = s->m->pins.next; link != &s->m->pins; link = link->next) {
		const struct gup_pin *pin = (const struct gup_pin *)link;
		struct gup_holder h = { .site = pin->site, .count = 1, .pin = pin->pin };

		h.pages = pin_overlap(s->m, pin, s->first, s->last, &h.pfn);
		if (!h.pages)
			continue;
		gup_name_set(h.owner, pin->owner ? pin->owner->name : pin->mm->name);
		h.longterm = pin->flags & GUP_LONGTERM;
		h.quarantined = pin->quarantined;
		h.age_ns = s->now - pin->since;
		add(s, &h);
	}
	gup_port_lock_release(&s->m->list_lock);
}

static void search_bucket(struct search *s, const struct gup_track *t)
{
	for (; t; t = t->next) {
		struct gup_holder h = { .site = t->site, .pfn = t->pfn, .pages = 1, .count = t->count };

		if (t->pfn < s->first || t->pfn > s->last)
			continue;
		h.pin = t->pin;
		h.longterm = t->longterm;
		h.age_ns = s->now - t->since;
		gup_name_set(h.owner, t->owner);
		add(s, &h);
	}
}

/* Only the buckets that frames of the range can be in. */
static void search_records(struct search *s)
{
	u64 nr = gup_min(s->last - s->first + 1, TRACK_BUCKETS), i;

	gup_port_lock_acquire(&s->m->track_lock);
	for (i = 0; i < nr; i++)
		search_bucket(s, *bucket_of(s->m, s->first + i));
	gup_port_lock_release(&s->m->track_lock);
}

/*
 * Pins and gets on each frame that pins of the own form and records account for, in scratch memory of the host: one
 * pass over what is known, however many frames are looked at afterwards.
 */
struct known {
	u32 pins, gets;
};

static void know(struct search *s, u64 pfn, u64 nr, u32 count, bool pin)
{
	for (; nr; nr--, pfn++) {
		if (pin)
			s->known[pfn].pins += count;
		else
			s->known[pfn].gets += count;
	}
}

static void know_pin(struct search *s, const struct gup_pin *pin)
{
	struct gup_extent_iter it = { .pin = pin };
	struct gup_extent e;

	while (gup_pin_next_extent(&it, &e))
		know(s, gup_pfn(s->m, e.page), gup_extent_frames(&e), 1, pin->pin);
}

static void know_all(struct search *s)
{
	struct gup_link *link;
	struct gup_track *t;
	unsigned int i;

	gup_port_lock_acquire(&s->m->list_lock);
	for (link = s->m->pins.next; link != &s->m->pins; link = link->next)
		know_pin(s, (const struct gup_pin *)link);
	gup_port_lock_release(&s->m->list_lock);
	gup_port_lock_acquire(&s->m->track_lock);
	for (i = 0; i < TRACK_BUCKETS; i++)
		for (t = s->m->track[i]; t; t = t->next)
			know(s, t->pfn, 1, t->count, t->pin);
	gup_port_lock_release(&s->m->track_lock);
}

/* References of one kind on a folio that nothing known accounts for. */
static void add_untracked(struct search *s, u64 pfn, u64 frames, u64 count, bool pin)
{
	struct gup_holder h = { .owner = UNTRACKED, .pfn = gup_max(pfn, s->first), .pin = pin };
	u64 known = 0, i;

	for (i = 0; i < frames; i++)
		known += pin ? s->known[pfn + i].pins : s->known[pfn + i].gets;
	if (count <= known)
		return;
	h.pages = gup_min(pfn + frames - 1, s->last) - h.pfn + 1;
	h.count = (u32)(count - known);
	add(s, &h);
}

/* One folio: what its counts show beyond what is known. */
static void search_folio(struct search *s, struct gup_page *head)
{
	u64 count = gup_port_load(&head->count), frames = gup_nr_frames(head);
	u64 parts = (u64)gup_folio_mapcount(head) + gup_folio_cache_refs(head) + gup_count_pins(count);
	u64 pfn = gup_pfn(s->m, head);

	add_untracked(s, pfn, frames, gup_count_pins(count), true);
	if (gup_count_refs(count) > parts)
		add_untracked(s, pfn, frames, gup_count_refs(count) - parts, false);
}

/* A CMA allocation, or the part of it that lies in the range, as one holder. Returns its frames. */
static u64 search_cma(struct search *s, const struct gup_zone *zone, u64 pfn)
{
	struct gup_holder h = { .pfn = pfn, .count = 1, .cma = true };

	while (pfn + h.pages < zone->end && pfn + h.pages <= s->last &&
	       gup_kind(gup_page_at(s->m, pfn + h.pages)) == GUP_FRAME_CMA)
		h.pages++;
	gup_name_set(h.owner, zone->name);
	add(s, &h);
	return h.pages;
}

static void search_zone(struct search *s, struct gup_zone *zone)
{
	u64 end = gup_min(zone->kind == GUP_ZONE_DAX ? zone->end : gup_port_load(&zone->frontier), s->last + 1);
	u64 pfn = s->first > zone->start ? s->first : zone->start, cma_end = 0;

	while (pfn < end) {
		struct gup_page *head = gup_head(s->m, gup_page_at(s->m, pfn));
		u64 run = gup_buddy_free_run(s->m, pfn);

		if (!run) {
			if (gup_kind(head) == GUP_FRAME_CMA && pfn >= cma_end)
				cma_end = pfn + search_cma(s, zone, pfn);
			if (gup_kind_is_user(gup_kind(head)) && gup_port_load(&head->count))
				search_folio(s, head);
			run = gup_pfn(s->m, head) + gup_nr_frames(head) - pfn;
		}
		pfn += run;
	}
}

static int search_zones(struct search *s)
{
	struct gup_port_memory scratch = { .bytes = 0 };
	unsigned int i;

	scratch.bytes = (s->m->nr_pfns * sizeof(struct known) + GUP_PAGE_SIZE - 1) & GUP_PAGE_MASK;
	if (gup_port_memory_map(&scratch, false))
		return -GUP_ENOMEM;
	s->known = scratch.base;
	know_all(s);
	for (i = 0; i < s->m->nr_zones; i++)
		search_zone(s, &s->m->zones[i]);
	gup_port_memory_unmap(&scratch);
	return 0;
}

long gup_pin_holders(struct gup_machine *m, uint64_t first_pfn, uint64_t nr, struct gup_holder *out, size_t room)
{
	struct search s = { .m = m, .first = first_pfn, .out = out, .room = room };
	int err;

	if (!m || (!out && room))
		return -GUP_EINVAL;
	if (!nr || first_pfn >= m->nr_pfns)
		return 0;
	s.last = nr > m->nr_pfns - first_pfn ? m->nr_pfns - 1 : first_pfn + nr - 1;
	s.now = gup_port_now_ns();
	search_pins(&s);
	if (m->track_holders)
		search_records(&s);
	err = search_zones(&s);
	return err ? err : s.found;
}

void gup_why_holder(struct gup_machine *m, struct gup_why *why, struct gup_page *head, unsigned int tries)
{
	struct gup_holder h = { .count = 0 };
	struct search s = { .m = m, .first = gup_pfn(m, head), .out = &h, .room = 1 };

	if (!why)
		return;
	s.last = s.first + gup_nr_frames(head) - 1;
	s.now = gup_port_now_ns();
	search_pins(&s);
	if (!s.found && m->track_holders)
		search_records(&s);
	gup_name_set(why->holder, h.owner);
	why->quarantined = h.quarantined;
	why->pfn = s.first;
	why->tries = tries;
}

void gup_log_holder(const struct gup_holder *h)
{
	char line[256];
	struct gup_text t = { line, sizeof(line), 0 };

	gup_text_str(&t, "left: ");
	gup_text_str(&t, h->owner[0] ? h->owner : "(no name)");
	gup_text_str(&t, h->cma ? " has a CMA allocation of " : h->pin ? " pins " : " holds ");
	gup_text_num(&t, h->pages);
	gup_text_str(&t, h->pages == 1 ? " frame from pfn " : " frames from pfn ");
	gup_text_num(&t, h->pfn);
	if (h->count > 1) {
		gup_text_str(&t, ", ");
		gup_text_num(&t, h->count);
		gup_text_str(&t, " times");
	}
	if (h->quarantined)
		gup_text_str(&t, GUP_TEXT_QUARANTINED);
	if (h->site) {
		gup_text_str(&t, ", taken at ");
		gup_text_site(&t, h->site);
	}
	gup_port_log(line);
}
