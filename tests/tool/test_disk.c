/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/tool/test_disk.c - the io_uring device where its host gives less: locked memory, descriptors, a ring, whole reads.
 *
 * Whatever is refused, the same bytes arrive in the same pinned frames by another way, or an errno says why not; the
 * frames are unpinned once, and no descriptor stays open.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"

#include "../../devices/io_uring.h"

#define NR 16
#define BYTES (NR * PAGE)

/* ---- between the device and its host ---- */

static int ring_error, register_error;
static unsigned int interrupt_every, calls;
static bool halve_reads;

static bool interrupts(void)
{
	return interrupt_every && ++calls % interrupt_every == 0;
}

int __real_io_uring_queue_init(unsigned int entries, struct io_uring *ring, unsigned int flags);
int __wrap_io_uring_queue_init(unsigned int entries, struct io_uring *ring, unsigned int flags);
int __wrap_io_uring_queue_init(unsigned int entries, struct io_uring *ring, unsigned int flags)
{
	return ring_error ? ring_error : __real_io_uring_queue_init(entries, ring, flags);
}

int __real_io_uring_register_buffers(struct io_uring *ring, const struct iovec *buffers, unsigned int nr);
int __wrap_io_uring_register_buffers(struct io_uring *ring, const struct iovec *buffers, unsigned int nr);
int __wrap_io_uring_register_buffers(struct io_uring *ring, const struct iovec *buffers, unsigned int nr)
{
	return register_error ? register_error : __real_io_uring_register_buffers(ring, buffers, nr);
}

int __real_io_uring_submit_and_wait(struct io_uring *ring, unsigned int nr);
int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned int nr);
int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned int nr)
{
	return interrupts() ? -EINTR : __real_io_uring_submit_and_wait(ring, nr);
}

ssize_t __real_pread64(int fd, void *to, size_t bytes, off_t offset);
ssize_t __wrap_pread64(int fd, void *to, size_t bytes, off_t offset);
ssize_t __wrap_pread64(int fd, void *to, size_t bytes, off_t offset)
{
	if (interrupts()) {
		errno = EINTR;
		return -1;
	}
	return __real_pread64(fd, to, halve_reads && bytes > 1 ? bytes / 2 : bytes, offset);
}

/* ---- a file, and frames for it ---- */

struct disk {
	struct world w;
	char path[32];
	struct gup_page *pages[NR];
	struct iovec buffers[NR];
	struct gup_uring_read reads[NR];
	struct gup_uring *dev;
	struct gup_uring_stats stats;
	int descriptors;
};

static void begin(struct disk *d)
{
	uint8_t bytes[BYTES];
	int fd;

	memset(d, 0, sizeof(*d));
	strcpy(d->path, "/tmp/gup-disk-XXXXXX");
	fd = mkstemp(d->path);
	assert_true(fd >= 0);
	pattern_make(bytes, BASE, BYTES, 4);
	assert_int_equal(write(fd, bytes, BYTES), BYTES);
	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
	world_begin(&d->w, &(struct world_spec){ .normal = 4, .no_huge_pages = true });
	map_anon(d->w.mm, BASE, BYTES);
	assert_int_equal(gup_pin_user_pages_fast(d->w.mm, BASE, NR, GUP_WRITE | GUP_LONGTERM, d->pages), NR);
	for (size_t i = 0; i < NR; i++) {
		d->buffers[i] = (struct iovec){ gup_page_address(d->w.m, d->pages[i]), PAGE };
		d->reads[i] = (struct gup_uring_read){ i, i * PAGE, PAGE };
	}
	d->descriptors = open_descriptors();
}

static void end(struct disk *d)
{
	gup_uring_close(d->dev);
	assert_int_equal(open_descriptors(), d->descriptors);
	check_rest(d->w.m, NR, 0);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(d->w.m, d->pages, NR, true), 0);
	world_end(&d->w);
	unlink(d->path);
	ring_error = register_error = 0;
	interrupt_every = calls = 0;
	halve_reads = false;
}

/* Open, attach, read, detach: all bytes are there. */
static void all_arrives(struct disk *d)
{
	assert_int_equal(gup_uring_open(d->path, &d->dev), 0);
	assert_int_equal(gup_uring_attach(d->dev, d->buffers, NR), 0);
	assert_int_equal(gup_uring_read(d->dev, d->reads, NR), BYTES);
	gup_uring_detach(d->dev);
	app_expect(d->w.mm, BASE, BYTES, 4);
	gup_uring_stats_get(d->dev, &d->stats);
	assert_int_equal(d->stats.direct_bytes + d->stats.buffered_bytes + d->stats.pread_bytes, BYTES);
}

