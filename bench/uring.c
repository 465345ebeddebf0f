/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/uring.c - the kernel's long-term pin as a program reaches it: io_uring registers a buffer and unregisters it.
 *
 * Each is a system call that also accounts and allocates, which is what the user of a pin pays there. libgup's side is
 * pin_user_pages_fast() with LONGTERM on folios of the same size.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <linux/io_uring.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Without liburing: three calls need none. */
static int ring_open(void)
{
	struct io_uring_params params = { 0 };

	return (int)syscall(SYS_io_uring_setup, 1, &params);
}

static bool ring_register(int fd, void *at, uint64_t bytes)
{
	struct iovec piece = { at, bytes };

	return !syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &piece, 1);
}

static bool ring_unregister(int fd)
{
	return !syscall(SYS_io_uring_register, fd, IORING_UNREGISTER_BUFFERS, NULL, 0);
}

/* Buffer by buffer: a ring has one table of them. */
static bool uring_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	uint64_t at, start;

	(void)side;
	for (at = 0; at < scene->host.bytes && gup_bench_now() < round->deadline; at += scene->bytes) {
		start = gup_bench_now();
		if (!ring_register(scene->fd, scene->host.at + at, scene->bytes))
			return false;
		gup_bench_add(round, GUP_BENCH_PIN, start, scene->bytes >> GUP_PAGE_SHIFT);
		start = gup_bench_now();
		if (!ring_unregister(scene->fd))
			return false;
		gup_bench_add(round, GUP_BENCH_UNPIN, start, 0);
	}
	return true;
}

enum { LIBGUP, URING, RAW };

static const struct gup_bench_side uring_sides[] = {
	[LIBGUP] = { .run = gup_bench_pass, .pin = gup_bench_pin_fast_longterm, .unpin = gup_bench_unpin },
	[URING] = { .run = uring_pass },
	[RAW] = { .run = gup_bench_pass, .pin = gup_bench_raw_loop_pin, .unpin = gup_bench_raw_loop_unpin },
};

/* The second, of 4 KiB pages only, has the raw loop in libgup's place: no walk is further ahead than that. */
static const struct gup_bench_row uring_rows[] = {
	{ GUP_BENCH_ROW("uring", "io_uring", LIBGUP, URING) },
	{ GUP_BENCH_ROW("uring-raw", "io_uring", RAW, URING) },
};

static bool may_lock(struct gup_bench_scene *scene)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_MEMLOCK, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &limit);
	}
	return ring_register(scene->fd, scene->host.at, scene->host.bytes) && ring_unregister(scene->fd);
}

static enum gup_bench_open uring_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	bool huge = c == &gup_bench_uring_2m;
	uint64_t bytes = huge ? GUP_BENCH_MIB(256) : GUP_BENCH_MIB(16);
	struct gup_machine_config config = { .normal_bytes = 2 * bytes, .no_huge_pages = !huge };

	scene->fd = ring_open();
	if (scene->fd < 0)
		return gup_bench_skip(c->name, "the host allows no io_uring");
	if (!gup_bench_host_open(&scene->host, bytes, huge))
		return gup_bench_skip(c->name, "the host gives this program no such memory in pages of this size");
	if (!may_lock(scene))
		return gup_bench_skip(c->name, "the limit of locked memory (ulimit -l) is too small");
	if (!gup_bench_world_open(&scene->world, &config, bytes) ||
	    (!huge && !gup_bench_raw_open(&scene->raw, bytes >> GUP_PAGE_SHIFT, 1)))
		return GUP_BENCH_BROKEN;
	return GUP_BENCH_READY;
}

static bool uring_close(struct gup_bench_scene *scene)
{
	if (scene->fd >= 0)
		close(scene->fd);
	return true;
}

const struct gup_bench_case gup_bench_uring_4k = {
	.name = "uring",
	.kind = "4K",
	.sizes = { GUP_BENCH_KIB(4), GUP_BENCH_KIB(64), GUP_BENCH_MIB(1), GUP_BENCH_MIB(16) },
	.parts = { "pin", "unpin", "pair" },
	.open = uring_open,
	.close = uring_close,
	GUP_BENCH_SIDES(uring_sides),
	GUP_BENCH_ROWS(uring_rows),
};

const struct gup_bench_case gup_bench_uring_2m = {
	.name = "uring",
	.kind = "2M",
	.sizes = { GUP_BENCH_MIB(1), GUP_BENCH_MIB(16), GUP_BENCH_MIB(256) },
	.parts = { "pin", "unpin", "pair" },
	.open = uring_open,
	.close = uring_close,
	.sides = uring_sides,
	.nr_sides = RAW,
	.rows = uring_rows,
	.nr_rows = 1,
};
