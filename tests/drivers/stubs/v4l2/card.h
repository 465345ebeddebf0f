/* SPDX-License-Identifier: BSD-2-Clause */
/* card.h - what both tests of videobuf-dma-sg.c have around it: a queue, and a card with its buffers. */
#ifndef V4L2_CARD_H
#define V4L2_CARD_H

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
static inline void buffer_release(struct videobuf_queue *q, struct videobuf_buffer *vb)
{
	struct videobuf_dmabuf *dma = videobuf_to_dma(vb);

	videobuf_dma_unmap(q->dev, dma);
	videobuf_dma_free(dma);
	vb->state = VIDEOBUF_NEEDS_INIT;
}

static const struct videobuf_queue_ops queue_ops = { .buf_release = buffer_release };

static inline void init_queue(void)
{
	videobuf_queue_sg_init(&queue, &queue_ops, &card, &irqlock, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_FIELD_NONE,
			       sizeof(struct videobuf_buffer), NULL, NULL);
}

/* A buffer that is not prepared. */
static inline struct videobuf_buffer *make(enum v4l2_memory memory, uint64_t addr, size_t bytes)
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

static inline int prepare(struct videobuf_buffer *vb, struct v4l2_framebuffer *fbuf)
{
	int ret = queue.int_ops->iolock(&queue, vb, fbuf);

	if (ret)
		buffer_release(&queue, vb);
	else
		vb->state = VIDEOBUF_PREPARED;
	return ret;
}

static inline int create(enum v4l2_memory memory, uint64_t addr, size_t bytes, struct videobuf_buffer **out)
{
	struct videobuf_buffer *vb = make(memory, addr, bytes);
	int ret = vb ? prepare(vb, NULL) : -ENOMEM;

	if (!ret)
		*out = vb;
	else
		kfree(vb);
	return ret;
}

static inline void destroy(struct videobuf_buffer *vb)
{
	buffer_release(&queue, vb);
	kfree(vb);
}

static inline int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	(void)t;
	init_queue();
	return create(V4L2_MEMORY_USERPTR, addr, nr * PAGE_SIZE, &buffer);
}

static inline void release(struct gup_test *t)
{
	(void)t;
	queue.int_ops->sync(&queue, buffer);
	destroy(buffer);
}

static inline dma_addr_t dma_of(unsigned int i)
{
	return sg_dma_address(&videobuf_to_dma(buffer)->sglist[i]);
}

static inline void expect_held(struct gup_test *t, const char *when, u64 wanted)
{
	if (driver_held(t, false) != wanted)
		gup_test_fail(t, "%s: %llu pages are pinned instead of %llu", when, (u64)driver_held(t, false), wanted);
}

#endif
