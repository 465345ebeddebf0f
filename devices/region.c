/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/region.c - pin and register; unregister and unpin once: on close, or when the range goes.
 *
 * @pin says which it is: who finds it, under the lock, detaches the device and takes it away. The lock is also held
 * while the device is inside; @ending asks it to leave. It is never held over what takes mmap_lock, since the notifier
 * comes with that held and wants the lock. What leaves the pages where they are does not want it: a fork does not wait
 * for a device that waits for its bytes.
 */
#include "region.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct gup_region {
	const struct gup_region_ops *ops;
	void *device;
	struct gup_mm *mm;
	struct gup_interval *interval;
	atomic_bool ending;
	pthread_mutex_t seq_lock; /* of @ending and the interval's number; within @lock */
	pthread_mutex_t lock;
	struct gup_pin *pin; /* NULL: nothing is pinned or registered */
	struct iovec *pieces;
	struct iovec alias; /* contiguous addresses of scattered frames */
	bool writes;
};

static void drop_alias(struct gup_region *region)
{
	gup_vunmap(region->alias.iov_base, (uint32_t)(region->alias.iov_len / GUP_PAGE_SIZE));
	region->alias = (struct iovec){ 0 };
}

static int end_locked(struct gup_region *region)
{
	int err = region->pin ? region->ops->detach(region->device) : 0;

	if (err)
		return err;
	drop_alias(region);
	gup_unpin(region->pin, region->writes);
	region->pin = NULL;
	return 0;
}

static int end(struct gup_region *region)
{
	int err;

	pthread_mutex_lock(&region->lock);
	err = end_locked(region);
	pthread_mutex_unlock(&region->lock);
	return err;
}

/* After these the application has other pages there than the device, or none. */
static bool parts(enum gup_event event)
{
	return event == GUP_EVENT_UNMAP || event == GUP_EVENT_CLEAR || event == GUP_EVENT_TRUNCATE ||
	       event == GUP_EVENT_RELEASE;
}

static bool invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
		       uint64_t seq)
{
	struct gup_region *region = context;
	bool ends = parts(range->event);

	pthread_mutex_lock(&region->seq_lock);
	gup_interval_set_seq(interval, seq);
	if (ends)
		region->ending = true;
	pthread_mutex_unlock(&region->seq_lock);
	if (ends)
		(void)end(region); /* an error leaves the pages pinned, so nobody else gets them */
	return true;
}

static const struct gup_interval_ops interval_ops = { .invalidate = invalidate };

/* Return: pieces, no more than pages. */
static size_t cut(const struct gup_region *region, struct gup_pin *pin, struct iovec *pieces)
{
	struct gup_extent_iter it = { .pin = pin };
	struct gup_machine *m = gup_mm_machine(region->mm);
	struct gup_extent e;
	size_t nr = 0;

	while (gup_pin_next_extent(&it, &e)) {
		char *at = (char *)gup_page_address(m, e.page) + e.offset;

		for (uint64_t done = 0, bytes; done < e.bytes; done += bytes, nr++) {
			bytes = e.bytes - done;
			if (region->ops->piece_max && bytes > region->ops->piece_max)
				bytes = region->ops->piece_max;
			pieces[nr] = (struct iovec){ at + done, bytes };
		}
	}
	return nr;
}

static int make_alias(struct gup_region *region, struct gup_pin *pin)
{
	struct gup_extent_iter it = { .pin = pin };
	struct gup_page **pages = calloc(gup_pin_pages(pin), sizeof(struct gup_page *));
	struct gup_extent e;
	uint32_t nr = 0;
	int err;

	if (!pages)
		return -ENOMEM;
	while (gup_pin_next_extent(&it, &e))
		for (uint64_t at = 0; at < e.bytes / GUP_PAGE_SIZE; at++)
			pages[nr++] = e.page + at;
	err = gup_vmap(gup_mm_machine(region->mm), pages, nr, &region->alias.iov_base);
	if (!err)
		region->alias.iov_len = nr * GUP_PAGE_SIZE;
	free(pages);
	return err;
}

