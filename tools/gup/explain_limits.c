/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_limits.c - what is counted besides the rules: locked memory of a process, and io_uring's largest buffer.
 *
 * The pin itself counts nothing. io_uring and many drivers do, against RLIMIT_MEMLOCK, unless the process has CAP_IPC_LOCK.
 */
#define _GNU_SOURCE
#include "explain_range.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CAP_IPC_LOCK_BIT 14
#define MOST_BUFFER (UINT64_C(1) << 30)

const char *gup_size_text(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "KMGT";
	size_t unit = 0;

	for (bytes /= 1024; bytes >= 10240 && unit + 1 < strlen(units); bytes /= 1024)
		unit++;
	snprintf(buf, size, "%" PRIu64 "%c", bytes, units[unit]);
	return buf;
}

static bool read_word(pid_t pid, const char *file, const char *key, char out[32])
{
	char path[64], *line = NULL;
	size_t room = 0;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	while (f && !found && getline(&line, &room, f) > 0)
		found = !strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), " %31s", out) == 1;
	free(line);
	if (f)
		fclose(f);
	return found;
}

/* What io_uring and others count: pages that stay locked. Return: whether the process may lock so many. */
static bool say_locked_limit(const struct gup_range *r)
{
	char limit[32], caps[32] = "0", wanted[32], most[32];
	uint64_t bytes = r->end - r->start;

	if (!read_word(r->pid, "limits", "Max locked memory", limit))
		return true;
	read_word(r->pid, "status", "CapEff:", caps);
	if (!strcmp(limit, "unlimited") || strtoull(caps, NULL, 16) >> CAP_IPC_LOCK_BIT & 1) {
		gup_say("RLIMIT_MEMLOCK does not bind this process.");
		return true;
	}
	gup_size_text(strtoull(limit, NULL, 10), most, sizeof(most));
	gup_size_text(bytes, wanted, sizeof(wanted));
	if (bytes <= strtoull(limit, NULL, 10)) {
		gup_say("RLIMIT_MEMLOCK is %s, enough for these %s if little else is locked.", most, wanted);
		return true;
	}
	gup_say("REFUSED: -ENOMEM by io_uring and others who count locked memory: RLIMIT_MEMLOCK is %s,", most);
	gup_say("and this is %s; raise it (ulimit -l, LimitMEMLOCK=).", wanted);
	return false;
}

/* Return: whether io_uring takes a buffer of that size. */
static bool say_buffer_limit(const struct gup_range *r)
{
	if (r->end - r->start <= MOST_BUFFER)
		return true;
	gup_say("REFUSED: -EFAULT, io_uring takes at most 1G in one buffer; register it in parts.");
	return false;
}

bool gup_say_limits(const struct gup_range *r, const struct gup_question *q)
{
	bool ok;

	if (!(q->flags & GUP_LONGTERM))
		return true;
	gup_say_part("Limits:");
	ok = say_locked_limit(r);
	return !q->io_uring || (say_buffer_limit(r) && ok);
}
