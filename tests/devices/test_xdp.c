/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/test_xdp.c - the AF_XDP card: real frames in pinned memory, while the memory around it is moved, forked
 * and given away, and after its range is gone.
 */
#define _GNU_SOURCE
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "card.h"

#define AREA (16 * MIB) /* of the camera; more than NORMAL has free, so that the application borrows from it */

static const struct world_spec plain = { .normal = 8 };

static void begin(struct card *card, const struct world_spec *spec)
{
	need_cable();
	card_begin(card, spec);
	map_anon(card->mm, BASE, HUGE);
	card_attach(card);
}

static uint32_t program_on(const char *interface)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(interface), 0, &id), 0);
	return id;
}

/* 400 frames each way: all chunks are used more than once, and all lengths. */
static void both_ways(void **state)
{
	struct card card;
	struct gup_xdp_stats stats;

	(void)state;
	begin(&card, &plain);
	for (unsigned int nr = 0; nr < 400; nr += 50) {
		card_send(&card, nr, 50);
		far_send(&card, nr, 50);
		card_expect(&card, nr, 50);
	}
	gup_xdp_stats_get(card.dev, &stats);
	assert_int_equal(stats.sent, 400);
	assert_int_equal(stats.received, 400);
	assert_int_equal(stats.receive_error, 0);
	card_end(&card);
}

/* 512 pages that were touched from both ends: no two of them follow each other. */
static void scattered(void **state)
{
	const struct world_spec spec = { .normal = 8, .no_huge_pages = true };
	unsigned int jumps = 0;
	struct card card;

	(void)state;
	need_cable();
	card_begin(&card, &spec);
	map_anon(card.mm, BASE, HUGE);
	for (uint64_t i = 0; i < HALF; i += PAGE) {
		app_poke(card.mm, BASE + i, 1);
		app_poke(card.mm, BASE + HUGE - PAGE - i, 1);
	}
	for (uint64_t at = PAGE; at < HUGE; at += PAGE)
		jumps += gup_user_pfn(card.mm, BASE + at) != gup_user_pfn(card.mm, BASE + at - PAGE) + 1;
	assert_true(jumps > 300);
	card_attach(&card);
	for (unsigned int nr = 0; nr < 400; nr += 50) {
		card_send(&card, nr, 50);
		far_send(&card, nr, 50);
		card_expect(&card, nr, 50);
	}
	assert_int_equal(gup_munmap(card.mm, BASE, PAGE), 0);
	check_rest(card.w.m, 0, 0);
	card_end(&card);
}

/* The interface is as before, the pins are gone, and the same range can be attached again. */
static void attach_and_detach(void **state)
{
	struct card card;

	(void)state;
	begin(&card, &plain);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_not_equal(program_on(GUP_CABLE_NEAR), 0);
		far_send(&card, i, 3);
		card_expect(&card, i, 3);
		assert_int_equal(gup_xdp_detach(card.dev), 0);
		assert_int_equal(gup_xdp_detach(card.dev), 0);
		check_rest(card.w.m, 0, 0);
		assert_int_equal(program_on(GUP_CABLE_NEAR), 0);
		card_attach(&card);
	}
	assert_int_equal(gup_machine_destroy(card.w.m), -GUP_EBUSY);
	card_end(&card);
}

/* More than there is room for: what fits arrives, the rest is lost, and the card goes on. */
static void more_than_was_lent(void **state)
{
	struct gup_xdp_frame frames[NR_CHUNKS];
	struct card card;

	(void)state;
	begin(&card, &plain);
	far_send(&card, 0, HALF / CHUNK);
	far_send(&card, 1000, 50);
	card_expect(&card, 0, HALF / CHUNK);
	assert_int_equal(gup_xdp_receive(card.dev, frames, NR_CHUNKS, 0), 0);
	far_send(&card, 7, 20);
	card_expect(&card, 7, 20);
	card_end(&card);
}

/* ---- memory that moves ---- */

