/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/ruleset.h - whose rules are meant: a contract by its name, or a kernel by its release.
 */
#ifndef GUP_RULESET_H
#define GUP_RULESET_H

#include <gup/gup.h>

/** struct gup_ruleset - goes into a gup_machine_config as it is. */
struct gup_ruleset {
	char name[16];
	enum gup_contract_id contract;
};

/** gup_ruleset_find() - "linux-6.1", "6.1", "native". Return: false if nobody knows it. */
bool gup_ruleset_find(const char *text, struct gup_ruleset *out);

/** gup_ruleset_running() - of the kernel below. Return: false if it is none that is known. */
bool gup_ruleset_running(struct gup_ruleset *out);

/** gup_ruleset_nr(), gup_ruleset_at() - the kernels with which some rule changes, oldest first, then native. */
size_t gup_ruleset_nr(void);
struct gup_ruleset gup_ruleset_at(size_t nr);

/** gup_ruleset_error() - the sentence about an unknown one, with those that are known. Return: GUP_EXIT_USAGE. */
int gup_ruleset_error(const char *command, const char *given);

#endif
