/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/page.h - frames and their descriptors.
 *
 * A frame is 4 KiB of a machine's memory, numbered by its pfn. A folio is an aligned power-of-two run of frames that is
 * counted as one; counts live in the descriptor of its first frame, the head.
 */
#ifndef GUP_PAGE_H
#define GUP_PAGE_H

#include <gup/machine.h>

GUP_BEGIN_DECLS

/**
 * struct gup_page - the descriptor of one frame, 32 bytes
 *
 * Descriptors of neighbouring frames are neighbours, so `page + 1` is the next frame within a machine. The fields are
 * the library's own; the functions below read them.
 *
 * @count:    head: references in the low half, pins in the high half; every pin also holds a reference
 * @mapping:  head: tagged pointer to the lineage or object it belongs to; free: previous and next pfn of the free list
 * @index:    head: page index in @mapping; first tail: whole mappings (low half) and all mappings (high half)
 * @mapcount: 4 KiB entries that map this frame; table page: the lock of its entries
 * @flags:    kind, order and state bits (mm/page.h)
 */
struct gup_page {
	uint64_t count;
	uint64_t mapping;
	uint64_t index;
	uint32_t mapcount;
	uint32_t flags;
};

/** enum gup_frame_kind - what a frame is used for. */
enum gup_frame_kind {
	GUP_FRAME_UNUSED, /* never handed out yet */
	GUP_FRAME_FREE,	  /* head of a block in a free list, or part of one */
	GUP_FRAME_CACHED, /* in a per-thread cache of free frames */
	GUP_FRAME_ANON,
	GUP_FRAME_SHM,
	GUP_FRAME_DAX, /* block of a file on an FS DAX device */
	GUP_FRAME_DEVDAX,
	GUP_FRAME_TABLE, /* page table */
	GUP_FRAME_META,	 /* slab or other metadata */
	GUP_FRAME_ZERO,
	GUP_FRAME_CMA, /* handed out by gup_cma_alloc() */
	GUP_FRAME_OFFLINE,
	GUP_FRAME_SECRET,   /* of an object of gup_secret_create() */
	GUP_FRAME_FILE,	    /* page of a regular file */
	GUP_FRAME_HUGETLB,  /* part of a folio of the hugetlb pool, used (by an object or privately) or not */
	GUP_FRAME_POISONED, /* out of use, see gup_machine_poison() */
	GUP_NR_FRAME_KINDS,
};

/** enum gup_zone_kind - the purpose of a range of frames. */
enum gup_zone_kind { GUP_ZONE_NORMAL, GUP_ZONE_CMA, GUP_ZONE_MOVABLE, GUP_ZONE_DAX, GUP_NR_ZONE_KINDS };

/**
 * struct gup_frame_info - a snapshot of one frame, for maps and tests
 * @kind:       use of the frame
 * @zone:       kind of its zone
 * @zone_name:  "NORMAL", "MOVABLE" or the name of the CMA area or DAX device
 * @order:      order of its folio (or free block)
 * @head_pfn:   first frame of the folio
 * @refs:       references of the folio
 * @pins:       pins of the folio
 * @mapcount:   mappings of the folio
 * @exclusive:  private memory, exclusive to one mm
 * @dirty:      written through a mapping or by a device and not yet written back
 * @writeback:  being written to the store of its file
 * @isolated:   its pageblock is being emptied
 * @longterm_ok: a long-term pin may rest here
 * @poisoned:   its memory has failed
 */
struct gup_frame_info {
	enum gup_frame_kind kind;
	enum gup_zone_kind zone;
	const char *zone_name;
	unsigned int order;
	uint64_t head_pfn;
	uint32_t refs;
	uint32_t pins;
	uint32_t mapcount;
	bool exclusive;
	bool dirty;
	bool writeback;
	bool isolated;
	bool longterm_ok;
	bool poisoned;
};

/**
 * struct gup_zone_info - one zone, for maps and tests
 * @name: "NORMAL", "MOVABLE" or the name of the CMA area or DAX device
 * @kind: its purpose
 * @first_pfn, @nr_frames: its range
 * @free_frames: frames that an allocation could use now
 */
struct gup_zone_info {
	const char *name;
	enum gup_zone_kind kind;
	uint64_t first_pfn;
	uint64_t nr_frames;
	uint64_t free_frames;
};

/** gup_page_to_pfn() - number of the frame of @page, which belongs to @m; 0 for NULL. Context: any. */
uint64_t gup_page_to_pfn(const struct gup_machine *m, const struct gup_page *page);

/** gup_pfn_to_page() - descriptor of frame @pfn, NULL if @m has no such frame. Context: any. */
struct gup_page *gup_pfn_to_page(const struct gup_machine *m, uint64_t pfn);

/**
 * gup_page_address() - where the bytes of a frame are
 * @m:    the machine
 * @page: a page of it
 *
 * The address is what a device uses while it holds a pin; frames of one folio, and of one CMA allocation, follow each
 * other.
 *
 * Context: any.
 * Return: host address of the frame's 4096 bytes in the direct map; NULL for NULL.
 */
void *gup_page_address(const struct gup_machine *m, const struct gup_page *page);

/** gup_page_refs(), gup_page_pins(), gup_page_mapcount() - counts of the folio of @page; 0 for NULL. Context: any. */
uint32_t gup_page_refs(const struct gup_machine *m, const struct gup_page *page);
uint32_t gup_page_pins(const struct gup_machine *m, const struct gup_page *page);
uint32_t gup_page_mapcount(const struct gup_machine *m, const struct gup_page *page);

/**
 * gup_frame_info() - look at one frame
 * @m:   the machine
 * @pfn: the frame
 * @out: receives what it is
 *
 * Context: any; the machine may change while it looks.
 * Return: 0; -EINVAL for NULL or a pfn that the machine does not have.
 */
int gup_frame_info(const struct gup_machine *m, uint64_t pfn, struct gup_frame_info *out);

/**
 * gup_frame_user() - whose a frame is now, for reports
 * @m:    the machine
 * @pfn:  the frame
 * @name: receives the name of an application that maps it, or in words what the frame is: "free", "a page table" ...
 *
 * Of several applications it is the one that the reverse map names first.
 *
 * Context: sleeps; a snapshot.
 * Return: 1 with an application's name; 0 with words; -EINVAL for NULL or a pfn that the machine does not have.
 */
int gup_frame_user(struct gup_machine *m, uint64_t pfn, char name[GUP_NAME_MAX]);

/**
 * gup_zone_info() - look at one zone, counted from 0 in order of their frames
 * @m:   the machine
 * @nr:  which one
 * @out: receives what it is
 *
 * Context: any.
 * Return: 0; -EINVAL for NULL; -ENOENT past the last zone.
 */
int gup_zone_info(struct gup_machine *m, unsigned int nr, struct gup_zone_info *out);

GUP_END_DECLS

#endif
