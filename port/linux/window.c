/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/linux/window.c - windows: host mappings of the memfd that has the frames.
 *
 * Linux bounds the mappings of a process (vm.max_map_count), and frames that are scattered need one each. That bound
 * reaches no caller: a window is a translation buffer, so what it shows can go. A few dozen spare mappings are kept; when
 * the host refuses one, the spares go, what some pieces of 2 MiB show goes (one system call each), the spares come back,
 * and the call is made again. Pieces of which something is held stay.
 *
 * A part of a window is never unmapped, since another thread's mmap() could take the hole. What has to leave is made
 * inaccessible: where frames are scattered that costs the host a ninth of mapping nothing over them. It keeps its mappings,
 * which go when something else is shown there, or when the piece is dropped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux.h"

#define NR_SPARES 64
/* Worth of mappings that make room for others at a time. */
#define MAKE_ROOM 1024u

/* One piece of a window, 2 MiB of addresses. */
struct piece {
	uint32_t shown;	 /* changed by atomics: mappings that were made there since it was last dropped; perhaps more */
	uint32_t held;	 /* changed by atomics: holds */
	uint32_t unsure; /* under room_lock: pages[] says too little, the piece is being dropped, or that failed */
};

#define PAGES_PER_PIECE (GUP_HUGE_SIZE / GUP_PAGE_SIZE)

struct pieces {
	struct pieces *next, *prev; /* of all windows [room_lock] */
	struct gup_port_window *window;
	uint64_t nr;
	uint64_t hand;	 /* where the search for pieces to drop goes on [room_lock] */
	uint64_t *pages; /* changed by atomics: a bit for each page that may be shown */
	struct piece piece[];
};

static pthread_mutex_t room_lock = PTHREAD_MUTEX_INITIALIZER;
static struct pieces all = { .next = &all, .prev = &all };
static void *spares[NR_SPARES];

/* ---- mapping ---- */

/*
 * Frames, or nothing if @fd is -1. ThreadSanitizer takes mmap() for a store to the whole range, and would report every
 * access that finds a page there; so it does not see the call.
 */
static bool map_over(char *at, uint64_t bytes, int prot, int fd, uint64_t from)
{
	int flags = MAP_FIXED | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED | MAP_POPULATE);

#ifdef GUP_PORT_TSAN
	return syscall(SYS_mmap, at, bytes, prot, flags, fd, from) != -1;
#else
	return mmap(at, bytes, prot, flags, fd, (off_t)from) != MAP_FAILED;
#endif
}

static bool map_nothing(char *at, uint64_t bytes)
{
	return map_over(at, bytes, PROT_NONE, -1, 0);
}

/* ---- what is shown ---- */

/* The bits of [first, end) that are in the word of page @first. */
static uint64_t bits_from(uint64_t first, uint64_t end)
{
	uint64_t at = first % 64, nr = end - first < 64 - at ? end - first : 64 - at;

	return ~UINT64_C(0) >> (64 - nr) << at;
}

static uint64_t *word_of(struct pieces *p, uint64_t page)
{
	return &p->pages[page / 64];
}

/*
 * Shown is noted after the mapping was made: who drops the piece clears first, so that he cannot clear what he leaves.
 */
static void note(struct pieces *p, uint64_t at, uint64_t bytes, bool shown)
{
	uint64_t page = at / GUP_PAGE_SIZE, end = page + bytes / GUP_PAGE_SIZE;

	for (; page < end; page = (page | 63) + 1)
		if (shown)
			gup_port_fetch_or(word_of(p, page), bits_from(page, end));
		else
			gup_port_fetch_and(word_of(p, page), ~bits_from(page, end));
}

struct view {
	const struct gup_port_memory *frames;
	uint64_t from;
	unsigned int flags;
};

