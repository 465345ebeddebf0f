/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kit/test_finds.c - each mistake that the recorder can make is found, with the sentence that tells where.
 *
 * Exactly these findings, exactly these sites and counts; and nothing at all without a mistake.
 */
#include <stdlib.h>

#include "seen.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* One run with a mistake and what has to be reported. */
static void finds(enum mistake which, const struct expected *expected, unsigned int nr)
{
	unsigned int i;

	seen_run(GUP_TEST_ANON, which);
	for (i = 0; i < nr; i++)
		seen_expect(i, &expected[i]);
	assert_int_equal(nr_seen, nr);
}

/* A sweep whose only findings are these, which failures lead to. */
static void sweep_finds(enum mistake which, const struct expected *expected, unsigned int nr)
{
	unsigned int i;

	seen_sweep(GUP_TEST_ANON, GUP_LINUX_6_12, which);
	for (i = 0; i < nr; i++)
		seen_expect(i, &expected[i]);
	assert_int_equal(nr_seen, nr);
}

#define FINDS(which, ...)                                                                                              \
	finds(which, (const struct expected[]){ __VA_ARGS__ }, ARRAY_LEN(((const struct expected[]){ __VA_ARGS__ })))
#define SWEEP_FINDS(which, ...)                                                                                        \
	sweep_finds(which, (const struct expected[]){ __VA_ARGS__ },                                                   \
		    ARRAY_LEN(((const struct expected[]){ __VA_ARGS__ })))

static void nothing_without_a_mistake(void **state)
{
	(void)state;
	seen_run(GUP_TEST_ANON, NO_MISTAKE);
	seen_nothing();
	seen_sweep(GUP_TEST_ANON, GUP_LINUX_6_12, NO_MISTAKE);
	seen_nothing();
}

/* ---- after a failure ---- */

static void pin_left_on_copy(void **state)
{
	(void)state;
	SWEEP_FINDS(PIN_LEFT_ON_COPY,
		    { GUP_TEST_PIN_LEFT, PAGES, "$PIN", "", "4 pins left, taken at $PIN, after copy failure 2" });
}

static void pin_left_on_alloc(void **state)
{
	(void)state;
	SWEEP_FINDS(PIN_LEFT_ON_ALLOC,
		    { GUP_TEST_PIN_LEFT, PAGES, "$PIN", "", "4 pins left, taken at $PIN, after allocation failure 2" },
		    { GUP_TEST_PIN_LEFT, PAGES, "$PIN", "", "4 pins left, taken at $PIN, after DMA failure 1" },
		    { GUP_TEST_PIN_LEFT, PAGES, "$PIN", "", "4 pins left, taken at $PIN, after DMA failure 2" },
		    { GUP_TEST_PIN_LEFT, PAGES, "$PIN", "", "4 pins left, taken at $PIN, after DMA failure 3" },
		    { GUP_TEST_PIN_LEFT, PAGES, "$PIN", "", "4 pins left, taken at $PIN, after DMA failure 4" });
}

static void pin_left_on_short(void **state)
{
	(void)state;
	SWEEP_FINDS(PIN_LEFT_ON_SHORT,
		    { GUP_TEST_PIN_LEFT, PAGES / 2, "$PIN", "", "2 pins left, taken at $PIN, after short pin 1" });
}

/* Nothing is left; but the device stays busy. */
static void busy_after_failure(void **state)
{
	struct gup_test_result result;
	unsigned int i;

	(void)state;
	result = seen_sweep(GUP_TEST_ANON, GUP_LINUX_6_12, BUSY_AFTER_FAILURE);
	seen_expect(0, &(struct expected){ GUP_TEST_FAILED, 1, "", "",
					   "the scenario returned -16, when played again after allocation failure 2" });
	for (i = 1; i < nr_seen; i++)
		assert_non_null(strstr(seen[i].text, "the scenario returned -16, when played again after "));
	/* All but the first allocation, which comes before it is busy. */
	assert_int_equal(nr_seen, result.failures - 1);
}

#define AGAIN(failure)                                                                                                 \
	{                                                                                                              \
		GUP_TEST_FAILED, 1, "", "", "the scenario returned -12, when played again after " failure              \
	}

static void limit_counted_twice(void **state)
{
	(void)state;
	SWEEP_FINDS(LIMIT_COUNTED_TWICE, AGAIN("allocation failure 2"), AGAIN("copy failure 2"), AGAIN("pin failure 1"),
		    AGAIN("short pin 1"), AGAIN("DMA failure 1"), AGAIN("DMA failure 2"), AGAIN("DMA failure 3"),
		    AGAIN("DMA failure 4"));
}

static void error_without_failure(void **state)
{
	(void)state;
	FINDS(ERROR_WITHOUT_FAILURE, { GUP_TEST_FAILED, 1, "", "", "the scenario returned -5" });
	SWEEP_FINDS(ERROR_WITHOUT_FAILURE, { GUP_TEST_FAILED, 1, "", "", "the scenario returned -5" });
}

/* ---- releases ---- */

static void unpin_twice(void **state)
{
	(void)state;
	FINDS(UNPIN_TWICE, { GUP_TEST_BAD_RELEASE, PAGES, "$PIN", "$UNPIN",
			     "unpin at $AGAIN_UNPIN of 4 pages, first pfn #, which no pin holds: pinned at $PIN, "
			     "unpinned at $UNPIN before" });
}

