/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_errors.c - the documented error returns of every public function, one table for each header.
 *
 * Each row is a call that must be refused and must change nothing; after each table the world is as it was.
 */
#include "world.h"

struct row {
	const char *call;
	int64_t got;
	int64_t want;
};

#define ROW(call, want) row_of(#call, (call), -(want))

static struct row row_of(const char *call, int64_t got, int64_t want)
{
	return (struct row){ call, got, want };
}

static void check_rows(const struct row *rows, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (rows[i].got != rows[i].want)
			fail_msg("%s: %lld instead of %lld", rows[i].call, (long long)rows[i].got,
				 (long long)rows[i].want);
}

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){
			       .normal = 8, .movable = 2, .cma = 2, .dax = 2, .devdax = 2, .contract = GUP_NATIVE });
	map_anon(w->mm, BASE, 4 * PAGE);
	app_fill(w->mm, BASE, 4 * PAGE, 1);
}

static void end(struct world *w)
{
	check_rest(w->m, 0, 0);
	app_expect(w->mm, BASE, 4 * PAGE, 1);
	assert_int_equal(stats_of(w->m).migrated, 0);
	world_end(w);
}

static void machine_h(void **state)
{
	struct gup_machine_config good = { .normal_bytes = 2 * MIB };
	struct gup_stats stats;
	struct gup_check check;
	struct gup_machine *m;
	struct world w;

	(void)state;
	begin(&w);
	{
		const struct row rows[] = {
			ROW(gup_machine_create(NULL, &m), GUP_EINVAL),
			ROW(gup_machine_create(&good, NULL), GUP_EINVAL),
			ROW(gup_machine_check(NULL, &check), GUP_EINVAL),
			ROW(gup_machine_check(NULL, NULL), GUP_EINVAL),
			ROW(gup_machine_stats(NULL, &stats), GUP_EINVAL),
			ROW(gup_machine_stats(w.m, NULL), GUP_EINVAL),
		};
		check_rows(rows, ARRAY_LEN(rows));
	}
	end(&w);
}

static int64_t map_object(struct gup_mm *mm, struct gup_object *object, uint64_t offset)
{
	return gup_mmap(mm, &(struct gup_map_request){ .addr = BASE + HUGE,
						       .length = PAGE,
						       .prot = RW,
						       .flags = SHARED_AT,
						       .object = object,
						       .offset = offset });
}

static int64_t map_with(struct gup_mm *mm, uint64_t addr, uint64_t length, unsigned int prot, unsigned int flags)
{
	return gup_mmap(mm, &(struct gup_map_request){ .addr = addr, .length = length, .prot = prot, .flags = flags });
}

static void mm_h_create_and_map(void **state)
{
	static const char long_name[] = "a name of exactly 32 characters.";
	struct gup_object *foreign, *shm;
	struct gup_mm *mm;
	struct world w, other;

	(void)state;
	begin(&w);
	world_begin(&other, &(struct world_spec){ .normal = 4 });
	foreign = new_shm(&other, PAGE);
	shm = new_shm(&w, PAGE);
	{
		const struct row rows[] = {
			ROW(gup_mm_create(NULL, "x", &mm), GUP_EINVAL),
			ROW(gup_mm_create(w.m, "x", NULL), GUP_EINVAL),
			ROW(gup_mm_create(w.m, long_name, &mm), GUP_EINVAL),
			ROW(gup_mm_fork(NULL, "x", &mm), GUP_EINVAL),
			ROW(gup_mm_fork(w.mm, "x", NULL), GUP_EINVAL),
			ROW(gup_mm_fork(w.mm, long_name, &mm), GUP_EINVAL),
			ROW(gup_mmap(NULL, &(struct gup_map_request){ .length = PAGE, .flags = 2 }), GUP_EINVAL),
			ROW(gup_mmap(w.mm, NULL), GUP_EINVAL),
			ROW(map_with(w.mm, BASE, 0, RW, ANON_AT), GUP_EINVAL),
			ROW(map_with(w.mm, BASE + 8, PAGE, RW, ANON_AT), GUP_EINVAL),
			ROW(map_with(w.mm, BASE, PAGE, 8, ANON_AT), GUP_EINVAL),
			ROW(map_with(w.mm, BASE, PAGE, RW, GUP_MAP_FIXED), GUP_EINVAL),
			ROW(map_with(w.mm, BASE, PAGE, RW, ANON_AT | GUP_MAP_SHARED), GUP_EINVAL),
			ROW(map_with(w.mm, BASE, PAGE, RW, ANON_AT | 1u << 30), GUP_EINVAL),
			ROW(map_with(w.mm, 0, UINT64_MAX, RW, GUP_MAP_PRIVATE), GUP_ENOMEM),
			ROW(map_with(w.mm, GUP_USER_TOP, PAGE, RW, ANON_AT), GUP_ENOMEM),
			ROW(map_with(w.mm, BASE, PAGE, RW, GUP_MAP_PRIVATE | GUP_MAP_FIXED_NOREPLACE), GUP_EEXIST),
			ROW(map_object(w.mm, foreign, 0), GUP_EINVAL),
			ROW(map_object(w.mm, shm, 12), GUP_EINVAL),
			ROW(map_object(w.mm, shm, UINT64_MAX & GUP_PAGE_MASK), GUP_EOVERFLOW),
		};
		check_rows(rows, ARRAY_LEN(rows));
	}
	gup_object_put(shm);
	gup_object_put(foreign);
	world_end(&other);
	end(&w);
}

