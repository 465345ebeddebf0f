/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/bugs/stale_registration.c - bug 11: a cache of pins answers with pages that are mapped nowhere any more.
 *
 * The cache has one entry. With an interval notifier it hears of the unmap and drops its pin before the pages go.
 */
#define _GNU_SOURCE
#include "bug.h"

#include <pthread.h>
#include <string.h>

#define OLD "old bytes"
#define DEVICE "new bytes"

struct cache {
	struct gup_stage *stage;
	uint64_t addr;
	pthread_mutex_t lock;
	struct gup_pin *pin;
	struct gup_interval *interval; /* NULL: nobody tells */
	int dropped;
};

/* Called before the entries change, perhaps with mmap_lock held: unpinning is allowed here, pinning is not. */
static bool invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
		       uint64_t seq)
{
	struct cache *cache = context;

	(void)range;
	pthread_mutex_lock(&cache->lock);
	gup_interval_set_seq(interval, seq);
	cache->dropped += cache->pin != NULL;
	gup_unpin(cache->pin, true);
	cache->pin = NULL;
	pthread_mutex_unlock(&cache->lock);
	return true;
}

static const struct gup_interval_ops interval_ops = { .invalidate = invalidate };

/* Pins and enters the pin, unless the mapping changed meanwhile. */
static int try_fill(struct cache *cache, bool *again)
{
	const struct gup_request request = { cache->addr, GUP_PAGE_SIZE, GUP_WRITE | GUP_LONGTERM, NULL };
	uint64_t seq = gup_interval_read_begin(cache->interval);
	struct gup_pin *pin;
	int err = gup_pin(cache->stage->mm, &request, &pin, NULL);

	*again = false;
	if (err)
		return err;
	pthread_mutex_lock(&cache->lock);
	*again = gup_interval_read_retry(cache->interval, seq);
	if (!*again)
		cache->pin = pin;
	pthread_mutex_unlock(&cache->lock);
	return *again ? gup_unpin(pin, false) : 0;
}

/* What a cache is for: the second time it is asked for the same address, it has the answer. */
static int look_up(struct cache *cache, struct gup_page **page)
{
	struct gup_extent extent;
	bool hit = cache->pin != NULL, again = !hit;
	int err = 0;

	while (again && !err)
		err = try_fill(cache, &again);
	if (err)
		return err;
	gup_pin_next_extent(&(struct gup_extent_iter){ .pin = cache->pin }, &extent);
	*page = extent.page;
	gup_say("the cache is asked for the buffer's address: %s", hit ? "it has a pin" : "it has none, and pins");
	return 0;
}

/* The application gives its buffer back and gets new memory at the same address. */
static bool replace_buffer(struct cache *cache)
{
	const struct gup_map_request request = {
		.addr = cache->addr,
		.length = GUP_PAGE_SIZE,
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = GUP_MAP_PRIVATE | GUP_MAP_FIXED_NOREPLACE,
	};
	struct gup_mm *mm = cache->stage->mm;

	if (gup_munmap(mm, cache->addr, GUP_PAGE_SIZE) || gup_mmap(mm, &request) != (int64_t)cache->addr ||
	    gup_copy_to_user(mm, cache->addr, OLD, sizeof(OLD)))
		return gup_say_unexpected("the buffer could not be replaced");
	gup_say("the application unmaps the buffer, maps new memory at the same address and writes \"%s\"", OLD);
	if (cache->dropped)
		gup_say("the cache was told of the unmap and has dropped its pin");
	return true;
}

static enum gup_bug_outcome receive(struct cache *cache, struct gup_page *page)
{
	char seen[sizeof(OLD)] = "", user[GUP_NAME_MAX] = "?";
	int mapped = gup_frame_user(cache->stage->m, gup_page_to_pfn(cache->stage->m, page), user);

	memcpy(gup_page_address(cache->stage->m, page), DEVICE, sizeof(DEVICE));
	gup_copy_from_user(cache->stage->mm, seen, cache->addr, sizeof(seen));
	gup_say("the device writes \"%s\" to the cached page, %s%s", DEVICE, mapped == 1 ? "mapped by the " : "", user);
	gup_say("the application reads \"%s\"", seen);
	if (!strcmp(seen, OLD))
		return GUP_BUG_SEEN;
	return strcmp(seen, DEVICE) ? GUP_BUG_CONFUSED : GUP_BUG_GONE;
}

static enum gup_bug_outcome use_twice(struct cache *cache)
{
	struct gup_page *page;

	if (look_up(cache, &page))
		return gup_bug_confused("the first registration failed");
	if (!replace_buffer(cache))
		return GUP_BUG_CONFUSED;
	if (look_up(cache, &page))
		return gup_bug_confused("the second registration failed");
	return receive(cache, page);
}

static enum gup_bug_outcome run(struct gup_stage *stage, bool fixed)
{
	struct cache cache = { .stage = stage, .lock = PTHREAD_MUTEX_INITIALIZER };
	enum gup_bug_outcome outcome;

	cache.addr = gup_stage_map(stage, GUP_PAGE_SIZE, NULL);
	if (!cache.addr)
		return GUP_BUG_CONFUSED;
	if (fixed && gup_interval_insert(stage->mm, cache.addr, GUP_PAGE_SIZE, &interval_ops, &cache, &cache.interval))
		return gup_bug_confused("no notifier");
	outcome = use_twice(&cache);
	if (fixed)
		gup_interval_remove(cache.interval);
	gup_unpin(cache.pin, true);
	return outcome;
}

const struct gup_bug gup_bug_stale_registration = {
	.name = "stale-registration",
	.title = "a cache of pins knows an address whose memory was replaced",
	.link = "https://github.com/ofi-cray/libfabric-cray/issues/1000",
	.field = { "Registering memory with a network card is slow, so a library kept registrations by address.",
		   "A program unmaps a buffer without ending its registration and maps new memory there: the",
		   "card still has the old pages, and another node's write succeeds into the wrong buffer.",
		   "In issue 1350, mapping again at the same address, reads gave data of the round before." },
	.broken = "the cache is not told when the mapping goes",
	.fixed = "each entry has an interval notifier, and is dropped before the pages go",
	.broken_contract = GUP_LINUX_6_12,
	.fixed_contract = GUP_LINUX_6_12,
	.machine = { .normal_bytes = 8 * GUP_MIB, .no_huge_pages = true },
	.run = run,
};
