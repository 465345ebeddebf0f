/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/host.c - between the core and its host: the linker puts the __wrap_ functions there.
 *
 * One thread has nobody to wait for, so time is a counter and a wait is over at once. Log lines go nowhere. Memory is kept
 * from one machine to the next, which makes a program ten times as fast. Metadata are cleared, frames are not: what an
 * earlier program left there must not be seen by a later one.
 */
#include "host.h"

#include <gup/errno.h>
#include <gup/port.h>

#include <stddef.h>
#include <string.h>

#define FRAMES_BYTES (UINT64_C(32) << 20) /* as much as the largest machine has */
#define OTHER_BYTES (UINT64_C(256) << 10)

struct kept {
	struct gup_port_memory memory; /* @bytes 0: not mapped yet */
	bool used;
};

static struct kept kept_frames, kept_others[4];
static unsigned int nr_used;
static uint64_t now;

uint64_t __wrap_gup_port_now_ns(void);
void __wrap_gup_port_sleep_ns(uint64_t ns);
void __wrap_gup_port_wait(uint32_t *word, uint32_t seen, uint64_t timeout_ns);
void __wrap_gup_port_log(const char *line);
bool __wrap_gup_port_site(const void *site, char *buf, size_t size);
int __real_gup_port_memory_map(struct gup_port_memory *mem, bool frames);
int __wrap_gup_port_memory_map(struct gup_port_memory *mem, bool frames);
void __wrap_gup_port_memory_unmap(struct gup_port_memory *mem);

uint64_t __wrap_gup_port_now_ns(void)
{
	return ++now;
}

void __wrap_gup_port_sleep_ns(uint64_t ns)
{
	now += ns;
}

void __wrap_gup_port_wait(uint32_t *word, uint32_t seen, uint64_t timeout_ns)
{
	(void)word;
	(void)seen;
	now += timeout_ns;
}

void __wrap_gup_port_log(const char *line)
{
	(void)line;
}

bool __wrap_gup_port_site(const void *site, char *buf, size_t size)
{
	(void)site;
	(void)buf;
	(void)size;
	return false;
}

static struct kept *unused(bool frames)
{
	if (frames)
		return kept_frames.used ? NULL : &kept_frames;
	for (size_t i = 0; i < sizeof(kept_others) / sizeof(kept_others[0]); i++)
		if (!kept_others[i].used)
			return &kept_others[i];
	return NULL;
}

int __wrap_gup_port_memory_map(struct gup_port_memory *mem, bool frames)
{
	struct kept *kept = unused(frames);

	if (!kept || mem->bytes > (frames ? FRAMES_BYTES : OTHER_BYTES))
		return -GUP_ENOMEM;
	if (!kept->memory.bytes) {
		kept->memory.bytes = frames ? FRAMES_BYTES : OTHER_BYTES;
		if (__real_gup_port_memory_map(&kept->memory, frames))
			return -GUP_ENOMEM;
	}
	mem->base = kept->memory.base;
	mem->handle = kept->memory.handle;
	kept->used = true;
	nr_used++;
	return 0;
}

void __wrap_gup_port_memory_unmap(struct gup_port_memory *mem)
{
	struct kept *kept = &kept_frames;

	if (mem->base != kept_frames.memory.base) {
		for (kept = kept_others; kept->memory.base != mem->base; kept++)
			;
		memset(mem->base, 0, mem->bytes);
	}
	kept->used = false;
	nr_used--;
}

unsigned int host_used(void)
{
	return nr_used;
}
