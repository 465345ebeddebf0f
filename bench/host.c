/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/host.c - memory of the host that peers work on, and how much of it there is.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <string.h>
#include <sys/mman.h>

bool gup_bench_complain(const char *what)
{
	fprintf(stderr, "gup-bench: %s\n", what);
	return false;
}

/* The first number behind @key in a file of /proc, in KiB; @after: only in lines that follow one that contains this. */
static uint64_t kib_of(const char *path, const char *after, const char *key)
{
	FILE *f = fopen(path, "r");
	unsigned long long kib = 0;
	char line[512];
	bool found = false;

	while (f && !kib && fgets(line, sizeof(line), f)) {
		found |= !after || strstr(line, after) == line;
		if (found && !strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), "%llu", &kib) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kib;
}

bool gup_bench_host_has(uint64_t bytes)
{
	return kib_of("/proc/meminfo", NULL, "MemAvailable:") << 10 >= bytes;
}

/* Does the range, which is a mapping of its own, consist of pages of the size that is wanted? */
static bool pages_fit(const struct gup_bench_host *host, bool huge)
{
	char start[32];

	snprintf(start, sizeof(start), "%llx-", (unsigned long long)(uintptr_t)host->at);
	return kib_of("/proc/self/smaps", start, "AnonHugePages:") << 10 == (huge ? host->bytes : 0);
}

static void *reserve(uint64_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* On a multiple of 2 MiB, between two pieces that stay reserved so that no neighbour becomes part of the mapping. */
static char *map_apart(uint64_t bytes)
{
	char *raw = reserve(bytes + 3 * GUP_HUGE_SIZE), *at;

	if (!raw)
		return NULL;
	at = raw + GUP_HUGE_SIZE + (-(uintptr_t)raw & (GUP_HUGE_SIZE - 1));
	return mprotect(at, bytes, PROT_READ | PROT_WRITE) ? NULL : at;
}

bool gup_bench_host_open(struct gup_bench_host *host, uint64_t bytes, bool huge)
{
	host->at = map_apart(bytes);
	host->bytes = bytes;
	if (!host->at || madvise(host->at, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		return false;
	memset(host->at, 1, bytes);
	return pages_fit(host, huge);
}

/* Its reservation stays; it has no memory any more. */
void gup_bench_host_close(struct gup_bench_host *host)
{
	if (host->at)
		munmap(host->at, host->bytes);
}
