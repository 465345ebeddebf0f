/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/stage.c - the machine, its address spaces and each worker's spans; and everything back at the end.
 *
 * NORMAL, MOVABLE and CMA are nearly full of the tenant's pages. Workers 0, 2 ... share one address space, 1, 3 ... the
 * other.
 */
#include <stdio.h>
#include <stdlib.h>

#include "soak.h"

#define NORMAL_MIB 32
#define MOVABLE_MIB 16
#define CAMERA_MIB 16
#define PMEM_MIB 4
#define WORKER_AT(nr) ((UINT64_C(1) << 32) + (nr) * (UINT64_C(1) << 28))
#define ELSEWHERE UINT64_C(0x100000000000)

static const unsigned int span_pages[NR_SPANS] = {
	[SPAN_SMALL] = 64, [SPAN_BIG] = GUP_HUGE_PAGES,	     [SPAN_SHARED] = 32,
	[SPAN_FILE] = 16,  [SPAN_FOLLOWED] = FOLLOWED_PAGES,
};

#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		if (call) {                                                                                            \
			fprintf(stderr, "soak: %s:%d: this failed: %s\n", __FILE__, __LINE__, #call);                  \
			return -1;                                                                                     \
		}                                                                                                      \
	} while (0)

uint64_t free_frames(struct soak *soak)
{
	struct gup_stats stats = { 0 };

	gup_machine_stats(soak->m, &stats);
	return stats.free_frames;
}

static int machine_make(struct soak *soak)
{
	struct gup_machine_config config = {
		.normal_bytes = NORMAL_MIB * MIB,
		.movable_bytes = MOVABLE_MIB * MIB,
		.cma = { { CAMERA, CAMERA_MIB * MIB } },
		.dax = { { PMEM, PMEM_MIB * MIB, GUP_DAX_FS } },
		.contract = GUP_NATIVE,
		.track_holders = soak->seed % 2,
	};
	struct gup_check check;

	TRY(gup_machine_create(&config, &soak->m));
	TRY(gup_machine_check(soak->m, &check));
	soak->total_frames = check.total_frames;
	return 0;
}

static int span_map(struct span *span, struct gup_mm *mm, uint64_t addr, unsigned int pages)
{
	unsigned int flags = (span->object ? GUP_MAP_SHARED : GUP_MAP_PRIVATE) | GUP_MAP_FIXED;
	struct gup_map_request request = { addr, pages * PAGE, RW, flags, span->object, 0 };

	span->mm = mm;
	span->addr = addr;
	span->pages = pages;
	span->generation = calloc(pages, sizeof(*span->generation));
	TRY(!span->generation);
	TRY(gup_mmap(mm, &request) != (int64_t)addr);
	return 0;
}

static int worker_make(struct soak *soak, struct worker *w)
{
	struct span *shared = &w->spans[SPAN_SHARED], *followed = &w->spans[SPAN_FOLLOWED];
	struct gup_map_request request = {
		w->neighbour_addr, span_pages[SPAN_SHARED] * PAGE, RW, GUP_MAP_SHARED | GUP_MAP_FIXED, NULL, 0
	};
	unsigned int i;

	TRY(gup_shm_create(soak->m, request.length, 0, &shared->object));
	TRY(gup_dax_file_create(soak->m, PMEM, span_pages[SPAN_FILE] * PAGE, &w->spans[SPAN_FILE].object));
	for (i = 0; i < NR_SPANS; i++)
		TRY(span_map(&w->spans[i], w->home->mm, WORKER_AT(w->nr) + i * 4 * HUGE, span_pages[i]));
	request.object = shared->object;
	TRY(gup_mmap(w->neighbour->mm, &request) != (int64_t)request.addr);
	TRY(gup_populate(w->home->mm, w->spans[SPAN_BIG].addr, HUGE));
	TRY(gup_interval_insert(w->home->mm, followed->addr, followed->pages * PAGE, &follower_ops, w,
				&w->follower.interval));
	return 0;
}

