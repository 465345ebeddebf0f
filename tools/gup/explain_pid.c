/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_pid.c - `gup explain --pid`: a range of a real process, piece by piece.
 *
 * All pieces are asked about, and the first one that is refused is explained.
 */
#include "explain_range.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND "gup explain"
#define MOST_SAID 10

/* ---- arguments ---- */

static bool parse_pid(const char *text, pid_t *out)
{
	char *end;
	long pid = strtol(text, &end, 10);

	*out = (pid_t)pid;
	if (*text >= '1' && *text <= '9' && !*end && pid == *out)
		return true;
	gup_usage_error(COMMAND, "'%s' is no process; give --pid a number, as ps shows it.", text);
	return false;
}

static bool parse_address(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (*text >= '0' && *text <= '9' && !*end && !errno)
		return true;
	gup_usage_error(COMMAND, "'%s' is no address; give it as 0x7f0000000000 or as a decimal number.", text);
	return false;
}

static bool parse_length(const char *text, uint64_t *out)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	unit = *end ? strchr(units, *end) : NULL;
	if (*text < '0' || *text > '9' || errno || (*end && (!unit || end[1]))) {
		gup_usage_error(COMMAND, "'%s' is no length; give bytes, or a number with K, M or G.", text);
		return false;
	}
	for (const char *u = units; unit && u <= unit; u++) {
		if (*out > UINT64_MAX / 1024) {
			gup_usage_error(COMMAND, "'%s' is longer than an address space; give a smaller LEN.", text);
			return false;
		}
		*out *= 1024;
	}
	if (*out)
		return true;
	gup_usage_error(COMMAND, "a range of 0 bytes has no pages; give a LEN of at least 1.");
	return false;
}

static bool parse_range(char **argv, struct gup_range *r)
{
	uint64_t addr, length;

	if (!parse_address(argv[0], &addr) || !parse_length(argv[1], &length))
		return false;
	if (addr + length < addr || addr + length > UINT64_MAX - GUP_PAGE_SIZE) {
		gup_usage_error(COMMAND,
				"%s and %s bytes wrap around the end of the address space; give a smaller LEN.",
				argv[0], argv[1]);
		return false;
	}
	r->start = addr & GUP_PAGE_MASK;
	r->end = (addr + length + GUP_PAGE_SIZE - 1) & GUP_PAGE_MASK;
	return true;
}

/* ---- what is said ---- */

static void say_piece(const struct gup_piece *piece)
{
	char size[32], mapping[200];

	printf("  0x%-12" PRIx64 " %6s  %-11s %s\n", piece->start,
	       gup_size_text(piece->end - piece->start, size, sizeof(size)),
	       piece->answer.taken     ? "taken"
	       : piece->answer.missing ? "missing"
				       : gup_errno_text(piece->answer.result),
	       gup_mapping_text(&piece->q, mapping, sizeof(mapping)));
	if (*piece->path)
		printf("%38s%s\n", "", piece->path);
	if (piece->unsure)
		printf("%38s(%s)\n", "", piece->unsure);
}

static const char *plural(uint64_t nr)
{
	return nr == 1 ? "" : "s";
}

static void say_pieces(const struct gup_range *r)
{
	size_t refused = 0;

	for (size_t i = 0; i < r->nr && i < MOST_SAID; i++)
		say_piece(&r->pieces[i]);
	for (size_t i = MOST_SAID; i < r->nr; i++)
		refused += !r->pieces[i].answer.taken;
	if (r->nr > MOST_SAID)
		printf("  ... and %zu more pieces, of which %zu are refused.\n", r->nr - MOST_SAID, refused);
}

static bool explain_refusal(const struct gup_range *r, const struct gup_piece *piece)
{
	uint64_t good = (piece->start - r->start) / GUP_PAGE_SIZE;

	printf("\n  At 0x%" PRIx64 ", after %" PRIu64 " page%s that could be taken:\n", piece->start, good,
	       plural(good));
	if (good && piece->q.io_uring)
		gup_say("(io_uring returns -EFAULT when it gets a part only, whatever the reason.)");
	else if (good)
		gup_say("(The call may return that count instead of the error.)");
	return gup_say_answer(&piece->q, &piece->answer);
}

static bool ask_all(struct gup_range *r, const struct gup_piece **out_refused)
{
	for (size_t i = 0; i < r->nr; i++) {
		if (!gup_ask(&r->pieces[i].q, &r->pieces[i].answer))
			return false;
		if (!*out_refused && !r->pieces[i].answer.taken)
			*out_refused = &r->pieces[i];
	}
	return true;
}

static int explain(struct gup_range *r, const struct gup_question *q)
{
	const struct gup_piece *refused = NULL;
	uint64_t nr = (r->end - r->start) / GUP_PAGE_SIZE;

	if (!ask_all(r, &refused))
		return GUP_EXIT_FAILED;
	gup_say_question(q, &r->pieces[0].answer);
	printf("%" PRIu64 " page%s from 0x%" PRIx64 " of process %d\n\n", nr, plural(nr), r->start, (int)r->pid);
	say_pieces(r);
	if (!refused)
		printf("\n    TAKEN\n");
	else if (!explain_refusal(r, refused))
		return GUP_EXIT_FAILED;
	return gup_say_limits(r, q) && !refused ? GUP_EXIT_OK : GUP_EXIT_FAILED;
}

int gup_explain_pid(const char *pid, int argc, char **argv, struct gup_question *q)
{
	struct gup_range r = { 0 };
	int status;

	if (argc < 2 || argc > 3)
		return gup_usage_error(COMMAND, "give ADDR and LEN after --pid, such as 'gup explain --pid 1 "
						"0x7f0000000000 64K'; FLAGS may follow.");
	if (q->touched || q->memory != GUP_MEMORY_NORMAL)
		return gup_usage_error(COMMAND, "the process's memory is asked about as it is mapped; leave out "
						"--memory and --touched with --pid.");
	q->flags = GUP_WRITE | GUP_LONGTERM;
	if (!parse_pid(pid, &r.pid) || !parse_range(argv, &r) || (argc > 2 && !gup_parse_flags(argv[2], q)))
		return GUP_EXIT_USAGE;
	status = gup_find_pieces(&r, q);
	if (!status)
		status = explain(&r, q);
	free(r.pieces);
	return status;
}
