/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kit.c - what the runtime of the compat layer asks of the test kit, on the Linux port: the selftest has threads and plain
 * loads and stores, which the kit's deterministic host has not. Nothing is made to fail here.
 */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <gup/testing.h>

#include "selftest.h"

struct gup_test selftest;

struct gup_machine *gup_test_machine(struct gup_test *t)
{
	return t->machine;
}

struct gup_mm *gup_test_mm(struct gup_test *t)
{
	return t->mm;
}

/* On stderr, where ./run looks: what the kernel half warns of may be what a kernel warns of, too. */
void gup_test_complain(struct gup_test *t, enum gup_test_finding finding, const void *site, const char *fmt, ...)
{
	va_list args;

	(void)t;
	(void)finding;
	(void)site;
	va_start(args, fmt);
	fputs("finding: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}

bool gup_test_fails(struct gup_test *t, enum gup_test_fail_kind kind)
{
	(void)t;
	(void)kind;
	return false;
}

void *gup_test_alloc(struct gup_test *t, size_t bytes, const void *site)
{
	(void)t;
	(void)site;
	return calloc(1, bytes);
}

void gup_test_free(struct gup_test *t, void *p, const void *site)
{
	(void)t;
	(void)site;
	free(p);
}

void **gup_test_local(void)
{
	static _Thread_local void *own;

	return &own;
}

void gup_test_point(void)
{
}

void gup_test_look(void)
{
}

void gup_test_stall(const char *what)
{
	(void)what;
	sched_yield();
}
