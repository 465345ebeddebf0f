/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/rdma_peer.c - the other process: fi_write() and fi_read() to the places of a ticket.
 *
 * A transfer is cut at the places, posted as far as the provider takes it, and waited for. After an error operations may
 * be under way with the caller's buffer, so the endpoint goes down before the call returns.
 */
#define _GNU_SOURCE
#include "rdma.h"
#include "rdma_link.h"

#include <errno.h>
#include <rdma/fi_errno.h>
#include <rdma/fi_rma.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 20

struct gup_rdma_peer {
	struct gup_rdma_link link;
	fi_addr_t owner;
	int timeout_ms;
	struct gup_rdma_ticket *ticket;
	uint64_t bytes; /* of the range */
};

struct transfer {
	struct gup_rdma_peer *peer;
	char *buf;
	size_t bytes;
	uint64_t offset; /* of @buf in the range */
	bool write;
	void *desc; /* of @buf, where the provider wants one */
	uint64_t in_flight;
	int64_t deadline; /* ms */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool ticket_is_one(const struct gup_rdma_ticket *ticket, size_t bytes)
{
	return bytes >= sizeof(*ticket) && ticket->name_bytes <= GUP_RDMA_NAME_MAX &&
	       ticket->nr == (bytes - sizeof(*ticket)) / sizeof(ticket->places[0]) &&
	       !((bytes - sizeof(*ticket)) % sizeof(ticket->places[0]));
}

/* Return: false if that is more than any range has. */
static bool add_places(const struct gup_rdma_ticket *ticket, uint64_t *sum)
{
	*sum = 0;
	for (uint64_t i = 0; i < ticket->nr; i++)
		if (__builtin_add_overflow(*sum, ticket->places[i].bytes, sum))
			return false;
	return true;
}

static int reach(struct gup_rdma_peer *peer)
{
	int err = gup_rdma_link_up(&peer->link);

	if (err)
		return err;
	if (fi_av_insert(peer->link.av, peer->ticket->name, 1, &peer->owner, 0, NULL) == 1)
		return 0;
	gup_rdma_link_down(&peer->link);
	return -EINVAL;
}

int gup_rdma_connect(const char *provider, const char *node, const struct gup_rdma_ticket *ticket, size_t bytes,
		     int timeout_ms, struct gup_rdma_peer **out)
{
	struct gup_rdma_peer *peer;
	uint64_t range_bytes;
	int err;

	if (!ticket || !out || !ticket_is_one(ticket, bytes) || !add_places(ticket, &range_bytes))
		return -EINVAL;
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return -ENOMEM;
	peer->timeout_ms = timeout_ms;
	peer->bytes = range_bytes;
	peer->ticket = malloc(bytes);
	err = peer->ticket ? gup_rdma_link_open(&peer->link, provider, node) : -ENOMEM;
	if (!err) {
		memcpy(peer->ticket, ticket, bytes);
		err = reach(peer);
	}
	if (err)
		gup_rdma_disconnect(peer);
	else
		*out = peer;
	return err;
}

/* Lets at least one operation complete, or time pass. */
static int progress(struct transfer *t)
{
	int done = gup_rdma_link_wait(&t->peer->link, WAIT_MS);

	if (done > 0)
		t->in_flight--;
	if (done < 0)
		return done;
	return now_ms() < t->deadline ? 0 : -ETIMEDOUT;
}

static int post(struct transfer *t, void *buf, size_t bytes, const struct gup_rdma_place *place, uint64_t at)
{
	struct gup_rdma_link *link = &t->peer->link;
	int64_t ret;

	for (;;) {
		int err;

		if (t->write)
			ret = fi_write(link->ep, buf, bytes, t->desc, t->peer->owner, place->addr + at, place->key,
				       NULL);
		else
			ret = fi_read(link->ep, buf, bytes, t->desc, t->peer->owner, place->addr + at, place->key,
				      NULL);
		if (ret != -FI_EAGAIN)
			break;
		err = progress(t);
		if (err)
			return err;
	}
	t->in_flight += !ret;
	return gup_rdma_errno(ret);
}

/* The part of the transfer that lies in @place, which begins at @start of the range. */
static int post_place(struct transfer *t, const struct gup_rdma_place *place, uint64_t start)
{
	uint64_t begin = start > t->offset ? start : t->offset;
	uint64_t end = start + place->bytes < t->offset + t->bytes ? start + place->bytes : t->offset + t->bytes;
	size_t max = t->peer->link.info->ep_attr->max_msg_size;
	int err = 0;

	while (begin < end && !err) {
		size_t bytes = end - begin < max ? end - begin : max;

		err = post(t, t->buf + (begin - t->offset), bytes, place, begin - start);
		begin += bytes;
	}
	return err;
}

static int move(struct transfer *t)
{
	const struct gup_rdma_ticket *ticket = t->peer->ticket;
	uint64_t start = 0;
	int err = 0;

	for (uint64_t i = 0; i < ticket->nr && !err; start += ticket->places[i].bytes, i++)
		err = post_place(t, &ticket->places[i], start);
	while (t->in_flight && !err)
		err = progress(t);
	return err;
}

static int run(struct transfer *t)
{
	struct gup_rdma_peer *peer = t->peer;
	struct fid_mr *mr = NULL;
	int err = 0;

	if (!peer || !t->buf || t->offset > peer->bytes || t->bytes > peer->bytes - t->offset)
		return -EINVAL;
	if (!peer->link.ep)
		return -ENOTCONN;
	if (gup_rdma_link_mode(&peer->link, FI_MR_LOCAL))
		err = gup_rdma_errno(
			fi_mr_reg(peer->link.domain, t->buf, t->bytes, FI_READ | FI_WRITE, 0, 1, 0, &mr, NULL));
	if (err)
		return err;
	t->desc = mr ? fi_mr_desc(mr) : NULL;
	t->deadline = now_ms() + peer->timeout_ms;
	err = move(t);
	if (err && gup_rdma_link_down(&peer->link))
		abort(); /* the provider keeps the caller's buffer, which must be given back */
	if (mr)
		fi_close(&mr->fid);
	return err;
}

int gup_rdma_write(struct gup_rdma_peer *peer, uint64_t offset, const void *buf, size_t bytes)
{
	return run(&(struct transfer){ peer, (char *)buf, bytes, offset, true, NULL, 0, 0 });
}

int gup_rdma_read(struct gup_rdma_peer *peer, uint64_t offset, void *buf, size_t bytes)
{
	return run(&(struct transfer){ peer, buf, bytes, offset, false, NULL, 0, 0 });
}

void gup_rdma_disconnect(struct gup_rdma_peer *peer)
{
	if (!peer)
		return;
	gup_rdma_link_down(&peer->link);
	gup_rdma_link_close(&peer->link);
	free(peer->ticket);
	free(peer);
}
