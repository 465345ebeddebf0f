/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_parts.c - parts of what was one: split mappings, folios of which a piece was replaced, dropped,
 * punched or has to move while there is no place for the whole.
 *
 * Each address keeps its own bytes and its own frame, and memory that nobody needs any more comes back.
 */
#include "world.h"

#define MIDDLE 100 /* the page of a huge folio that is treated apart */
#define AROUND 8

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 16, .contract = GUP_NATIVE });
}

static struct gup_object *new_huge_shm(struct world *w, uint64_t bytes)
{
	struct gup_object *shm;

	assert_int_equal(gup_shm_create(w->m, bytes, GUP_SHM_HUGE, &shm), 0);
	return shm;
}

static void map_part(struct gup_mm *mm, uint64_t addr, uint64_t bytes, struct gup_object *object, uint64_t offset)
{
	struct gup_map_request request = {
		.addr = addr, .length = bytes, .prot = RW, .flags = SHARED_AT, .object = object, .offset = offset
	};

	assert_int_equal(gup_mmap(mm, &request), addr);
}

/* A folio of which one page was replaced: a run ends where the entries do, whatever the descriptors say. */
static void pin_around_a_replaced_page(enum gup_entry entry)
{
	struct gup_page *pages[2 * AROUND];
	struct gup_call call = { entry, BASE + (MIDDLE - AROUND) * PAGE, 2 * AROUND, GUP_WRITE, pages, NULL };
	uint64_t middle = BASE + MIDDLE * PAGE;
	struct world w;
	unsigned int i;

	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_madvise(w.mm, middle, PAGE, GUP_MADV_DONTNEED), 0);
	app_fill(w.mm, middle, PAGE, 2);
	assert_int_equal(frame_at(w.mm, middle).order, 0);
	assert_int_equal(frame_at(w.mm, middle - PAGE).order, GUP_HUGE_ORDER);
	assert_int_equal(take(w.mm, &call, NULL), 2 * AROUND);
	for (i = 0; i < 2 * AROUND; i++)
		assert_true(same_frame(w.mm, call.start + i * PAGE, pages[i]));
	assert_int_equal(frame_of(w.m, pages[0]).pins, 2 * AROUND - 1);
	assert_int_equal(frame_of(w.m, pages[AROUND]).pins, 1);
	device_expect(w.m, pages[AROUND], middle, 2);
	check_rest(w.m, 2 * AROUND, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 2 * AROUND), 0);
	world_end(&w);
}

static void runs_end_at_a_replaced_page(void **state)
{
	(void)state;
	pin_around_a_replaced_page(GUP_PIN_USER_PAGES);
	pin_around_a_replaced_page(GUP_PIN_USER_PAGES_FAST);
	pin_around_a_replaced_page(GUP_PIN_USER_PAGES_FAST_ONLY);
}

static void dontneed_of_a_part_keeps_the_rest(void **state)
{
	struct world w;
	uint64_t middle = BASE + MIDDLE * PAGE, faults;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 2 * HUGE);
	app_fill(w.mm, BASE, 2 * HUGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	assert_int_equal(gup_madvise(w.mm, middle, HUGE, GUP_MADV_DONTNEED), 0);
	app_expect(w.mm, BASE, MIDDLE * PAGE, 1);
	app_expect_zero(w.mm, middle, HUGE);
	app_expect(w.mm, middle + HUGE, HUGE - MIDDLE * PAGE, 1);
	/* The rest is as writable as it was. */
	faults = stats_of(w.m).faults;
	app_fill(w.mm, BASE, MIDDLE * PAGE, 2);
	app_fill(w.mm, middle + HUGE, HUGE - MIDDLE * PAGE, 2);
	assert_int_equal(stats_of(w.m).faults, faults);
	world_end(&w);
}

/* Both parts of a split mapping find their own pages of the object, and a move finds them in both. */
static void split_mapping_of_an_object(void **state)
{
	struct gup_object *shm;
	struct world w;
	uint8_t buf[4 * PAGE];
	unsigned int i;

	(void)state;
	begin(&w);
	shm = new_shm(&w, 4 * PAGE);
	pattern_make(buf, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_object_write(shm, 0, buf, 4 * PAGE), 4 * PAGE);
	map_shared(w.mm, BASE, 4 * PAGE, shm);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, PAGE, GUP_PROT_READ), 0);
	app_expect(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_migrate_range(w.mm, BASE, 4 * PAGE, NULL), 4);
	for (i = 0; i < 4; i++)
		assert_int_equal(frame_at(w.mm, BASE + i * PAGE).refs, 2);
	app_expect(w.mm, BASE, 4 * PAGE, 1);
	check_rest(w.m, 0, 0);
	gup_object_put(shm);
	world_end(&w);
}

