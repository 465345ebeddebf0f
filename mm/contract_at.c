/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/contract_at.c - the rules of one release, from the histories in mm/contract.c; and these histories to read.
 */
#include "internal.h"

static const struct {
	const char *name;
	u32 kernel;
} contracts[GUP_NR_CONTRACTS] = {
	[GUP_LINUX_5_2] = { "linux-5.2", GUP_KERNEL(5, 2) },
	[GUP_LINUX_6_1] = { "linux-6.1", GUP_KERNEL(6, 1) },
	[GUP_LINUX_6_12] = { "linux-6.12", GUP_KERNEL(6, 12) },
	[GUP_NATIVE] = { "native", 0 },
};

const char *gup_contract_name(enum gup_contract_id id)
{
	return (unsigned int)id < GUP_NR_CONTRACTS ? contracts[id].name : NULL;
}

uint32_t gup_contract_kernel(enum gup_contract_id id)
{
	return (unsigned int)id < GUP_NR_CONTRACTS ? contracts[id].kernel : 0;
}

/* 5.19 was followed by 6.0. */
bool gup_kernel_known(uint32_t kernel)
{
	return (kernel >= GUP_KERNEL_OLDEST && kernel <= GUP_KERNEL(5, 19)) ||
	       (kernel >= GUP_KERNEL(6, 0) && kernel <= GUP_KERNEL_NEWEST);
}

enum gup_contract_id gup_machine_contract(const struct gup_machine *m)
{
	enum gup_contract_id id;

	for (id = 0; m && id < GUP_NR_CONTRACTS; id++)
		if (contracts[id].kernel == m->contract->kernel)
			return id;
	return GUP_NR_CONTRACTS;
}

uint32_t gup_machine_kernel(const struct gup_machine *m)
{
	return m ? m->contract->kernel : 0;
}

int gup_contract_value(const struct gup_contract_rule *rule, uint32_t kernel, uint32_t *since)
{
	const struct gup_contract_change *change = rule->changes;

	if (since)
		*since = kernel ? change->since : 0;
	if (!kernel)
		return rule->native;
	while (change[1].since && change[1].since <= kernel)
		change++;
	if (since)
		*since = change->since;
	return change->value;
}

static void fill_name(struct gup_contract *contract)
{
	struct gup_text t = { contract->name, sizeof(contract->name), 0 };

	gup_text_str(&t, contract->kernel ? "linux-" : "native");
	if (!contract->kernel)
		return;
	gup_text_num(&t, contract->kernel >> 16);
	gup_text_str(&t, ".");
	gup_text_num(&t, contract->kernel & 0xffff);
}

void gup_contract_fill(struct gup_contract *contract, u32 kernel)
{
	unsigned int i;

	contract->kernel = kernel;
	fill_name(contract);
	for (i = 0; i < gup_nr_rule_rows; i++) {
		const struct gup_rule_row *row = &gup_rule_rows[i];

		*(int *)((u8 *)contract + row->offset) = gup_contract_value(&row->rule, kernel, NULL);
	}
}

int gup_contract_rule(unsigned int nr, struct gup_contract_rule *out)
{
	if (!out)
		return -GUP_EINVAL;
	if (nr >= gup_nr_rule_rows)
		return -GUP_ENOENT;
	*out = gup_rule_rows[nr].rule;
	return 0;
}

int gup_contract_rule_of(enum gup_rule rule, enum gup_entry entry, unsigned int from)
{
	unsigned int i;

	for (i = from; rule != GUP_RULE_NONE && i < gup_nr_rule_rows; i++) {
		const struct gup_contract_rule *at = &gup_rule_rows[i].rule;

		if (at->rule == rule && (at->entry == GUP_NR_ENTRIES || at->entry == entry))
			return (int)i;
	}
	return -GUP_ENOENT;
}

static void flags_str(struct gup_text *t, int flags)
{
	static const char *const names[] = {
		"WRITE", "FORCE",    "LONGTERM",  "NOFAULT",	   "NOWAIT",	       "ANON",
		"DUMP",	 "HWPOISON", "SPLIT_PMD", "INTERRUPTIBLE", "HONOR_NUMA_FAULT", "PCI_P2PDMA",
	};
	unsigned int bit;
	bool first = true;

	for (bit = 0; bit < GUP_ARRAY_SIZE(names); bit++) {
		if (!(flags & 1 << bit))
			continue;
		gup_text_str(t, first ? "" : " ");
		gup_text_str(t, names[bit]);
		first = false;
	}
	if (first)
		gup_text_str(t, "none");
}

size_t gup_contract_value_str(enum gup_contract_unit unit, int value, char *buf, size_t size)
{
	static const char *const longterm[] = { "no", "without locked", "yes" };
	static const char *const drop[] = { "nothing", "the slow part's", "all" };
	struct gup_text t = { buf, buf ? size : 0, 0 };

	if (t.size)
		buf[0] = '\0';
	if (unit == GUP_UNIT_FLAGS)
		flags_str(&t, value);
	else if (unit == GUP_UNIT_ERROR)
		gup_text_str(&t, value ? gup_errno_name(value) : "0");
	else if (unit == GUP_UNIT_LONGTERM)
		gup_text_str(&t, longterm[value]);
	else if (unit == GUP_UNIT_DROP)
		gup_text_str(&t, drop[value]);
	else
		gup_text_str(&t, value ? "yes" : "no");
	return t.len;
}

const char *gup_entry_name(enum gup_entry entry)
{
	static const char *const names[GUP_NR_ENTRIES] = {
		"get_user_pages",	 "get_user_pages_fast",	  "get_user_pages_fast_only",
		"get_user_pages_remote", "get_user_pages_locked", "get_user_pages_unlocked",
		"pin_user_pages",	 "pin_user_pages_fast",	  "pin_user_pages_fast_only",
		"pin_user_pages_remote", "pin_user_pages_locked", "pin_user_pages_unlocked",
	};

	return (unsigned int)entry < GUP_NR_ENTRIES ? names[entry] : NULL;
}
