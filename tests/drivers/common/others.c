/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/common/others.c - another thread, another process, and whoever wants the memory back.
 */
#include "others.h"

uint64_t shared_addr;

int share_buffer(struct gup_test *t)
{
	shared_addr = gup_test_buffer(t, NULL, driver_now()->pages);
	return shared_addr ? 0 : -ENOMEM;
}

void unmap_shared(struct gup_test *t)
{
	if (gup_munmap(gup_test_mm(t), shared_addr, driver_now()->pages * PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
}

void fork_and_exit(struct gup_test *t)
{
	struct gup_mm *child;

	if (gup_mm_fork(gup_test_mm(t), "child", &child))
		gup_test_fail(t, "fork failed");
	else
		gup_mm_destroy(child);
}

int play_place(struct gup_test *t, struct page *(*page)(unsigned int i))
{
	const struct driver *driver = driver_now();
	uint64_t addr = gup_test_buffer(t, NULL, driver->pages);
	struct gup_frame_info info;
	int ret = driver->acquire(t, addr, driver->pages);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < driver->pages; i++)
		if (gup_frame_info(gup_test_machine(t), page_to_pfn(page(i)), &info) || info.zone != GUP_ZONE_NORMAL)
			gup_test_fail(t, "page %u is held where it must not be", i);
	driver->release(t);
	return 0;
}

int acquire_and_exit(struct gup_test *t, int (*acquire)(struct gup_test *t, uint64_t addr, unsigned int pages))
{
	struct task_struct *before = current, *task;
	struct gup_mm *mm;
	int ret;

	if (gup_mm_create(gup_test_machine(t), "other", &mm))
		return -ENOMEM;
	task = gup_linux_task(mm, "other");
	gup_linux_become(task);
	ret = acquire(t, gup_test_buffer(t, mm, driver_now()->pages), driver_now()->pages);
	gup_linux_become(before);
	gup_linux_exit(task);
	return ret;
}
