/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_own_form.c - gup_pin() and gup_unpin(): all or nothing, extents, owners, limits, reasons.
 *
 * A pin is an object here: it outlives mapping and mm, knows its frames, and somebody answers for it.
 */
#include "world.h"

static void begin(struct world *w)
{
	world_begin(w, &(struct world_spec){ .normal = 16, .dax = 2, .contract = GUP_NATIVE });
}

static struct gup_pin *pin(struct gup_mm *mm, uint64_t addr, uint64_t bytes, unsigned int flags,
			   struct gup_owner *owner)
{
	struct gup_request request = { .addr = addr, .bytes = bytes, .flags = flags, .owner = owner };
	struct gup_pin *p = NULL;

	assert_int_equal(gup_pin(mm, &request, &p, NULL), 0);
	assert_non_null(p);
	return p;
}

/* The extents are the frames behind [@addr, @addr + @bytes), in order and without gap; returns their number. */
static size_t check_extents(struct gup_mm *mm, const struct gup_pin *p, uint64_t addr, uint64_t bytes)
{
	struct gup_extent_iter it = { .pin = p };
	struct gup_machine *m = gup_mm_machine(mm);
	struct gup_extent e;
	uint64_t done = 0, at;
	size_t nr = 0;

	for (; gup_pin_next_extent(&it, &e); nr++) {
		assert_int_equal(e.offset, nr == 0 ? addr % PAGE : 0);
		assert_true(e.bytes > 0);
		for (at = 0; at < e.bytes; at += PAGE)
			assert_int_equal(gup_page_to_pfn(m, e.page) + (e.offset + at) / PAGE,
					 gup_user_pfn(mm, addr + done + at));
		done += e.bytes;
	}
	assert_int_equal(done, bytes);
	assert_int_equal(gup_pin_bytes(p), bytes);
	assert_int_equal(gup_pin_nr_extents(p), nr);
	assert_false(gup_pin_next_extent(&it, &e));
	return nr;
}

static void huge_folio_is_one_extent(void **state)
{
	struct gup_pin *p;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	p = pin(w.mm, BASE, HUGE, GUP_WRITE | GUP_LONGTERM, NULL);
	assert_int_equal(check_extents(w.mm, p, BASE, HUGE), 1);
	assert_int_equal(gup_pin_pages(p), GUP_HUGE_PAGES);
	check_rest(w.m, GUP_HUGE_PAGES, 0);
	assert_int_equal(gup_unpin(p, true), 0);
	assert_int_equal(gup_unpin(NULL, false), 0);
	world_end(&w);
}

static void unaligned_at_both_ends(void **state)
{
	struct gup_pin *p;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE + 4 * PAGE);
	app_fill(w.mm, BASE, HUGE + 4 * PAGE, 1);
	p = pin(w.mm, BASE + HUGE - 100, 200, GUP_WRITE, NULL);
	check_extents(w.mm, p, BASE + HUGE - 100, 200);
	assert_int_equal(gup_pin_pages(p), 2);
	check_rest(w.m, 2, 0);
	assert_int_equal(gup_unpin(p, true), 0);
	p = pin(w.mm, BASE + 4095, 1, 0, NULL);
	assert_int_equal(check_extents(w.mm, p, BASE + 4095, 1), 1);
	assert_int_equal(gup_pin_pages(p), 1);
	assert_int_equal(gup_unpin(p, false), 0);
	p = pin(w.mm, BASE + 8, HUGE + PAGE, 0, NULL);
	check_extents(w.mm, p, BASE + 8, HUGE + PAGE);
	assert_int_equal(gup_pin_pages(p), GUP_HUGE_PAGES + 2);
	check_rest(w.m, GUP_HUGE_PAGES + 2, 0);
	assert_int_equal(gup_unpin(p, false), 0);
	world_end(&w);
}

static void device_writes_through_extents(void **state)
{
	struct gup_extent_iter it = { 0 };
	struct gup_extent e;
	uint8_t data[5000], buf[3 * PAGE];
	uint64_t done = 0;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 3 * PAGE);
	app_fill(w.mm, BASE, 3 * PAGE, 1);
	pattern_make(data, 0, sizeof(data), 2);
	it.pin = pin(w.mm, BASE + 1000, sizeof(data), GUP_WRITE, NULL);
	for (; gup_pin_next_extent(&it, &e); done += e.bytes)
		device_write(w.m, e.page, e.offset, data + done, e.bytes);
	assert_int_equal(gup_copy_from_user(w.mm, buf, BASE, sizeof(buf)), 0);
	assert_true(pattern_is(buf, BASE, 1000, 1));
	assert_memory_equal(buf + 1000, data, sizeof(data));
	assert_true(pattern_is(buf + 6000, BASE + 6000, 3 * PAGE - 6000, 1));
	assert_int_equal(gup_unpin((struct gup_pin *)it.pin, true), 0);
	world_end(&w);
}

