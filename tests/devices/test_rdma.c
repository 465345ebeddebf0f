/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/test_rdma.c - another process writes into and reads from pinned memory, by libfabric.
 *
 * test_rdma [PROVIDER]: "tcp" or "shm". Every byte is compared on the other side; pins are counted while the device has them,
 * and are gone once, whoever lets go first: the owner, the notifier, or the other process by dying.
 */
#define _GNU_SOURCE
#include "around.h"
#include "partner.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#define SKIPPED 77
/* Not at the beginning of a page, and not to the end of one. */
#define PART_AT 1000
#define PART_BYTES (RANGE_BYTES - 3000 + 8)

static const char *provider = "tcp";

struct rdma {
	struct around a;
	struct gup_rdma *dev;
	struct partner p;
};

static struct gup_request whole(unsigned int flags)
{
	return (struct gup_request){ .addr = RANGE, .bytes = RANGE_BYTES, .flags = flags };
}

static void connect_partner(struct rdma *r)
{
	size_t bytes;
	const struct gup_rdma_ticket *ticket = gup_rdma_ticket(r->dev, &bytes);

	assert_non_null(ticket);
	partner_start(&r->p, provider, ticket, bytes);
}

static void attach(struct rdma *r, unsigned int flags)
{
	const struct gup_request range = whole(flags);

	assert_int_equal(gup_rdma_attach_range(r->dev, r->a.w.mm, &range, NULL), 0);
	assert_true(gup_rdma_attached(r->dev));
	check_rest(r->a.w.m, NR_PAGES, 0);
	connect_partner(r);
}

static void begin(struct rdma *r, unsigned int flags)
{
	around_begin(&r->a);
	assert_int_equal(gup_rdma_open(provider, NULL, &r->dev), 0);
	attach(r, flags);
}

/* The device has let go already, or does so now. */
static void end(struct rdma *r)
{
	assert_int_equal(gup_rdma_close(r->dev), 0);
	check_rest(r->a.w.m, 0, 0);
	around_end(&r->a);
}

static void bytes_go_both_ways(void **state)
{
	const struct gup_request part = { .addr = RANGE + PART_AT, .bytes = PART_BYTES, .flags = GUP_WRITE };
	struct rdma r;

	(void)state;
	begin(&r, GUP_WRITE);
	assert_int_equal(partner_read(&r.p, 0, RANGE_BYTES, RANGE, 1), 0);
	assert_int_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, 2), 0);
	app_expect(r.a.w.mm, RANGE, RANGE_BYTES, 2);
	assert_int_equal(partner_write(&r.p, 2 * PAGE + 16, PAGE, RANGE + 2 * PAGE + 16, 3), 0);
	app_expect(r.a.w.mm, RANGE, 2 * PAGE + 16, 2);
	app_expect(r.a.w.mm, RANGE + 2 * PAGE + 16, PAGE, 3);
	app_expect(r.a.w.mm, RANGE + 3 * PAGE + 16, RANGE_BYTES - 3 * PAGE - 16, 2);
	app_fill(r.a.w.mm, RANGE, RANGE_BYTES, 4);
	assert_int_equal(partner_read(&r.p, 0, RANGE_BYTES, RANGE, 4), 0);
	partner_stop(&r.p);
	assert_int_equal(gup_rdma_detach(r.dev), 0);
	check_rest(r.a.w.m, 0, 0);
	assert_int_equal(gup_rdma_attach_range(r.dev, r.a.w.mm, &part, NULL), 0);
	check_rest(r.a.w.m, NR_PAGES, 0);
	connect_partner(&r);
	assert_int_equal(partner_write(&r.p, 0, PART_BYTES, RANGE + PART_AT, 5), 0);
	app_expect(r.a.w.mm, RANGE, PART_AT, 4);
	app_expect(r.a.w.mm, RANGE + PART_AT, PART_BYTES, 5);
	app_expect(r.a.w.mm, RANGE + PART_AT + PART_BYTES, RANGE_BYTES - PART_AT - PART_BYTES, 4);
	partner_stop(&r.p);
	end(&r);
}

