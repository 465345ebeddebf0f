/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * two_tasks.h - of both tests of mm/process_vm_access.c: a caller and a remote task, calls, and what must come of them.
 */
#ifndef TWO_TASKS_H
#define TWO_TASKS_H

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

/* ---- two tasks ---- */

/* Memory that the caller has touched. Return: its address; 0 without memory. */
static inline uint64_t own_memory(struct gup_test *t, uint64_t bytes)
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

static inline int two_tasks(struct gup_test *t, uint64_t pages)
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

static inline void remote_ends(void)
{
	if (remote->mm)
		gup_linux_exit(remote);
}

/* ---- a call ---- */

struct pieces {
	struct iovec of[MOST_PIECES];
	unsigned int nr;
};

static inline struct pieces one_piece(uint64_t addr, uint64_t bytes)
{
	return (struct pieces){ { { (void *)addr, bytes } }, 1 };
}

static inline long call(struct gup_test *t, int direction, const struct pieces *local, const struct pieces *distant)
{
	const struct iovec *l = (const struct iovec *)lists, *r = (const struct iovec *)(lists + PAGE_SIZE);

	if (gup_copy_to_user(gup_test_mm(t), lists, local->of, sizeof(local->of)) ||
	    gup_copy_to_user(gup_test_mm(t), lists + PAGE_SIZE, distant->of, sizeof(distant->of)))
		return -ENOMEM;
	return direction == READ ? sys_process_vm_readv(remote->pid, l, local->nr, r, distant->nr, 0)
				 : sys_process_vm_writev(remote->pid, l, local->nr, r, distant->nr, 0);
}

static inline long call_one(struct gup_test *t, int direction, uint64_t local, uint64_t distant, uint64_t bytes)
{
	struct pieces l = one_piece(local, bytes), r = one_piece(distant, bytes);

	return call(t, direction, &l, &r);
}

/* ---- the same bytes on both sides ---- */

static inline bool has(struct gup_mm *mm, uint64_t at, const char *wanted, uint64_t bytes)
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

static inline void fill_patterns(void)
{
	gup_test_pattern(pattern, there, BYTES, 0);
	gup_test_pattern(other, there, BYTES, 1);
}

/* @done bytes were copied; the rest of where they went is as before. */
static inline void check_read(struct gup_test *t, long done)
{
	static const char zeros[BYTES];

	if (done > 0 && !has(gup_test_mm(t), here, pattern, (uint64_t)done))
		gup_test_fail(t, "what was read is not what the remote has");
	if (done >= 0 && !has(gup_test_mm(t), here + (uint64_t)done, zeros, BYTES - (uint64_t)done))
		gup_test_fail(t, "more than %ld bytes were read", done);
}

static inline void check_written(struct gup_test *t, long done)
{
	struct gup_mm *mm = remote->mm->gup;

	if (done < 0)
		done = 0;
	if (!has(mm, there, other, (uint64_t)done) ||
	    !has(mm, there + (uint64_t)done, pattern + done, BYTES - (uint64_t)done))
		gup_test_fail(t, "not just %ld bytes were written", done);
}

/* ---- what is held while it copies ---- */

static uint64_t most_held;

static inline void look(void)
{
	most_held = max(most_held, driver_held(gup_linux_test, false));
}

static inline void during(void (*what)(void))
{
	most_held = 0;
	gup_linux_before_copy = what;
}

/* ---- read all, write all ---- */

/* What a call that was disturbed may return: an errno, or less than all. */
static inline int outcome(long returned, long wanted)
{
	if (returned < 0)
		return (int)returned;
	return returned == wanted ? 0 : -EFAULT;
}

static inline int read_all(struct gup_test *t)
{
	long done = call_one(t, READ, here, there, BYTES);

	check_read(t, done);
	return outcome(done, BYTES);
}

static inline int write_all(struct gup_test *t)
{
	long done;

	if (gup_copy_to_user(gup_test_mm(t), here, other, BYTES))
		return -ENOMEM;
	done = call_one(t, WRITE, here, there, BYTES);
	check_written(t, done);
	return outcome(done, BYTES);
}

static inline void expect_call(struct gup_test *t, const char *what, long returned, long wanted)
{
	if (returned != wanted)
		gup_test_fail(t, "%s: %ld and not %ld", what, returned, wanted);
	if (driver_held(t, false))
		gup_test_fail(t, "%s: pages are held", what);
}

#endif