static void mm_h_ranges(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	{
		const struct row rows[] = {
			ROW(gup_munmap(NULL, BASE, PAGE), GUP_EINVAL),
			ROW(gup_munmap(w.mm, BASE + 1, PAGE), GUP_EINVAL),
			ROW(gup_munmap(w.mm, BASE, 0), GUP_EINVAL),
			ROW(gup_munmap(w.mm, GUP_USER_TOP - PAGE, 2 * PAGE), GUP_EINVAL),
			ROW(gup_munmap(w.mm, BASE, UINT64_MAX), GUP_EINVAL),
			ROW(gup_mprotect(NULL, BASE, PAGE, RW), GUP_EINVAL),
			ROW(gup_mprotect(w.mm, BASE + 1, PAGE, RW), GUP_EINVAL),
			ROW(gup_mprotect(w.mm, BASE, 0, RW), GUP_EINVAL),
			ROW(gup_mprotect(w.mm, BASE, PAGE, 16), GUP_EINVAL),
			ROW(gup_mprotect(w.mm, BASE, UINT64_MAX, 0), GUP_EINVAL),
			ROW(gup_mprotect(w.mm, BASE, 5 * PAGE, RW), GUP_ENOMEM),
			ROW(gup_mprotect(w.mm, BASE + HUGE, PAGE, 0), GUP_ENOMEM),
			ROW(gup_madvise(NULL, BASE, PAGE, GUP_MADV_DONTNEED), GUP_EINVAL),
			ROW(gup_madvise(w.mm, BASE + 1, PAGE, GUP_MADV_DONTNEED), GUP_EINVAL),
			ROW(gup_madvise(w.mm, BASE, 0, GUP_MADV_DONTNEED), GUP_EINVAL),
			ROW(gup_madvise(w.mm, BASE, PAGE, 99), GUP_EINVAL),
			ROW(gup_madvise(w.mm, BASE + HUGE, PAGE, GUP_MADV_DONTNEED), GUP_ENOMEM),
			ROW(gup_madvise(w.mm, BASE + HUGE, PAGE, GUP_MADV_HUGEPAGE), GUP_ENOMEM),
			ROW(gup_populate(NULL, BASE, PAGE), GUP_EINVAL),
			ROW(gup_populate(w.mm, BASE + 1, PAGE), GUP_EINVAL),
			ROW(gup_populate(w.mm, BASE, 0), GUP_EINVAL),
			ROW(gup_populate(w.mm, BASE + HUGE, PAGE), GUP_ENOMEM),
			ROW(gup_fixup_user_fault(NULL, BASE, 0, NULL), GUP_EINVAL),
		};
		check_rows(rows, ARRAY_LEN(rows));
	}
	assert_int_equal(gup_user_pfn(w.mm, BASE + HUGE), 0);
	assert_int_equal(gup_user_pfn(w.mm, UINT64_MAX), 0);
	gup_mm_destroy(NULL);
	end(&w);
}

