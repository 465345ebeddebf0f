/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/replay.c - runs a target on files and on all files of folders, without a fuzzer: the corpus as a test.
 *
 * Each input is named before it runs, so the last name is the one that failed.
 */
#define _GNU_SOURCE
#include "target.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_BYTES (1u << 16)

static unsigned int inputs;

static void run_file(const char *path)
{
	static uint8_t bytes[MOST_BYTES];
	FILE *file = fopen(path, "re");
	size_t size;

	if (!file) {
		fprintf(stderr, "'%s' cannot be read: %s; name files or folders of inputs.\n", path, strerror(errno));
		exit(2);
	}
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	printf("input %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(bytes, size);
	inputs++;
}

static void run_folder(const char *path)
{
	struct dirent **entries;
	int nr = scandir(path, &entries, NULL, alphasort);
	char name[4096];

	for (int i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			run_file(name);
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
}

int main(int argc, char **argv)
{
	struct stat st;

	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			run_folder(argv[i]);
		else
			run_file(argv[i]);
	}
	if (!inputs) {
		fprintf(stderr, "no input was named or found; name files or folders of inputs.\n");
		return 2;
	}
	printf("%u inputs ran\n", inputs);
	return 0;
}
