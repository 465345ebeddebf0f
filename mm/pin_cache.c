/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/pin_cache.c - pins that are kept for the next time.
 *
 *	get	look the request up, without a lock, and count one user more; that is a hit
 *		else: room for an entry, an interval around the range, pin, and list it unless the interval heard of a change
 *	put	one user less; the last one of an entry that is not listed any more unpins
 *	change	the interval's callback takes the entry out of the look-up, and unpins if nobody uses it
 *
 * All meet on the entry's state, one word: only who makes "not listed, no users" of it unpins. Its generation moves with
 * each listing, so whoever read the key and then changes the state from what it was has the entry that he read.
 */
#include "pin_cache.h"

/* ---- look-up ---- */

static struct gup_pin_entry *entry_of(u64 word)
{
	return (struct gup_pin_entry *)(uintptr_t)word;
}

static u64 word_of(const void *what)
{
	return (u64)(uintptr_t)what;
}

static u64 *bucket_of(const struct gup_pin_cache *cache, u64 addr, u64 bytes)
{
	return &cache->buckets[(addr + (bytes << 12)) * UINT64_C(0x9e3779b97f4a7c15) >> cache->shift];
}

static bool is_for(const struct gup_pin_entry *e, const struct gup_request *r)
{
	return gup_port_load_relaxed(&e->addr) == r->addr && gup_port_load_relaxed(&e->bytes) == r->bytes &&
	       gup_port_load_relaxed(&e->flags) == r->flags && gup_port_load_relaxed(&e->owner) == word_of(r->owner);
}

static bool is_listed(u64 state)
{
	return state & GUP_PIN_LISTED && (state & GUP_PIN_USERS) != GUP_PIN_USERS;
}

/* Become a user, if it is what is asked for. */
static bool take(struct gup_pin_entry *e, const struct gup_request *r)
{
	u64 state = gup_port_load(&e->state);

	do {
		if (!is_listed(state) || !is_for(e, r))
			return false;
	} while (!gup_port_cas(&e->state, &state, state + 1));
	return true;
}

/* An entry that moves to another bucket meanwhile leads there, and what is in this one is missed: no harm. */
static struct gup_pin_entry *look_up(const struct gup_pin_cache *cache, const struct gup_request *r)
{
	u64 *bucket = bucket_of(cache, r->addr, r->bytes);
	struct gup_pin_entry *e = entry_of(gup_port_load(bucket));

	while (e && !take(e, r))
		e = entry_of(gup_port_load(&e->next));
	return e;
}

static bool is_known_locked(const struct gup_pin_cache *cache, const struct gup_request *r)
{
	u64 *bucket = bucket_of(cache, r->addr, r->bytes);
	struct gup_pin_entry *e = entry_of(gup_port_load(bucket));

	while (e && !is_for(e, r))
		e = entry_of(gup_port_load(&e->next));
	return e;
}

/* Nobody can take it. */
static void set_key(struct gup_pin_entry *e, const struct gup_request *r)
{
	gup_port_store_relaxed(&e->addr, (u64)r->addr);
	gup_port_store_relaxed(&e->bytes, (u64)r->bytes);
	gup_port_store_relaxed(&e->flags, (u32)r->flags);
	gup_port_store_relaxed(&e->owner, word_of(r->owner));
}

/* ---- in and out of the look-up ---- */

static void list_locked(struct gup_pin_entry *e)
{
	struct gup_pin_cache *cache = e->cache;
	u64 *bucket = bucket_of(cache, e->addr, e->bytes);
	u64 state = gup_port_load(&e->state);

	e->known = true;
	e->placed = cache->turn + 1;
	gup_port_store_relaxed(&cache->turn, e->placed);
	gup_port_store_relaxed(&e->used, e->placed);
	gup_link_add(&cache->listed, &e->link);
	gup_port_store(&e->state, (state + GUP_PIN_GENERATION) | GUP_PIN_LISTED);
	gup_port_store(&e->next, gup_port_load(bucket));
	gup_port_store(bucket, word_of(e));
}

