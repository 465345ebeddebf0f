/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest.h - what the parts of the process share: kit.c the world, kernel.c the kernel half's surroundings, calls.c the
 * system calls of the user half, main.c the begin and the end.
 */
#ifndef SELFTEST_H
#define SELFTEST_H

#include <gup/gup.h>

/* One machine, and the process on it. kit.c */
struct gup_test {
	struct gup_machine *machine;
	struct gup_mm *mm;
};
extern struct gup_test selftest;

/* What exit() does with the debugfs file if it is still open. calls.c */
void selftest_exit_files(void);

/*
 * The kernel, from a program that knows none of its headers. kernel.c
 * boot: 0 or a negative errno. open: whether there is a file of this name. ioctl: what the driver returns; @arg is an
 * address of the process.
 */
int selftest_boot(void);
void selftest_halt(void);
bool selftest_debugfs_open(const char *name);
void selftest_debugfs_close(void);
long selftest_debugfs_ioctl(unsigned int cmd, unsigned long arg);

#endif
