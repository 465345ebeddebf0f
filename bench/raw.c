/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/raw.c - the limit of a software walk on this computer.
 *
 * What no walk can leave out, for a page that is known to be there and to be alone in its folio: go down three levels,
 * once for a call and a table, read the entry, count by a locked compare-and-exchange on a descriptor of 32 bytes, read the
 * entry again, store the page. No flags, no rules, no lockless section. It protects nothing; it is here to be divided by.
 */
#include "bench.h"

#include <stdlib.h>

#define RAW_PRESENT 1u
#define RAW_PIN ((UINT64_C(1) << 32) | 1)

#define TABLE 512u

/* A level of tables over @nr tables of 512 words from @below on. */
static uint64_t *level_over(const uint64_t *below, uint64_t nr)
{
	uint64_t words = (nr + TABLE - 1) / TABLE * TABLE, i;
	uint64_t *level = aligned_alloc(GUP_PAGE_SIZE, words * sizeof(*level));

	for (i = 0; level && i < nr; i++)
		level[i] = (uintptr_t)(below + i * TABLE);
	return level;
}

static bool raw_levels(struct gup_bench_raw *raw, uint64_t entries)
{
	const uint64_t *below = raw->entries;
	uint64_t nr = entries;
	unsigned int i;

	for (i = 0; i < GUP_BENCH_RAW_LEVELS; i++) {
		nr = (nr + TABLE - 1) / TABLE;
		raw->levels[i] = level_over(below, nr);
		if (!raw->levels[i])
			return false;
		below = raw->levels[i];
	}
	return true;
}

bool gup_bench_raw_open(struct gup_bench_raw *raw, uint64_t entries, uint64_t step)
{
	uint64_t i;

	raw->entries = aligned_alloc(GUP_PAGE_SIZE, entries * sizeof(*raw->entries));
	raw->frames = aligned_alloc(GUP_PAGE_SIZE, entries * step * sizeof(*raw->frames));
	if (!raw->entries || !raw->frames || !raw_levels(raw, entries))
		return gup_bench_complain("the host has not enough memory");
	for (i = 0; i < entries; i++) {
		raw->entries[i] = i * step << GUP_PAGE_SHIFT | RAW_PRESENT;
		raw->frames[i * step] = (struct gup_page){ .count = 1 };
	}
	return true;
}

void gup_bench_raw_close(struct gup_bench_raw *raw)
{
	unsigned int i;

	for (i = 0; i < GUP_BENCH_RAW_LEVELS; i++)
		free(raw->levels[i]);
	free(raw->entries);
	free(raw->frames);
}

static bool count(struct gup_page *page, uint64_t add)
{
	uint64_t old = __atomic_load_n(&page->count, __ATOMIC_RELAXED);

	do {
		if (!(uint32_t)old)
			return false;
	} while (
		!__atomic_compare_exchange_n(&page->count, &old, old + add, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return true;
}

/* From the top table down to the entry. */
static const uint64_t *walk(const struct gup_bench_raw *raw, uint64_t nth)
{
	const uint64_t *table = raw->levels[GUP_BENCH_RAW_LEVELS - 1];
	unsigned int shift;

	for (shift = 9 * GUP_BENCH_RAW_LEVELS; shift; shift -= 9)
		table = (const uint64_t *)(uintptr_t)__atomic_load_n(&table[(nth >> shift) % TABLE], __ATOMIC_RELAXED);
	return &table[nth % TABLE];
}

long gup_bench_raw_pin(struct gup_bench_raw *raw, uint64_t first, long nr, struct gup_page **pages)
{
	const uint64_t *at = walk(raw, first);
	long i;

	for (i = 0; i < nr; i++, at++) {
		struct gup_page *page;
		uint64_t entry;

		if (i && !((first + (uint64_t)i) % TABLE))
			at = walk(raw, first + (uint64_t)i);
		entry = __atomic_load_n(at, __ATOMIC_RELAXED);
		page = raw->frames + (entry >> GUP_PAGE_SHIFT);
		if (!(entry & RAW_PRESENT) || !count(page, RAW_PIN))
			break;
		if (__atomic_load_n(at, __ATOMIC_SEQ_CST) != entry)
			break;
		pages[i] = page;
	}
	return i;
}

long gup_bench_raw_unpin(struct gup_page **pages, long nr)
{
	long i;

	for (i = 0; i < nr; i++)
		if (!count(pages[i], -RAW_PIN))
			break;
	return i;
}
