/* SPDX-License-Identifier: BSD-2-Clause */
/* mthca_cmd.h - the commands by which mthca_memfree.c tells the card where its memory is. The test is the card. */
#ifndef MTHCA_CMD_H
#define MTHCA_CMD_H

#include "mthca_dev.h"

struct mthca_icm;

int mthca_MAP_ICM(struct mthca_dev *dev, struct mthca_icm *icm, u64 virt);
int mthca_MAP_ICM_page(struct mthca_dev *dev, u64 dma_addr, u64 virt);
int mthca_UNMAP_ICM(struct mthca_dev *dev, u64 virt, u32 page_count);

#endif
