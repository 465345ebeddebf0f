/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/pin.h - getting and pinning user pages.
 *
 * FOLL_GET holds a reference, FOLL_PIN declares that a device will touch the data, LONGTERM that it may do so longer
 * than the memory manager could wait. Three ways in: gup_pin(), the library's own form, all or nothing; the functions
 * with Linux's names and rules; and gup_user_pages(), which all of those are wrappers of and which also says why.
 */
#ifndef GUP_PIN_H
#define GUP_PIN_H

#include <gup/mm.h>
#include <gup/page.h>

GUP_BEGIN_DECLS

/* What a caller may ask for. */
#define GUP_WRITE 0x01u	   /* the device will write: break COW, fault writable */
#define GUP_FORCE 0x02u	   /* as a debugger: ignore protection where a private copy can be made */
#define GUP_LONGTERM 0x04u /* held for long: no CMA, no MOVABLE, no FS DAX */
#define GUP_NOFAULT 0x08u  /* only what is there */
#define GUP_NOWAIT 0x10u   /* do not wait for a page that is being moved */

/*
 * For callers with special needs. ANON, DUMP and SPLIT_PMD need a look at the mapping: a call with one of them has no
 * fast part. INTERRUPTIBLE and HONOR_NUMA_FAULT are taken without effect: every wait here has a bound and nobody is
 * sent signals, and there are no NUMA hints.
 */
#define GUP_ANON 0x20u		    /* anonymous mappings only */
#define GUP_DUMP 0x40u		    /* of anonymous memory only what was written: the rest is an error, no zeroes */
#define GUP_HWPOISON 0x80u	    /* a poisoned page gives -EHWPOISON instead of -EFAULT */
#define GUP_SPLIT_PMD 0x100u	    /* split a 2 MiB mapping before its page is taken */
#define GUP_INTERRUPTIBLE 0x200u    /* any signal ends a wait, not only one that kills */
#define GUP_HONOR_NUMA_FAULT 0x400u /* a page that shall move to another node is faulted in first */
#define GUP_PCI_P2PDMA 0x800u	    /* memory of a PCI device would be fine; not with LONGTERM */

/**
 * enum gup_entry - the entry points by Linux's names
 *
 * Plain and _remote: the caller holds mmap_lock for reading. _locked: the caller holds it, and `locked` says whether
 * it still does. _unlocked: takes it. _fast: without it as long as possible. _fast_only: never takes it.
 */
enum gup_entry {
	GUP_GET_USER_PAGES,
	GUP_GET_USER_PAGES_FAST,
	GUP_GET_USER_PAGES_FAST_ONLY,
	GUP_GET_USER_PAGES_REMOTE,
	GUP_GET_USER_PAGES_LOCKED,
	GUP_GET_USER_PAGES_UNLOCKED,
	GUP_PIN_USER_PAGES,
	GUP_PIN_USER_PAGES_FAST,
	GUP_PIN_USER_PAGES_FAST_ONLY,
	GUP_PIN_USER_PAGES_REMOTE,
	GUP_PIN_USER_PAGES_LOCKED,
	GUP_PIN_USER_PAGES_UNLOCKED,
	GUP_NR_ENTRIES,
};

/** gup_entry_name() - "get_user_pages_fast" and so on; NULL for an unknown value. */
const char *gup_entry_name(enum gup_entry entry);

/**
 * struct gup_call - one call through an entry point
 * @entry:    which one
 * @start:    user address; rounded down to its page
 * @nr_pages: pages wanted; the fast entries take it as an int
 * @flags:    GUP_WRITE and so on
 * @pages:    receives a page for each; NULL where the entry and the contract allow it
 * @locked:   _locked and _remote only: *locked is 1 on entry; 0 on return if mmap_lock was dropped; may be NULL for
 *            _remote
 */
struct gup_call {
	enum gup_entry entry;
	unsigned long start;
	long nr_pages;
	unsigned int flags;
	struct gup_page **pages;
	int *locked;
};

