/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/crew.c - the workers' threads: rounds, rest between them, and the first failure.
 *
 * A worker looks between two acts whether a rest is wanted. main.c begins a round when all rest, and sees it end when
 * they rest again.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "soak.h"

int soak_fail(struct worker *w, const char *file, int line, const char *what)
{
	struct soak *soak = w->soak;

	pthread_mutex_lock(&soak->lock);
	if (!soak->failure[0])
		snprintf(soak->failure, sizeof(soak->failure), "worker %u, %s: %s:%d: not true: %s", w->nr,
			 atomic_load(&w->doing), file, line, what);
	pthread_mutex_unlock(&soak->lock);
	atomic_store(&soak->rest, true);
	return -1;
}

uint64_t dice(struct worker *w, uint64_t limit)
{
	w->dice ^= w->dice << 13;
	w->dice ^= w->dice >> 7;
	w->dice ^= w->dice << 17;
	return w->dice % limit;
}

void count(struct worker *w, enum count what, uint64_t nr)
{
	atomic_fetch_add_explicit(&w->counts[what], nr, memory_order_relaxed);
}

bool refused(struct worker *w, long ret)
{
	if (ret == -GUP_ENOMEM)
		count(w, COUNT_NO_MEMORY, 1);
	else if (ret == -GUP_EBUSY || ret == -GUP_EAGAIN)
		count(w, COUNT_BUSY, 1);
	else
		return false;
	return true;
}

/* Returns false when the run is over. */
static bool rest(struct worker *w)
{
	struct soak *soak = w->soak;
	unsigned int round;
	bool over;

	atomic_store(&w->doing, "resting");
	pthread_mutex_lock(&soak->lock);
	round = soak->round;
	soak->resting++;
	pthread_cond_broadcast(&soak->changed);
	while (soak->round == round && !soak->over)
		pthread_cond_wait(&soak->changed, &soak->lock);
	over = soak->over;
	pthread_mutex_unlock(&soak->lock);
	return !over;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int err = 0;

	while (rest(w))
		while (!err && !atomic_load(&w->soak->rest) && atomic_load(&w->acts) < w->goal) {
			err = w->play(w);
			atomic_fetch_add(&w->acts, 1);
		}
	return NULL;
}

void crew_start(struct soak *soak)
{
	unsigned int i;

	for (i = 0; i < NR_CREW; i++)
		if (pthread_create(&soak->crew[i].thread, NULL, work, &soak->crew[i]))
			soak_fail(&soak->crew[i], __FILE__, __LINE__, "a thread starts");
	while (!crew_rests(soak, 1000))
		;
}

void crew_begin_round(struct soak *soak)
{
	pthread_mutex_lock(&soak->lock);
	atomic_store(&soak->rest, soak->failure[0] != 0);
	soak->resting = 0;
	soak->round++;
	pthread_cond_broadcast(&soak->changed);
	pthread_mutex_unlock(&soak->lock);
}

/* Waits for @ms at most. */
bool crew_rests(struct soak *soak, unsigned int ms)
{
	struct timespec until;
	bool rests;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&soak->lock);
	while (soak->resting < NR_CREW && pthread_cond_timedwait(&soak->changed, &soak->lock, &until) != ETIMEDOUT)
		;
	rests = soak->resting == NR_CREW;
	pthread_mutex_unlock(&soak->lock);
	return rests;
}

void crew_end(struct soak *soak)
{
	unsigned int i;

	pthread_mutex_lock(&soak->lock);
	soak->over = true;
	pthread_cond_broadcast(&soak->changed);
	pthread_mutex_unlock(&soak->lock);
	for (i = 0; i < NR_CREW; i++)
		pthread_join(soak->crew[i].thread, NULL);
}
