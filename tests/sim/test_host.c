/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/test_host.c - the promises of a port, kept by fibers, in many orders; and the same order each time.
 *
 * Data under a lock is touched in two steps with a point between them, so that an order in which the lock does not
 * exclude shows as a wrong sum.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heard.h"

#define PLAYS 500u
#define ROUNDS 5u

static struct gup_port_lock lock;
static struct gup_port_rwlock rwlock;
static u64 guarded, wrong;
static u32 word, done;

static void reset(void)
{
	memset(&lock, 0, sizeof(lock));
	gup_port_rwlock_init(&rwlock);
	guarded = wrong = 0;
	word = done = 0;
}

static void add_slowly(void)
{
	u64 was = guarded;

	gup_port_load(&word);
	guarded = was + 1;
}

static void add_under_lock(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		gup_port_lock_acquire(&lock);
		add_slowly();
		gup_port_lock_release(&lock);
	}
}

static void add_without(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++)
		add_slowly();
}

static void locks_exclude(void **state)
{
	unsigned int lost = 0;

	(void)state;
	for (uint64_t number = 1; number <= PLAYS; number++) {
		reset();
		play(number, add_under_lock, add_under_lock);
		expect_silence();
		assert_int_equal(guarded, 2 * ROUNDS);
		reset();
		play(number, add_without, add_without);
		lost += guarded != 2 * ROUNDS;
	}
	assert_true(lost > PLAYS / 10);
}

static u32 readers, most_readers;

static void write_slowly(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		gup_port_rwlock_write_lock(&rwlock);
		wrong += readers;
		add_slowly();
		gup_port_rwlock_write_unlock(&rwlock);
	}
}

static void read_slowly(void *arg)
{
	u64 was;

	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		gup_port_rwlock_read_lock(&rwlock);
		readers++;
		most_readers = readers > most_readers ? readers : most_readers;
		was = guarded;
		gup_port_load(&word);
		wrong += was != guarded;
		readers--;
		gup_port_rwlock_read_unlock(&rwlock);
	}
}

static void rwlocks_share_and_exclude(void **state)
{
	(void)state;
	most_readers = 0;
	for (uint64_t number = 1; number <= PLAYS; number++) {
		reset();
		play(number, write_slowly, read_slowly);
		expect_silence();
		assert_int_equal(guarded, ROUNDS);
		assert_int_equal(wrong, 0);
	}
	assert_int_equal(most_readers, 1);
	for (uint64_t number = 1; number <= PLAYS; number++)
		play(number, read_slowly, read_slowly);
	assert_int_equal(most_readers, 2);
}

static void wait_for_word(void *arg)
{
	(void)arg;
	while (!gup_port_load(&word))
		gup_port_wait(&word, 0, FOREVER_NS);
	done++;
}

static void set_word(void *arg)
{
	(void)arg;
	gup_port_store(&word, 1);
	gup_port_wake(&word);
}

static void waiters_are_woken(void **state)
{
	(void)state;
	for (uint64_t number = 1; number <= PLAYS; number++) {
		struct gup_sim_outcome outcome;

		reset();
		outcome = play(number, wait_for_word, set_word);
		expect_silence();
		assert_int_equal(done, 1);
		assert_int_equal(outcome.jumps, 0); /* no time had to pass */
	}
}

static void sleep_long(void *arg)
{
	u64 before = gup_port_now_ns();

	(void)arg;
	gup_port_sleep_ns(FOREVER_NS);
	assert_true(gup_port_now_ns() - before >= FOREVER_NS);
	gup_port_store(&done, 1);
}

static void sleep_short(void *arg)
{
	u64 before = gup_port_now_ns();

	(void)arg;
	gup_port_sleep_ns(1000);
	gup_port_wait(&word, 0, 1000);
	assert_true(gup_port_now_ns() - before < FOREVER_NS / 2);
	wrong += gup_port_load(&done);
}

