/* SPDX-License-Identifier: BSD-2-Clause */
/* For drivers that are built without kernel sources. */
#ifndef STANDIN_MATH_H
#define STANDIN_MATH_H
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define DIV_ROUND_DOWN_ULL(n, d) ((unsigned long long)(n) / (d))
#define round_up(x, y) ((((x)-1) | ((typeof(x))((y)-1))) + 1)
#define round_down(x, y) ((x) & ~(typeof(x))((y)-1))
#endif
