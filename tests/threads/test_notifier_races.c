/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/threads/test_notifier_races.c - readers of intervals against everybody who changes entries, and subscriptions
 * that come and go meanwhile.
 *
 * What a reader pinned, and then need not look at again, is what is mapped, for as long as it holds the lock that its
 * callback takes. Whoever has removed a subscription is never called again.
 */
#include <sched.h>
#include <stdlib.h>

#include "race.h"

#define PAGES 8
#define ROUNDS 3000
#define CHANGES 300

/* ---- readers and changers ---- */

struct stage {
	struct world w;
	struct gup_object *file;
	unsigned int readers;  /* atomic: how many still play */
	unsigned int zaps;     /* atomic: how many have begun */
	unsigned int changers; /* atomic: how many have not changed enough yet */
};

struct reader {
	struct stage *stage;
	struct gup_interval *interval;
	pthread_mutex_t lock;
	uint64_t seen; /* [lock] calls */
};

static bool reader_invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
			      uint64_t seq)
{
	struct reader *reader = context;

	(void)range;
	pthread_mutex_lock(&reader->lock);
	gup_interval_set_seq(interval, seq);
	reader->seen++;
	pthread_mutex_unlock(&reader->lock);
	return true;
}

static const struct gup_interval_ops reader_ops = { reader_invalidate };

static bool is_zero_page(struct gup_machine *m, const struct gup_page *page)
{
	struct gup_frame_info info;

	return gup_frame_info(m, gup_page_to_pfn(m, page), &info) == 0 && info.kind == GUP_FRAME_ZERO;
}

/*
 * The entry at @addr maps @page. A store of the application may disturb a look, and then it is repeated. The zero page
 * cannot be looked at like this.
 */
static bool maps(struct gup_mm *mm, uint64_t addr, struct gup_page *page)
{
	struct gup_page *now = NULL;
	unsigned int tries;

	if (is_zero_page(gup_mm_machine(mm), page))
		return true;
	for (tries = 0; tries < 100000; tries++)
		if (gup_get_user_pages_fast_only(mm, addr, 1, 0, &now) == 1)
			break;
	return now && gup_put_page(gup_mm_machine(mm), now) == 0 && now == page;
}

static int read_once(struct actor *actor, struct reader *reader)
{
	struct gup_mm *mm = reader->stage->w.mm;
	uint64_t addr = BASE + dice(actor, PAGES) * PAGE, seq = gup_interval_read_begin(reader->interval);
	struct gup_page *page;
	bool right = true;
	int i;

	if (gup_pin_user_pages_fast(mm, addr, 1, 0, &page) != 1)
		return 0;
	pthread_mutex_lock(&reader->lock);
	if (!gup_interval_read_retry(reader->interval, seq)) {
		for (i = 0; i < 5 && right; i++)
			right = maps(mm, addr, page);
		actor->done++;
	}
	pthread_mutex_unlock(&reader->lock);
	CHECK(gup_unpin_user_page(gup_mm_machine(mm), page) == 0);
	CHECK(right);
	return 0;
}

static bool enough(const struct stage *stage)
{
	return !__atomic_load_n(&stage->changers, __ATOMIC_SEQ_CST);
}

static int play_reader(struct actor *actor)
{
	struct reader reader = { .stage = actor->stage, .lock = PTHREAD_MUTEX_INITIALIZER };
	int line = 0, round;

	CHECK(gup_interval_insert(reader.stage->w.mm, BASE, PAGES * PAGE, &reader_ops, &reader, &reader.interval) == 0);
	for (round = 0; (round < ROUNDS || !actor->done || !enough(reader.stage)) && !line; round++)
		line = read_once(actor, &reader);
	CHECK(gup_interval_remove(reader.interval) == 0);
	__atomic_fetch_sub(&reader.stage->readers, 1, __ATOMIC_SEQ_CST);
	return line;
}

static bool over(const struct stage *stage)
{
	return !__atomic_load_n(&stage->readers, __ATOMIC_SEQ_CST);
}

/* One more change is made. */
static void count_change(struct actor *actor, uint64_t nr)
{
	struct stage *stage = actor->stage;

	if (actor->done < CHANGES && actor->done + nr >= CHANGES)
		__atomic_fetch_sub(&stage->changers, 1, __ATOMIC_SEQ_CST);
	actor->done += nr;
}

static int play_unmapper(struct actor *actor)
{
	struct gup_map_request map = { 0, PAGE, RW, ANON_AT, NULL, 0 };
	struct stage *stage = actor->stage;
	uint8_t byte = 3;

	while (!over(stage)) {
		map.addr = BASE + dice(actor, PAGES) * PAGE;
		CHECK(gup_mmap(stage->w.mm, &map) == (int64_t)map.addr);
		(void)gup_copy_to_user(stage->w.mm, map.addr, &byte, 1); /* it may be protected already */
		map.addr = BASE + dice(actor, PAGES) * PAGE;
		CHECK(gup_madvise(stage->w.mm, map.addr, PAGE, GUP_MADV_DONTNEED) == 0);
		count_change(actor, 1);
	}
	return 0;
}

