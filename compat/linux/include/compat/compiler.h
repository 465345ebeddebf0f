/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/compiler.h - what kernel sources expect of the compiler, and the types that they take for granted.
 */
#ifndef COMPAT_COMPILER_H
#define COMPAT_COMPILER_H

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <asm-generic/errno.h>
#define ERESTARTSYS 512
#define EPROBE_DEFER 517
#define ENOTSUPP 524

#include <gup/testing.h>

#define __user
#define __iomem
#define __force
#define __rcu
#define __init
#define __exit
#define __must_check __attribute__((warn_unused_result))
#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define ____cacheline_aligned_in_smp
#define __counted_by(member)
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define noinline __attribute__((noinline))
#define fallthrough __attribute__((fallthrough))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier() __asm__ volatile("" ::: "memory")
#define __compiletime_error(text) __attribute__((__error__(text)))
#define compiletime_assert(cond, text) _Static_assert(1, text)
#define __same_type(a, b) __builtin_types_compatible_p(typeof(a), typeof(b))
/* 0, or no program. */
#define __must_be_array(a) ((int)sizeof(struct { int : -!!__same_type((a), &(a)[0]); }))
#define __PASTE_(a, b) a##b
#define __PASTE(a, b) __PASTE_(a, b)
#define __UNIQUE_ID(prefix) __PASTE(__PASTE(unique_, prefix), __COUNTER__)
#if GUP_LINUX != 601 /* whose linux/const.h has it */
#define __is_constexpr(x) (sizeof(int) == sizeof(*(8 ? ((void *)((long)(x)*0l)) : (int *)8)))
#endif
#define data_race(expr) (expr)

/* Looking at what others write is a place where they may run. */
#define READ_ONCE(x)                                                                                                   \
	({                                                                                                             \
		gup_test_look();                                                                                       \
		*(const volatile typeof(x) *)&(x);                                                                     \
	})
#define WRITE_ONCE(x, v)                                                                                               \
	({                                                                                                             \
		gup_test_point();                                                                                      \
		*(volatile typeof(x) *)&(x) = (v);                                                                     \
	})
#define smp_load_acquire(p) READ_ONCE(*(p))
#define smp_store_release(p, v) WRITE_ONCE(*(p), v)
#define smp_mb() gup_test_point()
#define smp_rmb() gup_test_point()
#define smp_wmb() gup_test_point()
#define mb() gup_test_point()
#define wmb() gup_test_point()
#define rmb() gup_test_point()

typedef uint8_t u8, __u8;
typedef uint16_t u16, __u16;
typedef uint32_t u32, __u32;
typedef unsigned long long u64, __u64;
typedef int8_t s8, __s8;
typedef int16_t s16, __s16;
typedef int32_t s32, __s32;
typedef long long s64, __s64;
typedef u16 __le16, __be16;
typedef u32 __le32, __be32;
typedef u64 __le64, __be64;
typedef u64 dma_addr_t, phys_addr_t, resource_size_t, sector_t;
typedef unsigned int gfp_t;
typedef unsigned int uint;
typedef unsigned long ulong;

struct list_head {
	struct list_head *next, *prev;
};
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};
struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
};
#define rcu_head callback_head

/* Of the configuration of kernels for x86: an entry of a scatter list has a length for the device too. */
#define CONFIG_NEED_SG_DMA_LENGTH 1

#define BITS_PER_LONG 64
#define __BITS_PER_LONG 64
#define BITS_PER_LONG_LONG 64
#define U8_MAX UINT8_MAX
#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#define S32_MAX INT32_MAX
#define PHYS_ADDR_MAX U64_MAX

#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define offsetofend(type, member) (offsetof(type, member) + sizeof_field(type, member))
#define DECLARE_FLEX_ARRAY(type, name)                                                                                 \
	struct {                                                                                                       \
		struct {                                                                                               \
		} empty_##name;                                                                                        \
		type name[];                                                                                           \
	}
#define struct_group(name, members...)                                                                                 \
	union {                                                                                                        \
		struct {                                                                                               \
			members                                                                                        \
		};                                                                                                     \
		struct {                                                                                               \
			members                                                                                        \
		} name;                                                                                                \
	}

#endif
