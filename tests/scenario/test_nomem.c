/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_nomem.c - running out of memory, at every single allocation.
 *
 * Each scene is played again and again, in a fresh world: with its first allocation failing, its second, and so on
 * until none fails any more. After each failure the call must have kept its promise about what is left, contents must
 * be right, counts exact, and the world must end without a leak.
 */
#include "world.h"

#define NR 8

struct scene {
	struct gup_object *object;
	struct gup_mm *mm;
	struct gup_page *held;
	struct gup_page *pages[2 * NR];
	struct gup_pin *pin;
	uint64_t addr;
};

struct play {
	struct world_spec spec;
	void (*prepare)(struct world *w, struct scene *s);
	int64_t (*act)(struct world *w, struct scene *s);
	void (*verify)(struct world *w, struct scene *s, int64_t result);
	int64_t success;
};

static void sweep(const struct play *play)
{
	uint64_t nth, left = 0;

	for (nth = 1; left == 0; nth++) {
		struct scene s = { 0 };
		struct world w;
		int64_t result;

		assert_true(nth < 1000);
		world_begin(&w, &play->spec);
		play->prepare(&w, &s);
		gup_test_fail_alloc(w.m, nth);
		result = play->act(&w, &s);
		left = gup_test_fail_alloc(w.m, 0);
		if (left)
			assert_int_equal(result, play->success);
		play->verify(&w, &s, result);
		world_end(&w);
	}
	/* It was not the very first round that went through: something did fail. */
	assert_true(nth > 2);
}

static void prepare_small(struct world *w, struct scene *s)
{
	s->addr = map_anon(w->mm, BASE, 2 * NR * PAGE);
}

static int64_t act_fault(struct world *w, struct scene *s)
{
	uint8_t buf[NR * PAGE];

	pattern_make(buf, s->addr, sizeof(buf), 1);
	return gup_copy_to_user(w->mm, s->addr, buf, sizeof(buf));
}

static void verify_fault(struct world *w, struct scene *s, int64_t left)
{
	assert_int_equal(left % PAGE, 0);
	check_rest(w->m, 0, 0);
	app_expect(w->mm, s->addr, NR * PAGE - left, 1);
	app_fill(w->mm, s->addr, NR * PAGE, 2);
	app_expect(w->mm, s->addr, NR * PAGE, 2);
}

static void fault(void **state)
{
	static const struct play play = { { .normal = 4 }, prepare_small, act_fault, verify_fault, 0 };

	(void)state;
	sweep(&play);
}

static void prepare_huge(struct world *w, struct scene *s)
{
	s->addr = map_anon(w->mm, BASE, HUGE);
}

static void huge_fault(void **state)
{
	static const struct play play = { { .normal = 8 }, prepare_huge, act_fault, verify_fault, 0 };

	(void)state;
	sweep(&play);
}

static void prepare_fork(struct world *w, struct scene *s)
{
	map_anon(w->mm, BASE, HUGE);
	map_anon(w->mm, BASE + 2 * HUGE, NR * PAGE);
	app_fill(w->mm, BASE, HUGE, 1);
	app_fill(w->mm, BASE + 2 * HUGE, NR * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w->mm, BASE + 2 * HUGE + PAGE, 1, GUP_WRITE, &s->held), 1);
}

static int64_t act_fork(struct world *w, struct scene *s)
{
	return gup_mm_fork(w->mm, "child", &s->mm);
}

static void verify_fork(struct world *w, struct scene *s, int64_t result)
{
	check_rest(w->m, 1, 0);
	if (result == 0) {
		app_expect(s->mm, BASE, HUGE, 1);
		app_expect(s->mm, BASE + 2 * HUGE, NR * PAGE, 1);
		gup_mm_destroy(s->mm);
	} else {
		assert_int_equal(result, -GUP_ENOMEM);
	}
	app_expect(w->mm, BASE, HUGE, 1);
	app_expect(w->mm, BASE + 2 * HUGE, NR * PAGE, 1);
	assert_true(same_frame(w->mm, BASE + 2 * HUGE + PAGE, s->held));
	app_fill(w->mm, BASE + 2 * HUGE, NR * PAGE, 2);
	device_expect(w->m, s->held, BASE + 2 * HUGE + PAGE, 2);
	assert_int_equal(gup_unpin_user_page(w->m, s->held), 0);
}

