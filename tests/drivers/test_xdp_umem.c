/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_xdp_umem.c - net/xdp/xdp_umem.c: pin_user_pages(WRITE, LONGTERM) under the mapping lock, all or
 * nothing, counted in user->locked_vm, and all of it seen as one run of kernel addresses through vmap().
 */
#include "harness.h"

#include <linux/bpf.h>
#include <linux/netdevice.h>
#include <net/xdp_sock_drv.h>

/* net/xdp/xdp_umem.h, which lies beside the file. */
void xdp_get_umem(struct xdp_umem *umem);
void xdp_put_umem(struct xdp_umem *umem, bool defer_cleanup);
struct xdp_umem *xdp_umem_create(struct xdp_umem_reg *mr);

#define PAGES 8
#define BYTES (PAGES * PAGE_SIZE)

static struct xdp_umem *umem;
static uint64_t shared_addr;

static struct xdp_umem_reg reg_of(uint64_t addr, u64 len)
{
	return (struct xdp_umem_reg){ .addr = addr, .len = len, .chunk_size = 2048 };
}

static int create(struct xdp_umem_reg reg, struct xdp_umem **out)
{
	struct xdp_umem *made = xdp_umem_create(&reg);

	if (IS_ERR(made))
		return (int)PTR_ERR(made);
	*out = made;
	return 0;
}

static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	(void)t;
	return create(reg_of(addr, nr * PAGE_SIZE), &umem);
}

/* As a socket does it that is closed: the last reference goes later, by work. */
static void release(struct gup_test *t)
{
	(void)t;
	xdp_put_umem(umem, true);
	while (gup_linux_run_work())
		;
}

static struct page *page_of(unsigned int i)
{
	return umem->pgs[i];
}

static long counted_before;

static long locked(void)
{
	return atomic_long_read(&current_user()->locked_vm) - counted_before;
}

/* What is known to be left of a failure before is not counted again. */
static void count_from_here(void)
{
	counted_before = 0;
	counted_before = locked();
}

static void expect_locked(struct gup_test *t, const char *when, u64 pages)
{
	if (locked() != (long)pages || driver_held(t, false) != pages)
		gup_test_fail(t, "%s: %ld pages are counted and %llu pinned instead of %llu", when, locked(),
			      (u64)driver_held(t, false), pages);
}

static void expect_errno(struct gup_test *t, const char *what, struct xdp_umem_reg reg, int wanted)
{
	int ret = create(reg, &umem);

	if (ret != wanted)
		gup_test_fail(t, "%s: %d instead of %d", what, ret, wanted);
	if (!ret)
		xdp_put_umem(umem, false);
	expect_locked(t, what, 0);
}

/* ---- the run of addresses ---- */

static int play_addrs(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	char bytes[PAGE_SIZE];
	int ret = acquire(t, addr, PAGES);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < PAGES; i++) {
		gup_test_pattern(bytes, addr + i * PAGE_SIZE, PAGE_SIZE, 0);
		if (memcmp((char *)umem->addrs + i * PAGE_SIZE, bytes, PAGE_SIZE))
			gup_test_fail(t, "page %u: the kernel does not see what the user wrote", i);
	}
	gup_test_pattern(umem->addrs, addr, BYTES, 6);
	gup_test_expect(t, NULL, addr, BYTES, 6);
	release(t);
	gup_test_expect(t, NULL, addr, BYTES, 6);
	return 0;
}