/* A buffer in MOVABLE leaves it before it is registered; everything there can move away later, and the card has its own. */
static void movable_is_emptied(void **state)
{
	const struct world_spec spec = { .normal = 16, .movable = 8 };
	struct gup_frame_info info;
	struct gup_zone_info zone;
	struct card card;
	unsigned int nr = 0;

	(void)state;
	need_cable();
	card_begin(&card, &spec);
	map_anon(card.mm, BASE, 2 * HUGE);
	app_fill(card.mm, BASE, 2 * HUGE, 1);
	assert_int_equal(frame_at(card.mm, BASE).zone, GUP_ZONE_MOVABLE);
	card_attach(&card);
	info = frame_at(card.mm, BASE);
	assert_int_equal(info.zone, GUP_ZONE_NORMAL);
	assert_int_equal(info.order, GUP_HUGE_ORDER);
	far_send(&card, 0, 30);
	while (gup_zone_info(card.w.m, nr, &zone) == 0 && zone.kind != GUP_ZONE_MOVABLE)
		nr++;
	assert_int_equal(gup_offline_range(card.w.m, zone.first_pfn, zone.nr_frames, PATIENT_NS, NULL), 0);
	card_expect(&card, 0, 30);
	card_send(&card, 0, 30);
	app_expect(card.mm, BASE + HUGE, HUGE, 1);
	assert_int_equal(frame_at(card.mm, BASE).head_pfn, info.head_pfn);
	assert_int_equal(gup_online_range(card.w.m, zone.first_pfn, zone.nr_frames), 0);
	card_end(&card);
}

/* The camera's area is full of the application's pages; it gets all of it between two frames. */
static void camera_gets_its_area(void **state)
{
	const struct world_spec spec = { .normal = 12, .cma = AREA / MIB };
	struct gup_page *area;
	struct card card;
	uint64_t borrowed;

	(void)state;
	need_cable();
	card_begin(&card, &spec);
	borrowed = world_borrow(&card.w, GUP_ZONE_CMA, 512);
	app_fill(card.mm, borrowed, HUGE, 2);
	map_anon(card.mm, BASE, HUGE);
	card_attach(&card);
	far_send(&card, 0, 30);
	assert_int_equal(gup_cma_alloc(card.w.m, CAMERA, AREA, 0, PATIENT_NS, &area, NULL), 0);
	memset(gup_page_address(card.w.m, area), 0xC5, AREA);
	card_expect(&card, 0, 30);
	card_send(&card, 0, 30);
	app_expect(card.mm, borrowed, HUGE, 2);
	assert_int_equal(gup_cma_free(card.w.m, area, AREA), 0);
	card_end(&card);
}

/* Parent and child part at the fork; card and parent do not. */
static void parent_writes_after_fork(void **state)
{
	uint8_t before[FRAME_MAX], seen[FRAME_MAX];
	struct gup_mm *child;
	struct card card;

	(void)state;
	begin(&card, &plain);
	card_send(&card, 5, 1);
	far_send(&card, 5, 10);
	child = world_fork(&card.w, card.mm, "child");
	card_send(&card, 6, 1);
	card_expect(&card, 5, 10);
	assert_int_equal(gup_copy_from_user(child, seen, BASE, FRAME_MAX), 0);
	assert_memory_equal(seen, before, frame_make(before, 5, false));
	app_poke(child, BASE + HALF + 256, 1);
	far_send(&card, 7, HALF / CHUNK); /* each lent chunk once more */
	card_expect(&card, 7, HALF / CHUNK);
	assert_int_equal(app_peek(child, BASE + HALF + 256), 1);
	card_end(&card);
}

/* Frames pass in one thread, while another one moves all that can be moved. */
static bool over; /* atomic */

static int disturb_once(struct card *card)
{
	struct gup_mm *child;
	struct gup_page *area;

	CHECK(gup_migrate_range(card->mm, BORROWED, HUGE, NULL) >= 0);
	CHECK(gup_migrate_range(card->mm, BASE, HUGE, NULL) == 0);
	CHECK(gup_mm_fork(card->mm, "child", &child) == 0);
	CHECK(gup_migrate_range(child, BASE, HUGE, NULL) >= 0);
	gup_mm_destroy(child);
	CHECK(gup_cma_alloc(card->w.m, CAMERA, AREA, 0, PATIENT_NS, &area, NULL) == 0);
	memset(gup_page_address(card->w.m, area), 0xC5, AREA);
	CHECK(gup_cma_free(card->w.m, area, AREA) == 0);
	return 0;
}

