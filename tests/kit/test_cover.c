/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kit/test_cover.c - references as the kit sees them: taken by every form, released as they may be, what they cover
 * for a device, and whose a frame is that nothing covers.
 */
#include <stdlib.h>

#include "seen.h"

#define PAGE GUP_PAGE_SIZE
#define RW (GUP_PROT_READ | GUP_PROT_WRITE)

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
	struct gup_test_spec s = seen_spec(GUP_TEST_ANON);
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
	struct gup_test_spec s = seen_spec(GUP_TEST_ANON);
	struct gup_test_result result;

	(void)state;
	seen_forget();
	refused = 0;
	assert_int_equal(gup_test_fail_each(&s, own_form, &result), 0);
	seen_nothing();
	assert_int_equal(refused, 1); /* and never short */
	s.context = &s;		      /* somebody releases a page of the pin */
	assert_int_equal(gup_test_run(&s, own_form, &result), -GUP_ENOTRECOVERABLE);
	seen_one(GUP_TEST_BAD_RELEASE, 1, "unpin at test_cover.c:", ", which no pin holds: pinned at test_cover.c:");
	assert_non_null(strstr(seen[0].text, ", unpinned at test_cover.c:"));
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
	struct gup_test_spec s = seen_spec(GUP_TEST_MOVABLE);
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
	seen_play(GUP_TEST_HUGE, release_by_head);
	seen_nothing();
	seen_play(GUP_TEST_ANON, release_by_head);
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
	seen_play(GUP_TEST_ANON, release_nothing);
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
	seen_play(GUP_TEST_ANON, cover_of_two);
	seen_one(GUP_TEST_STALE_DMA, 1, "device wrote to pfn ", ", now owned by \"app\"");
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
	seen_play(GUP_TEST_HUGE, cover_of_a_get);
	assert_int_equal(nr_seen, 2);
	assert_int_equal(seen[0].count, 1);
	assert_non_null(strstr(seen[0].text, ", got at test_cover.c:"));
	assert_non_null(strstr(seen[0].text, ", put at test_cover.c:"));
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
	seen_play(GUP_TEST_ANON, cover_of_an_allocation);
	seen_one(GUP_TEST_STALE_DMA, 1, "device wrote to pfn ", "), now free");
	assert_non_null(strstr(seen[0].text, ", allocated when it was mapped at test_cover.c:"));
	seen_play(GUP_TEST_ANON, no_cover);
	seen_one(GUP_TEST_STALE_DMA, 1, "device wrote to pfn ", ", which nobody held when it was mapped at ");
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
	seen_play(GUP_TEST_ANON, zero_page);
	seen_one(GUP_TEST_NO_MAPPING, 1, "device wrote 8 bytes to DMA address 0x", "which is the zero page");
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
	seen_play(GUP_TEST_ANON, map_what_is_not_there);
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
		seen_play(i, whose);
		seen_nothing();
	}
	seen_play(GUP_TEST_ANON, whose_of_two);
	seen_nothing();
	seen_play(GUP_TEST_ANON, whose_when_held);
	seen_nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("cover", tests, NULL, NULL);
}
