/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/nomem/scenes_object.c - objects, their contents, subscriptions, and making a machine.
 */
#include "sweep.h"

static void drop_made(struct stage *s, int64_t result)
{
	if (result >= 0)
		gup_object_put(s->made);
}

static int64_t make_shm(struct stage *s)
{
	return gup_shm_create(s->w.m, NR * PAGE, 0, &s->made);
}

static int64_t make_secret(struct stage *s)
{
	return gup_secret_create(s->w.m, NR * PAGE, &s->made);
}

/* The first store allocates the frame, after tables and a node of the cache. */
static int64_t touch_secret(struct stage *s)
{
	uint8_t byte = 7;

	if (gup_copy_to_user(s->w.mm, FRESH, &byte, 1))
		return -GUP_ENOMEM;
	return app_peek(s->w.mm, FRESH);
}

static void map_secret(struct stage *s)
{
	struct gup_object *object;

	assert_int_equal(gup_secret_create(s->w.m, PAGE, &object), 0);
	map_shared(s->w.mm, FRESH, PAGE, object);
	gup_object_put(object);
}

static int64_t make_file(struct stage *s)
{
	static struct store store;

	store_init(&store);
	return store_file(s->w.m, &store, NR * PAGE, true, &s->made);
}

static int64_t make_pfnmap(struct stage *s)
{
	return gup_pfnmap_create(s->w.m, UINT64_C(1) << 30, PAGE, &s->made);
}

/* A block of the device counts as an allocation, too; a file that gets no large one takes small ones. */
static int64_t make_dax_file(struct stage *s)
{
	return gup_dax_file_create(s->w.m, PMEM, HUGE, &s->made);
}

static int64_t make_small_dax_file(struct stage *s)
{
	return gup_dax_file_create(s->w.m, PMEM, NR * PAGE, &s->made);
}

static void allocate(struct stage *s)
{
	assert_int_equal(gup_cma_alloc(s->w.m, CAMERA, PAGE, 0, PATIENT_NS, &s->pages[0], NULL), 0);
}

static int64_t make_cma_object(struct stage *s)
{
	return gup_cma_object(s->w.m, s->pages[0], PAGE, &s->made);
}

static void drop_cma_object(struct stage *s, int64_t result)
{
	if (result)
		return;
	gup_object_put(s->made);
	assert_int_equal(gup_cma_free(s->w.m, s->pages[0], PAGE), 0);
}

/* ---- contents ---- */

/* A page far behind the others makes the tree of the cache grow. */
#define FAR (HUGE - PAGE)

static int64_t write_far(struct stage *s)
{
	uint8_t buf[PAGE];
	int64_t ret;

	pattern_make(buf, FAR, PAGE, 3);
	ret = gup_object_write(s->object, FAR, buf, PAGE);
	if (ret < 0)
		return ret;
	memset(buf, 0, PAGE);
	assert_int_equal(gup_object_read(s->object, FAR, buf, PAGE), PAGE);
	assert_true(pattern_is(buf, FAR, PAGE, 3));
	return ret;
}

/* Neither allocates, so that whoever gives memory back can do so when there is none. */
static int64_t truncate(struct stage *s)
{
	assert_int_equal(gup_object_truncate(s->object, 2 * PAGE, PATIENT_NS, NULL), 0);
	s->tags[2] = s->tags[3] = UNKNOWN;
	assert_true(app_cannot_read(s->w.mm, BASE + 2 * PAGE));
	return 0;
}

static int64_t punch(struct stage *s)
{
	assert_int_equal(gup_object_punch(s->object, PAGE, PAGE, PATIENT_NS, NULL), 0);
	s->tags[1] = UNKNOWN;
	return 0;
}

/* To read a hole of a regular file takes a folio. */
static void read_hole(struct stage *s, int64_t result)
{
	uint8_t buf[PAGE];

	(void)result;
	assert_int_equal(gup_object_read(s->object, PAGE, buf, PAGE), PAGE);
	assert_true(all_zero(buf, PAGE));
}

