/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch/arm64/gup_arch.h - page-table entries of arm64: stage 1, 4 KiB granule, four levels, 48-bit addresses.
 *
 * Layout: Arm ARM, "VMSAv8-64 translation table format descriptors"; level 0 here is level 3 there. WRITE is the DBM
 * bit. A clean leaf is read-only to the CPU until it is dirty: a CPU with hardware dirty state clears AP[2] itself, on
 * another the write faults. Attribute index 0 is normal memory. Included by mm/pte.h only, which names the attributes.
 */
#ifndef GUP_ARCH_ARM64_H
#define GUP_ARCH_ARM64_H

#define GUP_ARM64_VALID (UINT64_C(1) << 0)
#define GUP_ARM64_TABLE (UINT64_C(1) << 1)     /* above level 0: a table; in level 0 every valid entry has it */
#define GUP_ARM64_USER (UINT64_C(1) << 6)      /* AP[1] */
#define GUP_ARM64_READ_ONLY (UINT64_C(1) << 7) /* AP[2] */
#define GUP_ARM64_INNER_SHAREABLE (UINT64_C(3) << 8)
#define GUP_ARM64_ACCESSED (UINT64_C(1) << 10)
#define GUP_ARM64_NOT_GLOBAL (UINT64_C(1) << 11)
#define GUP_ARM64_FRAME UINT64_C(0x0000fffffffff000)
#define GUP_ARM64_WRITE (UINT64_C(1) << 51) /* DBM */
#define GUP_ARM64_NO_KERNEL_EXEC (UINT64_C(1) << 53)
#define GUP_ARM64_NO_EXEC (UINT64_C(1) << 54)
#define GUP_ARM64_DIRTY (UINT64_C(1) << 55) /* bits 55-58 are the system's */
#define GUP_ARM64_SPECIAL (UINT64_C(1) << 56)
#define GUP_ARM64_DEVMAP (UINT64_C(1) << 57)
#define GUP_ARM64_PROT_NONE (UINT64_C(1) << 58)
#define GUP_ARM64_MIGRATION (UINT64_C(1) << 59) /* this and the next only in entries that are not valid */
#define GUP_ARM64_EXCL (UINT64_C(1) << 60)

/* Attributes that have the same bit in leaves and migration entries. */
static inline u64 gup_arch_common_bits(u64 pfn, unsigned int attr)
{
	return pfn << GUP_PAGE_SHIFT | (attr & GUP_PTE_WRITE ? GUP_ARM64_WRITE : 0) |
	       (attr & GUP_PTE_ACCESS ? GUP_ARM64_USER : 0) | (attr & GUP_PTE_DIRTY ? GUP_ARM64_DIRTY : 0) |
	       (attr & GUP_PTE_EXEC ? 0 : GUP_ARM64_NO_EXEC) | GUP_ARM64_READ_ONLY;
}

static inline u64 gup_arch_mk_leaf(u64 pfn, unsigned int level, unsigned int attr)
{
	const unsigned int writable = GUP_PTE_WRITE | GUP_PTE_DIRTY;
	u64 e = gup_arch_common_bits(pfn, attr) | GUP_ARM64_INNER_SHAREABLE | GUP_ARM64_ACCESSED |
		GUP_ARM64_NOT_GLOBAL | GUP_ARM64_NO_KERNEL_EXEC | (level ? 0 : GUP_ARM64_TABLE) |
		(attr & GUP_PTE_ACCESS ? GUP_ARM64_VALID : GUP_ARM64_PROT_NONE) |
		(attr & GUP_PTE_DEVMAP ? GUP_ARM64_DEVMAP : 0) | (attr & GUP_PTE_SPECIAL ? GUP_ARM64_SPECIAL : 0);

	return (attr & writable) == writable ? e & ~GUP_ARM64_READ_ONLY : e;
}

static inline u64 gup_arch_mk_table(u64 pfn)
{
	return pfn << GUP_PAGE_SHIFT | GUP_ARM64_VALID | GUP_ARM64_TABLE;
}

static inline u64 gup_arch_mk_migration(u64 pfn, unsigned int level, unsigned int attr)
{
	(void)level;
	return gup_arch_common_bits(pfn, attr) | GUP_ARM64_MIGRATION | (attr & GUP_PTE_EXCL ? GUP_ARM64_EXCL : 0);
}

static inline bool gup_arch_is_table(u64 e, unsigned int level)
{
	const u64 type = GUP_ARM64_VALID | GUP_ARM64_TABLE;

	return level && (e & type) == type;
}

static inline bool gup_arch_is_leaf(u64 e, unsigned int level)
{
	const u64 type = GUP_ARM64_VALID | GUP_ARM64_TABLE;

	return (e & GUP_ARM64_PROT_NONE) || (e & type) == (level ? GUP_ARM64_VALID : type);
}

static inline bool gup_arch_is_migration(u64 e)
{
	return e & GUP_ARM64_MIGRATION;
}

static inline u64 gup_arch_pfn(u64 e)
{
	return (e & GUP_ARM64_FRAME) >> GUP_PAGE_SHIFT;
}

/* Dirty by software's bit, or because the CPU allowed writing. */
static inline unsigned int gup_arch_attr(u64 e)
{
	return (e & GUP_ARM64_WRITE ? GUP_PTE_WRITE : 0) | (e & GUP_ARM64_USER ? GUP_PTE_ACCESS : 0) |
	       (e & GUP_ARM64_NO_EXEC ? 0 : GUP_PTE_EXEC) |
	       ((e & GUP_ARM64_DIRTY) || !(e & GUP_ARM64_READ_ONLY) ? GUP_PTE_DIRTY : 0) |
	       (e & GUP_ARM64_DEVMAP ? GUP_PTE_DEVMAP : 0) | (e & GUP_ARM64_SPECIAL ? GUP_PTE_SPECIAL : 0) |
	       (e & GUP_ARM64_EXCL ? GUP_PTE_EXCL : 0);
}

/* The same leaf or migration entry without WRITE; what the CPU made dirty stays so by software's bit. */
static inline u64 gup_arch_wrprotect(u64 e)
{
	return (e & ~GUP_ARM64_WRITE) | GUP_ARM64_READ_ONLY | (e & GUP_ARM64_READ_ONLY ? 0 : GUP_ARM64_DIRTY);
}

/* The 4 KiB leaf that maps the frame @n after the one of leaf @e, with the same attributes. */
static inline u64 gup_arch_leaf_after(u64 e, u64 n)
{
	return e + (n << 12);
}

#endif
