/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_machine.c - making, describing and destroying machines.
 *
 * What the configuration says must be what zones, contract and check show; what it may not say is refused.
 */
#include "world.h"

static void good_config(struct gup_machine_config *config)
{
	world_config(&(struct world_spec){ .normal = 8, .movable = 4, .cma = 4, .cma2 = 2, .dax = 2, .devdax = 2 },
		     config);
}

static void create_check_destroy(void **state)
{
	struct gup_machine_config config = { .normal_bytes = 4 * MIB };
	struct gup_machine *m = NULL;
	struct gup_check check;

	(void)state;
	assert_int_equal(gup_machine_create(&config, &m), 0);
	assert_non_null(m);
	assert_int_equal(gup_machine_contract(m), GUP_LINUX_6_12);
	assert_int_equal(gup_machine_check(m, &check), 0);
	assert_int_equal(check.errors, 0);
	assert_string_equal(check.first_error, "");
	assert_int_equal(check.pins, 0);
	assert_int_equal(check.gets, 0);
	assert_int_equal(check.mapped, 0);
	assert_int_equal(check.total_frames, 1024);
	assert_in_range(check.free_frames, 900, 1023);
	assert_int_equal(stats_of(m).free_frames, check.free_frames);
	assert_int_equal(gup_machine_check(m, NULL), 0);
	assert_int_equal(gup_machine_destroy(m), 0);
	assert_int_equal(gup_machine_destroy(NULL), 0);
}

static void smallest_machine(void **state)
{
	struct gup_machine_config config = { .normal_bytes = 2 * MIB };
	struct gup_machine *m;
	struct gup_mm *mm;

	(void)state;
	assert_int_equal(gup_machine_create(&config, &m), 0);
	assert_int_equal(gup_mm_create(m, "tiny", &mm), 0);
	map_anon(mm, BASE, 8 * PAGE);
	app_fill(mm, BASE, 8 * PAGE, 1);
	app_expect(mm, BASE, 8 * PAGE, 1);
	check_rest(m, 0, 0);
	assert_int_equal(gup_machine_destroy(m), 0);
}

static void every_contract(void **state)
{
	static const char *const names[] = { "linux-6.12", "linux-6.1", "linux-5.2", "native" };
	unsigned int id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 4, .contract = id });
		assert_int_equal(gup_machine_contract(w.m), id);
		assert_string_equal(gup_contract_name(id), names[id]);
		world_end(&w);
	}
	assert_null(gup_contract_name(GUP_NR_CONTRACTS));
}

#define NAME_32 "a-name-of-exactly-32-characters."

static void spoil(struct gup_machine_config *config, unsigned int how)
{
	switch (how) {
	case 0:
		config->normal_bytes = 0;
		break;
	case 1:
		config->normal_bytes = 1 * MIB;
		break;
	case 2:
		config->normal_bytes += PAGE;
		break;
	case 3:
		config->movable_bytes = PAGE;
		break;
	case 4:
		config->cma[0].bytes = 1 * MIB;
		break;
	case 5:
		config->cma[0].bytes = 0;
		break;
	case 6:
		config->cma[0].name = "";
		break;
	case 7:
		config->cma[0].name = NAME_32;
		break;
	case 8:
		config->cma[1].name = CAMERA;
		break;
	case 9:
		config->dax[0].name = CAMERA;
		break;
	case 10:
		config->dax[0].bytes = PAGE;
		break;
	case 11:
		config->dax[0].name = "";
		break;
	case 12:
		config->dax[1].name = PMEM;
		break;
	case 13:
		config->dax[1].name = NAME_32;
		break;
	case 14:
		config->contract = GUP_NR_CONTRACTS;
		break;
	default:
		fail();
	}
}

