/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/targets.c - what the rows should come to: ratios of the minima of one run, on two processors.
 */
#include "bench.h"

/**
 * struct target - one of them
 * @bench, @bytes, @kind, @threads, @part: the row
 * @within: libgup may take so many times as long as the peer; or
 * @least:  the peer must take at least so many times as long as libgup
 */
struct target {
	const char *bench;
	uint64_t bytes;
	const char *kind;
	unsigned int threads;
	const char *part;
	double within, least;
	const char *what, *peer;
};

static const struct target targets[] = {
	{ "raw-loop", GUP_BENCH_KIB(4), "4K", 1, "pair", 1.5, 0, "fast pin + unpin, 1 page", "raw loop" },
	{ "raw-loop", GUP_BENCH_KIB(64), "4K", 1, "pair", 1.3, 0, "fast pin + unpin", "raw loop" },
	{ "raw-loop", GUP_BENCH_MIB(1), "4K", 1, "pair", 1.2, 0, "fast pin + unpin", "raw loop" },
	{ "raw-loop", GUP_BENCH_MIB(16), "4K", 1, "pair", 1.2, 0, "fast pin + unpin", "raw loop" },
	{ "uring", GUP_BENCH_KIB(4), "4K", 1, "pair", 0, 60, "fast long-term pin + unpin", "io_uring" },
	{ "uring", GUP_BENCH_KIB(64), "4K", 1, "pair", 0, 22, "fast long-term pin + unpin", "io_uring" },
	{ "uring", GUP_BENCH_MIB(1), "4K", 1, "pair", 0, 10, "fast long-term pin + unpin", "io_uring" },
	{ "uring", GUP_BENCH_MIB(16), "4K", 1, "pair", 0, 8, "fast long-term pin + unpin", "io_uring" },
	{ "uring", GUP_BENCH_MIB(1), "2M", 1, "pair", 0, 8, "fast long-term pin + unpin", "io_uring" },
	{ "uring", GUP_BENCH_MIB(16), "2M", 1, "pair", 0, 3.5, "fast long-term pin + unpin", "io_uring" },
	{ "uring", GUP_BENCH_MIB(256), "2M", 1, "pair", 0, 3.5, "fast long-term pin + unpin", "io_uring" },
	{ "extents", GUP_BENCH_GIB(1), "2M", 1, "folio_pair", 1.5, 0, "extents of 2 MiB, a folio", "raw loop" },
	{ "threads-disjoint", GUP_BENCH_KIB(64), "4K", 2, "pair", 0, 0.95, "two threads, own pages: slowdown",
	  "raw loop's" },
	{ "threads-same", GUP_BENCH_KIB(64), "4K", 2, "pair", 1.3, 0, "two threads, same 64 pages", "raw loop" },
	{ "writer", GUP_BENCH_KIB(4), "4K", 2, "pair", 0, 0.9, "fast pin + unpin beside a writer", "undisturbed" },
	{ "writer", GUP_BENCH_KIB(64), "4K", 2, "pair", 0, 0.9, "fast pin + unpin beside a writer", "undisturbed" },
	{ "writer", GUP_BENCH_MIB(16), "4K", 2, "pair", 0, 0.9, "fast pin + unpin beside a writer", "undisturbed" },
	{ "writer-itself", GUP_BENCH_MIB(16), "4K", 2, "pair", 0, 0.9, "fast beside a writer: slowdown", "raw loop's" },
	{ "longterm-cost", GUP_BENCH_MIB(16), "4K", 1, "pair", 1.05, 0, "fast long-term pin + unpin", "short pin" },
	{ "slow-populate", GUP_BENCH_MIB(16), "4K", 1, "pin", 0, 5, "slow pin", "MADV_POPULATE_WRITE" },
	{ "pin-cache", GUP_BENCH_KIB(4), "4K", 1, "buffer_pair", 1, 0, "pin cache hit", "fast pin of 1 page" },
	{ "pin-cache", GUP_BENCH_MIB(1), "4K", 1, "buffer_pair", 1, 0, "pin cache hit", "fast pin of 1 page" },
	{ "pin-cache", GUP_BENCH_MIB(256), "4K", 1, "buffer_pair", 1, 0, "pin cache hit", "fast pin of 1 page" },
	{ "fault", GUP_BENCH_KIB(4), "4K", 1, "fault", 0, 4, "anonymous fault", "host's fault" },
	{ "fault", GUP_BENCH_MIB(2), "2M", 1, "fault", 1.2, 0, "anonymous fault", "memset" },
	{ "mirror-fault", GUP_BENCH_MIB(2), "2M", 1, "fault", 1.15, 0, "anonymous fault in a window",
	  "SIGSEGV, memset, mmap" },
	{ "fork", GUP_BENCH_GIB(1), "4K", 1, "fork", 0, 3, "fork", "host's fork" },
	{ "migrate", GUP_BENCH_MIB(64), "2M", 1, "move", 0, 0.8, "migration", "memcpy" },
	{ "migrate", GUP_BENCH_MIB(64), "4K", 1, "move", 0, 0.35, "migration", "memcpy" },
	{ "cma-alloc", GUP_BENCH_MIB(64), "4K", 1, "alloc", 3, 0, "CMA allocation of a full area", "memcpy" },
	{ "cma-alloc-mirrored", GUP_BENCH_MIB(64), "4K", 1, "alloc", 6, 0, "CMA allocation of a mirrored area",
	  "memcpy" },
	{ "growth-1", GUP_BENCH_GIB(8), "4K", 1, "pair", 1.5, 0, "fast pin + unpin, scattered", "raw loop" },
	{ "growth-1", GUP_BENCH_GIB(64), "4K", 1, "pair", 1.5, 0, "fast pin + unpin, scattered", "raw loop" },
	{ "vmas-100000-fast", GUP_BENCH_KIB(4), "4K", 1, "pair", 1.2, 0, "fast pin + unpin, 100,000 VMAs", "10 VMAs" },
	{ "vmas-100000-slow", GUP_BENCH_KIB(4), "4K", 1, "pair", 1.6, 0, "slow pin + unpin, 100,000 VMAs", "10 VMAs" },
	{ "create", GUP_BENCH_GIB(1024), "-", 1, "machine", 1, 0, "creation of a machine", "50 ms" },
};

static void print_target(const struct target *t, bool all)
{
	double libgup, peer, times;
	bool measured = gup_bench_minimum(t->bench, t->bytes, t->kind, t->threads, t->part, &libgup, &peer);

	if (!measured && !all)
		return;
	printf("%-34s ", t->what);
	gup_bench_print_size(t->bytes);
	printf("  %-5s  %-21s ", t->kind, t->peer);
	if (t->within)
		printf("within %5.2f  ", t->within);
	else
		printf(" least %5.2f  ", t->least);
	if (!measured) {
		puts("       -  skipped");
		return;
	}
	times = t->within ? libgup / peer : peer / libgup;
	printf("%8.2f  %s\n", times, (t->within ? times <= t->within : times >= t->least) ? "met" : "MISSED");
}

void gup_bench_targets(bool all)
{
	size_t i;

	puts("\nTargets: ratios of minima. within: libgup may take so many times as long as the peer; least: the peer "
	     "must "
	     "take\nso many times as long as libgup.\n\n"
	     "what                                size  pages  peer                         target  measured\n"
	     "------------------------------------------------------------------------------------------------------");
	for (i = 0; i < GUP_BENCH_NR(targets); i++)
		print_target(&targets[i], all);
}