static void page_h(void **state)
{
	struct gup_frame_info info;
	struct gup_zone_info zone;
	struct world w;

	(void)state;
	begin(&w);
	{
		const struct row rows[] = {
			ROW(gup_frame_info(NULL, 1, &info), GUP_EINVAL),
			ROW(gup_frame_info(w.m, gup_user_pfn(w.mm, BASE), NULL), GUP_EINVAL),
			ROW(gup_frame_info(w.m, UINT64_C(1) << 50, &info), GUP_EINVAL),
			ROW(gup_zone_info(NULL, 0, &zone), GUP_EINVAL),
			ROW(gup_zone_info(w.m, 0, NULL), GUP_EINVAL),
			ROW(gup_zone_info(w.m, 1000, &zone), GUP_ENOENT),
		};
		check_rows(rows, ARRAY_LEN(rows));
	}
	assert_null(gup_pfn_to_page(w.m, UINT64_MAX));
	end(&w);
}

static void object_h(void **state)
{
	struct gup_object *object, *shm, *registers;
	uint64_t pfn = UINT64_C(1) << 30;
	struct world w;
	uint8_t buf[8];

	(void)state;
	begin(&w);
	shm = new_shm(&w, 2 * PAGE);
	assert_int_equal(gup_pfnmap_create(w.m, pfn, PAGE, &registers), 0);
	{
		const struct row rows[] = {
			ROW(gup_shm_create(NULL, PAGE, 0, &object), GUP_EINVAL),
			ROW(gup_shm_create(w.m, PAGE, 0, NULL), GUP_EINVAL),
			ROW(gup_shm_create(w.m, PAGE, 2, &object), GUP_EINVAL),
			ROW(gup_shm_create(w.m, 100, 0, &object), GUP_EINVAL),
			ROW(gup_pfnmap_create(NULL, pfn, PAGE, &object), GUP_EINVAL),
			ROW(gup_pfnmap_create(w.m, pfn, PAGE, NULL), GUP_EINVAL),
			ROW(gup_pfnmap_create(w.m, pfn, 0, &object), GUP_EINVAL),
			ROW(gup_pfnmap_create(w.m, pfn, 5, &object), GUP_EINVAL),
			ROW(gup_pfnmap_create(w.m, gup_user_pfn(w.mm, BASE), PAGE, &object), GUP_EINVAL),
			ROW(gup_object_read(NULL, 0, buf, 8), GUP_EINVAL),
			ROW(gup_object_read(shm, 0, NULL, 8), GUP_EINVAL),
			ROW(gup_object_read(registers, 0, buf, 8), GUP_EINVAL),
			ROW(gup_object_write(NULL, 0, buf, 8), GUP_EINVAL),
			ROW(gup_object_write(shm, 0, NULL, 8), GUP_EINVAL),
			ROW(gup_object_write(registers, 0, buf, 8), GUP_EINVAL),
			ROW(gup_object_truncate(NULL, 0, 0, NULL), GUP_EINVAL),
			ROW(gup_object_truncate(shm, 10, 0, NULL), GUP_EINVAL),
			ROW(gup_object_truncate(registers, 0, 0, NULL), GUP_EINVAL),
			ROW(gup_object_punch(NULL, 0, PAGE, 0, NULL), GUP_EINVAL),
			ROW(gup_object_punch(shm, 1, PAGE, 0, NULL), GUP_EINVAL),
			ROW(gup_object_punch(shm, 0, 0, 0, NULL), GUP_EINVAL),
			ROW(gup_object_punch(shm, 0, 7, 0, NULL), GUP_EINVAL),
			ROW(gup_object_punch(registers, 0, PAGE, 0, NULL), GUP_EINVAL),
		};
		check_rows(rows, ARRAY_LEN(rows));
	}
	assert_int_equal(gup_object_size(shm), 2 * PAGE);
	gup_object_put(registers);
	gup_object_put(shm);
	gup_object_put(NULL);
	end(&w);
}

