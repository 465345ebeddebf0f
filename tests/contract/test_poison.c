/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_poison.c - memory failure: who uses the frame is told, and nobody gets it any more.
 */
#include "store.h"
#include "world.h"

#define NR 4

static void begin(struct world *w, enum gup_contract_id id)
{
	world_begin(w, &(struct world_spec){ .normal = 8, .movable = 4, .cma = 4, .dax = 4, .contract = id });
}

static enum gup_frame_kind kind_of(struct world *w, uint64_t pfn)
{
	struct gup_frame_info info;

	assert_int_equal(gup_frame_info(w->m, pfn, &info), 0);
	return info.kind;
}

static bool is_poisoned(struct world *w, uint64_t pfn)
{
	struct gup_frame_info info;

	assert_int_equal(gup_frame_info(w->m, pfn, &info), 0);
	return info.poisoned;
}

/* All that is poisoned is mended, so that nothing is missing in the end. */
static void end(struct world *w)
{
	uint64_t pfn;

	for (pfn = HUGE / PAGE; gup_pfn_to_page(w->m, pfn); pfn++)
		if (is_poisoned(w, pfn))
			assert_int_equal(gup_machine_unpoison(w->m, pfn), 0);
	world_end(w);
}

/* Poison the frame at an address, which is mapped. */
static uint64_t poison_at(struct world *w, uint64_t addr)
{
	uint64_t pfn = gup_user_pfn(w->mm, addr);

	assert_int_equal(gup_machine_poison(w->m, pfn), 0);
	assert_true(is_poisoned(w, pfn));
	check_rest(w->m, 0, 0);
	return pfn;
}

/* Bytes of one page that the application cannot read, or not write. */
static uint64_t left_of_read(struct gup_mm *mm, uint64_t addr)
{
	unsigned char bytes[PAGE];

	return gup_copy_from_user(mm, bytes, addr, PAGE);
}

static uint64_t left_of_write(struct gup_mm *mm, uint64_t addr)
{
	static const unsigned char bytes[PAGE];

	return gup_copy_to_user(mm, addr, bytes, PAGE);
}

static void expect_unreadable(struct gup_mm *mm, uint64_t addr)
{
	assert_int_equal(left_of_read(mm, addr), PAGE);
	assert_int_equal(left_of_write(mm, addr), PAGE);
}

static long try_pin(struct world *w, uint64_t addr, unsigned int flags, struct gup_why *why)
{
	enum gup_entry entry = gup_machine_contract(w->m) == GUP_LINUX_5_2 ? GUP_GET_USER_PAGES : GUP_PIN_USER_PAGES;
	struct gup_page *pages[NR];
	struct gup_call call = { entry, addr, NR, flags, pages, NULL };
	long got = take(w->mm, &call, why);

	if (got > 0)
		assert_int_equal(release(w->m, entry, pages, (unsigned long)got), 0);
	return got;
}

static void accesses_and_pins_fail(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_why why = { 0 };
		struct world w;

		begin(&w, id);
		map_anon(w.mm, BASE, 2 * NR * PAGE);
		app_fill(w.mm, BASE, 2 * NR * PAGE, 1);
		poison_at(&w, BASE + PAGE);
		expect_unreadable(w.mm, BASE + PAGE);
		app_expect(w.mm, BASE, PAGE, 1);
		app_expect(w.mm, BASE + 2 * PAGE, (2 * NR - 2) * PAGE, 1);
		assert_int_equal(try_pin(&w, BASE, GUP_WRITE, &why), 1);
		assert_int_equal(why.rule, GUP_RULE_POISONED);
		assert_int_equal(why.addr, BASE + PAGE);
		assert_int_equal(try_pin(&w, BASE + PAGE, 0, &why), -GUP_EFAULT);
		assert_int_equal(try_pin(&w, BASE + PAGE, GUP_WRITE | GUP_HWPOISON, &why), -GUP_EHWPOISON);
		assert_int_equal(why.rule, GUP_RULE_POISONED);
		assert_int_equal(try_pin(&w, BASE + 2 * PAGE, GUP_WRITE | GUP_HWPOISON, &why), NR);
		check_rest(w.m, 0, 0);
		end(&w);
	}
}

