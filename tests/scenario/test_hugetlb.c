/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_hugetlb.c - objects of 2 MiB folios from a pool: mapping, reserving, faulting, fork, truncate.
 */
#include "world.h"

static uint64_t pool_free(struct world *w)
{
	return stats_of(w->m).hugetlb_free;
}

static struct gup_object *new_hugetlb(struct world *w, uint64_t pages)
{
	struct gup_object *object;

	assert_int_equal(gup_hugetlb_create(w->m, pages * HUGE, &object), 0);
	return object;
}

static int64_t try_map(struct gup_mm *mm, uint64_t addr, uint64_t pages, struct gup_object *object, unsigned int flags)
{
	struct gup_map_request request = { addr, pages * HUGE, RW, flags | GUP_MAP_FIXED, object, 0 };

	return gup_mmap(mm, &request);
}

/* ---- mapping ---- */

static void whole_folios_by_whole_entries(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 3 });
	object = new_hugetlb(&w, 2);
	map_shared(w.mm, BASE, 2 * HUGE, object);
	assert_int_equal(pool_free(&w), 3);
	app_fill(w.mm, BASE + 5 * PAGE, PAGE, 1);
	assert_int_equal(pool_free(&w), 2);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_HUGETLB);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	assert_int_equal(frame_at(w.mm, BASE).mapcount, 1);
	app_expect_zero(w.mm, BASE + 6 * PAGE, HUGE - 6 * PAGE);
	app_expect_zero(w.mm, BASE, 5 * PAGE);
	app_expect(w.mm, BASE + 5 * PAGE, PAGE, 1);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	assert_int_equal(gup_munmap(w.mm, BASE, 2 * HUGE), 0);
	assert_int_equal(pool_free(&w), 3);
	world_end(&w);
}

static void next_user_finds_zeroes(void **state)
{
	struct gup_object *object;
	struct world w;
	unsigned int i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1 });
	for (i = 0; i < 3; i++) {
		object = new_hugetlb(&w, 1);
		assert_int_equal(try_map(w.mm, BASE, 1, object, i % 2 ? GUP_MAP_PRIVATE : GUP_MAP_SHARED), BASE);
		app_expect_zero(w.mm, BASE, HUGE);
		app_fill(w.mm, BASE, HUGE, i);
		gup_object_put(object);
		assert_int_equal(gup_munmap(w.mm, BASE, HUGE), 0);
	}
	world_end(&w);
}

/* Whose first access is a store gets a copy of the object's page at once. */
static void first_store_copies(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
	object = new_hugetlb(&w, 1);
	map_shared(w.mm, BASE, HUGE, object);
	app_fill(w.mm, BASE, HUGE, 1);
	map_private(w.mm, BASE + 8 * HUGE, HUGE, object);
	app_poke(w.mm, BASE + 8 * HUGE, 9);
	app_expect(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_munmap(w.mm, BASE + 8 * HUGE, HUGE), 0);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

static void alignment(void **state)
{
	struct gup_map_request request = { BASE, HUGE, RW, GUP_MAP_SHARED, NULL, 0 };
	struct gup_object *object;
	struct world w;
	int64_t addr;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
	request.object = object = new_hugetlb(&w, 2);
	request.offset = PAGE;
	assert_int_equal(gup_mmap(w.mm, &request), -GUP_EINVAL);
	request.offset = 0;
	request.flags |= GUP_MAP_FIXED;
	request.addr = BASE + PAGE;
	assert_int_equal(gup_mmap(w.mm, &request), -GUP_EINVAL);
	request.flags = GUP_MAP_SHARED;
	request.addr = BASE + HUGE + PAGE; /* only a hint, and a length that is rounded up */
	request.length = PAGE;
	addr = gup_mmap(w.mm, &request);
	assert_int_equal(addr, BASE + HUGE);
	app_fill(w.mm, (uint64_t)addr, HUGE, 1);
	assert_int_equal(gup_munmap(w.mm, (uint64_t)addr, PAGE), -GUP_EINVAL);
	assert_int_equal(gup_munmap(w.mm, (uint64_t)addr + PAGE, HUGE - PAGE), -GUP_EINVAL);
	assert_int_equal(gup_mprotect(w.mm, (uint64_t)addr, PAGE, GUP_PROT_READ), -GUP_EINVAL);
	app_fill(w.mm, (uint64_t)addr, HUGE, 2);
	assert_int_equal(gup_munmap(w.mm, (uint64_t)addr, HUGE), 0);
	gup_object_put(object);
	world_end(&w);
}

static void parts_of_a_mapping(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 3 });
	object = new_hugetlb(&w, 3);
	map_shared(w.mm, BASE, 3 * HUGE, object);
	app_fill(w.mm, BASE, 3 * HUGE, 1);
	assert_int_equal(gup_mprotect(w.mm, BASE + HUGE, HUGE, GUP_PROT_READ), 0);
	assert_true(app_cannot_write(w.mm, BASE + HUGE));
	app_expect(w.mm, BASE + HUGE, HUGE, 1);
	assert_int_equal(gup_munmap(w.mm, BASE + HUGE, HUGE), 0);
	app_expect(w.mm, BASE, HUGE, 1);
	app_expect(w.mm, BASE + 2 * HUGE, HUGE, 1);
	assert_int_equal(pool_free(&w), 0); /* the object has it still */
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