static void split_private_memory_moves(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, PAGE, GUP_PROT_READ), 0);
	app_fill(w.mm, BASE + 2 * PAGE, 2 * PAGE, 1);
	assert_int_equal(gup_migrate_range(w.mm, BASE, 4 * PAGE, NULL), 2);
	app_expect(w.mm, BASE + 2 * PAGE, 2 * PAGE, 1);
	check_rest(w.m, 0, 0);
	world_end(&w);
}

/* The mapping starts in the middle of the folio, and at the lowest address that there is. */
static void half_a_folio_at_address_zero_moves(void **state)
{
	struct gup_object *shm;
	struct world w;
	uint64_t pfn;

	(void)state;
	begin(&w);
	shm = new_huge_shm(&w, HUGE);
	map_part(w.mm, 0, HUGE / 2, shm, HUGE / 2);
	app_fill(w.mm, 0, HUGE / 2, 1);
	assert_int_equal(frame_at(w.mm, 0).order, GUP_HUGE_ORDER);
	pfn = gup_user_pfn(w.mm, 0);
	assert_int_equal(gup_migrate_range(w.mm, 0, HUGE / 2, NULL), 1);
	assert_int_not_equal(gup_user_pfn(w.mm, 0), pfn);
	app_expect(w.mm, 0, HUGE / 2, 1);
	check_rest(w.m, 0, 0);
	gup_object_put(shm);
	world_end(&w);
}

static void parts_keep_flags_and_place(void **state)
{
	struct gup_page *page;
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE + MIDDLE * PAGE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_split_folio(w.m, page, NULL), 0);
	for (i = 0; i < GUP_HUGE_PAGES; i++) {
		struct gup_frame_info info = frame_at(w.mm, BASE + i * PAGE);

		assert_int_equal(info.order, 0);
		assert_int_equal(info.refs, i == MIDDLE ? 2 : 1);
		assert_true(info.dirty);
		assert_true(info.exclusive);
	}
	check_rest(w.m, 0, 1);
	assert_int_equal(gup_put_page(w.m, page), 0);
	/* Each part is found where it is mapped. */
	assert_int_equal(gup_migrate_range(w.mm, BASE, HUGE, NULL), GUP_HUGE_PAGES);
	app_expect(w.mm, BASE, HUGE, 1);
	world_end(&w);
}

static void punched_part_comes_back(void **state)
{
	struct gup_object *shm;
	struct world w;
	uint64_t free;

	(void)state;
	begin(&w);
	shm = new_huge_shm(&w, HUGE);
	map_shared(w.mm, BASE, HUGE, shm);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	free = free_frames(w.m);
	assert_int_equal(gup_object_punch(shm, MIDDLE * PAGE, 256 * PAGE, 0, NULL), 0);
	assert_int_equal(free_frames(w.m), free + 256);
	app_expect(w.mm, BASE, MIDDLE * PAGE, 1);
	app_expect_zero(w.mm, BASE + MIDDLE * PAGE, 256 * PAGE);
	app_expect(w.mm, BASE + (MIDDLE + 256) * PAGE, (256 - MIDDLE) * PAGE, 1);
	gup_object_put(shm);
	world_end(&w);
}

/* While somebody holds it, the folio stays whole: the punched part reads as zeroes and nothing else changes. */
static void punched_part_of_a_held_folio(void **state)
{
	struct gup_object *shm;
	struct gup_page *page;
	struct world w;
	uint64_t last = BASE + HUGE - PAGE;

	(void)state;
	begin(&w);
	shm = new_huge_shm(&w, HUGE);
	map_shared(w.mm, BASE, HUGE, shm);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, last, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_object_punch(shm, MIDDLE * PAGE, 256 * PAGE, 0, NULL), 0);
	app_expect(w.mm, BASE, MIDDLE * PAGE, 1);
	app_expect_zero(w.mm, BASE + MIDDLE * PAGE, 256 * PAGE);
	app_expect(w.mm, BASE + (MIDDLE + 256) * PAGE, (256 - MIDDLE) * PAGE, 1);
	assert_true(same_frame(w.mm, last, page));
	check_rest(w.m, 1, 0);
	/* Shorter: what is cut off belongs to the device alone, and what is new is zero. */
	assert_int_equal(gup_object_truncate(shm, MIDDLE * PAGE, 0, NULL), 0);
	assert_true(app_cannot_read(w.mm, BASE + MIDDLE * PAGE));
	assert_int_equal(gup_object_truncate(shm, HUGE, 0, NULL), 0);
	app_expect(w.mm, BASE, MIDDLE * PAGE, 1);
	app_expect_zero(w.mm, BASE + MIDDLE * PAGE, HUGE - MIDDLE * PAGE);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	gup_object_put(shm);
	world_end(&w);
}

