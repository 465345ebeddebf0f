/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/machine.h - a machine: one pool of frames with its zones, counts and rules.
 *
 * Several machines live side by side in one process; nothing is shared between them.
 */
#ifndef GUP_MACHINE_H
#define GUP_MACHINE_H

#include <gup/config.h>
#include <gup/why.h>

GUP_BEGIN_DECLS

struct gup_machine;

/**
 * enum gup_contract_id - whose rules the entry points follow
 * @GUP_LINUX_6_12: the default. What passes here passes on a kernel.
 * @GUP_LINUX_6_1:  pin_user_pages() as Debian 12's kernel has it
 * @GUP_LINUX_5_2:  the rules of the FOLL_LONGTERM series: no FOLL_PIN, fork does not look at references
 * @GUP_NATIVE:     all that is meaningful works, on every entry point
 */
enum gup_contract_id {
	GUP_LINUX_6_12,
	GUP_LINUX_6_1,
	GUP_LINUX_5_2,
	GUP_NATIVE,
	GUP_NR_CONTRACTS,
};

/** GUP_KERNEL() - a release of Linux; those between GUP_KERNEL_OLDEST and GUP_KERNEL_NEWEST have rules here. */
#define GUP_KERNEL(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))
#define GUP_KERNEL_OLDEST GUP_KERNEL(5, 2)
#define GUP_KERNEL_NEWEST GUP_KERNEL(6, 18)

/** enum gup_dax_kind - FS DAX has files on it; device DAX is one range that is mapped as it is. */
enum gup_dax_kind { GUP_DAX_FS, GUP_DAX_DEVICE };

/**
 * struct gup_machine_config - what a machine is made of. Sizes in bytes, multiples of 2 MiB.
 * @normal_bytes:  kernel metadata and any user memory; at least 2 MiB
 * @movable_bytes: ZONE_MOVABLE: user memory that can always be moved; may be 0
 * @cma:           contiguous areas by name; unused entries have a NULL name
 * @dax:           DAX devices by name; unused entries have a NULL name
 * @contract:      whose rules apply
 * @kernel:        0; or a release by GUP_KERNEL(), whose rules apply then: @contract must be its default
 * @hugetlb_pages: folios of 2 MiB that are set aside for gup_hugetlb_create(), from the normal bytes
 * @hugetlb_movable: the same from ZONE_MOVABLE, where a long-term pin may not rest
 * @no_huge_pages: anonymous memory takes no folios of 2 MiB
 * @anon_orders:   anonymous memory may use folios of 4 KiB << n where bit n is set, n from 1 to 8; 0: none of these.
 *                 A first write takes the largest that fits its place and for which there is memory.
 * @track_holders: remember owner, call site and time of each get and pin of the Linux forms. Costs a record for each
 *                 page; without it a pin costs nothing and a holder of such a page is unknown.
 */
struct gup_machine_config {
	uint64_t normal_bytes;
	uint64_t movable_bytes;
	struct {
		const char *name;
		uint64_t bytes;
	} cma[GUP_CMA_MAX];
	struct {
		const char *name;
		uint64_t bytes;
		enum gup_dax_kind kind;
	} dax[GUP_DAX_MAX];
	unsigned int hugetlb_pages, hugetlb_movable;
	enum gup_contract_id contract;
	uint32_t kernel;
	bool no_huge_pages;
	uint32_t anon_orders;
	bool track_holders;
};

/**
 * gup_machine_create() - make a machine
 * @config: what it is made of
 * @out:    receives the machine
 *
 * Memory is taken from the host as it is touched.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for a NULL argument, a size that is not a multiple of 2 MiB, too small, above 8 TiB or above 16
 * TiB with all others, a name that is too long,
 * empty or used twice, a bit in anon_orders that is none of these, an unknown contract, or a contract beside a kernel; -EOPNOTSUPP for a release without rules here:
 * one before 5.2, after GUP_KERNEL_NEWEST, or that never was; -ENOMEM if the host has no memory, mappings or file
 * descriptors left, or the machine no room for the hugetlb folios.
 */
