/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/rdma.c - the owner's side: memory regions over pinned frames, an endpoint, and a thread that serves it.
 *
 * A registration has an endpoint of its own. Its end is: stop the thread, close the endpoint, and with it the connections
 * on which bytes may be half way, then close the memory regions. Closing those first would not do: a provider in
 * software looks at the key when a message begins, and goes on writing after that.
 */
#define _GNU_SOURCE
#include "rdma.h"
#include "rdma_link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <rdma/fi_cm.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#define PIECE_MAX ((size_t)1 << 30)
#define LOOK_MS 20

struct gup_rdma {
	struct gup_rdma_link link;
	struct gup_region *region;
	struct fid_mr **mrs;
	size_t nr_mrs;
	uint64_t access;
	struct gup_rdma_ticket *ticket;
	pthread_t thread;
	bool has_thread;
	atomic_bool stop;
};

int gup_rdma_open(const char *provider, const char *node, struct gup_rdma **out)
{
	struct gup_rdma *dev;
	int err;

	if (!out)
		return -EINVAL;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	err = gup_rdma_link_open(&dev->link, provider, node);
	if (err)
		free(dev);
	else
		*out = dev;
	return err;
}

const char *gup_rdma_provider(const struct gup_rdma *dev)
{
	return dev ? dev->link.info->fabric_attr->prov_name : "none";
}

/* Errors here are of peers that went away; should one stay, it must not keep a processor. */
static void *serve(void *context)
{
	struct gup_rdma *dev = context;

	while (!dev->stop)
		if (gup_rdma_link_wait(&dev->link, LOOK_MS) < 0)
			poll(NULL, 0, 1);
	return NULL;
}

/* Signals are the program's own affair. */
static int start_thread(struct gup_rdma *dev)
{
	sigset_t all, old;
	int err;

	dev->stop = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&dev->thread, NULL, serve, dev);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	dev->has_thread = !err;
	return -err;
}

static void stop_thread(struct gup_rdma *dev)
{
	if (!dev->has_thread)
		return;
	dev->stop = true;
	gup_rdma_link_wake(&dev->link);
	pthread_join(dev->thread, NULL);
	dev->has_thread = false;
}

/* A key that nobody guesses, where the provider does not choose it. */
static int choose_key(const struct gup_rdma *dev, uint64_t *key)
{
	size_t bytes = dev->link.info->domain_attr->mr_key_size;

	*key = 0;
	bytes = bytes < sizeof(*key) ? bytes : sizeof(*key);
	return getrandom(key, bytes, 0) == (ssize_t)bytes ? 0 : -EIO;
}

static int register_piece(struct gup_rdma *dev, const struct iovec *piece)
{
	struct gup_rdma_place *place = &dev->ticket->places[dev->nr_mrs];
	struct fid_mr **mr = &dev->mrs[dev->nr_mrs];
	uint64_t key;
	int ret = choose_key(dev, &key);

	if (!ret)
		ret = fi_mr_reg(dev->link.domain, piece->iov_base, piece->iov_len, dev->access, 0, key, 0, mr, NULL);
	if (ret)
		return gup_rdma_errno(ret);
	dev->nr_mrs++;
	place->addr = gup_rdma_link_mode(&dev->link, FI_MR_VIRT_ADDR) ? (uintptr_t)piece->iov_base : 0;
	place->key = fi_mr_key(*mr);
	place->bytes = piece->iov_len;
	return 0;
}

static int register_all(struct gup_rdma *dev, const struct iovec *pieces, size_t nr)
{
	struct gup_rdma_ticket *ticket = calloc(1, sizeof(*ticket) + nr * sizeof(ticket->places[0]));
	size_t name_bytes = GUP_RDMA_NAME_MAX;
	int err;

	dev->ticket = ticket;
	dev->mrs = calloc(nr, sizeof(struct fid_mr *));
	if (!dev->ticket || !dev->mrs)
		return -ENOMEM;
	ticket->nr = nr;
	err = gup_rdma_errno(fi_getname(&dev->link.ep->fid, ticket->name, &name_bytes));
	ticket->name_bytes = name_bytes;
	for (size_t i = 0; i < nr && !err; i++)
		err = register_piece(dev, &pieces[i]);
	return err ? err : start_thread(dev);
}

static int detach(void *device)
{
	struct gup_rdma *dev = device;
	int err;

	stop_thread(dev);
	err = gup_rdma_link_down(&dev->link);
	while (!err && dev->nr_mrs) {
		err = gup_rdma_errno(fi_close(&dev->mrs[dev->nr_mrs - 1]->fid));
		dev->nr_mrs -= !err;
	}
	return err;
}

static int attach(void *device, const struct iovec *pieces, size_t nr)
{
	struct gup_rdma *dev = device;
	int err = gup_rdma_link_up(&dev->link);

	if (err)
		return err;
	err = register_all(dev, pieces, nr);
	if (err && detach(dev))
		abort(); /* the provider keeps memory that must be given back */
	return err;
}

static const struct gup_region_ops region_ops = { PIECE_MAX, attach, detach };

static void forget(struct gup_rdma *dev)
{
	free(dev->ticket);
	free(dev->mrs);
	dev->ticket = NULL;
	dev->mrs = NULL;
	dev->region = NULL;
}

int gup_rdma_attach_range(struct gup_rdma *dev, struct gup_mm *mm, const struct gup_request *range, struct gup_why *why)
{
	int err;

	if (!dev || !range || dev->region)
		return -EINVAL;
	dev->access = FI_REMOTE_READ | (range->flags & GUP_WRITE ? FI_REMOTE_WRITE : 0);
	err = gup_region_open(mm, range, &region_ops, dev, &dev->region, why);
	if (err)
		forget(dev);
	return err;
}

const struct gup_rdma_ticket *gup_rdma_ticket(const struct gup_rdma *dev, size_t *bytes)
{
	if (!dev || !dev->region)
		return NULL;
	*bytes = sizeof(*dev->ticket) + dev->ticket->nr * sizeof(dev->ticket->places[0]);
	return dev->ticket;
}

bool gup_rdma_attached(struct gup_rdma *dev)
{
	bool attached = dev && dev->region && !gup_region_enter(dev->region);

	if (attached)
		gup_region_leave(dev->region);
	return attached;
}

int gup_rdma_detach(struct gup_rdma *dev)
{
	int err = dev ? gup_region_close(dev->region) : -EINVAL;

	if (!err)
		forget(dev);
	return err;
}

int gup_rdma_close(struct gup_rdma *dev)
{
	int err = dev ? gup_rdma_detach(dev) : 0;

	if (!dev || err)
		return err;
	gup_rdma_link_close(&dev->link);
	free(dev);
	return 0;
}
