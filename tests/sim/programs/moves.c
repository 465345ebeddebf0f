/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/programs/moves.c - pages that are not where they are looked for: mremap, and advice about children.
 *
 * Who moves pages takes them to a place of its own, uses them there and brings them back; one actor at a time, since a move
 * may take a hole along and bring it back over another's pages. Others find nothing meanwhile, neither the application nor
 * the device; what is pinned goes along. A child may be born without the pages.
 */
#include "program.h"

#define AWAY (4 * GUP_HUGE_SIZE)
#define TO_PLACE (GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED)

static uint64_t away(const struct actor *a)
{
	return world.addr + (a->number + 1) * AWAY;
}

/* Nobody else can be the reason why the pages cannot be moved. */
static bool undisturbed(void)
{
	return !world.discards && !world.protects && world.hides == 1;
}

/* Pages from @first on, @bytes in all; only those that have lanes are used. */
static void there_and_back(struct actor *a, unsigned int first, uint64_t bytes, uint64_t to)
{
	struct gup_mm *mm = gup_test_mm(a->t);
	unsigned int i;
	int64_t moved;

	if (world.away)
		return;
	world.away = true;
	moved = gup_mremap(mm, page_addr(first), bytes, bytes, TO_PLACE, to);
	gup_test_note("mremap = %#llx", (unsigned long long)moved);
	if (moved < 0 && undisturbed())
		gup_test_fail(a->t, "mremap = %d", (int)moved);
	if (moved < 0) {
		world.away = false;
		return;
	}
	gup_test_point();
	for (i = 0; first + i < PAGES && i * PAGE < bytes; i++)
		lane_use_at(a, first + i, to + i * PAGE);
	gup_test_point();
	moved = gup_mremap(mm, to, bytes, bytes, TO_PLACE, page_addr(first));
	gup_test_note("mremap = %#llx", (unsigned long long)moved);
	if (moved != (int64_t)page_addr(first))
		gup_test_fail(a->t, "mremap back = %d", (int)moved);
	world.away = false;
}

void op_mremap(struct actor *a)
{
	there_and_back(a, 0, bytes_of_all(), away(a));
}

/* By a distance that large folios do not like: the last page is in the next table. */
void op_mremap_odd(struct actor *a)
{
	there_and_back(a, 0, bytes_of_all(), away(a) + GUP_HUGE_SIZE - (PAGES - 1) * PAGE);
}

void op_mremap_one(struct actor *a)
{
	there_and_back(a, 1, PAGE, away(a));
}

/* A page more, where it is, and off again. */
void op_grow(struct actor *a)
{
	struct gup_mm *mm = gup_test_mm(a->t);
	uint64_t bytes = bytes_of_all(), word = a->next;
	int64_t ret = gup_mremap(mm, world.addr, bytes, bytes + PAGE, 0, 0);

	gup_test_note("grow = %#llx", (unsigned long long)ret);
	if (ret < 0)
		return;
	gup_copy_to_user(mm, world.addr + bytes, &word, sizeof(word));
	gup_test_point();
	ret = gup_mremap(mm, world.addr, bytes + PAGE, bytes, 0, 0);
	gup_test_note("shrink = %#llx", (unsigned long long)ret);
	if (ret != (int64_t)world.addr && !world.discards && !world.hides)
		gup_test_fail(a->t, "shrink = %d", (int)ret);
	op_read(a);
}

/* The same object a second time: what is stored there is seen here. */
void op_double(struct actor *a)
{
	struct gup_mm *mm = gup_test_mm(a->t);
	uint64_t bytes = bytes_of_all();
	int64_t second = gup_mremap(mm, world.addr, 0, bytes, GUP_MREMAP_MAYMOVE, 0);
	unsigned int i;

	gup_test_note("double = %#llx", (unsigned long long)second);
	if (second < 0)
		return;
	for (i = 0; i < PAGES; i++) {
		lane_use_at(a, i, (uint64_t)second + i * PAGE);
		lane_check(a, i);
	}
	gup_munmap(mm, (uint64_t)second, bytes);
}

/* ---- advice ---- */

static void advise(struct actor *a, unsigned int advice)
{
	gup_test_note("madvise(%u) = %d", advice, gup_madvise(gup_test_mm(a->t), world.addr, bytes_of_all(), advice));
}

void op_dontfork(struct actor *a)
{
	advise(a, GUP_MADV_DONTFORK);
	op_fork(a);
	advise(a, GUP_MADV_DOFORK);
}

void op_wipe(struct actor *a)
{
	advise(a, GUP_MADV_WIPEONFORK);
	op_fork(a);
	advise(a, GUP_MADV_KEEPONFORK);
}

/* A hole through the mapping: mmap_lock is dropped in the middle of it. */
void op_remove(struct actor *a)
{
	release_all(a); /* it would wait for itself */
	advise(a, GUP_MADV_REMOVE);
}
