/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_returns.c - the errors that need help from outside: a machine or a host without memory, a full
 * device, and pages that somebody keeps moving back.
 *
 * The linker puts __wrap_ functions between the core and its host, and between the long-term settlement and migration, so
 * that the n-th call fails or somebody interferes at exactly one place.
 */
#include "world.h"

#include "internal.h"

int __real_gup_port_memory_map(struct gup_port_memory *mem, bool frames);
int __wrap_gup_port_memory_map(struct gup_port_memory *mem, bool frames);
int __real_gup_folio_migrate(struct gup_machine *m, struct gup_page *head, enum gup_scope scope, unsigned int tries,
			     struct gup_why *why);
int __wrap_gup_folio_migrate(struct gup_machine *m, struct gup_page *head, enum gup_scope scope, unsigned int tries,
			     struct gup_why *why);

static unsigned int host_fails; /* the n-th request for host memory from now on fails; 0: none */

int __wrap_gup_port_memory_map(struct gup_port_memory *mem, bool frames)
{
	if (host_fails && !--host_fails)
		return -GUP_ENOMEM;
	return __real_gup_port_memory_map(mem, frames);
}

static struct gup_mm *meddler; /* whose page goes back to MOVABLE as soon as it was moved out */
static uint64_t meddled_addr;
static unsigned int meddled;

int __wrap_gup_folio_migrate(struct gup_machine *m, struct gup_page *head, enum gup_scope scope, unsigned int tries,
			     struct gup_why *why)
{
	int err = __real_gup_folio_migrate(m, head, scope, tries, why);

	if (!err && meddler && gup_migrate_range(meddler, meddled_addr, PAGE, NULL) == 1)
		meddled++;
	return err;
}

/* ---- the host has no memory ---- */

static void host_without_memory(void **state)
{
	const struct gup_machine_config config = { .normal_bytes = 4 * MIB };
	struct gup_machine *m = NULL;
	unsigned int nth;

	(void)state;
	for (nth = 1; nth <= 3; nth++) { /* the machine itself, the frame table, the frames */
		host_fails = nth;
		assert_int_equal(gup_machine_create(&config, &m), -GUP_ENOMEM);
		assert_null(m);
		assert_int_equal(host_fails, 0);
	}
	assert_int_equal(gup_machine_create(&config, &m), 0);
	host_fails = 1;
	assert_int_equal(gup_machine_check(m, NULL), -GUP_ENOMEM);
	host_fails = 1;
	assert_int_equal(gup_pin_holders(m, 0, UINT64_MAX, NULL, 0), -GUP_ENOMEM);
	host_fails = 1;
	assert_int_equal(gup_machine_destroy(m), -GUP_ENOMEM);
	assert_int_equal(gup_machine_check(m, NULL), 0);
	assert_int_equal(gup_machine_destroy(m), 0);
}

/* ---- the machine has no memory ---- */

/* Each call once with its first allocation failing, and once more without: it says so, and nothing is left. */
struct attempt {
	struct world w;
	struct gup_page *frames, *held;
	struct gup_object *object;
	struct gup_owner *owner;
	struct gup_mm *mm;
};

static int make_mm(struct attempt *a)
{
	return gup_mm_create(a->w.m, "another", &a->mm);
}

static int make_owner(struct attempt *a)
{
	return gup_owner_create(a->w.m, "nic", UINT64_MAX, &a->owner);
}

static int make_pfnmap(struct attempt *a)
{
	return gup_pfnmap_create(a->w.m, UINT64_C(1) << 30, PAGE, &a->object);
}

static int make_cma_object(struct attempt *a)
{
	return gup_cma_object(a->w.m, a->frames, PAGE, &a->object);
}

static int fix_up(struct attempt *a)
{
	int err;

	gup_mmap_read_lock(a->w.mm);
	err = gup_fixup_user_fault(a->w.mm, BASE, GUP_WRITE, NULL);
	gup_mmap_read_unlock(a->w.mm);
	return err;
}

static int split(struct attempt *a)
{
	return gup_split_folio(a->w.m, a->held, NULL);
}

