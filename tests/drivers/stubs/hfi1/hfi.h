/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hfi.h - of the driver's own header, what the files under test use.
 *
 * The card is a table of receive entries, which a test that links exp_rcv.c and user_exp_rcv.c has: hfi1_put_tid()
 * and hfi1_fill_tid() write it.
 */
#ifndef HFI_H
#define HFI_H

#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/kref.h>
#include <linux/log2.h>
#include <linux/mmu_notifier.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/rbtree.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#define HFI1_PRESENT 0x2
#define HFI1_CAP_USER_SHIFT 24
#define HFI1_CAP_TID_UNMAP (1UL << 10)
#define HFI1_CAP_UGET_MASK(mask, cap) ((mask) >> HFI1_CAP_USER_SHIFT & HFI1_CAP_##cap)
#define _HFI1_EVENT_TID_MMU_NOTIFY_BIT 5
#define MAX_EXPECTED_BUFFER (2048 * 1024)
#define HFI1_MAX_SHARED_CTXTS 8

#define PT_EXPECTED 0
#define PT_EAGER 1
#define PT_INVALID_FLUSH 2
#define PT_INVALID 3

#define dd_dev_err(dd, fmt, ...) dev_err(&(dd)->pcidev->dev, fmt, ##__VA_ARGS__)
#define hfi1_cdbg(what, fmt, ...) no_printk(fmt, ##__VA_ARGS__)

struct hfi1_pportdata {
	struct workqueue_struct *hfi1_wq;
};

struct hfi1_devdata {
	struct pci_dev *pcidev;
	struct hfi1_pportdata *pport;
	struct {
		u16 ngroups;
		u8 group_size;
	} rcv_entries;
	unsigned long *events;
	unsigned int flags;
	char *rcvarray_wc; /* an address, not memory: receive entry 0 */
	unsigned int num_rcv_contexts;
	unsigned int first_dyn_alloc_ctxt;
};

struct exp_tid_set {
	struct list_head list;
	u32 count;
};

struct hfi1_ctxtdata {
	struct hfi1_devdata *dd;
	struct exp_tid_set tid_group_list, tid_used_list, tid_full_list;
	unsigned long flags;
	struct tid_group *groups;
	int numa_id;
	u16 expected_count, expected_base;
	u8 ctxt;
	struct mutex exp_mutex;
	u8 subctxt_cnt;
};

struct hfi1_filedata {
	struct hfi1_ctxtdata *uctxt;
	u16 subctxt;
	spinlock_t tid_lock;
	u32 tid_limit, tid_used;
	u32 *invalid_tids;
	u32 invalid_tid_idx;
	spinlock_t invalid_lock;
	struct tid_rb_node **entry_to_rb;
	bool use_mn;
	u32 tid_n_pinned;
};

/* What a process and the driver tell each other about a registration. */
struct hfi1_tid_info {
	u64 vaddr, tidlist;
	u32 tidcnt, length;
};

#define uctxt_offset(uctxt) (((uctxt)->ctxt - (uctxt)->dd->first_dyn_alloc_ctxt) * HFI1_MAX_SHARED_CTXTS)

void hfi1_put_tid(struct hfi1_devdata *dd, u32 index, u32 type, unsigned long pa, u16 order);
void hfi1_clear_tids(struct hfi1_ctxtdata *rcd);
/* A write to an entry's register; one of 0 is not for the entry. */
void hfi1_fill_tid(const char *address, u64 value);
#define writeq(value, address) hfi1_fill_tid(address, value)
/* Writes are in order here. */
#define flush_wc() ((void)0)

bool hfi1_can_pin_pages(struct hfi1_devdata *dd, struct mm_struct *mm, u32 nlocked, u32 npages);
int hfi1_acquire_user_pages(struct mm_struct *mm, unsigned long vaddr, size_t npages, bool writable,
			    struct page **pages);
void hfi1_release_user_pages(struct mm_struct *mm, struct page **p, size_t npages, bool dirty);

#endif
