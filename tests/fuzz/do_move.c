/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/do_move.c - operations that move folios or take frames away: migrate, split, offline, CMA; and failures.
 */
#include "program.h"

void do_migrate(struct program *p)
{
	struct app *app = take_app(p);
	struct span span = take_span(p);
	struct gup_why why;
	long moved;

	if (!app)
		return;
	moved = gup_migrate_range(app->mm, address_of(span.first), span.nr * GUP_PAGE_SIZE, &why);
	PROMISE(moved >= 0, "migrate_range returned %ld", moved);
	PROMISE(why.error == 0 || why.error == -GUP_EBUSY || why.error == -GUP_ENOMEM, "migrate_range says %d",
		why.error);
}

void do_split(struct program *p)
{
	static const int errors[] = { -GUP_EINVAL, -GUP_EBUSY, -GUP_ENOMEM, 0 };
	const struct hold *hold = take_hold(p);
	uint32_t i = take_below(p, 65536);
	struct gup_why why;
	int err;

	if (!hold || hold->pins || frame_of(p, hold->pages[i % hold->nr]).kind == GUP_FRAME_ZERO)
		return;
	i %= hold->nr;
	err = gup_split_folio(p->m, hold->pages[i], &why);
	PROMISE(is_one_of(err, errors) && why.error == err, "split_folio returned %d", err);
	PROMISE(err || frame_of(p, hold->pages[i]).order == 0, "a folio is large after it was split");
}

/* ---- offline ---- */

struct blocks {
	uint64_t first_pfn, nr, mask;
};

static bool take_blocks(struct program *p, struct blocks *b)
{
	uint8_t how = take_byte(p);
	struct gup_zone_info zone;
	unsigned int nr;

	for (nr = 0; gup_zone_info(p->m, nr, &zone) == 0; nr++) {
		if (zone.kind != GUP_ZONE_MOVABLE)
			continue;
		uint64_t blocks = zone.nr_frames / GUP_HUGE_PAGES, first = (how & 15) % blocks;

		b->nr = 1 + (how >> 4) % (blocks - first);
		b->mask = ((UINT64_C(1) << b->nr) - 1) << first;
		b->first_pfn = zone.first_pfn + first * GUP_HUGE_PAGES;
		return true;
	}
	return false;
}

void do_offline(struct program *p)
{
	struct blocks b;
	struct gup_why why;
	int err;

	if (!take_blocks(p, &b))
		return;
	err = gup_offline_range(p->m, b.first_pfn, b.nr * GUP_HUGE_PAGES, 0, &why);
	if (p->offline & b.mask)
		PROMISE(err == -GUP_EINVAL, "offline of what is offline returned %d", err);
	else
		PROMISE(!err || err == -GUP_EBUSY || err == -GUP_ENOMEM, "offline returned %d", err);
	if (!err)
		p->offline |= b.mask;
}

void do_online(struct program *p)
{
	struct blocks b;
	int err;

	if (!take_blocks(p, &b))
		return;
	err = gup_online_range(p->m, b.first_pfn, b.nr * GUP_HUGE_PAGES);
	PROMISE(err == ((p->offline & b.mask) == b.mask ? 0 : -GUP_EINVAL), "online returned %d", err);
	if (!err)
		p->offline &= ~b.mask;
}

/* ---- CMA ---- */

static struct area *take_area(struct program *p)
{
	struct area *area = &p->areas[take_below(p, NR_AREAS)];

	return area->page ? area : NULL;
}

static void check_area(struct program *p, const struct area *area)
{
	for (uint32_t i = 0; i < area->pages; i++) {
		struct gup_frame_info info = frame_of(p, area->page + i);

		PROMISE(info.kind == GUP_FRAME_CMA && info.zone == GUP_ZONE_CMA && info.refs == 1,
			"frame %u of a CMA allocation is kind %d with %u references", i, info.kind, info.refs);
		memset(gup_page_address(p->m, area->page + i), 0, sizeof(uint64_t));
	}
}

void do_cma_alloc(struct program *p)
{
	struct area *area = &p->areas[take_below(p, NR_AREAS)];
	uint8_t how = take_byte(p);
	uint32_t pages = how & 0x80 ? GUP_HUGE_PAGES << (how & 1) : 1u + (how & 31);
	uint64_t align = how & 0x40 ? GUP_PAGE_SIZE << (how & 7) : 0;
	struct gup_why why;
	int err;

	if (area->page)
		return;
	err = gup_cma_alloc(p->m, CMA_NAME, pages * GUP_PAGE_SIZE, align, 0, &area->page, &why);
	PROMISE(why.error == err, "cma_alloc returned %d and says %d", err, why.error);
	if (!p->config.cma[0].name)
		PROMISE(err == -GUP_ENOENT, "cma_alloc of no area returned %d", err);
	else
		PROMISE(!err || err == -GUP_ENOMEM || err == -GUP_EBUSY, "cma_alloc returned %d", err);
	if (err)
		return;
	area->pages = pages;
	check_area(p, area);
}

void do_cma_free(struct program *p)
{
	struct area *area = take_area(p);
	uint8_t how = take_byte(p);
	uint32_t pages;
	int err;

	if (!area)
		return;
	pages = how & 1 && area->pages > 1 ? area->pages / 2 : area->pages;
	err = gup_cma_free(p->m, area->page, pages * GUP_PAGE_SIZE);
	PROMISE(!err || (err == -GUP_EBUSY && area->has_object), "cma_free returned %d", err);
	if (err)
		return;
	area->page += pages;
	area->pages -= pages;
	if (!area->pages)
		memset(area, 0, sizeof(*area));
}

/* What the frames hold becomes the object's contents. */
static void read_cells(struct program *p, const struct area *area, struct object *object)
{
	for (uint32_t i = 0; i < object->pages; i++) {
		uint64_t value;

		memcpy(&value, gup_page_address(p->m, area->page + i), sizeof(value));
		object->cells[i] = cell_new(p, value);
	}
}

void do_cma_object(struct program *p)
{
	struct area *area = take_area(p);
	struct object *object = object_slot(p);
	uint32_t pages = area ? 1 + take_below(p, area->pages) : 0;
	int err;

	if (!area || !object)
		return;
	err = gup_cma_object(p->m, area->page, pages * GUP_PAGE_SIZE, &object->handle);
	PROMISE(!err || err == -GUP_ENOMEM || (err == -GUP_EBUSY && area->has_object), "cma_object returned %d", err);
	if (err) {
		object->handle = NULL;
		return;
	}
	area->has_object = true;
	object->used = true;
	object->kind = CMA;
	object->pages = pages;
	read_cells(p, area, object);
}

/* One allocation of the next step fails. */
void do_fail(struct program *p)
{
	gup_test_fail_alloc(p->m, 1 + take_below(p, 12));
	p->failing = true;
}
