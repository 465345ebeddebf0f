/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/test_stores.c - which stores may be seen late, and by what: the litmus tests of memory models.
 *
 * Each is played in many orders. What the C11 model allows for the order of a store must be seen at least once, and
 * what it forbids never.
 */
#include "heard.h"

#define PLAYS 4000u

static struct gup_port_lock lock;
static u32 x, y, saw_x, saw_y, more;

/* How often both fibers saw nothing of the other, or a saw @want_y of y and @want_x of x. */
static unsigned int seen(void (*a)(void *), void (*b)(void *), u32 want_y, u32 want_x)
{
	unsigned int nr = 0;

	for (uint64_t number = 1; number <= PLAYS; number++) {
		x = y = 0;
		saw_x = saw_y = 9;
		memset(&lock, 0, sizeof(lock));
		play(number, a, b);
		expect_silence();
		nr += saw_y == want_y && saw_x == want_x;
	}
	return nr;
}

/* ---- store buffering: store one word, load the other ---- */

#define STORE_AND_LOAD(name, store, other)                                                                             \
	static void name(void *arg)                                                                                    \
	{                                                                                                              \
		(void)arg;                                                                                             \
		store;                                                                                                 \
		saw_##other = gup_port_load(&other);                                                                   \
		gup_port_load(&more); /* who ends keeps no store back */                                               \
	}

STORE_AND_LOAD(relaxed_x, gup_port_store_relaxed(&x, 1), y)
STORE_AND_LOAD(relaxed_y, gup_port_store_relaxed(&y, 1), x)
STORE_AND_LOAD(release_x, gup_port_store_release(&x, 1), y)
STORE_AND_LOAD(release_y, gup_port_store_release(&y, 1), x)
STORE_AND_LOAD(strong_x, gup_port_store(&x, 1), y)
STORE_AND_LOAD(strong_y, gup_port_store(&y, 1), x)
STORE_AND_LOAD(add_x, gup_port_fetch_add(&x, 1u), y)
STORE_AND_LOAD(add_y, gup_port_fetch_add(&y, 1u), x)

static void store_buffering(void **state)
{
	(void)state;
	assert_true(seen(relaxed_x, relaxed_y, 0, 0) > 0);
	assert_true(seen(release_x, release_y, 0, 0) > 0);
	assert_true(seen(strong_x, relaxed_y, 0, 0) > 0);
	assert_int_equal(seen(strong_x, strong_y, 0, 0), 0);
	assert_int_equal(seen(add_x, add_y, 0, 0), 0);
	assert_int_equal(seen(strong_x, add_y, 0, 0), 0);
}

/* ---- message passing: data, then the flag ---- */

static void read_flag_and_data(void *arg)
{
	(void)arg;
	saw_y = gup_port_load(&y);
	saw_x = gup_port_load(&x);
}

#define DATA_AND_FLAG(name, flag)                                                                                      \
	static void name(void *arg)                                                                                    \
	{                                                                                                              \
		(void)arg;                                                                                             \
		gup_port_store_relaxed(&x, 1);                                                                         \
		flag;                                                                                                  \
		gup_port_load(&more);                                                                                  \
	}

DATA_AND_FLAG(relaxed_flag, gup_port_store_relaxed(&y, 1))
DATA_AND_FLAG(release_flag, gup_port_store_release(&y, 1))
DATA_AND_FLAG(strong_flag, gup_port_store(&y, 1))
DATA_AND_FLAG(added_flag, gup_port_fetch_add(&y, 1u))

static void message_passing(void **state)
{
	(void)state;
	assert_true(seen(relaxed_flag, read_flag_and_data, 1, 0) > 0);
	assert_int_equal(seen(release_flag, read_flag_and_data, 1, 0), 0);
	assert_int_equal(seen(strong_flag, read_flag_and_data, 1, 0), 0);
	assert_int_equal(seen(added_flag, read_flag_and_data, 1, 0), 0);
}

/* ---- one word: its stores are seen in order, and by their own fiber at once ---- */

static void store_twice(void *arg)
{
	(void)arg;
	gup_port_store_relaxed(&x, 1);
	gup_port_store_relaxed(&x, 2);
	assert_int_equal(gup_port_load(&x), 2);
	assert_int_equal(*(volatile u32 *)&x, 2);
}

static void load_twice(void *arg)
{
	(void)arg;
	saw_y = gup_port_load(&x);
	saw_x = gup_port_load(&x);
}

static void coherence(void **state)
{
	(void)state;
	assert_true(seen(store_twice, load_twice, 0, 2) > 0);
	assert_true(seen(store_twice, load_twice, 1, 2) > 0);
	assert_int_equal(seen(store_twice, load_twice, 2, 1), 0);
	assert_int_equal(seen(store_twice, load_twice, 2, 0), 0);
	assert_int_equal(seen(store_twice, load_twice, 1, 0), 0);
	assert_int_equal(x, 2);
}

/* ---- locks: what was stored under one is there for the next holder ---- */

static void store_both_locked(void *arg)
{
	(void)arg;
	gup_port_lock_acquire(&lock);
	gup_port_store_relaxed(&y, 1);
	gup_port_store_relaxed(&x, 1);
	gup_port_lock_release(&lock);
}

static void load_both_locked(void *arg)
{
	(void)arg;
	gup_port_lock_acquire(&lock);
	read_flag_and_data(NULL);
	gup_port_lock_release(&lock);
}

static void locks_publish(void **state)
{
	(void)state;
	assert_int_equal(seen(store_both_locked, load_both_locked, 1, 0), 0);
	assert_int_equal(seen(store_both_locked, load_both_locked, 0, 1), 0);
	assert_true(seen(store_both_locked, read_flag_and_data, 1, 0) > 0);
}

/* ---- a grace period is a barrier for everybody ---- */

static void store_in_section(void *arg)
{
	(void)arg;
	gup_port_rcu_read_lock();
	gup_port_store_relaxed(&x, 1);
	gup_port_rcu_read_unlock();
	gup_port_load(&y);
	gup_port_load(&y);
}

static void wait_and_load(void *arg)
{
	u32 ended;

	(void)arg;
	gup_port_rcu_read_lock();
	gup_port_rcu_read_unlock();
	ended = gup_port_load(&x);
	gup_port_rcu_synchronize();
	saw_y = ended;
	saw_x = gup_port_load(&x);
}

static void store_in_an_old_section(void *arg)
{
	(void)arg;
	gup_port_rcu_read_lock();
	gup_port_store(&y, 1);
	gup_port_store_relaxed(&x, 1);
	gup_port_rcu_read_unlock();
	gup_port_load(&more);
	gup_port_load(&more);
}

static void wait_for_old_sections(void *arg)
{
	u32 begun = gup_port_load(&y);

	(void)arg;
	gup_port_rcu_synchronize();
	saw_x = gup_port_load(&x);
	saw_y = begun;
}

static void grace_periods_publish(void **state)
{
	(void)state;
	assert_int_equal(seen(store_in_section, wait_and_load, 1, 0), 0);
	assert_true(seen(store_in_section, wait_and_load, 0, 1) > 0);
	assert_int_equal(seen(store_in_an_old_section, wait_for_old_sections, 1, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store_buffering), cmocka_unit_test(message_passing),	    cmocka_unit_test(coherence),
		cmocka_unit_test(locks_publish),   cmocka_unit_test(grace_periods_publish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
