/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/mapper.c - the second thread: an application that changes its own mappings while its other memory is pinned.
 *
 * It maps 64 KiB with all pages, makes them read-only and unmaps them, without a pause. Each of the three needs
 * mmap_lock of the same mm for writing.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>

#define MAPPER_BYTES (UINT64_C(64) << 10)

static struct {
	pthread_t thread;
	struct gup_mm *mm;
	bool stop;	      /* atomic */
	unsigned long failed; /* calls; the thread's own until it is joined */
} mapper;

bool gup_bench_run_on(unsigned int nth)
{
	static cpu_set_t allowed; /* of the program, before any thread of it was bound */
	cpu_set_t one;
	int cpu;

	if (!CPU_COUNT(&allowed) && sched_getaffinity(0, sizeof(allowed), &allowed))
		return false;
	if ((unsigned int)CPU_COUNT(&allowed) <= nth)
		return false;
	for (cpu = 0; !CPU_ISSET(cpu, &allowed) || nth--; cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return !sched_setaffinity(0, sizeof(one), &one);
}

static void map_once(struct gup_mm *mm)
{
	static const struct gup_map_request map = {
		.length = MAPPER_BYTES,
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = GUP_MAP_PRIVATE | GUP_MAP_POPULATE,
	};
	int64_t addr = gup_mmap(mm, &map);

	if (addr < 0 || gup_mprotect(mm, (uint64_t)addr, MAPPER_BYTES, GUP_PROT_READ) ||
	    gup_munmap(mm, (uint64_t)addr, MAPPER_BYTES))
		mapper.failed++;
}

static void *map_forever(void *unused)
{
	(void)unused;
	gup_bench_run_on(1);
	while (!__atomic_load_n(&mapper.stop, __ATOMIC_RELAXED))
		map_once(mapper.mm);
	return NULL;
}

bool gup_bench_mapper_start(struct gup_mm *mm)
{
	mapper.mm = mm;
	mapper.stop = false;
	mapper.failed = 0;
	if (!pthread_create(&mapper.thread, NULL, map_forever, NULL))
		return true;
	fputs("gup-bench: the host allows no second thread\n", stderr);
	return false;
}

bool gup_bench_mapper_stop(void)
{
	__atomic_store_n(&mapper.stop, true, __ATOMIC_RELAXED);
	pthread_join(mapper.thread, NULL);
	if (!mapper.failed)
		return true;
	fprintf(stderr, "gup-bench: %lu of the second thread's calls failed\n", mapper.failed);
	return false;
}
