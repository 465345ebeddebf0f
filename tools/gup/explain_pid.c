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
#define MOST_SAID 10
#define CAP_IPC_LOCK_BIT 14
#define MOST_BUFFER (UINT64_C(1) << 30) /* of io_uring */

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
	struct piece *pieces;
	size_t nr, room;
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

static bool more_room(struct range *r)
{
	size_t room = r->room ? 2 * r->room : 64;
	struct piece *pieces = r->nr < r->room ? r->pieces : realloc(r->pieces, room * sizeof(*pieces));

	if (!pieces)
		return false;
	r->room = r->nr < r->room ? r->room : room;
	r->pieces = pieces;
	return true;
}

static bool goes_on(const struct range *r, const struct piece *piece)
{
	const struct piece *last = &r->pieces[r->nr - 1];

	return r->nr && last->q.backing == piece->q.backing && !strcmp(last->q.fs, piece->q.fs) &&
	       last->q.shared == piece->q.shared && last->q.prot == piece->q.prot &&
	       last->q.beyond == piece->q.beyond && last->unsure == piece->unsure && !strcmp(last->path, piece->path);
}

/* What of @piece lies in the range. Return: false if there is no memory for it. */
static bool add_piece(struct range *r, struct piece *piece)
{
	piece->start = piece->start < r->start ? r->start : piece->start;
	piece->end = piece->end > r->end ? r->end : piece->end;
	if (piece->start >= piece->end)
		return true;
	if (r->nr && goes_on(r, piece)) {
		r->pieces[r->nr - 1].end = piece->end;
		return true;
	}
	if (!more_room(r))
		return false;
	r->pieces[r->nr++] = *piece;
	return true;
}

static bool add_hole(struct range *r, const struct gup_question *q, uint64_t start, uint64_t end)
{
	struct piece hole = { .start = start, .end = end, .q = *q };

	hole.q.backing = GUP_BACKING_NONE;
	return add_piece(r, &hole);
}

/* Where the pages of the file end in the mapping. */
static uint64_t end_of_file(const struct gup_map_line *map, uint64_t size)
{
	uint64_t pages = size > UINT64_MAX - GUP_PAGE_SIZE ? UINT64_MAX : (size + GUP_PAGE_SIZE - 1) & GUP_PAGE_MASK;

	if (pages <= map->offset)
		return map->start;
	return pages - map->offset < map->end - map->start ? map->start + (pages - map->offset) : map->end;
}

static void copy_printable(char *to, size_t size, const char *from)
{
	size_t at = 0;

	for (; from[at] && at + 1 < size; at++)
		to[at] = (unsigned char)from[at] < ' ' || from[at] == 0x7f ? '?' : from[at];
	to[at] = '\0';
}

static bool add_mapping(struct range *r, const struct gup_question *q, const struct gup_map_line *map)
{
	struct piece within = { .start = map->start, .q = *q }, past;
	struct gup_behind behind;

	gup_look_behind(r->pid, map, &behind);
	within.q.backing = behind.backing;
	memcpy(within.q.fs, behind.fs, sizeof(behind.fs));
	within.q.shared = map->shared;
	within.q.prot = map->prot & (GUP_PROT_READ | GUP_PROT_WRITE);
	if (map->vm_flags & GUP_VMF_SHADOW_STACK)
		within.q.prot &= ~GUP_PROT_WRITE;
	within.end = end_of_file(map, behind.size);
	within.unsure = behind.unsure;
	if (map->vm_flags & GUP_VMF_MIXED)
		within.unsure = "a driver may have put frames without page descriptors there, which are refused";
	copy_printable(within.path, sizeof(within.path), map->path);
	past = within;
	past.start = within.end;
	past.end = map->end;
	past.q.beyond = true;
	return add_piece(r, &within) && add_piece(r, &past);
}

static int cannot_read(pid_t pid, int error)
{
	if (error == EACCES || error == EPERM)
		return gup_usage_error(COMMAND,
				       "the memory of process %d may not be looked at; run as its user or as root.",
				       (int)pid);
	return gup_usage_error(COMMAND, "there is no process %d; give --pid one that is running.", (int)pid);
}

/* Return: how many mappings the process has; -1 without memory. */
static long read_pieces(struct range *r, const struct gup_question *q, struct gup_map_reader *reader)
{
	struct gup_map_line map;
	uint64_t at = r->start;
	long nr = 0;
	bool ok = true;

	for (; ok && gup_maps_next(reader, &map); nr++) {
		if (map.end <= at || map.start >= r->end)
			continue;
		ok = add_hole(r, q, at, map.start) && add_mapping(r, q, &map);
		at = map.end;
	}
	return ok && add_hole(r, q, at, r->end) ? nr : -1;
}