static void each_says_enomem(void **state)
{
	static int (*const calls[])(struct attempt *) = {
		make_mm, make_owner, make_pfnmap, make_cma_object, fix_up, split,
	};
	const struct world_spec spec = { .normal = 8, .cma = 2, .contract = GUP_LINUX_6_12 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(calls); i++) {
		struct attempt a = { .frames = NULL };
		uint64_t before;

		world_begin(&a.w, &spec);
		map_anon(a.w.mm, BASE, PAGE);
		map_anon(a.w.mm, BASE + HUGE, HUGE);
		app_fill(a.w.mm, BASE + HUGE, PAGE, 1);
		assert_int_equal(frame_at(a.w.mm, BASE + HUGE).order, GUP_HUGE_ORDER);
		assert_int_equal(gup_get_user_pages_fast(a.w.mm, BASE + HUGE, 1, 0, &a.held), 1);
		assert_int_equal(gup_cma_alloc(a.w.m, CAMERA, PAGE, 0, PATIENT_NS, &a.frames, NULL), 0);
		before = free_frames(a.w.m);
		gup_test_fail_alloc(a.w.m, 1);
		assert_int_equal(calls[i](&a), -GUP_ENOMEM);
		assert_int_equal(gup_test_fail_alloc(a.w.m, 0), 0);
		assert_int_equal(free_frames(a.w.m), before);
		check_rest(a.w.m, 0, 1);
		app_expect(a.w.mm, BASE + HUGE, PAGE, 1);
		assert_int_equal(calls[i](&a), 0);
		check_rest(a.w.m, 0, 1);
		gup_mm_destroy(a.mm);
		gup_object_put(a.object);
		assert_int_equal(gup_owner_destroy(a.owner), 0);
		assert_int_equal(gup_put_page(a.w.m, a.held), 0);
		assert_int_equal(gup_cma_free(a.w.m, a.frames, PAGE), 0);
		world_end(&a.w);
	}
}

/* The first who opens a device makes its object; a world has done that already, so this needs a machine of its own. */
static void opening_without_memory(void **state)
{
	const struct gup_machine_config config = { .normal_bytes = 4 * MIB,
						   .dax = { { DRAM, 2 * MIB, GUP_DAX_DEVICE } } };
	struct gup_object *object;
	struct gup_machine *m;

	(void)state;
	assert_int_equal(gup_machine_create(&config, &m), 0);
	gup_test_fail_alloc(m, 1);
	assert_int_equal(gup_devdax_open(m, DRAM, &object), -GUP_ENOMEM);
	assert_int_equal(gup_machine_check(m, NULL), 0);
	assert_int_equal(gup_devdax_open(m, DRAM, &object), 0);
	gup_object_put(object);
	assert_int_equal(gup_machine_destroy(m), 0);
}

/* ---- handles and a full device ---- */

static void handles_keep_an_object(void **state)
{
	struct gup_object *shm;
	struct world w;
	char byte = 7;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	shm = new_shm(&w, PAGE);
	gup_object_get(shm);
	gup_object_get(NULL);
	gup_object_put(shm);
	assert_int_equal(gup_object_write(shm, 5, &byte, 1), 1); /* alive by the second handle */
	gup_object_put(shm);
	world_end(&w);
}

static void full_device(void **state)
{
	struct gup_object *full, *more;
	struct world w;
	char byte = 7;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .dax = 2 });
	full = new_dax_file(&w, 2 * MIB);
	more = new_dax_file(&w, 0);
	assert_int_equal(gup_object_truncate(more, PAGE, 0, NULL), 0);
	assert_int_equal(gup_object_write(more, 0, &byte, 1), -GUP_ENOSPC);
	assert_int_equal(gup_object_read(more, 0, &byte, 1), 1); /* a hole needs no block */
	assert_int_equal(byte, 0);
	assert_int_equal(gup_object_truncate(full, 0, 0, NULL), 0);
	assert_int_equal(gup_object_write(more, 0, &byte, 1), 1);
	gup_object_put(full);
	gup_object_put(more);
	world_end(&w);
}

