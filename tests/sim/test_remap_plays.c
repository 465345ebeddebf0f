/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/test_remap_plays.c - memory that is moved to other addresses, in many orders with who looks for it there.
 *
 * A pin, a migration, a CMA allocation, a fork and a truncate against gup_mremap(): pages are at the one place or at the
 * other, whole, with what was stored in them; never at both, never lost. The other place lies so that large folios keep
 * their form, or so that their parts come into two tables.
 */
#include "play.h"

#define PAGES 3u
#define FAR (UINT64_C(64) << 20)
#define TO_PLACE (GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED)
#define RW (GUP_PROT_READ | GUP_PROT_WRITE)
#define SECOND UINT64_C(1000000000)

static uint64_t addr, bytes, distance;
static struct gup_object *file;
static bool moved;
static unsigned int written[PAGES]; /* tags */

static uint64_t place(void)
{
	return addr + distance;
}

/* The first half of a page tells where it was first, and a tag. */
static bool bytes_are(const void *half, unsigned int index, unsigned int tag)
{
	uint8_t want[PAGE / 2];

	gup_test_pattern(want, addr + index * PAGE, sizeof(want), tag);
	return !memcmp(want, half, sizeof(want));
}

static bool app_has(struct gup_mm *mm, uint64_t at, unsigned int index, unsigned int tag)
{
	uint8_t half[PAGE / 2];

	return !gup_copy_from_user(mm, half, at + index * PAGE, sizeof(half)) && bytes_are(half, index, tag);
}

static int map_buffer(struct gup_test *t)
{
	addr = gup_test_buffer(t, NULL, PAGES);
	bytes = PAGES * PAGE;
	moved = false;
	memset(written, 0, sizeof(written));
	return addr ? 0 : -GUP_ENOMEM;
}

static int map_huge(struct gup_test *t)
{
	int err = map_buffer(t);

	bytes = GUP_HUGE_SIZE;
	return err;
}

static void everything_is_there(struct gup_test *t)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		if (!app_has(gup_test_mm(t), place(), i, written[i]))
			gup_test_fail(t, "page %u is not what it was where it is now", i);
}

/* ---- who moves ---- */

static void remap(struct gup_test *t)
{
	int64_t ret = gup_mremap(gup_test_mm(t), addr, bytes, bytes, TO_PLACE, place());

	gup_test_note("mremap = %#llx", (unsigned long long)ret);
	if (ret != (int64_t)place())
		gup_test_fail(t, "mremap = %d", (int)ret);
}

static void move(struct gup_test *t)
{
	remap(t);
	moved = true;
}

/* What comes to where the pages were is another's. */
static void move_and_map(struct gup_test *t)
{
	struct gup_map_request map = { addr, bytes, RW, GUP_MAP_PRIVATE | GUP_MAP_FIXED, NULL, 0 };
	struct gup_mm *mm = gup_test_mm(t);
	uint8_t half[PAGE / 2];

	remap(t);
	gup_mmap(mm, &map);
	for (unsigned int i = 0; i < PAGES; i++) {
		if (gup_copy_from_user(mm, half, addr + i * PAGE, sizeof(half)) || half[0] || half[PAGE / 2 - 1])
			gup_test_fail(t, "new page %u is not zero", i);
		memset(half, 0xee, sizeof(half));
		gup_copy_to_user(mm, addr + i * PAGE, half, sizeof(half));
	}
	moved = true;
}

static void wait_for_move(void)
{
	while (!moved)
		gup_test_stall("the move to end");
}

/* ---- a fast pin ---- */

static void pin_and_write(struct gup_test *t)
{
	struct gup_page *pages[PAGES];
	int nr = gup_pin_user_pages_fast(gup_test_mm(t), addr, PAGES, GUP_WRITE, pages);
	bool ours[PAGES] = { false };

	gup_test_note("pin = %d", nr);
	for (int i = 0; i < nr; i++) {
		ours[i] = bytes_are(gup_page_address(gup_test_machine(t), pages[i]), (unsigned int)i, 0);
		if (!ours[i])
			continue; /* of the mapping that came after */
		gup_test_pattern(gup_page_address(gup_test_machine(t), pages[i]), addr + (uint64_t)i * PAGE, PAGE / 2,
				 1);
		written[i] = 1;
	}
	wait_for_move();
	for (int i = 0; i < nr; i++)
		if (ours[i] && !app_has(gup_test_mm(t), place(), (unsigned int)i, 1))
			gup_test_fail(t, "what the device wrote to page %d is not where the page is now", i);
	if (nr > 0)
		gup_unpin_user_pages(gup_test_machine(t), pages, (unsigned long)nr);
}

