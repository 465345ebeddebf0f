/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/linux/signal.c - an access to a window that shows nothing there: SIGSEGV, and what becomes of it.
 *
 * The handler runs in the thread that made the access, as a synchronous fault: other signals wait, errno is kept, locks
 * of the core may be taken since the core itself never touches a window. What the window's fault() does not settle goes
 * to the handler that was there before, in the way the kernel would have called it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "linux.h"

/* A handler looks for the window of an address without a lock; an entry that changes has no bytes meanwhile. */
struct watched {
	uintptr_t base;
	uint64_t bytes;
	struct gup_port_window *window;
};

#define MAX_WATCHED 1024u

static struct watched watched[MAX_WATCHED];
static uint32_t nr_watched; /* entries that were ever used */
static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction earlier; /* of SIGSEGV */

/* ---- what kind of access ---- */

#if defined(__x86_64__)
static bool tells(const ucontext_t *context, enum gup_port_access *out)
{
	uint64_t error = (uint64_t)context->uc_mcontext.gregs[REG_ERR];

	*out = error & 16 ? GUP_PORT_FETCH : error & 2 ? GUP_PORT_STORE : GUP_PORT_LOAD;
	return true;
}

static uintptr_t place_of(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
}
#elif defined(__aarch64__)
/* The syndrome is in a record of its own, which emulators leave out. Cache maintenance says "write", and is none. */
static bool tells(const ucontext_t *context, enum gup_port_access *out)
{
	const uint8_t *at = context->uc_mcontext.__reserved;
	struct esr_context record;

	for (memcpy(&record, at, sizeof(record)); record.head.magic; memcpy(&record, at, sizeof(record))) {
		if (record.head.magic == ESR_MAGIC) {
			if (record.esr >> 26 == 0x20)
				*out = GUP_PORT_FETCH;
			else
				*out = (record.esr & (1 << 6 | 1 << 8)) == 1 << 6 ? GUP_PORT_STORE : GUP_PORT_LOAD;
			return true;
		}
		at += record.head.size;
	}
	return false;
}

static uintptr_t place_of(const ucontext_t *context)
{
	return context->uc_mcontext.pc;
}
#else
static bool tells(const ucontext_t *context, enum gup_port_access *out)
{
	(void)context;
	(void)out;
	return false;
}

static uintptr_t place_of(const ucontext_t *context)
{
	return context->uc_mcontext.__gregs[REG_PC];
}
#endif

/* Where nothing tells: a load first, and what faults again at the same place is a store. */
static enum gup_port_access guess(uintptr_t addr, uintptr_t place)
{
	static _Thread_local uintptr_t last_addr, last_place;
	bool again = addr == last_addr && place == last_place;

	last_addr = again ? 0 : addr;
	last_place = place;
	return again ? GUP_PORT_STORE : GUP_PORT_LOAD;
}

static enum gup_port_access access_of(const siginfo_t *info, const ucontext_t *context)
{
	enum gup_port_access access;

	return tells(context, &access) ? access : guess((uintptr_t)info->si_addr, place_of(context));
}

/* ---- passing on ---- */

/* As nobody handles it: the next time it happens, the process ends. */
static void end_by(int sig, siginfo_t *info)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigaction(sig, &standard, NULL);
	if (sig == SIGSEGV && info->si_code > 0)
		return; /* the access is made again */
	syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), sig, info);
	sigemptyset(&set);
	sigaddset(&set, sig);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* With the signals blocked that the kernel would have blocked; it may leave by a jump. */
static void call(const struct sigaction *action, int sig, siginfo_t *info, ucontext_t *context)
{
	sigset_t mask = context->uc_sigmask;

	sigorset(&mask, &mask, &action->sa_mask);
	if (!(action->sa_flags & SA_NODEFER))
		sigaddset(&mask, sig);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (action->sa_flags & SA_SIGINFO)
		action->sa_sigaction(sig, info, context);
	else
		action->sa_handler(sig);
}

