/* SPDX-License-Identifier: BSD-2-Clause */
/* linux/rtnetlink.h - included by xdp_umem.c, which uses nothing of it. */
