/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/around.c - what happens around a range that a device holds.
 */
#define _GNU_SOURCE
#include "around.h"

#include <unistd.h>

#define APPLICATION_TAG 100
#define PATIENT_MS 20000
#define CAMERA_BYTE 0xC5
#define OTHERS (BASE + 128 * MIB)
#define OTHERS_BYTES (4 * MIB)

static void touch(struct around *a, uint64_t first)
{
	for (uint64_t at = first; at < RANGE_BYTES; at += 2 * PAGE) {
		app_fill(a->w.mm, RANGE + at, PAGE, 1);
		app_fill(a->w.mm, NEIGHBOUR + at, PAGE, 1);
	}
}

/* NORMAL is preferred until it has fewer free frames than the area. */
void around_begin(struct around *a)
{
	a->descriptors = open_descriptors();
	world_begin(&a->w, &(struct world_spec){ .normal = 8, .cma = AREA_MIB, .no_huge_pages = true });
	map_anon(a->w.mm, RANGE, RANGE_BYTES);
	map_anon(a->w.mm, NEIGHBOUR, RANGE_BYTES);
	map_anon(a->w.mm, OTHERS, OTHERS_BYTES);
	touch(a, 0);
	assert_int_equal(frame_at(a->w.mm, RANGE).zone, GUP_ZONE_NORMAL);
	assert_int_equal(gup_populate(a->w.mm, OTHERS, OTHERS_BYTES), 0);
	touch(a, PAGE);
	assert_int_equal(frame_at(a->w.mm, RANGE + PAGE).zone, GUP_ZONE_CMA);
}

static bool all_are(const uint8_t *bytes, uint64_t nr, uint8_t value)
{
	for (uint64_t i = 0; i < nr; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

void around_disturb(struct around *a, uint32_t tag, void (*write)(void *device), void *device)
{
	struct gup_mm *child = world_fork(&a->w, a->w.mm, "child");
	struct gup_page *camera;
	uint64_t before[NR_PAGES];

	for (size_t i = 0; i < NR_PAGES; i++) {
		before[i] = gup_user_pfn(a->w.mm, RANGE + i * PAGE);
		assert_int_not_equal(gup_user_pfn(child, RANGE + i * PAGE), before[i]);
	}
	assert_int_equal(gup_migrate_range(a->w.mm, RANGE, RANGE_BYTES, NULL), 0);
	assert_int_equal(gup_migrate_range(a->w.mm, NEIGHBOUR, RANGE_BYTES, NULL), NR_PAGES);
	assert_int_equal(gup_cma_alloc(a->w.m, CAMERA, AREA_MIB * MIB, 0, PATIENT_NS, &camera, NULL), 0);
	memset(gup_page_address(a->w.m, camera), CAMERA_BYTE, AREA_MIB * MIB);
	write(device);
	for (size_t i = 0; i < NR_PAGES; i++)
		assert_int_equal(gup_user_pfn(a->w.mm, RANGE + i * PAGE), before[i]);
	assert_true(all_are(gup_page_address(a->w.m, camera), AREA_MIB * MIB, CAMERA_BYTE));
	app_expect(child, RANGE, RANGE_BYTES, tag);
	app_expect(child, NEIGHBOUR, RANGE_BYTES, 1);
	assert_int_equal(gup_cma_free(a->w.m, camera, AREA_MIB * MIB), 0);
	world_exit(&a->w, child);
}

void around_overwritten(struct around *a, uint32_t tag)
{
	static uint8_t seen[RANGE_BYTES];

	app_fill(a->w.mm, RANGE, RANGE_BYTES, APPLICATION_TAG);
	for (int ms = 0; ms < PATIENT_MS; ms++) {
		assert_int_equal(app_load(a->w.mm, seen, RANGE, RANGE_BYTES), 0);
		if (pattern_is(seen, RANGE, RANGE_BYTES, tag))
			return;
		usleep(1000);
	}
	fail_msg("the device does not write to the application's frames");
}

void around_unmap(struct around *a, uint32_t tag)
{
	assert_int_equal(gup_munmap(a->w.mm, RANGE, RANGE_BYTES), 0);
	map_anon(a->w.mm, RANGE, RANGE_BYTES);
	app_fill(a->w.mm, RANGE, RANGE_BYTES, tag);
}

void around_end(struct around *a)
{
	app_expect(a->w.mm, NEIGHBOUR, RANGE_BYTES, 1);
	world_end(&a->w);
	assert_int_equal(open_descriptors(), a->descriptors);
}