/* Both paths of a fast form, and the form that has one only. */
static void the_fast_path_sees_it(void **state)
{
	struct gup_page *page;
	struct gup_call call = { GUP_PIN_USER_PAGES_FAST, BASE, 1, GUP_WRITE, &page, NULL };
	struct gup_why why;
	struct world w;

	(void)state;
	begin(&w, GUP_NATIVE);
	map_anon(w.mm, BASE, PAGE);
	app_poke(w.mm, BASE, 1);
	poison_at(&w, BASE);
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_POISONED);
	call.flags |= GUP_HWPOISON;
	assert_int_equal(take(w.mm, &call, &why), -GUP_EHWPOISON);
	call.entry = GUP_PIN_USER_PAGES_FAST_ONLY;
	assert_int_equal(take(w.mm, &call, &why), 0);
	call.entry = GUP_PIN_USER_PAGES_FAST;
	call.flags = GUP_NOFAULT;
	assert_int_equal(take(w.mm, &call, &why), -GUP_EFAULT);
	assert_int_equal(why.rule, GUP_RULE_NOFAULT);
	end(&w);
}

static void the_last_reference_takes_it_out_of_use(void **state)
{
	uint64_t pfn, free;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	pfn = poison_at(&w, BASE);
	assert_int_equal(gup_munmap(w.mm, BASE, NR * PAGE), 0);
	assert_int_equal(kind_of(&w, pfn), GUP_FRAME_POISONED);
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 2); /* the address has other memory now */
	assert_int_not_equal(gup_user_pfn(w.mm, BASE), pfn);
	assert_int_equal(gup_machine_poison(w.m, pfn), 0); /* once more changes nothing */
	check_rest(w.m, 0, 0);
	free = stats_of(w.m).free_frames;
	assert_int_equal(gup_machine_unpoison(w.m, pfn), 0);
	assert_false(is_poisoned(&w, pfn));
	assert_int_equal(stats_of(w.m).free_frames, free + 1);
	assert_int_equal(gup_machine_unpoison(w.m, pfn), -GUP_EINVAL);
	check_rest(w.m, 0, 0);
	end(&w);
}

/* A device goes on with what it holds; after its pin nobody gets the frame. */
static void a_pinned_frame_stays_with_its_device(void **state)
{
	struct gup_page *page;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	map_anon(w.mm, BASE, PAGE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	pfn = gup_page_to_pfn(w.m, page);
	assert_int_equal(gup_machine_poison(w.m, pfn), 0);
	check_rest(w.m, 1, 0);
	device_fill(w.m, page, BASE, 2);
	expect_unreadable(w.mm, BASE);
	assert_int_equal(gup_munmap(w.mm, BASE, PAGE), 0);
	assert_int_equal(kind_of(&w, pfn), GUP_FRAME_ANON);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(kind_of(&w, pfn), GUP_FRAME_POISONED);
	check_rest(w.m, 0, 0);
	end(&w);
}

static void what_is_in_use_can_be_mended(void **state)
{
	struct gup_why why;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	map_anon(w.mm, BASE, NR * PAGE);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	pfn = poison_at(&w, BASE);
	assert_int_equal(gup_machine_unpoison(w.m, pfn), 0);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(try_pin(&w, BASE, GUP_WRITE, &why), NR);
	check_rest(w.m, 0, 0);
	end(&w);
}

static void free_frames_leave_use_at_once(void **state)
{
	struct gup_zone_info zone;
	struct gup_page *area;
	struct gup_why why;
	unsigned int nr;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	for (nr = 0; !gup_zone_info(w.m, nr, &zone); nr++) {
		uint64_t first = zone.first_pfn + zone.nr_frames - 7, free = zone.free_frames;

		assert_int_equal(gup_machine_poison(w.m, first), 0);
		assert_int_equal(kind_of(&w, first), GUP_FRAME_POISONED);
		assert_int_equal(gup_zone_info(w.m, nr, &zone), 0);
		assert_int_equal(zone.free_frames, free - 1);
		check_rest(w.m, 0, 0);
		if (zone.kind == GUP_ZONE_CMA) {
			assert_int_equal(gup_cma_alloc(w.m, CAMERA, 4 * MIB, 0, IMPATIENT_NS, &area, &why), -GUP_EBUSY);
			assert_int_equal(why.pfn, first);
		}
		if (zone.kind == GUP_ZONE_MOVABLE)
			assert_int_equal(gup_offline_range(w.m, zone.first_pfn, zone.nr_frames, IMPATIENT_NS, &why),
					 -GUP_EBUSY);
		assert_int_equal(gup_machine_unpoison(w.m, first), 0);
		assert_int_equal(gup_zone_info(w.m, nr, &zone), 0);
		assert_int_equal(zone.free_frames, free);
	}
	assert_int_equal(nr, 4);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 4 * MIB, 0, PATIENT_NS, &area, NULL), 0);
	/* A frame of its owner's is kept back when he frees. */
	assert_int_equal(gup_machine_poison(w.m, gup_page_to_pfn(w.m, area) + 3), 0);
	assert_int_equal(gup_cma_free(w.m, area, 4 * MIB), 0);
	assert_int_equal(kind_of(&w, gup_page_to_pfn(w.m, area) + 3), GUP_FRAME_POISONED);
	check_rest(w.m, 0, 0);
	end(&w);
}

