/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/second.c - processors, and the second thread: it repeats one step on a processor of its own while a side has its
 * turn.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>

static struct {
	_Alignas(64) uint64_t done; /* atomic: pages, in a line of its own */
	_Alignas(64) pthread_t thread;
	bool (*step)(struct gup_bench_scene *scene, uint64_t *done);
	struct gup_bench_scene *scene;
	bool stop;   /* atomic */
	bool began;  /* atomic: a step is done */
	bool failed; /* the thread's own until it is joined */
} second;

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

static void *step_forever(void *unused)
{
	uint64_t done = 0;

	(void)unused;
	gup_bench_run_on(1);
	while (!second.failed && !__atomic_load_n(&second.stop, __ATOMIC_RELAXED)) {
		second.failed = !second.step(second.scene, &done);
		__atomic_store_n(&second.done, done, __ATOMIC_RELAXED);
		__atomic_store_n(&second.began, true, __ATOMIC_RELEASE);
	}
	return NULL;
}

bool gup_bench_second_start(bool (*step)(struct gup_bench_scene *, uint64_t *), struct gup_bench_scene *scene)
{
	second.step = step;
	second.scene = scene;
	second.stop = second.began = second.failed = false;
	second.done = 0;
	if (pthread_create(&second.thread, NULL, step_forever, NULL))
		return gup_bench_complain("the host allows no second thread");
	while (!__atomic_load_n(&second.began, __ATOMIC_ACQUIRE))
		sched_yield();
	return true;
}

uint64_t gup_bench_second_done(void)
{
	return __atomic_load_n(&second.done, __ATOMIC_RELAXED);
}

bool gup_bench_second_stop(void)
{
	__atomic_store_n(&second.stop, true, __ATOMIC_RELAXED);
	pthread_join(second.thread, NULL);
	return !second.failed || gup_bench_complain("a call of the second thread failed");
}
