/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/do_map.c - operations on mappings: map, unmap, protect, advise, populate, and calls that must be refused.
 */
#include "program.h"

static bool any_hole(const struct app *app, struct span span)
{
	for (uint32_t i = 0; i < span.nr; i++)
		if (!app->places[span.first + i].backing)
			return true;
	return false;
}

static bool any_mapped(const struct app *app, struct span span)
{
	for (uint32_t i = 0; i < span.nr; i++)
		if (app->places[span.first + i].backing)
			return true;
	return false;
}

static void forget(struct app *app, struct span span)
{
	memset(&app->places[span.first], 0, span.nr * sizeof(struct place));
}

/* ---- map ---- */

struct wish {
	struct span span;
	struct object *object;
	struct gup_map_request request;
};

static void place_all(struct program *p, struct app *app, const struct wish *wish)
{
	bool shared = wish->request.flags & GUP_MAP_SHARED;

	for (uint32_t i = 0; i < wish->span.nr; i++) {
		struct place *place = &app->places[wish->span.first + i];

		*place = (struct place){ .prot = (uint8_t)wish->request.prot };
		place->backing = shared ? SHARED : wish->object ? PRIVATE : ANONYMOUS;
		place->object = wish->object ? (uint8_t)object_number(p, wish->object) : 0;
		place->index = (uint32_t)(wish->request.offset / GUP_PAGE_SIZE) + i;
	}
}

/* Somewhere else than the model knows: it goes at once. */
static bool is_in_window(struct program *p, struct app *app, struct wish *wish, int64_t addr)
{
	uint64_t bytes = wish->span.nr * GUP_PAGE_SIZE;

	if ((uint64_t)addr >= WINDOW && (uint64_t)addr + bytes <= address_of(WINDOW_PAGES)) {
		wish->span.first = (uint32_t)(((uint64_t)addr - WINDOW) / GUP_PAGE_SIZE);
		return true;
	}
	PROMISE(gup_munmap(app->mm, (uint64_t)addr, bytes) == 0 || memory_is_short(p), "munmap of a whole mapping");
	return false;
}

static void map(struct program *p, struct app *app, struct wish *wish)
{
	static const int errors[] = { -GUP_ENOMEM, -GUP_EEXIST, 0 };
	bool occupied = any_mapped(app, wish->span);
	int64_t addr = gup_mmap(app->mm, &wish->request);

	if (addr < 0) {
		PROMISE(is_one_of(addr, errors), "mmap returned %lld", (long long)addr);
		PROMISE(addr != -GUP_EEXIST || (occupied && wish->request.flags & GUP_MAP_FIXED_NOREPLACE),
			"EEXIST where nothing is");
		return;
	}
	PROMISE(!(wish->request.flags & (GUP_MAP_FIXED | GUP_MAP_FIXED_NOREPLACE)) ||
			(uint64_t)addr == wish->request.addr,
		"a fixed mapping is at %#llx", (unsigned long long)addr);
	if (!is_in_window(p, app, wish, addr))
		return;
	PROMISE(wish->request.flags & GUP_MAP_FIXED || !any_mapped(app, wish->span), "a mapping lies over another one");
	if (!wish->object && wish->request.flags & GUP_MAP_SHARED) {
		wish->object = object_slot(p);
		wish->object->used = true;
		wish->object->pages = wish->span.nr;
	}
	place_all(p, app, wish);
}

void do_mmap(struct program *p)
{
	static const unsigned int kinds[] = { GUP_MAP_FIXED, GUP_MAP_FIXED, 0, GUP_MAP_FIXED_NOREPLACE };
	struct app *app = take_app(p);
	uint8_t how = take_byte(p);
	struct wish wish = { .span = take_span(p) };

	wish.request.flags = kinds[how & 3] | (how & 4 ? GUP_MAP_SHARED : GUP_MAP_PRIVATE);
	wish.request.flags |= how & 8 ? GUP_MAP_POPULATE : 0;
	wish.request.prot = how & 16 ? take_byte(p) & 7 : GUP_PROT_READ | GUP_PROT_WRITE;
	wish.request.addr = address_of(wish.span.first);
	wish.request.length = wish.span.nr * GUP_PAGE_SIZE;
	if (how & 32)
		wish.object = take_object(p);
	if (wish.object) {
		wish.request.object = wish.object->handle;
		wish.request.offset = (how & 64 ? take_below(p, OBJECT_PAGES) : 0) * GUP_PAGE_SIZE;
	}
	if (app && (wish.object || !(how & 4) || object_slot(p)))
		map(p, app, &wish);
}

/* ---- unmap, protect, advise ---- */

void do_munmap(struct program *p)
{
	static const int errors[] = { -GUP_ENOMEM, 0 };
	struct app *app = take_app(p);
	struct span span = take_span(p);
	int err;

	if (!app)
		return;
	err = gup_munmap(app->mm, address_of(span.first), span.nr * GUP_PAGE_SIZE);
	PROMISE(is_one_of(err, errors), "munmap returned %d", err);
	if (!err)
		forget(app, span);
}

/* What lies before a hole is protected all the same. */
static void protect_places(struct app *app, struct span span, uint8_t prot, bool unsure)
{
	struct place *place = &app->places[span.first];

	for (uint32_t i = 0; i < span.nr && place[i].backing; i++) {
		place[i].prot_unsure = unsure;
		if (!unsure)
			place[i].prot = prot;
	}
}

