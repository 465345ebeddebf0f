/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/host.h - what the host has lent to the machines of this program.
 */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

/** host_used() - ranges of memory that libgup has from its host now. */
unsigned int host_used(void);

#endif
