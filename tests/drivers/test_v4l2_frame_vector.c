/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_v4l2_frame_vector.c - drivers/media/common/videobuf2/frame_vector.c: pin_user_pages_fast(LONGTERM)
 * into a vector that holds pages or their pfns. 6.1 always adds WRITE and FORCE, 6.12 WRITE if the device writes.
 */
#include "others.h"

#include <media/frame_vector.h>

#define PAGES 8
#define BYTES (PAGES * PAGE_SIZE)

static struct frame_vector *vector;

static int get_frames(uint64_t addr, unsigned int nr, bool write, struct frame_vector *vec)
{
#if GUP_LINUX == 601
	(void)write;
	return get_vaddr_frames(addr, nr, vec);
#else
	return get_vaddr_frames(addr, nr, write, vec);
#endif
}

/* As videobuf2 does it: all frames or none. */
static int create(uint64_t addr, unsigned int nr, bool write, struct frame_vector **out)
{
	struct frame_vector *vec = frame_vector_create(nr);
	int ret;

	if (!vec)
		return -ENOMEM;
	ret = get_frames(addr, nr, write, vec);
	if (ret == (int)nr) {
		*out = vec;
		return 0;
	}
	if (ret >= 0)
		put_vaddr_frames(vec);
	frame_vector_destroy(vec);
	return ret < 0 ? ret : -EFAULT;
}

/* Its users mark the pages dirty themselves; the file never does. */
static void put(struct frame_vector *vec)
{
	struct page **pages = frame_vector_pages(vec);

	for (unsigned int i = 0; i < frame_vector_count(vec); i++)
		set_page_dirty_lock(pages[i]);
	put_vaddr_frames(vec);
	frame_vector_destroy(vec);
}

static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	(void)t;
	return create(addr, nr, true, &vector);
}

static void release(struct gup_test *t)
{
	(void)t;
	put(vector);
}

static struct page *page_of(unsigned int i)
{
	return frame_vector_pages(vector)[i];
}

/* FORCE writes to what the user may only read, if it is the user's own copy. */
static int refuses(enum gup_test_memory memory)
{
	if (memory == GUP_TEST_DAX)
		return -EOPNOTSUPP;
	return memory == GUP_TEST_READONLY && GUP_LINUX != 601 ? -EFAULT : 0;
}

static void expect_held(struct gup_test *t, const char *when, u64 wanted)
{
	if (driver_held(t, false) != wanted)
		gup_test_fail(t, "%s: %llu pages are pinned instead of %llu", when, (u64)driver_held(t, false), wanted);
}

/* ---- where the pages lie: LONGTERM has moved them out of what others want back ---- */

static int play_lent(struct gup_test *t)
{
	return play_place(t, page_of);
}

static void out_of_lent_memory(void **state)
{
	(void)state;
	driver_run(GUP_TEST_CMA, play_lent);
	driver_run(GUP_TEST_MOVABLE, play_lent);
}

/* ---- pages and pfns ---- */

static int play_conversions(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	unsigned long *pfns;
	int ret = acquire(t, addr, PAGES);

	if (ret)
		return ret;
	pfns = frame_vector_pfns(vector);
	for (unsigned int i = 0; i < PAGES; i++)
		if (pfns[i] != gup_user_pfn(gup_test_mm(t), addr + i * PAGE_SIZE))
			gup_test_fail(t, "pfn %lu is not the user's page %u", pfns[i], i);
	if (frame_vector_pages(vector)[PAGES - 1] !=
	    pfn_to_page(gup_user_pfn(gup_test_mm(t), addr + BYTES - PAGE_SIZE)))
		gup_test_fail(t, "converted back it is another page");
	frame_vector_to_pfns(vector);
	put_vaddr_frames(vector); /* of pfns: they are made pages first */
	expect_held(t, "put as pfns", 0);
	frame_vector_destroy(vector);
	return 0;
}

