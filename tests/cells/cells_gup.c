/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/cells_gup.c - cells-gup: tries each cell on libgup under a contract, and prints its line.
 */
#define _GNU_SOURCE
#include "cells_gup.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

static void try_cell(const struct cell *cell, uint32_t kernel)
{
	char line[512];
	struct cell_result r;
	struct room room;
	const char *wrong;
	int err = room_open(cell, kernel, &room);

	if (!err)
		err = room_state(cell, &room);
	if (!err)
		err = room_protect(cell, &room);
	if (err) {
		cell_name(cell, line, sizeof(line));
		printf("%s: not made, %s\n", line, strerrorname_np(-err));
	} else {
		probe_run(cell, &room, &r);
		cell_line(cell, &r, line, sizeof(line));
		fputs(line, stdout);
	}
	wrong = room_close(&room);
	if (wrong) {
		printf("# the machine of the last cell is %s\n", wrong);
		exit(1);
	}
}

static void say_missing(void)
{
	const char *reason;

	for (int i = 0; i < CELL_NR_MAPPINGS; i++) {
		reason = mapping_missing((enum cell_mapping)i);
		if (reason)
			printf("# skip mapping %s: %s\n", cell_mappings[i], reason);
	}
}

int main(int argc, char **argv)
{
	uint32_t kernel = argc > 1 ? kernel_of(argv[1]) : 0;
	const char *pattern = argc > 2 ? argv[2] : "*";
	struct cell cell = { 0 };
	char name[128];

	if (argc < 2 || argc > 3 || !kernel) {
		fprintf(stderr, "usage: cells-gup KERNEL [PATTERN]; KERNEL is a release from 5.6 on, like 6.1\n");
		return 2;
	}
	printf("# libgup, linux-%u.%u\n", kernel >> 16, kernel & 0xffff);
	say_missing();
	do {
		cell_name(&cell, name, sizeof(name));
		if (!mapping_missing(cell.mapping) && !fnmatch(pattern, name, 0))
			try_cell(&cell, kernel);
	} while (cell_next(&cell));
	return 0;
}
