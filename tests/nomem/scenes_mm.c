/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/nomem/scenes_mm.c - mapping, faults, copies on write and fork.
 */
#include "sweep.h"

#include "internal.h"

static int64_t make_mm(struct stage *s)
{
	return gup_mm_create(s->w.m, "another", &s->mm);
}

static void drop_mm(struct stage *s, int64_t result)
{
	if (result == 0)
		gup_mm_destroy(s->mm);
}

/* ---- mappings ---- */

static int64_t map(struct stage *s, uint64_t addr, unsigned int flags, struct gup_object *object)
{
	struct gup_map_request request = { .addr = addr, .length = NR * PAGE, .prot = RW, .flags = flags };
	int64_t ret;

	request.object = object;
	ret = gup_mmap(s->w.mm, &request);
	return ret > 0 ? 0 : ret;
}

static int64_t map_anonymous(struct stage *s)
{
	return map(s, FRESH, ANON_AT, NULL);
}

static int64_t map_new_shared(struct stage *s)
{
	return map(s, FRESH, SHARED_AT, NULL);
}

static int64_t map_same_object(struct stage *s)
{
	return map(s, FRESH, SHARED_AT, s->object);
}

static void check_mapped(struct stage *s, int64_t result)
{
	if (result == 0)
		assert_int_equal(gup_munmap(s->w.mm, FRESH, NR * PAGE), 0);
	else
		assert_true(app_cannot_read(s->w.mm, FRESH));
}

/* Failures of the faults are not reported. */
static int64_t map_populated(struct stage *s)
{
	return map(s, FRESH, ANON_AT | GUP_MAP_POPULATE, NULL);
}

/* In the middle of the buffer, so that both ends split what is there. */
#define MIDDLE (BASE + PAGE)

static int64_t map_over(struct stage *s)
{
	struct gup_map_request request = { .addr = MIDDLE, .length = PAGE, .prot = RW, .flags = ANON_AT };
	int64_t ret = gup_mmap(s->w.mm, &request);

	if (ret < 0)
		return ret;
	s->tags[1] = UNKNOWN;
	return 0;
}

static void check_mapped_over(struct stage *s, int64_t result)
{
	if (result == 0)
		app_expect_zero(s->w.mm, MIDDLE, PAGE);
}

static int64_t unmap(struct stage *s)
{
	int64_t ret = gup_munmap(s->w.mm, MIDDLE, PAGE);

	if (ret)
		return ret;
	s->tags[1] = UNKNOWN;
	return 0;
}

static int64_t protect(struct stage *s)
{
	return gup_mprotect(s->w.mm, MIDDLE, PAGE, GUP_PROT_READ | GUP_PROT_EXEC);
}

static int64_t advise_no_huge(struct stage *s)
{
	return gup_madvise(s->w.mm, MIDDLE, PAGE, GUP_MADV_NOHUGEPAGE);
}

static int64_t drop(struct stage *s)
{
	int64_t ret = gup_madvise(s->w.mm, MIDDLE, PAGE, GUP_MADV_DONTNEED);

	if (ret)
		return ret;
	if (!(ON(s->kind) & OBJECTS))
		s->tags[1] = UNKNOWN;
	return 0;
}

#define FIXED (GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED)

static int64_t move_middle(struct stage *s)
{
	int64_t ret = gup_mremap(s->w.mm, MIDDLE, PAGE, PAGE, FIXED, FRESH);

	if (ret < 0)
		return ret;
	s->tags[1] = UNKNOWN;
	return 0;
}

/* Where its folio cannot be mapped as a whole. */
static int64_t move_aside(struct stage *s)
{
	int64_t ret = gup_mremap(s->w.mm, BASE, HUGE, HUGE, FIXED, FRESH + PAGE);
	unsigned int i;

	if (ret < 0)
		return ret;
	for (i = 0; i < NR; i++)
		s->tags[i] = UNKNOWN;
	return 0;
}

/* ---- faults ---- */

static int64_t populate(struct stage *s)
{
	return gup_populate(s->w.mm, FRESH, NR * PAGE);
}

static int64_t store(struct stage *s)
{
	uint8_t buf[NR * PAGE];
	uint64_t left;

	pattern_make(buf, FRESH, sizeof(buf), 1);
	left = gup_copy_to_user(s->w.mm, FRESH, buf, sizeof(buf));
	assert_int_equal(left % PAGE, 0);
	app_expect(s->w.mm, FRESH, sizeof(buf) - left, 1);
	return left ? -GUP_ENOMEM : 0;
}

static int64_t load(struct stage *s)
{
	uint8_t buf[NR * PAGE];
	uint64_t left = gup_copy_from_user(s->w.mm, buf, FRESH, sizeof(buf));

	assert_true(all_zero(buf, sizeof(buf) - left));
	return left ? -GUP_ENOMEM : 0;
}

static int64_t fix_up(struct stage *s)
{
	int64_t ret;

	gup_mmap_read_lock(s->w.mm);
	ret = gup_fixup_user_fault(s->w.mm, FRESH + PAGE, s->kind == READONLY ? 0 : GUP_WRITE, NULL);
	gup_mmap_read_unlock(s->w.mm);
	return ret;
}

#define REGISTERS (UINT64_C(1) << 30)

