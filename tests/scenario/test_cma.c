/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_cma.c - contiguous areas: the owner gets its frames, the borrowers keep their bytes.
 *
 * The owner's own frames can be mapped and pinned; whether for long depends on the contract.
 */
#include "world.h"

#define AREA (8 * MIB)
#define AREA_FRAMES (AREA / PAGE)

static void begin(struct world *w, enum gup_contract_id contract)
{
	world_begin(w, &(struct world_spec){
			       .normal = 6, .cma = 8, .cma2 = 2, .contract = contract, .track_holders = true });
}

static struct gup_page *alloc(struct world *w, uint64_t bytes, uint64_t align)
{
	struct gup_page *page = NULL;

	assert_int_equal(gup_cma_alloc(w->m, CAMERA, bytes, align, PATIENT_NS, &page, NULL), 0);
	assert_non_null(page);
	return page;
}

static void all_owned(struct world *w, struct gup_page *page, uint64_t bytes)
{
	uint64_t i;

	for (i = 0; i < bytes / PAGE; i++) {
		assert_int_equal(frame_of(w->m, page + i).kind, GUP_FRAME_CMA);
		assert_string_equal(frame_of(w->m, page + i).zone_name, CAMERA);
	}
}

static void whole_area(void **state)
{
	struct gup_page *page, *more;
	struct gup_why why = { 0 };
	struct world w;
	uint64_t free;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	free = free_frames(w.m);
	page = alloc(&w, AREA, 0);
	all_owned(&w, page, AREA);
	memset(gup_page_address(w.m, page), 0x55, AREA);
	assert_int_equal(free_frames(w.m), free - AREA_FRAMES);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, PAGE, 0, IMPATIENT_NS, &more, &why), -GUP_ENOMEM);
	assert_int_equal(gup_cma_alloc(w.m, CODEC, 2 * MIB, 0, PATIENT_NS, &more, NULL), 0);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_cma_free(w.m, more, 2 * MIB), 0);
	assert_int_equal(gup_cma_free(w.m, page, AREA), 0);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, AREA + PAGE, 0, IMPATIENT_NS, &more, NULL), -GUP_ENOMEM);
	world_end(&w);
}

static void alignment(void **state)
{
	static const uint64_t aligns[] = { PAGE, 16 * PAGE, 64 * PAGE, MIB, 2 * MIB };
	struct gup_page *pages[ARRAY_LEN(aligns)];
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	for (i = 0; i < ARRAY_LEN(aligns); i++) {
		pages[i] = alloc(&w, 3 * PAGE, aligns[i]);
		assert_int_equal(gup_page_to_pfn(w.m, pages[i]) * PAGE % aligns[i], 0);
		all_owned(&w, pages[i], 3 * PAGE);
		pattern_make(gup_page_address(w.m, pages[i]), 0, 3 * PAGE, i);
	}
	check_rest(w.m, 0, 0);
	for (i = 0; i < ARRAY_LEN(aligns); i++) {
		assert_true(pattern_is(gup_page_address(w.m, pages[i]), 0, 3 * PAGE, i));
		assert_int_equal(gup_cma_free(w.m, pages[i], 3 * PAGE), 0);
	}
	world_end(&w);
}

static void partial_free(void **state)
{
	struct gup_page *page, *again;
	struct world w;
	uint64_t free;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	free = free_frames(w.m);
	page = alloc(&w, AREA, 0);
	assert_int_equal(gup_cma_free(w.m, page + 100, 50 * PAGE), 0);
	assert_int_equal(free_frames(w.m), free - AREA_FRAMES + 50);
	assert_int_equal(gup_cma_free(w.m, page + 120, PAGE), -GUP_EINVAL);
	assert_int_equal(gup_cma_free(w.m, page + 121, PAGE), -GUP_EINVAL);
	assert_int_equal(gup_cma_free(w.m, page + 90, 20 * PAGE), -GUP_EINVAL);
	all_owned(&w, page, 100 * PAGE);
	again = alloc(&w, 50 * PAGE, 0);
	assert_ptr_equal(again, page + 100);
	assert_int_equal(gup_cma_free(w.m, page, AREA), 0);
	world_end(&w);
}

