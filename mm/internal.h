/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/internal.h - what the files of the core offer each other, grouped by file.
 *
 * Suffixes: _locked: the caller holds the lock. Plain functions take what they need.
 */
#ifndef GUP_MM_INTERNAL_H
#define GUP_MM_INTERNAL_H

#include "contract.h"
#include "machine.h"
#include "page.h"
#include "pt.h"
#include "watch.h"

#define GUP_WAIT_LONG UINT64_C(1000000000)
#define GUP_WAIT_MOMENT UINT64_C(1000000)

/* ---- zone.c, buddy.c: see page.h, and ---- */
u64 gup_zone_nr_free(struct gup_zone *zone);
/* Start and order of the free block that @pfn is part of; 0 if it is in none. */
u64 gup_free_block_around(struct gup_machine *m, u64 pfn, unsigned int *out_order);

/* ---- machine.c, info.c ---- */
void gup_list_add(struct gup_machine *m, struct gup_link *list, struct gup_link *link);
void gup_list_del(struct gup_machine *m, struct gup_link *link);
struct gup_zone *gup_zone_by_name(struct gup_machine *m, enum gup_zone_kind kind, const char *name);
/* Copy a name; false if it is too long. */
bool gup_name_set(char *to, const char *from);
/* Raise a counter of a slot that is the thread's own. */
static inline void gup_counter_add(u64 *counter, u64 n)
{
	gup_port_store_relaxed(counter, gup_port_load_relaxed(counter) + n);
}

/* Raise a counter: without a locked operation where the slot is the thread's own. */
#define GUP_COUNT(m, what, n)                                                                                          \
	do {                                                                                                           \
		unsigned int slot_ = gup_port_slot();                                                                  \
		if (slot_ < GUP_PORT_OWN_SLOTS)                                                                        \
			gup_counter_add(&(m)->counters[slot_].what, (u64)(n));                                         \
		else                                                                                                   \
			gup_port_fetch_add(&(m)->counters[GUP_PORT_OWN_SLOTS].what, (u64)(n));                         \
	} while (0)

/* ---- gup.c ---- */
/* What the gate lets through, for calls that have no time to ask it. */
void gup_gate_init(struct gup_machine *m);

/* ---- mm.c ---- */
void gup_mm_put(struct gup_mm *mm);
void gup_lineage_put(struct gup_machine *m, struct gup_lineage *lineage);

/* ---- vma.c ---- */
struct gup_vma *gup_vma_find(const struct gup_mm *mm, u64 addr);
struct gup_vma *gup_vma_first(const struct gup_mm *mm, u64 start, u64 end);
struct gup_vma *gup_vma_next(const struct gup_vma *vma, u64 start, u64 end);
/* A copy of @like (or an empty one) that is in no tree yet. */
struct gup_vma *gup_vma_new(struct gup_mm *mm, const struct gup_vma *like);
/* Into the mm's tree and the reverse maps, with references on object and lineage; and out again. */
void gup_vma_link(struct gup_vma *vma);
void gup_vma_unlink(struct gup_vma *vma);
void gup_vma_free(struct gup_vma *vma);
/* Make @addr a boundary. 0; -ENOMEM, or -EINVAL inside of a hugetlb page, with nothing changed. */
int gup_vma_split(struct gup_vma *vma, u64 addr);
/* Join with neighbours that continue it; returns the VMA that covers it now. */
struct gup_vma *gup_vma_merge(struct gup_vma *vma);
/* It ends at @end from now on, where nothing is mapped up to there. mmap_lock held for writing. */
void gup_vma_extend(struct gup_vma *vma, u64 end);
/* The range is page aligned, not empty and in user space. */
bool gup_range_ok(u64 addr, u64 length);
/* Page-align the length of a range that a call is about. 0 if the range is not in user space. */
u64 gup_range_length(u64 addr, u64 length);

/* ---- mmap.c ---- */
/* Unmap whole pages. 0; -ENOMEM, or -EINVAL inside of a hugetlb page, with nothing changed. mmap_lock held for writing. */
int gup_unmap_locked(struct gup_mm *mm, u64 start, u64 end);
/* @wish, rounded to @unit, if that is free; else another place, 0 if there is none. @unit: of the object. */
u64 gup_find_gap(struct gup_mm *mm, u64 wish, u64 length, u64 unit);

