/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/io_uring.c - a disk that reads into pinned frames.
 *
 * The frames are registered buffers, so the host pins them too and READ_FIXED needs no pinning for each request. If
 * RLIMIT_MEMLOCK does not cover all of them, a window of them is registered and moves along with the requests. Whatever
 * the ring leaves undone - no io_uring, no O_DIRECT, a short read - is finished by pread().
 *
 * A notifier waits for gup_uring_read() to leave the region: it begins nothing new then, and what is in flight lands.
 */
#define _GNU_SOURCE
#include "io_uring.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* The host takes no more registered buffers than this. */
#define BUFFERS_MAX ((size_t)1 << 14)
#define QUEUE_DEPTH 64u
#define PIECE_MAX ((size_t)1 << 20)

struct gup_uring {
	int fd;
	int direct_fd; /* -1 if open() takes no O_DIRECT there */
	bool direct;   /* and reads do */
	bool have_ring;
	struct io_uring ring;
	const struct iovec *buffers;
	size_t nr_buffers;
	size_t first; /* the registered window */
	size_t registered;
	const struct gup_uring_read *requests; /* of this gup_uring_read(), as the following */
	unsigned int in_flight;
	int64_t done;
	int error; /* the first */
	struct gup_uring_stats stats;
	struct gup_region *region; /* whose pieces the buffers are, or NULL */
};

int gup_uring_open(const char *path, struct gup_uring **out)
{
	struct gup_uring *dev;
	int err;

	if (!path || !out)
		return -EINVAL;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (dev->fd < 0) {
		err = -errno;
		free(dev);
		return err;
	}
	dev->direct_fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
	dev->direct = dev->direct_fd >= 0;
	dev->stats.ring_error = io_uring_queue_init(QUEUE_DEPTH, &dev->ring, 0);
	dev->have_ring = dev->stats.ring_error == 0;
	*out = dev;
	return 0;
}

/* A signal may end the host's wait for requests that use the buffers. 0; -errno: they are still registered. */
static int unregister(struct gup_uring *dev)
{
	int err = 0;

	if (dev->registered)
		do
			err = io_uring_unregister_buffers(&dev->ring);
		while (err == -EINTR);
	if (!err)
		dev->registered = 0;
	return err;
}

/* Registers buffers from @first on, as many as the host allows but not more than @count. */
static void register_window(struct gup_uring *dev, size_t first, size_t count)
{
	int err = unregister(dev);

	if (err) {
		dev->stats.ring_error = err;
		return;
	}
	err = -ENOMEM;
	while (count) {
		err = io_uring_register_buffers(&dev->ring, dev->buffers + first, (unsigned int)count);
		if (err != -ENOMEM && err != -EINVAL)
			break;
		count /= 2;
	}
	if (err)
		dev->stats.ring_error = err;
	dev->first = first;
	dev->registered = dev->stats.window = err ? 0 : count;
	dev->stats.windows += !err;
}

static int take_buffers(void *device, const struct iovec *buffers, size_t nr)
{
	struct gup_uring *dev = device;

	dev->buffers = buffers;
	dev->nr_buffers = nr;
	if (dev->have_ring)
		register_window(dev, 0, nr < BUFFERS_MAX ? nr : BUFFERS_MAX);
	return 0;
}

static int forget_buffers(void *device)
{
	struct gup_uring *dev = device;
	int err = unregister(dev);

	if (err)
		return err;
	dev->buffers = NULL;
	dev->nr_buffers = 0;
	return 0;
}

static const struct gup_region_ops region_ops = { PIECE_MAX, take_buffers, forget_buffers };

int gup_uring_attach(struct gup_uring *dev, const struct iovec *buffers, size_t nr)
{
	return dev && buffers && nr && !dev->region && !dev->buffers ? take_buffers(dev, buffers, nr) : -EINVAL;
}

int gup_uring_attach_range(struct gup_uring *dev, struct gup_mm *mm, const struct gup_request *range,
			   struct gup_why *why)
{
	if (!dev || !range || dev->region || dev->buffers || (range->addr | range->bytes) % GUP_PAGE_SIZE)
		return -EINVAL;
	return gup_region_open(mm, range, &region_ops, dev, &dev->region, why);
}

const struct iovec *gup_uring_buffers(const struct gup_uring *dev, size_t *nr)
{
	const struct iovec *buffers;
	bool inside;

	*nr = 0;
	if (!dev)
		return NULL;
	inside = !gup_region_enter(dev->region); /* else the notifier has been, and changes nothing any more */
	buffers = dev->buffers;
	*nr = dev->nr_buffers;
	if (inside)
		gup_region_leave(dev->region);
	return buffers;
}

