/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_port.c - a port does what its manual says: built for port/linux and, over threads, for port/template.
 *
 * Only what every port promises; test_port_linux.c has the rest. Lost updates show as exact sums, a broken grace period
 * as a freed record that a reader still sees, a missing order as two threads of which none saw the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <cmocka.h>

#include "host.h"

#define THREADS 4
#define ROUNDS 20000
#define FOREVER_NS UINT64_C(60000000000)

static void run_threads(void *(*body)(void *))
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body, (void *)i), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void atomics_have_their_values(void **state)
{
	u64 wide = 5, expected = 4;
	u32 word = 0xf0;
	u8 byte = 1;

	(void)state;
	assert_false(gup_port_cas(&wide, &expected, 9));
	assert_int_equal(expected, 5);
	assert_true(gup_port_cas(&wide, &expected, UINT64_MAX));
	assert_int_equal(gup_port_fetch_add(&wide, 3), UINT64_MAX);
	assert_int_equal(gup_port_load(&wide), 2);
	assert_int_equal(gup_port_fetch_sub(&wide, 3), 2);
	assert_int_equal(gup_port_load_acquire(&wide), UINT64_MAX);
	assert_int_equal(gup_port_fetch_or(&word, 0x0f), 0xf0);
	assert_int_equal(gup_port_fetch_and(&word, 0x3c), 0xff);
	assert_int_equal(gup_port_load_relaxed(&word), 0x3c);
	gup_port_store(&byte, 2);
	assert_int_equal(gup_port_load(&byte), 2);
	gup_port_store_release(&byte, 3);
	assert_int_equal(gup_port_load(&byte), 3);
	gup_port_store_relaxed(&byte, 4);
	assert_int_equal(gup_port_load(&byte), 4);
}

/*
 * What the lockless protocol rests on: each of two threads changes one word and then loads the other's, and at least one
 * sees the other. With a store that is no more than a release, both miss the other now and then, on every CPU.
 */
#define PAIRS 256
#define PAIR_ROUNDS 500

static struct pair {
	u64 count, entry, entry_seen, count_seen;
} pairs[PAIRS];
static u32 arrived;

static void meet(u32 number)
{
	gup_port_fetch_add(&arrived, 1);
	while (gup_port_load(&arrived) < number)
		gup_port_relax();
}

static void walk(struct pair *p, bool by_cas)
{
	u64 none = 0;

	if (by_cas)
		(void)gup_port_cas(&p->count, &none, (u64)1);
	else
		gup_port_fetch_add(&p->count, (u64)1);
	p->entry_seen = gup_port_load(&p->entry);
}

static void *change_entries(void *unused)
{
	(void)unused;
	for (u32 round = 0; round < PAIR_ROUNDS; round++) {
		meet(4 * round + 2);
		for (struct pair *p = pairs; p < pairs + PAIRS; p++) {
			gup_port_store(&p->entry, (u64)1);
			p->count_seen = gup_port_load(&p->count);
		}
		meet(4 * round + 4);
	}
	return NULL;
}

static void one_of_two_sees_the_other(void **state)
{
	pthread_t other;
	u64 missed = 0;

	(void)state;
	if (!KEEPS_ORDER)
		skip(); /* qemu-user lets a load of arm64 (ldar) overtake a store (stlr): docs/porting.md */
	assert_int_equal(pthread_create(&other, NULL, change_entries, NULL), 0);
	for (u32 round = 0; round < PAIR_ROUNDS; round++) {
		meet(4 * round + 2);
		for (struct pair *p = pairs; p < pairs + PAIRS; p++)
			walk(p, round % 2);
		meet(4 * round + 4);
		for (struct pair *p = pairs; p < pairs + PAIRS; p++) {
			missed += !p->entry_seen && !p->count_seen;
			*p = (struct pair){ 0 };
		}
	}
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(missed, 0);
}

static struct gup_port_lock lock;
static struct gup_port_rwlock rwlock;
static u64 guarded[2];
static u64 guarded_reads_wrong;

static void *count_under_lock(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		gup_port_lock_acquire(&lock);
		guarded[0]++;
		gup_port_lock_release(&lock);
	}
	return NULL;
}