/* Its pages are small, so that any of them can be dropped without a new table. */
static int tenant_make(struct soak *soak, struct worker *w)
{
	struct span *span = &w->spans[0];

	w->play = tenant_play;
	TRY(span_map(span, w->home->mm, WORKER_AT(0), soak->total_frames));
	TRY(gup_madvise(span->mm, span->addr, span->pages * PAGE, GUP_MADV_NOHUGEPAGE));
	w->filling = true;
	while (w->filling)
		if (tenant_play(w))
			return -1;
	return 0;
}

static void worker_name(struct soak *soak, unsigned int nr)
{
	struct worker *w = &soak->crew[nr];

	w->soak = soak;
	w->nr = nr;
	w->home = &soak->homes[nr == NR_WORKERS ? NR_HOMES : nr % NR_HOMES];
	w->neighbour = &soak->homes[(nr + 1) % NR_HOMES];
	w->neighbour_addr = ELSEWHERE + WORKER_AT(nr);
	w->dice = (soak->seed + nr + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	w->play = worker_play;
	w->goal = UINT64_MAX;
	pthread_mutex_init(&w->follower.lock, NULL);
}

int stage_set(struct soak *soak)
{
	unsigned int i;

	pthread_mutex_init(&soak->lock, NULL);
	pthread_mutex_init(&soak->offline_lock, NULL);
	pthread_cond_init(&soak->changed, NULL);
	TRY(machine_make(soak));
	soak->free_frames = free_frames(soak);
	for (i = 0; i <= NR_HOMES; i++) {
		pthread_rwlock_init(&soak->homes[i].device, NULL);
		TRY(gup_mm_create(soak->m, i == NR_HOMES ? "tenant" : "home", &soak->homes[i].mm));
	}
	for (i = 0; i < NR_CREW; i++)
		worker_name(soak, i);
	for (i = 0; i < NR_WORKERS; i++)
		TRY(worker_make(soak, &soak->crew[i]));
	return tenant_make(soak, &soak->crew[NR_WORKERS]);
}

/* Pins that the crew holds, all at rest: one for each page. */
uint64_t stage_pins(const struct soak *soak)
{
	uint64_t pins = 0;
	unsigned int i, h;

	for (i = 0; i < NR_WORKERS; i++) {
		for (h = 0; h < soak->crew[i].nr_holds; h++)
			pins += soak->crew[i].holds[h].nr;
		pins += soak->crew[i].follower.held ? FOLLOWED_PAGES : 0;
	}
	return pins;
}

static int worker_release(struct worker *w)
{
	while (w->nr_holds)
		TRY(hold_release(w, 0));
	follower_let_go(w);
	TRY(gup_interval_remove(w->follower.interval));
	return w->area_bytes ? area_release(w) : 0;
}

/* With memory to spare every page can be read, and every page can be written. */
static int spans_are_whole(struct worker *w)
{
	unsigned int i, page;

	for (i = 0; i < NR_SPANS; i++)
		for (page = 0; page < w->spans[i].pages; page++) {
			TRY(span_check(w, &w->spans[i], page));
			TRY(!span_write(w, &w->spans[i], page));
		}
	return 0;
}

static void spans_free(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < NR_SPANS; i++) {
		gup_object_put(w->spans[i].object);
		free(w->spans[i].generation);
	}
}

/* Everything given back but the machine. */
int stage_clear(struct soak *soak)
{
	struct worker *tenant = &soak->crew[NR_WORKERS];
	unsigned int i;

	for (i = 0; i < NR_WORKERS; i++)
		TRY(worker_release(&soak->crew[i]));
	if (soak->offline_pfn)
		TRY(gup_online_range(soak->m, soak->offline_pfn, GUP_HUGE_PAGES));
	for (i = 0; i < tenant->spans[0].pages; i++)
		TRY(span_check(tenant, &tenant->spans[0], i));
	gup_mm_destroy(tenant->home->mm);
	for (i = 0; i < NR_WORKERS; i++)
		TRY(spans_are_whole(&soak->crew[i]));
	for (i = 0; i < NR_CREW; i++)
		spans_free(&soak->crew[i]);
	for (i = 0; i < NR_HOMES; i++)
		gup_mm_destroy(soak->homes[i].mm);
	return 0;
}
