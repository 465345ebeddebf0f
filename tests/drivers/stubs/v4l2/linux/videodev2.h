/* SPDX-License-Identifier: BSD-2-Clause */
/* linux/videodev2.h - of it, what videobuf-core.h and videobuf-dma-sg.c use. */
#ifndef V4L2_LINUX_VIDEODEV2_H
#define V4L2_LINUX_VIDEODEV2_H

#include <linux/types.h>

#define VIDEO_MAX_FRAME 32

enum v4l2_field { V4L2_FIELD_ANY, V4L2_FIELD_NONE };
enum v4l2_buf_type { V4L2_BUF_TYPE_VIDEO_CAPTURE = 1 };
enum v4l2_memory { V4L2_MEMORY_MMAP = 1, V4L2_MEMORY_USERPTR, V4L2_MEMORY_OVERLAY, V4L2_MEMORY_DMABUF };

struct v4l2_framebuffer {
	void *base; /* bus address */
};
struct v4l2_buffer;
struct v4l2_requestbuffers;

#endif
