/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/device_rdma.c - the story of a network card: another process writes into the range by libfabric.
 *
 * The other process is this program again, as `gup device --partner`, which gets the ticket by a pipe. For each tag that
 * it reads it writes that pattern into the range, reads it back, and answers with an errno.
 */
#include "child.h"
#include "device.h"

#include "../../devices/rdma.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 20000

static const char *missing(void)
{
	struct gup_rdma *dev;
	int err = gup_rdma_open(NULL, NULL, &dev);

	if (err == -ENOSYS)
		return "this gup was built without libfabric; install libfabric-dev and build it again.";
	if (err)
		return "libfabric has no provider 'verbs' or 'tcp' that works here; 'fi_info' lists what it has.";
	gup_rdma_close(dev);
	return NULL;
}

/* ---- the other process ---- */

static int write_and_read(struct gup_rdma_peer *peer, uint64_t *out, uint64_t *in, uint32_t tag)
{
	int err;

	gup_device_pattern(out, 0, GUP_DEVICE_RANGE, tag);
	err = gup_rdma_write(peer, 0, out, GUP_DEVICE_RANGE);
	if (!err)
		err = gup_rdma_read(peer, 0, in, GUP_DEVICE_RANGE);
	return err || !memcmp(in, out, GUP_DEVICE_RANGE) ? err : -EBADMSG;
}

static void obey(struct gup_rdma_peer *peer)
{
	uint64_t *buffers = malloc(2 * GUP_DEVICE_RANGE);
	uint32_t tag;
	int err = 0;

	while (buffers && gup_pipe_get(STDIN_FILENO, &tag, sizeof(tag))) {
		err = write_and_read(peer, buffers, buffers + GUP_DEVICE_RANGE / 8, tag);
		if (!gup_pipe_put(STDOUT_FILENO, &err, sizeof(err)))
			break;
	}
	free(buffers);
}

int gup_device_partner(void)
{
	struct gup_rdma_ticket *ticket = NULL;
	struct gup_rdma_peer *peer = NULL;
	size_t bytes;
	int err = -EINVAL;

	if (gup_pipe_get(STDIN_FILENO, &bytes, sizeof(bytes)) && bytes < GUP_DEVICE_RANGE)
		ticket = malloc(bytes);
	if (ticket && gup_pipe_get(STDIN_FILENO, ticket, bytes))
		err = gup_rdma_connect(NULL, NULL, ticket, bytes, TIMEOUT_MS, &peer);
	free(ticket);
	if (err)
		return gup_usage_error("gup device", "--partner is what 'gup device rdma' starts; say that instead.");
	obey(peer);
	gup_rdma_disconnect(peer);
	return GUP_EXIT_OK;
}

/* ---- the story ---- */

/* Return: the errno of its write; -EPIPE if it is gone. */
static int ask(struct gup_child *p, uint32_t tag)
{
	int err;

	return gup_pipe_put(p->to, &tag, sizeof(tag)) && gup_pipe_get(p->from, &err, sizeof(err)) ? err : -EPIPE;
}

static bool attach(struct gup_stage *stage, uint64_t range, struct gup_rdma *card, struct gup_child *p)
{
	const struct gup_request request = { range, GUP_DEVICE_RANGE, GUP_WRITE, NULL };
	const struct gup_rdma_ticket *ticket;
	int err = gup_rdma_attach_range(card, stage->mm, &request, NULL);
	size_t bytes;

	if (err)
		return gup_say_unexpected("the range cannot be attached: %s", gup_errno_text(err));
	ticket = gup_rdma_ticket(card, &bytes);
	gup_say("4 MiB are pinned for long and are %" PRIu64 " memory regions of provider %s.", ticket->nr,
		gup_rdma_provider(card));
	gup_say("Process %d gets their keys. It has no memory of this one.", (int)p->pid);
	return (gup_pipe_put(p->to, &bytes, sizeof(bytes)) && gup_pipe_put(p->to, ticket, bytes)) ||
	       gup_say_unexpected("the other process does not listen");
}

static bool write_and_look(struct gup_stage *stage, uint64_t range, struct gup_child *p, uint32_t tag)
{
	int err = ask(p, tag);
	uint64_t right = gup_device_count(stage, range, tag);

	gup_say("It writes by fi_write() and reads back by fi_read(): %s. The application finds %" PRIu64 " of %" PRIu64
		" bytes right.",
		gup_errno_text(err), right, GUP_DEVICE_RANGE);
	return (!err && right == GUP_DEVICE_RANGE) || gup_say_unexpected("bytes are missing");
}

static bool tell(struct gup_stage *stage, uint64_t range, struct gup_rdma *card, struct gup_child *p)
{
	int late;

	if (!attach(stage, range, card, p) || !write_and_look(stage, range, p, 1) || !gup_device_disturb(stage) ||
	    !write_and_look(stage, range, p, 2) || !gup_device_unmap(stage, range))
		return false;
	late = ask(p, 3);
	gup_say("One more write of the other process: %s.", gup_errno_text(late));
	return (late && late != -EPIPE) || gup_say_unexpected("it should have been refused");
}

static bool play(struct gup_stage *stage, uint64_t range)
{
	char *argv[] = { "gup", "device", "--partner", NULL };
	struct gup_child p;
	struct gup_rdma *card;
	void (*old)(int);
	bool ok = false;

	if (gup_rdma_open(NULL, NULL, &card))
		return gup_say_unexpected("the card does not start; are descriptors left?");
	old = signal(SIGPIPE, SIG_IGN);
	if (gup_child_start(&p, argv)) {
		ok = tell(stage, range, card, &p);
		gup_child_wait(&p);
	} else {
		gup_say_unexpected("no other process can be started");
	}
	gup_rdma_close(card);
	signal(SIGPIPE, old);
	return ok;
}

const struct gup_device gup_device_rdma = {
	.name = "rdma",
	.title = "another process writes by libfabric, and reads",
	.missing = missing,
	.play = play,
};
