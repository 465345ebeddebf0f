/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/report.c - results as CSV rows for programs and as a table for people.
 *
 * A row compares two variants; its ratio is how many times as long the peer takes. bench/README.md says what each row
 * means.
 */
#include "bench.h"

/* The comparisons; one of the raw loop is only there if it ran. */
static const struct {
	const char *bench;
	enum gup_bench_variant libgup, peer;
	const char *peer_name;
} rows[] = {
	{ "fast-slow", GUP_BENCH_FAST, GUP_BENCH_SLOW, "pin_user_pages_unlocked" },
	{ "fast-slow-longterm", GUP_BENCH_FAST_LONGTERM, GUP_BENCH_SLOW_LONGTERM, "pin_user_pages_unlocked" },
	{ "longterm-cost", GUP_BENCH_FAST_LONGTERM, GUP_BENCH_FAST, "pin_user_pages_fast" },
	{ "raw-loop", GUP_BENCH_FAST, GUP_BENCH_RAW, "raw-loop" },
};

static const char *const part_names[GUP_BENCH_PARTS] = { "pin", "unpin", "pair" };

static const char *kind_name(const struct gup_bench_case *c)
{
	return c->world->huge ? "2M" : "4K";
}

void gup_bench_csv_head(FILE *csv)
{
	fputs("bench,size_bytes,page_kind,threads,metric,libgup,peer,peer_name,ratio\n", csv);
}

static void csv_row(FILE *csv, const struct gup_bench_case *c, size_t row, const char *metric, double libgup,
		    double peer)
{
	fprintf(csv, "%s,%llu,%s,%d,%s,%.3f,%.3f,%s,%.3f\n", rows[row].bench, (unsigned long long)c->bytes,
		kind_name(c), c->mapper ? 2 : 1, metric, libgup, peer, rows[row].peer_name, peer / libgup);
}

void gup_bench_csv_rows(FILE *csv, const struct gup_bench_case *c, const struct gup_bench_result *results)
{
	const struct gup_bench_result *libgup, *peer;
	unsigned int part;
	char metric[16];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].peer == GUP_BENCH_RAW && !c->raw)
			continue;
		libgup = &results[rows[i].libgup];
		peer = &results[rows[i].peer];
		for (part = 0; part < GUP_BENCH_PARTS; part++) {
			snprintf(metric, sizeof(metric), "%s_min", part_names[part]);
			csv_row(csv, c, i, metric, libgup->min[part], peer->min[part]);
			snprintf(metric, sizeof(metric), "%s_med", part_names[part]);
			csv_row(csv, c, i, metric, libgup->med[part], peer->med[part]);
		}
	}
}

void gup_bench_table_head(void)
{
	puts("Median nanoseconds a page. slow: pin_user_pages_unlocked, fast: pin_user_pages_fast, both with WRITE;\n"
	     "\"maps\": a second thread maps, protects and unmaps in the same mm; ratio: how many times as long slow "
	     "takes.\n"
	     "\n"
	     "                      |        no LONGTERM        |         LONGTERM          |        |   raw loop\n"
	     "pages  size  2nd thr. |   fast     slow    ratio  |   fast     slow    ratio  |  unpin |  pin   unpin\n"
	     "----------------------+---------------------------+---------------------------+--------+-------------");
}

static void print_pair(const struct gup_bench_result *fast, const struct gup_bench_result *slow)
{
	double f = fast->med[GUP_BENCH_PIN], s = slow->med[GUP_BENCH_PIN];

	printf("%8.2f %8.2f %8.1f | ", f, s, s / f);
}

static void print_size(uint64_t bytes)
{
	if (bytes >> 20)
		printf("%4lluM", (unsigned long long)(bytes >> 20));
	else
		printf("%4lluK", (unsigned long long)(bytes >> 10));
}

void gup_bench_table_row(const struct gup_bench_case *c, const struct gup_bench_result *results)
{
	printf("%-5s ", kind_name(c));
	print_size(c->bytes);
	printf("  %-8s | ", c->mapper ? "maps" : "-");
	print_pair(&results[GUP_BENCH_FAST], &results[GUP_BENCH_SLOW]);
	print_pair(&results[GUP_BENCH_FAST_LONGTERM], &results[GUP_BENCH_SLOW_LONGTERM]);
	printf("%6.2f | ", results[GUP_BENCH_FAST].med[GUP_BENCH_UNPIN]);
	if (c->raw)
		printf("%5.2f %6.2f\n", results[GUP_BENCH_RAW].med[GUP_BENCH_PIN],
		       results[GUP_BENCH_RAW].med[GUP_BENCH_UNPIN]);
	else
		puts("    -      -");
	fflush(stdout);
}
