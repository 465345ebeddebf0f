/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_interval.c - intervals and their numbers, and how subscriptions of both kinds begin and end.
 *
 * Every call writes a letter into a diary: "i" an interval, "a" and "b" the start for one notifier and another, "A" and
 * "B" the end, "r" and "s" their release.
 */
#include "world.h"

#define SPEC                                                                                                           \
	{                                                                                                              \
		.normal = 4                                                                                            \
	}

struct diary {
	struct gup_mm *mm;
	char text[32];
	uint64_t pfn; /* behind BASE, when the last letter was written */
};

struct subscriber {
	struct diary *diary;
	char letter, release;
	bool deaf; /* does not note the number */
	struct gup_notifier *notifier;
	struct gup_interval *interval;
	struct gup_notifier_range range;
	uint64_t seq;
	bool tries_all; /* to come and go in a callback */
	int answers[4];
};

static bool subscriber_invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
				  uint64_t seq);
static void subscriber_start(void *context, const struct gup_notifier_range *range);
static void subscriber_end(void *context, const struct gup_notifier_range *range);
static void subscriber_release(void *context, struct gup_mm *mm);

static const struct gup_notifier_ops notifier_ops = { subscriber_release, subscriber_start, subscriber_end };
static const struct gup_interval_ops interval_ops = { subscriber_invalidate };

static void write_letter(struct diary *diary, char letter)
{
	struct gup_page *page;

	assert_true(strlen(diary->text) + 1 < sizeof(diary->text));
	diary->text[strlen(diary->text)] = letter;
	diary->pfn = 0;
	if (gup_get_user_pages_fast_only(diary->mm, BASE, 1, 0, &page) != 1)
		return;
	diary->pfn = gup_page_to_pfn(gup_mm_machine(diary->mm), page);
	assert_int_equal(gup_put_page(gup_mm_machine(diary->mm), page), 0);
}

static void read_diary(struct diary *diary, const char *text)
{
	assert_string_equal(diary->text, text);
	memset(diary->text, 0, sizeof(diary->text));
}

static void try_all(struct subscriber *s)
{
	struct gup_notifier *notifier;
	struct gup_interval *interval;

	if (!s->tries_all)
		return;
	s->answers[0] = gup_notifier_register(s->diary->mm, &notifier_ops, s, &notifier);
	s->answers[1] = gup_interval_insert(s->diary->mm, BASE, PAGE, &interval_ops, s, &interval);
	s->answers[2] = gup_notifier_unregister(s->notifier);
	s->answers[3] = gup_interval_remove(s->interval);
}

static bool subscriber_invalidate(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
				  uint64_t seq)
{
	struct subscriber *s = context;

	assert_ptr_equal(interval, s->interval);
	assert_ptr_equal(range->mm, s->diary->mm);
	write_letter(s->diary, 'i');
	s->range = *range;
	s->seq = seq;
	if (!s->deaf)
		gup_interval_set_seq(interval, seq);
	try_all(s);
	return true;
}

static void subscriber_start(void *context, const struct gup_notifier_range *range)
{
	struct subscriber *s = context;

	(void)range;
	write_letter(s->diary, s->letter);
	try_all(s);
}

static void subscriber_end(void *context, const struct gup_notifier_range *range)
{
	struct subscriber *s = context;

	(void)range;
	write_letter(s->diary, (char)(s->letter - 'a' + 'A'));
	try_all(s);
}

static void subscriber_release(void *context, struct gup_mm *mm)
{
	struct subscriber *s = context;

	assert_ptr_equal(mm, s->diary->mm);
	write_letter(s->diary, s->release);
	try_all(s);
}

static void begin(struct world *w, struct diary *diary)
{
	world_begin(w, &(struct world_spec)SPEC);
	map_anon(w->mm, BASE, 4 * PAGE);
	app_fill(w->mm, BASE, 4 * PAGE, 1);
	memset(diary, 0, sizeof(*diary));
	diary->mm = w->mm;
}

