/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_ends.c - where a machine ends, and what is said then: frames that have no number, tables that find no
 * room in NORMAL while other zones are empty. docs/scaling.md
 */
#include "world.h"

#define TIB (UINT64_C(1) << 40)

static int try_machine(uint64_t normal, uint64_t movable)
{
	struct gup_machine_config config = { .normal_bytes = normal, .movable_bytes = movable };
	struct gup_machine *m;
	int err = gup_machine_create(&config, &m);

	if (!err)
		assert_int_equal(gup_machine_destroy(m), 0);
	return err;
}

/* Two blocks of 2 MiB short of 2^32 frames: the first has no frames, the last would have the number that is too much. */
static void frames_are_numbered_by_32_bits(void **state)
{
	(void)state;
	assert_int_equal(try_machine(8 * TIB + HUGE, 0), -GUP_EINVAL);
	assert_int_equal(try_machine(8 * TIB, 8 * TIB - HUGE), -GUP_EINVAL);
	if (try_machine(8 * TIB, 8 * TIB - 2 * HUGE) == -GUP_ENOMEM)
		skip(); /* a sanitizer or an emulator keeps the addresses to itself */
	assert_int_equal(try_machine(8 * TIB, 0), 0);
	assert_int_equal(try_machine(8 * TIB, 8 * TIB - 2 * HUGE), 0);
}

/* A page each in pieces of 2 MiB, for which there is a table each. How many; what came of the next one. */
static uint64_t touch_pieces(struct gup_mm *mm, uint64_t most, int *err)
{
	uint64_t nr = 0;

	for (*err = 0; nr < most && !*err; nr += !*err)
		*err = gup_populate(mm, BASE + nr * HUGE, PAGE);
	return nr;
}

static void tables_fill_normal(void **state)
{
	enum { NORMAL = 2, PIECES = 1024 };
	uint64_t frames = NORMAL * MIB / PAGE, nr;
	struct world w;
	int err;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = NORMAL, .movable = 2 * PIECES, .no_huge_pages = true });
	map_anon(w.mm, BASE, PIECES * HUGE);
	nr = touch_pieces(w.mm, PIECES, &err);
	assert_int_equal(err, -GUP_ENOMEM);
	assert_in_range(nr, frames - 16, frames);
	assert_int_equal(frame_at(w.mm, BASE).zone, GUP_ZONE_MOVABLE);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_populate(w.mm, BASE, nr * HUGE / 512), 0); /* where tables are */
	assert_int_equal(gup_munmap(w.mm, BASE, 64 * HUGE), 0);
	assert_int_equal(gup_populate(w.mm, BASE + nr * HUGE, PAGE), 0); /* by one that became free */
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_numbered_by_32_bits),
		cmocka_unit_test(tables_fill_normal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
