/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/do_remap.c - mappings that change their size or place, and advice about children, holes and faulting in.
 *
 * The model knows pages, not mappings: whether a range is one mapping only the library can say. Where an error leaves a
 * part of the work done, the application ends.
 */
#include "program.h"

/* ---- mremap ---- */

struct remap {
	struct app *app;
	struct span old;
	uint32_t nr, to; /* pages there will be, and from which page of the window on with MREMAP_FIXED */
	unsigned int flags;
};

/* The place @by pages behind @place in the same mapping, with contents of its own still to come. */
static struct place further(const struct place *place, uint32_t by)
{
	struct place next = *place;

	next.index += by;
	next.cell = 0;
	return next;
}

static bool is_uniform(const struct app *app, struct span span)
{
	const struct place *first = &app->places[span.first];

	for (uint32_t i = 1; i < span.nr; i++) {
		const struct place *place = &first[i];

		if (place->backing != first->backing || place->prot != first->prot || place->object != first->object ||
		    (place->backing > ANONYMOUS && place->index != first->index + i))
			return false;
	}
	return true;
}

static bool any_mapped(const struct app *app, uint32_t first, uint32_t nr)
{
	for (uint32_t i = first; i < first + nr && i < WINDOW_PAGES; i++)
		if (app->places[i].backing)
			return true;
	return false;
}

static bool overlaps(const struct remap *r)
{
	return r->to < r->old.first + r->old.nr && r->old.first < r->to + r->nr;
}

/* An error with FIXED can leave behind what made place, a tail that is gone, or some mappings of several moved. */
static bool half_done(const struct remap *r)
{
	return r->flags & GUP_MREMAP_FIXED && !overlaps(r) &&
	       (any_mapped(r->app, r->to, r->nr) || r->nr < r->old.nr || !is_uniform(r->app, r->old));
}

/* Linux 5.2 cuts a tail off without a look at what begins there. */
static bool only_cuts(const struct program *p, const struct remap *r)
{
	return p->config.contract == GUP_LINUX_5_2 && !(r->flags & GUP_MREMAP_FIXED) && r->nr <= r->old.nr;
}

static void failed(struct program *p, struct remap *r, int64_t ret)
{
	static const int errors[] = { -GUP_EINVAL, -GUP_EFAULT, -GUP_ENOMEM, 0 };

	PROMISE(is_one_of(ret, errors), "mremap returned %lld", (long long)ret);
	if (half_done(r))
		exit_app(p, r->app);
}

/* What lies where a hole would go stays: of several mappings each makes its own way. */
static void move_places(struct remap *r, uint32_t to)
{
	static struct place moved[WINDOW_PAGES];
	struct place *places = r->app->places;
	uint32_t kept = r->old.nr < r->nr ? r->old.nr : r->nr;

	memcpy(moved, &places[r->old.first], kept * sizeof(*moved));
	for (uint32_t i = kept; i < r->nr; i++)
		moved[i] = further(&places[r->old.first], i);
	memset(&places[r->old.first], 0, r->old.nr * sizeof(*places));
	for (uint32_t i = 0; i < r->nr; i++)
		if (moved[i].backing)
			places[to + i] = moved[i];
}

static void changed(struct program *p, struct remap *r, uint64_t at)
{
	uint64_t bytes = r->nr * GUP_PAGE_SIZE;
	bool in_window = at >= WINDOW && at + bytes <= address_of(WINDOW_PAGES);
	uint32_t to = in_window ? (uint32_t)((at - WINDOW) / GUP_PAGE_SIZE) : 0;

	PROMISE(!(r->flags & GUP_MREMAP_FIXED) || at == address_of(r->to), "a mapping went to %#llx",
		(unsigned long long)at);
	PROMISE(r->flags & GUP_MREMAP_MAYMOVE || at == address_of(r->old.first), "a mapping moved");
	if (in_window) {
		move_places(r, to);
		return;
	}
	memset(&r->app->places[r->old.first], 0, r->old.nr * sizeof(struct place));
	PROMISE(gup_munmap(r->app->mm, at, bytes) == 0 || memory_is_short(p), "munmap of a whole mapping");
}

/* With an old length of 0 the mapping stays, and another one of the same object begins. */
static void doubled(struct program *p, struct remap *r, uint64_t at)
{
	const struct place *first = &r->app->places[r->old.first];

	PROMISE(first->backing == SHARED, "private pages were mapped a second time");
	r->old.nr = 0;
	if (at < WINDOW || at + r->nr * GUP_PAGE_SIZE > address_of(WINDOW_PAGES)) {
		changed(p, r, at);
		return;
	}
	for (uint32_t i = 0, to = (uint32_t)((at - WINDOW) / GUP_PAGE_SIZE); i < r->nr; i++)
		r->app->places[to + i] = further(first, i);
}

static struct remap take_remap(struct program *p)
{
	struct remap r = { .app = take_app(p), .old = take_span(p) };
	uint8_t how = take_byte(p);
	uint32_t most = WINDOW_PAGES - r.old.first;

