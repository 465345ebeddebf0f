/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/program.c - runs a program of bytes: the first ones say what the machine is made of, then operation after
 * operation takes its operands from what follows.
 *
 * After each step the machine check has to find every invariant, and exactly the pins and gets that are held. In the end
 * all is given back, and the machine must be as it was when it was new.
 */
#include "program.h"

#include <stdarg.h>

#define MIB (UINT64_C(1) << 20)
#define MAX_STEPS 128

static struct program program;

static const struct step {
	const char *name;
	void (*run)(struct program *p);
} steps[] = {
	/* New ones at the end: the corpus counts on the order. */
	{ "mmap", do_mmap },
	{ "store", do_store },
	{ "load", do_load },
	{ "take", do_take },
	{ "pin", do_pin },
	{ "release", do_release },
	{ "device write", do_device_write },
	{ "device read", do_device_read },
	{ "fork", do_fork },
	{ "munmap", do_munmap },
	{ "mprotect", do_mprotect },
	{ "madvise", do_madvise },
	{ "populate", do_populate },
	{ "wrong range", do_wrong_range },
	{ "fixup", do_fixup },
	{ "exit", do_exit },
	{ "create", do_create },
	{ "wrong release", do_wrong_release },
	{ "owner", do_owner },
	{ "limit", do_limit },
	{ "holders", do_holders },
	{ "migrate", do_migrate },
	{ "split", do_split },
	{ "offline", do_offline },
	{ "online", do_online },
	{ "cma alloc", do_cma_alloc },
	{ "cma free", do_cma_free },
	{ "cma object", do_cma_object },
	{ "fail", do_fail },
	{ "object create", do_object_create },
	{ "object put", do_object_put },
	{ "object write", do_object_write },
	{ "object read", do_object_read },
	{ "truncate", do_truncate },
	{ "punch", do_punch },
	{ "listen", do_listen },
	{ "unlisten", do_unlisten },
	{ "read begin", do_read_begin },
	{ "mremap", do_mremap },
	{ "advise", do_advise },
};

void promise_broken(const char *where, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "%s: ", where);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

/* ---- operands ---- */

uint8_t take_byte(struct program *p)
{
	return p->at < p->end ? *p->at++ : 0;
}

uint32_t take_below(struct program *p, uint32_t bound)
{
	uint32_t value = take_byte(p);

	if (bound > 256)
		value |= (uint32_t)take_byte(p) << 8;
	return value % bound;
}

/* Mostly a few pages of the first dozen, so that operations meet; sometimes anywhere, or whole huge pages. */
struct span take_span(struct program *p)
{
	uint8_t how = take_byte(p);
	struct span span = { 0, 1 };

	if (how < 160) {
		span.first = (how & 15) + (how & 16 ? GUP_HUGE_PAGES - 8 : 0);
		span.nr = 1 + (how >> 5) * 2;
	} else if (how < 208) {
		span.first = (how & 1) * GUP_HUGE_PAGES;
		span.nr = GUP_HUGE_PAGES * (1 + (how >> 1 & 1));
	} else {
		span.first = take_below(p, WINDOW_PAGES);
		span.nr = 1 + take_below(p, WINDOW_PAGES - span.first);
	}
	return span;
}

uint64_t address_of(uint32_t page)
{
	return WINDOW + page * GUP_PAGE_SIZE;
}

/* NULL if there is none. */
struct app *take_app(struct program *p)
{
	uint32_t first = take_below(p, NR_MMS);

	for (uint32_t i = 0; i < NR_MMS; i++)
		if (p->apps[(first + i) % NR_MMS].mm)
			return &p->apps[(first + i) % NR_MMS];
	return NULL;
}

/* One with a handle; NULL if there is none. */
struct object *take_object(struct program *p)
{
	uint32_t first = take_below(p, NR_OBJECTS);

	for (uint32_t i = 0; i < NR_OBJECTS; i++)
		if (p->objects[(first + i) % NR_OBJECTS].handle)
			return &p->objects[(first + i) % NR_OBJECTS];
	return NULL;
}

