/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_rules.c - where the contracts tell different stories.
 *
 * The same scene under each of them: a DAX file behind good pages, a page that cannot be moved, the fast path over CMA,
 * read-only long-term pins, fork. The outcome is a table each time.
 */
#include "world.h"

#define NR 8
#define HALF 4

#define NOTSUPP (-GUP_EOPNOTSUPP)
#define NOMEM (-GUP_ENOMEM)

static enum gup_entry plain_entry(enum gup_contract_id id)
{
	return id == GUP_LINUX_5_2 ? GUP_GET_USER_PAGES : GUP_PIN_USER_PAGES;
}

static enum gup_entry fast_entry(enum gup_contract_id id)
{
	return id == GUP_LINUX_5_2 ? GUP_GET_USER_PAGES_FAST : GUP_PIN_USER_PAGES_FAST;
}

static void begin(struct world *w, enum gup_contract_id id)
{
	world_begin(w, &(struct world_spec){ .normal = 4, .cma = 8, .dax = 2, .contract = id });
}

/* @base_gets: what somebody else holds meanwhile. */
static void expect_call(struct world *w, struct gup_call call, long want, uint64_t base_gets)
{
	uint64_t held = want > 0 ? want : 0;
	bool pins = entry_pins(call.entry);
	long got = take(w->mm, &call, NULL);

	if (got != want)
		fail_msg("%s, %s: %ld instead of %ld", gup_contract_name(gup_machine_contract(w->m)),
			 gup_entry_name(call.entry), got, want);
	check_rest(w->m, pins ? held : 0, base_gets + (pins ? 0 : held));
}

static void expect_and_release(struct world *w, struct gup_call call, long want, uint64_t base_gets)
{
	expect_call(w, call, want, base_gets);
	assert_int_equal(release(w->m, call.entry, call.pages, want > 0 ? want : 0), 0);
}

struct outcome {
	long plain;
	long fast;
};

static void longterm_on_a_dax_file(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *pages[NR];
		struct gup_call call = { plain_entry(id), BASE, NR, GUP_WRITE | GUP_LONGTERM, pages, NULL };
		struct gup_object *file;
		struct world w;

		begin(&w, id);
		file = new_dax_file(&w, NR * PAGE);
		map_shared(w.mm, BASE, NR * PAGE, file);
		gup_object_put(file);
		expect_and_release(&w, call, NOTSUPP, 0);
		app_fill(w.mm, BASE, NR * PAGE, 1);
		expect_and_release(&w, call, NOTSUPP, 0);
		call.entry = fast_entry(id);
		expect_and_release(&w, call, NOTSUPP, 0);
		call.flags = GUP_WRITE;
		expect_and_release(&w, call, NR, 0);
		world_end(&w);
	}
}

static void good_pages_before_a_dax_file(void **state)
{
	static const struct outcome want[GUP_NR_CONTRACTS] = {
		[GUP_LINUX_5_2] = { NOTSUPP, HALF },
		[GUP_LINUX_6_1] = { HALF, HALF },
		[GUP_LINUX_6_12] = { HALF, HALF },
		[GUP_NATIVE] = { NOTSUPP, NOTSUPP },
	};
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *pages[NR];
		struct gup_call call = { plain_entry(id), BASE, NR, GUP_WRITE | GUP_LONGTERM, pages, NULL };
		struct gup_object *file;
		struct world w;

		begin(&w, id);
		file = new_dax_file(&w, NR * PAGE);
		map_shared(w.mm, BASE, NR * PAGE, file);
		map_anon(w.mm, BASE, HALF * PAGE);
		gup_object_put(file);
		/* Pages that may be held long as they are: fresh faults of a long-term call. */
		call.nr_pages = HALF;
		expect_and_release(&w, call, HALF, 0);
		call.nr_pages = NR;
		expect_and_release(&w, call, want[id].plain, 0);
		call.entry = fast_entry(id);
		expect_and_release(&w, call, want[id].fast, 0);
		world_end(&w);
	}
}