	r.nr = how & 1 ? 1 + take_below(p, 16) : r.old.nr;
	r.flags = how & 2 ? GUP_MREMAP_MAYMOVE : 0;
	if (how & 4) {
		r.to = take_span(p).first;
		r.flags = GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED;
		most = WINDOW_PAGES - r.to < most ? WINDOW_PAGES - r.to : most;
	}
	r.nr = r.nr < most ? r.nr : most;
	if (how & 8)
		r.old.nr = 0;
	return r;
}

void do_mremap(struct program *p)
{
	struct remap r = take_remap(p);
	bool hole;
	int64_t at;

	if (!r.app)
		return;
	hole = !r.app->places[r.old.first].backing;
	at = gup_mremap(r.app->mm, address_of(r.old.first), r.old.nr * GUP_PAGE_SIZE, r.nr * GUP_PAGE_SIZE, r.flags,
			address_of(r.to));
	PROMISE(at < 0 || !hole || only_cuts(p, &r), "what is not mapped was moved");
	if (at < 0)
		failed(p, &r, at);
	else if (!r.old.nr)
		doubled(p, &r, (uint64_t)at);
	else
		changed(p, &r, (uint64_t)at);
}

/* ---- advice about children ---- */

static bool is_pfnmap(struct program *p, const struct place *place)
{
	return place->backing > ANONYMOUS && object_of(p, place)->kind == PFNMAP;
}

static bool is_refused(struct program *p, const struct place *place, unsigned int advice)
{
	return (advice == GUP_MADV_WIPEONFORK && place->backing > ANONYMOUS) ||
	       (advice == GUP_MADV_DOFORK && is_pfnmap(p, place));
}

static void advise_place(struct place *place, unsigned int advice)
{
	if (advice == GUP_MADV_DONTFORK || advice == GUP_MADV_DOFORK)
		place->not_for_children = advice == GUP_MADV_DONTFORK;
	else
		place->wiped_for_children = advice == GUP_MADV_WIPEONFORK;
}

static void advise_children(struct program *p, struct app *app, struct span span, unsigned int advice)
{
	int err = gup_madvise(app->mm, address_of(span.first), span.nr * GUP_PAGE_SIZE, advice), expected = 0;
	uint32_t i;

	if (err == -GUP_ENOMEM && memory_is_short(p)) {
		exit_app(p, app);
		return;
	}
	for (i = 0; i < span.nr && expected != -GUP_EINVAL; i++) {
		struct place *place = &app->places[span.first + i];

		if (!place->backing)
			expected = -GUP_ENOMEM;
		else if (is_refused(p, place, advice))
			expected = -GUP_EINVAL;
		else
			advise_place(place, advice);
	}
	PROMISE(err == expected, "advice %u returned %d instead of %d", advice, err, expected);
}

/* ---- a hole through a mapping, and faulting in ---- */

static void remove_pages(struct program *p, struct app *app, struct span span)
{
	const struct place first = app->places[span.first];
	struct object *object = object_of(p, &first);
	uint32_t last = first.index + span.nr - 1;
	int err;

	if (first.backing == SHARED && !is_uniform(app, span))
		return;
	if (first.backing == SHARED)
		settle_private(p, object, first.index, last);
	err = gup_madvise(app->mm, address_of(span.first), span.nr * GUP_PAGE_SIZE, GUP_MADV_REMOVE);
	PROMISE(err || first.backing == SHARED, "a hole in what nobody shares");
	PROMISE(!err || first.backing != SHARED || !(first.prot & GUP_PROT_WRITE) || first.prot_unsure ||
			object->kind > HUGE_SHM,
		"REMOVE returned %d", err);
	if (!err)
		cut_object_cells(p, object, first.index, last, false);
}

static void fault_in(struct program *p, struct app *app, struct span span, unsigned int advice)
{
	static const int errors[] = { -GUP_ENOMEM, -GUP_EFAULT, -GUP_EINVAL, 0 };
	int err = gup_madvise(app->mm, address_of(span.first), span.nr * GUP_PAGE_SIZE, advice);

	(void)p;
	PROMISE(is_one_of(err, errors), "advice %u returned %d", advice, err);
	for (uint32_t i = 0; !err && i < span.nr; i++)
		PROMISE(app->places[span.first + i].backing && gup_user_pfn(app->mm, address_of(span.first + i)),
			"advice %u left out page %u", advice, span.first + i);
}

void do_advise(struct program *p)
{
	static const unsigned int advices[] = { GUP_MADV_DONTFORK,	GUP_MADV_DOFORK,	GUP_MADV_WIPEONFORK,
						GUP_MADV_KEEPONFORK,	GUP_MADV_REMOVE,	GUP_MADV_REMOVE,
						GUP_MADV_POPULATE_READ, GUP_MADV_POPULATE_WRITE };
	struct app *app = take_app(p);
	struct span span = take_span(p);
	unsigned int advice = advices[take_below(p, ARRAY_LEN(advices))];

	if (!app)
		return;
	if (advice == GUP_MADV_REMOVE)
		remove_pages(p, app, span);
	else if (advice == GUP_MADV_POPULATE_READ || advice == GUP_MADV_POPULATE_WRITE)
		fault_in(p, app, span, advice);
	else
		advise_children(p, app, span, advice);
}
