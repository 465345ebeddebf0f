/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_dax.c - memory that is storage: files on FS DAX, device DAX, and device registers.
 *
 * The block is the frame, so whoever pins a mapping of a file holds the disk. Truncate waits for short pins and says
 * who is in the way; long-term pins are refused, and nothing of the refused call stays.
 */
#include "world.h"

#define NR 8

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){
			       .normal = 16, .dax = 4, .devdax = 2, .contract = GUP_NATIVE, .track_holders = true });
}

static struct gup_object *begin_with_file(struct world *w)
{
	struct gup_object *file;
	uint8_t buf[NR * PAGE];

	begin(w);
	file = new_dax_file(w, NR * PAGE);
	pattern_make(buf, BASE, sizeof(buf), 1);
	assert_int_equal(gup_object_write(file, 0, buf, sizeof(buf)), sizeof(buf));
	map_shared(w->mm, BASE, NR * PAGE, file);
	return file;
}

static void file_expect(struct gup_object *file, uint64_t offset, uint64_t bytes, uint64_t addr, uint32_t tag)
{
	uint8_t buf[NR * PAGE];

	assert_int_equal(gup_object_read(file, offset, buf, bytes), bytes);
	assert_true(pattern_is(buf, addr, bytes, tag));
}

static void file_expect_zero(struct gup_object *file, uint64_t offset, uint64_t bytes)
{
	uint8_t buf[NR * PAGE];

	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(gup_object_read(file, offset, buf, bytes), bytes);
	assert_true(all_zero(buf, bytes));
}

static void read_and_write_as_a_file(void **state)
{
	uint8_t buf[3 * PAGE], back[3 * PAGE];
	struct gup_object *file;
	struct world w;

	(void)state;
	begin(&w);
	file = new_dax_file(&w, 2 * PAGE);
	assert_int_equal(gup_object_size(file), 2 * PAGE);
	file_expect_zero(file, 0, 2 * PAGE);
	pattern_make(buf, 0, sizeof(buf), 1);
	assert_int_equal(gup_object_write(file, 100, buf, PAGE), PAGE);
	assert_int_equal(gup_object_read(file, 100, back, PAGE), PAGE);
	assert_memory_equal(buf, back, PAGE);
	assert_int_equal(gup_object_write(file, PAGE, buf, 3 * PAGE), PAGE);
	assert_int_equal(gup_object_size(file), 2 * PAGE);
	assert_int_equal(gup_object_read(file, PAGE + 8, back, 3 * PAGE), PAGE - 8);
	assert_memory_equal(back, buf + 8, PAGE - 8);
	assert_int_equal(gup_object_read(file, 2 * PAGE, back, PAGE), 0);
	assert_int_equal(gup_object_read(file, UINT64_MAX, back, 1), 0);
	gup_object_put(file);
	world_end(&w);
}

static void extents_are_the_frames(void **state)
{
	struct gup_dax_extent extents[4];
	struct gup_object *file;
	struct world w;
	uint64_t done = 0;
	long nr, i;

	(void)state;
	file = begin_with_file(&w);
	nr = gup_dax_extents(file, extents, 4);
	assert_in_range(nr, 1, 4);
	for (i = 0; i < nr; i++) {
		assert_int_equal(extents[i].offset, done);
		app_expect(w.mm, BASE + done, PAGE, 1);
		assert_int_equal(gup_user_pfn(w.mm, BASE + done), extents[i].pfn);
		assert_int_equal(frame_at(w.mm, BASE + done).kind, GUP_FRAME_DAX);
		assert_string_equal(frame_at(w.mm, BASE + done).zone_name, PMEM);
		done += extents[i].bytes;
	}
	assert_int_equal(done, NR * PAGE);
	assert_int_equal(gup_dax_extents(file, NULL, 0), nr);
	gup_object_put(file);
	world_end(&w);
}

static void aligned_file_is_mapped_huge(void **state)
{
	struct gup_dax_extent extent;
	struct gup_object *file;
	struct gup_page *page;
	struct world w;

	(void)state;
	begin(&w);
	file = new_dax_file(&w, HUGE);
	assert_int_equal(gup_dax_extents(file, &extent, 1), 1);
	assert_int_equal(extent.pfn % GUP_HUGE_PAGES, 0);
	map_shared(w.mm, BASE, HUGE, file);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_user_pfn(w.mm, BASE + 300 * PAGE), extent.pfn + 300);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 300 * PAGE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_page_to_pfn(w.m, page), extent.pfn + 300);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	app_expect(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_object_truncate(file, 100 * PAGE, PATIENT_NS, NULL), 0);
	app_expect(w.mm, BASE, 100 * PAGE, 1);
	assert_true(app_cannot_read(w.mm, BASE + 100 * PAGE));
	gup_object_put(file);
	world_end(&w);
}

