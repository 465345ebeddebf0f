/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/test_plays.c - the core in many orders: a fast pin against what it has to get on with.
 *
 * Each play ends with the kit's look at what is left and the machine check. In between, bytes decide: what a device
 * writes to a pinned frame is read by the application as long as it maps that page, and by nobody else, ever.
 */
#include "play.h"

#define PAGES 3u
#define DAX_BYTES (UINT64_C(64) << 10)

static uint64_t addr;
static struct gup_object *file;
static unsigned int others; /* actors besides the one that pins, still to end */

/* What is pinned stays so while the others do all that they have left to do. */
static void hold(void)
{
	while (others)
		gup_test_stall("the others to end");
}

static int map_buffer(struct gup_test *t)
{
	others = 1;
	addr = gup_test_buffer(t, NULL, PAGES);
	return addr ? 0 : -GUP_ENOMEM;
}

/* First half of a page by address; the second half is the applications'. */
static bool frame_is(struct gup_test *t, struct gup_page *page, uint64_t at, uint32_t tag)
{
	uint8_t want[PAGE / 2];

	gup_test_pattern(want, at, sizeof(want), tag);
	return !memcmp(want, gup_page_address(gup_test_machine(t), page), sizeof(want));
}

static void device_writes(struct gup_test *t, struct gup_page *page, uint64_t at, uint32_t tag)
{
	gup_test_pattern(gup_page_address(gup_test_machine(t), page), at, PAGE / 2, tag);
}

/* ---- pin against unmap, with somebody who wants the frames ---- */

static void pin_and_look(struct gup_test *t)
{
	struct gup_page *pages[PAGES];
	int nr = gup_pin_user_pages_fast(gup_test_mm(t), addr, PAGES, GUP_WRITE, pages);

	for (int i = 0; i < nr; i++) {
		if (!frame_is(t, pages[i], addr + (uint64_t)i * PAGE, 0))
			gup_test_fail(t, "pinned page %d is not what the application had", i);
		device_writes(t, pages[i], addr + (uint64_t)i * PAGE, 1);
	}
	hold();
	for (int i = 0; i < nr; i++)
		if (!frame_is(t, pages[i], addr + (uint64_t)i * PAGE, 1))
			gup_test_fail(t, "somebody else wrote to pinned page %d", i);
	if (nr > 0)
		gup_unpin_user_pages(gup_test_machine(t), pages, (unsigned long)nr);
}

static void unmap_and_reuse(struct gup_test *t)
{
	struct gup_mm *mm = gup_test_mm(t), *other;
	struct gup_map_request map = { 0, PAGES * PAGE, GUP_PROT_READ | GUP_PROT_WRITE, GUP_MAP_PRIVATE, NULL, 0 };
	uint8_t bytes[PAGE] = { 0 };
	int64_t at;

	gup_munmap(mm, addr, PAGES * PAGE);
	if (gup_mm_create(gup_test_machine(t), "other", &other)) {
		gup_test_fail(t, "no other application");
		return;
	}
	at = gup_mmap(other, &map);
	for (unsigned int i = 0; i < PAGES; i++)
		gup_copy_to_user(other, (uint64_t)at + i * PAGE, bytes, 8);
	for (unsigned int i = 0; i < PAGES; i++) {
		gup_copy_from_user(other, bytes, (uint64_t)at + i * PAGE, PAGE);
		for (unsigned int j = 0; j < PAGE; j++)
			if (bytes[j])
				gup_test_fail(t, "byte %u of new page %u is not zero", j, i);
	}
	gup_mm_destroy(other);
	others--;
}

static void pin_against_unmap(void **state)
{
	struct gup_test_play play = { .begin = map_buffer,
				      .actors = { { "pin", pin_and_look }, { "unmap", unmap_and_reuse } },
				      .count = 400 };

	(void)state;
	play_clean("unmap", &play, GUP_TEST_ANON);
}

/* ---- pin against fork ---- */

static bool pinned_for_good;

