/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch/x86_64/gup_arch.h - page-table entries of x86-64, four levels, 4 KiB and 2 MiB leaves.
 *
 * Layout: Intel SDM volume 3, "4-level paging". The accessed bit is always set, so the CPU never writes to a clean
 * entry but for the dirty bit. A leaf without ACCESS is not present; its G bit, which the CPU does not read then,
 * tells it from a migration entry. Included by mm/pte.h only, which names the attributes.
 */
#ifndef GUP_ARCH_X86_64_H
#define GUP_ARCH_X86_64_H

#define GUP_X86_PRESENT (UINT64_C(1) << 0)
#define GUP_X86_WRITE (UINT64_C(1) << 1)
#define GUP_X86_USER (UINT64_C(1) << 2)
#define GUP_X86_ACCESSED (UINT64_C(1) << 5)
#define GUP_X86_DIRTY (UINT64_C(1) << 6)
#define GUP_X86_PAGE_SIZE (UINT64_C(1) << 7) /* level 1: a leaf, not a table */
#define GUP_X86_PROT_NONE (UINT64_C(1) << 8) /* G; only in entries that are not present */
#define GUP_X86_SPECIAL (UINT64_C(1) << 9)   /* bits 9-11 and 52-58 are the system's */
#define GUP_X86_EXCL (UINT64_C(1) << 10)
#define GUP_X86_MIGRATION (UINT64_C(1) << 11)
#define GUP_X86_FRAME UINT64_C(0x000ffffffffff000)
#define GUP_X86_DEVMAP (UINT64_C(1) << 58)
#define GUP_X86_NO_EXEC (UINT64_C(1) << 63)

/* Attributes that have the same bit in leaves and migration entries. */
static inline u64 gup_arch_common_bits(u64 pfn, unsigned int level, unsigned int attr)
{
	return pfn << GUP_PAGE_SHIFT | (level ? GUP_X86_PAGE_SIZE : 0) | (attr & GUP_PTE_WRITE ? GUP_X86_WRITE : 0) |
	       (attr & GUP_PTE_ACCESS ? GUP_X86_USER : 0) | (attr & GUP_PTE_DIRTY ? GUP_X86_DIRTY : 0) |
	       (attr & GUP_PTE_EXEC ? 0 : GUP_X86_NO_EXEC);
}

static inline u64 gup_arch_mk_leaf(u64 pfn, unsigned int level, unsigned int attr)
{
	return gup_arch_common_bits(pfn, level, attr) | GUP_X86_ACCESSED |
	       (attr & GUP_PTE_ACCESS ? GUP_X86_PRESENT : GUP_X86_PROT_NONE) |
	       (attr & GUP_PTE_DEVMAP ? GUP_X86_DEVMAP : 0) | (attr & GUP_PTE_SPECIAL ? GUP_X86_SPECIAL : 0);
}

static inline u64 gup_arch_mk_table(u64 pfn)
{
	return pfn << GUP_PAGE_SHIFT | GUP_X86_PRESENT | GUP_X86_WRITE | GUP_X86_USER | GUP_X86_ACCESSED;
}

static inline u64 gup_arch_mk_migration(u64 pfn, unsigned int level, unsigned int attr)
{
	return gup_arch_common_bits(pfn, level, attr) | GUP_X86_MIGRATION | (attr & GUP_PTE_EXCL ? GUP_X86_EXCL : 0);
}

static inline bool gup_arch_is_table(u64 e, unsigned int level)
{
	return level && (e & (GUP_X86_PRESENT | GUP_X86_PAGE_SIZE)) == GUP_X86_PRESENT;
}

static inline bool gup_arch_is_leaf(u64 e, unsigned int level)
{
	return (e & (GUP_X86_PRESENT | GUP_X86_PROT_NONE)) && (!level || (e & GUP_X86_PAGE_SIZE));
}

static inline bool gup_arch_is_migration(u64 e)
{
	return e & GUP_X86_MIGRATION;
}

static inline u64 gup_arch_pfn(u64 e)
{
	return (e & GUP_X86_FRAME) >> GUP_PAGE_SHIFT;
}

static inline unsigned int gup_arch_attr(u64 e)
{
	return (e & GUP_X86_WRITE ? GUP_PTE_WRITE : 0) | (e & GUP_X86_USER ? GUP_PTE_ACCESS : 0) |
	       (e & GUP_X86_NO_EXEC ? 0 : GUP_PTE_EXEC) | (e & GUP_X86_DIRTY ? GUP_PTE_DIRTY : 0) |
	       (e & GUP_X86_DEVMAP ? GUP_PTE_DEVMAP : 0) | (e & GUP_X86_SPECIAL ? GUP_PTE_SPECIAL : 0) |
	       (e & GUP_X86_EXCL ? GUP_PTE_EXCL : 0);
}

/* The same leaf or migration entry without WRITE. */
static inline u64 gup_arch_wrprotect(u64 e)
{
	return e & ~GUP_X86_WRITE;
}

/* The 4 KiB leaf that maps the frame @n after the one of leaf @e, with the same attributes. */
static inline u64 gup_arch_leaf_after(u64 e, u64 n)
{
	return e + (n << 12);
}

#endif
