/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/af_xdp_frames.c - lend chunks, receive and send.
 *
 * Who a chunk belongs to is in @chunks. Each ring has room for all of them, so none is ever full. A notifier waits while a
 * call is inside; a call that waits itself leaves when it is told so.
 */
#define _GNU_SOURCE
#include "af_xdp_device.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define LOOK_MS 10 /* so often a call that waits looks whether range and interface are still there */
#define HEADER 14u /* of an Ethernet frame */

/* 0: the memory is the device's until gup_region_leave(). */
static int enter(struct gup_xdp *dev)
{
	int err = dev && dev->region ? gup_region_enter(dev->region) : -EINVAL;

	if (!err && dev->error)
		gup_region_leave(dev->region);
	return err ? err : dev->error;
}

static uint8_t *chunk_at(const struct gup_xdp *dev, uint64_t offset)
{
	return &dev->chunks[offset / GUP_XDP_CHUNK];
}

static int wait_for(struct gup_xdp *dev, int ms)
{
	struct pollfd fd = { xsk_socket__fd(dev->socket), POLLIN, 0 };
	socklen_t length = sizeof(dev->error);

	if (poll(&fd, 1, ms) < 0)
		return -errno;
	if (!getsockopt(fd.fd, SOL_SOCKET, SO_ERROR, &dev->error, &length))
		dev->error = -dev->error;
	return gup_region_ending(dev->region) ? -ECANCELED : dev->error;
}

static int lend_chunks(struct gup_xdp *dev, uint64_t offset, uint64_t bytes)
{
	uint64_t size = (uint64_t)dev->nr_chunks * GUP_XDP_CHUNK;
	uint32_t at = 0;

	if (offset % GUP_XDP_CHUNK || bytes % GUP_XDP_CHUNK || offset > size || bytes > size - offset)
		return -EINVAL;
	for (uint64_t end = offset; end < offset + bytes; end += GUP_XDP_CHUNK)
		if (*chunk_at(dev, end) != CHUNK_OWN)
			return -EBUSY;
	xsk_ring_prod__reserve(&dev->fill, (uint32_t)(bytes / GUP_XDP_CHUNK), &at);
	memset(chunk_at(dev, offset), CHUNK_LENT, bytes / GUP_XDP_CHUNK);
	for (uint64_t end = offset + bytes; offset < end; offset += GUP_XDP_CHUNK)
		*xsk_ring_prod__fill_addr(&dev->fill, at++) = offset;
	xsk_ring_prod__submit(&dev->fill, (uint32_t)(bytes / GUP_XDP_CHUNK));
	return 0;
}

int gup_xdp_lend(struct gup_xdp *dev, uint64_t offset, uint64_t bytes)
{
	int err = enter(dev);

	if (err)
		return err;
	err = dev->stats.receive_error ? dev->stats.receive_error : lend_chunks(dev, offset, bytes);
	gup_region_leave(dev->region);
	return err;
}

static int64_t take(struct gup_xdp *dev, struct gup_xdp_frame *frames, size_t nr)
{
	uint32_t at, got = xsk_ring_cons__peek(&dev->rx, nr < dev->nr_chunks ? (uint32_t)nr : dev->nr_chunks, &at);

	for (uint32_t i = 0; i < got; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&dev->rx, at + i);

		frames[i] = (struct gup_xdp_frame){ desc->addr, desc->len };
		*chunk_at(dev, desc->addr) = CHUNK_OWN;
	}
	xsk_ring_cons__release(&dev->rx, got);
	dev->stats.received += got;
	return got;
}

static int64_t receive_frames(struct gup_xdp *dev, struct gup_xdp_frame *frames, size_t nr, int timeout_ms)
{
	int64_t result = dev->stats.receive_error;

	while (!result) {
		int ms = timeout_ms < 0 || timeout_ms > LOOK_MS ? LOOK_MS : timeout_ms;

		result = take(dev, frames, nr);
		if (result || !nr || !timeout_ms)
			break;
		result = wait_for(dev, ms);
		timeout_ms -= timeout_ms > 0 ? ms : 0;
	}
	return result;
}

int64_t gup_xdp_receive(struct gup_xdp *dev, struct gup_xdp_frame *frames, size_t nr, int timeout_ms)
{
	int64_t result = frames ? enter(dev) : -EINVAL;

	if (result)
		return result;
	result = receive_frames(dev, frames, nr, timeout_ms);
	gup_region_leave(dev->region);
	return result;
}

static int claim(struct gup_xdp *dev, const struct gup_xdp_frame *frame)
{
	if (frame->offset / GUP_XDP_CHUNK >= dev->nr_chunks || frame->bytes < HEADER ||
	    frame->bytes > GUP_XDP_CHUNK - frame->offset % GUP_XDP_CHUNK)
		return -EINVAL;
	if (*chunk_at(dev, frame->offset) != CHUNK_OWN)
		return -EBUSY;
	*chunk_at(dev, frame->offset) = CHUNK_SENT;
	return 0;
}

static int claim_all(struct gup_xdp *dev, const struct gup_xdp_frame *frames, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		int err = claim(dev, &frames[i]);

		if (!err)
			continue;
		while (i--)
			*chunk_at(dev, frames[i].offset) = CHUNK_OWN;
		return err;
	}
	return 0;
}

static uint32_t complete(struct gup_xdp *dev)
{
	uint32_t at, got = xsk_ring_cons__peek(&dev->done, dev->nr_chunks, &at);

	for (uint32_t i = 0; i < got; i++)
		*chunk_at(dev, *xsk_ring_cons__comp_addr(&dev->done, at + i)) = CHUNK_OWN;
	xsk_ring_cons__release(&dev->done, got);
	dev->sending -= got;
	dev->stats.sent += got;
	return got;
}

/* The host sends some frames for each call. */
static int flush(struct gup_xdp *dev)
{
	int err = 0;

	while (dev->sending && !err) {
		if (sendto(xsk_socket__fd(dev->socket), NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
		    errno != EBUSY && errno != ENOBUFS && errno != EINTR)
			err = errno == ENXIO ? -ENETDOWN : -errno;
		if (!complete(dev) && !err)
			err = wait_for(dev, 1);
		if (err == -EINTR)
			err = 0;
	}
	return err;
}

static int64_t send_frames(struct gup_xdp *dev, const struct gup_xdp_frame *frames, size_t nr)
{
	int err = claim_all(dev, frames, nr);
	uint32_t at = 0;

	if (err)
		return err;
	xsk_ring_prod__reserve(&dev->tx, (uint32_t)nr, &at);
	for (size_t i = 0; i < nr; i++)
		*xsk_ring_prod__tx_desc(&dev->tx, at++) = (struct xdp_desc){ frames[i].offset, frames[i].bytes, 0 };
	xsk_ring_prod__submit(&dev->tx, (uint32_t)nr);
	dev->sending += (uint32_t)nr;
	err = flush(dev);
	return err ? err : (int64_t)nr;
}

int64_t gup_xdp_send(struct gup_xdp *dev, const struct gup_xdp_frame *frames, size_t nr)
{
	int64_t result = frames ? enter(dev) : -EINVAL;

	if (result)
		return result;
	result = send_frames(dev, frames, nr);
	gup_region_leave(dev->region);
	return result;
}
