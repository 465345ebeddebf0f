/* SPDX-License-Identifier: BSD-2-Clause */
/* net/sock.h - of it, what net/xdp_sock.h names. */
#ifndef XDP_NET_SOCK_H
#define XDP_NET_SOCK_H

struct xsk_tx_metadata_compl;

struct sock {
	int family;
};

#endif
