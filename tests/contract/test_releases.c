/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_releases.c - each change of a rule: the release before it still does the old thing, the release with
 * it the new one.
 *
 * A row is a release, a probe that makes a machine of it do something, and what comes out on both sides. The contracts by
 * name are in the other tests; here are the years between them.
 */
#include "store.h"
#include "world.h"

#define W GUP_WRITE
#define LT GUP_LONGTERM
#define K GUP_KERNEL
#define LAST_PAGE 0xfffffffffffff000UL

struct args {
	enum gup_entry entry;
	unsigned int flags;
	long nr;
	bool locked;
};

/* What a call returns for touched anonymous memory; what it took goes back. */
static long call_at(struct world *w, const struct args *a, uint64_t addr)
{
	struct gup_page *pages[4];
	int locked = 1;
	struct gup_call call = { a->entry, addr, a->nr, a->flags, pages, a->locked ? &locked : NULL };
	long got = take(w->mm, &call, NULL);

	if (got > 0)
		assert_int_equal(release(w->m, a->entry, pages, (unsigned long)got), 0);
	return got;
}

static long call(struct world *w, const struct args *a)
{
	map_anon(w->mm, BASE, 4 * PAGE);
	app_fill(w->mm, BASE, 4 * PAGE, 1);
	return call_at(w, a, BASE);
}

static long call_without_lowest(struct world *w, const struct args *a)
{
	return call_at(w, a, 0);
}

static long call_that_wraps(struct world *w, const struct args *a)
{
	return call_at(w, a, LAST_PAGE);
}

/* MADV_POPULATE_READ of three pages of which the middle one is not mapped: is the last one there afterwards? */
static long populate_past_a_hole(struct world *w, const struct args *a)
{
	(void)a;
	map_anon(w->mm, BASE, PAGE);
	map_anon(w->mm, BASE + 2 * PAGE, PAGE);
	assert_int_equal(gup_madvise(w->mm, BASE, 3 * PAGE, GUP_MADV_POPULATE_READ), -GUP_ENOMEM);
	return gup_user_pfn(w->mm, BASE + 2 * PAGE) != 0;
}

static long populate(struct world *w, const struct args *a)
{
	(void)a;
	map_anon(w->mm, BASE, PAGE);
	return gup_madvise(w->mm, BASE, PAGE, GUP_MADV_POPULATE_WRITE);
}

static long move_hugetlb(struct world *w, const struct args *a)
{
	struct gup_object *object;
	int64_t to;

	(void)a;
	assert_int_equal(gup_hugetlb_create(w->m, HUGE, &object), 0);
	map_shared(w->mm, BASE, HUGE, object);
	to = gup_mremap(w->mm, BASE, HUGE, HUGE, GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED, BASE + HUGE);
	gup_object_put(object);
	return to == (int64_t)(BASE + HUGE) ? 0 : (long)to;
}

/* A shrink of what is not mapped. */
static long shrink_nothing(struct world *w, const struct args *a)
{
	int64_t at = gup_mremap(w->mm, BASE, 2 * PAGE, PAGE, 0, 0);

	(void)a;
	return at == (int64_t)BASE ? 0 : (long)at;
}

/* A move that is refused: is what lay there still mapped? */
static long refused_move(struct world *w, const struct args *a)
{
	(void)a;
	map_anon(w->mm, BASE, PAGE);
	map_anon(w->mm, BASE + 2 * PAGE, PAGE);
	assert_int_equal(gup_mremap(w->mm, BASE, 0, PAGE, GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED, BASE + 2 * PAGE),
			 -GUP_EINVAL);
	return !app_cannot_read(w->mm, BASE + 2 * PAGE);
}

/* A move of two mappings. */
static long move_two(struct world *w, const struct args *a)
{
	int64_t to;

	(void)a;
	map_anon(w->mm, BASE, PAGE);
	map_shared(w->mm, BASE + PAGE, PAGE, NULL);
	to = gup_mremap(w->mm, BASE, 2 * PAGE, 2 * PAGE, GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED, BASE + HUGE);
	return to == (int64_t)(BASE + HUGE) ? 0 : (long)to;
}

/* MADV_REMOVE through a shared mapping that may only be read just now. */
static long remove_readonly(struct world *w, const struct args *a)
{
	(void)a;
	map_shared(w->mm, BASE, PAGE, NULL);
	assert_int_equal(gup_mprotect(w->mm, BASE, PAGE, GUP_PROT_READ), 0);
	return gup_madvise(w->mm, BASE, PAGE, GUP_MADV_REMOVE);
}

