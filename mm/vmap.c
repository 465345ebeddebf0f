/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/vmap.c - a contiguous alias of scattered frames: a window that shows what it is told and never faults.
 */
#include "internal.h"

/* Frames from @page on that follow each other. */
static u32 run_length(struct gup_page *const *pages, u32 nr)
{
	u32 run = 1;

	while (run < nr && pages[run] == pages[0] + run)
		run++;
	return run;
}

static bool all_known(struct gup_machine *m, struct gup_page *const *pages, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (!gup_page_to_pfn(m, pages[i]))
			return false;
	return true;
}

static bool show_all(struct gup_machine *m, struct gup_port_window *window, struct gup_page *const *pages, u32 nr)
{
	u32 i, run;

	for (i = 0; i < nr; i += run) {
		u64 from = (u64)(gup_bytes_of(m, pages[i]) - (u8 *)m->frame_memory.base);

		run = run_length(pages + i, nr - i);
		if (!gup_port_window_map(window, (u64)i << GUP_PAGE_SHIFT, (u64)run << GUP_PAGE_SHIFT, &m->frame_memory,
					 from, GUP_PORT_MAP_WRITE))
			return false;
	}
	return true;
}

int gup_vmap(struct gup_machine *m, struct gup_page *const *pages, uint32_t nr, void **out)
{
	struct gup_port_window window = { .bytes = (u64)nr << GUP_PAGE_SHIFT };
	int err;

	if (!m || !pages || !nr || !out || !all_known(m, pages, nr))
		return -GUP_EINVAL;
	err = gup_port_window_open(&window);
	if (err)
		return err;
	if (!show_all(m, &window, pages, nr)) {
		gup_port_window_close(&window);
		return -GUP_ENOMEM;
	}
	*out = window.base;
	return 0;
}

void gup_vunmap(void *at, uint32_t nr)
{
	struct gup_port_window window = { .base = at, .bytes = (u64)nr << GUP_PAGE_SHIFT };

	if (at && nr)
		gup_port_window_close(&window);
}
