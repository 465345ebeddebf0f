/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/test_police.c - each rule of the port contract, broken once: it is heard, once, with the place.
 */
#include "heard.h"

static struct gup_port_lock lock, second;
static struct gup_port_rwlock rwlock;
static u32 word, stage;

static void reset(void)
{
	memset(&lock, 0, sizeof(lock));
	memset(&second, 0, sizeof(second));
	gup_port_rwlock_init(&rwlock);
	word = stage = 0;
}

static void alone(void (*a)(void *), enum gup_sim_finding kind, const char *words)
{
	reset();
	play(1, a, NULL);
	expect_heard(kind, words);
}

static void all_is_well(void *arg)
{
	struct gup_port_memory mem = { .bytes = GUP_PAGE_SIZE };

	(void)arg;
	gup_port_rwlock_write_lock(&rwlock);
	gup_port_lock_acquire(&lock);
	gup_port_lock_acquire(&second);
	gup_port_wake(&word);
	gup_port_lock_release(&lock);
	gup_port_lock_release(&second);
	gup_port_wait(&word, 0, 1000);
	gup_port_sleep_ns(1000);
	gup_port_rcu_synchronize();
	assert_int_equal(gup_port_memory_map(&mem, false), 0);
	gup_port_memory_unmap(&mem);
	gup_port_rwlock_write_unlock(&rwlock);
	gup_port_rwlock_read_lock(&rwlock);
	gup_port_rcu_read_lock();
	gup_port_rcu_read_lock();
	gup_port_rcu_read_unlock();
	gup_port_rcu_read_unlock();
	gup_port_rwlock_read_unlock(&rwlock);
}

static void a_good_one_is_not_heard(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 200; number++) {
		reset();
		assert_false(play(number, all_is_well, all_is_well).stuck);
		gup_port_rwlock_destroy(&rwlock);
		expect_silence();
	}
}

static void lock_not_held(void *arg)
{
	(void)arg;
	gup_port_lock_release(&lock);
}

static void lock_twice(void *arg)
{
	(void)arg;
	gup_port_lock_acquire(&lock);
	gup_port_lock_acquire(&lock);
	gup_port_lock_release(&lock);
	gup_port_lock_release(&lock);
}

static void lock_left(void *arg)
{
	(void)arg;
	gup_port_lock_acquire(&lock);
}

static void locks(void **state)
{
	(void)state;
	alone(lock_not_held, GUP_SIM_MISUSE, "releases a lock that it does not hold");
	alone(lock_twice, GUP_SIM_MISUSE, "takes a lock that it holds already, taken at test_police.c:");
	alone(lock_left, GUP_SIM_MISUSE, "has ended and still holds a lock");
	assert_int_equal(lock.word, 0);
}

static void first_then_second(void *arg)
{
	(void)arg;
	gup_port_lock_acquire(&lock);
	gup_port_lock_acquire(&second);
	gup_port_lock_release(&second);
	gup_port_lock_release(&lock);
}

static void second_then_first(void *arg)
{
	(void)arg;
	gup_port_lock_acquire(&second);
	gup_port_lock_acquire(&lock);
	gup_port_lock_release(&lock);
	gup_port_lock_release(&second);
}

static void second_then_rwlock(void *arg)
{
	(void)arg;
	gup_port_lock_acquire(&second);
	gup_port_rwlock_read_lock(&rwlock);
	gup_port_rwlock_read_unlock(&rwlock);
	gup_port_lock_release(&second);
}

static void rwlock_then_first(void *arg)
{
	(void)arg;
	gup_port_rwlock_read_lock(&rwlock);
	second_then_first(arg);
	gup_port_rwlock_read_unlock(&rwlock);
}

/* Two locks of one kind. */
static void take_both(struct gup_port_lock *outer, struct gup_port_lock *inner)
{
	struct gup_port_lock *each[] = { outer, inner };
	unsigned int i;

	for (i = 0; i < 2; i++)
		gup_port_lock_acquire(each[i]);
	for (i = 0; i < 2; i++)
		gup_port_lock_release(each[i]);
}

static void a_then_b(void *arg)
{
	(void)arg;
	take_both(&lock, &second);
}

static void b_then_a(void *arg)
{
	(void)arg;
	take_both(&second, &lock);
}

