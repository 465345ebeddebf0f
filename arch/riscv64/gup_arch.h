/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch/riscv64/gup_arch.h - page-table entries of RISC-V Sv48: four levels, 4 KiB and 2 MiB leaves.
 *
 * Layout: RISC-V privileged architecture, "Sv48". A valid entry with none of R, W and X is a table. Leaves always
 * have R and A, which no other entry has. A leaf without ACCESS is not valid; its G bit, which the CPU does not read
 * then, tells it from a migration entry. Included by mm/pte.h only, which names the attributes.
 */
#ifndef GUP_ARCH_RISCV64_H
#define GUP_ARCH_RISCV64_H

#define GUP_RISCV_VALID (UINT64_C(1) << 0)
#define GUP_RISCV_READ (UINT64_C(1) << 1)
#define GUP_RISCV_WRITE (UINT64_C(1) << 2)
#define GUP_RISCV_EXEC (UINT64_C(1) << 3)
#define GUP_RISCV_USER (UINT64_C(1) << 4)
#define GUP_RISCV_PROT_NONE (UINT64_C(1) << 5) /* G; only in entries that are not valid */
#define GUP_RISCV_ACCESSED (UINT64_C(1) << 6)
#define GUP_RISCV_DIRTY (UINT64_C(1) << 7)
#define GUP_RISCV_SPECIAL (UINT64_C(1) << 8) /* bits 8 and 9 are the system's */
#define GUP_RISCV_DEVMAP (UINT64_C(1) << 9)
#define GUP_RISCV_FRAME_SHIFT 10
#define GUP_RISCV_FRAME_MASK ((UINT64_C(1) << 44) - 1)
#define GUP_RISCV_MIGRATION (UINT64_C(1) << 54) /* this and the next only in entries that are not valid */
#define GUP_RISCV_EXCL (UINT64_C(1) << 55)

/* Attributes that have the same bit in leaves and migration entries. */
static inline u64 gup_arch_common_bits(u64 pfn, unsigned int attr)
{
	return pfn << GUP_RISCV_FRAME_SHIFT | (attr & GUP_PTE_WRITE ? GUP_RISCV_WRITE : 0) |
	       (attr & GUP_PTE_ACCESS ? GUP_RISCV_USER : 0) | (attr & GUP_PTE_DIRTY ? GUP_RISCV_DIRTY : 0) |
	       (attr & GUP_PTE_EXEC ? GUP_RISCV_EXEC : 0);
}

static inline u64 gup_arch_mk_leaf(u64 pfn, unsigned int level, unsigned int attr)
{
	(void)level; /* a leaf looks the same on every level */
	return gup_arch_common_bits(pfn, attr) | GUP_RISCV_READ | GUP_RISCV_ACCESSED |
	       (attr & GUP_PTE_ACCESS ? GUP_RISCV_VALID : GUP_RISCV_PROT_NONE) |
	       (attr & GUP_PTE_DEVMAP ? GUP_RISCV_DEVMAP : 0) | (attr & GUP_PTE_SPECIAL ? GUP_RISCV_SPECIAL : 0);
}

static inline u64 gup_arch_mk_table(u64 pfn)
{
	return pfn << GUP_RISCV_FRAME_SHIFT | GUP_RISCV_VALID;
}

static inline u64 gup_arch_mk_migration(u64 pfn, unsigned int level, unsigned int attr)
{
	(void)level;
	return gup_arch_common_bits(pfn, attr) | GUP_RISCV_MIGRATION | (attr & GUP_PTE_EXCL ? GUP_RISCV_EXCL : 0);
}

static inline bool gup_arch_is_table(u64 e, unsigned int level)
{
	return level && (e & (GUP_RISCV_VALID | GUP_RISCV_READ)) == GUP_RISCV_VALID;
}

static inline bool gup_arch_is_leaf(u64 e, unsigned int level)
{
	(void)level;
	return e & GUP_RISCV_READ;
}

static inline bool gup_arch_is_migration(u64 e)
{
	return e & GUP_RISCV_MIGRATION;
}

static inline u64 gup_arch_pfn(u64 e)
{
	return e >> GUP_RISCV_FRAME_SHIFT & GUP_RISCV_FRAME_MASK;
}

static inline unsigned int gup_arch_attr(u64 e)
{
	return (e & GUP_RISCV_WRITE ? GUP_PTE_WRITE : 0) | (e & GUP_RISCV_USER ? GUP_PTE_ACCESS : 0) |
	       (e & GUP_RISCV_EXEC ? GUP_PTE_EXEC : 0) | (e & GUP_RISCV_DIRTY ? GUP_PTE_DIRTY : 0) |
	       (e & GUP_RISCV_DEVMAP ? GUP_PTE_DEVMAP : 0) | (e & GUP_RISCV_SPECIAL ? GUP_PTE_SPECIAL : 0) |
	       (e & GUP_RISCV_EXCL ? GUP_PTE_EXCL : 0);
}

/* The same leaf or migration entry without WRITE. */
static inline u64 gup_arch_wrprotect(u64 e)
{
	return e & ~GUP_RISCV_WRITE;
}

/* The 4 KiB leaf that maps the frame @n after the one of leaf @e, with the same attributes. */
static inline u64 gup_arch_leaf_after(u64 e, u64 n)
{
	return e + (n << 10);
}

#endif
