/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_host.c - a host that has no more to give: mappings, address space, descriptors, file size.
 *
 * First each call of the Linux port to its host fails once, by the linker's wrappers. Then the host's real limits are
 * reached. Either way a machine that cannot be made says -ENOMEM and leaves nothing behind, and one that is there works.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gup/port.h>

#include "world.h"

static unsigned int fail_in; /* the host's n-th call fails; 0: none */

static bool fails(void)
{
	if (!fail_in || --fail_in)
		return false;
	errno = ENOMEM;
	return true;
}

#define WRAP(type, name, parameters, arguments, failure)                                                               \
	type __real_##name parameters;                                                                                 \
	type __wrap_##name parameters;                                                                                 \
	type __wrap_##name parameters                                                                                  \
	{                                                                                                              \
		return fails() ? (failure) : __real_##name arguments;                                                  \
	}

WRAP(int, memfd_create, (const char *name, unsigned int flags), (name, flags), -1)
WRAP(int, ftruncate64, (int fd, off_t length), (fd, length), -1)
/* Huge pages are a wish: without them all works. */
int __real_madvise(void *at, size_t length, int advice);
int __wrap_madvise(void *at, size_t length, int advice);
int __wrap_madvise(void *at, size_t length, int advice)
{
	return advice != MADV_HUGEPAGE && fails() ? -1 : __real_madvise(at, length, advice);
}

WRAP(int, pthread_setspecific, (pthread_key_t key, const void *value), (key, value), ENOMEM)
WRAP(void *, mmap64, (void *at, size_t length, int prot, int flags, int fd, off_t offset),
     (at, length, prot, flags, fd, offset), MAP_FAILED)

/* ---- what the process has of the host ---- */

static unsigned int nr_lines(const char *path)
{
	static char buf[1 << 16];
	unsigned int lines = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	assert_true(fd >= 0);
	while ((got = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < got; i++)
			lines += buf[i] == '\n';
	close(fd);
	return lines;
}

struct inventory {
	unsigned int maps;
	int next_fd;
};

static struct inventory take_inventory(void)
{
	struct inventory now = { .maps = nr_lines("/proc/self/maps") };

	now.next_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(now.next_fd);
	return now;
}

static void nothing_left(const struct inventory *before)
{
	struct inventory now = take_inventory();

	assert_int_equal(now.maps, before->maps);
	assert_int_equal(now.next_fd, before->next_fd);
}

static const struct gup_machine_config config = { .normal_bytes = 4 * MIB, .movable_bytes = 2 * MIB };

/* Make one if that is possible, and take it away again. */
static int make_machine(void)
{
	struct gup_machine *m = NULL;
	int err = gup_machine_create(&config, &m);

	if (err)
		assert_null(m);
	else
		assert_int_equal(gup_machine_destroy(m), 0);
	return err;
}

/* ---- each call fails once ---- */

static void each_call_of_a_creation_fails(void **state)
{
	struct inventory before;
	unsigned int nth, failures = 0;

	(void)state;
	assert_int_equal(make_machine(), 0);
	before = take_inventory();
	for (nth = 1;; nth++) {
		struct gup_machine *m = NULL;
		int err;

		fail_in = nth;
		err = gup_machine_create(&config, &m);
		if (fail_in) {
			fail_in = 0;
			assert_int_equal(gup_machine_destroy(m), 0);
			break;
		}
		assert_int_equal(err, -GUP_ENOMEM);
		assert_null(m);
		nothing_left(&before);
		failures++;
	}
	assert_true(failures >=
		    9); /* two of metadata: map, advise; and the frames: create, size, reserve, map, advise */
	nothing_left(&before);
}

static int look(struct gup_machine *m)
{
	return gup_machine_check(m, NULL);
}

static int search(struct gup_machine *m)
{
	long nr = gup_pin_holders(m, 0, UINT64_MAX, NULL, 0);

	return nr < 0 ? (int)nr : 0;
}

static void each_call_of_a_look_fails(void **state)
{
	static int (*const looks[])(struct gup_machine *) = { look, search, gup_machine_destroy };
	struct gup_machine *m;
	struct inventory empty, before;

	(void)state;
	empty = take_inventory();
	assert_int_equal(gup_machine_create(&config, &m), 0);
	before = take_inventory();
	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		for (unsigned int nth = 1; nth <= 2; nth++) { /* map, advise */
			fail_in = nth;
			assert_int_equal(looks[i](m), -GUP_ENOMEM);
			assert_int_equal(fail_in, 0);
			nothing_left(&before);
		}
		assert_int_equal(looks[i](m), 0);
	}
	nothing_left(&empty);
}