static uint64_t ticket_bytes(const struct gup_rdma_ticket *ticket)
{
	uint64_t bytes = 0;

	for (uint64_t i = 0; i < ticket->nr; i++)
		bytes += ticket->places[i].bytes;
	return bytes;
}

static uint64_t nr_runs(struct gup_mm *mm)
{
	uint64_t runs = 1;

	for (uint64_t at = PAGE; at < RANGE_BYTES; at += PAGE)
		runs += gup_user_pfn(mm, RANGE + at) != gup_user_pfn(mm, RANGE + at - PAGE) + 1;
	return runs;
}

/* A run of frames is one place; a 2 MiB folio is one run. */
static void one_place_for_each_run(void **state)
{
	const struct gup_request huge = { .addr = BASE, .bytes = HUGE, .flags = GUP_WRITE };
	const struct gup_rdma_ticket *ticket;
	size_t bytes;
	struct world w;
	struct rdma r;

	(void)state;
	begin(&r, GUP_WRITE);
	ticket = gup_rdma_ticket(r.dev, &bytes);
	assert_int_equal(ticket->nr, NR_PAGES);
	assert_int_equal(nr_runs(r.a.w.mm), NR_PAGES);
	assert_int_equal(ticket_bytes(ticket), RANGE_BYTES);
	partner_stop(&r.p);
	assert_int_equal(gup_rdma_detach(r.dev), 0);
	assert_null(gup_rdma_ticket(r.dev, &bytes));
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	map_anon(w.mm, BASE, HUGE);
	assert_int_equal(gup_rdma_attach_range(r.dev, w.mm, &huge, NULL), 0);
	ticket = gup_rdma_ticket(r.dev, &bytes);
	assert_int_equal(ticket->nr, 1);
	connect_partner(&r);
	assert_int_equal(partner_write(&r.p, 0, HUGE, BASE, 6), 0);
	app_expect(w.mm, BASE, HUGE, 6);
	partner_stop(&r.p);
	assert_int_equal(gup_rdma_detach(r.dev), 0);
	world_end(&w);
	end(&r);
}

static void write_two(void *device)
{
	struct rdma *r = device;

	assert_int_equal(partner_read(&r->p, 0, RANGE_BYTES, RANGE, 1), 0);
	assert_int_equal(partner_write(&r->p, 0, RANGE_BYTES, RANGE, 2), 0);
}

static void holds_while_memory_moves(void **state)
{
	struct rdma r;

	(void)state;
	begin(&r, GUP_WRITE);
	around_disturb(&r.a, 1, write_two, &r);
	app_expect(r.a.w.mm, RANGE, RANGE_BYTES, 2);
	assert_int_equal(gup_mprotect(r.a.w.mm, RANGE, RANGE_BYTES, GUP_PROT_READ), 0);
	assert_int_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, 3), 0);
	app_expect(r.a.w.mm, RANGE, RANGE_BYTES, 3);
	check_rest(r.a.w.m, NR_PAGES, 0);
	partner_stop(&r.p);
	end(&r);
}

static void overwrite(void *device)
{
	struct rdma *r = device;

	around_overwritten(&r->a, 7);
}

/* The other process writes the same again and again. */
static void holds_under_a_stream_of_writes(void **state)
{
	struct rdma r;

	(void)state;
	begin(&r, GUP_WRITE);
	partner_flood(&r.p, 0, RANGE_BYTES, RANGE, 7);
	for (int times = 0; times < 4; times++)
		around_disturb(&r.a, 7, overwrite, &r);
	check_rest(r.a.w.m, NR_PAGES, 0);
	assert_int_equal(gup_rdma_detach(r.dev), 0);
	check_rest(r.a.w.m, 0, 0);
	assert_int_not_equal(partner_flood_ended(&r.p), 0);
	app_expect(r.a.w.mm, RANGE, RANGE_BYTES, 7);
	partner_stop(&r.p);
	end(&r);
}

