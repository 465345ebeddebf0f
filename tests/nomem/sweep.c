/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/nomem/sweep.c - a fresh world for each failure, and what has to hold after it.
 *
 *	prepare, then the call with its n-th failure
 *	  it returns what its header promises; counts are exact; the buffer, and a child's, have what they had
 *	memory is there again
 *	  the same call succeeds; the world ends without a frame missing
 */
#include "sweep.h"

#define MOST 1000u /* failures of one scene on one kind of memory */
#define MOST_FREE 48u

/* Where memory runs out. */
enum way { ONE, ALL_AFTER, FULL, NR_WAYS };

static const struct {
	const char *name;
	struct world_spec spec;
} kinds[NR_KINDS] = {
	[ANON] = { "anon", { .normal = 6, .cma = 2, .dax = 2, .no_huge_pages = true } },
	[HUGE_ANON] = { "2M", { .normal = 8 } },
	[CMA] = { "cma", { .normal = 4, .cma = 8, .no_huge_pages = true } },
	[MOVABLE] = { "movable", { .normal = 4, .movable = 4, .no_huge_pages = true } },
	[SHARED] = { "shared", { .normal = 4, .no_huge_pages = true } },
	[HUGE_SHARED] = { "shared 2M", { .normal = 8, .no_huge_pages = true } },
	[DAX] = { "dax", { .normal = 4, .dax = 6, .no_huge_pages = true } },
	[REGULAR] = { "file", { .normal = 4, .no_huge_pages = true } },
	[READONLY] = { "read-only", { .normal = 4, .no_huge_pages = true } },
	[PRIVATE] = { "private", { .normal = 4, .no_huge_pages = true } },
	[HUGETLB] = { "hugetlb",
		      { .normal = 8, .movable = 4, .no_huge_pages = true, .hugetlb = 2, .hugetlb_movable = 1 } },
	[PRIVATE_HUGETLB] = { "private hugetlb",
			      { .normal = 8,
				.movable = 4,
				.no_huge_pages = true,
				.hugetlb = 2,
				.hugetlb_movable = 1 } },
};

/* ---- the buffer ---- */

/* One behind the buffer, and one behind what is mapped afresh. */
static struct store stores[2];

static struct gup_object *new_file(struct stage *s)
{
	struct store *store = &stores[s->object != NULL];
	struct gup_object *object;

	if (!s->object)
		s->store = store;
	store_init(store);
	assert_int_equal(store_file(s->w.m, store, HUGE, true, &object), 0);
	return object;
}

static struct gup_object *new_object(struct stage *s)
{
	struct gup_object *object;

	if (s->kind == REGULAR)
		return new_file(s);

	if (s->kind == DAX)
		return new_dax_file(&s->w, HUGE);
	if (!(ON(s->kind) & (OBJECTS | ON(PRIVATE) | ANY_HUGETLB)))
		return NULL;
	if (ON(s->kind) & ANY_HUGETLB) {
		assert_int_equal(gup_hugetlb_create(s->w.m, HUGE, &object), 0);
		return object;
	}
	assert_int_equal(gup_shm_create(s->w.m, HUGE, s->kind == HUGE_SHARED ? GUP_SHM_HUGE : 0, &object), 0);
	return object;
}

static void map_at(struct stage *s, uint64_t addr, struct gup_object *object)
{
	struct gup_map_request request = { .addr = addr, .length = HUGE, .prot = RW, .flags = SHARED_AT };

	if (!(ON(s->kind) & (OBJECTS | ON(HUGETLB))))
		request.flags = ANON_AT;
	request.object = object;
	assert_int_equal(gup_mmap(s->w.mm, &request), addr);
}

void map_fresh(struct stage *s)
{
	struct gup_object *object = new_object(s);

	map_at(s, FRESH, object);
	gup_object_put(object);
	if (s->kind == READONLY)
		assert_int_equal(gup_mprotect(s->w.mm, FRESH, HUGE, GUP_PROT_READ), 0);
}

static void buffer(struct stage *s)
{
	s->object = new_object(s);
	map_at(s, BASE, s->object);
	app_fill(s->w.mm, BASE, NR * PAGE, 1);
	for (unsigned int i = 0; i < NR; i++)
		s->tags[i] = 1;
	if (s->kind == READONLY)
		assert_int_equal(gup_mprotect(s->w.mm, BASE, HUGE, GUP_PROT_READ), 0);
}

