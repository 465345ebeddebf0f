// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * gup_probe.c - /dev/gup_probe: a device driver that does nothing but pin, for whoever asks how this kernel does it.
 *
 * It calls any entry point with any flags, holds what it got, and tells frames, counts and zones; its "device" reads and
 * writes held pages by their kernel address. mmap() of the device gives one page without a page's rules (VM_PFNMAP). Only root
 * can open it, and only in a guest that is thrown away: it passes flags that the kernel warns of.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/hugetlb.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "gup_probe.h"
#include "kernels.h"

struct hold {
	struct page **pages; /* NULL: this number is free */
	long nr;
	bool pinned;
};

struct probe {
	struct mutex lock; /* guards the holds */
	struct hold holds[GUP_PROBE_HOLDS];
};

static struct page *special; /* what mmap() maps */

static bool is_pin(unsigned int entry)
{
	return entry >= GUP_PROBE_PIN;
}

static long call_plain(const struct gup_probe_take *t, struct page **pages)
{
	long got;

	mmap_read_lock(current->mm);
	if (t->entry == GUP_PROBE_GET)
		got = probe_get(t->addr, t->nr, t->flags, pages);
	else
		got = probe_pin(t->addr, t->nr, t->flags, pages);
	mmap_read_unlock(current->mm);
	return got;
}

static long call_remote(const struct gup_probe_take *t, struct page **pages)
{
	int locked = 1, *lockedp = t->options & GUP_PROBE_LOCKED ? &locked : NULL;
	struct mm_struct *mm = current->mm;
	long got;

	mmap_read_lock(mm);
	if (t->entry == GUP_PROBE_GET_REMOTE)
		got = probe_get_remote(mm, t->addr, t->nr, t->flags, pages, lockedp);
	else
		got = probe_pin_remote(mm, t->addr, t->nr, t->flags, pages, lockedp);
	if (locked)
		mmap_read_unlock(mm);
	return got;
}

static long call_entry(const struct gup_probe_take *t, struct page **pages)
{
	switch (t->entry) {
	case GUP_PROBE_GET:
	case GUP_PROBE_PIN:
		return call_plain(t, pages);
	case GUP_PROBE_GET_REMOTE:
	case GUP_PROBE_PIN_REMOTE:
		return call_remote(t, pages);
	case GUP_PROBE_GET_FAST:
		return get_user_pages_fast(t->addr, t->nr, t->flags, pages);
	case GUP_PROBE_GET_FAST_ONLY:
		return get_user_pages_fast_only(t->addr, t->nr, t->flags, pages);
	case GUP_PROBE_GET_UNLOCKED:
		return get_user_pages_unlocked(t->addr, t->nr, pages, t->flags);
	case GUP_PROBE_PIN_FAST:
		return pin_user_pages_fast(t->addr, t->nr, t->flags, pages);
	case GUP_PROBE_PIN_FAST_ONLY:
		return probe_pin_fast_only(t->addr, t->nr, t->flags, pages);
	default:
		return pin_user_pages_unlocked(t->addr, t->nr, pages, t->flags);
	}
}

static int free_hold(struct probe *p)
{
	int i;

	for (i = 0; i < GUP_PROBE_HOLDS; i++)
		if (!p->holds[i].pages)
			return i;
	return -EMFILE;
}

static int take(struct probe *p, struct gup_probe_take *t)
{
	struct page **pages = NULL;
	int slot = free_hold(p);

	if (slot < 0)
		return slot;
	if (t->entry >= GUP_PROBE_ENTRIES)
		return -EINVAL;
	if (t->nr > GUP_PROBE_PAGES)
		return -E2BIG;
	if (!(t->options & GUP_PROBE_NO_PAGES)) {
		pages = kvcalloc(max(t->nr, 1u), sizeof(*pages), GFP_KERNEL);
		if (!pages)
			return -ENOMEM;
	}
	t->flags = probe_flags(t->flags);
	t->hold = -1;
	t->result = call_entry(t, pages);
	if (t->result <= 0 || !pages) {
		kvfree(pages);
		return 0;
	}
	p->holds[slot] = (struct hold){ .pages = pages, .nr = t->result, .pinned = is_pin(t->entry) };
	t->hold = slot;
	return 0;
}

static void release(struct hold *h)
{
	long i;

	if (h->pinned)
		unpin_user_pages(h->pages, h->nr);
	for (i = 0; !h->pinned && i < h->nr; i++)
		put_page(h->pages[i]);
	kvfree(h->pages);
	h->pages = NULL;
}

static struct page *held_page(struct probe *p, u32 hold, u32 index)
{
	if (hold >= GUP_PROBE_HOLDS || !p->holds[hold].pages || index >= p->holds[hold].nr)
		return NULL;
	return p->holds[hold].pages[index];
}

static int held(struct probe *p, struct gup_probe_held *a)
{
	struct page *page = held_page(p, a->hold, a->index);

	if (!page)
		return -EINVAL;
	a->pfn = page_to_pfn(page);
	return 0;
}

/* The kernel's own reader of these bits is not for modules. */
static u32 block_type(unsigned long pfn)
{
	unsigned long *bits = section_to_usemap(__pfn_to_section(pfn));
	unsigned long at = ((pfn & (PAGES_PER_SECTION - 1)) >> pageblock_order) * NR_PAGEBLOCK_BITS;

	return bits[at / BITS_PER_LONG] >> (at % BITS_PER_LONG) & MIGRATETYPE_MASK;
}

/* A CMA area is no zone of its own, but that is what matters of it. */
static const char *zone_name(unsigned long pfn)
{
#ifdef CONFIG_CMA
	if (block_type(pfn) == MIGRATE_CMA)
		return "CMA";
#endif
	return page_zone(pfn_to_page(pfn))->name;
}