/* One after the other: nobody has to wait for the other to be found. */
static void lock_order(void **state)
{
	(void)state;
	reset();
	play(1, first_then_second, first_then_second);
	expect_silence();
	play(1, a_then_b, b_then_a);
	expect_silence();
	play(1, first_then_second, second_then_first);
	expect_heard(GUP_SIM_MISUSE, "takes &lock with &second held, taken at test_police.c:");
	assert_non_null(strstr(heard.text, "the other way round, &second was taken at test_police.c:"));
	play(1, rwlock_then_first, rwlock_then_first);
	expect_silence();
	play(1, rwlock_then_first, second_then_rwlock);
	assert_int_equal(heard.nr, 2); /* it sleeps with a short lock, too */
}

static void read_as_write(void *arg)
{
	(void)arg;
	gup_port_rwlock_read_unlock(&rwlock);
}

static void read_twice(void *arg)
{
	(void)arg;
	gup_port_rwlock_read_lock(&rwlock);
	gup_port_rwlock_read_lock(&rwlock);
	gup_port_rwlock_read_unlock(&rwlock);
	gup_port_rwlock_read_unlock(&rwlock);
}

static void write_left(void *arg)
{
	(void)arg;
	gup_port_rwlock_write_lock(&rwlock);
}

static void destroyed_while_held(void *arg)
{
	(void)arg;
	gup_port_rwlock_read_lock(&rwlock);
	gup_port_rwlock_destroy(&rwlock);
	gup_port_rwlock_read_unlock(&rwlock);
}

static void rwlocks(void **state)
{
	(void)state;
	alone(read_as_write, GUP_SIM_MISUSE, "does not hold for reading; it is held by nobody");
	alone(read_twice, GUP_SIM_MISUSE, "holds already");
	alone(write_left, GUP_SIM_MISUSE, "still holds a lock for writing");
	alone(destroyed_while_held, GUP_SIM_MISUSE, "destroys a lock that is held");
}

static void section_not_begun(void *arg)
{
	(void)arg;
	gup_port_rcu_read_unlock();
}

static void section_left(void *arg)
{
	(void)arg;
	gup_port_rcu_read_lock();
}

static void lock_in_section(void *arg)
{
	(void)arg;
	gup_port_rcu_read_lock();
	gup_port_lock_acquire(&lock);
	gup_port_lock_release(&lock);
	gup_port_rcu_read_unlock();
}

static void grace_in_section(void *arg)
{
	(void)arg;
	gup_port_rcu_read_lock();
	gup_port_rcu_synchronize();
	gup_port_rcu_read_unlock();
}

static void wait_in_section(void *arg)
{
	(void)arg;
	gup_port_rcu_read_lock();
	gup_port_wait(&word, 0, 1000);
	gup_port_rcu_read_unlock();
}

static void sections(void **state)
{
	(void)state;
	alone(section_not_begun, GUP_SIM_MISUSE, "ends a read section that it has not begun");
	alone(section_left, GUP_SIM_MISUSE, "has ended within a read section");
	alone(lock_in_section, GUP_SIM_MISUSE, "takes a lock inside a read section");
	alone(grace_in_section, GUP_SIM_MISUSE, "waits for a grace period, which may sleep, inside a read section");
	alone(wait_in_section, GUP_SIM_MISUSE, "waits, which may sleep, inside a read section");
}

static void sleep_with_lock(void *arg)
{
	(void)arg;
	gup_port_lock_acquire(&lock);
	gup_port_sleep_ns(1);
	gup_port_lock_release(&lock);
}

static void rwlock_with_lock(void *arg)
{
	(void)arg;
	gup_port_lock_acquire(&lock);
	gup_port_rwlock_read_lock(&rwlock);
	gup_port_rwlock_read_unlock(&rwlock);
	gup_port_lock_release(&lock);
}

static void memory_with_lock(void *arg)
{
	struct gup_port_memory mem = { .bytes = GUP_PAGE_SIZE };

	(void)arg;
	gup_port_lock_acquire(&lock);
	assert_int_equal(gup_port_memory_map(&mem, false), 0);
	gup_port_lock_release(&lock);
	gup_port_memory_unmap(&mem);
}

static void sleeping(void **state)
{
	(void)state;
	alone(sleep_with_lock, GUP_SIM_MISUSE,
	      "sleeps, which may sleep, with a short lock held that it took at test_pol");
	alone(rwlock_with_lock, GUP_SIM_MISUSE, "takes a sleeping lock, which may sleep, with a short lock held");
	alone(memory_with_lock, GUP_SIM_MISUSE, "asks the host for memory, which may sleep, with a short lock held");
}