static int play_disturber(struct actor *actor)
{
	while (!__atomic_load_n(&over, __ATOMIC_SEQ_CST)) {
		CHECK_CALL(disturb_once(actor->stage));
		__atomic_fetch_add(&actor->done, 1, __ATOMIC_SEQ_CST);
	}
	return 0;
}

static void *run_disturber(void *arg)
{
	struct actor *actor = arg;

	actor->failed_line = actor->play(actor);
	__atomic_fetch_add(&actor->done, 1000, __ATOMIC_SEQ_CST);
	return NULL;
}

static void while_everything_moves(void **state)
{
	const struct world_spec spec = { .normal = 12, .cma = AREA / MIB };
	struct actor actor = { .play = play_disturber };
	struct card card;
	unsigned int nr = 0;

	(void)state;
	need_cable();
	card_begin(&card, &spec);
	(void)world_borrow(&card.w, GUP_ZONE_CMA, 512);
	app_fill(card.mm, BORROWED, HUGE, 2);
	map_anon(card.mm, BASE, HUGE);
	card_attach(&card);
	over = false;
	actor.stage = &card;
	assert_int_equal(pthread_create(&actor.thread, NULL, run_disturber, &actor), 0);
	for (; __atomic_load_n(&actor.done, __ATOMIC_SEQ_CST) < 20; nr += 20) {
		card_send(&card, nr, 20);
		far_send(&card, nr, 20);
		card_expect(&card, nr, 20);
	}
	__atomic_store_n(&over, true, __ATOMIC_SEQ_CST);
	pthread_join(actor.thread, NULL);
	assert_int_equal(actor.failed_line, 0);
	app_expect(card.mm, BORROWED, HUGE, 2);
	print_message("%u frames each way while all moved %u times\n", nr, (unsigned int)actor.done % 1000);
	card_end(&card);
}

/* ---- the range goes ---- */

static void expect_gone(struct card *card)
{
	struct gup_xdp_frame frame = { 0, 60 };

	check_rest(card->w.m, 0, 0);
	assert_int_equal(program_on(GUP_CABLE_NEAR), 0);
	assert_int_equal(gup_xdp_send(card->dev, &frame, 1), -ECANCELED);
	assert_int_equal(gup_xdp_lend(card->dev, 0, CHUNK), -ECANCELED);
	assert_int_equal(gup_xdp_receive(card->dev, &frame, 1, -1), -ECANCELED);
}

static void unmap(struct card *card)
{
	assert_int_equal(gup_munmap(card->mm, BASE + HALF, PAGE), 0);
}

static void drop(struct card *card)
{
	assert_int_equal(gup_madvise(card->mm, BASE, PAGE, GUP_MADV_DONTNEED), 0);
}

static void leave(struct card *card)
{
	world_exit(&card->w, card->mm);
}

/* What arrives later is nowhere to be seen; the device can be attached to new memory. */
static void range_goes(void **state)
{
	static void (*const ways[])(struct card *) = { unmap, drop, leave };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct card card;

		begin(&card, &plain);
		far_send(&card, 0, 5);
		card_expect(&card, 0, 5);
		ways[i](&card);
		expect_gone(&card);
		card.mm = world_mm(&card.w, "next");
		map_anon(card.mm, BASE, HUGE);
		app_fill(card.mm, BASE, HUGE, 9);
		far_send(&card, 0, 200);
		app_expect(card.mm, BASE, HUGE, 9);
		assert_int_equal(gup_xdp_detach(card.dev), 0);
		card_attach(&card);
		far_send(&card, 3, 5);
		card_expect(&card, 3, 5);
		card_end(&card);
	}
}

/* mprotect and a fork leave the pages with the application, and the device with both. */
static void range_stays(void **state)
{
	struct card card;

	(void)state;
	begin(&card, &plain);
	assert_int_equal(gup_mprotect(card.mm, BASE, HUGE, GUP_PROT_READ), 0);
	far_send(&card, 0, 5);
	card_expect(&card, 0, 5);
	assert_int_equal(gup_munmap(card.mm, BASE + HUGE, HUGE), 0);
	far_send(&card, 0, 5);
	card_expect(&card, 0, 5);
	card_end(&card);
}

static void *receive_for_ever(void *arg)
{
	static struct gup_xdp_frame frame;

	return (void *)(intptr_t)gup_xdp_receive(arg, &frame, 1, -1);
}

