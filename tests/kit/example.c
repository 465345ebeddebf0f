/* SPDX-License-Identifier: BSD-2-Clause. A driver's ioctl "fill my buffer", and its test with every possible failure. */
#include <gup/testing.h>

#define HERE __builtin_extract_return_addr(__builtin_return_address(0))
#define NR 8

/* The driver: pin, map, let the device write, tell the application how it went. */
static int fill(struct gup_test *t, uint64_t addr)
{
	struct gup_page **pages = gup_test_alloc(t, NR * sizeof(*pages), HERE);
	uint64_t dma[NR];
	uint8_t byte = 0;
	int n = 0, mapped = 0, err = -GUP_ENOMEM;

	if (!pages)
		return -GUP_ENOMEM;
	n = gup_pin_user_pages_fast(gup_test_mm(t), addr, NR, GUP_WRITE | GUP_LONGTERM, pages);
	if (n < NR) {
		err = n < 0 ? n : -GUP_EFAULT;
		goto out;
	}
	for (; mapped < NR; mapped++) {
		dma[mapped] = gup_test_dma_map(t, pages[mapped], 0, GUP_PAGE_SIZE, true);
		if (dma[mapped] == GUP_TEST_DMA_ERROR)
			goto out;
	}
	for (n = 0; n < NR; n++)
		gup_test_dma_write(t, dma[n] + 100, &byte, 1);
	err = gup_test_fails(t, GUP_TEST_FAIL_COPY) ? -GUP_EFAULT : 0; /* copy_to_user() */
out:
	while (mapped > 0)
		gup_test_dma_unmap(t, dma[--mapped], GUP_PAGE_SIZE);
	if (n > 0)
		gup_unpin_user_pages_dirty_lock(gup_test_machine(t), pages, (unsigned long)n, true);
	gup_test_free(t, pages, HERE);
	return err;
}

/* The test: an application with a buffer calls it. */
static int scenario(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, NR), i;
	uint8_t byte;
	int err = addr ? fill(t, addr) : -GUP_ENOMEM;

	for (i = 0; i < NR && !err; i++)
		if (gup_copy_from_user(gup_test_mm(t), &byte, addr + i * GUP_PAGE_SIZE + 100, 1) || byte)
			gup_test_fail(t, "page %d was not filled", (int)i);
	return err;
}

int main(void)
{
	struct gup_test_spec spec = { .name = "fill" };
	int err = 0;

	for (spec.memory = GUP_TEST_ANON; spec.memory <= GUP_TEST_MOVABLE && !err; spec.memory++)
		err = gup_test_fail_each(&spec, scenario, NULL);
	return err != 0;
}
