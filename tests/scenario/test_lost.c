/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_lost.c - what the books say of an owner whose device is lost: errnos, limits, holders, dirty.
 *
 * tests/scenario/test_quarantine.c is about the frames themselves.
 */
#include "world.h"

#include "internal.h"

#define NR 4

static struct gup_owner *owner_begin(struct world *w, const struct world_spec *spec)
{
	struct gup_owner *nic;

	world_begin(w, spec);
	map_anon(w->mm, BASE, 2 * NR * PAGE);
	app_fill(w->mm, BASE, 2 * NR * PAGE, 1);
	assert_int_equal(gup_owner_create(w->m, "nic", 2 * NR, &nic), 0);
	return nic;
}

static struct gup_owner *begin(struct world *w)
{
	return owner_begin(w, &(struct world_spec){ .normal = 4, .no_huge_pages = true });
}

static void end(struct world *w, struct gup_owner *nic)
{
	check_rest(w->m, 0, 0);
	assert_int_equal(gup_owner_quarantined(nic), 0);
	assert_int_equal(gup_owner_destroy(nic), 0);
	world_end(w);
}

static struct gup_pin *pin(struct world *w, struct gup_owner *owner, uint64_t nr, unsigned int flags)
{
	struct gup_request request = { BASE, nr * PAGE, flags, owner };
	struct gup_pin *p = NULL;

	assert_int_equal(gup_pin(w->mm, &request, &p, NULL), 0);
	return p;
}

static void refused(struct world *w, struct gup_request request, int error, enum gup_rule rule)
{
	struct gup_pin *p = NULL;
	struct gup_why why;

	assert_int_equal(gup_pin(w->mm, &request, &p, &why), error);
	assert_null(p);
	assert_int_equal(why.error, error);
	assert_int_equal(why.rule, rule);
}

static void no_pin_for_a_lost_owner(void **state)
{
	char sentence[200];
	struct gup_request one = { BASE, PAGE, GUP_WRITE, NULL };
	struct gup_owner *nic;
	struct gup_pin *p;
	struct gup_why why;
	struct world w;

	(void)state;
	nic = begin(&w);
	one.owner = nic;
	assert_int_equal(gup_owner_lost(nic), 0);
	refused(&w, one, -GUP_ENODEV, GUP_RULE_OWNER_LOST);
	assert_int_equal(gup_pin(w.mm, &one, &p, &why), -GUP_ENODEV);
	gup_why_str(&why, sentence, sizeof(sentence));
	assert_string_equal(sentence,
			    "ENODEV: the device of its owner is lost, and gets no memory before it was reset, "
			    "at address 0x40000000");
	/* A mistake of the caller's comes first, a limit does not. */
	refused(&w, (struct gup_request){ BASE, 0, 0, nic }, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT);
	refused(&w, (struct gup_request){ BASE, PAGE, 1u << 31, nic }, -GUP_EINVAL, GUP_RULE_UNKNOWN_FLAG);
	refused(&w, (struct gup_request){ BASE, 100 * PAGE, 0, nic }, -GUP_ENODEV, GUP_RULE_OWNER_LOST);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_owner_pinned(nic), 0);
	assert_int_equal(gup_owner_reset(nic), 0);
	p = pin(&w, nic, 1, GUP_WRITE);
	assert_int_equal(gup_unpin(p, true), 0);
	end(&w, nic);
}

static void said_twice(void **state)
{
	struct gup_owner *nic;
	struct gup_pin *p;
	struct world w;

	(void)state;
	nic = begin(&w);
	assert_int_equal(gup_owner_lost(NULL), -GUP_EINVAL);
	assert_int_equal(gup_owner_reset(NULL), -GUP_EINVAL);
	assert_int_equal(gup_owner_quarantined(NULL), 0);
	/* A reset of what works changes nothing. */
	p = pin(&w, nic, NR, GUP_WRITE);
	assert_int_equal(gup_owner_reset(nic), 0);
	check_rest(w.m, NR, 0);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_unpin(p, true), 0);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_owner_quarantined(nic), NR);
	assert_int_equal(gup_owner_reset(nic), 0);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_owner_reset(nic), 0);
	/* A lost owner without pins can go, too. */
	assert_int_equal(gup_owner_lost(nic), 0);
	end(&w, nic);
}

/* Pins that nobody released are held as before, by whoever comes first: unpin or reset. */
static void held_pins_stay_held(void **state)
{
	struct gup_owner *nic;
	struct gup_pin *a, *b;
	struct world w;

	(void)state;
	nic = begin(&w);
	a = pin(&w, nic, NR, GUP_WRITE);
	b = pin(&w, nic, 1, 0);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_owner_quarantined(nic), 0);
	check_rest(w.m, NR + 1, 0);
	assert_int_equal(gup_pin_pages(a), NR);
	assert_int_equal(gup_unpin(b, false), 0);
	assert_int_equal(gup_owner_quarantined(nic), 1);
	assert_int_equal(gup_owner_reset(nic), 0);
	check_rest(w.m, NR, 0);
	assert_int_equal(gup_owner_quarantined(nic), 0);
	assert_int_equal(gup_unpin(a, true), 0);
	end(&w, nic);
}

