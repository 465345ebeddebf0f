/* SPDX-License-Identifier: BSD-2-Clause */
/* linux/netdevice.h - of it, the room that a packet needs behind its data: 320 bytes on x86-64, in cache lines. */
#ifndef XDP_LINUX_NETDEVICE_H
#define XDP_LINUX_NETDEVICE_H

#include <linux/types.h>

struct skb_shared_info {
	u8 bytes[320];
};

#define SKB_DATA_ALIGN(bytes) (((bytes) + 63) & ~63UL)

#endif
