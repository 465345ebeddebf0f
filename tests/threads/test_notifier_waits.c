/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_notifier_waits.c - one change that is held up in a callback, and who has to wait for it; and the
 * end of an mm beside the end of a notifier.
 *
 * A thread changes an entry and its callback does not return before the test lets it. Whoever must wait for the end of
 * that finds it ended when its call returns; whoever must not wait gets through first, and only then the callback ends.
 */
#include <unistd.h>

#include "race.h"

#define BLINK_US 20000

struct held {
	struct world w;
	struct gup_mm *relative; /* maps the same object, and nobody is subscribed to it */
	struct gup_object *shm;
	struct gup_notifier *notifier;
	struct gup_interval *interval;
	bool relay;				/* the second change lets the first one go on */
	unsigned int inside, going;		/* atomic */
	unsigned int open, open_second;		/* atomic: lets the first and the second change go on */
	unsigned int starts, ends, calls, late; /* atomic */
};

static unsigned int set(unsigned int *flag)
{
	return __atomic_add_fetch(flag, 1, __ATOMIC_SEQ_CST);
}

static unsigned int get(const unsigned int *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static void await(const unsigned int *flag)
{
	while (!get(flag))
		usleep(100);
}

static void held_start(void *context, const struct gup_notifier_range *range)
{
	struct held *held = context;

	(void)range;
	if (set(&held->starts) == 1) {
		set(&held->inside);
		await(&held->open);
		return;
	}
	if (held->relay)
		set(&held->open);
	await(&held->open_second);
}

static void held_end(void *context, const struct gup_notifier_range *range)
{
	(void)range;
	set(&((struct held *)context)->ends);
}

static bool held_invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
			    uint64_t seq)
{
	struct held *held = context;

	(void)range;
	gup_interval_set_seq(interval, seq);
	set(&held->inside);
	await(&held->open);
	set(&held->calls);
	return true;
}

static bool note_invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
			    uint64_t seq)
{
	(void)context;
	(void)range;
	gup_interval_set_seq(interval, seq);
	return true;
}

static void count_start(void *context, const struct gup_notifier_range *range)
{
	(void)range;
	set(&((struct held *)context)->late);
}

static const struct gup_notifier_ops held_ops = { .invalidate_start = held_start, .invalidate_end = held_end };
static const struct gup_interval_ops held_interval_ops = { held_invalidate };
static const struct gup_interval_ops note_ops = { note_invalidate };
static const struct gup_notifier_ops count_ops = { .invalidate_start = count_start, .invalidate_end = count_start };

static int play_change(struct actor *actor)
{
	struct held *held = actor->stage;

	CHECK(gup_madvise(held->w.mm, BASE, PAGE, GUP_MADV_DONTNEED) == 0);
	return 0;
}

/* Opens a while after the other one said that it goes to where it has to wait. */
static int play_opener(struct actor *actor)
{
	struct held *held = actor->stage;

	await(&held->going);
	usleep(BLINK_US);
	set(&held->open);
	return 0;
}

struct scene {
	int (*change)(struct actor *actor); /* the one that is held up */
	int (*other)(struct actor *actor);
	int (*third)(struct actor *actor);
	bool interval; /* holds it up, else a notifier */
	bool relay;
};

static void hold_up(const struct scene *scene)
{
	static struct held held;
	struct actor actors[] = {
		{ .name = "change", .play = scene->change, .stage = &held },
		{ .name = "other", .play = scene->other, .stage = &held },
		{ .name = "third", .play = scene->third, .stage = &held },
	};

	memset(&held, 0, sizeof(held));
	held.relay = scene->relay;
	world_begin(&held.w, &(struct world_spec){ .normal = 4 });
	map_anon(held.w.mm, BASE, PAGE);
	app_expect_zero(held.w.mm, BASE, PAGE);
	held.relative = world_mm(&held.w, "relative");
	held.shm = new_shm(&held.w, PAGE);
	map_shared(held.relative, BASE, PAGE, held.shm);
	map_shared(held.w.mm, BASE + PAGE, PAGE, held.shm);
	app_poke(held.w.mm, BASE + PAGE, 1);
	if (scene->interval)
		assert_int_equal(gup_interval_insert(held.w.mm, BASE, PAGE, &held_interval_ops, &held, &held.interval),
				 0);
	else
		assert_int_equal(gup_notifier_register(held.w.mm, &held_ops, &held, &held.notifier), 0);
	run_actors(actors, ARRAY_LEN(actors));
	if (held.notifier)
		assert_int_equal(gup_notifier_unregister(held.notifier), 0);
	gup_object_put(held.shm);
	world_end(&held.w);
}

