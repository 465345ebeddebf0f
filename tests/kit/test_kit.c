/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kit/test_kit.c - the kit's promises besides the recorder's mistakes: memory of each kind, what a sweep counts,
 * what covers a frame, what goes when the machine does.
 */
#include <stdlib.h>
#include <unistd.h>

#include "seen.h"

#define PAGE GUP_PAGE_SIZE
#define RW (GUP_PROT_READ | GUP_PROT_WRITE)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct gup_test_spec spec(enum gup_test_memory memory)
{
	return (struct gup_test_spec){ .name = "kit", .memory = memory, .report = seen_report };
}

/* Play once; the reports are in seen[]. */
static void play(enum gup_test_memory memory, gup_test_scenario scenario)
{
	struct gup_test_spec s = spec(memory);
	struct gup_test_result result;
	int returned;

	seen_forget();
	returned = gup_test_run(&s, scenario, &result);
	assert_int_equal(returned, nr_seen ? -GUP_ENOTRECOVERABLE : 0);
	assert_int_equal(result.findings, nr_seen);
	assert_int_equal(result.runs, 1);
}

/* The one report, but for numbers and sites. */
static void one_report(enum gup_test_finding finding, uint64_t count, const char *begins, const char *contains)
{
	if (nr_seen != 1)
		fail_msg("%u reports, first: %s", nr_seen, nr_seen ? seen[0].text : "");
	if (strncmp(seen[0].text, begins, strlen(begins)) != 0 || !strstr(seen[0].text, contains))
		fail_msg("expected: %s ... %s\nreported: %s", begins, contains, seen[0].text);
	assert_int_equal(seen[0].finding, finding);
	assert_int_equal(seen[0].count, count);
}

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
	static const char *const names[] = { "anon", "2M", "cma", "movable", "shared", "dax", "read-only" };
	unsigned int i;

	(void)state;
	for (i = 0; i < GUP_TEST_NR_MEMORY; i++) {
		assert_string_equal(gup_test_memory_name(i), names[i]);
		play(i, large_buffer);
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
	play(GUP_TEST_SHARED, buffer_too_large);
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
	play(GUP_TEST_ANON, wrong_bytes);
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
	return memory == GUP_TEST_CMA || memory == GUP_TEST_MOVABLE ? GUP_WRITE | GUP_LONGTERM : GUP_WRITE;
}

/* Long-term pins move the pages first, which takes frames, one for each page at least. */
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
				assert_true(result.failures >= STEPS + PAGES);
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
	struct gup_test_spec s = spec(GUP_TEST_ANON);
	struct gup_test_result result;

	(void)state;
	seen_forget();
	assert_int_equal(gup_test_fail_each(&s, endless, &result), -GUP_ENOTRECOVERABLE);
	one_report(GUP_TEST_FAILED, 1, "the sweep ends after copy failure 1000", "too long");
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
		play(i, armed_buffer);
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
	struct gup_test_spec s = spec(GUP_TEST_ANON);
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
	struct gup_test_spec s = spec(GUP_TEST_ANON);
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

/* ---- all forms of taking ---- */

/* One page each, by every form, forgotten. */
static int forget_all(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 1);
	struct gup_request request = { .addr = addr, .bytes = PAGE, .flags = GUP_WRITE };
	struct gup_mm *mm = gup_test_mm(t);
	struct gup_page *page;
	struct gup_call call = { .start = addr, .nr_pages = 1, .flags = GUP_WRITE, .pages = &page };
	struct gup_pin *pin;

	for (call.entry = 0; call.entry < GUP_NR_ENTRIES; call.entry++) {
		int locked = 1;
		bool takes_lock = !strstr(gup_entry_name(call.entry), "_unlocked") &&
				  !strstr(gup_entry_name(call.entry), "_fast");

		call.locked = strstr(gup_entry_name(call.entry), "_locked") ? &locked : NULL;
		if (takes_lock)
			gup_mmap_read_lock(mm);
		assert_int_equal(gup_user_pages(mm, &call, NULL), 1);
		if (takes_lock && locked)
			gup_mmap_read_unlock(mm);
	}
	assert_int_equal(gup_pin(mm, &request, &pin, NULL), 0);
	return 0;
}