/* Out of its bucket and of the order. */
static void unlist_locked(struct gup_pin_entry *e)
{
	u64 *at = bucket_of(e->cache, e->addr, e->bytes);

	while (gup_port_load(at) != word_of(e))
		at = &entry_of(gup_port_load(at))->next;
	gup_port_store(at, gup_port_load(&e->next));
	gup_link_del(&e->link);
}

/* To its place in the order: behind those that were used before it, from the end where most belong. */
static void place_locked(struct gup_pin_entry *e, u64 used)
{
	struct gup_link *list = &e->cache->listed, *at;

	gup_link_del(&e->link);
	e->placed = used;
	for (at = list; at->prev != list && ((struct gup_pin_entry *)at->prev)->placed > used; at = at->prev)
		;
	gup_link_add(at, &e->link);
}

/* The pin was used since it got its place: put it where it belongs. */
static bool is_in_place_locked(struct gup_pin_entry *e)
{
	u64 used = gup_port_load_relaxed(&e->used);

	if (used <= e->placed)
		return true;
	place_locked(e, used);
	return false;
}

/* Out of the look-up, if nobody uses it: then it is the caller's. */
static bool take_idle_locked(struct gup_pin_entry *e)
{
	u64 state = gup_port_load(&e->state);

	while (!(state & GUP_PIN_USERS))
		if (gup_port_cas(&e->state, &state, state - GUP_PIN_LISTED)) {
			unlist_locked(e);
			return true;
		}
	return false;
}

/*
 * What was idle longest, of pins of @owner if that is not NULL. A put does not come to the list, so an entry is put into
 * its place when it is met there: once, since the turn stands. NULL: all are in use.
 */
static struct gup_pin_entry *take_oldest_locked(struct gup_pin_cache *cache, const struct gup_owner *owner)
{
	struct gup_link *before = &cache->listed;

	while (before->next != &cache->listed) {
		struct gup_pin_entry *e = (struct gup_pin_entry *)before->next;

		if (!is_in_place_locked(e))
			continue;
		if ((!owner || e->owner == word_of(owner)) && take_idle_locked(e))
			return e;
		before = before->next;
	}
	return NULL;
}

/* ---- the end of an entry ---- */

/* What an entry held: to be given back without the lock. */
struct held {
	struct gup_pin *pin;
	bool dirty;
};

static int give_back(struct held held, const void *site)
{
	return gup_unpin_from(held.pin, held.dirty, site);
}

/* The entry, which is in no list and nobody's, is among the dead and counts no more. */
static struct held bury_locked(struct gup_pin_entry *e)
{
	struct held held = { e->pin, gup_port_load_relaxed(&e->dirty) };
	struct gup_pin_cache *cache = e->cache;

	e->pin = NULL;
	cache->nr--;
	cache->nr_alone -= e->alone;
	cache->pages -= e->alone ? 0 : e->pages;
	gup_link_add(&cache->dead, &e->link);
	return held;
}

static int let_go(struct gup_pin_entry *e, const void *site)
{
	struct gup_pin_cache *cache = e->cache;
	struct held held;

	gup_port_lock_acquire(&cache->lock);
	held = bury_locked(e);
	gup_port_lock_release(&cache->lock);
	return give_back(held, site);
}

static struct gup_pin_entry *first_of(struct gup_pin_cache *cache, struct gup_link *list)
{
	struct gup_link *link;

	gup_port_lock_acquire(&cache->lock);
	link = list->next;
	if (link != list)
		gup_link_del(link);
	gup_port_lock_release(&cache->lock);
	return link == list ? NULL : (struct gup_pin_entry *)link;
}

static void put_into(struct gup_link *list, struct gup_pin_entry *e)
{
	struct gup_pin_cache *cache = e->cache;

	gup_port_lock_acquire(&cache->lock);
	gup_link_add(list, &e->link);
	gup_port_lock_release(&cache->lock);
}

/* The interval is gone. A look-up may still be at an entry that was ever listed. */
static void make_free(struct gup_pin_entry *e)
{
	e->interval = NULL;
	if (!e->known)
		gup_slab_free(e->cache->mm->m, GUP_SLAB_PIN_ENTRY, e);
	else
		put_into(&e->cache->free, e);
}

/*
 * Make the dead free: their intervals go. That waits for callbacks that run, so what those give back has been given back.
 * 0; -EDEADLK in a callback.
 */
