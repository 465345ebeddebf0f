/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rdma/ib_verbs.h - of the RDMA core's header, what umem.c and the kernel's own rdma/ib_umem.h use: a device, access
 * flags, and DMA mappings for a device that has its DMA done by hardware.
 */
#ifndef STUB_IB_VERBS_H
#define STUB_IB_VERBS_H

#include <linux/dma-mapping.h>

/* Set in the kernel's configuration. */
#define CONFIG_INFINIBAND_USER_MEM 1

struct ib_device {
	struct device *dma_device;
	unsigned int max_seg_size; /* longest entry of a scatter list, in bytes */
};

/* The same values as in the user's interface. */
enum ib_access_flags {
	IB_ACCESS_LOCAL_WRITE = 1 << 0,
	IB_ACCESS_REMOTE_WRITE = 1 << 1,
	IB_ACCESS_REMOTE_READ = 1 << 2,
	IB_ACCESS_REMOTE_ATOMIC = 1 << 3,
	IB_ACCESS_MW_BIND = 1 << 4,
	IB_ACCESS_ON_DEMAND = 1 << 6,
	IB_ACCESS_RELAXED_ORDERING = 1 << 20,
};

enum ib_mr_rereg_flags { IB_MR_REREG_TRANS = 1 << 0, IB_MR_REREG_PD = 1 << 1, IB_MR_REREG_ACCESS = 1 << 2 };

/* Whatever lets somebody change the memory through it. */
static inline bool ib_access_writable(int flags)
{
	return (flags &
		(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE | IB_ACCESS_REMOTE_ATOMIC | IB_ACCESS_MW_BIND)) != 0;
}

#define ib_dma_max_seg_size(ibdev) ((ibdev)->max_seg_size)
#define ib_dma_map_sgtable_attrs(ibdev, table, direction, attrs)                                                       \
	dma_map_sgtable((ibdev)->dma_device, table, direction, attrs)
#define ib_dma_unmap_sgtable_attrs(ibdev, table, direction, attrs)                                                     \
	dma_unmap_sgtable((ibdev)->dma_device, table, direction, attrs)

#endif
