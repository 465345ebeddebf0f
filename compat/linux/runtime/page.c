/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/page.c - pages of the kernel's own, and aliases of pages.
 *
 * They come from the CMA area "kernel" of the machine under test. Each has a record of the test kit's, so that a page
 * that is left is reported with the call that took it.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include <linux/mm.h>

#include "runtime.h"

#define AREA "kernel"

struct record {
	struct record *next;
	struct gup_page *first;
	u64 pages;
};

struct alias {
	struct alias *next;
	void *address;
	size_t bytes;
	struct page *pages[];
};

static struct record *records;
static struct alias *aliases;

/* What an earlier test has left went with its machine. */
void gup_linux_forget_pages(void)
{
	records = NULL;
	aliases = NULL;
}

/* The record of the allocation that begins at a page, or has it. */
static struct record **find(const struct page *page)
{
	struct record **link;

	for (link = &records; *link; link = &(*link)->next)
		if (&page->gup >= (*link)->first && &page->gup < (*link)->first + (*link)->pages)
			break;
	return link;
}

bool gup_linux_page_is_ours(const struct page *page)
{
	return *find(page) != NULL;
}

struct page *gup_linux_alloc_pages(gfp_t gfp, unsigned int order, const void *site)
{
	struct record *r = gup_linux_alloc(sizeof(*r), gfp | __GFP_ZERO, site);
	size_t bytes = PAGE_SIZE << order;

	if (!r)
		return NULL;
	if (gup_cma_alloc(gup_test_machine(gup_linux_test), AREA, bytes, bytes, 0, &r->first, NULL)) {
		gup_test_free(gup_linux_test, r, site);
		return NULL;
	}
	if (gfp & __GFP_ZERO)
		memset(gup_page_address(gup_test_machine(gup_linux_test), r->first), 0, bytes);
	r->pages = 1UL << order;
	r->next = records;
	records = r;
	return (struct page *)r->first;
}

void gup_linux_free_pages(struct page *page, unsigned int order, const void *site)
{
	struct record **link = find(page), *r = *link;

	if (!r || r->first != &page->gup || r->pages != 1UL << order) {
		gup_test_complain(gup_linux_test, GUP_TEST_BAD_RELEASE, site,
				  "pfn %llu is no page of this order from alloc_pages()", (u64)page_to_pfn(page));
		return;
	}
	*link = r->next;
	gup_cma_free(gup_test_machine(gup_linux_test), r->first, r->pages * PAGE_SIZE);
	gup_test_free(gup_linux_test, r, site);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return gup_linux_alloc_pages(gfp, order, CALLER);
}

void __free_pages(struct page *page, unsigned int order)
{
	gup_linux_free_pages(page, order, CALLER);
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = gup_linux_alloc_pages(gfp, order, CALLER);

	return page ? (unsigned long)page_address(page) : 0;
}

void free_pages(unsigned long address, unsigned int order)
{
	if (address)
		gup_linux_free_pages(virt_to_page((void *)address), order, CALLER);
}

/* Frames follow each other in the direct map as in the table. */
struct page *virt_to_page(const void *address)
{
	struct gup_machine *m = gup_test_machine(gup_linux_test);
	struct gup_zone_info zone;
	struct gup_page *page = NULL;
	const char *first;

	if (!gup_zone_info(m, 0, &zone)) {
		first = gup_page_address(m, gup_pfn_to_page(m, zone.first_pfn));
		page = gup_pfn_to_page(m, zone.first_pfn + ((u64)((const char *)address - first) >> PAGE_SHIFT));
	}
	if (page)
		return (struct page *)page;
	gup_linux_bug("virt_to_page() of memory that is not from alloc_pages()", __FILE__, __LINE__);
}

unsigned int gup_linux_page_order(struct page *page)
{
	struct gup_frame_info info;

	return gup_frame_info(gup_test_machine(gup_linux_test), page_to_pfn(page), &info) ? 0 : info.order;
}

struct folio *page_folio(struct page *page)
{
	struct gup_frame_info info;

	if (gup_frame_info(gup_test_machine(gup_linux_test), page_to_pfn(page), &info))
		return (struct folio *)page;
	return (struct folio *)pfn_to_page(info.head_pfn);
}

bool zone_device_pages_have_same_pgmap(const struct page *a, const struct page *b)
{
	struct gup_frame_info first = { .zone = GUP_ZONE_NORMAL }, second = first;

	gup_frame_info(gup_test_machine(gup_linux_test), page_to_pfn(a), &first);
	gup_frame_info(gup_test_machine(gup_linux_test), page_to_pfn(b), &second);
	if (first.zone != GUP_ZONE_DAX && second.zone != GUP_ZONE_DAX)
		return true;
	return first.zone == second.zone && !strcmp(first.zone_name, second.zone_name);
}

bool is_longterm_pinnable_page(struct page *page)
{
	struct gup_frame_info info;

	return !gup_frame_info(gup_test_machine(gup_linux_test), page_to_pfn(page), &info) && info.longterm_ok;
}

void dump_page(struct page *page, const char *reason)
{
	struct gup_frame_info info;

	if (gup_frame_info(gup_test_machine(gup_linux_test), page_to_pfn(page), &info))
		return;
	printk("page: pfn %llu, order %u, zone %s, refs %u, pins %u, mapcount %u\n", (u64)page_to_pfn(page), info.order,
	       info.zone_name, info.refs, info.pins, info.mapcount);
	printk("page dumped because: %s\n", reason);
}

/*
 * Frames are shared memory of the host: mremap() with an old size of 0 maps such a page a second time. The host cleans
 * frames that it was seen to touch at their first address, so that is touched.
 */
static bool map_alias(char *at, struct page **pages, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		(void)*(volatile char *)page_address(pages[i]);
		if (mremap(page_address(pages[i]), 0, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, at + i * PAGE_SIZE) ==
		    MAP_FAILED)
			return false;
	}
	return true;
}

void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	struct alias *alias = gup_linux_alloc(struct_size(alias, pages, count), GFP_KERNEL, CALLER);

	(void)flags;
	(void)prot;
	if (!alias)
		return NULL;
	alias->bytes = count * PAGE_SIZE;
	alias->address = mmap(NULL, alias->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (alias->address == MAP_FAILED || !map_alias(alias->address, pages, count))
		gup_linux_bug("the host gives no second mapping of a frame", __FILE__, __LINE__);
	memcpy(alias->pages, pages, count * sizeof(*pages));
	alias->next = aliases;
	aliases = alias;
	return alias->address;
}

struct page *vmalloc_to_page(const void *address)
{
	struct alias *alias;
	size_t offset;

	for (alias = aliases; alias; alias = alias->next) {
		offset = (size_t)((const char *)address - (const char *)alias->address);
		if (offset < alias->bytes)
			return alias->pages[offset >> PAGE_SHIFT];
	}
	return NULL;
}

void vunmap(const void *address)
{
	struct alias **link, *alias;

	if (!address)
		return;
	for (link = &aliases; (alias = *link) && alias->address != address; link = &alias->next)
		;
	if (!alias) {
		gup_test_complain(gup_linux_test, GUP_TEST_BAD_RELEASE, CALLER, "vunmap() of what is not mapped");
		return;
	}
	*link = alias->next;
	munmap(alias->address, alias->bytes);
	gup_test_free(gup_linux_test, alias, CALLER);
}
