/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/drv/drv.h - the card that drv.c drives: a ring of DMA addresses and a switch.
 */
#ifndef DRV_H
#define DRV_H

#include <linux/dma-mapping.h>
#include <linux/uaccess.h>

#define NR 4

/* Registers: the driver writes ring and on, the card says whether it is busy. */
struct card {
	struct device dev;
	dma_addr_t ring[NR];
	bool on, busy;
};

struct drv {
	struct card *card;
	struct page *pages[NR];
};

long drv_start(struct drv *d, unsigned long addr, dma_addr_t __user *out);
void drv_stop(struct drv *d);
long drv_start_fixed(struct drv *d, unsigned long addr, dma_addr_t __user *out);
void drv_stop_fixed(struct drv *d);

#endif
