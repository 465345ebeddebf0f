/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/host_explain.c - what `gup explain --pid` says about registering a span, as if it had been tried.
 *
 * The command is asked about this very process while it has the span mapped.
 */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The number of an error by its name; 0: unknown. */
static int errno_by_name(const char *name)
{
	for (int number = 1; number < 134; number++) {
		const char *known = strerrorname_np(number);

		if (known && strcmp(known, name) == 0)
			return number;
	}
	return 0;
}

/* "REFUSED: -EFAULT, NO_VMA"; what a part becomes io_uring decides, and that is said before. */
static int read_verdict(FILE *answer)
{
	char line[512], name[64];
	bool part = false;
	int err = 0;

	while (fgets(line, sizeof(line), answer)) {
		part |= strstr(line, "io_uring returns -EFAULT") != NULL;
		if (sscanf(line, " REFUSED: -%63[A-Z]", name) == 1)
			err = errno_by_name(name);
	}
	return err && part ? EFAULT : err;
}

void explain_run(const char *gup, struct span *span, struct cell_result *r)
{
	char command[4096];
	FILE *answer;
	int status, err;

	snprintf(command, sizeof(command), "exec '%s' explain --pid %d 0x%lx %zuK io_uring", gup, (int)getpid(),
		 (unsigned long)span->addr, span->pages * (CELL_PAGE / 1024));
	answer = popen(command, "re");
	if (!answer) {
		r->value = -errno;
		return;
	}
	err = read_verdict(answer);
	status = pclose(answer);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !err)
		r->value = r->wanted;
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 1 && err)
		r->value = -err;
	else
		snprintf(r->words, sizeof(r->words), " (no answer, status %d)", status);
}
