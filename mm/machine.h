/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/machine.h - the structures of the core, and what guards each field.
 *
 * Letters behind a field: [c] constant after creation; [a] changed by atomics; [m] mmap_lock of the mm, written with
 * it held for writing; [l] the lineage's lock; [o] the object's lock; [v] the object's map_lock; [z] the zone's lock;
 * [t] the lock of the page table's frame; [g] the machine's list_lock; [n] the lock of the mm's subscriptions.
 * docs/locking.md has the order.
 */
#ifndef GUP_MM_MACHINE_H
#define GUP_MM_MACHINE_H

#include <gup/gup.h>
#include <gup/testing.h>

#include "contract.h"
#include "host.h"
#include "itree.h"
#include "radix.h"
#include "slab.h"

/* A list through the structures of a machine; first member of each. */
struct gup_link {
	struct gup_link *prev, *next;
};

static inline void gup_link_init(struct gup_link *list)
{
	list->prev = list->next = list;
}

static inline void gup_link_add(struct gup_link *list, struct gup_link *link)
{
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
}

static inline void gup_link_del(struct gup_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
}

/* ---- frames ---- */

/* Home type of a pageblock, and whether it is being emptied. One byte for each 2 MiB. */
enum gup_block {
	GUP_BLOCK_NONE,
	GUP_BLOCK_UNMOVABLE,
	GUP_BLOCK_MOVABLE,
	GUP_BLOCK_CMA,
	GUP_BLOCK_ZONE_MOVABLE,
	GUP_BLOCK_FSDAX,
	GUP_BLOCK_DEVDAX,
	GUP_BLOCK_HOME = 0x0f,
	GUP_BLOCK_ISOLATED = 0x80,
};

/* Free lists of a zone. */
enum gup_list { GUP_LIST_UNMOVABLE, GUP_LIST_MOVABLE, GUP_LIST_ISOLATED, GUP_NR_LISTS };

#define GUP_NR_ORDERS (GUP_HUGE_ORDER + 1)
#define GUP_PCP_SLOTS 8u
#define GUP_PCP_BATCH 16u
#define GUP_PCP_MAX 32u

/* Free order-0 frames close to the threads that use them. */
struct gup_pcp {
	struct gup_port_lock lock;
	u32 count[2];
	u32 pfn[2][GUP_PCP_MAX];
};

/* A pfn range with one purpose. Blocks at and beyond the frontier are free but in no list yet. */
struct gup_zone {
	char name[GUP_NAME_MAX]; /* [c] */
	enum gup_zone_kind kind; /* [c] */
	enum gup_dax_kind dax;	 /* [c] */
	u64 start, end;		 /* [c] */
	struct gup_port_lock lock;
	u64 frontier; /* [z] */
	u64 nr_free;  /* [z] frames in lists and beyond the frontier, without pcp; read by anyone */
	u32 free[GUP_NR_LISTS][GUP_NR_ORDERS]; /* [z] first pfn of each list, 0 for none */
	struct gup_port_rwlock
		isolate_lock;		 /* one operation at a time empties blocks of a zone; held while it sleeps */
	struct gup_port_lock owner_lock; /* frames of CMA allocations get and lose an object, or go back */
	struct gup_pcp pcp[GUP_PCP_SLOTS];
};

#define GUP_MAX_ZONES (2 + GUP_CMA_MAX + GUP_DAX_MAX)

/* Where threads sleep until something about a frame changes. */
struct gup_wait_bucket {
	u32 seq;     /* [a] */
	u32 waiters; /* [a] */
};

#define GUP_WAIT_BUCKETS 256u

/* Counters that many threads raise, kept apart by thread: a slot is a cache line. */
struct gup_counters {
	_Alignas(64) u64 faults; /* [a], as are the others */
	u64 cow_copies, migrated, migrate_failed, fast_pages, slow_pages, bad_unpins;
};

#define GUP_COUNTER_SLOTS (GUP_PORT_OWN_SLOTS + 1u) /* the last one is for all who have none of their own */