static int frame(struct gup_probe_frame *a)
{
	struct folio *folio;

	if (!pfn_valid(a->pfn))
		return -EINVAL;
	folio = page_folio(pfn_to_page(a->pfn));
	a->refs = folio_ref_count(folio);
	a->order = folio_order(folio);
	if (folio_test_large(folio)) {
		a->pins = atomic_read(probe_pincount(folio));
		a->refs -= a->pins;
	} else {
		a->pins = a->refs / GUP_PIN_COUNTING_BIAS;
		a->refs %= GUP_PIN_COUNTING_BIAS;
	}
	a->block = block_type(a->pfn);
	strscpy(a->zone, zone_name(a->pfn), sizeof(a->zone));
	return 0;
}

static int access_held(struct probe *p, struct gup_probe_access *a)
{
	struct page *page = held_page(p, a->hold, a->index);
	u64 *word;

	if (!page || a->offset % sizeof(*word) || a->offset >= PAGE_SIZE)
		return -EINVAL;
	word = kmap_local_page(page) + a->offset;
	if (a->write)
		WRITE_ONCE(*word, a->value);
	else
		a->value = READ_ONCE(*word);
	kunmap_local(word);
	return 0;
}

static bool valid_range(const struct gup_probe_contig *a)
{
	return a->nr && pfn_valid(a->pfn) && pfn_valid(a->pfn + a->nr - 1);
}

static int could(struct gup_probe_contig *a)
{
	unsigned long pfn = ALIGN_DOWN(a->pfn, pageblock_nr_pages);

	if (!valid_range(a))
		return -EINVAL;
	a->result = 0;
	for (; pfn < ALIGN(a->pfn + a->nr, pageblock_nr_pages); pfn++)
		if (!pfn_valid(pfn) || PageReserved(pfn_to_page(pfn)))
			a->result = -EBUSY;
	return 0;
}

static int contig(struct gup_probe_contig *a)
{
#ifdef CONFIG_CMA
	unsigned int type = a->cma ? MIGRATE_CMA : MIGRATE_MOVABLE;
#else
	unsigned int type = MIGRATE_MOVABLE;
#endif

	if (!valid_range(a))
		return -EINVAL;
	a->result = alloc_contig_range(a->pfn, a->pfn + a->nr, type, GFP_KERNEL);
	if (!a->result)
		free_contig_range(a->pfn, a->nr);
	return 0;
}

static int release_hold(struct probe *p, u32 hold)
{
	if (!held_page(p, hold, 0))
		return -EINVAL;
	release(&p->holds[hold]);
	return 0;
}

union argument {
	struct gup_probe_take take;
	struct gup_probe_held held;
	struct gup_probe_frame frame;
	struct gup_probe_access access;
	struct gup_probe_contig contig;
	u32 hold;
};

static int answer(struct probe *p, unsigned int command, union argument *a)
{
	switch (command) {
	case GUP_PROBE_IOC_TAKE:
		return take(p, &a->take);
	case GUP_PROBE_IOC_HELD:
		return held(p, &a->held);
	case GUP_PROBE_IOC_FRAME:
		return frame(&a->frame);
	case GUP_PROBE_IOC_ACCESS:
		return access_held(p, &a->access);
	case GUP_PROBE_IOC_CONTIG:
		return contig(&a->contig);
	case GUP_PROBE_IOC_COULD:
		return could(&a->contig);
	case GUP_PROBE_IOC_RELEASE:
		return release_hold(p, a->hold);
	default:
		return -ENOTTY;
	}
}

static long probe_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct probe *p = file->private_data;
	union argument a;
	int err;

	if (_IOC_SIZE(command) > sizeof(a))
		return -ENOTTY;
	if (copy_from_user(&a, (void __user *)arg, _IOC_SIZE(command)))
		return -EFAULT;
	mutex_lock(&p->lock);
	err = answer(p, command, &a);
	mutex_unlock(&p->lock);
	if (!err && _IOC_DIR(command) & _IOC_READ && copy_to_user((void __user *)arg, &a, _IOC_SIZE(command)))
		err = -EFAULT;
	return err;
}

static int probe_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || vma_pages(vma) != 1)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(special), PAGE_SIZE, vma->vm_page_prot);
}

static int probe_open(struct inode *inode, struct file *file)
{
	struct probe *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	mutex_init(&p->lock);
	file->private_data = p;
	return 0;
}

static int probe_release(struct inode *inode, struct file *file)
{
	struct probe *p = file->private_data;
	int i;

	for (i = 0; i < GUP_PROBE_HOLDS; i++)
		if (p->holds[i].pages)
			release(&p->holds[i]);
	kfree(p);
	return 0;
}

static const struct file_operations probe_fops = {
	.owner = THIS_MODULE,
	.open = probe_open,
	.release = probe_release,
	.unlocked_ioctl = probe_ioctl,
	.mmap = probe_mmap,
};

static struct miscdevice probe_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "gup_probe",
	.fops = &probe_fops,
	.mode = 0600,
};

static int __init probe_init(void)
{
	int err;

	special = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!special)
		return -ENOMEM;
	err = misc_register(&probe_device);
	if (err)
		__free_page(special);
	return err;
}

static void __exit probe_exit(void)
{
	misc_deregister(&probe_device);
	__free_page(special);
}

module_init(probe_init);
module_exit(probe_exit);
MODULE_DESCRIPTION("Pins user pages through any entry point and tells what came of it");
MODULE_LICENSE("Dual BSD/GPL");