static void shared_mapping_is_the_file(void **state)
{
	struct gup_object *file;
	struct gup_page *page;
	struct world w;

	(void)state;
	file = begin_with_file(&w);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	app_fill(w.mm, BASE + PAGE, PAGE, 2);
	file_expect(file, PAGE, PAGE, BASE + PAGE, 2);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 2 * PAGE, 1, GUP_WRITE, &page), 1);
	device_fill(w.m, page, BASE + 2 * PAGE, 3);
	assert_int_equal(gup_unpin_user_pages_dirty_lock(w.m, &page, 1, true), 0);
	file_expect(file, 2 * PAGE, PAGE, BASE + 2 * PAGE, 3);
	gup_object_put(file);
	app_expect(w.mm, BASE + 2 * PAGE, PAGE, 3);
	world_end(&w);
}

static void private_mapping_copies(void **state)
{
	struct gup_object *file;
	struct world w;
	uint8_t buf[PAGE];

	(void)state;
	file = begin_with_file(&w);
	map_private(w.mm, BASE + HUGE, NR * PAGE, file);
	assert_int_equal(gup_copy_from_user(w.mm, buf, BASE + HUGE, PAGE), 0);
	assert_true(pattern_is(buf, BASE, PAGE, 1));
	assert_int_equal(frame_at(w.mm, BASE + HUGE).kind, GUP_FRAME_DAX);
	app_fill(w.mm, BASE + HUGE, PAGE, 2);
	assert_int_equal(frame_at(w.mm, BASE + HUGE).kind, GUP_FRAME_ANON);
	file_expect(file, 0, PAGE, BASE, 1);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	/* Truncate takes private copies away as well. */
	assert_int_equal(gup_object_truncate(file, 0, PATIENT_NS, NULL), 0);
	assert_true(app_cannot_read(w.mm, BASE + HUGE));
	assert_true(app_cannot_read(w.mm, BASE));
	gup_object_put(file);
	world_end(&w);
}

static void truncate_without_pins(void **state)
{
	struct gup_object *file;
	struct world w;

	(void)state;
	file = begin_with_file(&w);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_object_truncate(file, 3 * PAGE, PATIENT_NS, NULL), 0);
	assert_int_equal(gup_object_size(file), 3 * PAGE);
	app_expect(w.mm, BASE, 3 * PAGE, 1);
	assert_true(app_cannot_read(w.mm, BASE + 3 * PAGE));
	assert_int_equal(gup_object_truncate(file, NR * PAGE, PATIENT_NS, NULL), 0);
	app_expect(w.mm, BASE, 3 * PAGE, 1);
	app_expect_zero(w.mm, BASE + 3 * PAGE, (NR - 3) * PAGE);
	app_fill(w.mm, BASE + 3 * PAGE, PAGE, 2);
	file_expect(file, 3 * PAGE, PAGE, BASE + 3 * PAGE, 2);
	file_expect_zero(file, 5 * PAGE, PAGE);
	gup_object_put(file);
	world_end(&w);
}

static void truncate_waits_for_pins_and_names_the_holder(void **state)
{
	struct gup_why why = { 0 };
	struct gup_object *file;
	struct gup_page *page;
	char sentence[300];
	struct world w;

	(void)state;
	file = begin_with_file(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 5 * PAGE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_object_truncate(file, 0, IMPATIENT_NS, &why), -GUP_EBUSY);
	assert_int_equal(why.error, -GUP_EBUSY);
	assert_int_equal(why.rule, GUP_RULE_PINNED);
	assert_int_equal(why.pfn, gup_page_to_pfn(w.m, page));
	assert_string_equal(why.holder, APP);
	assert_true(why.tries > 0);
	assert_true(gup_why_str(&why, sentence, sizeof(sentence)) < sizeof(sentence));
	assert_non_null(strstr(sentence, APP));
	assert_int_equal(gup_object_size(file), NR * PAGE);
	file_expect(file, 0, NR * PAGE, BASE, 1);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	device_fill(w.m, page, BASE + 5 * PAGE, 2);
	file_expect(file, 5 * PAGE, PAGE, BASE + 5 * PAGE, 2);
	check_rest(w.m, 1, 0);
	/* What the pin does not cover can go. */
	assert_int_equal(gup_object_truncate(file, 6 * PAGE, PATIENT_NS, &why), 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_object_truncate(file, 0, PATIENT_NS, &why), 0);
	assert_true(app_cannot_read(w.mm, BASE));
	gup_object_put(file);
	world_end(&w);
}

