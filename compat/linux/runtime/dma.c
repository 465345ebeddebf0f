/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/dma.c - scatter lists and coherent memory for the device of the test kit.
 */
#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>

#include "runtime.h"

static dma_addr_t map_for(struct page *page, u64 offset, u64 bytes, bool write, const void *site)
{
	struct gup_test_area area = { &page->gup, offset, bytes, write, site };

	return gup_test_dma_map_for(gup_linux_test, &area);
}

/* An entry that is not mapped, which is reported, is perhaps no entry: nothing is followed from there. */
static void unmap_list(struct scatterlist *sgl, int nents, const void *site)
{
	struct scatterlist *sg = sgl;
	int i;

	for (i = 0; i < nents; i++) {
		if (gup_test_dma_unmap_for(gup_linux_test, sg_dma_address(sg), sg->length, site))
			break;
		if (i + 1 < nents)
			sg = sg_next(sg);
	}
}

/* Return: all entries, or 0 with none mapped. */
static int map_list(struct scatterlist *sgl, int nents, enum dma_data_direction direction, const void *site)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
	{
		sg_dma_address(sg) = map_for(sg_page(sg), sg->offset, sg->length, DMA_FROM(direction), site);
		if (sg_dma_address(sg) == DMA_MAPPING_ERROR) {
			unmap_list(sgl, i, site);
			return 0;
		}
		sg_dma_len(sg) = sg->length;
	}
	return nents;
}

int dma_map_sg_attrs(struct device *d, struct scatterlist *sgl, int nents, enum dma_data_direction direction,
		     unsigned long attrs)
{
	(void)d;
	(void)attrs;
	return map_list(sgl, nents, direction, CALLER);
}

void dma_unmap_sg_attrs(struct device *d, struct scatterlist *sgl, int nents, enum dma_data_direction direction,
			unsigned long attrs)
{
	(void)d;
	(void)direction;
	(void)attrs;
	unmap_list(sgl, nents, CALLER);
}

int dma_map_sgtable(struct device *d, struct sg_table *table, enum dma_data_direction direction, unsigned long attrs)
{
	int nents = map_list(table->sgl, (int)table->orig_nents, direction, CALLER);

	(void)d;
	(void)attrs;
	if (!nents)
		return -ENOMEM;
	table->nents = (unsigned int)nents;
	return 0;
}

void dma_unmap_sgtable(struct device *d, struct sg_table *table, enum dma_data_direction direction, unsigned long attrs)
{
	(void)d;
	(void)direction;
	(void)attrs;
	unmap_list(table->sgl, (int)table->orig_nents, CALLER);
}

void *dma_alloc_coherent(struct device *d, size_t size, dma_addr_t *out_address, gfp_t gfp)
{
	struct page *page = gup_linux_alloc_pages(gfp | __GFP_ZERO, get_order(size), CALLER);

	(void)d;
	if (!page)
		return NULL;
	*out_address = map_for(page, 0, size, true, CALLER);
	if (*out_address != DMA_MAPPING_ERROR)
		return page_address(page);
	gup_linux_free_pages(page, get_order(size), CALLER);
	return NULL;
}

void dma_free_coherent(struct device *d, size_t size, void *p, dma_addr_t address)
{
	(void)d;
	gup_test_dma_unmap_for(gup_linux_test, address, size, CALLER);
	gup_linux_free_pages(virt_to_page(p), get_order(size), CALLER);
}