static void lock_excludes(void **state)
{
	(void)state;
	guarded[0] = 0;
	run_threads(count_under_lock);
	assert_int_equal(guarded[0], THREADS * ROUNDS);
	assert_int_equal(lock.word, 0);
}

/* Every fourth turn writes both words; readers must never see them differ. */
static void *read_and_write(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		if (i % 4 == 0) {
			gup_port_rwlock_write_lock(&rwlock);
			guarded[0]++;
			guarded[1]++;
			gup_port_rwlock_write_unlock(&rwlock);
		} else {
			gup_port_rwlock_read_lock(&rwlock);
			if (guarded[0] != guarded[1])
				gup_port_fetch_add(&guarded_reads_wrong, 1);
			gup_port_rwlock_read_unlock(&rwlock);
		}
	}
	return NULL;
}

static void rwlock_excludes_writers(void **state)
{
	(void)state;
	guarded[0] = 0;
	guarded[1] = 0;
	gup_port_rwlock_init(&rwlock);
	run_threads(read_and_write);
	gup_port_rwlock_destroy(&rwlock);
	assert_int_equal(guarded[0], THREADS * ROUNDS / 4);
	assert_int_equal(guarded_reads_wrong, 0);
}

static void rwlock_lets_readers_share(void **state)
{
	struct gup_port_rwlock l;

	(void)state;
	gup_port_rwlock_init(&l);
	gup_port_rwlock_read_lock(&l);
	gup_port_rwlock_read_lock(&l); /* only allowed here: no writer can be waiting */
	gup_port_rwlock_read_unlock(&l);
	gup_port_rwlock_read_unlock(&l);
	gup_port_rwlock_write_lock(&l);
	gup_port_rwlock_write_unlock(&l);
	gup_port_rwlock_destroy(&l);
}

/* One writer replaces a record and destroys the old one after a grace period; plain accesses, so a sanitizer sees. */
#define RCU_UPDATES 100
#define RCU_READS 200
#define RECORD_LIVE 0x11111111u
#define RECORD_DEAD 0xdeaddeadu

static u64 records[2];
static u32 current_record, rcu_done;
static u64 dead_records_seen;

static void *read_records(void *unused)
{
	(void)unused;
	do {
		const volatile u64 *record;

		gup_port_rcu_read_lock();
		record = &records[gup_port_load(&current_record)];
		for (unsigned int i = 0; i < RCU_READS; i++) {
			if (*record != RECORD_LIVE)
				gup_port_fetch_add(&dead_records_seen, 1);
		}
		gup_port_rcu_read_unlock();
		gup_port_relax();
	} while (!gup_port_load(&rcu_done));
	return NULL;
}

static void *replace_records(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < RCU_UPDATES; i++) {
		u32 old = gup_port_load(&current_record);

		records[!old] = RECORD_LIVE;
		gup_port_store(&current_record, !old);
		gup_port_rcu_synchronize();
		records[old] = RECORD_DEAD;
	}
	gup_port_store(&rcu_done, 1);
	return NULL;
}

static void *rcu_thread(void *number)
{
	return number ? read_records(NULL) : replace_records(NULL);
}

static void grace_period_waits_for_readers(void **state)
{
	(void)state;
	records[0] = RECORD_LIVE;
	run_threads(rcu_thread);
	assert_int_equal(dead_records_seen, 0);
	assert_int_equal(current_record, RCU_UPDATES % 2);
	assert_int_equal(records[0], RECORD_LIVE);
	assert_int_equal(records[1], RECORD_DEAD);
}

static u32 grace_begun, grace_ended;

static void *one_grace_period(void *unused)
{
	(void)unused;
	gup_port_store(&grace_begun, 1);
	gup_port_rcu_synchronize();
	gup_port_store(&grace_ended, 1);
	return NULL;
}

/* However long this thread stays in its section, the other's grace period does not end before. */
static void grace_period_waits_for_an_open_section(void **state)
{
	pthread_t other;

	(void)state;
	gup_port_rcu_read_lock();
	assert_int_equal(pthread_create(&other, NULL, one_grace_period, NULL), 0);
	while (!gup_port_load(&grace_begun))
		gup_port_relax();
	gup_port_sleep_ns(5000000);
	assert_int_equal(gup_port_load(&grace_ended), 0);
	gup_port_rcu_read_unlock();
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(gup_port_load(&grace_ended), 1);
}

