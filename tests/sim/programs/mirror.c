/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/programs/mirror.c - a device that uses pages without holding them, as long as nobody says that they change.
 *
 * The translation is looked up between the two halves of the interval's protocol, and used under the subscriber's lock
 * while it is there. So what is stored through it is always stored in the application's page.
 */
#include "program.h"

#define TRIES 3u

struct mirror {
	struct actor *a;
	struct gup_interval *interval;
	struct gup_page *page; /* the translation, or NULL */
	bool locked;
};

static void lock(struct mirror *mirror)
{
	gup_test_look();
	while (mirror->locked)
		gup_test_stall("the mirror's lock");
	mirror->locked = true;
}

static void unlock(struct mirror *mirror)
{
	gup_test_point();
	mirror->locked = false;
}

static bool invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
		       uint64_t seq)
{
	struct mirror *mirror = context;

	(void)range;
	lock(mirror);
	gup_interval_set_seq(interval, seq);
	mirror->page = NULL;
	unlock(mirror);
	return true;
}

static unsigned int index_of(const struct actor *a)
{
	return (a->number + 1) % PAGES;
}

/* One try; false if something changed meanwhile. */
static bool look_up(struct mirror *mirror)
{
	struct gup_mm *mm = gup_test_mm(mirror->a->t);
	uint64_t seq = gup_interval_read_begin(mirror->interval);
	struct gup_page *page;
	bool same;

	if (gup_get_user_pages_fast(mm, page_addr(index_of(mirror->a)), 1, GUP_WRITE, &page) != 1)
		return true;
	gup_put_page(gup_test_machine(mirror->a->t), page);
	lock(mirror);
	same = !gup_interval_read_retry(mirror->interval, seq);
	mirror->page = same ? page : NULL;
	unlock(mirror);
	return same;
}

/* As long as it has not been told, the page is the application's: neither free nor somebody else's. */
static void check_page(const struct mirror *mirror)
{
	struct actor *a = mirror->a;
	struct gup_machine *m = gup_test_machine(a->t);
	uint64_t stamp = stamp_in(a, mirror->page);
	struct gup_frame_info info;

	if (gup_frame_info(m, gup_page_to_pfn(m, mirror->page), &info) || !info.refs)
		gup_test_fail(a->t, "the mirror has a page that is free");
	else if (stamp != stamp_of(index_of(a)) && (stamp || !world.discards))
		gup_test_fail(a->t, "the mirror has a page that is not the application's page %u", index_of(a));
}

static void use(struct mirror *mirror)
{
	struct actor *a = mirror->a;
	unsigned int index = index_of(a);

	lock(mirror);
	if (mirror->page) {
		check_page(mirror);
		*lane_in(a, mirror->page) = ++a->next;
		a->last[index] = a->next;
	}
	unlock(mirror);
	lane_check(a, index);
}

void op_mirror(struct actor *a)
{
	static const struct gup_interval_ops ops_of_mirror = { .invalidate = invalidate };
	struct mirror mirror = { .a = a };
	unsigned int tries = 0;
	int err = gup_interval_insert(gup_test_mm(a->t), page_addr(index_of(a)), PAGE, &ops_of_mirror, &mirror,
				      &mirror.interval);

	gup_test_note("interval_insert = %d", err);
	if (err)
		return;
	while (tries++ < TRIES && !look_up(&mirror))
		;
	use(&mirror);
	gup_test_point();
	use(&mirror);
	gup_interval_remove(mirror.interval);
	gup_test_note("mirror");
}

/* ---- who only wants to know ---- */

struct listener {
	unsigned int open;
	bool wrong;
};

static void start(void *context, const struct gup_notifier_range *range)
{
	struct listener *l = context;

	(void)range;
	l->open++;
}

static void end(void *context, const struct gup_notifier_range *range)
{
	struct listener *l = context;

	(void)range;
	l->wrong = l->wrong || !l->open;
	l->open--;
}

void op_listen(struct actor *a)
{
	static const struct gup_notifier_ops ops_of_listener = { .invalidate_start = start, .invalidate_end = end };
	struct gup_notifier *notifier;
	struct listener l = { 0 };
	int err = gup_notifier_register(gup_test_mm(a->t), &ops_of_listener, &l, &notifier);

	gup_test_note("notifier_register = %d", err);
	if (err)
		return;
	op_write(a);
	err = gup_notifier_unregister(notifier);
	if (err || l.wrong || l.open)
		gup_test_fail(a->t, "a subscriber heard %u starts without an end%s, and left with %d", l.open,
			      l.wrong ? ", or an end without a start" : "", err);
}