#define SCATTERED 400

static void many_extents(void **state)
{
	struct gup_pin *p;
	struct world w;
	unsigned int i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 16, .no_huge_pages = true });
	map_anon(w.mm, BASE, SCATTERED * PAGE);
	/* Every second page first: neighbours in the mapping are seldom neighbours in memory. */
	for (i = 0; i < SCATTERED; i += 2)
		app_fill(w.mm, BASE + i * PAGE, PAGE, i);
	for (i = 1; i < SCATTERED; i += 2)
		app_fill(w.mm, BASE + i * PAGE, PAGE, i);
	p = pin(w.mm, BASE, SCATTERED * PAGE, GUP_WRITE, NULL);
	assert_true(check_extents(w.mm, p, BASE, SCATTERED * PAGE) > SCATTERED / 2);
	assert_int_equal(gup_pin_pages(p), SCATTERED);
	check_rest(w.m, SCATTERED, 0);
	assert_int_equal(gup_unpin(p, false), 0);
	world_end(&w);
}

static void refuse(struct gup_mm *mm, struct gup_request request, int error, struct gup_why *why)
{
	struct gup_pin *p = NULL;

	memset(why, 0, sizeof(*why));
	assert_int_equal(gup_pin(mm, &request, &p, why), error);
	assert_null(p);
	assert_int_equal(why->error, error);
}

static void all_or_nothing(void **state)
{
	struct gup_object *file;
	struct gup_why why;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 4 * PAGE);
	refuse(w.mm, (struct gup_request){ BASE, 5 * PAGE, GUP_WRITE, NULL }, -GUP_EFAULT, &why);
	assert_int_equal(why.rule, GUP_RULE_NO_VMA);
	assert_int_equal(why.addr, BASE + 4 * PAGE);
	check_rest(w.m, 0, 0);
	file = new_dax_file(&w, 2 * PAGE);
	map_shared(w.mm, BASE + 4 * PAGE, 2 * PAGE, file);
	refuse(w.mm, (struct gup_request){ BASE, 6 * PAGE, GUP_WRITE | GUP_LONGTERM, NULL }, -GUP_EOPNOTSUPP, &why);
	assert_int_equal(why.rule, GUP_RULE_FSDAX_LONGTERM);
	assert_int_equal(why.addr, BASE + 4 * PAGE);
	check_rest(w.m, 0, 0);
	assert_int_equal(gup_mprotect(w.mm, BASE + PAGE, PAGE, GUP_PROT_READ), 0);
	refuse(w.mm, (struct gup_request){ BASE, 4 * PAGE, GUP_WRITE, NULL }, -GUP_EFAULT, &why);
	assert_int_equal(why.rule, GUP_RULE_VMA_NOT_WRITABLE);
	assert_int_equal(why.addr, BASE + PAGE);
	refuse(w.mm, (struct gup_request){ BASE, 0, 0, NULL }, -GUP_EINVAL, &why);
	refuse(w.mm, (struct gup_request){ BASE, PAGE, 1u << 31, NULL }, -GUP_EINVAL, &why);
	assert_int_equal(why.rule, GUP_RULE_UNKNOWN_FLAG);
	refuse(w.mm, (struct gup_request){ UINT64_MAX - 10, 100, 0, NULL }, -GUP_EOVERFLOW, &why);
	assert_int_equal(why.rule, GUP_RULE_RANGE_OVERFLOW);
	refuse(w.mm, (struct gup_request){ GUP_USER_TOP - PAGE, 2 * PAGE, 0, NULL }, -GUP_EFAULT, &why);
	assert_int_equal(why.rule, GUP_RULE_RANGE_BEYOND_USER);
	check_rest(w.m, 0, 0);
	gup_object_put(file);
	world_end(&w);
}

