/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/partner.c - the orders, and both ends of the pipes that carry them.
 */
#define _GNU_SOURCE
#include "partner.h"

#include "world.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nobody tells a process that the other end is gone where they share memory. */
#define TIMEOUT_MS 20000
#define TIMEOUT_SHM_MS 3000

enum order_kind { ORDER_WRITE, ORDER_READ, ORDER_FLOOD, ORDER_END };

struct order {
	enum order_kind kind;
	uint32_t tag;
	uint64_t offset, bytes, addr;
};

/* ---- that process ---- */

static bool answer(int result)
{
	return gup_pipe_put(STDOUT_FILENO, &result, sizeof(result));
}

static int carry_out(struct gup_rdma_peer *peer, const struct order *order, void *buf)
{
	int err;

	if (order->kind == ORDER_READ) {
		err = gup_rdma_read(peer, order->offset, buf, order->bytes);
		return err || pattern_is(buf, order->addr, order->bytes, order->tag) ? err : -EBADMSG;
	}
	pattern_make(buf, order->addr, order->bytes, order->tag);
	err = gup_rdma_write(peer, order->offset, buf, order->bytes);
	if (order->kind == ORDER_FLOOD && !err) {
		answer(0);
		while (!err)
			err = gup_rdma_write(peer, order->offset, buf, order->bytes);
	}
	return err;
}

static bool obey(struct gup_rdma_peer *peer)
{
	struct order order;

	while (gup_pipe_get(STDIN_FILENO, &order, sizeof(order)) && order.kind != ORDER_END) {
		void *buf = malloc(order.bytes);
		bool ok = buf && answer(carry_out(peer, &order, buf));

		free(buf);
		if (!ok)
			return false;
	}
	return true;
}

int partner_main(const char *provider)
{
	struct gup_rdma_ticket *ticket;
	struct gup_rdma_peer *peer = NULL;
	size_t bytes;
	int err;
	bool ok;

	if (!gup_pipe_get(STDIN_FILENO, &bytes, sizeof(bytes)))
		return 1;
	ticket = malloc(bytes);
	if (!ticket || !gup_pipe_get(STDIN_FILENO, ticket, bytes))
		return 1;
	err = gup_rdma_connect(provider, NULL, ticket, bytes, strcmp(provider, "shm") ? TIMEOUT_MS : TIMEOUT_SHM_MS,
			       &peer);
	free(ticket);
	ok = answer(err) && !err && obey(peer);
	gup_rdma_disconnect(peer);
	return ok ? 0 : 1;
}

/* ---- the test ---- */

static int hear(struct partner *p)
{
	int result = 1;

	assert_true(gup_pipe_get(p->child.from, &result, sizeof(result)));
	return result;
}

void partner_start(struct partner *p, const char *provider, const struct gup_rdma_ticket *ticket, size_t bytes)
{
	char *argv[] = { "partner", (char *)provider, NULL };

	assert_true(gup_child_start(&p->child, argv));
	assert_true(gup_pipe_put(p->child.to, &bytes, sizeof(bytes)));
	assert_true(gup_pipe_put(p->child.to, ticket, bytes));
	assert_int_equal(hear(p), 0);
}

static void tell(struct partner *p, enum order_kind kind, uint64_t offset, uint64_t bytes, uint64_t addr, uint32_t tag)
{
	const struct order order = { kind, tag, offset, bytes, addr };

	assert_true(gup_pipe_put(p->child.to, &order, sizeof(order)));
}

int partner_write(struct partner *p, uint64_t offset, uint64_t bytes, uint64_t addr, uint32_t tag)
{
	tell(p, ORDER_WRITE, offset, bytes, addr, tag);
	return hear(p);
}

int partner_read(struct partner *p, uint64_t offset, uint64_t bytes, uint64_t addr, uint32_t tag)
{
	tell(p, ORDER_READ, offset, bytes, addr, tag);
	return hear(p);
}

void partner_flood(struct partner *p, uint64_t offset, uint64_t bytes, uint64_t addr, uint32_t tag)
{
	tell(p, ORDER_FLOOD, offset, bytes, addr, tag);
	assert_int_equal(hear(p), 0);
}

int partner_flood_ended(struct partner *p)
{
	return hear(p);
}

void partner_kill(struct partner *p)
{
	char segment[40];
	int status;

	assert_int_equal(kill(p->child.pid, SIGKILL), 0);
	status = gup_child_wait(&p->child);
	assert_true(WIFSIGNALED(status));
	snprintf(segment, sizeof(segment), "/dev/shm/%d:%u:0", (int)p->child.pid, geteuid());
	unlink(segment); /* what provider shm leaves behind */
}

void partner_stop(struct partner *p)
{
	int status;

	tell(p, ORDER_END, 0, 0, 0, 0);
	status = gup_child_wait(&p->child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}
