/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_notifier.c - being told of changes: by which event, of which range, before and after.
 *
 * A spy looks at one entry each time it is called, by a form that takes no lock: at the start it must be as it was, at
 * the end as it will be. Pins that a spy drops at the start are not in the way of what follows.
 */
#include "world.h"

#define MAX_CALLS 64
#define SPEC                                                                                                           \
	{                                                                                                              \
		.normal = 24                                                                                           \
	}

struct call {
	bool end, writable;
	struct gup_notifier_range range;
	uint64_t pfn; /* behind the spy's address, 0 for none */
};

struct spy {
	struct gup_mm *mm;
	uint64_t addr;
	struct gup_notifier *notifier;
	struct gup_page *pin, *get; /* dropped at the next start */
	struct call calls[MAX_CALLS];
	unsigned int nr, at, released;
};

static uint64_t look(struct gup_mm *mm, uint64_t addr, unsigned int flags)
{
	struct gup_page *page;

	if (gup_get_user_pages_fast_only(mm, addr, 1, flags, &page) != 1)
		return 0;
	assert_int_equal(gup_put_page(gup_mm_machine(mm), page), 0);
	return gup_page_to_pfn(gup_mm_machine(mm), page);
}

static void note(struct spy *spy, const struct gup_notifier_range *range, bool end)
{
	struct call *call = &spy->calls[spy->nr++];

	assert_true(spy->nr <= MAX_CALLS);
	assert_ptr_equal(range->mm, spy->mm);
	assert_int_equal(spy->released, 0);
	*call = (struct call){ end, look(spy->mm, spy->addr, GUP_WRITE) != 0, *range, look(spy->mm, spy->addr, 0) };
}

static void spy_start(void *context, const struct gup_notifier_range *range)
{
	struct spy *spy = context;

	note(spy, range, false);
	if (spy->pin)
		assert_int_equal(gup_unpin_user_page(gup_mm_machine(spy->mm), spy->pin), 0);
	if (spy->get)
		assert_int_equal(gup_put_page(gup_mm_machine(spy->mm), spy->get), 0);
	spy->pin = spy->get = NULL;
}

static void spy_end(void *context, const struct gup_notifier_range *range)
{
	note(context, range, true);
}

static void spy_release(void *context, struct gup_mm *mm)
{
	struct spy *spy = context;

	assert_ptr_equal(mm, spy->mm);
	assert_int_equal(++spy->released, 1);
	spy->calls[spy->nr].pfn = look(mm, spy->addr, 0);
}

static const struct gup_notifier_ops spy_ops = { spy_release, spy_start, spy_end };

static void watch(struct spy *spy, struct gup_mm *mm, uint64_t addr)
{
	memset(spy, 0, sizeof(*spy));
	spy->mm = mm;
	spy->addr = addr;
	assert_int_equal(gup_notifier_register(mm, &spy_ops, spy, &spy->notifier), 0);
}

static void unwatch(struct spy *spy)
{
	assert_int_equal(spy->at, spy->nr);
	assert_int_equal(gup_notifier_unregister(spy->notifier), 0);
	assert_int_equal(spy->released, 1);
}

/* The next change that the spy was told of, from start to end without another between. */
static const struct call *told(struct spy *spy, enum gup_event event, uint64_t start, uint64_t length)
{
	const struct call *call = &spy->calls[spy->at];
	unsigned int i;

	assert_true(spy->at + 2 <= spy->nr);
	for (i = 0; i < 2; i++) {
		assert_int_equal(call[i].end, i);
		assert_int_equal(call[i].range.event, event);
		assert_int_equal(call[i].range.start, start);
		assert_int_equal(call[i].range.end, start + length);
	}
	spy->at += 2;
	return call;
}

static void changed(const struct call *call, uint64_t before, uint64_t after)
{
	assert_int_equal(call[0].pfn, before);
	assert_int_equal(call[1].pfn, after);
}

