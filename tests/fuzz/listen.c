/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/listen.c - subscriptions: each start has its end, and no page that an interval's reader has seen is replaced
 * without the reader being told to look again.
 */
#include "program.h"

static void check_range(const struct listener *listener, const struct gup_notifier_range *range)
{
	PROMISE(listener->app && range->mm == listener->app->mm, "told of another mm");
	PROMISE(range->event < GUP_NR_EVENTS && range->start < range->end && !((range->start | range->end) & 4095),
		"told of [%#llx, %#llx), event %d", (unsigned long long)range->start, (unsigned long long)range->end,
		range->event);
}

static void on_release(void *context, struct gup_mm *mm)
{
	struct listener *listener = context;

	(void)mm;
	PROMISE(!listener->released, "released twice");
	listener->released = true;
}

static void on_start(void *context, const struct gup_notifier_range *range)
{
	struct listener *listener = context;

	check_range(listener, range);
	PROMISE(!listener->released, "told after release");
	listener->under_way++;
}

static void on_end(void *context, const struct gup_notifier_range *range)
{
	struct listener *listener = context;

	check_range(listener, range);
	PROMISE(listener->under_way > 0, "an end without its start");
	listener->under_way--;
}

static bool on_invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
			  uint64_t seq)
{
	struct listener *listener = context;

	check_range(listener, range);
	PROMISE(!listener->released, "told after GUP_EVENT_RELEASE");
	PROMISE(range->start < address_of(listener->first + listener->nr) && range->end > address_of(listener->first),
		"told of a range that is none of the interval's");
	gup_interval_set_seq(interval, seq);
	listener->released = range->event == GUP_EVENT_RELEASE;
	return true;
}

static const struct gup_notifier_ops notifier_ops = { on_release, on_start, on_end };
static const struct gup_interval_ops interval_ops = { on_invalidate };

/* ---- what the reader sees ---- */

static void read_begin(struct listener *listener)
{
	listener->seq = gup_interval_read_begin(listener->interval);
	for (uint32_t i = 0; i < listener->nr; i++)
		listener->pfns[i] = gup_user_pfn(listener->app->mm, address_of(listener->first + i));
	PROMISE(!gup_interval_read_retry(listener->interval, listener->seq), "a retry although nothing happened");
}

static void check_interval(const struct listener *listener)
{
	if (gup_interval_read_retry(listener->interval, listener->seq))
		return;
	PROMISE(!gup_interval_check_retry(listener->interval, listener->seq), "a hint to retry, and no reason");
	for (uint32_t i = 0; i < listener->nr; i++) {
		uint64_t now = gup_user_pfn(listener->app->mm, address_of(listener->first + i));

		PROMISE(!listener->pfns[i] || now == listener->pfns[i],
			"page %u went from pfn %llu to %llu and the reader was not told", listener->first + i,
			(unsigned long long)listener->pfns[i], (unsigned long long)now);
	}
}

void check_listeners(struct program *p)
{
	for (size_t i = 0; i < NR_LISTENERS; i++) {
		PROMISE(!p->listeners[i].under_way, "a start has no end");
		if (p->listeners[i].interval && p->listeners[i].app)
			check_interval(&p->listeners[i]);
	}
}

void do_read_begin(struct program *p)
{
	struct listener *listener = &p->listeners[take_below(p, NR_LISTENERS)];

	if (listener->interval && listener->app)
		read_begin(listener);
}

/* ---- coming and going ---- */

static void listen_interval(struct listener *listener, struct span span)
{
	int err;

	listener->first = span.first;
	listener->nr = span.nr < WATCHED_PAGES ? span.nr : WATCHED_PAGES;
	err = gup_interval_insert(listener->app->mm, address_of(span.first), listener->nr * GUP_PAGE_SIZE,
				  &interval_ops, listener, &listener->interval);
	PROMISE(!err || err == -GUP_ENOMEM, "interval_insert returned %d", err);
	if (err)
		memset(listener, 0, sizeof(*listener));
	else
		read_begin(listener);
}

void do_listen(struct program *p)
{
	struct listener *listener = &p->listeners[take_below(p, NR_LISTENERS)];
	struct app *app = take_app(p);
	struct span span = take_span(p);
	int err;

	if (!app || listener->notifier || listener->interval)
		return;
	listener->app = app;
	if (take_byte(p) & 1) {
		listen_interval(listener, span);
		return;
	}
	err = gup_notifier_register(app->mm, &notifier_ops, listener, &listener->notifier);
	PROMISE(!err || err == -GUP_ENOMEM, "notifier_register returned %d", err);
	if (err)
		memset(listener, 0, sizeof(*listener));
}

void unlisten(struct program *p, struct listener *listener)
{
	(void)p;
	if (listener->interval)
		PROMISE(gup_interval_remove(listener->interval) == 0, "an interval cannot go");
	if (listener->notifier) {
		PROMISE(gup_notifier_unregister(listener->notifier) == 0, "a notifier cannot go");
		PROMISE(listener->released, "release was not called");
	}
	memset(listener, 0, sizeof(*listener));
}

void do_unlisten(struct program *p)
{
	unlisten(p, &p->listeners[take_below(p, NR_LISTENERS)]);
}
