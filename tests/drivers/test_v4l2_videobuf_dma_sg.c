/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_v4l2_videobuf_dma_sg.c - drivers/media/v4l2-core/videobuf-dma-sg.c of 6.1: buffers of the user,
 * pin_user_pages(FORCE, WRITE, LONGTERM) and dma_map_sg(); of the kernel, coherent pages under one run of addresses; and
 * of another card on the bus. The queue around it (videobuf-core.c) is here as much as its callers need.
 */
#include "card.h"
#include "others.h"

/* FORCE writes to what the user may only read, if it is the user's own copy. */
static int refuses(enum gup_test_memory memory)
{
	return memory == GUP_TEST_DAX ? -EOPNOTSUPP : 0;
}

/* ---- buffers of the user ---- */

/* Begins and ends within a page: the list has just these bytes. */
static int play_odd(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct videobuf_dmabuf *dma;
	unsigned long bytes = 0;
	int ret;

	init_queue();
	ret = create(V4L2_MEMORY_USERPTR, addr + 104, 2 * PAGE_SIZE, &buffer);
	if (ret)
		return ret;
	dma = videobuf_to_dma(buffer);
	expect_held(t, "two pages across three", 3);
	for (int i = 0; i < dma->sglen; i++)
		bytes += sg_dma_len(&dma->sglist[i]);
	if (dma->sglen != 3 || bytes != 2 * PAGE_SIZE || dma->sglist[0].offset != 104 ||
	    sg_dma_len(&dma->sglist[2]) != 104)
		gup_test_fail(t, "%d entries, %lu bytes", dma->sglen, bytes);
	destroy(buffer);
	expect_held(t, "released", 0);
	return 0;
}

static void odd_sizes(void **state)
{
	(void)state;
	for (int memory = GUP_TEST_ANON; memory <= GUP_TEST_SHARED; memory++)
		driver_run((enum gup_test_memory)memory, play_odd);
	driver_fail_each(GUP_TEST_ANON, play_odd);
}

/* A failed buffer is released as one that succeeded, and can be prepared again. */
static int play_again(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct videobuf_buffer *vb;
	int ret;

	init_queue();
	vb = make(V4L2_MEMORY_USERPTR, addr, BYTES);
	if (!vb)
		return -ENOMEM;
	gup_munmap(gup_test_mm(t), addr + 5 * PAGE_SIZE, 3 * PAGE_SIZE);
	ret = prepare(vb, NULL);
	if (ret != -EINVAL)
		gup_test_fail(t, "a buffer with a hole: %d", ret);
	expect_held(t, "a hole", 0);
	vb->baddr = PAGE_SIZE;
	ret = prepare(vb, NULL);
	if (ret != -EFAULT)
		gup_test_fail(t, "a buffer of nothing: %d", ret);
	vb->baddr = ULONG_MAX - 100;
	ret = prepare(vb, NULL);
	if (ret != -ENOMEM) /* more pages than there can be */
		gup_test_fail(t, "a buffer that wraps: %d", ret);
	vb->baddr = addr;
	vb->bsize = 5 * PAGE_SIZE;
	ret = prepare(vb, NULL);
	expect_held(t, "up to the hole", ret ? 0 : 5);
	if (ret)
		gup_test_fail(t, "up to the hole: %d", ret);
	destroy(vb);
	expect_held(t, "released", 0);
	return 0;
}

static void prepared_again(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_again);
	driver_run(GUP_TEST_CMA, play_again);
}

/* ---- where the pages lie: LONGTERM has moved them out of what others want back ---- */

static struct page *page_of(unsigned int i)
{
	return videobuf_to_dma(buffer)->pages[i];
}

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

/* ---- two threads ---- */

static int make_buffer(struct gup_test *t)
{
	init_queue();
	return share_buffer(t);
}

static void captures(struct gup_test *t)
{
	struct videobuf_buffer *own = NULL;
	int ret = create(V4L2_MEMORY_USERPTR, shared_addr, BYTES, &own);
	char bytes[PAGE_SIZE];

	if (ret && ret != -EFAULT && ret != -EINVAL)
		gup_test_fail(t, "a capture: %d", ret);
	if (ret)
		return;
	for (unsigned int i = 0; i < PAGES; i++) {
		gup_test_pattern(bytes, shared_addr + i * PAGE_SIZE, PAGE_SIZE, 1);
		gup_test_dma_write(t, sg_dma_address(&videobuf_to_dma(own)->sglist[i]), bytes, PAGE_SIZE);
	}
	destroy(own);
}

static void look_at_written(struct gup_test *t)
{
	gup_test_expect(t, NULL, shared_addr, BYTES, 1);
}

static void against_others(void **state)
{
	static const struct gup_test_play plays[] = {
		{ .begin = make_buffer,
		  .actors = { { "capture", captures }, { "munmap", unmap_shared } },
		  .count = 400 },
		{ .begin = make_buffer,
		  .actors = { { "capture", captures }, { "fork", fork_and_exit } },
		  .end = look_at_written,
		  .count = 400 },
		{ .begin = make_buffer,
		  .actors = { { "capture", captures }, { "another", captures } },
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
	static const struct driver driver = {
		.name = "v4l2-core/videobuf-dma-sg.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.dma = dma_of,
		.no_limit = true,
		.refuses = refuses,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_of_lent_memory),
		cmocka_unit_test(odd_sizes),
		cmocka_unit_test(prepared_again),
		cmocka_unit_test(against_others),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
