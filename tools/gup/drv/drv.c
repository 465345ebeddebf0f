// SPDX-License-Identifier: BSD-2-Clause
/* A driver in Linux style: it lends four pages of a program to a card, which fills them. It has two bugs. */
#include "drv.h"

static void let_go(struct drv *d, int mapped, int pinned)
{
	while (mapped--)
		dma_unmap_page(&d->card->dev, d->card->ring[mapped], PAGE_SIZE, DMA_FROM_DEVICE);
	unpin_user_pages_dirty_lock(d->pages, pinned, true);
}

static void card_off(struct card *card)
{
	WRITE_ONCE(card->on, false);
	while (READ_ONCE(card->busy))
		cpu_relax();
}

void drv_stop(struct drv *d)
{
#ifdef FIXED
	card_off(d->card);
	let_go(d, NR, NR);
#else
	let_go(d, 0, NR); /* bug 2: the card is still on */
	card_off(d->card);
	let_go(d, NR, 0);
#endif
}

long drv_start(struct drv *d, unsigned long addr, dma_addr_t __user *out)
{
	int mapped = 0, pinned = pin_user_pages_fast(addr, NR, FOLL_WRITE | FOLL_LONGTERM, d->pages);

	for (; pinned == NR && mapped < NR; mapped++) {
		d->card->ring[mapped] = dma_map_page(&d->card->dev, d->pages[mapped], 0, PAGE_SIZE, DMA_FROM_DEVICE);
		if (dma_mapping_error(&d->card->dev, d->card->ring[mapped]))
			break;
	}
	if (mapped < NR || copy_to_user(out, d->card->ring, sizeof(d->card->ring))) {
#ifndef FIXED
		if (mapped == NR)
			return -EFAULT; /* bug 1: the card's pages stay pinned */
#endif
		let_go(d, mapped, pinned > 0 ? pinned : 0);
		return pinned < 0 ? pinned : -EFAULT;
	}
	WRITE_ONCE(d->card->on, true);
	return 0;
}
