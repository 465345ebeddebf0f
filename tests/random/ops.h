/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/ops.h - the four functions of each operation: ops.c draws, host_ops.c and gup_ops.c do, print.c prints.
 */
#ifndef RANDOM_OPS_H
#define RANDOM_OPS_H

#include "program.h"

#define OPERATION(name)                                                                                                \
	bool draw_##name(struct draw *d, struct step *s);                                                              \
	void on_host_##name(const struct step *s, struct outcome *o);                                                  \
	void on_gup_##name(struct gup_world *w, const struct step *s, struct outcome *o);                              \
	void print_##name(FILE *out, const struct step *s);

OPERATION(mmap)
OPERATION(munmap)
OPERATION(mprotect)
OPERATION(madvise)
OPERATION(mremap)
OPERATION(mlock)
OPERATION(munlock)
OPERATION(fork)
OPERATION(exit)
OPERATION(load)
OPERATION(store)
OPERATION(truncate)
OPERATION(write)
OPERATION(read)
OPERATION(pin)
OPERATION(unpin)
OPERATION(device_store)
OPERATION(device_load)

#undef OPERATION

#endif