static void bad_config(void **state)
{
	struct gup_machine_config config;
	struct gup_machine *m;
	unsigned int how;

	(void)state;
	assert_int_equal(strlen(NAME_32), 32);
	for (how = 0; how <= 14; how++) {
		good_config(&config);
		spoil(&config, how);
		assert_int_equal(gup_machine_create(&config, &m), -GUP_EINVAL);
	}
	good_config(&config);
	assert_int_equal(gup_machine_create(NULL, &m), -GUP_EINVAL);
	assert_int_equal(gup_machine_create(&config, NULL), -GUP_EINVAL);
	assert_int_equal(gup_machine_create(&config, &m), 0);
	assert_int_equal(gup_machine_destroy(m), 0);
}

static void longest_name(void **state)
{
	struct gup_machine_config config;
	struct gup_machine *m;
	struct gup_page *page;

	(void)state;
	good_config(&config);
	config.cma[0].name = &NAME_32[1];
	assert_int_equal(gup_machine_create(&config, &m), 0);
	assert_int_equal(gup_cma_alloc(m, &NAME_32[1], PAGE, 0, 0, &page, NULL), 0);
	assert_int_equal(gup_cma_free(m, page, PAGE), 0);
	assert_int_equal(gup_machine_destroy(m), 0);
}

static void zones_as_configured(void **state)
{
	static const struct {
		const char *name;
		enum gup_zone_kind kind;
		uint64_t frames;
	} want[] = {
		{ "NORMAL", GUP_ZONE_NORMAL, 2048 }, { "MOVABLE", GUP_ZONE_MOVABLE, 1024 },
		{ CAMERA, GUP_ZONE_CMA, 1024 },	     { CODEC, GUP_ZONE_CMA, 512 },
		{ PMEM, GUP_ZONE_DAX, 512 },	     { DRAM, GUP_ZONE_DAX, 512 },
	};
	struct gup_machine_config config;
	struct gup_zone_info zone;
	struct gup_machine *m;
	uint64_t end = 0;
	unsigned int nr, i, seen = 0;

	(void)state;
	good_config(&config);
	assert_int_equal(gup_machine_create(&config, &m), 0);
	for (nr = 0; gup_zone_info(m, nr, &zone) == 0; nr++) {
		for (i = 0; i < ARRAY_LEN(want) && strcmp(want[i].name, zone.name) != 0; i++)
			;
		assert_true(i < ARRAY_LEN(want));
		assert_int_equal(zone.kind, want[i].kind);
		assert_int_equal(zone.nr_frames, want[i].frames);
		assert_true(zone.free_frames <= zone.nr_frames);
		assert_true(zone.first_pfn >= end);
		assert_int_equal(zone.first_pfn % GUP_HUGE_PAGES, 0);
		end = zone.first_pfn + zone.nr_frames;
		seen |= 1u << i;
	}
	assert_int_equal(nr, ARRAY_LEN(want));
	assert_int_equal(seen, (1u << ARRAY_LEN(want)) - 1);
	assert_int_equal(gup_zone_info(m, nr, &zone), -GUP_ENOENT);
	assert_int_equal(gup_machine_destroy(m), 0);
}

static void every_frame_has_its_zone(void **state)
{
	struct gup_machine_config config;
	struct gup_zone_info zone;
	struct gup_frame_info info;
	struct gup_machine *m;
	struct gup_check check;
	uint64_t free = 0, pfn;
	unsigned int nr;

	(void)state;
	good_config(&config);
	assert_int_equal(gup_machine_create(&config, &m), 0);
	for (nr = 0; gup_zone_info(m, nr, &zone) == 0; nr++) {
		if (zone.kind != GUP_ZONE_DAX)
			free += zone.free_frames;
		for (pfn = zone.first_pfn; pfn < zone.first_pfn + zone.nr_frames; pfn++) {
			assert_int_equal(gup_frame_info(m, pfn, &info), 0);
			assert_int_equal(info.zone, zone.kind);
			assert_string_equal(info.zone_name, zone.name);
			assert_int_equal(info.longterm_ok,
					 zone.kind == GUP_ZONE_NORMAL || strcmp(zone.name, DRAM) == 0);
			assert_int_equal(gup_page_to_pfn(m, gup_pfn_to_page(m, pfn)), pfn);
		}
	}
	assert_null(gup_pfn_to_page(m, UINT64_C(1) << 40));
	assert_int_equal(gup_machine_check(m, &check), 0);
	assert_int_equal(check.total_frames, 2048 + 1024 + 1024 + 512);
	assert_int_equal(check.free_frames, free);
	assert_int_equal(gup_machine_destroy(m), 0);
}

