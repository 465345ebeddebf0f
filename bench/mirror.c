/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/mirror.c - the first store to 2 MiB of anonymous memory in a window, by a pointer.
 *
 * The peer does what no window can leave out: the store faults, a handler zeroes 2 MiB of memory that the host has
 * already, and maps it there. Unmapping is not timed.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES GUP_BENCH_MIB(64)

static bool libgup_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	volatile char *to = gup_mirror_pointer(scene->world.mm, scene->world.addr);
	uint64_t at, start;

	(void)side;
	if (!gup_bench_map(scene->world.mm, scene->world.addr, BYTES))
		return false;
	start = gup_bench_now();
	for (at = 0; at < BYTES; at += GUP_HUGE_SIZE)
		to[at] = 'x';
	gup_bench_add(round, GUP_BENCH_FIRST, start, BYTES >> GUP_PAGE_SHIFT);
	return !gup_munmap(scene->world.mm, scene->world.addr, BYTES);
}

/* For the handler: the window, and the same memory elsewhere. */
static struct {
	char *window, *direct;
	int fd;
} peer;

static bool show_piece(uint64_t at)
{
	memset(peer.direct + at, 0, GUP_HUGE_SIZE);
	return mmap(peer.window + at, GUP_HUGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
		    peer.fd, (off_t)at) != MAP_FAILED;
}

/* What is not the window's, or cannot be shown, ends the program. */
static void handle(int sig, siginfo_t *info, void *context)
{
	uint64_t at = (uint64_t)((char *)info->si_addr - peer.window) & ~(GUP_HUGE_SIZE - 1);

	(void)context;
	if (at >= BYTES || !show_piece(at))
		signal(sig, SIG_DFL);
}

static bool show_nothing(void)
{
	return mmap(peer.window, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) !=
	       MAP_FAILED;
}

static bool peer_pass(struct gup_bench_scene *scene, const struct gup_bench_side *side, struct gup_bench_round *round)
{
	struct sigaction mine = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART }, libgups;
	volatile char *to = peer.window;
	uint64_t at, start;

	(void)scene;
	(void)side;
	sigaction(SIGSEGV, &mine, &libgups);
	start = gup_bench_now();
	for (at = 0; at < BYTES; at += GUP_HUGE_SIZE)
		to[at] = 'x';
	gup_bench_add(round, GUP_BENCH_FIRST, start, BYTES >> GUP_PAGE_SHIFT);
	sigaction(SIGSEGV, &libgups, NULL);
	return show_nothing();
}

/* The window lies where the range of host memory was; the memory is a file, as libgup's frames are. */
static bool peer_open(struct gup_bench_scene *scene)
{
	if (!gup_bench_host_open(&scene->host, BYTES, false))
		return false;
	peer.window = scene->host.at;
	peer.fd = scene->fd = memfd_create("gup-bench", MFD_CLOEXEC);
	if (peer.fd < 0 || ftruncate(peer.fd, (off_t)BYTES))
		return false;
	peer.direct = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, peer.fd, 0);
	return peer.direct != MAP_FAILED && show_nothing();
}

static enum gup_bench_open mirror_open(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	struct gup_machine_config config = { .normal_bytes = 2 * BYTES };

	if (!peer_open(scene))
		return gup_bench_skip(c->name, GUP_BENCH_NO_MEMORY);
	if (!gup_bench_world_open(&scene->world, &config, 0) || !gup_bench_touch_all(&scene->world))
		return GUP_BENCH_BROKEN;
	if (gup_mirror_open(scene->world.mm, scene->world.addr, BYTES))
		return gup_bench_skip(c->name, "the host has no address range for a window");
	return GUP_BENCH_READY;
}

static bool mirror_close(struct gup_bench_scene *scene)
{
	if (peer.direct && peer.direct != MAP_FAILED)
		munmap(peer.direct, BYTES);
	if (scene->fd >= 0)
		close(scene->fd);
	return true;
}

static const struct gup_bench_side sides[] = { { .run = libgup_pass }, { .run = peer_pass } };

static const struct gup_bench_row rows[] = { { GUP_BENCH_ROW("mirror-fault", "sigsegv-memset-mmap", 0, 1) } };

const struct gup_bench_case gup_bench_mirror = {
	.name = "mirror",
	.kind = "2M",
	.sizes = { GUP_BENCH_MIB(2) },
	.parts = { "fault" },
	.open = mirror_open,
	.close = mirror_close,
	GUP_BENCH_SIDES(sides),
	GUP_BENCH_ROWS(rows),
};
