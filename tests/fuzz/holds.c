/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/holds.c - what is got and pinned: how many references that makes, and what the device must see there.
 *
 * A pin of a page belongs to the contents that the application had there, and stays with them whatever happens to the
 * mapping. A get promises nothing about later contents, and linux-5.2 has no pins.
 */
#include "program.h"

struct hold *hold_slot(struct program *p)
{
	for (size_t i = 0; i < NR_HOLDS; i++)
		if (!p->holds[i].used)
			return &p->holds[i];
	return NULL;
}

struct hold *take_hold(struct program *p)
{
	uint32_t first = take_below(p, NR_HOLDS);

	for (uint32_t i = 0; i < NR_HOLDS; i++)
		if (p->holds[(first + i) % NR_HOLDS].used)
			return &p->holds[(first + i) % NR_HOLDS];
	return NULL;
}

struct gup_frame_info frame_of(struct program *p, const struct gup_page *page)
{
	struct gup_frame_info info = { 0 };

	PROMISE(gup_frame_info(p->m, gup_page_to_pfn(p->m, page), &info) == 0, "a page is no frame");
	return info;
}

static uint32_t cell_of(struct program *p, struct app *app, uint32_t page, enum gup_frame_kind kind)
{
	struct place *place = &app->places[page];

	if (kind == GUP_FRAME_ZERO)
		return 0;
	if (kind == GUP_FRAME_ANON)
		return cell_to_write(p, app, page);
	return object_cell(p, object_of(p, place), place->index);
}

static void check_page(struct program *p, const struct hold *hold, const struct gup_frame_info *info,
		       unsigned int flags)
{
	bool rules = p->config.contract != GUP_LINUX_5_2;
	bool own_cma = info->kind == GUP_FRAME_CMA && p->config.contract == GUP_NATIVE;

	PROMISE(!rules || !(flags & GUP_LONGTERM) || info->longterm_ok || own_cma,
		"a long-term pin rests in zone %s, kind %d", info->zone_name, info->kind);
	PROMISE(!hold->pins || info->kind != GUP_FRAME_ANON || info->exclusive,
		"a pinned private page is not exclusive");
	PROMISE(!(flags & GUP_WRITE) || info->kind != GUP_FRAME_ZERO, "the zero page was given for writing");
}

void hold_begin(struct program *p, struct hold *hold, struct app *app, uint32_t first, unsigned int flags)
{
	hold->used = true;
	hold->counted = 0;
	hold->device_writes = flags & GUP_WRITE;
	hold->cells = calloc(hold->nr, sizeof(*hold->cells));
	for (uint32_t i = 0; i < hold->nr; i++) {
		struct gup_frame_info info = frame_of(p, hold->pages[i]);

		PROMISE(gup_user_pfn(app->mm, address_of(first + i)) == gup_page_to_pfn(p->m, hold->pages[i]),
			"the page of address %#llx is not what is mapped there",
			(unsigned long long)address_of(first + i));
		check_page(p, hold, &info, flags);
		hold->counted += info.kind != GUP_FRAME_ZERO;
		hold->cells[i] = hold->pins ? cell_of(p, app, first + i, info.kind) : 0;
	}
}

static void hold_end(struct hold *hold)
{
	free(hold->pages);
	free(hold->cells);
	memset(hold, 0, sizeof(*hold));
}

static bool are_neighbours(const struct hold *hold)
{
	for (uint32_t i = 1; i < hold->nr; i++)
		if (hold->pages[i] != hold->pages[0] + i)
			return false;
	return true;
}

static int release_each(struct program *p, struct hold *hold)
{
	int err = 0;

	for (uint32_t i = 0; i < hold->nr; i++)
		err |= hold->pins ? gup_unpin_user_page(p->m, hold->pages[i]) : gup_put_page(p->m, hold->pages[i]);
	return err;
}

static int release_array(struct program *p, struct hold *hold, uint32_t how, bool dirty)
{
	if (how % 4 == 0)
		return release_each(p, hold);
	if (!hold->pins)
		return gup_put_pages(p->m, hold->pages, hold->nr);
	if (how % 4 == 1)
		return gup_unpin_user_pages(p->m, hold->pages, hold->nr);
	if (how % 4 == 2 && are_neighbours(hold))
		return gup_unpin_user_page_range_dirty_lock(p->m, hold->pages[0], hold->nr, dirty);
	return gup_unpin_user_pages_dirty_lock(p->m, hold->pages, hold->nr, dirty);
}

static void uncharge(struct hold *hold)
{
	if (hold->app)
		hold->app->pinned -= hold->nr;
	if (hold->owner)
		hold->owner->pinned -= hold->nr;
}

void release(struct program *p, struct hold *hold, uint32_t how, bool dirty)
{
	int err = hold->pin ? gup_unpin(hold->pin, dirty) : release_array(p, hold, how, dirty);

	PROMISE(err == 0, "what was taken cannot be released: %d", err);
	if (hold->pin)
		uncharge(hold);
	hold_end(hold);
}

void count_holds(struct program *p, uint64_t *pins, uint64_t *gets)
{
	*pins = *gets = 0;
	for (size_t i = 0; i < NR_HOLDS; i++)
		*(p->holds[i].pins ? pins : gets) += p->holds[i].counted;
}

void check_hold(struct program *p, const struct hold *hold, uint32_t most)
{
	uint64_t value;

	for (uint32_t i = 0; hold->used && i < hold->nr && i < most; i++) {
		if (!hold->cells[i])
			continue;
		memcpy(&value, gup_page_address(p->m, hold->pages[i]), sizeof(value));
		PROMISE(value == p->cells[hold->cells[i]], "the device sees %#llx where %#llx was written",
			(unsigned long long)value, (unsigned long long)p->cells[hold->cells[i]]);
	}
}

bool folio_has_get(struct program *p, uint64_t head_pfn)
{
	for (size_t i = 0; i < NR_HOLDS; i++)
		for (uint32_t k = 0; p->holds[i].used && !p->holds[i].pins && k < p->holds[i].nr; k++)
			if (frame_of(p, p->holds[i].pages[k]).head_pfn == head_pfn)
				return true;
	return false;
}
