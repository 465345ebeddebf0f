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

static void try_cell(const struct cell *cell, enum gup_contract_id contract)
{
	char line[512];
	struct cell_result r;
	struct room room;
	const char *wrong;
	int err = room_open(cell, contract, &room);

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

static bool is_missing(const struct cell *cell)
{
	return mapping_missing(cell->mapping) || probe_missing(cell->probe);
}

static void say_missing(void)
{
	const char *reason;

	for (int i = 0; i < CELL_NR_MAPPINGS; i++) {
		reason = mapping_missing((enum cell_mapping)i);
		if (reason)
			printf("# skip mapping %s: %s\n", cell_mappings[i], reason);
	}
	for (int i = 0; i < CELL_NR_PROBES; i++) {
		reason = probe_missing((enum cell_probe)i);
		if (reason)
			printf("# skip probe %s: %s\n", cell_probes[i], reason);
	}
}

static enum gup_contract_id find_contract(const char *name)
{
	int id = 0;

	while (id < GUP_NR_CONTRACTS && strcmp(name, gup_contract_name((enum gup_contract_id)id)) != 0)
		id++;
	return (enum gup_contract_id)id;
}

int main(int argc, char **argv)
{
	enum gup_contract_id contract = argc > 1 ? find_contract(argv[1]) : GUP_NR_CONTRACTS;
	const char *pattern = argc > 2 ? argv[2] : "*";
	struct cell cell = { 0 };
	char name[128];

	if (argc < 2 || argc > 3 || contract == GUP_NR_CONTRACTS || contract == GUP_LINUX_5_2) {
		fprintf(stderr,
			"usage: cells-gup CONTRACT [PATTERN]; a contract is linux-6.12 or another of `gup contract`\n");
		return 2;
	}
	printf("# libgup, %s\n", gup_contract_name(contract));
	say_missing();
	do {
		cell_name(&cell, name, sizeof(name));
		if (!is_missing(&cell) && !fnmatch(pattern, name, 0))
			try_cell(&cell, contract);
	} while (cell_next(&cell));
	return 0;
}