static void fork_with_pin(void **state)
{
	static const struct play play = { { .normal = 12 }, prepare_fork, act_fork, verify_fork, 0 };

	(void)state;
	sweep(&play);
}

static int64_t act_pin(struct world *w, struct scene *s)
{
	return pin_plain(w->mm, s->addr, NR, GUP_WRITE, s->pages);
}

static void verify_pin(struct world *w, struct scene *s, int64_t result)
{
	uint64_t held = result > 0 ? result : 0;

	assert_true(result == -GUP_ENOMEM || (result > 0 && result <= NR));
	check_rest(w->m, held, 0);
	assert_int_equal(gup_unpin_user_pages(w->m, s->pages, held), 0);
}

static void pin_partially(void **state)
{
	static const struct play play = { { .normal = 4 }, prepare_small, act_pin, verify_pin, NR };

	(void)state;
	sweep(&play);
}

static int64_t act_own_pin(struct world *w, struct scene *s)
{
	struct gup_request request = { s->addr, NR * PAGE, GUP_WRITE | GUP_LONGTERM, NULL };

	return gup_pin(w->mm, &request, &s->pin, NULL);
}

static void verify_own_pin(struct world *w, struct scene *s, int64_t result)
{
	if (result == 0) {
		check_rest(w->m, NR, 0);
		assert_int_equal(gup_pin_pages(s->pin), NR);
		assert_int_equal(gup_unpin(s->pin, true), 0);
	} else {
		assert_int_equal(result, -GUP_ENOMEM);
		assert_null(s->pin);
	}
	check_rest(w->m, 0, 0);
	assert_int_equal(gup_mm_pinned(w->mm), 0);
}

static void pin_all_or_nothing(void **state)
{
	static const struct play play = { { .normal = 4 }, prepare_small, act_own_pin, verify_own_pin, 0 };

	(void)state;
	sweep(&play);
}

static void prepare_borrowed(struct world *w, struct scene *s)
{
	s->addr = world_borrow(w, GUP_ZONE_CMA, NR);
	app_fill(w->mm, s->addr, NR * PAGE, 1);
}

static int64_t act_longterm(struct world *w, struct scene *s)
{
	return pin_plain(w->mm, s->addr, NR, GUP_WRITE | GUP_LONGTERM, s->pages);
}

static void verify_longterm(struct world *w, struct scene *s, int64_t result)
{
	app_expect(w->mm, s->addr, NR * PAGE, 1);
	if (result == NR) {
		check_rest(w->m, NR, 0);
		assert_int_equal(frame_of(w->m, s->pages[NR - 1]).zone, GUP_ZONE_NORMAL);
		assert_int_equal(gup_unpin_user_pages(w->m, s->pages, NR), 0);
	} else {
		assert_int_equal(result, -GUP_ENOMEM);
	}
	check_rest(w->m, 0, 0);
}

static void longterm_with_migration(void **state)
{
	static const struct play play = {
		{ .normal = 4, .cma = 8, .contract = GUP_NATIVE }, prepare_borrowed, act_longterm, verify_longterm, NR
	};

	(void)state;
	sweep(&play);
}

static int64_t act_cma(struct world *w, struct scene *s)
{
	return gup_cma_alloc(w->m, CAMERA, 8 * MIB, 0, PATIENT_NS, &s->held, NULL);
}