/* ---- hugetlb.c ---- */
/* Set folios aside when the machine is made. 0 or -ENOMEM. */
int gup_hugetlb_init(struct gup_machine *m, unsigned int normal, unsigned int movable);
/* A folio that nothing is reserved for, with one reference. NULL if the pool has none in @scope. */
struct gup_page *gup_hugetlb_alloc(struct gup_machine *m, enum gup_scope scope);
/* The folio's count is zero: it is the pool's again. */
void gup_hugetlb_free(struct gup_machine *m, struct gup_page *head);
u64 gup_hugetlb_nr_free(struct gup_machine *m);
/*
 * A new private folio for the faulting address from the bytes of @from, or zeroes; @reserved: from those kept for the
 * mapping, if there are any. NULL if the pool has none.
 */
struct gup_page *gup_hugetlb_new_page(struct gup_fault *f, struct gup_page *from, bool reserved);
/* Make a folio for the piece of 2 MiB around @index, with the one kept for it if there is one. 0, -ENOSPC, -ENOMEM. */
int gup_hugetlb_fill_hole(struct gup_object *object, u64 index, enum gup_scope scope);
/* Keep folios for a VMA that is about to be linked. 0 or -ENOMEM. mmap_lock held for writing. */
int gup_hugetlb_reserve(struct gup_vma *vma);
/* A private mapping goes: nothing is kept for it any more. */
void gup_hugetlb_unreserve(struct gup_vma *vma);
/* @upper was split off: what was kept for its pages goes with it. */
void gup_hugetlb_split(struct gup_vma *vma, struct gup_vma *upper);

/* ---- mirror.c ---- */
/* The folio's memory may not be read any more: out of all windows with it. Folio locked. */
void gup_mirror_forget(struct gup_page *head);
/* The mm is empty: its window goes. */
void gup_mirror_close(struct gup_mm *mm);

/* ---- mlock.c ---- */
/* Would @pages more pass the limit of locked memory? mmap_lock held for writing. */
bool gup_lock_exceeds(const struct gup_mm *mm, u64 pages);
/* The VMA, if it is locked, counts @pages more; a negative number fewer. */
static inline void gup_lock_account(struct gup_vma *vma, u64 pages)
{
	if (vma->flags & GUP_VM_LOCKED)
		gup_port_fetch_add(&vma->mm->locked, pages);
}

/* ---- object.c ---- */
/* Is it a mapping of an object of this kind? */
static inline bool gup_vma_is(const struct gup_vma *vma, enum gup_object_kind kind)
{
	return vma->object && vma->object->kind == kind;
}

/* @zone: of the DAX device or CMA area, else NULL. A device DAX object covers its zone. */
int gup_object_new(struct gup_machine *m, const struct gup_object_ops *ops, enum gup_object_kind kind,
		   struct gup_zone *zone, struct gup_object **out);
void gup_object_ref(struct gup_object *object);
/*
 * The folio at page @index, locked, up to date and with a reference. 0; -EFAULT beyond the end, -ENOENT for a hole if
 * @fill is false, -ENOMEM, -ENOSPC, -EIO.
 */
int gup_object_folio(struct gup_object *object, u64 index, enum gup_scope scope, bool fill, struct gup_page **out_head,
		     struct gup_page **out_page);
/* Pages of it, the last of which may be partly beyond the end. Object locked. */
u64 gup_object_pages_locked(const struct gup_object *object);
/* The first page index at or after *index that has a folio. */
bool gup_object_next(struct gup_object *object, u64 *index);
/* The folio cached at @index, also beyond the end, locked and with a reference; false if there is none just now. */
bool gup_object_cached(struct gup_object *object, u64 index, struct gup_page **out_head, struct gup_page **out_page);
/* Is nothing cached in [first, first + nr), and all of it inside the object? */
bool gup_object_has_room(struct gup_object *object, u64 first, u64 nr);
/* Make a folio of @order around @index and put it into the cache, if nobody else did. 0, or what fill() returned. */
int gup_object_fill(struct gup_object *object, u64 index, unsigned int order, enum gup_scope scope);
/* Put @new_head in the place of @old_head, which is frozen; the cache's reference moves along. */
void gup_object_replace(struct gup_object *object, struct gup_page *old_head, struct gup_page *new_head);
/* Take a locked folio out of the cache; unlock it and give the caller's and the cache's references back. */
void gup_object_drop(struct gup_object *object, struct gup_page *head);
/* Take a folio out of the cache; the cache's reference is the caller's now. Object locked. */
void gup_object_remove_locked(struct gup_object *object, struct gup_page *head);
extern const struct gup_object_ops gup_shm_ops;
extern const struct gup_object_ops gup_fsdax_ops;
extern const struct gup_object_ops gup_devdax_ops;
extern const struct gup_object_ops gup_cma_ops;
extern const struct gup_object_ops gup_pfnmap_ops;
extern const struct gup_object_ops gup_secret_ops;
extern const struct gup_object_ops gup_hugetlb_ops;