static void others_only_read(void **state)
{
	struct rdma r;

	(void)state;
	begin(&r, 0);
	assert_int_equal(partner_read(&r.p, 0, RANGE_BYTES, RANGE, 1), 0);
	assert_int_not_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, 2), 0);
	app_expect(r.a.w.mm, RANGE, RANGE_BYTES, 1);
	assert_int_equal(partner_read(&r.p, 0, PAGE, RANGE, 1), -ENOTCONN);
	partner_stop(&r.p);
	end(&r);
}

/* ---- the range goes ---- */

static void unmap(struct rdma *r)
{
	around_unmap(&r->a, 9);
}

static void unmap_one_page(struct rdma *r)
{
	assert_int_equal(gup_munmap(r->a.w.mm, RANGE + 40 * PAGE, PAGE), 0);
}

static void drop(struct rdma *r)
{
	assert_int_equal(gup_madvise(r->a.w.mm, RANGE + 40 * PAGE, PAGE, GUP_MADV_DONTNEED), 0);
}

static void detach(struct rdma *r)
{
	assert_int_equal(gup_rdma_detach(r->dev), 0);
	assert_int_equal(gup_rdma_detach(r->dev), 0);
}

static void (*const ways[])(struct rdma *r) = { unmap, unmap_one_page, drop, detach };

/* A write that comes later is an error for the sender, and the device can have another range. */
static void lets_go_when_the_range_goes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct rdma r;

		begin(&r, GUP_WRITE);
		assert_int_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, 2), 0);
		ways[i](&r);
		assert_false(gup_rdma_attached(r.dev));
		check_rest(r.a.w.m, 0, 0);
		assert_int_not_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, 3), 0);
		partner_stop(&r.p);
		if (ways[i] == unmap)
			app_expect(r.a.w.mm, RANGE, RANGE_BYTES, 9);
		assert_int_equal(gup_rdma_detach(r.dev), 0);
		around_unmap(&r.a, 1);
		attach(&r, GUP_WRITE);
		assert_int_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, 4), 0);
		app_expect(r.a.w.mm, RANGE, RANGE_BYTES, 4);
		partner_stop(&r.p);
		end(&r);
	}
}

/* Bytes are on their way. Whoever has the frames next keeps his own. */
static void lets_go_in_the_middle_of_a_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct rdma r;

		begin(&r, GUP_WRITE);
		partner_flood(&r.p, 0, RANGE_BYTES, RANGE, 7);
		ways[i](&r);
		check_rest(r.a.w.m, 0, 0);
		around_unmap(&r.a, 9);
		assert_int_not_equal(partner_flood_ended(&r.p), 0);
		app_expect(r.a.w.mm, RANGE, RANGE_BYTES, 9);
		partner_stop(&r.p);
		end(&r);
	}
}

static void mm_and_object_end(void **state)
{
	const struct gup_request range = whole(GUP_WRITE);
	struct gup_object *object;
	struct rdma r;
	struct gup_mm *other;

	(void)state;
	begin(&r, GUP_WRITE);
	partner_stop(&r.p);
	assert_int_equal(gup_rdma_detach(r.dev), 0);
	other = world_mm(&r.a.w, "other");
	object = new_shm(&r.a.w, RANGE_BYTES);
	map_shared(other, RANGE, RANGE_BYTES, object);
	assert_int_equal(gup_rdma_attach_range(r.dev, other, &range, NULL), 0);
	connect_partner(&r);
	assert_int_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, 2), 0);
	app_expect(other, RANGE, RANGE_BYTES, 2);
	assert_int_equal(gup_object_truncate(object, PAGE, PATIENT_NS, NULL), 0);
	check_rest(r.a.w.m, 0, 0);
	partner_kill(&r.p);
	assert_int_equal(gup_rdma_detach(r.dev), 0);
	map_anon(other, RANGE + MIB, RANGE_BYTES);
	assert_int_equal(
		gup_rdma_attach_range(r.dev, other, &(struct gup_request){ RANGE + MIB, PAGE, GUP_WRITE, NULL }, NULL),
		0);
	world_exit(&r.a.w, other);
	check_rest(r.a.w.m, 0, 0);
	gup_object_put(object);
	end(&r);
}

/* ---- who dies, who interrupts ---- */

