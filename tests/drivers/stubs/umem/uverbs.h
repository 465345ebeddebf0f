/* SPDX-License-Identifier: BSD-2-Clause */
/* uverbs.h - umem.c includes it and uses nothing of it but what rdma/ib_umem.h has too. */
#include <rdma/ib_umem.h>
