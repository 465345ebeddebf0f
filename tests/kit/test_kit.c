/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kit/test_kit.c - the kit's promises besides the recorder's mistakes: memory of each kind, what a sweep counts and
 * where it ends, what goes around a run.
 */
#include <stdlib.h>
#include <unistd.h>

#include "seen.h"

#define PAGE GUP_PAGE_SIZE

/* ---- memory ---- */

static uint64_t free_in(struct gup_machine *m, const char *name)
{
	struct gup_zone_info zone;
	unsigned int i;

	for (i = 0; !gup_zone_info(m, i, &zone); i++)
		if (!strcmp(zone.name, name))
			return zone.free_frames;
	return 0;
}

/* A large buffer lies where its kind says and borrows nothing of the area for the driver's own pages. */
static int large_buffer(struct gup_test *t)
{
	const uint64_t pages = 3000;
	uint64_t addr = gup_test_buffer(t, NULL, pages);
	struct gup_mm *other;

	assert_int_not_equal(addr, 0);
	assert_true(gup_test_expect(t, NULL, addr, pages * PAGE, 0));
	assert_int_equal(free_in(gup_test_machine(t), "kernel"), 1024);
	assert_int_equal(gup_mm_create(gup_test_machine(t), "other", &other), 0);
	addr = gup_test_buffer(t, other, 3);
	assert_true(gup_test_expect(t, other, addr, 3 * PAGE, 0));
	assert_int_equal(gup_copy_from_user(gup_test_mm(t), &(char){ 0 }, addr, 1), 1);
	gup_mm_destroy(other);
	return 0;
}

static void memory_of_each_kind(void **state)
{
	static const char *const names[] = { "anon", "2M", "cma", "movable", "16K", "shared", "dax", "read-only" };
	unsigned int i;

	(void)state;
	for (i = 0; i < GUP_TEST_NR_MEMORY; i++) {
		assert_string_equal(gup_test_memory_name(i), names[i]);
		seen_play(i, large_buffer);
		seen_nothing();
	}
	assert_null(gup_test_memory_name(GUP_TEST_NR_MEMORY));
}

static int buffer_too_large(struct gup_test *t)
{
	assert_int_equal(gup_test_buffer(t, NULL, 100000), 0);
	assert_int_equal(gup_test_buffer(t, NULL, 0), 0);
	return 0;
}

static void buffer_that_cannot_be(void **state)
{
	(void)state;
	seen_play(GUP_TEST_SHARED, buffer_too_large);
	assert_int_equal(nr_seen, 2);
	assert_string_equal(seen[0].text, "there is no buffer of 100000 pages of shared memory");
}

static int wrong_bytes(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 2), word = 0;

	assert_int_equal(gup_copy_to_user(gup_test_mm(t), addr + PAGE + 8, &word, 8), 0);
	assert_true(gup_test_expect(t, NULL, addr, PAGE + 8, 0));
	assert_false(gup_test_expect(t, NULL, addr, 2 * PAGE, 0));
	assert_false(gup_test_expect(t, NULL, addr, PAGE, 1));
	assert_false(gup_test_expect(t, NULL, 4096, PAGE, 0));
	return 0;
}

static void expectations(void **state)
{
	(void)state;
	seen_play(GUP_TEST_ANON, wrong_bytes);
	assert_int_equal(nr_seen, 3);
	assert_string_equal(seen[0].text,
			    "\"app\" reads 0x0000000000000000 at 0x40001008, and not the pattern of tag 0");
	assert_string_equal(seen[2].text, "\"app\" cannot read at 0x1000");
}

/* ---- sweeps ---- */

/* Steps of a recording: 2 allocations, 2 copies, a pin that may be short, 4 DMA mappings, a limit. */
#define STEPS 11

static void sweep_counts(void **state)
{
	struct gup_test_result result = seen_sweep(GUP_TEST_ANON, GUP_LINUX_6_12, NO_MISTAKE);

	(void)state;
	assert_int_equal(result.failures, STEPS);
	assert_int_equal(result.runs, 1 + 2 * STEPS + GUP_TEST_NR_FAIL_KINDS);
	assert_int_equal(result.findings, 0);
}

static unsigned int flags_for(enum gup_test_memory memory)
{
	if (memory == GUP_TEST_READONLY)
		return 0;
	return memory >= GUP_TEST_CMA && memory <= GUP_TEST_FOLIO ? GUP_WRITE | GUP_LONGTERM : GUP_WRITE;
}