static void add_notifier(struct subscriber *s, struct diary *diary, char letter, char release)
{
	s->diary = diary;
	s->letter = letter;
	s->release = release;
	assert_int_equal(gup_notifier_register(diary->mm, &notifier_ops, s, &s->notifier), 0);
}

static void add_interval(struct subscriber *s, struct diary *diary, uint64_t start, uint64_t length)
{
	s->diary = diary;
	assert_int_equal(gup_interval_insert(diary->mm, start, length, &interval_ops, s, &s->interval), 0);
}

static void drop(struct diary *diary, uint64_t addr, uint64_t bytes)
{
	assert_int_equal(gup_madvise(diary->mm, addr, bytes, GUP_MADV_DONTNEED), 0);
}

static void only_what_overlaps(void **state)
{
	struct subscriber s = { 0 };
	struct diary diary;
	struct world w;

	(void)state;
	begin(&w, &diary);
	add_interval(&s, &diary, BASE + 2 * PAGE - 1, 2); /* the last byte of page 1, the first of page 2 */
	drop(&diary, BASE, PAGE);
	drop(&diary, BASE + 3 * PAGE, PAGE);
	read_diary(&diary, "");
	drop(&diary, BASE + PAGE, PAGE);
	read_diary(&diary, "i");
	assert_int_equal(s.range.start, BASE + PAGE);
	assert_int_equal(s.range.end, BASE + 2 * PAGE);
	assert_int_equal(s.range.event, GUP_EVENT_CLEAR);
	drop(&diary, BASE + 2 * PAGE, PAGE);
	assert_int_equal(gup_mprotect(w.mm, BASE, 4 * PAGE, GUP_PROT_READ), 0);
	read_diary(&diary, "ii");
	assert_int_equal(s.range.event, GUP_EVENT_PROTECT_VMA);
	assert_int_equal(s.range.end, BASE + 4 * PAGE);
	assert_int_equal(gup_interval_remove(s.interval), 0);
	drop(&diary, BASE, 4 * PAGE);
	read_diary(&diary, "");
	world_end(&w);
}

static void numbers(void **state)
{
	struct subscriber s = { 0 };
	struct diary diary;
	struct world w;
	uint64_t seq, next;

	(void)state;
	begin(&w, &diary);
	add_interval(&s, &diary, BASE, PAGE);
	seq = gup_interval_read_begin(s.interval);
	assert_false(gup_interval_read_retry(s.interval, seq));
	drop(&diary, BASE + PAGE, PAGE);
	assert_false(gup_interval_read_retry(s.interval, seq));
	drop(&diary, BASE, PAGE);
	assert_true(gup_interval_read_retry(s.interval, seq));
	assert_true(gup_interval_check_retry(s.interval, seq));
	next = gup_interval_read_begin(s.interval);
	assert_int_equal(next, s.seq);
	assert_int_not_equal(next, seq);
	assert_int_equal(next & 1, 1);
	assert_false(gup_interval_check_retry(s.interval, next));
	drop(&diary, BASE, PAGE);
	assert_true(s.seq > next);
	assert_true(gup_interval_read_retry(s.interval, next));
	s.deaf = true; /* who does not note the number misses the change */
	next = gup_interval_read_begin(s.interval);
	drop(&diary, BASE, PAGE);
	assert_false(gup_interval_read_retry(s.interval, next));
	assert_int_equal(gup_interval_remove(s.interval), 0);
	world_end(&w);
}

