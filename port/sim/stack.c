/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/stack.c - stacks of fibers, and the switch from one to another.
 *
 * A fiber starts by setcontext(); afterwards _setjmp() and _longjmp() switch, which make no system call, except under
 * AddressSanitizer, which is told of each switch and watches longjmp() itself. Stacks have a guard page below them. A
 * fiber that has ended waits on its stack for the next play; one that was abandoned is overwritten then.
 */
#undef _FORTIFY_SOURCE /* its longjmp() takes another stack for a mistake */
#include <sys/mman.h>

#include "inside.h"

#define STACK_BYTES (1u << 20)
#define GUARD_BYTES 4096u

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

#ifdef WITH_ASAN
void __sanitizer_start_switch_fiber(void **fake_stack_save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *fake_stack_save, const void **bottom_old, size_t *size_old);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);

/* The stack that plays are begun on, learned when the first fiber arrives from it. */
static const void *main_bottom;
static size_t main_size;

static void leave(struct gup_sim_actor *from, const struct gup_sim_actor *to)
{
	const void *bottom = to->number ? to->stack : main_bottom;

	__sanitizer_start_switch_fiber(&from->fake_stack, bottom, to->number ? STACK_BYTES : main_size);
}

static void arrive(struct gup_sim_actor *me)
{
	const void *bottom;
	size_t size;

	__sanitizer_finish_switch_fiber(me->fake_stack, &bottom, &size);
	if (me->number && gup_sim.outcome.switches == 1) {
		main_bottom = bottom;
		main_size = size;
	}
}

static void clean(const struct gup_sim_actor *actor)
{
	__asan_unpoison_memory_region(actor->stack, STACK_BYTES);
}
#else
static void leave(const struct gup_sim_actor *from, const struct gup_sim_actor *to)
{
	(void)from;
	(void)to;
}

static void arrive(const struct gup_sim_actor *me)
{
	(void)me;
}

static void clean(const struct gup_sim_actor *actor)
{
	(void)actor;
}
#endif

static void fiber_main(void)
{
	struct gup_sim_actor *me = gup_sim.current;

	arrive(me);
	for (;;) {
		me->run(me->arg);
		gup_sim_ended();
	}
}

static char *stack_new(void)
{
	char *at = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED || mprotect(at, GUARD_BYTES, PROT_NONE))
		gup_port_panic(__FILE__, __LINE__, "no memory for a stack");
	return at + GUARD_BYTES;
}

void gup_sim_stack_prepare(struct gup_sim_actor *actor)
{
	if (actor->state == GUP_SIM_ENDED)
		return;
	if (!actor->stack)
		actor->stack = stack_new();
	clean(actor);
	actor->fresh = true;
	actor->fake_stack = NULL;
}

static void start(struct gup_sim_actor *actor)
{
	actor->fresh = false;
	getcontext(&actor->context);
	actor->context.uc_stack.ss_sp = actor->stack;
	actor->context.uc_stack.ss_size = STACK_BYTES;
	actor->context.uc_link = NULL;
	makecontext(&actor->context, fiber_main, 0);
}

__attribute__((noinline)) void gup_sim_switch(struct gup_sim_actor *to)
{
	struct gup_sim_actor *from = gup_sim.current;
	bool fresh = to->fresh;

	if (fresh)
		start(to);
	gup_sim.current = to;
	leave(from, to);
#ifdef WITH_ASAN
	swapcontext(&from->context, &to->context);
#else
	if (!_setjmp(from->jump)) {
		if (fresh)
			setcontext(&to->context);
		_longjmp(to->jump, 1);
	}
#endif
	arrive(gup_sim.current);
}
