/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/programs/pins.c - operations that take pages of the application, let a device use them, and release them.
 *
 * All that is held is the application's page for as long: its stamp stays. What a device stores through a pin is what
 * the application reads, and through a pin for reading a device sees what the application stores, whoever forks or
 * moves pages meanwhile; only who takes the page away from the application ends that.
 */
#include "program.h"

static struct held *room_for(struct actor *a)
{
	return a->nr_held < MAX_PINS ? &a->held[a->nr_held] : NULL;
}

static void check_taken(struct actor *a, struct held *h)
{
	h->stamp = stamp_in(a, h->page);
	if (h->stamp != stamp_of(h->index) && (h->stamp || !world.discards))
		gup_test_fail(a->t, "what was taken is not page %u of the application", h->index);
	if (h->pin && h->write && !h->own)
		h->dma = gup_test_dma_map(a->t, h->page, 0, PAGE, true);
}

static void check_place(struct actor *a, const struct held *h)
{
	struct gup_machine *m = gup_test_machine(a->t);
	struct gup_frame_info info;

	if (!h->longterm || gup_frame_info(m, gup_page_to_pfn(m, h->page), &info))
		return;
	if (!info.longterm_ok)
		gup_test_fail(a->t, "a long-term pin rests where it may not");
}

static void take(struct actor *a, enum gup_entry entry, unsigned int flags)
{
	bool pin = entry >= GUP_PIN_USER_PAGES;
	struct held h = { .index = (a->number + 1) % PAGES, .pin = pin, .write = flags & GUP_WRITE };
	struct held *room = room_for(a);
	struct gup_call call = { entry, page_addr(h.index), 1, flags, &h.page, NULL };
	long nr;

	if (!room)
		return;
	nr = gup_user_pages(gup_test_mm(a->t), &call, NULL);
	gup_test_note("%s(page %u) = %ld", gup_entry_name(entry), h.index, nr);
	if (nr != 1)
		return;
	h.longterm = flags & GUP_LONGTERM;
	check_taken(a, &h);
	*room = h;
	a->nr_held++;
	check_place(a, room);
}

void op_pin(struct actor *a)
{
	take(a, GUP_PIN_USER_PAGES_FAST, GUP_WRITE);
}

void op_pin_read(struct actor *a)
{
	take(a, GUP_PIN_USER_PAGES_FAST, 0);
}

void op_pin_long(struct actor *a)
{
	take(a, GUP_PIN_USER_PAGES_FAST, GUP_WRITE | GUP_LONGTERM);
}

void op_pin_slow(struct actor *a)
{
	take(a, GUP_PIN_USER_PAGES_UNLOCKED, GUP_WRITE);
}

void op_get(struct actor *a)
{
	take(a, GUP_GET_USER_PAGES_FAST, 0);
}

/* All pages in one pin; the device uses the first. */
void op_pin_own(struct actor *a)
{
	struct gup_request request = { page_addr(0), PAGES * PAGE, GUP_WRITE | GUP_LONGTERM, NULL };
	struct held h = { .index = 0, .pin = true, .write = true, .longterm = true };
	struct gup_extent_iter it;
	struct gup_extent extent;
	struct held *room = room_for(a);
	int err;

	if (!room)
		return;
	err = gup_pin(gup_test_mm(a->t), &request, &h.own, NULL);
	gup_test_note("gup_pin = %d", err);
	if (err)
		return;
	it = (struct gup_extent_iter){ .pin = h.own };
	gup_pin_next_extent(&it, &extent);
	h.page = extent.page;
	check_taken(a, &h);
	*room = h;
	a->nr_held++;
	check_place(a, room);
}

static void device_write(struct actor *a, const struct held *h)
{
	uint64_t value = ++a->next;

	if (h->own)
		*lane_in(a, h->page) = value;
	else
		gup_test_dma_write(a->t,
				   h->dma + (uint64_t)((char *)lane_in(a, h->page) -
						       (char *)gup_page_address(gup_test_machine(a->t), h->page)),
				   &value, sizeof(value));
	a->last[h->index] = value;
	lane_check(a, h->index);
}

static void device_read(struct actor *a, const struct held *h)
{
	uint64_t value = ++a->next;

	if (!h->stamp || !lane_write(a, gup_test_mm(a->t), h->index, value))
		return;
	a->last[h->index] = value;
	if (*lane_in(a, h->page) != value && !world.discards)
		gup_test_fail(a->t, "the device does not see what the application stores in page %u", h->index);
}

/* The device uses all that is held. */
void op_device(struct actor *a)
{
	struct held *h;

	for (h = a->held; h < &a->held[a->nr_held]; h++) {
		gup_test_point();
		if (stamp_in(a, h->page) != h->stamp)
			gup_test_fail(a->t, "page %u is somebody else's while it is held", h->index);
		check_place(a, h);
		if (h->pin && h->write)
			device_write(a, h);
		else if (h->pin)
			device_read(a, h);
	}
	gup_test_note("device");
}

static void release(struct actor *a, struct held *h)
{
	struct gup_machine *m = gup_test_machine(a->t);
	int err;

	if (stamp_in(a, h->page) != h->stamp)
		gup_test_fail(a->t, "page %u was somebody else's while it was held", h->index);
	if (h->dma)
		gup_test_dma_unmap(a->t, h->dma, PAGE);
	if (h->own)
		err = gup_unpin(h->own, true);
	else
		err = h->pin ? gup_unpin_user_pages_dirty_lock(m, &h->page, 1, h->write) : gup_put_page(m, h->page);
	if (err)
		gup_test_fail(a->t, "the release of page %u returned %d", h->index, err);
}

void op_unpin(struct actor *a)
{
	if (a->nr_held)
		release(a, &a->held[--a->nr_held]);
	gup_test_note("release");
}

void release_all(struct actor *a)
{
	while (a->nr_held)
		release(a, &a->held[--a->nr_held]);
}
