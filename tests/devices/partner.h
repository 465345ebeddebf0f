/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/partner.h - another process that writes and reads by RDMA as it is told: the test's own program once more.
 *
 * It is told by a pipe and answers by another. It has no libgup memory: all that it knows of the range is a ticket.
 */
#ifndef PARTNER_H
#define PARTNER_H

#include "../../devices/rdma.h"
#include "../../tools/gup/child.h"

struct partner {
	struct gup_child child;
};

/** partner_main() - what main() does in that process. Return: its exit status. */
int partner_main(const char *provider);

/** partner_start() - have one, that has connected. */
void partner_start(struct partner *p, const char *provider, const struct gup_rdma_ticket *ticket, size_t bytes);

/** partner_write(), partner_read() - move a pattern of @addr and @tag. Return: its errno; -EBADMSG: other bytes. */
int partner_write(struct partner *p, uint64_t offset, uint64_t bytes, uint64_t addr, uint32_t tag);
int partner_read(struct partner *p, uint64_t offset, uint64_t bytes, uint64_t addr, uint32_t tag);

/** partner_flood() - write the same again and again until an error comes; returns when the first is in its place. */
void partner_flood(struct partner *p, uint64_t offset, uint64_t bytes, uint64_t addr, uint32_t tag);

/** partner_flood_ended() - wait for that error. Return: it. */
int partner_flood_ended(struct partner *p);

/** partner_kill() - it dies where it is. */
void partner_kill(struct partner *p);

/** partner_stop() - it disconnects and ends with status 0. */
void partner_stop(struct partner *p);

#endif
