/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_hfi1_pin_system.c - drivers/infiniband/hw/hfi1/pin_system.c: what a process sends, from a cache of
 * pinned ranges (mmu_rb.c, user_pages.c).
 */
#include "others.h"

#include "packet.h"

/* ---- the cache ---- */

/* What is cached is not pinned again, what comes before it is put before it, what comes behind is a range of its own. */
static int play_cache(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	int ret = open_queue();

	if (ret)
		return ret;
	ret = send(t, addr + 3 * PAGE_SIZE + 100, 5000, 0);
	if (!ret)
		expect_pinned(t, 2, "for 5000 bytes from byte 100");
	if (!ret)
		ret = send(t, addr + 3 * PAGE_SIZE, 2 * PAGE_SIZE, 0);
	if (!ret)
		expect_pinned(t, 2, "for the same pages");
	if (!ret)
		ret = send(t, addr + 8, PAGES * PAGE_SIZE - 16, 0);
	if (!ret)
		expect_pinned(t, PAGES, "for all");
	close_queue(t);
	return ret;
}

/* Two vectors make one packet. */
static int play_vectors(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	struct user_sdma_request request = { .pq = &pq };
	struct user_sdma_iovec vectors[2] = { { .iov = { (void *)(uintptr_t)addr, 1000 } },
					      { .iov = { (void *)(uintptr_t)(addr + 1000), 2 * PAGE_SIZE } } };
	u32 left = 1000 + 5000;
	int ret = open_queue();

	if (ret)
		return ret;
	ret = hfi1_add_pages_to_sdma_packet(&request, &packet, vectors, &left);
	if (!ret) {
		expect_sent(t, &packet.txreq, addr, 6000, 0);
		if (left || request.iov_idx != 1 || vectors[1].offset != 5000)
			gup_test_fail(t, "the second vector is at %llu", vectors[1].offset);
	}
	release(t);
	return ret;
}

/* What is being sent stays pinned when it is unmapped, and is let go of afterwards. */
static int play_unmap_sent(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	int ret = acquire(t, addr, PAGES);

	if (ret)
		return ret;
	ret = gup_munmap(gup_test_mm(t), addr + PAGE_SIZE, PAGE_SIZE);
	run_work();
	expect_pinned(t, PAGES, "while it is sent");
	expect_sent(t, &packet.txreq, addr, PAGES * PAGE_SIZE, 0);
	packet_done(&packet.txreq);
	run_work();
	expect_pinned(t, ret ? PAGES : 0, "when it was sent");
	close_queue(t);
	return ret;
}

static int play_exit(struct gup_test *t)
{
	int ret = acquire_and_exit(t, acquire);

	if (ret)
		return ret;
	expect_pinned(t, PAGES, "after the exit");
	release(t);
	expect_pinned(t, 0, "after the close");
	return 0;
}

static void cache(void **state)
{
	enum gup_test_memory memory;

	(void)state;
	driver_scene("cache");
	for (memory = GUP_TEST_ANON; memory <= GUP_TEST_SHARED; memory++) {
		driver_run(memory, play_cache);
		driver_run(memory, play_vectors);
		driver_run(memory, play_unmap_sent);
		driver_run(memory, play_exit);
	}
	driver_fail_each(GUP_TEST_ANON, play_cache);
	driver_fail_each(GUP_TEST_ANON, play_vectors);
	driver_fail_each(GUP_TEST_ANON, play_unmap_sent);
}

/* ---- the limit ---- */

/* A quarter of 32 pages: the oldest ranges make place. */
static int play_evict(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES), more = gup_test_buffer(t, NULL, PAGES);
	int ret = open_queue();

	if (ret)
		return ret;
	gup_linux_set_limit(4 * PAGES * PAGE_SIZE);
	ret = send(t, addr, PAGES / 2 * PAGE_SIZE, 0);
	if (!ret)
		ret = send(t, addr + PAGES / 2 * PAGE_SIZE, PAGES / 2 * PAGE_SIZE, 0);
	if (!ret)
		expect_pinned(t, PAGES, "at the limit");
	if (!ret)
		ret = send(t, more, PAGE_SIZE, 0);
	if (!ret)
		expect_pinned(t, PAGES / 2 + 1, "when a range was evicted");
	gup_linux_set_limit(RLIM_INFINITY);
	close_queue(t);
	return ret;
}

/* What cannot be evicted is not in the way: it is pinned whatever the limit says. */
static int play_limit(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	int ret = open_queue();

	if (ret)
		return ret;
	gup_linux_set_limit(PAGE_SIZE);
	ret = add_to(&packet, addr, PAGES * PAGE_SIZE);
	if (ret != -ENOMEM || pinned(t))
		gup_test_fail(t, "a limit of 1 page: %d, and %llu pages are pinned", ret, pinned(t));
	gup_linux_set_limit(RLIM_INFINITY);
	release(t);
	return 0;
}

static void limits(void **state)
{
	(void)state;
	driver_scene("limit");
	driver_run(GUP_TEST_ANON, play_evict);
	driver_run(GUP_TEST_ANON, play_limit);
}

/* ---- a range that the cache does not take ---- */

/* A child has the file of its parent, and sends. */
static int play_child(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	int ret = open_queue();
	struct gup_mm *child;
	struct task_struct *task;

	if (ret || gup_mm_fork(gup_test_mm(t), "child", &child))
		return -ENOMEM;
	task = gup_linux_task(child, "child");
	gup_linux_become(task);
	if (send(t, addr, PAGE_SIZE, 0) != -EPERM)
		gup_test_fail(t, "a child sends with its parent's file");
	return 0;
}