static int reap(struct gup_pin_cache *cache)
{
	struct gup_pin_entry *e;
	int err = 0;

	while (!err && (e = first_of(cache, &cache->dead))) {
		err = e->interval ? gup_interval_remove(e->interval) : 0;
		if (err)
			put_into(&cache->dead, e);
		else
			make_free(e);
	}
	return err;
}

/*
 * Is what is pinned no longer what is mapped? Write-back takes no more away than the permission to write, and neither does
 * a fork that copies pinned pages for the child: what is pinned stays where it is, and the application's own.
 */
static bool ends_stay(const struct gup_notifier_range *range)
{
	return range->event != GUP_EVENT_PROTECT_PAGE || !range->mm->m->contract->fork_copies_pinned;
}

/* Entries of the range will change, or the mm ends. */
static bool invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
		       uint64_t seq)
{
	struct gup_pin_entry *e = context;
	struct gup_pin_cache *cache = e->cache;
	struct held held = { NULL, false };

	if (!ends_stay(range))
		return true;
	gup_port_lock_acquire(&cache->lock);
	gup_interval_set_seq(interval, seq);
	if (gup_port_load(&e->state) & GUP_PIN_LISTED) {
		unlist_locked(e);
		if (!(gup_port_fetch_sub(&e->state, GUP_PIN_LISTED) & GUP_PIN_USERS))
			held = bury_locked(e);
	}
	gup_port_lock_release(&cache->lock);
	(void)give_back(held, __builtin_return_address(0));
	return true;
}

static const struct gup_interval_ops interval_ops = { invalidate };

/* Unpin what was idle longest, as take_oldest_locked(), without the lock. Its pages; 0 if all are in use. */
static u64 evict_locked(struct gup_pin_cache *cache, const struct gup_owner *owner, const void *site)
{
	struct gup_pin_entry *e = take_oldest_locked(cache, owner);
	struct held held;
	u64 pages;

	if (!e)
		return 0;
	pages = e->pages;
	held = bury_locked(e);
	gup_port_lock_release(&cache->lock);
	(void)give_back(held, site);
	gup_port_lock_acquire(&cache->lock);
	return pages;
}

/* Unpin idle pins, of @owner if that is not NULL, until @pages are. How many were. */
static u64 unpin_idle(struct gup_pin_cache *cache, const struct gup_owner *owner, u64 pages, const void *site)
{
	u64 done = 0, more = 1;

	gup_port_lock_acquire(&cache->lock);
	for (; more && done < pages; done += more)
		more = evict_locked(cache, owner, site);
	gup_port_lock_release(&cache->lock);
	return done;
}

/* ---- get and put ---- */

/* What a get that is no hit is about. */
struct miss {
	struct gup_pin_cache *cache;
	const struct gup_request *request;
	struct gup_why *why;
	const void *site;
};

static u64 pages_of(const struct gup_request *r)
{
	return ((r->addr + r->bytes - 1) >> GUP_PAGE_SHIFT) - (r->addr >> GUP_PAGE_SHIFT) + 1;
}

static bool fits_locked(const struct gup_pin_cache *cache, u64 pages)
{
	return cache->nr - cache->nr_alone < cache->max_pins && cache->pages <= cache->max_pages - pages;
}

/* The entry counts, in the place of idle ones if need be. Where that makes no room it is the caller's alone. */
static void claim(struct gup_pin_entry *e, u64 pages, const void *site)
{
	struct gup_pin_cache *cache = e->cache;

	e->pages = pages;
	e->alone = pages > cache->max_pages;
	gup_port_lock_acquire(&cache->lock);
	while (!e->alone && !fits_locked(cache, pages))
		e->alone = !evict_locked(cache, NULL, site);
	cache->nr++;
	cache->nr_alone += e->alone;
	cache->pages += e->alone ? 0 : pages;
	gup_port_lock_release(&cache->lock);
}

/* An entry with one user, its caller. NULL with the reason in miss->why. */
static struct gup_pin_entry *entry_new(const struct miss *miss)
{
	struct gup_pin_cache *cache = miss->cache;
	struct gup_pin_entry *e = first_of(cache, &cache->free);

