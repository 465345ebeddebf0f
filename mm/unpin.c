/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/unpin.c - letting go of pages, run by run, and refusing what was never taken.
 *
 * Pages of an array that follow each other in one folio are released by one atomic operation. A page that holds no
 * such reference is skipped, counted and logged; its count stays what it was. The zero page is never counted.
 */
#include "internal.h"

/*
 * What was taken is there, unless somebody released behind the holder's back what was not his. That mistake is counted
 * here and goes no further.
 */
u32 gup_release_run(struct gup_machine *m, struct gup_page *page, u32 nr, bool pin)
{
	struct gup_page *head = gup_head(m, page);
	u32 missing = 0, i;

	if (gup_pfn(m, page) == m->zero_pfn)
		return 0;
	if (pin && !gup_folio_unpin(m, head, nr))
		return 0;
	for (i = 0; i < nr; i++)
		if (pin ? gup_folio_unpin(m, head, 1) : gup_folio_put_get(m, head))
			missing++;
	if (missing)
		GUP_COUNT(m, bad_unpins, 1);
	return missing;
}

static bool is_frame(const struct gup_machine *m, const struct gup_page *page)
{
	uintptr_t offset = (uintptr_t)page - (uintptr_t)(m->frames + GUP_HUGE_PAGES);

	return offset < (m->nr_pfns - GUP_HUGE_PAGES) * sizeof(*page) && !(offset % sizeof(*page));
}

/* A frame of the machine that can be held, or could be when it was taken. */
static bool can_be_held(struct gup_machine *m, const struct gup_page *page)
{
	if (!is_frame(m, page))
		return false;
	return gup_pfn(m, page) == m->zero_pfn || gup_kind_is_user(gup_kind(gup_head(m, page)));
}

static void log_misuse(struct gup_machine *m, struct gup_page *page, bool pin, const void *site, const void *taken)
{
	char line[256];
	struct gup_text t = { line, sizeof(line), 0 };

	gup_text_str(&t, pin ? "unpin of pfn " : "put of pfn ");
	gup_text_num(&t, gup_pfn(m, page));
	gup_text_str(&t, pin ? ", which is not pinned; called from " : ", which no get holds; called from ");
	gup_text_site(&t, site);
	if (taken) {
		gup_text_str(&t, pin ? "; a get was taken at " : "; a pin was taken at ");
		gup_text_site(&t, taken);
	}
	gup_port_log(line);
}

/* A release that nobody is entitled to: both call sites, if holders are tracked. */
static int misuse(struct gup_machine *m, struct gup_page *page, bool pin, const void *site)
{
	const void *taken = gup_track_site(m, page);

	GUP_COUNT(m, bad_unpins, 1);
	if (m->watch)
		gup_watch_refused(m, page, pin, site, taken);
	else
		log_misuse(m, page, pin, site, taken);
	return -GUP_EINVAL;
}

/* Of what is no page that could be held. */
static int not_a_page(struct gup_machine *m, struct gup_page *page, bool pin, const void *site)
{
	gup_watch_refused(m, page, pin, site, NULL);
	return -GUP_EINVAL;
}

static int put_one(struct gup_machine *m, struct gup_page *page, const void *site)
{
	if (gup_folio_put_get(m, gup_head(m, page)))
		return misuse(m, page, false, site);
	if (m->track_holders)
		gup_track_del(m, page, false, site);
	return 0;
}

static int unpin_run(struct gup_machine *m, struct gup_page *page, u32 nr, bool dirty, const void *site)
{
	struct gup_page *head = gup_head(m, page);
	u32 i;

	if (gup_count_pins(gup_port_load(&head->count)) < nr)
		return misuse(m, page, true, site);
	if (dirty)
		gup_flag_set(head, GUP_PF_DIRTY);
	if (gup_folio_unpin(m, head, nr))
		return misuse(m, page, true, site);
	for (i = 0; m->track_holders && i < nr; i++)
		gup_track_del(m, page + i, true, site);
	return 0;
}

/* What one call releases: an array of pages, or neighbours from @page on. */
struct release {
	struct gup_page **pages;
	struct gup_page *page;
	u64 nr;
	bool pin, dirty;
	const void *site;
};

static struct gup_page *page_at(const struct release *r, u64 i)
{
	return r->pages ? r->pages[i] : r->page + i;
}

/* Pages from the @i-th on that can go at once. */
static u32 run_length(struct gup_machine *m, const struct release *r, u64 i)
{
	struct gup_page *page = page_at(r, i);
	u64 most = gup_min(r->nr - i, gup_frames_left(m, page)), run;

	if (!r->pin)
		return 1;
	for (run = 1; run < most && page_at(r, i + run) == page + run; run++)
		;
	return (u32)run;
}

void gup_release_pages(struct gup_machine *m, struct gup_page **pages, u64 nr, bool pin)
{
	struct release r = { .pages = pages, .nr = nr, .pin = pin };
	u64 i;
	u32 run;

	for (i = 0; i < nr; i += run) {
		run = run_length(m, &r, i);
		gup_release_run(m, pages[i], run, pin);
	}
}

