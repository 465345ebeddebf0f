/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/test_file_plays.c - write-back in many orders: against devices, stores, fork, moves and cuts.
 *
 * Applications and the device write a page as a whole, in one step. The store takes it in two, and others may run
 * between: both must be of one state. When all have ended, one more write-back must leave in the store what the file has.
 */
#include "play.h"

#define PAGES 2u
#define BYTES (PAGES * PAGE)

static uint8_t disk[PAGES][PAGE];
static struct gup_object *file;
static struct gup_test *test;
static uint64_t addr;

static int disk_read(void *context, uint64_t index, void *page)
{
	(void)context;
	memcpy(page, disk[index], PAGE / 2);
	gup_test_point();
	memcpy((uint8_t *)page + PAGE / 2, disk[index] + PAGE / 2, PAGE / 2);
	return 0;
}

static int disk_write(void *context, uint64_t index, const void *page, uint32_t bytes)
{
	(void)context;
	memcpy(disk[index], page, PAGE / 2);
	gup_test_point();
	memcpy(disk[index] + PAGE / 2, (const uint8_t *)page + PAGE / 2, PAGE / 2);
	for (uint32_t i = bytes; i < PAGE; i++)
		if (disk[index][i])
			gup_test_fail(test, "the store has %u behind the end", disk[index][i]);
	if (bytes == PAGE && disk[index][PAGE / 2 - 1] != disk[index][PAGE - 1])
		gup_test_fail(test, "the store has half of %u and half of %u", disk[index][PAGE / 2 - 1],
			      disk[index][PAGE - 1]);
	return 0;
}

static void disk_discard(void *context, uint64_t offset, uint64_t end)
{
	(void)context;
	gup_test_point();
	if (end > BYTES)
		end = BYTES;
	if (offset < end)
		memset((uint8_t *)disk + offset, 0, end - offset);
}

static void fill(struct gup_mm *mm, uint8_t tag)
{
	uint8_t bytes[PAGE];

	memset(bytes, tag, PAGE);
	gup_copy_to_user(mm, addr, bytes, PAGE);
}

static int begin(struct gup_test *t)
{
	static const struct gup_file_ops ops = { disk_read, disk_write, NULL, disk_discard };
	struct gup_file_config config = { .ops = &ops, .bytes = BYTES, .dirty_tracking = true };
	struct gup_map_request map = { .length = BYTES,
				       .prot = GUP_PROT_READ | GUP_PROT_WRITE,
				       .flags = GUP_MAP_SHARED };
	int err;

	memset(disk, 9, sizeof(disk));
	test = t;
	err = gup_file_create(gup_test_machine(t), &config, &file);
	if (err)
		return err;
	map.object = file;
	addr = (uint64_t)gup_mmap(gup_test_mm(t), &map);
	return 0;
}

/* The same with something to write back. */
static int begin_dirty(struct gup_test *t)
{
	int err = begin(t);

	if (!err)
		fill(gup_test_mm(t), 8);
	return err;
}

static void end(struct gup_test *t)
{
	uint8_t bytes[BYTES];

	if (gup_file_sync(file, NULL))
		gup_test_fail(t, "the last write-back failed");
	gup_object_truncate(file, BYTES, 0, NULL);
	gup_object_read(file, 0, bytes, BYTES);
	for (unsigned int i = 0; i < BYTES; i++)
		if (bytes[i] != disk[i / PAGE][i % PAGE]) {
			gup_test_fail(t, "byte %u of the file is %u, and %u in the store", i, bytes[i],
				      disk[i / PAGE][i % PAGE]);
			break;
		}
	gup_munmap(gup_test_mm(t), addr, BYTES);
	gup_object_put(file);
}

/* ---- who acts ---- */

static void device(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	struct gup_page *page;

	for (int tag = 1; tag <= 2; tag++) {
		if (gup_pin_user_pages_fast(gup_test_mm(t), addr, 1, GUP_WRITE, &page) != 1)
			continue;
		memset(gup_page_address(m, page), tag, PAGE);
		gup_test_point();
		memset(gup_page_address(m, page), tag + 10, PAGE);
		gup_unpin_user_page(m, page);
	}
}

