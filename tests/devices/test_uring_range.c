/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/test_uring_range.c - the io_uring device pins a range itself, and lets go when the range goes.
 *
 * A hook runs while requests are in flight: there memory moves, which does not wait for them, or another thread unmaps the
 * range, and has to.
 */
#define _GNU_SOURCE
#include "around.h"

#include "../../devices/io_uring.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct disk {
	struct around a;
	char path[32];
	struct gup_uring *dev;
	struct gup_uring_read reads[NR_PAGES];
	size_t nr;
};

/* ---- between the device and its host ---- */

static void (*hook)(struct disk *d); /* once, before the host is asked to finish anything */
static struct disk *hooked;

static void run_hook(void)
{
	void (*run)(struct disk * d) = hook;

	hook = NULL;
	if (run)
		run(hooked);
}

int __real_io_uring_submit_and_wait(struct io_uring *ring, unsigned int nr);
int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned int nr);
int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned int nr)
{
	run_hook();
	return __real_io_uring_submit_and_wait(ring, nr);
}

ssize_t __real_pread64(int fd, void *to, size_t bytes, off_t offset);
ssize_t __wrap_pread64(int fd, void *to, size_t bytes, off_t offset);
ssize_t __wrap_pread64(int fd, void *to, size_t bytes, off_t offset)
{
	run_hook();
	return __real_pread64(fd, to, bytes, offset);
}

/* ---- a file and a range of its size ---- */

static void write_file(struct disk *d, uint32_t tag)
{
	static uint8_t bytes[RANGE_BYTES];
	int fd = open(d->path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	pattern_make(bytes, RANGE, RANGE_BYTES, tag);
	assert_int_equal(write(fd, bytes, RANGE_BYTES), RANGE_BYTES);
	assert_int_equal(fsync(fd), 0);
	close(fd);
}

static void attach(struct disk *d)
{
	const struct gup_request range = { .addr = RANGE, .bytes = RANGE_BYTES, .flags = GUP_WRITE };
	const struct iovec *buffers;
	uint64_t at = 0;

	assert_int_equal(gup_uring_attach_range(d->dev, d->a.w.mm, &range, NULL), 0);
	check_rest(d->a.w.m, NR_PAGES, 0);
	buffers = gup_uring_buffers(d->dev, &d->nr);
	assert_int_equal(d->nr, NR_PAGES); /* more than can be in flight */
	for (size_t i = 0; i < d->nr; at += buffers[i++].iov_len)
		d->reads[i] = (struct gup_uring_read){ i, at, (uint32_t)buffers[i].iov_len };
	assert_int_equal(at, RANGE_BYTES);
}

static void begin(struct disk *d)
{
	int fd;

	memset(d, 0, sizeof(*d));
	strcpy(d->path, "/tmp/gup-range-XXXXXX");
	fd = mkstemp(d->path);
	assert_true(fd >= 0);
	close(fd);
	write_file(d, 2);
	around_begin(&d->a);
	assert_int_equal(gup_uring_open(d->path, &d->dev), 0);
	attach(d);
	hooked = d;
}

static void end(struct disk *d)
{
	assert_int_equal(gup_uring_close(d->dev), 0);
	check_rest(d->a.w.m, 0, 0);
	around_end(&d->a);
	unlink(d->path);
}

static void read_all(void *device)
{
	struct disk *d = device;

	assert_int_equal(gup_uring_read(d->dev, d->reads, d->nr), RANGE_BYTES);
}

static void bytes_arrive(void **state)
{
	struct disk d;

	(void)state;
	begin(&d);
	read_all(&d);
	app_expect(d.a.w.mm, RANGE, RANGE_BYTES, 2);
	assert_int_equal(gup_uring_detach(d.dev), 0);
	check_rest(d.a.w.m, 0, 0);
	assert_int_equal(gup_uring_read(d.dev, d.reads, d.nr), -EINVAL);
	write_file(&d, 3);
	attach(&d);
	read_all(&d);
	app_expect(d.a.w.mm, RANGE, RANGE_BYTES, 3);
	end(&d); /* with the range held */
}

static void holds_while_memory_moves(void **state)
{
	struct disk d;

	(void)state;
	begin(&d);
	around_disturb(&d.a, 1, read_all, &d);
	app_expect(d.a.w.mm, RANGE, RANGE_BYTES, 2);
	check_rest(d.a.w.m, NR_PAGES, 0);
	end(&d);
}

static void unmap(struct disk *d)
{
	around_unmap(&d->a, 9);
}

static void drop(struct disk *d)
{
	assert_int_equal(gup_madvise(d->a.w.mm, RANGE + 5 * PAGE, PAGE, GUP_MADV_DONTNEED), 0);
}

static void detach(struct disk *d)
{
	assert_int_equal(gup_uring_detach(d->dev), 0);
	assert_int_equal(gup_uring_detach(d->dev), 0);
}

static void lets_go_when_the_range_goes(void **state)
{
	static uint8_t bytes[PAGE];
	static const struct iovec other = { bytes, PAGE };
	static void (*const ways[])(struct disk * d) = { unmap, drop, detach };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct disk d;
		size_t nr;

		begin(&d);
		ways[i](&d);
		assert_null(gup_uring_buffers(d.dev, &nr)); /* unregistered */
		assert_int_equal(nr, 0);
		check_rest(d.a.w.m, 0, 0);
		assert_int_equal(gup_uring_read(d.dev, d.reads, d.nr), ways[i] == detach ? -EINVAL : -ECANCELED);
		if (ways[i] != detach)
			assert_int_equal(gup_uring_attach(d.dev, &other, 1), -EINVAL); /* it has a range still */
		if (ways[i] == unmap)
			app_expect(d.a.w.mm, RANGE, RANGE_BYTES, 9);
		assert_int_equal(gup_uring_detach(d.dev), 0);
		around_unmap(&d.a, 1);
		attach(&d);
		read_all(&d);
		app_expect(d.a.w.mm, RANGE, RANGE_BYTES, 2);
		end(&d);
	}
}

