/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/file_world.c - a world with one regular file.
 */
#include "file_world.h"

struct store store;

struct gup_object *begin_file_in(struct world *w, const struct world_spec *spec, uint64_t bytes, bool dirty_tracking)
{
	struct gup_object *file;
	unsigned int i;

	store_init(&store);
	for (i = 0; i < FILE_NR; i++)
		pattern_make(store.pages[i], BASE + i * PAGE, PAGE, 1);
	if (bytes < FILE_NR * PAGE)
		memset((uint8_t *)store.pages + bytes, 0, FILE_NR * PAGE - bytes);
	world_begin(w, spec);
	assert_int_equal(store_file(w->m, &store, bytes, dirty_tracking, &file), 0);
	map_shared(w->mm, BASE, FILE_NR * PAGE, file);
	return file;
}

struct gup_object *begin_file(struct world *w, uint64_t bytes, bool dirty_tracking)
{
	const struct world_spec spec = { .normal = 16, .contract = GUP_NATIVE, .track_holders = true };

	return begin_file_in(w, &spec, bytes, dirty_tracking);
}

void end_file(struct world *w, struct gup_object *file)
{
	check_rest(w->m, 0, 0);
	gup_object_put(file);
	world_end(w);
}

bool stored(unsigned int index, uint32_t tag)
{
	return pattern_is(store.pages[index], BASE + index * PAGE, PAGE, tag);
}

void file_fill(struct gup_object *file, unsigned int index, uint32_t tag)
{
	uint8_t buf[PAGE];

	pattern_make(buf, BASE + index * PAGE, PAGE, tag);
	assert_int_equal(gup_object_write(file, index * PAGE, buf, PAGE), PAGE);
}

void file_expect(struct gup_object *file, unsigned int index, uint32_t tag)
{
	uint8_t buf[PAGE];

	assert_int_equal(gup_object_read(file, index * PAGE, buf, PAGE), PAGE);
	assert_true(pattern_is(buf, BASE + index * PAGE, PAGE, tag));
}
