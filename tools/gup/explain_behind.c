/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_behind.c - what a mapping of a real process is a mapping of.
 *
 * The file system comes from /proc/PID/mountinfo by the device number in the line, so also for a deleted file; in a chroot,
 * where that may not name it, from the file. Memory that has no mounted file system is known by the name that the kernel
 * gives it. Size and DAX are asked of the file itself, which only works for who may open it.
 */
#define _GNU_SOURCE
#include "explain_maps.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define UNKNOWN_LENGTH "its length cannot be found out; pages past its end would be refused"

struct mount {
	char type[16];
	bool dax; /* all its files are */
};

static bool has_option(const char *options, const char *option)
{
	size_t length = strlen(option);
	const char *at = options;

	while ((at = strstr(at, option))) {
		if ((at == options || at[-1] == ',') && strchr(",\n", at[length]))
			return true;
		at += length;
	}
	return false;
}

/* After " - ": type, source, options of the file system. */
static bool parse_mount(const char *line, const struct gup_map_line *map, struct mount *out)
{
	unsigned int dev_major, dev_minor;
	const char *rest = strstr(line, " - ");
	char options[256] = "";

	if (sscanf(line, "%*d %*d %u:%u", &dev_major, &dev_minor) != 2 || dev_major != map->dev_major ||
	    dev_minor != map->dev_minor || !rest || sscanf(rest, " - %15s %*s %255s", out->type, options) < 1)
		return false;
	out->dax = has_option(options, "dax") || has_option(options, "dax=always");
	return true;
}

static bool find_mount(pid_t pid, const struct gup_map_line *map, struct mount *out)
{
	char path[64], *line = NULL;
	size_t room = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	file = fopen(path, "re");
	while (file && !found && getline(&line, &room, file) > 0)
		found = parse_mount(line, map, out);
	free(line);
	if (file)
		fclose(file);
	return found;
}

/* A file that the process has open: the only way to one without a name. */
static bool stat_open_file(pid_t pid, const struct gup_map_line *map, struct statx *out)
{
	char path[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir)))
		found = *entry->d_name != '.' && !statx(dirfd(dir), entry->d_name, 0, STATX_BASIC_STATS, out) &&
			out->stx_ino == map->inode && out->stx_dev_major == map->dev_major &&
			out->stx_dev_minor == map->dev_minor;
	if (dir)
		closedir(dir);
	return found;
}

/* A path to the mapped file: the kernel's own link, which needs privileges, or its name as the process sees it. */
static bool name_file(pid_t pid, const struct gup_map_line *map, char path[PATH_MAX + 64], struct statx *out)
{
	snprintf(path, PATH_MAX + 64, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, map->start, map->end);
	if (!statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, out))
		return true;
	snprintf(path, PATH_MAX + 64, "/proc/%d/root%s", (int)pid, map->path);
	return *map->path == '/' && !statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, out) && out->stx_ino == map->inode;
}

static bool stat_file(pid_t pid, const struct gup_map_line *map, struct statx *out)
{
	char path[PATH_MAX + 64];

	return name_file(pid, map, path, out) || stat_open_file(pid, map, out);
}

/* The file system by its magic number: of a mount that the process cannot see. */
static bool guess_mount(pid_t pid, const struct gup_map_line *map, struct mount *out)
{
	static const struct {
		long magic;
		const char *type;
	} known[] = {
		{ EXT4_SUPER_MAGIC, "ext4" }, { XFS_SUPER_MAGIC, "xfs" }, { BTRFS_SUPER_MAGIC, "btrfs" },
		{ F2FS_SUPER_MAGIC, "f2fs" }, { TMPFS_MAGIC, "tmpfs" },	  { OVERLAYFS_SUPER_MAGIC, "overlay" },
	};
	char path[PATH_MAX + 64];
	struct statx file;
	struct statfs fs;
	size_t i;

	if (!name_file(pid, map, path, &file) || statfs(path, &fs))
		return false;
	for (i = 0; i < sizeof(known) / sizeof(known[0]) && known[i].magic != fs.f_type; i++)
		;
	if (i == sizeof(known) / sizeof(known[0]))
		return false;
	*out = (struct mount){ .dax = false };
	snprintf(out->type, sizeof(out->type), "%s", known[i].type);
	return true;
}

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* No mounted file system has it: the kernel's own memory files. False if it is none of them. */
static bool by_name(const struct gup_map_line *map, struct gup_behind *out)
{
	if (starts_with(map->path, "/dev/zero") || starts_with(map->path, "[anon_shmem:"))
		out->backing = GUP_BACKING_SHARED_ANON;
	else if (starts_with(map->path, "/memfd:") || starts_with(map->path, "/SYSV"))
		out->backing = GUP_BACKING_MEMFD;
	else if (starts_with(map->path, "/secretmem"))
		out->backing = GUP_BACKING_SECRET;
	else if (starts_with(map->path, "anon_inode:"))
		out->backing = GUP_BACKING_DRIVER;
	else
		return false;
	return true;
}

