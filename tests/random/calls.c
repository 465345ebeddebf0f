/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/calls.c - what a program does on the running kernel where one system call would not say it.
 *
 * Everything that processes share (the ring, whose turn it is) is in memory that fork() shares.
 */
#define _GNU_SOURCE
#include "calls.h"

#include <errno.h>
#include <liburing.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- loads and stores ---- */

static sigjmp_buf past_the_access;

static void on_signal(int number)
{
	siglongjmp(past_the_access, number);
}

/* Not blocked inside of itself, so that nothing has to be restored. */
void calls_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static volatile uint64_t *word_at(uint64_t addr, unsigned int lane)
{
	return (volatile uint64_t *)(uintptr_t)(addr + LANE_OFFSET(lane));
}

int load(uint64_t addr, unsigned int pages, unsigned int lane, uint64_t *words)
{
	volatile unsigned int i = 0;

	if (!sigsetjmp(past_the_access, 0))
		for (; i < pages; i++)
			words[i] = *word_at(addr + i * PAGE, lane);
	return (int)i;
}

int store(uint64_t addr, unsigned int pages, unsigned int lane, uint64_t value)
{
	volatile unsigned int i = 0;

	if (!sigsetjmp(past_the_access, 0))
		for (; i < pages; i++)
			*word_at(addr + i * PAGE, lane) = value;
	return (int)i;
}

bool look_at_page(uint64_t addr, uint64_t words[LANES])
{
	if (sigsetjmp(past_the_access, 0))
		return false;
	for (unsigned int lane = 0; lane < LANES; lane++)
		words[lane] = *word_at(addr, lane);
	return true;
}

/* ---- files ---- */

int files[FILES] = { -1, -1 };

uint64_t first_word(unsigned int file, unsigned int page)
{
	return 0xf11e0000u + file * 0x100u + page;
}

int files_open(void)
{
	for (unsigned int i = 0; i < FILES; i++) {
		files[i] = memfd_create("random", MFD_CLOEXEC);
		if (files[i] < 0)
			return -errno;
	}
	return 0;
}

int files_begin(void)
{
	for (unsigned int i = 0; i < FILES; i++) {
		if (ftruncate(files[i], 0) < 0 || ftruncate(files[i], (off_t)FILE_PAGES * PAGE) < 0)
			return -errno;
		for (unsigned int page = 0; page < FILE_PAGES / 2; page++)
			if (file_store(files[i], page, first_word(i, page)) != 1)
				return -EIO;
	}
	return 0;
}

long file_store(int fd, unsigned int page, uint64_t value)
{
	uint64_t words[PAGE / sizeof(value)];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= (off_t)page * PAGE)
		return 0;
	for (unsigned int i = 0; i < PAGE / sizeof(value); i++)
		words[i] = value;
	return pwrite(fd, words, PAGE, (off_t)page * PAGE) == PAGE ? 1 : -errno;
}

long file_load(int fd, unsigned int page, unsigned int lane, uint64_t *word)
{
	ssize_t got = pread(fd, word, sizeof(*word), (off_t)page * PAGE + LANE_OFFSET(lane));

	return got < 0 ? -errno : got == sizeof(*word);
}

/* ---- pins ---- */

/* @held: what each slot has pinned, where all processes see it. @device: what the device reads from and writes to. */
static struct {
	struct io_uring ring;
	struct {
		uint64_t addr, bytes;
	} * held;
	uint64_t *device;
	int fd;
} io;

static void *shared_memory(size_t bytes, int fd)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* All that programs lock and pin at a time. To lock it shows what the limit is worth: some users have none. */
static bool may_lock(void)
{
	size_t all = (PINS * PIN_PAGES + PAGES + 16) * (size_t)PAGE;
	void *at = shared_memory(all, -1);
	struct rlimit limit;
	bool may;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	may = at && syscall(SYS_mlock, at, all) == 0; /* mlock() does nothing with AddressSanitizer */
	if (at)
		munmap(at, all);
	return may;
}

const char *ring_open(void)
{
	static char reason[128];
	int err = io_uring_queue_init(4, &io.ring, 0);

	if (err < 0) {
		snprintf(reason, sizeof(reason), "io_uring: %s", strerror(-err));
		return reason;
	}
	err = io_uring_register_buffers_sparse(&io.ring, PINS);
	if (err < 0 || !may_lock()) {
		snprintf(reason, sizeof(reason), "io_uring: %s",
			 err < 0 ? strerror(-err) : "the limit of locked memory");
		io_uring_queue_exit(&io.ring);
		return reason;
	}
	io.fd = memfd_create("device", MFD_CLOEXEC);
	if (io.fd < 0 || ftruncate(io.fd, PIN_PAGES * PAGE) < 0)
		return "no file for the device";
	io.device = shared_memory(PIN_PAGES * (size_t)PAGE, io.fd);
	io.held = shared_memory(PAGE, -1);
	return io.device && io.held ? NULL : "no memory for the device";
}