static void bad_input(void **state)
{
	struct gup_page *page = NULL, *user;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	assert_int_equal(gup_cma_alloc(w.m, "microphone", PAGE, 0, 0, &page, NULL), -GUP_ENOENT);
	assert_int_equal(gup_cma_alloc(w.m, PMEM, PAGE, 0, 0, &page, NULL), -GUP_ENOENT);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 0, 0, 0, &page, NULL), -GUP_EINVAL);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, PAGE + 1, 0, 0, &page, NULL), -GUP_EINVAL);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, PAGE, 3 * PAGE, 0, &page, NULL), -GUP_EINVAL);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, PAGE, 512, 0, &page, NULL), -GUP_EINVAL);
	assert_null(page);
	map_anon(w.mm, BASE, PAGE);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &user), 1);
	assert_int_equal(gup_cma_free(w.m, user, PAGE), -GUP_EINVAL);
	assert_int_equal(gup_put_page(w.m, user), 0);
	page = alloc(&w, 4 * PAGE, 0);
	assert_int_equal(gup_cma_free(w.m, page, 0), -GUP_EINVAL);
	assert_int_equal(gup_cma_free(w.m, page, 5), -GUP_EINVAL);
	assert_int_equal(gup_cma_free(w.m, page, 5 * PAGE), -GUP_EINVAL);
	assert_int_equal(gup_cma_free(w.m, page, 4 * PAGE), 0);
	assert_int_equal(gup_cma_free(w.m, page, 4 * PAGE), -GUP_EINVAL);
	world_end(&w);
}

static void borrowers_keep_their_bytes(void **state)
{
	struct gup_page *page;
	struct gup_object *shm;
	struct world w;
	uint64_t addr;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	addr = world_borrow(&w, GUP_ZONE_CMA, 200);
	app_fill(w.mm, addr, 200 * PAGE, 1);
	shm = new_shm(&w, 50 * PAGE);
	map_shared(w.mm, BASE, 50 * PAGE, shm);
	app_fill(w.mm, BASE, 50 * PAGE, 2);
	map_anon(w.mm, BASE + HUGE, HUGE);
	app_fill(w.mm, BASE + HUGE, HUGE, 3);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_CMA);
	page = alloc(&w, AREA, 0);
	memset(gup_page_address(w.m, page), 0xff, AREA);
	app_expect(w.mm, addr, 200 * PAGE, 1);
	app_expect(w.mm, BASE, 50 * PAGE, 2);
	app_expect(w.mm, BASE + HUGE, HUGE, 3);
	assert_true(stats_of(w.m).migrated >= 250);
	assert_string_not_equal(frame_at(w.mm, addr).zone_name, CAMERA);
	check_rest(w.m, 0, 0);
	app_fill(w.mm, BASE, 50 * PAGE, 4);
	app_expect(w.mm, BASE, 50 * PAGE, 4);
	assert_int_equal(gup_cma_free(w.m, page, AREA), 0);
	gup_object_put(shm);
	world_end(&w);
}

static void no_other_place(void **state)
{
	struct gup_page *page;
	struct gup_why why = { 0 };
	struct world w;
	uint64_t nr, i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .cma = 8, .no_huge_pages = true });
	nr = free_frames(w.m) - 64;
	map_anon(w.mm, BASE, nr * PAGE);
	for (i = 0; i < nr; i++)
		app_poke(w.mm, BASE + i * PAGE, i % 251);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, AREA, 0, IMPATIENT_NS, &page, &why), -GUP_ENOMEM);
	assert_int_equal(why.rule, GUP_RULE_NO_MEMORY);
	for (i = 0; i < nr; i++)
		assert_int_equal(app_peek(w.mm, BASE + i * PAGE), i % 251);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_munmap(w.mm, BASE, nr * PAGE), 0);
	page = alloc(&w, AREA, 0);
	assert_int_equal(gup_cma_free(w.m, page, AREA), 0);
	world_end(&w);
}

/* A page held in one area: its owner waits in vain, the other area's owner notices nothing. */
static void held_page_blocks_one_area_only(void **state)
{
	struct gup_page *held, *page = NULL;
	struct gup_why why = { 0 };
	struct world w;
	uint64_t addr;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	addr = world_borrow(&w, GUP_ZONE_CMA, 10);
	app_fill(w.mm, addr, 10 * PAGE, 1);
	assert_string_equal(frame_at(w.mm, addr).zone_name, CAMERA);
	assert_int_equal(gup_get_user_pages_fast(w.mm, addr + 9 * PAGE, 1, 0, &held), 1);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, AREA, 0, IMPATIENT_NS, &page, &why), -GUP_EBUSY);
	assert_null(page);
	assert_string_equal(why.holder, APP);
	assert_int_equal(why.pfn, gup_page_to_pfn(w.m, held));
	assert_int_equal(gup_cma_alloc(w.m, CODEC, 2 * MIB, 0, PATIENT_NS, &page, NULL), 0);
	assert_int_equal(gup_cma_free(w.m, page, 2 * MIB), 0);
	app_expect(w.mm, addr, 10 * PAGE, 1);
	check_rest(w.m, 0, 1);
	assert_false(frame_of(w.m, held).isolated);
	assert_int_equal(gup_put_page(w.m, held), 0);
	page = alloc(&w, AREA, 0);
	assert_int_equal(gup_cma_free(w.m, page, AREA), 0);
	world_end(&w);
}

