/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_hfi1_user_exp_rcv.c - drivers/infiniband/hw/hfi1/user_exp_rcv.c: user memory in the receive
 * entries ("TIDs") of the card, pinned by user_pages.c and let go of when an interval notifier says that it is unmapped.
 *
 * The card is a table of entries. What it writes goes through the DMA address of a valid entry, as the process says it
 * by the TIDs that it was given.
 */
#include "harness.h"

#include <../drivers/infiniband/hw/hfi1/user_exp_rcv.h>

#define PAGES 20
#define GROUP 8
#define ENTRIES (8 * GROUP)
#define BASE 16 /* first entry of the context */

struct entry {
	dma_addr_t dma;
	u16 order; /* log2 of the pages, and 1 */
	bool valid;
};

/* A process's side of one registration. */
struct registration {
	u64 addr;
	u32 tids[PAGES + 1];
	u32 nr;
	unsigned int pages; /* as the driver says */
};

static struct entry entries[BASE + ENTRIES];
static unsigned long events[HFI1_MAX_SHARED_CTXTS];
static struct pci_dev pci_device = { .dev.name = "hfi1_0" };
static struct hfi1_devdata dd;
static struct hfi1_ctxtdata context;
static struct hfi1_filedata file, second;
static struct registration reg;
static u64 list_at; /* where processes want the TIDs */

/* ---- the card ---- */

void hfi1_put_tid(struct hfi1_devdata *of, u32 index, u32 type, unsigned long pa, u16 order)
{
	struct entry *e = &entries[index];

	(void)of;
	gup_test_point();
	if (index < BASE || index >= BASE + ENTRIES) {
		gup_test_fail(gup_linux_test, "entry %u is not of the context", index);
		return;
	}
	if (type == PT_EXPECTED && e->valid)
		gup_test_fail(gup_linux_test, "entry %u is programmed and was not cleared", index);
	*e = (struct entry){ pa, order, type == PT_EXPECTED };
}

void hfi1_clear_tids(struct hfi1_ctxtdata *rcd)
{
	u32 i;

	for (i = 0; i < rcd->expected_count; i++)
		hfi1_put_tid(rcd->dd, rcd->expected_base + i, PT_INVALID, 0, 0);
}

/* Without the bit that says so, a write is not for the entry. */
void hfi1_fill_tid(const char *address, u64 value)
{
	size_t index = (size_t)(address - dd.rcvarray_wc) / 8;

	if (value || index < BASE || index >= BASE + ENTRIES)
		gup_test_fail(gup_linux_test, "a fill of %llu in entry %zu", value, index);
}

/* ---- opening and closing, as file_ops.c does it ---- */

static int open_file(struct hfi1_filedata *fd, u16 subctxt)
{
	*fd = (struct hfi1_filedata){ .uctxt = &context, .subctxt = subctxt };
	spin_lock_init(&fd->tid_lock);
	spin_lock_init(&fd->invalid_lock);
	return hfi1_user_exp_rcv_init(fd, &context);
}

static int open_context(u8 subcontexts, unsigned long flags)
{
	dd = (struct hfi1_devdata){
		.pcidev = &pci_device,
		.rcv_entries.group_size = GROUP,
		.events = events,
		.flags = HFI1_PRESENT,
		.rcvarray_wc = (char *)0x1000,
		.num_rcv_contexts = 2,
		.first_dyn_alloc_ctxt = 1,
	};
	context = (struct hfi1_ctxtdata){
		.dd = &dd,
		.flags = flags,
		.expected_count = ENTRIES,
		.expected_base = BASE,
		.ctxt = 1,
		.subctxt_cnt = subcontexts,
	};
	memset(entries, 0, sizeof(entries));
	memset(events, 0, sizeof(events));
	mutex_init(&context.exp_mutex);
	hfi1_exp_tid_group_init(&context);
	return hfi1_alloc_ctxt_rcv_groups(&context);
}

static void expect_set(struct gup_test *t, const struct exp_tid_set *set, const char *name, u32 groups)
{
	const struct list_head *link;
	u32 linked = 0;

	for (link = set->list.next; link != &set->list; link = link->next)
		linked++;
	if (set->count != groups || linked != groups)
		gup_test_fail(t, "the set of %s groups has %u and says %d, not %u", name, linked, (int)set->count,
			      groups);
}

