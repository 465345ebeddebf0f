/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/memory.c - the kinds of user memory: the zones that a machine needs for one, and buffers of it.
 *
 * Movable memory goes to MOVABLE if there is any, else to CMA areas while they have more free frames than NORMAL, in
 * the order of the areas (mm/zone.c). So the area of a CMA test is large and comes first, and NORMAL is always larger
 * than the area that the user of pins takes its own pages from: nobody borrows that one.
 */
#include <string.h>

#include "kit.h"

#define MIB (UINT64_C(1) << 20)
#define LENT "lent" /* the area that applications borrow */
#define PMEM "pmem"
#define NORMAL_BYTES (24 * MIB)
#define AREA_BYTES (4 * MIB)
#define MOVABLE_BYTES (32 * MIB)
#define LENT_BYTES (64 * MIB)
#define PMEM_BYTES (16 * MIB)
#define FIRST_BUFFER UINT64_C(0x40000000)

struct kind {
	const char *name;
	enum gup_frame_kind frame;
	enum gup_zone_kind zone;
	unsigned int order;
};

static const struct kind kinds[GUP_TEST_NR_MEMORY] = {
	[GUP_TEST_ANON] = { "anon", GUP_FRAME_ANON, GUP_ZONE_NORMAL, 0 },
	[GUP_TEST_HUGE] = { "2M", GUP_FRAME_ANON, GUP_ZONE_NORMAL, GUP_HUGE_ORDER },
	[GUP_TEST_CMA] = { "cma", GUP_FRAME_ANON, GUP_ZONE_CMA, 0 },
	[GUP_TEST_MOVABLE] = { "movable", GUP_FRAME_ANON, GUP_ZONE_MOVABLE, 0 },
	[GUP_TEST_FOLIO] = { "16K", GUP_FRAME_ANON, GUP_ZONE_MOVABLE, 2 },
	[GUP_TEST_SHARED] = { "shared", GUP_FRAME_SHM, GUP_ZONE_NORMAL, 0 },
	[GUP_TEST_DAX] = { "dax", GUP_FRAME_DAX, GUP_ZONE_DAX, 0 },
	[GUP_TEST_READONLY] = { "read-only", GUP_FRAME_ANON, GUP_ZONE_NORMAL, 0 },
};

const char *gup_test_memory_name(enum gup_test_memory memory)
{
	return (unsigned int)memory < GUP_TEST_NR_MEMORY ? kinds[memory].name : NULL;
}

void gup_kit_config(const struct gup_test_spec *spec, struct gup_machine_config *config)
{
	unsigned int areas = 0;

	memset(config, 0, sizeof(*config));
	config->contract = spec->contract;
	config->normal_bytes = NORMAL_BYTES;
	config->no_huge_pages = spec->memory != GUP_TEST_HUGE;
	if (spec->memory == GUP_TEST_CMA) {
		config->cma[areas].name = LENT;
		config->cma[areas++].bytes = LENT_BYTES;
	}
	config->cma[areas].name = GUP_KIT_AREA;
	config->cma[areas].bytes = AREA_BYTES;
	if (spec->memory == GUP_TEST_FOLIO)
		config->anon_orders = 1u << kinds[GUP_TEST_FOLIO].order;
	if (kinds[spec->memory].zone == GUP_ZONE_MOVABLE)
		config->movable_bytes = MOVABLE_BYTES;
	if (spec->memory == GUP_TEST_DAX) {
		config->dax[0].name = PMEM;
		config->dax[0].bytes = PMEM_BYTES;
		config->dax[0].kind = GUP_DAX_FS;
	}
}

/* ---- patterns: each 8 bytes tell address and tag ---- */

static u64 pattern_word(u64 addr, u32 tag)
{
	return (addr ^ (u64)tag << 48) * UINT64_C(0x9e3779b97f4a7c15) + tag;
}

void gup_test_pattern(void *buf, uint64_t addr, uint64_t bytes, uint32_t tag)
{
	u64 at, word;

	for (at = 0; at + 8 <= bytes; at += 8) {
		word = pattern_word(addr + at, tag);
		memcpy((u8 *)buf + at, &word, 8);
	}
}

/* Where @buf differs first from the pattern; @bytes if nowhere. */
static u64 first_difference(const u8 *buf, u64 addr, u64 bytes, u32 tag)
{
	u64 at, word;

	for (at = 0; at + 8 <= bytes; at += 8) {
		word = pattern_word(addr + at, tag);
		if (memcmp(buf + at, &word, 8))
			return at;
	}
	return bytes;
}

