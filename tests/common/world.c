/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/world.c - beginning and ending a world, and mapping memory in it.
 *
 * The warm-up touches the parts that every test uses, so that the frames which the machine keeps for itself are taken
 * before the free frames are counted. world_end() then wants every single one back.
 */
#include "world.h"

#include <dirent.h>

void world_config(const struct world_spec *spec, struct gup_machine_config *config)
{
	memset(config, 0, sizeof(*config));
	config->normal_bytes = spec->normal * MIB;
	config->movable_bytes = spec->movable * MIB;
	if (spec->cma) {
		config->cma[0].name = CAMERA;
		config->cma[0].bytes = spec->cma * MIB;
	}
	if (spec->cma2) {
		config->cma[1].name = CODEC;
		config->cma[1].bytes = spec->cma2 * MIB;
	}
	if (spec->dax) {
		config->dax[0].name = PMEM;
		config->dax[0].bytes = spec->dax * MIB;
		config->dax[0].kind = GUP_DAX_FS;
	}
	if (spec->devdax) {
		config->dax[1].name = DRAM;
		config->dax[1].bytes = spec->devdax * MIB;
		config->dax[1].kind = GUP_DAX_DEVICE;
	}
	config->hugetlb_pages = spec->hugetlb;
	config->hugetlb_movable = spec->hugetlb_movable;
	config->contract = spec->contract;
	config->kernel = spec->kernel;
	config->no_huge_pages = spec->no_huge_pages;
	config->anon_orders = spec->anon_orders;
	config->track_holders = spec->track_holders;
}

/* The machine keeps the object of a device DAX device once it was opened. */
static void open_device(struct gup_machine *m)
{
	struct gup_object *dram;

	assert_int_equal(gup_devdax_open(m, DRAM, &dram), 0);
	gup_object_put(dram);
}

static void warm_up(struct gup_machine *m)
{
	struct gup_mm *parent, *child;

	assert_int_equal(gup_mm_create(m, "warm-up", &parent), 0);
	map_anon(parent, BASE, 4 * PAGE);
	app_fill(parent, BASE, 4 * PAGE, 0);
	assert_int_equal(gup_mm_fork(parent, "warm-up", &child), 0);
	app_fill(child, BASE, PAGE, 1);
	gup_mm_destroy(child);
	gup_mm_destroy(parent);
}

/* Blocks of the DAX devices that no file owns. */
static uint64_t free_blocks(struct gup_machine *m)
{
	struct gup_zone_info zone;
	uint64_t blocks = 0;
	unsigned int nr;

	for (nr = 0; gup_zone_info(m, nr, &zone) == 0; nr++)
		if (zone.kind == GUP_ZONE_DAX)
			blocks += zone.free_frames;
	return blocks;
}

void world_begin(struct world *w, const struct world_spec *spec)
{
	struct gup_machine_config config;

	memset(w, 0, sizeof(*w));
	world_config(spec, &config);
	assert_int_equal(gup_machine_create(&config, &w->m), 0);
	warm_up(w->m);
	if (spec->devdax)
		open_device(w->m);
	w->free_frames = free_frames(w->m);
	w->free_blocks = free_blocks(w->m);
	w->hugetlb_free = stats_of(w->m).hugetlb_free;
	w->mm = world_mm(w, APP);
}

void world_end(struct world *w)
{
	unsigned int i;

	for (i = 0; i < WORLD_MMS; i++)
		gup_mm_destroy(w->mms[i]);
	check_rest(w->m, 0, 0);
	assert_int_equal(free_frames(w->m), w->free_frames);
	assert_int_equal(free_blocks(w->m), w->free_blocks);
	assert_int_equal(stats_of(w->m).hugetlb_free, w->hugetlb_free);
	assert_int_equal(gup_machine_destroy(w->m), 0);
}

static void remember(struct world *w, struct gup_mm *mm)
{
	unsigned int i;

	for (i = 0; i < WORLD_MMS && w->mms[i]; i++)
		;
	assert_true(i < WORLD_MMS);
	w->mms[i] = mm;
}

struct gup_mm *world_mm(struct world *w, const char *name)
{
	struct gup_mm *mm;