static int play_protector(struct actor *actor)
{
	struct stage *stage = actor->stage;
	uint8_t byte = 1;
	uint64_t addr;

	while (!over(stage)) {
		addr = BASE + dice(actor, PAGES) * PAGE;
		CHECK(gup_mprotect(stage->w.mm, addr, PAGE, GUP_PROT_READ) == 0);
		CHECK(gup_mprotect(stage->w.mm, addr, PAGE, RW) == 0);
		(void)gup_copy_to_user(stage->w.mm, addr, &byte, 1);
		count_change(actor, 1);
	}
	return 0;
}

static int play_mover(struct actor *actor)
{
	struct stage *stage = actor->stage;
	long moved;

	while (!over(stage)) {
		moved = gup_migrate_range(stage->w.mm, BASE, PAGES * PAGE, NULL);
		CHECK(moved >= 0);
		count_change(actor, (uint64_t)moved);
	}
	return 0;
}

static int play_forker(struct actor *actor)
{
	struct stage *stage = actor->stage;
	struct gup_mm *child;
	uint8_t byte = 2;

	while (!over(stage)) {
		CHECK(gup_mm_fork(stage->w.mm, "child", &child) == 0);
		(void)gup_copy_to_user(stage->w.mm, BASE + dice(actor, PAGES) * PAGE, &byte, 1);
		gup_mm_destroy(child);
		count_change(actor, 1);
	}
	return 0;
}

static void not_retried_is_mapped(void **state)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "reader", .play = play_reader, .stage = &stage, .seed = 11 },
		{ .name = "other reader", .play = play_reader, .stage = &stage, .seed = 12 },
		{ .name = "unmapper", .play = play_unmapper, .stage = &stage, .seed = 13 },
		{ .name = "protector", .play = play_protector, .stage = &stage, .seed = 14 },
		{ .name = "mover", .play = play_mover, .stage = &stage, .seed = 15 },
		{ .name = "forker", .play = play_forker, .stage = &stage, .seed = 16 },
	};

	(void)state;
	world_begin(&stage.w, &(struct world_spec){ .normal = 8, .movable = 4 });
	map_anon(stage.w.mm, BASE, PAGES * PAGE);
	app_fill(stage.w.mm, BASE, PAGES * PAGE, 1);
	stage.readers = 2;
	stage.changers = 4;
	run_actors(actors, ARRAY_LEN(actors));
	world_end(&stage.w);
}

/* ---- the first subscription, and the last ---- */

#define MANY 1024

#define MEETINGS 250

/* The mapping begins one page behind a 2 MiB boundary, so each page of the file has an entry of its own. */
#define ODD (BASE + PAGE)

static int play_zapper(struct actor *actor)
{
	struct stage *stage = actor->stage;

	while (!over(stage)) {
		CHECK(gup_populate(stage->w.mm, ODD, MANY * PAGE) == 0);
		__atomic_fetch_add(&stage->zaps, 1, __ATOMIC_SEQ_CST);
		CHECK(gup_madvise(stage->w.mm, ODD, MANY * PAGE, GUP_MADV_DONTNEED) == 0);
	}
	return 0;
}

/* Without mmap_lock: through the reverse map. Whoever holds a page makes it fail, but not before the entries are gone. */
static int play_puncher(struct actor *actor)
{
	struct stage *stage = actor->stage;
	int err;

	while (!over(stage)) {
		CHECK(gup_populate(stage->w.mm, ODD, MANY * PAGE) == 0);
		__atomic_fetch_add(&stage->zaps, 1, __ATOMIC_SEQ_CST);
		err = gup_object_punch(stage->file, 0, MANY * PAGE, 0, NULL);
		CHECK(err == 0 || err == -GUP_EBUSY);
	}
	return 0;
}

static void await_zap(const struct stage *stage)
{
	unsigned int before = __atomic_load_n(&stage->zaps, __ATOMIC_SEQ_CST);

	while (__atomic_load_n(&stage->zaps, __ATOMIC_SEQ_CST) == before)
		sched_yield();
}

/* The zap began when nobody was subscribed, and goes on while this one comes. */
static int meet_a_zap(struct actor *actor, struct reader *reader)
{
	struct gup_mm *mm = reader->stage->w.mm;
	uint64_t addr = ODD + (MANY - 1 - dice(actor, 64)) * PAGE, seq;
	struct gup_page *page;
	bool right = true;
	int i;

	await_zap(reader->stage);
	spin(dice(actor, 2000));
	CHECK(gup_interval_insert(mm, ODD, MANY * PAGE, &reader_ops, reader, &reader->interval) == 0);
	seq = gup_interval_read_begin(reader->interval);
	if (gup_get_user_pages_fast_only(mm, addr, 1, 0, &page) == 1) {
		pthread_mutex_lock(&reader->lock);
		for (i = 0; i < 50 && right && !gup_interval_read_retry(reader->interval, seq); i++)
			right = maps(mm, addr, page);
		pthread_mutex_unlock(&reader->lock);
		CHECK(gup_put_page(gup_mm_machine(mm), page) == 0);
		actor->done++;
	}
	CHECK(gup_interval_remove(reader->interval) == 0);
	CHECK(right);
	return 0;
}