/* Long-term pins move the pages first, which takes memory, for each folio at least once. */
static void sweep_each_kind_and_contract(void **state)
{
	unsigned int memory, contract;

	(void)state;
	for (memory = 0; memory < GUP_TEST_NR_MEMORY; memory++) {
		for (contract = 0; contract < GUP_NR_CONTRACTS; contract++) {
			struct gup_test_result result;

			if (contract == GUP_LINUX_5_2)
				continue; /* has no pins */
			recorder_flags = flags_for(memory);
			result = seen_sweep(memory, contract, NO_MISTAKE);
			seen_nothing();
			if (recorder_flags & GUP_LONGTERM)
				assert_true(result.failures >= STEPS + (memory == GUP_TEST_FOLIO ? 1 : PAGES));
			else
				assert_int_equal(result.failures, STEPS);
		}
	}
	recorder_flags = GUP_WRITE;
}

static int endless(struct gup_test *t)
{
	unsigned int i;

	for (i = 0; i < 1001; i++)
		gup_test_fails(t, GUP_TEST_FAIL_COPY);
	return 0;
}

static void sweep_has_an_end(void **state)
{
	struct gup_test_spec s = seen_spec(GUP_TEST_ANON);
	struct gup_test_result result;

	(void)state;
	seen_forget();
	assert_int_equal(gup_test_fail_each(&s, endless, &result), -GUP_ENOTRECOVERABLE);
	seen_one(GUP_TEST_FAILED, 1, "the sweep ends after copy failure 1000", "too long");
	assert_int_equal(result.failures, 1000);
}

/* The failure that was armed is still to come after the kit has worked; the fork's own allocation meets it. */
static int armed_buffer(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	struct gup_mm *child;
	uint64_t addr;

	gup_test_fail_alloc(m, 1);
	addr = gup_test_buffer(t, NULL, 8);
	assert_true(gup_test_expect(t, NULL, addr, 8 * PAGE, 0));
	assert_int_equal(gup_mm_fork(gup_test_mm(t), "child", &child), -GUP_ENOMEM);
	assert_int_equal(gup_test_fail_alloc(m, 0), 0);
	return 0;
}

static void buffers_are_not_made_to_fail(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < GUP_TEST_NR_MEMORY; i++) {
		seen_play(i, armed_buffer);
		seen_nothing();
	}
}

/* Goes wrong from the second time on, on another machine. */
static unsigned int times;

static int only_once(struct gup_test *t)
{
	(void)t;
	return times++ ? -EIO : 0;
}

static void runs_without_their_failure_count(void **state)
{
	struct gup_test_spec s = seen_spec(GUP_TEST_ANON);
	struct gup_test_result result;

	(void)state;
	seen_forget();
	times = 0;
	assert_int_equal(gup_test_fail_each(&s, only_once, &result), -GUP_ENOTRECOVERABLE);
	assert_int_equal(nr_seen, GUP_TEST_NR_FAIL_KINDS);
	assert_string_equal(seen[0].text, "the scenario returned -5");
}

/* A frame failure is named where it led to a finding: the child is forgotten, its memory is not. */
static int fork_and_forget(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 1);
	struct gup_mm *child;
	struct gup_page *page;

	if (!gup_mm_fork(gup_test_mm(t), "child", &child)) {
		gup_mm_destroy(child);
		return 0;
	}
	(void)gup_get_user_pages_fast(gup_test_mm(t), addr, 1, 0, &page);
	return -GUP_ENOMEM;
}

static void frame_failures_are_named(void **state)
{
	struct gup_test_spec s = seen_spec(GUP_TEST_ANON);
	struct gup_test_result result;

	(void)state;
	seen_forget();
	assert_int_equal(gup_test_fail_each(&s, fork_and_forget, &result), -GUP_ENOTRECOVERABLE);
	assert_true(result.failures > 2);
	assert_int_equal(nr_seen, result.failures);
	assert_non_null(strstr(seen[0].text, "1 get left, taken at test_kit.c:"));
	assert_non_null(strstr(seen[0].text, "(fork_and_forget), after frame failure 1"));
	assert_non_null(strstr(seen[1].text, "(fork_and_forget), after frame failure 2"));
}

