/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/linux/port.c - Linux user space, the link-time half (gup/port.h) and the slow paths of gup_port.h.
 *
 * Frames are one memfd, mapped once: the direct map. Others may map parts of the same memfd (devices, windows).
 * Everything here is called by the core through mm/host.h and calls nothing of the core.
 */
#define _GNU_SOURCE
#define _LGPL_SOURCE /* for the layout of liburcu's per-thread record: is this thread registered already? */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "linux.h"

#define NS_PER_SECOND UINT64_C(1000000000)
#define SPINS_BEFORE_SLEEP 100

/* Memory */

static void *map_anywhere(uint64_t bytes, int prot)
{
	void *at = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* Reserve too much, keep the part that begins on a 2 MiB boundary. */
void *gup_linux_reserve(uint64_t bytes)
{
	char *raw = map_anywhere(bytes + GUP_HUGE_SIZE, PROT_NONE);
	uint64_t head;

	if (!raw)
		return NULL;
	head = -(uint64_t)(uintptr_t)raw & (GUP_HUGE_SIZE - 1);
	if (head)
		munmap(raw, head);
	munmap(raw + head + bytes, GUP_HUGE_SIZE - head);
	return raw + head;
}

/*
 * With a hole behind it. The host would make one mapping of neighbours, and at its limit of mappings it unmaps no part of
 * one.
 */
static void *map_apart(uint64_t bytes)
{
	char *at = map_anywhere(bytes + GUP_PAGE_SIZE, PROT_READ | PROT_WRITE);

	if (at)
		munmap(at + bytes, GUP_PAGE_SIZE);
	return at;
}

static void *map_frames(uint64_t bytes, int fd)
{
	void *at;

	if (ftruncate(fd, (off_t)bytes))
		return NULL;
	at = gup_linux_reserve(bytes);
	if (!at)
		return NULL;
	if (mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, 0) == MAP_FAILED) {
		munmap(at, bytes);
		return NULL;
	}
	madvise(at, bytes, MADV_HUGEPAGE); /* if the host has them for shared memory */
	return at;
}

/* Never the number of a standard file that the program has closed: what is printed would be written over the frames. */
static int frames_create(void)
{
	int fd = memfd_create("gup-frames", MFD_CLOEXEC), higher;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return higher;
}

int gup_port_memory_map(struct gup_port_memory *mem, bool frames)
{
	int fd = frames ? frames_create() : -1;

	if (frames && fd < 0)
		return -GUP_ENOMEM;
	mem->handle = fd;
	mem->base = frames ? map_frames(mem->bytes, fd) : map_apart(mem->bytes);
	if (mem->base && !madvise(mem->base, mem->bytes, MADV_DONTFORK))
		return 0;
	gup_port_memory_unmap(mem);
	return -GUP_ENOMEM;
}

void gup_port_memory_unmap(struct gup_port_memory *mem)
{
	if (mem->base)
		munmap(mem->base, mem->bytes);
	if (mem->handle >= 0)
		close((int)mem->handle);
	mem->base = NULL;
	mem->handle = -1;
}

/* Time and sleeping */

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_SECOND), .tv_nsec = (long)(ns % NS_PER_SECOND) };
}

uint64_t gup_port_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

void gup_port_sleep_ns(uint64_t ns)
{
	struct timespec length = to_timespec(ns);

	while (nanosleep(&length, &length) && errno == EINTR)
		; /* a signal of the program's */
}

/* errno belongs to the program, which may be interrupted here by its own fault handler. */
static void futex_call(uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
	int saved = errno;

	syscall(SYS_futex, word, op, value, timeout, NULL, 0);
	errno = saved;
}

void gup_port_wait(uint32_t *word, uint32_t seen, uint64_t timeout_ns)
{
	struct timespec timeout = to_timespec(timeout_ns);

	futex_call(word, FUTEX_WAIT_PRIVATE, seen, &timeout);
}

void gup_port_wake(uint32_t *word)
{
	futex_call(word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL);
}

/* Locks */