/* A private mapping of a DAX file whose pages are copies already: refused by the VMA, not by the entry. */
static void cowed_pages_of_a_dax_file(void **state)
{
	static const struct outcome want[] = {
		[GUP_LINUX_5_2] = { NOTSUPP, NR }, [GUP_LINUX_6_1] = { NOTSUPP, NR }, [GUP_LINUX_6_12] = { NOTSUPP, NR }
	};
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < ARRAY_LEN(want); id++) {
		struct gup_page *pages[NR];
		struct gup_call call = { plain_entry(id), BASE, NR, GUP_WRITE | GUP_LONGTERM, pages, NULL };
		struct gup_object *file;
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 4, .dax = 2, .contract = id });
		file = new_dax_file(&w, NR * PAGE);
		map_private(w.mm, BASE, NR * PAGE, file);
		gup_object_put(file);
		app_fill(w.mm, BASE, NR * PAGE, 1);
		expect_and_release(&w, call, want[id].plain, 0);
		call.entry = fast_entry(id);
		expect_and_release(&w, call, want[id].fast, 0);
		/* Behind memory that is nobody's but the application's, in the same table. */
		map_anon(w.mm, BASE, HALF * PAGE);
		app_fill(w.mm, BASE, HALF * PAGE, 2);
		call.entry = plain_entry(id);
		expect_and_release(&w, call, id == GUP_LINUX_5_2 ? NOTSUPP : HALF, 0);
		world_end(&w);
	}
}

/* NR pages in CMA, of which the first half is moved out by a long-term call that ends at once. */
static uint64_t half_in_cma(struct world *w, enum gup_contract_id id, struct gup_page **pages)
{
	struct gup_call call = { plain_entry(id), 0, HALF, GUP_WRITE | GUP_LONGTERM, pages, NULL };

	call.start = world_borrow(w, GUP_ZONE_CMA, NR);
	app_fill(w->mm, call.start, NR * PAGE, 1);
	expect_and_release(w, call, HALF, 0);
	assert_int_equal(frame_at(w->mm, call.start + (HALF - 1) * PAGE).zone, GUP_ZONE_NORMAL);
	assert_int_equal(frame_at(w->mm, call.start + HALF * PAGE).zone, GUP_ZONE_CMA);
	return call.start;
}

static void a_page_that_cannot_move(void **state)
{
	static const struct outcome want[GUP_NR_CONTRACTS] = {
		[GUP_LINUX_5_2] = { NR, NR },
		[GUP_LINUX_6_1] = { NOMEM, HALF },
		[GUP_LINUX_6_12] = { NOMEM, HALF },
		[GUP_NATIVE] = { NOMEM, NOMEM },
	};
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *pages[NR], *held;
		struct gup_call call = { fast_entry(id), 0, NR, GUP_WRITE | GUP_LONGTERM, pages, NULL };
		struct world w;

		begin(&w, id);
		call.start = half_in_cma(&w, id, pages);
		assert_int_equal(gup_get_user_pages_fast(w.mm, call.start + HALF * PAGE, 1, 0, &held), 1);
		expect_and_release(&w, call, want[id].fast, 1);
		call.entry = plain_entry(id);
		expect_and_release(&w, call, want[id].plain, 1);
		assert_true(same_frame(w.mm, call.start + HALF * PAGE, held));
		assert_int_equal(frame_of(w.m, held).zone, GUP_ZONE_CMA);
		app_expect(w.mm, call.start, NR * PAGE, 1);
		assert_int_equal(gup_put_page(w.m, held), 0);
		world_end(&w);
	}
}

