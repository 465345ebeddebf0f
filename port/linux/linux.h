/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/linux/linux.h - what the files of this port offer each other.
 */
#ifndef GUP_PORT_LINUX_INTERNAL_H
#define GUP_PORT_LINUX_INTERNAL_H

#include <gup/errno.h>
#include <gup/port.h>
#include <gup_port.h>

/* ---- port.c ---- */
/* Addresses on a 2 MiB boundary with nothing behind them; NULL if there are none. */
void *gup_linux_reserve(uint64_t bytes);

/* ---- signal.c ---- */
/* From now on accesses to what the window does not show reach its fault(). 0, or -ENOMEM: too many windows. */
int gup_linux_watch(struct gup_port_window *window);
void gup_linux_unwatch(struct gup_port_window *window);

#endif