/* A thread that cannot be unregistered at its end must not be registered: it would be waited for after it is gone. */
static void thread_that_cannot_be_noted(void **state)
{
	struct world w;
	int status;
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct gup_page *page;

		close(STDERR_FILENO);
		world_begin(&w, &(struct world_spec){ .normal = 4 });
		map_anon(w.mm, BASE, PAGE);
		fail_in = 1;
		gup_pin_user_pages_fast(w.mm, BASE, 1, 0, &page);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- the limit of mappings ---- */

/* An emulator needs the host's mappings and address space for itself: it ends without, or knows no such limit. */
static void skip_if_emulated(void)
{
	if (EMULATED)
		skip();
}

struct filler {
	char *at;
	uint64_t bytes, used;
	void *last[64]; /* the host splits no mapping any more, but makes new ones */
	size_t nr_last;
};

static void fill_up(struct filler *f)
{
	void *at;

	while ((at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED) {
		assert_true(f->nr_last < ARRAY_LEN(f->last));
		f->last[f->nr_last++] = at;
	}
	assert_int_equal(errno, ENOMEM);
}

static void give_one_back(struct filler *f)
{
	assert_true(f->nr_last > 0);
	munmap(f->last[--f->nr_last], PAGE);
}

/* Every second page gets another protection, until the host refuses. */
static void fill(struct filler *f)
{
	unsigned long most = 0;
	FILE *file = fopen("/proc/sys/vm/max_map_count", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &most), 1);
	fclose(file);
	f->bytes = (most + 1) * 2 * PAGE;
	f->at = mmap(NULL, f->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(f->at != MAP_FAILED);
	for (f->used = PAGE; f->used < f->bytes && !mprotect(f->at + f->used, PAGE, PROT_READ); f->used += 2 * PAGE)
		;
	assert_true(f->used < f->bytes);
	f->nr_last = 0;
	fill_up(f);
}

static void empty(struct filler *f)
{
	while (f->nr_last)
		give_one_back(f);
	munmap(f->at, f->bytes);
}

/* Two mappings less. */
static void loosen(struct filler *f)
{
	f->used -= 2 * PAGE;
	assert_int_equal(mprotect(f->at + f->used, PAGE, PROT_NONE), 0);
}

static void machine_at_the_limit(void **state)
{
	struct filler f;
	struct inventory before;
	int err = -GUP_ENOMEM;
	unsigned int failed = 0;

	(void)state;
	skip_if_emulated();
	assert_int_equal(make_machine(), 0);
	fill(&f); /* once for what the C library and a sanitizer keep */
	empty(&f);
	before = take_inventory();
	fill(&f);
	for (;; failed++) {
		struct inventory full = take_inventory();

		err = make_machine();
		nothing_left(&full);
		if (!err)
			break;
		assert_int_equal(err, -GUP_ENOMEM);
		loosen(&f);
	}
	assert_true(failed > 0);
	empty(&f);
	nothing_left(&before);
}

/* All that a machine does but looking at itself: that takes memory of the host, and says so. */
static void play(struct world *w)
{
	struct gup_page *pages[4], *area;
	struct gup_mm *child;

	app_fill(w->mm, BORROWED, 4 * PAGE, 5);
	assert_int_equal(gup_mm_fork(w->mm, "child", &child), 0);
	app_fill(w->mm, BORROWED, 4 * PAGE, 6);
	app_expect(child, BORROWED, 4 * PAGE, 5);
	gup_mm_destroy(child);
	assert_int_equal(gup_migrate_range(w->mm, BORROWED, 4 * PAGE, NULL), 4);
	assert_int_equal(gup_cma_alloc(w->m, CAMERA, 8 * MIB, 0, PATIENT_NS, &area, NULL), 0);
	assert_int_equal(gup_cma_free(w->m, area, 8 * MIB), 0);
	assert_int_equal(pin_plain(w->mm, BORROWED, 4, GUP_WRITE | GUP_LONGTERM, pages), 4);
	device_fill(w->m, pages[2], BORROWED + 2 * PAGE, 7);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w->m, pages, 4, true), 0);
	app_expect(w->mm, BORROWED, 2 * PAGE, 6);
	app_expect(w->mm, BORROWED + 2 * PAGE, PAGE, 7);
	map_anon(w->mm, BASE, HUGE);
	app_fill(w->mm, BASE, HUGE, 8);
	app_expect(w->mm, BASE, HUGE, 8);
	assert_int_equal(gup_munmap(w->mm, BASE, HUGE), 0);
}