static bool in_memory(const char *type)
{
	return !strcmp(type, "tmpfs") || !strcmp(type, "ramfs") || !strcmp(type, "rootfs");
}

static void by_file(const struct statx *file, const struct mount *mount, struct gup_behind *out)
{
	if (S_ISCHR(file->stx_mode)) {
		bool zero = file->stx_rdev_major == 1 && file->stx_rdev_minor == 5;

		out->backing = zero ? GUP_BACKING_ANON : GUP_BACKING_DRIVER;
		return;
	}
	if (S_ISREG(file->stx_mode))
		out->size = file->stx_size;
	if (file->stx_attributes & STATX_ATTR_DAX || mount->dax)
		out->backing = GUP_BACKING_FSDAX;
}

static void by_mount(pid_t pid, const struct gup_map_line *map, const struct mount *mount, struct gup_behind *out)
{
	struct statx file;

	snprintf(out->fs, sizeof(out->fs), "%s", mount->type);
	if (in_memory(mount->type))
		out->backing = GUP_BACKING_TMPFS;
	else if (mount->dax)
		out->backing = GUP_BACKING_FSDAX;
	if (stat_file(pid, map, &file))
		by_file(&file, mount, out);
	else if (out->backing == GUP_BACKING_FILE)
		out->unsure =
			"its file cannot be looked at: its length is not known, and it is taken for one without DAX";
	else
		out->unsure = UNKNOWN_LENGTH;
}

/* Files without a mounted file system, and those of hugetlbfs, are asked for their length only. */
static void find_length(pid_t pid, const struct gup_map_line *map, struct gup_behind *out)
{
	bool huge_file = out->backing == GUP_BACKING_HUGETLB && !starts_with(map->path, "/anon_hugepage");
	struct statx file;

	if (!huge_file && !starts_with(map->path, "/memfd:"))
		return;
	if (stat_file(pid, map, &file))
		out->size = file.stx_size;
	else
		out->unsure = UNKNOWN_LENGTH;
}

void gup_look_behind(pid_t pid, const struct gup_map_line *map, struct gup_behind *out)
{
	struct mount mount;

	*out = (struct gup_behind){ .backing = GUP_BACKING_FILE, .size = UINT64_MAX };
	if (map->vm_flags & GUP_VMF_SPECIAL || starts_with(map->path, "[vvar"))
		out->backing = GUP_BACKING_PFNMAP;
	else if (map->vm_flags & GUP_VMF_HUGETLB)
		out->backing = GUP_BACKING_HUGETLB;
	else if (!strcmp(map->path, "[vdso]"))
		out->backing = GUP_BACKING_DRIVER;
	else if (!map->inode)
		out->backing = GUP_BACKING_ANON;
	else if (find_mount(pid, map, &mount) || (!by_name(map, out) && guess_mount(pid, map, &mount)))
		by_mount(pid, map, &mount, out);
	else if (out->backing == GUP_BACKING_FILE)
		out->unsure = "its file system is mounted elsewhere; taken for one that writes back, such as ext4";
	if (out->backing == GUP_BACKING_HUGETLB || out->backing == GUP_BACKING_MEMFD)
		find_length(pid, map, out);
}