/* What an allocation may use. Travels with the operation from entry point to allocator; scopes nest by being or-ed. */
enum gup_scope {
	GUP_SCOPE_ANY = 0,
	GUP_SCOPE_UNMOVABLE = 1, /* no CMA, no MOVABLE: the memory may be held long */
};

/* Folios of 2 MiB that are set aside for objects of their own (hugetlb.c). */
struct gup_hugetlb {
	struct gup_port_rwlock fill_lock; /* one page gets its folio at a time, or reservations change */
	struct gup_port_lock lock;
	u64 nr;		 /* [c] folios of the pool */
	u64 free[2];	 /* [lock] first pfn of each list, linked by word 8: may be held long, or lie in MOVABLE */
	u64 nr_free;	 /* [lock] */
	u64 nr_reserved; /* [lock] free folios that mappings count on */
};

struct gup_track; /* holders.c */
struct gup_watch; /* watch.h */

struct gup_machine {
	struct gup_page *frames;	     /* [c] frame table, indexed by pfn */
	u8 *memory;			     /* [c] direct map: frame pfn is at memory + pfn * 4096 */
	u8 *blocks;			     /* [a] pageblock types, indexed by pfn >> 9 */
	u64 nr_pfns;			     /* [c] one more than the last pfn */
	struct gup_contract rules;	     /* [c] */
	const struct gup_contract *contract; /* [c] these rules: readers do not change them */
	bool no_huge_pages, track_holders;   /* [c] */
	u32 anon_orders;		     /* [c] */
	u8 one_page[GUP_NR_ENTRIES]; /* [c] flags, as bit numbers, of calls for one page that gup_fast.c may try */
	struct gup_watch *watch;     /* [c] of a machine under test, else NULL */

	struct gup_zone zones[GUP_MAX_ZONES]; /* in order of pfn */
	unsigned int nr_zones;		      /* [c] */
	u64 zero_pfn;			      /* [c] */

	struct gup_hugetlb hugetlb;
	struct gup_slab_cache slabs[GUP_NR_SLABS];
	struct gup_wait_bucket waits[GUP_WAIT_BUCKETS];
	struct gup_counters counters[GUP_COUNTER_SLOTS];

	struct gup_port_lock list_lock;
	struct gup_link mms, objects, owners, pins; /* [g] */

	struct gup_port_lock dead_lock;
	u64 dead_tables; /* [dead_lock] first pfn of tables that wait for a grace period, linked by word 8 */
	u32 nr_dead;	 /* [dead_lock] */

	struct gup_port_lock track_lock;
	struct gup_track *track[256]; /* [track_lock] by pfn */
	u64 track_lost;		      /* [track_lock] records that had no memory */

	u64 fail_alloc; /* [a] gup_test_fail_alloc() */
	u32 warned;	/* [a] a bit for each entry point that logged its LONGTERM warning */

	struct gup_port_memory frame_memory, table_memory, self_memory; /* [c] */
};

/* ---- address spaces ---- */

/*
 * What private memory of an mm descends from. Made with the mm; VMAs that fork copies stay with their parent's, so the
 * reverse map of a private page is: all VMAs of its lineage at its index. Folios hold references, so a lineage lives as
 * long as any page that names it.
 */
struct gup_lineage {
	u64 refs; /* [a] VMAs, folios, and the mm */
	struct gup_port_rwlock lock;
	struct gup_itree vmas; /* [l] by page index */
};

#define GUP_VM_READ 0x01u
#define GUP_VM_WRITE 0x02u
#define GUP_VM_EXEC 0x04u
#define GUP_VM_SHARED 0x08u
#define GUP_VM_MAYREAD 0x10u
#define GUP_VM_MAYWRITE 0x20u
#define GUP_VM_PFNMAP 0x40u
#define GUP_VM_NOHUGE 0x80u
#define GUP_VM_LOCKED 0x100u
#define GUP_VM_DONTFORK 0x200u	 /* a child of fork does not get the mapping */
#define GUP_VM_WIPEONFORK 0x400u /* a child of fork gets it empty */
#define GUP_VM_PROT (GUP_VM_READ | GUP_VM_WRITE | GUP_VM_EXEC)