static void owner_maps_and_pins(enum gup_contract_id contract, long longterm_result)
{
	struct gup_page *page, *pages[4];
	struct gup_object *object, *second;
	struct gup_why why = { 0 };
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, BASE, 4, GUP_WRITE | GUP_LONGTERM, pages, NULL };
	struct world w;

	begin(&w, contract);
	page = alloc(&w, 8 * PAGE, 0);
	assert_int_equal(gup_cma_object(w.m, page, 8 * PAGE, &object), 0);
	assert_int_equal(gup_object_size(object), 8 * PAGE);
	assert_int_equal(gup_cma_object(w.m, page + 4, PAGE, &second), -GUP_EBUSY);
	map_shared(w.mm, BASE, 8 * PAGE, object);
	app_fill(w.mm, BASE, 8 * PAGE, 1);
	assert_true(same_frame(w.mm, BASE + 3 * PAGE, page + 3));
	device_expect(w.m, page + 7, BASE + 7 * PAGE, 1);
	assert_int_equal(gup_cma_free(w.m, page, 8 * PAGE), -GUP_EBUSY);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 4, GUP_WRITE, pages), 4);
	assert_ptr_equal(pages[3], page + 3);
	check_rest(w.m, 4, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 4), 0);
	assert_int_equal(take(w.mm, &call, &why), longterm_result);
	if (longterm_result > 0)
		assert_int_equal(gup_unpin_user_pages(w.m, pages, 4), 0);
	else
		assert_int_equal(why.rule, GUP_RULE_UNMOVABLE_LONGTERM);
	check_rest(w.m, 0, 0);
	gup_object_put(object);
	assert_int_equal(gup_cma_free(w.m, page, 8 * PAGE), -GUP_EBUSY);
	assert_int_equal(gup_munmap(w.mm, BASE, 8 * PAGE), 0);
	assert_int_equal(gup_cma_free(w.m, page, 8 * PAGE), 0);
	world_end(&w);
}

static void owner_pins_its_frames(void **state)
{
	(void)state;
	owner_maps_and_pins(GUP_NATIVE, 4);
	owner_maps_and_pins(GUP_LINUX_6_12, -GUP_ENOMEM);
}

static void pinned_frames_cannot_be_freed(void **state)
{
	struct gup_page *page, *pinned;
	struct gup_object *object;
	struct world w;

	(void)state;
	begin(&w, GUP_NATIVE);
	page = alloc(&w, 2 * PAGE, 0);
	assert_int_equal(gup_cma_object(w.m, page, 2 * PAGE, &object), 0);
	map_shared(w.mm, BASE, 2 * PAGE, object);
	gup_object_put(object);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE | GUP_LONGTERM, &pinned), 1);
	assert_int_equal(gup_munmap(w.mm, BASE, 2 * PAGE), 0);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_cma_free(w.m, page, 2 * PAGE), -GUP_EBUSY);
	all_owned(&w, page, 2 * PAGE);
	assert_int_equal(gup_unpin_user_page(w.m, pinned), 0);
	assert_int_equal(gup_cma_free(w.m, page, 2 * PAGE), 0);
	world_end(&w);
}

static void allocation_is_a_holder(void **state)
{
	struct gup_holder holder;
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	page = alloc(&w, 16 * PAGE, 0);
	assert_int_equal(gup_pin_holders(w.m, gup_page_to_pfn(w.m, page), 16, &holder, 1), 1);
	assert_true(holder.cma);
	assert_string_equal(holder.owner, CAMERA);
	assert_int_equal(holder.pages, 16);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_EBUSY);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_cma_free(w.m, page, 16 * PAGE), 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_area),
		cmocka_unit_test(alignment),
		cmocka_unit_test(partial_free),
		cmocka_unit_test(bad_input),
		cmocka_unit_test(borrowers_keep_their_bytes),
		cmocka_unit_test(no_other_place),
		cmocka_unit_test(held_page_blocks_one_area_only),
		cmocka_unit_test(owner_pins_its_frames),
		cmocka_unit_test(pinned_frames_cannot_be_freed),
		cmocka_unit_test(allocation_is_a_holder),
	};

	return cmocka_run_group_tests_name("cma", tests, NULL, NULL);
}
