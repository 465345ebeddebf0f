/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/rdma_link.h - one end of a libfabric connection, as both sides of devices/rdma.h need it.
 */
#ifndef GUP_DEVICES_RDMA_LINK_H
#define GUP_DEVICES_RDMA_LINK_H

#include <rdma/fabric.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>

#include <stdbool.h>
#include <stdint.h>

struct gup_rdma_link {
	struct fi_info *info;
	struct fid_fabric *fabric;
	struct fid_domain *domain;
	bool asks;	   /* nothing wakes who waits for the queue: provider "shm" */
	struct fid_cq *cq; /* this and the following while it is up */
	struct fid_av *av;
	struct fid_ep *ep;
};

/** gup_rdma_errno() - libfabric's return as an errno: -ENODEV for no provider, -EIO for what is no errno; else as it is. */
int gup_rdma_errno(int64_t ret);

/** gup_rdma_link_open() - find a provider: @provider at @node, as for gup_rdma_open(). */
int gup_rdma_link_open(struct gup_rdma_link *link, const char *provider, const char *node);

/** gup_rdma_link_up() - an endpoint with a new name. On error nothing is up. */
int gup_rdma_link_up(struct gup_rdma_link *link);

/** gup_rdma_link_wait() - let things happen for up to @ms. Return: 1 if an operation of ours completed, 0, or its errno. */
int gup_rdma_link_wait(struct gup_rdma_link *link, int ms);

/** gup_rdma_link_wake() - a gup_rdma_link_wait() of another thread returns soon. */
void gup_rdma_link_wake(struct gup_rdma_link *link);

/** gup_rdma_link_down() - end all connections: when it returns 0, nobody reads or writes through the endpoint. */
int gup_rdma_link_down(struct gup_rdma_link *link);

/** gup_rdma_link_close() - give back what gup_rdma_link_open() took; it must be down. */
void gup_rdma_link_close(struct gup_rdma_link *link);

/** gup_rdma_link_mode() - does the provider ask for this FI_MR_* mode? */
bool gup_rdma_link_mode(const struct gup_rdma_link *link, int mode);

#endif