static int play_remover(struct actor *actor)
{
	struct held *held = actor->stage;

	await(&held->inside);
	set(&held->going);
	CHECK(gup_interval_remove(held->interval) == 0);
	CHECK(get(&held->calls) == 1);
	return 0;
}

static void remove_waits_for_the_callback(void **state)
{
	(void)state;
	hold_up(&(struct scene){ play_change, play_remover, play_opener, true, false });
}

static int play_unregisterer(struct actor *actor)
{
	struct held *held = actor->stage;

	await(&held->inside);
	set(&held->going);
	CHECK(gup_notifier_unregister(held->notifier) == 0);
	CHECK(get(&held->starts) == 1 && get(&held->ends) == 1);
	held->notifier = NULL;
	return 0;
}

static void unregister_waits_for_the_end(void **state)
{
	(void)state;
	hold_up(&(struct scene){ play_change, play_unregisterer, play_opener, false, false });
}

/* It returns at once, and is not told of a change that began before; its reader waits for the end of that. */
static int play_inserter(struct actor *actor)
{
	struct held *held = actor->stage;
	struct gup_interval *interval;
	uint64_t seq;

	await(&held->inside);
	CHECK(gup_interval_insert(held->w.mm, BASE, PAGE, &held_interval_ops, held, &interval) == 0);
	CHECK(get(&held->ends) == 0);
	set(&held->going);
	seq = gup_interval_read_begin(interval);
	CHECK(get(&held->ends) == 1);
	CHECK(!gup_interval_read_retry(interval, seq));
	CHECK(gup_interval_remove(interval) == 0);
	CHECK(get(&held->calls) == 0);
	return 0;
}

static void insert_during_a_change(void **state)
{
	(void)state;
	hold_up(&(struct scene){ play_change, play_inserter, play_opener, false, false });
}

static int play_reader_elsewhere(struct actor *actor)
{
	struct held *held = actor->stage;
	struct gup_interval *interval;

	await(&held->inside);
	CHECK(gup_interval_insert(held->w.mm, BASE + PAGE, PAGE, &held_interval_ops, held, &interval) == 0);
	(void)gup_interval_read_begin(interval);
	CHECK(gup_interval_remove(interval) == 0);
	CHECK(get(&held->ends) == 0);
	set(&held->going);
	return 0;
}

static void other_ranges_do_not_wait(void **state)
{
	(void)state;
	hold_up(&(struct scene){ play_change, play_reader_elsewhere, play_opener, false, false });
}

static int play_registerer(struct actor *actor)
{
	struct held *held = actor->stage;
	struct gup_notifier *notifier;

	await(&held->inside);
	set(&held->going);
	CHECK(gup_notifier_register(held->w.mm, &count_ops, held, &notifier) == 0);
	CHECK(get(&held->ends) == 1);
	CHECK(gup_notifier_unregister(notifier) == 0);
	CHECK(get(&held->late) == 0);
	return 0;
}

static void register_waits_for_the_change(void **state)
{
	(void)state;
	hold_up(&(struct scene){ play_change, play_registerer, play_opener, false, false });
}

static int play_punch(struct actor *actor)
{
	struct held *held = actor->stage;

	CHECK(gup_object_punch(held->shm, 0, PAGE, 0, NULL) == 0);
	return 0;
}

/* The walk through the object's mappings may have been here when nobody was subscribed: it has to be over. */
static int play_first_subscriber(struct actor *actor)
{
	struct held *held = actor->stage;
	struct gup_interval *interval;

	await(&held->inside);
	set(&held->going);
	CHECK(gup_interval_insert(held->relative, BASE, PAGE, &note_ops, held, &interval) == 0);
	CHECK(get(&held->ends) == 1);
	CHECK(gup_interval_remove(interval) == 0);
	return 0;
}

static void first_subscription_waits_for_walks(void **state)
{
	(void)state;
	hold_up(&(struct scene){ play_punch, play_first_subscriber, play_opener, false, false });
}

static int play_second_change(struct actor *actor)
{
	struct held *held = actor->stage;

	await(&held->going);
	usleep(BLINK_US);
	return play_change(actor);
}

