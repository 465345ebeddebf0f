/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/cells_host.c - cells-host: tries each cell on the kernel that it runs on, and prints its line.
 *
 * A static program that needs nothing but a kernel, /proc and folders to make files in. What the kernel lacks is skipped
 * with a line. Each cell has a process and a time limit of its own, so that a signal is a result and nothing hangs.
 * With --explain the command gup is asked what a registration would give, and nothing is registered.
 */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_A_CELL 30

struct run {
	struct places places;
	const char *pattern;
	bool no_mapping[CELL_NR_MAPPINGS];
	bool no_probe[CELL_NR_PROBES];
};

static void say(const char *line)
{
	if (write(STDOUT_FILENO, line, strlen(line)) < 0)
		exit(1);
}

_Noreturn static void try_cell(const struct cell *cell, const struct places *places)
{
	struct cell_result r;
	struct span span;
	char line[512];
	int err;

	alarm(SECONDS_A_CELL);
	err = span_make(cell, places, &span);
	if (!err)
		err = span_state(cell, &span);
	if (!err)
		err = span_protect(cell, &span);
	if (!err) {
		probe_run(cell, places, &span, &r);
		cell_line(cell, &r, line, sizeof(line));
	} else {
		cell_name(cell, line, sizeof(line));
		snprintf(line + strlen(line), sizeof(line) - strlen(line), ": not made, %s\n", strerrorname_np(-err));
	}
	span_end_child(&span);
	say(line);
	_exit(0);
}

static void in_child(const struct cell *cell, const struct places *places)
{
	char line[512];
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		try_cell(cell, places);
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("cells-host");
		exit(1);
	}
	if (!WIFSIGNALED(status))
		return;
	cell_name(cell, line, sizeof(line));
	snprintf(line + strlen(line), sizeof(line) - strlen(line), ": killed by SIG%s\n",
		 sigabbrev_np(WTERMSIG(status)));
	say(line);
}

static void skip(const char *what, const char *name, const char *reason)
{
	char line[512];

	snprintf(line, sizeof(line), "# skip %s %s: %s\n", what, name, reason);
	say(line);
}

static const char *mapping_missing(enum cell_mapping mapping, const struct places *places)
{
	struct cell cell = { .mapping = mapping };
	struct span span;
	int err = span_make(&cell, places, &span);

	if (!err && !cell_is_nothing(mapping) && mapping != CELL_PFNMAP)
		munmap(span.addr, span.bytes);
	if (span.fd >= 0)
		close(span.fd);
	if (err == -ENODEV)
		return "no folder on such a file system";
	return err ? strerror(-err) : NULL;
}

static void find_missing(struct run *run)
{
	const char *reason;

	for (int i = 0; i < CELL_NR_MAPPINGS; i++) {
		reason = mapping_missing((enum cell_mapping)i, &run->places);
		run->no_mapping[i] = reason;
		if (reason)
			skip("mapping", cell_mappings[i], reason);
	}
	for (int i = 0; i < CELL_NR_PROBES; i++) {
		reason = probe_missing((enum cell_probe)i, &run->places);
		run->no_probe[i] = reason;
		if (reason)
			skip("probe", cell_probes[i], reason);
	}
}

static void read_arguments(int argc, char **argv, struct run *run)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "tmpfs", required_argument, NULL, 't' },
		{ "dax", required_argument, NULL, 'x' },
		{ "explain", required_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'd')
			run->places.file = optarg;
		else if (c == 't')
			run->places.tmpfs = optarg;
		else if (c == 'x')
			run->places.dax = optarg;
		else if (c == 'e')
			run->places.explain = optarg;
		else
			exit(2);
	}
	if (argc > optind + 1) {
		fprintf(stderr, "usage: cells-host [--dir DIR] [--tmpfs DIR] [--dax DIR] [--explain GUP] [PATTERN]\n");
		exit(2);
	}
	if (argc > optind)
		run->pattern = argv[optind];
}

static void say_where(const struct run *run)
{
	struct utsname name;
	char line[512];

	uname(&name);
	snprintf(line, sizeof(line), "# kernel %s %s, files on %s\n", name.release, name.machine,
		 places_filesystem(run->places.file));
	say(line);
	snprintf(line, sizeof(line), "# only %s\n", run->pattern);
	if (strcmp(run->pattern, "*") != 0)
		say(line);
}

int main(int argc, char **argv)
{
	struct run run = { .places = { .file = "/var/tmp", .tmpfs = "/dev/shm" }, .pattern = "*" };
	struct cell cell = { 0 };
	char name[128];

	read_arguments(argc, argv, &run);
	say_where(&run);
	find_missing(&run);
	do {
		cell_name(&cell, name, sizeof(name));
		if (!run.no_mapping[cell.mapping] && !run.no_probe[cell.probe] && !fnmatch(run.pattern, name, 0))
			in_child(&cell, &run.places);
	} while (cell_next(&cell));
	return 0;
}
