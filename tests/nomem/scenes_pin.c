/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/nomem/scenes_pin.c - getting and pinning, by every entry point that may fault, and by the library's own form.
 */
#include "sweep.h"

static uint64_t where(const struct stage *s)
{
	return s->scene->prepare == map_fresh ? FRESH : BASE;
}

static int64_t take_pages(struct stage *s)
{
	struct gup_call call = { .entry = s->scene->entry, .start = where(s), .nr_pages = NR, .pages = s->pages };

	call.flags = s->kind == READONLY && s->scene->flags & GUP_WRITE ? s->scene->flags | GUP_FORCE : s->scene->flags;
	return take(s->w.mm, &call, NULL);
}

/* The zero page is not counted. */
static uint64_t nr_counted(const struct stage *s, uint64_t nr)
{
	uint64_t counted = 0;

	for (uint64_t i = 0; i < nr; i++)
		counted += frame_of(s->w.m, s->pages[i]).kind != GUP_FRAME_ZERO;
	return counted;
}

static void release_pages(struct stage *s, int64_t result)
{
	uint64_t nr = result > 0 ? (uint64_t)result : 0, counted = nr_counted(s, nr);
	bool pin = entry_pins(s->scene->entry);

	check_rest(s->w.m, s->pins + (pin ? counted : 0), s->gets + (pin ? 0 : counted));
	for (uint64_t i = 0; i < nr && where(s) == BASE; i++)
		device_expect(s->w.m, s->pages[i], BASE + i * PAGE, 1);
	assert_int_equal(release(s->w.m, s->scene->entry, s->pages, nr), 0);
}

static void fork_first(struct stage *s)
{
	s->child = world_fork(&s->w, s->w.mm, "child");
}

/* Each page is written or not: a failure leaves those before it written. */
static int64_t write_remotely(struct stage *s)
{
	uint8_t buf[NR * PAGE];
	int64_t done;

	pattern_make(buf, BASE, sizeof(buf), 2);
	done = gup_access_remote(s->w.mm, BASE, buf, sizeof(buf), GUP_WRITE | (s->kind == READONLY ? GUP_FORCE : 0));
	for (int64_t i = 0; i < done; i += PAGE)
		s->tags[i / (int64_t)PAGE] = 2;
	return done ? done : -GUP_ENOMEM;
}

static int64_t own_pin(struct stage *s)
{
	struct gup_request request = { .addr = where(s) + 100, .bytes = NR * PAGE - 200, .flags = s->scene->flags };
	struct gup_why why = { .error = 0 };
	int64_t ret;

	if (s->kind == READONLY)
		request.flags |= GUP_FORCE;
	request.owner = s->owner;
	ret = gup_pin(s->w.mm, &request, &s->pin, &why);
	assert_int_equal(why.error, ret);
	return ret;
}

static void release_own_pin(struct stage *s, int64_t result)
{
	if (result == 0) {
		check_rest(s->w.m, s->pins + NR, s->gets);
		assert_int_equal(gup_unpin(s->pin, true), 0);
	}
	assert_int_equal(gup_mm_pinned(s->w.mm), 0);
}

static int64_t make_cache(struct stage *s)
{
	return gup_pin_cache_create(s->w.mm, &(struct gup_pin_cache_config){ 2, 2 * NR }, &s->cache);
}

static void drop_cache(struct stage *s, int64_t result)
{
	if (result == 0)
		assert_int_equal(gup_pin_cache_destroy(s->cache), 0);
}

static void cache_first(struct stage *s)
{
	assert_int_equal(make_cache(s), 0);
}

static int64_t get_cached(struct stage *s)
{
	struct gup_request request = { .addr = BASE, .bytes = NR * PAGE, .flags = s->scene->flags };
	struct gup_why why = { .error = 0 };
	int64_t ret = gup_pin_cache_get(s->cache, &request, &s->cached, &why);

	assert_int_equal(why.error, ret);
	return ret;
}

/* A pin that was taken is a hit the next time. The cache stays for a get that follows an error. */
static void put_cached(struct stage *s, int64_t result)
{
	const struct gup_pin *pin = s->cached;

	if (result == 0) {
		check_rest(s->w.m, s->pins + NR, s->gets);
		assert_int_equal(get_cached(s), 0);
		assert_ptr_equal(s->cached, pin);
		assert_int_equal(gup_pin_cache_put(s->cache, pin, true), 0);
		assert_int_equal(gup_pin_cache_put(s->cache, pin, true), 0);
		assert_int_equal(gup_pin_cache_destroy(s->cache), 0);
	}
	assert_int_equal(gup_mm_pinned(s->w.mm), 0);
}

static int64_t make_owner(struct stage *s)
{
	return gup_owner_create(s->w.m, "nic", UINT64_MAX, &s->owner);
}