static void two_machines_at_once(void **state)
{
	struct gup_page *page;
	struct world a, b;

	(void)state;
	world_begin(&a, &(struct world_spec){ .normal = 4, .contract = GUP_NATIVE });
	world_begin(&b, &(struct world_spec){ .normal = 4, .contract = GUP_LINUX_5_2 });
	map_anon(a.mm, BASE, 4 * PAGE);
	map_anon(b.mm, BASE, 4 * PAGE);
	app_fill(a.mm, BASE, 4 * PAGE, 1);
	app_fill(b.mm, BASE, 4 * PAGE, 2);
	assert_int_equal(gup_pin_user_pages_fast(a.mm, BASE, 1, GUP_WRITE, &page), 1);
	device_fill(a.m, page, BASE, 3);
	app_expect(b.mm, BASE, 4 * PAGE, 2);
	app_expect(a.mm, BASE, PAGE, 3);
	check_rest(a.m, 1, 0);
	world_end(&b);
	app_expect(a.mm, BASE + PAGE, 3 * PAGE, 1);
	assert_int_equal(gup_unpin_user_page(a.m, page), 0);
	world_end(&a);
}

static void stats_count(void **state)
{
	struct gup_stats before, after;
	struct gup_page *pages[4];
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	map_anon(w.mm, BASE, 4 * PAGE);
	before = stats_of(w.m);
	app_fill(w.mm, BASE, 4 * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 4, GUP_WRITE, pages), 4);
	assert_int_equal(pin_plain(w.mm, BASE, 3, GUP_WRITE, pages), 3);
	after = stats_of(w.m);
	assert_int_equal(after.faults - before.faults, 4);
	assert_int_equal(after.fast_pages - before.fast_pages, 4);
	assert_int_equal(after.slow_pages - before.slow_pages, 3);
	assert_int_equal(after.cow_copies, before.cow_copies);
	assert_int_equal(after.bad_unpins, 0);
	assert_int_equal(after.migrated + after.migrate_failed, 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 3), 0);
	assert_int_equal(gup_unpin_user_pages(w.m, pages, 4), 0);
	world_end(&w);
}

static void destroy_takes_spaces_and_objects_along(void **state)
{
	struct gup_object *shm, *file;
	struct gup_mm *child;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .dax = 2 });
	shm = new_shm(&w, 4 * PAGE);
	file = new_dax_file(&w, 4 * PAGE);
	map_anon(w.mm, BASE, HUGE);
	map_shared(w.mm, BASE + HUGE, 4 * PAGE, shm);
	map_shared(w.mm, BASE + 2 * HUGE, 4 * PAGE, file);
	app_fill(w.mm, BASE, HUGE, 1);
	app_fill(w.mm, BASE + HUGE, 4 * PAGE, 1);
	app_fill(w.mm, BASE + 2 * HUGE, 4 * PAGE, 1);
	assert_int_equal(gup_mm_fork(w.mm, "child", &child), 0);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_machine_destroy(w.m), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create_check_destroy),
		cmocka_unit_test(smallest_machine),
		cmocka_unit_test(every_contract),
		cmocka_unit_test(bad_config),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(zones_as_configured),
		cmocka_unit_test(every_frame_has_its_zone),
		cmocka_unit_test(two_machines_at_once),
		cmocka_unit_test(stats_count),
		cmocka_unit_test(destroy_takes_spaces_and_objects_along),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
