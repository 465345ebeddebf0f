/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rdma/ib_umem_odp.h - memory that is not pinned but follows the page tables. umem.c hands it on to others; the test
 * is the others.
 */
#ifndef STUB_IB_UMEM_ODP_H
#define STUB_IB_UMEM_ODP_H

#include <rdma/ib_umem.h>

struct ib_umem_odp {
	struct ib_umem umem;
	unsigned int page_shift;
};

static inline struct ib_umem_odp *to_ib_umem_odp(struct ib_umem *umem)
{
	return container_of(umem, struct ib_umem_odp, umem);
}

void ib_umem_odp_release(struct ib_umem_odp *odp);

#endif