/* All is cleared and closed: the groups are free. */
static void close_context(struct gup_test *t)
{
	unsigned int i;

	expect_set(t, &context.tid_group_list, "free", ENTRIES / GROUP);
	expect_set(t, &context.tid_used_list, "used", 0);
	expect_set(t, &context.tid_full_list, "full", 0);
	for (i = BASE; i < BASE + ENTRIES; i++)
		if (entries[i].valid)
			gup_test_fail(t, "entry %u is still programmed after the close", i);
	hfi1_free_ctxt_rcv_groups(&context);
}

static int open_all(unsigned long flags)
{
	struct gup_map_request map = { .length = PAGE_SIZE,
				       .prot = GUP_PROT_READ | GUP_PROT_WRITE,
				       .flags = GUP_MAP_PRIVATE };
	s64 at = gup_mmap(current->mm->gup, &map);
	int ret = at < 0 ? (int)at : open_context(0, flags);

	if (at < 0)
		return ret;
	list_at = (u64)at;
	if (!ret) {
		ret = open_file(&file, 0);
		if (!ret)
			return 0;
		hfi1_free_ctxt_rcv_groups(&context);
	}
	gup_munmap(current->mm->gup, list_at, PAGE_SIZE);
	return ret;
}

static void close_all(struct gup_test *t)
{
	hfi1_user_exp_rcv_free(&file);
	close_context(t);
	gup_munmap(gup_test_mm(t), list_at, PAGE_SIZE);
}

static u64 pinned(struct gup_test *t)
{
	return driver_held(t, false);
}

/* ---- registering, as a process sees it ---- */

static unsigned int tid_pages(u32 tid)
{
	return EXP_TID_GET(tid, LEN);
}

static struct entry *tid_entry(u32 tid)
{
	return &entries[BASE + 2 * EXP_TID_GET(tid, IDX) + EXP_TID_GET(tid, CTRL) - 1];
}

static int setup(struct hfi1_filedata *fd, u64 addr, unsigned int nr, struct registration *r)
{
	struct hfi1_tid_info info = { .vaddr = addr, .tidlist = list_at, .length = nr * (u32)PAGE_SIZE };
	int ret = hfi1_user_exp_rcv_setup(fd, &info);

	*r = (struct registration){ .addr = addr };
	if (ret)
		return ret;
	r->nr = info.tidcnt;
	r->pages = info.length / PAGE_SIZE;
	if (gup_copy_from_user(current->mm->gup, r->tids, list_at, r->nr * sizeof(r->tids[0])))
		gup_test_fail(gup_linux_test, "the TIDs are not there");
	return 0;
}

static int clear(struct hfi1_filedata *fd, const struct registration *r)
{
	struct hfi1_tid_info info = { .tidlist = list_at, .tidcnt = r->nr };

	if (gup_copy_to_user(current->mm->gup, list_at, r->tids, r->nr * sizeof(r->tids[0])))
		gup_test_fail(gup_linux_test, "the process cannot write its TIDs");
	return hfi1_user_exp_rcv_clear(fd, &info);
}

/* Each entry is a power of two of pages that follow each other, and all of them are the pages that were registered. */
static void check_entries(struct gup_test *t, const struct registration *r)
{
	unsigned int sum = 0;
	u32 i;

	for (i = 0; i < r->nr; i++) {
		const struct entry *e = tid_entry(r->tids[i]);

		sum += tid_pages(r->tids[i]);
		if (!e->valid || 1u << (e->order - 1) != tid_pages(r->tids[i]))
			gup_test_fail(t, "TID %u: %u pages, but an entry of order %u", i, tid_pages(r->tids[i]),
				      e->order);
	}
	if (sum != r->pages)
		gup_test_fail(t, "TIDs of %u pages were given for %u", sum, r->pages);
}

static dma_addr_t dma_of(unsigned int page)
{
	u32 i;

	for (i = 0; page >= tid_pages(reg.tids[i]); i++)
		page -= tid_pages(reg.tids[i]);
	return tid_entry(reg.tids[i])->dma + page * PAGE_SIZE;
}

/* What the card may do with each TID that the process has. */
static void card_reads(struct gup_test *t, const struct registration *r)
{
	char bytes[PAGE_SIZE];
	u32 i;

	for (i = 0; i < r->nr; i++)
		if (tid_entry(r->tids[i])->valid)
			gup_test_dma_read(t, tid_entry(r->tids[i])->dma, bytes, PAGE_SIZE);
}

