/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/dma.h - devices and DMA mappings, over the device of the test kit. runtime/dma.c
 */
#ifndef COMPAT_DMA_H
#define COMPAT_DMA_H

#include <compat/mm.h>

struct device {
	const char *name;
	void *driver_data;
};

struct pci_dev {
	struct device dev;
};

#define dev_name(d) ((d)->name)
#define dev_err(d, fmt, ...) ((void)(d), printk(fmt, ##__VA_ARGS__))
#define dev_warn dev_err
#define dev_info dev_err
#define dev_dbg dev_err
#define dev_get_drvdata(d) ((d)->driver_data)
#define dev_set_drvdata(d, data) ((void)((d)->driver_data = (data)))

enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_NONE };

#define DMA_MAPPING_ERROR GUP_TEST_DMA_ERROR
#define DMA_ATTR_WEAK_ORDERING (1UL << 1)
#define DMA_ATTR_SKIP_CPU_SYNC (1UL << 5)
#define DMA_ATTR_NO_WARN (1UL << 8)
#define DMA_BIT_MASK(n) (((n) == 64) ? ~0ULL : ((1ULL << (n)) - 1))
#define DMA_FROM(direction) ((direction) != DMA_TO_DEVICE)

#define dma_map_page(d, p, offset, size, direction)                                                                    \
	((void)(d), (dma_addr_t)gup_test_dma_map(gup_linux_test, &(p)->gup, offset, size, DMA_FROM(direction)))
#define dma_map_page_attrs(d, p, offset, size, direction, attrs) dma_map_page(d, p, offset, size, direction)
#define dma_map_single(d, ptr, size, direction) dma_map_page(d, virt_to_page(ptr), offset_in_page(ptr), size, direction)
#define dma_unmap_page(d, address, size, direction)                                                                    \
	((void)(d), (void)(direction), (void)gup_test_dma_unmap(gup_linux_test, address, size))
#define dma_unmap_page_attrs(d, address, size, direction, attrs) dma_unmap_page(d, address, size, direction)
#define dma_unmap_single dma_unmap_page
#define dma_mapping_error(d, address) ((void)(d), (address) == DMA_MAPPING_ERROR ? -ENOMEM : 0)
/* Memory is coherent here: there is nothing to do for them. */
#define dma_sync_single_for_cpu(d, address, size, direction) ((void)(d))
#define dma_sync_single_for_device(d, address, size, direction) ((void)(d))
#define dma_sync_sg_for_cpu(d, sgl, nents, direction) ((void)(d), (void)(sgl), (void)(nents), (void)(direction))
#define dma_get_max_seg_size(d) ((void)(d), UINT_MAX)

void *dma_alloc_coherent(struct device *d, size_t size, dma_addr_t *out_address, gfp_t gfp);
void dma_free_coherent(struct device *d, size_t size, void *p, dma_addr_t address);

/* All of the list or nothing. The first returns the number of entries, 0 if it fails; the second an errno. */
struct scatterlist;
struct sg_table;
int dma_map_sg_attrs(struct device *d, struct scatterlist *sgl, int nents, enum dma_data_direction direction,
		     unsigned long attrs);
void dma_unmap_sg_attrs(struct device *d, struct scatterlist *sgl, int nents, enum dma_data_direction direction,
			unsigned long attrs);
int dma_map_sgtable(struct device *d, struct sg_table *table, enum dma_data_direction direction, unsigned long attrs);
void dma_unmap_sgtable(struct device *d, struct sg_table *table, enum dma_data_direction direction,
		       unsigned long attrs);
#define dma_map_sg(d, sgl, nents, direction) dma_map_sg_attrs(d, sgl, nents, direction, 0)
#define dma_unmap_sg(d, sgl, nents, direction) dma_unmap_sg_attrs(d, sgl, nents, direction, 0)

#endif