/* Both places, for each kind of memory. */
static void play_both(const char *name, const struct gup_test_play *play, enum gup_test_memory memory)
{
	struct gup_test_play copy = *play;

	if (memory == GUP_TEST_HUGE)
		copy.begin = map_huge;
	distance = FAR;
	play_clean(name, &copy, memory);
	distance = FAR + GUP_HUGE_SIZE - PAGE;
	play_clean(name, &copy, memory);
}

static void pin_against_mremap(void **state)
{
	struct gup_test_play play = { .begin = map_buffer,
				      .actors = { { "pin", pin_and_write }, { "mremap", move_and_map } },
				      .end = everything_is_there,
				      .count = 300 };

	(void)state;
	play_both("pin", &play, GUP_TEST_ANON);
	play_both("pin, 16K", &play, GUP_TEST_FOLIO);
	play_both("pin, 2M", &play, GUP_TEST_HUGE);
}

/* ---- migration, which holds no mmap_lock: both of its walks find each entry in one of two mappings ---- */

/* A long-term pin moves the page first. The look at the end is an actor's, too: there it is found if it waits for ever. */
static void pin_for_long(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	struct gup_frame_info info;
	struct gup_page *page;

	if (gup_pin_user_pages_fast(gup_test_mm(t), addr, 1, GUP_WRITE | GUP_LONGTERM, &page) != 1) {
		wait_for_move();
		everything_is_there(t);
		return;
	}
	gup_frame_info(m, gup_page_to_pfn(m, page), &info);
	if (!info.longterm_ok)
		gup_test_fail(t, "a long-term pin rests where it may not");
	gup_test_pattern(gup_page_address(m, page), addr, PAGE / 2, 1);
	written[0] = 1;
	wait_for_move();
	everything_is_there(t);
	gup_unpin_user_pages(m, &page, 1);
}

static void longterm_pin_against_mremap(void **state)
{
	struct gup_test_play play = { .begin = map_buffer,
				      .actors = { { "pin", pin_for_long }, { "mremap", move } },
				      .end = everything_is_there,
				      .explore = 1,
				      .count = 100 };

	(void)state;
	play_both("long, movable", &play, GUP_TEST_MOVABLE);
	play_both("long, 16K", &play, GUP_TEST_FOLIO);
}

static void allocate(struct gup_test *t)
{
	struct gup_page *area;
	int err = gup_cma_alloc(gup_test_machine(t), "lent", GUP_HUGE_SIZE, 0, SECOND, &area, NULL);

	gup_test_note("cma_alloc = %d", err);
	if (err) {
		gup_test_fail(t, "the area was not given: %d", err);
		return;
	}
	memset(gup_page_address(gup_test_machine(t), area), 0xee, GUP_HUGE_SIZE);
	wait_for_move();
	everything_is_there(t);
	gup_cma_free(gup_test_machine(t), area, GUP_HUGE_SIZE);
}

static void cma_against_mremap(void **state)
{
	struct gup_test_play play = { .begin = map_buffer,
				      .actors = { { "camera", allocate }, { "mremap", move } },
				      .end = everything_is_there,
				      .count = 200 };

	(void)state;
	play_both("cma", &play, GUP_TEST_CMA);
}

/* ---- a large folio becomes small ones, with its entries where they are ---- */

static void split(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	struct gup_page *page;

	if (gup_get_user_pages_fast(gup_test_mm(t), addr, 1, 0, &page) != 1)
		return;
	gup_test_note("split = %d", gup_split_folio(m, page, NULL));
	gup_put_page(m, page);
	wait_for_move();
	everything_is_there(t);
}