/*
 * By "shm" the dying process may hold the provider's lock of our queue: our thread would wait for it for ever, and with it
 * whoever detaches (docs/devices.md). There mm_and_object_end() kills a process that is doing nothing.
 */

static void partner_dies_in_the_middle(void **state)
{
	struct rdma r;

	(void)state;
	if (!strcmp(provider, "shm")) {
		print_message("skipped: who dies in the middle may keep a lock of provider shm\n");
		skip();
	}
	begin(&r, GUP_WRITE);
	for (uint32_t tag = 2; tag < 6; tag++) {
		partner_flood(&r.p, 0, RANGE_BYTES, RANGE, tag);
		partner_kill(&r.p);
		check_rest(r.a.w.m, NR_PAGES, 0);
		assert_true(gup_rdma_attached(r.dev));
		connect_partner(&r);
		assert_int_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, 10 + tag), 0);
		app_expect(r.a.w.mm, RANGE, RANGE_BYTES, 10 + tag);
	}
	partner_kill(&r.p);
	end(&r);
}

static void closed_with_a_range(void **state)
{
	struct rdma r;

	(void)state;
	begin(&r, GUP_WRITE);
	assert_int_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, 2), 0);
	assert_int_equal(gup_rdma_close(r.dev), 0);
	check_rest(r.a.w.m, 0, 0);
	assert_int_not_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, 3), 0);
	app_expect(r.a.w.mm, RANGE, RANGE_BYTES, 2);
	partner_stop(&r.p);
	r.dev = NULL;
	end(&r);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void interrupted(void **state)
{
	const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { 0 };
	struct sigaction action = { .sa_handler = on_alarm }, old; /* no SA_RESTART */
	struct rdma r;

	(void)state;
	around_begin(&r.a);
	assert_int_equal(gup_rdma_open(provider, NULL, &r.dev), 0);
	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	for (uint32_t tag = 2; tag < 6; tag++) {
		attach(&r, GUP_WRITE);
		assert_int_equal(partner_write(&r.p, 0, RANGE_BYTES, RANGE, tag), 0);
		app_expect(r.a.w.mm, RANGE, RANGE_BYTES, tag);
		partner_stop(&r.p);
		assert_int_equal(gup_rdma_detach(r.dev), 0);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	end(&r);
}

/* ---- what cannot be ---- */

static void nothing_is_held_after_a_refusal(void **state)
{
	const struct gup_request range = whole(GUP_WRITE);
	const struct gup_request hole = { .addr = RANGE + RANGE_BYTES, .bytes = PAGE, .flags = GUP_WRITE };
	struct gup_why why;
	struct rdma r;
	size_t bytes;

	(void)state;
	around_begin(&r.a);
	assert_int_equal(gup_rdma_open("nonesuch", NULL, &r.dev), -ENODEV);
	assert_int_equal(gup_rdma_open(provider, NULL, NULL), -EINVAL);
	assert_int_equal(gup_rdma_open(provider, NULL, &r.dev), 0);
	assert_int_equal(strncmp(gup_rdma_provider(r.dev), provider, strlen(provider)), 0);
	assert_string_equal(gup_rdma_provider(NULL), "none");
	assert_int_equal(gup_rdma_attach_range(NULL, r.a.w.mm, &range, NULL), -EINVAL);
	assert_int_equal(gup_rdma_attach_range(r.dev, NULL, &range, NULL), -EINVAL);
	assert_int_equal(gup_rdma_attach_range(r.dev, r.a.w.mm, NULL, NULL), -EINVAL);
	assert_int_equal(gup_rdma_attach_range(r.dev, r.a.w.mm, &hole, &why), -EFAULT);
	assert_int_equal(why.error, -EFAULT);
	gup_mm_set_pin_limit(r.a.w.mm, NR_PAGES - 1);
	assert_int_equal(gup_rdma_attach_range(r.dev, r.a.w.mm, &range, &why), -ENOMEM);
	gup_mm_set_pin_limit(r.a.w.mm, UINT64_MAX);
	check_rest(r.a.w.m, 0, 0);
	attach(&r, GUP_WRITE);
	assert_int_equal(gup_rdma_attach_range(r.dev, r.a.w.mm, &range, NULL), -EINVAL);
	check_rest(r.a.w.m, NR_PAGES, 0);
	partner_stop(&r.p);
	end(&r);
	assert_int_equal(gup_rdma_close(NULL), 0);
	assert_int_equal(gup_rdma_detach(NULL), -EINVAL);
	assert_null(gup_rdma_ticket(NULL, &bytes));
	assert_false(gup_rdma_attached(NULL));
}

static void bad_tickets(void **state)
{
	struct gup_rdma_peer *peer;
	struct rdma r;
	struct gup_rdma_ticket *ticket;
	size_t bytes;
	char buf[8] = { 0 };

	(void)state;
	begin(&r, GUP_WRITE);
	(void)gup_rdma_ticket(r.dev, &bytes);
	ticket = malloc(bytes);
	assert_non_null(ticket);
	memcpy(ticket, gup_rdma_ticket(r.dev, &bytes), bytes);
	assert_int_equal(gup_rdma_connect(provider, NULL, NULL, bytes, 1, &peer), -EINVAL);
	assert_int_equal(gup_rdma_connect(provider, NULL, ticket, bytes, 1, NULL), -EINVAL);
	assert_int_equal(gup_rdma_connect(provider, NULL, ticket, bytes - 1, 1, &peer), -EINVAL);
	assert_int_equal(gup_rdma_connect(provider, NULL, ticket, sizeof(*ticket) - 1, 1, &peer), -EINVAL);
	assert_int_equal(gup_rdma_connect("nonesuch", NULL, ticket, bytes, 1, &peer), -ENODEV);
	ticket->name_bytes = GUP_RDMA_NAME_MAX + 1;
	assert_int_equal(gup_rdma_connect(provider, NULL, ticket, bytes, 1, &peer), -EINVAL);
	ticket->name_bytes = gup_rdma_ticket(r.dev, &bytes)->name_bytes;
	ticket->places[0].bytes = UINT64_MAX - 8; /* with the others, a little */
	assert_int_equal(gup_rdma_connect(provider, NULL, ticket, bytes, 1, &peer), -EINVAL);
	free(ticket);
	assert_int_equal(gup_rdma_write(NULL, 0, buf, sizeof(buf)), -EINVAL);
	assert_int_equal(partner_write(&r.p, RANGE_BYTES - 8, 16, RANGE, 2), -EINVAL);
	assert_int_equal(partner_write(&r.p, RANGE_BYTES + 8, 8, RANGE, 2), -EINVAL);
	assert_int_equal(partner_read(&r.p, 0, RANGE_BYTES, RANGE, 1), 0); /* it is still connected */
	partner_stop(&r.p);
	end(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways),
		cmocka_unit_test(one_place_for_each_run),
		cmocka_unit_test(holds_while_memory_moves),
		cmocka_unit_test(holds_under_a_stream_of_writes),
		cmocka_unit_test(others_only_read),
		cmocka_unit_test(lets_go_when_the_range_goes),
		cmocka_unit_test(lets_go_in_the_middle_of_a_write),
		cmocka_unit_test(mm_and_object_end),
		cmocka_unit_test(partner_dies_in_the_middle),
		cmocka_unit_test(closed_with_a_range),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(nothing_is_held_after_a_refusal),
		cmocka_unit_test(bad_tickets),
	};
	struct gup_rdma *dev;
	int err;

	if (argc > 1 && !strcmp(argv[0], "partner"))
		return partner_main(argv[1]);
	if (argc > 1)
		provider = argv[1];
	err = gup_rdma_open(provider, NULL, &dev);
	if (err == -ENODEV || err == -ENOSYS) {
		printf("skipped: %s\n", err == -ENOSYS
						? "built without libfabric; install libfabric-dev and set up again"
						: "libfabric has no such provider here; fi_info lists those it has");
		return SKIPPED;
	}
	assert_int_equal(gup_rdma_close(dev), 0);
	return cmocka_run_group_tests_name("rdma", tests, NULL, NULL);
}