/* What the parent has cached, a child sends: of the parent's memory. */
static int play_child_reads(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	struct task_struct *before = current, *task;
	struct gup_mm *child;
	char bytes[PAGE_SIZE];
	int ret = open_queue();

	if (ret || gup_mm_fork(gup_test_mm(t), "child", &child))
		return -ENOMEM;
	gup_test_pattern(bytes, addr, PAGE_SIZE, 1);
	if (gup_copy_to_user(gup_test_mm(t), addr, bytes, PAGE_SIZE))
		gup_test_fail(t, "the parent cannot write");
	ret = send(t, addr, PAGE_SIZE, 1);
	task = gup_linux_task(child, "child");
	gup_linux_become(task);
	if (!ret)
		ret = send(t, addr, PAGE_SIZE, 0);
	gup_linux_become(before);
	gup_linux_exit(task);
	close_queue(t);
	return ret;
}

static u64 race_addr;

static int begin_open(struct gup_test *t)
{
	race_addr = gup_test_buffer(t, NULL, PAGES);
	return open_queue();
}

static void race_send(struct gup_test *t)
{
	send(t, race_addr, PAGES * PAGE_SIZE, 0);
}

static void end_open(struct gup_test *t)
{
	close_queue(t);
}

static void child_sends_its_parents_memory(void **state)
{
	(void)state;
	driver_scene("child");
	driver_run(GUP_TEST_ANON, play_child_reads);
}

static void a_child_stops_the_kernel(void **state)
{
	(void)state;
	assert_true(driver_dies(GUP_TEST_ANON, play_child, NULL, __func__));
}

static void two_senders_stop_the_kernel(void **state)
{
	static const struct gup_test_play play = { .begin = begin_open,
						   .actors = { { "one", race_send }, { "other", race_send } },
						   .end = end_open };

	(void)state;
	assert_true(driver_dies(GUP_TEST_ANON, NULL, &play, __func__));
}

/* ---- at once ---- */

static void race_remap(struct gup_test *t)
{
	struct gup_map_request map = { .addr = race_addr,
				       .length = PAGES * PAGE_SIZE,
				       .prot = GUP_PROT_READ | GUP_PROT_WRITE,
				       .flags = GUP_MAP_PRIVATE | GUP_MAP_FIXED };
	char bytes[PAGES * PAGE_SIZE];

	gup_test_pattern(bytes, race_addr, sizeof(bytes), 7);
	if (gup_mmap(gup_test_mm(t), &map) < 0 || gup_copy_to_user(gup_test_mm(t), race_addr, bytes, sizeof(bytes)))
		gup_test_fail(t, "the range cannot be replaced");
}

/* Which of the two memories it sends is the process's own fault. */
static void race_send_any(struct gup_test *t)
{
	(void)t;
	add_to(&packet, race_addr, PAGES * PAGE_SIZE);
	packet_done(&packet.txreq);
}

static void race_work(struct gup_test *t)
{
	(void)t;
	run_work();
}

/* All is quiet again: what is sent now is what is mapped now. */
static void end_remapped(struct gup_test *t)
{
	run_work();
	send(t, race_addr, PAGES * PAGE_SIZE, 7);
	close_queue(t);
}

static void race_unmap(struct gup_test *t)
{
	if (gup_munmap(gup_test_mm(t), race_addr + PAGE_SIZE, PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
}

static int begin_cached(struct gup_test *t)
{
	race_addr = gup_test_buffer(t, NULL, PAGES);
	return acquire(t, race_addr, PAGES);
}

static void race_done(struct gup_test *t)
{
	(void)t;
	packet_done(&packet.txreq);
}

static void end_done(struct gup_test *t)
{
	run_work();
	expect_pinned(t, 0, "when all is done");
	close_queue(t);
}

static void at_once(void **state)
{
	static const struct gup_test_play plays[] = {
		{ .begin = begin_cached,
		  .actors = { { "card", race_done }, { "unmap", race_unmap }, { "work", race_work } },
		  .end = end_done,
		  .count = 500 },
		{ .begin = begin_open,
		  .actors = { { "send", race_send_any }, { "remap", race_remap }, { "work", race_work } },
		  .end = end_remapped,
		  .count = 500 },
	};

	(void)state;
	driver_scene("at once");
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++)
		driver_schedules(GUP_TEST_ANON, &plays[i]);
}

int main(void)
{
	static const struct known known[] = {
		/* pin_system_pages() goes on when it could evict too little. */
		{ GUP_TEST_FAILED, "a limit of 1 page: 0, and 8 pages are pinned", "limit" },
		/* find_system_node() does not ask whose memory a range is of. */
		{ GUP_TEST_FAILED, "byte 0 of what is sent is not the user's", "child" },
		/* add_system_pinning() does not see what changes between its pin and its insertion. */
		{ GUP_TEST_FAILED, "byte 0 of what is sent is not the user's", "at once" },
		{ GUP_TEST_NR_FINDINGS, NULL, NULL },
	};
	static const struct driver driver = {
		.name = "hfi1/pin_system.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.dma = dma_of,
		.reads = true,
		.lets_go = true,
		.no_limit = true, /* a test of its own: the limit is for a quarter */
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache),
		cmocka_unit_test(limits),
		cmocka_unit_test(child_sends_its_parents_memory),
		cmocka_unit_test(a_child_stops_the_kernel),
		cmocka_unit_test(two_senders_stop_the_kernel),
		cmocka_unit_test(at_once),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
