/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/pin_cache.h - pins that are kept for the next time: the same buffer again costs a look-up.
 *
 * A cache belongs to one mm. gup_pin_cache_get() stands in the place of gup_pin(), gup_pin_cache_put() in that of
 * gup_unpin(). Between them nothing changes; afterwards the pin may stay, idle, until somebody asks for the same again.
 * The cache hears of every change of the mm's entries before it happens, so a pin that it finds is always of the frames
 * that the application sees there.
 */
#ifndef GUP_PIN_CACHE_H
#define GUP_PIN_CACHE_H

#include <gup/pin.h>

GUP_BEGIN_DECLS

struct gup_pin_cache;

/** The largest bound of a cache in pins. */
#define GUP_PIN_CACHE_MAX 262144u

/**
 * struct gup_pin_cache_config - how much a cache may keep
 * @pins:  most pins in it, in use or idle; 1 to GUP_PIN_CACHE_MAX
 * @pages: most pages that these hold, counted as gup_pin_pages(); more than 0, UINT64_MAX for no bound
 */
struct gup_pin_cache_config {
	uint64_t pins;
	uint64_t pages;
};

/**
 * gup_pin_cache_create() - make a cache for @mm
 * @mm:     whose memory
 * @config: its bounds
 * @out:    receives the cache
 *
 * Takes one frame for each 512 of @config->pins at once, up to the next power of two and in one piece, and what the entries
 * need when they come.
 *
 * Context: as gup_notifier_register(), which it calls.
 * Return: 0; -EINVAL for NULL, a bound out of range, or an mm that is being destroyed; -EDEADLK in a callback of the mm;
 * -ENOMEM.
 */
int gup_pin_cache_create(struct gup_mm *mm, const struct gup_pin_cache_config *config, struct gup_pin_cache **out);

/**
 * gup_pin_cache_destroy() - unpin what is idle and free the cache
 * @cache: the cache; the mm may be gone
 *
 * Nobody else may use the cache meanwhile or afterwards.
 *
 * Context: as gup_notifier_unregister(), which it calls.
 * Return: 0, also for NULL; -EBUSY while a pin of it is in use, and -EDEADLK in a callback of the mm: what is idle is
 * unpinned then, and the cache is as good as before.
 */
int gup_pin_cache_destroy(struct gup_pin_cache *cache);

/**
 * gup_pin_cache_get() - a pin of a range, from the cache or a new one
 * @cache:   the cache
 * @request: as for gup_pin(); the owner must last as long as the cache, or until a gup_pin_cache_trim() after its last put
 * @out:     receives the pin: for gup_pin_next_extent() and the like, and for gup_pin_cache_put(). Not for gup_unpin().
 * @why:     receives the reason of a refusal; may be NULL
 *
 * Finds a pin that was made for the same address, length, flags and owner, and that no change of the mm has touched
 * since. A change is each of enum gup_event but GUP_EVENT_PROTECT_PAGE: after a fork or a write-back pinned pages are
 * still the parent's. Where the contract's fork does not copy pinned pages, it is a change like the others.
 * Memory that fails (gup/poison.h) is no change, either: who has pinned it keeps it. Several may have one pin at a time.
 *
 * Otherwise it pins, and keeps the pin for others if no change of the range came between, there is room, and nobody kept
 * the same meanwhile. Room is made by unpinning what has been idle longest: what was put before a pin was kept is older
 * than what was put after it, and those put between two such moments are equal. Where there is none, or the pin is not
 * kept for another reason, the caller has it alone.
 *
 * If a limit of pinned pages of the mm or the owner stands in the way, that many idle pages are unpinned and it tries
 * once more.
 *
 * Context: as gup_pin(), and not with a lock held that a callback of the mm takes; nor may a callback wait for who calls
 * this, since what is no hit waits for callbacks of ranges whose pins went. A hit takes no lock and does not sleep.
 * Return: as gup_pin(); -EINVAL also for an mm that is destroyed; -EDEADLK in a callback of the mm if it is no hit. A hit
 * fails only if the owner is lost.
 */
int gup_pin_cache_get(struct gup_pin_cache *cache, const struct gup_request *request, const struct gup_pin **out,
		      struct gup_why *why);

/**
 * gup_pin_cache_put() - the caller does not use @pin any more
 * @cache: where it is from
 * @pin:   from gup_pin_cache_get(), once for each
 * @dirty: the device wrote to it; the pages are marked when the pin is released
 *
 * A pin that is still good stays. One that a change has touched meanwhile is released by its last put, as gup_unpin()
 * would, and so is one that the caller had alone.
 *
 * Context: any in which gup_unpin() is allowed, also a callback.
 * Return: 0; -EINVAL for NULL, a pin of another cache or of none, or one that the cache keeps and nobody has; or as
 * gup_unpin(). A pin that was released is gone, and must not be put again.
 */
int gup_pin_cache_put(struct gup_pin_cache *cache, const struct gup_pin *pin, bool dirty);

/**
 * gup_pin_cache_trim() - unpin all that is idle
 *
 * Context: any in which gup_unpin() is allowed, also a callback. Return: pages that were unpinned.
 */
uint64_t gup_pin_cache_trim(struct gup_pin_cache *cache);

GUP_END_DECLS

#endif