static void others_are_not_concerned(void **state)
{
	struct gup_owner *nic, *gpu;
	struct gup_pin *ours, *theirs, *nobodys;
	struct gup_page *page;
	struct world w;

	(void)state;
	nic = begin(&w);
	assert_int_equal(gup_owner_create(w.m, "gpu", UINT64_MAX, &gpu), 0);
	ours = pin(&w, nic, NR, GUP_WRITE);
	theirs = pin(&w, gpu, NR, GUP_WRITE);
	nobodys = pin(&w, NULL, NR, GUP_WRITE);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_unpin(theirs, true), 0);
	assert_int_equal(gup_unpin(nobodys, true), 0);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	check_rest(w.m, NR, 0);
	assert_int_equal(stats_of(w.m).quarantined, 0);
	assert_int_equal(gup_unpin(ours, true), 0);
	check_rest(w.m, NR, 0);
	/* Each device's quarantine is its own. */
	assert_int_equal(gup_owner_lost(gpu), 0);
	refused(&w, (struct gup_request){ BASE, PAGE, 0, gpu }, -GUP_ENODEV, GUP_RULE_OWNER_LOST);
	assert_int_equal(gup_owner_reset(gpu), 0);
	check_rest(w.m, NR, 0);
	assert_int_equal(stats_of(w.m).quarantined, NR);
	assert_int_equal(gup_owner_reset(nic), 0);
	assert_int_equal(gup_owner_destroy(gpu), 0);
	end(&w, nic);
}

static void still_charged(void **state)
{
	struct gup_owner *nic;
	struct gup_pin *p;
	struct world w;

	(void)state;
	nic = begin(&w);
	gup_mm_set_pin_limit(w.mm, 2 * NR + 1);
	p = pin(&w, nic, NR, GUP_WRITE);
	assert_int_equal(gup_unpin(pin(&w, nic, NR, GUP_WRITE), false), 0);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_unpin(p, false), 0);
	assert_int_equal(gup_owner_pinned(nic), NR);
	assert_int_equal(gup_mm_pinned(w.mm), NR);
	refused(&w, (struct gup_request){ BASE, (NR + 2) * PAGE, 0, NULL }, -GUP_ENOMEM, GUP_RULE_MM_LIMIT);
	assert_int_equal(gup_unpin(pin(&w, NULL, NR + 1, 0), false), 0);
	assert_int_equal(gup_owner_reset(nic), 0);
	assert_int_equal(gup_owner_pinned(nic), 0);
	assert_int_equal(gup_mm_pinned(w.mm), 0);
	assert_int_equal(gup_unpin(pin(&w, nic, 2 * NR, 0), false), 0);
	end(&w, nic);
}

static void holders(bool track_holders)
{
	struct gup_holder holder;
	struct gup_owner *nic;
	struct gup_pin *p;
	struct world w;
	uint64_t pfn;

	nic = owner_begin(&w,
			  &(struct world_spec){ .normal = 4, .no_huge_pages = true, .track_holders = track_holders });
	p = pin(&w, nic, NR, GUP_WRITE | GUP_LONGTERM);
	pfn = gup_user_pfn(w.mm, BASE + PAGE);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, &holder, 1), 1);
	assert_false(holder.quarantined);
	assert_int_equal(gup_unpin(p, true), 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, &holder, 1), 1);
	assert_true(holder.quarantined);
	assert_true(holder.pin);
	assert_true(holder.longterm);
	assert_string_equal(holder.owner, "nic");
	assert_int_equal(holder.pages, NR);
	assert_int_equal(holder.count, 1);
	assert_non_null(holder.site);
	assert_int_equal(gup_pin_holders(w.m, pfn, 1, &holder, 1), 1);
	assert_true(holder.quarantined);
	assert_int_equal(holder.pfn, pfn);
	assert_int_equal(gup_owner_reset(nic), 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 0);
	end(&w, nic);
}

static void holders_are_listed(void **state)
{
	(void)state;
	holders(false);
	holders(true);
}

static void machine_stays(void **state)
{
	struct gup_owner *nic;
	struct gup_pin *p;
	struct world w;

	(void)state;
	nic = begin(&w);
	p = pin(&w, nic, NR, GUP_WRITE);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_unpin(p, true), 0);
	world_exit(&w, w.mm);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_EBUSY);
	check_rest(w.m, NR, 0);
	assert_int_equal(gup_owner_reset(nic), 0);
	end(&w, nic);
}