static void every_form_is_seen(void **state)
{
	struct gup_test_spec s = spec(GUP_TEST_ANON);
	uint64_t gets = 0, pins = 0;
	unsigned int i;

	(void)state;
	seen_forget();
	s.contract = GUP_NATIVE; /* has all of them */
	assert_int_equal(gup_test_run(&s, forget_all, NULL), -GUP_ENOTRECOVERABLE);
	assert_int_equal(nr_seen, 3);
	for (i = 0; i < nr_seen; i++) {
		assert_int_equal(seen[i].finding, GUP_TEST_PIN_LEFT);
		assert_non_null(strstr(seen[i].taken, "(forget_all)"));
		if (strstr(seen[i].text, " get"))
			gets += seen[i].count;
		else
			pins += seen[i].count;
	}
	assert_int_equal(gets, 6);
	assert_int_equal(pins, 6 + 1);
}

static unsigned int refused;

static int own_form(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 3);
	struct gup_request request = { .addr = addr, .bytes = 3 * PAGE, .flags = GUP_WRITE };
	struct gup_extent_iter it = { .pin = NULL };
	struct gup_extent extent;
	struct gup_pin *pin;
	int err = gup_pin(gup_test_mm(t), &request, &pin, NULL);

	refused += err == -GUP_EFAULT;
	if (err)
		return err;
	it.pin = pin;
	gup_pin_next_extent(&it, &extent);
	if (gup_test_context(t))
		gup_unpin_user_page(gup_test_machine(t), extent.page);
	return gup_unpin(pin, true) && !gup_test_context(t) ? -GUP_EINVAL : 0;
}

static void own_form_is_whole(void **state)
{
	struct gup_test_spec s = spec(GUP_TEST_ANON);
	struct gup_test_result result;

	(void)state;
	seen_forget();
	refused = 0;
	assert_int_equal(gup_test_fail_each(&s, own_form, &result), 0);
	seen_nothing();
	assert_int_equal(refused, 1); /* and never short */
	s.context = &s;		      /* somebody releases a page of the pin */
	assert_int_equal(gup_test_run(&s, own_form, &result), -GUP_ENOTRECOVERABLE);
	one_report(GUP_TEST_BAD_RELEASE, 1, "unpin at test_kit.c:", ", which no pin holds: pinned at test_kit.c:");
	assert_non_null(strstr(seen[0].text, ", unpinned at test_kit.c:"));
}

/* The first page is there without a lock, the second has to move: if that fails, both are given back. */
static int both_or_none(struct gup_test *t)
{
	const unsigned int flags = GUP_WRITE | GUP_LONGTERM;
	uint64_t addr = gup_test_buffer(t, NULL, 2);
	struct gup_mm *mm = gup_test_mm(t);
	struct gup_page *pages[2];
	int nr = gup_pin_user_pages_fast(mm, addr, 1, flags, pages);

	if (nr > 0)
		gup_unpin_user_page(gup_test_machine(t), pages[0]);
	if (nr > 0)
		nr = gup_pin_user_pages_fast(mm, addr, 2, flags, pages);
	if (nr > 0)
		gup_unpin_user_pages(gup_test_machine(t), pages, (unsigned long)nr);
	refused += nr == -GUP_ENOMEM;
	return nr < 0 ? nr : 0;
}

static void dropped_pages_are_released(void **state)
{
	struct gup_test_spec s = spec(GUP_TEST_MOVABLE);
	struct gup_test_result result;

	(void)state;
	seen_forget();
	refused = 0;
	s.contract = GUP_NATIVE;
	assert_int_equal(gup_test_fail_each(&s, both_or_none, &result), 0);
	seen_nothing();
	assert_true(refused >= 2);
}

/* Counts are the folio's: whoever releases as often as he pinned, through whichever page, has released all. */
static int release_by_head(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 4);
	struct gup_page *pages[4];
	unsigned int i;

	assert_int_equal(gup_pin_user_pages_fast(gup_test_mm(t), addr, 4, GUP_WRITE, pages), 4);
	for (i = 0; i < 4; i++)
		gup_unpin_user_page(gup_test_machine(t), pages[0]);
	return 0;
}

static void folio_is_released_by_its_head(void **state)
{
	(void)state;
	play(GUP_TEST_HUGE, release_by_head);
	seen_nothing();
	play(GUP_TEST_ANON, release_by_head);
	assert_int_equal(nr_seen, 2);
	assert_int_equal(seen[0].finding, GUP_TEST_BAD_RELEASE);
	assert_int_equal(seen[0].count, 3);
	assert_int_equal(seen[1].finding, GUP_TEST_PIN_LEFT);
	assert_int_equal(seen[1].count, 3);
}

static int release_nothing(struct gup_test *t)
{
	struct gup_page *page = NULL;

	gup_unpin_user_page(gup_test_machine(t), NULL);
	gup_put_pages(gup_test_machine(t), &page, 1);
	return 0;
}

