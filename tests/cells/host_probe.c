/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/host_probe.c - the system calls that get or pin user pages, each on a span.
 *
 * Reading probes add what they read, writing ones what is to be seen in the memory after them.
 */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

static unsigned char buffer[CELL_BYTES] __attribute__((aligned(CELL_PAGE)));

static long pages_of(ssize_t bytes)
{
	return bytes < 0 ? -errno : bytes / CELL_PAGE;
}

/* Pages of `buffer` that a probe filled. */
static void what_came(struct cell_result *r)
{
	unsigned char first[CELL_PAGES];

	for (long i = 0; i < r->value; i++)
		first[i] = buffer[i * CELL_PAGE];
	if (r->value > 0)
		cell_word(r, "data", first, (size_t)r->value);
}

static void vm_readv(struct span *span, struct cell_result *r)
{
	struct iovec local = { buffer, span->pages * CELL_PAGE };
	struct iovec remote = { span->addr, span->pages * CELL_PAGE };

	r->value = pages_of(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	what_came(r);
}

static void vm_writev(const struct cell *cell, struct span *span, struct cell_result *r)
{
	struct iovec local = { buffer, span->pages * CELL_PAGE };
	struct iovec remote = { span->addr, span->pages * CELL_PAGE };

	memset(buffer, CELL_IS_PROBE, sizeof(buffer));
	r->value = pages_of(process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	span_look(cell, span, r);
}

/* A process may do to itself what a debugger may. */
static void through_mem(const struct cell *cell, struct span *span, struct cell_result *r)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	size_t bytes = span->pages * CELL_PAGE;
	off_t at = (off_t)span->addr;

	memset(buffer, CELL_IS_PROBE, sizeof(buffer));
	if (cell->probe == CELL_MEM_READ) {
		r->value = pages_of(pread(fd, buffer, bytes, at));
		what_came(r);
	} else {
		r->value = pages_of(pwrite(fd, buffer, bytes, at));
		span_look(cell, span, r);
	}
	close(fd);
}

static void splice_out(struct span *span, struct cell_result *r)
{
	struct iovec iov = { span->addr, span->pages * CELL_PAGE };
	int ends[2];

	if (pipe2(ends, O_NONBLOCK) < 0) {
		r->value = -errno;
		return;
	}
	r->value = pages_of(vmsplice(ends[1], &iov, 1, SPLICE_F_NONBLOCK));
	if (r->value > 0 && read(ends[0], buffer, (size_t)r->value * CELL_PAGE) == r->value * CELL_PAGE)
		what_came(r);
}

/* A file with the probe's bytes, open for O_DIRECT; or a negative errno. */
static int direct_source(const char *dir)
{
	int fd = file_in(dir);
	int err = 0;

	memset(buffer, CELL_IS_PROBE, sizeof(buffer));
	if (fd >= 0 && (pwrite(fd, buffer, sizeof(buffer), 0) != CELL_BYTES || fsync(fd) < 0 ||
			fcntl(fd, F_SETFL, O_DIRECT) < 0 || pread(fd, buffer, sizeof(buffer), 0) != CELL_BYTES))
		err = -errno;
	if (err)
		close(fd);
	return err ? err : fd;
}

static void direct_read(const struct cell *cell, const struct places *places, struct span *span, struct cell_result *r)
{
	int fd = direct_source(places->file);

	r->value = fd < 0 ? fd : pages_of(pread(fd, span->addr, span->pages * CELL_PAGE, 0));
	span_look(cell, span, r);
}

static void advise(struct span *span, int advice, struct cell_result *r)
{
	r->value = madvise(span->addr, span->pages * CELL_PAGE, advice) < 0 ? -errno : r->wanted;
}

/* Pages that count as locked. */
static long locked_pages(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmLck: %ld", &kib) == 1)
			break;
	if (status)
		fclose(status);
	return kib / (CELL_PAGE / 1024);
}

static void lock_pages(struct span *span, struct cell_result *r)
{
	long before = locked_pages();

	r->value = mlock(span->addr, span->pages * CELL_PAGE) < 0 ? -errno : r->wanted;
	if (r->value > 0)
		snprintf(r->words, sizeof(r->words), " locked=%ld", locked_pages() - before);
}

void probe_run(const struct cell *cell, const struct places *places, struct span *span, struct cell_result *r)
{
	*r = (struct cell_result){ .wanted = (long)span->pages };
	switch (cell->probe) {
	case CELL_VM_READV:
		vm_readv(span, r);
		break;
	case CELL_VM_WRITEV:
		vm_writev(cell, span, r);
		break;
	case CELL_VMSPLICE:
		splice_out(span, r);
		break;
	case CELL_DIRECT_READ:
		direct_read(cell, places, span, r);
		break;
	case CELL_POPULATE_READ:
		advise(span, MADV_POPULATE_READ, r);
		break;
	case CELL_POPULATE_WRITE:
		advise(span, MADV_POPULATE_WRITE, r);
		break;
	case CELL_MLOCK:
		lock_pages(span, r);
		break;
	case CELL_MEM_READ:
	case CELL_MEM_WRITE:
		through_mem(cell, span, r);
		break;
	case CELL_REGISTER:
		if (places->explain)
			explain_run(places->explain, span, r);
		else
			ring_run(cell, span, r);
		break;
	default:
		ring_run(cell, span, r);
		break;
	}
}

/* mlock() and registrations count against it, of all processes of the user together. */
static const char *limit_missing(void)
{
	struct rlimit limit;

	if (geteuid() == 0 || getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return NULL;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	return limit.rlim_cur < 16 * CELL_BYTES ? "the limit of locked memory is below 1 MiB" : NULL;
}

static const char *vm_missing(bool write)
{
	char a = 0, b = 0;
	struct iovec local = { &a, 1 }, remote = { &b, 1 };
	ssize_t done = write ? process_vm_writev(getpid(), &local, 1, &remote, 1, 0)
			     : process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	return done == 1 ? NULL : strerror(errno);
}

/* A kernel may be told to let nobody force anything. */
static const char *mem_missing(bool write)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	char *page = mmap(NULL, CELL_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char byte = 0;
	ssize_t done = write ? pwrite(fd, &byte, 1, (off_t)page) : pread(fd, &byte, 1, (off_t)page);
	const char *reason = done == 1 ? NULL : strerror(errno);

	munmap(page, CELL_PAGE);
	close(fd);
	return reason;
}

static const char *splice_missing(void)
{
	static char byte;
	struct iovec iov = { &byte, 1 };
	int ends[2], err = 0;

	if (pipe(ends) < 0)
		return strerror(errno);
	if (vmsplice(ends[1], &iov, 1, SPLICE_F_NONBLOCK) != 1)
		err = errno;
	close(ends[0]);
	close(ends[1]);
	return err ? strerror(err) : NULL;
}

static const char *direct_missing(const char *dir)
{
	const char *name = places_filesystem(dir);
	int fd;

	if (!strcmp(name, "tmpfs") || !strcmp(name, "ramfs"))
		return "the folder of --dir is in memory";
	fd = direct_source(dir);
	if (fd < 0)
		return strerror(-fd);
	close(fd);
	return NULL;
}

const char *probe_missing(enum cell_probe probe, const struct places *places)
{
	const char *reason;

	switch (probe) {
	case CELL_VM_READV:
	case CELL_VM_WRITEV:
		return vm_missing(probe == CELL_VM_WRITEV);
	case CELL_DIRECT_READ:
		return direct_missing(places->file);
	case CELL_POPULATE_READ:
	case CELL_POPULATE_WRITE:
		return madvise(NULL, 0, MADV_POPULATE_READ) < 0 ? strerror(errno) : NULL;
	case CELL_MEM_READ:
	case CELL_MEM_WRITE:
		return mem_missing(probe == CELL_MEM_WRITE);
	case CELL_VMSPLICE:
		return splice_missing();
	case CELL_MLOCK:
		return limit_missing();
	default:
		reason = ring_missing();
		return reason ? reason : limit_missing();
	}
}
