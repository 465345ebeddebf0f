/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/atomic.h - atomics, reference counts and bit operations. Each is one step, and others may run before it.
 */
#ifndef COMPAT_ATOMIC_H
#define COMPAT_ATOMIC_H

#include <compat/kernel.h>
#include <linux/bits.h>

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	s64 counter;
} atomic64_t;
typedef struct {
	long counter;
} atomic_long_t;

#define ATOMIC_INIT(n)                                                                                                 \
	{                                                                                                              \
		n                                                                                                      \
	}

#define COMPAT_ATOMIC(prefix, type, value)                                                                             \
	static inline value prefix##_read(const type *a)                                                               \
	{                                                                                                              \
		gup_test_look();                                                                                       \
		return a->counter;                                                                                     \
	}                                                                                                              \
	static inline void prefix##_set(type *a, value n)                                                              \
	{                                                                                                              \
		gup_test_point();                                                                                      \
		a->counter = n;                                                                                        \
	}                                                                                                              \
	static inline value prefix##_add_return(value n, type *a)                                                      \
	{                                                                                                              \
		gup_test_point();                                                                                      \
		return a->counter += n;                                                                                \
	}                                                                                                              \
	static inline value prefix##_sub_return(value n, type *a)                                                      \
	{                                                                                                              \
		return prefix##_add_return(-n, a);                                                                     \
	}                                                                                                              \
	static inline void prefix##_add(value n, type *a)                                                              \
	{                                                                                                              \
		prefix##_add_return(n, a);                                                                             \
	}                                                                                                              \
	static inline void prefix##_sub(value n, type *a)                                                              \
	{                                                                                                              \
		prefix##_add_return(-n, a);                                                                            \
	}                                                                                                              \
	static inline void prefix##_inc(type *a)                                                                       \
	{                                                                                                              \
		prefix##_add_return(1, a);                                                                             \
	}                                                                                                              \
	static inline void prefix##_dec(type *a)                                                                       \
	{                                                                                                              \
		prefix##_add_return(-1, a);                                                                            \
	}                                                                                                              \
	static inline value prefix##_inc_return(type *a)                                                               \
	{                                                                                                              \
		return prefix##_add_return(1, a);                                                                      \
	}                                                                                                              \
	static inline value prefix##_dec_return(type *a)                                                               \
	{                                                                                                              \
		return prefix##_add_return(-1, a);                                                                     \
	}                                                                                                              \
	static inline bool prefix##_dec_and_test(type *a)                                                              \
	{                                                                                                              \
		return prefix##_add_return(-1, a) == 0;                                                                \
	}                                                                                                              \
	static inline value prefix##_cmpxchg(type *a, value old, value new)                                            \
	{                                                                                                              \
		value seen;                                                                                            \
		gup_test_point();                                                                                      \
		seen = a->counter;                                                                                     \
		if (seen == old)                                                                                       \
			a->counter = new;                                                                              \
		return seen;                                                                                           \
	}

/* clang-format off */
COMPAT_ATOMIC(atomic, atomic_t, int)
COMPAT_ATOMIC(atomic64, atomic64_t, s64)
COMPAT_ATOMIC(atomic_long, atomic_long_t, long)
/* clang-format on */

typedef struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n)                                                                                               \
	{                                                                                                              \
		.refs = { n }                                                                                          \
	}

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}
static inline unsigned int refcount_read(const refcount_t *r)
{
	return atomic_read(&r->refs);
}
static inline void refcount_inc(refcount_t *r)
{
	WARN_ON(atomic_inc_return(&r->refs) <= 1);
}
static inline bool refcount_inc_not_zero(refcount_t *r)
{
	gup_test_point();
	if (!r->refs.counter)
		return false;
	r->refs.counter++;
	return true;
}
static inline bool refcount_dec_and_test(refcount_t *r)
{
	int left = atomic_dec_return(&r->refs);

	WARN_ON(left < 0);
	return left == 0;
}

static inline unsigned long *compat_word(const volatile unsigned long *map, unsigned long nr)
{
	gup_test_point();
	return (unsigned long *)map + nr / BITS_PER_LONG;
}

static inline bool test_bit(unsigned long nr, const volatile unsigned long *map)
{
	return *compat_word(map, nr) & (1UL << nr % BITS_PER_LONG);
}

static inline void set_bit(unsigned long nr, volatile unsigned long *map)
{
	*compat_word(map, nr) |= 1UL << nr % BITS_PER_LONG;
}

static inline void clear_bit(unsigned long nr, volatile unsigned long *map)
{
	*compat_word(map, nr) &= ~(1UL << nr % BITS_PER_LONG);
}

static inline bool test_and_set_bit(unsigned long nr, volatile unsigned long *map)
{
	unsigned long *word = compat_word(map, nr), bit = 1UL << nr % BITS_PER_LONG;
	bool old = *word & bit;

	*word |= bit;
	return old;
}

static inline bool test_and_clear_bit(unsigned long nr, volatile unsigned long *map)
{
	unsigned long *word = compat_word(map, nr), bit = 1UL << nr % BITS_PER_LONG;
	bool old = *word & bit;

	*word &= ~bit;
	return old;
}

#define __set_bit set_bit
#define __clear_bit clear_bit
#define BITS_TO_LONGS(n) (((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

/* The first bit that is, or is not, set; @nr if there is none. */
static inline unsigned long compat_first_bit(const unsigned long *map, unsigned long nr, bool set)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		if ((map[i / BITS_PER_LONG] >> i % BITS_PER_LONG & 1) == set)
			break;
	return i;
}

#define find_first_bit(map, nr) compat_first_bit(map, nr, true)
#define find_first_zero_bit(map, nr) compat_first_bit(map, nr, false)
#define bitmap_empty(map, nr) (find_first_bit(map, nr) == (nr))
#define bitmap_full(map, nr) (find_first_zero_bit(map, nr) == (nr))
#define bitmap_zero(map, nr) memset(map, 0, BITS_TO_LONGS(nr) * sizeof(long))

#endif