/* ---- while requests are in flight ---- */

static void nothing_yet(void *device)
{
	struct disk *d = device;

	app_expect(d->a.w.mm, RANGE, RANGE_BYTES, 1);
}

/* The requests have their frames, and no byte is there. */
static void disturb_meanwhile(struct disk *d)
{
	around_disturb(&d->a, 1, nothing_yet, d);
}

static void holds_what_is_in_flight(void **state)
{
	struct disk d;

	(void)state;
	begin(&d);
	hook = disturb_meanwhile;
	read_all(&d);
	assert_null(hook);
	app_expect(d.a.w.mm, RANGE, RANGE_BYTES, 2);
	check_rest(d.a.w.m, NR_PAGES, 0);
	end(&d);
}

static void *read_until_an_error(void *context)
{
	struct disk *d = context;
	int64_t got;

	do
		got = gup_uring_read(d->dev, d->reads, d->nr);
	while (got == (int64_t)RANGE_BYTES);
	return (void *)(intptr_t)got;
}

static void overwrite(void *device)
{
	struct disk *d = device;

	around_overwritten(&d->a, 2);
}

/* Another thread reads the file again and again. */
static void holds_under_a_stream_of_reads(void **state)
{
	pthread_t reader;
	struct disk d;
	void *result;

	(void)state;
	begin(&d);
	read_all(&d);
	assert_int_equal(pthread_create(&reader, NULL, read_until_an_error, &d), 0);
	for (int times = 0; times < 8; times++)
		around_disturb(&d.a, 2, overwrite, &d);
	check_rest(d.a.w.m, NR_PAGES, 0);
	around_unmap(&d.a, 9);
	assert_int_equal(pthread_join(reader, &result), 0);
	assert_int_equal((intptr_t)result, -ECANCELED);
	app_expect(d.a.w.mm, RANGE, RANGE_BYTES, 9);
	end(&d);
}

static pthread_t unmapper;
static atomic_bool told, unmapped;
static struct gup_page *held[NR_PAGES];

static bool tell(void *context, struct gup_interval *interval, const struct gup_notifier_range *range, uint64_t seq)
{
	(void)context;
	(void)range;
	gup_interval_set_seq(interval, seq);
	told = true;
	return true;
}

static void *run_unmap(void *context)
{
	struct disk *d = context;

	if (gup_munmap(d->a.w.mm, RANGE, RANGE_BYTES) == 0)
		unmapped = true;
	return NULL;
}

/*
 * The notifier of a lower address is called first. The one of the device has been, or is now, and the pages are the
 * device's as before: it is being waited for.
 */
static void unmap_meanwhile(struct disk *d)
{
	assert_int_equal(pthread_create(&unmapper, NULL, run_unmap, d), 0);
	while (!told)
		usleep(100);
	usleep(1000);
	assert_false(unmapped);
	for (size_t i = 0; i < NR_PAGES; i++)
		assert_int_equal(gup_page_pins(d->a.w.m, held[i]), 1);
}

/* How many pages of the file are in the frames, which a get of ours keeps. What was begun is there to its end. */
static size_t arrived(struct disk *d)
{
	size_t nr = 0, at;

	for (at = 0; at < NR_PAGES; at++) {
		const uint8_t *bytes = gup_page_address(d->a.w.m, held[at]);

		if (nr == at && pattern_is(bytes, RANGE + at * PAGE, PAGE, 2))
			nr++;
		else
			assert_true(pattern_is(bytes, RANGE + at * PAGE, PAGE, 1));
	}
	check_rest(d->a.w.m, 0, NR_PAGES);
	for (at = 0; at < NR_PAGES; at++)
		assert_int_equal(gup_put_page(d->a.w.m, held[at]), 0);
	return nr;
}

