/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_memfd.c - pinning an object's folios by file offset, without a mapping.
 */
#include "world.h"

#define NR 64

static struct gup_page *folios[NR + 1];

static struct gup_object *new_huge_shm(struct world *w, uint64_t bytes)
{
	struct gup_object *object;

	assert_int_equal(gup_shm_create(w->m, bytes, GUP_SHM_HUGE, &object), 0);
	return object;
}

static void object_fill(struct gup_object *object, uint64_t bytes, uint32_t tag)
{
	uint8_t buf[PAGE];
	uint64_t at;

	for (at = 0; at < bytes; at += PAGE) {
		pattern_make(buf, at, PAGE, tag);
		assert_int_equal(gup_object_write(object, at, buf, PAGE), PAGE);
	}
}

static void each_folio_has_one_pin(void **state)
{
	struct gup_object *object;
	uint64_t offset = 0;
	struct world w;
	long i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	object = new_shm(&w, NR * PAGE);
	object_fill(object, NR * PAGE, 1);
	assert_int_equal(gup_memfd_pin_folios(object, 3 * PAGE + 5, NR * PAGE - 1, folios, NR, &offset), NR - 3);
	assert_int_equal(offset, 5);
	for (i = 0; i < NR - 3; i++) {
		assert_int_equal(gup_page_pins(w.m, folios[i]), 1);
		device_expect(w.m, folios[i], (uint64_t)(i + 3) * PAGE, 1);
	}
	check_rest(w.m, NR - 3, 0);
	assert_int_equal(gup_unpin_folios(w.m, folios, NR - 3), 0);
	assert_int_equal(gup_unpin_folios(w.m, folios, 1), -GUP_EINVAL);
	gup_object_put(object);
	world_end(&w);
}

/* The last byte is part of the range; what there is room for ends it. */
static void range_and_room(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	object = new_shm(&w, 4 * PAGE);
	folios[1] = NULL;
	assert_int_equal(gup_memfd_pin_folios(object, 0, 0, folios, NR, NULL), 1);
	assert_int_equal(gup_unpin_folios(w.m, folios, 1), 0);
	assert_int_equal(gup_memfd_pin_folios(object, PAGE - 1, PAGE, folios, NR, NULL), 2);
	assert_int_equal(gup_unpin_folios(w.m, folios, 2), 0);
	folios[2] = NULL;
	assert_int_equal(gup_memfd_pin_folios(object, 0, 4 * PAGE - 1, folios, 2, NULL), 2);
	assert_null(folios[2]);
	check_rest(w.m, 2, 0);
	assert_int_equal(gup_unpin_folios(w.m, folios, 2), 0);
	gup_object_put(object);
	world_end(&w);
}

static void holes_are_filled(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .movable = 4, .cma = 8 });
	object = new_shm(&w, 2 * PAGE);
	assert_int_equal(gup_memfd_pin_folios(object, 0, 2 * PAGE - 1, folios, NR, NULL), 2);
	assert_int_equal(frame_of(w.m, folios[0]).kind, GUP_FRAME_SHM);
	assert_int_equal(frame_of(w.m, folios[1]).zone, GUP_ZONE_NORMAL);
	assert_int_equal(stats_of(w.m).migrated, 0);
	device_fill(w.m, folios[1], BASE + PAGE, 7);
	map_shared(w.mm, BASE, 2 * PAGE, object);
	app_expect_zero(w.mm, BASE, PAGE);
	app_expect(w.mm, BASE + PAGE, PAGE, 7);
	assert_true(same_frame(w.mm, BASE + PAGE, folios[1]));
	check_rest(w.m, 2, 0);
	assert_int_equal(gup_unpin_folios(w.m, folios, 2), 0);
	gup_object_put(object);
	world_end(&w);
}

