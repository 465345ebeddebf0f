/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.c - what is around the kernel half: its initcall, debugfs with the one file that it makes, the clock.
 */
#include <pthread.h>
#include <time.h>

#include <linux/debugfs.h>
#include <linux/ktime.h>

#include "selftest.h"

extern int (*const selftest_initcall)(void);

static struct {
	const char *name;
	const struct file_operations *fops;
} file;

ktime_t ktime_get(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void debugfs_create_file_unsafe(const char *name, unsigned int mode, struct dentry *parent, void *data,
				const struct file_operations *fops)
{
	(void)mode;
	(void)parent;
	(void)data;
	BUG_ON(file.name);
	file.name = name;
	file.fops = fops;
}

int selftest_boot(void)
{
	int err = gup_linux_begin(&selftest);

	return err ? err : selftest_initcall();
}

void selftest_halt(void)
{
	gup_linux_end(&selftest);
}

bool selftest_debugfs_open(const char *name)
{
	return file.name && !strcmp(file.name, name) && !file.fops->open(NULL, NULL);
}

void selftest_debugfs_close(void)
{
	if (file.fops->release)
		file.fops->release(NULL, NULL);
}

/* The runtime gives each thread its record when it first comes; one at a time. */
long selftest_debugfs_ioctl(unsigned int cmd, unsigned long arg)
{
	static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&first);
	gup_linux_thread();
	pthread_mutex_unlock(&first);
	return file.fops->unlocked_ioctl(NULL, cmd, arg);
}
