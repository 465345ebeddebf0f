/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_names.c - the twelve functions by name: each is its own entry point and no other.
 *
 * Every function is asked the same questions as gup_user_pages() with its entry, under every contract, on memory in the
 * same state. Where two entries follow different rules the answers differ, so a function with a wrong entry shows.
 */
#include "world.h"

#define NR 4

/* One question: flags, a count, and the state of the memory. */
struct question {
	unsigned int flags;
	long nr;
	bool touched, no_pages;
};

static const struct question questions[] = {
	{ 0, NR, true, false },
	{ GUP_WRITE, NR, true, false },
	{ GUP_WRITE, NR, false, false },
	{ GUP_WRITE | GUP_NOFAULT, NR, false, false },
	{ GUP_WRITE | GUP_NOWAIT, NR, true, false },
	{ GUP_WRITE | GUP_LONGTERM, NR, true, false },
	{ GUP_WRITE, -1, true, false },
	{ GUP_WRITE, NR, true, true },
	{ 1u << 31, NR, true, false },
};

static long by_name(struct gup_mm *mm, const struct gup_call *c)
{
	unsigned long nr = (unsigned long)c->nr_pages;
	unsigned long start = c->start;
	int few = (int)c->nr_pages;

	switch (c->entry) {
	case GUP_GET_USER_PAGES:
		return gup_get_user_pages(mm, start, nr, c->flags, c->pages);
	case GUP_GET_USER_PAGES_FAST:
		return gup_get_user_pages_fast(mm, start, few, c->flags, c->pages);
	case GUP_GET_USER_PAGES_FAST_ONLY:
		return gup_get_user_pages_fast_only(mm, start, few, c->flags, c->pages);
	case GUP_GET_USER_PAGES_REMOTE:
		return gup_get_user_pages_remote(mm, start, nr, c->flags, c->pages, c->locked);
	case GUP_GET_USER_PAGES_LOCKED:
		return gup_get_user_pages_locked(mm, start, nr, c->flags, c->pages, c->locked);
	case GUP_GET_USER_PAGES_UNLOCKED:
		return gup_get_user_pages_unlocked(mm, start, nr, c->flags, c->pages);
	case GUP_PIN_USER_PAGES:
		return gup_pin_user_pages(mm, start, nr, c->flags, c->pages);
	case GUP_PIN_USER_PAGES_FAST:
		return gup_pin_user_pages_fast(mm, start, few, c->flags, c->pages);
	case GUP_PIN_USER_PAGES_FAST_ONLY:
		return gup_pin_user_pages_fast_only(mm, start, few, c->flags, c->pages);
	case GUP_PIN_USER_PAGES_REMOTE:
		return gup_pin_user_pages_remote(mm, start, nr, c->flags, c->pages, c->locked);
	case GUP_PIN_USER_PAGES_LOCKED:
		return gup_pin_user_pages_locked(mm, start, nr, c->flags, c->pages, c->locked);
	default:
		return gup_pin_user_pages_unlocked(mm, start, nr, c->flags, c->pages);
	}
}

static bool wants_lock(enum gup_entry entry)
{
	return !entry_is_fast(entry) && entry != GUP_GET_USER_PAGES_UNLOCKED && entry != GUP_PIN_USER_PAGES_UNLOCKED;
}

static bool has_locked(enum gup_entry entry)
{
	return entry == GUP_GET_USER_PAGES_REMOTE || entry == GUP_GET_USER_PAGES_LOCKED ||
	       entry == GUP_PIN_USER_PAGES_REMOTE || entry == GUP_PIN_USER_PAGES_LOCKED;
}

/* Ask on fresh memory; what was taken is of the kind that the entry takes, and goes back. */
static long ask(const struct question *q, enum gup_contract_id id, enum gup_entry entry, bool name)
{
	struct gup_page *pages[NR] = { NULL };
	int locked = 1;
	struct gup_call call = {
		entry, BASE, q->nr, q->flags, q->no_pages ? NULL : pages, has_locked(entry) ? &locked : NULL
	};
	struct world w;
	long got;

	world_begin(&w, &(struct world_spec){ .normal = 4, .contract = id, .no_huge_pages = true });
	map_anon(w.mm, BASE, NR * PAGE);
	if (q->touched)
		app_fill(w.mm, BASE, NR * PAGE, 1);
	if (wants_lock(entry))
		gup_mmap_read_lock(w.mm);
	got = name ? by_name(w.mm, &call) : gup_user_pages(w.mm, &call, NULL);
	if (wants_lock(entry) && locked)
		gup_mmap_read_unlock(w.mm);
	if (got > 0 && !q->no_pages) {
		check_rest(w.m, entry_pins(entry) ? (uint64_t)got : 0, entry_pins(entry) ? 0 : (uint64_t)got);
		assert_int_equal(release(w.m, entry, pages, (unsigned long)got), 0);
	}
	world_end(&w);
	return got;
}

static void each_name_is_its_entry(void **state)
{
	enum gup_contract_id id;
	enum gup_entry entry;
	size_t i;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++)
		for (entry = 0; entry < GUP_NR_ENTRIES; entry++)
			for (i = 0; i < ARRAY_LEN(questions); i++)
				assert_int_equal(ask(&questions[i], id, entry, true),
						 ask(&questions[i], id, entry, false));
}

/* The answers that tell _fast_only from its neighbours: it never faults, and it keeps what is there. */
static void fast_only_takes_what_is_there(void **state)
{
	struct gup_page *pages[NR];
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .contract = GUP_LINUX_6_12, .no_huge_pages = true });
	map_anon(w.mm, BASE, NR * PAGE);
	assert_int_equal(gup_get_user_pages_fast_only(w.mm, BASE, NR, GUP_WRITE, pages), 0);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(gup_get_user_pages_fast_only(w.mm, BASE, NR, GUP_WRITE, pages), 2);
	check_rest(w.m, 0, 2);
	assert_int_equal(gup_put_pages(w.m, pages, 2), 0);
	assert_int_equal(stats_of(w.m).slow_pages, 0);
	world_end(&w);
}

/* Only the mapping says whether the zero page may be read: the fast path leaves it to the slow one. */
static void fast_leaves_the_zero_page(void **state)
{
	struct gup_page *pages[NR];
	enum gup_contract_id id;
	struct world w;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		world_begin(&w, &(struct world_spec){ .normal = 4, .contract = id });
		map_anon(w.mm, BASE, NR * PAGE);
		app_expect_zero(w.mm, BASE, NR * PAGE);
		assert_int_equal(gup_get_user_pages_fast_only(w.mm, BASE, NR, 0, pages), 0);
		assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, NR, 0, pages), NR);
		assert_int_equal(stats_of(w.m).fast_pages, 0);
		assert_int_equal(gup_put_pages(w.m, pages, NR), 0);
		assert_int_equal(gup_mprotect(w.mm, BASE, NR * PAGE, GUP_PROT_WRITE), 0);
		assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, NR, 0, pages), -GUP_EFAULT);
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_is_its_entry),
		cmocka_unit_test(fast_only_takes_what_is_there),
		cmocka_unit_test(fast_leaves_the_zero_page),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
