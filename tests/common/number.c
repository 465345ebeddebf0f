/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/number.c - numbers that somebody gave on a command line.
 */
#include "number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t number_of(const char *text, uint64_t most, const char *self)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(text, &end, 0);
	if (errno || *end || *text < '0' || *text > '9' || !number || number > most) {
		fprintf(stderr, "%s: \"%s\" is not a number from 1 to %llu\n", self, text, (unsigned long long)most);
		exit(2);
	}
	return number;
}