/* ---- runs ---- */

static int break_machine(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 1);
	struct gup_page *page = gup_pfn_to_page(gup_test_machine(t), gup_user_pfn(gup_test_mm(t), addr));

	page->mapcount++;
	return 0;
}

static void broken_machine(void **state)
{
	(void)state;
	seen_play(GUP_TEST_ANON, break_machine);
	assert_int_equal(nr_seen, 1);
	assert_int_equal(seen[0].finding, GUP_TEST_BAD_CHECK);
	assert_non_null(strstr(seen[0].text, "machine check: "));
}

static unsigned int begun, ended;
static void *kept;

static int begin_that_takes(struct gup_test *t)
{
	begun++;
	kept = gup_test_alloc(t, 100, NULL);
	return 0;
}

static void end_that_frees(struct gup_test *t)
{
	ended++;
	gup_test_free(t, kept, NULL);
}

static int begin_that_fails(struct gup_test *t)
{
	(void)t;
	begun++;
	return -GUP_ENOMEM;
}

static int one_copy(struct gup_test *t)
{
	return gup_test_fails(t, GUP_TEST_FAIL_COPY) ? -GUP_EFAULT : 0;
}

/* Once around all that is played on a machine; what begin took stays for the second time. */
static void begin_and_end(void **state)
{
	struct gup_test_spec s = seen_spec(GUP_TEST_ANON);
	struct gup_test_result result;

	(void)state;
	seen_forget();
	s.begin = begin_that_takes;
	s.end = end_that_frees;
	begun = ended = 0;
	assert_int_equal(gup_test_fail_each(&s, one_copy, &result), 0);
	assert_int_equal(begun, 1 + 1 + GUP_TEST_NR_FAIL_KINDS);
	assert_int_equal(ended, begun);
	assert_int_equal(result.runs, begun + 1);
	s.end = NULL;
	assert_int_equal(gup_test_run(&s, one_copy, &result), -GUP_ENOTRECOVERABLE);
	seen_one(GUP_TEST_MEMORY_LEFT, 1, "1 allocation left", "");
	seen_forget();
	s.end = end_that_frees;
	s.begin = begin_that_fails;
	ended = 0;
	assert_int_equal(gup_test_run(&s, one_copy, &result), -GUP_ENOTRECOVERABLE);
	seen_one(GUP_TEST_FAILED, 1, "begin returned -12", "");
	assert_int_equal(ended, 0);
	assert_int_equal(result.runs, 0);
}

static int complain(struct gup_test *t)
{
	gup_test_complain(t, GUP_TEST_MISUSE, __builtin_return_address(0), "lock \"%s\" is held", "a");
	gup_test_complain(t, GUP_TEST_DEADLOCK, NULL, "nobody goes on");
	gup_test_fail(t, "%d of %d", 1, 2);
	return 0;
}

static void complaints(void **state)
{
	(void)state;
	seen_play(GUP_TEST_ANON, complain);
	assert_int_equal(nr_seen, 3);
	assert_int_equal(seen[0].finding, GUP_TEST_MISUSE);
	assert_non_null(strstr(seen[0].text, "lock \"a\" is held, at test.c:"));
	assert_int_equal(strncmp(seen[0].taken, "test.c:", 7), 0);
	assert_string_equal(seen[1].text, "nobody goes on");
	assert_string_equal(seen[2].text, "1 of 2");
}

static void wrong_arguments(void **state)
{
	struct gup_test_spec s = seen_spec(GUP_TEST_NR_MEMORY);
	struct gup_test_result result;

	(void)state;
	assert_int_equal(gup_test_run(&s, one_copy, &result), -GUP_EINVAL);
	assert_int_equal(gup_test_run(NULL, one_copy, &result), -GUP_EINVAL);
	s = seen_spec(GUP_TEST_ANON);
	assert_int_equal(gup_test_run(&s, NULL, &result), -GUP_EINVAL);
	assert_int_equal(gup_test_fail_each(&s, NULL, NULL), -GUP_EINVAL);
	s.contract = GUP_NR_CONTRACTS;
	assert_int_equal(gup_test_fail_each(&s, one_copy, NULL), -GUP_EINVAL);
	assert_null(gup_test_machine(NULL));
	assert_null(gup_test_mm(NULL));
	assert_null(gup_test_context(NULL));
}