static void pages_and_pfns(void **state)
{
	(void)state;
	for (int memory = GUP_TEST_ANON; memory <= GUP_TEST_SHARED; memory++)
		driver_run((enum gup_test_memory)memory, play_conversions);
	driver_fail_each(GUP_TEST_ANON, play_conversions);
}

/* A pfn that is no frame: nothing is converted and the vector still says pfns, so that it can be mended and put. */
static int play_bad_pfn(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	unsigned long *pfns, good;

	if (acquire(t, addr, PAGES))
		return -EFAULT;
	pfns = frame_vector_pfns(vector);
	good = pfns[PAGES - 1];
	pfns[PAGES - 1] = ULONG_MAX >> PAGE_SHIFT;
	if (frame_vector_to_pages(vector) != -EINVAL || !vector->is_pfns || !IS_ERR(frame_vector_pages(vector)))
		gup_test_fail(t, "a pfn that is none became a page");
	pfns[PAGES - 1] = good;
	release(t);
	return 0;
}

static void a_pfn_that_is_none(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_bad_pfn);
}

/* ---- counts ---- */

/* More than there is room for: it warns, and takes as many as there is room for. */
static int play_too_many(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct frame_vector *vec = frame_vector_create(3);
	int ret = get_frames(addr, PAGES, true, vec);

	if (ret != 3 || frame_vector_count(vec) != 3)
		gup_test_fail(t, "%d frames went into a vector of 3", ret);
	expect_held(t, "a vector of 3", 3);
	put_vaddr_frames(vec);
	expect_held(t, "put", 0);
	put_vaddr_frames(vec);
	frame_vector_destroy(vec);
	return 0;
}

static void more_than_there_is_room_for(void **state)
{
	(void)state;
	driver_scene("too many");
	driver_run(GUP_TEST_ANON, play_too_many);
	driver_scene("");
}

/* Memory of kvmalloc() that nobody has written. */
static bool is_poison(const bool *member)
{
	return *(const unsigned char *)member == 0xa5;
}

/* No frames, absurdly many, none asked for; a vector is used again after it was put. */
static int play_counts(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct frame_vector *vec = frame_vector_create(PAGES);

	if (frame_vector_create(0) || frame_vector_create(INT_MAX / sizeof(void *) / 2 + 1))
		gup_test_fail(t, "a vector of none, or of a billion");
	if (get_frames(addr, 0, true, vec))
		gup_test_fail(t, "no frames are not 0");
	if (is_poison(&vec->got_ref) || is_poison(&vec->is_pfns))
		gup_test_fail(t, "put_vaddr_frames() would read what nobody has set");
	for (unsigned int nr = 1; nr <= PAGES; nr++) {
		if (get_frames(addr, nr, true, vec) != (int)nr)
			gup_test_fail(t, "%u frames", nr);
		expect_held(t, "used again", nr);
		put_vaddr_frames(vec);
		expect_held(t, "put again", 0);
	}
	if (get_frames(PAGE_SIZE, PAGES, true, vec) != -EFAULT || frame_vector_count(vec))
		gup_test_fail(t, "nothing is mapped there");
	put_vaddr_frames(vec);
	frame_vector_destroy(vec);
	return 0;
}

static void counts(void **state)
{
	(void)state;
	driver_scene("counts");
	driver_run(GUP_TEST_ANON, play_counts);
	driver_scene("");
}

/* Behind the hole nothing is taken, and what was taken before it can be put. */
static int play_hole(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct frame_vector *vec = frame_vector_create(PAGES);
	int ret;

	gup_munmap(gup_test_mm(t), addr + 5 * PAGE_SIZE, PAGE_SIZE);
	ret = get_frames(addr, PAGES, true, vec);
	if (ret != 5 || frame_vector_count(vec) != 5)
		gup_test_fail(t, "before the hole are 5 pages, not %d", ret);
	expect_held(t, "before the hole", 5);
	put_vaddr_frames(vec);
	frame_vector_destroy(vec);
	if (acquire(t, addr, PAGES) != -EFAULT)
		gup_test_fail(t, "all or none, with a hole");
	return 0;
}

