/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/kernel.c - which rules are those of a kernel that runs.
 */
#include "kernel.h"

#include <stdio.h>
#include <string.h>

#include <gup/gup.h>

uint32_t kernel_of(const char *text)
{
	unsigned int major, minor;
	uint32_t kernel;

	if (strncmp(text, "linux-", 6) == 0)
		text += 6;
	if (sscanf(text, "%u.%u", &major, &minor) != 2)
		return 0;
	kernel = GUP_KERNEL(major, minor);
	if (kernel > GUP_KERNEL_NEWEST)
		return GUP_KERNEL_NEWEST;
	return gup_kernel_known(kernel) && kernel >= GUP_KERNEL(5, 6) ? kernel : 0;
}