int gup_machine_create(const struct gup_machine_config *config, struct gup_machine **out);

/**
 * gup_machine_destroy() - give everything back to the host
 * @m: the machine; NULL is allowed
 *
 * Address spaces and objects that still exist go with it. Pins, gets and CMA allocations do not: if any is left, also in
 * quarantine, each is logged with owner and call site, and nothing is freed.
 *
 * Context: may sleep; nobody else may use the machine.
 * Return: 0; or -EBUSY, or -ENOMEM if the host has no memory to look for what is left, with everything as it was.
 */
int gup_machine_destroy(struct gup_machine *m);

/**
 * gup_machine_contract() - the contract in force in @m; GUP_NR_CONTRACTS for NULL, or if it is a release that is none of
 * the contracts by name. Context: any.
 */
enum gup_contract_id gup_machine_contract(const struct gup_machine *m);

/** gup_machine_kernel() - the release whose rules are in force in @m; 0: the native ones, or @m is NULL. Context: any. */
uint32_t gup_machine_kernel(const struct gup_machine *m);

/** gup_contract_name() - "linux-5.2", "linux-6.1", "linux-6.12" or "native" for @id; NULL for an unknown one. */
const char *gup_contract_name(enum gup_contract_id id);

/**
 * struct gup_check - what gup_machine_check() found
 * @errors:      broken invariants
 * @first_error: text of the first one, "" if none
 * @pins:        pins on all folios (one for each page and call)
 * @gets:        references that are neither mapping, cache nor pin
 * @mapped:      page-table entries that map a folio (a 2 MiB entry is one)
 * @free_frames: frames that an allocation could use
 * @total_frames: frames of NORMAL, CMA and MOVABLE
 */
struct gup_check {
	unsigned int errors;
	char first_error[160];
	uint64_t pins;
	uint64_t gets;
	uint64_t mapped;
	uint64_t free_frames;
	uint64_t total_frames;
};

/**
 * gup_machine_check() - verify every count and invariant of the machine
 * @m:   the machine, at rest: no other thread is inside libgup
 * @out: the result; may be NULL
 *
 * For every folio: references = mappings + cache references + gets + pins. Also: free lists, pageblock types, page
 * tables against VMAs, reverse maps, exclusive bits, and that no folio with a long-term pin known to the library lies
 * where the contract forbids it.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for NULL or if an invariant is broken (see @out); -ENOMEM if the host has no memory for the check.
 */
int gup_machine_check(struct gup_machine *m, struct gup_check *out);

/**
 * struct gup_stats - counters since the machine was made
 * @faults:            faults that changed an entry
 * @cow_copies:        pages copied to break COW, by write, unshare or fork
 * @migrated:          folios moved
 * @migrate_failed:    folios that could not be moved
 * @fast_pages:        pages taken without a lock
 * @slow_pages:        pages taken under mmap_lock
 * @bad_unpins:        unpins and puts that were refused
 * @free_frames:       frames that an allocation could use now
 * @quarantined:       pages in quarantine now, of all owners, see gup_owner_lost()
 * @hugetlb_free:      2 MiB folios of the hugetlb pool that nobody uses now, reserved ones included
 */
struct gup_stats {
	uint64_t faults;
	uint64_t cow_copies;
	uint64_t migrated;
	uint64_t migrate_failed;
	uint64_t fast_pages;
	uint64_t slow_pages;
	uint64_t bad_unpins;
	uint64_t free_frames;
	uint64_t quarantined;
	uint64_t hugetlb_free;
};

/**
 * gup_machine_stats() - read the counters
 * @m:   the machine
 * @out: receives them
 *
 * Context: any; figures of different counters may be of slightly different moments.
 * Return: 0; -EINVAL for NULL.
 */
int gup_machine_stats(struct gup_machine *m, struct gup_stats *out);

GUP_END_DECLS

#endif
