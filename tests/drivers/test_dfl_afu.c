/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_dfl_afu.c - drivers/fpga/dfl-afu-dma-region.c, with nothing but the public test kit: the example
 * of docs/testing-a-driver.md.
 */
#include <stdio.h>

#include "dfl-afu.h"

#define PAGES 4

static struct platform_device afu_device = { .dev.name = "afu" };
static struct dfl_afu afu;
static struct dfl_feature_platform_data pdata = { .dev = &afu_device, .private = &afu };

static int begin(struct gup_test *t)
{
	mutex_init(&pdata.lock);
	afu_dma_region_init(&pdata);
	return gup_linux_begin(t);
}

/* The program lends a buffer, the device fills it, the program reads it and takes it back. */
static int exchange(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	char bytes[PAGES * PAGE_SIZE];
	u64 iova;
	int ret = afu_dma_map_region(&pdata, addr, sizeof(bytes), &iova);

	if (ret)
		return ret;
	gup_test_pattern(bytes, addr, sizeof(bytes), 1);
	gup_test_dma_write(t, iova, bytes, sizeof(bytes));
	gup_test_expect(t, NULL, addr, sizeof(bytes), 1);
	return afu_dma_unmap_region(&pdata, iova);
}

static u64 shared_iova;

static int lend(struct gup_test *t)
{
	return afu_dma_map_region(&pdata, gup_test_buffer(t, NULL, PAGES), PAGES * PAGE_SIZE, &shared_iova);
}

static void take_back(struct gup_test *t)
{
	int ret = afu_dma_unmap_region(&pdata, shared_iova);

	if (ret && ret != -EINVAL) /* the other one was first */
		gup_test_fail(t, "unmap: %d", ret);
}

/* It keeps pages for long without saying FOLL_LONGTERM, so FS DAX is lent too (docs/driver-findings.md). */
static int lend_dax(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	u64 iova;

	if (afu_dma_map_region(&pdata, addr, PAGES * PAGE_SIZE, &iova))
		gup_test_fail(t, "FS DAX is refused: the finding is gone");
	else
		afu_dma_unmap_region(&pdata, iova);
	return 0;
}

int main(void)
{
	static const struct gup_test_play two_threads = { .begin = lend,
							  .actors = { { "one", take_back }, { "other", take_back } } };
	struct gup_test_spec spec = { .name = "dfl-afu-dma-region.c",
				      .contract = GUP_LINUX == 601 ? GUP_LINUX_6_1 : GUP_LINUX_6_12,
				      .memory = GUP_TEST_HUGE, /* it wants pages that follow each other */
				      .begin = begin,
				      .end = gup_linux_end };
	struct gup_test_result result;
	int failed = gup_test_fail_each(&spec, exchange, &result) != 0;

	printf("every failure: %llu of them, %llu findings\n", (u64)result.failures, (u64)result.findings);
	failed |= gup_test_schedules(&spec, &two_threads, &result) != 0;
	printf("two threads take it back: %llu schedules, %llu findings\n", (u64)result.runs, (u64)result.findings);
	spec.memory = GUP_TEST_DAX;
	failed |= gup_test_run(&spec, lend_dax, &result) != 0;
	return failed;
}
