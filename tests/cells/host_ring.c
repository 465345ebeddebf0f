/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/host_ring.c - registers a span with io_uring, and writes through the registration after something
 * happened to the mapping.
 */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *ring_missing(void)
{
	struct io_uring ring;
	int err = io_uring_queue_init(2, &ring, 0);
	static char reason[64];

	snprintf(reason, sizeof(reason), "io_uring: %s", strerror(-err));
	if (err < 0)
		return reason;
	io_uring_queue_exit(&ring);
	return NULL;
}

/* A file in memory with the probe's bytes. */
static int ring_source(void)
{
	static unsigned char bytes[CELL_BYTES];
	int fd = memfd_create("probe", MFD_CLOEXEC);

	memset(bytes, CELL_IS_PROBE, sizeof(bytes));
	if (fd < 0 || pwrite(fd, bytes, sizeof(bytes), 0) != CELL_BYTES)
		return -errno;
	return fd;
}

/* Pages that were written through the registration, or a negative errno. */
static long write_through(struct io_uring *ring, const struct span *span)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	int fd = ring_source(), err;
	long bytes;

	if (fd < 0 || !sqe)
		return fd < 0 ? fd : -EBUSY;
	io_uring_prep_read_fixed(sqe, fd, span->addr, (unsigned int)(span->pages * CELL_PAGE), 0, 0);
	err = io_uring_submit_and_wait(ring, 1);
	if (err < 0)
		return err;
	err = io_uring_peek_cqe(ring, &cqe);
	if (err < 0)
		return err;
	bytes = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	close(fd);
	return bytes < 0 ? bytes : bytes / CELL_PAGE;
}

static int happen(const struct cell *cell, struct span *span)
{
	int err = 0;

	switch (cell->probe) {
	case CELL_PIN_FORK:
		err = span_fork(span);
		span_store(span, CELL_IS_LATE);
		return err;
	case CELL_PIN_DONTNEED:
		err = madvise(span->addr, span->bytes, MADV_DONTNEED);
		break;
	case CELL_PIN_REMAP:
		err = munmap(span->addr, span->bytes);
		return err < 0 ? -errno : span_map_again(cell, span);
	default:
		err = ftruncate(span->fd, 0) < 0 || ftruncate(span->fd, (off_t)span->bytes) < 0 ? -1 : 0;
		break;
	}
	return err < 0 ? -errno : 0;
}

static void registered(const struct cell *cell, struct io_uring *ring, struct span *span, struct cell_result *r)
{
	r->value = r->wanted;
	if (cell->probe == CELL_REGISTER)
		return;
	r->value = happen(cell, span);
	if (r->value == 0)
		r->value = write_through(ring, span);
	span_look(cell, span, r);
}

void ring_run(const struct cell *cell, struct span *span, struct cell_result *r)
{
	struct iovec iov = { span->addr, span->pages * CELL_PAGE };
	struct io_uring ring;
	int err = io_uring_queue_init(2, &ring, 0);

	if (err == 0) {
		err = io_uring_register_buffers(&ring, &iov, 1);
		if (err == 0) {
			registered(cell, &ring, span, r);
			io_uring_unregister_buffers(&ring); /* its pages count against a limit until then */
		}
		io_uring_queue_exit(&ring);
	}
	if (err < 0)
		r->value = err;
}
