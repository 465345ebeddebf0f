/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_v4l2_videobuf_dma_sg_more.c - drivers/media/v4l2-core/videobuf-dma-sg.c: buffers that the user maps
 * from the card, those of the kernel, and those on another card.
 */
#include "card.h"

/* A buffer that the user has mapped from the card: who queues it holds the mapping lock. */
static int play_mmap(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret;

	init_queue();
	mmap_read_lock(current->mm);
	ret = create(V4L2_MEMORY_MMAP, addr, BYTES, &buffer);
	mmap_read_unlock(current->mm);
	if (ret)
		return ret;
	expect_held(t, "mapped from the card", PAGES);
	destroy(buffer);
	return 0;
}

/* Mapping, pages for it, and the last unmapping, which releases the buffer; the VMA is not the machine's. */
static int play_vma(struct gup_test *t)
{
	struct vm_area_struct vma = { .vm_start = 0x10000, .vm_end = 0x10000 + BYTES, .vm_flags = VM_IO };
	struct vm_fault fault = { .vma = &vma, .address = 0x10000 };
	char zeroes[PAGE_SIZE] = "";
	int ret;

	init_queue();
	buffer = queue.bufs[2] = make(V4L2_MEMORY_MMAP, 0, BYTES);
	if (!buffer)
		return -ENOMEM;
	ret = queue.int_ops->mmap_mapper(&queue, buffer, &vma);
	if (ret) {
		kfree(buffer);
		return ret;
	}
	if (buffer->baddr != vma.vm_start || vma.vm_flags & VM_IO || !(vma.vm_flags & VM_DONTEXPAND))
		gup_test_fail(t, "mapped at 0x%lx with flags 0x%lx", buffer->baddr, vma.vm_flags);
	if (vma.vm_ops->fault(&fault))
		ret = -ENOMEM;
	else if (memcmp(page_address(fault.page), zeroes, PAGE_SIZE))
		gup_test_fail(t, "a page for the user is not clean");
	if (!ret)
		put_page(fault.page);
	vma.vm_ops->open(&vma);
	vma.vm_ops->close(&vma);
	if (!buffer->map)
		gup_test_fail(t, "not the last unmapping took the buffer away");
	vma.vm_ops->close(&vma);
	if (buffer->map || buffer->baddr)
		gup_test_fail(t, "the last unmapping left the buffer mapped");
	kfree(buffer);
	return ret;
}

static void mapped_from_the_card(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_mmap);
	driver_fail_each(GUP_TEST_ANON, play_mmap);
	driver_run(GUP_TEST_ANON, play_vma);
	driver_fail_each(GUP_TEST_ANON, play_vma);
}

/* ---- buffers of the kernel ---- */

/* The card writes by the list and by each page's own address; the kernel reads by its run of addresses. */
static int play_kernel(struct gup_test *t)
{
	char bytes[PAGE_SIZE];
	struct videobuf_dmabuf *dma;
	const char *vaddr;
	int ret;

	init_queue();
	ret = create(V4L2_MEMORY_USERPTR, 0, BYTES - 100, &buffer);
	if (ret)
		return ret;
	dma = videobuf_to_dma(buffer);
	vaddr = queue.int_ops->vaddr(buffer);
	if (dma->nr_pages != PAGES || dma->sglen != PAGES || !vaddr)
		gup_test_fail(t, "%lu pages, %d entries", dma->nr_pages, dma->sglen);
	expect_held(t, "pages of the kernel", 0);
	for (unsigned int i = 0; vaddr && i < PAGES; i++) {
		if (vaddr[i * PAGE_SIZE] || vmalloc_to_page(vaddr + i * PAGE_SIZE) != dma->vaddr_pages[i])
			gup_test_fail(t, "page %u is not clean, or another one", i);
		gup_test_pattern(bytes, i * PAGE_SIZE, PAGE_SIZE, 1);
		gup_test_dma_write(t, i & 1 ? dma_of(i) : dma->dma_addr[i], bytes, PAGE_SIZE);
		if (memcmp(vaddr + i * PAGE_SIZE, bytes, PAGE_SIZE))
			gup_test_fail(t, "page %u: the kernel does not see what the card wrote", i);
	}
	release(t);
	return 0;
}