/* ---- truncate.c ---- */
/* Change the size of what lets go of its folios at once. size_lock held. */
void gup_object_resize_locked(struct gup_object *object, u64 size);

/* ---- file.c, writeback.c ---- */
/* What a store returned, as one of the errors that it may return. */
int gup_store_error(int err);
/* Bytes of a page that lie in the file. Folio locked. */
u32 gup_file_bytes(struct gup_object *file, const struct gup_page *head);
/* Write what is dirty when the file is nobody's any more, and log what is lost. */
void gup_file_write_last(struct gup_object *file);

/* ---- fault.c, fault_anon.c, fault_file.c, cow.c ---- */
#define GUP_FAULT_WRITE 1u
#define GUP_FAULT_UNSHARE 2u   /* make an anonymous page exclusive without making it writable */
#define GUP_FAULT_BREAK_COW 4u /* also replace zero and object pages of private mappings by private copies */

struct gup_fault {
	struct gup_mm *mm;
	struct gup_vma *vma;
	u64 addr; /* page aligned */
	unsigned int flags;
	enum gup_scope scope;
	u64 wait_pfn;
	u32 wait_seen;
};

/* Context: mmap_lock held for reading, the access allowed by the VMA. Never GUP_FAULT_AGAIN. */
enum gup_fault_result gup_fault(struct gup_fault *f);
void gup_fault_wait(struct gup_fault *f);
void gup_fault_cancel(struct gup_fault *f);
/* Fault, waiting for migrations; and the same with 0 or an errno. */
enum gup_fault_result gup_fault_through(struct gup_mm *mm, struct gup_vma *vma, u64 addr, unsigned int flags);
int gup_fault_in(struct gup_mm *mm, struct gup_vma *vma, u64 addr, unsigned int flags);

enum gup_fault_result gup_fault_anon(struct gup_fault *f, struct gup_slot *slot);
enum gup_fault_result gup_fault_anon_huge(struct gup_fault *f, struct gup_slot *slot);
bool gup_fault_can_be_huge(const struct gup_fault *f);
/* A new private page for the faulting address from the bytes of @from, or zeroes. NULL if memory ran out. */
struct gup_page *gup_fault_new_page(struct gup_fault *f, struct gup_page *from);
/* Install a private folio, which brings its first reference; the slot is its first entry. Table locked, all entries empty. */
void gup_fault_map_anon(struct gup_fault *f, struct gup_slot *slot, struct gup_page *head);
enum gup_fault_result gup_fault_file(struct gup_fault *f, struct gup_slot *slot);
/* Install an entry for a page of the locked folio, which the caller holds by one reference of its own. */
enum gup_fault_result gup_fault_map_page(struct gup_fault *f, struct gup_slot *slot, struct gup_page *head,
					 struct gup_page *page);
/* What an errno of gup_object_folio() means to a fault. */
enum gup_fault_result gup_fault_result_of(int err);
/* A present entry that does not allow the access. Table locked; unlocks it. */
enum gup_fault_result gup_fault_present_locked(struct gup_fault *f, struct gup_slot *slot);

/* ---- notifier.c, interval.c ---- */

/* What every subscription has: it sees the invalidations with a number above @born and up to @died. */
struct gup_subscription {
	struct gup_mm *mm; /* [c] holds a reference */
	void *context;	   /* [c] */
	u64 born;	   /* [mm->notifiers.lock] */
	u64 died;	   /* [mm->notifiers.lock] */
};

struct gup_notifier {
	struct gup_link link; /* [mm->notifiers.lock] */
	struct gup_subscription sub;
	const struct gup_notifier_ops *ops; /* [c] */
	bool released;			    /* [mm->notifiers.lock] release() was called, or is running */
};

struct gup_interval {
	struct gup_itree_node node; /* [mm->notifiers.lock] */
	struct gup_subscription sub;
	const struct gup_interval_ops *ops; /* [c] */
	u64 seq;			    /* [a] of the last invalidation that the subscriber was told of */
};

/* One invalidation: entries of a range change between its begin and its end. Lives on the stack. */
struct gup_invalidation {
	struct gup_link link; /* [mm->notifiers.lock] */
	struct gup_notifier_range range;
	u64 seq;
	u64 self;     /* the thread */
	bool running; /* somebody was subscribed when it began */
};

