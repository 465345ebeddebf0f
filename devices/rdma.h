/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/rdma.h - a network card that lets another process read and write pinned frames, by libfabric.
 *
 * The owner of the memory attaches a range to a device and gives its ticket to the other process, in any way it likes.
 * That one connects with the ticket, and writes and reads: the owner's program takes no part in it. The two may be on
 * different machines with the same byte order. Providers "tcp" and "shm" need no hardware.
 *
 * A program without libfabric has the same functions; those that open say -ENOSYS.
 */
#ifndef GUP_DEVICES_RDMA_H
#define GUP_DEVICES_RDMA_H

#include "region.h"

struct gup_rdma;
struct gup_rdma_peer;

#define GUP_RDMA_NAME_MAX 256

/** struct gup_rdma_place - one piece of the range, as the provider knows it: address, key, length in bytes. */
struct gup_rdma_place {
	uint64_t addr;
	uint64_t key;
	uint64_t bytes;
};

/**
 * struct gup_rdma_ticket - what another process needs to reach the range
 * @name_bytes: length of @name
 * @nr:         number of places
 * @name:       the endpoint
 * @places:     in the order of the user addresses
 */
struct gup_rdma_ticket {
	uint64_t name_bytes;
	uint64_t nr;
	uint8_t name[GUP_RDMA_NAME_MAX];
	struct gup_rdma_place places[];
};

/**
 * gup_rdma_open() - a device
 * @provider: of libfabric, such as "tcp", or "shm" for processes of one machine; NULL: "verbs", and "tcp" where there
 *            is none
 * @node:     address or name of this machine under which others reach it; NULL: only processes of this machine do, as
 *            always with "shm"
 * @out:      receives the device
 *
 * Return: 0; -EINVAL for NULL; -ENOSYS without libfabric; -ENODEV if it has no such provider at @node; -ENOMEM; the errno
 * of the provider, or -EIO for what is none.
 */
int gup_rdma_open(const char *provider, const char *node, struct gup_rdma **out);

/** gup_rdma_provider() - name of the provider that was found; "none" for NULL. Context: any. */
const char *gup_rdma_provider(const struct gup_rdma *dev);

/**
 * gup_rdma_attach_range() - pin a range of user memory and open it to whoever has the ticket
 * @dev:   the device
 * @mm:    whose memory
 * @range: as for gup_pin(); without GUP_WRITE others only read; LONGTERM is added
 * @why:   receives the reason if the pin is refused; may be NULL
 *
 * Each run of frames is a memory region of its own with its own key. A thread of the device moves the bytes where the
 * provider is software. When a part of the range is unmapped, dropped or truncated, or the mm ends, the device ends all
 * connections, unregisters and unpins: what has arrived by then is there, what comes later is an error for the sender.
 *
 * Context: sleeps; not in a callback of the mm.
 * Return: 0; -EINVAL for NULL or if a range is attached; the errno of gup_region_open() or of the provider: -ENOMEM also
 * where RLIMIT_MEMLOCK is short for hardware.
 */
int gup_rdma_attach_range(struct gup_rdma *dev, struct gup_mm *mm, const struct gup_request *range,
			  struct gup_why *why);

/**
 * gup_rdma_ticket() - what to give to the other process
 * @dev:   the device
 * @bytes: receives its size
 *
 * Return: the ticket, until gup_rdma_detach(); it may be out of date before. NULL if no range is attached, or for NULL.
 */
const struct gup_rdma_ticket *gup_rdma_ticket(const struct gup_rdma *dev, size_t *bytes);

/** gup_rdma_attached() - is the range still registered? False for NULL. Context: sleeps; a snapshot. */
bool gup_rdma_attached(struct gup_rdma *dev);

/**
 * gup_rdma_detach() - end all connections, unregister, unpin
 * @dev: the device
 *
 * Return: 0, also if there is no range or the notifier was first; -EINVAL for NULL; -EDEADLK in a callback of the range's mm,
 * or the errno with which the provider did not let go of the memory, which stays pinned: call it again later.
 */
int gup_rdma_detach(struct gup_rdma *dev);

/**
 * gup_rdma_close() - detach and forget the device; NULL is allowed. The machine of its range must still exist.
 *
 * Return: 0; the errno of gup_rdma_detach(), with the device still there.
 */
int gup_rdma_close(struct gup_rdma *dev);

/**
 * gup_rdma_connect() - the other process: reach a range
 * @provider, @node: as for gup_rdma_open(), of this end
 * @ticket:     from the owner of the memory
 * @bytes:      its size
 * @timeout_ms: how long a transfer may take
 * @out:        receives the connection
 *
 * Return: 0; -EINVAL for NULL or a ticket that is not one, or whose places add up to more than 64 bits hold; else as
 * gup_rdma_open(). Whether anybody is there shows with the first transfer.
 */
int gup_rdma_connect(const char *provider, const char *node, const struct gup_rdma_ticket *ticket, size_t bytes,
		     int timeout_ms, struct gup_rdma_peer **out);

/**
 * gup_rdma_write(), gup_rdma_read() - move bytes to or from the range
 * @peer:   the connection
 * @offset: in the range, in bytes
 * @buf:    the bytes here
 * @bytes:  how many
 *
 * When it returns, the bytes are in their place. After an error some may be, and the connection is gone. A provider that
 * would go on using @buf then ends the process: abort().
 *
 * Return: 0; -EINVAL for NULL or more than the range has, with nothing done; -ENOTCONN after an error; -ETIMEDOUT; the
 * errno of the provider, such as -EACCES, -ECONNREFUSED or -ECONNRESET if the range is not registered any more or the
 * owner of the memory has died.
 */
int gup_rdma_write(struct gup_rdma_peer *peer, uint64_t offset, const void *buf, size_t bytes);
int gup_rdma_read(struct gup_rdma_peer *peer, uint64_t offset, void *buf, size_t bytes);

/** gup_rdma_disconnect() - NULL is allowed. */
void gup_rdma_disconnect(struct gup_rdma_peer *peer);

#endif
