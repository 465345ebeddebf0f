/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/pte.h - page-table entries: neutral attributes, and the architecture's encoding of them.
 *
 * An entry is a u64. For its level it is exactly one of: 0 (none), a table, a leaf, a migration entry. Levels: 0 holds
 * 4 KiB leaves, 1 tables or 2 MiB leaves, 2 tables, 3 is the top. arch/<cpu>/gup_arch.h encodes them as that CPU's page
 * walker reads them; nothing outside of it looks at a bit of an entry.
 */
#ifndef GUP_MM_PTE_H
#define GUP_MM_PTE_H

#include "host.h"

#define GUP_PTE_LEVELS 4

#define GUP_PTE_WRITE (1u << 0)
#define GUP_PTE_ACCESS (1u << 1) /* user may read; a leaf without it (PROT_NONE) is invisible to the CPU */
#define GUP_PTE_EXEC (1u << 2)
#define GUP_PTE_DIRTY (1u << 3)
#define GUP_PTE_DEVMAP (1u << 4)  /* DAX; leaves only */
#define GUP_PTE_SPECIAL (1u << 5) /* no descriptor behind it, or the zero page; leaves only */
#define GUP_PTE_EXCL (1u << 6)	  /* the folio was anon-exclusive; migration entries only */

/* What a leaf and what a migration entry can carry; other bits given to gup_arch_mk_*() are dropped. */
#define GUP_PTE_LEAF_ATTR                                                                                              \
	(GUP_PTE_WRITE | GUP_PTE_ACCESS | GUP_PTE_EXEC | GUP_PTE_DIRTY | GUP_PTE_DEVMAP | GUP_PTE_SPECIAL)
#define GUP_PTE_MIGRATION_ATTR (GUP_PTE_WRITE | GUP_PTE_ACCESS | GUP_PTE_EXEC | GUP_PTE_DIRTY | GUP_PTE_EXCL)

#include <gup_arch.h>

/* Leaves of some attributes, of any level: (entry & mask) == bits. */
struct gup_pte_pattern {
	u64 mask, bits;
};

/* Those with all attributes of @set and none of @clear. An encoding has bits of its own for each; DIRTY aside. */
static inline struct gup_pte_pattern gup_pte_pattern(unsigned int set, unsigned int clear)
{
	u64 mask = gup_arch_mk_leaf(0, 0, 0) ^ gup_arch_mk_leaf(0, 0, set | clear);

	return (struct gup_pte_pattern){ mask, gup_arch_mk_leaf(0, 0, set) & mask };
}

static inline bool gup_pte_matches(u64 entry, struct gup_pte_pattern pattern)
{
	return (entry & pattern.mask) == pattern.bits;
}

#endif
