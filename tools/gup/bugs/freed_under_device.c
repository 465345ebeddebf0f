/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/freed_under_device.c - bug 8: pages are unpinned while the device still writes to them.
 *
 * The device is a thread with one transfer. It writes when the bus is free, and the story decides when that is: after
 * the frame has a new user, or while the driver waits. So both halves go the same way every time.
 */
#define _GNU_SOURCE
#include "bug.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#define NEIGHBOUR "cached file data"
#define DEVICE "from the device!"
#define MEMORY (8 * GUP_MIB)

struct device {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool bus_free;
	bool done;
	char *target; /* where the frame's bytes are; a device keeps an address, not a reference */
};

static void *transfer(void *arg)
{
	struct device *device = arg;

	pthread_mutex_lock(&device->lock);
	while (!device->bus_free)
		pthread_cond_wait(&device->changed, &device->lock);
	memcpy(device->target, DEVICE, sizeof(DEVICE));
	device->done = true;
	pthread_cond_broadcast(&device->changed);
	pthread_mutex_unlock(&device->lock);
	return NULL;
}

static void free_the_bus(struct device *device)
{
	pthread_mutex_lock(&device->lock);
	device->bus_free = true;
	pthread_cond_broadcast(&device->changed);
	pthread_mutex_unlock(&device->lock);
}

/* As wait_event(): until the transfer is done, whatever signals there are. */
static void wait_uninterruptibly(struct device *device)
{
	pthread_mutex_lock(&device->lock);
	while (!device->done)
		pthread_cond_wait(&device->changed, &device->lock);
	pthread_mutex_unlock(&device->lock);
}

static bool is_done(struct device *device)
{
	bool done;

	pthread_mutex_lock(&device->lock);
	done = device->done;
	pthread_mutex_unlock(&device->lock);
	return done;
}

/* The driver's release of the buffer, called when the process is killed: a signal is pending. */
static void release_buffer(struct gup_stage *stage, struct device *device, struct gup_page *page, bool fixed)
{
	if (fixed) {
		free_the_bus(device);
		wait_uninterruptibly(device);
		gup_say("the process is killed; the driver waits, signal or not, until the device has written \"%s\"",
			(const char *)gup_page_address(stage->m, page));
	} else {
		gup_say("the process is killed; the interruptible wait gives -ERESTARTSYS at once, and nobody looks");
	}
	gup_unpin_user_pages_dirty_lock(stage->m, &page, 1, true);
	gup_say("the driver unpins the page while the transfer is %s", is_done(device) ? "done" : "still under way");
	gup_mm_destroy(stage->mm);
	stage->mm = NULL;
}

/* Another application that runs already: its page tables exist, so that what it takes later are pages. */
static uint64_t start_other(struct gup_stage *other)
{
	uint64_t start;

	if (gup_mm_create(other->m, "file cache", &other->mm))
		return 0;
	start = gup_stage_map(other, MEMORY, NULL);
	for (uint64_t at = start; start && at < start + MEMORY; at += GUP_HUGE_SIZE)
		if (gup_populate(other->mm, at, GUP_PAGE_SIZE))
			return 0;
	return start;
}

/* It takes all memory if need be, until it has that frame. Return: its address there, 0 if it never got it. */
static uint64_t take_frame(struct gup_stage *other, uint64_t start, uint64_t pfn)
{
	for (uint64_t at = start; at < start + MEMORY && !gup_populate(other->mm, at, GUP_PAGE_SIZE);
	     at += GUP_PAGE_SIZE)
		if (gup_user_pfn(other->mm, at) == pfn)
			return at;
	return 0;
}

static enum gup_bug_outcome use_frame(struct gup_stage *other, uint64_t addr, struct device *device, uint64_t pfn)
{
	char before[sizeof(NEIGHBOUR)] = "", after[sizeof(NEIGHBOUR)] = "", user[GUP_NAME_MAX] = "";

	if (!addr || gup_frame_user(other->m, pfn, user) != 1)
		return gup_bug_confused("no other application got frame %" PRIu64, pfn);
	gup_copy_to_user(other->mm, addr, NEIGHBOUR, sizeof(NEIGHBOUR));
	gup_copy_from_user(other->mm, before, addr, sizeof(before));
	gup_say("frame %" PRIu64 " belongs to \"%s\" now, which keeps \"%s\" there", pfn, user, before);
	free_the_bus(device);
	wait_uninterruptibly(device);
	gup_copy_from_user(other->mm, after, addr, sizeof(after));
	gup_say("when the device has written all it had to, \"%s\" reads \"%s\"", user, after);
	if (!strcmp(after, DEVICE))
		return GUP_BUG_SEEN;
	return strcmp(after, NEIGHBOUR) ? GUP_BUG_CONFUSED : GUP_BUG_GONE;
}

static enum gup_bug_outcome exit_and_reuse(struct gup_stage *stage, struct device *device, struct gup_page *page,
					   bool fixed)
{
	const uint64_t pfn = gup_page_to_pfn(stage->m, page);
	struct gup_stage other = { .m = stage->m };
	uint64_t start = start_other(&other);
	enum gup_bug_outcome outcome;

	gup_say("the device has a transfer under way to the application's page, frame %" PRIu64, pfn);
	release_buffer(stage, device, page, fixed);
	if (start)
		outcome = use_frame(&other, take_frame(&other, start, pfn), device, pfn);
	else
		outcome = gup_bug_confused("no second application");
	gup_mm_destroy(other.mm);
	return outcome;
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	struct device device = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	uint64_t addr = gup_stage_map(stage, GUP_PAGE_SIZE, NULL);
	enum gup_bug_outcome outcome;
	struct gup_page *page;

	if (gup_pin_user_pages_fast(stage->mm, addr, 1, GUP_WRITE | GUP_LONGTERM, &page) != 1)
		return gup_bug_confused("the pin failed");
	device.target = gup_page_address(stage->m, page);
	if (pthread_create(&device.thread, NULL, transfer, &device)) {
		gup_unpin_user_page(stage->m, page);
		return gup_bug_confused("no thread for the device");
	}
	outcome = exit_and_reuse(stage, &device, page, fixed);
	free_the_bus(&device);
	pthread_join(device.thread, NULL);
	return outcome;
}

const struct gup_bug gup_bug_freed_under_device = {
	.name = "freed-under-device",
	.title = "pages are unpinned while the device still writes to them",
	.link = "https://github.com/fpgasystems/Coyote/pull/251",
	.field = { "Before it released pinned pages, an FPGA driver waited for the device by an interruptible",
		   "wait and ignored the result. With a signal pending, as always when a process exits, it",
		   "did not wait at all, and the device could write to memory that had been given to somebody",
		   "else. On a shared machine it was seen as corrupted cache buffers of ZFS (also #236)." },
	.broken = "the driver goes on when its wait is interrupted",
	.fixed = "its wait cannot be interrupted",
	.broken_contract = GUP_LINUX_6_12,
	.fixed_contract = GUP_LINUX_6_12,
	.machine = { .normal_bytes = MEMORY, .no_huge_pages = true },
	.run = run,
};