/* The entry with which this release takes things: pins, where it has them. */
static enum gup_entry taker(struct world *w)
{
	return gup_machine_kernel(w->m) < K(5, 6) ? GUP_GET_USER_PAGES : GUP_PIN_USER_PAGES;
}

static struct gup_page *take_one(struct gup_mm *mm, enum gup_entry entry, unsigned int flags)
{
	struct gup_page *page;
	struct gup_call call = { entry, BASE, 1, flags, &page, NULL };

	assert_int_equal(take(mm, &call, NULL), 1);
	return page;
}

/* 1 if the library's own form pins, 0 if it holds references. */
static long own_form_pins(struct world *w, const struct args *a)
{
	struct gup_request request = { .addr = BASE, .bytes = PAGE, .flags = W };
	struct gup_check check;
	struct gup_pin *pin;

	(void)a;
	map_anon(w->mm, BASE, PAGE);
	assert_int_equal(gup_pin(w->mm, &request, &pin, NULL), 0);
	assert_int_equal(gup_machine_check(w->m, &check), 0);
	assert_int_equal(check.pins + check.gets, 1);
	assert_int_equal(gup_unpin(pin, false), 0);
	return (long)check.pins;
}

/* 1 if the page stays with the parent that had it pinned and writes after a fork. */
static long pinned_page_stays_after_fork(struct world *w, const struct args *a)
{
	struct gup_page *page;
	long stays;

	(void)a;
	map_anon(w->mm, BASE, PAGE);
	page = take_one(w->mm, GUP_PIN_USER_PAGES_FAST, W);
	(void)world_fork(w, w->mm, "child");
	app_fill(w->mm, BASE, PAGE, 2);
	stays = same_frame(w->mm, BASE, page);
	assert_int_equal(release(w->m, GUP_PIN_USER_PAGES_FAST, &page, 1), 0);
	return stays;
}

/* 1 if a write keeps a page that only a get holds besides its one mapping. */
static long page_with_a_get_is_reused(struct world *w, const struct args *a)
{
	struct gup_page *page;
	long kept;

	(void)a;
	map_anon(w->mm, BASE, PAGE);
	app_fill(w->mm, BASE, PAGE, 1);
	page = take_one(w->mm, GUP_GET_USER_PAGES_FAST, 0);
	world_exit(w, world_fork(w, w->mm, "child"));
	app_fill(w->mm, BASE, PAGE, 2);
	kept = same_frame(w->mm, BASE, page);
	assert_int_equal(gup_put_page(w->m, page), 0);
	return kept;
}

/* 1 if a write keeps a page of a larger folio, all of whose references are the mm's entries. */
static long part_is_reused(struct world *w, const struct args *a)
{
	uint64_t pfn;

	(void)a;
	map_anon(w->mm, BASE, 4 * PAGE);
	app_fill(w->mm, BASE, PAGE, 1);
	world_exit(w, world_fork(w, w->mm, "child"));
	pfn = gup_user_pfn(w->mm, BASE);
	app_fill(w->mm, BASE, PAGE, 2);
	return gup_user_pfn(w->mm, BASE) == pfn;
}

/* 1 if a read-only pin of a shared page makes a copy. */
static long read_only_pin_unshares(struct world *w, const struct args *a)
{
	struct gup_page *page;
	struct gup_mm *child;
	long own;

	(void)a;
	map_anon(w->mm, BASE, PAGE);
	app_fill(w->mm, BASE, PAGE, 1);
	child = world_fork(w, w->mm, "child");
	page = take_one(child, GUP_PIN_USER_PAGES, 0);
	own = !same_frame(w->mm, BASE, page);
	assert_int_equal(gup_unpin_user_page(w->m, page), 0);
	return own;
}

/* What a read-only long-term pin of memory that was never written finds. */
static long kind_of_untouched(struct world *w, const struct args *a)
{
	struct gup_page *page;
	long kind;

	(void)a;
	map_anon(w->mm, BASE, PAGE);
	page = take_one(w->mm, GUP_PIN_USER_PAGES, LT);
	kind = (long)frame_of(w->m, page).kind;
	assert_int_equal(gup_unpin_user_page(w->m, page), 0);
	return kind;
}

/* The zone of a page of @zone after a long-term pin of it. */
static long zone_after(struct world *w, enum gup_zone_kind zone, enum gup_entry entry)
{
	uint64_t addr = world_borrow(w, zone, 1);
	struct gup_page *page;
	struct gup_call call = { entry, addr, 1, W | LT, &page, NULL };
	long after;

	app_fill(w->mm, addr, PAGE, 1);
	assert_int_equal(take(w->mm, &call, NULL), 1);
	after = (long)frame_of(w->m, page).zone;
	assert_int_equal(release(w->m, entry, &page, 1), 0);
	return after;
}