	if (!e)
		e = gup_slab_alloc(cache->mm->m, GUP_SLAB_PIN_ENTRY);
	if (!e) {
		gup_refuse(miss->why, -GUP_ENOMEM, GUP_RULE_NO_MEMORY, miss->request->addr, 0);
		return NULL;
	}
	e->cache = cache;
	gup_port_store_relaxed(&e->dirty, 0u);
	gup_port_store(&e->state, (gup_port_load(&e->state) & ~(GUP_PIN_GENERATION - 1)) + 1);
	claim(e, pages_of(miss->request), miss->site);
	return e;
}

/* gup_pin(); where a limit is in the way, once more with so many idle pages less. */
static int pin_within_limits(const struct miss *miss, struct gup_pin **out)
{
	const struct gup_request *r = miss->request;
	struct gup_mm *mm = miss->cache->mm;
	int err = gup_pin_range(mm, r, out, miss->why, miss->site);
	bool of_owner = miss->why->rule == GUP_RULE_OWNER_LIMIT;

	if (err != -GUP_ENOMEM || !(of_owner || miss->why->rule == GUP_RULE_MM_LIMIT))
		return err;
	if (!unpin_idle(miss->cache, of_owner ? r->owner : NULL, pages_of(r), miss->site))
		return err;
	return gup_pin_range(mm, r, out, miss->why, miss->site);
}

/* Hear of changes of the range from now on. */
static int listen(struct gup_pin_entry *e, const struct miss *miss)
{
	const struct gup_request *r = miss->request;
	int err;

	set_key(e, r);
	err = gup_interval_insert(e->cache->mm, r->addr, r->bytes, &interval_ops, e, &e->interval);
	if (!err)
		return 0;
	e->interval = NULL;
	return gup_refuse(miss->why, err, err == -GUP_ENOMEM ? GUP_RULE_NO_MEMORY : GUP_RULE_BAD_ARGUMENT, r->addr, 0);
}

/* The pin is kept if it is still of what is mapped, and nobody was faster. */
static void keep(struct gup_pin_entry *e, const struct gup_request *r, u64 seq)
{
	struct gup_pin_cache *cache = e->cache;

	gup_port_lock_acquire(&cache->lock);
	if (!e->alone && !gup_interval_read_retry(e->interval, seq) && !is_known_locked(cache, r))
		list_locked(e);
	gup_port_lock_release(&cache->lock);
}

static int fill(struct gup_pin_entry *e, const struct miss *miss)
{
	int err = listen(e, miss);
	u64 seq;

	if (err)
		return err;
	seq = gup_interval_read_begin(e->interval);
	err = pin_within_limits(miss, &e->pin);
	if (err)
		return err;
	e->pin->cached = e;
	keep(e, miss->request, seq);
	return 0;
}

static int get_new(const struct miss *miss, const struct gup_pin **out)
{
	const struct gup_request *r = miss->request;
	struct gup_pin_entry *e;
	int err;

	err = gup_pin_check(miss->cache->mm, r, miss->why);
	if (err)
		return err;
	err = reap(miss->cache);
	if (err)
		return gup_refuse(miss->why, err, GUP_RULE_BAD_ARGUMENT, r->addr, 0);
	e = entry_new(miss);
	if (!e)
		return miss->why->error;
	err = fill(e, miss);
	if (err)
		(void)let_go(e, NULL);
	else
		*out = e->pin;
	return err;
}

int gup_pin_cache_get(struct gup_pin_cache *cache, const struct gup_request *request, const struct gup_pin **out,
		      struct gup_why *why)
{
	struct gup_pin_entry *e = NULL;
	struct gup_why own;

	if (!cache || !request || !out)
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, 0, 0);
	if (!gup_owner_is_lost(request->owner))
		e = look_up(cache, request);
	if (!e)
		return get_new(&(struct miss){ cache, request, why ? why : &own, __builtin_return_address(0) }, out);
	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	*out = e->pin;
	return 0;
}