static void buffer_is_as_it_was(struct stage *s)
{
	for (unsigned int i = 0; i < NR; i++)
		if (s->tags[i] != UNKNOWN)
			app_expect(s->w.mm, BASE + i * PAGE, PAGE, s->tags[i]);
	if (s->child)
		app_expect(s->child, BASE, NR * PAGE, 1);
}

/* ---- memory that runs out ---- */

/* Takes all that there is but @left frames. */
static struct gup_mm *hog(struct stage *s, uint64_t left)
{
	const uint64_t bytes = 64 * MIB;
	struct gup_mm *mm = world_mm(&s->w, "hog");
	uint64_t done = 0;
	uint8_t byte = 1;

	map_anon(mm, BASE, bytes);
	while (done < bytes && gup_copy_to_user(mm, BASE + done, &byte, 1) == 0)
		done += PAGE;
	assert_in_range(done, (left + 1) * PAGE, bytes - PAGE);
	assert_int_equal(gup_madvise(mm, BASE + done - left * PAGE, left * PAGE + PAGE, GUP_MADV_DONTNEED), 0);
	return mm;
}

/* The call, with failure @n of @way. Says whether anything has failed, as far as that is known. */
static int64_t act(struct stage *s, enum way way, uint64_t n, bool *out_fired)
{
	struct gup_mm *eater = NULL;
	int64_t result;

	if (way == FULL)
		eater = hog(s, n - 1);
	else
		gup_test_fail_alloc(s->w.m, way == ALL_AFTER ? n | GUP_TEST_ALL_AFTER : n);
	result = s->scene->act(s);
	*out_fired = !(gup_test_fail_alloc(s->w.m, 0) & ~GUP_TEST_ALL_AFTER);
	if (eater) {
		*out_fired = result != s->scene->success;
		world_exit(&s->w, eater);
	}
	return result;
}

/* ---- one failure ---- */

static bool is_error(const struct scene *scene, int64_t result)
{
	return !scene->loose && result != scene->success;
}

static void judge(struct stage *s, int64_t result, bool fired)
{
	const struct scene *scene = s->scene;

	if (!fired || scene->loose)
		assert_true(scene->loose ? result >= 0 : result == scene->success);
	if (is_error(scene, result))
		assert_true(result == -GUP_ENOMEM || (scene->other_error && result == scene->other_error) ||
			    (result > 0 && result < scene->success));
	if (scene->undo)
		scene->undo(s, result);
	check_rest(s->w.m, s->pins, s->gets);
	buffer_is_as_it_was(s);
}

static void once_more(struct stage *s)
{
	int64_t result = s->scene->act(s);

	assert_int_equal(result, s->scene->success);
	if (s->scene->undo)
		s->scene->undo(s, result);
	check_rest(s->w.m, s->pins, s->gets);
	buffer_is_as_it_was(s);
}

static void leave(struct stage *s)
{
	if (s->pins)
		assert_int_equal(gup_unpin_user_page(s->w.m, s->held), 0);
	if (s->gets)
		assert_int_equal(gup_put_page(s->w.m, s->held), 0);
	gup_object_put(s->object);
	world_end(&s->w);
}

/* True if something has failed. */
static bool play(const struct scene *scene, enum kind kind, enum way way, uint64_t n)
{
	struct stage s = { .scene = scene, .kind = kind };
	struct world_spec spec = kinds[kind].spec;
	int64_t result;
	bool fired;

	spec.contract = GUP_NATIVE;
	spec.track_holders = scene->track_holders;
	world_begin(&s.w, &spec);
	buffer(&s);
	if (scene->prepare)
		scene->prepare(&s);
	check_rest(s.w.m, s.pins, s.gets);
	result = act(&s, way, n, &fired);
	judge(&s, result, fired);
	if (is_error(scene, result))
		once_more(&s);
	leave(&s);
	return fired;
}

void sweep(const struct scene *scene)
{
	uint64_t n, failures = 0;
	enum kind kind;
	enum way way;

	for (kind = 0; kind < NR_KINDS; kind++) {
		for (way = 0; way < NR_WAYS && scene->kinds & ON(kind); way++) {
			const uint64_t most = way == FULL ? MOST_FREE : MOST;

			for (n = 1; n <= most && play(scene, kind, way, n); n++)
				failures++;
			if (n > most && way != FULL)
				fail_msg("%s on %s never ends", scene->name, kinds[kind].name);
		}
	}
	assert_true(scene->takes_none ? failures == 0 : failures > 0);
}
