/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bcm_vk.h - the bus of the card.
 *
 * The test kit never gives two mappings neighbouring DMA addresses. On a bus without an IOMMU pages that follow each
 * other have such addresses, and the file under test makes one entry of them: with bcm_vk_direct the card's addresses
 * are the physical ones, and each stands for a mapping of the kit's.
 */
#ifndef BCM_VK_H
#define BCM_VK_H

#include <linux/dma-mapping.h>

extern bool bcm_vk_direct;

/* The card's address for a mapping of the kit's, which is of @bytes at @physical. */
dma_addr_t bcm_vk_to_bus(dma_addr_t kit, phys_addr_t physical, size_t bytes);
/* The other way round; @gone: it is being unmapped. */
dma_addr_t bcm_vk_from_bus(dma_addr_t bus, bool gone);

#undef dma_map_page
#define dma_map_page(d, p, offset, size, direction)                                                                    \
	((void)(d), bcm_vk_to_bus(gup_test_dma_map(gup_linux_test, &(p)->gup, offset, size, DMA_FROM(direction)),      \
				  page_to_phys(p) + (offset), size))
#undef dma_unmap_page
#define dma_unmap_page(d, address, size, direction)                                                                    \
	((void)(d), (void)(direction), (void)gup_test_dma_unmap(gup_linux_test, bcm_vk_from_bus(address, true), size))

#endif
