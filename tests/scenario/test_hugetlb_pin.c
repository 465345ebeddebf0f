/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_hugetlb_pin.c - hugetlb memory under pins: taken whole, never split, moved only inside its pool.
 */
#include "world.h"

#define NR 512

static struct gup_page *pages[2 * NR];

static uint64_t pool_free(struct world *w)
{
	return stats_of(w->m).hugetlb_free;
}

/* An object of @nr pages at BASE, shared or private, each page written. */
static void map_written(struct world *w, uint64_t nr, unsigned int flags)
{
	struct gup_map_request request = { BASE, nr * HUGE, RW, flags | GUP_MAP_FIXED, NULL, 0 };

	assert_int_equal(gup_hugetlb_create(w->m, nr * HUGE, &request.object), 0);
	assert_int_equal(gup_mmap(w->mm, &request), BASE);
	gup_object_put(request.object);
	app_fill(w->mm, BASE, nr * HUGE, 1);
}

static long pin_fast(struct world *w, uint64_t addr, int nr, unsigned int flags)
{
	return gup_pin_user_pages_fast(w->mm, addr, nr, flags, pages);
}

static void short_and_long_fast_and_slow(void **state)
{
	static const unsigned int kinds[] = { GUP_MAP_SHARED, GUP_MAP_PRIVATE };
	static const unsigned int flags[] = { 0, GUP_WRITE, GUP_LONGTERM, GUP_WRITE | GUP_LONGTERM };
	struct world w;
	size_t i, k;

	(void)state;
	for (k = 0; k < ARRAY_LEN(kinds); k++) {
		world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
		map_written(&w, 2, kinds[k]);
		for (i = 0; i < ARRAY_LEN(flags); i++) {
			assert_int_equal(pin_fast(&w, BASE + PAGE, 2 * NR - 2, flags[i]), 2 * NR - 2);
			device_expect(w.m, pages[NR], BASE + (NR + 1) * PAGE, 1);
			check_rest(w.m, 2 * NR - 2, 0);
			assert_int_equal(gup_unpin_user_pages(w.m, pages, 2 * NR - 2), 0);
			assert_int_equal(pin_plain(w.mm, BASE, 2 * NR, flags[i], pages), 2 * NR);
			check_rest(w.m, 2 * NR, 0);
			assert_int_equal(gup_unpin_user_pages(w.m, pages, 2 * NR), 0);
		}
		assert_in_range(stats_of(w.m).fast_pages, 2 * (2 * NR - 2), 4 * (2 * NR - 2));
		assert_int_equal(get_plain(w.mm, BASE, 1, 0, pages), 1);
		check_rest(w.m, 0, 1);
		assert_int_equal(gup_put_page(w.m, pages[0]), 0);
		world_end(&w);
	}
}

static void pin_faults_it_in(void **state)
{
	struct gup_request request = { BASE + 100, HUGE, GUP_WRITE | GUP_LONGTERM, NULL };
	struct gup_object *object;
	struct gup_pin *pin;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .movable = 4, .hugetlb = 2, .hugetlb_movable = 1 });
	assert_int_equal(gup_hugetlb_create(w.m, 2 * HUGE, &object), 0);
	map_shared(w.mm, BASE, 2 * HUGE, object);
	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	assert_int_equal(pool_free(&w), 1); /* none of MOVABLE, since it is held long */
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_NORMAL);
	assert_int_equal(frame_at(w.mm, BASE + HUGE).zone, GUP_ZONE_NORMAL);
	check_rest(w.m, NR + 1, 0);
	assert_int_equal(gup_unpin(pin, true), 0);
	gup_object_put(object);
	world_end(&w);
}

static void short_pin_stays_in_movable(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 4, .hugetlb = 1, .hugetlb_movable = 1 });
	map_written(&w, 1, GUP_MAP_SHARED);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_MOVABLE);
	assert_int_equal(pin_fast(&w, BASE, 2, GUP_WRITE), 2);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_MOVABLE);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2), 0);
	world_end(&w);
}