void do_mprotect(struct program *p)
{
	struct app *app = take_app(p);
	struct span span = take_span(p);
	uint8_t prot = take_byte(p) & 7;
	bool hole = app && any_hole(app, span);
	int err;

	if (!app)
		return;
	err = gup_mprotect(app->mm, address_of(span.first), span.nr * GUP_PAGE_SIZE, prot);
	PROMISE(err == -GUP_ENOMEM || (!err && !hole), "mprotect returned %d", err);
	protect_places(app, span, prot, err && (!hole || memory_is_short(p)));
}

/* What is gone is what no entry maps any more; all of it if the call went well. */
static void look_what_is_dropped(struct app *app, struct span span, bool all)
{
	for (uint32_t i = 0; i < span.nr; i++) {
		uint64_t pfn = gup_user_pfn(app->mm, address_of(span.first + i));

		PROMISE(!all || !pfn, "page %u is mapped after DONTNEED", span.first + i);
		if (!pfn)
			app->places[span.first + i].cell = 0;
	}
}

static bool any_pfnmap(struct program *p, const struct app *app, struct span span)
{
	for (uint32_t i = 0; i < span.nr; i++) {
		const struct place *place = &app->places[span.first + i];

		if (place->backing > ANONYMOUS && object_of(p, place)->kind == PFNMAP)
			return true;
	}
	return false;
}

void do_madvise(struct program *p)
{
	static const unsigned int advices[] = { GUP_MADV_DONTNEED, GUP_MADV_DONTNEED, GUP_MADV_HUGEPAGE,
						GUP_MADV_NOHUGEPAGE };
	struct app *app = take_app(p);
	struct span span = take_span(p);
	unsigned int advice = advices[take_below(p, ARRAY_LEN(advices))];
	int err;

	if (!app)
		return;
	err = gup_madvise(app->mm, address_of(span.first), span.nr * GUP_PAGE_SIZE, advice);
	PROMISE(err == -GUP_ENOMEM || (!err && !any_hole(app, span)) ||
			(err == -GUP_EINVAL && advice == GUP_MADV_DONTNEED && any_pfnmap(p, app, span)),
		"madvise %u returned %d", advice, err);
	if (advice == GUP_MADV_DONTNEED)
		look_what_is_dropped(app, span, !err);
}

void do_populate(struct program *p)
{
	static const int errors[] = { -GUP_ENOMEM, -GUP_EFAULT, 0 };
	struct app *app = take_app(p);
	struct span span = take_span(p);
	int err;

	if (!app)
		return;
	err = gup_populate(app->mm, address_of(span.first), span.nr * GUP_PAGE_SIZE);
	PROMISE(is_one_of(err, errors), "populate returned %d", err);
	for (uint32_t i = 0; !err && i < span.nr; i++)
		PROMISE(app->places[span.first + i].backing && gup_user_pfn(app->mm, address_of(span.first + i)),
			"populate left out page %u", span.first + i);
}

/* ---- calls that change nothing ---- */

static int wrong_map(struct gup_mm *mm, uint8_t how)
{
	struct gup_map_request r = { .addr = WINDOW, .length = GUP_PAGE_SIZE, .prot = 1, .flags = GUP_MAP_PRIVATE };

	if (how == 0)
		r.flags |= GUP_MAP_SHARED;
	else if (how == 1)
		r.flags = 0;
	else if (how == 2)
		r.length = 0;
	else if (how == 3)
		r.prot = 8;
	else if (how == 4)
		r.flags |= 0x80;
	else if (how == 5)
		r.offset = 1;
	else
		r.flags |= GUP_MAP_FIXED, r.addr++;
	return (int)gup_mmap(mm, &r);
}

static int wrong_call(struct gup_mm *mm, uint8_t how)
{
	switch (how) {
	case 7:
		return gup_munmap(mm, WINDOW + 1, GUP_PAGE_SIZE);
	case 8:
		return gup_munmap(mm, WINDOW, 0);
	case 9:
		return gup_munmap(mm, GUP_USER_TOP - GUP_PAGE_SIZE, 2 * GUP_PAGE_SIZE);
	case 10:
		return gup_mprotect(mm, WINDOW, GUP_PAGE_SIZE, 8);
	case 11:
		return gup_mprotect(mm, WINDOW, UINT64_MAX, 1);
	case 12:
		return gup_madvise(mm, WINDOW, GUP_PAGE_SIZE, 7);
	case 13:
		return gup_populate(mm, WINDOW + 8, GUP_PAGE_SIZE);
	case 14:
		return (int)gup_migrate_range(mm, WINDOW, GUP_PAGE_SIZE + 1, NULL);
	default:
		return gup_munmap(NULL, WINDOW, GUP_PAGE_SIZE);
	}
}

void do_wrong_range(struct program *p)
{
	struct app *app = take_app(p);
	uint8_t how = take_byte(p) & 15;
	int err;

	if (!app)
		return;
	err = how < 7 ? wrong_map(app->mm, how) : wrong_call(app->mm, how);
	PROMISE(err == -GUP_EINVAL, "wrong call %u returned %d", how, err);
}
