/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/source.h - the file whose bytes the demo's disk reads, and its SHA-256 as computed without libgup.
 */
#ifndef GUP_TOOL_SOURCE_H
#define GUP_TOOL_SOURCE_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct gup_source - a file
 * @path:  where it is
 * @size:  its size
 * @bytes: how much of it is used, from its start
 * @sha:   SHA-256 of these bytes
 */
struct gup_source {
	const char *path;
	uint64_t size;
	uint64_t bytes;
	uint8_t sha[SHA256_DIGEST_SIZE];
};

/**
 * gup_source_open() - look at a file and hash it
 * @source: receives what was found
 * @path:   the file, NULL for one that every machine has
 * @limit:  use no more than that many bytes
 *
 * Return: true; false after one sentence on stderr.
 */
bool gup_source_open(struct gup_source *source, const char *path, uint64_t limit);

/** gup_sha_text() - hexadecimal digits of a digest, @out has room for 65. Return: @out. */
char *gup_sha_text(const uint8_t sha[SHA256_DIGEST_SIZE], char out[2 * SHA256_DIGEST_SIZE + 1]);

#endif
