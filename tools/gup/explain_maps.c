/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_maps.c - /proc/PID/smaps, or maps where the kernel has no smaps, read mapping by mapping.
 *
 * A path goes to the end of its line and may contain anything but a newline, which the kernel writes as \012.
 */
#define _GNU_SOURCE
#include "explain_maps.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void copy_path(char *to, size_t size, const char *from)
{
	size_t at = 0;

	while (*from && *from != '\n' && at + 1 < size) {
		bool newline = !strncmp(from, "\\012", 4);

		to[at] = *from;
		if (newline)
			to[at] = '\n';
		at++;
		from += newline ? 4 : 1;
	}
	to[at] = '\0';
}

static bool parse_permissions(const char *text, struct gup_map_line *out)
{
	if (strspn(text, "rwxsp-") != 4 || (text[3] != 's' && text[3] != 'p'))
		return false;
	out->prot = (text[0] == 'r' ? GUP_PROT_READ : 0) | (text[1] == 'w' ? GUP_PROT_WRITE : 0) |
		    (text[2] == 'x' ? GUP_PROT_EXEC : 0);
	out->shared = text[3] == 's';
	return true;
}

bool gup_parse_map_line(const char *line, struct gup_map_line *out)
{
	char permissions[5] = "";
	int used = 0;

	memset(out, 0, sizeof(*out));
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 "%n", &out->start, &out->end,
		   permissions, &out->offset, &out->dev_major, &out->dev_minor, &out->inode, &used) != 7)
		return false;
	line += used;
	copy_path(out->path, sizeof(out->path), line + strspn(line, " "));
	return out->start < out->end && parse_permissions(permissions, out);
}

static unsigned int vm_flag(const char *word)
{
	if (!strncmp(word, "io", 2) || !strncmp(word, "pf", 2))
		return GUP_VMF_SPECIAL;
	if (!strncmp(word, "ht", 2))
		return GUP_VMF_HUGETLB;
	if (!strncmp(word, "ss", 2))
		return GUP_VMF_SHADOW_STACK;
	return strncmp(word, "mm", 2) ? 0 : GUP_VMF_MIXED;
}

bool gup_parse_vm_flags(const char *line, unsigned int *out)
{
	if (strncmp(line, "VmFlags:", 8) != 0)
		return false;
	*out = 0;
	for (line += 8; *line; line += strcspn(line, " ")) {
		line += strspn(line, " ");
		*out |= vm_flag(line);
	}
	return true;
}

bool gup_maps_open(struct gup_map_reader *reader, pid_t pid)
{
	char path[64];

	*reader = (struct gup_map_reader){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	reader->file = fopen(path, "re");
	if (reader->file)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	reader->file = fopen(path, "re");
	return reader->file != NULL;
}

static bool next_line(struct gup_map_reader *reader)
{
	reader->have_line = reader->have_line || getline(&reader->line, &reader->room, reader->file) > 0;
	return reader->have_line;
}

bool gup_maps_next(struct gup_map_reader *reader, struct gup_map_line *out)
{
	struct gup_map_line next;

	while (next_line(reader) && !gup_parse_map_line(reader->line, out))
		reader->have_line = false;
	if (!reader->have_line)
		return false;
	reader->have_line = false;
	while (next_line(reader) && !gup_parse_map_line(reader->line, &next)) {
		gup_parse_vm_flags(reader->line, &out->vm_flags);
		reader->have_line = false;
	}
	return true;
}

void gup_maps_close(struct gup_map_reader *reader)
{
	free(reader->line);
	fclose(reader->file);
}
