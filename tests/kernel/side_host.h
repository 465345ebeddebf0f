/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/side_host.h - what the two files of pins-host share.
 */
#ifndef SIDE_HOST_H
#define SIDE_HOST_H

#include "side.h"

/* Ends the program with errno's words. */
_Noreturn void host_fail(const char *what);

/* Where a page of the mapping is. */
unsigned char *host_page(unsigned int page);

/* A page may have been moved for it. */
void host_pinned_for_long(void);

/* /dev/gup_probe */
void host_open_device(void);
int host_device_fd(void);

#endif