/* Pins for reading, and says at the end that it wrote. */
static void late_device(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	struct gup_page *page;

	if (gup_get_user_pages_fast(gup_test_mm(t), addr, 1, GUP_WRITE, &page) != 1)
		return;
	memset(gup_page_address(m, page), 21, PAGE);
	gup_set_page_dirty(m, page);
	gup_put_page(m, page);
}

static void application(struct gup_test *t)
{
	fill(gup_test_mm(t), 3);
	fill(gup_test_mm(t), 4);
}

static void caller(struct gup_test *t)
{
	uint8_t bytes[PAGE];

	(void)t;
	memset(bytes, 5, PAGE);
	gup_object_write(file, 0, bytes, PAGE);
	memset(bytes, 6, PAGE);
	gup_object_write(file, 0, bytes, PAGE);
}

static void child(struct gup_test *t)
{
	struct gup_mm *mm;

	if (gup_mm_fork(gup_test_mm(t), "child", &mm)) {
		gup_test_fail(t, "no child");
		return;
	}
	fill(mm, 7);
	gup_mm_destroy(mm);
}

static void mover(struct gup_test *t)
{
	gup_migrate_range(gup_test_mm(t), addr, BYTES, NULL);
}

static void cutter(struct gup_test *t)
{
	(void)t;
	gup_object_truncate(file, 100, 0, NULL);
	gup_object_truncate(file, BYTES, 0, NULL);
}

/* A file that ends within the page meanwhile: what the device writes behind the end is not in it. */
static int begin_short(struct gup_test *t)
{
	int err = begin_dirty(t);

	if (!err)
		gup_object_truncate(file, 100, 0, NULL);
	return err;
}

static void grower(struct gup_test *t)
{
	(void)t;
	gup_object_truncate(file, BYTES, 0, NULL);
}

static void puncher(struct gup_test *t)
{
	(void)t;
	gup_object_punch(file, 0, PAGE, 0, NULL);
}

static void unmapper(struct gup_test *t)
{
	gup_madvise(gup_test_mm(t), addr, PAGE, GUP_MADV_DONTNEED);
	fill(gup_test_mm(t), 8);
}

static void reader(struct gup_test *t)
{
	gup_populate(gup_test_mm(t), addr, BYTES);
	gup_populate(gup_test_mm(t), addr, BYTES);
}

static void syncer(struct gup_test *t)
{
	if (gup_file_sync(file, NULL) || gup_file_sync(file, NULL))
		gup_test_fail(t, "a write-back failed");
}

static const struct pairing {
	const char *name;
	int (*begin)(struct gup_test *);
	void (*first)(struct gup_test *);
	void (*second)(struct gup_test *);
} pairings[] = {
	{ "a device", begin, device, NULL },
	{ "a device and a dirty page", begin_dirty, device, NULL },
	{ "a late device", begin, late_device, NULL },
	{ "an application", begin_dirty, application, NULL },
	{ "a caller", begin_dirty, caller, NULL },
	{ "fork", begin_dirty, child, application },
	{ "a move", begin_dirty, mover, device },
	{ "truncate", begin_dirty, cutter, device },
	{ "growing", begin_short, grower, device },
	{ "truncate and an application", begin, cutter, application },
	{ "punch", begin_dirty, puncher, application },
	{ "punch and a reader", begin, puncher, reader },
	{ "punch and a device", begin_dirty, puncher, device },
	{ "unmap", begin_dirty, unmapper, device },
	{ "two at once", begin_dirty, syncer, application },
	{ "two at once and a device", begin_dirty, syncer, device },
};

static void write_back_against(void **state)
{
	const struct pairing *p = *state;
	struct gup_test_play play = { .begin = p->begin,
				      .actors = { { "sync", syncer }, { p->name, p->first } },
				      .end = end,
				      .count = 2000,
				      .explore = p->second ? 0 : 1 };

	if (p->second)
		play.actors[2] = (struct gup_test_actor){ "other", p->second };
	play_clean(p->name, &play, GUP_TEST_ANON);
}

#define NR (sizeof(pairings) / sizeof(pairings[0]))

int main(void)
{
	static struct CMUnitTest tests[NR];

	for (size_t i = 0; i < NR; i++)
		tests[i] = (struct CMUnitTest){ pairings[i].name, write_back_against, NULL, NULL,
						(void *)(uintptr_t)&pairings[i] };
	return _cmocka_run_group_tests("file plays", tests, NR, NULL, NULL);
}