static void verify_cma(struct world *w, struct scene *s, int64_t result)
{
	app_expect(w->mm, s->addr, NR * PAGE, 1);
	check_rest(w->m, 0, 0);
	if (result)
		assert_int_equal(result, -GUP_ENOMEM);
	else
		assert_int_equal(gup_cma_free(w->m, s->held, 8 * MIB), 0);
	assert_int_equal(gup_cma_alloc(w->m, CAMERA, 8 * MIB, 0, PATIENT_NS, &s->held, NULL), 0);
	assert_int_equal(gup_cma_free(w->m, s->held, 8 * MIB), 0);
	app_expect(w->mm, s->addr, NR * PAGE, 1);
}

static void cma_alloc(void **state)
{
	static const struct play play = { { .normal = 4, .cma = 8 }, prepare_borrowed, act_cma, verify_cma, 0 };

	(void)state;
	sweep(&play);
}

static int64_t act_shm(struct world *w, struct scene *s)
{
	uint8_t buf[NR * PAGE];
	int ret = gup_shm_create(w->m, NR * PAGE, 0, &s->object);

	if (ret)
		return ret;
	pattern_make(buf, BASE, sizeof(buf), 1);
	return gup_object_write(s->object, 0, buf, sizeof(buf));
}

static void prepare_nothing(struct world *w, struct scene *s)
{
	(void)w;
	(void)s;
}

static void verify_shm(struct world *w, struct scene *s, int64_t result)
{
	uint64_t done = result > 0 ? result : 0;

	assert_true(result == -GUP_ENOMEM || (result > 0 && result % PAGE == 0));
	check_rest(w->m, 0, 0);
	if (!s->object)
		return;
	map_shared(w->mm, BASE, NR * PAGE, s->object);
	app_expect(w->mm, BASE, done, 1);
	app_expect_zero(w->mm, BASE + done, NR * PAGE - done);
	gup_object_put(s->object);
}

static void shared_memory(void **state)
{
	static const struct play play = { { .normal = 4 }, prepare_nothing, act_shm, verify_shm, NR * PAGE };

	(void)state;
	sweep(&play);
}

static int64_t act_dax(struct world *w, struct scene *s)
{
	struct gup_map_request request = { .addr = BASE, .length = NR * PAGE, .prot = RW, .flags = SHARED_AT };
	int64_t ret = gup_dax_file_create(w->m, PMEM, NR * PAGE, &s->object);

	if (ret)
		return ret;
	request.object = s->object;
	ret = gup_mmap(w->mm, &request);
	if (ret < 0)
		return ret;
	s->addr = BASE;
	return act_fault(w, s);
}

static void verify_dax(struct world *w, struct scene *s, int64_t result)
{
	if (result < 0)
		assert_true(result == -GUP_ENOMEM || result == -GUP_ENOSPC); /* a block is an allocation, too */
	else
		verify_fault(w, s, result);
	check_rest(w->m, 0, 0);
	gup_object_put(s->object);
}

static void dax_file(void **state)
{
	static const struct play play = { { .normal = 4, .dax = 2 }, prepare_nothing, act_dax, verify_dax, 0 };

	(void)state;
	sweep(&play);
}

static void prepare_filled_huge(struct world *w, struct scene *s)
{
	prepare_huge(w, s);
	app_fill(w->mm, BASE, HUGE, 1);
}

static int64_t act_unmap(struct world *w, struct scene *s)
{
	return gup_munmap(w->mm, s->addr + 100 * PAGE, PAGE);
}

static void verify_unmap(struct world *w, struct scene *s, int64_t result)
{
	check_rest(w->m, 0, 0);
	if (result) {
		assert_int_equal(result, -GUP_ENOMEM);
		app_expect(w->mm, s->addr, HUGE, 1);
	} else {
		app_expect(w->mm, s->addr, 100 * PAGE, 1);
		assert_true(app_cannot_read(w->mm, s->addr + 100 * PAGE));
		app_expect(w->mm, s->addr + 101 * PAGE, 411 * PAGE, 1);
	}
}