bool is_one_of(int64_t value, const int *errors)
{
	for (; *errors; errors++)
		if (value == *errors)
			return true;
	return value == 0;
}

bool memory_is_short(struct program *p)
{
	struct gup_zone_info zone;

	PROMISE(gup_zone_info(p->m, 0, &zone) == 0, "there is no zone NORMAL");
	return p->failing || zone.free_frames < 64;
}

/* ---- the machine ---- */

static uint64_t free_frames(struct program *p)
{
	struct gup_check check;

	PROMISE(gup_machine_check(p->m, &check) == 0, "%s", check.first_error);
	return check.free_frames;
}

/* Device memory is as it was left. */
static void write_zero(struct object *object, uint32_t index)
{
	const uint64_t zero = 0;

	PROMISE(gup_object_write(object->handle, index * GUP_PAGE_SIZE, &zero, sizeof(zero)) == sizeof(zero),
		"a page of a device cannot be written");
}

static void open_devdax(struct program *p)
{
	struct object *object = object_slot(p);

	PROMISE(gup_devdax_open(p->m, DEVDAX_NAME, &object->handle) == 0, "a new device cannot be opened");
	object->used = true;
	object->kind = DEVDAX;
	object->pages = (uint32_t)(gup_object_size(object->handle) / GUP_PAGE_SIZE);
	for (uint32_t i = 0; i < object->pages; i++)
		write_zero(object, i);
}

static void begin(struct program *p, const uint8_t *data, size_t size)
{
	uint8_t kind, sizes;

	memset(p, 0, sizeof(*p));
	p->at = data;
	p->end = data + size;
	p->nr_cells = 1; /* number 0 says: nothing was written */
	kind = take_byte(p);
	sizes = take_byte(p);
	p->config.contract = kind & 3;
	p->config.no_huge_pages = kind & 4;
	p->config.track_holders = kind & 8;
	p->config.anon_orders = sizes & 64 ? sizes & 128 ? 1 << 2 | 1 << 4 : 0x1fe : 0;
	p->config.normal_bytes = (2 + 2 * (sizes & 3)) * MIB;
	p->config.movable_bytes = kind & 16 ? (2 + 2 * (sizes >> 2 & 3)) * MIB : 0;
	if (kind & 32) {
		p->config.cma[0].name = CMA_NAME;
		p->config.cma[0].bytes = (2 + (sizes >> 4 & 2)) * MIB;
	}
	if (kind & 64) {
		p->config.dax[0].name = FSDAX_NAME;
		p->config.dax[0].bytes = 4 * MIB;
		p->config.dax[0].kind = GUP_DAX_FS;
	}
	if (kind & 128) {
		p->config.dax[1].name = DEVDAX_NAME;
		p->config.dax[1].bytes = 2 * MIB;
		p->config.dax[1].kind = GUP_DAX_DEVICE;
	}
	PROMISE(gup_machine_create(&p->config, &p->m) == 0, "a good machine was refused");
	if (kind & 128)
		open_devdax(p);
	p->free_frames = free_frames(p);
	p->apps[0].limit = UINT64_MAX;
	PROMISE(gup_mm_create(p->m, "app", &p->apps[0].mm) == 0, "a fresh machine has no memory for an mm");
}

/* ---- checks ---- */

static void check_charges(struct program *p)
{
	for (size_t i = 0; i < NR_MMS; i++)
		PROMISE(gup_mm_pinned(p->apps[i].mm) == p->apps[i].pinned,
			"an mm is charged %llu pages instead of %llu", (unsigned long long)gup_mm_pinned(p->apps[i].mm),
			(unsigned long long)p->apps[i].pinned);
	for (size_t i = 0; i < NR_OWNERS; i++)
		PROMISE(gup_owner_pinned(p->owners[i].owner) == p->owners[i].pinned,
			"an owner is charged %llu pages instead of %llu",
			(unsigned long long)gup_owner_pinned(p->owners[i].owner),
			(unsigned long long)p->owners[i].pinned);
}

