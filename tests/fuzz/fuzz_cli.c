/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/fuzz_cli.c - the target over the command line: an argument a line, then an empty line and the bytes of a file.
 *
 * The command line runs in this process, in a folder of its own with three names to give it: file, empty, directory. What
 * would take long or leave the process is replaced by the linker (the __wrap_ functions): acts, stages of bugs, exec.
 * The file's bytes are also read as mappings of a process, line by line.
 * Promised are the exit status, silence on the other stream, and one sentence for what the user must change.
 */
#define _GNU_SOURCE
#include "target.h"

#include "act.h"
#include "drv/play.h"
#include "explain_maps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_ARGUMENTS 8
#define MOST_BYTES 512

/* ---- what is not run ---- */

void __wrap_gup_act_dax(struct gup_show *show, bool rule, struct gup_verdict *verdict);
void __wrap_gup_act_cma(struct gup_show *show, bool rule, struct gup_verdict *verdict);
void __wrap_gup_act_fork(struct gup_show *show, bool rule, struct gup_verdict *verdict);
void __wrap_gup_act_driver(struct gup_show *show, bool rule, struct gup_verdict *verdict);
bool __wrap_gup_stage_open(struct gup_stage *stage, const struct gup_machine_config *config, const char *application);
void __wrap_gup_drv_replay(uint64_t schedule, struct gup_drv_outcome *out);
int __wrap_execv(const char *path, char *const argv[]);

static void act(struct gup_verdict *verdict)
{
	*verdict = (struct gup_verdict){ .as_expected = true, .check_ok = true };
}

void __wrap_gup_act_dax(struct gup_show *show, bool rule, struct gup_verdict *verdict)
{
	(void)show;
	(void)rule;
	act(verdict);
}

void __wrap_gup_act_cma(struct gup_show *show, bool rule, struct gup_verdict *verdict)
{
	(void)show;
	(void)rule;
	act(verdict);
}

void __wrap_gup_act_fork(struct gup_show *show, bool rule, struct gup_verdict *verdict)
{
	(void)show;
	(void)rule;
	act(verdict);
}

void __wrap_gup_act_driver(struct gup_show *show, bool rule, struct gup_verdict *verdict)
{
	(void)show;
	(void)rule;
	act(verdict);
}

/* So a bug ends with status 1. */
bool __wrap_gup_stage_open(struct gup_stage *stage, const struct gup_machine_config *config, const char *application)
{
	(void)config;
	(void)application;
	stage->m = NULL;
	return false;
}

void __wrap_gup_drv_replay(uint64_t schedule, struct gup_drv_outcome *out)
{
	(void)schedule;
	memset(out, 0, sizeof(*out));
}

int __wrap_execv(const char *path, char *const argv[])
{
	(void)path;
	(void)argv;
	errno = ENOENT;
	return -1;
}

/* ---- the folder ---- */

static char folder[] = "/tmp/gup-fuzz-XXXXXX";

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz_cli: %s\n", what);
	abort();
}

static void empty_folder(void)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir)))
		if (unlinkat(dirfd(dir), entry->d_name, 0))
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	if (dir)
		closedir(dir);
}

static void remove_folder(void)
{
	empty_folder();
	rmdir(folder);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(name, "we");

	must(file && fwrite(bytes, 1, size, file) == size && !fclose(file), "the folder cannot be written to");
}

static void fill_folder(const uint8_t *bytes, size_t size)
{
	static bool made;

	if (!made)
		must(mkdtemp(folder) && !atexit(remove_folder), "there is no place for a folder in /tmp");
	made = true;
	empty_folder();
	must(chdir(folder) == 0, "the folder is gone");
	write_file("file", bytes, size);
	write_file("empty", "", 0);
	must(mkdir("directory", 0700) == 0, "the folder cannot be filled");
}

/* ---- one input ---- */

struct outcome {
	int status;
	char *out, *err;
	size_t out_size, err_size;
};

static void run(int argc, char **argv, struct outcome *o)
{
	FILE *old_out = stdout, *old_err = stderr;

	stdout = open_memstream(&o->out, &o->out_size);
	stderr = open_memstream(&o->err, &o->err_size);
	optind = 0;
	o->status = gup_main(argc, argv);
	fclose(stdout);
	fclose(stderr);
	stdout = old_out;
	stderr = old_err;
}

static bool one_sentence(const struct outcome *o)
{
	return o->err_size > 1 && strchr(o->err, '\n') == o->err + o->err_size - 1 && o->err[o->err_size - 2] == '.';
}

static void check(const struct outcome *o)
{
	must(o->status == 0 || o->status == 1 || o->status == 2, "a status that is not documented");
	must(o->status != 0 || (o->out_size && !o->err_size), "status 0 with words on stderr, or without an answer");
	must(o->status != 1 || strstr(o->out, "NOT AS IT MUST BE") || strstr(o->out, "REFUSED: "),
	     "status 1 without saying why");
	must(o->status != 2 || (!o->out_size && one_sentence(o)), "status 2 without one sentence on stderr");
}

/* The bytes as lines of /proc/PID/smaps. */
static void parse_maps(const char *text)
{
	struct gup_map_line map;
	unsigned int flags = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		must(!gup_parse_map_line(text, &map) || map.start < map.end, "an empty mapping");
		must(!gup_parse_map_line(text, &map) || !gup_parse_vm_flags(text, &flags), "two things in one line");
	}
}

/* Lines up to an empty one. A '/' would lead out of the folder. Returns where the file begins. */
static size_t split(char *text, size_t size, char **argv, int *argc)
{
	size_t at = 0;

	while (at < size && text[at] != '\n' && *argc < MOST_ARGUMENTS) {
		argv[(*argc)++] = text + at;
		for (; at < size && text[at] != '\n'; at++)
			if (text[at] == '/' || text[at] == '\0')
				text[at] = '_';
		text[at++] = '\0';
	}
	return at < size ? at + 1 : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[] = "gup", text[MOST_BYTES + 2] = { 0 };
	char *argv[MOST_ARGUMENTS + 2] = { name };
	struct outcome outcome = { 0 };
	int argc = 1, here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t begin;

	size = size < MOST_BYTES ? size : MOST_BYTES;
	memcpy(text, data, size);
	begin = split(text, size, argv, &argc);
	fill_folder((const uint8_t *)text + begin, begin < size ? size - begin : 0);
	run(argc, argv, &outcome);
	check(&outcome);
	parse_maps(text + begin);
	must(fchdir(here) == 0 && close(here) == 0, "the way back is gone");
	free(outcome.out);
	free(outcome.err);
	return 0;
}
