/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/slab.c - memory of drivers, over the test kit's: each allocation can fail, and is known by its call.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "runtime.h"

#define POISON 0xa5

void *gup_linux_alloc(size_t size, gfp_t gfp, const void *site)
{
	void *p;

	if (gfp & COMPAT_GFP_SLEEPS && gup_linux_thread()->atomic)
		gup_test_complain(gup_linux_test, GUP_TEST_MISUSE, site,
				  "GFP_KERNEL may sleep, but a spinlock is held or preemption is off");
	p = gup_test_alloc(gup_linux_test, size, site);
	if (p && !(gfp & __GFP_ZERO))
		memset(p, POISON, size);
	return p;
}

static void *alloc_array(size_t n, size_t size, gfp_t gfp, const void *site)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : gup_linux_alloc(bytes, gfp, site);
}

void *kmalloc(size_t size, gfp_t gfp)
{
	return gup_linux_alloc(size, gfp, CALLER);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return gup_linux_alloc(size, gfp | __GFP_ZERO, CALLER);
}

void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return alloc_array(n, size, gfp, CALLER);
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return alloc_array(n, size, gfp | __GFP_ZERO, CALLER);
}

void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *p = gup_linux_alloc(size, gfp, CALLER);

	return p ? memcpy(p, from, size) : NULL;
}

void *vmalloc(unsigned long size)
{
	return gup_linux_alloc(size, GFP_KERNEL, CALLER);
}

void *vzalloc(unsigned long size)
{
	return gup_linux_alloc(size, GFP_KERNEL | __GFP_ZERO, CALLER);
}

void kfree(const void *p)
{
	gup_test_free(gup_linux_test, (void *)p, CALLER);
}

void vfree(const void *p)
{
	gup_test_free(gup_linux_test, (void *)p, CALLER);
}

static void *memdup_at(const void __user *from, size_t size, const void *site)
{
	void *p = gup_linux_alloc(size, GFP_USER, site);

	if (!p)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(p, from, size)) {
		gup_test_free(gup_linux_test, p, site);
		return ERR_PTR(-EFAULT);
	}
	return p;
}

void *memdup_user(const void __user *from, size_t size)
{
	return memdup_at(from, size, CALLER);
}

void *memdup_array_user(const void __user *from, size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? ERR_PTR(-EOVERFLOW) : memdup_at(from, bytes, CALLER);
}

int ida_alloc(struct ida *ida, gfp_t gfp)
{
	int id = ~ida->used ? __builtin_ctzll(~ida->used) : -ENOSPC;

	(void)gfp;
	if (gup_test_fails(gup_linux_test, GUP_TEST_FAIL_ALLOC))
		return -ENOMEM;
	if (id >= 0)
		ida->used |= 1ULL << id;
	return id;
}

void ida_free(struct ida *ida, unsigned int id)
{
	WARN_ON(id > 63 || !(ida->used & 1ULL << id));
	ida->used &= ~(1ULL << id);
}
