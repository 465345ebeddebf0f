/* SPDX-License-Identifier: BSD-2-Clause */
/* qib.h - of the driver's own header, what qib_user_pages.c uses. */
#ifndef QIB_H
#define QIB_H

#include <linux/dma-mapping.h>

int qib_map_page(struct pci_dev *hwdev, struct page *page, dma_addr_t *daddr);
int qib_get_user_pages(unsigned long start_page, size_t num_pages, struct page **p);
void qib_release_user_pages(struct page **p, size_t num_pages);

#endif