/* A table of 4 KiB entries that is left over must not be in the way. */
static void where_small_pages_were(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 1, .no_huge_pages = true });
	object = new_hugetlb(&w, 1);
	map_anon(w.mm, BASE - PAGE, HUGE + 2 * PAGE);
	app_fill(w.mm, BASE - PAGE, HUGE + 2 * PAGE, 1);
	assert_int_equal(try_map(w.mm, BASE, 1, object, GUP_MAP_SHARED), BASE);
	app_fill(w.mm, BASE, HUGE, 2);
	check_rest(w.m, 0, 0);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 3);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

/* ---- reservations ---- */

static void a_mapping_gets_what_it_was_promised(void **state)
{
	struct gup_object *a, *b;
	struct gup_mm *other;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 16, .hugetlb = 4 });
	other = world_mm(&w, "other");
	a = new_hugetlb(&w, 8);
	b = new_hugetlb(&w, 8);
	map_shared(w.mm, BASE, 2 * HUGE, a);
	assert_int_equal(try_map(other, BASE, 3, b, GUP_MAP_SHARED), -GUP_ENOMEM);
	assert_int_equal(try_map(other, BASE, 3, b, GUP_MAP_PRIVATE), -GUP_ENOMEM);
	map_shared(other, BASE, 2 * HUGE, a); /* the same pages: reserved once */
	map_private(other, BASE + 8 * HUGE, 2 * HUGE, b);
	assert_int_equal(try_map(other, BASE + 16 * HUGE, 1, b, GUP_MAP_SHARED), -GUP_ENOMEM);
	assert_int_equal(pool_free(&w), 4);
	check_rest(w.m, 0, 0);
	app_fill(w.mm, BASE, 2 * HUGE, 1);
	app_fill(other, BASE + 8 * HUGE, 2 * HUGE, 2);
	app_expect(other, BASE, 2 * HUGE, 1);
	assert_int_equal(pool_free(&w), 0);
	check_rest(w.m, 0, 0);
	gup_object_put(a);
	gup_object_put(b);
	world_end(&w);
}

/* A shared reservation is the object's, a private one its mapping's. */
static void whose_reservation_it_is(void **state)
{
	struct gup_object *a, *b;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
	a = new_hugetlb(&w, 2);
	b = new_hugetlb(&w, 2);
	map_shared(w.mm, BASE, 2 * HUGE, a);
	assert_int_equal(gup_munmap(w.mm, BASE, 2 * HUGE), 0);
	assert_int_equal(try_map(w.mm, BASE, 1, b, GUP_MAP_PRIVATE), -GUP_ENOMEM);
	assert_int_equal(gup_object_truncate(a, HUGE, 0, NULL), 0);
	assert_int_equal(try_map(w.mm, BASE, 2, b, GUP_MAP_PRIVATE), -GUP_ENOMEM);
	assert_int_equal(try_map(w.mm, BASE, 1, b, GUP_MAP_PRIVATE), BASE);
	gup_object_put(a);
	assert_int_equal(try_map(w.mm, BASE + HUGE, 1, b, GUP_MAP_PRIVATE), BASE + HUGE);
	assert_int_equal(gup_munmap(w.mm, BASE, 2 * HUGE), 0);
	assert_int_equal(try_map(w.mm, BASE, 2, b, GUP_MAP_PRIVATE), BASE);
	check_rest(w.m, 0, 0);
	gup_object_put(b);
	world_end(&w);
}