static void release_of_no_page(void **state)
{
	(void)state;
	play(GUP_TEST_ANON, release_nothing);
	assert_int_equal(nr_seen, 2);
	assert_non_null(strstr(seen[0].text, " of no page of the machine, which no pin holds"));
	assert_non_null(strstr(seen[1].text, " of no page of the machine, which no get holds"));
}

/* ---- what covers a frame ---- */

static struct gup_page *pin_one(struct gup_test *t, uint64_t addr)
{
	struct gup_page *page = NULL;

	assert_int_equal(gup_pin_user_pages_fast(gup_test_mm(t), addr, 1, GUP_WRITE, &page), 1);
	return page;
}

/* Two pins; one is enough. After the second, a third does not make it good again. */
static int cover_of_two(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	uint64_t addr = gup_test_buffer(t, NULL, 1), dma, word = 1, app = 0;
	struct gup_page *page = pin_one(t, addr);

	dma = gup_test_dma_map(t, page, 8, 8, true);
	assert_int_equal(dma & (PAGE - 1), 8);
	assert_ptr_equal(pin_one(t, addr), page);
	gup_unpin_user_page(m, page);
	assert_int_equal(gup_test_dma_write(t, dma, &word, 8), 0);
	gup_unpin_user_page(m, page);
	assert_ptr_equal(pin_one(t, addr), page);
	word = 2;
	assert_int_equal(gup_test_dma_write(t, dma, &word, 8), -GUP_EFAULT);
	assert_int_equal(gup_copy_from_user(gup_test_mm(t), &app, addr + 8, 8), 0);
	assert_int_equal(app, 1); /* it was not carried out */
	assert_int_equal(gup_test_dma_unmap(t, dma, 8), 0);
	gup_unpin_user_page(m, page);
	return 0;
}

static void cover_is_the_last_pin(void **state)
{
	(void)state;
	play(GUP_TEST_ANON, cover_of_two);
	one_report(GUP_TEST_STALE_DMA, 1, "device wrote to pfn ", ", now owned by \"app\"");
}

static int cover_of_a_get(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	uint64_t addr = gup_test_buffer(t, NULL, 2), dma, data[2 * 512];
	struct gup_page *pages[2];

	assert_int_equal(gup_get_user_pages_fast(gup_test_mm(t), addr, 2, 0, pages), 2);
	assert_ptr_equal(pages[1], pages[0] + 1);
	dma = gup_test_dma_map(t, pages[0], 0, 2 * PAGE, false);
	assert_int_equal(gup_test_dma_read(t, dma, data, sizeof(data)), 0);
	gup_put_page(m, pages[1]);
	assert_int_equal(gup_test_dma_read(t, dma, data, PAGE), 0);
	gup_munmap(gup_test_mm(t), addr, GUP_HUGE_SIZE);
	assert_int_equal(gup_test_dma_read(t, dma, data, sizeof(data)), -GUP_EFAULT);
	gup_put_page(m, pages[0]);
	assert_int_equal(gup_test_dma_read(t, dma, data, sizeof(data)), -GUP_EFAULT);
	return gup_test_dma_unmap(t, dma, 2 * PAGE);
}

static void cover_of_gets(void **state)
{
	(void)state;
	play(GUP_TEST_HUGE, cover_of_a_get);
	assert_int_equal(nr_seen, 2);
	assert_int_equal(seen[0].count, 1);
	assert_non_null(strstr(seen[0].text, ", got at test_kit.c:"));
	assert_non_null(strstr(seen[0].text, ", put at test_kit.c:"));
	assert_int_equal(seen[1].count, 2);
	assert_non_null(strstr(seen[1].text, " and 1 more, got at "));
	assert_non_null(strstr(seen[1].text, ", now free"));
}

static int cover_of_an_allocation(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	struct gup_page *page;
	uint64_t dma, word = 1;

	assert_int_equal(gup_cma_alloc(m, "kernel", PAGE, 0, 0, &page, NULL), 0);
	dma = gup_test_dma_map(t, page, 0, PAGE, true);
	assert_int_equal(gup_test_dma_write(t, dma, &word, 8), 0);
	gup_cma_free(m, page, PAGE);
	assert_int_equal(gup_test_dma_write(t, dma, &word, 8), -GUP_EFAULT);
	return gup_test_dma_unmap(t, dma, PAGE);
}

static int no_cover(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 1), dma, word = 1;
	struct gup_page *page = gup_pfn_to_page(gup_test_machine(t), gup_user_pfn(gup_test_mm(t), addr));

	dma = gup_test_dma_map(t, page, 0, PAGE, true);
	assert_int_equal(gup_test_dma_write(t, dma, &word, 8), -GUP_EFAULT);
	return gup_test_dma_unmap(t, dma, PAGE);
}

