/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - a process that sends, for the test of pin_system.c.
 *
 * What the card sends is a packet of descriptors, each a piece of a page at a DMA address. The last piece of a range has
 * a reference on the range, which is put when the packet is done.
 */
#ifndef HFI_PACKET_H
#define HFI_PACKET_H

#include "harness.h"

#include <../drivers/infiniband/hw/hfi1/mmu_rb.h>
#include <../drivers/infiniband/hw/hfi1/pinning.h>

#include "user_sdma.h"

#define PAGES 8

static struct workqueue_struct queue = { "hfi1" };
static struct pci_dev pci_device = { .dev.name = "hfi1_0" };
static struct hfi1_pportdata port = { &queue };
static struct hfi1_devdata dd;
static struct hfi1_user_sdma_pkt_q pq;
static struct user_sdma_txreq packet;

/* ---- packets ---- */

static inline void packet_done(struct sdma_txreq *tx)
{
	u16 i;

	for (i = 0; i < tx->num_desc; i++) {
		dma_unmap_page(&pci_device.dev, tx->descs[i].dma, tx->descs[i].length, DMA_TO_DEVICE);
		if (tx->descs[i].pinning_ctx)
			tx->descs[i].ctx_put(tx->descs[i].pinning_ctx);
	}
	tx->num_desc = 0;
}

int sdma_txadd_page(struct hfi1_devdata *of, struct sdma_txreq *tx, struct page *page, unsigned long offset, u16 len,
		    void *pinning_ctx, void (*ctx_get)(void *), void (*ctx_put)(void *))
{
	dma_addr_t dma = dma_map_page(&of->pcidev->dev, page, offset, len, DMA_TO_DEVICE);

	if (dma_mapping_error(&of->pcidev->dev, dma) || tx->num_desc == SDMA_MOST_DESCS) {
		packet_done(tx);
		return -ENOSPC;
	}
	tx->descs[tx->num_desc++] = (struct sdma_desc){ dma, len, pinning_ctx, ctx_put };
	if (pinning_ctx)
		ctx_get(pinning_ctx);
	return 0;
}

/* One request for one packet. What was added before a failure goes with the packet. */
static inline int add_to(struct user_sdma_txreq *tx, u64 addr, u32 bytes)
{
	struct user_sdma_request request = { .pq = &pq };
	struct user_sdma_iovec vector = { .iov = { (void *)(uintptr_t)addr, bytes } };
	u32 left = bytes;
	int ret = hfi1_add_pages_to_sdma_packet(&request, tx, &vector, &left);

	if (ret)
		packet_done(&tx->txreq);
	else if (left || vector.offset != bytes || request.iov_idx != 1)
		gup_test_fail(gup_linux_test, "%u bytes are left of a request, iovec at %llu", left, vector.offset);
	return ret;
}

static inline int open_queue(void)
{
	dd = (struct hfi1_devdata){
		.pcidev = &pci_device, .pport = &port, .num_rcv_contexts = 2, .first_dyn_alloc_ctxt = 1
	};
	pq = (struct hfi1_user_sdma_pkt_q){ .dd = &dd };
	packet.txreq.num_desc = 0;
	return hfi1_init_system_pinning(&pq);
}

static inline void close_queue(struct gup_test *t)
{
	hfi1_free_system_pinning(&pq);
	if (atomic_read(&pq.n_locked))
		gup_test_fail(t, "n_locked is left at %d", atomic_read(&pq.n_locked));
}

static inline int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	int ret = open_queue();

	if (ret)
		return ret;
	ret = add_to(&packet, addr, nr * (u32)PAGE_SIZE);
	if (ret)
		close_queue(t);
	return ret;
}

static inline void release(struct gup_test *t)
{
	packet_done(&packet.txreq);
	close_queue(t);
}

static inline dma_addr_t dma_of(unsigned int i)
{
	return packet.txreq.descs[i].dma;
}

static inline void run_work(void)
{
	while (gup_linux_run_work())
		;
}

static inline u64 pinned(struct gup_test *t)
{
	return driver_held(t, false);
}

static inline void expect_pinned(struct gup_test *t, u64 pages, const char *when)
{
	if (pinned(t) != pages || atomic_read(&pq.n_locked) != (int)pages)
		gup_test_fail(t, "%llu pages are pinned %s, n_locked is %d, not %llu", pinned(t), when,
			      atomic_read(&pq.n_locked), pages);
}

/* The card sends what the user has in [addr, addr + bytes) now, with @tag. */
static inline void expect_sent(struct gup_test *t, const struct sdma_txreq *tx, u64 addr, u32 bytes, u32 tag)
{
	char sent[PAGE_SIZE], wanted[2 * PAGE_SIZE];
	u32 at = 0;
	u16 i;

	for (i = 0; i < tx->num_desc; at += tx->descs[i++].length) {
		u64 page = (addr + at) & PAGE_MASK;

		gup_test_pattern(wanted, page, 2 * PAGE_SIZE, tag);
		if (gup_test_dma_read(t, tx->descs[i].dma, sent, tx->descs[i].length) == 0 &&
		    memcmp(sent, wanted + ((addr + at) & ~PAGE_MASK), tx->descs[i].length)) {
			gup_test_fail(t, "byte %u of what is sent is not the user's", at);
			return;
		}
	}
	if (at != bytes)
		gup_test_fail(t, "%u bytes are sent and not %u", at, bytes);
}

static inline int send(struct gup_test *t, u64 addr, u32 bytes, u32 tag)
{
	struct user_sdma_txreq tx = { .txreq.num_desc = 0 };
	int ret = add_to(&tx, addr, bytes);

	if (!ret)
		expect_sent(t, &tx.txreq, addr, bytes, tag);
	packet_done(&tx.txreq);
	return ret;
}

#endif
