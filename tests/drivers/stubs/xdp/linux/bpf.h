/* SPDX-License-Identifier: BSD-2-Clause */
/* linux/bpf.h - of it, what net/xdp_sock.h and xdp_umem.c use. */
#ifndef XDP_LINUX_BPF_H
#define XDP_LINUX_BPF_H

#include <linux/types.h>

#define XDP_PACKET_HEADROOM 256

struct bpf_map {
	u32 id;
};

#endif
