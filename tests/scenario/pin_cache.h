/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/pin_cache.h - an application with a pin cache, and a device that uses what a get gives.
 *
 * The device writes through the pin of each get, and the application must see it; then both look at the counts of pins.
 */
#ifndef PIN_CACHE_TEST_H
#define PIN_CACHE_TEST_H

#include "world.h"

#define SPEC                                                                                                           \
	{                                                                                                              \
		.normal = 24                                                                                           \
	}
#define BYTES (4 * PAGE)
#define NR 4u /* pages of BYTES */

struct bench {
	struct world w;
	struct gup_pin_cache *cache;
	uint64_t pins; /* that the machine must hold */
	uint32_t tag;
};

static inline void open_cache(struct bench *b, uint64_t pins, uint64_t pages)
{
	const struct gup_pin_cache_config config = { pins, pages };

	assert_int_equal(gup_pin_cache_create(b->w.mm, &config, &b->cache), 0);
}

static inline void begin_on(struct bench *b, const struct world_spec *spec, uint64_t pins, uint64_t pages)
{
	memset(b, 0, sizeof(*b));
	world_begin(&b->w, spec);
	map_anon(b->w.mm, BASE, 16 * BYTES);
	app_fill(b->w.mm, BASE, 16 * BYTES, 1);
	open_cache(b, pins, pages);
	b->tag = 100;
}

static inline void begin(struct bench *b, uint64_t pins, uint64_t pages)
{
	begin_on(b, &(struct world_spec)SPEC, pins, pages);
}

static inline void holds(struct bench *b, uint64_t pages)
{
	check_rest(b->w.m, pages, 0);
	assert_int_equal(gup_mm_pinned(b->w.mm), pages);
}

static inline void finish(struct bench *b)
{
	assert_int_equal(gup_pin_cache_destroy(b->cache), 0);
	holds(b, 0);
	world_end(&b->w);
}

static inline struct gup_request request_of(uint64_t addr, unsigned int flags)
{
	return (struct gup_request){ .addr = addr, .bytes = BYTES, .flags = flags };
}

static inline const struct gup_pin *get_as(struct bench *b, const struct gup_request *request)
{
	struct gup_why why = { .error = 1 };
	const struct gup_pin *pin = NULL;

	assert_int_equal(gup_pin_cache_get(b->cache, request, &pin, &why), 0);
	assert_int_equal(why.error, 0);
	assert_int_equal(why.rule, GUP_RULE_NONE);
	assert_int_equal(gup_pin_bytes(pin), request->bytes);
	return pin;
}

static inline const struct gup_pin *get(struct bench *b, uint64_t addr)
{
	const struct gup_request request = request_of(addr, GUP_WRITE);

	return get_as(b, &request);
}

static inline int get_error(struct bench *b, const struct gup_request *request, enum gup_rule rule)
{
	struct gup_why why = { .error = 1 };
	const struct gup_pin *pin = NULL;
	int err = gup_pin_cache_get(b->cache, request, &pin, &why);

	assert_null(pin);
	assert_int_equal(why.error, err);
	assert_int_equal(why.rule, rule);
	assert_int_equal(gup_pin_cache_get(b->cache, request, &pin, NULL), err);
	return err;
}

static inline void put(struct bench *b, const struct gup_pin *pin)
{
	assert_int_equal(gup_pin_cache_put(b->cache, pin, false), 0);
}

/* The device writes a new pattern over all of @pin, which begins at @addr. */
static inline void device_writes(struct bench *b, const struct gup_pin *pin, uint64_t addr)
{
	struct gup_extent_iter it = { .pin = pin };
	struct gup_extent e;
	uint64_t done = 0;

	b->tag++;
	while (gup_pin_next_extent(&it, &e))
		for (uint64_t at = 0; at < e.bytes; at += PAGE, done += PAGE)
			device_fill(b->w.m, e.page + at / PAGE, addr + done, b->tag);
	assert_int_equal(done, gup_pin_bytes(pin));
}

/* And the application reads it. */
static inline void works(struct bench *b, const struct gup_pin *pin, uint64_t addr)
{
	device_writes(b, pin, addr);
	app_expect(b->w.mm, addr, BYTES, b->tag);
}

static inline void with_dontneed(struct bench *b)
{
	assert_int_equal(gup_madvise(b->w.mm, BASE + 3 * PAGE, PAGE, GUP_MADV_DONTNEED), 0);
}

#endif
