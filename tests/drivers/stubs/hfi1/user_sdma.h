/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_sdma.h - of the sending side, what pin_system.c uses. The test has sdma_txadd_page(): it maps a piece of a page
 * and remembers it as a descriptor of the packet.
 */
#ifndef HFI_USER_SDMA_H
#define HFI_USER_SDMA_H

#include "hfi.h"

#define SDMA_DBG(req, fmt, ...) ((void)(req), no_printk(fmt, ##__VA_ARGS__))

struct iovec {
	void *iov_base;
	size_t iov_len;
};

struct evict_data {
	u32 cleared, target; /* pages */
};

struct hfi1_user_sdma_pkt_q {
	u16 ctxt, subctxt;
	struct hfi1_devdata *dd;
	struct mmu_rb_handler *handler;
	atomic_t n_locked;
};

struct user_sdma_iovec {
	struct iovec iov;
	u64 offset;
};

struct user_sdma_request {
	struct hfi1_user_sdma_pkt_q *pq;
	u8 iov_idx;
};

struct sdma_desc {
	dma_addr_t dma;
	u16 length;
	void *pinning_ctx;
	void (*ctx_put)(void *ctx);
};

#define SDMA_MOST_DESCS 64

struct sdma_txreq {
	u16 num_desc;
	struct sdma_desc descs[SDMA_MOST_DESCS];
};

struct user_sdma_txreq {
	struct sdma_txreq txreq;
};

int sdma_txadd_page(struct hfi1_devdata *dd, struct sdma_txreq *tx, struct page *page, unsigned long offset, u16 len,
		    void *pinning_ctx, void (*ctx_get)(void *), void (*ctx_put)(void *));

#endif
