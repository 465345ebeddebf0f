/*
 * SKELETON_NAME_test.c - a test of SKELETON_FILE in user space. Fill in lend() and take_back(), then run make.
 */
#include <stdio.h>

#include <linux/dma-mapping.h>
#include <linux/uaccess.h>

#define PAGES 4

/* What the driver keeps of the buffer: its own structure, pages, DMA addresses. */
static struct page *pages[PAGES];

/* Give [addr, addr + PAGES * PAGE_SIZE) of the program to the driver. Return: 0 or a negative errno. */
static int lend(struct gup_test *t, unsigned long addr)
{
	gup_test_fail(t, "lend() does not call the driver yet: 0x%lx", addr);
	return -EOPNOTSUPP;
}

static void take_back(struct gup_test *t)
{
	gup_test_fail(t, "take_back() does not call the driver yet");
}

/* The program lends memory, the device writes to each page, the program reads it and takes it back. */
static int exchange(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES), dma;
	char bytes[PAGE_SIZE];
	int i, ret = lend(t, addr);

	if (ret)
		return ret;
	for (i = 0; i < PAGES; i++) {
		dma = gup_test_dma_map(t, &pages[i]->gup, 0, PAGE_SIZE, true); /* unless the driver maps */
		if (dma == GUP_TEST_DMA_ERROR)
			continue;
		gup_test_pattern(bytes, addr + i * PAGE_SIZE, PAGE_SIZE, 1);
		gup_test_dma_write(t, dma, bytes, PAGE_SIZE);
		gup_test_expect(t, NULL, addr + i * PAGE_SIZE, PAGE_SIZE, 1);
		gup_test_dma_unmap(t, dma, PAGE_SIZE);
	}
	take_back(t);
	return 0;
}

int main(void)
{
	struct gup_test_spec spec = { .name = "SKELETON_FILE",
				      .contract = SKELETON_CONTRACT,
				      .memory = GUP_TEST_ANON,
				      .begin = gup_linux_begin,
				      .end = gup_linux_end };
	struct gup_test_result result;
	int failed = gup_test_fail_each(&spec, exchange, &result) != 0;

	printf("every failure: %llu of them, %llu findings\n", (u64)result.failures, (u64)result.findings);
	return failed;
}
