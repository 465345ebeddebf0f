/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/port.c - the functions of gup/port.h on the deterministic host, but for gup_port_rcu_synchronize() and
 * gup_port_site().
 *
 * Ranges of memory that are given back are kept and cleaned for the next machine of the same size: only pages that were
 * touched, which the host's kernel knows. A page fault costs more than cleaning a page, and a play touches the same
 * pages each time.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gup/errno.h>

#include "inside.h"

#define MAX_KEPT 16u
#define KEEP_BYTES (UINT64_C(1) << 30)	/* a larger range is not kept */
#define WHOLE_BYTES (UINT64_C(1) << 17) /* up to this, all of it is cleaned */
#define PAGEMAP_CHUNK 4096u
#define PAGEMAP_TOUCHED (UINT64_C(3) << 62) /* present, or swapped out */

/* Memory */

struct kept {
	void *base;
	uint64_t bytes;
	bool frames;
};

static struct kept kept[MAX_KEPT];
static unsigned int nr_kept;

static void clean_chunk(char *at, const uint64_t *state, uint64_t pages)
{
	uint64_t i;

	for (i = 0; i < pages; i++)
		if (state[i] & PAGEMAP_TOUCHED)
			memset(at + (i << GUP_PAGE_SHIFT), 0, GUP_PAGE_SIZE);
}

static bool clean_touched(char *at, uint64_t bytes)
{
	static uint64_t state[PAGEMAP_CHUNK];
	static int fd = -1;
	uint64_t pages;

	if (fd < 0)
		fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	for (; bytes; at += pages << GUP_PAGE_SHIFT, bytes -= pages << GUP_PAGE_SHIFT) {
		pages = bytes >> GUP_PAGE_SHIFT;
		if (pages > PAGEMAP_CHUNK)
			pages = PAGEMAP_CHUNK;
		if (pread(fd, state, pages * 8, (off_t)(((uintptr_t)at >> GUP_PAGE_SHIFT) * 8)) != (ssize_t)(pages * 8))
			return false;
		clean_chunk(at, state, pages);
	}
	return true;
}

static bool take_kept(struct gup_port_memory *mem, bool frames)
{
	unsigned int i;

	for (i = 0; i < nr_kept && (kept[i].bytes != mem->bytes || kept[i].frames != frames); i++)
		;
	if (i == nr_kept)
		return false;
	mem->base = kept[i].base;
	kept[i] = kept[--nr_kept];
	if (mem->bytes <= WHOLE_BYTES)
		memset(mem->base, 0, mem->bytes);
	else if (!clean_touched(mem->base, mem->bytes))
		madvise(mem->base, mem->bytes, frames ? MADV_REMOVE : MADV_DONTNEED);
	return true;
}

