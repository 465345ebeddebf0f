/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/migrate.h - moving folios on request: by user address, or to take a range of frames away.
 */
#ifndef GUP_MIGRATE_H
#define GUP_MIGRATE_H

#include <gup/mm.h>
#include <gup/page.h>

GUP_BEGIN_DECLS

/**
 * gup_migrate_range() - move every movable folio that is mapped in a range to other frames
 * @mm:     the mm
 * @addr:   user address, a multiple of 4 KiB
 * @length: bytes, more than 0
 * @why:    receives the reason for the first folio that stayed; may be NULL
 *
 * Pinned folios stay where they are, and so do zero pages, DAX and CMA owners' frames.
 *
 * Context: sleeps, takes mmap_lock for reading.
 * Return: number of folios that moved; -EINVAL for NULL or a bad range. If a movable folio stayed, @why->error is
 * -EBUSY or -ENOMEM.
 */
long gup_migrate_range(struct gup_mm *mm, uint64_t addr, uint64_t length, struct gup_why *why);

/**
 * gup_split_folio() - turn a large folio into 4 KiB folios in place
 * @m:    the machine
 * @page: any page of an anonymous or shared-memory folio; the caller holds a get on it, which stays valid for @page
 * @why:  receives the reason of a refusal; may be NULL
 *
 * Parts that no entry maps any more are freed.
 *
 * Context: sleeps.
 * Return: 0, also if it is small already; -EINVAL for NULL or another kind; -EBUSY if somebody else holds it; -ENOMEM.
 */
int gup_split_folio(struct gup_machine *m, struct gup_page *page, struct gup_why *why);

/**
 * gup_offline_range() - empty a range of frames and take it out of use
 * @m:          the machine
 * @first_pfn:  first frame, a multiple of 512
 * @nr:         number of frames, a multiple of 512, within ZONE_MOVABLE
 * @timeout_ns: how long to wait for pins
 * @why:        receives the reason of a refusal; may be NULL
 *
 * Context: sleeps.
 * Return: 0; -EINVAL for NULL, a bad range or one that is partly offline; -EBUSY if somebody holds a frame past the
 * bound (named in @why), with the range in use as before; -ENOMEM if its contents have no other place.
 */
int gup_offline_range(struct gup_machine *m, uint64_t first_pfn, uint64_t nr, uint64_t timeout_ns, struct gup_why *why);

/**
 * gup_online_range() - give an offline range back to the allocator
 * @m:         the machine
 * @first_pfn: first frame, a multiple of 512
 * @nr:        number of frames, a multiple of 512, within ZONE_MOVABLE
 *
 * Context: sleeps.
 * Return: 0; -EINVAL for NULL, a bad range or one that is not all offline, with nothing changed.
 */
int gup_online_range(struct gup_machine *m, uint64_t first_pfn, uint64_t nr);

GUP_END_DECLS

#endif
