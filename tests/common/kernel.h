/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/kernel.h - which rules are those of a kernel that runs.
 */
#ifndef COMMON_KERNEL_H
#define COMMON_KERNEL_H

#include <stdint.h>

/* "6.1", "linux-6.1", "6.1.0-40-amd64"; the newest release with rules for one that is newer. 0: none that pins. */
uint32_t kernel_of(const char *text);

#endif