static void long_pin_moves_out_of_movable(void **state)
{
	static const unsigned int kinds[] = { GUP_MAP_SHARED, GUP_MAP_PRIVATE };
	struct gup_mm *child;
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 4, .hugetlb = 1, .hugetlb_movable = 1 });
		map_written(&w, 1, kinds[i]);
		child = world_fork(&w, w.mm, "child");
		app_expect(child, BASE, HUGE, 1);
		assert_int_equal(pin_fast(&w, BASE + 7 * PAGE, 1, GUP_LONGTERM), 1);
		assert_int_equal(stats_of(w.m).migrated, kinds[i] == GUP_MAP_SHARED);
		assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_NORMAL);
		assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_HUGETLB);
		assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
		device_expect(w.m, pages[0], BASE + 7 * PAGE, 1);
		app_expect(w.mm, BASE, HUGE, 1);
		app_expect(child, BASE, HUGE, 1);
		check_rest(w.m, 1, 0);
		assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
		world_end(&w);
	}
}

/* No other folio outside of MOVABLE: -ENOMEM, everything where it was and nothing held. */
static void long_pin_without_a_place(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		enum gup_entry entry = id == GUP_LINUX_5_2 ? GUP_GET_USER_PAGES_FAST : GUP_PIN_USER_PAGES_FAST;
		struct gup_call call = { entry, BASE, 3, GUP_LONGTERM | GUP_WRITE, pages, NULL };
		struct gup_why why;
		struct world w;
		long ret;

		world_begin(&w,
			    &(struct world_spec){ .normal = 4, .movable = 4, .hugetlb_movable = 2, .contract = id });
		map_written(&w, 1, GUP_MAP_SHARED);
		ret = gup_user_pages(w.mm, &call, &why);
		if (id == GUP_LINUX_5_2) { /* takes it where it is */
			assert_int_equal(ret, 3);
			assert_int_equal(gup_put_pages(w.m, pages, 3), 0);
		} else {
			assert_int_equal(ret, -GUP_ENOMEM);
			assert_int_equal(why.rule, GUP_RULE_NO_MEMORY);
		}
		assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

/* What is reserved is nobody's to move to. */
static void a_promise_is_no_place(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 4, .hugetlb = 1, .hugetlb_movable = 1 });
	map_written(&w, 1, GUP_MAP_SHARED);
	assert_int_equal(gup_hugetlb_create(w.m, HUGE, &object), 0);
	map_private(w.mm, BASE + HUGE, HUGE, object);
	assert_int_equal(pin_fast(&w, BASE, 1, GUP_LONGTERM), -GUP_ENOMEM);
	app_fill(w.mm, BASE + HUGE, HUGE, 2);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

static void held_in_movable(void **state)
{
	struct gup_page *held;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 4, .hugetlb = 1, .hugetlb_movable = 1 });
	map_written(&w, 1, GUP_MAP_SHARED);
	assert_int_equal(pin_plain(w.mm, BASE + PAGE, 1, 0, &held), 1);
	assert_int_equal(pin_fast(&w, BASE, 1, GUP_LONGTERM), -GUP_ENOMEM);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, held), 0);
	assert_int_equal(pin_fast(&w, BASE, 1, GUP_LONGTERM), 1);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	world_end(&w);
}

static void empty_pool(void **state)
{
	struct gup_call call = { GUP_PIN_USER_PAGES, BASE, 1, GUP_WRITE, pages, NULL };
	struct gup_mm *child;
	struct gup_why why;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1 });
	map_written(&w, 1, GUP_MAP_PRIVATE);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(take(child, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_NO_SPACE);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

static void force_is_no_way_in(void **state)
{
	struct gup_call call = { GUP_PIN_USER_PAGES, BASE, 1, GUP_WRITE, pages, NULL };
	struct gup_why why;
	struct world w;
	uint8_t byte = 7;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 2 });
	map_written(&w, 1, GUP_MAP_PRIVATE);
	assert_int_equal(gup_mprotect(w.mm, BASE, HUGE, GUP_PROT_READ), 0);
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_VMA_NOT_WRITABLE);
	call.flags |= GUP_FORCE;
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_FORCE_HUGETLB);
	assert_int_equal(gup_access_remote(w.mm, BASE, &byte, 1, GUP_WRITE | GUP_FORCE), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, HUGE, 0), 0);
	call.flags = GUP_FORCE;
	assert_int_equal(take(w.mm, &call, &why), 1);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	world_end(&w);
}

