/* SPDX-License-Identifier: BSD-2-Clause */
#include <uapi/linux/if_xdp.h>
