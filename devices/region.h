/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/region.h - a pinned range that a device is registered with, until it is closed or the range is unmapped.
 *
 * What every device here has in common: pin, register with the host; later unregister, and only then unpin. The second
 * half happens once, whoever begins it: the device's owner, or the notifier of the range.
 */
#ifndef GUP_DEVICES_REGION_H
#define GUP_DEVICES_REGION_H

#include <gup/gup.h>

#include <sys/uio.h>

struct gup_region;

/**
 * struct gup_region_ops - what a device does with a range
 * @piece_max: bytes that it takes in one piece, a multiple of 4096; 0: it takes all in one, for which scattered frames get
 *             contiguous addresses, and the range is whole pages
 * @attach:    register @pieces, host addresses of pinned frames in the order of the user addresses, with the host. They
 *             stay where they are until detach. Return: 0 or an errno, with nothing registered.
 * @detach:    stop, wait for what is in flight, unregister. Return: 0; an errno if the host may still use the memory,
 *             which then stays pinned; it may be called again.
 *
 * Context of both: one at a time, and not between gup_region_enter() and gup_region_leave(). They must not call a
 * function of this file, nor what a callback of gup/notifier.h must not.
 */
struct gup_region_ops {
	size_t piece_max;
	int (*attach)(void *device, const struct iovec *pieces, size_t nr);
	int (*detach)(void *device);
};

/**
 * gup_region_open() - pin a range for long and register it
 * @mm:     whose memory
 * @range:  as for gup_pin(); LONGTERM is added
 * @ops:    the device's functions; must last as long as the region
 * @device: their first argument
 * @out:    receives the region
 * @why:    receives the reason if the pin is refused; may be NULL
 *
 * From now on the device is detached and the range unpinned when it, or a part of it, is unmapped, dropped or truncated,
 * or when the mm ends. Fork, migration and mprotect leave a pinned range with its owner, and so the device with it.
 *
 * Context: sleeps; not in a callback of the mm.
 * Return: 0; -EINVAL for NULL; the errno of gup_interval_insert(), gup_pin() or @attach; -ENOMEM. On error nothing is
 * held.
 */
int gup_region_open(struct gup_mm *mm, const struct gup_request *range, const struct gup_region_ops *ops, void *device,
		    struct gup_region **out, struct gup_why *why);

/**
 * gup_region_enter() - begin to use the memory
 * @region: NULL is allowed: memory that somebody else keeps pinned
 *
 * Until gup_region_leave() the device is not detached: who unmaps the range waits. Who forks, migrates or protects does not.
 *
 * Context: sleeps; not in a callback of the mm, and no libgup call before gup_region_leave().
 * Return: 0; -ECANCELED if the range went.
 */
int gup_region_enter(struct gup_region *region);

/** gup_region_ending() - is somebody waiting for the device to leave, or the range gone? Context: any. */
bool gup_region_ending(const struct gup_region *region);

/** gup_region_leave() - what gup_region_enter() began is done, and nothing is in flight. Context: any. */
void gup_region_leave(struct gup_region *region);

/**
 * gup_region_close() - detach and unpin, if the notifier has not done so, and forget the region
 * @region: NULL is allowed; its mm may be gone, its machine not
 *
 * Context: sleeps.
 * Return: 0; the errno of @detach or -EDEADLK in a callback of the mm: then the region is still there, to be closed again.
 */
int gup_region_close(struct gup_region *region);

#endif
