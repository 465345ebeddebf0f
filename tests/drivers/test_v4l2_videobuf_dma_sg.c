/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_v4l2_videobuf_dma_sg.c - drivers/media/v4l2-core/videobuf-dma-sg.c of 6.1: buffers of the user,
 * pin_user_pages(FORCE, WRITE, LONGTERM) and dma_map_sg(); of the kernel, coherent pages under one run of addresses; and
 * of another card on the bus. The queue around it (videobuf-core.c) is here as much as its callers need.
 */
#include "harness.h"

#include <linux/poll.h>
#include <linux/scatterlist.h>
#include <media/videobuf-dma-sg.h>

#define PAGES 8
#define BYTES (PAGES * PAGE_SIZE)

static struct device card = { .name = "card" };
static spinlock_t irqlock;
static struct videobuf_queue queue;
static struct videobuf_buffer *buffer;
static uint64_t shared_addr;

/* ---- videobuf-core.c ---- */

struct videobuf_buffer *videobuf_alloc_vb(struct videobuf_queue *q)
{
	BUG_ON(q->msize < sizeof(struct videobuf_buffer) || q->int_ops->magic != MAGIC_QTYPE_OPS);
	return q->int_ops->alloc_vb(q->msize);
}

void videobuf_queue_core_init(struct videobuf_queue *q, const struct videobuf_queue_ops *ops, struct device *dev,
			      spinlock_t *lock, enum v4l2_buf_type type, enum v4l2_field field, unsigned int msize,
			      void *priv, struct videobuf_qtype_ops *int_ops, struct mutex *ext_lock)
{
	*q = (struct videobuf_queue){ .ops = ops,
				      .dev = dev,
				      .irqlock = lock,
				      .type = type,
				      .field = field,
				      .msize = msize,
				      .priv_data = priv,
				      .int_ops = int_ops,
				      .ext_lock = ext_lock };
	mutex_init(&q->vb_lock);
}

/* ---- a driver of a card ---- */

/* What every user of the file does with a buffer, also with one that failed: unmap, then free. */
static void buffer_release(struct videobuf_queue *q, struct videobuf_buffer *vb)
{
	struct videobuf_dmabuf *dma = videobuf_to_dma(vb);

	videobuf_dma_unmap(q->dev, dma);
	videobuf_dma_free(dma);
	vb->state = VIDEOBUF_NEEDS_INIT;
}

static const struct videobuf_queue_ops queue_ops = { .buf_release = buffer_release };

static void init_queue(void)
{
	videobuf_queue_sg_init(&queue, &queue_ops, &card, &irqlock, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_FIELD_NONE,
			       sizeof(struct videobuf_buffer), NULL, NULL);
}

/* A buffer that is not prepared. */
static struct videobuf_buffer *make(enum v4l2_memory memory, uint64_t addr, size_t bytes)
{
	struct videobuf_buffer *vb = videobuf_sg_alloc(sizeof(*vb));

	if (!vb)
		return NULL;
	vb->memory = memory;
	vb->baddr = addr;
	vb->bsize = bytes;
	vb->size = bytes;
	return vb;
}

static int prepare(struct videobuf_buffer *vb, struct v4l2_framebuffer *fbuf)
{
	int ret = queue.int_ops->iolock(&queue, vb, fbuf);

	if (ret)
		buffer_release(&queue, vb);
	else
		vb->state = VIDEOBUF_PREPARED;
	return ret;
}

static int create(enum v4l2_memory memory, uint64_t addr, size_t bytes, struct videobuf_buffer **out)
{
	struct videobuf_buffer *vb = make(memory, addr, bytes);
	int ret = vb ? prepare(vb, NULL) : -ENOMEM;

	if (!ret)
		*out = vb;
	else
		kfree(vb);
	return ret;
}

static void destroy(struct videobuf_buffer *vb)
{
	buffer_release(&queue, vb);
	kfree(vb);
}

static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	(void)t;
	init_queue();
	return create(V4L2_MEMORY_USERPTR, addr, nr * PAGE_SIZE, &buffer);
}

static void release(struct gup_test *t)
{
	(void)t;
	queue.int_ops->sync(&queue, buffer);
	destroy(buffer);
}

static dma_addr_t dma_of(unsigned int i)
{
	return sg_dma_address(&videobuf_to_dma(buffer)->sglist[i]);
}

/* FORCE writes to what the user may only read, if it is the user's own copy. */
static int refuses(enum gup_test_memory memory)
{
	return memory == GUP_TEST_DAX ? -EOPNOTSUPP : 0;
}

static void expect_held(struct gup_test *t, const char *when, u64 wanted)
{
	if (driver_held(t, false) != wanted)
		gup_test_fail(t, "%s: %llu pages are pinned instead of %llu", when, (u64)driver_held(t, false), wanted);
}

/* ---- buffers of the user ---- */

