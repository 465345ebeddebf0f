/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_process_vm_access.c - mm/process_vm_access.c: pin_user_pages_remote() of another task's memory,
 * for as long as it is copied to or from the caller's.
 *
 * There is nothing to register: a call pins, copies and unpins. What others do meanwhile happens before a piece is
 * copied (gup_linux_before_copy), or in plays.
 */
#include "two_tasks.h"

static enum gup_test_memory kind;
static uint64_t held; /* at most, in the calls of the last play */

static int play_all(struct gup_test *t)
{
	int ret = two_tasks(t, PAGES);

	if (ret)
		return ret;
	fill_patterns();
	during(look);
	ret = read_all(t);
	if (!ret && kind != GUP_TEST_READONLY)
		ret = write_all(t);
	held = most_held;
	during(NULL);
	if (driver_held(t, false))
		gup_test_fail(t, "pages are held after the call");
	remote_ends();
	return ret;
}

static int play_counted(struct gup_test *t)
{
	int ret = play_all(t);

	if (held != PAGES)
		gup_test_fail(t, "%llu pages were held and not %u", (u64)held, PAGES);
	driver_cell(kind, ret ? "error" : "ok", held, driver_held(t, false));
	return ret;
}

/* Nothing can be written into memory that its owner cannot write, and nothing is held by having tried. */
static int play_read_only(struct gup_test *t)
{
	int ret = two_tasks(t, PAGES);

	if (ret)
		return ret;
	fill_patterns();
	ret = write_all(t);
	if (ret != -EFAULT)
		gup_test_fail(t, "writing to read-only memory: %d", ret);
	remote_ends();
	return 0;
}

static void each_kind_of_memory(void **state)
{
	(void)state;
	for (kind = GUP_TEST_ANON; kind < GUP_TEST_NR_MEMORY; kind++)
		driver_run(kind, play_counted);
	driver_run(GUP_TEST_READONLY, play_read_only);
}

static void each_failure(void **state)
{
	(void)state;
	for (kind = GUP_TEST_ANON; kind < GUP_TEST_NR_MEMORY; kind++)
		driver_fail_each(kind, play_all);
}

/* ---- pieces ---- */

/* More pieces than fit on the stack, none of them aligned, and none of one side ending where one of the other does. */
static void odd_pieces(struct pieces *l, struct pieces *r)
{
	unsigned int i;

	*l = *r = (struct pieces){ .nr = 10 };
	for (i = 0; i < 10; i++) {
		l->of[i] = (struct iovec){ (void *)(here + i * 3000 + 1), i == 4 ? 0 : 2000 };
		r->of[i] = (struct iovec){ (void *)(there + i * 3100 + 7), i == 9 ? 3000 : 1500 + i };
	}
}

/* What arrives is what a copy byte by byte makes. */
static int pieces_arrive(struct gup_test *t, const struct pieces *l, const struct pieces *r)
{
	static char wanted[BYTES];
	unsigned int i = 0, k = 0, at_i = 0, at_k = 0, n;

	memset(wanted, 0, sizeof(wanted));
	for (n = 0; i < l->nr && k < r->nr; n++) {
		for (; i < l->nr && at_i == l->of[i].iov_len; i++)
			at_i = 0;
		for (; k < r->nr && at_k == r->of[k].iov_len; k++)
			at_k = 0;
		if (i == l->nr || k == r->nr)
			break;
		wanted[(uintptr_t)l->of[i].iov_base - here + at_i++] =
			pattern[(uintptr_t)r->of[k].iov_base - there + at_k++];
	}
	if (!has(gup_test_mm(t), here, wanted, BYTES))
		gup_test_fail(t, "pieces are not where they belong");
	return (int)n;
}

static int play_pieces(struct gup_test *t)
{
	struct pieces l, r;
	int ret = two_tasks(t, PAGES);
	long done;

	if (ret)
		return ret;
	fill_patterns();
	odd_pieces(&l, &r);
	done = call(t, READ, &l, &r);
	ret = outcome(done, 9 * 1500 + 36 + 3000);
	if (!ret && pieces_arrive(t, &l, &r) != done)
		gup_test_fail(t, "it returned %ld", done);
	remote_ends();
	return ret;
}

static void many_pieces(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_pieces);
	driver_fail_each(GUP_TEST_HUGE, play_pieces);
	driver_fail_each(GUP_TEST_SHARED, play_pieces);
}

/* ---- more pages than one round pins: the array is of 1024 ---- */

#define MANY 1100

static int play_many(struct gup_test *t)
{
	int ret = two_tasks(t, MANY);
	long done;

	if (ret)
		return ret;
	during(look);
	done = call_one(t, READ, here + 5, there + 5, MANY * PAGE_SIZE - 5);
	held = most_held;
	during(NULL);
	if (done != (long)(MANY * PAGE_SIZE - 5))
		gup_test_fail(t, "%u pages: %ld", MANY, done);
	if (held != 1024)
		gup_test_fail(t, "%llu pages were held at once", (u64)held);
	gup_test_pattern(pattern, there + (MANY - PAGES) * PAGE_SIZE, BYTES, 0);
	if (!has(gup_test_mm(t), here + (MANY - PAGES) * PAGE_SIZE, pattern, BYTES))
		gup_test_fail(t, "the last pages are others");
	remote_ends();
	return 0;
}

