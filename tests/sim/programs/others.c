/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/programs/others.c - operations that get in the way of who holds pages, or want their frames.
 */
#include "program.h"

#define ZONE_LENT "lent"
#define ZONE_PMEM "pmem"
#define RW (GUP_PROT_READ | GUP_PROT_WRITE)
#define REUSED 0x77u

/* ---- the application ---- */

void op_write(struct actor *a)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		if (lane_write(a, gup_test_mm(a->t), i, ++a->next))
			a->last[i] = a->next;
	op_read(a);
}

void op_read(struct actor *a)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		lane_check(a, i);
	gup_test_note("application");
}

void op_populate(struct actor *a)
{
	gup_test_note("populate = %d", gup_populate(gup_test_mm(a->t), world.addr, PAGES * PAGE));
}

/* ---- fork: what the child has is what was there when it was born ---- */

static bool private_memory(void)
{
	return world.program.memory != GUP_TEST_SHARED && world.program.memory != GUP_TEST_DAX;
}

static void look_at_birth(struct actor *a, unsigned int index)
{
	unsigned int whose;
	uint64_t *value;

	for (whose = 0; whose < world.program.nr_actors; whose++) {
		value = &a->snapshot[index][whose];
		if (!lane_read(a->child, index, whose, value))
			*value = UINT64_MAX;
		else if ((*value || !world.discards) && !lane_valid(whose, *value))
			gup_test_fail(a->t, "the child reads %#llx", (unsigned long long)*value);
	}
	value = &a->snapshot[index][a->number];
	if (!world.discards && !(world.hides && *value == UINT64_MAX) && *value != a->last[index])
		gup_test_fail(a->t, "the child of page %u was born with %#llx, and %#llx was stored last", index,
			      (unsigned long long)*value, (unsigned long long)a->last[index]);
}

static void look_later(struct actor *a)
{
	unsigned int index, whose;
	uint64_t value;

	for (index = 0; index < PAGES; index++)
		for (whose = 0; whose < world.program.nr_actors && private_memory(); whose++)
			if (!lane_read(a->child, index, whose, &value))
				value = UINT64_MAX;
			else if (value != a->snapshot[index][whose])
				gup_test_fail(a->t, "a store of the parent's reaches the child");
}

void op_fork(struct actor *a)
{
	unsigned int i;
	int err;

	if (a->child)
		child_exit(a);
	err = gup_mm_fork(gup_test_mm(a->t), "child", &a->child);
	gup_test_note("fork = %d", err);
	if (err) {
		a->child = NULL;
		gup_test_fail(a->t, "there is no child");
		return;
	}
	for (i = 0; i < PAGES; i++)
		look_at_birth(a, i);
	op_write(a);
	look_later(a);
}

/* The child's store in the actor's lane is the child's alone. */
void op_child_write(struct actor *a)
{
	unsigned int i;

	if (!a->child || !private_memory())
		return;
	for (i = 0; i < PAGES; i++)
		if (lane_write(a, a->child, i, ++a->next))
			a->snapshot[i][a->number] = a->next;
	gup_test_note("the child writes");
	look_later(a);
	op_read(a);
}

void child_exit(struct actor *a)
{
	if (!a->child)
		return;
	look_later(a);
	gup_mm_destroy(a->child);
	a->child = NULL;
}

/* ---- the address space ---- */

void op_unmap(struct actor *a)
{
	gup_test_note("munmap = %d", gup_munmap(gup_test_mm(a->t), world.addr, bytes_of_all()));
}

/* Fresh anonymous memory in the place of what was there. */
void op_remap(struct actor *a)
{
	struct gup_map_request map = { world.addr, bytes_of_all(), RW, GUP_MAP_PRIVATE | GUP_MAP_FIXED, NULL, 0 };

	gup_test_note("mmap = %#llx", (unsigned long long)gup_mmap(gup_test_mm(a->t), &map));
}

static void protect_for_a_while(struct actor *a, uint64_t bytes)
{
	struct gup_mm *mm = gup_test_mm(a->t);
	int err = gup_mprotect(mm, world.addr, bytes, GUP_PROT_READ);

	gup_test_point();
	if (!err && world.protects == 1 && !world.discards && lane_write(a, mm, 0, a->last[0]))
		gup_test_fail(a->t, "a page is written that was protected");
	gup_mprotect(mm, world.addr, bytes, RW);
	gup_test_note("mprotect");
}

void op_protect(struct actor *a)
{
	protect_for_a_while(a, bytes_of_all());
}

/* A 2 MiB entry becomes 4 KiB entries of the same folio. */
void op_protect_one(struct actor *a)
{
	protect_for_a_while(a, PAGE);
}

void op_dontneed(struct actor *a)
{
	gup_madvise(gup_test_mm(a->t), world.addr, PAGES * PAGE, GUP_MADV_DONTNEED);
	gup_test_note("DONTNEED");
}

/* ---- movement ---- */

