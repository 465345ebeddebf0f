/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/signals/alarm.c - a program under signals: preloaded into one, it sends SIGALRM every 100 us from begin to end.
 *
 * Without SA_RESTART, so that each system call that can be interrupted is, sooner or later. If no signal came at all the
 * program ends with status 99.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/time.h>
#include <unistd.h>

#define STATUS_NO_SIGNAL 99
#define EVERY_US 100

static atomic_ulong signals;

static void count(int signal)
{
	(void)signal;
	atomic_fetch_add_explicit(&signals, 1, memory_order_relaxed);
}

static void set_timer(long us)
{
	const struct itimerval every = { .it_interval.tv_usec = us, .it_value.tv_usec = us };

	setitimer(ITIMER_REAL, &every, NULL);
}

__attribute__((constructor)) static void begin(void)
{
	const struct sigaction action = { .sa_handler = count };

	sigaction(SIGALRM, &action, NULL);
	set_timer(EVERY_US);
}

__attribute__((destructor)) static void end(void)
{
	set_timer(0);
	if (!atomic_load(&signals))
		_exit(STATUS_NO_SIGNAL);
}
