/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/dma.c - scatter lists and coherent memory for the device of the test kit.
 */
#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>

#include "runtime.h"

/* An entry that is not mapped, which is reported, is perhaps no entry: nothing is followed from there. */
static void unmap_first(struct scatterlist *sgl, int nents)
{
	struct scatterlist *sg = sgl;
	int i;

	for (i = 0; i < nents; i++) {
		if (gup_test_dma_unmap(gup_linux_test, sg_dma_address(sg), sg->length))
			break;
		if (i + 1 < nents)
			sg = sg_next(sg);
	}
}

int dma_map_sg_attrs(struct device *d, struct scatterlist *sgl, int nents, enum dma_data_direction direction,
		     unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	(void)attrs;
	for_each_sg(sgl, sg, nents, i) {
		sg_dma_address(sg) = dma_map_page(d, sg_page(sg), sg->offset, sg->length, direction);
		if (dma_mapping_error(d, sg_dma_address(sg))) {
			unmap_first(sgl, i);
			return 0;
		}
		sg_dma_len(sg) = sg->length;
	}
	return nents;
}

void dma_unmap_sg_attrs(struct device *d, struct scatterlist *sgl, int nents, enum dma_data_direction direction,
			unsigned long attrs)
{
	(void)d;
	(void)direction;
	(void)attrs;
	unmap_first(sgl, nents);
}

int dma_map_sgtable(struct device *d, struct sg_table *table, enum dma_data_direction direction, unsigned long attrs)
{
	int nents = dma_map_sg_attrs(d, table->sgl, (int)table->orig_nents, direction, attrs);

	if (!nents)
		return -ENOMEM;
	table->nents = (unsigned int)nents;
	return 0;
}

void dma_unmap_sgtable(struct device *d, struct sg_table *table, enum dma_data_direction direction,
		       unsigned long attrs)
{
	dma_unmap_sg_attrs(d, table->sgl, (int)table->orig_nents, direction, attrs);
}

void *dma_alloc_coherent(struct device *d, size_t size, dma_addr_t *out_address, gfp_t gfp)
{
	void *p = (void *)__get_free_pages(gfp | __GFP_ZERO, get_order(size));

	if (!p)
		return NULL;
	*out_address = dma_map_single(d, p, size, DMA_BIDIRECTIONAL);
	if (!dma_mapping_error(d, *out_address))
		return p;
	free_pages((unsigned long)p, get_order(size));
	return NULL;
}

void dma_free_coherent(struct device *d, size_t size, void *p, dma_addr_t address)
{
	dma_unmap_single(d, address, size, DMA_BIDIRECTIONAL);
	free_pages((unsigned long)p, get_order(size));
}
