/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/host_ops.c - the operations on the running kernel, each in the process that it is about.
 */
#define _GNU_SOURCE
#include "ops.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(PROT_READ == GUP_PROT_READ && PROT_WRITE == GUP_PROT_WRITE, "one value for both");
_Static_assert(MADV_DONTNEED == GUP_MADV_DONTNEED && MADV_POPULATE_WRITE == GUP_MADV_POPULATE_WRITE, "one value");
_Static_assert(MAP_SHARED == GUP_MAP_SHARED && MAP_PRIVATE == GUP_MAP_PRIVATE, "one value for both");

static void *at(const struct step *s)
{
	return (void *)(uintptr_t)step_addr(s);
}

void on_host_mmap(const struct step *s, struct outcome *o)
{
	int flags = (int)mappings[s->kind].gup | (s->exact ? MAP_FIXED_NOREPLACE : MAP_FIXED);
	bool file = s->kind >= 2;

	flags |= (file ? 0 : MAP_ANONYMOUS) | (s->fill ? MAP_POPULATE : 0);
	o->value = result((long)mmap(at(s), step_bytes(s), (int)s->prot, flags, file ? files[s->file] : -1,
				     file ? (off_t)s->offset * PAGE : 0));
}

void on_host_munmap(const struct step *s, struct outcome *o)
{
	o->value = result(munmap(at(s), step_bytes(s)));
}

void on_host_mprotect(const struct step *s, struct outcome *o)
{
	o->value = result(mprotect(at(s), step_bytes(s), (int)s->prot));
}

void on_host_madvise(const struct step *s, struct outcome *o)
{
	o->value = result(madvise(at(s), step_bytes(s), (int)advices[s->kind].gup));
}

void on_host_mremap(const struct step *s, struct outcome *o)
{
	struct step there = { .page = s->to };

	o->value = result(
		(long)mremap(at(s), step_bytes(s), (size_t)s->to_nr * PAGE, (int)moves[s->kind].gup, at(&there)));
}

/* The system calls themselves: with AddressSanitizer the C library's functions do nothing. */
void on_host_mlock(const struct step *s, struct outcome *o)
{
	o->value = result(syscall(SYS_mlock, at(s), step_bytes(s)));
}

void on_host_munlock(const struct step *s, struct outcome *o)
{
	o->value = result(syscall(SYS_munlock, at(s), step_bytes(s)));
}

void on_host_load(const struct step *s, struct outcome *o)
{
	o->value = load(step_addr(s), s->nr, s->lane, o->words);
	o->nr = (unsigned int)o->value;
}

void on_host_store(const struct step *s, struct outcome *o)
{
	o->value = store(step_addr(s), s->nr, s->lane, s->value);
}

void on_host_truncate(const struct step *s, struct outcome *o)
{
	o->value = result(ftruncate(files[s->file], (off_t)step_bytes(s)));
}

void on_host_write(const struct step *s, struct outcome *o)
{
	o->value = file_store(files[s->file], s->page, s->value);
}

void on_host_read(const struct step *s, struct outcome *o)
{
	o->value = file_load(files[s->file], s->page, s->lane, o->words);
	o->nr = o->value > 0;
}

void on_host_pin(const struct step *s, struct outcome *o)
{
	o->value = ring_pin(s->slot, step_addr(s), step_bytes(s));
}

void on_host_unpin(const struct step *s, struct outcome *o)
{
	o->value = ring_unpin(s->slot);
}

void on_host_device_store(const struct step *s, struct outcome *o)
{
	o->value = device_store(s->slot, s->page, s->value);
}

void on_host_device_load(const struct step *s, struct outcome *o)
{
	o->value = device_load(s->slot, s->lane, o->words);
	o->nr = o->value > 0 ? (unsigned int)o->value : 0;
}