static long zone_after_movable(struct world *w, const struct args *a)
{
	(void)a;
	return zone_after(w, GUP_ZONE_MOVABLE, GUP_PIN_USER_PAGES);
}

static long zone_after_cma_fast(struct world *w, const struct args *a)
{
	(void)a;
	return zone_after(w, GUP_ZONE_CMA, GUP_PIN_USER_PAGES_FAST);
}

/* A page of CMA that somebody holds. */
static long held_in_cma(struct world *w, const struct args *a)
{
	uint64_t addr = world_borrow(w, GUP_ZONE_CMA, 1);
	struct gup_page *held;
	long got;

	app_fill(w->mm, addr, PAGE, 1);
	assert_int_equal(gup_get_user_pages_fast(w->mm, addr, 1, 0, &held), 1);
	got = call_at(w, a, addr);
	assert_int_equal(gup_put_page(w->m, held), 0);
	return got;
}

/* One page of a file on DAX behind a good page; its mapping is read-only. */
static long dax_behind_a_page(struct world *w, const struct args *a)
{
	struct gup_object *file = new_dax_file(w, PAGE);
	struct gup_call call = { taker(w), BASE, 0, 0, NULL, NULL };
	struct args args = *a;

	map_anon(w->mm, BASE, PAGE);
	app_fill(w->mm, BASE, PAGE, 1);
	map_shared(w->mm, BASE + PAGE, PAGE, file);
	assert_int_equal(gup_mprotect(w->mm, BASE + PAGE, PAGE, GUP_PROT_READ), 0);
	gup_object_put(file);
	args.entry = call.entry;
	return call_at(w, &args, a->nr == 1 ? BASE + PAGE : BASE);
}

static long tracked_file(struct world *w, const struct args *a)
{
	static struct store store;
	struct gup_object *file;
	long got;

	store_init(&store);
	assert_int_equal(store_file(w->m, &store, PAGE, true, &file), 0);
	map_shared(w->mm, BASE, PAGE, file);
	got = call_at(w, a, BASE);
	assert_int_equal(gup_munmap(w->mm, BASE, PAGE), 0);
	gup_object_put(file);
	return got;
}

#define NOT (-GUP_EINVAL)
#define FAULT (-GUP_EFAULT)
#define NOMEM (-GUP_ENOMEM)
#define PLAIN(flags)                                                                                                   \
	{                                                                                                              \
		GUP_PIN_USER_PAGES, flags, 1, false                                                                    \
	}
#define ENTRY(id, flags)                                                                                               \
	{                                                                                                              \
		GUP_##id, flags, 1, false                                                                              \
	}

static long read_only_hugetlb(struct world *w, const struct args *a)
{
	struct gup_map_request request = { BASE, HUGE, GUP_PROT_READ, ANON_AT, NULL, 0 };

	assert_int_equal(gup_hugetlb_create(w->m, HUGE, &request.object), 0);
	assert_int_equal(gup_mmap(w->mm, &request), BASE);
	gup_object_put(request.object);
	return call_at(w, a, BASE);
}

static long object_pinned(struct world *w, const struct args *a)
{
	struct gup_object *object = new_shm(w, PAGE);
	struct gup_page *folio;
	long got = gup_memfd_pin_folios(object, 0, PAGE - 1, &folio, 1, NULL);

	(void)a;
	if (got > 0)
		assert_int_equal(gup_unpin_folios(w->m, &folio, (unsigned long)got), 0);
	gup_object_put(object);
	return got;
}

