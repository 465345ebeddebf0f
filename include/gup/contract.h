/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/contract.h - the rules in which kernels differ, to read: each with its history over the releases of Linux.
 *
 * A machine follows the rules of one release (struct gup_machine_config.kernel), of a named contract, which is a release
 * too, or the native ones. This is the data that it looks at, for whoever shows, compares or explains them.
 */
#ifndef GUP_CONTRACT_H
#define GUP_CONTRACT_H

#include <gup/machine.h>
#include <gup/pin.h>

GUP_BEGIN_DECLS

/** GUP_CONTRACT_CHANGES - values that a rule had over time, at most */
#define GUP_CONTRACT_CHANGES 6

/**
 * enum gup_contract_unit - what the values of a rule are
 * @GUP_UNIT_YES_NO:   0 or 1
 * @GUP_UNIT_ERROR:    what the call returns: a negative errno, or 0
 * @GUP_UNIT_FLAGS:    a mask of GUP_WRITE and so on
 * @GUP_UNIT_LONGTERM: whether an entry point takes LONGTERM: no, without `locked`, yes
 * @GUP_UNIT_DROP:     what a refused call lets go of: nothing, what its slow part took, all
 */
enum gup_contract_unit {
	GUP_UNIT_YES_NO,
	GUP_UNIT_ERROR,
	GUP_UNIT_FLAGS,
	GUP_UNIT_LONGTERM,
	GUP_UNIT_DROP,
};

/** struct gup_contract_change - from release @since on (GUP_KERNEL()) a rule has @value */
struct gup_contract_change {
	uint32_t since;
	int value;
};

/**
 * struct gup_contract_rule - one rule with its history
 * @name:    one word, unique among the rules of its @entry
 * @text:    one sentence without a full stop; true if the value is yes, else a title of the value
 * @unit:    what the values are
 * @rule:    the refusal that it decides about; GUP_RULE_NONE if it is about something else
 * @entry:   the entry point that it is about; GUP_NR_ENTRIES for all
 * @native:  the value under GUP_NATIVE
 * @changes: oldest first; the first one holds since GUP_KERNEL_OLDEST or longer; an entry with @since 0 ends them
 */
struct gup_contract_rule {
	const char *name;
	const char *text;
	enum gup_contract_unit unit;
	enum gup_rule rule;
	enum gup_entry entry;
	int native;
	struct gup_contract_change changes[GUP_CONTRACT_CHANGES + 1];
};

/**
 * gup_contract_rule() - the rules, one after the other
 * @nr:  0 and up: first those of the entry points, then those for all
 * @out: receives the rule
 *
 * Context: any. Return: 0; -ENOENT past the last one; -EINVAL for NULL.
 */
int gup_contract_rule(unsigned int nr, struct gup_contract_rule *out);

/**
 * gup_contract_rule_of() - the rules that are behind a refusal
 * @rule:  what struct gup_why said
 * @entry: the entry point that was called; GUP_NR_ENTRIES for gup_pin()
 * @from:  0, or one more than what the last call returned
 *
 * Context: any. Return: the number of the next one for gup_contract_rule(); -ENOENT if there is no more.
 */
int gup_contract_rule_of(enum gup_rule rule, enum gup_entry entry, unsigned int from);

/**
 * gup_contract_value() - the value of a rule
 * @rule:   the rule
 * @kernel: a release by GUP_KERNEL(), or 0 for the native contract
 * @since:  receives the release since which it is so (GUP_KERNEL_OLDEST: or longer), 0 for native; may be NULL
 *
 * Context: any. Return: the value.
 */
int gup_contract_value(const struct gup_contract_rule *rule, uint32_t kernel, uint32_t *since);

/**
 * gup_contract_value_str() - a value in words: "yes", "EFAULT", "WRITE FORCE" and so on
 * @unit:  of the rule
 * @value: what gup_contract_value() returned
 * @buf:   where the words go; always terminated if @size > 0
 * @size:  bytes at @buf
 *
 * Context: any. Return: the length of the whole text without the terminator, as snprintf() would.
 */
size_t gup_contract_value_str(enum gup_contract_unit unit, int value, char *buf, size_t size);

/** gup_contract_kernel() - the release whose rules @id has; 0 for native and for an unknown one. Context: any. */
uint32_t gup_contract_kernel(enum gup_contract_id id);

/** gup_kernel_known() - are there rules for the release @kernel? Context: any. */
bool gup_kernel_known(uint32_t kernel);

GUP_END_DECLS

#endif
