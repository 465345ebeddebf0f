/* SPDX-License-Identifier: BSD-2-Clause */
/* For drivers that are built without kernel sources. */
#ifndef STANDIN_OVERFLOW_H
#define STANDIN_OVERFLOW_H
#define check_add_overflow(a, b, out) __builtin_add_overflow(a, b, out)
#define check_sub_overflow(a, b, out) __builtin_sub_overflow(a, b, out)
#define check_mul_overflow(a, b, out) __builtin_mul_overflow(a, b, out)
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof((p)->member[0]) * (n))
#endif
