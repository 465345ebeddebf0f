/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/vma_checked_then_pinned.c - bug 10: what a driver pins is not what it has checked.
 *
 * Between check and pin a second thread of the application replaces the mapping. In the broken half it does so while
 * mmap_lock is free, and is awaited; in the fixed half it is let go while the lock is held, and cannot have come
 * through before the lock is dropped. Neither depends on who is faster.
 */
#define _GNU_SOURCE
#include "bug.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define PRIVATE "private"
#define SHARED "shared!"
#define DEVICE "device!"

struct remap {
	struct gup_stage *stage;
	struct gup_object *object;
	uint64_t addr;
	pthread_t thread;
	atomic_bool started;
	atomic_bool mapped;
	int64_t result;
};

/* What the second thread does: unmap, and map another object at the same address. */
static void *replace_mapping(void *arg)
{
	struct remap *remap = arg;
	const struct gup_map_request request = {
		.addr = remap->addr,
		.length = GUP_PAGE_SIZE,
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = GUP_MAP_SHARED | GUP_MAP_FIXED,
		.object = remap->object,
	};

	atomic_store(&remap->started, true);
	remap->result = gup_munmap(remap->stage->mm, remap->addr, GUP_PAGE_SIZE);
	if (!remap->result)
		remap->result = gup_mmap(remap->stage->mm, &request);
	atomic_store(&remap->mapped, true);
	return NULL;
}

/* The driver's look at the mapping, with mmap_lock held: is the page writable, and private to the application? */
static bool is_private_locked(struct gup_stage *stage, uint64_t addr)
{
	struct gup_frame_info info = { 0 };
	struct gup_page *page;

	if (gup_get_user_pages(stage->mm, addr, 1, GUP_WRITE, &page) != 1)
		return gup_say_unexpected("the check found no writable memory");
	gup_frame_info(stage->m, gup_page_to_pfn(stage->m, page), &info);
	gup_put_page(stage->m, page);
	if (info.kind != GUP_FRAME_ANON)
		return gup_say_unexpected("the check found no private memory");
	gup_say("the driver checks the mapping: writable memory, private to the application");
	return true;
}

/* The lock is free: the other thread gets all the way through. */
static bool gap_without_lock(struct remap *remap)
{
	gup_mmap_read_unlock(remap->stage->mm);
	if (pthread_create(&remap->thread, NULL, replace_mapping, remap)) {
		gup_mmap_read_lock(remap->stage->mm);
		return gup_say_unexpected("no second thread");
	}
	pthread_join(remap->thread, NULL);
	gup_say("it drops mmap_lock; another thread unmaps the page and maps a shared object there");
	gup_mmap_read_lock(remap->stage->mm);
	return true;
}

/* The lock is held: the other thread may try for a while. */
static bool gap_with_lock(struct remap *remap)
{
	const struct timespec while_ = { .tv_nsec = 20 * 1000 * 1000 };

	if (pthread_create(&remap->thread, NULL, replace_mapping, remap))
		return gup_say_unexpected("no second thread");
	while (!atomic_load(&remap->started))
		nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
	nanosleep(&while_, NULL);
	gup_say("it keeps mmap_lock; another thread wants to replace the mapping, and %s",
		atomic_load(&remap->mapped) ? "did" : "has to wait");
	return true;
}

/* Both halves hold the lock when they come and when they go. Return: pages pinned. */
static long check_and_pin_locked(struct remap *remap, bool fixed, struct gup_page **page)
{
	struct gup_stage *stage = remap->stage;

	if (!is_private_locked(stage, remap->addr) || !(fixed ? gap_with_lock(remap) : gap_without_lock(remap)))
		return 0;
	return gup_pin_user_pages(stage->mm, remap->addr, 1, GUP_WRITE | GUP_LONGTERM, page);
}

static enum gup_bug_outcome write_and_judge(struct remap *remap, struct gup_page *page)
{
	struct gup_stage *stage = remap->stage;
	char object[sizeof(DEVICE)] = "", pinned[sizeof(DEVICE)] = "";
	struct gup_frame_info info = { 0 };

	gup_frame_info(stage->m, gup_page_to_pfn(stage->m, page), &info);
	memcpy(gup_page_address(stage->m, page), DEVICE, sizeof(DEVICE));
	memcpy(pinned, gup_page_address(stage->m, page), sizeof(pinned));
	gup_object_read(remap->object, 0, object, sizeof(object));
	gup_say("it pins %s memory; the device writes \"%s\"; the shared object holds \"%s\"",
		info.kind == GUP_FRAME_ANON ? "the private" : "shared", pinned, object);
	if (info.kind == GUP_FRAME_SHM && !strcmp(object, DEVICE))
		return GUP_BUG_SEEN;
	if (info.kind == GUP_FRAME_ANON && !strcmp(object, SHARED))
		return GUP_BUG_GONE;
	return gup_bug_confused("neither the checked page nor the other object was pinned");
}

static enum gup_bug_outcome pin_what_was_checked(struct remap *remap, bool fixed)
{
	struct gup_stage *stage = remap->stage;
	enum gup_bug_outcome outcome;
	struct gup_page *page;
	bool mapped_before;
	long got;

	gup_mmap_read_lock(stage->mm);
	got = check_and_pin_locked(remap, fixed, &page);
	mapped_before = atomic_load(&remap->mapped);
	gup_mmap_read_unlock(stage->mm);
	if (fixed && atomic_load(&remap->started))
		pthread_join(remap->thread, NULL);
	if (got != 1)
		return gup_bug_confused("the pin gave %s", gup_errno_text(got));
	outcome = write_and_judge(remap, page);
	gup_unpin_user_pages_dirty_lock(stage->m, &page, 1, true);
	if (remap->result < 0)
		return gup_bug_confused("the other thread's mapping failed: %s", gup_errno_text(remap->result));
	if (fixed && mapped_before)
		return gup_bug_confused("the mapping was replaced while mmap_lock was held");
	return outcome;
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	struct remap remap = { .stage = stage, .addr = gup_stage_map(stage, GUP_PAGE_SIZE, NULL) };
	enum gup_bug_outcome outcome = GUP_BUG_CONFUSED;

	if (!remap.addr || gup_shm_create(stage->m, GUP_PAGE_SIZE, 0, &remap.object))
		return gup_bug_confused("no shared object");
	if (gup_copy_to_user(stage->mm, remap.addr, PRIVATE, sizeof(PRIVATE)) ||
	    gup_object_write(remap.object, 0, SHARED, sizeof(SHARED)) != sizeof(SHARED))
		gup_say_unexpected("the two pages could not be filled");
	else
		outcome = pin_what_was_checked(&remap, fixed);
	gup_object_put(remap.object);
	return outcome;
}

const struct gup_bug gup_bug_vma_checked_then_pinned = {
	.name = "vma-checked-then-pinned",
	.title = "the mapping is replaced between the driver's check and its pin",
	.link = "https://github.com/amd/xdna-driver/pull/1301",
	.field = { "A driver looked up the mapping of a user buffer under mmap_lock, to see whether all of it",
		   "is mapped and writable, dropped the lock, and pinned afterwards. In between the mapping",
		   "may change, and what was decided no longer fits. The fix holds the lock across both." },
	.broken = "mmap_lock is dropped between check and pin",
	.fixed = "mmap_lock is held across check and pin",
	.broken_contract = GUP_LINUX_6_12,
	.fixed_contract = GUP_LINUX_6_12,
	.machine = { .normal_bytes = 8 * GUP_MIB, .no_huge_pages = true },
	.run = run,
};
