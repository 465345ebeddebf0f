/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/ops.c - the table of operations, and how the arguments of each are drawn.
 *
 * What libgup refuses by intent where Linux does not is not drawn: a length of 0 for mprotect and madvise, addresses
 * outside of user space, sizes of files that are no multiple of a page (docs/linux-differences.md).
 */
#include "ops.h"
#include "draw.h"

#define FUNCTIONS(name) draw_##name, on_host_##name, on_gup_##name, print_##name
#define WITHOUT_HOST(name) draw_##name, NULL, on_gup_##name, print_##name

const struct op ops[] = {
	{ "mmap", 14, FUNCTIONS(mmap), CALL },
	{ "munmap", 5, FUNCTIONS(munmap), CALL },
	{ "mprotect", 8, FUNCTIONS(mprotect), CALL },
	{ "madvise", 10, FUNCTIONS(madvise), CALL },
	{ "mremap", 6, FUNCTIONS(mremap), CALL },
	{ "mlock", 4, FUNCTIONS(mlock), CALL },
	{ "munlock", 1, FUNCTIONS(munlock), CALL },
	{ "fork", 6, WITHOUT_HOST(fork), FORK },
	{ "exit", 2, WITHOUT_HOST(exit), EXIT },
	{ "load", 8, FUNCTIONS(load), CALL },
	{ "store", 16, FUNCTIONS(store), CALL },
	{ "truncate", 4, FUNCTIONS(truncate), CALL },
	{ "write", 3, FUNCTIONS(write), CALL },
	{ "read", 2, FUNCTIONS(read), CALL },
	{ "pin", 9, FUNCTIONS(pin), PIN },
	{ "unpin", 3, FUNCTIONS(unpin), DEVICE },
	{ "device store", 8, FUNCTIONS(device_store), DEVICE },
	{ "device load", 5, FUNCTIONS(device_load), DEVICE },
};

const unsigned int nr_ops = sizeof(ops) / sizeof(ops[0]);

/* The host's values are those of the names, and the same: gup/mm.h. */
const struct word advices[] = {
	{ "MADV_DONTNEED", 6, GUP_MADV_DONTNEED },
	{ "MADV_POPULATE_READ", 3, GUP_MADV_POPULATE_READ },
	{ "MADV_POPULATE_WRITE", 3, GUP_MADV_POPULATE_WRITE },
	{ "MADV_REMOVE", 3, GUP_MADV_REMOVE },
	{ "MADV_DONTFORK", 2, GUP_MADV_DONTFORK },
	{ "MADV_DOFORK", 2, GUP_MADV_DOFORK },
	{ "MADV_WIPEONFORK", 2, GUP_MADV_WIPEONFORK },
	{ "MADV_KEEPONFORK", 2, GUP_MADV_KEEPONFORK },
};

const unsigned int nr_advices = sizeof(advices) / sizeof(advices[0]);

/* Odd rows are shared, the last two are of a file. */
const struct word mappings[] = {
	{ "MAP_PRIVATE | MAP_ANONYMOUS", 6, GUP_MAP_PRIVATE },
	{ "MAP_SHARED | MAP_ANONYMOUS", 3, GUP_MAP_SHARED },
	{ "MAP_PRIVATE", 3, GUP_MAP_PRIVATE },
	{ "MAP_SHARED", 3, GUP_MAP_SHARED },
};

const unsigned int nr_mappings = sizeof(mappings) / sizeof(mappings[0]);

const struct word moves[] = {
	{ "MREMAP_MAYMOVE | MREMAP_FIXED", 6, GUP_MREMAP_MAYMOVE | GUP_MREMAP_FIXED },
	{ "0", 3, 0 },
	{ "MREMAP_MAYMOVE", 1, GUP_MREMAP_MAYMOVE },
	{ "MREMAP_FIXED", 1, GUP_MREMAP_FIXED },
};

const unsigned int nr_moves = sizeof(moves) / sizeof(moves[0]);

uint64_t step_addr(const struct step *s)
{
	return BASE + (uint64_t)s->page * PAGE + s->skew;
}

uint64_t step_bytes(const struct step *s)
{
	return (uint64_t)s->nr * PAGE;
}

bool draw_mmap(struct draw *d, struct step *s)
{
	s->kind = draw_word(d, mappings, nr_mappings);
	s->prot = draw_prot(d);
	s->fill = draw_one_in(d, 8);
	s->exact = draw_one_in(d, 3);
	s->file = (unsigned int)draw_below(d, FILES);
	s->offset = (unsigned int)draw_below(d, FILE_PAGES);
	draw_place(d, s, 12);
	draw_map(d, s, true);
	return true;
}