static void drop_owner(struct stage *s, int64_t result)
{
	if (result == 0)
		assert_int_equal(gup_owner_destroy(s->owner), 0);
}

#define TAKE(what, how, from, on, before)                                                                              \
	{                                                                                                              \
		.name = what, .kinds = on, .prepare = before, .act = take_pages, .undo = release_pages, .success = NR, \
		.entry = from, .flags = how                                                                            \
	}
#define FOR_LONG (ANY & ~(ON(DAX) | ON(REGULAR))) /* those refuse it */
#define LONG_WRITE (GUP_WRITE | GUP_LONGTERM)

/* By each entry: pages that are not there yet, and pages that must move before they may be held for long. */
#define ENTRY(entry)                                                                                                   \
	TAKE(#entry " for reading, fresh", 0, entry, ANY, map_fresh),                                                  \
		TAKE(#entry " for writing, fresh", GUP_WRITE, entry, ANY, map_fresh),                                  \
		TAKE(#entry " for long, fresh", LONG_WRITE, entry, FOR_LONG, map_fresh)
#define MOVES(entry) TAKE(#entry " for long", LONG_WRITE, entry, ON(CMA) | ON(MOVABLE), NULL)
#define COPIES(entry)                                                                                                  \
	TAKE(#entry " for reading, shared", 0, entry, COPIED_ON_WRITE | ON(READONLY), fork_first),                     \
		TAKE(#entry " for writing, shared", GUP_WRITE, entry, COPIED_ON_WRITE | ON(READONLY), fork_first)

const struct scene scenes_pin[] = {
	ENTRY(GUP_GET_USER_PAGES),
	ENTRY(GUP_GET_USER_PAGES_FAST),
	ENTRY(GUP_GET_USER_PAGES_REMOTE),
	ENTRY(GUP_GET_USER_PAGES_LOCKED),
	ENTRY(GUP_GET_USER_PAGES_UNLOCKED),
	ENTRY(GUP_PIN_USER_PAGES),
	ENTRY(GUP_PIN_USER_PAGES_FAST),
	ENTRY(GUP_PIN_USER_PAGES_REMOTE),
	ENTRY(GUP_PIN_USER_PAGES_LOCKED),
	ENTRY(GUP_PIN_USER_PAGES_UNLOCKED),
	MOVES(GUP_GET_USER_PAGES),
	MOVES(GUP_GET_USER_PAGES_FAST),
	MOVES(GUP_PIN_USER_PAGES),
	MOVES(GUP_PIN_USER_PAGES_FAST),
	MOVES(GUP_PIN_USER_PAGES_REMOTE),
	MOVES(GUP_PIN_USER_PAGES_LOCKED),
	MOVES(GUP_PIN_USER_PAGES_UNLOCKED),
	COPIES(GUP_PIN_USER_PAGES),
	COPIES(GUP_PIN_USER_PAGES_FAST),
	TAKE("a pin that splits 2M", GUP_SPLIT_PMD, GUP_PIN_USER_PAGES, ON(HUGE_ANON), NULL),
	{ .name = "pins that are tracked",
	  .kinds = ANY,
	  .act = take_pages,
	  .undo = release_pages,
	  .success = NR,
	  .track_holders = true,
	  .entry = GUP_PIN_USER_PAGES_FAST },
	{ .name = "own form", .kinds = WRITABLE, .act = own_pin, .undo = release_own_pin, .flags = GUP_WRITE },
	{ .name = "own form, fresh",
	  .kinds = ANY,
	  .prepare = map_fresh,
	  .act = own_pin,
	  .undo = release_own_pin,
	  .flags = GUP_WRITE },
	{ .name = "own form for long, fresh",
	  .kinds = FOR_LONG,
	  .prepare = map_fresh,
	  .act = own_pin,
	  .undo = release_own_pin,
	  .flags = LONG_WRITE },
	{ .name = "own form for long",
	  .kinds = FOR_LONG,
	  .act = own_pin,
	  .undo = release_own_pin,
	  .flags = LONG_WRITE },
	{ .name = "make a pin cache", .kinds = ONCE, .act = make_cache, .undo = drop_cache },
	{ .name = "pin cache",
	  .kinds = ON(ANON) | ON(HUGE_ANON) | ON(SHARED) | ON(REGULAR),
	  .prepare = cache_first,
	  .act = get_cached,
	  .undo = put_cached,
	  .flags = GUP_WRITE },
	{ .name = "make an owner", .kinds = ONCE, .act = make_owner, .undo = drop_owner },
	{ .name = "write remotely after fork",
	  .kinds = COPIED_ON_WRITE,
	  .prepare = fork_first,
	  .act = write_remotely,
	  .success = NR * PAGE },
	{ .name = NULL },
};
