/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/af_xdp_device.h - what the two halves of the AF_XDP device share: af_xdp.c registers the memory with the host,
 * af_xdp_frames.c sends and receives in it.
 */
#ifndef GUP_DEVICES_AF_XDP_DEVICE_H
#define GUP_DEVICES_AF_XDP_DEVICE_H

#include "af_xdp.h"

#include <net/if.h>
#include <xdp/xsk.h>

enum chunk { CHUNK_OWN, CHUNK_LENT, CHUNK_SENT };

struct gup_xdp {
	char interface[IF_NAMESIZE];
	struct gup_region *region;
	uint8_t *chunks; /* enum chunk for each; NULL: no socket */
	uint32_t nr_chunks;
	uint32_t sending; /* chunks */
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons done, rx;
	int map, link; /* -1: none */
	int error;     /* of a socket whose interface is gone */
	struct gup_xdp_stats stats;
};

#endif
