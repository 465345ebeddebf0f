/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/device_uring.c - the story of a disk: io_uring with registered buffers, many requests in flight.
 */
#define _GNU_SOURCE
#include "device.h"

#include "../../devices/io_uring.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_TAG 1u
#define OLD_TAG 2u

static const char *missing(void)
{
	return NULL; /* where there is no io_uring it is pread() */
}

/* Return: its descriptor; -1 after having said why. */
static int make_file(char *path)
{
	static uint64_t piece[1 << 13];
	int fd = mkstemp(path);

	for (uint64_t at = 0; fd >= 0 && at < GUP_DEVICE_RANGE; at += sizeof(piece)) {
		gup_device_pattern(piece, at, sizeof(piece), FILE_TAG);
		if (write(fd, piece, sizeof(piece)) != (ssize_t)sizeof(piece)) {
			close(fd);
			unlink(path);
			fd = -1;
		}
	}
	if (fd < 0)
		gup_say_unexpected("no file of 4 MiB can be made in /tmp; is there room?");
	return fd;
}

static bool scribble(struct gup_stage *stage, uint64_t range)
{
	static uint64_t piece[1 << 13];

	for (uint64_t at = 0; at < GUP_DEVICE_RANGE; at += sizeof(piece)) {
		gup_device_pattern(piece, at, sizeof(piece), OLD_TAG);
		if (gup_copy_to_user(stage->mm, range + at, piece, sizeof(piece)))
			return gup_say_unexpected("the application cannot write to its memory");
	}
	return true;
}

static int64_t fill(struct gup_uring *disk)
{
	size_t nr;
	const struct iovec *buffers = gup_uring_buffers(disk, &nr);
	struct gup_uring_read *reads = calloc(nr + 1, sizeof(*reads));
	uint64_t at = 0;
	int64_t got;

	if (!reads)
		return -ENOMEM;
	for (size_t i = 0; i < nr; at += buffers[i++].iov_len)
		reads[i] = (struct gup_uring_read){ i, at, (uint32_t)buffers[i].iov_len };
	got = gup_uring_read(disk, reads, nr);
	free(reads);
	return got;
}

static bool read_and_look(struct gup_stage *stage, uint64_t range, struct gup_uring *disk)
{
	int64_t got = scribble(stage, range) ? fill(disk) : -EFAULT;
	uint64_t right = gup_device_count(stage, range, FILE_TAG);

	gup_say("The disk reads a file into the frames: %s. The application finds %" PRIu64 " of %" PRIu64
		" bytes right.",
		gup_errno_text(got), right, GUP_DEVICE_RANGE);
	return right == GUP_DEVICE_RANGE || gup_say_unexpected("bytes are missing");
}

static bool attach(struct gup_stage *stage, uint64_t range, struct gup_uring *disk)
{
	const struct gup_request request = { range, GUP_DEVICE_RANGE, GUP_WRITE, NULL };
	struct gup_why why = { 0 };
	struct gup_uring_stats stats;
	int err = gup_uring_attach_range(disk, stage->mm, &request, &why);
	size_t nr;

	if (err)
		return gup_say_unexpected("the range cannot be attached: %s", gup_errno_text(err));
	(void)gup_uring_buffers(disk, &nr);
	gup_uring_stats_get(disk, &stats);
	gup_say("4 MiB are pinned for long and are %zu buffers; the host has registered %zu of them at a time%s%s.", nr,
		stats.window, stats.ring_error ? ": " : "", stats.ring_error ? gup_errno_text(stats.ring_error) : "");
	return true;
}

static bool tell(struct gup_stage *stage, uint64_t range, struct gup_uring *disk)
{
	int64_t late;

	if (!scribble(stage, range) || !attach(stage, range, disk) || !read_and_look(stage, range, disk) ||
	    !gup_device_disturb(stage) || !read_and_look(stage, range, disk) || !gup_device_unmap(stage, range))
		return false;
	late = gup_uring_read(disk, &(struct gup_uring_read){ 0, 0, GUP_PAGE_SIZE }, 1);
	gup_say("One more read: %s.", gup_errno_text(late));
	return late == -ECANCELED || gup_say_unexpected("it should be -ECANCELED");
}

static bool play(struct gup_stage *stage, uint64_t range)
{
	char path[] = "/tmp/gup-device-XXXXXX";
	struct gup_uring *disk = NULL;
	int fd = make_file(path);
	bool ok;

	if (fd < 0)
		return false;
	ok = gup_uring_open(path, &disk) == 0 || gup_say_unexpected("the disk does not start; are descriptors left?");
	ok = ok && tell(stage, range, disk);
	gup_uring_close(disk);
	close(fd);
	unlink(path);
	return ok;
}

const struct gup_device gup_device_io_uring = {
	.name = "io_uring",
	.title = "a disk reads into registered buffers",
	.missing = missing,
	.play = play,
};