static void begin(struct world *w, const struct world_spec *spec, struct spy *spy, uint64_t bytes)
{
	world_begin(w, spec);
	if (bytes) {
		map_anon(w->mm, BASE, bytes);
		app_fill(w->mm, BASE, bytes, 1);
	}
	watch(spy, w->mm, BASE);
}

static void end(struct world *w, struct spy *spy)
{
	unwatch(spy);
	check_rest(w->m, 0, 0);
	world_end(w);
}

static void unmap_and_replace(void **state)
{
	struct spy spy;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, &(struct world_spec)SPEC, &spy, 4 * PAGE);
	map_shared(w.mm, BASE + 4 * PAGE, 2 * PAGE, NULL);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_munmap(w.mm, BASE + 3 * PAGE, 2 * PAGE), 0);
	changed(told(&spy, GUP_EVENT_UNMAP, BASE + 3 * PAGE, PAGE), pfn, pfn);
	changed(told(&spy, GUP_EVENT_UNMAP, BASE + 4 * PAGE, PAGE), pfn, pfn);
	map_anon(w.mm, BASE, PAGE);
	changed(told(&spy, GUP_EVENT_UNMAP, BASE, PAGE), pfn, 0);
	app_fill(w.mm, BASE, PAGE, 2);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_munmap(w.mm, BASE - PAGE, 2 * PAGE), 0);
	changed(told(&spy, GUP_EVENT_UNMAP, BASE, PAGE), pfn, 0);
	end(&w, &spy);
}

static void protect_and_drop(void **state)
{
	const struct call *call;
	struct spy spy;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, &(struct world_spec)SPEC, &spy, 4 * PAGE);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_mprotect(w.mm, BASE, 2 * PAGE, GUP_PROT_READ), 0);
	call = told(&spy, GUP_EVENT_PROTECT_VMA, BASE, 2 * PAGE);
	changed(call, pfn, pfn);
	assert_true(call[0].writable);
	assert_false(call[1].writable);
	assert_int_equal(gup_madvise(w.mm, BASE, 3 * PAGE, GUP_MADV_DONTNEED), 0);
	changed(told(&spy, GUP_EVENT_CLEAR, BASE, 2 * PAGE), pfn, 0);
	changed(told(&spy, GUP_EVENT_CLEAR, BASE + 2 * PAGE, PAGE), 0, 0);
	assert_int_equal(gup_madvise(w.mm, BASE, 4 * PAGE, GUP_MADV_NOHUGEPAGE), 0);
	end(&w, &spy);
}

/* What has the protection already is not mentioned, whether it joins what got it or not. */
static void only_what_changes_is_told(void **state)
{
	struct spy spy;
	struct world w;

	(void)state;
	begin(&w, &(struct world_spec)SPEC, &spy, 4 * PAGE);
	assert_int_equal(gup_mprotect(w.mm, BASE, 2 * PAGE, GUP_PROT_READ), 0);
	told(&spy, GUP_EVENT_PROTECT_VMA, BASE, 2 * PAGE);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, PAGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, 4 * PAGE, RW), 0);
	told(&spy, GUP_EVENT_PROTECT_VMA, BASE, 2 * PAGE);
	assert_int_equal(gup_mprotect(w.mm, BASE + 2 * PAGE, 2 * PAGE, GUP_PROT_READ), 0);
	told(&spy, GUP_EVENT_PROTECT_VMA, BASE + 2 * PAGE, 2 * PAGE);
	assert_int_equal(gup_mprotect(w.mm, BASE, 4 * PAGE, GUP_PROT_READ), 0);
	told(&spy, GUP_EVENT_PROTECT_VMA, BASE, 2 * PAGE);
	end(&w, &spy);
}

