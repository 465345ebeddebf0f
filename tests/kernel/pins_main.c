/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/pins_main.c - main() of pins-host and pins-gup: every cell of tests/kernel/pins.c, one after the other.
 *
 * A side that lacks a mapping or an entry point says so in lines of their own and has no cells of it.
 */
#include "pins.h"
#include "side.h"

#include <errno.h>
#include <stdio.h>

static bool lacks[PIN_NR_MAPPINGS], lacks_entry[PIN_NR_ENTRIES];

static void find_missing(void)
{
	for (int i = 0; i < PIN_NR_MAPPINGS; i++) {
		const char *reason = side_lacks((enum pin_mapping)i);

		lacks[i] = reason;
		if (reason)
			printf("# skip mapping %s: %s\n", pin_mapping_name((enum pin_mapping)i), reason);
	}
}

static void find_missing_entries(void)
{
	struct pin_cell c = { .mapping = PIN_UNMAPPED, .prot = PIN_AS_IS };

	side_map(c.mapping);
	for (c.entry = 0; c.entry < PIN_NR_ENTRIES; c.entry++) {
		lacks_entry[c.entry] = side_take(c.entry, 0) == -ENOSYS;
		side_release();
		for (c.flags = 0; lacks_entry[c.entry] && c.flags < pin_nr_flags; c.flags++) {
			printf("# skip probe ");
			pin_print_probe(&c);
			printf(": this kernel has no such function\n");
		}
	}
	side_unmap();
}

int main(int argc, char **argv)
{
	struct pin_cell cell = { 0 };

	side_begin(argc, argv);
	find_missing();
	find_missing_entries();
	do {
		if (!lacks[cell.mapping] && !lacks_entry[cell.entry])
			take_cell(&cell);
	} while (pin_next_take(&cell));
	cell = (struct pin_cell){ 0 };
	while (pin_next_sight(&cell))
		if (!lacks[cell.mapping])
			sight_cell(&cell);
	side_end();
	return 0;
}