static void a_hole(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_hole);
	driver_run(GUP_TEST_SHARED, play_hole);
}

/* ---- what the device only reads ---- */

#if GUP_LINUX != 601
static int play_reads(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret = create(addr, PAGES, false, &vector);

	if (ret)
		return ret;
	expect_held(t, "for reading", PAGES);
	put_vaddr_frames(vector);
	frame_vector_destroy(vector);
	return 0;
}

static void a_device_that_only_reads(void **state)
{
	(void)state;
	for (int memory = GUP_TEST_ANON; memory <= GUP_TEST_SHARED; memory++)
		driver_run((enum gup_test_memory)memory, play_reads);
	driver_run(GUP_TEST_READONLY, play_reads);
	driver_fail_each(GUP_TEST_READONLY, play_reads);
}
#endif

/* ---- two threads ---- */

static void device_writes(struct gup_test *t, struct frame_vector *vec, u32 tag)
{
	char bytes[PAGE_SIZE];

	for (unsigned int i = 0; i < PAGES; i++) {
		uint64_t dma = gup_test_dma_map(t, &frame_vector_pages(vec)[i]->gup, 0, PAGE_SIZE, true);

		gup_test_pattern(bytes, shared_addr + i * PAGE_SIZE, PAGE_SIZE, tag);
		gup_test_dma_write(t, dma, bytes, PAGE_SIZE);
		gup_test_dma_unmap(t, dma, PAGE_SIZE);
	}
}

static void takes(struct gup_test *t)
{
	struct frame_vector *own = NULL;
	int ret = create(shared_addr, PAGES, true, &own);

	if (ret && ret != -EFAULT)
		gup_test_fail(t, "taking frames: %d", ret);
	if (ret)
		return;
	frame_vector_to_pfns(own);
	device_writes(t, own, 1);
	put(own);
}

static void look_at_written(struct gup_test *t)
{
	gup_test_expect(t, NULL, shared_addr, BYTES, 1);
}

static void against_others(void **state)
{
	static const struct gup_test_play plays[] = {
		{ .begin = share_buffer, .actors = { { "take", takes }, { "munmap", unmap_shared } }, .count = 400 },
		{ .begin = share_buffer,
		  .actors = { { "take", takes }, { "fork", fork_and_exit } },
		  .end = look_at_written,
		  .count = 400 },
		{ .begin = share_buffer,
		  .actors = { { "take", takes }, { "take too", takes } },
		  .end = look_at_written,
		  .count = 400 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++) {
		driver_schedules(GUP_TEST_ANON, &plays[i]);
		driver_schedules(GUP_TEST_HUGE, &plays[i]);
		driver_schedules(GUP_TEST_CMA, &plays[i]);
	}
}

int main(void)
{
	static const struct known known[] = {
		/* frame_vector_create() sets got_ref and is_pfns as little as get_vaddr_frames() of no frames does */
		{ GUP_TEST_FAILED, "put_vaddr_frames() would read what nobody has set", "counts" },
		/* what it says of its callers' mistakes */
		{ GUP_TEST_MISUSE, "WARN_ON(nr_frames > vec->nr_allocated)", "too many" },
		{ GUP_TEST_MISUSE, "WARN_ON(nr_frames == 0)", "counts" },
		{ GUP_TEST_MISUSE, "WARN_ON(nr_frames > ", "counts" },
		{ 0 },
	};
	static const struct driver driver = {
		.name = "videobuf2/frame_vector.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.page = page_of,
		.no_limit = true,
		.refuses = refuses,
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_of_lent_memory),
		cmocka_unit_test(pages_and_pfns),
		cmocka_unit_test(a_pfn_that_is_none),
		cmocka_unit_test(more_than_there_is_room_for),
		cmocka_unit_test(counts),
		cmocka_unit_test(a_hole),
#if GUP_LINUX != 601
		cmocka_unit_test(a_device_that_only_reads),
#endif
		cmocka_unit_test(against_others),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