void gup_port_lock_contended(struct gup_port_lock *l)
{
	for (int spin = 0; spin < SPINS_BEFORE_SLEEP; spin++) {
		uint32_t word = 0;

		if (__atomic_compare_exchange_n(&l->word, &word, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		if (word == 2)
			break;
		gup_port_relax();
	}
	/* From here on the lock is taken as "somebody may sleep", since others may. */
	while (__atomic_exchange_n(&l->word, 2, __ATOMIC_ACQUIRE))
		futex_call(&l->word, FUTEX_WAIT_PRIVATE, 2, NULL);
}

void gup_port_lock_wake(struct gup_port_lock *l)
{
	futex_call(&l->word, FUTEX_WAKE_PRIVATE, 1, NULL);
}

void gup_port_rwlock_init(struct gup_port_rwlock *l)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&l->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
}

/* RCU */

#ifdef GUP_PORT_TSAN
char gup_port_rcu_done, gup_port_rcu_begun;
#endif

_Thread_local bool gup_port_rcu_registered;

static pthread_key_t exit_key;
static pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;
static _Thread_local bool registered_here;

static uint64_t slots_taken; /* a bit each */
static uint32_t next_shared_slot;
static _Thread_local uint32_t slot_plus_one;

/* Runs as the thread ends. Another key's destructor may pin after this one: the thread then begins once more. */
static void thread_ends(void *unused)
{
	(void)unused;
	gup_port_rcu_registered = false;
	if (registered_here)
		urcu_memb_unregister_thread();
	registered_here = false;
	if (slot_plus_one && slot_plus_one <= GUP_PORT_OWN_SLOTS)
		gup_port_fetch_and(&slots_taken, ~(UINT64_C(1) << (slot_plus_one - 1)));
	slot_plus_one = 0;
}

static void create_exit_key(void)
{
	if (pthread_key_create(&exit_key, thread_ends))
		gup_port_panic(__FILE__, __LINE__, "no pthread key left");
}

static void note_exit(void)
{
	pthread_once(&exit_key_once, create_exit_key);
	if (pthread_setspecific(exit_key, &exit_key))
		gup_port_panic(__FILE__, __LINE__, "no memory to note that a thread has to be told of its end");
}

/* The lowest slot that no thread has, if there is one. */
static void take_own_slot(void)
{
	uint64_t old = gup_port_load(&slots_taken);
	uint32_t slot;

	do {
		slot = (uint32_t)__builtin_ctzll(~old);
		if (slot >= GUP_PORT_OWN_SLOTS)
			return;
	} while (!gup_port_cas(&slots_taken, &old, old | UINT64_C(1) << slot));
	slot_plus_one = slot + 1;
}

/* A thread that its program has registered is unregistered by its program. */
void gup_port_rcu_register(void)
{
	note_exit();
	if (!URCU_TLS(urcu_memb_reader).registered) {
		urcu_memb_register_thread();
		registered_here = true;
	}
	take_own_slot();
	gup_port_rcu_registered = true;
}

void gup_port_rcu_synchronize(void)
{
	GUP_PORT_TSAN_RELEASE(&gup_port_rcu_begun);
	urcu_memb_synchronize_rcu();
	GUP_PORT_TSAN_ACQUIRE(&gup_port_rcu_done);
}

/* Threads and messages */

/*
 * A thread has its own from its first lockless section on. Until then it shares one: this may be a signal handler, which
 * must not allocate what has to be given back as the thread ends.
 */
unsigned int gup_port_slot(void)
{
	if (!slot_plus_one)
		slot_plus_one = GUP_PORT_OWN_SLOTS + 1 + gup_port_fetch_add(&next_shared_slot, 1) % GUP_PORT_OWN_SLOTS;
	return slot_plus_one - 1;
}

uint64_t gup_port_self(void)
{
	static _Thread_local char own;

	return (uintptr_t)&own;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* An exported function by its name; otherwise the offset in its file, which addr2line -e FILE understands. */
bool gup_port_site(const void *site, char *buf, size_t size)
{
	Dl_info info;
	const char *name;
	const void *base;

	if (!dladdr(site, &info) || !info.dli_fname)
		return false;
	name = info.dli_sname ? info.dli_sname : base_name(info.dli_fname);
	base = info.dli_sname ? info.dli_saddr : info.dli_fbase;
	snprintf(buf, size, "%s+0x%zx", name, (size_t)((const char *)site - (const char *)base));
	return true;
}

/* One system call, so that lines of several threads do not mix. */
void gup_port_log(const char *line)
{
	struct iovec parts[] = {
		{ (void *)(uintptr_t) "libgup: ", 8 },
		{ (void *)(uintptr_t)line, strlen(line) },
		{ (void *)(uintptr_t) "\n", 1 },
	};

	while (writev(STDERR_FILENO, parts, 3) < 0 && errno == EINTR)
		; /* any other error: nowhere to say so */
}

_Noreturn void gup_port_panic(const char *file, int line, const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "%s:%d: broken invariant: %s", file, line, what);
	gup_port_log(text);
	abort();
}
