/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/notifier.h - being told when what an mm maps changes: for devices that follow page tables instead of pinning.
 *
 * Two kinds of subscription. A notifier hears of every change in an mm, before and after it. An interval hears of
 * changes in one range, and its sequence number tells a reader that looks at pages at the same time to look again.
 * Both may drop pins when they are told; then truncate and migration need not wait for those.
 */
#ifndef GUP_NOTIFIER_H
#define GUP_NOTIFIER_H

#include <gup/mm.h>

GUP_BEGIN_DECLS

struct gup_notifier;
struct gup_interval;

/**
 * enum gup_event - why entries of a range change
 * @GUP_EVENT_UNMAP:        munmap, mremap, or a mapping that GUP_MAP_FIXED replaces; one range for each mapping
 * @GUP_EVENT_CLEAR:        MADV_DONTNEED; a present page is replaced by a private copy (also by an unshare, and also the
 *                          zero page); a 2 MiB entry of an object is dropped because only a part of it changes
 * @GUP_EVENT_PROTECT_VMA:  mprotect; one range for each mapping that it changes
 * @GUP_EVENT_PROTECT_PAGE: fork write-protects a private mapping of the parent; a page of a shared file is written back
 * @GUP_EVENT_MIGRATE:      the pages move to other frames, whoever asked for it, or a folio is split
 * @GUP_EVENT_TRUNCATE:     the object's pages go away: truncate or punch
 * @GUP_EVENT_RELEASE:      the mm is being destroyed; intervals only
 * @GUP_NR_EVENTS:          how many there are
 *
 * Nothing is told when an entry appears, becomes writable or comes back after a move, nor when a 2 MiB entry of
 * anonymous memory becomes 4 KiB entries of the same frames. A range may hold nothing, and a change that is tried again
 * is told again.
 *
 * Linux: UNMAP, CLEAR, PROTECT_VMA, PROTECT_PAGE and RELEASE are MMU_NOTIFY_* of the same name. MIGRATE is
 * MMU_NOTIFY_CLEAR there; MMU_NOTIFY_MIGRATE says that a device moves pages to its own memory, which does not exist
 * here. TRUNCATE is MMU_NOTIFY_CLEAR there. One MMU_NOTIFY_UNMAP covers all mappings of a munmap.
 */
enum gup_event {
	GUP_EVENT_UNMAP,
	GUP_EVENT_CLEAR,
	GUP_EVENT_PROTECT_VMA,
	GUP_EVENT_PROTECT_PAGE,
	GUP_EVENT_MIGRATE,
	GUP_EVENT_TRUNCATE,
	GUP_EVENT_RELEASE,
	GUP_NR_EVENTS,
};

/**
 * struct gup_notifier_range - what changes
 * @mm:    whose entries
 * @start: first address, a multiple of 4 KiB
 * @end:   first address behind it, a multiple of 4 KiB
 * @event: why
 */
struct gup_notifier_range {
	struct gup_mm *mm;
	uint64_t start;
	uint64_t end;
	enum gup_event event;
};

/**
 * struct gup_notifier_ops - what a notifier is told; each may be NULL
 * @release:          the mm is about to be unmapped (gup_mm_destroy()) or the notifier to be unregistered, whichever
 *                    comes first: called once. What it was told of stops being true when it returns.
 * @invalidate_start: entries of @range will change when everybody has returned; until then they are as they were
 * @invalidate_end:   they have changed. Comes once for each start, also if nothing changed in the end.
 *
 * All notifiers of an mm are called in the order of their registration, at the start and at the end, and after the
 * intervals. Calls for different changes may overlap in time. A change that was under way when the notifier was
 * unregistered still has its end.
 *
 * Context of all callbacks, of intervals too: may sleep. Changes come with mmap_lock of the mm or locks of the reverse
 * map held, and sometimes with a locked folio or a zone being emptied. So a callback must not take mmap_lock, nor call
 * what maps, unmaps, faults, pins by a slow path, forks, migrates, truncates, allocates from CMA, or gives an object or
 * an mm back; nor wait for a thread that does. It may unpin and put pages (gup_unpin(), gup_unpin_user_page() and so
 * on), get or pin what is present by a _fast_only form, look at frames (gup/page.h), and call gup_interval_set_seq(),
 * gup_interval_read_retry() and gup_interval_check_retry(). Registering and unregistering are refused: -EDEADLK.
 *
 * Linux: struct mmu_notifier_ops. There invalidate_range_start() may be told not to sleep, and may fail then; no
 * change here comes from a place where it could not. There is no aging, and no call for secondary TLBs.
 */
struct gup_notifier_ops {
	void (*release)(void *context, struct gup_mm *mm);
	void (*invalidate_start)(void *context, const struct gup_notifier_range *range);
	void (*invalidate_end)(void *context, const struct gup_notifier_range *range);
};

/**
 * gup_notifier_register() - hear of every change of an mm's entries
 * @mm:      the mm
 * @ops:     what to call; stays the caller's, and must last as long as the notifier
 * @context: first argument of each call; may be NULL
 * @out:     receives the notifier, before the first call
 *
 * When it returns, no change is under way that the notifier was not told of. A child of fork has none of its parent's
 * subscriptions.
 *
 * Context: sleeps; takes mmap_lock for writing and waits for changes that are under way. Not in a callback of the mm.
 * Return: 0; -EINVAL for NULL (but @context) or an mm that is being destroyed; -EDEADLK in a callback of the mm;
 * -ENOMEM. On error *@out is not a notifier.
 * Linux: mmu_notifier_register().
 */
