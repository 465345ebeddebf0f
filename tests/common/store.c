/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/store.c - a bounded store in memory, behind the files of tests.
 */
#include "store.h"

#include <string.h>

void store_init(struct store *s)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->room = s->fail_at = STORE_PAGES;
}

static bool fails_at(const struct store *s, uint64_t index)
{
	return s->fail_at == STORE_PAGES || s->fail_at == index;
}

static void copy_page(struct store *s, uint64_t index, void *page)
{
	pthread_mutex_lock(&s->lock);
	memcpy(page, s->pages[index], GUP_PAGE_SIZE);
	pthread_mutex_unlock(&s->lock);
}

static int store_read(void *context, uint64_t index, void *page)
{
	struct store *s = context;

	atomic_fetch_add(&s->reads, 1);
	if (s->fail_read && fails_at(s, index))
		return s->fail_read;
	if (index < STORE_PAGES)
		copy_page(s, index, page);
	return 0;
}

static int take_room(struct store *s, uint64_t index)
{
	if (index >= STORE_PAGES)
		return -GUP_ENOSPC;
	if (atomic_exchange(&s->has[index], true))
		return 0;
	if (atomic_fetch_add(&s->used, 1) < s->room)
		return 0;
	atomic_fetch_sub(&s->used, 1);
	s->has[index] = false;
	return -GUP_ENOSPC;
}

static int store_reserve(void *context, uint64_t index)
{
	struct store *s = context;

	atomic_fetch_add(&s->reserves, 1);
	return s->late ? 0 : take_room(s, index);
}

static int store_write(void *context, uint64_t index, const void *page, uint32_t bytes)
{
	struct store *s = context;
	int err;

	atomic_fetch_add(&s->writes, 1);
	if (s->on_write)
		s->on_write(s->user, index, page);
	if (s->fail_write && fails_at(s, index))
		return s->fail_write;
	err = take_room(s, index);
	if (err)
		return err;
	memcpy(s->pages[index], page, GUP_PAGE_SIZE);
	s->bytes[index] = bytes;
	return 0;
}

static void store_discard(void *context, uint64_t offset, uint64_t end)
{
	struct store *s = context;
	uint64_t index, from, to;

	for (index = 0; index < STORE_PAGES; index++) {
		from = index * GUP_PAGE_SIZE > offset ? index * GUP_PAGE_SIZE : offset;
		to = (index + 1) * GUP_PAGE_SIZE < end ? (index + 1) * GUP_PAGE_SIZE : end;
		if (from >= to)
			continue;
		pthread_mutex_lock(&s->lock);
		memset(s->pages[index] + from % GUP_PAGE_SIZE, 0, to - from);
		pthread_mutex_unlock(&s->lock);
		if (to - from == GUP_PAGE_SIZE && atomic_exchange(&s->has[index], false))
			atomic_fetch_sub(&s->used, 1);
	}
}

int store_file(struct gup_machine *m, struct store *s, uint64_t bytes, bool dirty_tracking, struct gup_object **out)
{
	static const struct gup_file_ops ops = { store_read, store_write, store_reserve, store_discard };
	struct gup_file_config config = { .ops = &ops, .context = s, .bytes = bytes, .dirty_tracking = dirty_tracking };

	return gup_file_create(m, &config, out);
}