static void cover_without_pins(void **state)
{
	(void)state;
	play(GUP_TEST_ANON, cover_of_an_allocation);
	one_report(GUP_TEST_STALE_DMA, 1, "device wrote to pfn ", "), now free");
	assert_non_null(strstr(seen[0].text, ", allocated when it was mapped at test_kit.c:"));
	play(GUP_TEST_ANON, no_cover);
	one_report(GUP_TEST_STALE_DMA, 1, "device wrote to pfn ", ", which nobody held when it was mapped at ");
}

static int zero_page(struct gup_test *t)
{
	const struct gup_map_request request = { .length = PAGE, .prot = RW, .flags = GUP_MAP_PRIVATE };
	uint64_t addr = (uint64_t)gup_mmap(gup_test_mm(t), &request), dma, word = 1;
	struct gup_page *page;

	assert_int_equal(gup_pin_user_pages_fast(gup_test_mm(t), addr, 1, 0, &page), 1);
	dma = gup_test_dma_map(t, page, 0, PAGE, true);
	assert_int_equal(gup_test_dma_read(t, dma, &word, 8), 0);
	assert_int_equal(word, 0);
	assert_int_equal(gup_test_dma_write(t, dma, &word, 8), -GUP_EFAULT);
	gup_unpin_user_page(gup_test_machine(t), page);
	assert_int_equal(gup_test_dma_read(t, dma, &word, 8), 0);
	return gup_test_dma_unmap(t, dma, PAGE);
}

static void zero_page_is_read_only(void **state)
{
	(void)state;
	play(GUP_TEST_ANON, zero_page);
	one_report(GUP_TEST_NO_MAPPING, 1, "device wrote 8 bytes to DMA address 0x", "which is the zero page");
}

static int map_what_is_not_there(struct gup_test *t)
{
	struct gup_page *last = gup_pfn_to_page(gup_test_machine(t), 512 + 7 * 1024 - 1);

	assert_non_null(last);
	assert_null(gup_pfn_to_page(gup_test_machine(t), 512 + 7 * 1024));
	assert_true(gup_test_dma_map(t, NULL, 0, 1, true) == GUP_TEST_DMA_ERROR);
	assert_true(gup_test_dma_map(t, last, 0, PAGE + 1, true) == GUP_TEST_DMA_ERROR);
	assert_true(gup_test_dma_map(t, last, 0, 0, true) == GUP_TEST_DMA_ERROR);
	assert_true(gup_test_dma_map(t, last, UINT64_MAX, 1, true) == GUP_TEST_DMA_ERROR);
	return 0;
}

static void mapping_of_no_memory(void **state)
{
	(void)state;
	play(GUP_TEST_ANON, map_what_is_not_there);
	assert_int_equal(nr_seen, 4);
	assert_int_equal(seen[3].finding, GUP_TEST_MISUSE);
}

/* ---- whose a frame is ---- */

static void user_is(struct gup_machine *m, uint64_t pfn, int mapped, const char *name)
{
	char text[GUP_NAME_MAX];

	assert_int_equal(gup_frame_user(m, pfn, text), mapped);
	assert_string_equal(text, name);
}

static uint64_t frame_of_kind(struct gup_machine *m, enum gup_frame_kind kind)
{
	struct gup_frame_info info;
	uint64_t pfn;

	for (pfn = 512; !gup_frame_info(m, pfn, &info); pfn++)
		if (info.kind == kind)
			return pfn;
	return 0;
}

static int whose(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	uint64_t addr = gup_test_buffer(t, NULL, 5);
	uint64_t pfn = gup_user_pfn(gup_test_mm(t), addr + 3 * PAGE);
	char text[GUP_NAME_MAX];
	struct gup_mm *child;

	user_is(m, pfn, 1, "app");
	assert_int_equal(gup_mm_fork(gup_test_mm(t), "child", &child), 0);
	assert_true(gup_test_expect(t, child, addr, 5 * PAGE, 0)); /* fork leaves shared memory to be faulted in */
	gup_munmap(gup_test_mm(t), addr, 5 * PAGE);
	user_is(m, pfn, 1, "child");
	gup_mm_destroy(child);
	user_is(m, frame_of_kind(m, GUP_FRAME_TABLE), 0, "a page table");
	user_is(m, frame_of_kind(m, GUP_FRAME_META), 0, "the machine's own");
	user_is(m, frame_of_kind(m, GUP_FRAME_ZERO), 0, "the zero page");
	user_is(m, frame_of_kind(m, GUP_FRAME_UNUSED), 0, "free");
	assert_int_equal(gup_frame_user(m, 0, text), -GUP_EINVAL);
	assert_int_equal(gup_frame_user(m, pfn, NULL), -GUP_EINVAL);
	assert_int_equal(gup_frame_user(NULL, pfn, text), -GUP_EINVAL);
	return 0;
}

