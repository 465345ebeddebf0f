/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/slab.h - memory of drivers: counted, poisoned, made to fail. runtime/slab.c
 */
#ifndef COMPAT_SLAB_H
#define COMPAT_SLAB_H

#include <compat/sched.h>
#include <linux/overflow.h>

#define __GFP_ZERO 0x1u
#define __GFP_NOWARN 0x2u
#define __GFP_NOFAIL 0x4u
#define __GFP_HIGHMEM 0x8u
#define __GFP_DMA32 0x10u
#define __GFP_NORETRY 0x20u
#define __GFP_COMP 0x40u
#define COMPAT_GFP_SLEEPS 0x1000u
#define GFP_KERNEL COMPAT_GFP_SLEEPS
#define GFP_USER GFP_KERNEL
#define GFP_HIGHUSER (GFP_KERNEL | __GFP_HIGHMEM)
#define GFP_KERNEL_ACCOUNT GFP_KERNEL
#define GFP_ATOMIC 0u
#define GFP_NOWAIT 0u

/* Functions, not macros: their return address is what a leak is reported with. */
void *kmalloc(size_t size, gfp_t gfp);
void *kzalloc(size_t size, gfp_t gfp);
void *kmalloc_array(size_t n, size_t size, gfp_t gfp);
void *kcalloc(size_t n, size_t size, gfp_t gfp);
void *kmemdup(const void *from, size_t size, gfp_t gfp);
void *vmalloc(unsigned long size);
void *vzalloc(unsigned long size);
void kfree(const void *p);
void vfree(const void *p);
#define kmalloc_node(size, gfp, node) kmalloc(size, gfp)
#define kzalloc_node(size, gfp, node) kzalloc(size, gfp)
#define kcalloc_node(n, size, gfp, node) kcalloc(n, size, gfp)
#define kmalloc_array_node(n, size, gfp, node) kmalloc_array(n, size, gfp)
#define kvmalloc kmalloc
#define kvzalloc kzalloc
#define kvmalloc_array kmalloc_array
#define kvcalloc kcalloc
#define kvfree kfree
#define kfree_sensitive kfree
/* Leaks are found by the test kit. */
#define kmemleak_alloc(p, size, count, gfp) ((void)0)
#define kmemleak_free(p) ((void)0)

struct ida {
	u64 used;
};
#define DEFINE_IDA(name) struct ida name = { 0 }
/* Numbers 0 to 63. Return: the number; -ENOMEM if injected, -ENOSPC. */
int ida_alloc(struct ida *ida, gfp_t gfp);
void ida_free(struct ida *ida, unsigned int id);

#endif
