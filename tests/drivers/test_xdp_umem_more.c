/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_xdp_umem_more.c - net/xdp/xdp_umem.c: what it accepts, its references, and a process that exits.
 */
#include "area.h"

static void expect_errno(struct gup_test *t, const char *what, struct xdp_umem_reg reg, int wanted)
{
	int ret = create(reg, &umem);

	if (ret != wanted)
		gup_test_fail(t, "%s: %d instead of %d", what, ret, wanted);
	if (!ret)
		xdp_put_umem(umem, false);
	expect_locked(t, what, 0);
}

/* ---- sizes, chunks, wrapping ---- */

static void play_good_sizes(struct gup_test *t, uint64_t addr)
{
	static const struct {
		u64 len;
		u32 chunk, flags;
		u32 npgs, chunks;
	} good[] = {
		{ 2048, 2048, 0, 1, 1 },
		{ 3 * 2048, 2048, 0, 2, 3 },
		{ 5000, 3000, XDP_UMEM_UNALIGNED_CHUNK_FLAG, 2, 1 },
		{ BYTES - 1, 4096, XDP_UMEM_UNALIGNED_CHUNK_FLAG, PAGES, PAGES - 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int ret = create(
			(struct xdp_umem_reg){
				.addr = addr, .len = good[i].len, .chunk_size = good[i].chunk, .flags = good[i].flags },
			&umem);

		if (ret) {
			gup_test_fail(t, "%llu bytes in chunks of %u: %d", good[i].len, good[i].chunk, ret);
			continue;
		}
		if (umem->npgs != good[i].npgs || umem->chunks != good[i].chunks)
			gup_test_fail(t, "%llu bytes are %u pages, %u chunks", good[i].len, umem->npgs, umem->chunks);
		expect_locked(t, "registered", good[i].npgs);
		xdp_put_umem(umem, false);
		expect_locked(t, "released", 0);
	}
}

/* Address, length, chunk, headroom, flags: what is refused, and what just fits. */
static int play_requests(struct gup_test *t)
{
	const u32 room = 2048 - XDP_PACKET_HEADROOM - 320 - 128;
	const uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	const struct {
		const char *what;
		u64 addr, len;
		u32 chunk, headroom, flags;
		int wanted;
	} requests[] = {
		{ "chunks below 2048", addr, BYTES, 1024, 0, 0, -EINVAL },
		{ "chunks above a page", addr, BYTES, 8192, 0, 0, -EINVAL },
		{ "chunks of 3000, aligned", addr, BYTES, 3000, 0, 0, -EINVAL },
		{ "half a chunk", addr, 3 * 1024, 2048, 0, 0, -EINVAL },
		{ "no chunk", addr, 1000, 2048, 0, 0, -EINVAL },
		{ "nothing", addr, 0, 2048, 0, 0, -EINVAL },
		{ "unknown flags", addr, BYTES, 2048, 0, 1U << 7, -EINVAL },
		{ "no page boundary", addr + 2048, BYTES, 2048, 0, 0, -EINVAL },
		{ "a length that wraps", addr, -(addr - PAGE_SIZE), 2048, 0, 0, -EINVAL },
		{ "more pages than 32 bits", addr, 1ULL << 44, 2048, 0, 0, -EINVAL },
		{ "headroom that leaves no room", addr, BYTES, 2048, room + 1, 0, -EINVAL },
		{ "as much headroom as there is", addr, BYTES, 2048, room, 0, 0 },
		{ "nothing mapped there", PAGE_SIZE, BYTES, 2048, 0, 0, -EFAULT },
		{ "beyond the user's addresses", GUP_USER_TOP, BYTES, 2048, 0, 0, -EFAULT },
	};

	count_from_here();
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		struct xdp_umem_reg reg = reg_of(requests[i].addr, requests[i].len);

		reg.chunk_size = requests[i].chunk;
		reg.headroom = requests[i].headroom;
		reg.flags = requests[i].flags;
		expect_errno(t, requests[i].what, reg, requests[i].wanted);
	}
	play_good_sizes(t, addr);
	return 0;
}

#if GUP_LINUX != 601
static int play_metadata(struct gup_test *t)
{
	static const struct {
		u32 bytes;
		int wanted;
	} metadata[] = { { 8, -EINVAL }, { 16, 0 }, { 20, -EINVAL }, { 248, 0 }, { 256, -EINVAL } };
	struct xdp_umem_reg reg = reg_of(gup_test_buffer(t, NULL, PAGES), BYTES);

	count_from_here();
	reg.flags = XDP_UMEM_TX_METADATA_LEN;
	for (size_t i = 0; i < ARRAY_SIZE(metadata); i++) {
		reg.tx_metadata_len = metadata[i].bytes;
		expect_errno(t, "metadata", reg, metadata[i].wanted);
	}
	return 0;
}
#endif

static void sizes(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_requests);
#if GUP_LINUX != 601
	driver_run(GUP_TEST_ANON, play_metadata);
#endif
}

/* ---- references, and more than one area ---- */

static int play_references(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct xdp_umem *other = NULL;
	int ret;

	count_from_here();
	ret = acquire(t, addr, PAGES);
	if (ret)
		return ret;
	ret = create(reg_of(addr, BYTES), &other);
	if (ret) {
		release(t);
		return ret;
	}
	if (umem->id == other->id)
		gup_test_fail(t, "two areas have the number %d", umem->id);
	expect_locked(t, "the same pages twice", 2 * PAGES);
	xdp_get_umem(umem);
	xdp_put_umem(umem, false);
	expect_locked(t, "a reference went that is not the last", 2 * PAGES);
	xdp_put_umem(umem, true);
	expect_locked(t, "work that has not run", 2 * PAGES);
	gup_linux_run_work();
	expect_locked(t, "work that has run", PAGES);
	xdp_put_umem(other, false);
	xdp_put_umem(NULL, true);
	expect_locked(t, "all released", 0);
	return 0;
}

static void references(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_references);
	driver_fail_each(GUP_TEST_ANON, play_references);
}

/* The socket outlives the process: its pages go by work, after the mm. */
static int play_exit(struct gup_test *t)
{
	struct gup_mm *mm;
	struct task_struct *task, *before = current;
	uint64_t addr;
	int ret;

	if (gup_mm_create(gup_test_machine(t), "child", &mm))
		return -ENOMEM;
	addr = gup_test_buffer(t, mm, PAGES);
	task = gup_linux_task(mm, "child");
	gup_linux_become(task);
	ret = acquire(t, addr, PAGES);
	gup_linux_exit(task);
	gup_linux_become(before);
	if (ret)
		return ret;
	if (driver_held(t, false) != PAGES)
		gup_test_fail(t, "the pages went with the process");
	gup_test_pattern(umem->addrs, addr, BYTES, 7);
	release(t);
	return 0;
}

static void the_process_exits_first(void **state)
{
	(void)state;
	for (int memory = GUP_TEST_ANON; memory <= GUP_TEST_SHARED; memory++)
		driver_run((enum gup_test_memory)memory, play_exit);
}

int main(void)
{
	/* test_xdp_umem.c says what this is */
	static const struct known known[] = {
		{ GUP_TEST_FAILED, "app: user->locked_vm is left at 4", "short pin" },
		{ 0 },
	};
	static const struct driver driver = { .name = "xdp/xdp_umem.c", .known = known };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(references),
		cmocka_unit_test(the_process_exits_first),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