	assert_int_equal(gup_mm_create(w->m, name, &mm), 0);
	window_open(mm);
	remember(w, mm);
	return mm;
}

struct gup_mm *world_fork(struct world *w, struct gup_mm *parent, const char *name)
{
	struct gup_mm *mm;

	assert_int_equal(gup_mm_fork(parent, name, &mm), 0);
	window_open(mm);
	remember(w, mm);
	return mm;
}

void world_exit(struct world *w, struct gup_mm *mm)
{
	unsigned int i;

	for (i = 0; i < WORLD_MMS && w->mms[i] != mm; i++)
		;
	assert_true(i < WORLD_MMS);
	w->mms[i] = NULL;
	gup_mm_destroy(mm);
}

void check_rest(struct gup_machine *m, uint64_t pins, uint64_t gets)
{
	struct gup_check check;
	int ret = gup_machine_check(m, &check);

	if (ret || check.errors)
		fail_msg("machine check: %d, %u errors, first: %s", ret, check.errors, check.first_error);
	assert_int_equal(check.pins, pins);
	assert_int_equal(check.gets, gets);
}

uint64_t free_frames(struct gup_machine *m)
{
	return stats_of(m).free_frames;
}

struct gup_stats stats_of(struct gup_machine *m)
{
	struct gup_stats stats;

	assert_int_equal(gup_machine_stats(m, &stats), 0);
	return stats;
}

static uint64_t map(struct gup_mm *mm, const struct gup_map_request *request)
{
	assert_int_equal(gup_mmap(mm, request), request->addr);
	return request->addr;
}

uint64_t map_anon(struct gup_mm *mm, uint64_t addr, uint64_t bytes)
{
	return map(mm, &(struct gup_map_request){ .addr = addr, .length = bytes, .prot = RW, .flags = ANON_AT });
}

uint64_t map_shared(struct gup_mm *mm, uint64_t addr, uint64_t bytes, struct gup_object *object)
{
	return map(mm, &(struct gup_map_request){
			       .addr = addr, .length = bytes, .prot = RW, .flags = SHARED_AT, .object = object });
}

uint64_t map_private(struct gup_mm *mm, uint64_t addr, uint64_t bytes, struct gup_object *object)
{
	return map(mm, &(struct gup_map_request){
			       .addr = addr, .length = bytes, .prot = RW, .flags = ANON_AT, .object = object });
}

struct gup_object *new_shm(struct world *w, uint64_t bytes)
{
	struct gup_object *object;

	assert_int_equal(gup_shm_create(w->m, bytes, 0, &object), 0);
	return object;
}

struct gup_object *new_dax_file(struct world *w, uint64_t bytes)
{
	struct gup_object *file;

	assert_int_equal(gup_dax_file_create(w->m, PMEM, bytes, &file), 0);
	return file;
}

uint64_t world_borrow(struct world *w, enum gup_zone_kind kind, uint64_t pages)
{
	unsigned int order = pages == GUP_HUGE_PAGES ? GUP_HUGE_ORDER : 0;
	uint64_t i;

	map_anon(w->mm, BORROWED, pages * PAGE);
	for (i = 0; i < pages; i++) {
		app_poke(w->mm, BORROWED + i * PAGE, 1);
		assert_int_equal(frame_at(w->mm, BORROWED + i * PAGE).zone, kind);
		assert_int_equal(frame_at(w->mm, BORROWED + i * PAGE).order, order);
	}
	return BORROWED;
}

void world_scatter_normal(struct world *w, struct gup_mm *filler)
{
	uint64_t addr = BASE + 16 * HUGE, i;

	map_anon(filler, addr, 4096 * PAGE);
	assert_int_equal(gup_madvise(filler, addr, 4096 * PAGE, GUP_MADV_NOHUGEPAGE), 0);
	for (i = 0; i < 4096 && free_frames(w->m) > 16; i++)
		app_poke(filler, addr + i * PAGE, 1);
	while (i-- > 0)
		if (i % 2)
			assert_int_equal(gup_madvise(filler, addr + i * PAGE, PAGE, GUP_MADV_DONTNEED), 0);
}

int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int nr = 0;

	assert_non_null(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}
