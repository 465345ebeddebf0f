/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/calls.c - calls that several cases time. What they take goes to the place of its page in the world's array.
 */
#include "bench.h"

static unsigned long addr_at(const struct gup_bench_scene *scene, uint64_t at)
{
	return scene->world.addr + (at << GUP_PAGE_SHIFT);
}

long gup_bench_pin_fast(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	return gup_pin_user_pages_fast(scene->world.mm, addr_at(scene, at), (int)nr, GUP_WRITE,
				       scene->world.pages + at);
}

long gup_bench_pin_fast_longterm(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	return gup_pin_user_pages_fast(scene->world.mm, addr_at(scene, at), (int)nr, GUP_WRITE | GUP_LONGTERM,
				       scene->world.pages + at);
}

long gup_bench_pin_slow(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	return gup_pin_user_pages_unlocked(scene->world.mm, addr_at(scene, at), (unsigned long)nr, GUP_WRITE,
					   scene->world.pages + at);
}

long gup_bench_unpin(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	return gup_unpin_user_pages(scene->world.m, scene->world.pages + at, (unsigned long)nr) ? 0 : nr;
}

long gup_bench_raw_loop_pin(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	return gup_bench_raw_pin(&scene->raw, at, nr, scene->world.pages + at);
}

long gup_bench_raw_loop_unpin(struct gup_bench_scene *scene, uint64_t at, long nr)
{
	return gup_bench_raw_unpin(scene->world.pages + at, nr);
}
