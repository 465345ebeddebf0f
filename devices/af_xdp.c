/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/af_xdp.c - a network card's memory: a pinned range becomes a UMEM with its four rings, and a program on the
 * interface hands frames to it.
 *
 * The program does so as long as @link exists: nothing is left on the interface when that is closed, in whatever way the
 * process ends.
 */
#define _GNU_SOURCE
#include "af_xdp_device.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The host takes a queue away from a closed socket some time after close(). */
#define QUEUE_TRIES 1000

int gup_xdp_open(const char *interface, struct gup_xdp **out)
{
	struct gup_xdp *dev;

	if (!interface || !out)
		return -EINVAL;
	if (!if_nametoindex(interface))
		return -ENODEV;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	strncpy(dev->interface, interface, sizeof(dev->interface) - 1);
	dev->map = dev->link = -1;
	*out = dev;
	return 0;
}

static uint32_t ring_size(uint32_t chunks)
{
	uint32_t size = 1;

	while (size < chunks)
		size *= 2;
	return size;
}

static int make_socket(struct gup_xdp *dev, const struct iovec *area)
{
	uint32_t size = ring_size((uint32_t)(area->iov_len / GUP_XDP_CHUNK));
	const struct xsk_umem_config umem = { .fill_size = size, .comp_size = size, .frame_size = GUP_XDP_CHUNK };
	const struct xsk_socket_config socket = {
		.rx_size = size,
		.tx_size = size,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY,
	};
	int err = xsk_umem__create(&dev->umem, area->iov_base, area->iov_len, &dev->fill, &dev->done, &umem);

	if (err)
		return err;
	return xsk_socket__create(&dev->socket, dev->interface, 0, dev->umem, &dev->rx, &dev->tx, &socket);
}

/* return bpf_redirect_map(&map, context->rx_queue_index, XDP_PASS); */
static int load_program(int map)
{
	const struct bpf_insn program[] = {
		{ BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, offsetof(struct xdp_md, rx_queue_index), 0 },
		{ BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map },
		{ 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, XDP_PASS },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect_map },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "gup_xdp", "BSD", program, sizeof(program) / sizeof(program[0]), NULL);
}

static int steer(struct gup_xdp *dev)
{
	int key = 0, socket = xsk_socket__fd(dev->socket), program, err;

	dev->map = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "gup_xdp", sizeof(key), sizeof(socket), 1, NULL);
	if (dev->map < 0)
		return dev->map;
	err = bpf_map_update_elem(dev->map, &key, &socket, BPF_ANY);
	program = err ? err : load_program(dev->map);
	if (program < 0)
		return program;
	dev->link = bpf_link_create(program, (int)if_nametoindex(dev->interface), BPF_XDP, NULL);
	close(program);
	return dev->link < 0 ? dev->link : 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A child of fork() may have inherited what is closed here, so the link ends first: nothing arrives from then on. */
static void forget_socket(struct gup_xdp *dev)
{
	if (dev->link >= 0)
		(void)bpf_link_detach(dev->link);
	close_fd(&dev->link);
	close_fd(&dev->map);
	xsk_socket__delete(dev->socket);
	(void)xsk_umem__delete(dev->umem);
	dev->socket = NULL;
	dev->umem = NULL;
	free(dev->chunks);
	dev->chunks = NULL;
	dev->sending = 0;
}

static int attach_region(void *device, const struct iovec *pieces, size_t nr)
{
	struct gup_xdp *dev = device;
	int err;

	(void)nr; /* one */
	dev->nr_chunks = (uint32_t)(pieces->iov_len / GUP_XDP_CHUNK);
	dev->chunks = calloc(dev->nr_chunks, sizeof(*dev->chunks));
	err = dev->chunks ? make_socket(dev, pieces) : -ENOMEM;
	if (err)
		forget_socket(dev);
	else
		dev->stats.receive_error = steer(dev);
	return err;
}

static int detach_region(void *device)
{
	forget_socket(device);
	return 0;
}

static const struct gup_region_ops region_ops = { 0, attach_region, detach_region };

int gup_xdp_attach_range(struct gup_xdp *dev, struct gup_mm *mm, const struct gup_request *range, struct gup_why *why)
{
	int tries = QUEUE_TRIES, err;

	if (!dev || !range || dev->region || range->addr % GUP_XDP_CHUNK || range->bytes % GUP_XDP_CHUNK ||
	    !(range->flags & GUP_WRITE))
		return -EINVAL;
	do
		err = gup_region_open(mm, range, &region_ops, dev, &dev->region, why);
	while (err == -EBUSY && tries-- && !usleep(1000));
	return err;
}

int gup_xdp_detach(struct gup_xdp *dev)
{
	int err = dev ? gup_region_close(dev->region) : -EINVAL;

	if (err)
		return err;
	dev->region = NULL;
	dev->error = 0;
	return 0;
}

void gup_xdp_stats_get(const struct gup_xdp *dev, struct gup_xdp_stats *out)
{
	*out = dev ? dev->stats : (struct gup_xdp_stats){ 0 };
}

int gup_xdp_close(struct gup_xdp *dev)
{
	int err = dev ? gup_xdp_detach(dev) : 0;

	if (err || !dev)
		return err;
	free(dev);
	return 0;
}