static void written_through_the_kernels_addresses(void **state)
{
	(void)state;
	for (int memory = GUP_TEST_ANON; memory <= GUP_TEST_SHARED; memory++)
		driver_run((enum gup_test_memory)memory, play_addrs);
	driver_fail_each(GUP_TEST_ANON, play_addrs);
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

/* ---- a hole: pins 5 pages of 8, gives them back, and takes only those 5 off the count ---- */

static int play_hole(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret;

	if (gup_munmap(gup_test_mm(t), addr + 5 * PAGE_SIZE, 3 * PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
	ret = acquire(t, addr, PAGES);
	if (ret != -ENOMEM)
		gup_test_fail(t, "an area with a hole: %d", ret);
	if (driver_held(t, false))
		gup_test_fail(t, "an area that was refused holds pages");
	return 0;
}

/* The user's limit is used up by it, for good: with the limit at 8 pages nothing of 8 fits any more. */
static int play_hole_then_good(struct gup_test *t)
{
	uint64_t good = gup_test_buffer(t, NULL, PAGES);
	int ret;

	gup_linux_set_limit(BYTES);
	ret = acquire(t, good, PAGES);
	if (ret)
		return ret;
	release(t);
	play_hole(t);
	ret = acquire(t, good, PAGES);
	if (ret != -ENOBUFS)
		gup_test_fail(t, "as much as the limit after a hole: %d", ret);
	return 0;
}

static void a_hole(void **state)
{
	(void)state;
	driver_scene("hole");
	driver_run(GUP_TEST_ANON, play_hole);
	driver_run(GUP_TEST_ANON, play_hole_then_good);
	driver_scene("");
}

/* ---- two threads ---- */

static int make_buffer(struct gup_test *t)
{
	shared_addr = gup_test_buffer(t, NULL, PAGES);
	return shared_addr ? 0 : -ENOMEM;
}

static int make_buffer_and_limit(struct gup_test *t)
{
	count_from_here();
	gup_linux_set_limit(BYTES);
	return make_buffer(t);
}

/* One at a time fits into the limit; who does not fit is refused. */
static void registers(struct gup_test *t)
{
	struct xdp_umem *own = NULL;
	int ret = create(reg_of(shared_addr, BYTES), &own);

	if (ret && ret != -ENOBUFS)
		gup_test_fail(t, "registering: %d", ret);
	if (ret)
		return;
	if (locked() > PAGES)
		gup_test_fail(t, "%ld pages are counted, above the limit", locked());
	gup_test_pattern(own->addrs, shared_addr, BYTES, 8);
	xdp_put_umem(own, true);
}

static void runs_work(struct gup_test *t)
{
	(void)t;
	for (unsigned int i = 0; i < 4; i++) {
		gup_linux_run_work();
		gup_test_point();
	}
}

static void two_register_at_the_limit(void **state)
{
	static const struct gup_test_play play = {
		.begin = make_buffer_and_limit,
		.actors = { { "one", registers }, { "two", registers }, { "worker", runs_work } },
		.count = 400,
	};

	(void)state;
	driver_schedules(GUP_TEST_ANON, &play);
}

/* Against a discard, a pin may find the old page or a new one, but it is the one that the kernel's addresses show. */
static void registers_and_writes(struct gup_test *t)
{
	struct xdp_umem *own = NULL;
	int ret = create(reg_of(shared_addr, BYTES), &own);
	struct page *alias;

	if (ret) {
		gup_test_fail(t, "registering: %d", ret);
		return;
	}
	for (unsigned int i = 0; i < PAGES; i++) {
		alias = vmalloc_to_page((char *)own->addrs + i * PAGE_SIZE);
		if (alias != own->pgs[i])
			gup_test_fail(t, "page %u: another frame than was pinned", i);
	}
	gup_test_pattern(own->addrs, shared_addr, BYTES, 9);
	xdp_put_umem(own, false);
}

static void discards(struct gup_test *t)
{
	if (gup_madvise(gup_test_mm(t), shared_addr, BYTES, GUP_MADV_DONTNEED))
		gup_test_fail(t, "madvise failed");
}

static void forks(struct gup_test *t)
{
	struct gup_mm *child;

	if (gup_mm_fork(gup_test_mm(t), "child", &child)) {
		gup_test_fail(t, "fork failed");
		return;
	}
	gup_mm_destroy(child);
}

/* Pinned pages are copied at once when they fork, so the parent still has them; where it was written, it shows. */
static void look_at_forked(struct gup_test *t)
{
	gup_test_expect(t, NULL, shared_addr, BYTES, 9);
}

static void register_against_others(void **state)
{
	static const struct gup_test_play plays[] = {
		{ .begin = make_buffer,
		  .actors = { { "register", registers_and_writes }, { "discard", discards } },
		  .count = 400 },
		{ .begin = make_buffer,
		  .actors = { { "register", registers_and_writes }, { "fork", forks } },
		  .end = look_at_forked,
		  .count = 400 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++) {
		driver_schedules(GUP_TEST_ANON, &plays[i]);
		driver_schedules(GUP_TEST_HUGE, &plays[i]);
		driver_schedules(GUP_TEST_CMA, &plays[i]);
	}
}

/* The other thread takes the memory away while it is registered, or just before: the count shows where it stopped. */
static void registers_what_may_go(struct gup_test *t)
{
	struct xdp_umem *own = NULL;
	int ret = create(reg_of(shared_addr, BYTES), &own);

	if (ret && ret != -ENOMEM && ret != -EFAULT)
		gup_test_fail(t, "registering: %d", ret);
	if (ret)
		return;
	gup_test_pattern(own->addrs, shared_addr, BYTES, 10);
	xdp_put_umem(own, false);
}

static void unmaps(struct gup_test *t)
{
	if (gup_munmap(gup_test_mm(t), shared_addr, BYTES))
		gup_test_fail(t, "munmap failed");
}

static void register_against_munmap(void **state)
{
	static const struct gup_test_play play = {
		.begin = make_buffer,
		.actors = { { "register", registers_what_may_go }, { "munmap", unmaps } },
		.count = 400,
	};

	(void)state;
	driver_schedules(GUP_TEST_ANON, &play);
}

int main(void)
{
	/* xdp_umem_pin_pages() makes umem->npgs what was pinned, and xdp_umem_unaccount_pages() takes that off. */
	static const struct known known[] = {
		{ GUP_TEST_FAILED, "app: user->locked_vm is left at 4", "short pin" },
		{ GUP_TEST_FAILED, "app: user->locked_vm is left at 3", "hole" },
		{ 0 },
	};
	static const struct driver driver = {
		.name = "xdp/xdp_umem.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.page = page_of,
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_through_the_kernels_addresses),
		cmocka_unit_test(sizes),
		cmocka_unit_test(references),
		cmocka_unit_test(the_process_exits_first),
		cmocka_unit_test(a_hole),
		cmocka_unit_test(two_register_at_the_limit),
		cmocka_unit_test(register_against_others),
		cmocka_unit_test(register_against_munmap),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
