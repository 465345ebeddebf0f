/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ivtv-driver.h - of the driver's own header, what user DMA uses. Registers are the test's.
 */
#ifndef IVTV_DRIVER_H
#define IVTV_DRIVER_H

#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>

#define IVTV_DMA_SG_OSD_ENT (2883584 / PAGE_SIZE)

#define IVTV_REG_DMAXFER 0x0000
#define IVTV_REG_DECDMAADDR 0x0008

#define IVTV_F_I_DMA 0
#define IVTV_F_I_UDMA 1
#define IVTV_F_I_UDMA_PENDING 2

#define IVTV_DEBUG_DMA(...) printk("ivtv dma: " __VA_ARGS__)
#define IVTV_DEBUG_INFO(...) printk("ivtv info: " __VA_ARGS__)
#define IVTV_DEBUG_WARN(...) printk("ivtv warn: " __VA_ARGS__)

struct ivtv_sg_element {
	__le32 src, dst, size;
};

struct ivtv_user_dma {
	struct mutex lock;
	int page_count;
	struct page *map[IVTV_DMA_SG_OSD_ENT];
	struct page *bouncemap[IVTV_DMA_SG_OSD_ENT];
	struct ivtv_sg_element SGarray[IVTV_DMA_SG_OSD_ENT];
	dma_addr_t SG_handle;
	int SG_length;
	struct scatterlist SGlist[IVTV_DMA_SG_OSD_ENT];
};

struct ivtv_dma_page_info {
	unsigned long uaddr, first, last;
	unsigned int offset, tail;
	int page_count;
};

struct ivtv {
	struct pci_dev *pdev;
	spinlock_t dma_reg_lock;
	unsigned long i_flags;
	struct ivtv_user_dma udma;
};

u32 ivtv_read_reg(unsigned int reg);
void ivtv_write_reg(u32 value, unsigned int reg);
#define read_reg(reg) ivtv_read_reg(reg)
#define write_reg(value, reg) ivtv_write_reg(value, reg)
#define write_reg_sync(value, reg) (write_reg(value, reg), (void)read_reg(reg))

#endif
