/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/device.h - the stories of `gup device`: each device does real I/O into one pinned range.
 */
#ifndef GUP_TOOL_DEVICE_H
#define GUP_TOOL_DEVICE_H

#include "tool.h"

#define GUP_DEVICE_RANGE (4 * GUP_MIB)

/** struct gup_device - a device that can be played. */
struct gup_device {
	const char *name;
	const char *title;
	/* Return: NULL, or one sentence that says why it cannot be played here. */
	const char *(*missing)(void);
	/* Return: as the story must end; false after having said why. */
	bool (*play)(struct gup_stage *stage, uint64_t range);
};

extern const struct gup_device gup_device_io_uring;
extern const struct gup_device gup_device_rdma;
extern const struct gup_device gup_device_xdp;

/** gup_device_disturb() - fork, move what is around the range, and let the camera have its area. Return: false: it failed. */
bool gup_device_disturb(struct gup_stage *stage);

/** gup_device_count() - bytes of the range that the application finds to be those of a pattern. */
uint64_t gup_device_count(struct gup_stage *stage, uint64_t range, uint32_t tag);

/** gup_device_pattern() - @bytes of the pattern @tag, which tells each 8 bytes of a range from all others. */
void gup_device_pattern(void *buf, uint64_t offset, uint64_t bytes, uint32_t tag);

/** gup_device_unmap() - the application unmaps the range. Return: whether the pins went with it. */
bool gup_device_unmap(struct gup_stage *stage, uint64_t range);

/** gup_device_partner() - what `gup device --partner` does: the other process of the rdma story. */
int gup_device_partner(void);

#endif