static void put_for_unpin(void **state)
{
	(void)state;
	FINDS(PUT_FOR_UNPIN,
	      { GUP_TEST_BAD_RELEASE, PAGES, "$PIN", "",
		"put at $PUT of 4 pages, first pfn #, which no get holds: pinned at $PIN" },
	      { GUP_TEST_PIN_LEFT, PAGES, "$PIN", "", "4 pins left, taken at $PIN" });
}

static void free_twice(void **state)
{
	(void)state;
	FINDS(FREE_TWICE, { GUP_TEST_BAD_RELEASE, 1, "$ALLOC", "$FREE",
			    "free at $AGAIN_FREE of 32 bytes, allocated at $ALLOC, freed at $FREE before" });
}

static void free_of_a_part(void **state)
{
	(void)state;
	seen_run(GUP_TEST_ANON, FREE_NOTHING_OF_OURS);
	assert_int_equal(seen[0].finding, GUP_TEST_BAD_RELEASE);
	assert_non_null(strstr(seen[0].text, "freed at recorder.c:"));
	assert_int_equal(nr_seen, 1);
}

static void unmap_twice(void **state)
{
	(void)state;
	FINDS(UNMAP_TWICE, { GUP_TEST_BAD_RELEASE, 1, "$MAP", "$UNMAP",
			     "DMA unmap at $AGAIN_UNMAP of 0x#, mapped at $MAP, unmapped at $UNMAP before" });
	FINDS(UNMAP_SHORT, { GUP_TEST_BAD_RELEASE, 1, "$MAP", "",
			     "DMA unmap at $AGAIN_UNMAP of 2048 bytes at 0x#, but mapped at $MAP were 4096 bytes "
			     "at 0x#" });
}

/* ---- what is left ---- */

static void dma_left(void **state)
{
	(void)state;
	FINDS(DMA_LEFT, { GUP_TEST_DMA_LEFT, PAGES, "$MAP", "", "4 DMA mappings left, mapped at $MAP" });
}

static void memory_left(void **state)
{
	(void)state;
	FINDS(ALLOC_LEFT, { GUP_TEST_MEMORY_LEFT, 1, "$ALLOC", "", "1 allocation left, made at $ALLOC" });
	FINDS(CMA_LEFT,
	      { GUP_TEST_MEMORY_LEFT, 2, "", "", "2 pages left that gup_cma_alloc() took from area \"kernel\"" });
}

/* ---- the device ---- */

static void write_after_unpin(void **state)
{
	(void)state;
	FINDS(WRITE_AFTER_UNPIN, { GUP_TEST_STALE_DMA, 1, "$PIN", "$UNPIN",
				   "device wrote to pfn #, pinned at $PIN, unpinned at $UNPIN, now owned by "
				   "\"app\"" });
}

static void write_to_another(void **state)
{
	(void)state;
	FINDS(WRITE_TO_ANOTHER, { GUP_TEST_STALE_DMA, 1, "$PIN", "$UNPIN",
				  "device wrote to pfn #, pinned at $PIN, unpinned at $UNPIN, now owned by "
				  "\"app B\"" });
}

static void read_of_what_is_not_mapped(void **state)
{
	(void)state;
	FINDS(READ_AFTER_UNMAP, { GUP_TEST_NO_MAPPING, 1, "$MAP", "$UNMAP",
				  "device read 16 bytes from DMA address 0x# at $READ, which is not mapped any more, "
				  "mapped at $MAP, unmapped at $UNMAP" });
	FINDS(READ_NOWHERE, { GUP_TEST_NO_MAPPING, 1, "", "",
			      "device read 16 bytes from DMA address 0x1000 at $READ, which was never mapped" });
	FINDS(READ_TOO_FAR, { GUP_TEST_NO_MAPPING, 1, "$MAP", "",
			      "device read 4096 bytes from DMA address 0x# at $READ, beyond the end of the mapping, "
			      "mapped at $MAP" });
}

static void write_through_read_only(void **state)
{
	unsigned int i;

	(void)state;
	seen_run(GUP_TEST_ANON, WRITE_READ_ONLY);
	assert_int_equal(nr_seen, PAGES);
	for (i = 0; i < PAGES; i++)
		seen_expect(i, &(struct expected){ GUP_TEST_NO_MAPPING, 1, "$MAP", "",
						   "device wrote 4096 bytes to DMA address 0x# at $WRITE, which is "
						   "mapped for reading only, mapped at $MAP" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_without_a_mistake),
		cmocka_unit_test(pin_left_on_copy),
		cmocka_unit_test(pin_left_on_alloc),
		cmocka_unit_test(pin_left_on_short),
		cmocka_unit_test(busy_after_failure),
		cmocka_unit_test(limit_counted_twice),
		cmocka_unit_test(error_without_failure),
		cmocka_unit_test(unpin_twice),
		cmocka_unit_test(put_for_unpin),
		cmocka_unit_test(free_twice),
		cmocka_unit_test(free_of_a_part),
		cmocka_unit_test(unmap_twice),
		cmocka_unit_test(dma_left),
		cmocka_unit_test(memory_left),
		cmocka_unit_test(write_after_unpin),
		cmocka_unit_test(write_to_another),
		cmocka_unit_test(read_of_what_is_not_mapped),
		cmocka_unit_test(write_through_read_only),
	};

	return cmocka_run_group_tests_name("finds", tests, NULL, NULL);
}