void gup_notifiers_init(struct gup_notifiers *n);
/* Links one subscription; the lock is held. */
typedef void gup_subscribe_fn(struct gup_notifiers *n, struct gup_subscription *sub);
/* Make it part of its mm. 0, -EINVAL if that is being destroyed, -EDEADLK in a callback. */
int gup_subscribe(struct gup_subscription *sub, gup_subscribe_fn *link);
/* It was unlinked. */
void gup_unsubscribed_locked(struct gup_notifiers *n);
/* The calling thread is in a callback of this mm. */
bool gup_in_callback_locked(const struct gup_notifiers *n);
/* Does an invalidation up to number @upto run, with @interval one that overlaps it? And sleep until none does. */
bool gup_invalidation_runs_locked(const struct gup_notifiers *n, u64 upto, const struct gup_interval *interval);
void gup_invalidation_wait_locked(struct gup_notifiers *n, u64 upto, const struct gup_interval *interval);
void gup_invalidate_start(struct gup_invalidation *inv);
void gup_invalidate_finish(struct gup_invalidation *inv);
/* Call release() and tell the intervals; afterwards nobody is told anything any more. */
void gup_notifiers_release(struct gup_mm *mm);

/* Whoever changes entries holds mmap_lock or the reverse map's lock, so a false stays true until that is dropped. */
static inline bool gup_mm_watched(const struct gup_mm *mm)
{
	return gup_port_load(&mm->notifiers.on);
}

/*
 * Begin to change entries of [start, end): tell who is subscribed, and return when all of them know. Context: mmap_lock
 * or a reverse map's lock that covers the range held, no gup_port_lock; sleeps.
 */
static inline void gup_invalidate_begin(struct gup_invalidation *inv, struct gup_mm *mm, u64 start, u64 end,
					enum gup_event event)
{
	inv->running = gup_mm_watched(mm);
	if (!inv->running)
		return;
	inv->range = (struct gup_notifier_range){ mm, start, end, event };
	gup_invalidate_start(inv);
}

/* All entries are changed. Context: the same lock still held. */
static inline void gup_invalidate_end(struct gup_invalidation *inv)
{
	if (inv->running)
		gup_invalidate_finish(inv);
}

/* ---- unpin.c ---- */
/* Release a run of one folio that a call took. Returns how many of it somebody else released already: counted once. */
u32 gup_release_run(struct gup_machine *m, struct gup_page *page, u32 nr, bool pin);
/* Release @nr pages as a pin or a get of the library's own; they are held. */
void gup_release_pages(struct gup_machine *m, struct gup_page **pages, u64 nr, bool pin);

/* ---- holders.c ---- */
struct gup_track {
	struct gup_track *next; /* [track_lock] */
	char owner[GUP_NAME_MAX];
	const void *site;
	u64 pfn, since;
	u32 count;
	bool pin, longterm;
};
void gup_track_add(struct gup_machine *m, struct gup_page *page, u64 nr, const struct gup_track *what);
/* Forget one record of @page, which the call at @site released. */
void gup_track_del(struct gup_machine *m, struct gup_page *page, bool pin, const void *site);
/* The site that took a reference on @page, for a report; NULL if none is known. */
const void *gup_track_site(struct gup_machine *m, struct gup_page *page);
/* Name somebody who holds a frame of the folio, and how often it was tried. */
void gup_why_holder(struct gup_machine *m, struct gup_why *why, struct gup_page *head, unsigned int tries);
void gup_log_holder(const struct gup_holder *h);

/* ---- owner.c ---- */
struct gup_owner {
	struct gup_link link;	 /* [g] */
	struct gup_machine *m;	 /* [c] */
	char name[GUP_NAME_MAX]; /* [c] */
	u64 limit;		 /* [c] */
	u64 pinned;		 /* [a] */
	u64 nr_pins;		 /* [a] */
	u64 quarantined;	 /* [a] pages of its pins in quarantine; written under list_lock */
	u32 lost;		 /* [a] its device is; written under list_lock */
};
/* True for good under list_lock, a hint without. @owner may be NULL. */
bool gup_owner_is_lost(const struct gup_owner *owner);
u64 gup_quarantined_pages(struct gup_machine *m);
/* Put a complete pin into the machine's list; false if its owner is lost, and it is not put there. */
bool gup_pin_enlist(struct gup_pin *pin);
/*
 * Take a pin out of the machine's list for release; false if its owner is lost. Then it stays there in quarantine, and
 * is the caller's no longer.
 */
bool gup_pin_delist(struct gup_pin *pin, bool dirty);

/* ---- pin.c ---- */