static void one_frame_of_2m_is_split_off(void **state)
{
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).order, 9);
	pfn = poison_at(&w, BASE + 5 * PAGE);
	expect_unreadable(w.mm, BASE + 5 * PAGE);
	app_expect(w.mm, BASE, 5 * PAGE, 1);
	app_expect(w.mm, BASE + 6 * PAGE, HUGE - 6 * PAGE, 1);
	assert_int_equal(gup_munmap(w.mm, BASE, HUGE), 0);
	assert_int_equal(kind_of(&w, pfn), GUP_FRAME_POISONED);
	check_rest(w.m, 0, 0);
	end(&w);
}

static void a_2m_folio_that_is_held_fails_as_a_whole(void **state)
{
	struct gup_page *page;
	uint64_t pfn, free;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	free = stats_of(w.m).free_frames;
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	pfn = gup_user_pfn(w.mm, BASE + 5 * PAGE);
	assert_int_equal(gup_machine_poison(w.m, pfn), 0);
	check_rest(w.m, 1, 0);
	expect_unreadable(w.mm, BASE);
	expect_unreadable(w.mm, BASE + 5 * PAGE);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_munmap(w.mm, BASE, HUGE), 0);
	assert_int_equal(kind_of(&w, pfn), GUP_FRAME_POISONED);
	assert_true(stats_of(w.m).free_frames >= free + HUGE / PAGE - 1);
	check_rest(w.m, 0, 0);
	end(&w);
}

static void a_page_of_an_object(void **state)
{
	struct gup_object *shm;
	unsigned char bytes[PAGE] = { 0 };
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	shm = new_shm(&w, NR * PAGE);
	map_shared(w.mm, BASE, NR * PAGE, shm);
	map_private(w.mm, BASE + HUGE, NR * PAGE, shm);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	app_fill(w.mm, BASE + HUGE, PAGE, 2); /* a private copy of page 0 */
	pfn = poison_at(&w, BASE);
	assert_int_equal(gup_machine_poison(w.m, gup_user_pfn(w.mm, BASE + PAGE)), 0);
	expect_unreadable(w.mm, BASE);
	app_expect(w.mm, BASE + HUGE, PAGE, 2);
	expect_unreadable(w.mm, BASE + HUGE + PAGE); /* no copy can be made of page 1 */
	assert_int_equal(gup_object_read(shm, 0, bytes, PAGE), -GUP_EIO);
	assert_int_equal(gup_object_write(shm, 0, bytes, PAGE), -GUP_EIO);
	assert_int_equal(gup_object_read(shm, 2 * PAGE, bytes, PAGE), PAGE);
	assert_int_equal(gup_object_truncate(shm, 0, IMPATIENT_NS, NULL), 0);
	assert_int_equal(kind_of(&w, pfn), GUP_FRAME_POISONED);
	gup_object_put(shm);
	check_rest(w.m, 0, 0);
	end(&w);
}

/* The store keeps what it had, and whoever syncs is told. */
static void a_page_of_a_file(void **state)
{
	static struct store store;
	struct gup_object *file;
	struct gup_why why;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	store_init(&store);
	assert_int_equal(store_file(w.m, &store, 2 * PAGE, true, &file), 0);
	map_shared(w.mm, BASE, 2 * PAGE, file);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	poison_at(&w, BASE);
	expect_unreadable(w.mm, BASE);
	assert_int_equal(gup_file_sync(file, &why), -GUP_EIO);
	assert_int_equal(why.rule, GUP_RULE_POISONED);
	assert_int_equal(store.writes, 1); /* the other page */
	assert_int_equal(gup_object_truncate(file, 0, IMPATIENT_NS, NULL), 0);
	gup_object_put(file);
	check_rest(w.m, 0, 0);
	end(&w);
}

static void a_block_of_a_file_on_dax(void **state)
{
	struct gup_object *file;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	file = new_dax_file(&w, NR * PAGE);
	map_shared(w.mm, BASE, NR * PAGE, file);
	app_fill(w.mm, BASE, NR * PAGE, 1);
	pfn = poison_at(&w, BASE + PAGE);
	expect_unreadable(w.mm, BASE + PAGE);
	assert_int_equal(gup_object_truncate(file, 0, IMPATIENT_NS, NULL), 0);
	assert_int_equal(kind_of(&w, pfn), GUP_FRAME_POISONED);
	gup_object_put(file);
	check_rest(w.m, 0, 0);
	end(&w);
}