static void without_a_ring(void **state)
{
	static const int errors[] = { -EPERM, -ENOSYS, -ENOMEM, -EMFILE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		struct disk d;

		begin(&d);
		ring_error = errors[i];
		all_arrives(&d);
		assert_int_equal(d.stats.ring_error, errors[i]);
		assert_int_equal(d.stats.pread_bytes, BYTES);
		end(&d);
	}
}

static void no_buffer_can_be_registered(void **state)
{
	static const int errors[] = { -ENOMEM, -EINVAL, -EOPNOTSUPP, -EFAULT };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		struct disk d;

		begin(&d);
		register_error = errors[i];
		all_arrives(&d);
		assert_int_not_equal(d.stats.ring_error, 0); /* this one, or that the host has no ring anyway */
		assert_int_equal(d.stats.window, 0);
		assert_int_equal(d.stats.pread_bytes, BYTES);
		end(&d);
	}
}

/* By the ring, and by pread() that gets half of what it was asked for. */
static void interrupted(void **state)
{
	struct disk d;

	(void)state;
	for (unsigned int every = 2; every <= 3; every++) {
		begin(&d);
		interrupt_every = every;
		all_arrives(&d);
		end(&d);
		begin(&d);
		interrupt_every = every;
		halve_reads = true;
		ring_error = -EPERM;
		all_arrives(&d);
		assert_int_equal(d.stats.pread_bytes, BYTES);
		end(&d);
	}
}

static rlim_t first_free_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return (rlim_t)fd;
}

/* Descriptors for the file, for O_DIRECT, for the ring: with fewer of them the device does with less, or says so. */
static void few_descriptors(void **state)
{
	struct rlimit old, few;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	for (rlim_t more = 0; more <= 3; more++) {
		struct disk d;
		int err;

		begin(&d);
		few = (struct rlimit){ first_free_descriptor() + more, old.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		err = more ? 0 : gup_uring_open(d.path, &d.dev);
		if (more)
			all_arrives(&d);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
		assert_int_equal(err, more ? 0 : -EMFILE);
		end(&d);
	}
}

/*
 * The child ends with a status that says what went wrong. It is a user of its own: locked memory is counted for each user,
 * and the kernel gives a ring's back some time after its process has ended.
 */
static int as_nobody(struct disk *d, rlim_t locked, bool have_ring)
{
	const struct rlimit few = { locked, locked };
	uid_t nobody = 10000 + (uid_t)getpid() % 50000;
	uint8_t bytes[BYTES];

	if (setrlimit(RLIMIT_MEMLOCK, &few) || (!geteuid() && (setgid(nobody) || setuid(nobody))))
		return 1;
	d->buffers[0].iov_base = aligned_alloc(PAGE, BYTES);
	for (size_t i = 0; i < NR; i++) /* frames are not inherited */
		d->buffers[i].iov_base = (char *)d->buffers[0].iov_base + i * PAGE;
	if (gup_uring_open(d->path, &d->dev) || gup_uring_attach(d->dev, d->buffers, NR))
		return 2;
	if (gup_uring_read(d->dev, d->reads, NR) != BYTES)
		return 3;
	memcpy(bytes, d->buffers[0].iov_base, BYTES);
	if (!pattern_is(bytes, BASE, BYTES, 4))
		return 4;
	gup_uring_stats_get(d->dev, &d->stats);
	if (d->stats.window > locked / PAGE || (have_ring && locked >= 4 * PAGE && !d->stats.window))
		return 5;
	gup_uring_close(d->dev);
	free(d->buffers[0].iov_base);
	return open_descriptors() == d->descriptors ? 0 : 6;
}

static void little_locked_memory(void **state)
{
	struct disk d;
	bool have_ring;

	(void)state;
	begin(&d);
	all_arrives(&d);
	have_ring = d.stats.window == NR;
	end(&d);
	for (rlim_t locked = 0; locked <= 8 * PAGE; locked += PAGE) {
		int status;
		pid_t pid;

		begin(&d);
		fflush(NULL);
		pid = fork();
		if (!pid)
			_exit(as_nobody(&d, locked, have_ring));
		while (waitpid(pid, &status, 0) < 0)
			assert_int_equal(errno, EINTR);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		end(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_ring),	cmocka_unit_test(no_buffer_can_be_registered),
		cmocka_unit_test(interrupted),		cmocka_unit_test(few_descriptors),
		cmocka_unit_test(little_locked_memory),
	};

	return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