/**
 * gup_user_pages() - any entry point, with the reason if it stops early
 * @mm:   whose pages
 * @call: what is wanted
 * @why:  receives the reason of an error or a partial count; may be NULL
 *
 * Context: as the entry point says; sleeps unless _fast_only.
 * Return: pages taken, which may be fewer than wanted; 0 for nr_pages <= 0; or, with nothing taken:
 * -EINVAL for bad arguments or flags (0 where Linux returns 0), -EFAULT, -ENOMEM, -EOPNOTSUPP (LONGTERM on FS DAX),
 * -EOVERFLOW (a wrapping fast range), -EAGAIN (native: suitable memory kept being replaced).
 *
 * Linux: flags, errnos and partial counts follow the machine's contract, see docs/linux-differences.md.
 */
long gup_user_pages(struct gup_mm *mm, const struct gup_call *call, struct gup_why *why);

/*
 * Linux's names. Parameters, contexts and returns as above; each is gup_user_pages() with its entry.
 */
long gup_get_user_pages(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			struct gup_page **pages);
int gup_get_user_pages_fast(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int flags,
			    struct gup_page **pages);
int gup_get_user_pages_fast_only(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int flags,
				 struct gup_page **pages);
long gup_get_user_pages_remote(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			       struct gup_page **pages, int *locked);
long gup_get_user_pages_locked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			       struct gup_page **pages, int *locked);
long gup_get_user_pages_unlocked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
				 struct gup_page **pages);
long gup_pin_user_pages(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			struct gup_page **pages);
int gup_pin_user_pages_fast(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int flags,
			    struct gup_page **pages);
int gup_pin_user_pages_fast_only(struct gup_mm *mm, unsigned long start, int nr_pages, unsigned int flags,
				 struct gup_page **pages);
long gup_pin_user_pages_remote(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			       struct gup_page **pages, int *locked);
long gup_pin_user_pages_locked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			       struct gup_page **pages, int *locked);
long gup_pin_user_pages_unlocked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
				 struct gup_page **pages);

/**
 * gup_unpin_user_page(), gup_unpin_user_pages(), gup_unpin_user_pages_dirty_lock(),
 * gup_unpin_user_page_range_dirty_lock() - release pins
 * @m:     the machine that the pages belong to
 * @page, @pages: what a pin_user_pages call gave; in the range form @nr pages from @page on
 * @nr:    how many
 * @dirty: mark the pages dirty before they are released: the device wrote to them
 *
 * Context: may sleep (the last release frees).
 * Return: 0; -EINVAL for NULL, or if a page held no pin: that one is skipped and counted (gup_stats.bad_unpins), the
 * others are released. Linux: no return value; an unpin below zero corrupts the count.
 */
int gup_unpin_user_page(struct gup_machine *m, struct gup_page *page);
int gup_unpin_user_pages(struct gup_machine *m, struct gup_page **pages, unsigned long nr);
int gup_unpin_user_pages_dirty_lock(struct gup_machine *m, struct gup_page **pages, unsigned long nr, bool dirty);
int gup_unpin_user_page_range_dirty_lock(struct gup_machine *m, struct gup_page *page, unsigned long nr, bool dirty);

/**
 * gup_put_page(), gup_put_pages() - release what a get_user_pages call gave
 * @m:     the machine that the pages belong to
 * @page, @pages: what a get_user_pages call gave
 * @nr:    how many
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL or if a page held no get (all its references are mappings, cache or pins): skipped and
 * counted. Linux: no return value; put_page() takes any reference.
 */
int gup_put_page(struct gup_machine *m, struct gup_page *page);
int gup_put_pages(struct gup_machine *m, struct gup_page **pages, unsigned long nr);

/**
 * gup_memfd_pin_folios() - pin part of a shared memory or hugetlb object for long, without a mapping
 * @object:      the object
 * @start, @end: first and last byte
 * @folios:      receives the first page of each folio, in order, each with one pin
 * @max_folios:  room at @folios; the call ends when it is used up
 * @offset:      receives the place of @start in the first folio, in bytes; may be NULL
 *
 * Holes are filled, and folios that lie in CMA or MOVABLE are moved first. All or nothing: on error nothing is held.
 *
 * Context: sleeps.
 * Return: number of folios; -EINVAL for NULL, a negative @start, @start > @end, @max_folios 0, another kind of object, an
 * @end beyond the object (also if it becomes shorter meanwhile), a folio whose count is at its end, or a contract whose
 * kernel has no such function (before 6.11); -EFAULT for a page whose memory has failed; -ENOMEM if memory or the hugetlb pool ran out, or if a folio could not be
 * moved; -EAGAIN (native) if unsuitable memory kept turning up.
 */