static void pass_on(int sig, siginfo_t *info, ucontext_t *context)
{
	struct sigaction action = earlier;

	if (sig != SIGSEGV)
		sigaction(sig, NULL, &action);
	if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)
		end_by(sig, info);
	else
		call(&action, sig, info, context);
}

static void deliver(enum gup_port_fault fault, siginfo_t *info, ucontext_t *context)
{
	int sig = fault == GUP_PORT_FAULT_BUS || fault == GUP_PORT_FAULT_POISON ? SIGBUS : SIGSEGV;

	info->si_signo = sig;
	switch (fault) {
	case GUP_PORT_FAULT_UNMAPPED:
		info->si_code = SEGV_MAPERR;
		break;
	case GUP_PORT_FAULT_BUS:
		info->si_code = BUS_ADRERR;
		break;
	case GUP_PORT_FAULT_POISON:
		info->si_code = BUS_MCEERR_AR;
		info->si_addr_lsb = GUP_PAGE_SHIFT;
		break;
	default:
		info->si_code = SEGV_ACCERR;
	}
	pass_on(sig, info, context);
}

/* ---- the handler ---- */

static struct gup_port_window *window_of(uintptr_t addr, uint64_t *out_offset)
{
	uint32_t i, nr = gup_port_load(&nr_watched);

	for (i = 0; i < nr; i++) {
		uint64_t bytes = gup_port_load(&watched[i].bytes);
		uintptr_t base = gup_port_load(&watched[i].base);

		struct gup_port_window *window = gup_port_load(&watched[i].window);

		if (addr - base >= bytes)
			continue;
		if (gup_port_load(&watched[i].bytes) != bytes || gup_port_load(&watched[i].base) != base) {
			i--; /* another window now: look again */
			continue;
		}
		*out_offset = addr - base;
		return window;
	}
	return NULL;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	int saved = errno;
	uint64_t offset;
	struct gup_port_window *window = info->si_code > 0 ? window_of((uintptr_t)info->si_addr, &offset) : NULL;
	enum gup_port_fault fault;

	if (window) {
		fault = window->fault(window, offset, access_of(info, context));
		if (fault)
			deliver(fault, info, context);
	} else {
		pass_on(sig, info, context);
	}
	errno = saved;
}

/* In front of whatever handler there is now. watch_lock held. */
static void install(void)
{
	struct sigaction ours = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK }, current;

	sigaction(SIGSEGV, NULL, &current);
	if (current.sa_flags & SA_SIGINFO && current.sa_sigaction == on_fault)
		return;
	earlier = current;
	sigfillset(&ours.sa_mask);
	sigaction(SIGSEGV, &ours, NULL);
}

/* ---- windows ---- */

static int watch_locked(struct gup_port_window *window)
{
	uint32_t i = 0;

	while (i < nr_watched && watched[i].bytes)
		i++;
	if (i == MAX_WATCHED)
		return -GUP_ENOMEM;
	gup_port_store(&watched[i].base, (uintptr_t)window->base);
	gup_port_store(&watched[i].window, window);
	gup_port_store(&watched[i].bytes, window->bytes);
	if (i == nr_watched)
		gup_port_store(&nr_watched, i + 1);
	return 0;
}

int gup_linux_watch(struct gup_port_window *window)
{
	int err;

	pthread_mutex_lock(&watch_lock);
	install();
	err = watch_locked(window);
	pthread_mutex_unlock(&watch_lock);
	return err;
}

void gup_linux_unwatch(struct gup_port_window *window)
{
	pthread_mutex_lock(&watch_lock);
	for (uint32_t i = 0; i < nr_watched; i++)
		if (watched[i].bytes && watched[i].window == window)
			gup_port_store(&watched[i].bytes, UINT64_C(0));
	pthread_mutex_unlock(&watch_lock);
}
