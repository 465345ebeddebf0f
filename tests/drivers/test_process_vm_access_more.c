/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_process_vm_access_more.c - mm/process_vm_access.c: what the remote task does while it is read or
 * written, a task that looks at itself, and plays.
 */
#include "two_tasks.h"

/* ---- the remote does something while it is read or written ---- */

static unsigned int countdown;
static struct gup_mm *child;

/* At the third page. */
static bool now(void)
{
	return countdown && !--countdown;
}

static void ends_now(void)
{
	if (now())
		remote_ends();
}

static void unmaps_now(void)
{
	if (now() && gup_munmap(remote->mm->gup, there, BYTES))
		gup_test_fail(gup_linux_test, "munmap failed");
}

static void forks_now(void)
{
	if (now() && gup_mm_fork(remote->mm->gup, "child", &child))
		gup_test_fail(gup_linux_test, "fork failed");
}

/* The pages are the caller's until it is through, whatever becomes of the address space. */
static int play_meanwhile(struct gup_test *t, void (*what)(void))
{
	int ret = two_tasks(t, PAGES);

	if (ret)
		return ret;
	fill_patterns();
	countdown = 3;
	during(what);
	ret = read_all(t);
	during(NULL);
	remote_ends();
	return ret;
}

static int play_ends(struct gup_test *t)
{
	return play_meanwhile(t, ends_now);
}

static int play_unmaps(struct gup_test *t)
{
	return play_meanwhile(t, unmaps_now);
}

/* Pages that are being written are the parent's; the child has them as they were when it was made. */
static int play_forks(struct gup_test *t)
{
	int ret = two_tasks(t, PAGES);

	if (ret)
		return ret;
	fill_patterns();
	countdown = 3;
	during(forks_now);
	ret = write_all(t);
	during(NULL);
	if (!has(child, there, other, 2 * PAGE_SIZE) ||
	    !has(child, there + 2 * PAGE_SIZE, pattern + 2 * PAGE_SIZE, BYTES - 2 * PAGE_SIZE))
		gup_test_fail(t, "the child does not have the pages as they were");
	gup_mm_destroy(child);
	remote_ends();
	return ret;
}

static void meanwhile(void **state)
{
	static const enum gup_test_memory kinds[] = { GUP_TEST_ANON, GUP_TEST_HUGE, GUP_TEST_CMA, GUP_TEST_MOVABLE };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		driver_run(kinds[i], play_ends);
		driver_run(kinds[i], play_unmaps);
		driver_run(kinds[i], play_forks);
	}
	driver_run(GUP_TEST_SHARED, play_ends);
	driver_run(GUP_TEST_DAX, play_unmaps);
}

/* A task may always look at itself, also at what it is writing. */
static int play_itself(struct gup_test *t)
{
	int ret = two_tasks(t, PAGES);
	struct task_struct *saved = remote;

	if (ret)
		return ret;
	fill_patterns();
	if (gup_copy_to_user(gup_test_mm(t), here, other, BYTES))
		gup_test_fail(t, "the caller cannot write");
	remote = current;
	remote->guarded = true;
	expect_call(t, "itself", call_one(t, WRITE, here, here + 2 * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
	if (!has(gup_test_mm(t), here + 2 * PAGE_SIZE, other, PAGE_SIZE))
		gup_test_fail(t, "the page was not copied");
	expect_call(t, "the same page", call_one(t, READ, here, here, PAGE_SIZE), PAGE_SIZE);
	remote = saved;
	remote_ends();
	return 0;
}

static void itself(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_itself);
}

/* ---- plays ---- */

static int two_tasks_of_pages(struct gup_test *t)
{
	int ret = two_tasks(t, PAGES);

	fill_patterns();
	return ret;
}

static void both_end(struct gup_test *t)
{
	if (driver_held(t, false))
		gup_test_fail(t, "pages are held");
	remote_ends();
}

/* All, or up to where memory ended, or nothing any more. */
static void actor_reads(struct gup_test *t)
{
	long done = call_one(t, READ, here, there, BYTES);

	if (done != -EFAULT && done != -ESRCH && (done <= 0 || done % (long)PAGE_SIZE))
		gup_test_fail(t, "it returned %ld", done);
	check_read(t, done < 0 ? 0 : done);
}

static void actor_ends(struct gup_test *t)
{
	(void)t;
	gup_linux_become(remote);
	remote_ends();
}

static void actor_unmaps(struct gup_test *t)
{
	if (gup_munmap(remote->mm->gup, there + 4 * PAGE_SIZE, 4 * PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
}

static void actor_forks(struct gup_test *t)
{
	if (gup_mm_fork(remote->mm->gup, "child", &child)) {
		gup_test_fail(t, "fork failed");
		return;
	}
	gup_mm_destroy(child);
}

static void actor_writes(struct gup_test *t)
{
	long done = call_one(t, WRITE, here, there, BYTES);

	if (done != (long)BYTES)
		gup_test_fail(t, "it returned %ld", done);
}

static int two_tasks_to_write(struct gup_test *t)
{
	int ret = two_tasks_of_pages(t);

	if (!ret && gup_copy_to_user(gup_test_mm(t), here, other, BYTES))
		ret = -ENOMEM;
	return ret;
}

/* A write that has returned is there, also if the remote forked meanwhile. */
static void all_is_written(struct gup_test *t)
{
	check_written(t, BYTES);
	both_end(t);
}

static void against_its_end(void **state)
{
	static const struct gup_test_play play = {
		.begin = two_tasks_of_pages,
		.actors = { { "reader", actor_reads }, { "remote", actor_ends } },
		.end = both_end,
		.count = 500,
	};

	(void)state;
	driver_schedules(GUP_TEST_ANON, &play);
	driver_schedules(GUP_TEST_HUGE, &play);
}

static void against_munmap(void **state)
{
	static const struct gup_test_play play = {
		.begin = two_tasks_of_pages,
		.actors = { { "reader", actor_reads }, { "remote", actor_unmaps } },
		.end = both_end,
		.count = 500,
	};

	(void)state;
	driver_schedules(GUP_TEST_ANON, &play);
	driver_schedules(GUP_TEST_HUGE, &play);
	driver_schedules(GUP_TEST_DAX, &play);
}

static void against_fork(void **state)
{
	static const struct gup_test_play play = {
		.begin = two_tasks_to_write,
		.actors = { { "writer", actor_writes }, { "remote", actor_forks } },
		.end = all_is_written,
		.count = 500,
	};

	(void)state;
	driver_schedules(GUP_TEST_ANON, &play);
	driver_schedules(GUP_TEST_HUGE, &play);
}

int main(void)
{
	static const struct driver driver = { .name = "mm/process_vm_access.c", .no_limit = true };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meanwhile),	  cmocka_unit_test(itself),	  cmocka_unit_test(against_its_end),
		cmocka_unit_test(against_munmap), cmocka_unit_test(against_fork),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