static int map_for_two(struct gup_test *t)
{
	int err = map_buffer(t);

	pinned_for_good = false;
	others = 2;
	return err;
}

static int map_for_fork(struct gup_test *t)
{
	pinned_for_good = false;
	return map_buffer(t);
}

static void pin_and_write(struct gup_test *t)
{
	struct gup_page *page;

	if (gup_pin_user_pages_fast(gup_test_mm(t), addr, 1, GUP_WRITE, &page) != 1)
		return;
	hold();
	device_writes(t, page, addr, 1);
	gup_test_expect(t, NULL, addr, PAGE / 2, 1);
	pinned_for_good = true;
	gup_unpin_user_pages_dirty_lock(gup_test_machine(t), &page, 1, true);
}

/* A pin for reading: what the application writes afterwards is what the device sees. */
static void pin_and_read(struct gup_test *t)
{
	struct gup_page *page;

	if (gup_pin_user_pages_fast(gup_test_mm(t), addr, 1, 0, &page) != 1)
		return;
	hold();
	gup_copy_to_user(gup_test_mm(t), addr + PAGE - 2, &(uint8_t){ 0x5a }, 1);
	if (((uint8_t *)gup_page_address(gup_test_machine(t), page))[PAGE - 2] != 0x5a)
		gup_test_fail(t, "the device does not see what the application writes to a pinned page");
	gup_unpin_user_pages(gup_test_machine(t), &page, 1);
}

static void fork_and_write(struct gup_test *t)
{
	struct gup_mm *child;
	uint8_t before = 0, after = 0;

	if (gup_mm_fork(gup_test_mm(t), "child", &child)) {
		gup_test_fail(t, "no child");
		return;
	}
	gup_copy_from_user(child, &before, addr + PAGE - 1, 1);
	gup_copy_to_user(gup_test_mm(t), addr + PAGE - 1, &(uint8_t){ (uint8_t)~before }, 1);
	gup_copy_from_user(child, &after, addr + PAGE - 1, 1);
	if (before != after)
		gup_test_fail(t, "the child sees what the parent writes");
	gup_mm_destroy(child);
	others--;
}

static void end_of_fork(struct gup_test *t)
{
	gup_test_expect(t, NULL, addr, PAGE / 2, pinned_for_good ? 1 : 0);
}

static void pin_against_fork(void **state)
{
	struct gup_test_play play = { .begin = map_for_fork,
				      .actors = { { "pin", pin_and_write }, { "fork", fork_and_write } },
				      .end = end_of_fork,
				      .count = 400 };

	(void)state;
	play_clean("fork", &play, GUP_TEST_ANON);
}

static void read_pin_against_fork(void **state)
{
	struct gup_test_play play = { .begin = map_for_fork,
				      .actors = { { "pin", pin_and_read }, { "fork", fork_and_write } },
				      .count = 400 };

	(void)state;
	play_clean("fork, read", &play, GUP_TEST_ANON);
}

/* ---- pin against migration ---- */

static void move(struct gup_test *t)
{
	gup_migrate_range(gup_test_mm(t), addr, PAGES * PAGE, NULL);
	others--;
}

static void pin_against_migration(void **state)
{
	struct gup_test_play play = { .begin = map_for_fork,
				      .actors = { { "pin", pin_and_write }, { "move", move } },
				      .end = end_of_fork,
				      .count = 400 };

	(void)state;
	play_clean("migrate", &play, GUP_TEST_ANON);
	play_clean("migrate, shared", &play, GUP_TEST_SHARED);
}

static void pin_fork_and_migration(void **state)
{
	struct gup_test_play play = {
		.begin = map_for_two,
		.actors = { { "pin", pin_and_write }, { "fork", fork_and_write }, { "move", move } },
		.end = end_of_fork,
		.count = 300
	};

	(void)state;
	play_clean("fork and migrate", &play, GUP_TEST_ANON);
}

/* ---- pin against truncate of a DAX file: its blocks go to another file ---- */