static void unmap_with_split(void **state)
{
	static const struct play play = { { .normal = 8 }, prepare_filled_huge, act_unmap, verify_unmap, 0 };

	(void)state;
	sweep(&play);
}

static int64_t act_protect(struct world *w, struct scene *s)
{
	return gup_mprotect(w->mm, s->addr + 100 * PAGE, 3 * PAGE, GUP_PROT_READ);
}

static void verify_protect(struct world *w, struct scene *s, int64_t result)
{
	assert_true(result == 0 || result == -GUP_ENOMEM);
	check_rest(w->m, 0, 0);
	app_expect(w->mm, s->addr, HUGE, 1);
	assert_int_equal(gup_mprotect(w->mm, s->addr, HUGE, RW), 0);
	app_fill(w->mm, s->addr, HUGE, 2);
	app_expect(w->mm, s->addr, HUGE, 2);
}

static void protect_with_split(void **state)
{
	static const struct play play = { { .normal = 8 }, prepare_filled_huge, act_protect, verify_protect, 0 };

	(void)state;
	sweep(&play);
}

static void prepare_filled_small(struct world *w, struct scene *s)
{
	prepare_small(w, s);
	app_fill(w->mm, BASE, NR * PAGE, 1);
}

static int64_t act_migrate(struct world *w, struct scene *s)
{
	return gup_migrate_range(w->mm, s->addr, NR * PAGE, NULL);
}

static void verify_migrate(struct world *w, struct scene *s, int64_t result)
{
	assert_true(result == NR || result == NR - 1); /* the others find a place */
	check_rest(w->m, 0, 0);
	app_expect(w->mm, s->addr, NR * PAGE, 1);
}

static void migrate(void **state)
{
	static const struct play play = { { .normal = 4 }, prepare_filled_small, act_migrate, verify_migrate, NR };

	(void)state;
	sweep(&play);
}

/* A machine that is really full, not one that was told to fail. */
static void full_machine(void **state)
{
	struct gup_request request = { BASE + 64 * HUGE, NR * PAGE, GUP_WRITE | GUP_LONGTERM, NULL };
	struct gup_why why = { 0 };
	struct gup_pin *pin = NULL;
	uint8_t byte = 1;
	struct world w;
	uint64_t done = 0;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .no_huge_pages = true });
	map_anon(w.mm, BASE, 16 * MIB);
	map_anon(w.mm, request.addr, NR * PAGE);
	while (gup_copy_to_user(w.mm, BASE + done, &byte, 1) == 0)
		done += PAGE;
	assert_in_range(done, 6 * MIB, 8 * MIB);
	assert_int_equal(gup_pin(w.mm, &request, &pin, &why), -GUP_ENOMEM);
	assert_null(pin);
	assert_int_equal(why.error, -GUP_ENOMEM);
	assert_int_equal(why.rule, GUP_RULE_NO_MEMORY);
	check_rest(w.m, 0, 0);
	assert_int_equal(app_peek(w.mm, BASE + done - PAGE), 1);
	assert_int_equal(gup_munmap(w.mm, BASE, 8 * MIB), 0);
	assert_int_equal(gup_pin(w.mm, &request, &pin, &why), 0);
	check_rest(w.m, NR, 0);
	assert_int_equal(gup_unpin(pin, false), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault),
		cmocka_unit_test(huge_fault),
		cmocka_unit_test(fork_with_pin),
		cmocka_unit_test(pin_partially),
		cmocka_unit_test(pin_all_or_nothing),
		cmocka_unit_test(longterm_with_migration),
		cmocka_unit_test(cma_alloc),
		cmocka_unit_test(shared_memory),
		cmocka_unit_test(dax_file),
		cmocka_unit_test(unmap_with_split),
		cmocka_unit_test(protect_with_split),
		cmocka_unit_test(migrate),
		cmocka_unit_test(full_machine),
	};

	return cmocka_run_group_tests_name("nomem", tests, NULL, NULL);
}