/* One piece of at most a page. */
static bool expect_piece(struct gup_test *t, struct gup_mm *mm, u64 addr, u64 bytes, u32 tag)
{
	u8 buf[GUP_PAGE_SIZE];
	u64 held = gup_kit_hold_fire(t), missing = gup_copy_from_user(mm, buf, addr, bytes), at, word;

	gup_kit_resume_fire(t, held);
	if (missing) {
		gup_test_fail(t, "\"%s\" cannot read at 0x%llx", gup_mm_name(mm),
			      (unsigned long long)(addr + bytes - missing));
		return false;
	}
	at = first_difference(buf, addr, bytes, tag);
	if (at == bytes)
		return true;
	memcpy(&word, buf + at, 8);
	addr += at;
	gup_test_fail(t, "\"%s\" reads 0x%016llx at 0x%llx, and not the pattern of tag %u", gup_mm_name(mm),
		      (unsigned long long)word, (unsigned long long)addr, tag);
	return false;
}

bool gup_test_expect(struct gup_test *t, struct gup_mm *mm, uint64_t addr, uint64_t bytes, uint32_t tag)
{
	u64 done, piece;

	if (!mm)
		mm = t->app;
	for (done = 0; done < bytes; done += piece) {
		piece = gup_min(bytes - done, GUP_PAGE_SIZE);
		if (!expect_piece(t, mm, addr + done, piece, tag))
			return false;
	}
	return true;
}

/* ---- buffers ---- */

/* The mapping that a kind wants; an object's handle is the caller's. */
static int map_object(struct gup_test *t, struct gup_map_request *request)
{
	u64 bytes = request->length;

	request->flags = GUP_MAP_FIXED_NOREPLACE | GUP_MAP_SHARED;
	if (t->spec->memory == GUP_TEST_SHARED)
		return gup_shm_create(t->m, bytes, 0, &request->object);
	if (t->spec->memory == GUP_TEST_DAX)
		return gup_dax_file_create(t->m, PMEM, bytes, &request->object);
	request->flags = GUP_MAP_FIXED_NOREPLACE | GUP_MAP_PRIVATE;
	return 0;
}

/* At the next place that is free, each on a 2 MiB boundary. */
static s64 map(struct gup_test *t, struct gup_mm *mm, u64 bytes)
{
	struct gup_map_request request = { .length = bytes, .prot = GUP_PROT_READ | GUP_PROT_WRITE };
	s64 addr = map_object(t, &request);

	if (addr)
		return addr;
	do {
		request.addr = t->next_buffer;
		t->next_buffer += ((bytes + GUP_HUGE_SIZE - 1) & ~(GUP_HUGE_SIZE - 1)) + GUP_HUGE_SIZE;
		addr = gup_mmap(mm, &request);
	} while (addr == -GUP_EEXIST);
	gup_object_put(request.object);
	return addr;
}

static bool lies_right(struct gup_test *t, struct gup_mm *mm, u64 addr)
{
	const struct kind *kind = &kinds[t->spec->memory];
	struct gup_frame_info info;

	if (gup_frame_info(t->m, gup_user_pfn(mm, addr), &info))
		return false;
	return info.kind == kind->frame && info.zone == kind->zone &&
	       (kind->frame != GUP_FRAME_ANON || info.order == kind->order);
}

static bool fill(struct gup_test *t, struct gup_mm *mm, u64 addr, u64 bytes)
{
	u8 buf[GUP_PAGE_SIZE];
	u64 done;

	for (done = 0; done < bytes; done += GUP_PAGE_SIZE) {
		gup_test_pattern(buf, addr + done, GUP_PAGE_SIZE, 0);
		if (gup_copy_to_user(mm, addr + done, buf, GUP_PAGE_SIZE) || !lies_right(t, mm, addr + done))
			return false;
	}
	return true;
}

static u64 buffer(struct gup_test *t, struct gup_mm *mm, u64 pages)
{
	u64 folio = GUP_PAGE_SIZE << kinds[t->spec->memory].order;
	u64 bytes = ((pages << GUP_PAGE_SHIFT) + folio - 1) & ~(folio - 1);
	s64 addr;

	addr = map(t, mm, bytes);
	if (addr < 0)
		return 0;
	if (!fill(t, mm, (u64)addr, pages << GUP_PAGE_SHIFT))
		return 0;
	if (t->spec->memory == GUP_TEST_READONLY && gup_mprotect(mm, (u64)addr, bytes, GUP_PROT_READ))
		return 0;
	return (u64)addr;
}

uint64_t gup_test_buffer(struct gup_test *t, struct gup_mm *mm, uint64_t pages)
{
	u64 held = gup_kit_hold_fire(t), addr = 0;

	if (!t->next_buffer)
		t->next_buffer = FIRST_BUFFER;
	if (pages && pages <= GUP_USER_TOP >> GUP_PAGE_SHIFT)
		addr = buffer(t, mm ? mm : t->app, pages);
	gup_kit_resume_fire(t, held);
	if (!addr)
		gup_test_fail(t, "there is no buffer of %llu pages of %s memory", (unsigned long long)pages,
			      kinds[t->spec->memory].name);
	return addr;
}