static int map_file(struct gup_test *t)
{
	struct gup_map_request map = { 0, PAGES * PAGE, GUP_PROT_READ | GUP_PROT_WRITE, GUP_MAP_SHARED, NULL, 0 };
	int64_t at;

	if (gup_dax_file_create(gup_test_machine(t), "pmem", DAX_BYTES, &file))
		return -GUP_ENOMEM;
	map.object = file;
	at = gup_mmap(gup_test_mm(t), &map);
	addr = (uint64_t)at;
	return at < 0 ? (int)at : gup_populate(gup_test_mm(t), addr, PAGES * PAGE);
}

static void pin_block(struct gup_test *t)
{
	struct gup_page *page;

	if (gup_pin_user_pages_fast(gup_test_mm(t), addr, 1, GUP_WRITE, &page) != 1)
		return;
	gup_test_point();
	device_writes(t, page, addr, 1);
	gup_unpin_user_pages(gup_test_machine(t), &page, 1);
}

static void truncate_and_reuse(struct gup_test *t)
{
	struct gup_object *next;
	uint8_t bytes[PAGE];

	if (gup_object_truncate(file, 0, 1000000000, NULL))
		gup_test_fail(t, "truncate waited for ever");
	if (gup_dax_file_create(gup_test_machine(t), "pmem", DAX_BYTES, &next))
		return;
	for (uint64_t at = 0; at < DAX_BYTES; at += PAGE) {
		gup_object_read(next, at, bytes, PAGE);
		for (unsigned int i = 0; i < PAGE; i++)
			if (bytes[i])
				gup_test_fail(t, "byte %u at %llu of a new file is not zero", i,
					      (unsigned long long)at);
	}
	gup_object_put(next);
}

static void put_file(struct gup_test *t)
{
	(void)t;
	gup_object_put(file);
}

static void pin_against_truncate(void **state)
{
	struct gup_test_play play = { .begin = map_file,
				      .actors = { { "pin", pin_block }, { "truncate", truncate_and_reuse } },
				      .end = put_file,
				      .count = 400 };

	(void)state;
	play_clean("truncate", &play, GUP_TEST_DAX);
}

/* ---- a long-term pin against a CMA allocation of the place where its page is ---- */

static void pin_for_long(struct gup_test *t)
{
	struct gup_page *page;
	struct gup_frame_info info;

	if (gup_pin_user_pages_fast(gup_test_mm(t), addr, 1, GUP_WRITE | GUP_LONGTERM, &page) != 1)
		return;
	gup_frame_info(gup_test_machine(t), gup_page_to_pfn(gup_test_machine(t), page), &info);
	if (!info.longterm_ok)
		gup_test_fail(t, "a long-term pin rests where it may not");
	device_writes(t, page, addr, 1);
	gup_test_expect(t, NULL, addr, PAGE / 2, 1);
	pinned_for_good = true;
	gup_unpin_user_pages(gup_test_machine(t), &page, 1);
}

static void allocate(struct gup_test *t)
{
	struct gup_page *area;
	int err = gup_cma_alloc(gup_test_machine(t), "lent", GUP_HUGE_SIZE, 0, 1000000000, &area, NULL);

	if (err)
		gup_test_fail(t, "the area was not given: %d", err);
	else
		gup_cma_free(gup_test_machine(t), area, GUP_HUGE_SIZE);
}

static void longterm_pin_against_cma(void **state)
{
	struct gup_test_play play = { .begin = map_for_fork,
				      .actors = { { "pin", pin_for_long }, { "camera", allocate } },
				      .end = end_of_fork,
				      .count = 200 };

	(void)state;
	play_clean("cma", &play, GUP_TEST_CMA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pin_against_unmap),	    cmocka_unit_test(pin_against_fork),
		cmocka_unit_test(read_pin_against_fork),    cmocka_unit_test(pin_against_migration),
		cmocka_unit_test(pin_fork_and_migration),   cmocka_unit_test(pin_against_truncate),
		cmocka_unit_test(longterm_pin_against_cma),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