long gup_memfd_pin_folios(struct gup_object *object, int64_t start, int64_t end, struct gup_page **folios,
			  unsigned int max_folios, uint64_t *offset);

/**
 * gup_unpin_folios() - release what gup_memfd_pin_folios() gave
 * @m:      the machine that the folios belong to
 * @folios: what the call gave
 * @nr:     how many
 *
 * Context and Return: as for gup_unpin_user_pages().
 */
int gup_unpin_folios(struct gup_machine *m, struct gup_page **folios, unsigned long nr);

/**
 * gup_set_page_dirty() - mark the folio of @page dirty
 * @m:    the machine
 * @page: a page that can be held
 *
 * Context: any. Return: 0; -EINVAL for NULL or the machine's own memory.
 */
int gup_set_page_dirty(struct gup_machine *m, struct gup_page *page);

/* ---- the library's own form ---- */

struct gup_owner;
struct gup_pin;

/**
 * gup_owner_create() - name somebody who pins: a device, a queue, a tenant
 * @m:     the machine
 * @name:  1 to 31 characters, shown by holders and refusals
 * @limit: pages its pins may hold at a time; UINT64_MAX for no limit
 * @out:   receives the owner
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL or a bad name; -ENOMEM.
 */
int gup_owner_create(struct gup_machine *m, const char *name, uint64_t limit, struct gup_owner **out);

/**
 * gup_owner_destroy() - forget @owner
 *
 * Context: may sleep. Return: 0, also for NULL; -EBUSY while it has pins, in quarantine or not.
 */
int gup_owner_destroy(struct gup_owner *owner);

/** gup_owner_pinned() - pages of @owner counted against its limit now. Context: any. */
uint64_t gup_owner_pinned(const struct gup_owner *owner);

/**
 * gup_owner_lost() - the device behind @owner does not answer, and may still access what it was given
 * @owner: the owner; it may be lost already
 *
 * Surprise removal, a crash of its firmware, a queue that hangs. Say so before you unpin. From now on gup_pin() refuses
 * this owner, and gup_unpin() of one of its pins returns 0 but keeps the frames: they are in quarantine. Nobody gets
 * them and they do not move until gup_owner_reset(). Pages in quarantine stay charged to the owner and to the mm's
 * limit; the mm may be destroyed. Pins that are not released yet stay as they are.
 *
 * In other threads: a gup_unpin() that found the owner not yet lost releases. A gup_pin() either is among the pins of
 * the owner when this returns, or is refused.
 *
 * Only pins of gup_pin() with an owner can be in quarantine. What the Linux forms took has no owner, and neither have
 * frames of gup_cma_alloc(): keep those yourself until the device was reset.
 *
 * Context: any.
 * Return: 0; -EINVAL for NULL. Linux: nothing of the kind; it relies on an IOMMU that the driver or the bus switches.
 */
int gup_owner_lost(struct gup_owner *owner);

/**
 * gup_owner_reset() - the device behind @owner was reset: it accesses nothing any more
 * @owner: the owner; it need not be lost
 *
 * Releases all that is in quarantine, once, and marks dirty what gup_unpin() said is dirty. The owner may pin again. Its
 * pins that were not released are ordinary ones again.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL, or if somebody else released part of it by unpin_user_page(): that is counted, and the
 * rest is released.
 */
int gup_owner_reset(struct gup_owner *owner);

/** gup_owner_quarantined() - pages of @owner in quarantine, counted as by gup_owner_pinned(). Context: any. */
uint64_t gup_owner_quarantined(const struct gup_owner *owner);

/**
 * struct gup_request - what gup_pin() is asked for
 * @addr:  user address, any alignment
 * @bytes: length, more than 0
 * @flags: GUP_WRITE, GUP_FORCE, GUP_LONGTERM, GUP_NOFAULT, GUP_NOWAIT
 * @owner: whose pin it is; NULL: the mm's name is shown
 */
struct gup_request {
	uint64_t addr;
	uint64_t bytes;
	unsigned int flags;
	struct gup_owner *owner;
};

