/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/main.c - gup-bench RESULTS.csv [CASE...]: every case, or those named, one after the other, into a CSV file and
 * onto the screen; at last the targets.
 *
 * Exit status 0 only if every call did what its row says and nothing is left pinned. A target that is missed is no error,
 * and neither is a case that the host does not allow.
 */
#include "bench.h"

#include <string.h>

static const struct gup_bench_case *const cases[] = {
	&gup_bench_fast_4k,	  &gup_bench_fast_2m,	 &gup_bench_uring_4k,	&gup_bench_uring_2m,
	&gup_bench_extents,	  &gup_bench_pin_cache,	 &gup_bench_threads,	&gup_bench_populate,
	&gup_bench_fault_4k,	  &gup_bench_fault_2m,	 &gup_bench_mirror,	&gup_bench_fork,
	&gup_bench_fork_mirrored, &gup_bench_migrate_4k, &gup_bench_migrate_2m, &gup_bench_cma,
	&gup_bench_cma_mirrored,  &gup_bench_grow_64m,	 &gup_bench_grow_1g,	&gup_bench_grow_8g,
	&gup_bench_grow_64g,	  &gup_bench_vmas,	 &gup_bench_create,
};

enum gup_bench_open gup_bench_skip(const char *name, const char *why)
{
	printf("%s is skipped: %s.\n", name, why);
	return GUP_BENCH_SKIP;
}

static bool run_sizes(const struct gup_bench_case *c, struct gup_bench_scene *scene)
{
	struct gup_bench_result results[GUP_BENCH_SIDES_MOST];
	bool ok = true;
	size_t i;

	for (i = 0; ok && i < GUP_BENCH_SIZES && c->sizes[i]; i++) {
		scene->bytes = c->sizes[i];
		ok = gup_bench_measure(c, scene, results) && gup_bench_report(c, c->sizes[i], results);
	}
	return ok;
}

/* Whatever fails, nothing is kept. */
static bool run_case(const struct gup_bench_case *c)
{
	struct gup_bench_scene scene = { .fd = -1 };
	enum gup_bench_open open = c->open(c, &scene);
	bool ok = open == GUP_BENCH_SKIP || (open == GUP_BENCH_READY && run_sizes(c, &scene));

	if (c->close)
		ok &= c->close(&scene);
	gup_bench_raw_close(&scene.raw);
	gup_bench_host_close(&scene.host);
	return gup_bench_world_close(&scene.world) && ok;
}

static bool is_wanted(const struct gup_bench_case *c, int argc, char **argv)
{
	int i;

	for (i = 2; i < argc; i++)
		if (!strcmp(argv[i], c->name))
			return true;
	return argc == 2;
}

static bool is_a_case(const char *name)
{
	size_t i;

	for (i = 0; i < GUP_BENCH_NR(cases); i++)
		if (!strcmp(name, cases[i]->name))
			return true;
	fprintf(stderr, "gup-bench: there is no case \"%s\"\n", name);
	return false;
}

int main(int argc, char **argv)
{
	bool ok = true;
	size_t i;

	if (argc < 2) {
		fputs("usage: gup-bench RESULTS.csv [CASE...]\n", stderr);
		return 2;
	}
	for (i = 2; i < (size_t)argc; i++)
		if (!is_a_case(argv[i]))
			return 2;
	if (!gup_bench_csv_open(argv[1])) {
		fprintf(stderr, "gup-bench: cannot write %s; name a file in a folder that you may write to\n", argv[1]);
		return 2;
	}
	if (!gup_bench_run_on(0))
		puts("The threads could not be bound to processors; the figures may jump.");
	for (i = 0; ok && i < GUP_BENCH_NR(cases); i++)
		ok = !is_wanted(cases[i], argc, argv) || run_case(cases[i]);
	if (ok)
		gup_bench_targets(argc == 2);
	ok &= gup_bench_csv_close(argv[1]);
	return ok ? 0 : 1;
}