static void order_of_subscribers(void **state)
{
	struct subscriber a = { 0 }, b = { 0 }, i = { 0 };
	struct diary diary;
	struct world w;

	(void)state;
	begin(&w, &diary);
	add_notifier(&a, &diary, 'a', 'r');
	add_interval(&i, &diary, BASE, PAGE);
	add_notifier(&b, &diary, 'b', 's');
	drop(&diary, BASE, PAGE);
	read_diary(&diary, "iabAB");
	assert_int_equal(gup_interval_remove(i.interval), 0);
	assert_int_equal(gup_notifier_unregister(a.notifier), 0);
	drop(&diary, BASE, PAGE);
	read_diary(&diary, "rbB");
	assert_int_equal(gup_notifier_unregister(b.notifier), 0);
	drop(&diary, BASE, PAGE);
	read_diary(&diary, "s");
	add_notifier(&a, &diary, 'a', 'r'); /* and all over again */
	drop(&diary, BASE, PAGE);
	assert_int_equal(gup_notifier_unregister(a.notifier), 0);
	read_diary(&diary, "aAr");
	world_end(&w);
}

/* Everything is still mapped when the last calls come, and there are none afterwards. */
static void exit_of_the_mm(void **state)
{
	struct subscriber a = { 0 }, b = { 0 }, i = { 0 };
	struct diary diary;
	struct world w;
	uint64_t seq, pfn;

	(void)state;
	begin(&w, &diary);
	add_notifier(&a, &diary, 'a', 'r');
	add_notifier(&b, &diary, 'b', 's');
	add_interval(&i, &diary, BASE, PAGE);
	pfn = gup_user_pfn(w.mm, BASE);
	seq = gup_interval_read_begin(i.interval);
	world_exit(&w, w.mm);
	read_diary(&diary, "irs");
	assert_int_equal(diary.pfn, pfn);
	assert_int_equal(i.range.event, GUP_EVENT_RELEASE);
	assert_int_equal(i.range.start, 0);
	assert_int_equal(i.range.end, GUP_USER_TOP);
	assert_true(gup_interval_read_retry(i.interval, seq));
	assert_int_equal(gup_interval_read_begin(i.interval), i.seq);
	assert_int_equal(gup_notifier_unregister(b.notifier), 0);
	assert_int_equal(gup_interval_remove(i.interval), 0);
	assert_int_equal(gup_notifier_unregister(a.notifier), 0);
	read_diary(&diary, "");
	world_end(&w);
}

static void end_of_the_machine(void **state)
{
	struct gup_machine_config config = { .normal_bytes = 4 * MIB };
	struct subscriber a = { 0 }, i = { 0 };
	struct gup_machine *m;
	struct diary diary = { 0 };

	(void)state;
	assert_int_equal(gup_machine_create(&config, &m), 0);
	assert_int_equal(gup_mm_create(m, NULL, &diary.mm), 0);
	add_notifier(&a, &diary, 'a', 'r');
	add_interval(&i, &diary, BASE, PAGE);
	assert_int_equal(gup_machine_destroy(m), 0);
	read_diary(&diary, "ir");
}

static void not_in_a_callback(void **state)
{
	struct subscriber s = { .tries_all = true };
	struct diary diary;
	struct world w;
	unsigned int k;

	(void)state;
	begin(&w, &diary);
	add_interval(&s, &diary, BASE, PAGE);
	add_notifier(&s, &diary, 'a', 'r');
	drop(&diary, BASE, PAGE);
	read_diary(&diary, "iaA");
	for (k = 0; k < 4; k++)
		assert_int_equal(s.answers[k], -GUP_EDEADLK);
	memset(s.answers, 0, sizeof(s.answers));
	world_exit(&w, w.mm);
	read_diary(&diary, "ir");
	for (k = 0; k < 4; k++)
		assert_int_equal(s.answers[k], -GUP_EDEADLK);
	assert_int_equal(gup_interval_remove(s.interval), 0);
	assert_int_equal(gup_notifier_unregister(s.notifier), 0);
	world_end(&w);
}

static int insert(struct gup_mm *mm, uint64_t start, uint64_t length)
{
	struct gup_interval *interval = NULL;
	int err = gup_interval_insert(mm, start, length, &interval_ops, NULL, &interval);

	return err ? err : gup_interval_remove(interval);
}

