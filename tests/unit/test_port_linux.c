/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_port_linux.c - what only the Linux port promises: its memfd, fork, thread ends, text on stderr.
 *
 * Whatever would end this process is done in a host fork().
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host.h"

static void frames_are_a_sparse_memfd(void **state)
{
	struct gup_port_memory mem = { .bytes = UINT64_C(1) << 36 };
	char byte = 0;
	int fd;

	(void)state;
	assert_int_equal(gup_port_memory_map(&mem, true), 0);
	fd = (int)mem.handle;
	assert_int_equal(lseek(fd, 0, SEEK_END), (off_t)mem.bytes);
	((char *)mem.base)[mem.bytes - 1] = 7;
	assert_int_equal(pread(fd, &byte, 1, (off_t)mem.bytes - 1), 1);
	assert_int_equal(byte, 7);
	assert_int_equal(lseek(fd, 0, SEEK_DATA), (off_t)(mem.bytes - GUP_PAGE_SIZE));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	gup_port_memory_unmap(&mem);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void metadata_has_no_descriptor(void **state)
{
	struct gup_port_memory mem = { .bytes = UINT64_C(1) << 34 };

	(void)state;
	assert_int_equal(gup_port_memory_map(&mem, false), 0);
	assert_int_equal(mem.handle, -1);
	((char *)mem.base)[mem.bytes - 1] = 7;
	gup_port_memory_unmap(&mem);
}

#define MARK 0x5a

/* Does a child find the mark there? Asked through a pipe, which answers EFAULT for a hole; it may be in use again. */
static bool child_has(const struct gup_port_memory *mem)
{
	unsigned char seen = 0;
	int ends[2], status;
	pid_t child;

	*(unsigned char *)mem->base = MARK;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child)
		_exit(write(ends[1], mem->base, 1) == 1 && read(ends[0], &seen, 1) == 1 && seen == MARK);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	close(ends[0]);
	close(ends[1]);
	return WEXITSTATUS(status);
}

/* qemu-user takes MADV_DONTFORK for a hint that it may ignore. */
static bool host_obeys_dontfork(void)
{
	struct gup_port_memory own = { .bytes = GUP_PAGE_SIZE };
	bool inherited;

	own.base = mmap(NULL, own.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(own.base != MAP_FAILED);
	assert_int_equal(madvise(own.base, own.bytes, MADV_DONTFORK), 0);
	inherited = child_has(&own);
	munmap(own.base, own.bytes);
	return !inherited;
}

static void host_fork_inherits_no_memory(void **state)
{
	struct gup_port_memory frames = { .bytes = GUP_HUGE_SIZE }, metadata = { .bytes = GUP_HUGE_SIZE };
	static unsigned char ordinary;
	const struct gup_port_memory control = { .base = &ordinary };

	(void)state;
	if (!host_obeys_dontfork())
		skip();
	assert_int_equal(gup_port_memory_map(&frames, true), 0);
	assert_int_equal(gup_port_memory_map(&metadata, false), 0);
	assert_true(child_has(&control));
	assert_false(child_has(&frames));
	assert_false(child_has(&metadata));
	gup_port_memory_unmap(&frames);
	gup_port_memory_unmap(&metadata);
}

static u64 slots_seen;

static void *one_section(void *unused)
{
	(void)unused;
	gup_port_rcu_read_lock();
	gup_port_fetch_or(&slots_seen, UINT64_C(1) << gup_port_slot());
	gup_port_rcu_read_unlock();
	return NULL;
}

/* A thread that ended must not be waited for, and must have left liburcu's registry before its memory went. */
static void ended_threads_do_not_block_grace_periods(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 16; i++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, one_section, NULL), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		gup_port_rcu_synchronize();
	}
	assert_int_equal(__builtin_popcountll(slots_seen), 1); /* each had the slot of the one before */
}

static void *slot_without_a_section(void *slot)
{
	*(unsigned int *)slot = gup_port_slot();
	assert_int_equal(gup_port_slot(), *(unsigned int *)slot);
	return NULL;
}

/* A signal handler may be the first to ask, and takes nothing that must be given back. */
static void a_slot_is_shared_until_the_first_section(void **state)
{
	unsigned int slot = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, slot_without_a_section, &slot), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(slot >= GUP_PORT_OWN_SLOTS);
}

static pthread_barrier_t all_here;

