/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/ruleset.h - whose rules are meant: a contract by its name, or a kernel by its release.
 */
#ifndef GUP_RULESET_H
#define GUP_RULESET_H

#include <gup/gup.h>

/** struct gup_ruleset - @contract and @kernel go into a gup_machine_config as they are; @release is 0 for native. */
struct gup_ruleset {
	char name[16];
	enum gup_contract_id contract;
	uint32_t kernel;
	uint32_t release;
};

/** gup_ruleset_find() - "linux-6.1", "6.8", "6.8.0-52-generic", "native". Return: false if nobody knows it. */
bool gup_ruleset_find(const char *text, struct gup_ruleset *out);

/** gup_ruleset_error() - the sentence about an unknown one, with those that are known. Return: GUP_EXIT_USAGE. */
int gup_ruleset_error(const char *command, const char *given);

/** gup_ruleset_running() - of the kernel below, or the nearest that is known. Return: whether it is known itself. */
bool gup_ruleset_running(struct gup_ruleset *out);

/** gup_ruleset_of() - of a release that is known; of native for 0. */
struct gup_ruleset gup_ruleset_of(uint32_t release);

/** gup_release_next() - the next release after @release with which some rule changes; 0 if there is none. */
uint32_t gup_release_next(uint32_t release);

/** gup_release_before() - the release that came before @release. */
uint32_t gup_release_before(uint32_t release);

/** gup_release_text() - "6.8". Return: @buf. */
const char *gup_release_text(uint32_t release, char buf[16]);

#endif
