/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/partner.c - the orders, and both ends of the pipes that carry them.
 */
#define _GNU_SOURCE
#include "partner.h"

#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS 20000

extern char **environ;

enum order_kind { ORDER_WRITE, ORDER_READ, ORDER_FLOOD, ORDER_END };

struct order {
	enum order_kind kind;
	uint32_t tag;
	uint64_t offset, bytes, addr;
};

/* All of it, whatever interrupts. Return: false at the end of the pipe. */
static bool get(int fd, void *to, size_t bytes)
{
	for (size_t have = 0; have < bytes;) {
		ssize_t got = read(fd, (char *)to + have, bytes - have);

		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		have += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static bool put(int fd, const void *from, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t put = write(fd, (const char *)from + done, bytes - done);

		if (put < 0 && errno != EINTR)
			return false;
		done += put > 0 ? (size_t)put : 0;
	}
	return true;
}

/* ---- that process ---- */

static bool answer(int result)
{
	return put(STDOUT_FILENO, &result, sizeof(result));
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

	while (get(STDIN_FILENO, &order, sizeof(order)) && order.kind != ORDER_END) {
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

	if (!get(STDIN_FILENO, &bytes, sizeof(bytes)))
		return 1;
	ticket = malloc(bytes);
	if (!ticket || !get(STDIN_FILENO, ticket, bytes))
		return 1;
	err = gup_rdma_connect(provider, NULL, ticket, bytes, TIMEOUT_MS, &peer);
	free(ticket);
	ok = answer(err) && !err && obey(peer);
	gup_rdma_disconnect(peer);
	return ok ? 0 : 1;
}

/* ---- the test ---- */

static void spawn(struct partner *p, const char *provider)
{
	char *argv[] = { "partner", (char *)provider, NULL };
	posix_spawn_file_actions_t actions;
	int down[2], up[2];

	assert_int_equal(pipe2(down, O_CLOEXEC), 0);
	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, down[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, up[1], STDOUT_FILENO);
	assert_int_equal(posix_spawn(&p->pid, "/proc/self/exe", &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(down[0]);
	close(up[1]);
	p->to = down[1];
	p->from = up[0];
}

static int hear(struct partner *p)
{
	int result = 1;

	assert_true(get(p->from, &result, sizeof(result)));
	return result;
}

void partner_start(struct partner *p, const char *provider, const struct gup_rdma_ticket *ticket, size_t bytes)
{
	spawn(p, provider);
	assert_true(put(p->to, &bytes, sizeof(bytes)));
	assert_true(put(p->to, ticket, bytes));
	assert_int_equal(hear(p), 0);
}

static void tell(struct partner *p, enum order_kind kind, uint64_t offset, uint64_t bytes, uint64_t addr, uint32_t tag)
{
	const struct order order = { kind, tag, offset, bytes, addr };

	assert_true(put(p->to, &order, sizeof(order)));
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

static int reap(struct partner *p)
{
	int status;

	close(p->to);
	close(p->from);
	while (waitpid(p->pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}

void partner_kill(struct partner *p)
{
	int status;

	assert_int_equal(kill(p->pid, SIGKILL), 0);
	status = reap(p);
	assert_true(WIFSIGNALED(status));
}

void partner_stop(struct partner *p)
{
	int status;

	tell(p, ORDER_END, 0, 0, 0, 0);
	status = reap(p);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}