/**
 * struct gup_extent - frames that follow each other
 * @page:   first frame
 * @offset: where the data begin in it, less than 4096; 0 but for the first extent
 * @bytes:  length of the data
 */
struct gup_extent {
	struct gup_page *page;
	uint32_t offset;
	uint64_t bytes;
};

/**
 * gup_pin() - pin a range of user memory, all or nothing
 * @mm:      whose memory
 * @request: what and how
 * @out:     receives the pin
 * @why:     receives the reason of a refusal; may be NULL
 *
 * Works under every contract; under linux-5.2, which has no FOLL_PIN, it holds plain references, with the
 * consequences that they had there.
 *
 * Context: takes its locks itself; sleeps.
 * Return: 0; -EINVAL for NULL, length 0, unknown flags or an owner of another machine; -EFAULT; -ENOMEM also for a
 * limit (see @why); -EOPNOTSUPP; -EOVERFLOW for a range that wraps; -EAGAIN; -ENODEV for an owner that is lost. On error
 * nothing is held.
 */
int gup_pin(struct gup_mm *mm, const struct gup_request *request, struct gup_pin **out, struct gup_why *why);

/**
 * gup_unpin() - release a pin
 * @pin:   from gup_pin(); NULL is allowed
 * @dirty: the device wrote to it
 *
 * If the owner is lost, the frames stay in quarantine; @pin is gone for the caller all the same.
 *
 * Context: may sleep. The mm and its mapping may be gone.
 * Return: 0; -EINVAL if somebody else released part of it by unpin_user_page(): that is counted, the rest is released
 * and the pin is gone. Also -EINVAL, with nothing changed, for a pin that a cache keeps (gup_pin_cache_put()).
 */
int gup_unpin(struct gup_pin *pin, bool dirty);

/** gup_pin_nr_extents(), gup_pin_bytes(), gup_pin_pages() - extents, bytes, frames of @pin. Context: any. */
size_t gup_pin_nr_extents(const struct gup_pin *pin);
uint64_t gup_pin_bytes(const struct gup_pin *pin);
uint64_t gup_pin_pages(const struct gup_pin *pin);

/**
 * struct gup_extent_iter - a place in a pin's extents
 *
 *	struct gup_extent_iter it = { .pin = pin };
 *	struct gup_extent e;
 *	while (gup_pin_next_extent(&it, &e)) ...
 */
struct gup_extent_iter {
	const struct gup_pin *pin;
	const void *chunk;
	size_t at;
};

/** gup_pin_next_extent() - the next extent in address order. Return: false past the last. */
bool gup_pin_next_extent(struct gup_extent_iter *it, struct gup_extent *out);

/**
 * struct gup_holder - somebody who holds frames
 * @owner:    owner's or mm's name; "(untracked)" if the machine does not track holders
 * @site:     return address of the call that took it, NULL if untracked
 * @pfn:      the first frame of the range that it holds
 * @pages:    how many frames of the range it holds
 * @count:    pins or gets on each of them by this holder; of an untracked one, all that its folio has
 * @pin:      a pin, else a get
 * @longterm: taken with LONGTERM
 * @cma:      not a reference but an allocation of gup_cma_alloc()
 * @age_ns:   how long it has been held
 * @quarantined: released, but the device of its owner is lost: held until gup_owner_reset()
 */
struct gup_holder {
	char owner[GUP_NAME_MAX];
	const void *site;
	uint64_t pfn;
	uint64_t pages;
	uint32_t count;
	bool pin;
	bool longterm;
	bool cma;
	uint64_t age_ns;
	bool quarantined;
};

/**
 * gup_pin_holders() - who holds frames of a range
 * @m:         the machine
 * @first_pfn: first frame
 * @nr:        number of frames; UINT64_MAX for all
 * @out:       receives up to @room holders; may be NULL if @room is 0
 * @room:      entries at @out
 *
 * Context: any; a snapshot.
 * Return: number of holders, which may be more than @room; -EINVAL for NULL; -ENOMEM if the host has no memory for the
 * search.
 */
long gup_pin_holders(struct gup_machine *m, uint64_t first_pfn, uint64_t nr, struct gup_holder *out, size_t room);

GUP_END_DECLS

#endif
