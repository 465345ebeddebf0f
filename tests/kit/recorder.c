/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kit/recorder.c - the driver: take the application's pages, let the device write to them, let go.
 *
 *	prepare      memory of the driver's own, what the application wants, the limit
 *	take_pages   pin, all or nothing
 *	start_io     a table for the device, DMA mappings
 *	device       writes
 *	stop_io      unmap, unpin
 */
#include <string.h>

#include "recorder.h"

#define AT(call) (lines[call] = __LINE__)
#define HERE __builtin_extract_return_addr(__builtin_return_address(0))
#define PAGE GUP_PAGE_SIZE
#define LIMIT PAGES /* that may be in use */

enum mistake mistake;
unsigned int recorder_flags = GUP_WRITE;
unsigned int lines[NR_CALLS];
static bool busy;
static unsigned int in_use;

struct recording {
	uint64_t addr;
	long pinned;
	struct gup_page *pages[PAGES];
	uint64_t *table; /* DMA addresses, for the device */
	unsigned int mapped;
};

void recorder_reset(void)
{
	busy = false;
	in_use = 0;
}

static __attribute__((noinline)) void *allocate(struct gup_test *t, size_t bytes)
{
	return gup_test_alloc(t, bytes, HERE);
}

static __attribute__((noinline)) void release(struct gup_test *t, void *p)
{
	gup_test_free(t, p, HERE);
}

/* What copy_from_user() and copy_to_user() of a driver are. */
static int copy(struct gup_test *t)
{
	return gup_test_fails(t, GUP_TEST_FAIL_COPY) ? -GUP_EFAULT : 0;
}

static bool charge(struct gup_test *t)
{
	if (in_use + PAGES > LIMIT || gup_test_fails(t, GUP_TEST_FAIL_LIMIT))
		return false;
	in_use += PAGES;
	return true;
}

static void unpin(struct gup_test *t, struct recording *r)
{
	struct gup_machine *m = gup_test_machine(t);
	bool dirty = recorder_flags & GUP_WRITE;

	if (mistake == PUT_FOR_UNPIN)
		(void)(AT(CALL_PUT), gup_put_pages(m, r->pages, (unsigned long)r->pinned));
	else
		(void)(AT(CALL_UNPIN), gup_unpin_user_pages_dirty_lock(m, r->pages, (unsigned long)r->pinned, dirty));
	if (mistake == UNPIN_TWICE)
		(void)(AT(CALL_UNPIN_AGAIN), gup_unpin_user_pages(m, r->pages, (unsigned long)r->pinned));
}

static int take_pages(struct gup_test *t, struct recording *r)
{
	struct gup_mm *mm = gup_test_mm(t);

	r->pinned = (AT(CALL_PIN), gup_pin_user_pages_fast(mm, r->addr, PAGES, recorder_flags, r->pages));
	if (r->pinned == PAGES)
		return 0;
	if (r->pinned < 0)
		return (int)r->pinned;
	if (mistake != PIN_LEFT_ON_SHORT)
		unpin(t, r);
	return -GUP_EFAULT;
}

static void unmap(struct gup_test *t, struct recording *r)
{
	unsigned int i;

	if (mistake == DMA_LEFT)
		return;
	if (mistake == UNMAP_SHORT)
		(void)(AT(CALL_UNMAP_AGAIN), gup_test_dma_unmap(t, r->table[0], PAGE / 2));
	for (i = 0; i < r->mapped; i++)
		(void)(AT(CALL_UNMAP), gup_test_dma_unmap(t, r->table[i], PAGE));
	if (mistake == UNMAP_TWICE)
		(void)(AT(CALL_UNMAP_AGAIN), gup_test_dma_unmap(t, r->table[0], PAGE));
}

static int map(struct gup_test *t, struct recording *r)
{
	bool write = mistake != WRITE_READ_ONLY && recorder_flags & GUP_WRITE;

	for (r->mapped = 0; r->mapped < PAGES; r->mapped++) {
		struct gup_page *page = r->pages[r->mapped];
		uint64_t dma = (AT(CALL_MAP), gup_test_dma_map(t, page, 0, PAGE, write));

		if (dma == GUP_TEST_DMA_ERROR) {
			unmap(t, r);
			return -GUP_ENOMEM;
		}
		r->table[r->mapped] = dma;
	}
	return 0;
}

static void device_write(struct gup_test *t, const struct recording *r, unsigned int i)
{
	uint8_t data[PAGE];

	gup_test_pattern(data, r->addr + i * PAGE, PAGE, RECORDED);
	(void)(AT(CALL_WRITE), gup_test_dma_write(t, r->table[i], data, PAGE));
}

static void device_read(struct gup_test *t, uint64_t dma, uint64_t bytes)
{
	uint8_t data[2 * PAGE];

	(void)(AT(CALL_READ), gup_test_dma_read(t, dma, data, bytes));
}