static void split_against_mremap(void **state)
{
	struct gup_test_play play = { .begin = map_buffer,
				      .actors = { { "split", split }, { "mremap", move } },
				      .end = everything_is_there,
				      .explore = 1,
				      .count = 100 };

	(void)state;
	play_both("split, 16K", &play, GUP_TEST_FOLIO);
	play.explore = 0;
	play.count = 300;
	play_both("split, 2M", &play, GUP_TEST_HUGE);
}

/* ---- fork ---- */

static void fork_and_look(struct gup_test *t)
{
	struct gup_mm *child;
	unsigned int i, here = 0, there = 0;

	if (gup_mm_fork(gup_test_mm(t), "child", &child)) {
		gup_test_fail(t, "no child");
		return;
	}
	for (i = 0; i < PAGES; i++) {
		here += app_has(child, addr, i, 0);
		there += app_has(child, place(), i, 0);
	}
	gup_test_note("%u pages here, %u there", here, there);
	if (!(here == PAGES && !there) && !(there == PAGES && !here))
		gup_test_fail(t, "the child has %u pages here and %u there", here, there);
	wait_for_move();
	gup_copy_to_user(gup_test_mm(t), place(), &(uint8_t){ 0xee }, 1);
	if (!app_has(child, here ? addr : place(), 0, 0))
		gup_test_fail(t, "the child sees what the parent writes");
	gup_mm_destroy(child);
}

static void fork_against_mremap(void **state)
{
	struct gup_test_play play = { .begin = map_buffer,
				      .actors = { { "fork", fork_and_look }, { "mremap", move } },
				      .count = 300 };

	(void)state;
	play_both("fork", &play, GUP_TEST_ANON);
	play_both("fork, 16K", &play, GUP_TEST_FOLIO);
	play_both("fork, 2M", &play, GUP_TEST_HUGE);
}

/* ---- truncate: no entry of the file is left at either place ---- */

static int map_file(struct gup_test *t)
{
	struct gup_map_request map = { 0, PAGES * PAGE, RW, GUP_MAP_SHARED, NULL, 0 };
	int64_t at;

	bytes = PAGES * PAGE;
	moved = false;
	if (gup_dax_file_create(gup_test_machine(t), "pmem", bytes, &file))
		return -GUP_ENOMEM;
	map.object = file;
	at = gup_mmap(gup_test_mm(t), &map);
	addr = (uint64_t)at;
	return at < 0 ? (int)at : gup_populate(gup_test_mm(t), addr, bytes);
}

static void move_and_write(struct gup_test *t)
{
	unsigned int i;

	remap(t);
	for (i = 0; i < PAGES; i++)
		gup_copy_to_user(gup_test_mm(t), place() + i * PAGE, &(uint8_t){ 0xee }, 1);
	moved = true;
}

static void truncate_and_reuse(struct gup_test *t)
{
	uint8_t page[PAGE], zero[PAGE] = { 0 };
	struct gup_object *next;

	if (gup_object_truncate(file, 0, SECOND, NULL))
		gup_test_fail(t, "truncate waited for ever");
	if (gup_dax_file_create(gup_test_machine(t), "pmem", bytes, &next))
		return;
	wait_for_move();
	for (uint64_t at = 0; at < bytes; at += PAGE)
		if (gup_object_read(next, at, page, PAGE) != (int64_t)PAGE || memcmp(page, zero, PAGE))
			gup_test_fail(t, "a new file is not empty at %llu", (unsigned long long)at);
	gup_object_put(next);
}

static void put_file(struct gup_test *t)
{
	(void)t;
	gup_object_put(file);
}

static void truncate_against_mremap(void **state)
{
	struct gup_test_play play = { .begin = map_file,
				      .actors = { { "truncate", truncate_and_reuse }, { "mremap", move_and_write } },
				      .end = put_file,
				      .explore = 1,
				      .count = 100 };

	(void)state;
	play_both("truncate", &play, GUP_TEST_DAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pin_against_mremap),	cmocka_unit_test(longterm_pin_against_mremap),
		cmocka_unit_test(split_against_mremap), cmocka_unit_test(cma_against_mremap),
		cmocka_unit_test(fork_against_mremap),	cmocka_unit_test(truncate_against_mremap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