static void older_machine_at_the_limit(void **state)
{
	struct inventory before = take_inventory();
	struct filler f;
	struct world w;

	(void)state;
	skip_if_emulated();
	world_begin(&w, &(struct world_spec){ .normal = 8, .cma = 16, .contract = GUP_NATIVE });
	world_borrow(&w, GUP_ZONE_CMA, 4);
	fill(&f);
	play(&w);
	assert_int_equal(gup_machine_check(w.m, NULL), -GUP_ENOMEM);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_ENOMEM);
	play(&w);
	empty(&f);
	check_rest(w.m, 0, 0);
	world_end(&w);
	nothing_left(&before);
}

/* What lies side by side goes one by one: the host is not asked to cut a mapping in two, which it would refuse. */
static void neighbours_at_the_limit(void **state)
{
	struct inventory before = take_inventory();
	struct gup_port_memory mem[6];
	struct filler f;

	(void)state;
	skip_if_emulated();
	for (size_t i = 0; i < ARRAY_LEN(mem); i++) {
		mem[i].bytes = 16 * PAGE;
		assert_int_equal(gup_port_memory_map(&mem[i], false), 0);
	}
	fill(&f);
	for (size_t i = 1; i < ARRAY_LEN(mem); i += 2)
		gup_port_memory_unmap(&mem[i]);
	empty(&f);
	for (size_t i = 0; i < ARRAY_LEN(mem); i += 2)
		gup_port_memory_unmap(&mem[i]);
	nothing_left(&before);
}

/* ---- other limits ---- */

static struct rlimit limit(int what, rlim_t value)
{
	struct rlimit old, new;

	assert_int_equal(getrlimit(what, &old), 0);
	new = (struct rlimit){ value, old.rlim_max };
	assert_int_equal(setrlimit(what, &new), 0);
	return old;
}

static rlim_t address_space(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &pages), 1);
	fclose(file);
	return pages * PAGE;
}

static void no_address_space(void **state)
{
	struct inventory before;
	rlim_t more;
	int err = -GUP_ENOMEM;

	(void)state;
	skip_if_emulated();
	assert_int_equal(make_machine(), 0);
	before = take_inventory();
	for (more = 0; err; more += MIB / 2) {
		struct rlimit old = limit(RLIMIT_AS, address_space() + more);

		err = make_machine();
		assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
		assert_true(err == 0 || err == -GUP_ENOMEM);
		nothing_left(&before);
	}
	assert_true(more > MIB);
}

static void no_descriptor(void **state)
{
	struct inventory before = take_inventory();
	struct rlimit old = limit(RLIMIT_NOFILE, (rlim_t)before.next_fd);

	(void)state;
	assert_int_equal(make_machine(), -GUP_ENOMEM);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	nothing_left(&before);
	assert_int_equal(make_machine(), 0);
}

/* What a program prints after it closed stderr must not be written over the frames. */
static void no_standard_files(void **state)
{
	struct gup_machine *m = NULL;
	int kept = dup(STDERR_FILENO), err, used;

	(void)state;
	close(STDERR_FILENO);
	err = gup_machine_create(&config, &m);
	used = fcntl(STDERR_FILENO, F_GETFD);
	dup2(kept, STDERR_FILENO);
	close(kept);
	assert_int_equal(err, 0);
	assert_int_equal(used, -1);
	assert_int_equal(gup_machine_destroy(m), 0);
}

/* The frames are a file to the host; SIGXFSZ ends a program that does not ignore it. */
static void no_large_file(void **state)
{
	struct inventory before = take_inventory();
	struct rlimit old;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	old = limit(RLIMIT_FSIZE, MIB);
	assert_int_equal(make_machine(), -GUP_ENOMEM);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	nothing_left(&before);
	assert_int_equal(make_machine(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_of_a_creation_fails),
		cmocka_unit_test(each_call_of_a_look_fails),
		cmocka_unit_test(thread_that_cannot_be_noted),
		cmocka_unit_test(machine_at_the_limit),
		cmocka_unit_test(older_machine_at_the_limit),
		cmocka_unit_test(neighbours_at_the_limit),
		cmocka_unit_test(no_address_space),
		cmocka_unit_test(no_descriptor),
		cmocka_unit_test(no_standard_files),
		cmocka_unit_test(no_large_file),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