/* Frames begin on a 2 MiB boundary: reserve too much, give the ends back. They are shared, so that others may alias them. */
static void *map_new(uint64_t bytes, bool frames)
{
	uint64_t align = frames ? GUP_HUGE_SIZE : 0, head;
	int flags = (frames ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | MAP_NORESERVE;
	char *raw = mmap(NULL, bytes + align, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (raw == MAP_FAILED)
		return NULL;
	if (!align)
		return raw;
	head = -(uint64_t)(uintptr_t)raw & (align - 1);
	if (head)
		munmap(raw, head);
	munmap(raw + head + bytes, align - head);
	return raw + head;
}

int gup_port_memory_map(struct gup_port_memory *mem, bool frames)
{
	gup_sim_may_sleep("asks the host for memory", GUP_SIM_SITE_HERE);
	mem->handle = frames ? -2 : -1;
	if (take_kept(mem, frames))
		return 0;
	mem->base = mem->bytes < INT64_MAX ? map_new(mem->bytes, frames) : NULL;
	if (!mem->base)
		return -GUP_ENOMEM;
	madvise(mem->base, mem->bytes, MADV_DONTFORK);
	madvise(mem->base, mem->bytes, MADV_NOHUGEPAGE); /* few pages are touched, and cleaned one by one */
	return 0;
}

void gup_port_memory_unmap(struct gup_port_memory *mem)
{
	if (nr_kept < MAX_KEPT && mem->bytes <= KEEP_BYTES)
		kept[nr_kept++] = (struct kept){ mem->base, mem->bytes, mem->handle == -2 };
	else
		munmap(mem->base, mem->bytes);
	mem->base = NULL;
	mem->handle = -1;
}

/* Time and sleeping */

uint64_t gup_port_now_ns(void)
{
	gup_sim_point_at(GUP_SIM_CLOCK, NULL, GUP_SIM_SITE_HERE);
	return gup_sim_clock();
}

static uint64_t in_ns(uint64_t ns)
{
	uint64_t now = gup_sim_clock();

	return ns < UINT64_MAX - 1 - now ? now + ns : UINT64_MAX - 1;
}

void gup_port_sleep_ns(uint64_t ns)
{
	const void *site = GUP_SIM_SITE_HERE;

	gup_sim_point_at(GUP_SIM_SLEEP, NULL, site);
	gup_sim_may_sleep("sleeps", site);
	gup_sim_block(GUP_SIM_FOR_TIME, NULL, in_ns(ns));
}

/* A wait may end for no reason, and so one in some does. */
static bool wakes_early(void)
{
	return gup_sim.nr && gup_sim.choices.manner != GUP_SIM_IN_TURN && !gup_sim_random(8);
}

void gup_port_wait(uint32_t *word, uint32_t seen, uint64_t timeout_ns)
{
	const void *site = GUP_SIM_SITE_HERE;

	gup_sim_point_at(GUP_SIM_WAIT, word, site);
	gup_sim_may_sleep("waits", site);
	gup_sim_stores_visible();
	if (__atomic_load_n(word, __ATOMIC_RELAXED) != seen || wakes_early())
		return;
	gup_sim_block(GUP_SIM_FOR_WAKE, word, in_ns(timeout_ns));
}

void gup_port_wake(uint32_t *word)
{
	unsigned int i;

	gup_sim_point_at(GUP_SIM_WAKE, word, GUP_SIM_SITE_HERE);
	gup_sim_stores_visible();
	for (i = 1; i <= gup_sim.nr; i++)
		if (gup_sim.actors[i].state == GUP_SIM_FOR_WAKE && gup_sim.actors[i].waits_for == word)
			gup_sim.actors[i].woken = true;
	gup_sim_changes++;
	gup_sim_look_again();
}

/* Fibers and messages */

/* One processor for all: what one fiber frees is what the next one gets, and that is what shows a stale use. */
unsigned int gup_port_slot(void)
{
	return GUP_PORT_OWN_SLOTS;
}

uint64_t gup_port_self(void)
{
	return gup_sim.current->number;
}

void gup_port_log(const char *line)
{
	fprintf(stderr, "libgup: %s\n", line);
}

/* Within a play it is a finding, and the end of the play. */
_Noreturn void gup_port_panic(const char *file, int line, const char *what)
{
	const void *site = GUP_SIM_SITE_HERE;
	char text[256];

	snprintf(text, sizeof(text), "%s:%d: broken invariant: %s", file, line, what);
	if (gup_sim.complain) {
		gup_sim_complain(GUP_SIM_BROKEN, site, "\"%s\" finds at %s", gup_sim.current->name, text);
		gup_sim_abandon();
	}
	gup_port_log(text);
	abort();
}

/* Windows: fibers run on this host, not programs with pointers. */

int gup_port_window_open(struct gup_port_window *window)
{
	(void)window;
	return -GUP_EOPNOTSUPP;
}

void gup_port_window_close(struct gup_port_window *window)
{
	(void)window;
}

bool gup_port_window_map(struct gup_port_window *window, uint64_t at, uint64_t bytes,
			 const struct gup_port_memory *frames, uint64_t from, unsigned int flags)
{
	(void)window, (void)at, (void)bytes, (void)frames, (void)from, (void)flags;
	return false;
}

bool gup_port_window_shows(struct gup_port_window *window, uint64_t at, uint64_t bytes)
{
	(void)window, (void)at, (void)bytes;
	return false;
}

void gup_port_window_unmap(struct gup_port_window *window, uint64_t at, uint64_t bytes)
{
	(void)window, (void)at, (void)bytes;
}

void gup_port_window_hold(struct gup_port_window *window, uint64_t at, uint64_t bytes, bool on)
{
	(void)window, (void)at, (void)bytes, (void)on;
}

bool gup_port_window_holds(struct gup_port_window *window, uint64_t at)
{
	(void)window, (void)at;
	return false;
}

void gup_port_window_drop(struct gup_port_window *window)
{
	(void)window;
}
