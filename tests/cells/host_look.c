/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/host_look.c - what is in a span now: as its process sees it, as a child sees it, and in its object.
 *
 * A page is looked at by writing a byte of it into a pipe: the kernel faults it in as a load would, and a page that is
 * not there is an error of write(), not a signal.
 */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void span_store(const struct span *span, enum cell_byte byte)
{
	for (size_t i = 0; i < span->pages; i++)
		memset(span->addr + i * CELL_PAGE, byte, CELL_PAGE);
}

static void look_at_mapping(const struct span *span, unsigned char out[CELL_PAGES])
{
	int ends[2];

	memset(out, CELL_IS_GONE, CELL_PAGES);
	if (pipe(ends) < 0)
		return;
	for (size_t i = 0; i < span->pages && i < CELL_PAGES; i++)
		if (write(ends[1], span->addr + i * CELL_PAGE, 1) == 1 && read(ends[0], &out[i], 1) != 1)
			break;
	close(ends[0]);
	close(ends[1]);
}

static void look_at_object(const struct span *span, unsigned char out[CELL_PAGES])
{
	for (size_t i = 0; i < CELL_PAGES; i++)
		if (pread(span->fd, &out[i], 1, (off_t)(i * CELL_PAGE)) != 1)
			out[i] = CELL_IS_GONE;
}

/* Says what it sees, each time that it is asked. */
_Noreturn static void be_child(const struct span *span, int ask, int answer)
{
	unsigned char seen[CELL_PAGES], go;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(ask, &go, 1) == 1) {
		look_at_mapping(span, seen);
		if (write(answer, seen, sizeof(seen)) != sizeof(seen))
			break;
	}
	_exit(0);
}

int span_fork(struct span *span)
{
	int ask[2], answer[2];

	if (pipe(ask) < 0 || pipe(answer) < 0)
		return -errno;
	span->child = fork();
	if (span->child < 0)
		return -errno;
	if (span->child == 0) {
		close(ask[1]);
		close(answer[0]);
		be_child(span, ask[0], answer[1]);
	}
	close(ask[0]);
	close(answer[1]);
	span->ask = ask[1];
	span->answer = answer[0];
	return 0;
}

void span_end_child(struct span *span)
{
	if (span->child <= 0)
		return;
	kill(span->child, SIGKILL);
	waitpid(span->child, NULL, 0);
	span->child = 0;
}

static void look_at_child(struct span *span, unsigned char out[CELL_PAGES])
{
	if (write(span->ask, "?", 1) != 1 || read(span->answer, out, CELL_PAGES) != CELL_PAGES)
		memset(out, CELL_IS_GONE, CELL_PAGES);
}

void span_look(const struct cell *cell, struct span *span, struct cell_result *r)
{
	unsigned char seen[CELL_PAGES];

	if (cell_is_nothing(cell->mapping) || cell->mapping == CELL_PFNMAP)
		return;
	mprotect(span->addr, span->bytes, PROT_READ | PROT_WRITE); /* stops at a gap, which is all right */
	mprotect(span->addr + CELL_HALF + CELL_PAGE, CELL_HALF - CELL_PAGE, PROT_READ | PROT_WRITE);
	look_at_mapping(span, seen);
	cell_word(r, "mapping", seen, CELL_PAGES);
	if (span->child > 0) {
		look_at_child(span, seen);
		cell_word(r, "child", seen, CELL_PAGES);
	}
	if (cell_has_object(cell->mapping)) {
		look_at_object(span, seen);
		cell_word(r, "object", seen, CELL_PAGES);
	}
}