static void more_than_one_round(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_many);
}

/* ---- 17 pages and not 16: the array of pages is allocated, and can be missing ---- */

static int play_17(struct gup_test *t)
{
	int ret = two_tasks(t, 17);

	if (ret)
		return ret;
	ret = outcome(call_one(t, READ, here, there, 17 * PAGE_SIZE), 17 * PAGE_SIZE);
	remote_ends();
	return ret;
}

static void array_of_pages_is_missing(void **state)
{
	(void)state;
	driver_fail_each(GUP_TEST_ANON, play_17);
}

/* ---- holes ---- */

static int play_holes(struct gup_test *t)
{
	struct pieces l, r;
	int ret = two_tasks(t, PAGES);

	if (ret)
		return ret;
	fill_patterns();
	if (gup_munmap(remote->mm->gup, there + 5 * PAGE_SIZE, PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
	expect_call(t, "up to a hole of the remote", call_one(t, READ, here, there + 1, BYTES - 1), 5 * PAGE_SIZE - 1);
	expect_call(t, "from within it", call_one(t, READ, here, there + 5 * PAGE_SIZE, 2 * PAGE_SIZE), -EFAULT);
	expect_call(t, "writing up to it", call_one(t, WRITE, here, there, BYTES), 5 * PAGE_SIZE);
	l = one_piece(here, BYTES);
	r = one_piece(there + 4 * PAGE_SIZE, 2 * PAGE_SIZE);
	r.of[r.nr++] = (struct iovec){ (void *)there, PAGE_SIZE };
	expect_call(t, "no piece after it", call(t, READ, &l, &r), PAGE_SIZE);
	if (gup_munmap(gup_test_mm(t), here + 3 * PAGE_SIZE, PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
	expect_call(t, "up to a hole of the caller", call_one(t, READ, here + 9, there, BYTES), 3 * PAGE_SIZE - 9);
	expect_call(t, "from within it", call_one(t, WRITE, here + 3 * PAGE_SIZE, there, 1), -EFAULT);
	remote_ends();
	return 0;
}

static void holes_on_either_side(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_holes);
	driver_run(GUP_TEST_HUGE, play_holes);
	driver_run(GUP_TEST_DAX, play_holes);
}

/* ---- refusals ---- */

static void bad_arguments(struct gup_test *t)
{
	struct pieces none = { .nr = 0 }, l = one_piece(here, 64), bad = one_piece(there, (size_t)-1);
	const struct iovec *at = (const struct iovec *)lists;

	expect_call(t, "flags", sys_process_vm_readv(remote->pid, at, 1, at, 1, 1), -EINVAL);
	expect_call(t, "too many pieces", sys_process_vm_readv(remote->pid, at, UIO_MAXIOV + 1, at, 1, 0), -EINVAL);
	expect_call(t, "no list", sys_process_vm_readv(remote->pid, NULL, 1, at, 1, 0), -EFAULT);
	expect_call(t, "no pieces here", call(t, READ, &none, &l), 0);
	expect_call(t, "no pieces there", call(t, READ, &l, &none), 0);
	expect_call(t, "a length below 0 there", call(t, READ, &l, &bad), -EINVAL);
	expect_call(t, "a length below 0 here", call(t, READ, &bad, &l), -EINVAL);
	bad = one_piece(~0xfffUL, 3 * PAGE_SIZE);
	expect_call(t, "round the end of memory there", call(t, READ, &l, &bad), -EFAULT);
	expect_call(t, "round the end of memory here", call(t, READ, &bad, &l), -EFAULT);
}

static int play_refusals(struct gup_test *t)
{
	const struct iovec *at = (const struct iovec *)lists;
	int ret = two_tasks(t, PAGES);

	if (ret)
		return ret;
	fill_patterns();
	bad_arguments(t);
	remote->guarded = true;
	expect_call(t, "a guarded task", call_one(t, READ, here, there, 64), -EPERM);
	expect_call(t, "one with many pages", call_one(t, READ, here, there, 20 * PAGE_SIZE), -EPERM);
	expect_call(t, "no such task", sys_process_vm_writev(9999, at, 1, at, 1, 0), -ESRCH);
	remote_ends();
	expect_call(t, "a task that has ended", call_one(t, READ, here, there, 64), -ESRCH);
	return 0;
}

static void refusals(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_refusals);
}

int main(void)
{
	static const struct driver driver = { .name = "mm/process_vm_access.c", .no_limit = true };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_memory),
		cmocka_unit_test(each_failure),
		cmocka_unit_test(many_pieces),
		cmocka_unit_test(more_than_one_round),
		cmocka_unit_test(array_of_pages_is_missing),
		cmocka_unit_test(holes_on_either_side),
		cmocka_unit_test(refusals),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
