/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/contract/test_refusals.c - what the walk refuses, under each contract: errno and rule, and that nothing is held.
 *
 * What the mapping alone decides is in test_contract.c, poison in test_poison.c, and holes of a dump in test_flags.c.
 */
#include "store.h"
#include "world.h"

#define W GUP_WRITE
#define LT GUP_LONGTERM

static struct store store;

static void map_secret(struct world *w)
{
	struct gup_object *secret;

	assert_int_equal(gup_secret_create(w->m, PAGE, &secret), 0);
	map_shared(w->mm, BASE, PAGE, secret);
	gup_object_put(secret);
}

static void map_untouched(struct world *w)
{
	map_anon(w->mm, BASE, PAGE);
}

static void map_beyond_the_end(struct world *w)
{
	struct gup_object *shm = new_shm(w, PAGE);

	map_shared(w->mm, BASE, PAGE, shm);
	assert_int_equal(gup_object_truncate(shm, 0, IMPATIENT_NS, NULL), 0);
	gup_object_put(shm);
}

static void map_without_memory(struct world *w)
{
	map_untouched(w);
	gup_test_fail_alloc(w->m, GUP_TEST_ALL_AFTER);
}

static void map_file(struct world *w, bool tracked)
{
	struct gup_object *file;

	store_init(&store);
	assert_int_equal(store_file(w->m, &store, PAGE, tracked, &file), 0);
	map_shared(w->mm, BASE, PAGE, file);
	gup_object_put(file);
}

static void map_tracked_file(struct world *w)
{
	map_file(w, true);
}

static void map_file_that_cannot_be_read(struct world *w)
{
	map_file(w, false);
	store.has[0] = true;
	store.fail_at = STORE_PAGES;
	store.fail_read = -GUP_EIO;
}

static void map_file_without_room(struct world *w)
{
	map_file(w, true);
	store.room = 0;
}

#define FAULT (-GUP_EFAULT)

static const struct refusal_row {
	void (*make)(struct world *w);
	unsigned int flags;
	enum gup_rule rule;
	long want[GUP_NR_CONTRACTS]; /* in order of the enum: 6.12, 6.1, 5.2, native */
} rows[] = {
	{ map_secret, 0, GUP_RULE_SECRET, { FAULT, FAULT, FAULT, FAULT } },
	{ map_secret, W | LT, GUP_RULE_SECRET, { FAULT, FAULT, FAULT, FAULT } },
	{ map_untouched, W | GUP_NOFAULT, GUP_RULE_NOFAULT, { FAULT, FAULT, -GUP_EINVAL, FAULT } },
	{ map_beyond_the_end, W, GUP_RULE_BEYOND_OBJECT, { FAULT, FAULT, FAULT, FAULT } },
	{ map_without_memory, W, GUP_RULE_NO_MEMORY, { -GUP_ENOMEM, -GUP_ENOMEM, -GUP_ENOMEM, -GUP_ENOMEM } },
	{ map_tracked_file, W | LT, GUP_RULE_DIRTY_TRACKED, { FAULT, 1, 1, FAULT } },
	{ map_tracked_file, W, GUP_RULE_NONE, { 1, 1, 1, 1 } },
	{ map_tracked_file, LT, GUP_RULE_NONE, { 1, 1, 1, 1 } },
	{ map_file_that_cannot_be_read, 0, GUP_RULE_STORE_ERROR, { FAULT, FAULT, FAULT, FAULT } },
	{ map_file_without_room, W, GUP_RULE_NO_SPACE, { FAULT, FAULT, FAULT, FAULT } },
};

static void play(const struct refusal_row *row, size_t nr, enum gup_contract_id id)
{
	enum gup_entry entry = id == GUP_LINUX_5_2 ? GUP_GET_USER_PAGES : GUP_PIN_USER_PAGES;
	struct gup_page *page;
	struct gup_call call = { entry, BASE, 1, row->flags, &page, NULL };
	struct gup_why why = { 0 };
	struct world w;
	long got;

	world_begin(&w, &(struct world_spec){ .normal = 8, .contract = id });
	row->make(&w);
	got = take(w.mm, &call, &why);
	gup_test_fail_alloc(w.m, 0);
	if (got != row->want[id] || (got == row->want[GUP_NATIVE] && why.rule != row->rule))
		fail_msg("row %zu, %s: %ld %s instead of %ld %s", nr, gup_contract_name(id), got,
			 gup_rule_name(why.rule), row->want[id], gup_rule_name(row->rule));
	if (got > 0)
		assert_int_equal(release(w.m, entry, &page, 1), 0);
	check_rest(w.m, 0, 0);
	store.fail_read = 0;
	store.room = STORE_PAGES;
	world_end(&w);
}

static void each_refusal(void **state)
{
	enum gup_contract_id id;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		for (id = 0; id < GUP_NR_CONTRACTS; id++)
			play(&rows[i], i, id);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_refusal) };

	return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
