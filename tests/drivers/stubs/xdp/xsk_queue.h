/* SPDX-License-Identifier: BSD-2-Clause */
/* xsk_queue.h - the rings of a socket; xdp_umem.c uses nothing of it. */
