/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/ruleset.c - the rules that a user may ask for by name.
 */
#include "ruleset.h"
#include "tool.h"

#include <string.h>
#include <sys/utsname.h>

static const enum gup_contract_id by_age[] = { GUP_LINUX_5_2, GUP_LINUX_6_1, GUP_LINUX_6_12, GUP_NATIVE };

size_t gup_ruleset_nr(void)
{
	return sizeof(by_age) / sizeof(by_age[0]);
}

struct gup_ruleset gup_ruleset_at(size_t nr)
{
	struct gup_ruleset rules = { .contract = by_age[nr] };

	snprintf(rules.name, sizeof(rules.name), "%s", gup_contract_name(by_age[nr]));
	return rules;
}

bool gup_ruleset_find(const char *text, struct gup_ruleset *out)
{
	for (size_t i = 0; i < gup_ruleset_nr(); i++) {
		*out = gup_ruleset_at(i);
		if (!strcmp(text, out->name) || (!strncmp(out->name, "linux-", 6) && !strcmp(text, out->name + 6)))
			return true;
	}
	return false;
}

bool gup_ruleset_running(struct gup_ruleset *out)
{
	return gup_ruleset_find("linux-6.12", out);
}

int gup_ruleset_error(const char *command, const char *given)
{
	return gup_usage_error(command,
			       "'%s' is no kernel that is known; say linux-5.2, linux-6.1, linux-6.12, native.", given);
}
