/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_hfi1_user_exp_rcv.c - drivers/infiniband/hw/hfi1/user_exp_rcv.c: user memory in the receive
 * entries ("TIDs") of the card, pinned by user_pages.c and let go of when an interval notifier says that it is unmapped.
 */
#include "others.h"

#include "card.h"

/* Two groups are full then, and a third is used in part. */
static int play_groups(struct gup_test *t)
{
	u64 addr = scattered(gup_test_mm(t), PAGES);
	int ret = addr ? acquire(t, addr, PAGES) : -ENOMEM;

	if (ret)
		return ret;
	if (reg.nr != PAGES)
		gup_test_fail(t, "%u TIDs for %u scattered pages", reg.nr, PAGES);
	expect_set(t, &context.tid_full_list, "full", PAGES / GROUP);
	expect_set(t, &context.tid_used_list, "used", 1);
	card_reads(t, &reg);
	release(t);
	return 0;
}

static void groups_of_entries(void **state)
{
	(void)state;
	driver_scene("groups");
	driver_run(GUP_TEST_ANON, play_groups);
	driver_fail_each(GUP_TEST_ANON, play_groups);
}

/* The process ends without giving anything back. */
static int play_close(struct gup_test *t)
{
	u64 addr = scattered(gup_test_mm(t), PAGES);
	int ret = addr ? open_all(0) : -ENOMEM;

	if (ret)
		return ret;
	ret = setup_all(t, addr, PAGES, false);
	close_all(t);
	return ret;
}

static void closed_without_clear(void **state)
{
	(void)state;
	driver_scene("close");
	driver_run(GUP_TEST_ANON, play_close);
	driver_fail_each(GUP_TEST_ANON, play_close);
}

/* ---- what changes under it ---- */

static void expect_invalid(struct gup_test *t, u32 nr)
{
	struct hfi1_tid_info info = { .tidlist = list_at };
	bool event = events[0] & 1UL << _HFI1_EVENT_TID_MMU_NOTIFY_BIT;

	if (hfi1_user_exp_rcv_invalid(&file, &info) || info.tidcnt != nr || event != (nr != 0) || events[0])
		gup_test_fail(t, "%u TIDs are told as invalid and not %u; event %d", info.tidcnt, nr, event);
}

