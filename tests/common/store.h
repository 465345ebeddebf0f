/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/store.h - what is behind a regular file in a test: a bounded store in memory that can be made to fail.
 *
 * Nothing here asserts. A page is used by one thread at a time, but it may be read while it is forgotten: the lock is for
 * these two. The counters are atomic.
 */
#ifndef STORE_H
#define STORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <gup/gup.h>

#define STORE_PAGES 512u

/*
 * room: pages that it can hold. late: it takes reservations that it cannot keep, so the write finds it full. fail_read,
 * fail_write: what these return, 0 for success; fail_at is the page that fails, or STORE_PAGES for each. on_write is
 * called before a page is kept, with the store's user.
 */
struct store {
	pthread_mutex_t lock;
	uint8_t pages[STORE_PAGES][GUP_PAGE_SIZE];
	uint32_t bytes[STORE_PAGES]; /* of the last write, that lie in the file */
	atomic_bool has[STORE_PAGES];
	atomic_uint used, reads, writes, reserves;
	unsigned int room, fail_at;
	bool late;
	int fail_read, fail_write;
	void (*on_write)(void *user, uint64_t index, const void *page);
	void *user;
};

/* Empty, with room for all. */
void store_init(struct store *s);
/* A file over it; 0 or errno. */
int store_file(struct gup_machine *m, struct store *s, uint64_t bytes, bool dirty_tracking, struct gup_object **out);

#endif