int gup_pin_cache_put(struct gup_pin_cache *cache, const struct gup_pin *pin, bool dirty)
{
	struct gup_pin_entry *e = pin ? pin->cached : NULL;
	u64 state, turn;

	if (!cache || !e || e->cache != cache)
		return -GUP_EINVAL;
	state = gup_port_load(&e->state);
	if (!(state & GUP_PIN_USERS))
		return -GUP_EINVAL;
	if (dirty)
		gup_port_store_relaxed(&e->dirty, 1u);
	turn = gup_port_load_relaxed(&cache->turn);
	if (gup_port_load_relaxed(&e->used) != turn)
		gup_port_store_relaxed(&e->used, turn);
	while (!gup_port_cas(&e->state, &state, state - 1))
		if (!(state & GUP_PIN_USERS))
			return -GUP_EINVAL;
	if ((state & (GUP_PIN_LISTED | GUP_PIN_USERS)) != 1)
		return 0;
	return let_go(e, __builtin_return_address(0));
}

uint64_t gup_pin_cache_trim(struct gup_pin_cache *cache)
{
	return cache ? unpin_idle(cache, NULL, UINT64_MAX, __builtin_return_address(0)) : 0;
}

/* ---- a cache ---- */

/* The intervals hear of changes. This one keeps the mm, and is there when none of them is. */
static const struct gup_notifier_ops notifier_ops = { NULL, NULL, NULL };

static bool buckets_new(struct gup_machine *m, struct gup_pin_cache *cache)
{
	const unsigned int in_frame = 9; /* buckets: 2^9 words */
	struct gup_page *head;

	while ((UINT64_C(1) << (in_frame + cache->order)) < cache->max_pins)
		cache->order++;
	cache->shift = 64 - (in_frame + cache->order);
	head = gup_folio_alloc(m, cache->order, GUP_FRAME_META, false, GUP_SCOPE_UNMOVABLE);
	if (!head)
		return false;
	cache->buckets = (u64 *)gup_bytes_of(m, head);
	memset(cache->buckets, 0, GUP_PAGE_SIZE << cache->order);
	return true;
}

static void cache_free(struct gup_machine *m, struct gup_pin_cache *cache)
{
	struct gup_pin_entry *e;

	while ((e = first_of(cache, &cache->free)))
		gup_slab_free(m, GUP_SLAB_PIN_ENTRY, e);
	if (cache->buckets)
		gup_folio_put(m, gup_page_at(m, (u64)((u8 *)cache->buckets - m->memory) >> GUP_PAGE_SHIFT), 1);
	gup_slab_free(m, GUP_SLAB_PIN_CACHE, cache);
}

static bool is_config(const struct gup_pin_cache_config *config)
{
	return config && config->pins && config->pins <= GUP_PIN_CACHE_MAX && config->pages;
}

int gup_pin_cache_create(struct gup_mm *mm, const struct gup_pin_cache_config *config, struct gup_pin_cache **out)
{
	struct gup_pin_cache *cache;
	int err;

	if (!mm || !is_config(config) || !out)
		return -GUP_EINVAL;
	cache = gup_slab_alloc(mm->m, GUP_SLAB_PIN_CACHE);
	if (!cache)
		return -GUP_ENOMEM;
	cache->mm = mm;
	cache->max_pins = config->pins;
	cache->max_pages = config->pages;
	gup_link_init(&cache->listed);
	gup_link_init(&cache->dead);
	gup_link_init(&cache->free);
	err = buckets_new(mm->m, cache) ? 0 : -GUP_ENOMEM;
	if (!err)
		err = gup_notifier_register(mm, &notifier_ops, cache, &cache->notifier);
	if (err)
		cache_free(mm->m, cache);
	else
		*out = cache;
	return err;
}

int gup_pin_cache_destroy(struct gup_pin_cache *cache)
{
	struct gup_machine *m;
	bool busy;
	int err;

	if (!cache)
		return 0;
	m = cache->mm->m;
	unpin_idle(cache, NULL, UINT64_MAX, __builtin_return_address(0));
	err = reap(cache);
	if (err)
		return err;
	gup_port_lock_acquire(&cache->lock);
	busy = cache->nr;
	gup_port_lock_release(&cache->lock);
	if (busy)
		return -GUP_EBUSY;
	err = gup_notifier_unregister(cache->notifier);
	if (!err)
		cache_free(m, cache);
	return err;
}