static void punch(void **state)
{
	struct gup_why why = { 0 };
	struct gup_object *file;
	struct gup_page *page;
	struct world w;

	(void)state;
	file = begin_with_file(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE + 3 * PAGE, 1, 0, &page), 1);
	assert_int_equal(gup_object_punch(file, 2 * PAGE, 2 * PAGE, IMPATIENT_NS, &why), -GUP_EBUSY);
	assert_string_equal(why.holder, APP);
	app_expect(w.mm, BASE, NR * PAGE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	assert_int_equal(gup_object_punch(file, 2 * PAGE, 2 * PAGE, PATIENT_NS, &why), 0);
	assert_int_equal(gup_object_size(file), NR * PAGE);
	file_expect_zero(file, 2 * PAGE, 2 * PAGE);
	app_expect(w.mm, BASE, 2 * PAGE, 1);
	app_expect_zero(w.mm, BASE + 2 * PAGE, 2 * PAGE);
	app_expect(w.mm, BASE + 4 * PAGE, (NR - 4) * PAGE, 1);
	app_fill(w.mm, BASE + 2 * PAGE, PAGE, 2);
	file_expect(file, 2 * PAGE, PAGE, BASE + 2 * PAGE, 2);
	file_expect_zero(file, 3 * PAGE, PAGE);
	assert_int_equal(gup_object_punch(file, (NR - 1) * PAGE, 100 * PAGE, PATIENT_NS, &why), 0);
	assert_int_equal(gup_object_size(file), NR * PAGE);
	file_expect_zero(file, (NR - 1) * PAGE, PAGE);
	gup_object_put(file);
	world_end(&w);
}

static void full_device(void **state)
{
	struct gup_object *file, *more;
	struct world w;

	(void)state;
	begin(&w);
	file = new_dax_file(&w, 4 * MIB);
	assert_int_equal(gup_dax_file_create(w.m, PMEM, PAGE, &more), -GUP_ENOSPC);
	assert_int_equal(gup_dax_file_create(w.m, PMEM, 0, &more), 0);
	assert_int_equal(gup_object_truncate(more, 2 * PAGE, 0, NULL), 0);
	map_shared(w.mm, BASE, 2 * PAGE, more);
	assert_true(app_cannot_write(w.mm, BASE));
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_object_punch(file, 5 * PAGE, PAGE, PATIENT_NS, NULL), 0);
	app_fill(w.mm, BASE, PAGE, 1);
	assert_true(app_cannot_write(w.mm, BASE + PAGE));
	file_expect(more, 0, PAGE, BASE, 1);
	gup_object_put(more);
	gup_object_put(file);
	world_end(&w);
}

static void blocks_are_used_again_without_old_data(void **state)
{
	struct gup_object *first, *second;
	struct world w;

	(void)state;
	begin(&w);
	first = new_dax_file(&w, 4 * MIB);
	map_shared(w.mm, BASE, 4 * MIB, first);
	app_fill(w.mm, BASE, 4 * MIB, 1);
	gup_object_put(first);
	assert_int_equal(gup_dax_file_create(w.m, PMEM, 4 * MIB, &second), -GUP_ENOSPC);
	assert_int_equal(gup_munmap(w.mm, BASE, 4 * MIB), 0);
	second = new_dax_file(&w, 4 * MIB);
	map_shared(w.mm, BASE, 4 * MIB, second);
	app_expect_zero(w.mm, BASE, 4 * MIB);
	gup_object_put(second);
	world_end(&w);
}

/* Deleting a file under a pin: its blocks stay out of use until the pin is gone. */
static void deleted_file_keeps_pinned_blocks(void **state)
{
	struct gup_object *file, *other;
	struct gup_page *page;
	struct world w;

	(void)state;
	file = begin_with_file(&w);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_munmap(w.mm, BASE, NR * PAGE), 0);
	gup_object_put(file);
	check_rest(w.m, 1, 0);
	assert_int_equal(gup_dax_file_create(w.m, PMEM, 4 * MIB, &other), -GUP_ENOSPC);
	device_expect(w.m, page, BASE, 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	other = new_dax_file(&w, 4 * MIB);
	gup_object_put(other);
	world_end(&w);
}