static void bad_arguments(void **state)
{
	static const struct gup_interval_ops no_ops = { NULL };
	static const struct gup_notifier_ops quiet = { NULL, NULL, NULL };
	struct gup_interval *interval;
	struct gup_notifier *notifier;
	struct diary diary;
	struct world w;

	(void)state;
	begin(&w, &diary);
	assert_int_equal(gup_notifier_register(NULL, &notifier_ops, NULL, &notifier), -GUP_EINVAL);
	assert_int_equal(gup_notifier_register(w.mm, NULL, NULL, &notifier), -GUP_EINVAL);
	assert_int_equal(gup_notifier_register(w.mm, &notifier_ops, NULL, NULL), -GUP_EINVAL);
	assert_int_equal(gup_notifier_unregister(NULL), -GUP_EINVAL);
	assert_int_equal(insert(NULL, BASE, PAGE), -GUP_EINVAL);
	assert_int_equal(insert(w.mm, BASE, 0), -GUP_EINVAL);
	assert_int_equal(insert(w.mm, UINT64_MAX, 2), -GUP_EINVAL);
	assert_int_equal(insert(w.mm, 1, UINT64_MAX), -GUP_EINVAL);
	assert_int_equal(insert(w.mm, GUP_USER_TOP - 1, 2), -GUP_EINVAL);
	assert_int_equal(insert(w.mm, GUP_USER_TOP - 1, 1), 0);
	assert_int_equal(insert(w.mm, 0, GUP_USER_TOP), 0);
	assert_int_equal(gup_interval_insert(w.mm, BASE, PAGE, NULL, NULL, &interval), -GUP_EINVAL);
	assert_int_equal(gup_interval_insert(w.mm, BASE, PAGE, &no_ops, NULL, &interval), -GUP_EINVAL);
	assert_int_equal(gup_interval_insert(w.mm, BASE, PAGE, &interval_ops, NULL, NULL), -GUP_EINVAL);
	assert_int_equal(gup_interval_remove(NULL), -GUP_EINVAL);
	assert_int_equal(gup_interval_read_begin(NULL), 0);
	assert_false(gup_interval_read_retry(NULL, 1));
	assert_false(gup_interval_check_retry(NULL, 1));
	gup_interval_set_seq(NULL, 1);
	assert_int_equal(gup_notifier_register(w.mm, &quiet, NULL, &notifier), 0);
	drop(&diary, BASE, PAGE);
	assert_int_equal(gup_notifier_unregister(notifier), 0);
	world_end(&w);
}

static void no_memory(void **state)
{
	struct subscriber a = { 0 }, i = { 0 };
	struct diary diary;
	struct world w;

	(void)state;
	begin(&w, &diary);
	gup_test_fail_alloc(w.m, 1);
	assert_int_equal(gup_notifier_register(w.mm, &notifier_ops, &a, &a.notifier), -GUP_ENOMEM);
	assert_int_equal(gup_test_fail_alloc(w.m, 1), 0);
	assert_int_equal(gup_interval_insert(w.mm, BASE, PAGE, &interval_ops, &i, &i.interval), -GUP_ENOMEM);
	assert_int_equal(gup_test_fail_alloc(w.m, 2), 0);
	drop(&diary, BASE, PAGE);
	add_notifier(&a, &diary, 'a', 'r');
	assert_int_equal(gup_test_fail_alloc(w.m, 2), 1); /* one allocation each */
	add_interval(&i, &diary, BASE, PAGE);
	assert_int_equal(gup_test_fail_alloc(w.m, 0), 1);
	drop(&diary, BASE, PAGE);
	read_diary(&diary, "iaA");
	assert_int_equal(gup_interval_remove(i.interval), 0);
	assert_int_equal(gup_notifier_unregister(a.notifier), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_overlaps),	cmocka_unit_test(numbers),
		cmocka_unit_test(order_of_subscribers), cmocka_unit_test(exit_of_the_mm),
		cmocka_unit_test(end_of_the_machine),	cmocka_unit_test(not_in_a_callback),
		cmocka_unit_test(bad_arguments),	cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests_name("interval", tests, NULL, NULL);
}
