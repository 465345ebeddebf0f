/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/hold.c - what a device does: pin through any entry, write, read, unpin.
 *
 * While a pin lasts, device and application see the same bytes, unless the application has replaced the page: then
 * the device keeps the old one, with what it held. A device's access and a fork, which may copy the same bytes, are
 * ordered by the home's lock; pinning and unpinning are not.
 */
#include <string.h>

#include "soak.h"

/* The plain forms want mmap_lock held; _locked and _remote may drop it. */
static long take(struct gup_mm *mm, struct gup_call *call)
{
	enum gup_entry kind = call->entry % GUP_PIN_USER_PAGES;
	bool locks = kind == GUP_GET_USER_PAGES || kind == GUP_GET_USER_PAGES_REMOTE ||
		     kind == GUP_GET_USER_PAGES_LOCKED;
	int locked = 1;
	long ret;

	call->locked = locks && kind != GUP_GET_USER_PAGES ? &locked : NULL;
	if (locks)
		gup_mmap_read_lock(mm);
	ret = gup_user_pages(mm, call, NULL);
	if (locks && locked)
		gup_mmap_read_unlock(mm);
	return ret;
}

/* The library's own form, as pages. */
static long pin_own(struct hold *hold, unsigned int flags)
{
	struct gup_request request = { span_at(hold->span, hold->first), hold->nr * PAGE, flags, NULL };
	struct gup_extent_iter it = { 0 };
	struct gup_extent extent;
	unsigned int nr = 0;
	int ret = gup_pin(hold->span->mm, &request, &hold->pin, NULL);

	if (ret)
		return ret;
	it.pin = hold->pin;
	while (gup_pin_next_extent(&it, &extent))
		for (uint64_t done = 0; done < extent.bytes; done += PAGE)
			hold->pages[nr++] = extent.page + done / PAGE;
	return nr;
}

static long pin_somehow(struct worker *w, struct hold *hold, unsigned int flags)
{
	unsigned int entry = GUP_PIN_USER_PAGES + dice(w, 7);
	struct gup_call call = { entry, span_at(hold->span, hold->first), hold->nr, flags, hold->pages, NULL };

	return entry == GUP_NR_ENTRIES ? pin_own(hold, flags) : take(hold->span->mm, &call);
}

/* Only a page that was written is sure to be one that a reading pin and the application share. */
static bool all_written(const struct hold *hold)
{
	unsigned int i;

	for (i = 0; i < hold->nr && hold->span->generation[hold->first + i]; i++)
		;
	return i == hold->nr;
}

/* Whoever wants a page for long waits for short pins to go; this worker's own would not go meanwhile. Rarely, all the same. */
static bool wants_longterm(struct worker *w, const struct hold *hold)
{
	if (hold->span == &w->spans[SPAN_FILE] || dice(w, 2))
		return false;
	return !span_is_held(w, hold->span, hold->first, hold->nr) || dice(w, 50) == 0;
}

int act_pin(struct worker *w)
{
	struct hold *hold = &w->holds[w->nr_holds];
	struct span *span = &w->spans[dice(w, SPAN_FOLLOWED)];
	unsigned int flags;
	long ret;

	if (w->nr_holds == HOLDS)
		return hold_release(w, dice(w, HOLDS));
	if (!span_writable(w, span))
		return 0;
	memset(hold, 0, sizeof(*hold));
	hold->span = span;
	hold->nr = 1 + dice(w, HOLD_PAGES);
	hold->first = dice(w, span->pages - hold->nr + 1);
	hold->write = dice(w, 4) || !all_written(hold);
	flags = (hold->write ? GUP_WRITE : 0) | (wants_longterm(w, hold) ? GUP_LONGTERM : 0);
	ret = pin_somehow(w, hold, flags);
	if (ret == 0 || refused(w, ret))
		return 0;
	if (ret == -GUP_EFAULT && span == &w->spans[SPAN_FILE])
		return 0; /* a hole, and no block left */
	CHECK(ret > 0 && ret <= (long)hold->nr);
	hold->nr = ret;
	w->nr_holds++;
	count(w, COUNT_PINS, ret);
	return 0;
}

/* References without a pin: read at once, and given back. */
int act_get(struct worker *w)
{
	struct span *span = &w->spans[dice(w, SPAN_FOLLOWED)];
	unsigned int page = dice(w, span->pages - 3);
	struct gup_page *pages[4];
	struct gup_call call = { dice(w, GUP_PIN_USER_PAGES), span_at(span, page), 4, 0, pages, NULL };
	long ret = take(span->mm, &call), i;
	bool good = true;

	if (ret == 0 || refused(w, ret) || (ret == -GUP_EFAULT && span == &w->spans[SPAN_FILE]))
		return 0;
	CHECK(ret > 0 && ret <= 4);
	for (i = 0; i < ret; i++)
		good &= page_holds(w, span, page + i, span->generation[page + i],
				   gup_page_address(w->soak->m, pages[i]));
	CHECK(gup_put_pages(w->soak->m, pages, ret) == 0);
	CHECK(good);
	return 0;
}

static bool device_sees(struct worker *w, const struct hold *hold, unsigned int i)
{
	unsigned int page = hold->first + i;
	uint64_t generation = hold->lost[i].lost ? hold->lost[i].generation : hold->span->generation[page];

	return page_holds(w, hold->span, page, generation, gup_page_address(w->soak->m, hold->pages[i]));
}

static bool device_works(struct worker *w, struct hold *hold)
{
	bool good = true, writes = hold->write && dice(w, 2);
	unsigned int i, page;

	pthread_rwlock_rdlock(&w->home->device);
	for (i = 0; i < hold->nr; i++) {
		page = hold->first + i;
		good &= device_sees(w, hold, i);
		if (!writes || hold->lost[i].lost)
			continue;
		hold->span->generation[page] = ++w->generation;
		stamp_make(gup_page_address(w->soak->m, hold->pages[i]), w->nr + 1, span_at(hold->span, page),
			   w->generation);
	}
	pthread_rwlock_unlock(&w->home->device);
	return good;
}

int act_device(struct worker *w)
{
	struct hold *hold;
	unsigned int i;

	if (!w->nr_holds)
		return 0;
	hold = &w->holds[dice(w, w->nr_holds)];
	CHECK(device_works(w, hold));
	for (i = 0; i < hold->nr; i++)
		CHECK_CALL(span_check(w, hold->span, hold->first + i));
	return 0;
}

int hold_release(struct worker *w, unsigned int which)
{
	struct hold *hold = &w->holds[which];
	int ret;

	CHECK(device_works(w, hold));
	if (hold->pin)
		ret = gup_unpin(hold->pin, hold->write);
	else
		ret = gup_unpin_user_pages_dirty_lock(w->soak->m, hold->pages, hold->nr, hold->write);
	CHECK(ret == 0);
	*hold = w->holds[--w->nr_holds];
	return 0;
}

int act_unpin(struct worker *w)
{
	return w->nr_holds ? hold_release(w, dice(w, w->nr_holds)) : 0;
}