/* The core has touched the frames, so they are there to be populated. A child of the host's fork() gets nothing of it. */
static bool map_view(char *at, uint64_t bytes, const struct view *v)
{
	int prot = PROT_READ | (v->flags & GUP_PORT_MAP_WRITE ? PROT_WRITE : 0) |
		   (v->flags & GUP_PORT_MAP_EXEC ? PROT_EXEC : 0);
	bool done;

	if (v->from == GUP_PORT_ZEROES)
		done = map_over(at, bytes, prot, -1, 0);
	else
		done = map_over(at, bytes, prot, (int)v->frames->handle, v->from);
	return done && !madvise(at, bytes, MADV_DONTFORK);
}

static bool hide(char *at, uint64_t bytes)
{
	return !mprotect(at, bytes, PROT_NONE);
}

static bool map_once(char *at, uint64_t bytes, const struct view *v)
{
	return v ? map_view(at, bytes, v) : hide(at, bytes);
}

/* ---- room for more mappings ---- */

/* Mappings that differ from their neighbours, so that each counts. */
static void spares_map(void)
{
	for (int i = 0; i < NR_SPARES; i++)
		if (!spares[i]) {
			void *at = mmap(NULL, GUP_PAGE_SIZE, i & 1 ? PROT_READ : PROT_NONE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

			spares[i] = at == MAP_FAILED ? NULL : at;
		}
}

static void spares_unmap(void)
{
	for (int i = 0; i < NR_SPARES; i++)
		if (spares[i] && !munmap(spares[i], GUP_PAGE_SIZE))
			spares[i] = NULL;
}

/* Returns the mappings that went with it, as far as is known. room_lock held, as by who begins to hold something. */
static uint32_t piece_drop(struct pieces *p, uint64_t n)
{
	struct piece *piece = &p->piece[n];
	uint64_t at = n * GUP_HUGE_SIZE, rest = p->window->bytes - at;
	uint32_t shown = gup_port_load(&piece->shown);

	if (!shown || gup_port_load(&piece->held))
		return 0;
	gup_port_store(&piece->unsure, 1u);
	note(p, at, GUP_HUGE_SIZE, false);
	if (!map_nothing(p->window->base + at, rest < GUP_HUGE_SIZE ? rest : GUP_HUGE_SIZE))
		return 0;
	gup_port_store(&piece->unsure, 0u);
	gup_port_fetch_sub(&piece->shown, shown);
	return shown;
}

/* From each window its share, in turn. room_lock held. */
static bool drop_some(void)
{
	uint32_t gone = 0;

	for (struct pieces *p = all.next; p != &all && gone < MAKE_ROOM; p = p->next)
		for (uint64_t i = 0; i < p->nr && gone < MAKE_ROOM; i++) {
			gone += piece_drop(p, p->hand);
			p->hand = (p->hand + 1) % p->nr;
		}
	return gone;
}

/* False if nothing could be dropped. */
static bool make_room(void)
{
	bool made;

	pthread_mutex_lock(&room_lock);
	spares_unmap();
	made = drop_some();
	spares_map();
	pthread_mutex_unlock(&room_lock);
	return made;
}

/* Others may take the room that was made, so it is made more than once. */
static bool map_somehow(char *at, uint64_t bytes, const struct view *v)
{
	enum { TRIES = 100 };
	bool done = map_once(at, bytes, v);

	for (int i = 0; i < TRIES && !done && make_room(); i++)
		done = map_once(at, bytes, v);
	return done;
}

/* What has to go goes by the spares' room, and without that by closing the whole window: nothing of it is cut then. */
static bool unmap_at_any_price(struct gup_port_window *window, char *at, uint64_t bytes)
{
	bool done;

	pthread_mutex_lock(&room_lock);
	spares_unmap();
	done = hide(at, bytes) || map_nothing(at, bytes) || hide(window->base, window->bytes);
	spares_map();
	pthread_mutex_unlock(&room_lock);
	return done;
}

/* ---- the port's functions ---- */

static struct pieces *pieces_new(struct gup_port_window *window)
{
	uint64_t nr = (window->bytes + GUP_HUGE_SIZE - 1) / GUP_HUGE_SIZE;
	struct pieces *p = calloc(1, sizeof(*p) + nr * sizeof(p->piece[0]));

	if (p)
		p->pages = calloc(nr, PAGES_PER_PIECE / 8);
	if (!p || !p->pages) {
		free(p);
		return NULL;
	}
	p->window = window;
	p->nr = nr;
	pthread_mutex_lock(&room_lock);
	p->prev = all.prev;
	p->next = &all;
	p->prev->next = p->next->prev = p;
	spares_map();
	pthread_mutex_unlock(&room_lock);
	return p;
}

static void pieces_free(struct pieces *p)
{
	pthread_mutex_lock(&room_lock);
	p->prev->next = p->next;
	p->next->prev = p->prev;
	if (all.next == &all)
		spares_unmap();
	pthread_mutex_unlock(&room_lock);
	free(p->pages);
	free(p);
}

/* Without fault() there is nobody who would ask for a piece again: it has none that may be dropped. */
int gup_port_window_open(struct gup_port_window *window)
{
	int err;

	window->own = NULL;
	window->base = gup_linux_reserve(window->bytes);
	if (!window->base)
		return -GUP_ENOMEM;
	if (!window->fault)
		return 0;
	window->own = pieces_new(window);
	err = window->own ? gup_linux_watch(window) : -GUP_ENOMEM;
	if (err)
		gup_port_window_close(window);
	return err;
}

void gup_port_window_close(struct gup_port_window *window)
{
	if (window->fault)
		gup_linux_unwatch(window);
	if (window->own)
		pieces_free(window->own);
	munmap(window->base, window->bytes);
	window->base = NULL;
	window->own = NULL;
}

bool gup_port_window_map(struct gup_port_window *window, uint64_t at, uint64_t bytes,
			 const struct gup_port_memory *frames, uint64_t from, unsigned int flags)
{
	struct pieces *p = window->own;
	struct view v = { frames, from, flags };
	int saved = errno;
	bool done;

	done = map_somehow(window->base + at, bytes, &v);
	if (p) {
		gup_port_fetch_add(&p->piece[at / GUP_HUGE_SIZE].shown, 1u);
		note(p, at, bytes, true);
	}
	errno = saved;
	return done;
}

/* The bits before the doubt about them. */
bool gup_port_window_shows(struct gup_port_window *window, uint64_t at, uint64_t bytes)
{
	struct pieces *p = window->own;
	uint64_t page = at / GUP_PAGE_SIZE, end = page + bytes / GUP_PAGE_SIZE;

	for (; page < end; page = (page | 63) + 1)
		if (gup_port_load(word_of(p, page)) & bits_from(page, end) ||
		    gup_port_load(&p->piece[page / PAGES_PER_PIECE].unsure))
			return true;
	return false;
}

void gup_port_window_unmap(struct gup_port_window *window, uint64_t at, uint64_t bytes)
{
	int saved = errno;

	if (!map_somehow(window->base + at, bytes, NULL) && !unmap_at_any_price(window, window->base + at, bytes))
		gup_port_panic(__FILE__, __LINE__, "the host takes no mapping away; no memory left?");
	note(window->own, at, bytes, false);
	errno = saved;
}

void gup_port_window_hold(struct gup_port_window *window, uint64_t at, uint64_t bytes, bool on)
{
	struct pieces *p = window->own;

	pthread_mutex_lock(&room_lock);
	for (uint64_t n = at / GUP_HUGE_SIZE; n <= (at + bytes - 1) / GUP_HUGE_SIZE; n++)
		gup_port_fetch_add(&p->piece[n].held, on ? 1u : -1u);
	pthread_mutex_unlock(&room_lock);
}

bool gup_port_window_holds(struct gup_port_window *window, uint64_t at)
{
	struct pieces *p = window->own;

	return gup_port_load(&p->piece[at / GUP_HUGE_SIZE].held);
}

void gup_port_window_drop(struct gup_port_window *window)
{
	struct pieces *p = window->own;
	int saved = errno;

	pthread_mutex_lock(&room_lock);
	for (uint64_t n = 0; n < p->nr; n++)
		piece_drop(p, n);
	pthread_mutex_unlock(&room_lock);
	errno = saved;
}
