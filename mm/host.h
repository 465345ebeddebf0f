/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/host.h - the one door through which the core reaches its host.
 *
 * No file in mm/ includes a header of the C library or of an operating system; CI links mm/ with -nostdlib to prove it.
 * memcpy(), memmove(), memset() and memcmp() are what a freestanding compiler expects anyway.
 */
#ifndef GUP_MM_HOST_H
#define GUP_MM_HOST_H

#include <gup/config.h>
#include <gup/errno.h>
#include <gup/port.h>
#include <gup_port.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* Before a loop of few rounds: write them out, each with constants of its own. Clang decides for itself. */
#if defined(__clang__)
#define GUP_UNROLL
#else
#define GUP_UNROLL _Pragma("GCC unroll 8")
#endif

/* For the few places where a call, a jump or a flag that is looked at can be measured. */
#define GUP_ALWAYS_INLINE static inline __attribute__((always_inline))
#define GUP_LIKELY(cond) __builtin_expect(!!(cond), 1)
/* Before the first look at what is then changed: its line is fetched once, not to be read and again to be written. */
#define GUP_PREFETCH_WRITE(p) __builtin_prefetch((p), 1)

#define GUP_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define GUP_CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* A broken invariant stops the program; a caller's mistake never does. */
#define GUP_ASSERT(cond)                                                                                               \
	do {                                                                                                           \
		if (GUP_CHECK_LEVEL >= 1 && __builtin_expect(!(cond), 0))                                              \
			gup_port_panic(__FILE__, __LINE__, #cond);                                                     \
	} while (0)

#endif
