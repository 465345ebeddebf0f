/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_xdp_umem.c - net/xdp/xdp_umem.c: pin_user_pages(WRITE, LONGTERM) under the mapping lock, all or
 * nothing, counted in user->locked_vm, and all of it seen as one run of kernel addresses through vmap().
 */
#include "area.h"
#include "others.h"

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

static int make_buffer_and_limit(struct gup_test *t)
{
	count_from_here();
	gup_linux_set_limit(BYTES);
	return share_buffer(t);
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

/* Pinned pages are copied at once when they fork, so the parent still has them; where it was written, it shows. */
static void look_at_forked(struct gup_test *t)
{
	gup_test_expect(t, NULL, shared_addr, BYTES, 9);
}

static void register_against_others(void **state)
{
	static const struct gup_test_play plays[] = {
		{ .begin = share_buffer,
		  .actors = { { "register", registers_and_writes }, { "discard", discards } },
		  .count = 400 },
		{ .begin = share_buffer,
		  .actors = { { "register", registers_and_writes }, { "fork", fork_and_exit } },
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

static void register_against_munmap(void **state)
{
	static const struct gup_test_play play = {
		.begin = share_buffer,
		.actors = { { "register", registers_what_may_go }, { "munmap", unmap_shared } },
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
		cmocka_unit_test(out_of_lent_memory),
		cmocka_unit_test(a_hole),
		cmocka_unit_test(two_register_at_the_limit),
		cmocka_unit_test(register_against_others),
		cmocka_unit_test(register_against_munmap),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