static void large_folios(void **state)
{
	struct gup_object *object;
	uint64_t offset = 0;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 16, .hugetlb = 2 });
	object = new_huge_shm(&w, 2 * HUGE);
	assert_int_equal(gup_memfd_pin_folios(object, HUGE - PAGE + 9, 2 * HUGE - 1, folios, NR, &offset), 2);
	assert_int_equal(offset, HUGE - PAGE + 9);
	assert_int_equal(frame_of(w.m, folios[1]).order, GUP_HUGE_ORDER);
	check_rest(w.m, 2, 0);
	assert_int_equal(gup_unpin_folios(w.m, folios, 2), 0);
	gup_object_put(object);
	assert_int_equal(gup_hugetlb_create(w.m, 3 * HUGE, &object), 0);
	assert_int_equal(gup_memfd_pin_folios(object, HUGE + 9, 2 * HUGE, folios, NR, &offset), 2);
	assert_int_equal(offset, 9);
	assert_int_equal(frame_of(w.m, folios[0]).kind, GUP_FRAME_HUGETLB);
	assert_int_equal(gup_memfd_pin_folios(object, 0, 3 * HUGE - 1, folios + 2, NR, NULL), -GUP_ENOMEM);
	check_rest(w.m, 2, 0);
	assert_int_equal(gup_memfd_pin_folios(object, HUGE, 3 * HUGE - 1, folios + 2, NR, NULL), 2);
	check_rest(w.m, 4, 0);
	assert_int_equal(gup_unpin_folios(w.m, folios, 4), 0);
	assert_int_equal(gup_object_truncate(object, 4 * HUGE, 0, NULL), 0);
	assert_int_equal(gup_memfd_pin_folios(object, HUGE, 4 * HUGE - 1, folios, NR, NULL), -GUP_ENOMEM);
	gup_object_put(object);
	world_end(&w);
}

/* More folios than a batch takes, all of them where they may not stay. */
static void moved_where_they_may_stay(void **state)
{
	struct gup_object *object;
	struct world w;
	long i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .movable = 4 });
	object = new_shm(&w, NR * PAGE);
	object_fill(object, NR * PAGE, 1);
	map_shared(w.mm, BASE, NR * PAGE, object);
	(void)app_peek(w.mm, BASE);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_MOVABLE);
	assert_int_equal(gup_memfd_pin_folios(object, 0, NR * PAGE - 1, folios, NR, NULL), NR);
	assert_int_equal(stats_of(w.m).migrated, NR);
	for (i = 0; i < NR; i++) {
		assert_true(frame_of(w.m, folios[i]).longterm_ok);
		device_expect(w.m, folios[i], (uint64_t)i * PAGE, 1);
	}
	assert_true(same_frame(w.mm, BASE, folios[0]));
	check_rest(w.m, NR, 0);
	assert_int_equal(gup_unpin_folios(w.m, folios, NR), 0);
	gup_object_put(object);
	world_end(&w);
}

/* The last one is held: those of the batches before are released, too. */
static void all_or_nothing(void **state)
{
	struct gup_object *object;
	struct gup_page *held;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .movable = 4, .track_holders = true });
	object = new_shm(&w, NR * PAGE);
	object_fill(object, NR * PAGE, 1);
	map_shared(w.mm, BASE, NR * PAGE, object);
	assert_int_equal(pin_plain(w.mm, BASE + (NR - 1) * PAGE, 1, 0, &held), 1);
	assert_int_equal(gup_memfd_pin_folios(object, 0, NR * PAGE - 1, folios, NR, NULL), -GUP_ENOMEM);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 1);
	assert_int_equal(gup_memfd_pin_folios(object, 0, (NR - 1) * PAGE - 1, folios, NR, NULL), NR - 1);
	assert_int_equal(gup_unpin_folios(w.m, folios, NR - 1), 0);
	assert_int_equal(gup_unpin_user_page(w.m, held), 0);
	gup_object_put(object);
	world_end(&w);
}

static void holders_know(void **state)
{
	struct gup_holder holder;
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .track_holders = true });
	object = new_shm(&w, PAGE);
	assert_int_equal(gup_memfd_pin_folios(object, 0, 0, folios, 1, NULL), 1);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, &holder, 1), 1);
	assert_string_equal(holder.owner, "shared memory");
	assert_true(holder.pin && holder.longterm && holder.site);
	assert_int_equal(gup_unpin_folios(w.m, folios, 1), 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, &holder, 1), 0);
	gup_object_put(object);
	world_end(&w);
}