/* Frames that an extent touches. */
static inline u64 gup_extent_frames(const struct gup_extent *e)
{
	return (e->offset + e->bytes + GUP_PAGE_SIZE - 1) >> GUP_PAGE_SHIFT;
}

#define GUP_CHUNK_EXTENTS ((GUP_PAGE_SIZE - 16) / sizeof(struct gup_extent))

struct gup_chunk {
	struct gup_chunk *next;
	u64 nr;
	struct gup_extent extents[GUP_CHUNK_EXTENTS];
};

struct gup_pin {
	struct gup_link link; /* [g] */
	struct gup_mm *mm;
	struct gup_owner *owner;
	const void *site;
	u64 since, addr, bytes, pages;
	u64 nr_extents;
	unsigned int flags;
	bool pin;	  /* else references, where the contract has no FOLL_PIN */
	bool quarantined; /* [g] released, but its device was lost */
	bool dirty;	  /* [g] what its release in quarantine will say */
	struct gup_chunk *first, *last;
	struct gup_pin_entry *cached; /* [c] of the cache that it is in, or NULL (pin_cache.h) */
};
/* Is it a request that can be tried? 0, or why not. */
int gup_pin_check(struct gup_mm *mm, const struct gup_request *r, struct gup_why *why);
/* gup_pin() and gup_unpin() for the call at @site; @why is not NULL. */
int gup_pin_range(struct gup_mm *mm, const struct gup_request *request, struct gup_pin **out, struct gup_why *why,
		  const void *site);
int gup_unpin_from(struct gup_pin *pin, bool dirty, const void *site);
/* Append a run of frames. 0 or -ENOMEM. */
int gup_pin_append(struct gup_pin *pin, struct gup_page *page, u64 nr);
/*
 * Give the pages of a pin that is in no list back, and free it. @site: of who releases a pin that was complete, else
 * NULL. 0, or -EINVAL if somebody else had released part of it.
 */
int gup_pin_release(struct gup_pin *pin, bool dirty, const void *site);

/* ---- migrate.c ---- */
/* Claim a folio for moving. The caller holds a reference, which is kept on success. */
bool gup_folio_isolate(struct gup_page *head);
/*
 * Move an isolated folio to frames in @scope and give the isolation and its reference back. Waits for references that
 * go away by themselves, @tries times. 0, -EBUSY (somebody holds it; named in @why), -ENOMEM.
 */
int gup_folio_migrate(struct gup_machine *m, struct gup_page *head, enum gup_scope scope, unsigned int tries,
		      struct gup_why *why);
/*
 * Make single frames of a large folio that no entry maps, in place. Folio locked; @refs are the caller's references,
 * all on
 * @keep. 0, or -EBUSY if anybody else holds it.
 */
int gup_folio_split_unmapped(struct gup_machine *m, struct gup_page *head, struct gup_page *keep, u32 refs);
/* Wait until nobody is moving it. */
void gup_folio_wait_isolated(struct gup_machine *m, struct gup_page *head);

/* ---- isolate.c ---- */
/* The moment at which a timeout that begins now ends. */
u64 gup_deadline(u64 timeout_ns);
/*
 * Empty [start, end) of a zone and take its frames out of the free lists. @deadline: how long to wait for what is
 * held; 0 for one scan. Context: the zone's isolate_lock held. 0, -EBUSY, -ENOMEM with nothing taken.
 */
int gup_range_take(struct gup_machine *m, struct gup_zone *zone, u64 start, u64 end, u64 deadline, struct gup_why *why);

/* ---- why.c ---- */
/* Fill a reason in, if somebody asked for it, and return @error. */
static inline int gup_refuse(struct gup_why *why, int error, enum gup_rule rule, u64 addr, u64 pfn)
{
	if (why) {
		why->error = error;
		why->rule = rule;
		why->tries = 0;
		why->addr = addr;
		why->pfn = pfn;
		why->holder[0] = '\0';
		why->quarantined = false;
	}
	return error;
}

struct gup_text {
	char *buf;
	size_t size, len;
};
/* Flags of which one excludes the other. */
static inline bool gup_flags_exclude(const struct gup_machine *m, unsigned int flags)
{
	return flags & GUP_LONGTERM && flags & GUP_PCI_P2PDMA && m->contract->refuses_p2pdma_longterm;
}

const char *gup_errno_name(int error); /* "EFAULT" for -EFAULT */
void gup_text_str(struct gup_text *t, const char *s);
#define GUP_TEXT_QUARANTINED " (quarantined: its device is lost)" /* behind a holder's name */
void gup_text_num(struct gup_text *t, u64 n);
void gup_text_site(struct gup_text *t, const void *site);

#endif
