/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_maps.h - a mapping of a real process: its line in /proc/PID/maps, and what is behind it.
 */
#ifndef GUP_EXPLAIN_MAPS_H
#define GUP_EXPLAIN_MAPS_H

#include "explain.h"

#include <limits.h>
#include <sys/types.h>

/* Of VmFlags in smaps, those that decide something here. */
#define GUP_VMF_SPECIAL 1u	/* io, pf: no page descriptors */
#define GUP_VMF_HUGETLB 2u	/* ht */
#define GUP_VMF_SHADOW_STACK 4u /* ss: not writable for others */
#define GUP_VMF_MIXED 8u	/* mm: a driver may have put frames without descriptors into it */

/**
 * struct gup_map_line - one mapping
 * @path: as the kernel writes it, "" if there is none; a newline in it is a newline again
 */
struct gup_map_line {
	uint64_t start;
	uint64_t end;
	unsigned int prot;
	bool shared;
	uint64_t offset;
	unsigned int dev_major;
	unsigned int dev_minor;
	uint64_t inode;
	char path[PATH_MAX];
	unsigned int vm_flags;
};

/** gup_parse_map_line() - a line of maps, or the first line of a mapping in smaps. Return: false if it is neither. */
bool gup_parse_map_line(const char *line, struct gup_map_line *out);

/** gup_parse_vm_flags() - the GUP_VMF_* of a "VmFlags:" line of smaps. Return: false if it is another line. */
bool gup_parse_vm_flags(const char *line, unsigned int *out);

/** struct gup_map_reader - the mappings of a process in order of their addresses. */
struct gup_map_reader {
	FILE *file;
	char *line;
	size_t room;
	bool have_line;
};

/** gup_maps_open() - Return: false with errno. */
bool gup_maps_open(struct gup_map_reader *reader, pid_t pid);

/** gup_maps_next() - Return: false after the last. */
bool gup_maps_next(struct gup_map_reader *reader, struct gup_map_line *out);

void gup_maps_close(struct gup_map_reader *reader);

/**
 * struct gup_behind - what is behind a mapping
 * @fs:         type of its file system, "" if it has none
 * @size:       bytes of the file; UINT64_MAX if that is not known or means nothing
 * @unsure:     a sentence about what could not be found out, or NULL
 */
struct gup_behind {
	enum gup_backing backing;
	char fs[16];
	uint64_t size;
	const char *unsure;
};

/** gup_look_behind() - what kind of memory @line of process @pid is. */
void gup_look_behind(pid_t pid, const struct gup_map_line *line, struct gup_behind *out);

#endif