static int attach_pieces(struct gup_region *region, struct gup_pin *pin, size_t nr)
{
	int err;

	if (region->ops->piece_max || nr == 1)
		return region->ops->attach(region->device, region->pieces, nr);
	err = make_alias(region, pin);
	if (!err)
		err = region->ops->attach(region->device, &region->alias, 1);
	if (err)
		drop_alias(region);
	return err;
}

static int attach_locked(struct gup_region *region, struct gup_pin *pin)
{
	int err;

	region->pieces = calloc(gup_pin_pages(pin), sizeof(*region->pieces));
	if (!region->pieces)
		return -ENOMEM;
	err = attach_pieces(region, pin, cut(region, pin, region->pieces));
	if (!err)
		region->pin = pin;
	return err;
}

static bool changed(struct gup_region *region, uint64_t seq)
{
	bool retry;

	pthread_mutex_lock(&region->seq_lock);
	retry = gup_interval_read_retry(region->interval, seq);
	pthread_mutex_unlock(&region->seq_lock);
	return retry;
}

/* Moving pages out of where no long pin may rest changes the range, too; the second time they are where they stay. */
static int try_open(struct gup_region *region, const struct gup_request *range, struct gup_why *why, bool *again)
{
	struct gup_pin *pin;
	uint64_t seq;
	int err;

	seq = gup_interval_read_begin(region->interval);
	region->ending = false; /* what was told before is about other pages; what comes now makes it a retry */
	err = gup_pin(region->mm, range, &pin, why);
	*again = false;
	if (err)
		return err;
	pthread_mutex_lock(&region->lock);
	*again = changed(region, seq);
	if (!*again)
		err = attach_locked(region, pin);
	pthread_mutex_unlock(&region->lock);
	if (err || *again)
		gup_unpin(pin, false);
	return err;
}

static int watch_and_open(struct gup_region *region, const struct gup_request *range, struct gup_why *why)
{
	struct gup_request for_long = *range;
	bool again = true;
	int err = gup_interval_insert(region->mm, range->addr, range->bytes, &interval_ops, region, &region->interval);

	if (err)
		return err;
	for_long.flags |= GUP_LONGTERM;
	while (again)
		err = try_open(region, &for_long, why, &again);
	if (err)
		gup_interval_remove(region->interval);
	return err;
}

static void forget(struct gup_region *region)
{
	pthread_mutex_destroy(&region->lock);
	pthread_mutex_destroy(&region->seq_lock);
	free(region->pieces);
	free(region);
}

int gup_region_open(struct gup_mm *mm, const struct gup_request *range, const struct gup_region_ops *ops, void *device,
		    struct gup_region **out, struct gup_why *why)
{
	struct gup_region *region;
	int err;

	if (!mm || !range || !ops || !out)
		return -EINVAL;
	region = calloc(1, sizeof(*region));
	if (!region)
		return -ENOMEM;
	region->ops = ops;
	region->device = device;
	region->mm = mm;
	region->writes = range->flags & GUP_WRITE;
	pthread_mutex_init(&region->lock, NULL);
	pthread_mutex_init(&region->seq_lock, NULL);
	err = watch_and_open(region, range, why);
	if (err)
		forget(region);
	else
		*out = region;
	return err;
}

int gup_region_enter(struct gup_region *region)
{
	if (!region)
		return 0;
	pthread_mutex_lock(&region->lock);
	if (region->pin)
		return 0;
	pthread_mutex_unlock(&region->lock);
	return -ECANCELED;
}

bool gup_region_ending(const struct gup_region *region)
{
	return region && region->ending;
}

void gup_region_leave(struct gup_region *region)
{
	if (region)
		pthread_mutex_unlock(&region->lock);
}

int gup_region_close(struct gup_region *region)
{
	int err = region ? end(region) : 0;

	if (!err && region)
		err = gup_interval_remove(region->interval);
	if (!err && region)
		forget(region);
	return err;
}