static void mm_limit(void **state)
{
	struct gup_pin *first, *second;
	struct gup_why why;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, 8 * PAGE);
	assert_int_equal(gup_mm_pinned(w.mm), 0);
	gup_mm_set_pin_limit(w.mm, 5);
	first = pin(w.mm, BASE, 3 * PAGE, GUP_WRITE, NULL);
	assert_int_equal(gup_mm_pinned(w.mm), 3);
	/* The same pages again count again. */
	refuse(w.mm, (struct gup_request){ BASE, 3 * PAGE, GUP_WRITE, NULL }, -GUP_ENOMEM, &why);
	assert_int_equal(why.rule, GUP_RULE_MM_LIMIT);
	assert_int_equal(gup_mm_pinned(w.mm), 3);
	check_rest(w.m, 3, 0);
	second = pin(w.mm, BASE + 100, PAGE, GUP_WRITE, NULL);
	assert_int_equal(gup_mm_pinned(w.mm), 5);
	refuse(w.mm, (struct gup_request){ BASE, 1, GUP_WRITE, NULL }, -GUP_ENOMEM, &why);
	/* A refusal for another reason takes nothing from the limit either. */
	gup_mm_set_pin_limit(w.mm, UINT64_MAX);
	refuse(w.mm, (struct gup_request){ BASE + 7 * PAGE, 2 * PAGE, GUP_WRITE, NULL }, -GUP_EFAULT, &why);
	assert_int_equal(gup_mm_pinned(w.mm), 5);
	assert_int_equal(gup_unpin(first, false), 0);
	assert_int_equal(gup_mm_pinned(w.mm), 2);
	assert_int_equal(gup_unpin(second, false), 0);
	assert_int_equal(gup_mm_pinned(w.mm), 0);
	world_end(&w);
}

static void owner_limit(void **state)
{
	struct gup_owner *nic;
	struct gup_pin *p;
	struct gup_why why;
	struct world w;

	(void)state;
	begin(&w);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	assert_int_equal(gup_owner_create(w.m, "nic", GUP_HUGE_PAGES + 1, &nic), 0);
	p = pin(w.mm, BASE, HUGE, GUP_WRITE, nic);
	assert_int_equal(gup_owner_pinned(nic), GUP_HUGE_PAGES);
	refuse(w.mm, (struct gup_request){ BASE, 2 * PAGE, GUP_WRITE, nic }, -GUP_ENOMEM, &why);
	assert_int_equal(why.rule, GUP_RULE_OWNER_LIMIT);
	assert_int_equal(gup_owner_pinned(nic), GUP_HUGE_PAGES);
	assert_int_equal(gup_mm_pinned(w.mm), GUP_HUGE_PAGES);
	assert_int_equal(gup_owner_destroy(nic), -GUP_EBUSY);
	assert_int_equal(gup_unpin(p, false), 0);
	assert_int_equal(gup_owner_pinned(nic), 0);
	assert_int_equal(gup_owner_destroy(nic), 0);
	world_end(&w);
}

static void owner_of_another_machine(void **state)
{
	struct gup_owner *stranger;
	struct gup_why why;
	struct world w, other;

	(void)state;
	begin(&w);
	begin(&other);
	map_anon(w.mm, BASE, PAGE);
	assert_int_equal(gup_owner_create(other.m, "stranger", UINT64_MAX, &stranger), 0);
	refuse(w.mm, (struct gup_request){ BASE, PAGE, GUP_WRITE, stranger }, -GUP_EINVAL, &why);
	assert_int_equal(gup_owner_destroy(stranger), 0);
	world_end(&other);
	world_end(&w);
}

static void sentences(void **state)
{
	char sentence[200], part[8];
	struct gup_why why;
	struct world w;
	size_t length;

	(void)state;
	begin(&w);
	refuse(w.mm, (struct gup_request){ BASE, PAGE, GUP_WRITE, NULL }, -GUP_EFAULT, &why);
	length = gup_why_str(&why, sentence, sizeof(sentence));
	assert_int_equal(length, strlen(sentence));
	assert_in_range(length, 20, sizeof(sentence) - 1);
	assert_non_null(strstr(sentence, "0x40000000"));
	assert_int_equal(gup_why_str(&why, part, sizeof(part)), length);
	assert_int_equal(strlen(part), sizeof(part) - 1);
	assert_memory_equal(part, sentence, sizeof(part) - 1);
	assert_int_equal(gup_why_str(&why, NULL, 0), length);
	world_end(&w);
}