static void map_registers(struct stage *s)
{
	assert_int_equal(gup_pfnmap_create(s->w.m, REGISTERS, PAGE, &s->made), 0);
	map_shared(s->w.mm, FRESH, PAGE, s->made);
	gup_object_put(s->made);
}

/* An entry without a page: every public call refuses these mappings before it faults, so the fault is called itself. */
static int64_t fault_registers(struct stage *s)
{
	int64_t ret;

	gup_mmap_read_lock(s->w.mm);
	ret = gup_fault_in(s->w.mm, gup_vma_find(s->w.mm, FRESH), FRESH, GUP_FAULT_WRITE);
	gup_mmap_read_unlock(s->w.mm);
	assert_int_equal(gup_user_pfn(s->w.mm, FRESH), ret ? 0 : REGISTERS);
	return ret;
}

/* ---- copy on write ---- */

static void fork_first(struct stage *s)
{
	s->child = world_fork(&s->w, s->w.mm, "child");
}

static int64_t write_shared(struct stage *s)
{
	uint8_t buf[PAGE];

	pattern_make(buf, MIDDLE, PAGE, 2);
	if (gup_copy_to_user(s->w.mm, MIDDLE, buf, PAGE))
		return -GUP_ENOMEM;
	s->tags[1] = 2;
	return 0;
}

static void pin_and_map(struct stage *s)
{
	unsigned int flags = s->kind == READONLY ? 0 : GUP_WRITE;

	assert_int_equal(gup_pin_user_pages_fast(s->w.mm, MIDDLE, 1, flags, &s->held), 1);
	s->pins = 1;
	map_anon(s->w.mm, FRESH, 2 * PAGE);
	app_fill(s->w.mm, FRESH, PAGE, 1);
}

static int64_t fork_with_pin(struct stage *s)
{
	return gup_mm_fork(s->w.mm, "twin", &s->mm);
}

static void check_fork(struct stage *s, int64_t result)
{
	assert_true(same_frame(s->w.mm, MIDDLE, s->held));
	if (result)
		return;
	app_expect(s->mm, BASE, NR * PAGE, 1);
	app_expect(s->mm, FRESH, PAGE, 1);
	gup_mm_destroy(s->mm);
}

/* ---- locking: what a failure leaves locked is unlocked afterwards ---- */

static int64_t lock_page(struct stage *s)
{
	return gup_mlock(s->w.mm, BASE + PAGE, PAGE);
}

static void unlock_page(struct stage *s, int64_t result)
{
	(void)result;
	assert_int_equal(gup_munlock(s->w.mm, BASE, HUGE), 0);
	assert_int_equal(gup_mm_locked(s->w.mm), 0);
}

static int64_t lock_fresh(struct stage *s)
{
	return gup_mlock(s->w.mm, FRESH, NR * PAGE);
}

static void unlock_fresh(struct stage *s, int64_t result)
{
	(void)result;
	assert_int_equal(gup_munlock(s->w.mm, FRESH, HUGE), 0);
	assert_int_equal(gup_mm_locked(s->w.mm), 0);
}

const struct scene scenes_mm[] = {
	{ .name = "make an mm", .kinds = ONCE, .act = make_mm, .undo = drop_mm },
	{ .name = "map anonymous memory", .kinds = ONCE, .act = map_anonymous, .undo = check_mapped },
	{ .name = "map new shared memory", .kinds = ONCE, .act = map_new_shared, .undo = check_mapped },
	{ .name = "map the object again", .kinds = OBJECTS, .act = map_same_object, .undo = check_mapped },
	{ .name = "map and populate", .kinds = ONCE, .act = map_populated, .undo = check_mapped },
	{ .name = "map over the middle", .kinds = ANY, .act = map_over, .undo = check_mapped_over },
	{ .name = "unmap the middle", .kinds = ANY, .act = unmap },
	{ .name = "protect the middle", .kinds = ANY, .act = protect },
	{ .name = "forbid huge pages in the middle", .kinds = ANY, .act = advise_no_huge },
	{ .name = "drop the middle", .kinds = ANY, .act = drop },
	{ .name = "move the middle", .kinds = ANY, .act = move_middle },
	{ .name = "move aside", .kinds = ON(HUGE_ANON), .act = move_aside },
	{ .name = "populate", .kinds = ANY, .prepare = map_fresh, .act = populate },
	{ .name = "fault registers in", .kinds = ONCE, .prepare = map_registers, .act = fault_registers },
	{ .name = "store", .kinds = WRITABLE, .prepare = map_fresh, .act = store },
	{ .name = "load", .kinds = ANY, .prepare = map_fresh, .act = load },
	{ .name = "fix up a fault", .kinds = ANY, .prepare = map_fresh, .act = fix_up },
	{ .name = "write a shared page", .kinds = COPIED_ON_WRITE, .prepare = fork_first, .act = write_shared },
	{ .name = "fork with a pin", .kinds = ANY, .prepare = pin_and_map, .act = fork_with_pin, .undo = check_fork },
	{ .name = "lock one page", .kinds = ANY, .act = lock_page, .undo = unlock_page, .other_error = -GUP_EAGAIN },
	{ .name = "lock, fresh",
	  .kinds = ANY,
	  .prepare = map_fresh,
	  .act = lock_fresh,
	  .undo = unlock_fresh,
	  .other_error = -GUP_EAGAIN },
	{ .name = NULL },
};