/* Linux 6.14 makes a copy, as of any private mapping. */
static void force_makes_a_copy_in_newer_kernels(void **state)
{
	struct gup_map_request request = { BASE, HUGE, GUP_PROT_READ, ANON_AT, NULL, 0 };
	struct gup_call call = { GUP_PIN_USER_PAGES, BASE, 1, GUP_WRITE | GUP_FORCE, pages, NULL };
	struct gup_object *object;
	struct world w;
	uint8_t byte;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 2, .kernel = GUP_KERNEL(6, 14) });
	assert_int_equal(gup_hugetlb_create(w.m, HUGE, &object), 0);
	request.object = object;
	assert_int_equal(gup_mmap(w.mm, &request), BASE);
	assert_int_equal(take(w.mm, &call, NULL), 1);
	device_fill(w.m, pages[0], BASE, 3);
	app_expect(w.mm, BASE, PAGE, 3);
	assert_true(app_cannot_write(w.mm, BASE));
	assert_int_equal(gup_object_read(object, 0, &byte, 1), 1);
	assert_int_equal(byte, 0);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	gup_object_put(object);
	world_end(&w);
}

/* Refused where the kernel looks at the flag, and ignored where hugetlb had a walk of its own. */
static void no_splitting_for_a_pin(void **state)
{
	static const enum gup_contract_id ids[] = { GUP_LINUX_6_1, GUP_LINUX_6_12, GUP_NATIVE };
	struct gup_call call = { GUP_PIN_USER_PAGES, BASE, 1, GUP_SPLIT_PMD, pages, NULL };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ids); i++) {
		struct gup_why why;
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1, .contract = ids[i] });
		map_written(&w, 1, GUP_MAP_SHARED);
		if (ids[i] == GUP_LINUX_6_1) {
			assert_int_equal(take(w.mm, &call, &why), 1);
			assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
		} else {
			assert_int_equal(take(w.mm, &call, &why), -GUP_EOPNOTSUPP);
			assert_int_equal(why.rule, GUP_RULE_SPLIT_PMD_HUGETLB);
		}
		assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
		check_rest(w.m, 0, 0);
		world_end(&w);
	}
}

/* What lies free in the pool is not taken out of it. */
static void memory_failure_of_a_free_folio(void **state)
{
	struct world w;
	uint64_t pfn;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1 });
	map_written(&w, 1, GUP_MAP_SHARED);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_munmap(w.mm, BASE, HUGE), 0);
	assert_int_equal(pool_free(&w), 1);
	assert_int_equal(gup_machine_poison(w.m, pfn), -GUP_EBUSY);
	assert_int_equal(pool_free(&w), 1);
	world_end(&w);
}

/* A folio fails as a whole, and is no part of the pool any more when it is free. */
static void memory_failure(void **state)
{
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, BASE, 1, GUP_WRITE, pages, NULL };
	struct gup_object *object;
	struct gup_why why;
	struct world w;
	uint64_t pfn;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1 });
	assert_int_equal(gup_hugetlb_create(w.m, HUGE, &object), 0);
	map_shared(w.mm, BASE, HUGE, object);
	app_fill(w.mm, BASE, HUGE, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_machine_poison(w.m, pfn + 3), 0);
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_POISONED);
	assert_true(app_cannot_read(w.mm, BASE));
	map_shared(w.mm, BASE, HUGE, object); /* and by who comes new */
	assert_true(app_cannot_read(w.mm, BASE));
	assert_int_equal(gup_munmap(w.mm, BASE, HUGE), 0);
	gup_object_put(object);
	assert_int_equal(pool_free(&w), 0);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_machine_destroy(w.m), 0);
}

/* ---- fork, truncate, unmap under a pin ---- */

static void pinned_page_is_copied_at_fork(void **state)
{
	struct gup_mm *child;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
	map_written(&w, 1, GUP_MAP_PRIVATE);
	assert_int_equal(pin_fast(&w, BASE + 3 * PAGE, 1, GUP_WRITE | GUP_LONGTERM), 1);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(pool_free(&w), 0);
	app_fill(w.mm, BASE, HUGE, 2);
	assert_true(gup_pfn_to_page(w.m, gup_user_pfn(w.mm, BASE + 3 * PAGE)) == pages[0]);
	device_fill(w.m, pages[0], BASE + 3 * PAGE, 3);
	app_expect(w.mm, BASE + 3 * PAGE, PAGE, 3);
	app_expect(child, BASE, HUGE, 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	world_end(&w);
}

static void no_fork_without_a_copy(void **state)
{
	struct gup_mm *child;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1 });
	map_written(&w, 1, GUP_MAP_PRIVATE);
	assert_int_equal(pin_fast(&w, BASE, 1, GUP_WRITE), 1);
	assert_int_equal(gup_mm_fork(w.mm, "child", &child), -GUP_ENOMEM);
	app_fill(w.mm, BASE, PAGE, 2);
	device_expect(w.m, pages[0], BASE, 2);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	world_end(&w);
}

