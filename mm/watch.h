/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/watch.h - what a machine under test tells its test: who takes and who releases references, and it asks first.
 *
 * All forms come here, each at one place: mm/holders.c for the Linux forms, mm/pin.c for the own one. Told and asked
 * outside of lockless sections, with no lock held but the mmap_lock of a caller who has it. A watch takes and releases
 * nothing itself. A machine without one pays a test of a pointer in each call that takes pages.
 */
#ifndef GUP_MM_WATCH_H
#define GUP_MM_WATCH_H

#include "page.h"

/*
 * struct gup_watch - functions of a test; all of them are there
 * @gate:     before a call takes anything: 0, or the errno that it fails with. *@nr is the number of pages and may be
 *            made smaller, but not 0; NULL for a call that is all or nothing.
 * @taken:    @nr pages from @page on are held by the call at @site
 * @released: and no longer; @site is that of the releasing call. Pages are released as they were taken, or through
 *            others of their folio.
 * @refused:  the call at @site released what was not held so; @page may be no page of the machine. @taken is where a
 *            reference on it was taken, NULL if none is known.
 */
struct gup_watch {
	int (*gate)(struct gup_watch *watch, u64 *nr, const void *site);
	void (*taken)(struct gup_watch *watch, struct gup_page *page, u64 nr, bool pin, const void *site);
	void (*released)(struct gup_watch *watch, struct gup_page *page, u64 nr, bool pin, const void *site);
	void (*refused)(struct gup_watch *watch, struct gup_page *page, bool pin, const void *site, const void *taken);
};

/* Right after the machine was made: nothing of it is held yet. It tracks holders from now on. */
static inline void gup_watch_set(struct gup_machine *m, struct gup_watch *watch)
{
	m->watch = watch;
	m->track_holders = true;
}

static inline int gup_watch_gate(struct gup_machine *m, u64 *nr, const void *site)
{
	return __builtin_expect(!m->watch, 1) ? 0 : m->watch->gate(m->watch, nr, site);
}

/* The zero page is never counted, and never told of. */
static inline void gup_watch_taken(struct gup_machine *m, struct gup_page *page, u64 nr, bool pin, const void *site)
{
	if (m->watch && gup_pfn(m, page) != m->zero_pfn)
		m->watch->taken(m->watch, page, nr, pin, site);
}

static inline void gup_watch_released(struct gup_machine *m, struct gup_page *page, u64 nr, bool pin, const void *site)
{
	if (m->watch && gup_pfn(m, page) != m->zero_pfn)
		m->watch->released(m->watch, page, nr, pin, site);
}

static inline void gup_watch_refused(struct gup_machine *m, struct gup_page *page, bool pin, const void *site,
				     const void *taken)
{
	if (m->watch)
		m->watch->refused(m->watch, page, pin, site, taken);
}

#endif
