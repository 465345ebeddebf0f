// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What insmod wants of a module, for gup_test.c, which has no such line. */
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("the kernel half of gup_test");
