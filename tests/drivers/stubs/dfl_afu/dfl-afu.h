/* SPDX-License-Identifier: BSD-2-Clause */
/* dfl-afu.h - of the driver's own header, what dfl-afu-dma-region.c uses. */
#ifndef DFL_AFU_H
#define DFL_AFU_H

#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>

struct platform_device {
	struct device dev;
};

struct dfl_afu {
	struct rb_root dma_regions;
};

struct dfl_feature_platform_data {
	struct mutex lock;
	struct platform_device *dev;
	struct dfl_afu *private;
};

struct dfl_afu_dma_region {
	u64 user_addr, length, iova;
	struct page **pages;
	struct rb_node node;
	bool in_use;
};

#define dfl_fpga_pdata_get_private(pdata) ((pdata)->private)
#define dfl_fpga_pdata_to_parent(pdata) (&(pdata)->dev->dev)

void afu_dma_region_init(struct dfl_feature_platform_data *pdata);
void afu_dma_region_destroy(struct dfl_feature_platform_data *pdata);
int afu_dma_map_region(struct dfl_feature_platform_data *pdata, u64 user_addr, u64 length, u64 *iova);
int afu_dma_unmap_region(struct dfl_feature_platform_data *pdata, u64 iova);
struct dfl_afu_dma_region *afu_dma_region_find(struct dfl_feature_platform_data *pdata, u64 iova, u64 size);

#endif
