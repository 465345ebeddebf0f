/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/do_object.c - operations on what backs mappings: create, read, write, truncate, punch, give back.
 */
#include "program.h"

static uint32_t take_pages(struct program *p)
{
	uint8_t how = take_byte(p);

	return how < 192 ? how & 15 : how < 224 ? GUP_HUGE_PAGES * (1 + (how & 1)) : take_below(p, OBJECT_PAGES + 1);
}

static int create(struct program *p, struct object *object)
{
	uint64_t bytes = object->pages * GUP_PAGE_SIZE;

	switch (object->kind) {
	case SHM:
		return gup_shm_create(p->m, bytes, 0, &object->handle);
	case HUGE_SHM:
		return gup_shm_create(p->m, bytes, GUP_SHM_HUGE, &object->handle);
	case FSDAX:
		return gup_dax_file_create(p->m, FSDAX_NAME, bytes, &object->handle);
	default:
		return gup_pfnmap_create(p->m, UINT64_C(1) << 30, bytes, &object->handle);
	}
}

void do_object_create(struct program *p)
{
	static const enum object_kind kinds[] = { SHM, HUGE_SHM, FSDAX, PFNMAP };
	struct object *object = object_slot(p);
	int err;

	if (!object)
		return;
	object->kind = kinds[take_below(p, ARRAY_LEN(kinds))];
	object->pages = take_pages(p);
	err = create(p, object);
	if (object->kind == FSDAX && !p->config.dax[0].name)
		PROMISE(err == -GUP_ENOENT, "a file on no device: %d", err);
	else if (object->kind == PFNMAP && !object->pages)
		PROMISE(err == -GUP_EINVAL, "a PFNMAP of nothing: %d", err);
	else
		PROMISE(!err || err == -GUP_ENOMEM || (err == -GUP_ENOSPC && object->kind == FSDAX),
			"create returned %d", err);
	object->used = !err;
	if (err)
		memset(object, 0, sizeof(*object));
}

/* Mappings may be left; the slot stays theirs. The device's object stays for the end. */
void do_object_put(struct program *p)
{
	struct object *object = take_object(p);

	if (!object || object->kind == DEVDAX)
		return;
	gup_object_put(object->handle);
	object->handle = NULL;
}

static int64_t expected_bytes(const struct object *object, uint32_t index)
{
	return index < object->pages ? (int64_t)sizeof(uint64_t) : 0;
}

static void check_io(struct program *p, const struct object *object, uint32_t index, int64_t done)
{
	if (object->kind == PFNMAP)
		PROMISE(done == -GUP_EINVAL, "I/O on registers returned %lld", (long long)done);
	else
		PROMISE(done == expected_bytes(object, index) || (done == -GUP_ENOMEM && memory_is_short(p)) ||
				(done == -GUP_ENOSPC && object->kind == FSDAX),
			"I/O at page %u of %u returned %lld", index, object->pages, (long long)done);
}

void do_object_write(struct program *p)
{
	struct object *object = take_object(p);
	uint32_t index = take_below(p, 16);
	uint64_t value = value_new(p);
	int64_t done;

	if (!object)
		return;
	if (index < object->pages)
		settle_private(p, object, index, index);
	done = gup_object_write(object->handle, index * GUP_PAGE_SIZE, &value, sizeof(value));
	check_io(p, object, index, done);
	if (done > 0)
		p->cells[object_cell(p, object, index)] = value;
}

void do_object_read(struct program *p)
{
	struct object *object = take_object(p);
	uint32_t index = take_below(p, 16);
	uint64_t value;
	int64_t done;

	if (!object)
		return;
	done = gup_object_read(object->handle, index * GUP_PAGE_SIZE, &value, sizeof(value));
	check_io(p, object, index, done);
	if (done > 0)
		PROMISE(value == p->cells[object->cells[index]], "page %u of an object reads wrong", index);
}

static bool is_resizable(const struct object *object)
{
	return object->kind == SHM || object->kind == HUGE_SHM || object->kind == FSDAX;
}

static void check_cut(const struct object *object, int err, const struct gup_why *why)
{
	if (is_resizable(object))
		PROMISE(!err || (err == -GUP_EBUSY && object->kind == FSDAX), "a cut returned %d", err);
	else
		PROMISE(err == -GUP_EINVAL, "a cut of what has a fixed size returned %d", err);
	PROMISE(why->error == err, "a cut returned %d and says %d", err, why->error);
}

void do_truncate(struct program *p)
{
	struct object *object = take_object(p);
	uint32_t pages = take_pages(p);
	struct gup_why why;
	int err;

	if (!object)
		return;
	settle_private(p, object, pages, UINT32_MAX);
	err = gup_object_truncate(object->handle, pages * GUP_PAGE_SIZE, 0, &why);
	check_cut(object, err, &why);
	if (err)
		return;
	cut_object_cells(p, object, pages, UINT32_MAX, pages < object->pages);
	object->pages = pages;
	PROMISE(gup_object_size(object->handle) == pages * GUP_PAGE_SIZE, "the size is not what it was made");
}

void do_punch(struct program *p)
{
	struct object *object = take_object(p);
	struct span span = take_span(p);
	struct gup_why why;
	int err;

	if (!object)
		return;
	settle_private(p, object, span.first, span.first + span.nr - 1);
	err = gup_object_punch(object->handle, span.first * GUP_PAGE_SIZE, span.nr * GUP_PAGE_SIZE, 0, &why);
	check_cut(object, err, &why);
	if (!err)
		cut_object_cells(p, object, span.first, span.first + span.nr - 1, false);
}
