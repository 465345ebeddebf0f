/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/number.h - numbers that somebody gave on a command line.
 */
#ifndef COMMON_NUMBER_H
#define COMMON_NUMBER_H

#include <stdint.h>

/* From 1 to @most; what is no such number is said in the name of @self, and ends the program with status 2. */
uint64_t number_of(const char *text, uint64_t most, const char *self);

#endif
