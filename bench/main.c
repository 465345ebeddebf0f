/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/main.c - gup-bench RESULTS.csv: every case, one after the other, into a CSV file and a table.
 *
 * The question is the one that the FOLL_LONGTERM commit leaves open: what does the fast path save, with and without
 * LONGTERM, in a quiet address space and in one that is being changed? Exit status 0 only if every page was pinned the
 * way its row says and none is left pinned.
 */
#include "bench.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t sizes[] = { UINT64_C(4) << 10, UINT64_C(64) << 10, UINT64_C(1) << 20, UINT64_C(16) << 20 };

static bool run_case(FILE *csv, const struct gup_bench_case *c)
{
	struct gup_bench_result results[GUP_BENCH_VARIANTS];

	memset(results, 0, sizeof(results));
	if (!gup_bench_measure(c, results))
		return false;
	gup_bench_csv_rows(csv, c, results);
	gup_bench_table_row(c, results);
	return !fflush(csv);
}

/* All sizes, quiet and with the second thread. */
static bool run_cases(FILE *csv, struct gup_bench_world *world, struct gup_bench_raw *raw)
{
	bool ok = true;
	size_t i;

	for (i = 0; ok && i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct gup_bench_case c = { .world = world, .bytes = sizes[i / 2], .mapper = i % 2 };

		if (!world->huge && !c.mapper)
			c.raw = raw;
		ok = run_case(csv, &c);
	}
	return ok;
}

/* On pages of one kind. Whatever fails, nothing is kept. */
static bool run_world(FILE *csv, bool huge)
{
	struct gup_bench_world world;
	struct gup_bench_raw raw = { 0 };
	bool ok = gup_bench_open(&world, huge) && gup_bench_raw_open(&raw) && run_cases(csv, &world, &raw);

	gup_bench_raw_close(&raw);
	return gup_bench_close(&world) && ok;
}

/* False, with a sentence and without the file, if not all of it was written. */
static bool finish(FILE *csv, const char *path)
{
	bool ok = !ferror(csv);
	struct stat st;
	bool regular = !fstat(fileno(csv), &st) && S_ISREG(st.st_mode);

	ok &= fclose(csv) == 0;
	if (ok)
		return true;
	if (regular)
		unlink(path);
	fprintf(stderr, "gup-bench: %s could not be written to its end; is its disk full?\n", path);
	return false;
}

int main(int argc, char **argv)
{
	FILE *csv;
	bool ok;

	if (argc != 2) {
		fputs("usage: gup-bench RESULTS.csv\n", stderr);
		return 2;
	}
	csv = fopen(argv[1], "w");
	if (!csv) {
		fprintf(stderr, "gup-bench: cannot write %s; name a file in a folder that you may write to\n", argv[1]);
		return 2;
	}
	if (!gup_bench_run_on(0))
		puts("The threads could not be bound to processors; the figures may jump.");
	gup_bench_csv_head(csv);
	gup_bench_table_head();
	ok = run_world(csv, false) && run_world(csv, true);
	ok &= finish(csv, argv[1]);
	return ok ? 0 : 1;
}