/* Somebody waits for a frame, or is about to. */
static pthread_t begin_waiting(struct card *card, useconds_t us)
{
	pthread_t thread;

	begin(card, &plain);
	assert_int_equal(pthread_create(&thread, NULL, receive_for_ever, card->dev), 0);
	usleep(us);
	return thread;
}

/* The frame never comes; munmap() does not wait for it. */
static void range_goes_while_waiting(void **state)
{
	struct card card;
	pthread_t thread;
	void *result;

	(void)state;
	for (useconds_t us = 0; us < 4000; us += 1000) {
		thread = begin_waiting(&card, us);
		assert_int_equal(gup_munmap(card.mm, BASE, HUGE), 0);
		check_rest(card.w.m, 0, 0);
		pthread_join(thread, &result);
		assert_int_equal((intptr_t)result, -ECANCELED);
		card_end(&card);
	}
}

/* Who leaves the pages where they are does not wait for him. */
static void range_stays_while_waiting(void **state)
{
	struct card card;
	pthread_t thread;
	void *result;

	(void)state;
	for (useconds_t us = 0; us < 4000; us += 1000) {
		thread = begin_waiting(&card, us);
		world_exit(&card.w, world_fork(&card.w, card.mm, "child"));
		assert_int_equal(gup_mprotect(card.mm, BASE, HUGE, GUP_PROT_READ), 0);
		assert_int_equal(gup_migrate_range(card.mm, BASE, HUGE, NULL), 0);
		far_send(&card, 0, 1);
		pthread_join(thread, &result);
		assert_int_equal((intptr_t)result, 1);
		card_end(&card);
	}
}

/* ---- the other end goes ---- */

static void peer_dies(void **state)
{
	struct gup_xdp_frame frame = { 0, 60 };
	struct card card;

	(void)state;
	begin(&card, &plain);
	card_send(&card, 0, 40);
	far_send(&card, 0, 40);
	gup_cable_cut(&card.cable);
	card_expect(&card, 0, 40);
	assert_int_equal(gup_xdp_receive(card.dev, &frame, 1, -1), -ENETDOWN);
	assert_int_equal(gup_xdp_send(card.dev, &frame, 1), -ENETDOWN);
	assert_int_equal(gup_xdp_receive(card.dev, &frame, 1, -1), -ENETDOWN);
	check_rest(card.w.m, HUGE / PAGE, 0);
	assert_int_equal(gup_xdp_detach(card.dev), 0);
	check_rest(card.w.m, 0, 0);
	card_end(&card);
}

static void peer_dies_while_sending(void **state)
{
	struct gup_xdp_frame frame = { 0, 60 };
	struct card card;
	int64_t result;

	(void)state;
	begin(&card, &plain);
	gup_cable_cut(&card.cable);
	do
		result = gup_xdp_send(card.dev, &frame, 1);
	while (result == 1);
	assert_int_equal(result, -ENETDOWN);
	card_end(&card);
}

/* The host process has forked, and the child keeps the socket: nothing arrives in memory that was unpinned. */
static void child_keeps_the_socket(void **state)
{
	struct card card;
	pid_t pid;
	int status;

	(void)state;
	begin(&card, &plain);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	assert_int_equal(gup_xdp_detach(card.dev), 0);
	app_fill(card.mm, BASE, HUGE, 9);
	far_send(&card, 0, 200);
	app_expect(card.mm, BASE, HUGE, 9);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	card_end(&card);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(scattered),
		cmocka_unit_test(attach_and_detach),
		cmocka_unit_test(more_than_was_lent),
		cmocka_unit_test(movable_is_emptied),
		cmocka_unit_test(camera_gets_its_area),
		cmocka_unit_test(parent_writes_after_fork),
		cmocka_unit_test(while_everything_moves),
		cmocka_unit_test(range_goes),
		cmocka_unit_test(range_stays),
		cmocka_unit_test(range_goes_while_waiting),
		cmocka_unit_test(range_stays_while_waiting),
		cmocka_unit_test(peer_dies),
		cmocka_unit_test(peer_dies_while_sending),
		cmocka_unit_test(child_keeps_the_socket),
	};

	return cmocka_run_group_tests_name("xdp", tests, NULL, NULL);
}
