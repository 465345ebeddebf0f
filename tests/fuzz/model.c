/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/model.c - what every page must hold: the first eight bytes of it stand for all.
 *
 * A cell is the contents of one page, whatever frame it lies on. An application's private page and an object's page each
 * have their own; a pin remembers the cell that it met. Fork copies the values, unmapping forgets the cell, and moving
 * changes nothing. So a lost write is a place whose bytes are not its cell's.
 */
#include "program.h"

uint64_t value_new(struct program *p)
{
	return ++p->last_value * UINT64_C(0x9e3779b97f4a7c15);
}

/* 0 if there are no more: the program ends then. */
uint32_t cell_new(struct program *p, uint64_t value)
{
	if (p->nr_cells == NR_CELLS) {
		p->at = p->end;
		p->nr_cells--;
	}
	p->cells[p->nr_cells] = value;
	return p->nr_cells++;
}

struct object *object_of(struct program *p, const struct place *place)
{
	return &p->objects[place->object];
}

uint32_t object_number(struct program *p, const struct object *object)
{
	return (uint32_t)(object - p->objects);
}

struct object *object_slot(struct program *p)
{
	for (size_t i = 0; i < NR_OBJECTS; i++)
		if (!p->objects[i].used)
			return &p->objects[i];
	return NULL;
}

enum gup_frame_kind kind_at(struct program *p, struct app *app, uint32_t page)
{
	struct gup_frame_info info;
	uint64_t pfn = gup_user_pfn(app->mm, address_of(page));

	if (!pfn)
		return GUP_FRAME_UNUSED;
	PROMISE(gup_frame_info(p->m, pfn, &info) == 0, "pfn %llu is mapped and does not exist",
		(unsigned long long)pfn);
	return info.kind;
}

uint32_t cell_shown(struct program *p, const struct place *place)
{
	const struct object *object = object_of(p, place);

	if (place->backing == ANONYMOUS || place->cell)
		return place->cell;
	return place->index < object->pages ? object->cells[place->index] : 0;
}

uint32_t object_cell(struct program *p, struct object *object, uint32_t index)
{
	if (!object->cells[index])
		object->cells[index] = cell_new(p, 0);
	return object->cells[index];
}

uint32_t cell_to_write(struct program *p, struct app *app, uint32_t page)
{
	struct place *place = &app->places[page];

	if (place->backing == SHARED)
		return object_cell(p, object_of(p, place), place->index);
	if (!place->cell)
		place->cell = cell_new(p, p->cells[cell_shown(p, place)]);
	return place->cell;
}

static void settle_place(struct program *p, struct app *app, uint32_t page)
{
	if (kind_at(p, app, page) == GUP_FRAME_ANON)
		cell_to_write(p, app, page);
}

void settle_private(struct program *p, const struct object *object, uint32_t first, uint32_t last)
{
	uint32_t number = object_number(p, object);

	for (size_t i = 0; i < NR_MMS; i++)
		for (uint32_t page = 0; p->apps[i].mm && page < WINDOW_PAGES; page++) {
			struct place *place = &p->apps[i].places[page];

			if (place->backing == PRIVATE && !place->cell && place->object == number &&
			    place->index >= first && place->index <= last)
				settle_place(p, &p->apps[i], page);
		}
}

void settle_cell(struct program *p, uint32_t cell)
{
	for (size_t i = 0; i < NR_OBJECTS; i++)
		for (uint32_t index = 0; p->objects[i].used && index < p->objects[i].pages; index++)
			if (p->objects[i].cells[index] == cell)
				settle_private(p, &p->objects[i], index, index);
}

/* A held huge folio that is cut in part stays the object's: nothing is promised to its holder about the cut part. */
static void forget_cut(struct program *p, uint32_t cell)
{
	for (size_t i = 0; i < NR_HOLDS; i++)
		for (uint32_t k = 0; p->holds[i].used && k < p->holds[i].nr; k++)
			if (p->holds[i].cells[k] == cell)
				p->holds[i].cells[k] = 0;
}

static void drop_copies(struct program *p, const struct object *object, uint32_t first)
{
	uint32_t number = object_number(p, object);

	for (size_t i = 0; i < NR_MMS; i++)
		for (uint32_t page = 0; p->apps[i].mm && page < WINDOW_PAGES; page++) {
			struct place *place = &p->apps[i].places[page];

			if (place->backing == PRIVATE && place->object == number && place->index >= first)
				place->cell = 0;
		}
}

void cut_object_cells(struct program *p, struct object *object, uint32_t first, uint32_t last, bool shorter)
{
	for (uint32_t index = first; index < OBJECT_PAGES && index <= last; index++) {
		if (object->kind == HUGE_SHM && object->cells[index])
			forget_cut(p, object->cells[index]);
		object->cells[index] = 0;
	}
	if (shorter)
		drop_copies(p, object, first);
}