static void read_sections_nest(void **state)
{
	(void)state;
	gup_port_rcu_read_lock();
	gup_port_rcu_read_lock();
	gup_port_rcu_read_unlock();
	gup_port_rcu_read_unlock();
	gup_port_rcu_synchronize(); /* returns, since nothing is open */
}

static void *wake_waiter(void *word)
{
	gup_port_store((u32 *)word, 1);
	gup_port_wake(word);
	return NULL;
}

static void wait_ends_when_the_word_changes(void **state)
{
	pthread_t waker;
	u32 word = 0;

	(void)state;
	gup_port_wait(&word, 1, FOREVER_NS); /* differs already */
	gup_port_wait(&word, 0, 1000);	     /* nobody wakes: the timeout does */
	assert_int_equal(pthread_create(&waker, NULL, wake_waiter, &word), 0);
	while (!gup_port_load(&word))
		gup_port_wait(&word, 0, FOREVER_NS);
	assert_int_equal(pthread_join(waker, NULL), 0);
}

static void clock_never_goes_back(void **state)
{
	u64 before = gup_port_now_ns(), after;

	(void)state;
	gup_port_sleep_ns(2000000);
	after = gup_port_now_ns();
	assert_true(after - before >= 2000000);
	assert_true(gup_port_now_ns() >= after);
}

static void check_memory(bool frames, u64 align)
{
	struct gup_port_memory first = { .bytes = 3 * GUP_HUGE_SIZE + GUP_PAGE_SIZE },
			       second = { .bytes = GUP_PAGE_SIZE };
	unsigned char *at;

	assert_int_equal(gup_port_memory_map(&first, frames), 0);
	assert_int_equal(gup_port_memory_map(&second, frames), 0);
	assert_int_equal((uintptr_t)first.base % align, 0);
	assert_int_equal((uintptr_t)second.base % align, 0);
	assert_int_equal(first.bytes, 3 * GUP_HUGE_SIZE + GUP_PAGE_SIZE);
	at = first.base;
	for (u64 i = 0; i < first.bytes; i += GUP_PAGE_SIZE)
		assert_int_equal(at[i], 0);
	memset(at, 0xa5, first.bytes);
	assert_int_equal(*(unsigned char *)second.base, 0);
	gup_port_memory_unmap(&first);
	gup_port_memory_unmap(&second);
}

static void memory_is_zero_and_aligned(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		check_memory(true, GUP_HUGE_SIZE);
		check_memory(false, GUP_PAGE_SIZE);
	}
}

static void too_much_memory_is_refused(void **state)
{
	struct gup_port_memory mem = { .bytes = UINT64_C(1) << 62 };

	(void)state;
	assert_int_equal(gup_port_memory_map(&mem, true), -GUP_ENOMEM);
	assert_int_equal(gup_port_memory_map(&mem, false), -GUP_ENOMEM);
}

static void slot_is_stable(void **state)
{
	(void)state;
	assert_int_equal(gup_port_slot(), gup_port_slot());
}

static void self_is_stable(void **state)
{
	(void)state;
	assert_true(gup_port_self() == gup_port_self());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(atomics_have_their_values),
		cmocka_unit_test(one_of_two_sees_the_other),
		cmocka_unit_test(lock_excludes),
		cmocka_unit_test(rwlock_excludes_writers),
		cmocka_unit_test(rwlock_lets_readers_share),
		cmocka_unit_test(grace_period_waits_for_readers),
		cmocka_unit_test(grace_period_waits_for_an_open_section),
		cmocka_unit_test(read_sections_nest),
		cmocka_unit_test(wait_ends_when_the_word_changes),
		cmocka_unit_test(clock_never_goes_back),
		cmocka_unit_test(memory_is_zero_and_aligned),
		cmocka_unit_test(too_much_memory_is_refused),
		cmocka_unit_test(slot_is_stable),
		cmocka_unit_test(self_is_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
