/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/mm.h - pages, folios, and the pin family with the signatures and flag values of one kernel version.
 *
 * The calls that take and release pages are macros, so that file and line of a report are the driver's.
 */
#ifndef COMPAT_MM_H
#define COMPAT_MM_H

#include <compat/slab.h>
#include <gup/foll.h>
#include <linux/log2.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PMD_SHIFT 21
#define PMD_SIZE (1UL << PMD_SHIFT)
#define PAGE_ALIGN(addr) ALIGN(addr, PAGE_SIZE)
#define PAGE_ALIGNED(addr) IS_ALIGNED((unsigned long)(addr), PAGE_SIZE)
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
#define PFN_UP(x) (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)
#define PFN_ALIGN(x) (((unsigned long)(x) + PAGE_SIZE - 1) & PAGE_MASK)
#define untagged_addr(addr) (addr)

/* A frame of the machine under test; neighbours in memory are neighbours in the table. */
struct page {
	struct gup_page gup;
};

struct folio {
	struct page page;
};

#define COMPAT_MACHINE gup_test_machine(gup_linux_test)
#define COMPAT_PAGES(pages) ((struct gup_page **)(pages))
#define page_to_pfn(p) gup_page_to_pfn(COMPAT_MACHINE, &(p)->gup)
#define pfn_to_page(pfn) ((struct page *)gup_pfn_to_page(COMPAT_MACHINE, pfn))
#define pfn_valid(pfn) (pfn_to_page(pfn) != NULL)
#define page_to_phys(p) ((phys_addr_t)page_to_pfn(p) << PAGE_SHIFT)
#define page_address(p) gup_page_address(COMPAT_MACHINE, &(p)->gup)
#define lowmem_page_address(p) page_address(p)
#define __va(phys) ((void *)((char *)page_address(pfn_to_page((phys) >> PAGE_SHIFT)) + offset_in_page(phys)))
#define nth_page(p, n) ((p) + (n))
#define PageHighMem(p) ((void)(p), false)
#define page_to_nid(p) ((void)(p), 0)
struct page *virt_to_page(const void *address);
#define virt_to_phys(p) (page_to_phys(virt_to_page(p)) + offset_in_page(p))

unsigned int gup_linux_page_order(struct page *page);
struct folio *page_folio(struct page *page);
#define compound_head(p) (&page_folio(p)->page)
#define compound_order(p) gup_linux_page_order(p)
#define folio_page(folio, n) (&(folio)->page + (n))
#define folio_order(folio) gup_linux_page_order(&(folio)->page)
#define folio_nr_pages(folio) (1L << folio_order(folio))
#define folio_size(folio) (PAGE_SIZE << folio_order(folio))
#define folio_pfn(folio) page_to_pfn(&(folio)->page)
#define folio_page_idx(folio, p) ((p) - &(folio)->page)
/* Both are of the same DAX device, or of none. */
bool zone_device_pages_have_same_pgmap(const struct page *a, const struct page *b);
/* Exact here: Linux counts pins among the references, and may take many of those for a pin. */
#define page_maybe_dma_pinned(p) (gup_page_pins(COMPAT_MACHINE, &(p)->gup) != 0)
#define folio_maybe_dma_pinned(folio) page_maybe_dma_pinned(&(folio)->page)
bool is_longterm_pinnable_page(struct page *page);
#define folio_is_longterm_pinnable(folio) is_longterm_pinnable_page(&(folio)->page)
/* What is known of a page, as a message. */
void dump_page(struct page *page, const char *reason);

/* Mapping lock of an address space. */
#define mmap_read_lock(mm) (might_sleep(), gup_mmap_read_lock((mm)->gup))
#define mmap_read_lock_killable(mm)                                                                                    \
	(mmap_read_lock(mm), fatal_signal_pending(current) ? mmap_read_unlock(mm), -EINTR : 0)
#define mmap_read_unlock(mm) gup_mmap_read_unlock((mm)->gup)

/* ---- taking ---- */
#define COMPAT_PIN(call) (might_sleep(), (call))
#define get_user_pages_fast(start, nr, flags, pages)                                                                   \
	COMPAT_PIN(gup_get_user_pages_fast(current->mm->gup, start, nr, gup_linux_flags(flags, FOLL_GET),              \
					   COMPAT_PAGES(pages)))
#define get_user_pages_unlocked(start, nr, pages, flags)                                                               \
	COMPAT_PIN(gup_get_user_pages_unlocked(                                                                        \
		current->mm->gup, start, nr, gup_linux_flags(flags, FOLL_GET | GUP_LINUX_TOUCH), COMPAT_PAGES(pages)))
#define pin_user_pages_fast(start, nr, flags, pages)                                                                   \
	COMPAT_PIN(gup_pin_user_pages_fast(current->mm->gup, start, nr, gup_linux_flags(flags, 0), COMPAT_PAGES(pages)))
#define pin_user_pages_unlocked(start, nr, pages, flags)                                                               \
	COMPAT_PIN(gup_pin_user_pages_unlocked(current->mm->gup, start, nr, gup_linux_flags(flags, GUP_LINUX_TOUCH),   \
					       COMPAT_PAGES(pages)))
#if GUP_LINUX == 601
/* 6.1 could also give the VMAs back. Nobody here asks for them, and who does is told when it is compiled. */
#define COMPAT_NO_VMAS(vmas)                                                                                           \
	_Static_assert(__builtin_constant_p(vmas), "the compat layer gives no vmas back: pass NULL")