/* ---- tries run out ---- */

/* The last of 40 pages returns to MOVABLE each time it was moved out, so the second batch never settles. */
static void pages_that_keep_coming_back(void **state)
{
	static const struct {
		enum gup_contract_id id;
		long result;
	} rows[] = { { GUP_NATIVE, -GUP_EAGAIN }, { GUP_LINUX_6_12, -GUP_ENOMEM }, { GUP_LINUX_6_1, -GUP_ENOMEM } };
	struct gup_page *pages[40];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct gup_call call = { GUP_PIN_USER_PAGES_UNLOCKED, BORROWED, 40,
					 GUP_WRITE | GUP_LONGTERM,    pages,	NULL };
		struct gup_why why;
		struct world w;

		if (rows[i].id == GUP_LINUX_6_1)
			call.entry = GUP_PIN_USER_PAGES_FAST;
		world_begin(&w, &(struct world_spec){ .normal = 8, .movable = 4, .contract = rows[i].id });
		assert_int_equal(world_borrow(&w, GUP_ZONE_MOVABLE, 40), BORROWED);
		app_fill(w.mm, BORROWED, 40 * PAGE, 3);
		meddler = w.mm;
		meddled_addr = BORROWED + 39 * PAGE;
		meddled = 0;
		assert_int_equal(gup_user_pages(w.mm, &call, &why), rows[i].result);
		meddler = NULL;
		assert_true(meddled > 5);
		assert_int_equal(why.rule, GUP_RULE_MIGRATE_TRIES);
		assert_int_equal(why.error, rows[i].result);
		check_rest(w.m, 0, 0);
		app_expect(w.mm, BORROWED, 40 * PAGE, 3);
		assert_int_equal(gup_user_pages(w.mm, &call, &why), 40);
		assert_int_equal(gup_unpin_user_pages(w.m, pages, 40), 0);
		world_end(&w);
	}
}

/* ---- NULL, where there is no errno ---- */

static void accessors_answer_zero(void **state)
{
	struct gup_extent_iter it = { .pin = NULL };
	struct gup_extent extent;
	struct gup_why why = { .error = -GUP_EFAULT, .rule = GUP_RULE_NO_VMA };
	char text[8] = "text";

	(void)state;
	assert_int_equal(gup_machine_contract(NULL), GUP_NR_CONTRACTS);
	assert_null(gup_mm_machine(NULL));
	assert_null(gup_mm_name(NULL));
	gup_mm_set_pin_limit(NULL, 1);
	assert_int_equal(gup_mm_pinned(NULL), 0);
	gup_mmap_read_lock(NULL);
	gup_mmap_read_unlock(NULL);
	assert_int_equal(gup_object_size(NULL), 0);
	assert_int_equal(gup_page_to_pfn(NULL, NULL), 0);
	assert_null(gup_page_address(NULL, NULL));
	assert_int_equal(gup_page_refs(NULL, NULL) + gup_page_pins(NULL, NULL) + gup_page_mapcount(NULL, NULL), 0);
	assert_int_equal(gup_owner_pinned(NULL), 0);
	assert_int_equal(gup_pin_nr_extents(NULL) + gup_pin_bytes(NULL) + gup_pin_pages(NULL), 0);
	assert_false(gup_pin_next_extent(NULL, &extent));
	assert_false(gup_pin_next_extent(&it, &extent));
	assert_int_equal(gup_test_fail_alloc(NULL, 1), 0);
	assert_int_equal(gup_why_str(NULL, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_true(gup_why_str(&why, NULL, 5) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_without_memory),
		cmocka_unit_test(each_says_enomem),
		cmocka_unit_test(opening_without_memory),
		cmocka_unit_test(handles_keep_an_object),
		cmocka_unit_test(full_device),
		cmocka_unit_test(pages_that_keep_coming_back),
		cmocka_unit_test(accessors_answer_zero),
	};

	return cmocka_run_group_tests_name("returns", tests, NULL, NULL);
}