static void dax_h(void **state)
{
	struct gup_dax_extent extent;
	struct gup_object *object, *shm;
	struct world w;

	(void)state;
	begin(&w);
	shm = new_shm(&w, PAGE);
	{
		const struct row rows[] = {
			ROW(gup_dax_file_create(NULL, PMEM, PAGE, &object), GUP_EINVAL),
			ROW(gup_dax_file_create(w.m, NULL, PAGE, &object), GUP_EINVAL),
			ROW(gup_dax_file_create(w.m, PMEM, PAGE, NULL), GUP_EINVAL),
			ROW(gup_dax_file_create(w.m, PMEM, 1, &object), GUP_EINVAL),
			ROW(gup_dax_file_create(w.m, "tape", PAGE, &object), GUP_ENOENT),
			ROW(gup_dax_file_create(w.m, DRAM, PAGE, &object), GUP_ENOENT),
			ROW(gup_dax_file_create(w.m, PMEM, 3 * MIB, &object), GUP_ENOSPC),
			ROW(gup_dax_extents(NULL, &extent, 1), GUP_EINVAL),
			ROW(gup_dax_extents(shm, &extent, 1), GUP_EINVAL),
			ROW(gup_devdax_open(NULL, DRAM, &object), GUP_EINVAL),
			ROW(gup_devdax_open(w.m, NULL, &object), GUP_EINVAL),
			ROW(gup_devdax_open(w.m, DRAM, NULL), GUP_EINVAL),
			ROW(gup_devdax_open(w.m, PMEM, &object), GUP_ENOENT),
			ROW(gup_devdax_open(w.m, CAMERA, &object), GUP_ENOENT),
		};
		check_rows(rows, ARRAY_LEN(rows));
	}
	gup_object_put(shm);
	end(&w);
}

static void pin_h(void **state)
{
	struct gup_request good = { .addr = BASE, .bytes = PAGE };
	struct gup_request hole = { .addr = BASE + HUGE, .bytes = PAGE };
	struct gup_request wraps = { .addr = UINT64_MAX - 100, .bytes = PAGE };
	struct gup_call call = { .entry = GUP_NR_ENTRIES, .start = BASE, .nr_pages = 1 };
	struct gup_owner *owner;
	struct gup_page *page;
	struct gup_pin *pin;
	struct world w;

	(void)state;
	begin(&w);
	{
		const struct row rows[] = {
			ROW(gup_user_pages(NULL, &call, NULL), GUP_EINVAL),
			ROW(gup_user_pages(w.mm, NULL, NULL), GUP_EINVAL),
			ROW(gup_user_pages(w.mm, &call, NULL), GUP_EINVAL),
			ROW(gup_pin_user_pages_fast(NULL, BASE, 1, 0, &page), GUP_EINVAL),
			ROW(gup_pin_user_pages_fast(w.mm, BASE, 1, 0, NULL), GUP_EINVAL),
			ROW(gup_pin_user_pages_fast(w.mm, BASE, 1, 1u << 31, &page), GUP_EINVAL),
			ROW(gup_pin_user_pages_fast(w.mm, ~0ul, 2, 0, &page), GUP_EOVERFLOW),
			ROW(gup_pin_user_pages_fast(w.mm, GUP_USER_TOP, 1, 0, &page), GUP_EFAULT),
			ROW(gup_get_user_pages_unlocked(w.mm, BASE + HUGE, 1, 0, &page), GUP_EFAULT),
			ROW(gup_get_user_pages_unlocked(w.mm, BASE, 1, 1u << 31, &page), GUP_EINVAL),
			ROW(gup_owner_create(NULL, "x", 1, &owner), GUP_EINVAL),
			ROW(gup_owner_create(w.m, NULL, 1, &owner), GUP_EINVAL),
			ROW(gup_owner_create(w.m, "", 1, &owner), GUP_EINVAL),
			ROW(gup_owner_create(w.m, "a name of exactly 32 characters.", 1, &owner), GUP_EINVAL),
			ROW(gup_owner_create(w.m, "x", 1, NULL), GUP_EINVAL),
			ROW(gup_owner_lost(NULL), GUP_EINVAL),
			ROW(gup_owner_reset(NULL), GUP_EINVAL),
			ROW(gup_pin(NULL, &good, &pin, NULL), GUP_EINVAL),
			ROW(gup_pin(w.mm, NULL, &pin, NULL), GUP_EINVAL),
			ROW(gup_pin(w.mm, &good, NULL, NULL), GUP_EINVAL),
			ROW(gup_pin(w.mm, &hole, &pin, NULL), GUP_EFAULT),
			ROW(gup_pin(w.mm, &wraps, &pin, NULL), GUP_EOVERFLOW),
			ROW(gup_pin_holders(NULL, 0, 1, NULL, 0), GUP_EINVAL),
			ROW(gup_pin_holders(w.m, 0, 1, NULL, 1), GUP_EINVAL),
		};
		check_rows(rows, ARRAY_LEN(rows));
	}
	assert_int_equal(gup_owner_destroy(NULL), 0);
	end(&w);
}

