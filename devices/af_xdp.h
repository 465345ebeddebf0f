/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/af_xdp.h - a network card whose frames lie in a pinned range of user memory, by an AF_XDP socket.
 *
 * The range is the socket's UMEM: chunks of 4 KiB, each of one network frame. The application writes a frame into a
 * chunk of its own and sends it from there; it lends chunks to the card, which fills them with what arrives. In between
 * there is no other copy than the host's: the sockets work in copy mode, on any interface.
 *
 * pin, register, send and receive, close the socket, unpin: gup_xdp_attach_range() and gup_xdp_detach() keep this order,
 * and so does a notifier when the range is unmapped. One thread uses a device at a time; a notifier may come from any.
 */
#ifndef GUP_DEVICES_AF_XDP_H
#define GUP_DEVICES_AF_XDP_H

#include "region.h"

/** GUP_XDP_CHUNK - bytes of a chunk. */
#define GUP_XDP_CHUNK 4096u

struct gup_xdp;

/** struct gup_xdp_frame - a network frame, from its Ethernet header on, in one chunk of the range. */
struct gup_xdp_frame {
	uint64_t offset; /* from the begin of the range */
	uint32_t bytes;
};

/**
 * struct gup_xdp_stats - what happened since open
 * @receive_error: 0, or the negative errno with which the host refused the program that hands frames to the socket; it
 *                 wants CAP_BPF and CAP_NET_ADMIN of the host, and no other such program on the interface. Such a device
 *                 sends, and does not receive.
 * @sent:          frames that the host has taken
 * @received:      frames that arrived in lent chunks
 */
struct gup_xdp_stats {
	int receive_error;
	uint64_t sent;
	uint64_t received;
};

/**
 * gup_xdp_open() - a card on a network interface
 * @interface: name of an interface in the network namespace of the calling thread
 * @out:       receives the device
 *
 * Return: 0; -EINVAL for NULL; -ENODEV for a name that is not there; -ENOMEM.
 */
int gup_xdp_open(const char *interface, struct gup_xdp **out);

/**
 * gup_xdp_attach_range() - pin a range of user memory, and send and receive there
 * @dev:   the device
 * @mm:    whose memory
 * @range: address and length, multiples of 4 KiB; flags with GUP_WRITE, and owner, as for gup_pin(); LONGTERM is added
 * @why:   receives the reason if the pin is refused; may be NULL
 *
 * The host wants the memory in one piece: frames that do not follow each other get a contiguous alias (gup_vmap()).
 * Frames that arrive in queue 0 of the interface go to the device and to nobody else. When a part of the range is
 * unmapped, dropped or truncated, or the mm ends, the device closes its socket and unpins; from then on all calls return
 * -ECANCELED until gup_xdp_detach().
 *
 * Context: sleeps; not in a callback of the mm; in the network namespace of the interface.
 * Return: 0; -EINVAL for NULL, odd sizes, a range that is not for writing, or if a range is attached; -EAFNOSUPPORT if
 * the host has no AF_XDP; -EPERM without CAP_NET_RAW; -ENOBUFS if RLIMIT_MEMLOCK is short; -EBUSY if another socket has
 * queue 0; the errno of gup_region_open() and of the host's socket(). On error nothing is held.
 */
int gup_xdp_attach_range(struct gup_xdp *dev, struct gup_mm *mm, const struct gup_request *range, struct gup_why *why);

/**
 * gup_xdp_lend() - let frames arrive in some chunks
 * @dev:    the device
 * @offset: of the first chunk in the range, a multiple of 4 KiB
 * @bytes:  length, a multiple of 4 KiB
 *
 * Each chunk takes one frame, and is the application's again when gup_xdp_receive() has told of that.
 *
 * Return: 0; -EINVAL for NULL, no range or chunks beyond it; -EBUSY if one of them is lent or being sent; -ECANCELED;
 * the device's receive_error.
 */
int gup_xdp_lend(struct gup_xdp *dev, uint64_t offset, uint64_t bytes);

/**
 * gup_xdp_receive() - frames that have arrived
 * @dev:        the device
 * @frames:     receives where they are
 * @nr:         how many at most
 * @timeout_ms: how long to wait if there is none, negative: for ever
 *
 * Return: frames, 0 after @timeout_ms; -EINVAL for NULL or no range; -EINTR; -ECANCELED; -ENETDOWN if the interface is
 * gone; the device's receive_error.
 */
int64_t gup_xdp_receive(struct gup_xdp *dev, struct gup_xdp_frame *frames, size_t nr, int timeout_ms);

/**
 * gup_xdp_send() - send frames
 * @dev:    the device
 * @frames: each in a chunk of its own that is not lent
 * @nr:     how many
 *
 * Returns when the host has read all of them, so that the chunks can be written to again. After an error some may have
 * been sent, and chunks of those that were not stay with the device.
 *
 * Return: @nr; -EINVAL for NULL, no range, or a frame beyond its chunk; -EBUSY if its chunk is lent or being sent: then
 * none is sent; -ECANCELED; -ENETDOWN if the interface is down or gone.
 */
int64_t gup_xdp_send(struct gup_xdp *dev, const struct gup_xdp_frame *frames, size_t nr);

/**
 * gup_xdp_detach() - the socket is closed and the range unpinned; the interface is as it was before
 * @dev: the device
 *
 * Return: 0; -EINVAL for NULL; -EDEADLK in a callback of the range's mm: call it again later.
 */
int gup_xdp_detach(struct gup_xdp *dev);

/** gup_xdp_stats_get() - what happened since open; nothing to NULL. */
void gup_xdp_stats_get(const struct gup_xdp *dev, struct gup_xdp_stats *out);

/**
 * gup_xdp_close() - detach and forget the device; NULL is allowed. With a range, its machine must still exist.
 *
 * Return: 0; the errno of gup_xdp_detach(), with the device still there.
 */
int gup_xdp_close(struct gup_xdp *dev);

#endif
