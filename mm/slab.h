/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/slab.h - metadata from the machine's own frames.
 *
 * One cache for each kind of object. A slab is one unmovable frame with a header at its start; an object finds its
 * slab by rounding its address down.
 */
#ifndef GUP_MM_SLAB_H
#define GUP_MM_SLAB_H

#include "host.h"

struct gup_machine;

enum gup_slab_kind {
	GUP_SLAB_MM,
	GUP_SLAB_VMA,
	GUP_SLAB_LINEAGE,
	GUP_SLAB_OBJECT,
	GUP_SLAB_RADIX,
	GUP_SLAB_OWNER,
	GUP_SLAB_PIN,
	GUP_SLAB_TRACK,
	GUP_SLAB_NOTIFIER,
	GUP_SLAB_INTERVAL,
	GUP_SLAB_FILE,
	GUP_SLAB_HOLD,
	GUP_SLAB_PIN_CACHE,
	GUP_SLAB_PIN_ENTRY,
	GUP_NR_SLABS,
};

struct gup_slab; /* header of one slab frame */

struct gup_slab_cache {
	struct gup_port_lock lock;
	u32 size;		  /* bytes of one object */
	struct gup_slab *partial; /* slabs with a free object [lock] */
	u64 live;		  /* objects handed out [lock] */
};

void gup_slab_init(struct gup_machine *m);

/* A zeroed object, or NULL if memory ran out (or a test made it fail). */
void *gup_slab_alloc(struct gup_machine *m, enum gup_slab_kind kind);
void gup_slab_free(struct gup_machine *m, enum gup_slab_kind kind, void *object);

#endif