/* A page of shared memory that nobody wrote to: is it dirty after it was unpinned as @dirty and the device reset? */
static bool dirty_after_reset(bool dirty)
{
	struct gup_request request = { BASE + HUGE, PAGE, 0, NULL };
	struct gup_object *shm;
	struct gup_owner *nic;
	struct gup_page *page;
	struct gup_extent e;
	struct gup_pin *p;
	struct world w;
	bool result;

	nic = begin(&w);
	request.owner = nic;
	shm = new_shm(&w, PAGE);
	map_shared(w.mm, BASE + HUGE, PAGE, shm);
	assert_int_equal(gup_pin(w.mm, &request, &p, NULL), 0);
	assert_true(gup_pin_next_extent(&(struct gup_extent_iter){ .pin = p }, &e));
	page = e.page;
	assert_false(frame_of(w.m, page).dirty);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_unpin(p, dirty), 0);
	assert_false(frame_of(w.m, page).dirty);
	assert_int_equal(gup_owner_reset(nic), 0);
	result = frame_of(w.m, page).dirty;
	gup_object_put(shm);
	end(&w, nic);
	return result;
}

static void dirty_at_reset(void **state)
{
	(void)state;
	assert_false(dirty_after_reset(false));
	assert_true(dirty_after_reset(true));
}

/* Somebody else released a page of a pin in quarantine: refused once, the rest comes back. */
static void released_behind_its_back(void **state)
{
	struct gup_extent e;
	struct gup_owner *nic;
	struct gup_pin *p;
	struct world w;

	(void)state;
	nic = begin(&w);
	p = pin(&w, nic, NR, GUP_WRITE);
	assert_true(gup_pin_next_extent(&(struct gup_extent_iter){ .pin = p }, &e));
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_unpin(p, true), 0);
	assert_int_equal(gup_unpin_user_page(w.m, e.page), 0);
	assert_int_equal(gup_owner_reset(nic), -GUP_EINVAL);
	assert_int_equal(stats_of(w.m).bad_unpins, 1);
	assert_int_equal(gup_owner_reset(nic), 0);
	end(&w, nic);
}

/* Without FOLL_PIN the references stay; and the zero page, which is not counted, is in the books all the same. */
static void references_and_zero_pages(void **state)
{
	struct gup_owner *nic;
	struct gup_pin *p;
	struct world w;

	(void)state;
	nic = owner_begin(&w, &(struct world_spec){ .normal = 4, .no_huge_pages = true, .contract = GUP_LINUX_5_2 });
	map_anon(w.mm, BASE, PAGE);
	p = pin(&w, nic, NR, 0);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_unpin(p, true), 0);
	assert_int_equal(gup_munmap(w.mm, BASE, 2 * NR * PAGE), 0);
	assert_int_equal(gup_owner_quarantined(nic), NR);
	check_rest(w.m, 0, NR - 1);
	assert_int_equal(gup_owner_reset(nic), 0);
	end(&w, nic);
}

static void check_finds(struct gup_machine *m, const char *words)
{
	struct gup_check check;

	assert_int_equal(gup_machine_check(m, &check), -GUP_EINVAL);
	assert_int_equal(check.errors, 1);
	assert_string_equal(check.first_error, words);
}

static void the_check_knows_the_books(void **state)
{
	struct gup_owner *nic, good;
	struct gup_pin *p;
	struct world w;

	(void)state;
	nic = begin(&w);
	p = pin(&w, nic, NR, GUP_WRITE);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_unpin(p, true), 0);
	check_rest(w.m, NR, 0);
	good = *nic;
	nic->nr_pins++;
	check_finds(w.m, "an owner's pins are not those in the list");
	*nic = good;
	nic->pinned--;
	check_finds(w.m, "an owner's pins are not those in the list");
	*nic = good;
	nic->quarantined++;
	check_finds(w.m, "an owner's quarantine is not what the list says");
	*nic = good;
	nic->lost = 0;
	check_finds(w.m, "pins are in quarantine, but their owner is not lost");
	*nic = good;
	assert_int_equal(gup_owner_reset(nic), 0);
	end(&w, nic);
}

/* Neither call allocates: a failure that is armed for the next allocation is not spent. */
static void needs_no_memory(void **state)
{
	struct gup_owner *nic;
	struct gup_pin *p;
	struct world w;

	(void)state;
	nic = begin(&w);
	p = pin(&w, nic, NR, GUP_WRITE);
	gup_test_fail_alloc(w.m, 1);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_unpin(p, true), 0);
	assert_int_equal(gup_owner_reset(nic), 0);
	assert_int_equal(gup_test_fail_alloc(w.m, 0), 1);
	end(&w, nic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_pin_for_a_lost_owner),
		cmocka_unit_test(said_twice),
		cmocka_unit_test(held_pins_stay_held),
		cmocka_unit_test(others_are_not_concerned),
		cmocka_unit_test(still_charged),
		cmocka_unit_test(holders_are_listed),
		cmocka_unit_test(machine_stays),
		cmocka_unit_test(dirty_at_reset),
		cmocka_unit_test(released_behind_its_back),
		cmocka_unit_test(references_and_zero_pages),
		cmocka_unit_test(the_check_knows_the_books),
		cmocka_unit_test(needs_no_memory),
	};

	return cmocka_run_group_tests_name("lost", tests, NULL, NULL);
}