/* Nor does this, under a pin. */
static int64_t sync(struct stage *s)
{
	assert_int_equal(pin_plain(s->w.mm, BASE, 1, GUP_WRITE, &s->held), 1);
	assert_int_equal(gup_file_sync(s->object, NULL), 0);
	assert_int_equal(gup_unpin_user_page(s->w.m, s->held), 0);
	assert_true(pattern_is(s->store->pages[0], BASE, PAGE, 1));
	return 0;
}

/* ---- subscriptions ---- */

static int64_t hear(struct stage *s)
{
	static const struct gup_notifier_ops ops = { .release = NULL };

	return gup_notifier_register(s->w.mm, &ops, NULL, &s->notifier);
}

static void do_not_hear(struct stage *s, int64_t result)
{
	if (result == 0)
		assert_int_equal(gup_notifier_unregister(s->notifier), 0);
}

static bool changed(void *context, struct gup_interval *interval, const struct gup_notifier_range *range, uint64_t seq)
{
	(void)context;
	(void)range;
	gup_interval_set_seq(interval, seq);
	return true;
}

static int64_t watch(struct stage *s)
{
	static const struct gup_interval_ops ops = { .invalidate = changed };

	return gup_interval_insert(s->w.mm, BASE, NR * PAGE, &ops, NULL, &s->interval);
}

static void do_not_watch(struct stage *s, int64_t result)
{
	if (result == 0)
		assert_int_equal(gup_interval_remove(s->interval), 0);
}

/* ---- a machine ---- */

static const struct gup_machine_config small = { .normal_bytes = 4 * MIB,
						 .dax = { { DRAM, 2 * MIB, GUP_DAX_DEVICE } } };

/* The first who opens a device makes its object; so this needs a machine of its own. */
static int64_t open_device(struct stage *s)
{
	struct gup_object *object;
	struct gup_machine *m;
	int64_t ret;

	assert_int_equal(gup_machine_create(&small, &m), 0);
	gup_test_fail_alloc(m, gup_test_fail_alloc(s->w.m, 0));
	ret = gup_devdax_open(m, DRAM, &object);
	gup_test_fail_alloc(s->w.m, gup_test_fail_alloc(m, 0));
	if (ret == 0)
		gup_object_put(object);
	assert_int_equal(gup_machine_check(m, NULL), 0);
	assert_int_equal(gup_machine_destroy(m), 0);
	return ret;
}

const struct scene scenes_object[] = {
	{ .name = "make shared memory", .kinds = ONCE, .act = make_shm, .undo = drop_made },
	{ .name = "make secret memory", .kinds = ONCE, .act = make_secret, .undo = drop_made },
	{ .name = "touch secret memory", .kinds = ONCE, .prepare = map_secret, .act = touch_secret, .success = 7 },
	{ .name = "make a file", .kinds = ONCE, .act = make_file, .undo = drop_made },
	{ .name = "make a range of registers", .kinds = ONCE, .act = make_pfnmap, .undo = drop_made },
	{ .name = "make a DAX file",
	  .kinds = ONCE,
	  .act = make_dax_file,
	  .undo = drop_made,
	  .other_error = -GUP_ENOSPC },
	{ .name = "make a small DAX file",
	  .kinds = ONCE,
	  .act = make_small_dax_file,
	  .undo = drop_made,
	  .other_error = -GUP_ENOSPC },
	{ .name = "make an object over frames",
	  .kinds = ONCE,
	  .prepare = allocate,
	  .act = make_cma_object,
	  .undo = drop_cma_object },
	{ .name = "open a device", .kinds = ONCE, .act = open_device },
	{ .name = "write far", .kinds = OBJECTS, .act = write_far, .success = PAGE, .other_error = -GUP_ENOSPC },
	{ .name = "truncate", .kinds = OBJECTS, .act = truncate, .takes_none = true },
	{ .name = "punch", .kinds = OBJECTS, .act = punch, .undo = read_hole, .takes_none = true },
	{ .name = "write back", .kinds = ON(REGULAR), .act = sync, .takes_none = true },
	{ .name = "register a notifier", .kinds = ONCE, .act = hear, .undo = do_not_hear },
	{ .name = "insert an interval", .kinds = ONCE, .act = watch, .undo = do_not_watch },
	{ .name = NULL },
};
