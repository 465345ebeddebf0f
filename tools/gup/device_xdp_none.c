/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/device_xdp_none.c - `gup device xdp` where libxdp was not found.
 */
#include "device.h"

static const char *missing(void)
{
	return "this gup was built without libxdp; install libxdp-dev and libbpf-dev and build it again.";
}

const struct gup_device gup_device_xdp = {
	.name = "xdp",
	.title = "a network card, by AF_XDP: real frames over a cable of its own",
	.missing = missing,
};