#define get_user_pages(start, nr, flags, pages, vmas)                                                                  \
	({                                                                                                             \
		COMPAT_NO_VMAS(vmas);                                                                                  \
		COMPAT_PIN(gup_get_user_pages(current->mm->gup, start, nr,                                             \
					      gup_linux_flags(flags, FOLL_GET | GUP_LINUX_TOUCH),                      \
					      COMPAT_PAGES(pages)));                                                   \
	})
#define pin_user_pages(start, nr, flags, pages, vmas)                                                                  \
	({                                                                                                             \
		COMPAT_NO_VMAS(vmas);                                                                                  \
		COMPAT_PIN(gup_pin_user_pages(current->mm->gup, start, nr, gup_linux_flags(flags, GUP_LINUX_TOUCH),    \
					      COMPAT_PAGES(pages)));                                                   \
	})
#define pin_user_pages_remote(mm, start, nr, flags, pages, vmas, locked)                                               \
	({                                                                                                             \
		COMPAT_NO_VMAS(vmas);                                                                                  \
		COMPAT_PIN(gup_pin_user_pages_remote((mm)->gup, start, nr, gup_linux_flags(flags, GUP_LINUX_TOUCH),    \
						     COMPAT_PAGES(pages), locked));                                    \
	})
#else
#define get_user_pages(start, nr, flags, pages)                                                                        \
	COMPAT_PIN(gup_get_user_pages(current->mm->gup, start, nr, gup_linux_flags(flags, FOLL_GET | GUP_LINUX_TOUCH), \
				      COMPAT_PAGES(pages)))
#define pin_user_pages(start, nr, flags, pages)                                                                        \
	COMPAT_PIN(gup_pin_user_pages(current->mm->gup, start, nr, gup_linux_flags(flags, GUP_LINUX_TOUCH),            \
				      COMPAT_PAGES(pages)))
#define pin_user_pages_remote(mm, start, nr, flags, pages, locked)                                                     \
	COMPAT_PIN(gup_pin_user_pages_remote((mm)->gup, start, nr, gup_linux_flags(flags, GUP_LINUX_TOUCH),            \
					     COMPAT_PAGES(pages), locked))
#endif

/* ---- releasing: what Linux returns nothing from, the machine reports if it is refused ---- */
#define unpin_user_page(p) (void)COMPAT_PIN(gup_unpin_user_page(COMPAT_MACHINE, &(p)->gup))
#define unpin_user_pages(pages, nr) (void)COMPAT_PIN(gup_unpin_user_pages(COMPAT_MACHINE, COMPAT_PAGES(pages), nr))
#define unpin_user_pages_dirty_lock(pages, nr, dirty)                                                                  \
	(void)COMPAT_PIN(gup_unpin_user_pages_dirty_lock(COMPAT_MACHINE, COMPAT_PAGES(pages), nr, dirty))
#define unpin_user_page_range_dirty_lock(p, nr, dirty)                                                                 \
	(void)COMPAT_PIN(gup_unpin_user_page_range_dirty_lock(COMPAT_MACHINE, &(p)->gup, nr, dirty))
#define set_page_dirty(p) (void)gup_set_page_dirty(COMPAT_MACHINE, &(p)->gup)
#define set_page_dirty_lock(p) (might_sleep(), set_page_dirty(p))
/* Of a user's page, or of one from alloc_page(). */
bool gup_linux_page_is_ours(const struct page *page);
#define put_page(p)                                                                                                    \
	do {                                                                                                           \
		struct page *put_ = (p);                                                                               \
		if (gup_linux_page_is_ours(put_))                                                                      \
			__free_page(put_);                                                                             \
		else                                                                                                   \
			(void)gup_put_page(COMPAT_MACHINE, &put_->gup);                                                \
	} while (0)

/* ---- pages of the kernel's own: from a CMA area of the machine that users do not borrow. runtime/page.c ---- */
struct page *alloc_pages(gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
void free_pages(unsigned long address, unsigned int order);
static inline int get_order(unsigned long size)
{
	return size <= PAGE_SIZE ? 0 : fls64((size - 1) >> PAGE_SHIFT);
}
#define alloc_page(gfp) alloc_pages(gfp, 0)
#define alloc_pages_node(node, gfp, order) alloc_pages(gfp, order)
#define __free_page(p) __free_pages(p, 0)
#define __get_free_page(gfp) __get_free_pages(gfp, 0)
#define get_zeroed_page(gfp) __get_free_pages((gfp) | __GFP_ZERO, 0)
#define free_page(address) free_pages(address, 0)

typedef struct {
	unsigned long pgprot;
} pgprot_t;
#define PAGE_KERNEL ((pgprot_t){ 0 })
#define VM_IOREMAP 0x1
#define VM_MAP 0x4
/* One run of addresses for scattered frames. */
void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot);
void vunmap(const void *address);
/* The frame behind such an address; NULL if it is none. */
struct page *vmalloc_to_page(const void *address);

/* ---- highmem: there is none ---- */
#define kmap(p) page_address(p)
#define kunmap(p) ((void)(p))
#define kmap_atomic(p) (gup_linux_atomic_begin(), page_address(p))
#define kunmap_atomic(address) ((void)(address), gup_linux_atomic_end("kunmap_atomic"))
#define kmap_local_page(p) page_address(p)
#define kunmap_local(address) ((void)(address))
#define flush_dcache_page(p) ((void)(p))
#define clear_user_highpage(p, address) ((void)(address), (void)memset(page_address(p), 0, PAGE_SIZE))
#define pagefault_disabled() (gup_linux_thread()->atomic != 0)

#endif