static void check(struct program *p)
{
	struct gup_check found;
	uint64_t pins, gets;

	count_holds(p, &pins, &gets);
	PROMISE(gup_machine_check(p->m, &found) == 0, "%u errors, first: %s", found.errors, found.first_error);
	PROMISE(found.pins == pins, "%llu pins instead of %llu", (unsigned long long)found.pins,
		(unsigned long long)pins);
	PROMISE(found.gets == gets, "%llu gets instead of %llu", (unsigned long long)found.gets,
		(unsigned long long)gets);
	check_charges(p);
	check_listeners(p);
	for (size_t i = 0; i < NR_HOLDS; i++)
		check_hold(p, &p->holds[i], 4);
}

static void step(struct program *p, bool trace)
{
	uint32_t nr = take_below(p, ARRAY_LEN(steps));
	bool failing = p->failing;

	if (trace)
		fprintf(stderr, "step %s\n", steps[nr].name);
	steps[nr].run(p);
	if (failing) {
		gup_test_fail_alloc(p->m, 0);
		p->failing = false;
	}
	check(p);
}

/* ---- the end ---- */

static void check_app(struct program *p, struct app *app)
{
	uint64_t value;

	for (uint32_t page = 0; app->mm && page < WINDOW_PAGES; page++) {
		const struct place *place = &app->places[page];
		uint32_t cell = cell_shown(p, place);

		if (!place->backing || !place->prot || place->prot_unsure || (!cell && place->backing != ANONYMOUS))
			continue;
		if (gup_copy_from_user(app->mm, &value, address_of(page), sizeof(value)) == 0)
			PROMISE(value == p->cells[cell], "page %u of an app has lost what was written to it", page);
	}
}

static void end_objects(struct program *p)
{
	for (size_t i = 0; i < NR_OBJECTS; i++)
		gup_object_put(p->objects[i].handle);
	for (size_t i = 0; i < NR_AREAS; i++)
		if (p->areas[i].page)
			PROMISE(gup_cma_free(p->m, p->areas[i].page, p->areas[i].pages * GUP_PAGE_SIZE) == 0,
				"CMA frames that nobody uses cannot be freed");
}

static void end_offline(struct program *p)
{
	struct gup_zone_info zone;
	unsigned int nr;

	for (nr = 0; gup_zone_info(p->m, nr, &zone) == 0; nr++)
		for (uint64_t i = 0; zone.kind == GUP_ZONE_MOVABLE && i < zone.nr_frames / GUP_HUGE_PAGES; i++)
			if (p->offline >> i & 1)
				PROMISE(gup_online_range(p->m, zone.first_pfn + i * GUP_HUGE_PAGES, GUP_HUGE_PAGES) ==
						0,
					"an offline block cannot come back");
}

static void end(struct program *p)
{
	gup_test_fail_alloc(p->m, 0);
	for (size_t i = 0; i < NR_MMS; i++)
		check_app(p, &p->apps[i]);
	for (size_t i = 0; i < NR_HOLDS; i++) {
		check_hold(p, &p->holds[i], UINT32_MAX);
		if (p->holds[i].used)
			release(p, &p->holds[i], (uint32_t)i, false);
	}
	for (size_t i = 0; i < NR_MMS; i++)
		exit_app(p, &p->apps[i]);
	for (size_t i = 0; i < NR_LISTENERS; i++)
		unlisten(p, &p->listeners[i]);
	for (size_t i = 0; i < NR_OWNERS; i++)
		PROMISE(gup_owner_destroy(p->owners[i].owner) == 0, "an owner without pins cannot go");
	end_objects(p);
	end_offline(p);
	PROMISE(free_frames(p) == p->free_frames, "%llu frames are free at the end instead of %llu",
		(unsigned long long)free_frames(p), (unsigned long long)p->free_frames);
	PROMISE(gup_machine_destroy(p->m) == 0, "a machine on which nothing is left cannot go");
}

void program_run(const uint8_t *data, size_t size, bool trace)
{
	struct program *p = &program;

	begin(p, data, size);
	for (unsigned int nr = 0; nr < MAX_STEPS && p->at < p->end; nr++)
		step(p, trace);
	end(p);
}