static void migrate_h(void **state)
{
	struct gup_why why;
	struct gup_page *page;
	struct gup_object *file;
	struct world w;

	(void)state;
	begin(&w);
	file = new_dax_file(&w, PAGE);
	map_shared(w.mm, BASE + HUGE, PAGE, file);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE + HUGE, 1, GUP_WRITE, &page), 1);
	{
		const struct row rows[] = {
			ROW(gup_migrate_range(NULL, BASE, PAGE, &why), GUP_EINVAL),
			ROW(gup_migrate_range(w.mm, BASE + 1, PAGE, &why), GUP_EINVAL),
			ROW(gup_migrate_range(w.mm, BASE, 0, NULL), GUP_EINVAL),
			ROW(gup_migrate_range(w.mm, BASE, UINT64_MAX, NULL), GUP_EINVAL),
			ROW(gup_split_folio(NULL, page, NULL), GUP_EINVAL),
			ROW(gup_split_folio(w.m, NULL, NULL), GUP_EINVAL),
			ROW(gup_split_folio(w.m, page, &why), GUP_EINVAL),
			ROW(gup_offline_range(NULL, 512, 512, 0, NULL), GUP_EINVAL),
			ROW(gup_offline_range(w.m, UINT64_C(1) << 40, 512, 0, &why), GUP_EINVAL),
			ROW(gup_online_range(NULL, 512, 512), GUP_EINVAL),
			ROW(gup_online_range(w.m, UINT64_C(1) << 40, 512), GUP_EINVAL),
		};
		check_rows(rows, ARRAY_LEN(rows));
	}
	assert_int_equal(gup_put_page(w.m, page), 0);
	gup_object_put(file);
	end(&w);
}

static void cma_h(void **state)
{
	struct gup_object *object;
	struct gup_page *page, *user;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &user), 1);
	{
		const struct row rows[] = {
			ROW(gup_cma_alloc(NULL, CAMERA, PAGE, 0, 0, &page, NULL), GUP_EINVAL),
			ROW(gup_cma_alloc(w.m, NULL, PAGE, 0, 0, &page, NULL), GUP_EINVAL),
			ROW(gup_cma_alloc(w.m, CAMERA, PAGE, 0, 0, NULL, NULL), GUP_EINVAL),
			ROW(gup_cma_alloc(w.m, CAMERA, 0, 0, 0, &page, NULL), GUP_EINVAL),
			ROW(gup_cma_alloc(w.m, CAMERA, PAGE, 5000, 0, &page, NULL), GUP_EINVAL),
			ROW(gup_cma_alloc(w.m, "none", PAGE, 0, 0, &page, NULL), GUP_ENOENT),
			ROW(gup_cma_alloc(w.m, CAMERA, 3 * MIB, 0, 0, &page, NULL), GUP_ENOMEM),
			ROW(gup_cma_free(NULL, user, PAGE), GUP_EINVAL),
			ROW(gup_cma_free(w.m, NULL, PAGE), GUP_EINVAL),
			ROW(gup_cma_free(w.m, user, PAGE), GUP_EINVAL),
			ROW(gup_cma_object(NULL, user, PAGE, &object), GUP_EINVAL),
			ROW(gup_cma_object(w.m, NULL, PAGE, &object), GUP_EINVAL),
			ROW(gup_cma_object(w.m, user, PAGE, NULL), GUP_EINVAL),
			ROW(gup_cma_object(w.m, user, PAGE, &object), GUP_EINVAL),
			ROW(gup_cma_object(w.m, user, 0, &object), GUP_EINVAL),
		};
		check_rows(rows, ARRAY_LEN(rows));
	}
	assert_int_equal(gup_put_page(w.m, user), 0);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machine_h),   cmocka_unit_test(mm_h_create_and_map),
		cmocka_unit_test(mm_h_ranges), cmocka_unit_test(page_h),
		cmocka_unit_test(object_h),    cmocka_unit_test(dax_h),
		cmocka_unit_test(pin_h),       cmocka_unit_test(migrate_h),
		cmocka_unit_test(cma_h),
	};

	return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