static const struct row {
	const char *what;
	uint32_t since;
	long (*probe)(struct world *w, const struct args *a);
	struct args args;
	long before, then;
} rows[] = {
	{ "MADV_POPULATE_WRITE", K(5, 14), populate, { 0 }, -GUP_EINVAL, 0 },
	{ "MADV_POPULATE_READ past a hole", K(6, 10), populate_past_a_hole, { 0 }, 1, 0 },
	{ "mremap of hugetlb", K(5, 16), move_hugetlb, { 0 }, -GUP_EINVAL, 0 },
	{ "mremap of nothing", K(5, 16), shrink_nothing, { 0 }, 0, FAULT },
	{ "mremap that is refused", K(6, 17), refused_move, { 0 }, 0, 1 },
	{ "mremap of two mappings", K(6, 17), move_two, { 0 }, FAULT, 0 },
	{ "MADV_REMOVE of what may be read", K(6, 7), remove_readonly, { 0 }, -GUP_EACCES, 0 },
	{ "pin_user_pages", K(5, 6), call, ENTRY(PIN_USER_PAGES, W), NOT, 1 },
	{ "pin_user_pages_fast", K(5, 6), call, ENTRY(PIN_USER_PAGES_FAST, W), NOT, 1 },
	{ "pin_user_pages_remote", K(5, 6), call, ENTRY(PIN_USER_PAGES_REMOTE, W), NOT, 1 },
	{ "pin_user_pages_unlocked", K(5, 8), call, ENTRY(PIN_USER_PAGES_UNLOCKED, W), NOT, 1 },
	{ "pin_user_pages_locked", K(5, 8), call, ENTRY(PIN_USER_PAGES_LOCKED, W), NOT, 1 },
	{ "pin_user_pages_locked", K(5, 18), call, ENTRY(PIN_USER_PAGES_LOCKED, W), 1, NOT },
	{ "get_user_pages_locked", K(5, 18), call, ENTRY(GET_USER_PAGES_LOCKED, W), 1, NOT },
	{ "pin_user_pages_fast_only", K(5, 8), call, ENTRY(PIN_USER_PAGES_FAST_ONLY, W), NOT, 1 },
	{ "pin_user_pages_fast_only", K(6, 3), call, ENTRY(PIN_USER_PAGES_FAST_ONLY, W), 1, NOT },

	{ "SPLIT_PMD", K(5, 4), call, ENTRY(GET_USER_PAGES, GUP_SPLIT_PMD), NOT, 1 },
	{ "NOFAULT", K(5, 16), call, PLAIN(GUP_NOFAULT), NOT, 1 },
	{ "INTERRUPTIBLE", K(6, 2), call, PLAIN(GUP_INTERRUPTIBLE), NOT, 1 },
	{ "PCI_P2PDMA", K(6, 2), call, PLAIN(GUP_PCI_P2PDMA), NOT, 1 },
	{ "PCI_P2PDMA, fast", K(6, 2), call, ENTRY(PIN_USER_PAGES_FAST, GUP_PCI_P2PDMA), NOT, 1 },
	{ "HONOR_NUMA_FAULT", K(6, 6), call, ENTRY(GET_USER_PAGES, GUP_HONOR_NUMA_FAULT), NOT, 1 },
	{ "HONOR_NUMA_FAULT, fast", K(6, 6), call, ENTRY(PIN_USER_PAGES_FAST, GUP_HONOR_NUMA_FAULT), NOT, 1 },
	{ "NOWAIT, fast", K(5, 3), call, ENTRY(GET_USER_PAGES_FAST, GUP_NOWAIT), 1, NOT },
	{ "FORCE, fast", K(5, 3), call, ENTRY(GET_USER_PAGES_FAST, GUP_FORCE), 1, NOT },
	{ "FORCE, fast", K(5, 6), call, ENTRY(GET_USER_PAGES_FAST, GUP_FORCE), NOT, 1 },
	{ "NOFAULT, fast", K(5, 16), call, ENTRY(GET_USER_PAGES_FAST, GUP_NOFAULT), NOT, 1 },
	{ "FORCE, fast_only", K(5, 8), call, ENTRY(GET_USER_PAGES_FAST_ONLY, GUP_FORCE), 0, 1 },

	{ "LONGTERM of a get", K(5, 10), call, ENTRY(GET_USER_PAGES, W | LT), 1, NOT },
	{ "LONGTERM of a get, fast", K(5, 10), call, ENTRY(GET_USER_PAGES_FAST, W | LT), 1, NOT },
	{ "LONGTERM of a remote get", K(5, 6), call, ENTRY(GET_USER_PAGES_REMOTE, W | LT), NOT, 1 },
	{ "LONGTERM, remote, locked", K(6, 3), call, { GUP_PIN_USER_PAGES_REMOTE, W | LT, 1, true }, NOT, 1 },
	{ "LONGTERM, unlocked", K(6, 3), call, ENTRY(PIN_USER_PAGES_UNLOCKED, W | LT), NOT, 1 },
	{ "bad argument, pin", K(6, 3), call, PLAIN(1u << 31), NOT, 0 },
	{ "bad argument, remote", K(6, 3), call, ENTRY(PIN_USER_PAGES_REMOTE, 1u << 31), NOT, 0 },
	{ "bad argument, unlocked", K(6, 3), call, ENTRY(PIN_USER_PAGES_UNLOCKED, 1u << 31), NOT, 0 },
	{ "bad argument, fast_only", K(6, 3), call, ENTRY(GET_USER_PAGES_FAST_ONLY, 1u << 31), 0, NOT },

	{ "a negative count", K(5, 3), call_without_lowest, { GUP_GET_USER_PAGES_FAST, W, -1, false }, 0, FAULT },
	{ "a range that wraps", K(5, 3), call_that_wraps, { GUP_GET_USER_PAGES_FAST, W, 2, false }, FAULT, 0 },
	{ "a range that wraps", K(6, 6), call_that_wraps, { GUP_GET_USER_PAGES_FAST, W, 2, false }, 0, -GUP_EOVERFLOW },
	{ "fast_only beyond user space",
	  K(6, 3),
	  call_without_lowest,
	  { GUP_GET_USER_PAGES_FAST_ONLY, W, -1, false },
	  0,
	  FAULT },

	{ "has_pin", K(5, 6), own_form_pins, { 0 }, 0, 1 },
	{ "fork_copies_pinned", K(5, 9), pinned_page_stays_after_fork, { 0 }, 0, 1 },
	{ "reuse_by_mapcount", K(5, 9), page_with_a_get_is_reused, { 0 }, 1, 0 },
	{ "reuses_parts", K(6, 15), part_is_reused, { 0 }, 0, 1 },
	{ "pin_unshares", K(5, 19), read_only_pin_unshares, { 0 }, 0, 1 },
	{ "longterm_read_breaks_cow", K(6, 2), kind_of_untouched, { 0 }, GUP_FRAME_ZERO, GUP_FRAME_ANON },
	{ "longterm_leaves_movable", K(5, 13), zone_after_movable, { 0 }, GUP_ZONE_MOVABLE, GUP_ZONE_NORMAL },
	{ "fast_sees_longterm", K(5, 7), zone_after_cma_fast, { 0 }, GUP_ZONE_CMA, GUP_ZONE_NORMAL },
	{ "dax_checked_last", K(5, 11), dax_behind_a_page, { 0, W | LT, 1, false }, FAULT, -GUP_EOPNOTSUPP },
	{ "dax_drop", K(5, 11), dax_behind_a_page, { 0, LT, 2, false }, -GUP_EOPNOTSUPP, 1 },
	{ "migrate_failure_ignored", K(5, 13), held_in_cma, PLAIN(W | LT), 1, NOMEM },
	{ "refuses_dirty_tracked", K(6, 5), tracked_file, PLAIN(W | LT), 1, FAULT },
	{ "refuses_hugetlb_force", K(6, 1), read_only_hugetlb, PLAIN(W | GUP_FORCE), 1, FAULT },
	{ "refuses_hugetlb_force", K(6, 14), read_only_hugetlb, PLAIN(W | GUP_FORCE), FAULT, 1 },
	{ "refuses_hugetlb_split", K(6, 12), read_only_hugetlb, PLAIN(GUP_SPLIT_PMD), 1, -GUP_EOPNOTSUPP },
	{ "has_memfd_pin_folios", K(6, 11), object_pinned, PLAIN(0), -GUP_EINVAL, 1 },
};

