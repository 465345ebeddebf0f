/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/cells/compare.c - compare-cells: what a kernel printed against what libgup printed, cell by cell.
 *
 * A cell agrees, or differs by intent as an entry of the differences file says, or differs, which is an error. A cell that
 * one of the two has skipped with a line ("# skip") is skipped, and one that was not asked for ("# only") does not count;
 * one that is missing without a line is an error. So is an entry that no cell needs: it would hide what comes later.
 */
#define _GNU_SOURCE
#include "cells.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 8192
#define ENTRIES_MAX 64

/* What a program printed; `at` follows the lines, which come in the order of the cells. */
struct output {
	const char *path;
	char *lines[LINES_MAX];
	size_t nr;
	size_t at;
	size_t found;
};

/* A line "pattern | reason" of the differences file, "? " before it if it need not be needed; and what its cells did. */
struct entry {
	bool optional;
	char *pattern;
	char *reason;
	size_t cells, skipped, needed;
};

enum verdict { AGREES, BY_INTENT, DIFFERS, SKIPPED, NR_VERDICTS };

struct comparison {
	struct output host, gup;
	struct entry entries[ENTRIES_MAX];
	size_t nr_entries;
	size_t counts[CELL_NR_PROBES][NR_VERDICTS];
	size_t errors; /* that are not a cell's */
};

_Noreturn static void give_up(const char *path, const char *what)
{
	fprintf(stderr, "compare-cells: %s: %s\n", path, what);
	exit(2);
}

static size_t read_lines(const char *path, char **lines, size_t room)
{
	FILE *file = fopen(path, "re");
	size_t nr = 0, size = 0;
	char *line = NULL;

	if (!file)
		give_up(path, "cannot be read; it is what cells-host or cells-gup printed, or the list of differences");
	while (getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (nr == room)
			give_up(path, "has too many lines");
		lines[nr++] = strdup(line);
	}
	free(line);
	fclose(file);
	return nr;
}

static void read_output(const char *path, struct output *out)
{
	out->path = path;
	out->nr = read_lines(path, out->lines, LINES_MAX);
	if (out->nr == 0)
		give_up(path, "is empty");
}

static void read_entries(const char *path, struct comparison *c)
{
	char *lines[LINES_MAX], *bar;
	size_t nr = read_lines(path, lines, LINES_MAX);
	bool optional;

	for (size_t i = 0; i < nr; i++) {
		if (lines[i][0] == '#' || lines[i][0] == '\0')
			continue;
		bar = strstr(lines[i], " | ");
		if (!bar || c->nr_entries == ENTRIES_MAX)
			give_up(path, "a line is not \"pattern | reason\", or there are too many");
		*bar = '\0';
		optional = strncmp(lines[i], "? ", 2) == 0;
		c->entries[c->nr_entries++] = (struct entry){ .optional = optional,
							      .pattern = lines[i] + (optional ? 2 : 0),
							      .reason = bar + 3 };
	}
}

/* The result of a cell, NULL if there is none. */
static const char *find_result(struct output *out, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < out->nr; i++) {
		const char *line = out->lines[(out->at + i) % out->nr];

		if (strncmp(line, name, length) != 0 || strncmp(line + length, ": ", 2) != 0)
			continue;
		out->at = (out->at + i + 1) % out->nr;
		out->found++;
		return line + length + 2;
	}
	return NULL;
}

/* Whether a comment at the beginning says so. */
static bool is_skipped(const struct output *out, const struct cell *cell)
{
	char mapping[64], probe[64];

	snprintf(mapping, sizeof(mapping), "# skip mapping %s:", cell_mappings[cell->mapping]);
	snprintf(probe, sizeof(probe), "# skip probe %s:", cell_probes[cell->probe]);
	for (size_t i = 0; i < out->nr && out->lines[i][0] == '#'; i++)
		if (strncmp(out->lines[i], mapping, strlen(mapping)) == 0 ||
		    strncmp(out->lines[i], probe, strlen(probe)) == 0)
			return true;
	return false;
}

/* Whether only a part of the cells was asked for, and this is not in it. */
static bool is_left_out(const struct output *out, const char *name)
{
	for (size_t i = 0; i < out->nr && out->lines[i][0] == '#'; i++)
		if (strncmp(out->lines[i], "# only ", 7) == 0 && fnmatch(out->lines[i] + 7, name, 0) != 0)
			return true;
	return false;
}