static int play_newcomer(struct actor *actor)
{
	struct reader reader = { .stage = actor->stage, .lock = PTHREAD_MUTEX_INITIALIZER };
	int line = 0, round;

	for (round = 0; (round < MEETINGS || actor->done < MEETINGS / 5) && !line; round++)
		line = meet_a_zap(actor, &reader);
	__atomic_fetch_sub(&reader.stage->readers, 1, __ATOMIC_SEQ_CST);
	return line;
}

static void first_subscription(int (*zap)(struct actor *), bool dax)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "zapper", .play = zap, .stage = &stage },
		{ .name = "newcomer", .play = play_newcomer, .stage = &stage, .seed = 21 },
	};

	world_begin(&stage.w, &(struct world_spec){ .normal = 16, .dax = 8, .no_huge_pages = true });
	stage.file = dax ? new_dax_file(&stage.w, MANY * PAGE) : NULL;
	if (dax)
		map_shared(stage.w.mm, ODD, MANY * PAGE, stage.file);
	else
		map_anon(stage.w.mm, ODD, MANY * PAGE);
	stage.readers = 1;
	run_actors(actors, 2);
	gup_object_put(stage.file);
	world_end(&stage.w);
}

static void first_subscription_during_a_zap(void **state)
{
	(void)state;
	first_subscription(play_zapper, false);
}

static void first_subscription_during_a_punch(void **state)
{
	(void)state;
	first_subscription(play_puncher, true);
}

/* ---- coming and going ---- */

struct guest {
	struct gup_notifier *notifier;
	struct gup_interval *interval;
	unsigned int starts, ends, calls; /* atomic */
};

static void guest_start(void *context, const struct gup_notifier_range *range)
{
	(void)range;
	__atomic_fetch_add(&((struct guest *)context)->starts, 1, __ATOMIC_SEQ_CST);
}

static void guest_end(void *context, const struct gup_notifier_range *range)
{
	(void)range;
	__atomic_fetch_add(&((struct guest *)context)->ends, 1, __ATOMIC_SEQ_CST);
}

static bool guest_invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
			     uint64_t seq)
{
	struct guest *guest = context;

	(void)range;
	gup_interval_set_seq(interval, seq);
	__atomic_fetch_add(&guest->calls, 1, __ATOMIC_SEQ_CST);
	spin(200);
	__atomic_fetch_add(&guest->calls, 1, __ATOMIC_SEQ_CST);
	return true;
}

static const struct gup_notifier_ops guest_ops = { .invalidate_start = guest_start, .invalidate_end = guest_end };
static const struct gup_interval_ops guest_interval_ops = { guest_invalidate };

/* What a callback uses is gone as soon as the subscription is; nothing is half done then. */
static int visit(struct actor *actor, struct gup_mm *mm)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	CHECK(guest);
	CHECK(gup_notifier_register(mm, &guest_ops, guest, &guest->notifier) == 0);
	CHECK(gup_interval_insert(mm, BASE, PAGES * PAGE, &guest_interval_ops, guest, &guest->interval) == 0);
	(void)gup_interval_read_begin(guest->interval);
	spin(dice(actor, 2000));
	CHECK(gup_interval_remove(guest->interval) == 0);
	CHECK(guest->calls % 2 == 0);
	CHECK(gup_notifier_unregister(guest->notifier) == 0);
	CHECK(guest->starts == guest->ends);
	actor->done += guest->starts;
	memset(guest, 0x5a, sizeof(*guest));
	free(guest);
	return 0;
}

static int play_guest(struct actor *actor)
{
	struct stage *stage = actor->stage;
	int line = 0, round;

	for (round = 0; (round < ROUNDS || !actor->done || !enough(stage)) && !line; round++)
		line = visit(actor, stage->w.mm);
	__atomic_fetch_sub(&stage->readers, 1, __ATOMIC_SEQ_CST);
	return line;
}

static void coming_and_going(void **state)
{
	static struct stage stage;
	struct actor actors[] = {
		{ .name = "guest", .play = play_guest, .stage = &stage, .seed = 31 },
		{ .name = "other guest", .play = play_guest, .stage = &stage, .seed = 32 },
		{ .name = "unmapper", .play = play_unmapper, .stage = &stage, .seed = 33 },
		{ .name = "mover", .play = play_mover, .stage = &stage, .seed = 34 },
	};

	(void)state;
	world_begin(&stage.w, &(struct world_spec){ .normal = 8 });
	map_anon(stage.w.mm, BASE, PAGES * PAGE);
	app_fill(stage.w.mm, BASE, PAGES * PAGE, 1);
	stage.readers = 2;
	stage.changers = 2;
	run_actors(actors, ARRAY_LEN(actors));
	world_end(&stage.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_retried_is_mapped),
		cmocka_unit_test(first_subscription_during_a_zap),
		cmocka_unit_test(first_subscription_during_a_punch),
		cmocka_unit_test(coming_and_going),
	};

	return cmocka_run_group_tests_name("notifier races", tests, NULL, NULL);
}