struct gup_vma {
	struct gup_itree_node node;	 /* [m] in mm->vmas: [first byte, last byte] */
	struct gup_itree_node anon_node; /* [l] in lineage->vmas, by page index; private mappings only */
	struct gup_itree_node file_node; /* [v] in object->vmas, by page index; mappings of objects only */
	struct gup_mm *mm;		 /* [c] */
	struct gup_lineage *lineage;	 /* [c] NULL for shared mappings */
	struct gup_object *object;	 /* [c] NULL for anonymous memory */
	u64 pgoff;			 /* [m] page index of the first page, in object or lineage */
	u64 reserved; /* [m], or [hugetlb.lock] with mmap_lock held: folios kept for a private mapping */
	u32 flags;    /* [m] GUP_VM_* */
};

static inline u64 gup_vma_start(const struct gup_vma *vma)
{
	return vma->node.start;
}

static inline u64 gup_vma_end(const struct gup_vma *vma)
{
	return vma->node.last + 1;
}

static inline u64 gup_vma_pages(const struct gup_vma *vma)
{
	return (gup_vma_end(vma) - gup_vma_start(vma)) >> GUP_PAGE_SHIFT;
}

/* Page index of @addr in the mapping's object or lineage. */
static inline u64 gup_vma_index(const struct gup_vma *vma, u64 addr)
{
	return vma->pgoff + ((addr - gup_vma_start(vma)) >> GUP_PAGE_SHIFT);
}

/* Who wants to know when entries of an mm change, and who is changing some (notifier.c). */
struct gup_notifiers {
	u32 on; /* [a] somebody is subscribed; written under the lock. The one load of an mm without subscribers */
	struct gup_port_lock lock;
	struct gup_link list;	    /* [n] struct gup_notifier, in order of registration */
	struct gup_itree intervals; /* [n] struct gup_interval, by address */
	struct gup_link running;    /* [n] struct gup_invalidation, on the stacks of who is changing entries */
	u64 nr;			    /* [n] subscriptions that are linked */
	u64 seq;		    /* [n] number of the last invalidation, odd */
	bool settled;		    /* [n] no invalidation runs that began when nobody was subscribed */
	bool closed;		    /* [n] the mm is being destroyed */
	u32 changed;		    /* [a] moves when an invalidation ends; written under the lock */
	u32 waiters;		    /* [n] threads that sleep on it */
};

/* What gup_mirror_populate() keeps in the window (mirror.c). */
struct gup_mirror_hold {
	struct gup_link link; /* [hold_lock] */
	struct gup_pin *pin;  /* [c], as all that follows */
	u64 addr, length;
	bool write;
};

/* What a lockless walk reads comes first, with what hardly changes around it: no line of it is written while it pins. */
struct gup_mm {
	struct gup_link link;  /* [g] */
	struct gup_machine *m; /* [c] */
	char name[GUP_NAME_MAX];
	u64 root;		       /* [c] pfn of the top table */
	u32 wp_seq;		       /* [a] odd while fork write-protects */
	u32 mirrored;		       /* [a] there is a window; never cleared */
	struct gup_port_window window; /* [c] once mirrored */
	u64 window_start;	       /* [c] user address of its first byte */
	struct gup_lineage *lineage;   /* [c] */
	u64 pin_limit, lock_limit;     /* [a] */

	u64 refs; /* [a] the handle, pins that count against the limit, and subscriptions */
	struct gup_port_rwlock mmap_lock;
	struct gup_itree vmas; /* [m] */
	u64 nr_vmas;	       /* [m] */
	u64 hint;	       /* [m] where the search for a gap starts */
	u64 lowest, highest;   /* [m] where gup_mmap() looks for a gap */
	u64 pinned;	       /* [a] */
	u64 locked;	       /* [a] pages of VMAs with GUP_VM_LOCKED; changed with mmap_lock held for writing */
	struct gup_notifiers notifiers;
	struct gup_port_lock hold_lock;
	struct gup_link holds; /* [hold_lock] struct gup_mirror_hold */
};

/* ---- objects ---- */

