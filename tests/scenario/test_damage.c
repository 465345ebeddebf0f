/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_damage.c - the machine check finds what is wrong with the hugetlb pool, with locked mappings and with
 * secret memory.
 */
#include "world.h"

#include "internal.h"

static void check_finds(struct gup_machine *m, const char *words)
{
	struct gup_check check;

	assert_int_equal(gup_machine_check(m, &check), -GUP_EINVAL);
	if (!strstr(check.first_error, words))
		fail_msg("'%s' does not say '%s'", check.first_error, words);
}

static void the_pool(void **state)
{
	struct gup_object *object;
	struct gup_hugetlb good;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 12, .hugetlb = 3 });
	assert_int_equal(gup_hugetlb_create(w.m, 2 * HUGE, &object), 0);
	map_shared(w.mm, BASE, HUGE, object);
	map_private(w.mm, BASE + HUGE, HUGE, object);
	check_rest(w.m, 0, 0);
	good = w.m->hugetlb;
	w.m->hugetlb.nr_free--;
	check_finds(w.m, "a free hugetlb folio is lost");
	w.m->hugetlb = good;
	w.m->hugetlb.nr_reserved--;
	check_finds(w.m, "reserved for nobody");
	w.m->hugetlb = good;
	w.m->hugetlb.nr_reserved = w.m->hugetlb.nr_free + 1;
	check_finds(w.m, "hugetlb folios are reserved");
	w.m->hugetlb = good;
	gup_object_put(object);
	world_end(&w);
}

static void a_used_folio(void **state)
{
	struct gup_object *object;
	struct gup_page *head, good;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 8, .hugetlb = 1 });
	assert_int_equal(gup_hugetlb_create(w.m, HUGE, &object), 0);
	map_shared(w.mm, BASE, HUGE, object);
	app_fill(w.mm, BASE, PAGE, 1);
	head = gup_pfn_to_page(w.m, gup_user_pfn(w.mm, BASE));
	good = *head;
	head->flags &= ~GUP_PF_ORDER;
	check_finds(w.m, "smaller folio");
	*head = good;
	head->count--;
	check_finds(w.m, "fewer references");
	*head = good;
	gup_object_put(object);
	world_end(&w);
}

static void locked_pages(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	map_anon(w.mm, BASE, PAGE);
	assert_int_equal(gup_mlock(w.mm, BASE, PAGE), 0);
	w.mm->locked++;
	check_finds(w.m, "an mm's locked pages are not those of its VMAs");
	w.mm->locked--;
	world_end(&w);
}

static void secret_memory(void **state)
{
	struct gup_object *object;
	struct gup_page *page;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4 });
	assert_int_equal(gup_secret_create(w.m, PAGE, &object), 0);
	map_shared(w.mm, BASE, PAGE, object);
	app_fill(w.mm, BASE, PAGE, 1);
	page = gup_pfn_to_page(w.m, gup_user_pfn(w.mm, BASE));
	page->count += GUP_COUNT_PIN;
	check_finds(w.m, "secret memory is pinned");
	page->count -= GUP_COUNT_PIN;
	gup_object_put(object);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pool),
		cmocka_unit_test(a_used_folio),
		cmocka_unit_test(locked_pages),
		cmocka_unit_test(secret_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
