/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/host.c - the host's side: a process that plays programs, and the children that it forks meanwhile.
 *
 *	the comparison  -- program -->  the first process  -- step, look, exit -->  its children
 *	                <--- trace ---                     <------- outcome -------
 *
 * All that goes to and fro lies in shared memory; each process sleeps on a word of its own. Nobody outlives the one
 * that started them: whoever waits looks now and then whether it is still there.
 */
#define _GNU_SOURCE
#include "host.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- a word to sleep on ---- */

static void wake(mailbox *box, enum mail mail)
{
	atomic_store(box, mail);
	syscall(SYS_futex, box, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Until something else is in the box. False if @pid, which should put it there, is gone. */
static bool await(mailbox *box, enum mail now, pid_t pid)
{
	struct timespec second = { .tv_sec = 1 };

	while (atomic_load(box) == now) {
		if (kill(pid, 0) < 0)
			return false;
		syscall(SYS_futex, box, FUTEX_WAIT, now, &second, NULL, 0);
	}
	return true;
}

/* What should not happen ends the first process, and whoever compares sees that it is gone. */
_Noreturn static void give_up(const char *why)
{
	fprintf(stderr, "random: the host's side ends: %s\n", why);
	_exit(1);
}

/* ---- one process's part ---- */

static void look_here(struct host_side *side, unsigned int who)
{
	for (unsigned int page = 0; page < PAGES; page++)
		side->seen->there[who][page] = look_at_page(BASE + page * PAGE, side->seen->memory[who][page]);
}

static void answer(struct host_side *side, unsigned int who);

/* Each is a child of the first process, also if it is forked by another, so that the first can wait for it. */
static pid_t fork_for_first(const struct step *s)
{
	unsigned long flags = SIGCHLD | (s->who ? CLONE_PARENT : 0);

	return (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
}

/* The child obeys until it shall go. */
static void host_fork(struct host_side *side, const struct step *s, struct outcome *o)
{
	pid_t pid;

	atomic_store(&side->boxes[s->slot], NOTHING);
	pid = fork_for_first(s);
	if (pid == 0) {
		for (;;)
			answer(side, s->slot);
	}
	side->pids[s->slot] = pid;
	o->value = pid < 0 ? -errno : 0;
}

static void do_step(struct host_side *side)
{
	const struct step *s = side->step;

	if (s->op->role == FORK)
		host_fork(side, s, side->outcome);
	else
		s->op->host(s, side->outcome);
}

static void answer(struct host_side *side, unsigned int who)
{
	mailbox *box = &side->boxes[who];

	if (!await(box, NOTHING, side->first) || atomic_load(box) == PLEASE_GO)
		_exit(0);
	if (atomic_load(box) == PLEASE_STEP)
		do_step(side);
	else
		look_here(side, who);
	wake(box, NOTHING);
}

/* ---- the first process ---- */

/* Has process @who do something. */
static void ask(struct host_side *side, unsigned int who, enum mail mail)
{
	wake(&side->boxes[who], mail);
	while (atomic_load(&side->boxes[who]) == (unsigned int)mail) {
		if (waitpid(side->pids[who], NULL, WNOHANG) == side->pids[who])
			give_up("a child died of something that is no step");
		if (!await(&side->boxes[who], mail, side->starter))
			_exit(1);
	}
}

static void end_child(struct host_side *side, unsigned int who)
{
	wake(&side->boxes[who], PLEASE_GO);
	waitpid(side->pids[who], NULL, 0);
	side->pids[who] = 0;
}

static bool is_there(const struct host_side *side, unsigned int who)
{
	return who == 0 || side->pids[who] > 0;
}

static void play_step(struct host_side *side, const struct step *s, struct outcome *o)
{
	side->step = s;
	side->outcome = o;
	if (!is_there(side, s->who) || (s->op->role == FORK && is_there(side, s->slot)))
		o->value = NOBODY;
	else if (s->op->role == EXIT)
		end_child(side, s->who);
	else if (s->who == 0)
		do_step(side);
	else
		ask(side, s->who, PLEASE_STEP);
}

static void look_at_files(struct look *look)
{
	static uint64_t words[FILE_PAGES][PAGE / sizeof(uint64_t)];

	for (unsigned int i = 0; i < FILES; i++) {
		ssize_t bytes = pread(files[i], words, sizeof(words), 0);

		look->size[i] = bytes < 0 ? 0 : (uint64_t)bytes;
		for (unsigned int page = 0; page < look->size[i] / PAGE; page++)
			for (unsigned int lane = 0; lane < LANES; lane++)
				look->file[i][page][lane] = words[page][LANE_OFFSET(lane) / sizeof(uint64_t)];
	}
}

static void look_at_all(struct host_side *side, struct outcome *o)
{
	o->looked = true;
	side->seen = &o->look;
	look_here(side, 0);
	for (unsigned int who = 1; who < PROCESSES; who++)
		if (is_there(side, who))
			ask(side, who, PLEASE_LOOK);
	look_at_files(&o->look);
	for (unsigned int slot = 0; slot < PINS; slot++)
		if (ring_pages(slot))
			device_look(slot, o->look.device[slot]);
}

static void clean_up(struct host_side *side)
{
	for (unsigned int who = 1; who < PROCESSES; who++)
		if (is_there(side, who))
			end_child(side, who);
	for (unsigned int slot = 0; slot < PINS; slot++)
		if (ring_pages(slot))
			ring_unpin(slot);
	munmap((void *)BASE, (size_t)PAGES * PAGE);
}

static void play(struct host_side *side)
{
	const struct program *p = &side->program;

	memset(&side->trace, 0, sizeof(side->trace.broken) + p->nr * sizeof(side->trace.outcomes[0]));
	if (files_begin())
		give_up("its files cannot be made as a program wants them");
	for (unsigned int i = 0; i < p->nr; i++) {
		play_step(side, &p->steps[i], &side->trace.outcomes[i]);
		if (p->looks || i == p->nr - 1)
			look_at_all(side, &side->trace.outcomes[i]);
	}
	clean_up(side);
}

static void begin_playing(struct host_side *side)
{
	const char *missing;

	side->first = getpid();
	calls_catch_signals();
	missing = ring_open();
	if (missing)
		snprintf(side->missing, sizeof(side->missing), "%s", missing);
	if (files_open())
		give_up("no memfd_create()");
}

_Noreturn static void be_first(struct host_side *side)
{
	begin_playing(side);
	for (;;) {
		wake(&side->boxes[0], NOTHING);
		if (!await(&side->boxes[0], NOTHING, side->starter) || atomic_load(&side->boxes[0]) == PLEASE_GO)
			_exit(0);
		play(side);
	}
}

/* ---- who compares ---- */

struct host_side *host_start(void)
{
	struct host_side *side = mmap(NULL, sizeof(*side), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (side == MAP_FAILED)
		return NULL;
	atomic_store(&side->boxes[0], PLEASE_STEP);
	side->starter = getpid();
	pid = fork();
	if (pid == 0)
		be_first(side);
	side->pids[0] = pid;
	if (side->pids[0] > 0 && host_end(side))
		return side;
	munmap(side, sizeof(*side));
	return NULL;
}

void host_begin(struct host_side *side, const struct program *p)
{
	side->program = *p;
	wake(&side->boxes[0], PLEASE_STEP);
}

const struct trace *host_end(struct host_side *side)
{
	while (atomic_load(&side->boxes[0]) == PLEASE_STEP) {
		if (waitpid(side->pids[0], NULL, WNOHANG) == side->pids[0])
			return NULL;
		await(&side->boxes[0], PLEASE_STEP, side->pids[0]);
	}
	return &side->trace;
}

void host_stop(struct host_side *side)
{
	wake(&side->boxes[0], PLEASE_GO);
	waitpid(side->pids[0], NULL, 0);
	munmap(side, sizeof(*side));
}
