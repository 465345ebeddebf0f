/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/ruleset.c - the rules that a user may ask for by name.
 */
#include "ruleset.h"
#include "tool.h"

#include <ctype.h>
#include <string.h>
#include <sys/utsname.h>

#define MOST_MINORS 64u

/* A version may go on after its second number: 6.8.0-52-generic. */
static bool parse_release(const char *text, uint32_t *out)
{
	unsigned int major, minor;
	int used = 0;

	if (!isdigit((unsigned char)*text) || sscanf(text, "%3u.%3u%n", &major, &minor, &used) != 2)
		return false;
	*out = GUP_KERNEL(major, minor);
	return !text[used] || strchr(".-+", text[used]);
}

struct gup_ruleset gup_ruleset_of(uint32_t release)
{
	struct gup_ruleset rules = { .kernel = release, .release = release };

	if (!release)
		rules.contract = GUP_NATIVE;
	snprintf(rules.name, sizeof(rules.name), release ? "linux-%u.%u" : "native", release >> 16, release & 0xffff);
	return rules;
}

bool gup_ruleset_find(const char *text, struct gup_ruleset *out)
{
	uint32_t release = 0;

	if (strcmp(text, "native") != 0 &&
	    (!parse_release(strncmp(text, "linux-", 6) ? text : text + 6, &release) || !gup_kernel_known(release)))
		return false;
	*out = gup_ruleset_of(release);
	return true;
}

int gup_ruleset_error(const char *command, const char *given)
{
	char oldest[16], newest[16];

	return gup_usage_error(
		command,
		"'%s' is no kernel whose rules are known; give linux-5.2, linux-6.1, linux-6.12, native, or "
		"a release from %s to %s.",
		given, gup_release_text(GUP_KERNEL_OLDEST, oldest), gup_release_text(GUP_KERNEL_NEWEST, newest));
}

bool gup_ruleset_running(struct gup_ruleset *out)
{
	struct utsname name;
	uint32_t release = 0;

	if (!uname(&name) && !strcmp(name.sysname, "Linux") && parse_release(name.release, &release) &&
	    gup_kernel_known(release)) {
		*out = gup_ruleset_of(release);
		return true;
	}
	*out = gup_ruleset_of(release && release < GUP_KERNEL_OLDEST ? GUP_KERNEL_OLDEST : GUP_KERNEL_NEWEST);
	return false;
}

uint32_t gup_release_next(uint32_t release)
{
	struct gup_contract_rule rule;
	uint32_t next = 0;

	for (unsigned int nr = 0; !gup_contract_rule(nr, &rule); nr++)
		for (size_t i = 0; i < GUP_CONTRACT_CHANGES && rule.changes[i].since; i++)
			if (rule.changes[i].since > release && (!next || rule.changes[i].since < next))
				next = rule.changes[i].since;
	return next;
}

uint32_t gup_release_before(uint32_t release)
{
	uint32_t minor = MOST_MINORS;

	if (release & 0xffff)
		return release - 1;
	while (minor && !gup_kernel_known(release - GUP_KERNEL(1, 0) + minor))
		minor--;
	return release - GUP_KERNEL(1, 0) + minor;
}

const char *gup_release_text(uint32_t release, char buf[16])
{
	snprintf(buf, 16, "%u.%u", release >> 16, release & 0xffff);
	return buf;
}