/* One run: if it cannot go as a whole, page by page, so that only what was never taken is refused. */
static int release_run(struct gup_machine *m, const struct release *r, u64 i, u32 nr)
{
	struct gup_page *page = page_at(r, i), *head = gup_head(m, page);
	int err = 0;
	u32 k;

	if (!r->pin)
		return put_one(m, page, r->site);
	if (nr == 1 || gup_count_pins(gup_port_load(&head->count)) >= nr)
		return unpin_run(m, page, nr, r->dirty, r->site);
	for (k = 0; k < nr; k++)
		if (unpin_run(m, page + k, 1, r->dirty, r->site))
			err = -GUP_EINVAL;
	return err;
}

/* A frame that can be held and is a folio of its own. */
static bool is_single(const struct gup_page *page)
{
	u32 flags = gup_flags(page);

	return !(flags & (GUP_PF_ORDER | GUP_PF_TAIL)) && gup_kind_is_user(flags & GUP_PF_KIND);
}

/* Unpin pages from the first on that are folios of one frame each, as long as nothing else has to be looked at. How many. */
static inline u64 unpin_singles(struct gup_machine *m, struct gup_page **pages, u64 nr, bool dirty)
{
	u64 i;

	for (i = 0; i < nr; i++) {
		struct gup_page *page = pages[i];

		if (!is_frame(m, page))
			break;
		GUP_PREFETCH_WRITE(page);
		if (!is_single(page) || !gup_count_pins(gup_port_load(&page->count)))
			break;
		if (dirty)
			gup_flag_set(page, GUP_PF_DIRTY);
		if (gup_folio_unpin(m, page, 1))
			break;
	}
	return i;
}

/* Release what is at @i. How many pages that was. */
static u32 release_some(struct gup_machine *m, const struct release *r, u64 i, int *err)
{
	struct gup_page *page = page_at(r, i);
	u32 nr;

	if (!page || !can_be_held(m, page)) {
		GUP_COUNT(m, bad_unpins, 1);
		*err = not_a_page(m, page, r->pin, r->site);
		return 1;
	}
	if (gup_pfn(m, page) == m->zero_pfn)
		return 1;
	nr = run_length(m, r, i);
	if (release_run(m, r, i, nr))
		*err = -GUP_EINVAL;
	return nr;
}

static int release(struct gup_machine *m, const struct release *r)
{
	bool singles;
	int err = 0;
	u64 i = 0;

	if (!m)
		return -GUP_EINVAL;
	if (!r->pages && !r->page && r->nr)
		return not_a_page(m, NULL, r->pin, r->site);
	singles = r->pages && r->pin && !m->track_holders;
	while (i < r->nr) {
		i += release_some(m, r, i, &err);
		if (singles)
			i += unpin_singles(m, r->pages + i, r->nr - i, r->dirty);
	}
	return err;
}

/* Most arrays are of such folios to their end. */
static int unpin(struct gup_machine *m, struct gup_page **pages, u64 nr, bool dirty, const void *site)
{
	u64 done = m && pages && !m->track_holders ? unpin_singles(m, pages, nr, dirty) : 0;

	if (m && done == nr)
		return 0;
	return release(m, &(struct release){ .pages = done ? pages + done : pages,
					     .nr = nr - done,
					     .pin = true,
					     .dirty = dirty,
					     .site = site });
}

/* Neighbours from @page on, as far as the machine has frames; more is a mistake of the caller. */
static int release_range(struct gup_machine *m, struct release r)
{
	u64 most;
	int err;

	if (!m)
		return -GUP_EINVAL;
	if (!r.page || !can_be_held(m, r.page))
		return r.nr ? not_a_page(m, r.page, r.pin, r.site) : 0;
	most = m->nr_pfns - gup_pfn(m, r.page);
	if (r.nr <= most)
		return release(m, &r);
	r.nr = most;
	err = release(m, &r);
	return err ? err : -GUP_EINVAL;
}

#define HERE __builtin_return_address(0)

int gup_unpin_user_page(struct gup_machine *m, struct gup_page *page)
{
	return release(m, &(struct release){ .page = page, .nr = 1, .pin = true, .site = HERE });
}

int gup_unpin_user_pages(struct gup_machine *m, struct gup_page **pages, unsigned long nr)
{
	return unpin(m, pages, nr, false, HERE);
}

int gup_unpin_folios(struct gup_machine *m, struct gup_page **folios, unsigned long nr)
{
	return unpin(m, folios, nr, false, HERE);
}

int gup_unpin_user_pages_dirty_lock(struct gup_machine *m, struct gup_page **pages, unsigned long nr, bool dirty)
{
	return unpin(m, pages, nr, dirty, HERE);
}

int gup_unpin_user_page_range_dirty_lock(struct gup_machine *m, struct gup_page *page, unsigned long nr, bool dirty)
{
	return release_range(m, (struct release){ .page = page, .nr = nr, .pin = true, .dirty = dirty, .site = HERE });
}

int gup_put_page(struct gup_machine *m, struct gup_page *page)
{
	return release(m, &(struct release){ .page = page, .nr = 1, .site = HERE });
}

int gup_put_pages(struct gup_machine *m, struct gup_page **pages, unsigned long nr)
{
	return release(m, &(struct release){ .pages = pages, .nr = nr, .site = HERE });
}

int gup_set_page_dirty(struct gup_machine *m, struct gup_page *page)
{
	if (!m || !page || !can_be_held(m, page))
		return -GUP_EINVAL;
	gup_flag_set(gup_head(m, page), GUP_PF_DIRTY);
	return 0;
}
