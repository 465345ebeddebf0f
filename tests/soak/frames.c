/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/frames.c - what happens to frames whoever uses them: migration, split, CMA, offline.
 */
#include "soak.h"

#define AREA_MIN (64 << 10)
#define AREA_STEP 16 /* every 16th page is stamped */

int act_migrate(struct worker *w)
{
	struct span *span = &w->spans[dice(w, NR_SPANS)];
	unsigned int page = dice(w, span->pages);

	CHECK(gup_migrate_range(span->mm, span_at(span, page), PAGE, NULL) >= 0);
	return span_check(w, span, page);
}

int act_split(struct worker *w)
{
	struct span *span = &w->spans[SPAN_BIG];
	unsigned int at = dice(w, span->pages);
	struct gup_page *page;
	int ret;

	if (gup_get_user_pages_fast_only(span->mm, span_at(span, at), 1, 0, &page) != 1)
		return 0;
	ret = gup_split_folio(w->soak->m, page, NULL);
	CHECK(gup_put_page(w->soak->m, page) == 0);
	CHECK(ret == 0 || ret == -GUP_EINVAL || refused(w, ret)); /* -EINVAL: the zero page */
	count(w, COUNT_SPLITS, !ret);
	return span_check(w, span, at);
}

static int area_take(struct worker *w)
{
	uint64_t bytes = AREA_MIN << dice(w, 5), at;
	int ret = gup_cma_alloc(w->soak->m, CAMERA, bytes, 0, SHORT_NS, &w->area, NULL);

	if (refused(w, ret))
		return 0;
	CHECK(ret == 0);
	w->area_bytes = bytes;
	for (at = 0; at < bytes / PAGE; at += AREA_STEP)
		stamp_make(gup_page_address(w->soak->m, w->area + at), w->nr + 1, at, bytes);
	count(w, COUNT_CMA, 1);
	return 0;
}

int area_release(struct worker *w)
{
	uint64_t bytes = w->area_bytes, at;

	w->area_bytes = 0;
	for (at = 0; at < bytes / PAGE; at += AREA_STEP)
		CHECK(stamp_is(gup_page_address(w->soak->m, w->area + at), w->nr + 1, at, bytes));
	CHECK(gup_cma_free(w->soak->m, w->area, bytes) == 0);
	return 0;
}

int act_cma(struct worker *w)
{
	return w->area_bytes ? area_release(w) : area_take(w);
}

static bool movable_zone(struct gup_machine *m, struct gup_zone_info *zone)
{
	unsigned int i;

	for (i = 0; gup_zone_info(m, i, zone) == 0; i++)
		if (zone->kind == GUP_ZONE_MOVABLE)
			return true;
	return false;
}

static int toggle_block(struct worker *w)
{
	struct soak *soak = w->soak;
	struct gup_zone_info zone;
	uint64_t pfn;
	int ret;

	if (soak->offline_pfn) {
		CHECK(gup_online_range(soak->m, soak->offline_pfn, GUP_HUGE_PAGES) == 0);
		soak->offline_pfn = 0;
		return 0;
	}
	CHECK(movable_zone(soak->m, &zone));
	pfn = zone.first_pfn + dice(w, zone.nr_frames / GUP_HUGE_PAGES) * GUP_HUGE_PAGES;
	ret = gup_offline_range(soak->m, pfn, GUP_HUGE_PAGES, SHORT_NS, NULL);
	if (refused(w, ret))
		return 0;
	CHECK(ret == 0);
	soak->offline_pfn = pfn;
	count(w, COUNT_OFFLINE, 1);
	return 0;
}

int act_offline(struct worker *w)
{
	int err;

	if (pthread_mutex_trylock(&w->soak->offline_lock))
		return 0;
	err = toggle_block(w);
	pthread_mutex_unlock(&w->soak->offline_lock);
	return err;
}