void op_migrate(struct actor *a)
{
	gup_test_note("migrate = %ld", gup_migrate_range(gup_test_mm(a->t), world.addr, PAGES * PAGE, NULL));
}

void op_split(struct actor *a)
{
	struct gup_machine *m = gup_test_machine(a->t);
	struct gup_page *page;

	if (gup_get_user_pages_fast(gup_test_mm(a->t), page_addr(1), 1, 0, &page) != 1)
		return;
	gup_test_note("split = %d", gup_split_folio(m, page, NULL));
	if (gup_put_page(m, page))
		gup_test_fail(a->t, "the reference of who split is gone");
}

/* A buffer of the camera's: whoever held pages there for a while lets go of them in the end. */
void op_cma(struct actor *a)
{
	struct gup_machine *m = gup_test_machine(a->t);
	struct gup_page *area;
	uint64_t *bytes;
	int err;

	release_all(a); /* it would wait for itself */
	err = gup_cma_alloc(m, ZONE_LENT, GUP_HUGE_SIZE, 0, SECOND, &area, NULL);
	gup_test_note("cma_alloc = %d", err);
	if (err) {
		gup_test_fail(a->t, "the area was not given: %d", err);
		return;
	}
	bytes = gup_page_address(m, area);
	*bytes = REUSED;
	gup_test_point();
	if (*bytes != REUSED)
		gup_test_fail(a->t, "somebody else writes to the area");
	gup_cma_free(m, area, GUP_HUGE_SIZE);
}

void op_offline(struct actor *a)
{
	struct gup_machine *m = gup_test_machine(a->t);
	uint64_t pfn = gup_user_pfn(gup_test_mm(a->t), world.addr) & ~(uint64_t)(GUP_HUGE_PAGES - 1);
	struct gup_frame_info info;
	int err;

	release_all(a);
	if (gup_frame_info(m, pfn, &info) || info.zone != GUP_ZONE_MOVABLE)
		return;
	err = gup_offline_range(m, pfn, GUP_HUGE_PAGES, SECOND, NULL);
	gup_test_note("offline = %d", err);
	if (!err)
		gup_online_range(m, pfn, GUP_HUGE_PAGES);
	else if (err != -GUP_EINVAL) /* another actor was faster */
		gup_test_fail(a->t, "the block did not go offline: %d", err);
}

/* ---- objects ---- */

/* Blocks of the file that go away are another file's at once. */
static void reuse_blocks(struct actor *a)
{
	struct gup_object *next;
	uint64_t word, at;

	if (gup_dax_file_create(gup_test_machine(a->t), ZONE_PMEM, PAGES * PAGE, &next))
		return;
	for (at = 0; at < PAGES * PAGE; at += PAGE)
		if (gup_object_read(next, at, &word, sizeof(word)) != sizeof(word) || word)
			gup_test_fail(a->t, "a new file is not empty");
	gup_object_put(next);
}

void op_truncate(struct actor *a)
{
	int err;

	release_all(a);
	err = gup_object_truncate(world.object, 0, SECOND, NULL);
	gup_test_note("truncate = %d", err);
	if (err)
		gup_test_fail(a->t, "truncate waited for ever: %d", err);
	if (world.program.memory == GUP_TEST_DAX)
		reuse_blocks(a);
	gup_object_truncate(world.object, PAGES * PAGE, SECOND, NULL);
}

void op_punch(struct actor *a)
{
	int err;

	release_all(a);
	err = gup_object_punch(world.object, 0, 2 * PAGE, SECOND, NULL);
	gup_test_note("punch = %d", err);
	if (err)
		gup_test_fail(a->t, "punch waited for ever: %d", err);
}

/* ---- somebody who wants frames ---- */

static void use_new_memory(struct actor *a, struct gup_mm *mm)
{
	struct gup_map_request map = { 0, PAGES * PAGE, RW, GUP_MAP_PRIVATE, NULL, 0 };
	uint64_t addr = (uint64_t)gup_mmap(mm, &map), word;
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		word = REUSED;
		if (gup_copy_to_user(mm, addr + i * PAGE, &word, sizeof(word)) ||
		    gup_copy_from_user(mm, &word, addr + i * PAGE + sizeof(word), sizeof(word)) || word)
			gup_test_fail(a->t, "new memory is not zero");
	}
	gup_test_point();
	for (i = 0; i < PAGES * MAX_ACTORS; i++) {
		if (gup_copy_from_user(mm, &word, addr + i % PAGES * PAGE + (i / PAGES + 1) * LANE_BYTES,
				       sizeof(word)) ||
		    word)
			gup_test_fail(a->t, "somebody else writes to new memory");
	}
}

void op_reuse(struct actor *a)
{
	struct gup_mm *other;

	if (gup_mm_create(gup_test_machine(a->t), "other", &other)) {
		gup_test_fail(a->t, "no other application");
		return;
	}
	gup_test_note("another application begins");
	use_new_memory(a, other);
	gup_mm_destroy(other);
}
