/* SPDX-License-Identifier: BSD-2-Clause */
/* net/xdp_sock_drv.h - of it, the smallest chunk; struct xdp_umem is the kernel's own. */
#ifndef XDP_NET_XDP_SOCK_DRV_H
#define XDP_NET_XDP_SOCK_DRV_H

#include <linux/list.h>
#include <linux/vmalloc.h>
#include <net/xdp_sock.h>

#define XDP_UMEM_MIN_CHUNK_SIZE 2048

#endif
