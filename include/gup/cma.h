/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/cma.h - contiguous memory: areas that applications borrow until their owner needs them.
 */
#ifndef GUP_CMA_H
#define GUP_CMA_H

#include <gup/object.h>
#include <gup/page.h>

GUP_BEGIN_DECLS

/**
 * gup_cma_alloc() - contiguous frames from an area, moving away whoever borrows them
 * @m:          the machine
 * @area:       name of the area
 * @bytes:      size, a positive multiple of 4 KiB
 * @align:      alignment in bytes, a power of two of at least 4 KiB, or 0 for 4 KiB
 * @timeout_ns: how long to wait for short pins on borrowed pages
 * @out:        receives the first page; the frames are the caller's, not zeroed
 * @why:        receives the reason of a refusal, with the holder; may be NULL
 *
 * Context: sleeps; one allocation in an area at a time.
 * Return: 0; -EINVAL for NULL or bad sizes; -ENOENT without such an area; -ENOMEM if the area has no such range left or
 * the borrowed pages have no other place; -EBUSY if somebody held a page past the timeout. On error the area is as
 * before, though pages may have moved out of it.
 */
int gup_cma_alloc(struct gup_machine *m, const char *area, uint64_t bytes, uint64_t align, uint64_t timeout_ns,
		  struct gup_page **out, struct gup_why *why);

/**
 * gup_cma_free() - give frames back to their area; a part of an allocation is fine
 * @m:     the machine
 * @page:  first page
 * @bytes: size, a positive multiple of 4 KiB
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL, bad sizes or frames that are not all allocated; -EBUSY if one is mapped or pinned, with
 * nothing changed.
 */
int gup_cma_free(struct gup_machine *m, struct gup_page *page, uint64_t bytes);

/**
 * gup_cma_object() - an object over allocated frames, so that the owner can map and pin them
 * @m:     the machine
 * @page:  first page of (part of) an allocation
 * @bytes: size, a positive multiple of 4 KiB
 * @out:   receives the object; its size is fixed
 *
 * The frames stay where they are. Under the native contract a LONGTERM pin of them is allowed, since their owner never
 * has to give them to anybody; Linux's rules refuse it.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL, bad sizes or frames that are not all allocated; -EBUSY if an object over one of them
 * exists; -ENOMEM.
 */
int gup_cma_object(struct gup_machine *m, struct gup_page *page, uint64_t bytes, struct gup_object **out);

GUP_END_DECLS

#endif