/* All of it or nothing. With less the process goes on; here it gives it back, if @gives_back. */
static int setup_all(struct gup_test *t, u64 addr, unsigned int nr, bool gives_back)
{
	int ret = setup(&file, addr, nr, &reg);
	u64 held = pinned(t);

	if (ret) {
		if (held)
			gup_test_fail(t, "a setup that failed with %d left %llu pages pinned", ret, held);
		return ret;
	}
	check_entries(t, &reg);
	if (held != reg.pages || file.tid_n_pinned != reg.pages)
		gup_test_fail(t, "%u pages are registered, and %llu pinned, or %u as the driver says", reg.pages, held,
			      file.tid_n_pinned);
	if (reg.pages == nr)
		return 0;
	card_reads(t, &reg);
	if (gives_back)
		clear(&file, &reg);
	return -EFAULT;
}

static int acquire_flags(struct gup_test *t, u64 addr, unsigned int nr, unsigned long flags)
{
	int ret = open_all(flags);

	if (ret)
		return ret;
	ret = setup_all(t, addr, nr, true);
	if (ret)
		close_all(t);
	return ret;
}

static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	return acquire_flags(t, addr, nr, 0);
}

static void release(struct gup_test *t)
{
	int ret = clear(&file, &reg);

	if (ret && ret != -ENOMEM && ret != -EFAULT) /* which were made to happen; closing does the rest */
		gup_test_fail(t, "clear returned %d", ret);
	if (!ret && (pinned(t) || file.tid_used))
		gup_test_fail(t, "%u TIDs are used after all were cleared", file.tid_used);
	close_all(t);
}

/* ---- memory whose pages do not follow each other: one TID for each page ---- */

static u64 scattered(struct gup_mm *mm, unsigned int nr)
{
	struct gup_map_request map = { .length = nr * PAGE_SIZE,
				       .prot = GUP_PROT_READ | GUP_PROT_WRITE,
				       .flags = GUP_MAP_PRIVATE };
	s64 addr = gup_mmap(mm, &map);
	char bytes[PAGE_SIZE];
	unsigned int i;

	for (i = 0; addr > 0 && i < nr; i++) {
		u64 at = (u64)addr + (i % 2 ? i : nr - 2 + nr % 2 - i) * PAGE_SIZE;

		gup_test_pattern(bytes, at, PAGE_SIZE, 0);
		if (gup_copy_to_user(mm, at, bytes, PAGE_SIZE))
			return 0;
	}
	return addr > 0 ? (u64)addr : 0;
}

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

/* The process ends while somebody else has the file open: what it registered is let go of with its memory. */
static int play_exit(struct gup_test *t)
{
	struct task_struct *before = current, *task;
	struct gup_mm *mm;
	u64 addr;
	int ret;

	if (gup_mm_create(gup_test_machine(t), "other", &mm))
		return -ENOMEM;
	task = gup_linux_task(mm, "other");
	gup_linux_become(task);
	addr = gup_test_buffer(t, mm, PAGES);
	ret = open_all(0);
	if (!ret)
		ret = setup_all(t, addr, PAGES, true);
	gup_linux_become(before);
	gup_linux_exit(task);
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

/* ---- what the file gets wrong ---- */

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
	assert_int_equal(driver_dies(GUP_TEST_ANON, play_wild), GUP_LINUX == 601);
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
		{ begin_open, { { "register", race_setup }, { "unmap", race_unmap } }, end_setup, 500, 0, false },
		{ begin_open, { { "register", race_setup }, { "fork", race_fork } }, end_forked, 300, 0, false },
		{ begin_registered, { { "clear", race_clear }, { "unmap", race_unmap } }, end_cleared, 300, 0, false },
		{ begin_registered, { { "close", race_close }, { "unmap", race_unmap } }, end_closed, 300, 0, false },
	};

	(void)state;
	driver_scene("at once");
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++)
		driver_schedules(GUP_TEST_ANON, &plays[i]);
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
	{ GUP_TEST_FAILED, "a setup that failed with -16 left", "at once" },
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
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.dma = dma_of,
		.lets_go = true,
		.no_limit = true, /* a test of its own: the limit is for a quarter */
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_of_entries), cmocka_unit_test(closed_without_clear),
		cmocka_unit_test(changes),	     cmocka_unit_test(limits),
		cmocka_unit_test(without_notifier),  cmocka_unit_test(two_files),
		cmocka_unit_test(no_ctrl),	     cmocka_unit_test(at_once),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