enum gup_object_kind {
	GUP_OBJECT_SHM,
	GUP_OBJECT_FSDAX,
	GUP_OBJECT_DEVDAX,
	GUP_OBJECT_CMA,
	GUP_OBJECT_PFNMAP,
	GUP_OBJECT_SECRET,
	GUP_OBJECT_FILE,
	GUP_OBJECT_HUGETLB,
};

struct gup_object_ops;

/* What a regular file has besides. */
struct gup_file {
	const struct gup_file_ops *ops; /* [c] */
	void *context;			/* [c] */
	bool dirty_tracking;		/* [c] */
	struct gup_page *snapshot; /* [size_lock of the object] what is written of a folio that may change meanwhile */
};

struct gup_object {
	struct gup_link link;		  /* [g] */
	struct gup_machine *m;		  /* [c] */
	const struct gup_object_ops *ops; /* [c] */
	enum gup_object_kind kind;	  /* [c] */
	bool huge;			  /* [c] */
	struct gup_zone *zone;		  /* [c] of the DAX device */
	struct gup_file *file;		  /* [c] of a regular file */
	u64 first_pfn;			  /* [c] objects that are a fixed range of frames */
	u64 refs;			  /* [a] handles and VMAs */
	struct gup_port_lock lock;
	u64 size;			  /* [o] bytes */
	struct gup_radix frames;	  /* [o] page index -> pfn; each folio in it has one reference from here */
	struct gup_radix reserved;	  /* [hugetlb.fill_lock] pieces of 2 MiB that a folio is kept for */
	struct gup_port_rwlock size_lock; /* the size changes under it; not held while pins are waited for */
	struct gup_port_rwlock map_lock;
	struct gup_itree vmas; /* [v] by page index */
};

enum gup_fault_result {
	GUP_FAULT_DONE,	     /* the entry allows the access now, or did */
	GUP_FAULT_AGAIN,     /* something changed meanwhile: look again */
	GUP_FAULT_MIGRATING, /* the page is being moved: gup_fault_wait() or gup_fault_cancel() */
	GUP_FAULT_SIGBUS,    /* nothing there: beyond the end of the object */
	GUP_FAULT_NOMEM,
	GUP_FAULT_NOSPC,
	GUP_FAULT_IO,	    /* the store of the file failed */
	GUP_FAULT_POISONED, /* the memory behind it has failed */
};

struct gup_fault;
struct gup_slot;

/*
 * What differs between objects. @fill makes a folio of @order for the page index, with one reference for the cache;
 * NULL for objects that are a fixed range of frames. The other functions may be NULL. @set_size truncates in its own way;
 * without it mm/truncate.c does. @fault maps the object's page in its own way; without it mm/fault_file.c does. @discard:
 * bytes [offset, end) went away, and their folios with them. @read: bring a locked folio up to date. @mkwrite: a locked
 * folio is about to become dirty and writable; 0 or why not. @release is called when the last handle is gone.
 */
struct gup_object_ops {
	const char *name;
	unsigned int order; /* of all folios, if it is not 0: sizes, offsets and mappings are multiples of it */
	bool any_size;	    /* the size need not be a multiple of a page, and writing beyond it makes it larger */
	bool devmap;	    /* entries carry GUP_PTE_DEVMAP */
	bool resizable;	    /* truncate and punch work */
	bool waits;	    /* blocks that go away must be idle first */
	bool no_read;	    /* gup_object_read() refuses it */
	bool no_write;	    /* gup_object_write() refuses it */
	bool shared_only;   /* private mappings are refused */
	int (*set_size)(struct gup_object *object, u64 bytes);
	int (*fill)(struct gup_object *object, u64 index, unsigned int order, enum gup_scope scope,
		    struct gup_page **out_head);
	int (*read)(struct gup_object *object, struct gup_page *head);
	int (*mkwrite)(struct gup_object *object, struct gup_page *head);
	enum gup_fault_result (*fault)(struct gup_fault *f, struct gup_slot *slot);
	void (*discard)(struct gup_object *object, u64 offset, u64 end);
	void (*release)(struct gup_object *object);
};

/* Bytes of which sizes and offsets are multiples. */
static inline u64 gup_object_unit(const struct gup_object *object)
{
	return GUP_PAGE_SIZE << object->ops->order;
}

#endif