/* A folio larger than the mapping is mapped by 4 KiB entries, and not one more than the mapping has. */
static void mapping_ends_within_a_folio(void **state)
{
	struct gup_object *shm;
	struct world w;

	(void)state;
	begin(&w);
	shm = new_huge_shm(&w, 2 * HUGE);
	map_part(w.mm, BASE, HUGE / 2, shm, 0);
	map_part(w.mm, BASE + 4 * HUGE + PAGE, HUGE - PAGE, shm, PAGE);
	map_part(w.mm, BASE + 8 * HUGE, HUGE, shm, 3 * PAGE);
	app_fill(w.mm, BASE, HUGE / 2, 1);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	assert_int_equal(frame_at(w.mm, BASE).mapcount, HUGE / 2 / PAGE);
	assert_true(app_cannot_read(w.mm, BASE + HUGE / 2));
	assert_int_equal(app_peek(w.mm, BASE + 4 * HUGE + PAGE), app_peek(w.mm, BASE + PAGE));
	assert_true(app_cannot_read(w.mm, BASE + 4 * HUGE));
	assert_int_equal(app_peek(w.mm, BASE + 8 * HUGE), app_peek(w.mm, BASE + 3 * PAGE));
	check_rest(w.m, 0, 0);
	gup_object_put(shm);
	world_end(&w);
}

static void folio_is_split_where_it_has_no_room(void **state)
{
	struct gup_page *page;
	struct world w;
	uint64_t addr, at;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 2 });
	addr = world_borrow(&w, GUP_ZONE_MOVABLE, GUP_HUGE_PAGES);
	app_fill(w.mm, addr, HUGE, 1);
	at = addr + MIDDLE * PAGE;
	world_scatter_normal(&w, world_mm(&w, "filler"));
	assert_int_equal(gup_pin_user_pages_fast(w.mm, at, 1, GUP_WRITE | GUP_LONGTERM, &page), 1);
	assert_int_equal(frame_of(w.m, page).zone, GUP_ZONE_NORMAL);
	assert_int_equal(frame_at(w.mm, addr).zone, GUP_ZONE_MOVABLE);
	assert_int_equal(frame_at(w.mm, addr).order, 0);
	check_rest(w.m, 1, 0);
	device_fill(w.m, page, at, 2);
	app_expect(w.mm, addr, MIDDLE * PAGE, 1);
	app_expect(w.mm, at, PAGE, 2);
	app_expect(w.mm, at + PAGE, HUGE - (MIDDLE + 1) * PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	world_end(&w);
}

static void small_pages_become_huge_blocks_again(void **state)
{
	struct world w;
	uint64_t i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	map_anon(w.mm, BASE, 4096 * PAGE);
	assert_int_equal(gup_madvise(w.mm, BASE, 4096 * PAGE, GUP_MADV_NOHUGEPAGE), 0);
	for (i = 0; i < 4096 && free_frames(w.m) > 16; i++)
		app_poke(w.mm, BASE + i * PAGE, 1);
	assert_true(free_frames(w.m) <= 16);
	assert_int_equal(gup_munmap(w.mm, BASE, 4096 * PAGE), 0);
	map_anon(w.mm, BASE, HUGE);
	app_poke(w.mm, BASE, 2);
	assert_int_equal(frame_at(w.mm, BASE).order, GUP_HUGE_ORDER);
	/* All memory was written to before: nothing of it shows. */
	app_expect_zero(w.mm, BASE + PAGE, HUGE - PAGE);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_end_at_a_replaced_page),
		cmocka_unit_test(dontneed_of_a_part_keeps_the_rest),
		cmocka_unit_test(split_mapping_of_an_object),
		cmocka_unit_test(split_private_memory_moves),
		cmocka_unit_test(half_a_folio_at_address_zero_moves),
		cmocka_unit_test(parts_keep_flags_and_place),
		cmocka_unit_test(punched_part_comes_back),
		cmocka_unit_test(punched_part_of_a_held_folio),
		cmocka_unit_test(mapping_ends_within_a_folio),
		cmocka_unit_test(folio_is_split_where_it_has_no_room),
		cmocka_unit_test(small_pages_become_huge_blocks_again),
	};

	return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