static void cma_and_the_fast_path(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *pages[NR], *area;
		struct gup_call call = { fast_entry(id), 0, NR, GUP_WRITE | GUP_LONGTERM, pages, NULL };
		bool hole = id == GUP_LINUX_5_2;
		struct world w;
		unsigned int i;

		begin(&w, id);
		call.start = world_borrow(&w, GUP_ZONE_CMA, NR);
		app_fill(w.mm, call.start, NR * PAGE, 1);
		expect_call(&w, call, NR, 0);
		for (i = 0; i < NR; i++)
			assert_int_equal(frame_of(w.m, pages[i]).zone, hole ? GUP_ZONE_CMA : GUP_ZONE_NORMAL);
		assert_int_equal(gup_cma_alloc(w.m, CAMERA, 8 * MIB, 0, hole ? IMPATIENT_NS : PATIENT_NS, &area, NULL),
				 hole ? -GUP_EBUSY : 0);
		if (!hole)
			assert_int_equal(gup_cma_free(w.m, area, 8 * MIB), 0);
		assert_int_equal(release(w.m, call.entry, pages, NR), 0);
		app_expect(w.mm, call.start, NR * PAGE, 1);
		world_end(&w);
	}
}

/* A read-only long-term pin of what nobody wrote to yet: the page itself, or a copy that the device can rely on. */
static void read_only_longterm(void **state)
{
	static const struct {
		enum gup_frame_kind zero, file;
	} want[GUP_NR_CONTRACTS] = {
		[GUP_LINUX_5_2] = { GUP_FRAME_ZERO, GUP_FRAME_SHM },
		[GUP_LINUX_6_1] = { GUP_FRAME_ZERO, GUP_FRAME_SHM },
		[GUP_LINUX_6_12] = { GUP_FRAME_ANON, GUP_FRAME_ANON },
		[GUP_NATIVE] = { GUP_FRAME_ANON, GUP_FRAME_ANON },
	};
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *pages[2];
		struct gup_object *shm;
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 4, .contract = id });
		shm = new_shm(&w, PAGE);
		map_anon(w.mm, BASE, PAGE);
		map_private(w.mm, BASE + PAGE, PAGE, shm);
		app_expect_zero(w.mm, BASE, 2 * PAGE);
		assert_int_equal(
			take(w.mm, &(struct gup_call){ plain_entry(id), BASE, 2, GUP_LONGTERM, pages, NULL }, NULL), 2);
		assert_int_equal(frame_of(w.m, pages[0]).kind, want[id].zero);
		assert_int_equal(frame_of(w.m, pages[1]).kind, want[id].file);
		assert_true(same_frame(w.mm, BASE, pages[0]));
		assert_int_equal(release(w.m, plain_entry(id), pages, 2), 0);
		/* A short one takes the page as it is, under every contract. */
		assert_int_equal(gup_madvise(w.mm, BASE, 2 * PAGE, GUP_MADV_DONTNEED), 0);
		assert_int_equal(take(w.mm, &(struct gup_call){ plain_entry(id), BASE, 2, 0, pages, NULL }, NULL), 2);
		assert_int_equal(frame_of(w.m, pages[0]).kind, GUP_FRAME_ZERO);
		assert_int_equal(frame_of(w.m, pages[1]).kind, GUP_FRAME_SHM);
		assert_int_equal(release(w.m, plain_entry(id), pages, 2), 0);
		check_rest(w.m, 0, 0);
		gup_object_put(shm);
		world_end(&w);
	}
}

/*
 * A mapping that may only be written to: the fast path takes what the slow one would refuse, as on Linux 6.1 and 6.12. It
 * asks whether a private mapping is to be broken first only where the entry cannot be written through.
 */
static void read_only_longterm_of_a_write_only_mapping(void **state)
{
	static const long want_private[GUP_NR_CONTRACTS] = {
		[GUP_LINUX_5_2] = 1,
		[GUP_LINUX_6_1] = 1,
		[GUP_LINUX_6_12] = -GUP_EFAULT,
		[GUP_NATIVE] = -GUP_EFAULT,
	};
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *page;
		struct gup_object *shm;
		struct gup_call call = { fast_entry(id), BASE, 1, GUP_LONGTERM, &page, NULL };
		struct world w;

		world_begin(&w, &(struct world_spec){ .normal = 4, .contract = id });
		shm = new_shm(&w, PAGE);
		map_shared(w.mm, BASE, PAGE, shm);
		map_private(w.mm, BASE + PAGE, PAGE, shm);
		app_poke(w.mm, BASE, 1);
		assert_int_equal(app_peek(w.mm, BASE + PAGE), 1);
		assert_int_equal(gup_mprotect(w.mm, BASE, 2 * PAGE, GUP_PROT_WRITE), 0);
		expect_and_release(&w, call, 1, 0);
		call.start += PAGE;
		expect_and_release(&w, call, want_private[id], 0);
		call.entry = plain_entry(id);
		expect_and_release(&w, call, -GUP_EFAULT, 0);
		gup_object_put(shm);
		world_end(&w);
	}
}