/* The first change has ended, the second runs and has told the interval: what is read now is no good. */
static int play_reader_between(struct actor *actor)
{
	struct held *held = actor->stage;
	struct gup_interval *interval;
	uint64_t seq;

	await(&held->inside);
	CHECK(gup_interval_insert(held->w.mm, BASE, PAGE, &note_ops, held, &interval) == 0);
	set(&held->going);
	seq = gup_interval_read_begin(interval);
	CHECK(get(&held->starts) == 2 && get(&held->ends) == 1);
	CHECK(gup_interval_read_retry(interval, seq));
	set(&held->open_second);
	CHECK(gup_interval_remove(interval) == 0);
	CHECK(get(&held->ends) == 2);
	return 0;
}

static void read_between_two_changes(void **state)
{
	(void)state;
	hold_up(&(struct scene){ play_change, play_reader_between, play_second_change, false, true });
}

static int play_write_fault(struct actor *actor)
{
	struct held *held = actor->stage;
	uint8_t byte = 7, seen[2] = { 1, 1 };

	CHECK(gup_copy_to_user(held->w.mm, BASE, &byte, 1) == 0);
	CHECK(gup_copy_from_user(held->w.mm, seen, BASE, 2) == 0);
	CHECK(seen[0] == 7 && seen[1] == 0);
	return 0;
}

static int play_emptier(struct actor *actor)
{
	struct held *held = actor->stage;

	await(&held->inside);
	set(&held->open_second);
	CHECK_CALL(play_change(actor));
	set(&held->going);
	return 0;
}

/* The page that was to be replaced is gone when everybody was told of it. */
static void copy_of_what_is_gone(void **state)
{
	(void)state;
	hold_up(&(struct scene){ play_write_fault, play_emptier, play_opener, false, false });
}

/* ---- the end of the mm beside the end of a notifier ---- */

static struct gup_notifier *leaving;
static unsigned int released; /* atomic */

static void count_release(void *context, struct gup_mm *mm)
{
	(void)context;
	(void)mm;
	spin(200);
	__atomic_fetch_add(&released, 1, __ATOMIC_SEQ_CST);
}

static const struct gup_notifier_ops leaving_ops = { .release = count_release };

static int prepare_exit(struct race *race, uint64_t round)
{
	(void)round;
	released = 0;
	CHECK(gup_mm_create(race->w.m, "short", &race->child) == 0);
	CHECK_CALL(map_again(race->child, PAGE));
	CHECK_CALL(write_byte(race->child, BASE, 1));
	CHECK(gup_notifier_register(race->child, &leaving_ops, NULL, &leaving) == 0);
	return 0;
}

static int side_exit(struct race *race, uint64_t round)
{
	spin(round % 400);
	gup_mm_destroy(race->child);
	return __atomic_load_n(&released, __ATOMIC_SEQ_CST) == 1 ? 0 : __LINE__;
}

static int side_unregister(struct race *race, uint64_t round)
{
	(void)race;
	spin(400 - round % 400);
	CHECK(gup_notifier_unregister(leaving) == 0);
	CHECK(__atomic_load_n(&released, __ATOMIC_SEQ_CST) == 1);
	return 0;
}

static int judge_exit(struct race *race, uint64_t round)
{
	(void)race;
	(void)round;
	CHECK(released == 1);
	return 0;
}

static void unregister_beside_exit(void **state)
{
	static struct race race;

	(void)state;
	race_begin(&race, &(struct world_spec){ .normal = 4 });
	race.rounds = 4000;
	race.prepare = prepare_exit;
	race.side[0] = side_exit;
	race.side[1] = side_unregister;
	race.judge = judge_exit;
	run_rounds(&race);
	world_end(&race.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remove_waits_for_the_callback), cmocka_unit_test(unregister_waits_for_the_end),
		cmocka_unit_test(insert_during_a_change),	 cmocka_unit_test(other_ranges_do_not_wait),
		cmocka_unit_test(register_waits_for_the_change), cmocka_unit_test(first_subscription_waits_for_walks),
		cmocka_unit_test(read_between_two_changes),	 cmocka_unit_test(copy_of_what_is_gone),
		cmocka_unit_test(unregister_beside_exit),
	};

	return cmocka_run_group_tests_name("notifier waits", tests, NULL, NULL);
}
