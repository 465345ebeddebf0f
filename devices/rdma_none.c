/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/rdma_none.c - devices/rdma.h where libfabric was not found: nothing can be opened, so there is nothing to close.
 */
#include "rdma.h"

#include <errno.h>

int gup_rdma_open(const char *provider, const char *node, struct gup_rdma **out)
{
	(void)provider;
	(void)node;
	return out ? -ENOSYS : -EINVAL;
}

const char *gup_rdma_provider(const struct gup_rdma *dev)
{
	(void)dev;
	return "none";
}

int gup_rdma_attach_range(struct gup_rdma *dev, struct gup_mm *mm, const struct gup_request *range, struct gup_why *why)
{
	(void)dev;
	(void)mm;
	(void)range;
	(void)why;
	return -EINVAL;
}

const struct gup_rdma_ticket *gup_rdma_ticket(const struct gup_rdma *dev, size_t *bytes)
{
	(void)dev;
	(void)bytes;
	return NULL;
}

bool gup_rdma_attached(struct gup_rdma *dev)
{
	(void)dev;
	return false;
}

int gup_rdma_detach(struct gup_rdma *dev)
{
	(void)dev;
	return -EINVAL;
}

int gup_rdma_close(struct gup_rdma *dev)
{
	(void)dev;
	return 0;
}

int gup_rdma_connect(const char *provider, const char *node, const struct gup_rdma_ticket *ticket, size_t bytes,
		     int timeout_ms, struct gup_rdma_peer **out)
{
	(void)provider;
	(void)node;
	(void)bytes;
	(void)timeout_ms;
	return ticket && out ? -ENOSYS : -EINVAL;
}

int gup_rdma_write(struct gup_rdma_peer *peer, uint64_t offset, const void *buf, size_t bytes)
{
	(void)peer;
	(void)offset;
	(void)buf;
	(void)bytes;
	return -EINVAL;
}

int gup_rdma_read(struct gup_rdma_peer *peer, uint64_t offset, void *buf, size_t bytes)
{
	(void)peer;
	(void)offset;
	(void)buf;
	(void)bytes;
	return -EINVAL;
}

void gup_rdma_disconnect(struct gup_rdma_peer *peer)
{
	(void)peer;
}