static struct entry *find_entry(struct comparison *c, const char *name)
{
	for (size_t i = 0; i < c->nr_entries; i++)
		if (fnmatch(c->entries[i].pattern, name, 0) == 0)
			return &c->entries[i];
	return NULL;
}

static enum verdict judge_results(const char *name, const char *host, const char *gup, const struct entry *entry)
{
	if (host && gup && strcmp(host, gup) == 0)
		return AGREES;
	if (host && gup && entry)
		return BY_INTENT;
	printf("differs: %s\n    kernel: %s\n    libgup: %s\n", name, host ? host : "(no line)",
	       gup ? gup : "(no line)");
	return DIFFERS;
}

static void judge(struct comparison *c, const struct cell *cell)
{
	const char *host, *gup;
	enum verdict verdict = SKIPPED;
	struct entry *entry;
	char name[128];
	bool left_out;

	cell_name(cell, name, sizeof(name));
	entry = find_entry(c, name);
	host = find_result(&c->host, name);
	gup = find_result(&c->gup, name);
	left_out = is_left_out(&c->host, name) || is_left_out(&c->gup, name);
	if (!left_out && !is_skipped(&c->host, cell) && !is_skipped(&c->gup, cell))
		verdict = judge_results(name, host, gup, entry);
	if (!left_out)
		c->counts[cell->probe][verdict]++;
	if (entry) {
		entry->cells++;
		entry->skipped += verdict == SKIPPED;
		entry->needed += verdict == BY_INTENT;
	}
}

static void complain(struct comparison *c, const char *what, const char *about)
{
	printf("%s: %s\n", what, about);
	c->errors++;
}

static void check_entries(struct comparison *c)
{
	for (size_t i = 0; i < c->nr_entries; i++) {
		const struct entry *e = &c->entries[i];

		if (!e->cells)
			complain(c, "no cell has this name, in the list of differences", e->pattern);
		else if (!e->needed && !e->skipped && !e->optional)
			complain(c, "no cell differs here any more, take it out of the list of differences",
				 e->pattern);
	}
}

/* Lines that are neither a cell's nor a comment are not understood. */
static void check_lines(struct comparison *c, const struct output *out)
{
	size_t comments = 0;

	for (size_t i = 0; i < out->nr; i++)
		comments += out->lines[i][0] == '#';
	if (out->found + comments != out->nr)
		complain(c, "there are lines of no cell, or a cell has two", out->path);
}

static void print_row(const char *name, const size_t counts[NR_VERDICTS])
{
	printf("%-18s %6zu %7zu %10zu %7zu %8zu\n", name, counts[AGREES] + counts[BY_INTENT] + counts[DIFFERS],
	       counts[AGREES], counts[BY_INTENT], counts[DIFFERS], counts[SKIPPED]);
}

static bool print_counts(const struct comparison *c)
{
	size_t all[NR_VERDICTS] = { 0 }, failed;

	printf("\n%-18s %6s %7s %10s %7s %8s\n", "probe", "cells", "agree", "by intent", "differ", "skipped");
	for (int i = 0; i < CELL_NR_PROBES; i++) {
		if (c->counts[i][AGREES] + c->counts[i][BY_INTENT] + c->counts[i][DIFFERS])
			print_row(cell_probes[i], c->counts[i]);
		for (int v = 0; v < NR_VERDICTS; v++)
			all[v] += c->counts[i][v];
	}
	print_row("all", all);
	for (size_t i = 0; i < c->nr_entries; i++)
		if (c->entries[i].needed)
			printf("by intent, %zu: %s: %s\n", c->entries[i].needed, c->entries[i].pattern,
			       c->entries[i].reason);
	failed = all[DIFFERS] + c->errors;
	printf("%zu passed, %zu failed", all[AGREES] + all[BY_INTENT], failed);
	printf(all[SKIPPED] ? ", %zu skipped\n" : "\n", all[SKIPPED]);
	return failed || all[AGREES] == 0;
}

int main(int argc, char **argv)
{
	static struct comparison c;
	struct cell cell = { 0 };

	if (argc < 4) {
		fprintf(stderr, "usage: compare-cells HOST GUP DIFFERENCES...: two outputs, and files of \"pattern | "
				"reason\"\n");
		return 2;
	}
	read_output(argv[1], &c.host);
	read_output(argv[2], &c.gup);
	for (int i = 3; i < argc; i++)
		read_entries(argv[i], &c);
	do
		judge(&c, &cell);
	while (cell_next(&cell));
	check_entries(&c);
	check_lines(&c, &c.host);
	check_lines(&c, &c.gup);
	return print_counts(&c);
}
