/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/raw.c - the limit of a software walk on this computer.
 *
 * What no walk can leave out, for a page that is known to be there and to be alone in its folio: read the entry, count
 * by a locked compare-and-exchange on a descriptor of 32 bytes, read the entry again, store the page. No levels, no
 * flags, no rules, no lockless section. It protects nothing; it is here to be divided by.
 */
#include "bench.h"

#include <stdlib.h>

#define RAW_PRESENT 1u
#define RAW_PIN ((UINT64_C(1) << 32) | 1)

bool gup_bench_raw_open(struct gup_bench_raw *raw, uint64_t entries, uint64_t step)
{
	uint64_t i;

	raw->entries = aligned_alloc(GUP_PAGE_SIZE, entries * sizeof(*raw->entries));
	raw->frames = aligned_alloc(GUP_PAGE_SIZE, entries * step * sizeof(*raw->frames));
	if (!raw->entries || !raw->frames)
		return gup_bench_complain("the host has not enough memory");
	for (i = 0; i < entries; i++) {
		raw->entries[i] = i * step << GUP_PAGE_SHIFT | RAW_PRESENT;
		raw->frames[i * step] = (struct gup_page){ .count = 1 };
	}
	return true;
}

void gup_bench_raw_close(struct gup_bench_raw *raw)
{
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

long gup_bench_raw_pin(struct gup_bench_raw *raw, uint64_t first, long nr, struct gup_page **pages)
{
	long i;

	for (i = 0; i < nr; i++) {
		uint64_t entry = __atomic_load_n(&raw->entries[first + (uint64_t)i], __ATOMIC_RELAXED);
		struct gup_page *page = raw->frames + (entry >> GUP_PAGE_SHIFT);

		if (!(entry & RAW_PRESENT) || !count(page, RAW_PIN))
			break;
		if (__atomic_load_n(&raw->entries[first + (uint64_t)i], __ATOMIC_SEQ_CST) != entry)
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