/* Begins and ends within a page: the list has just these bytes. */
static int play_odd(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct videobuf_dmabuf *dma;
	unsigned long bytes = 0;
	int ret;

	init_queue();
	ret = create(V4L2_MEMORY_USERPTR, addr + 104, 2 * PAGE_SIZE, &buffer);
	if (ret)
		return ret;
	dma = videobuf_to_dma(buffer);
	expect_held(t, "two pages across three", 3);
	for (int i = 0; i < dma->sglen; i++)
		bytes += sg_dma_len(&dma->sglist[i]);
	if (dma->sglen != 3 || bytes != 2 * PAGE_SIZE || dma->sglist[0].offset != 104 ||
	    sg_dma_len(&dma->sglist[2]) != 104)
		gup_test_fail(t, "%d entries, %lu bytes", dma->sglen, bytes);
	destroy(buffer);
	expect_held(t, "released", 0);
	return 0;
}

static void odd_sizes(void **state)
{
	(void)state;
	for (int memory = GUP_TEST_ANON; memory <= GUP_TEST_SHARED; memory++)
		driver_run((enum gup_test_memory)memory, play_odd);
	driver_fail_each(GUP_TEST_ANON, play_odd);
}

/* A failed buffer is released as one that succeeded, and can be prepared again. */
static int play_again(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct videobuf_buffer *vb;
	int ret;

	init_queue();
	vb = make(V4L2_MEMORY_USERPTR, addr, BYTES);
	if (!vb)
		return -ENOMEM;
	gup_munmap(gup_test_mm(t), addr + 5 * PAGE_SIZE, 3 * PAGE_SIZE);
	ret = prepare(vb, NULL);
	if (ret != -EINVAL)
		gup_test_fail(t, "a buffer with a hole: %d", ret);
	expect_held(t, "a hole", 0);
	vb->baddr = PAGE_SIZE;
	ret = prepare(vb, NULL);
	if (ret != -EFAULT)
		gup_test_fail(t, "a buffer of nothing: %d", ret);
	vb->baddr = ULONG_MAX - 100;
	ret = prepare(vb, NULL);
	if (ret != -ENOMEM) /* more pages than there can be */
		gup_test_fail(t, "a buffer that wraps: %d", ret);
	vb->baddr = addr;
	vb->bsize = 5 * PAGE_SIZE;
	ret = prepare(vb, NULL);
	expect_held(t, "up to the hole", ret ? 0 : 5);
	if (ret)
		gup_test_fail(t, "up to the hole: %d", ret);
	destroy(vb);
	expect_held(t, "released", 0);
	return 0;
}

static void prepared_again(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_again);
	driver_run(GUP_TEST_CMA, play_again);
}

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

/* ---- two threads ---- */

static int make_buffer(struct gup_test *t)
{
	init_queue();
	shared_addr = gup_test_buffer(t, NULL, PAGES);
	return shared_addr ? 0 : -ENOMEM;
}

static void captures(struct gup_test *t)
{
	struct videobuf_buffer *own = NULL;
	int ret = create(V4L2_MEMORY_USERPTR, shared_addr, BYTES, &own);
	char bytes[PAGE_SIZE];

	if (ret && ret != -EFAULT && ret != -EINVAL)
		gup_test_fail(t, "a capture: %d", ret);
	if (ret)
		return;
	for (unsigned int i = 0; i < PAGES; i++) {
		gup_test_pattern(bytes, shared_addr + i * PAGE_SIZE, PAGE_SIZE, 1);
		gup_test_dma_write(t, sg_dma_address(&videobuf_to_dma(own)->sglist[i]), bytes, PAGE_SIZE);
	}
	destroy(own);
}

static void unmaps(struct gup_test *t)
{
	if (gup_munmap(gup_test_mm(t), shared_addr, BYTES))
		gup_test_fail(t, "munmap failed");
}

static void forks(struct gup_test *t)
{
	struct gup_mm *child;

	if (gup_mm_fork(gup_test_mm(t), "child", &child))
		gup_test_fail(t, "fork failed");
	else
		gup_mm_destroy(child);
}

static void look_at_written(struct gup_test *t)
{
	gup_test_expect(t, NULL, shared_addr, BYTES, 1);
}

static void against_others(void **state)
{
	static const struct gup_test_play plays[] = {
		{ .begin = make_buffer, .actors = { { "capture", captures }, { "munmap", unmaps } }, .count = 400 },
		{ .begin = make_buffer,
		  .actors = { { "capture", captures }, { "fork", forks } },
		  .end = look_at_written,
		  .count = 400 },
		{ .begin = make_buffer,
		  .actors = { { "capture", captures }, { "another", captures } },
		  .end = look_at_written,
		  .count = 400 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++) {
		driver_schedules(GUP_TEST_ANON, &plays[i]);
		driver_schedules(GUP_TEST_HUGE, &plays[i]);
		driver_schedules(GUP_TEST_CMA, &plays[i]);
	}
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
	static const struct driver driver = {
		.name = "v4l2-core/videobuf-dma-sg.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.dma = dma_of,
		.no_limit = true,
		.refuses = refuses,
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_sizes),
		cmocka_unit_test(prepared_again),
		cmocka_unit_test(mapped_from_the_card),
		cmocka_unit_test(buffers_of_the_kernel),
		cmocka_unit_test(overlays),
		cmocka_unit_test(against_others),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
