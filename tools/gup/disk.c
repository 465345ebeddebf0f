/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/disk.c - from pinned pages to requests for the io_uring device.
 *
 * Pages whose frames follow each other become one registered buffer of at most 1 MiB, and each buffer is one request. A
 * copy of the file begins on a page boundary, so that every request is aligned as O_DIRECT wants it.
 */
#include "disk.h"

#include "../../devices/io_uring.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_PAGES 256u

struct gup_disk {
	struct gup_machine *m;
	const struct gup_source *source;
	struct gup_page **pages;
	uint64_t copy_pages; /* one copy of the file, rounded up */
	uint64_t copies;
	struct gup_uring *dev;
	struct iovec *buffers;
	struct gup_uring_read *reads;
	size_t nr; /* buffers, and so requests */
};

static bool joins(const struct gup_disk *disk, uint64_t page)
{
	const struct iovec *last = &disk->buffers[disk->nr - 1];

	return page % disk->copy_pages && disk->pages[page] == disk->pages[page - 1] + 1 &&
	       last->iov_len < BUFFER_PAGES * GUP_PAGE_SIZE;
}

static void add_page(struct gup_disk *disk, uint64_t page)
{
	if (!page || !joins(disk, page)) {
		disk->buffers[disk->nr] = (struct iovec){ gup_page_address(disk->m, disk->pages[page]), 0 };
		disk->reads[disk->nr] = (struct gup_uring_read){
			.buffer = disk->nr,
			.offset = page % disk->copy_pages * GUP_PAGE_SIZE,
		};
		disk->nr++;
	}
	disk->buffers[disk->nr - 1].iov_len += GUP_PAGE_SIZE;
	disk->reads[disk->nr - 1].bytes += (uint32_t)GUP_PAGE_SIZE;
}

static bool attach(struct gup_disk *disk, uint64_t nr)
{
	int err;

	disk->buffers = calloc(nr, sizeof(*disk->buffers));
	disk->reads = calloc(nr, sizeof(*disk->reads));
	if (!disk->buffers || !disk->reads)
		return gup_say_unexpected("no memory for %" PRIu64 " requests", nr);
	for (uint64_t page = 0; page < disk->copies * disk->copy_pages; page++)
		add_page(disk, page);
	err = gup_uring_open(disk->source->path, &disk->dev);
	if (!err)
		err = gup_uring_attach(disk->dev, disk->buffers, disk->nr);
	return err ? gup_say_unexpected("the disk does not start: %s; give the demo more file descriptors or memory",
					gup_errno_text(err))
		   : true;
}

struct gup_disk *gup_disk_attach(struct gup_machine *m, const struct gup_source *source, struct gup_page **pages,
				 uint64_t nr)
{
	struct gup_disk *disk = calloc(1, sizeof(*disk));

	if (!disk) {
		gup_say_unexpected("no memory for the disk");
		return NULL;
	}
	disk->m = m;
	disk->source = source;
	disk->pages = pages;
	disk->copy_pages = (source->bytes + GUP_PAGE_SIZE - 1) / GUP_PAGE_SIZE;
	disk->copies = nr / disk->copy_pages;
	if (attach(disk, nr))
		return disk;
	gup_disk_detach(disk);
	return NULL;
}

static void say_how(const struct gup_disk *disk, uint64_t bytes, double ms)
{
	struct gup_uring_stats stats;

	gup_uring_stats_get(disk->dev, &stats);
	gup_say("The disk wrote %.1f MiB into the frames in %.1f ms, by %zu requests.", (double)bytes / GUP_MIB, ms,
		disk->nr);
	if (stats.ring_error)
		gup_say("The host allows no io_uring here (%s), so the device used pread() into the same frames.",
			gup_errno_text(stats.ring_error));
	else
		gup_say("io_uring READ_FIXED into registered frames, %s%s.",
			stats.direct_bytes ? "O_DIRECT: past the host's page cache"
					   : "buffered: the file system takes no O_DIRECT",
			stats.windows > 1 ? ", a few at a time because RLIMIT_MEMLOCK is short" : "");
}

bool gup_disk_read(struct gup_disk *disk)
{
	double begin = gup_now_ms();
	uint64_t expected = disk->copies * disk->source->bytes;
	int64_t got;

	gup_say_progress("reading %s", disk->source->path);
	got = gup_uring_read(disk->dev, disk->reads, disk->nr);
	if (got < 0)
		return gup_say_unexpected("reading '%s' failed: %s", disk->source->path, gup_errno_text(got));
	if ((uint64_t)got < expected)
		return gup_say_unexpected("'%s' became shorter while it was read", disk->source->path);
	say_how(disk, (uint64_t)got, gup_now_ms() - begin);
	return true;
}

uint64_t gup_disk_copies(const struct gup_disk *disk)
{
	return disk->copies;
}

static bool copy_is_right(const struct gup_disk *disk, struct gup_mm *mm, uint64_t addr)
{
	static uint8_t piece[1 << 16];
	uint8_t sha[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	for (uint64_t left = disk->source->bytes; left;) {
		uint64_t bytes = left < sizeof(piece) ? left : sizeof(piece);

		if (gup_copy_from_user(mm, piece, addr + disk->source->bytes - left, bytes))
			return false;
		sha256_update(&ctx, bytes, piece);
		left -= bytes;
	}
	sha256_digest(&ctx, sizeof(sha), sha);
	return !memcmp(sha, disk->source->sha, sizeof(sha));
}

uint64_t gup_disk_verify(struct gup_disk *disk, struct gup_mm *mm, uint64_t addr)
{
	uint64_t right = 0;

	for (uint64_t copy = 0; copy < disk->copies; copy++) {
		gup_say_progress("SHA-256 of copy %" PRIu64 " of %" PRIu64, copy + 1, disk->copies);
		right += copy_is_right(disk, mm, addr + copy * disk->copy_pages * GUP_PAGE_SIZE);
	}
	return right;
}

void gup_disk_detach(struct gup_disk *disk)
{
	if (!disk)
		return;
	gup_uring_close(disk->dev);
	free(disk->buffers);
	free(disk->reads);
	free(disk);
}
