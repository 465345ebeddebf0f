/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/config.h - the sizes that everything else is built on.
 *
 * One geometry on every host: 4 KiB frames, 2 MiB pageblocks and huge pages, four table levels of 512 entries.
 */
#ifndef GUP_CONFIG_H
#define GUP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Around public declarations: visible outside a shared library, and callable from C++. */
#ifdef __cplusplus
#define GUP_BEGIN_DECLS                                                                                                \
	_Pragma("GCC visibility push(default)") extern "C"                                                             \
	{
#define GUP_END_DECLS                                                                                                  \
	}                                                                                                              \
	_Pragma("GCC visibility pop")
#else
#define GUP_BEGIN_DECLS _Pragma("GCC visibility push(default)")
#define GUP_END_DECLS _Pragma("GCC visibility pop")
#endif

#define GUP_VERSION "0.1.0"

#define GUP_PAGE_SHIFT 12
#define GUP_PAGE_SIZE (UINT64_C(1) << GUP_PAGE_SHIFT)
#define GUP_PAGE_MASK (~(GUP_PAGE_SIZE - 1))

/* A pageblock, the largest buddy block and a huge page are the same size. */
#define GUP_HUGE_ORDER 9
#define GUP_HUGE_SHIFT (GUP_PAGE_SHIFT + GUP_HUGE_ORDER)
#define GUP_HUGE_SIZE (UINT64_C(1) << GUP_HUGE_SHIFT)
#define GUP_HUGE_PAGES (1u << GUP_HUGE_ORDER)

/* User addresses lie in [0, GUP_USER_TOP); the first page is never mapped without GUP_MAP_FIXED. */
#define GUP_USER_TOP (UINT64_C(1) << 47)

/* Areas and devices that one machine may have. */
#define GUP_CMA_MAX 4
#define GUP_DAX_MAX 4
#define GUP_NAME_MAX 32

/* 0: no checks; 1: invariants at the places where counts change; 2: also whole-structure checks. */
#ifndef GUP_CHECK_LEVEL
#define GUP_CHECK_LEVEL 1
#endif

#endif
