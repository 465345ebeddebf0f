/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kit/test_lost_device.c - a device that is lost, as the kit sees it: quarantine covers what the device does, a
 * reset ends that, and without a reset its pins are left.
 */
#include "seen.h"

#define PAGE GUP_PAGE_SIZE

/* A driver whose device is lost with a DMA mapping in use. */
struct card {
	struct gup_owner *owner;
	struct gup_pin *pin;
	struct gup_page *page;
	uint64_t dma;
};

static void card_start(struct gup_test *t, struct card *card)
{
	struct gup_request request = { gup_test_buffer(t, NULL, 1), PAGE, GUP_WRITE, NULL };
	struct gup_extent extent;

	assert_int_equal(gup_owner_create(gup_test_machine(t), "card", UINT64_MAX, &card->owner), 0);
	request.owner = card->owner;
	assert_int_equal(gup_pin(gup_test_mm(t), &request, &card->pin, NULL), 0);
	assert_true(gup_pin_next_extent(&(struct gup_extent_iter){ .pin = card->pin }, &extent));
	card->page = extent.page;
	card->dma = gup_test_dma_map(t, card->page, 0, PAGE, true);
}

static int card_writes(struct gup_test *t, const struct card *card)
{
	return gup_test_dma_write(t, card->dma, "written", 8);
}

/* The context, if there is one, says that nobody tells of the loss. */
static int removed(struct gup_test *t)
{
	bool silent = gup_test_context(t);
	struct card card;

	card_start(t, &card);
	if (!silent)
		gup_owner_lost(card.owner);
	gup_unpin(card.pin, true);
	assert_int_equal(card_writes(t, &card), silent ? -GUP_EFAULT : 0);
	gup_test_dma_unmap(t, card.dma, PAGE);
	gup_owner_reset(card.owner);
	return gup_owner_destroy(card.owner);
}

static void quarantine_covers(void **state)
{
	struct gup_test_spec s = seen_spec(GUP_TEST_ANON);

	(void)state;
	seen_forget();
	assert_int_equal(gup_test_run(&s, removed, NULL), 0);
	seen_nothing();
	s.context = &s;
	assert_int_equal(gup_test_run(&s, removed, NULL), -GUP_ENOTRECOVERABLE);
	seen_one(GUP_TEST_STALE_DMA, 1, "device wrote to pfn ", ", now owned by \"app\"");
}

static int writes_after_reset(struct gup_test *t)
{
	struct card card;

	card_start(t, &card);
	gup_owner_lost(card.owner);
	gup_unpin(card.pin, true);
	gup_owner_reset(card.owner);
	assert_int_equal(card_writes(t, &card), -GUP_EFAULT);
	gup_test_dma_unmap(t, card.dma, PAGE);
	return gup_owner_destroy(card.owner);
}

static void reset_ends_it(void **state)
{
	(void)state;
	seen_play(GUP_TEST_ANON, writes_after_reset);
	seen_one(GUP_TEST_STALE_DMA, 1, "device wrote to pfn ", ", unpinned at test_lost_device.c:");
	assert_non_null(strstr(seen[0].released, "(writes_after_reset)"));
}

static int never_reset(struct gup_test *t)
{
	struct card card;

	card_start(t, &card);
	gup_owner_lost(card.owner);
	gup_unpin(card.pin, true);
	gup_test_dma_unmap(t, card.dma, PAGE);
	return 0;
}

static void left_without_reset(void **state)
{
	(void)state;
	seen_play(GUP_TEST_ANON, never_reset);
	seen_one(GUP_TEST_PIN_LEFT, 1, "1 pin left, taken at test_lost_device.c:", "(card_start)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quarantine_covers),
		cmocka_unit_test(reset_ends_it),
		cmocka_unit_test(left_without_reset),
	};

	return cmocka_run_group_tests_name("lost device", tests, NULL, NULL);
}
