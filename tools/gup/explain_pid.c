/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_pid.c - `gup explain --pid`: a range of a real process, piece by piece.
 *
 * A piece is a part of the range for which one question can be asked: a mapping, a hole between two, or what of a
 * mapping lies past the end of its file. The first piece that is refused is explained; the process is only looked at.
 */
#define _GNU_SOURCE
#include "explain_maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND "gup explain"
#define MOST_PIECES 256
#define CAP_IPC_LOCK_BIT 14

struct piece {
	uint64_t start, end;
	struct gup_question q;
	struct gup_answer answer;
	char path[64]; /* its beginning */
	const char *unsure;
};

struct range {
	pid_t pid;
	uint64_t start, end;
	struct piece pieces[MOST_PIECES];
	size_t nr;
	bool cut; /* there are more pieces */
};

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

static bool parse_range(char **argv, struct range *r)
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

/* ---- pieces ---- */

static struct piece *add_piece(struct range *r, const struct gup_question *q, uint64_t start, uint64_t end)
{
	struct piece *piece = &r->pieces[r->nr];

	start = start < r->start ? r->start : start;
	end = end > r->end ? r->end : end;
	if (start >= end)
		return NULL;
	if (r->nr == MOST_PIECES) {
		r->cut = true;
		return NULL;
	}
	*piece = (struct piece){ .start = start, .end = end, .q = *q };
	r->nr++;
	return piece;
}

static void add_hole(struct range *r, const struct gup_question *q, uint64_t start, uint64_t end)
{
	struct gup_question hole = *q;

	hole.backing = GUP_BACKING_NONE;
	add_piece(r, &hole, start, end);
}

/* Where the pages of the file end in the mapping. */
static uint64_t end_of_file(const struct gup_map_line *map, uint64_t size)
{
	uint64_t pages = size > UINT64_MAX - GUP_PAGE_SIZE ? UINT64_MAX : (size + GUP_PAGE_SIZE - 1) & GUP_PAGE_MASK;

	if (pages <= map->offset)
		return map->start;
	return pages - map->offset < map->end - map->start ? map->start + (pages - map->offset) : map->end;
}

static void name_piece(struct piece *piece, const struct gup_map_line *map, const struct gup_behind *behind)
{
	if (!piece)
		return;
	snprintf(piece->path, sizeof(piece->path), "%.63s", map->path);
	for (char *at = piece->path; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	piece->unsure = behind->unsure;
}

static void add_mapping(struct range *r, const struct gup_question *q, const struct gup_map_line *map)
{
	struct gup_question here = *q;
	struct gup_behind behind;
	uint64_t end;

	if (map->end <= r->start || map->start >= r->end)
		return;
	gup_look_behind(r->pid, map, &behind);
	here.backing = behind.backing;
	memcpy(here.fs, behind.fs, sizeof(here.fs));
	here.shared = map->shared;
	here.prot = map->prot & (GUP_PROT_READ | GUP_PROT_WRITE);
	if (map->vm_flags & GUP_VMF_SHADOW_STACK)
		here.prot &= ~GUP_PROT_WRITE;
	end = end_of_file(map, behind.size);
	name_piece(add_piece(r, &here, map->start, end), map, &behind);
	here.beyond = true;
	name_piece(add_piece(r, &here, end, map->end), map, &behind);
}

static bool cannot_read(pid_t pid)
{
	if (errno == EACCES || errno == EPERM)
		gup_usage_error(COMMAND, "the memory of process %d may not be looked at; run as its user or as root.",
				(int)pid);
	else
		gup_usage_error(COMMAND, "there is no process %d any more; give --pid one that is running.", (int)pid);
	return false;
}

static bool read_pieces(struct range *r, const struct gup_question *q)
{
	struct gup_map_reader reader;
	struct gup_map_line map;
	uint64_t at = r->start;
	bool any = false;

	if (!gup_maps_open(&reader, r->pid))
		return cannot_read(r->pid);
	errno = ESRCH;
	while (gup_maps_next(&reader, &map)) {
		any = true;
		if (map.end <= at)
			continue;
		add_hole(r, q, at, map.start);
		add_mapping(r, q, &map);
		at = map.end;
	}
	add_hole(r, q, at, r->end);
	gup_maps_close(&reader);
	return any || cannot_read(r->pid);
}

/* ---- what is said ---- */

static const char *size_text(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "KMGT";
	size_t unit = 0;

	for (bytes /= 1024; bytes >= 10240 && unit + 1 < strlen(units); bytes /= 1024)
		unit++;
	snprintf(buf, size, "%" PRIu64 "%c", bytes, units[unit]);
	return buf;
}

static void say_piece(const struct piece *piece)
{
	char size[32], mapping[200];

	printf("  0x%-12" PRIx64 " %6s  %-11s %s\n", piece->start,
	       size_text(piece->end - piece->start, size, sizeof(size)),
	       piece->answer.taken ? "taken" : gup_errno_text(piece->answer.result),
	       gup_mapping_text(&piece->q, mapping, sizeof(mapping)));
	if (*piece->path)
		printf("%38s%s\n", "", piece->path);
	if (piece->unsure)
		printf("%38s%s\n", "", piece->unsure);
}

static bool read_word(pid_t pid, const char *file, const char *key, char out[32])
{
	char path[64], *line = NULL;
	size_t room = 0;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	while (f && !found && getline(&line, &room, f) > 0)
		found = !strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), " %31s", out) == 1;
	free(line);
	if (f)
		fclose(f);
	return found;
}