/* The release before. */
static uint32_t before(uint32_t kernel)
{
	return kernel == K(6, 0) ? K(5, 19) : kernel - 1;
}

static long play(const struct row *row, uint32_t kernel)
{
	const struct world_spec spec = { .normal = 8,
					 .hugetlb = 1,
					 .movable = row->probe == zone_after_movable ? 2 : 0,
					 .cma = row->probe == zone_after_cma_fast || row->probe == held_in_cma ? 8 : 0,
					 .dax = 2,
					 .anon_orders = row->probe == part_is_reused ? 1u << 2 : 0,
					 .kernel = kernel };
	struct world w;
	long got;

	world_begin(&w, &spec);
	got = row->probe(&w, &row->args);
	check_rest(w.m, 0, 0);
	world_end(&w);
	return got;
}

static void each_change(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		long old = play(&rows[i], before(rows[i].since)), new = play(&rows[i], rows[i].since);

		if (old != rows[i].before || new != rows[i].then)
			fail_msg("%s: %ld before %u.%u and %ld since, instead of %ld and %ld", rows[i].what, old,
				 rows[i].since >> 16, rows[i].since & 0xffff, new, rows[i].before, rows[i].then);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_change) };

	return cmocka_run_group_tests_name("releases", tests, NULL, NULL);
}