/* What is reserved goes with the pages that have none yet. */
static void parts_keep_their_reservation(void **state)
{
	struct gup_object *a, *b;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 16, .hugetlb = 4 });
	a = new_hugetlb(&w, 4);
	b = new_hugetlb(&w, 4);
	map_private(w.mm, BASE, 4 * HUGE, a);
	app_fill(w.mm, BASE, 2 * HUGE, 1);
	assert_int_equal(gup_munmap(w.mm, BASE + HUGE, HUGE), 0); /* splits twice */
	assert_int_equal(pool_free(&w), 3);
	check_rest(w.m, 0, 0);
	assert_int_equal(try_map(w.mm, BASE + 8 * HUGE, 2, b, GUP_MAP_SHARED), -GUP_ENOMEM);
	map_shared(w.mm, BASE + 8 * HUGE, HUGE, b);
	app_fill(w.mm, BASE + 8 * HUGE, HUGE, 2);
	app_fill(w.mm, BASE + 2 * HUGE, 2 * HUGE, 1);
	assert_int_equal(pool_free(&w), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE + 2 * HUGE, HUGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE + 2 * HUGE, HUGE, RW), 0); /* and merges */
	check_rest(w.m, 0, 0);
	gup_object_put(a);
	gup_object_put(b);
	world_end(&w);
}

/* The lower part keeps what was reserved for it. */
static void lower_part_keeps_its_reservation(void **state)
{
	struct gup_object *a, *b;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
	a = new_hugetlb(&w, 2);
	b = new_hugetlb(&w, 2);
	map_private(w.mm, BASE, 2 * HUGE, a);
	assert_int_equal(gup_mprotect(w.mm, BASE, HUGE, GUP_PROT_READ), 0);
	assert_int_equal(gup_mprotect(w.mm, BASE, HUGE, RW), 0); /* two mappings, and one again */
	check_rest(w.m, 0, 0);
	app_fill(w.mm, BASE + HUGE, HUGE, 1);
	assert_int_equal(gup_munmap(w.mm, BASE + HUGE, HUGE), 0);
	assert_int_equal(try_map(w.mm, BASE + 8 * HUGE, 2, b, GUP_MAP_PRIVATE), -GUP_ENOMEM);
	assert_int_equal(try_map(w.mm, BASE + 8 * HUGE, 1, b, GUP_MAP_PRIVATE), BASE + 8 * HUGE);
	check_rest(w.m, 0, 0);
	gup_object_put(a);
	gup_object_put(b);
	world_end(&w);
}

/* A copy after fork does not take what another page of the mapping was promised. */
static void copy_takes_no_promised_folio(void **state)
{
	struct gup_object *object;
	struct gup_mm *child;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
	object = new_hugetlb(&w, 2);
	map_private(w.mm, BASE, 2 * HUGE, object);
	app_fill(w.mm, BASE, HUGE, 1);
	child = world_fork(&w, w.mm, "child");
	assert_true(app_cannot_write(w.mm, BASE));
	assert_true(app_cannot_write(child, BASE));
	app_fill(w.mm, BASE + HUGE, HUGE, 2);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

static void failed_mapping_keeps_nothing(void **state)
{
	struct gup_map_request request = { BASE, 3 * HUGE, RW, GUP_MAP_SHARED | GUP_MAP_FIXED_NOREPLACE, NULL, 0 };
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
	request.object = object = new_hugetlb(&w, 3);
	assert_int_equal(gup_mmap(w.mm, &request), -GUP_ENOMEM);
	check_rest(w.m, 0, 0);
	map_anon(w.mm, BASE, PAGE);
	request.length = HUGE;
	assert_int_equal(gup_mmap(w.mm, &request), -GUP_EEXIST);
	check_rest(w.m, 0, 0);
	map_private(w.mm, BASE, 2 * HUGE, object);
	request.flags = GUP_MAP_SHARED | GUP_MAP_FIXED;
	request.length = 3 * HUGE;
	assert_int_equal(gup_mmap(w.mm, &request), -GUP_ENOMEM);
	assert_true(app_cannot_read(w.mm, BASE)); /* what was there is gone, as in Linux */
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

/* ---- private mappings ---- */

static void private_copy_of_the_object(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 3 });
	object = new_hugetlb(&w, 2);
	map_shared(w.mm, BASE, HUGE, object);
	app_fill(w.mm, BASE, HUGE, 1);
	map_private(w.mm, BASE + 2 * HUGE, HUGE, object);
	assert_int_equal(app_peek(w.mm, BASE + 2 * HUGE), app_peek(w.mm, BASE));
	assert_true(gup_user_pfn(w.mm, BASE) == gup_user_pfn(w.mm, BASE + 2 * HUGE));
	assert_int_equal(pool_free(&w), 2);
	app_poke(w.mm, BASE + 2 * HUGE + PAGE, 9);
	assert_int_equal(app_peek(w.mm, BASE + 2 * HUGE + PAGE), 9);
	assert_true(frame_at(w.mm, BASE + 2 * HUGE).exclusive);
	assert_int_equal(app_peek(w.mm, BASE + 2 * HUGE + 2 * PAGE), app_peek(w.mm, BASE + 2 * PAGE));
	assert_int_equal(pool_free(&w), 1);
	app_expect(w.mm, BASE, HUGE, 1);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

/* A private mapping of a hole has its own folio also after a read: the object stays without one. */
static void private_hole(void **state)
{
	struct gup_object *object;
	uint8_t byte = 1;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1 });
	object = new_hugetlb(&w, 1);
	map_private(w.mm, BASE, HUGE, object);
	app_expect_zero(w.mm, BASE, HUGE);
	assert_int_equal(pool_free(&w), 0);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_object_read(object, 0, &byte, 1), 1);
	assert_int_equal(byte, 0);
	assert_int_equal(gup_madvise(w.mm, BASE + PAGE, HUGE - PAGE, GUP_MADV_DONTNEED), -GUP_EINVAL);
	assert_int_equal(gup_madvise(w.mm, BASE, HUGE - PAGE, GUP_MADV_DONTNEED), 0); /* rounded down to nothing */
	app_expect(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_madvise(w.mm, BASE, HUGE, GUP_MADV_DONTNEED), 0);
	assert_int_equal(pool_free(&w), 1);
	app_expect_zero(w.mm, BASE, HUGE);
	gup_object_put(object);
	world_end(&w);
}

