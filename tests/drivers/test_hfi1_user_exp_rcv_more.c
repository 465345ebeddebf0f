/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_hfi1_user_exp_rcv_more.c - drivers/infiniband/hw/hfi1/user_exp_rcv.c: files that share a context,
 * no notifier, wrong TIDs, and threads at once.
 */
#include "harness.h"

#include "card.h"

/* Without the notifier (TID_UNMAP) a node has no mm, and who releases it takes nothing off the count. */
static int play_without_notifier(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	int ret = acquire_flags(t, addr, PAGES, HFI1_CAP_TID_UNMAP << HFI1_CAP_USER_SHIFT);

	if (ret)
		return ret;
	gup_munmap(gup_test_mm(t), addr, PAGES * PAGE_SIZE);
	card_reads(t, &reg);
	if (pinned(t) != PAGES)
		gup_test_fail(t, "%llu pages are pinned after the unmap", pinned(t));
	release(t);
	return 0;
}

static void without_notifier(void **state)
{
	(void)state;
	driver_scene("TID_UNMAP");
	driver_run(GUP_TEST_ANON, play_without_notifier);
}

static struct hfi1_filedata second;

/* Two files of one context, with entries in the same group. Both close. */
static int play_two_files(struct gup_test *t)
{
	u64 addr = scattered(gup_test_mm(t), 3);
	struct registration other;
	int ret = open_all(0);

	if (ret)
		return ret;
	context.subctxt_cnt = 2;
	if (open_file(&second, 1) || setup(&file, addr, 1, &reg) || setup(&second, addr + PAGE_SIZE, 1, &other))
		gup_test_fail(t, "setup failed");
	hfi1_user_exp_rcv_free(&file);
	hfi1_user_exp_rcv_free(&second);
	close_context(t);
	return 0;
}

static void two_files(void **state)
{
	(void)state;
	driver_scene("two files");
	driver_run(GUP_TEST_ANON, play_two_files);
}

/* A TID whose CTRL is 0 names no entry. */
static int play_no_ctrl(struct gup_test *t)
{
	u64 addr = scattered(gup_test_mm(t), 3);
	struct registration wrong = { .nr = 1, .tids = { EXP_TID_SET(IDX, 1) } };
	int ret = acquire(t, addr, 3);

	if (ret)
		return ret;
	ret = clear(&file, &wrong);
	if (ret != -EINVAL)
		gup_test_fail(t, "a TID without CTRL: %d, and entry 1 is %s", ret,
			      entries[BASE + 1].valid ? "there" : "cleared");
	close_all(t);
	return 0;
}

/* With IDX 0 as well it is entry 0xffffffff of an array. */
static int play_wild(struct gup_test *t)
{
	u64 addr = scattered(gup_test_mm(t), 3);
	struct registration wrong = { .nr = 1 };
	int ret = acquire(t, addr, 3);

	if (!ret)
		clear(&file, &wrong);
	close_all(t);
	return ret;
}

static void no_ctrl(void **state)
{
	(void)state;
	driver_scene("no CTRL");
	driver_run(GUP_TEST_ANON, play_no_ctrl);
	assert_int_equal(driver_dies(GUP_TEST_ANON, play_wild, NULL, __func__), GUP_LINUX == 601);
}

/* ---- at once ---- */

#define RACE_PAGES 6

static u64 race_addr;
static int race_ret;

static int begin_open(struct gup_test *t)
{
	race_addr = scattered(gup_test_mm(t), RACE_PAGES);
	race_ret = 1;
	return open_all(0);
}

static int begin_registered(struct gup_test *t)
{
	int ret = begin_open(t);

	return ret ? ret : setup(&file, race_addr, RACE_PAGES, &reg);
}

static struct task_struct *other;

/* Another process has registered, and this one has its file open too. */
static int begin_other(struct gup_test *t)
{
	struct task_struct *before = current;
	struct gup_mm *mm;
	int ret = gup_mm_create(gup_test_machine(t), "other", &mm);

	if (ret)
		return ret;
	other = gup_linux_task(mm, "other");
	gup_linux_become(other);
	race_addr = scattered(mm, RACE_PAGES);
	ret = open_all(0);
	if (!ret)
		ret = setup(&file, race_addr, RACE_PAGES, &reg);
	gup_linux_become(before);
	return ret;
}

static void race_exit(struct gup_test *t)
{
	(void)t;
	gup_linux_exit(other);
}

static void race_setup(struct gup_test *t)
{
	(void)t;
	race_ret = setup(&file, race_addr, RACE_PAGES, &reg);
}

static void race_clear(struct gup_test *t)
{
	int ret = clear(&file, &reg);

	if (ret)
		gup_test_fail(t, "clear returned %d", ret);
}

static void race_close(struct gup_test *t)
{
	(void)t;
	hfi1_user_exp_rcv_free(&file);
}

