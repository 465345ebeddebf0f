/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/nomem/sites.c - which calls of the core have run out of memory, and which should have.
 *
 * The linker leads each call from one file of mm/ to another that can run out of memory through a wrapper here
 * (--wrap), which remembers the place of the call if it did. The source says which calls there are.
 */
#include <dirent.h>
#include <stdlib.h>

#include "sweep.h"

#include "internal.h"
#include "kit.h"
#include "radix.h"

#define MOST_SITES 128

bool sites_no_zero_page;

static const void *failed[MOST_SITES];
static unsigned int nr_failed;

static void remember(const void *site)
{
	unsigned int i;

	for (i = 0; i < nr_failed && failed[i] != site; i++)
		;
	assert_true(i < MOST_SITES);
	failed[i] = site;
	nr_failed += i == nr_failed;
}

/* Before the wrapper of a function: its real name, and what it returns when it fails. */
#define WRAP(type, name, parameters, arguments, is_failure)                                                            \
	type __real_##name parameters;                                                                                 \
	type __wrap_##name parameters;                                                                                 \
	type __wrap_##name parameters                                                                                  \
	{                                                                                                              \
		type ret = __real_##name arguments;                                                                    \
                                                                                                                       \
		if (is_failure)                                                                                        \
			remember(GUP_KIT_HERE);                                                                        \
		return ret;                                                                                            \
	}

WRAP(bool, gup_alloc_should_fail, (struct gup_machine * m), (m), ret)
WRAP(void *, gup_slab_alloc, (struct gup_machine * m, enum gup_slab_kind kind), (m, kind), !ret)
WRAP(u64, gup_frames_alloc, (struct gup_machine * m, unsigned int order, bool movable, enum gup_scope scope),
     (m, order, movable, scope), !ret)
WRAP(u64, gup_table_alloc, (struct gup_machine * m), (m), !ret)
WRAP(int, gup_pt_populate, (struct gup_mm * mm, u64 addr, unsigned int level, struct gup_slot *slot),
     (mm, addr, level, slot), ret)
WRAP(int, gup_split_huge, (struct gup_vma * vma, u64 addr), (vma, addr), ret)
WRAP(struct gup_vma *, gup_vma_new, (struct gup_mm * mm, const struct gup_vma *like), (mm, like), !ret)
WRAP(int, gup_vma_split, (struct gup_vma * vma, u64 addr), (vma, addr), ret)
WRAP(int, gup_radix_set, (struct gup_machine * m, struct gup_radix *r, u64 index, u64 value), (m, r, index, value), ret)
WRAP(struct gup_page *, gup_fault_new_page, (struct gup_fault * f, struct gup_page *from), (f, from), !ret)
WRAP(int, gup_object_new,
     (struct gup_machine * m, const struct gup_object_ops *ops, enum gup_object_kind kind, struct gup_zone *zone,
      struct gup_object **out),
     (m, ops, kind, zone, out), ret)

struct gup_page *__real_gup_folio_alloc(struct gup_machine *m, unsigned int order, enum gup_frame_kind kind,
					bool movable, enum gup_scope scope);
struct gup_page *__wrap_gup_folio_alloc(struct gup_machine *m, unsigned int order, enum gup_frame_kind kind,
					bool movable, enum gup_scope scope);
struct gup_page *__wrap_gup_folio_alloc(struct gup_machine *m, unsigned int order, enum gup_frame_kind kind,
					bool movable, enum gup_scope scope)
{
	struct gup_page *page = NULL;

	if (kind != GUP_FRAME_ZERO || !sites_no_zero_page)
		page = __real_gup_folio_alloc(m, order, kind, movable, scope);
	if (!page)
		remember(GUP_KIT_HERE);
	return page;
}

/* What is wrapped, and the file in which calls of it are not. */
static const struct {
	const char *call, *home;
} wrapped[] = {
	{ "gup_alloc_should_fail(", "zone.c" },
	{ "gup_slab_alloc(", "slab.c" },
	{ "gup_frames_alloc(", "zone.c" },
	{ "gup_table_alloc(", "pt_walk.c" },
	{ "gup_pt_populate(", "pt_walk.c" },
	{ "gup_split_huge(", "pt_map.c" },
	{ "gup_vma_new(", "vma.c" },
	{ "gup_vma_split(", "vma.c" },
	{ "gup_radix_set(", "radix.c" },
	{ "gup_fault_new_page(", "fault_anon.c" },
	{ "gup_object_new(", "object.c" },
	{ "gup_folio_alloc(", "page.c" },
};

/* A statement with such a call; a definition or prototype begins in the first column. "(void)" marks one that cannot. */
static bool is_site(const char *line, const char *file)
{
	for (size_t i = 0; i < ARRAY_LEN(wrapped); i++)
		if (line[0] == '\t' && strstr(line, wrapped[i].call) && strcmp(file, wrapped[i].home) != 0)
			return !strstr(line, "(void)");
	return false;
}

static bool has_failed(const char *file, unsigned int line)
{
	char place[512], site[GUP_KIT_SITE];

	snprintf(place, sizeof(place), "%s:%u (", file, line);
	for (unsigned int i = 0; i < nr_failed; i++)
		if (!strncmp(gup_kit_site(failed[i], site), place, strlen(place)))
			return true;
	return false;
}

/* The deterministic host has no windows: tests/scenario/test_mirror.c makes what is in there fail. */
static bool is_elsewhere(const char *file)
{
	return !strcmp(file, "mirror.c");
}

/* Sites of one file, and those that never failed. */
static void look_at_file(const char *path, const char *file, unsigned int *nr, unsigned int *missing)
{
	FILE *source = fopen(path, "re");
	unsigned int number = 0;
	char line[512];

	assert_non_null(source);
	while (fgets(line, sizeof(line), source)) {
		number++;
		if (!is_site(line, file))
			continue;
		++*nr;
		if (has_failed(file, number))
			continue;
		++*missing;
		print_error("never ran out of memory: %s:%u:%s", file, number, line);
	}
	fclose(source);
}

void sites_complete(const char *folder)
{
	unsigned int nr = 0, missing = 0;
	struct dirent *entry;
	DIR *dir = opendir(folder);
	char path[4096];

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const char *end = strrchr(entry->d_name, '.');

		if (!end || strcmp(end, ".c") != 0 || is_elsewhere(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		look_at_file(path, entry->d_name, &nr, &missing);
	}
	closedir(dir);
	print_message("%u calls of mm/ can run out of memory, %u never did\n", nr, missing);
	assert_true(nr > 20);
	assert_int_equal(missing, 0);
}