static void fork_shares_until_somebody_writes(void **state)
{
	struct gup_object *object;
	struct gup_mm *child;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
	object = new_hugetlb(&w, 1);
	map_private(w.mm, BASE, HUGE, object);
	app_fill(w.mm, BASE, HUGE, 1);
	child = world_fork(&w, w.mm, "child");
	assert_int_equal(pool_free(&w), 1);
	assert_true(gup_user_pfn(w.mm, BASE) == gup_user_pfn(child, BASE));
	app_fill(child, BASE, PAGE, 2);
	assert_int_equal(pool_free(&w), 0);
	app_expect(w.mm, BASE, HUGE, 1);
	app_expect(child, BASE, PAGE, 2);
	app_expect(child, BASE + PAGE, HUGE - PAGE, 1);
	app_fill(w.mm, BASE, HUGE, 3); /* alone again: no copy */
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

static void copy_from_an_empty_pool_is_a_bus_error(void **state)
{
	struct gup_object *object;
	struct gup_mm *child;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1 });
	object = new_hugetlb(&w, 1);
	map_private(w.mm, BASE, HUGE, object);
	app_fill(w.mm, BASE, HUGE, 1);
	child = world_fork(&w, w.mm, "child");
	assert_true(app_cannot_write(child, BASE));
	assert_true(app_cannot_write(w.mm, BASE));
	app_expect(child, BASE, HUGE, 1);
	world_exit(&w, child);
	app_fill(w.mm, BASE, HUGE, 2);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

/* ---- the object ---- */

