/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/window.c - applications with pointers: windows for the mms of a world, and accesses that may fail.
 *
 * Signals that libgup passes on end the access by a jump.
 */
#define _GNU_SOURCE
#include "world.h"

#include <signal.h>
#include <stdlib.h>

#define WINDOW_BYTES (UINT64_C(1) << 35)

static _Thread_local sigjmp_buf *on_signal;
static _Thread_local struct native_signal last;

static void leave(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!on_signal) {
		signal(sig, SIG_DFL);
		return; /* the access is made again, and ends the program */
	}
	last = (struct native_signal){ sig, info->si_code, info->si_addr };
	siglongjmp(*on_signal, 1);
}

/* For each window anew: cmocka puts handlers of its own around each test. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_sigaction = leave, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static bool always;

void window_wanted(bool wanted)
{
	always = wanted;
}

void window_open(struct gup_mm *mm)
{
	const char *wanted = getenv("GUP_TEST_WINDOWS");

	if (!always && (!wanted || strcmp(wanted, "1") != 0))
		return;
	catch_signals();
	assert_int_equal(gup_mirror_open(mm, BASE, WINDOW_BYTES), 0);
}

/* A word is stored once: memcpy() may do it in two overlapping parts, of which the second can be refused. */
static void copy(void *to, const void *from, uint64_t bytes)
{
	if (bytes == sizeof(uint64_t) && !(((uintptr_t)to | (uintptr_t)from) % sizeof(uint64_t)))
		*(volatile uint64_t *)to = *(const volatile uint64_t *)from;
	else
		memcpy(to, from, bytes);
}

/* False if a signal came. */
static bool copy_guarded(void *to, const void *from, uint64_t bytes)
{
	sigjmp_buf back;
	volatile bool whole = false;

	on_signal = &back;
	if (!sigsetjmp(back, 1)) {
		copy(to, from, bytes);
		whole = true;
	}
	on_signal = NULL;
	return whole;
}

uint64_t native_copy(void *to, const void *from, uint64_t bytes)
{
	return copy_guarded(to, from, bytes) ? 0 : bytes;
}

struct native_signal native_signal(void)
{
	return last;
}

void window_begin(struct world *w, const struct world_spec *spec)
{
	world_begin(w, spec);
	window_wanted(true);
	window_open(w->mm);
	window_wanted(false);
}

char *window_pointer(struct gup_mm *mm, uint64_t addr)
{
	char *p = gup_mirror_pointer(mm, addr);

	assert_non_null(p);
	return p;
}

/* ---- what the host has mapped ---- */

struct shown what_shows(struct gup_mm *mm, uint64_t start, uint64_t bytes)
{
	uintptr_t base = (uintptr_t)window_pointer(mm, start);
	struct shown shown = { 0 };
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long long from, to, offset;
		char rights[5];

		if (sscanf(line, "%llx-%llx %4s %llx", &from, &to, rights, &offset) != 4 || to <= base ||
		    from >= base + bytes || rights[0] != 'r')
			continue;
		shown.mappings++;
		for (uint64_t at = from; at < to; at += PAGE) {
			uint64_t pfn = gup_user_pfn(mm, start + (at - base));

			shown.pages++;
			shown.writable += rights[1] == 'w';
			assert_int_not_equal(pfn, 0);
			if (strstr(line, "gup-frames"))
				assert_int_equal(pfn, (offset + (at - from)) / PAGE);
		}
	}
	fclose(maps);
	return shown;
}

void expect_shown(struct gup_mm *mm, uint64_t start, uint64_t bytes, unsigned int pages, unsigned int writable)
{
	struct shown shown = what_shows(mm, start, bytes);

	assert_int_equal(shown.pages, pages);
	assert_int_equal(shown.writable, writable);
}
