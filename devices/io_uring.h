/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/io_uring.h - a disk that reads a file into pinned frames, by io_uring with registered buffers.
 *
 * A libgup pin binds libgup's own memory manager. A device that does real I/O registers the frames with the host as
 * well: pin, attach, read as often as needed, detach, unpin - in this order. gup_uring_attach_range() does the pinning
 * itself, and lets go when the range is unmapped. Where the host allows no io_uring the same reads are done by pread(),
 * and gup_uring_stats says so.
 *
 * One thread uses a device at a time; a notifier may come from any.
 */
#ifndef GUP_DEVICES_IO_URING_H
#define GUP_DEVICES_IO_URING_H

#include "region.h"

struct gup_uring;

/**
 * struct gup_uring_stats - how the bytes came in
 * @ring_error:     0, or the negative errno with which the host refused io_uring or the registration of any buffer
 * @direct_bytes:   by READ_FIXED past the host's page cache (O_DIRECT)
 * @buffered_bytes: by READ_FIXED through the host's page cache
 * @pread_bytes:    by pread()
 * @reads:          requests that were made
 * @windows:        how often buffers were registered with the host
 * @window:         buffers registered at a time; fewer than attached if the host's RLIMIT_MEMLOCK is short
 */
struct gup_uring_stats {
	int ring_error;
	uint64_t direct_bytes;
	uint64_t buffered_bytes;
	uint64_t pread_bytes;
	uint64_t reads;
	uint64_t windows;
	size_t window;
};

/** struct gup_uring_read - bytes of the file for the first part of one attached buffer. */
struct gup_uring_read {
	size_t buffer;
	uint64_t offset; /* into the file; a multiple of 4096 */
	uint32_t bytes;
};

/**
 * gup_uring_open() - a disk that holds @path
 * @path: a regular file
 * @out:  receives the device
 *
 * Return: 0; -EINVAL for NULL; -ENOMEM; the errno of open(). A host without io_uring is not an error.
 */
int gup_uring_open(const char *path, struct gup_uring **out);

/**
 * gup_uring_attach() - tell the device which memory it may write to
 * @dev:     the device
 * @buffers: memory of pinned frames, page-aligned in start and length; must stay valid until detach
 * @nr:      how many
 *
 * Registers as many with the host as it allows at a time; the others get their turn while reading. If it allows none,
 * reads are done by pread(). Buffers of at most 1 MiB pass the usual RLIMIT_MEMLOCK of 8 MiB.
 *
 * Return: 0; -EINVAL for NULL, no buffers, or if buffers or a range are attached, also a range that went.
 */
int gup_uring_attach(struct gup_uring *dev, const struct iovec *buffers, size_t nr);

/**
 * gup_uring_attach_range() - pin a range of user memory, and tell the device that it may write there
 * @dev:   the device
 * @mm:    whose memory
 * @range: address and length, multiples of 4 KiB; flags and owner, as for gup_pin(); LONGTERM is added
 * @why:   receives the reason if the pin is refused; may be NULL
 *
 * The buffers are the runs of frames behind the range, of at most 1 MiB; gup_uring_buffers() has them. When a part of
 * the range is unmapped, dropped or truncated, or the mm ends, the device waits for the requests in flight, unregisters
 * and unpins; from then on gup_uring_read() returns -ECANCELED until gup_uring_detach().
 *
 * Context: sleeps; not in a callback of the mm.
 * Return: 0; -EINVAL for NULL, odd sizes, or if buffers or a range are attached, also a range that went; the errno of
 * gup_region_open().
 */
int gup_uring_attach_range(struct gup_uring *dev, struct gup_mm *mm, const struct gup_request *range,
			   struct gup_why *why);

/**
 * gup_uring_buffers() - what is attached, for the requests
 * @dev: the device
 * @nr:  receives how many
 *
 * Context: sleeps; not in a callback of the range's mm.
 * Return: @nr buffers, which can be looked at until gup_uring_detach(); NULL, and none, after the range went or for NULL.
 */
const struct iovec *gup_uring_buffers(const struct gup_uring *dev, size_t *nr);

/**
 * gup_uring_read() - read from the file into attached buffers
 * @dev:      the device
 * @requests: what to read where; in rising order of buffers, if not all can be registered at once
 * @nr:       how many
 *
 * What lies beyond the end of the file is not written to.
 *
 * Return: bytes read; -EINVAL for NULL or a buffer that is not attached; -ECANCELED if the range went before all were
 * begun; the errno of a failed read.
 */
int64_t gup_uring_read(struct gup_uring *dev, const struct gup_uring_read *requests, size_t nr);

/**
 * gup_uring_detach() - device and host forget the buffers, and a range is unpinned
 * @dev: the device
 *
 * Buffers of gup_uring_attach() are the caller's to unpin, after this.
 *
 * Return: 0, also if nothing is attached or the notifier was first; -EINVAL for NULL; -EDEADLK in a callback of the range's
 * mm, or the errno of io_uring_unregister_buffers(): then host and device still have the buffers and a range stays pinned.
 * Call it again later.
 */
int gup_uring_detach(struct gup_uring *dev);

/** gup_uring_stats_get() - what happened since open; nothing to NULL. */
void gup_uring_stats_get(const struct gup_uring *dev, struct gup_uring_stats *out);

/**
 * gup_uring_close() - detach and forget the device; NULL is allowed. With a range, its machine must still exist.
 *
 * Return: 0; the errno of gup_uring_detach(), with the device still there.
 */
int gup_uring_close(struct gup_uring *dev);

#endif