static void truncate_and_punch(void **state)
{
	struct gup_object *object;
	struct world w;
	uint8_t byte;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 3 });
	object = new_hugetlb(&w, 3);
	map_shared(w.mm, BASE, 3 * HUGE, object);
	app_fill(w.mm, BASE, 3 * HUGE, 1);
	assert_int_equal(gup_object_truncate(object, HUGE + PAGE, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_object_punch(object, PAGE, HUGE, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_object_punch(object, 0, PAGE, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_object_punch(object, HUGE, HUGE, 0, NULL), 0);
	assert_int_equal(pool_free(&w), 1);
	app_expect_zero(w.mm, BASE + HUGE, HUGE);
	assert_int_equal(gup_object_truncate(object, HUGE, 0, NULL), 0);
	assert_int_equal(pool_free(&w), 2);
	assert_true(app_cannot_read(w.mm, BASE + HUGE));
	app_expect(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_object_truncate(object, 2 * HUGE, 0, NULL), 0);
	app_expect_zero(w.mm, BASE + HUGE, HUGE);
	assert_int_equal(gup_object_read(object, 0, &byte, 1), 1);
	assert_int_equal(byte, app_peek(w.mm, BASE));
	assert_int_equal(gup_object_write(object, 0, &byte, 1), -GUP_EINVAL);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

static void truncate_takes_private_copies(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 2 });
	object = new_hugetlb(&w, 2);
	map_private(w.mm, BASE, 2 * HUGE, object);
	app_fill(w.mm, BASE, 2 * HUGE, 1);
	assert_int_equal(gup_object_punch(object, HUGE, HUGE, 0, NULL), 0);
	app_expect(w.mm, BASE, 2 * HUGE, 1);
	assert_int_equal(gup_object_truncate(object, HUGE, 0, NULL), 0);
	app_expect(w.mm, BASE, HUGE, 1);
	assert_true(app_cannot_read(w.mm, BASE + HUGE));
	assert_int_equal(pool_free(&w), 1);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

/* ---- the machine ---- */

static void pools(void **state)
{
	struct gup_machine_config config = { .normal_bytes = 8 * MIB, .hugetlb_pages = 4 };
	struct gup_object *object;
	struct gup_machine *m;
	struct gup_stats stats;

	(void)state;
	assert_int_equal(gup_machine_create(&config, &m), -GUP_ENOMEM); /* the machine needs some itself */
	config.hugetlb_pages = 3;
	config.hugetlb_movable = 1;
	assert_int_equal(gup_machine_create(&config, &m), -GUP_ENOMEM);
	config.movable_bytes = 4 * MIB;
	assert_int_equal(gup_machine_create(&config, &m), 0);
	assert_int_equal(gup_machine_stats(m, &stats), 0);
	assert_int_equal(stats.hugetlb_free, 4);
	assert_in_range(stats.free_frames, GUP_HUGE_PAGES, 2 * GUP_HUGE_PAGES);
	assert_int_equal(gup_hugetlb_create(NULL, HUGE, &object), -GUP_EINVAL);
	assert_int_equal(gup_hugetlb_create(m, HUGE, NULL), -GUP_EINVAL);
	assert_int_equal(gup_hugetlb_create(m, PAGE, &object), -GUP_EINVAL);
	assert_int_equal(gup_hugetlb_create(m, GUP_USER_TOP + HUGE, &object), -GUP_EINVAL);
	check_rest(m, 0, 0);
	assert_int_equal(gup_machine_destroy(m), 0);
}

/* The reverse map of private memory goes by index: a hugetlb page may have that of another mapping's folio. */
static void split_of_another_folio(void **state)
{
	struct gup_object *object;
	struct gup_page *page;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 24, .hugetlb = 3 });
	object = new_hugetlb(&w, 2);
	map_private(w.mm, BASE, 2 * HUGE, object);
	app_fill(w.mm, BASE, 2 * HUGE, 1);
	map_anon(w.mm, HUGE, HUGE); /* page index 512, as the second hugetlb page */
	assert_int_equal(gup_copy_to_user(w.mm, HUGE, "x", 1), 0);
	assert_int_equal(get_plain(w.mm, HUGE, 1, 0, &page), 1);
	assert_int_equal(gup_split_folio(w.m, page, NULL), 0);
	assert_int_equal(frame_of(w.m, page).order, 0);
	assert_int_equal(gup_put_pages(w.m, &page, 1), 0);
	app_expect(w.mm, BASE, 2 * HUGE, 1);
	gup_object_put(object);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_folios_by_whole_entries),
		cmocka_unit_test(next_user_finds_zeroes),
		cmocka_unit_test(first_store_copies),
		cmocka_unit_test(alignment),
		cmocka_unit_test(parts_of_a_mapping),
		cmocka_unit_test(where_small_pages_were),
		cmocka_unit_test(a_mapping_gets_what_it_was_promised),
		cmocka_unit_test(whose_reservation_it_is),
		cmocka_unit_test(parts_keep_their_reservation),
		cmocka_unit_test(lower_part_keeps_its_reservation),
		cmocka_unit_test(copy_takes_no_promised_folio),
		cmocka_unit_test(failed_mapping_keeps_nothing),
		cmocka_unit_test(private_copy_of_the_object),
		cmocka_unit_test(private_hole),
		cmocka_unit_test(fork_shares_until_somebody_writes),
		cmocka_unit_test(copy_from_an_empty_pool_is_a_bus_error),
		cmocka_unit_test(truncate_and_punch),
		cmocka_unit_test(truncate_takes_private_copies),
		cmocka_unit_test(split_of_another_folio),
		cmocka_unit_test(pools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
