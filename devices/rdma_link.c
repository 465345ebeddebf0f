/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/rdma_link.c - libfabric objects in the order in which they are made and closed.
 *
 * Fabric and domain live as long as the link; endpoint, completion queue and address vector come up and go down together.
 * Progress is manual: a provider in software moves bytes only inside gup_rdma_link_wait().
 */
#include "rdma_link.h"

#include <errno.h>
#include <poll.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOPBACK "127.0.0.1"
#define ERRNO_END 256 /* libfabric's own codes begin here */

int gup_rdma_errno(int64_t ret)
{
	if (ret == -FI_ENODATA)
		return -ENODEV;
	return ret <= -ERRNO_END ? -EIO : (int)ret;
}

/*
 * The address of an end of "shm" is its process. Asked for virtual addresses, it lets other processes write by themselves,
 * and nobody could end that: without them the owner's thread copies all bytes.
 */
static int find(struct gup_rdma_link *link, const char *provider, const char *node)
{
	bool shm = !strcmp(provider, "shm");
	struct fi_info *hints = fi_allocinfo();
	int ret = -FI_ENOMEM;

	if (!hints)
		return ret;
	hints->caps = FI_RMA | FI_READ | FI_WRITE | FI_REMOTE_READ | FI_REMOTE_WRITE;
	hints->ep_attr->type = FI_EP_RDM;
	hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_ALLOCATED | FI_MR_PROV_KEY | (shm ? 0 : FI_MR_VIRT_ADDR);
	hints->domain_attr->data_progress = FI_PROGRESS_MANUAL;
	hints->tx_attr->op_flags = FI_COMPLETION | FI_DELIVERY_COMPLETE; /* done: the bytes are in their place */
	hints->fabric_attr->prov_name = strdup(provider);
	if (!node && !shm)
		node = LOOPBACK;
	if (hints->fabric_attr->prov_name)
		ret = fi_getinfo(FI_VERSION(1, 17), node, NULL, node ? FI_SOURCE : 0, hints, &link->info);
	fi_freeinfo(hints);
	link->asks = shm;
	return ret;
}

static int find_any(struct gup_rdma_link *link, const char *node)
{
	int ret = find(link, "verbs", node);

	return ret ? find(link, "tcp", node) : 0;
}

int gup_rdma_link_open(struct gup_rdma_link *link, const char *provider, const char *node)
{
	int ret;

	*link = (struct gup_rdma_link){ 0 };
	ret = provider ? find(link, provider, node) : find_any(link, node);
	if (!ret)
		ret = fi_fabric(link->info->fabric_attr, &link->fabric, NULL);
	if (!ret)
		ret = fi_domain(link->fabric, link->info, &link->domain, NULL);
	if (ret)
		gup_rdma_link_close(link);
	return gup_rdma_errno(ret);
}

static int bring_up(struct gup_rdma_link *link)
{
	struct fi_cq_attr cq_attr = {
		.format = FI_CQ_FORMAT_CONTEXT,
		.wait_obj = link->asks ? FI_WAIT_NONE : FI_WAIT_UNSPEC,
	};
	struct fi_av_attr av_attr = { .type = link->info->domain_attr->av_type };
	int ret = fi_cq_open(link->domain, &cq_attr, &link->cq, NULL);

	if (!ret)
		ret = fi_av_open(link->domain, &av_attr, &link->av, NULL);
	if (!ret)
		ret = fi_endpoint(link->domain, link->info, &link->ep, NULL);
	if (!ret)
		ret = fi_ep_bind(link->ep, &link->cq->fid, FI_TRANSMIT | FI_RECV);
	if (!ret)
		ret = fi_ep_bind(link->ep, &link->av->fid, 0);
	return ret ? ret : fi_enable(link->ep);
}

int gup_rdma_link_up(struct gup_rdma_link *link)
{
	int ret = bring_up(link);

	if (ret)
		gup_rdma_link_down(link);
	return gup_rdma_errno(ret);
}

int gup_rdma_link_wait(struct gup_rdma_link *link, int ms)
{
	struct fi_cq_entry entry;
	struct fi_cq_err_entry error = { 0 };
	int64_t ret = link->asks ? -FI_ENOSYS : fi_cq_sread(link->cq, &entry, 1, NULL, ms);

	if (ret == -FI_ENOSYS) {
		ret = fi_cq_read(link->cq, &entry, 1);
		if (ret == -FI_EAGAIN)
			poll(NULL, 0, 1);
	}
	if (ret == -FI_EAVAIL)
		return fi_cq_readerr(link->cq, &error, 0) == 1 ? gup_rdma_errno(-error.err) : -EIO;
	return ret == -FI_EAGAIN || ret == -FI_EINTR ? 0 : gup_rdma_errno(ret);
}

void gup_rdma_link_wake(struct gup_rdma_link *link)
{
	if (!link->asks)
		fi_cq_signal(link->cq);
}

static int close_fid(struct fid *fid)
{
	return fid ? fi_close(fid) : 0;
}

int gup_rdma_link_down(struct gup_rdma_link *link)
{
	int ret = link->ep ? fi_close(&link->ep->fid) : 0;

	if (ret)
		return gup_rdma_errno(ret);
	link->ep = NULL;
	close_fid(link->av ? &link->av->fid : NULL);
	close_fid(link->cq ? &link->cq->fid : NULL);
	link->av = NULL;
	link->cq = NULL;
	return 0;
}

void gup_rdma_link_close(struct gup_rdma_link *link)
{
	close_fid(link->domain ? &link->domain->fid : NULL);
	close_fid(link->fabric ? &link->fabric->fid : NULL);
	if (link->info)
		fi_freeinfo(link->info);
	*link = (struct gup_rdma_link){ 0 };
}

bool gup_rdma_link_mode(const struct gup_rdma_link *link, int mode)
{
	return link->info->domain_attr->mr_mode & mode;
}