static void buffers_of_the_kernel(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_kernel);
	driver_fail_each(GUP_TEST_ANON, play_kernel);
}

/* ---- buffers on another card: no pages, and no mapping ---- */

static struct v4l2_framebuffer screen = { .base = (void *)0xe0000000UL };

static int make_overlay(struct gup_test *t, size_t bytes)
{
	int ret;

	init_queue();
	buffer = make(V4L2_MEMORY_OVERLAY, 0, bytes);
	if (!buffer)
		return -ENOMEM;
	if (prepare(buffer, NULL) != -EINVAL)
		gup_test_fail(t, "an overlay over nothing");
	ret = prepare(buffer, &screen);
	if (ret)
		kfree(buffer);
	else if (videobuf_to_dma(buffer)->sglen != 1 || dma_of(0) != 0xe0000000UL ||
		 sg_dma_len(&videobuf_to_dma(buffer)->sglist[0]) != bytes)
		gup_test_fail(t, "the list of an overlay is not its address");
	return ret;
}

static int play_overlay(struct gup_test *t)
{
	int ret = make_overlay(t, PAGE_SIZE);

	if (!ret)
		destroy(buffer);
	return ret;
}

static int play_large_overlay(struct gup_test *t)
{
	int ret = make_overlay(t, BYTES);

	if (!ret)
		destroy(buffer);
	return ret;
}

/* As it had to be released: the list goes, and nothing is unmapped. */
static void destroy_overlay(void)
{
	vfree(videobuf_to_dma(buffer)->sglist);
	videobuf_to_dma(buffer)->sglen = 0;
	destroy(buffer);
}

static int play_mended_overlay(struct gup_test *t)
{
	int ret = make_overlay(t, BYTES);

	if (!ret)
		destroy_overlay();
	return ret;
}

/* There is no screen, but the user says where on it: the card writes wherever that is. */
static int play_offset(struct gup_test *t)
{
	struct v4l2_framebuffer none = { .base = NULL };
	char bytes[8] = "video";
	int ret;

	init_queue();
	buffer = make(V4L2_MEMORY_OVERLAY, 0, PAGE_SIZE);
	buffer->boff = 0x12345000; /* struct v4l2_buffer.m.offset */
	ret = prepare(buffer, &none);
	if (ret) {
		kfree(buffer);
		return 0;
	}
	gup_test_dma_write(t, dma_of(0), bytes, sizeof(bytes));
	destroy_overlay();
	return 0;
}

static void overlays(void **state)
{
	(void)state;
	driver_scene("overlay");
	driver_run(GUP_TEST_ANON, play_overlay);
	driver_run(GUP_TEST_ANON, play_large_overlay);
	driver_scene("offset");
	driver_run(GUP_TEST_ANON, play_offset);
	driver_scene("");
	driver_fail_each(GUP_TEST_ANON, play_mended_overlay);
}

int main(void)
{
	static const struct known known[] = {
		/* videobuf_dma_unmap() of a buffer that was never mapped, with as many entries as pages, of which it has one */
		{ GUP_TEST_BAD_RELEASE, "of 0xe0000000, where nothing was mapped", "overlay" },
		/* __videobuf_iolock() takes vb->boff, which is the user's, without a look */
		{ GUP_TEST_NO_MAPPING, "0x12345000", "offset" },
		{ 0 },
	};
	static const struct driver driver = { .name = "v4l2-core/videobuf-dma-sg.c", .known = known };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapped_from_the_card),
		cmocka_unit_test(buffers_of_the_kernel),
		cmocka_unit_test(overlays),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
