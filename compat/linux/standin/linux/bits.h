/* SPDX-License-Identifier: BSD-2-Clause */
/* For drivers that are built without kernel sources. */
#ifndef STANDIN_BITS_H
#define STANDIN_BITS_H
#define BIT(n) (1UL << (n))
#define GENMASK(high, low) ((~0UL << (low)) & (~0UL >> (63 - (high))))
#endif
