/* SPDX-License-Identifier: BSD-2-Clause */
/* For drivers that are built without kernel sources. */
#ifndef STANDIN_LOG2_H
#define STANDIN_LOG2_H
#define ilog2(n) (63 - __builtin_clzl(n))
#define is_power_of_2(n) ((n) != 0 && ((n) & ((n)-1)) == 0)
#define roundup_pow_of_two(n) ((n) <= 1 ? 1UL : 1UL << (64 - __builtin_clzl((n)-1)))
#define rounddown_pow_of_two(n) (1UL << ilog2(n))
#endif