/* Entries that appear or allow more tell nothing. */
static void silence(void **state)
{
	struct gup_mm *child;
	struct spy spy;
	struct world w;

	(void)state;
	begin(&w, &(struct world_spec)SPEC, &spy, 0);
	map_shared(w.mm, BASE, 2 * PAGE, NULL);
	app_expect_zero(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	map_anon(w.mm, BASE + HUGE, HUGE);
	app_fill(w.mm, BASE + HUGE, PAGE, 1);
	assert_int_equal(gup_populate(w.mm, BASE, 2 * PAGE), 0);
	assert_int_equal(gup_munmap(w.mm, BASE + 2 * PAGE, PAGE), 0);
	assert_int_equal(spy.nr, 0);
	child = world_fork(&w, w.mm, "child");
	told(&spy, GUP_EVENT_PROTECT_PAGE, BASE + HUGE, HUGE); /* and the shared mapping is not mentioned */
	assert_int_equal(gup_munmap(child, BASE, 2 * HUGE), 0);
	app_fill(w.mm, BASE + HUGE, PAGE, 2); /* the child has gone: reuse */
	end(&w, &spy);
}

static void fork_and_cow(void **state)
{
	struct gup_page *pin;
	const struct call *call;
	struct gup_mm *child;
	struct spy spy;
	struct world w;
	uint64_t pfn, shared;

	(void)state;
	begin(&w, &(struct world_spec)SPEC, &spy, 2 * PAGE);
	pfn = gup_user_pfn(w.mm, BASE);
	shared = gup_user_pfn(w.mm, BASE + PAGE);
	child = world_fork(&w, w.mm, "child");
	call = told(&spy, GUP_EVENT_PROTECT_PAGE, BASE, 2 * PAGE);
	changed(call, pfn, pfn);
	assert_true(call[0].writable);
	assert_false(call[1].writable);
	app_fill(w.mm, BASE, PAGE, 2);
	changed(told(&spy, GUP_EVENT_CLEAR, BASE, PAGE), pfn, gup_user_pfn(w.mm, BASE));
	assert_int_not_equal(gup_user_pfn(w.mm, BASE), pfn);
	app_fill(child, BASE, PAGE, 3); /* the last user: reuse, and not this mm */
	spy.addr = BASE + PAGE;
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + PAGE, 1, 0, &pin), 1);
	changed(told(&spy, GUP_EVENT_CLEAR, BASE + PAGE, PAGE), shared, gup_page_to_pfn(w.m, pin));
	assert_int_not_equal(gup_page_to_pfn(w.m, pin), shared);
	app_expect(child, BASE + PAGE, PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, pin), 0);
	end(&w, &spy);
}

/* Who was in the way of keeping the page lets go of it when he is told that it will be replaced. */
static void told_and_then_kept(void **state)
{
	struct gup_mm *child;
	struct spy spy;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, &(struct world_spec)SPEC, &spy, PAGE);
	pfn = gup_user_pfn(w.mm, BASE);
	child = world_fork(&w, w.mm, "child");
	world_exit(&w, child);
	told(&spy, GUP_EVENT_PROTECT_PAGE, BASE, PAGE);
	assert_int_equal(get_plain(w.mm, BASE, 1, 0, &spy.get), 1);
	app_fill(w.mm, BASE, PAGE, 2);
	changed(told(&spy, GUP_EVENT_CLEAR, BASE, PAGE), pfn, pfn);
	assert_int_equal(gup_user_pfn(w.mm, BASE), pfn);
	app_expect(w.mm, BASE, PAGE, 2);
	end(&w, &spy);
}

