/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/pins_main.c - main() of pins-host and pins-gup: every cell of tests/kernel/pins.c, one after the other.
 *
 * A side that lacks a mapping says so in a line of its own and has no cells of it.
 */
#include "pins.h"
#include "side.h"

#include <stdio.h>

static bool lacks[PIN_NR_MAPPINGS];

static void find_missing(void)
{
	for (int i = 0; i < PIN_NR_MAPPINGS; i++) {
		const char *reason = side_lacks((enum pin_mapping)i);

		lacks[i] = reason;
		if (reason)
			printf("# skip mapping %s: %s\n", pin_mapping_name((enum pin_mapping)i), reason);
	}
}

int main(int argc, char **argv)
{
	struct pin_cell cell = { 0 };

	side_begin(argc, argv);
	find_missing();
	do {
		if (!lacks[cell.mapping])
			take_cell(&cell);
	} while (pin_next_take(&cell));
	cell = (struct pin_cell){ 0 };
	while (pin_next_sight(&cell))
		if (!lacks[cell.mapping])
			sight_cell(&cell);
	side_end();
	return 0;
}
