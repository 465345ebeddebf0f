/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * card.h - the card of the tests of user_exp_rcv.c, and a process that registers memory in it.
 *
 * The card is a table of entries. What it does goes through the DMA address of a valid entry, as the process says it by
 * the TIDs that it was given.
 */
#ifndef HFI_CARD_H
#define HFI_CARD_H

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
static struct hfi1_filedata file;
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

static inline int open_file(struct hfi1_filedata *fd, u16 subctxt)
{
	*fd = (struct hfi1_filedata){ .uctxt = &context, .subctxt = subctxt };
	spin_lock_init(&fd->tid_lock);
	spin_lock_init(&fd->invalid_lock);
	return hfi1_user_exp_rcv_init(fd, &context);
}

static inline int open_context(u8 subcontexts, unsigned long flags)
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

static inline void expect_set(struct gup_test *t, const struct exp_tid_set *set, const char *name, u32 groups)
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
static inline void close_context(struct gup_test *t)
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

static inline int open_all(unsigned long flags)
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

static inline void close_all(struct gup_test *t)
{
	hfi1_user_exp_rcv_free(&file);
	close_context(t);
	gup_munmap(gup_test_mm(t), list_at, PAGE_SIZE);
}

static inline u64 pinned(struct gup_test *t)
{
	return driver_held(t, false);
}

/* ---- registering, as a process sees it ---- */

static inline unsigned int tid_pages(u32 tid)
{
	return EXP_TID_GET(tid, LEN);
}

static inline struct entry *tid_entry(u32 tid)
{
	return &entries[BASE + 2 * EXP_TID_GET(tid, IDX) + EXP_TID_GET(tid, CTRL) - 1];
}

static inline int setup(struct hfi1_filedata *fd, u64 addr, unsigned int nr, struct registration *r)
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

static inline int clear(struct hfi1_filedata *fd, const struct registration *r)
{
	struct hfi1_tid_info info = { .tidlist = list_at, .tidcnt = r->nr };

	if (gup_copy_to_user(current->mm->gup, list_at, r->tids, r->nr * sizeof(r->tids[0])))
		gup_test_fail(gup_linux_test, "the process cannot write its TIDs");
	return hfi1_user_exp_rcv_clear(fd, &info);
}

/* Each entry is a power of two of pages that follow each other, and all of them are the pages that were registered. */
static inline void check_entries(struct gup_test *t, const struct registration *r)
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

static inline dma_addr_t dma_of(unsigned int page)
{
	u32 i;

	for (i = 0; page >= tid_pages(reg.tids[i]); i++)
		page -= tid_pages(reg.tids[i]);
	return tid_entry(reg.tids[i])->dma + page * PAGE_SIZE;
}

/* What the card may do with each TID that the process has. */
static inline void card_reads(struct gup_test *t, const struct registration *r)
{
	char bytes[PAGE_SIZE];
	u32 i;

	for (i = 0; i < r->nr; i++)
		if (tid_entry(r->tids[i])->valid)
			gup_test_dma_read(t, tid_entry(r->tids[i])->dma, bytes, PAGE_SIZE);
}

/* All of it or nothing. With less the process goes on; here it gives it back, if @gives_back. */
static inline int setup_all(struct gup_test *t, u64 addr, unsigned int nr, bool gives_back)
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

static inline int acquire_flags(struct gup_test *t, u64 addr, unsigned int nr, unsigned long flags)
{
	int ret = open_all(flags);

	if (ret)
		return ret;
	ret = setup_all(t, addr, nr, true);
	if (ret)
		close_all(t);
	return ret;
}

static inline int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	return acquire_flags(t, addr, nr, 0);
}

static inline void release(struct gup_test *t)
{
	int ret = clear(&file, &reg);

	if (ret && ret != -ENOMEM && ret != -EFAULT) /* which were made to happen; closing does the rest */
		gup_test_fail(t, "clear returned %d", ret);
	if (!ret && (pinned(t) || file.tid_used))
		gup_test_fail(t, "%u TIDs are used after all were cleared", file.tid_used);
	close_all(t);
}

/* ---- memory whose pages do not follow each other: one TID for each page ---- */

static inline u64 scattered(struct gup_mm *mm, unsigned int nr)
{
	struct gup_map_request map = { .length = nr * PAGE_SIZE,
				       .prot = GUP_PROT_READ | GUP_PROT_WRITE,
				       .flags = GUP_MAP_PRIVATE };
	s64 addr = gup_mmap(mm, &map);
	char bytes[PAGE_SIZE];

	while (addr > 0 && nr--) { /* frames come in ascending order */
		gup_test_pattern(bytes, (u64)addr + nr * PAGE_SIZE, PAGE_SIZE, 0);
		if (gup_copy_to_user(mm, (u64)addr + nr * PAGE_SIZE, bytes, PAGE_SIZE))
			return 0;
	}
	return addr > 0 ? (u64)addr : 0;
}

#endif
