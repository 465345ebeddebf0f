/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/notifier.h - subscriptions to what an address space maps, over gup/notifier.h. runtime/notifier.c
 *
 * What drivers read of these structures is in them; the subscription itself belongs to the machine. The machine tells
 * of each change at a place where it may sleep, so a range is always blockable.
 */
#ifndef COMPAT_NOTIFIER_H
#define COMPAT_NOTIFIER_H

#include <compat/mm.h>
#include <linux/interval_tree.h>
#include <linux/list.h>

struct gup_linux_subscription;
struct mmu_notifier;
struct mmu_interval_notifier;

/* The machine never tells SOFT_DIRTY, MIGRATE and EXCLUSIVE. */
enum mmu_notifier_event {
	MMU_NOTIFY_UNMAP,
	MMU_NOTIFY_CLEAR,
	MMU_NOTIFY_PROTECTION_VMA,
	MMU_NOTIFY_PROTECTION_PAGE,
	MMU_NOTIFY_SOFT_DIRTY,
	MMU_NOTIFY_RELEASE,
	MMU_NOTIFY_MIGRATE,
	MMU_NOTIFY_EXCLUSIVE,
};

#define MMU_NOTIFIER_RANGE_BLOCKABLE (1u << 0)

struct mmu_notifier_range {
	struct mm_struct *mm;
	unsigned long start, end;
	unsigned int flags;
	enum mmu_notifier_event event;
};

#define mmu_notifier_range_blockable(range) ((range)->flags & MMU_NOTIFIER_RANGE_BLOCKABLE)

struct mmu_notifier_ops {
	void (*release)(struct mmu_notifier *n, struct mm_struct *mm);
	int (*invalidate_range_start)(struct mmu_notifier *n, const struct mmu_notifier_range *range);
	void (*invalidate_range_end)(struct mmu_notifier *n, const struct mmu_notifier_range *range);
};

/* @hlist: as the driver left it; nothing is linked there */
struct mmu_notifier {
	struct hlist_node hlist;
	const struct mmu_notifier_ops *ops;
	struct mm_struct *mm;
	struct gup_linux_subscription *subscription;
};

struct mmu_interval_notifier_ops {
	bool (*invalidate)(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			   unsigned long cur_seq);
};

struct mmu_interval_notifier {
	struct interval_tree_node interval_tree;
	const struct mmu_interval_notifier_ops *ops;
	struct mm_struct *mm;
	struct gup_linux_subscription *subscription;
};

/* Return: 0; -EINVAL if nobody uses the mm any more; -ENOMEM for the first subscription of an mm only. */
int mmu_notifier_register(struct mmu_notifier *n, struct mm_struct *mm);
void mmu_notifier_unregister(struct mmu_notifier *n, struct mm_struct *mm);

/* Return: as above; -EOVERFLOW for an empty range or one that wraps; -EINVAL also for one that no user can have. */
int mmu_interval_notifier_insert(struct mmu_interval_notifier *n, struct mm_struct *mm, unsigned long start,
				 unsigned long length, const struct mmu_interval_notifier_ops *ops);
void mmu_interval_notifier_remove(struct mmu_interval_notifier *n);
unsigned long mmu_interval_read_begin(struct mmu_interval_notifier *n);
bool mmu_interval_read_retry(struct mmu_interval_notifier *n, unsigned long seq);
bool mmu_interval_check_retry(struct mmu_interval_notifier *n, unsigned long seq);
void mmu_interval_set_seq(struct mmu_interval_notifier *n, unsigned long cur_seq);

#endif
