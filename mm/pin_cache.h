/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/pin_cache.h - a cache of pins and its entries; docs/pin-cache.md says how they live.
 *
 * Letters as in machine.h, and [x]: the cache's lock.
 */
#ifndef GUP_MM_PIN_CACHE_H
#define GUP_MM_PIN_CACHE_H

#include "internal.h"

/*
 * One pin. What look-ups without a lock read is accessed by atomics, and an entry that they may have seen stays an entry
 * of its cache until that is destroyed.
 */
struct gup_pin_entry {
	struct gup_link link; /* [x] of idle order, of the dead, or of the free */
	u64 next;	      /* [a] written under [x]: the next entry in the bucket, or 0 */
	u64 state;	      /* [a] generation, GUP_PIN_LISTED, users */
	u64 addr, bytes;      /* [a] these and the next two change while nobody can take it */
	u64 owner;
	u32 flags;
	u32 dirty;  /* [a] somebody said so */
	u64 used;   /* [a] the cache's turn at its last put */
	u64 placed; /* [x] what used was when it got its place in the order */
	u64 pages;  /* what its pin holds */
	bool alone; /* it will not be listed, and counts against no bound */
	bool known; /* [x] it was listed once */
	struct gup_pin *pin;
	struct gup_pin_cache *cache;   /* [c] */
	struct gup_interval *interval; /* that hears of changes of the range */
};

/* In the state: it can be found and taken. Users are below, the generation is above. */
#define GUP_PIN_LISTED (UINT64_C(1) << 31)
#define GUP_PIN_USERS (GUP_PIN_LISTED - 1)
#define GUP_PIN_GENERATION (UINT64_C(1) << 32)

struct gup_pin_cache {
	struct gup_mm *mm;	       /* [c] */
	struct gup_notifier *notifier; /* [c] holds the mm */
	u64 max_pins, max_pages;       /* [c] */
	u64 *buckets;		       /* [c] entries, chained; [a] each */
	unsigned int order;	       /* [c] of the folio that the buckets are */
	unsigned int shift;	       /* [c] of a hash to its bucket */
	u64 turn;		       /* [a] written under [x]: raised when an entry is listed */
	struct gup_port_lock lock;
	struct gup_link listed; /* [x] longest idle first, as far as placed tells */
	struct gup_link dead;	/* [x] without a pin, but with an interval */
	struct gup_link free;	/* [x] without either, but somebody may still look at it */
	u64 nr;			/* [x] entries with a pin, or one that is coming */
	u64 nr_alone;		/* [x] of these, those that count against no bound */
	u64 pages;		/* [x] of those that do */
};

#endif