static void rule_names(void **state)
{
	char sentence[300];
	struct gup_why why = { .error = -GUP_EFAULT };
	enum gup_rule rule;

	(void)state;
	assert_string_equal(gup_rule_name(GUP_RULE_FSDAX_LONGTERM), "FSDAX_LONGTERM");
	assert_string_equal(gup_rule_name(GUP_RULE_OWNER_LIMIT), "OWNER_LIMIT");
	assert_string_equal(gup_rule_name(GUP_NR_RULES), "?");
	for (rule = GUP_RULE_NONE + 1; rule < GUP_NR_RULES; rule++) {
		assert_string_not_equal(gup_rule_name(rule), "?");
		why.rule = rule;
		assert_in_range(gup_why_str(&why, sentence, sizeof(sentence)), 10, sizeof(sentence) - 1);
	}
}

static void pin_outlives_mapping_and_mm(void **state)
{
	struct gup_extent_iter it = { 0 };
	struct gup_extent e;
	struct gup_mm *mm;
	struct world w;
	uint64_t free;

	(void)state;
	begin(&w);
	mm = world_mm(&w, "short-lived");
	map_anon(mm, BASE, 2 * PAGE);
	app_fill(mm, BASE, 2 * PAGE, 1);
	it.pin = pin(mm, BASE, 2 * PAGE, GUP_WRITE | GUP_LONGTERM, NULL);
	assert_int_equal(gup_munmap(mm, BASE, 2 * PAGE), 0);
	check_rest(w.m, 2, 0);
	world_exit(&w, mm);
	check_rest(w.m, 2, 0);
	assert_true(gup_pin_next_extent(&it, &e));
	device_expect(w.m, e.page, BASE, 1);
	device_fill(w.m, e.page, BASE, 2);
	/* Nobody else gets these frames meanwhile. */
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 3);
	device_expect(w.m, e.page, BASE, 2);
	free = free_frames(w.m);
	assert_int_equal(gup_unpin((struct gup_pin *)it.pin, true), 0);
	assert_true(free_frames(w.m) >= free + 2);
	app_expect(w.mm, BASE, HUGE, 3);
	world_end(&w);
}

static void holders_are_named(void **state)
{
	struct gup_holder holders[4];
	struct gup_owner *nic;
	struct gup_pin *a, *b;
	struct world w;
	uint64_t pfn;
	unsigned int i, owned;

	(void)state;
	begin(&w);
	assert_int_equal(gup_owner_create(w.m, "nic0", UINT64_MAX, &nic), 0);
	map_anon(w.mm, BASE, HUGE);
	app_fill(w.mm, BASE, HUGE, 1);
	pfn = gup_user_pfn(w.mm, BASE);
	a = pin(w.mm, BASE, HUGE, GUP_WRITE | GUP_LONGTERM, nic);
	b = pin(w.mm, BASE + 10 * PAGE, 2 * PAGE, 0, NULL);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 2);
	assert_int_equal(gup_pin_holders(w.m, pfn, 1, holders, 4), 1);
	assert_string_equal(holders[0].owner, "nic0");
	assert_int_equal(holders[0].pages, 1); /* the part in the range */
	assert_int_equal(gup_pin_holders(w.m, pfn, GUP_HUGE_PAGES, holders, 4), 2);
	for (i = 0, owned = 0; i < 2; i++) {
		bool is_nic = strcmp(holders[i].owner, "nic0") == 0;

		owned += is_nic;
		assert_string_equal(holders[i].owner, is_nic ? "nic0" : APP);
		assert_int_equal(holders[i].pages, is_nic ? GUP_HUGE_PAGES : 2);
		assert_int_equal(holders[i].pfn, is_nic ? pfn : pfn + 10);
		assert_int_equal(holders[i].count, 1);
		assert_true(holders[i].pin);
		assert_int_equal(holders[i].longterm, is_nic);
		assert_false(holders[i].cma);
		assert_non_null(holders[i].site);
	}
	assert_int_equal(owned, 1);
	assert_int_equal(gup_unpin(a, false), 0);
	assert_int_equal(gup_unpin(b, false), 0);
	assert_int_equal(gup_pin_holders(w.m, 0, UINT64_MAX, NULL, 0), 0);
	assert_int_equal(gup_owner_destroy(nic), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(huge_folio_is_one_extent),
		cmocka_unit_test(unaligned_at_both_ends),
		cmocka_unit_test(device_writes_through_extents),
		cmocka_unit_test(many_extents),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(mm_limit),
		cmocka_unit_test(owner_limit),
		cmocka_unit_test(owner_of_another_machine),
		cmocka_unit_test(sentences),
		cmocka_unit_test(rule_names),
		cmocka_unit_test(pin_outlives_mapping_and_mm),
		cmocka_unit_test(holders_are_named),
	};

	return cmocka_run_group_tests_name("own form", tests, NULL, NULL);
}
