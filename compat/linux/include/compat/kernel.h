/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/kernel.h - messages, warnings, arithmetic, strings and modules.
 *
 * Messages go to stderr if the environment has GUP_LINUX_LOG. A WARN that fires is a finding of the running test, and a
 * BUG stops the program.
 */
#ifndef COMPAT_KERNEL_H
#define COMPAT_KERNEL_H

#include <string.h>

#include <compat/compiler.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/math.h>
#include <linux/minmax.h>

/* The program under test is one machine with tasks on it. runtime/task.c */
extern struct gup_test *gup_linux_test;

int gup_linux_printk(const char *fmt, ...) __printf(1, 2);
void gup_linux_warn(const char *what, const char *file, int line);
void gup_linux_bug(const char *what, const char *file, int line) __attribute__((noreturn));

#define printk(...) gup_linux_printk(__VA_ARGS__)
#define no_printk(fmt, ...) ((void)(0 && printk(fmt, ##__VA_ARGS__)))
#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#define KERN_ERR ""
#define KERN_WARNING ""
#define KERN_INFO ""
#define KERN_DEBUG ""
#define pr_err(fmt, ...) printk(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn pr_err
#define pr_info pr_err
#define pr_debug pr_err
#define pr_err_ratelimited pr_err
#define pr_warn_once pr_err

#define WARN(cond, ...)                                                                                                \
	({                                                                                                             \
		bool fired_ = !!(cond);                                                                                \
		if (fired_)                                                                                            \
			gup_linux_warn(#cond, __FILE__, __LINE__);                                                     \
		fired_;                                                                                                \
	})
#define WARN_ON(cond) WARN(cond)
#define WARN_ON_ONCE(cond) WARN(cond)
#define WARN_ONCE(cond, ...) WARN(cond)
#define BUG() gup_linux_bug("BUG()", __FILE__, __LINE__)
#define BUG_ON(cond)                                                                                                   \
	do {                                                                                                           \
		if (unlikely(cond))                                                                                    \
			gup_linux_bug(#cond, __FILE__, __LINE__);                                                      \
	} while (0)
#define VM_BUG_ON(cond) BUG_ON(cond)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#ifndef ALIGN
#define ALIGN(x, a) (((x) + ((typeof(x))(a)-1)) & ~((typeof(x))(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((typeof(x))(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((typeof(x))(a)-1)) == 0)
#define PTR_ALIGN(p, a) ((typeof(p))ALIGN((unsigned long)(p), (a)))
#endif
#define lower_32_bits(n) ((u32)((n)&0xffffffff))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define do_div(n, base)                                                                                                \
	({                                                                                                             \
		u32 rest_ = (u64)(n) % (u32)(base);                                                                    \
		(n) = (u64)(n) / (u32)(base);                                                                          \
		rest_;                                                                                                 \
	})
#define div_u64(n, base) ((u64)(n) / (u32)(base))
#define div_u64_rem(n, base, out_rest) (*(out_rest) = (u32)((u64)(n) % (u32)(base)), (u64)(n) / (u32)(base))
#define cache_line_size() 64
#define SZ_4K 0x1000
#define SZ_2M 0x200000
#define SZ_16M 0x1000000

#define cpu_to_le16(x) ((__le16)(x))
#define cpu_to_le32(x) ((__le32)(x))
#define cpu_to_le64(x) ((__le64)(x))
#define le32_to_cpu(x) ((u32)(x))
#define le64_to_cpu(x) ((u64)(x))
#define cpu_to_be32(x) ((__be32)__builtin_bswap32(x))
#define cpu_to_be64(x) ((__be64)__builtin_bswap64(x))
#define get_unaligned(p)                                                                                               \
	({                                                                                                             \
		typeof(*(p)) value_;                                                                                   \
		memcpy(&value_, (p), sizeof(value_));                                                                  \
		value_;                                                                                                \
	})
#define put_unaligned(v, p)                                                                                            \
	({                                                                                                             \
		typeof(*(p)) value_ = (v);                                                                             \
		memcpy((p), &value_, sizeof(value_));                                                                  \
	})

#define fls64(x) ((x) ? 64 - __builtin_clzll(x) : 0)
#define fls(x) ((x) ? 32 - __builtin_clz(x) : 0)
#define fls_long(x) fls64(x)
#define __fls(x) (63 - __builtin_clzl(x))
#define __ffs(x) ((unsigned long)__builtin_ctzl(x))
#define ffs(x) __builtin_ffs(x)
#define hweight_long(x) __builtin_popcountl(x)

#define EXPORT_SYMBOL(name) _Static_assert(1, "")
#define EXPORT_SYMBOL_GPL(name) _Static_assert(1, "")
#define EXPORT_SYMBOL_NS_GPL(name, ns) _Static_assert(1, "")
#define MODULE_LICENSE(text) _Static_assert(1, "")
#define MODULE_AUTHOR(text) _Static_assert(1, "")
#define MODULE_DESCRIPTION(text) _Static_assert(1, "")
#define MODULE_PARM_DESC(name, text) _Static_assert(1, "")
#define module_param(name, type, mode) _Static_assert(1, "")
#define S_IRUGO 0444
#define S_IWUSR 0200
#define IS_ENABLED(option) 0

#endif
