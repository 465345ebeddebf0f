/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/source.c - the demo's FILE: chosen, checked and hashed with plain reads, before libgup sees any of it.
 */
#include "source.h"

#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files of a Debian machine that are some MiB long; the last one is this program and always there. */
static const char *const usual_files[] = {
	"/usr/lib/x86_64-linux-gnu/libc.so.6",
	"/usr/lib/aarch64-linux-gnu/libc.so.6",
	"/usr/lib/riscv64-linux-gnu/libc.so.6",
	"/usr/bin/bash",
	"/proc/self/exe",
};

static const char *usual_file(void)
{
	size_t i = 0;

	while (i + 1 < sizeof(usual_files) / sizeof(usual_files[0]) && access(usual_files[i], R_OK))
		i++;
	return usual_files[i];
}

static int complain(const char *path, const char *what)
{
	return gup_usage_error("gup demo", "'%s' %s; name a regular file with some data that you may read.", path,
			       what);
}

/* Nothing wrong: 0. */
static int look(struct gup_source *source)
{
	struct stat st;

	if (stat(source->path, &st))
		return complain(source->path, errno == ENOENT ? "does not exist" : strerror(errno));
	if (S_ISDIR(st.st_mode))
		return complain(source->path, "is a directory");
	if (!S_ISREG(st.st_mode))
		return complain(source->path, "is not a regular file");
	if (st.st_size == 0)
		return complain(source->path, "is empty");
	source->size = (uint64_t)st.st_size;
	return 0;
}

static bool hash(struct gup_source *source, FILE *file)
{
	static uint8_t piece[1 << 16];
	struct sha256_ctx ctx;
	uint64_t left = source->bytes;

	sha256_init(&ctx);
	while (left) {
		size_t got = fread(piece, 1, left < sizeof(piece) ? left : sizeof(piece), file);

		if (!got)
			return false;
		sha256_update(&ctx, got, piece);
		left -= got;
	}
	sha256_digest(&ctx, sizeof(source->sha), source->sha);
	return true;
}

bool gup_source_open(struct gup_source *source, const char *path, uint64_t limit)
{
	FILE *file;
	bool ok;

	source->path = path ? path : usual_file();
	if (look(source))
		return false;
	source->bytes = source->size < limit ? source->size : limit;
	file = fopen(source->path, "re");
	if (!file) {
		complain(source->path, errno == EACCES ? "may not be read by you" : strerror(errno));
		return false;
	}
	ok = hash(source, file);
	fclose(file);
	if (!ok)
		complain(source->path, "could not be read to its end");
	return ok;
}

char *gup_sha_text(const uint8_t sha[SHA256_DIGEST_SIZE], char out[2 * SHA256_DIGEST_SIZE + 1])
{
	for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++)
		sprintf(out + 2 * i, "%02x", sha[i]);
	return out;
}