/* A read-only pin of a page that fork shares gets a copy first. */
static void read_only_pin_unshares(void **state)
{
	struct gup_mm *child;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
	map_written(&w, 1, GUP_MAP_PRIVATE);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(pin_fast(&w, BASE, 1, 0), 1);
	assert_true(gup_user_pfn(child, BASE) != gup_user_pfn(w.mm, BASE));
	app_fill(w.mm, BASE, HUGE, 2);
	device_expect(w.m, pages[0], BASE, 2);
	app_expect(child, BASE, HUGE, 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	world_end(&w);
}

static void pinned_folio_outlives_its_object(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1 });
	map_written(&w, 1, GUP_MAP_SHARED);
	assert_int_equal(pin_fast(&w, BASE, 1, GUP_LONGTERM), 1);
	assert_int_equal(gup_munmap(w.mm, BASE, HUGE), 0);
	assert_int_equal(pool_free(&w), 0);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_EBUSY);
	device_expect(w.m, pages[0], BASE, 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	assert_int_equal(pool_free(&w), 1);
	world_end(&w);
}

/* ---- moving ---- */

static void never_split_and_never_outside_the_pool(void **state)
{
	struct gup_zone_info zone = { .nr_frames = 0 };
	struct gup_why why;
	struct world w;
	unsigned int i;
	uint64_t pfn;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 4, .hugetlb_movable = 2 });
	map_written(&w, 1, GUP_MAP_SHARED);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(gup_split_folio(w.m, gup_pfn_to_page(w.m, pfn), NULL), -GUP_EINVAL);
	assert_int_equal(gup_split_folio(w.m, gup_pfn_to_page(w.m, pfn + 1), NULL), -GUP_EINVAL);
	assert_int_equal(gup_migrate_range(w.mm, BASE, HUGE, &why), 1);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	pfn = gup_user_pfn(w.mm, BASE);
	for (i = 0; zone.kind != GUP_ZONE_MOVABLE; i++)
		assert_int_equal(gup_zone_info(w.m, i, &zone), 0);
	/* Not from one end of the range to the other, for ever. */
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn, zone.nr_frames, IMPATIENT_NS, &why), -GUP_ENOMEM);
	assert_int_equal(gup_user_pfn(w.mm, BASE), pfn);
	assert_int_equal(gup_munmap(w.mm, BASE, HUGE), 0);
	assert_int_equal(gup_offline_range(w.m, zone.first_pfn, zone.nr_frames, IMPATIENT_NS, &why), -GUP_EBUSY);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* The zone is emptied of what is used; the pool does not give out what lies there meanwhile. */
static void offline_moves_to_the_rest_of_the_pool(void **state)
{
	struct gup_why why;
	struct world w;
	uint64_t pfn;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 4, .hugetlb = 1, .hugetlb_movable = 1 });
	map_written(&w, 1, GUP_MAP_SHARED);
	pfn = gup_user_pfn(w.mm, BASE);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_MOVABLE);
	assert_int_equal(gup_offline_range(w.m, pfn, NR, IMPATIENT_NS, &why), -GUP_EBUSY); /* moved, but the pool's */
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_NORMAL);
	app_expect(w.mm, BASE, HUGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_and_long_fast_and_slow),
		cmocka_unit_test(pin_faults_it_in),
		cmocka_unit_test(short_pin_stays_in_movable),
		cmocka_unit_test(long_pin_moves_out_of_movable),
		cmocka_unit_test(long_pin_without_a_place),
		cmocka_unit_test(a_promise_is_no_place),
		cmocka_unit_test(held_in_movable),
		cmocka_unit_test(empty_pool),
		cmocka_unit_test(force_is_no_way_in),
		cmocka_unit_test(force_makes_a_copy_in_newer_kernels),
		cmocka_unit_test(no_splitting_for_a_pin),
		cmocka_unit_test(memory_failure),
		cmocka_unit_test(memory_failure_of_a_free_folio),
		cmocka_unit_test(pinned_page_is_copied_at_fork),
		cmocka_unit_test(no_fork_without_a_copy),
		cmocka_unit_test(read_only_pin_unshares),
		cmocka_unit_test(pinned_folio_outlives_its_object),
		cmocka_unit_test(never_split_and_never_outside_the_pool),
		cmocka_unit_test(offline_moves_to_the_rest_of_the_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