static void zero_page_is_replaced(void **state)
{
	struct spy spy;
	struct world w;

	(void)state;
	begin(&w, &(struct world_spec)SPEC, &spy, 0);
	map_anon(w.mm, BASE, PAGE);
	app_expect_zero(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	/* The spy looks by the fast path, which leaves the zero page alone. */
	changed(told(&spy, GUP_EVENT_CLEAR, BASE, PAGE), 0, gup_user_pfn(w.mm, BASE));
	end(&w, &spy);
}

/* Each mm that may map the folio is told, with its own addresses. */
static void migrate_everywhere(void **state)
{
	struct spy spy, other;
	struct gup_mm *child;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, &(struct world_spec)SPEC, &spy, 2 * PAGE);
	pfn = gup_user_pfn(w.mm, BASE);
	child = world_fork(&w, w.mm, "child");
	told(&spy, GUP_EVENT_PROTECT_PAGE, BASE, 2 * PAGE);
	watch(&other, child, BASE);
	assert_int_equal(gup_migrate_range(w.mm, BASE, PAGE, NULL), 1);
	changed(told(&spy, GUP_EVENT_MIGRATE, BASE, PAGE), pfn, 0);
	changed(told(&other, GUP_EVENT_MIGRATE, BASE, PAGE), pfn, 0);
	assert_int_equal(gup_user_pfn(child, BASE), gup_user_pfn(w.mm, BASE));
	assert_int_not_equal(gup_user_pfn(child, BASE), pfn);
	unwatch(&other);
	end(&w, &spy);
}

/* Offline, a CMA allocation, a long-term pin; a short pin that the spy drops is in nobody's way. */
static void migrate_for_whoever(void **state)
{
	struct gup_page *frames, *pin;
	struct spy spy;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, &(struct world_spec){ .normal = 4, .cma = 8 }, &spy, 0);
	spy.addr = world_borrow(&w, GUP_ZONE_CMA, 1);
	pfn = gup_user_pfn(w.mm, BORROWED);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BORROWED, 1, GUP_WRITE, &spy.pin), 1);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 8 * MIB, 0, 0, &frames, NULL), 0);
	changed(told(&spy, GUP_EVENT_MIGRATE, BORROWED, PAGE), pfn, 0);
	assert_int_equal(gup_cma_free(w.m, frames, 8 * MIB), 0);
	end(&w, &spy);

	begin(&w, &(struct world_spec){ .normal = 8, .movable = 4 }, &spy, 0);
	spy.addr = world_borrow(&w, GUP_ZONE_MOVABLE, 1);
	pfn = gup_user_pfn(w.mm, BORROWED);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BORROWED, 1, GUP_WRITE, &spy.pin), 1);
	assert_int_equal(gup_offline_range(w.m, pfn & ~UINT64_C(511), 512, 0, NULL), 0);
	changed(told(&spy, GUP_EVENT_MIGRATE, BORROWED, PAGE), pfn, 0);
	assert_int_equal(gup_online_range(w.m, pfn & ~UINT64_C(511), 512), 0);
	pfn = gup_user_pfn(w.mm, BORROWED);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BORROWED, 1, GUP_WRITE, &spy.pin), 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BORROWED, 1, GUP_WRITE | GUP_LONGTERM, &pin), 1);
	changed(told(&spy, GUP_EVENT_MIGRATE, BORROWED, PAGE), pfn, 0);
	assert_null(spy.pin);
	assert_int_equal(gup_unpin_user_page(w.m, pin), 0);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BORROWED, 1, GUP_WRITE, &spy.pin), 1);
	assert_int_equal(gup_migrate_range(w.mm, BORROWED, PAGE, NULL), 1);
	told(&spy, GUP_EVENT_MIGRATE, BORROWED, PAGE);
	end(&w, &spy);
}

static void truncate_dax_under_a_pin(void **state)
{
	struct gup_object *file;
	struct spy spy;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, &(struct world_spec){ .normal = 4, .dax = 4 }, &spy, 0);
	file = new_dax_file(&w, 4 * PAGE);
	map_shared(w.mm, BASE - 2 * PAGE, 4 * PAGE, file);
	app_fill(w.mm, BASE, PAGE, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &spy.pin), 1);
	assert_int_equal(gup_object_punch(file, 2 * PAGE, PAGE, 0, NULL), 0);
	changed(told(&spy, GUP_EVENT_TRUNCATE, BASE, PAGE), pfn, 0);
	app_fill(w.mm, BASE, PAGE, 2);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &spy.pin), 1);
	assert_int_equal(gup_object_truncate(file, PAGE, 0, NULL), 0);
	changed(told(&spy, GUP_EVENT_TRUNCATE, BASE - PAGE, 3 * PAGE), pfn, 0);
	told(&spy, GUP_EVENT_TRUNCATE, BASE - PAGE, 3 * PAGE); /* private copies, if there were any */
	gup_object_put(file);
	end(&w, &spy);
}