/* Two ordinary pages, then the file: every native entry point refuses all of it and keeps nothing. */
static void longterm_is_refused_everywhere(void **state)
{
	enum gup_entry entry;

	(void)state;
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
		bool fast_only = entry == GUP_GET_USER_PAGES_FAST_ONLY || entry == GUP_PIN_USER_PAGES_FAST_ONLY;
		struct gup_page *pages[NR];
		struct gup_why why = { 0 };
		struct gup_call call = { entry, BASE, 4, GUP_WRITE | GUP_LONGTERM, pages, NULL };
		struct gup_object *file;
		struct world w;

		file = begin_with_file(&w);
		app_fill(w.mm, BASE, NR * PAGE, 1);
		assert_int_equal(take(w.mm, &call, &why), fast_only ? 0 : -GUP_EOPNOTSUPP);
		check_rest(w.m, 0, 0);
		if (!fast_only) {
			assert_int_equal(why.error, -GUP_EOPNOTSUPP);
			assert_int_equal(why.rule, GUP_RULE_FSDAX_LONGTERM);
			assert_int_equal(why.addr, BASE);
		}
		map_anon(w.mm, BASE, 2 * PAGE);
		app_fill(w.mm, BASE, 2 * PAGE, 2);
		assert_int_equal(take(w.mm, &call, &why), fast_only ? 2 : -GUP_EOPNOTSUPP);
		if (fast_only)
			assert_int_equal(release(w.m, entry, pages, 2), 0);
		check_rest(w.m, 0, 0);
		assert_int_equal(gup_object_truncate(file, 0, PATIENT_NS, NULL), 0);
		gup_object_put(file);
		world_end(&w);
	}
}

static void device_dax_may_be_held_long(void **state)
{
	static struct gup_page *pages[GUP_HUGE_PAGES];
	struct gup_object *dram;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_devdax_open(w.m, DRAM, &dram), 0);
	assert_int_equal(gup_object_size(dram), 2 * MIB);
	map_shared(w.mm, BASE, HUGE, dram);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(frame_at(w.mm, BASE).kind, GUP_FRAME_DEVDAX);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 512, GUP_WRITE | GUP_LONGTERM, pages), 512);
	check_rest(w.m, 512, 0);
	device_fill(w.m, pages[100], BASE + 100 * PAGE, 2);
	app_expect(w.mm, BASE + 100 * PAGE, PAGE, 2);
	app_expect(w.mm, BASE + 101 * PAGE, 411 * PAGE, 1);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 512), 0);
	assert_int_equal(pin_plain(w.mm, BASE, 8, GUP_LONGTERM, pages), 8);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 8), 0);
	assert_int_equal(gup_object_truncate(dram, 0, 0, NULL), -GUP_EINVAL);
	gup_object_put(dram);
	world_end(&w);
}

static void registers_have_nothing_to_pin(void **state)
{
	struct gup_object *registers;
	struct gup_page *pages[2];
	struct gup_why why = { 0 };
	struct gup_call call = { GUP_PIN_USER_PAGES, BASE, 2, GUP_WRITE, pages, NULL };
	struct world w;
	enum gup_entry entry;

	(void)state;
	begin(&w);
	assert_int_equal(gup_pfnmap_create(w.m, UINT64_C(1) << 30, 2 * PAGE, &registers), 0);
	map_shared(w.mm, BASE, 2 * PAGE, registers);
	for (entry = 0; entry < GUP_NR_ENTRIES; entry++) {
		bool fast_only = entry == GUP_GET_USER_PAGES_FAST_ONLY || entry == GUP_PIN_USER_PAGES_FAST_ONLY;

		call.entry = entry;
		assert_int_equal(take(w.mm, &call, &why), fast_only ? 0 : -GUP_EFAULT);
		if (!fast_only)
			assert_int_equal(why.rule, GUP_RULE_VMA_SPECIAL);
	}
	assert_true(app_cannot_read(w.mm, BASE));
	assert_int_equal(gup_madvise(w.mm, BASE, PAGE, GUP_MADV_DONTNEED), -GUP_EINVAL);
	gup_object_put(registers);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_and_write_as_a_file),
		cmocka_unit_test(extents_are_the_frames),
		cmocka_unit_test(aligned_file_is_mapped_huge),
		cmocka_unit_test(shared_mapping_is_the_file),
		cmocka_unit_test(private_mapping_copies),
		cmocka_unit_test(truncate_without_pins),
		cmocka_unit_test(truncate_waits_for_pins_and_names_the_holder),
		cmocka_unit_test(punch),
		cmocka_unit_test(full_device),
		cmocka_unit_test(blocks_are_used_again_without_old_data),
		cmocka_unit_test(deleted_file_keeps_pinned_blocks),
		cmocka_unit_test(longterm_is_refused_everywhere),
		cmocka_unit_test(device_dax_may_be_held_long),
		cmocka_unit_test(registers_have_nothing_to_pin),
	};

	return cmocka_run_group_tests_name("dax", tests, NULL, NULL);
}