/* One page of the second TID goes: all of that TID goes, and no other. */
static int play_unmap_part(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	int ret = acquire(t, addr, PAGES);
	unsigned int first;
	u32 told;

	if (ret)
		return ret;
	if (reg.nr < 2) {
		gup_test_fail(t, "one TID for all");
		return 0;
	}
	first = tid_pages(reg.tids[0]);
	if (gup_munmap(gup_test_mm(t), addr + first * PAGE_SIZE, PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
	if (pinned(t) != PAGES - tid_pages(reg.tids[1]))
		gup_test_fail(t, "%llu pages are pinned after the unmap", pinned(t));
	if (tid_entry(reg.tids[1])->valid || !tid_entry(reg.tids[0])->valid)
		gup_test_fail(t, "the wrong entry was cleared");
	card_reads(t, &reg);
	expect_invalid(t, 1);
	if (gup_copy_from_user(gup_test_mm(t), &told, list_at, sizeof(told)) || told != reg.tids[1])
		gup_test_fail(t, "TID %#x is told as invalid and not %#x", told, reg.tids[1]);
	expect_invalid(t, 0);
	release(t);
	return 0;
}

/* Nothing but an unmap ends a registration: a pinned page stays the device's. */
static int play_other_changes(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES), pfn;
	struct gup_mm *mm = gup_test_mm(t), *child;
	int ret = acquire(t, addr, PAGES);

	if (ret)
		return ret;
	if (gup_mprotect(mm, addr, 2 * PAGE_SIZE, GUP_PROT_READ) || gup_mm_fork(mm, "child", &child))
		gup_test_fail(t, "mprotect or fork failed");
	else
		gup_mm_destroy(child);
	pfn = gup_user_pfn(mm, addr + 3 * PAGE_SIZE);
	gup_migrate_range(mm, addr, PAGES * PAGE_SIZE, NULL);
	if (gup_user_pfn(mm, addr + 3 * PAGE_SIZE) != pfn)
		gup_test_fail(t, "a page moved under the card");
	gup_madvise(mm, addr + 4 * PAGE_SIZE, PAGE_SIZE, GUP_MADV_DONTNEED);
	if (pinned(t) != PAGES)
		gup_test_fail(t, "%llu pages are pinned", pinned(t));
	card_reads(t, &reg);
	expect_invalid(t, 0);
	release(t);
	return 0;
}

static int open_and_setup(struct gup_test *t, uint64_t addr, unsigned int pages)
{
	int ret = open_all(0);

	return ret ? ret : setup_all(t, addr, pages, true);
}

/* The process ends while somebody else has the file open: what it registered is let go of with its memory. */
static int play_exit(struct gup_test *t)
{
	int ret = acquire_and_exit(t, open_and_setup);

	if (pinned(t))
		gup_test_fail(t, "%llu pages are pinned after the exit", pinned(t));
	if (!file.entry_to_rb)
		return ret;
	hfi1_user_exp_rcv_free(&file);
	close_context(t);
	return ret;
}

static void changes(void **state)
{
	enum gup_test_memory memory;

	(void)state;
	for (memory = GUP_TEST_ANON; memory <= GUP_TEST_SHARED; memory++) {
		driver_scene("unmap a part");
		driver_run(memory, play_unmap_part);
		driver_scene("other changes");
		driver_run(memory, play_other_changes);
		driver_scene("exit");
		driver_run(memory, play_exit);
	}
}

/* ---- limits ---- */

static int play_limits(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	int ret;

	gup_linux_set_limit(4 * PAGES * PAGE_SIZE - PAGE_SIZE);
	if (acquire(t, addr, PAGES) != -ENOMEM)
		gup_test_fail(t, "more than a quarter of the limit was registered");
	gup_linux_set_limit(4 * PAGES * PAGE_SIZE);
	ret = acquire(t, addr, PAGES);
	if (ret)
		gup_test_fail(t, "a quarter of the limit was refused with %d", ret);
	else
		release(t);
	gup_linux_set_limit(RLIM_INFINITY);
	return 0;
}

/* A context of two: each has half of the entries. */
static int play_share(struct gup_test *t)
{
	u64 addr = scattered(gup_test_mm(t), PAGES);
	int ret = open_all(0);

	if (ret)
		return ret;
	context.subctxt_cnt = ENTRIES / GROUP;
	file.tid_limit = GROUP;
	ret = setup(&file, addr, PAGES, &reg);
	if (ret || reg.nr != GROUP || pinned(t) != GROUP)
		gup_test_fail(t, "%u TIDs of a share of %u; %llu pages are pinned", reg.nr, GROUP, pinned(t));
	ret = setup(&file, addr, 1, &(struct registration){ 0 });
	if (ret != -ENOSPC)
		gup_test_fail(t, "one more than the share: %d", ret);
	release(t);
	return 0;
}

static void limits(void **state)
{
	(void)state;
	driver_scene("limits");
	driver_run(GUP_TEST_ANON, play_limits);
	driver_run(GUP_TEST_ANON, play_share);
}

/* set_rcvarray_entry() fails after entries of the same group were programmed: these are not counted as mapped. */
#define A_GROUP_IN_PART(failure)                                                                                       \
	{ GUP_TEST_FAILED, "TIDs of ", failure }, { GUP_TEST_STALE_DMA, "user_pages.c:98", failure },                  \
		{ GUP_TEST_BAD_RELEASE, "user_pages.c:98", failure },                                                  \
		{ GUP_TEST_FAILED, "the set of free groups", failure },                                                \
		{ GUP_TEST_FAILED, "the set of used groups", failure },                                                \
		{ GUP_TEST_FAILED, "mm->pinned_vm is left at -", failure },                                            \
		{ GUP_TEST_FAILED, "is still programmed after the close", failure },                                   \
		{ GUP_TEST_DMA_LEFT, "(set_rcvarray_entry)", failure },                                                \
	{                                                                                                              \
		GUP_TEST_MEMORY_LEFT, "(set_rcvarray_entry)", failure                                                  \
	}

static const struct known known[] = {
	A_GROUP_IN_PART("allocation failure"),
	A_GROUP_IN_PART("DMA failure"),
	/* hfi1_user_exp_rcv_setup() takes its TIDs back with a list that is not the process's, and of another length. */
	{ GUP_TEST_FAILED, "a setup that failed with -14 left", "copy failure" },
	{ GUP_TEST_FAILED, "a setup that failed with -14 left", "frame failure" },
	{ GUP_TEST_NR_FINDINGS, NULL, NULL },
};

int main(void)
{
	static const struct driver driver = {
		.name = "hfi1/user_exp_rcv.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.dma = dma_of,
		.lets_go = true,
		.no_limit = true, /* a test of its own: the limit is for a quarter */
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_of_entries),
		cmocka_unit_test(closed_without_clear),
		cmocka_unit_test(changes),
		cmocka_unit_test(limits),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
