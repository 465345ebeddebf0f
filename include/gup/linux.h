/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/linux.h - opt-in: Linux's bare names over the gup_ functions, with the FOLL_* values of gup/foll.h.
 *
 * Parameters are in Linux's order (the _unlocked forms have the flags last). `struct page` stays `struct gup_page`, and
 * what the kernel takes from `current` or from globals is a first argument: the mm, or the machine that a page belongs
 * to.
 */
#ifndef GUP_LINUX_H
#define GUP_LINUX_H

#include <gup/foll.h>

static inline long get_user_pages(struct gup_mm *mm, unsigned long start, unsigned long nr_pages,
				  unsigned int gup_flags, struct gup_page **pages)
{
	return gup_get_user_pages(mm, start, nr_pages, gup_linux_flags(gup_flags, FOLL_GET | GUP_LINUX_TOUCH), pages);
}

static inline int get_user_pages_fast(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int gup_flags,
				      struct gup_page **pages)
{
	return gup_get_user_pages_fast(mm, start, nr_pages, gup_linux_flags(gup_flags, FOLL_GET), pages);
}

static inline int get_user_pages_fast_only(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int gup_flags,
					   struct gup_page **pages)
{
	return gup_get_user_pages_fast_only(mm, start, nr_pages, gup_linux_flags(gup_flags, FOLL_GET), pages);
}

static inline long get_user_pages_remote(struct gup_mm *mm, unsigned long start, unsigned long nr_pages,
					 unsigned int gup_flags, struct gup_page **pages, int *locked)
{
	return gup_get_user_pages_remote(mm, start, nr_pages, gup_linux_flags(gup_flags, FOLL_GET | GUP_LINUX_TOUCH),
					 pages, locked);
}

static inline long get_user_pages_locked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages,
					 unsigned int gup_flags, struct gup_page **pages, int *locked)
{
	return gup_get_user_pages_locked(mm, start, nr_pages, gup_linux_flags(gup_flags, FOLL_GET | GUP_LINUX_TOUCH),
					 pages, locked);
}

static inline long get_user_pages_unlocked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages,
					   struct gup_page **pages, unsigned int gup_flags)
{
	return gup_get_user_pages_unlocked(mm, start, nr_pages, gup_linux_flags(gup_flags, FOLL_GET | GUP_LINUX_TOUCH),
					   pages);
}

static inline int put_page(struct gup_machine *m, struct gup_page *page)
{
	return gup_put_page(m, page);
}

static inline int set_page_dirty(struct gup_machine *m, struct gup_page *page)
{
	return gup_set_page_dirty(m, page);
}

#if GUP_LINUX != 502

static inline long pin_user_pages(struct gup_mm *mm, unsigned long start, unsigned long nr_pages,
				  unsigned int gup_flags, struct gup_page **pages)
{
	return gup_pin_user_pages(mm, start, nr_pages, gup_linux_flags(gup_flags, GUP_LINUX_TOUCH), pages);
}

static inline int pin_user_pages_fast(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int gup_flags,
				      struct gup_page **pages)
{
	return gup_pin_user_pages_fast(mm, start, nr_pages, gup_linux_flags(gup_flags, 0), pages);
}

static inline int pin_user_pages_fast_only(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int gup_flags,
					   struct gup_page **pages)
{
	return gup_pin_user_pages_fast_only(mm, start, nr_pages, gup_linux_flags(gup_flags, 0), pages);
}

static inline long pin_user_pages_remote(struct gup_mm *mm, unsigned long start, unsigned long nr_pages,
					 unsigned int gup_flags, struct gup_page **pages, int *locked)
{
	return gup_pin_user_pages_remote(mm, start, nr_pages, gup_linux_flags(gup_flags, GUP_LINUX_TOUCH), pages,
					 locked);
}

static inline long pin_user_pages_locked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages,
					 unsigned int gup_flags, struct gup_page **pages, int *locked)
{
	return gup_pin_user_pages_locked(mm, start, nr_pages, gup_linux_flags(gup_flags, GUP_LINUX_TOUCH), pages,
					 locked);
}

static inline long pin_user_pages_unlocked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages,
					   struct gup_page **pages, unsigned int gup_flags)
{
	return gup_pin_user_pages_unlocked(mm, start, nr_pages, gup_linux_flags(gup_flags, GUP_LINUX_TOUCH), pages);
}

static inline int unpin_user_page(struct gup_machine *m, struct gup_page *page)
{
	return gup_unpin_user_page(m, page);
}

static inline int unpin_user_pages(struct gup_machine *m, struct gup_page **pages, unsigned long npages)
{
	return gup_unpin_user_pages(m, pages, npages);
}

static inline int unpin_user_pages_dirty_lock(struct gup_machine *m, struct gup_page **pages, unsigned long npages,
					      bool make_dirty)
{
	return gup_unpin_user_pages_dirty_lock(m, pages, npages, make_dirty);
}

static inline int unpin_user_page_range_dirty_lock(struct gup_machine *m, struct gup_page *page, unsigned long npages,
						   bool make_dirty)
{
	return gup_unpin_user_page_range_dirty_lock(m, page, npages, make_dirty);
}

#endif

#endif