/* While pinned, the object may be cut: the pin keeps the memory. */
static void truncate_under_a_pin(void **state)
{
	struct gup_object *object;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1 });
	assert_int_equal(gup_hugetlb_create(w.m, HUGE, &object), 0);
	assert_int_equal(gup_memfd_pin_folios(object, 0, 0, folios, 1, NULL), 1);
	device_fill(w.m, folios[0], 0, 1);
	assert_int_equal(gup_object_truncate(object, 0, 0, NULL), 0);
	assert_int_equal(stats_of(w.m).hugetlb_free, 0);
	device_expect(w.m, folios[0], 0, 1);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_folios(w.m, folios, 1), 0);
	assert_int_equal(stats_of(w.m).hugetlb_free, 1);
	gup_object_put(object);
	world_end(&w);
}

static void bad_arguments(void **state)
{
	struct gup_object *object, *others[3];
	struct world w;
	size_t i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .dax = 2 });
	object = new_shm(&w, 2 * PAGE);
	assert_int_equal(gup_memfd_pin_folios(NULL, 0, 0, folios, 1, NULL), -GUP_EINVAL);
	assert_int_equal(gup_memfd_pin_folios(object, 0, 0, NULL, 1, NULL), -GUP_EINVAL);
	assert_int_equal(gup_memfd_pin_folios(object, -1, 0, folios, 1, NULL), -GUP_EINVAL);
	assert_int_equal(gup_memfd_pin_folios(object, 1, 0, folios, 1, NULL), -GUP_EINVAL);
	assert_int_equal(gup_memfd_pin_folios(object, 0, 0, folios, 0, NULL), -GUP_EINVAL);
	assert_int_equal(gup_memfd_pin_folios(object, 0, 2 * PAGE, folios, NR, NULL), -GUP_EINVAL);
	others[0] = new_dax_file(&w, PAGE);
	assert_int_equal(gup_secret_create(w.m, PAGE, &others[1]), 0);
	assert_int_equal(gup_pfnmap_create(w.m, UINT64_C(1) << 30, PAGE, &others[2]), 0);
	for (i = 0; i < ARRAY_LEN(others); i++) {
		assert_int_equal(gup_memfd_pin_folios(others[i], 0, 0, folios, 1, NULL), -GUP_EINVAL);
		gup_object_put(others[i]);
	}
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	world_end(&w);
}

static void exists_since(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		bool exists = id == GUP_LINUX_6_12 || id == GUP_NATIVE;
		struct gup_object *object;
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 4, .contract = id });
		object = new_shm(&w, PAGE);
		assert_int_equal(gup_memfd_pin_folios(object, 0, 0, folios, 1, NULL), exists ? 1 : -GUP_EINVAL);
		if (exists)
			assert_int_equal(gup_unpin_folios(w.m, folios, 1), 0);
		gup_object_put(object);
		world_end(&w);
	}
}

/* A page whose memory has failed is pinned by nobody, also not by file offset. */
static void memory_failure(void **state)
{
	struct gup_object *shm;
	struct world w;
	uint64_t pfn;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	shm = new_shm(&w, 2 * PAGE);
	map_shared(w.mm, BASE, 2 * PAGE, shm);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	pfn = gup_user_pfn(w.mm, BASE + PAGE);
	assert_int_equal(gup_machine_poison(w.m, pfn), 0);
	assert_int_equal(gup_memfd_pin_folios(shm, 0, 2 * PAGE - 1, folios, 2, NULL), -GUP_EFAULT);
	assert_int_equal(gup_memfd_pin_folios(shm, 0, PAGE - 1, folios, 2, NULL), 1);
	assert_int_equal(gup_unpin_folios(w.m, folios, 1), 0);
	check_rest(w.m, 0, 0);
	gup_object_put(shm);
	assert_int_equal(gup_munmap(w.mm, BASE, 2 * PAGE), 0);
	assert_int_equal(gup_machine_unpoison(w.m, pfn), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_failure),	cmocka_unit_test(each_folio_has_one_pin),
		cmocka_unit_test(range_and_room),	cmocka_unit_test(holes_are_filled),
		cmocka_unit_test(large_folios),		cmocka_unit_test(moved_where_they_may_stay),
		cmocka_unit_test(all_or_nothing),	cmocka_unit_test(holders_know),
		cmocka_unit_test(truncate_under_a_pin), cmocka_unit_test(bad_arguments),
		cmocka_unit_test(exists_since),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
