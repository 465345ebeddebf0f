/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/do_app.c - what applications do: load, store, fork, exit.
 */
#include "program.h"

#define MOST_PAGES 4u

/* Whole pages but the last one, of which only the cell's bytes are accessed. */
struct access {
	struct app *app;
	uint32_t first, nr;
	uint8_t bytes[MOST_PAGES * GUP_PAGE_SIZE];
};

static bool take_access(struct program *p, struct access *a)
{
	struct span span = take_span(p);

	a->app = take_app(p);
	a->first = span.first;
	a->nr = span.nr < MOST_PAGES ? span.nr : MOST_PAGES;
	memset(a->bytes, 0, sizeof(a->bytes));
	return a->app;
}

static uint64_t access_bytes(const struct access *a)
{
	return (a->nr - 1) * GUP_PAGE_SIZE + sizeof(uint64_t);
}

/* Pages whose cell was reached when @left bytes were not. */
static uint32_t pages_done(const struct access *a, uint64_t left)
{
	return (uint32_t)((access_bytes(a) - left + GUP_PAGE_SIZE - sizeof(uint64_t)) / GUP_PAGE_SIZE);
}

static bool may_be_full(const struct object *object)
{
	return object->kind == FSDAX;
}

/* What a CPU would say to an access; true also where the model does not know. */
static void check_access(struct program *p, const struct access *a, uint32_t i, bool done, uint8_t need)
{
	const struct place *place = &a->app->places[a->first + i];
	const struct object *object = place->backing > ANONYMOUS ? object_of(p, place) : NULL;
	bool allowed = place->backing && place->prot & need;

	if (object && (object->kind == PFNMAP || place->index >= object->pages))
		allowed = false;
	if (place->prot_unsure)
		return;
	PROMISE(!done || allowed, "page %u was accessed and must not be", a->first + i);
	PROMISE(done || !allowed || memory_is_short(p) || (object && may_be_full(object)),
		"page %u could not be accessed", a->first + i);
}

static void check_accesses(struct program *p, const struct access *a, uint32_t done, uint8_t need)
{
	for (uint32_t i = 0; i < done; i++)
		check_access(p, a, i, true, need);
	if (done < a->nr)
		check_access(p, a, done, false, need);
}

static void wrote(struct program *p, const struct access *a, uint32_t i)
{
	memcpy(&p->cells[cell_to_write(p, a->app, a->first + i)], a->bytes + i * GUP_PAGE_SIZE, sizeof(uint64_t));
}

/* Private copies of what a store changes through a shared mapping, before it does. */
static void settle(struct program *p, const struct access *a)
{
	for (uint32_t i = 0; i < a->nr; i++) {
		const struct place *place = &a->app->places[a->first + i];

		if (place->backing == SHARED && place->index < object_of(p, place)->pages)
			settle_private(p, object_of(p, place), place->index, place->index);
	}
}

void do_store(struct program *p)
{
	static struct access a;
	uint64_t value;
	uint32_t done;

	if (!take_access(p, &a))
		return;
	for (uint32_t i = 0; i < a.nr; i++) {
		value = value_new(p);
		memcpy(a.bytes + i * GUP_PAGE_SIZE, &value, sizeof(value));
	}
	settle(p, &a);
	done = pages_done(&a, gup_copy_to_user(a.app->mm, address_of(a.first), a.bytes, access_bytes(&a)));
	check_accesses(p, &a, done, GUP_PROT_WRITE);
	for (uint32_t i = 0; i < done; i++)
		wrote(p, &a, i);
}

void do_load(struct program *p)
{
	static struct access a;
	uint64_t value;
	uint32_t done;

	if (!take_access(p, &a))
		return;
	done = pages_done(&a, gup_copy_from_user(a.app->mm, a.bytes, address_of(a.first), access_bytes(&a)));
	check_accesses(p, &a, done, GUP_PROT_READ | GUP_PROT_WRITE | GUP_PROT_EXEC);
	for (uint32_t i = 0; i < done; i++) {
		memcpy(&value, a.bytes + i * GUP_PAGE_SIZE, sizeof(value));
		PROMISE(value == p->cells[cell_shown(p, &a.app->places[a.first + i])],
			"page %u reads %#llx instead of %#llx", a.first + i, (unsigned long long)value,
			(unsigned long long)p->cells[cell_shown(p, &a.app->places[a.first + i])]);
	}
}

void do_fixup(struct program *p)
{
	static const int errors[] = { -GUP_EFAULT, -GUP_ENOMEM, 0 };
	struct app *app = take_app(p);
	struct span span = take_span(p);
	bool unlocked = false;
	uint8_t how = take_byte(p);
	int err;

	if (!app)
		return;
	gup_mmap_read_lock(app->mm);
	err = gup_fixup_user_fault(app->mm, address_of(span.first) + 9, how & 1 ? GUP_WRITE : 0,
				   how & 2 ? &unlocked : NULL);
	gup_mmap_read_unlock(app->mm);
	PROMISE(is_one_of(err, errors), "fixup returned %d", err);
	PROMISE(err || gup_user_pfn(app->mm, address_of(span.first)), "fixup left page %u out", span.first);
}

/* ---- coming and going ---- */

static struct app *app_slot(struct program *p)
{
	for (size_t i = 0; i < NR_MMS; i++)
		if (!p->apps[i].mm)
			return &p->apps[i];
	return NULL;
}

void do_create(struct program *p)
{
	struct app *app = app_slot(p);
	int err;

	if (!app)
		return;
	err = gup_mm_create(p->m, "another", &app->mm);
	PROMISE(!err || err == -GUP_ENOMEM, "mm_create returned %d", err);
	app->limit = UINT64_MAX;
}

static void copy_places(struct program *p, const struct app *parent, struct app *child)
{
	memcpy(child->places, parent->places, sizeof(child->places));
	for (uint32_t i = 0; i < WINDOW_PAGES; i++) {
		struct place *place = &child->places[i];

		if (place->not_for_children)
			memset(place, 0, sizeof(*place));
		else if (place->wiped_for_children)
			place->cell = 0;
		else if (place->cell)
			place->cell = cell_new(p, p->cells[place->cell]);
	}
}

void do_fork(struct program *p)
{
	struct app *parent = take_app(p), *child = app_slot(p);
	int err;

	if (!parent || !child)
		return;
	err = gup_mm_fork(parent->mm, "child", &child->mm);
	PROMISE(!err || err == -GUP_ENOMEM, "fork returned %d", err);
	child->limit = UINT64_MAX;
	if (!err)
		copy_places(p, parent, child);
}

void exit_app(struct program *p, struct app *app)
{
	if (!app->mm)
		return;
	gup_mm_destroy(app->mm);
	for (size_t i = 0; i < NR_HOLDS; i++)
		if (p->holds[i].app == app)
			p->holds[i].app = NULL;
	for (size_t i = 0; i < NR_LISTENERS; i++)
		if (p->listeners[i].app == app) {
			PROMISE(p->listeners[i].released, "nobody was told that the mm goes");
			p->listeners[i].app = NULL;
		}
	memset(app, 0, sizeof(*app));
}

void do_exit(struct program *p)
{
	struct app *app = take_app(p);

	if (app)
		exit_app(p, app);
}
