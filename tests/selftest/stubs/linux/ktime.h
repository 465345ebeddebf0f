/* SPDX-License-Identifier: BSD-2-Clause */
/* linux/ktime.h - time, in nanoseconds; what is measured with it is printed and never compared. */
#ifndef SELFTEST_LINUX_KTIME_H
#define SELFTEST_LINUX_KTIME_H

#include <linux/types.h>

typedef s64 ktime_t;
ktime_t ktime_get(void);
#define ktime_us_delta(later, earlier) (((later) - (earlier)) / 1000)

#endif