/* Nothing is copied: neither by fork, of a pinned page, nor by a write after it, nor by a move. */
static void its_bytes_go_nowhere(void **state)
{
	struct gup_page *page;
	struct gup_mm *child;
	struct gup_why why;
	uint64_t copies;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	map_anon(w.mm, BASE, 2 * PAGE);
	app_fill(w.mm, BASE, 2 * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_machine_poison(w.m, gup_page_to_pfn(w.m, page)), 0);
	assert_int_equal(gup_machine_poison(w.m, gup_user_pfn(w.mm, BASE + PAGE)), 0);
	copies = stats_of(w.m).cow_copies;
	child = world_fork(&w, w.mm, "child");
	expect_unreadable(child, BASE);
	expect_unreadable(child, BASE + PAGE);
	expect_unreadable(w.mm, BASE + PAGE);
	assert_int_equal(stats_of(w.m).cow_copies, copies);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_migrate_range(w.mm, BASE, 2 * PAGE, &why), 0);
	assert_int_equal(why.rule, GUP_RULE_MIGRATE_BUSY);
	assert_int_equal(gup_split_folio(w.m, page, &why), 0); /* it is small already */
	check_rest(w.m, 0, 0);
	end(&w);
}

static void a_page_of_cma_stays_there(void **state)
{
	struct gup_page *area;
	struct gup_why why;
	struct world w;
	uint64_t addr;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .cma = 8 });
	addr = world_borrow(&w, GUP_ZONE_CMA, NR);
	app_fill(w.mm, addr, NR * PAGE, 1);
	poison_at(&w, addr + PAGE);
	assert_int_equal(try_pin(&w, addr, GUP_LONGTERM | GUP_WRITE, &why), 1);
	assert_int_equal(why.rule, GUP_RULE_POISONED);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 8 * MIB, 0, IMPATIENT_NS, &area, &why), -GUP_EBUSY);
	assert_int_equal(why.pfn, gup_user_pfn(w.mm, addr + PAGE));
	check_rest(w.m, 0, 0);
	end(&w);
}

static void what_is_refused(void **state)
{
	uint64_t pfn, own = 0;
	struct world w;

	(void)state;
	begin(&w, GUP_LINUX_6_12);
	map_anon(w.mm, BASE, PAGE);
	app_poke(w.mm, BASE, 1);
	for (pfn = HUGE / PAGE; gup_pfn_to_page(w.m, pfn); pfn++) {
		enum gup_frame_kind kind = kind_of(&w, pfn);

		if (kind != GUP_FRAME_TABLE && kind != GUP_FRAME_META && kind != GUP_FRAME_ZERO)
			continue;
		assert_int_equal(gup_machine_poison(w.m, pfn), -GUP_EBUSY);
		own++;
	}
	assert_true(own > 3);
	assert_int_equal(gup_machine_poison(NULL, HUGE / PAGE), -GUP_EINVAL);
	assert_int_equal(gup_machine_poison(w.m, 0), -GUP_EINVAL);
	assert_int_equal(gup_machine_poison(w.m, pfn), -GUP_EINVAL);
	assert_int_equal(gup_machine_unpoison(w.m, pfn), -GUP_EINVAL);
	assert_int_equal(gup_machine_unpoison(NULL, HUGE / PAGE), -GUP_EINVAL);
	assert_int_equal(gup_machine_unpoison(w.m, gup_user_pfn(w.mm, BASE)), -GUP_EINVAL);
	check_rest(w.m, 0, 0);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accesses_and_pins_fail),
		cmocka_unit_test(the_fast_path_sees_it),
		cmocka_unit_test(the_last_reference_takes_it_out_of_use),
		cmocka_unit_test(a_pinned_frame_stays_with_its_device),
		cmocka_unit_test(what_is_in_use_can_be_mended),
		cmocka_unit_test(free_frames_leave_use_at_once),
		cmocka_unit_test(one_frame_of_2m_is_split_off),
		cmocka_unit_test(a_2m_folio_that_is_held_fails_as_a_whole),
		cmocka_unit_test(a_page_of_an_object),
		cmocka_unit_test(a_page_of_a_file),
		cmocka_unit_test(a_block_of_a_file_on_dax),
		cmocka_unit_test(its_bytes_go_nowhere),
		cmocka_unit_test(a_page_of_cma_stays_there),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests_name("poison", tests, NULL, NULL);
}