static void fork_and_the_device(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *page;
		struct gup_call call = { fast_entry(id), BASE, 1, GUP_WRITE, &page, NULL };
		bool lost = id == GUP_LINUX_5_2;
		struct gup_mm *child;
		struct world w;

		begin(&w, id);
		map_anon(w.mm, BASE, PAGE);
		app_fill(w.mm, BASE, PAGE, 1);
		expect_call(&w, call, 1, 0);
		child = world_fork(&w, w.mm, "child");
		app_fill(w.mm, BASE, PAGE, 2);
		device_fill(w.m, page, BASE, 3);
		assert_int_equal(same_frame(w.mm, BASE, page), !lost);
		app_expect(w.mm, BASE, PAGE, lost ? 2 : 3);
		app_expect(child, BASE, PAGE, lost ? 3 : 1);
		assert_int_equal(release(w.m, call.entry, &page, 1), 0);
		world_end(&w);
	}
}

static void own_form_under_every_contract(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_request request = { BASE, 2 * PAGE, GUP_WRITE | GUP_LONGTERM, NULL };
		struct gup_pin *pin;
		struct world w;

		begin(&w, id);
		map_anon(w.mm, BASE, 2 * PAGE);
		assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
		assert_int_equal(gup_pin_pages(pin), 2);
		check_rest(w.m, id == GUP_LINUX_5_2 ? 0 : 2, id == GUP_LINUX_5_2 ? 2 : 0);
		assert_int_equal(gup_unpin(pin, true), 0);
		world_end(&w);
	}
}

/* The owner of a CMA allocation pins its own frames for long: only where the contract knows owners. */
static void cma_owner(void **state)
{
	enum gup_contract_id id;

	(void)state;
	for (id = 0; id < GUP_NR_CONTRACTS; id++) {
		struct gup_page *pages[2], *area;
		struct gup_call call = { plain_entry(id), BASE, 2, GUP_WRITE | GUP_LONGTERM, pages, NULL };
		long want = id == GUP_NATIVE || id == GUP_LINUX_5_2 ? 2 : NOMEM;
		struct gup_object *object;
		struct world w;

		begin(&w, id);
		assert_int_equal(gup_cma_alloc(w.m, CAMERA, 2 * PAGE, 0, PATIENT_NS, &area, NULL), 0);
		assert_int_equal(gup_cma_object(w.m, area, 2 * PAGE, &object), 0);
		map_shared(w.mm, BASE, 2 * PAGE, object);
		gup_object_put(object);
		expect_and_release(&w, call, want, 0);
		assert_int_equal(gup_munmap(w.mm, BASE, 2 * PAGE), 0);
		assert_int_equal(gup_cma_free(w.m, area, 2 * PAGE), 0);
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longterm_on_a_dax_file),
		cmocka_unit_test(good_pages_before_a_dax_file),
		cmocka_unit_test(cowed_pages_of_a_dax_file),
		cmocka_unit_test(a_page_that_cannot_move),
		cmocka_unit_test(cma_and_the_fast_path),
		cmocka_unit_test(read_only_longterm),
		cmocka_unit_test(read_only_longterm_of_a_write_only_mapping),
		cmocka_unit_test(fork_and_the_device),
		cmocka_unit_test(own_form_under_every_contract),
		cmocka_unit_test(cma_owner),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