static void waits_for_what_is_in_flight(void **state)
{
	static const struct gup_interval_ops ops = { tell };

	(void)state;
	for (int times = 0; times < 8; times++) {
		struct gup_interval *interval;
		struct disk d;
		int64_t got;
		size_t nr;

		begin(&d);
		told = unmapped = false;
		assert_int_equal(gup_interval_insert(d.a.w.mm, RANGE - PAGE, RANGE_BYTES, &ops, NULL, &interval), 0);
		assert_int_equal(gup_get_user_pages_fast(d.a.w.mm, RANGE, NR_PAGES, 0, held), NR_PAGES);
		hook = unmap_meanwhile;
		got = gup_uring_read(d.dev, d.reads, d.nr);
		assert_int_equal(pthread_join(unmapper, NULL), 0);
		assert_true(unmapped);
		nr = arrived(&d);
		assert_true(nr > 0);
		assert_int_equal(got, nr == NR_PAGES ? (int64_t)RANGE_BYTES : -ECANCELED);
		assert_int_equal(gup_uring_read(d.dev, d.reads, d.nr), -ECANCELED);
		assert_int_equal(gup_interval_remove(interval), 0);
		end(&d);
	}
}

static void nothing_is_held_after_a_refusal(void **state)
{
	static const struct gup_request odd[] = {
		{ .addr = RANGE + 8, .bytes = PAGE, .flags = GUP_WRITE },
		{ .addr = RANGE, .bytes = PAGE + 8, .flags = GUP_WRITE },
	};
	static const struct gup_request good = { .addr = RANGE, .bytes = PAGE, .flags = GUP_WRITE };
	static const struct gup_request hole = { .addr = BASE - PAGE, .bytes = PAGE, .flags = GUP_WRITE };
	struct gup_uring_stats stats;
	struct gup_why why;
	struct disk d;
	size_t nr;

	(void)state;
	begin(&d);
	assert_int_equal(gup_uring_attach_range(d.dev, d.a.w.mm, &good, NULL), -EINVAL); /* it has one */
	assert_int_equal(gup_uring_detach(d.dev), 0);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		assert_int_equal(gup_uring_attach_range(d.dev, d.a.w.mm, &odd[i], NULL), -EINVAL);
	assert_int_equal(gup_uring_attach_range(d.dev, NULL, &good, NULL), -EINVAL);
	assert_int_equal(gup_uring_attach_range(d.dev, d.a.w.mm, NULL, NULL), -EINVAL);
	assert_int_equal(gup_uring_attach_range(NULL, d.a.w.mm, &good, NULL), -EINVAL);
	assert_int_equal(gup_uring_attach_range(d.dev, d.a.w.mm, &hole, &why), -EFAULT);
	assert_int_equal(why.error, -EFAULT);
	check_rest(d.a.w.m, 0, 0);
	end(&d);
	assert_int_equal(gup_uring_close(NULL), 0);
	assert_int_equal(gup_uring_detach(NULL), -EINVAL);
	assert_null(gup_uring_buffers(NULL, &nr));
	assert_int_equal(nr, 0);
	gup_uring_stats_get(NULL, &stats);
	assert_int_equal(stats.reads, 0);
}

/* A callback of the mm may not end the subscription that it comes from. */
static int answer;

static bool close_there(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
			uint64_t seq)
{
	struct disk *d = context;

	(void)range;
	gup_interval_set_seq(interval, seq);
	answer = gup_uring_close(d->dev);
	return true;
}

static void closed_in_a_callback(void **state)
{
	static const struct gup_interval_ops ops = { close_there };
	struct gup_interval *interval;
	struct disk d;

	(void)state;
	begin(&d);
	assert_int_equal(gup_interval_insert(d.a.w.mm, RANGE, PAGE, &ops, &d, &interval), 0);
	assert_int_equal(gup_munmap(d.a.w.mm, RANGE, PAGE), 0);
	assert_int_equal(answer, -EDEADLK);
	check_rest(d.a.w.m, 0, 0);
	assert_int_equal(gup_interval_remove(interval), 0);
	end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive),
		cmocka_unit_test(holds_while_memory_moves),
		cmocka_unit_test(lets_go_when_the_range_goes),
		cmocka_unit_test(holds_what_is_in_flight),
		cmocka_unit_test(holds_under_a_stream_of_reads),
		cmocka_unit_test(waits_for_what_is_in_flight),
		cmocka_unit_test(nothing_is_held_after_a_refusal),
		cmocka_unit_test(closed_in_a_callback),
	};

	return cmocka_run_group_tests_name("uring range", tests, NULL, NULL);
}
