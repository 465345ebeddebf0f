/* SPDX-License-Identifier: BSD-2-Clause */
/* mthca_dev.h - of the driver's own header, what mthca_memfree.c uses. */
#ifndef MTHCA_DEV_H
#define MTHCA_DEV_H

#include <linux/dma-mapping.h>
#include <linux/mutex.h>

struct mthca_uar {
	int index;
};

struct mthca_db_table;
struct mthca_dev {
	struct pci_dev *pdev;
	bool memfree; /* its firmware has no memory of its own */
	struct {
		u64 uarc_base;
		int uarc_size;
	} uar_table;
	struct mthca_uar driver_uar;
	struct mthca_db_table *db_tab;
};

#define mthca_is_memfree(dev) ((dev)->memfree)

/* A warning of the driver is something that the test wants to know of. */
void mthca_warn(struct mthca_dev *dev, const char *fmt, ...) __printf(2, 3);

#endif