static void time_passes_when_nobody_runs(void **state)
{
	(void)state;
	for (uint64_t number = 1; number <= PLAYS; number++) {
		reset();
		play(number, sleep_long, sleep_short);
		expect_silence();
		assert_int_equal(wrong, 0);
	}
}

static u32 removed, in_section;

static void read_section(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		gup_port_rcu_read_lock();
		in_section = !gup_port_load(&removed);
		gup_port_load(&word);
		gup_port_load(&word);
		in_section = 0;
		gup_port_rcu_read_unlock();
	}
}

static void remove_and_wait(void *arg)
{
	(void)arg;
	gup_port_store(&removed, 1);
	gup_port_rcu_synchronize();
	wrong += in_section;
}

static void grace_periods_wait_for_sections(void **state)
{
	(void)state;
	for (uint64_t number = 1; number <= PLAYS; number++) {
		reset();
		removed = in_section = 0;
		play(number, read_section, remove_and_wait);
		expect_silence();
		assert_int_equal(wrong, 0);
	}
}

static void slots_and_locals(void *arg)
{
	(void)arg;
	assert_null(*gup_sim_local());
	*gup_sim_local() = &word;
	gup_port_load(&word);
	assert_ptr_equal(*gup_sim_local(), &word);
	done += 10 * (u32)gup_port_self();
}

static void fibers_have_numbers_and_words(void **state)
{
	(void)state;
	for (uint64_t number = 1; number <= PLAYS; number++) {
		reset();
		play(number, slots_and_locals, slots_and_locals);
		assert_int_equal(done, 30);
		assert_int_equal(gup_port_self(), 0);
	}
}

/* ---- determinism ---- */

static void mixture(void *arg)
{
	add_under_lock(arg);
	read_section(arg);
	write_slowly(arg);
	gup_port_sleep_ns(100);
	gup_port_rcu_synchronize();
}

static uint64_t digest_of(unsigned int numbers)
{
	uint64_t digest = 0;

	for (uint64_t number = 1; number <= numbers; number++) {
		reset();
		digest = digest * 31 + play(number, mixture, mixture).digest;
		expect_silence();
	}
	return digest;
}

static void a_number_is_an_order(void **state)
{
	uint64_t first = digest_of(PLAYS), one, other;

	(void)state;
	assert_int_equal(digest_of(PLAYS), first);
	reset();
	one = play(17, mixture, mixture).digest;
	reset();
	other = play(18, mixture, mixture).digest;
	assert_true(one != other);
}

/* The program again, at other addresses. */
static uint64_t digest_of_another_process(void)
{
	char self[256] = "", line[64] = "";
	FILE *other;

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 8) > 0);
	strcat(self, " digest");
	other = popen(self, "r");
	assert_non_null(other);
	assert_non_null(fgets(line, sizeof(line), other));
	assert_int_equal(pclose(other), 0);
	return strtoull(line, NULL, 16);
}

static void addresses_do_not_matter(void **state)
{
	(void)state;
	assert_int_equal(digest_of_another_process(), digest_of(PLAYS));
}

static void places_have_names(void **state)
{
	char text[160];

	(void)state;
	assert_true(gup_port_site((const char *)(uintptr_t)places_have_names + 5, text, sizeof(text)));
	assert_non_null(strstr(text, "places_have_names"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_exclude),
		cmocka_unit_test(rwlocks_share_and_exclude),
		cmocka_unit_test(waiters_are_woken),
		cmocka_unit_test(time_passes_when_nobody_runs),
		cmocka_unit_test(grace_periods_wait_for_sections),
		cmocka_unit_test(fibers_have_numbers_and_words),
		cmocka_unit_test(a_number_is_an_order),
		cmocka_unit_test(addresses_do_not_matter),
		cmocka_unit_test(places_have_names),
	};

	if (argc > 1 && !strcmp(argv[1], "digest"))
		return printf("%llx\n", (unsigned long long)digest_of(PLAYS)) < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
