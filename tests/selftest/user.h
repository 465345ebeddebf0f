/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user.h - included before the user half: its system calls on memory and files are those of calls.c, its main() is called
 * by main.c. Everything else, threads and stdio too, is the C library's.
 */
#ifndef SELFTEST_USER_H
#define SELFTEST_USER_H

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int selftest_main(int argc, char **argv);
int selftest_open(const char *path, int flags, ...);
int selftest_close(int fd);
int selftest_ioctl(int fd, unsigned long cmd, ...);
void *selftest_mmap(void *at, size_t length, int prot, int flags, int fd, off_t offset);
int selftest_munmap(void *at, size_t length);
int selftest_mprotect(void *at, size_t length, int prot);
int selftest_madvise(void *at, size_t length, int advice);

#ifndef SELFTEST_CALLS
#define main selftest_main
#define open selftest_open
#define close selftest_close
#define ioctl selftest_ioctl
#define mmap selftest_mmap
#define munmap selftest_munmap
#define mprotect selftest_mprotect
#define madvise selftest_madvise
#endif

#endif
