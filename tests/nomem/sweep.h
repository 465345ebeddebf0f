/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/nomem/sweep.h - out of memory at each allocation, for each call that allocates, on each kind of memory.
 *
 * A scene is one call of the public interface. sweep.c plays it in fresh worlds, in three ways: its n-th allocation
 * fails; the n-th and all after it; the machine has n free frames and no more. sites.c stands between the files of the
 * core and writes down which of their calls came back without memory, and at the end wants each one on its list.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "store.h"
#include "world.h"

#define NR 4 /* pages of a buffer that are filled and looked at */

/* What a scene's buffer is made of. */
enum kind {
	ANON,
	HUGE_ANON,
	CMA,
	MOVABLE,
	SHARED,
	HUGE_SHARED,
	DAX,
	REGULAR, /* a file that tracks what is dirty */
	READONLY,
	PRIVATE,	 /* of an object, with pages of its own */
	HUGETLB,	 /* its folio lies in MOVABLE, and others do not */
	PRIVATE_HUGETLB, /* of an object without pages */
	NR_KINDS,
};

#define ON(kind) (1u << (kind))
#define ONCE ON(ANON)	      /* the buffer plays no part */
#define ANY (ON(HUGETLB) - 1) /* that pages of 4 KiB can be made of */
#define ANY_HUGETLB (ON(HUGETLB) | ON(PRIVATE_HUGETLB))
#define ANONYMOUS (ON(ANON) | ON(HUGE_ANON) | ON(CMA) | ON(MOVABLE))
#define OBJECTS (ON(SHARED) | ON(HUGE_SHARED) | ON(DAX) | ON(REGULAR))
#define WRITABLE (ANY & ~ON(READONLY))
#define COPIED_ON_WRITE (ANONYMOUS | ON(PRIVATE))

#define UNKNOWN UINT32_MAX /* the tag of a page that is not looked at */

struct scene;

/* One play of a scene. The buffer is at BASE; page i holds tags[i] and the child, if there is one, what was there first. */
struct stage {
	const struct scene *scene;
	struct world w;
	enum kind kind;
	uint32_t tags[NR];
	struct gup_object *object; /* of the buffer, NULL if it is anonymous */
	struct store *store;	   /* behind the object, if it is a regular file */
	struct gup_mm *child;
	struct gup_page *pages[NR]; /* taken by the call */
	struct gup_page *held;	    /* taken before */
	uint64_t pins, gets;	    /* that are held besides what the call took */
	/* what the call made */
	struct gup_object *made;
	struct gup_mm *mm;
	struct gup_owner *owner;
	struct gup_pin *pin;
	struct gup_notifier *notifier;
	struct gup_interval *interval;
	struct gup_pin_cache *cache;
	const struct gup_pin *cached;
};

/*
 * prepare: what is there before, or NULL. act: the call. undo: give back what it took, also after an error; or NULL.
 * success: what act returns if nothing fails. An error may be -ENOMEM, or other_error; a positive result short of
 * success is a partial one. loose: a failure costs no error but only moves fewer folios. takes_none: the call has no
 * allocation that could fail.
 */
struct scene {
	const char *name;
	unsigned int kinds;
	void (*prepare)(struct stage *s);
	int64_t (*act)(struct stage *s);
	void (*undo)(struct stage *s, int64_t result);
	int64_t success;
	int64_t other_error;
	bool loose, takes_none, track_holders;
	enum gup_entry entry;
	unsigned int flags;
};

/* A mapping like the buffer in which nothing is there yet, so far away that it needs tables of all levels. */
#define FRESH (BASE + (UINT64_C(1) << 40))
void map_fresh(struct stage *s);

/* Play a scene on all its kinds. */
void sweep(const struct scene *scene);

/* What the linker's wrappers do: 1 and the machine's zero page finds no memory. */
extern bool sites_no_zero_page;
/* Each call in @folder of what can run out of memory has done so, or is marked as one whose result nobody needs. */
void sites_complete(const char *folder);

/* The scenes, each list ended by one without a name. */
extern const struct scene scenes_mm[], scenes_pin[], scenes_object[], scenes_move[], scenes_hugetlb[];

#endif