int gup_notifier_register(struct gup_mm *mm, const struct gup_notifier_ops *ops, void *context,
			  struct gup_notifier **out);

/**
 * gup_notifier_unregister() - end it and free it
 * @notifier: from gup_notifier_register(); the mm may be gone
 *
 * Calls release() first, unless gup_mm_destroy() has called it. When it returns, no callback of the notifier runs and
 * none will come. Must be called once for each notifier, also after the mm was destroyed; what is left when the machine
 * goes is freed with it.
 *
 * Context: sleeps; waits for changes that are under way, so no lock held that a callback takes, nor mmap_lock.
 * Return: 0; -EINVAL for NULL; -EDEADLK in a callback of the mm, with nothing changed.
 * Linux: mmu_notifier_unregister(). There the end of a change that is under way may be missed.
 */
int gup_notifier_unregister(struct gup_notifier *notifier);

/**
 * struct gup_interval_ops - what an interval is told
 * @invalidate: entries of @range, which overlaps the interval, will change when everybody has returned. Under a lock of
 *              its own the callback calls gup_interval_set_seq() with @seq and stops using what it has learned. The
 *              value it returns means nothing yet: return true.
 *
 * Context: as for struct gup_notifier_ops.
 * Linux: struct mmu_interval_notifier_ops. false says there that the callback would have to sleep and may not; here it
 * always may.
 */
struct gup_interval_ops {
	bool (*invalidate)(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
			   uint64_t seq);
};

/**
 * gup_interval_insert() - hear of changes of a range
 * @mm:      the mm
 * @start:   first address, any alignment; nothing needs to be mapped
 * @length:  bytes, more than 0
 * @ops:     what to call; stays the caller's, and must last as long as the interval
 * @context: first argument of each call; may be NULL
 * @out:     receives the interval, before the first call
 *
 * May come while entries of the range change: gup_interval_read_begin() waits for the end of that.
 *
 * Context: sleeps; takes mmap_lock for writing if it is the first subscription of the mm. Not in a callback of the mm.
 * Return: 0; -EINVAL for NULL (but @context), no invalidate(), an empty range, one that wraps or ends beyond
 * GUP_USER_TOP, or an mm that is being destroyed; -EDEADLK in a callback of the mm; -ENOMEM. On error *@out is not an
 * interval.
 * Linux: mmu_interval_notifier_insert(), which says -EOVERFLOW to a bad range.
 */
int gup_interval_insert(struct gup_mm *mm, uint64_t start, uint64_t length, const struct gup_interval_ops *ops,
			void *context, struct gup_interval **out);

/**
 * gup_interval_remove() - end it and free it
 * @interval: from gup_interval_insert(); the mm may be gone
 *
 * When it returns, no callback of the interval runs and none will come. Must be called once for each interval, also
 * after the mm was destroyed, which tells the interval GUP_EVENT_RELEASE, the last call, and lets go of it. What is
 * left when the machine goes is freed with it.
 *
 * Context: sleeps; waits for changes of the range that are under way, so no lock held that a callback takes, nor
 * mmap_lock.
 * Return: 0; -EINVAL for NULL; -EDEADLK as for gup_notifier_unregister(), with nothing changed.
 * Linux: mmu_interval_notifier_remove(). There all intervals must be gone before the mm is.
 */
int gup_interval_remove(struct gup_interval *interval);

/**
 * gup_interval_read_begin() - begin to look at what the range maps
 * @interval: whose range
 *
 *	do {
 *		seq = gup_interval_read_begin(interval);
 *		get or pin pages of the range
 *		take the lock that invalidate() takes
 *		if (!gup_interval_read_retry(interval, seq))
 *			use them: invalidate() will come before any of them is replaced
 *		drop it
 *	} while (it was a retry);
 *
 * Waits for changes of the range that are under way. It waits once and not for those that begin meanwhile, so it
 * returns; then gup_interval_read_retry() is true.
 *
 * Context: sleeps; not in a callback, nor with a lock held that one takes.
 * Return: the sequence number; 0 for NULL.
 * Linux: mmu_interval_read_begin() waits for all changes of the mm.
 */
uint64_t gup_interval_read_begin(struct gup_interval *interval);

/**
 * gup_interval_read_retry() - did a change come between?
 * @interval: whose range
 * @seq:      from gup_interval_read_begin()
 *
 * Context: any, with the lock held under which invalidate() calls gup_interval_set_seq().
 * Return: true if what was looked at must not be used; false for NULL.
 */
bool gup_interval_read_retry(const struct gup_interval *interval, uint64_t seq);

/**
 * gup_interval_check_retry() - the same without a lock, as a hint to give up early
 * @interval: whose range
 * @seq:      from gup_interval_read_begin()
 *
 * Context: any. Return: true if gup_interval_read_retry() would be true; a false means nothing.
 */
bool gup_interval_check_retry(const struct gup_interval *interval, uint64_t seq);

/**
 * gup_interval_set_seq() - what invalidate() does before anything else
 * @interval: the one that is invalidated
 * @seq:      as it was given to invalidate()
 *
 * Context: in invalidate(), with the lock held that the reader takes for gup_interval_read_retry().
 */
void gup_interval_set_seq(struct gup_interval *interval, uint64_t seq);

GUP_END_DECLS

#endif