static void *section_among_many(void *slot)
{
	gup_port_rcu_read_lock();
	*(unsigned int *)slot = gup_port_slot();
	gup_port_rcu_read_unlock();
	pthread_barrier_wait(&all_here);
	return NULL;
}

/* One more thread than there are slots: it shares, and the others do not. */
static void slots_are_threads_own_while_they_last(void **state)
{
	enum { NR = GUP_PORT_OWN_SLOTS + 1 };
	unsigned int slots[NR], own = 0;
	pthread_t threads[NR];
	u64 seen = 0;

	(void)state;
	assert_int_equal(pthread_barrier_init(&all_here, NULL, NR), 0);
	for (unsigned int i = 0; i < NR; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, section_among_many, &slots[i]), 0);
	for (unsigned int i = 0; i < NR; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		if (slots[i] < GUP_PORT_OWN_SLOTS) {
			seen |= UINT64_C(1) << slots[i];
			own++;
		}
	}
	assert_int_equal(own, GUP_PORT_OWN_SLOTS);
	assert_int_equal(__builtin_popcountll(seen), own);
	pthread_barrier_destroy(&all_here);
}

static pthread_key_t late_key;

static void pin_in_destructor(void *unused)
{
	one_section(unused);
}

static void *end_with_late_section(void *unused)
{
	pthread_setspecific(late_key, &late_key);
	return one_section(unused);
}

/* Another library's thread destructor may use libgup after ours ran. */
static void section_in_a_thread_destructor(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_key_create(&late_key, pin_in_destructor), 0);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&thread, NULL, end_with_late_section, NULL), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		gup_port_rcu_synchronize();
	}
	pthread_key_delete(late_key);
}

static void *section_in_registered_thread(void *unused)
{
	urcu_memb_register_thread();
	one_section(unused);
	urcu_memb_unregister_thread();
	return NULL;
}

static void program_may_register_the_thread_itself(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, section_in_registered_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	gup_port_rcu_synchronize();
}

/* Run @body in a child with stderr in @text; returns the wait status. */
static int run_child(void (*body)(void), char *text, size_t size)
{
	int ends[2], status;
	ssize_t length;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		dup2(ends[1], STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		body();
		_exit(0);
	}
	close(ends[1]);
	length = read(ends[0], text, size - 1);
	assert_true(length >= 0);
	text[length] = 0;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void log_body(void)
{
	gup_port_log("two words");
}

static void panic_body(void)
{
	gup_port_panic("mm/some.c", 12, "a == b");
}

static void log_is_one_line(void **state)
{
	char text[200];

	(void)state;
	assert_int_equal(run_child(log_body, text, sizeof(text)), 0);
	assert_string_equal(text, "libgup: two words\n");
}

static void panic_says_where_and_aborts(void **state)
{
	char text[200];
	int status = run_child(panic_body, text, sizeof(text));

	(void)state;
	assert_string_equal(text, "libgup: mm/some.c:12: broken invariant: a == b\n");
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void site_of_an_exported_function(void **state)
{
	const char *address = dlsym(RTLD_DEFAULT, "getopt");
	char text[64], small[4];

	(void)state;
	assert_true(gup_port_site(address + 2, text, sizeof(text)));
	assert_string_equal(text, "getopt+0x2");
	assert_true(gup_port_site(address + 2, small, sizeof(small)));
	assert_string_equal(small, "get");
}

static void site_of_a_static_function(void **state)
{
	const char prefix[] = "test_port_linux+0x";
	char text[64];

	(void)state;
	assert_true(gup_port_site((const void *)(uintptr_t)one_section, text, sizeof(text)));
	assert_memory_equal(text, prefix, sizeof(prefix) - 1);
	assert_false(gup_port_site((const void *)8, text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_a_sparse_memfd),
		cmocka_unit_test(metadata_has_no_descriptor),
		cmocka_unit_test(host_fork_inherits_no_memory),
		cmocka_unit_test(ended_threads_do_not_block_grace_periods),
		cmocka_unit_test(a_slot_is_shared_until_the_first_section),
		cmocka_unit_test(slots_are_threads_own_while_they_last),
		cmocka_unit_test(section_in_a_thread_destructor),
		cmocka_unit_test(program_may_register_the_thread_itself),
		cmocka_unit_test(site_of_an_exported_function),
		cmocka_unit_test(site_of_a_static_function),
		cmocka_unit_test(log_is_one_line),
		cmocka_unit_test(panic_says_where_and_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
