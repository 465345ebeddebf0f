/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_pieces.c - a range of a real process, cut where another question has to be asked.
 *
 * The process is only looked at. What is mapped may change meanwhile: the answer is about the moment of reading.
 */
#include "explain_range.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND "gup explain"

static bool more_room(struct gup_range *r)
{
	size_t room = r->room ? 2 * r->room : 64;
	struct gup_piece *pieces = r->nr < r->room ? r->pieces : realloc(r->pieces, room * sizeof(*pieces));

	if (!pieces)
		return false;
	r->room = r->nr < r->room ? r->room : room;
	r->pieces = pieces;
	return true;
}

static bool goes_on(const struct gup_range *r, const struct gup_piece *piece)
{
	const struct gup_piece *last = &r->pieces[r->nr - 1];

	return r->nr && last->q.backing == piece->q.backing && !strcmp(last->q.fs, piece->q.fs) &&
	       last->q.shared == piece->q.shared && last->q.prot == piece->q.prot &&
	       last->q.beyond == piece->q.beyond && last->q.beyond_user == piece->q.beyond_user &&
	       last->unsure == piece->unsure && !strcmp(last->path, piece->path);
}

/* What of @piece lies in the range. Return: false if there is no memory for it. */
static bool add_part(struct gup_range *r, struct gup_piece *piece)
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

/* Addresses of the kernel are a part of their own, whatever is mapped there, such as [vsyscall]. */
static bool add_piece(struct gup_range *r, struct gup_piece *piece)
{
	struct gup_piece above = *piece;

	above.q.backing = GUP_BACKING_NONE;
	above.q.beyond_user = true;
	if (above.start < GUP_USER_TOP)
		above.start = GUP_USER_TOP;
	if (piece->end > GUP_USER_TOP)
		piece->end = GUP_USER_TOP;
	return add_part(r, piece) && add_part(r, &above);
}

static bool add_hole(struct gup_range *r, const struct gup_question *q, uint64_t start, uint64_t end)
{
	struct gup_piece hole = { .start = start, .end = end, .q = *q };

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

	for (; from[at] && at + 1 < size; at++) {
		to[at] = from[at];
		if ((unsigned char)from[at] < ' ' || from[at] == 0x7f)
			to[at] = '?';
	}
	to[at] = '\0';
}

static bool add_mapping(struct gup_range *r, const struct gup_question *q, const struct gup_map_line *map)
{
	struct gup_piece within = { .start = map->start, .q = *q }, past;
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
static long read_pieces(struct gup_range *r, const struct gup_question *q, struct gup_map_reader *reader)
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

int gup_find_pieces(struct gup_range *r, const struct gup_question *q)
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