static void race_unmap(struct gup_test *t)
{
	if (gup_munmap(gup_test_mm(t), race_addr + 2 * PAGE_SIZE, 2 * PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
}

static void race_fork(struct gup_test *t)
{
	struct gup_mm *child;

	if (gup_mm_fork(gup_test_mm(t), "child", &child))
		gup_test_fail(t, "fork failed");
	else
		gup_mm_destroy(child);
}

/* A registration that succeeded has no entry for what is unmapped; one that failed has none at all. */
static void end_setup(struct gup_test *t)
{
	u64 held = pinned(t);
	u32 i, valid = 0;

	for (i = BASE; i < BASE + ENTRIES; i++)
		valid += entries[i].valid;
	if (race_ret && held)
		gup_test_fail(t, "a setup that failed with %d left %llu pages pinned", race_ret, held);
	if (!race_ret && (valid != held || valid > RACE_PAGES - 2))
		gup_test_fail(t, "%u entries for %llu pinned pages", valid, held);
	card_reads(t, &reg);
	close_all(t);
}

static void end_cleared(struct gup_test *t)
{
	if (pinned(t) || file.tid_used)
		gup_test_fail(t, "%llu pages are pinned, %u TIDs used", pinned(t), file.tid_used);
	close_all(t);
}

static void end_closed(struct gup_test *t)
{
	close_context(t);
}

/* The user writes while it forks; what the card writes afterwards is seen by the parent. */
static void end_forked(struct gup_test *t)
{
	char bytes[PAGE_SIZE];

	if (!race_ret) {
		gup_test_pattern(bytes, race_addr, PAGE_SIZE, 1);
		gup_test_dma_write(t, dma_of(0), bytes, PAGE_SIZE);
		gup_test_expect(t, NULL, race_addr, PAGE_SIZE, 1);
	}
	close_all(t);
}

static void at_once(void **state)
{
	static const struct gup_test_play plays[] = {
		{ begin_open, { { "register", race_setup }, { "unmap", race_unmap } }, end_setup, 500, 0, false, 0 },
		{ begin_open, { { "register", race_setup }, { "fork", race_fork } }, end_forked, 300, 0, false, 0 },
		{ begin_registered,
		  { { "clear", race_clear }, { "unmap", race_unmap } },
		  end_cleared,
		  300,
		  0,
		  false,
		  0 },
		{ begin_registered,
		  { { "close", race_close }, { "unmap", race_unmap } },
		  end_closed,
		  300,
		  0,
		  false,
		  0 },
		{ begin_other, { { "close", race_close }, { "exit", race_exit } }, end_closed, 300, 0, false, 0 },
	};

	(void)state;
	driver_scene("at once");
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++)
		driver_schedules(GUP_TEST_ANON, &plays[i]);
}

static const struct known known[] = {
	/* hfi1_user_exp_rcv_setup() takes its TIDs back with a list that is not the process's, and of another length. */
	{ GUP_TEST_FAILED, "a setup that failed with -16 left", "at once" },
	/* An unmap has begun: entries subscribe too late to be told of it, and it has not told the buffer's notifier yet. */
	{ GUP_TEST_FAILED, "6 entries for 6 pinned pages", "at once" },
	{ GUP_TEST_FAILED, "is still programmed after the close", "at once" },
	/* unpin_rcv_pages() asks a notifier for the mm that was never registered. */
	{ GUP_TEST_FAILED, "mm->pinned_vm is left at 20", "TID_UNMAP" },
	/* unlock_exp_tids() takes groups out of their list that have entries of another file. */
	{ GUP_TEST_FAILED, "the set of free groups has 7 and says 7", "two files" },
	{ GUP_TEST_FAILED, "the set of used groups has 0 and says 1", "two files" },
	{ GUP_TEST_FAILED, "is still programmed after the close", "two files" },
	{ GUP_TEST_FAILED, "mm->pinned_vm is left at 1", "two files" },
	{ GUP_TEST_PIN_LEFT, "user_pages.c:86", "two files" },
	{ GUP_TEST_DMA_LEFT, "(set_rcvarray_entry)", "two files" },
	{ GUP_TEST_MEMORY_LEFT, "(set_rcvarray_entry)", "two files" },
#if GUP_LINUX == 601
	/* unprogram_rcvarray() takes 1 off a CTRL of 0. */
	{ GUP_TEST_FAILED, "a TID without CTRL: 0, and entry 1 is cleared", "no CTRL" },
#endif
	{ GUP_TEST_NR_FINDINGS, NULL, NULL },
};

int main(void)
{
	static const struct driver driver = {
		.name = "hfi1/user_exp_rcv.c",
		.no_limit = true,
		.known = known,
	};
	const struct CMUnitTest tests[] = { cmocka_unit_test(without_notifier), cmocka_unit_test(two_files),
					    cmocka_unit_test(no_ctrl), cmocka_unit_test(at_once) };

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