static void finish_by_pread(struct gup_uring *dev, const struct gup_uring_read *request, uint32_t have)
{
	char *to = dev->buffers[request->buffer].iov_base;

	while (have < request->bytes) {
		ssize_t got = pread(dev->fd, to + have, request->bytes - have, (off_t)(request->offset + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && !dev->error)
			dev->error = -errno;
		if (got <= 0)
			return;
		have += (uint32_t)got;
		dev->done += got;
		dev->stats.pread_bytes += (uint64_t)got;
	}
}

static void land(struct gup_uring *dev, const struct gup_uring_read *request, bool direct, int result)
{
	dev->in_flight--;
	if (direct && (result == -EINVAL || result == -EOPNOTSUPP)) {
		dev->direct = false;
	} else if (result < 0 && result != -EAGAIN && result != -EINTR) {
		if (!dev->error)
			dev->error = result;
		return;
	}
	if (result < 0)
		result = 0;
	dev->done += result;
	*(direct ? &dev->stats.direct_bytes : &dev->stats.buffered_bytes) += (uint64_t)result;
	finish_by_pread(dev, request, (uint32_t)result);
}

/* Waits until at most @limit requests are in flight. */
static void reap(struct gup_uring *dev, unsigned int limit)
{
	while (dev->in_flight > limit) {
		struct io_uring_cqe *cqe;
		int err = io_uring_submit_and_wait(&dev->ring, 1);

		if (err < 0 && err != -EINTR && err != -EAGAIN && err != -EBUSY)
			abort(); /* requests are under way into memory that must not be given back */
		while (io_uring_peek_cqe(&dev->ring, &cqe) == 0) {
			uint64_t tag = cqe->user_data;
			int result = cqe->res;

			io_uring_cqe_seen(&dev->ring, cqe);
			land(dev, &dev->requests[tag / 2], tag % 2, result);
		}
	}
}

/* Its tag is its number and whether it goes to the file with O_DIRECT. */
static void launch(struct gup_uring *dev, const struct gup_uring_read *request)
{
	struct io_uring_sqe *sqe;

	reap(dev, QUEUE_DEPTH - 1);
	sqe = io_uring_get_sqe(&dev->ring);
	io_uring_prep_read_fixed(sqe, dev->direct ? dev->direct_fd : dev->fd, dev->buffers[request->buffer].iov_base,
				 request->bytes, request->offset, (int)(request->buffer - dev->first));
	sqe->user_data = (uint64_t)(request - dev->requests) * 2 + dev->direct;
	dev->in_flight++;
}

static bool in_window(const struct gup_uring *dev, size_t buffer)
{
	return buffer >= dev->first && buffer - dev->first < dev->registered;
}

static void read_one(struct gup_uring *dev, const struct gup_uring_read *request)
{
	size_t rest = dev->nr_buffers - request->buffer;

	dev->stats.reads++;
	if (dev->registered && !in_window(dev, request->buffer)) {
		reap(dev, 0);
		register_window(dev, request->buffer, rest < dev->stats.window ? rest : dev->stats.window);
	}
	if (in_window(dev, request->buffer))
		launch(dev, request);
	else
		finish_by_pread(dev, request, 0);
}

static bool requests_fit(const struct gup_uring *dev, const struct gup_uring_read *requests, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (requests[i].buffer >= dev->nr_buffers ||
		    requests[i].bytes > dev->buffers[requests[i].buffer].iov_len || requests[i].offset % 4096)
			return false;
	return true;
}

int64_t gup_uring_read(struct gup_uring *dev, const struct gup_uring_read *requests, size_t nr)
{
	int64_t result = dev && requests ? gup_region_enter(dev->region) : -EINVAL;

	if (result)
		return result;
	dev->requests = requests;
	dev->done = 0;
	dev->error = requests_fit(dev, requests, nr) ? 0 : -EINVAL;
	for (size_t i = 0; i < nr && !dev->error; i++)
		if (gup_region_ending(dev->region))
			dev->error = -ECANCELED;
		else
			read_one(dev, &requests[i]);
	reap(dev, 0);
	result = dev->error ? dev->error : dev->done;
	gup_region_leave(dev->region);
	return result;
}

int gup_uring_detach(struct gup_uring *dev)
{
	int err = dev ? gup_region_close(dev->region) : -EINVAL;

	if (err)
		return err;
	dev->region = NULL;
	return forget_buffers(dev);
}

void gup_uring_stats_get(const struct gup_uring *dev, struct gup_uring_stats *out)
{
	*out = dev ? dev->stats : (struct gup_uring_stats){ 0 };
}

int gup_uring_close(struct gup_uring *dev)
{
	int err = dev ? gup_uring_detach(dev) : 0;

	if (!dev || err)
		return err;
	if (dev->have_ring)
		io_uring_queue_exit(&dev->ring);
	if (dev->direct_fd >= 0)
		close(dev->direct_fd);
	close(dev->fd);
	free(dev);
	return 0;
}
