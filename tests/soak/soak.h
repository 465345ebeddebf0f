/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/soak.h - threads that do everything at once on a machine whose memory is nearly full.
 *
 * A worker owns spans of an address space that it shares with others, and knows at each moment what each page of them
 * holds. It picks acts by dice. An act that meets a wrong byte or an answer that cannot be right ends the whole run. The
 * tenant, one more worker, keeps memory nearly full. Between rounds all rest, and the machine is checked.
 */
#ifndef SOAK_H
#define SOAK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <gup/gup.h>

#include "stamp.h"

#define PAGE GUP_PAGE_SIZE
#define HUGE GUP_HUGE_SIZE
#define MIB (UINT64_C(1) << 20)
#define RW (GUP_PROT_READ | GUP_PROT_WRITE)
#define CAMERA "camera"
#define PMEM "pmem"

#define NR_HOMES 2
#define NR_WORKERS 4
#define HOLDS 8	     /* pins that a worker has at a time */
#define HOLD_PAGES 8 /* of one pin */
#define FOLLOWED_PAGES 4
#define SHORT_NS UINT64_C(1000000)

/* What is counted, in the order of the summary. */
enum count {
	COUNT_PINS,
	COUNT_FORKS,
	COUNT_CMA,
	COUNT_OFFLINE,
	COUNT_SPLITS,
	COUNT_CUTS,
	COUNT_INVALIDATED,
	COUNT_PAGES_CHECKED,
	COUNT_NO_MEMORY,
	COUNT_BUSY,
	NR_COUNTS,
};

/* struct home - an address space that workers share */
struct home {
	struct gup_mm *mm;
	pthread_rwlock_t device; /* read: a device accesses pinned pages; write: fork, which may copy them */
};

enum span_name { SPAN_SMALL, SPAN_BIG, SPAN_SHARED, SPAN_FILE, SPAN_FOLLOWED, NR_SPANS };

/*
 * struct span - pages of one worker
 * @generation: for each page its stamp; 0: all zeroes
 * @read_only:  memory ran out while it was made writable again
 */
struct span {
	struct gup_mm *mm;
	uint64_t addr;
	unsigned int pages;
	struct gup_object *object;
	uint64_t *generation;
	bool read_only;
};

/*
 * struct hold - a pin
 * @pin:  the library's own form; else NULL
 * @lost: pages that the span has replaced since, and what they held then
 */
struct hold {
	struct span *span;
	unsigned int first, nr;
	bool write;
	struct gup_pin *pin;
	struct gup_page *pages[HOLD_PAGES];
	struct {
		bool lost;
		uint64_t generation;
	} lost[HOLD_PAGES];
};

/* struct follower - pages that are pinned until somebody changes them; @lock guards @pages and @held */
struct follower {
	pthread_mutex_t lock;
	struct gup_interval *interval;
	struct gup_page *pages[FOLLOWED_PAGES];
	bool held;
	bool bad;
};

struct worker {
	struct soak *soak;
	struct home *home;
	struct home *neighbour; /* shared memory is mapped there too */
	unsigned int nr;
	uint64_t dice;
	uint64_t generation; /* of its last stamp */
	pthread_t thread;
	int (*play)(struct worker *w);
	struct span spans[NR_SPANS];
	uint64_t neighbour_addr;
	struct hold holds[HOLDS];
	unsigned int nr_holds;
	struct follower follower;
	struct gup_page *area; /* of CMA */
	uint64_t area_bytes;
	bool filling;	  /* the tenant's */
	unsigned int low; /* the tenant's: per cent free that it stops at */
	uint64_t goal;
	_Atomic(const char *) doing;
	atomic_uint_fast64_t acts;
	atomic_uint_fast64_t counts[NR_COUNTS];
};

#define NR_CREW (NR_WORKERS + 1)

struct soak {
	struct gup_machine *m;
	uint64_t seed;
	uint64_t total_frames, free_frames; /* free: before anything was mapped */
	struct home homes[NR_HOMES + 1];    /* the last one is the tenant's */
	struct worker crew[NR_CREW];	    /* the last one is the tenant */
	pthread_mutex_t offline_lock;
	uint64_t offline_pfn;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	unsigned int round, resting;
	bool over;
	char failure[256]; /* the first one */
	atomic_bool rest;  /* wanted */
};

/* In a worker's functions: 0, or the run is over. */
#define CHECK(cond)                                                                                                    \
	do {                                                                                                           \
		if (!(cond))                                                                                           \
			return soak_fail(w, __FILE__, __LINE__, #cond);                                                \
	} while (0)

#define CHECK_CALL(call)                                                                                               \
	do {                                                                                                           \
		if (call)                                                                                              \
			return -1;                                                                                     \
	} while (0)

/* crew.c */
int soak_fail(struct worker *w, const char *file, int line, const char *what);
uint64_t dice(struct worker *w, uint64_t limit);
void count(struct worker *w, enum count what, uint64_t nr);
/* Counts a refusal that memory or somebody's pin explains; false for any other. */
bool refused(struct worker *w, long ret);
void crew_start(struct soak *soak);
void crew_begin_round(struct soak *soak);
bool crew_rests(struct soak *soak, unsigned int ms);
void crew_end(struct soak *soak);

/* stage.c */
int stage_set(struct soak *soak);
int stage_clear(struct soak *soak);
uint64_t stage_pins(const struct soak *soak);
uint64_t free_frames(struct soak *soak);

/* worker.c */
int worker_play(struct worker *w);

/* span.c: the application */
uint64_t span_at(const struct span *span, unsigned int page);
bool page_holds(struct worker *w, const struct span *span, unsigned int page, uint64_t generation, const void *bytes);
int span_check(struct worker *w, struct span *span, unsigned int page);
bool span_write(struct worker *w, struct span *span, unsigned int page);
bool span_writable(struct worker *w, struct span *span);
/* The pages are zero from now on; holds keep what was there. */
void span_replaced(struct worker *w, struct span *span, unsigned int first, unsigned int nr);
bool span_is_held(const struct worker *w, const struct span *span, unsigned int first, unsigned int nr);
int act_write(struct worker *w);
int act_check(struct worker *w);
int act_drop(struct worker *w);
int act_remap(struct worker *w);
int act_protect(struct worker *w);
int act_fork(struct worker *w);

/* hold.c: the device */
int act_pin(struct worker *w);
int act_get(struct worker *w);
int act_device(struct worker *w);
int act_unpin(struct worker *w);
int hold_release(struct worker *w, unsigned int which);

/* follower.c */
extern const struct gup_interval_ops follower_ops;
int act_follow(struct worker *w);
void follower_let_go(struct worker *w);

/* object.c */
int act_shared(struct worker *w);
int act_file(struct worker *w);

/* frames.c */
int act_migrate(struct worker *w);
int act_split(struct worker *w);
int act_cma(struct worker *w);
int act_offline(struct worker *w);
int area_release(struct worker *w);

/* tenant.c */
int tenant_play(struct worker *w);

#endif
