/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/report.c - results as CSV rows for programs and as lines for people.
 *
 * A row compares two sides; its ratio is how many times as long the peer takes. bench/README.md says what each row
 * means.
 */
#include "bench.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS_MOST 1024

/* One comparison of one part. */
struct line {
	const char *bench, *kind, *part, *peer_name;
	uint64_t bytes;
	unsigned int threads;
	bool slowdown;
	double libgup_min, libgup_med, peer_min, peer_med;
};

static struct {
	FILE *csv;
	struct line lines[ROWS_MOST];
	unsigned int nr;
} report;

bool gup_bench_csv_open(const char *path)
{
	report.csv = fopen(path, "w");
	if (!report.csv)
		return false;
	fputs("bench,size_bytes,page_kind,threads,metric,libgup,peer,peer_name,ratio\n", report.csv);
	return true;
}

void gup_bench_print_size(uint64_t bytes)
{
	if (bytes >> 40)
		printf("%4lluT", (unsigned long long)(bytes >> 40));
	else if (bytes >> 30)
		printf("%4lluG", (unsigned long long)(bytes >> 30));
	else if (bytes >> 20)
		printf("%4lluM", (unsigned long long)(bytes >> 20));
	else
		printf("%4lluK", (unsigned long long)(bytes >> 10));
}

static void csv_line(const struct line *line, const char *suffix, double libgup, double peer)
{
	fprintf(report.csv, "%s,%llu,%s,%u,%s%s_%s,%.3f,%.3f,%s,%.3f\n", line->bench, (unsigned long long)line->bytes,
		line->kind, line->threads, line->part, line->slowdown ? "_slowdown" : "", suffix, libgup, peer,
		line->peer_name, peer / libgup);
}

static void print_line(const struct line *line)
{
	printf("%-18s ", line->bench);
	gup_bench_print_size(line->bytes);
	printf("  %-5s %u  %-6s %12.2f %12.2f %9.2f  %s\n", line->kind, line->threads, line->part, line->libgup_min,
	       line->peer_min, line->peer_min / line->libgup_min, line->peer_name);
}

static void add_part(const struct gup_bench_case *c, const struct gup_bench_row *row, unsigned int part, uint64_t bytes,
		     const struct gup_bench_result *results)
{
	const struct gup_bench_result *libgup = &results[row->libgup], *peer = &results[row->peer];
	struct line *line = &report.lines[report.nr++];

	*line = (struct line){ row->bench,
			       c->kind,
			       c->parts[part],
			       row->peer_name,
			       bytes,
			       c->sides[row->libgup].beside ? 2 : 1,
			       row->slowdown,
			       libgup->min[part],
			       libgup->med[part],
			       peer->min[part],
			       peer->med[part] };
	if (row->slowdown) {
		line->libgup_min /= results[row->libgup_base].min[part];
		line->libgup_med /= results[row->libgup_base].med[part];
		line->peer_min /= results[row->peer_base].min[part];
		line->peer_med /= results[row->peer_base].med[part];
	}
	csv_line(line, "min", line->libgup_min, line->peer_min);
	csv_line(line, "med", line->libgup_med, line->peer_med);
	if (!c->print)
		print_line(line);
}

bool gup_bench_report(const struct gup_bench_case *c, uint64_t bytes, const struct gup_bench_result *results)
{
	unsigned int i, part;

	for (i = 0; i < c->nr_rows; i++)
		for (part = 0; part < GUP_BENCH_PARTS && c->parts[part]; part++)
			if ((!c->rows[i].part || c->rows[i].part == 1 + part) && report.nr < ROWS_MOST)
				add_part(c, &c->rows[i], part, bytes, results);
	if (c->print)
		c->print(c, bytes, results);
	fflush(stdout);
	return !fflush(report.csv);
}

bool gup_bench_minimum(const char *bench, uint64_t bytes, const char *kind, unsigned int threads, const char *part,
		       double *libgup, double *peer)
{
	unsigned int i;

	for (i = 0; i < report.nr; i++) {
		const struct line *line = &report.lines[i];

		if (strcmp(line->bench, bench) || line->bytes != bytes || strcmp(line->kind, kind) ||
		    line->threads != threads || strcmp(line->part, part))
			continue;
		*libgup = line->libgup_min;
		*peer = line->peer_min;
		return true;
	}
	return false;
}

bool gup_bench_csv_close(const char *path)
{
	bool ok = !ferror(report.csv);
	struct stat st;
	bool regular = !fstat(fileno(report.csv), &st) && S_ISREG(st.st_mode);

	ok &= fclose(report.csv) == 0;
	if (ok)
		return true;
	if (regular)
		unlink(path);
	fprintf(stderr, "gup-bench: %s could not be written to its end; is its disk full?\n", path);
	return false;
}