static int look(struct range *r, const struct gup_question *q)
{
	struct gup_map_reader reader;
	long nr;

	if (!gup_maps_open(&reader, r->pid))
		return cannot_read(r->pid, errno);
	nr = read_pieces(r, q, &reader);
	gup_maps_close(&reader);
	if (nr < 0)
		return gup_usage_error(COMMAND, "there is no memory left; free some.");
	if (!nr)
		return gup_usage_error(COMMAND,
				       "process %d has no memory of its own (a kernel thread, or it has ended); "
				       "give another --pid.",
				       (int)r->pid);
	return GUP_EXIT_OK;
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
		printf("%38s(%s)\n", "", piece->unsure);
}

static void say_pieces(const struct range *r)
{
	size_t refused = 0;

	for (size_t i = 0; i < r->nr && i < MOST_SAID; i++)
		say_piece(&r->pieces[i]);
	for (size_t i = MOST_SAID; i < r->nr; i++)
		refused += !r->pieces[i].answer.taken;
	if (r->nr > MOST_SAID)
		printf("  ... and %zu more pieces, of which %zu are refused.\n", r->nr - MOST_SAID, refused);
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

/* What io_uring and others count: pages that stay locked. Return: whether they may. */
static bool say_locked_limit(const struct range *r)
{
	char limit[32], caps[32] = "0", wanted[32], most[32];
	uint64_t bytes = r->end - r->start;

	if (!read_word(r->pid, "limits", "Max locked memory", limit))
		return true;
	read_word(r->pid, "status", "CapEff:", caps);
	if (!strcmp(limit, "unlimited") || strtoull(caps, NULL, 16) >> CAP_IPC_LOCK_BIT & 1) {
		printf("\n  RLIMIT_MEMLOCK does not bind this process.\n");
		return true;
	}
	size_text(strtoull(limit, NULL, 10), most, sizeof(most));
	size_text(bytes, wanted, sizeof(wanted));
	if (bytes <= strtoull(limit, NULL, 10)) {
		printf("\n  RLIMIT_MEMLOCK is %s, enough for these %s if not much else is locked.\n", most, wanted);
		return true;
	}
	printf("\n  RLIMIT_MEMLOCK is %s, less than these %s: io_uring, and drivers that count locked memory, return\n"
	       "  -ENOMEM; raise it (ulimit -l, LimitMEMLOCK=).\n",
	       most, wanted);
	return false;
}

/* Return: whether io_uring takes a buffer of that size. */
static bool say_buffer_limit(const struct range *r)
{
	if (r->end - r->start <= MOST_BUFFER)
		return true;
	printf("\n  io_uring takes at most 1G in one buffer, and returns -EFAULT for more: register it in parts.\n");
	return false;
}

/* Return: whether nothing there keeps io_uring from registering it. */
static bool say_limits(const struct range *r, const struct gup_question *q)
{
	bool ok = true;

	if (q->flags & GUP_LONGTERM)
		ok = say_locked_limit(r);
	if (!q->io_uring)
		return true;
	return say_buffer_limit(r) && ok;
}

static bool explain_refusal(const struct range *r, const struct piece *piece)
{
	uint64_t good = (piece->start - r->start) / GUP_PAGE_SIZE;

	printf("\n  At 0x%" PRIx64 ", after %" PRIu64 " pages that could be taken:\n", piece->start, good);
	if (good && piece->q.io_uring)
		gup_say("(io_uring returns -EFAULT when it gets a part only, whatever the reason.)");
	else if (good)
		gup_say("(The call may return that count instead of the error.)");
	return gup_say_answer(&piece->q, &piece->answer);
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

	if (!ask_all(r, &refused))
		return GUP_EXIT_FAILED;
	gup_say_question(q, &r->pieces[0].answer);
	printf("%" PRIu64 " pages from 0x%" PRIx64 " of process %d\n\n", (r->end - r->start) / GUP_PAGE_SIZE, r->start,
	       (int)r->pid);
	say_pieces(r);
	if (!refused)
		printf("\n    TAKEN\n");
	else if (!explain_refusal(r, refused))
		return GUP_EXIT_FAILED;
	return say_limits(r, q) && !refused ? GUP_EXIT_OK : GUP_EXIT_FAILED;
}

int gup_explain_pid(const char *pid, int argc, char **argv, struct gup_question *q)
{
	struct range r = { 0 };
	int status;

	if (argc < 2 || argc > 3)
		return gup_usage_error(COMMAND, "give ADDR and LEN after --pid, such as 'gup explain --pid 1 "
						"0x7f0000000000 64K'; FLAGS may follow.");
	q->flags = GUP_WRITE | GUP_LONGTERM;
	if (!parse_pid(pid, &r.pid) || !parse_range(argv, &r) || (argc > 2 && !gup_parse_flags(argv[2], q)))
		return GUP_EXIT_USAGE;
	status = look(&r, q);
	if (!status)
		status = explain(&r, q);
	free(r.pieces);
	return status;
}
