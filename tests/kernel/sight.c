/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/sight.c - a cell with an event: a page is held, something happens, the device writes. Who sees it?
 *
 * A device that may only read does not write; the words then tell what it reads, and what the others do.
 */
#define _GNU_SOURCE
#include "pins.h"
#include "side.h"

#include <stdio.h>
#include <string.h>

static int fork_and(enum pin_event event)
{
	side_fork();
	if (event == PIN_FORK_EXIT)
		side_child_end();
	if (event == PIN_FORK_STORE || event == PIN_FORK_EXIT)
		side_write(0, PIN_IS_LATE);
	else if (event == PIN_FORK_CHILD)
		side_child_write(0, PIN_IS_CHILD);
	return 0;
}

static int truncate_and_grow(void)
{
	int err = side_truncate(0);

	return err ? err : side_truncate(PIN_PAGES);
}

static int happen(enum pin_event event, uint64_t pfn)
{
	switch (event) {
	case PIN_WANT:
		return side_want(pfn);
	case PIN_STORE:
		side_write(0, PIN_IS_LATE);
		return 0;
	case PIN_FORK:
	case PIN_FORK_STORE:
	case PIN_FORK_CHILD:
	case PIN_FORK_EXIT:
		return fork_and(event);
	case PIN_DONTNEED:
		return side_dontneed();
	case PIN_REMAP:
		return side_remap();
	case PIN_TRUNCATE:
		return truncate_and_grow();
	default:
		return 0;
	}
}

static void print_sight(const struct pin_cell *c, bool device_writes)
{
	printf(" device=%s", pin_byte_name(side_device_read(0)));
	if (device_writes)
		side_device_write(0, PIN_IS_DEVICE);
	printf(" app=%s", pin_byte_name(side_read(0)));
	if (c->event >= PIN_FORK && c->event <= PIN_FORK_CHILD)
		printf(" child=%s", pin_byte_name(side_child_read(0)));
	if (pin_has_object(c->mapping))
		printf(" file=%s", pin_byte_name(side_file_read(0)));
}

static bool is_movable(const struct side_frame *frame)
{
	return strcmp(frame->zone, "movable") == 0;
}

/* Who wants a page wants one that could be taken away. */
static void make(const struct pin_cell *c, struct side_frame *frame)
{
	pins_make(c);
	side_mapped(0, frame);
	while (c->event == PIN_WANT && is_movable(frame) && !side_could_want(frame->pfn)) {
		side_keep();
		side_unmap();
		pins_make(c);
		side_mapped(0, frame);
	}
}

void sight_cell(const struct pin_cell *c)
{
	struct side_frame before;
	long got;
	int err;

	make(c, &before);
	if (c->event == PIN_WANT && !is_movable(&before)) {
		side_unmap();
		return;
	}
	pin_print_name(c, true);
	got = side_take(c->entry, pin_flags[c->flags].foll);
	pin_print_result(got);
	if (got > 0) {
		err = happen(c->event, before.pfn);
		if (err)
			printf(" event=%s", strerrorname_np(-err));
		print_sight(c, strncmp(pin_flags[c->flags].name, "write", 5) == 0);
	}
	printf("\n");
	side_release();
	side_child_end();
	side_unmap();
}