bool draw_munmap(struct draw *d, struct step *s)
{
	draw_range(d, s, 8);
	if (draw_one_in(d, 40))
		s->nr = 0;
	draw_map(d, s, false);
	return true;
}

bool draw_mprotect(struct draw *d, struct step *s)
{
	s->prot = draw_prot(d);
	draw_range(d, s, 8);
	return true;
}

bool draw_madvise(struct draw *d, struct step *s)
{
	s->kind = draw_word(d, advices, nr_advices);
	draw_range(d, s, 8);
	return true;
}

/*
 * Which neighbours Linux makes one mapping depends on what was touched and forked. A mapping's end shows where the length
 * changes: what is kept then is one page. Before 6.17 it shows where something moves, too.
 */
bool step_shows_merges(const struct step *s, uint32_t kernel)
{
	return s->to_nr > 1 && s->nr > 1 && moves[s->kind].gup & GUP_MREMAP_FIXED && kernel < GUP_KERNEL(6, 17);
}

static void draw_length(struct draw *d, struct step *s, bool fixed)
{
	unsigned int most = PAGES - s->to;

	s->to_nr = draw_one_in(d, 2) ? s->nr : (unsigned int)draw_below(d, 10);
	if (draw_one_in(d, 12))
		s->nr = 0;
	if (s->to_nr > most)
		s->to_nr = most;
	if (s->nr > 1 && s->to_nr > s->nr)
		s->nr = 1;
	else if (fixed && s->to_nr > 1 && s->to_nr < s->nr)
		s->to_nr = 1;
}

/* An old length of 0 is a second mapping of what is shared. Where the kernel chooses the place nothing grows. */
bool draw_mremap(struct draw *d, struct step *s)
{
	struct step there;
	bool fixed;

	s->kind = draw_word(d, moves, nr_moves);
	fixed = moves[s->kind].gup & GUP_MREMAP_FIXED;
	draw_range(d, s, 8);
	s->to = fixed ? (unsigned int)draw_below(d, PAGES) : s->page;
	draw_length(d, s, fixed);
	if (moves[s->kind].gup == GUP_MREMAP_MAYMOVE && s->to_nr > s->nr)
		s->to_nr = s->nr;
	there = *s;
	there.page = s->to;
	there.nr = s->to_nr;
	draw_map(d, s, false);
	draw_map(d, &there, true);
	return true;
}

bool draw_mlock(struct draw *d, struct step *s)
{
	draw_range(d, s, 8);
	return true;
}

bool draw_munlock(struct draw *d, struct step *s)
{
	draw_range(d, s, 8);
	return true;
}

bool draw_fork(struct draw *d, struct step *s)
{
	if (!draw_process(d, s))
		return false;
	d->alive[s->slot] = true;
	for (unsigned int i = 0; i < PAGES; i++)
		d->mapped[s->slot][i] = d->mapped[s->who][i];
	return true;
}

bool draw_exit(struct draw *d, struct step *s)
{
	if (s->who == 0)
		return false;
	d->alive[s->who] = false;
	return true;
}

/* A word never crosses into the next page: what a processor does there is not what is asked. */
bool draw_load(struct draw *d, struct step *s)
{
	draw_range(d, s, MAX_WORDS);
	s->skew = 0;
	return true;
}

bool draw_store(struct draw *d, struct step *s)
{
	return draw_load(d, s);
}

bool draw_truncate(struct draw *d, struct step *s)
{
	s->file = (unsigned int)draw_below(d, FILES);
	s->nr = (unsigned int)draw_below(d, FILE_PAGES + 1);
	return true;
}

bool draw_write(struct draw *d, struct step *s)
{
	s->file = (unsigned int)draw_below(d, FILES);
	s->page = (unsigned int)draw_below(d, FILE_PAGES);
	return true;
}

bool draw_read(struct draw *d, struct step *s)
{
	return draw_write(d, s);
}

/* Where a pin begins is a multiple of a page: the device's bytes are whole pages. */
bool draw_pin(struct draw *d, struct step *s)
{
	if (!draw_slot(d, s, false))
		return false;
	draw_range(d, s, PIN_PAGES);
	s->skew = 0;
	d->pinned[s->slot] = s->nr;
	return true;
}

static bool draw_held(struct draw *d, struct step *s)
{
	s->who = 0;
	if (!draw_slot(d, s, true))
		return false;
	s->page = (unsigned int)draw_below(d, d->pinned[s->slot]);
	return true;
}

bool draw_unpin(struct draw *d, struct step *s)
{
	if (!draw_held(d, s))
		return false;
	d->pinned[s->slot] = 0;
	return true;
}

bool draw_device_store(struct draw *d, struct step *s)
{
	return draw_held(d, s);
}

bool draw_device_load(struct draw *d, struct step *s)
{
	return draw_held(d, s);
}