/* The device does a page, with the table that it was given. */
static void device(struct gup_test *t, const struct recording *r, unsigned int i)
{
	uint8_t data[PAGE], expected[PAGE];

	if (recorder_flags & GUP_WRITE) {
		device_write(t, r, i);
		return;
	}
	gup_test_pattern(expected, r->addr + i * PAGE, PAGE, 0);
	if (!gup_test_dma_read(t, r->table[i], data, PAGE) && memcmp(data, expected, PAGE) != 0)
		gup_test_fail(t, "the device read something else");
}

static void free_table(struct gup_test *t, struct recording *r)
{
	if (mistake == ALLOC_LEFT)
		return;
	(void)(AT(CALL_FREE), release(t, r->table));
	if (mistake == FREE_TWICE)
		(void)(AT(CALL_FREE_AGAIN), release(t, r->table));
	if (mistake == FREE_NOTHING_OF_OURS)
		(void)(AT(CALL_FREE_AGAIN), release(t, r));
}

static int start_io(struct gup_test *t, struct recording *r)
{
	int err;

	r->table = (AT(CALL_ALLOC), allocate(t, PAGES * sizeof(*r->table)));
	if (!r->table)
		return -GUP_ENOMEM;
	err = map(t, r);
	if (err)
		free_table(t, r);
	return err;
}

/* The application lets go of its memory and another one gets the frame. */
static void hand_over(struct gup_test *t, const struct recording *r)
{
	static const struct gup_map_request request = { .length = 64 * PAGE,
							.prot = GUP_PROT_READ | GUP_PROT_WRITE,
							.flags = GUP_MAP_PRIVATE | GUP_MAP_POPULATE };
	struct gup_mm *other;

	gup_munmap(gup_test_mm(t), r->addr, PAGES * PAGE);
	if (!gup_mm_create(gup_test_machine(t), "app B", &other))
		(void)gup_mmap(other, &request);
}

static void stop_io(struct gup_test *t, struct recording *r)
{
	uint64_t dma = r->table[0];

	if (mistake == WRITE_AFTER_UNPIN || mistake == WRITE_TO_ANOTHER) {
		unpin(t, r);
		if (mistake == WRITE_TO_ANOTHER)
			hand_over(t, r);
		device_write(t, r, 0);
		unmap(t, r);
	} else {
		unmap(t, r);
		if (mistake == READ_AFTER_UNMAP)
			device_read(t, dma, 16);
		unpin(t, r);
	}
	free_table(t, r);
}

static void own_pages(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	struct gup_page *page;

	if (!gup_cma_alloc(m, "kernel", 2 * PAGE, 0, 0, &page, NULL) && mistake != CMA_LEFT)
		gup_cma_free(m, page, 2 * PAGE);
}

static int io(struct gup_test *t, struct recording *r)
{
	unsigned int i;
	int err = start_io(t, r);

	if (err) {
		if (err != -GUP_ENOMEM || mistake != PIN_LEFT_ON_ALLOC)
			unpin(t, r);
		return err;
	}
	for (i = 0; i < PAGES; i++)
		device(t, r, i);
	if (mistake == READ_NOWHERE)
		device_read(t, 0x1000, 16);
	if (mistake == READ_TOO_FAR)
		device_read(t, r->table[0] + 16, PAGE);
	err = copy(t); /* how it went, to the application */
	if (err && mistake == PIN_LEFT_ON_COPY) {
		unmap(t, r);
		free_table(t, r);
	} else {
		stop_io(t, r);
	}
	return err;
}

static int record(struct gup_test *t, struct recording *r)
{
	int err = copy(t); /* what is wanted, from the application */

	if (err)
		return err;
	if (!charge(t))
		return -GUP_ENOMEM;
	err = take_pages(t, r);
	if (!err)
		err = io(t, r);
	if (!err || mistake != LIMIT_COUNTED_TWICE)
		in_use -= PAGES;
	return err;
}

int recorder_record(struct gup_test *t, uint64_t addr)
{
	struct recording *r = gup_test_alloc(t, sizeof(*r), HERE);
	int err;

	if (!r)
		return -GUP_ENOMEM;
	r->addr = addr;
	if (busy) {
		gup_test_free(t, r, HERE);
		return -GUP_EBUSY;
	}
	busy = true;
	own_pages(t);
	err = record(t, r);
	busy = err && mistake == BUSY_AFTER_FAILURE;
	gup_test_free(t, r, HERE);
	return mistake == ERROR_WITHOUT_FAILURE ? -EIO : err;
}

int recorder_play(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int err;

	if (!addr)
		return -GUP_ENOMEM;
	err = recorder_record(t, addr);
	if (!err && mistake != WRITE_TO_ANOTHER && mistake != WRITE_READ_ONLY)
		gup_test_expect(t, NULL, addr, PAGES * PAGE, recorder_flags & GUP_WRITE ? RECORDED : 0);
	return err;
}
