/* SPDX-License-Identifier: BSD-2-Clause */
/* area.h - what both tests of xdp_umem.c do with an area: make it, close it, look at what it counts. */
#ifndef XDP_AREA_H
#define XDP_AREA_H

#include "harness.h"

#include <linux/bpf.h>
#include <linux/netdevice.h>
#include <net/xdp_sock_drv.h>

/* net/xdp/xdp_umem.h, which lies beside the file. */
void xdp_get_umem(struct xdp_umem *umem);
void xdp_put_umem(struct xdp_umem *umem, bool defer_cleanup);
struct xdp_umem *xdp_umem_create(struct xdp_umem_reg *mr);

#define PAGES 8
#define BYTES (PAGES * PAGE_SIZE)

static struct xdp_umem *umem;

static inline struct xdp_umem_reg reg_of(uint64_t addr, u64 len)
{
	return (struct xdp_umem_reg){ .addr = addr, .len = len, .chunk_size = 2048 };
}

static inline int create(struct xdp_umem_reg reg, struct xdp_umem **out)
{
	struct xdp_umem *made = xdp_umem_create(&reg);

	if (IS_ERR(made))
		return (int)PTR_ERR(made);
	*out = made;
	return 0;
}

static inline int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	(void)t;
	return create(reg_of(addr, nr * PAGE_SIZE), &umem);
}

/* As a socket does it that is closed: the last reference goes later, by work. */
static inline void release(struct gup_test *t)
{
	(void)t;
	xdp_put_umem(umem, true);
	while (gup_linux_run_work())
		;
}

static inline struct page *page_of(unsigned int i)
{
	return umem->pgs[i];
}

static long counted_before;

static inline long locked(void)
{
	return atomic_long_read(&current_user()->locked_vm) - counted_before;
}

/* What is known to be left of a failure before is not counted again. */
static inline void count_from_here(void)
{
	counted_before = 0;
	counted_before = locked();
}

static inline void expect_locked(struct gup_test *t, const char *when, u64 pages)
{
	if (locked() != (long)pages || driver_held(t, false) != pages)
		gup_test_fail(t, "%s: %ld pages are counted and %llu pinned instead of %llu", when, locked(),
			      (u64)driver_held(t, false), pages);
}

#endif