/* What io_uring and others count: pages that stay locked, against RLIMIT_MEMLOCK. */
static void say_limit(const struct range *r)
{
	char limit[32], caps[32] = "0", wanted[32], most[32];
	uint64_t bytes = r->end - r->start;

	if (!read_word(r->pid, "limits", "Max locked memory", limit))
		return;
	read_word(r->pid, "status", "CapEff:", caps);
	printf("\n  RLIMIT_MEMLOCK: ");
	if (!strcmp(limit, "unlimited"))
		printf("unlimited.\n");
	else if (strtoull(caps, NULL, 16) >> CAP_IPC_LOCK_BIT & 1)
		printf("does not bind this process, which has CAP_IPC_LOCK.\n");
	else if (bytes > strtoull(limit, NULL, 10))
		printf("%s, less than these %s: io_uring and drivers that count locked memory return\n"
		       "  -ENOMEM; raise it (ulimit -l, LimitMEMLOCK=).\n",
		       size_text(strtoull(limit, NULL, 10), most, sizeof(most)),
		       size_text(bytes, wanted, sizeof(wanted)));
	else
		printf("%s, enough for these %s unless the user has locked more elsewhere.\n",
		       size_text(strtoull(limit, NULL, 10), most, sizeof(most)),
		       size_text(bytes, wanted, sizeof(wanted)));
}

static bool explain_refusal(const struct range *r, const struct piece *piece)
{
	printf("\n  At 0x%" PRIx64 ", after %" PRIu64 " pages that could be taken:\n", piece->start,
	       (piece->start - r->start) / GUP_PAGE_SIZE);
	gup_say_result(&piece->answer);
	return gup_say_history(&piece->q) && gup_say_instead(&piece->q, &piece->answer);
}

static bool ask_all(struct range *r, const struct piece **out_refused)
{
	for (size_t i = 0; i < r->nr; i++) {
		if (!gup_ask(&r->pieces[i].q, &r->pieces[i].answer))
			return false;
		if (!*out_refused && !r->pieces[i].answer.taken)
			*out_refused = &r->pieces[i];
	}
	return true;
}

static int explain(struct range *r, const struct gup_question *q)
{
	const struct piece *refused = NULL;
	char flags[160];

	if (!ask_all(r, &refused))
		return GUP_EXIT_FAILED;
	printf("%s(%s), %s, process %d, %" PRIu64 " pages:\n\n", gup_entry_name(q->entry),
	       gup_flags_text(q->flags, flags, sizeof(flags)), q->rules.name, (int)r->pid,
	       (r->end - r->start) / GUP_PAGE_SIZE);
	for (size_t i = 0; i < r->nr; i++)
		say_piece(&r->pieces[i]);
	if (r->cut)
		printf("  ... the range has more pieces; give a smaller LEN to see them.\n");
	if (!refused)
		printf("\n  TAKEN\n");
	else if (!explain_refusal(r, refused))
		return GUP_EXIT_FAILED;
	if (q->flags & GUP_LONGTERM)
		say_limit(r);
	return refused ? GUP_EXIT_FAILED : GUP_EXIT_OK;
}

int gup_explain_pid(const char *pid, int argc, char **argv, struct gup_question *q)
{
	struct range *r;
	int status = GUP_EXIT_USAGE;

	if (argc < 2 || argc > 3)
		return gup_usage_error(COMMAND, "give ADDR and LEN after --pid, such as 'gup explain --pid 1 "
						"0x7f0000000000 64K'; FLAGS may follow.");
	q->flags = GUP_WRITE | GUP_LONGTERM;
	r = calloc(1, sizeof(*r));
	if (!r)
		return gup_usage_error(COMMAND, "there is no memory left; free some.");
	if (parse_pid(pid, &r->pid) && parse_range(argv, r) && (argc < 3 || gup_parse_flags(argv[2], q)) &&
	    read_pieces(r, q))
		status = explain(r, q);
	free(r);
	return status;
}