static int forget_memory(struct gup_test *t)
{
	return gup_test_alloc(t, 10, NULL) ? 0 : -GUP_ENOMEM;
}

/* Without a function of its own a spec's reports go to stderr. */
static void reports_on_stderr(void **state)
{
	struct gup_test_spec s = { .name = "forgetful" };
	char line[200] = "";
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);

	(void)state;
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	gup_test_run(&s, forget_memory, NULL);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line, "forgetful: 1 allocation left, made at an unknown place\n");
	assert_null(fgets(line, sizeof(line), file));
	fclose(file);
}

/* ---- pins of an object ---- */

static unsigned int refused;

static int pin_of_an_object(struct gup_test *t)
{
	struct gup_page *folios[2];
	struct gup_object *object;
	uint64_t offset;
	long nr;

	if (gup_shm_create(gup_test_machine(t), 2 * PAGE, 0, &object))
		return -GUP_ENOMEM;
	nr = gup_memfd_pin_folios(object, 0, 2 * PAGE - 1, folios, 2, &offset);
	if (nr > 0)
		gup_unpin_folios(gup_test_machine(t), folios, (unsigned long)nr);
	else
		refused++;
	gup_object_put(object);
	return nr < 0 ? (int)nr : 0;
}

/* The form by file offset is made to fail as the others are: by what it needs, and as a whole. */
static void pins_of_an_object_fail(void **state)
{
	(void)state;
	refused = 0;
	assert_int_equal(gup_test_fail_each(&(struct gup_test_spec){ .name = "object" }, pin_of_an_object, NULL), 0);
	assert_true(refused > 2);
}

/* ---- every schedule with so many pre-emptions ---- */

static unsigned int steps_of_a, longest;
static uint64_t wanted;

static void three_steps(struct gup_test *t)
{
	(void)t;
	for (steps_of_a = 0; steps_of_a < 3; steps_of_a++)
		gup_test_point();
}

/* Only one order of all lets this see two steps of the other. */
static void three_looks(struct gup_test *t)
{
	unsigned int two_seen = 0, i;

	for (i = 0; i < 3; i++) {
		gup_test_look();
		two_seen += steps_of_a == i;
	}
	if (two_seen > longest)
		longest = two_seen;
	if (two_seen == wanted)
		gup_test_fail(t, "seen %u times", two_seen);
}

static uint64_t explored(unsigned int bound)
{
	struct gup_test_play play = { .actors = { { "a", three_steps }, { "b", three_looks } },
				      .explore = bound,
				      .count = 1 };
	struct gup_test_result result;

	gup_test_schedules(&(struct gup_test_spec){ .name = "explored" }, &play, &result);
	return result.runs - 1;
}

/* Two orders; in each the first one is stopped before one of its three steps, and then the other, and so on. */
static void schedules_are_counted(void **state)
{
	(void)state;
	wanted = 9;
	assert_int_equal(explored(1), 2 * (1 + 3));
	assert_int_equal(explored(2), 2 * (1 + 3 + 3 * 3));
	assert_int_equal(explored(3), 2 * (1 + 3 + 3 * 3 + 3 * (2 + 1 + 0)));
	assert_int_equal(gup_test_schedules(&(struct gup_test_spec){ .name = "too many" },
					    &(struct gup_test_play){ .explore = GUP_TEST_MAX_EXPLORE + 1 }, NULL),
			 -GUP_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schedules_are_counted),
		cmocka_unit_test(memory_of_each_kind),
		cmocka_unit_test(pins_of_an_object_fail),
		cmocka_unit_test(buffer_that_cannot_be),
		cmocka_unit_test(expectations),
		cmocka_unit_test(sweep_counts),
		cmocka_unit_test(sweep_each_kind_and_contract),
		cmocka_unit_test(sweep_has_an_end),
		cmocka_unit_test(buffers_are_not_made_to_fail),
		cmocka_unit_test(runs_without_their_failure_count),
		cmocka_unit_test(frame_failures_are_named),
		cmocka_unit_test(broken_machine),
		cmocka_unit_test(begin_and_end),
		cmocka_unit_test(complaints),
		cmocka_unit_test(wrong_arguments),
		cmocka_unit_test(reports_on_stderr),
	};

	return cmocka_run_group_tests_name("kit", tests, NULL, NULL);
}
