// SPDX-License-Identifier: BSD-2-Clause
/* The same driver without its bugs. */
#define FIXED
#define drv_start drv_start_fixed
#define drv_stop drv_stop_fixed
#include "drv.c"