static void truncate_shared_memory(void **state)
{
	struct gup_object *shm;
	struct spy spy;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, &(struct world_spec)SPEC, &spy, 0);
	shm = new_shm(&w, 2 * PAGE);
	map_private(w.mm, BASE, 2 * PAGE, shm);
	app_expect_zero(w.mm, BASE, PAGE);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_object_punch(shm, 0, 2 * PAGE, 0, NULL), 0);
	changed(told(&spy, GUP_EVENT_TRUNCATE, BASE, PAGE), pfn, 0);
	app_fill(w.mm, BASE, PAGE, 1); /* a private copy, which only the truncate takes */
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_object_truncate(shm, 0, 0, NULL), 0);
	changed(told(&spy, GUP_EVENT_TRUNCATE, BASE, PAGE), pfn, pfn);
	changed(told(&spy, GUP_EVENT_TRUNCATE, BASE, 2 * PAGE), pfn, 0);
	gup_object_put(shm);
	end(&w, &spy);
}

/* A 2 MiB entry that is cut: anonymous pages stay where they are, an object's entry goes as a whole. */
static void part_of_2_mib(void **state)
{
	struct gup_object *shm;
	struct spy spy;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, &(struct world_spec)SPEC, &spy, HUGE);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_madvise(w.mm, BASE + PAGE, PAGE, GUP_MADV_DONTNEED), 0);
	changed(told(&spy, GUP_EVENT_CLEAR, BASE + PAGE, PAGE), pfn, pfn);
	assert_int_equal(gup_shm_create(w.m, HUGE, GUP_SHM_HUGE, &shm), 0);
	map_shared(w.mm, BASE, HUGE, shm);
	told(&spy, GUP_EVENT_UNMAP, BASE, HUGE);
	app_fill(w.mm, BASE, PAGE, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	assert_int_equal(gup_madvise(w.mm, BASE + PAGE, PAGE, GUP_MADV_DONTNEED), 0);
	assert_int_equal(spy.nr, spy.at + 4); /* one inside the other */
	assert_int_equal(spy.calls[spy.at].range.start, BASE + PAGE);
	assert_int_equal(spy.calls[spy.at].range.end, BASE + 2 * PAGE);
	spy.at++;
	changed(told(&spy, GUP_EVENT_CLEAR, BASE, HUGE), pfn, 0);
	assert_true(spy.calls[spy.at].end);
	assert_int_equal(spy.calls[spy.at].range.end, BASE + 2 * PAGE);
	spy.at++;
	app_expect(w.mm, BASE, PAGE, 1);
	assert_int_equal(gup_munmap(w.mm, BASE + PAGE, PAGE), 0);
	changed(told(&spy, GUP_EVENT_CLEAR, BASE, HUGE), pfn, 0);
	told(&spy, GUP_EVENT_UNMAP, BASE + PAGE, PAGE);
	gup_object_put(shm);
	end(&w, &spy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unmap_and_replace),
		cmocka_unit_test(protect_and_drop),
		cmocka_unit_test(only_what_changes_is_told),
		cmocka_unit_test(silence),
		cmocka_unit_test(fork_and_cow),
		cmocka_unit_test(told_and_then_kept),
		cmocka_unit_test(zero_page_is_replaced),
		cmocka_unit_test(migrate_everywhere),
		cmocka_unit_test(migrate_for_whoever),
		cmocka_unit_test(truncate_dax_under_a_pin),
		cmocka_unit_test(truncate_shared_memory),
		cmocka_unit_test(part_of_2_mib),
	};

	return cmocka_run_group_tests_name("notifier", tests, NULL, NULL);
}