/* Parent and child each have a copy, and both are where the reverse map looks for either. */
static int whose_of_two(struct gup_test *t)
{
	struct gup_mm *parent = gup_test_mm(t), *child;
	uint64_t addr = gup_test_buffer(t, NULL, 1), word = 1;

	assert_int_equal(gup_mm_fork(parent, "child", &child), 0);
	assert_int_equal(gup_copy_to_user(child, addr, &word, 8), 0);
	user_is(gup_test_machine(t), gup_user_pfn(parent, addr), 1, "app");
	user_is(gup_test_machine(t), gup_user_pfn(child, addr), 1, "child");
	return 0;
}

static int whose_when_held(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	uint64_t addr = gup_test_buffer(t, NULL, 1);
	struct gup_page *page = pin_one(t, addr);
	uint64_t pfn = gup_page_to_pfn(m, page);

	gup_munmap(gup_test_mm(t), addr, PAGE);
	user_is(m, pfn, 0, "memory that nobody maps");
	gup_unpin_user_page(m, page);
	user_is(m, pfn, 0, "free");
	return 0;
}

static void whose_a_frame_is(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < GUP_TEST_NR_MEMORY; i++) {
		play(i, whose);
		seen_nothing();
	}
	play(GUP_TEST_ANON, whose_of_two);
	seen_nothing();
	play(GUP_TEST_ANON, whose_when_held);
	seen_nothing();
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
	play(GUP_TEST_ANON, break_machine);
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
	struct gup_test_spec s = spec(GUP_TEST_ANON);
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
	one_report(GUP_TEST_MEMORY_LEFT, 1, "1 allocation left", "");
	seen_forget();
	s.end = end_that_frees;
	s.begin = begin_that_fails;
	ended = 0;
	assert_int_equal(gup_test_run(&s, one_copy, &result), -GUP_ENOTRECOVERABLE);
	one_report(GUP_TEST_FAILED, 1, "begin returned -12", "");
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
	play(GUP_TEST_ANON, complain);
	assert_int_equal(nr_seen, 3);
	assert_int_equal(seen[0].finding, GUP_TEST_MISUSE);
	assert_non_null(strstr(seen[0].text, "lock \"a\" is held, at test.c:"));
	assert_int_equal(strncmp(seen[0].taken, "test.c:", 7), 0);
	assert_string_equal(seen[1].text, "nobody goes on");
	assert_string_equal(seen[2].text, "1 of 2");
}

static void wrong_arguments(void **state)
{
	struct gup_test_spec s = spec(GUP_TEST_NR_MEMORY);
	struct gup_test_result result;

	(void)state;
	assert_int_equal(gup_test_run(&s, one_copy, &result), -GUP_EINVAL);
	assert_int_equal(gup_test_run(NULL, one_copy, &result), -GUP_EINVAL);
	s = spec(GUP_TEST_ANON);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_each_kind),
		cmocka_unit_test(buffer_that_cannot_be),
		cmocka_unit_test(expectations),
		cmocka_unit_test(sweep_counts),
		cmocka_unit_test(sweep_each_kind_and_contract),
		cmocka_unit_test(sweep_has_an_end),
		cmocka_unit_test(buffers_are_not_made_to_fail),
		cmocka_unit_test(runs_without_their_failure_count),
		cmocka_unit_test(frame_failures_are_named),
		cmocka_unit_test(every_form_is_seen),
		cmocka_unit_test(own_form_is_whole),
		cmocka_unit_test(dropped_pages_are_released),
		cmocka_unit_test(folio_is_released_by_its_head),
		cmocka_unit_test(release_of_no_page),
		cmocka_unit_test(cover_is_the_last_pin),
		cmocka_unit_test(cover_of_gets),
		cmocka_unit_test(cover_without_pins),
		cmocka_unit_test(zero_page_is_read_only),
		cmocka_unit_test(mapping_of_no_memory),
		cmocka_unit_test(whose_a_frame_is),
		cmocka_unit_test(broken_machine),
		cmocka_unit_test(begin_and_end),
		cmocka_unit_test(complaints),
		cmocka_unit_test(wrong_arguments),
		cmocka_unit_test(reports_on_stderr),
	};

	return cmocka_run_group_tests_name("kit", tests, NULL, NULL);
}