static void take_and_pass(void *arg)
{
	(void)arg;
	gup_port_lock_acquire(&lock);
	gup_port_store(&stage, 1);
	while (gup_port_load(&stage) == 1)
		gup_port_relax();
	gup_port_lock_release(&lock);
}

static void release_of_other(void *arg)
{
	(void)arg;
	while (!gup_port_load(&stage))
		gup_port_relax();
	gup_port_lock_release(&lock);
	gup_port_store(&stage, 2);
}

static void a_lock_of_somebody_else(void **state)
{
	(void)state;
	reset();
	assert_false(play(1, take_and_pass, release_of_other).stuck);
	expect_heard(GUP_SIM_MISUSE, "\"b\" releases a lock that it does not hold; it is held by a");
}

/* ---- nobody can go on ---- */

static void a_b_and_b_a(void **state)
{
	bool stuck = false;
	uint64_t number;

	(void)state;
	for (number = 1; number < 200 && !stuck; number++) {
		reset();
		stuck = play(number, a_then_b, b_then_a).stuck;
	}
	assert_true(stuck);
	expect_heard(GUP_SIM_DEADLOCK, "\"a\" waits for a lock held by \"b\"");
	assert_non_null(strstr(heard.text, "\"b\" waits for a lock held by \"a\", at test_police.c:"));
}

static void stall(void *arg)
{
	(void)arg;
	for (;;)
		gup_sim_stall("a bus", __builtin_return_address(0));
}

static void spin(void *arg)
{
	(void)arg;
	while (!gup_port_load(&word))
		gup_port_relax();
}

static void never_ends(void *arg)
{
	(void)arg;
	for (;;)
		gup_port_fetch_add(&word, 1);
}

static void stalls_and_loops(void **state)
{
	(void)state;
	for (uint64_t number = 1; number < 50; number++) {
		reset();
		assert_true(play(number, stall, spin).stuck);
		assert_int_equal(heard.kind, GUP_SIM_DEADLOCK);
		assert_non_null(strstr(heard.text, "nobody can go on: \"a\" waits for a bus"));
		assert_non_null(strstr(heard.text, "\"b\" waits for a spin loop"));
	}
	reset();
	assert_true(play(1, never_ends, NULL).stuck);
	assert_non_null(strstr(heard.text, "it does not end"));
}

/* ---- frames of a read section ---- */

static u64 frames[2][512];
static unsigned int owners[2];

static unsigned int owner_of(void *ctx, uint64_t page)
{
	(void)ctx;
	return owners[page];
}

static void read_frame(void *arg)
{
	(void)arg;
	gup_port_rcu_read_lock();
	gup_port_load(&frames[1][3]);
	gup_port_store(&stage, 1);
	gup_port_load(&word);
	gup_port_load(&word);
	gup_port_rcu_read_unlock();
}

static void free_frame(void *arg)
{
	(void)arg;
	owners[1] = 0;
	gup_port_store(&word, 1);
	owners[1] = 7;
}

static void free_frame_later(void *arg)
{
	(void)arg;
	gup_port_rcu_synchronize();
	owners[1] = 0;
	gup_port_store(&word, 1);
}

static unsigned int plays_heard(void (*other)(void *))
{
	unsigned int nr = 0;

	gup_sim_watch(frames, 2, owner_of, NULL);
	for (uint64_t number = 1; number < 300; number++) {
		reset();
		owners[1] = 7;
		play(number, read_frame, other);
		nr += heard.nr && strstr(heard.text, "\"b\" has freed frame 0x1, which \"a\" looks at");
	}
	gup_sim_watch(NULL, 0, NULL, NULL);
	return nr;
}

static void a_frame_freed_too_early(void **state)
{
	(void)state;
	assert_true(plays_heard(free_frame) > 0);
	assert_int_equal(plays_heard(free_frame_later), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one_is_not_heard),
		cmocka_unit_test(locks),
		cmocka_unit_test(rwlocks),
		cmocka_unit_test(lock_order),
		cmocka_unit_test(sections),
		cmocka_unit_test(sleeping),
		cmocka_unit_test(a_lock_of_somebody_else),
		cmocka_unit_test(a_b_and_b_a),
		cmocka_unit_test(stalls_and_loops),
		cmocka_unit_test(a_frame_freed_too_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
