/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_process_vm_access.c - mm/process_vm_access.c: pin_user_pages_remote() of another task's memory,
 * for as long as it is copied to or from the caller's.
 *
 * There is nothing to register: a call pins, copies and unpins. What others do meanwhile happens before a piece is
 * copied (gup_linux_before_copy), or in plays.
 */
#include "harness.h"

#include "process_vm.h"

#define PAGES 8
#define BYTES (PAGES * PAGE_SIZE)
#define MOST_PIECES 16
#define READ 0
#define WRITE 1

static struct task_struct *remote;
static uint64_t there; /* the remote's buffer */
static uint64_t here;  /* the caller's, anonymous */
static uint64_t lists; /* two pages of the caller's: its own pieces, and the remote's */
static enum gup_test_memory kind;

/* ---- two tasks ---- */

/* Memory that the caller has touched. Return: its address; 0 without memory. */
static uint64_t own_memory(struct gup_test *t, uint64_t bytes)
{
	struct gup_map_request request = { 0, bytes, GUP_PROT_READ | GUP_PROT_WRITE, GUP_MAP_PRIVATE, NULL, 0 };
	int64_t addr = gup_mmap(gup_test_mm(t), &request);
	uint64_t at;

	if (addr < 0)
		return 0;
	for (at = 0; at < bytes; at += PAGE_SIZE)
		if (gup_copy_to_user(gup_test_mm(t), (uint64_t)addr + at, "", 1))
			return 0;
	return (uint64_t)addr;
}

static int two_tasks(struct gup_test *t, uint64_t pages)
{
	struct gup_mm *mm;

	if (gup_mm_create(gup_test_machine(t), "remote", &mm))
		return -ENOMEM;
	remote = gup_linux_task(mm, "remote");
	assert_non_null(remote);
	there = gup_test_buffer(t, mm, pages);
	here = own_memory(t, pages * PAGE_SIZE);
	lists = own_memory(t, 2 * PAGE_SIZE);
	if (there && here && lists)
		return 0;
	gup_linux_exit(remote);
	return -ENOMEM;
}

static void remote_ends(void)
{
	if (remote->mm)
		gup_linux_exit(remote);
}

/* ---- a call ---- */

struct pieces {
	struct iovec of[MOST_PIECES];
	unsigned int nr;
};

static struct pieces one_piece(uint64_t addr, uint64_t bytes)
{
	return (struct pieces){ { { (void *)addr, bytes } }, 1 };
}

static long call(struct gup_test *t, int direction, const struct pieces *local, const struct pieces *distant)
{
	const struct iovec *l = (const struct iovec *)lists, *r = (const struct iovec *)(lists + PAGE_SIZE);

	if (gup_copy_to_user(gup_test_mm(t), lists, local->of, sizeof(local->of)) ||
	    gup_copy_to_user(gup_test_mm(t), lists + PAGE_SIZE, distant->of, sizeof(distant->of)))
		return -ENOMEM;
	return direction == READ ? sys_process_vm_readv(remote->pid, l, local->nr, r, distant->nr, 0)
				 : sys_process_vm_writev(remote->pid, l, local->nr, r, distant->nr, 0);
}

static long call_one(struct gup_test *t, int direction, uint64_t local, uint64_t distant, uint64_t bytes)
{
	struct pieces l = one_piece(local, bytes), r = one_piece(distant, bytes);

	return call(t, direction, &l, &r);
}

/* ---- the same bytes on both sides ---- */

static bool has(struct gup_mm *mm, uint64_t at, const char *wanted, uint64_t bytes)
{
	char page[PAGE_SIZE];
	uint64_t done, piece;

	for (done = 0; done < bytes; done += piece) {
		piece = min(bytes - done, (uint64_t)PAGE_SIZE);
		if (gup_copy_from_user(mm, page, at + done, piece) || memcmp(page, wanted + done, piece))
			return false;
	}
	return true;
}

static char pattern[BYTES], other[BYTES];

static void fill_patterns(void)
{
	gup_test_pattern(pattern, there, BYTES, 0);
	gup_test_pattern(other, there, BYTES, 1);
}

/* @done bytes were copied; the rest of where they went is as before. */
static void check_read(struct gup_test *t, long done)
{
	static const char zeros[BYTES];

	if (done > 0 && !has(gup_test_mm(t), here, pattern, (uint64_t)done))
		gup_test_fail(t, "what was read is not what the remote has");
	if (done >= 0 && !has(gup_test_mm(t), here + (uint64_t)done, zeros, BYTES - (uint64_t)done))
		gup_test_fail(t, "more than %ld bytes were read", done);
}

static void check_written(struct gup_test *t, long done)
{
	struct gup_mm *mm = remote->mm->gup;

	if (done < 0)
		done = 0;
	if (!has(mm, there, other, (uint64_t)done) ||
	    !has(mm, there + (uint64_t)done, pattern + done, BYTES - (uint64_t)done))
		gup_test_fail(t, "not just %ld bytes were written", done);
}

/* ---- what is held while it copies ---- */

static uint64_t most_held, held; /* in a call; in the last one that was looked at */

static void look(void)
{
	most_held = max(most_held, driver_held(gup_linux_test, false));
}

static void during(void (*what)(void))
{
	most_held = 0;
	gup_linux_before_copy = what;
}

/* ---- read all, write all ---- */

/* What a call that was disturbed may return: an errno, or less than all. */
static int outcome(long returned, long wanted)
{
	if (returned < 0)
		return (int)returned;
	return returned == wanted ? 0 : -EFAULT;
}

static int read_all(struct gup_test *t)
{
	long done = call_one(t, READ, here, there, BYTES);

	check_read(t, done);
	return outcome(done, BYTES);
}

static int write_all(struct gup_test *t)
{
	long done;

	if (gup_copy_to_user(gup_test_mm(t), here, other, BYTES))
		return -ENOMEM;
	done = call_one(t, WRITE, here, there, BYTES);
	check_written(t, done);
	return outcome(done, BYTES);
}

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

static void expect_call(struct gup_test *t, const char *what, long returned, long wanted)
{
	if (returned != wanted)
		gup_test_fail(t, "%s: %ld and not %ld", what, returned, wanted);
	if (driver_held(t, false))
		gup_test_fail(t, "%s: pages are held", what);
}

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
		cmocka_unit_test(each_kind_of_memory),
		cmocka_unit_test(each_failure),
		cmocka_unit_test(many_pieces),
		cmocka_unit_test(more_than_one_round),
		cmocka_unit_test(array_of_pages_is_missing),
		cmocka_unit_test(holes_on_either_side),
		cmocka_unit_test(refusals),
		cmocka_unit_test(meanwhile),
		cmocka_unit_test(itself),
		cmocka_unit_test(against_its_end),
		cmocka_unit_test(against_munmap),
		cmocka_unit_test(against_fork),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