static int register_slot(unsigned int slot, uint64_t addr, uint64_t bytes)
{
	struct iovec iov = { (void *)(uintptr_t)addr, bytes };
	int err = io_uring_register_buffers_update_tag(&io.ring, slot, &iov, NULL, 1);

	return err < 0 ? err : 0;
}

int ring_pin(unsigned int slot, uint64_t addr, uint64_t bytes)
{
	int err = ring_pages(slot) ? -EBUSY : register_slot(slot, addr, bytes);

	if (err)
		return err;
	io.held[slot].addr = addr;
	io.held[slot].bytes = bytes;
	return 0;
}

int ring_unpin(unsigned int slot)
{
	if (!ring_pages(slot))
		return -ENXIO;
	io.held[slot].bytes = 0;
	return register_slot(slot, 0, 0);
}

unsigned int ring_pages(unsigned int slot)
{
	return io.held ? (unsigned int)(io.held[slot].bytes / PAGE) : 0;
}

static long transfer(bool into_memory, unsigned int slot, unsigned int page, unsigned int pages)
{
	struct io_uring_sqe *sqe = pages ? io_uring_get_sqe(&io.ring) : NULL;
	uint64_t addr = io.held[slot].addr + (uint64_t)page * PAGE;
	void *at = (void *)(uintptr_t)addr;
	struct io_uring_cqe *cqe;
	long bytes;
	int err;

	if (!sqe)
		return -ENXIO;
	if (into_memory)
		io_uring_prep_read_fixed(sqe, io.fd, at, pages * PAGE, 0, (int)slot);
	else
		io_uring_prep_write_fixed(sqe, io.fd, at, pages * PAGE, 0, (int)slot);
	err = io_uring_submit_and_wait(&io.ring, 1);
	if (err >= 0)
		err = io_uring_wait_cqe(&io.ring, &cqe);
	if (err < 0)
		return err;
	bytes = cqe->res;
	io_uring_cqe_seen(&io.ring, cqe);
	return bytes < 0 ? bytes : bytes / PAGE;
}

long device_store(unsigned int slot, unsigned int page, uint64_t value)
{
	for (unsigned int i = 0; i < PAGE / sizeof(value); i++)
		io.device[i] = value;
	return transfer(true, slot, page, page < ring_pages(slot) ? 1 : 0);
}

static uint64_t device_word(unsigned int page, unsigned int lane)
{
	return io.device[(page * PAGE + LANE_OFFSET(lane)) / sizeof(uint64_t)];
}

long device_load(unsigned int slot, unsigned int lane, uint64_t *words)
{
	long pages = transfer(false, slot, 0, ring_pages(slot));

	for (unsigned int i = 0; (long)i < pages; i++)
		words[i] = device_word(i, lane);
	return pages;
}

long device_look(unsigned int slot, uint64_t words[PIN_PAGES][LANES])
{
	long pages = transfer(false, slot, 0, ring_pages(slot));

	for (unsigned int i = 0; (long)i < pages; i++)
		for (unsigned int lane = 0; lane < LANES; lane++)
			words[i][lane] = device_word(i, lane);
	return pages;
}

/* ---- printed programs ---- */

static unsigned int me;
static bool born; /* in the turn that is not over yet */
static _Atomic unsigned int *turn;

void turns_begin(void)
{
	const char *missing = ring_open();

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	turn = shared_memory(PAGE, -1);
	calls_catch_signals();
	if (missing)
		fprintf(stderr, "without pins: %s\n", missing);
	if (!turn || files_open() || files_begin())
		perror("files");
}

bool turn_begin(unsigned int step, unsigned int who)
{
	if (who != me)
		return false;
	while (atomic_load(turn) != step)
		usleep(100);
	return true;
}

bool turn_end(void)
{
	fflush(stdout);
	if (!born)
		atomic_fetch_add(turn, 1);
	born = false;
	return false;
}

/* Between the turn's begin and end; a child has no turn before its parent ends this one. */
void turns_fork(unsigned int child)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		me = child;
		born = true;
	} else {
		turns_show("fork", pid < 0 ? -errno : 0, NULL, 0);
	}
}

/* Nothing of its memory is left when the next turn begins. */
void turns_exit(void)
{
	turns_show("exit", 0, NULL, 0);
	munmap((void *)BASE, (size_t)PAGES * PAGE);
	turn_end();
	_exit(0);
}

void turns_show(const char *what, long value, const uint64_t *words, long nr)
{
	printf("%u: process %u: %s: %ld", atomic_load(turn), me, what, value);
	for (long i = 0; i < nr; i++)
		printf(" %#lx", (unsigned long)words[i]);
	printf("\n");
}

void turns_look(void)
{
	uint64_t words[LANES];

	for (unsigned int page = 0; page < PAGES; page++)
		if (look_at_page(BASE + page * PAGE, words))
			printf("    process %u, page %u: %#lx %#lx %#lx %#lx\n", me, page, (unsigned long)words[0],
			       (unsigned long)words[1], (unsigned long)words[2], (unsigned long)words[3]);
}

void turns_finish(void)
{
	if (me == 0)
		while (wait(NULL) > 0)
			;
}
