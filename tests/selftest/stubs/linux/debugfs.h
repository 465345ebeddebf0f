/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * linux/debugfs.h - files under /sys/kernel/debug, and the initcall that makes them. calls.c opens them.
 */
#ifndef SELFTEST_LINUX_DEBUGFS_H
#define SELFTEST_LINUX_DEBUGFS_H

#include <asm-generic/ioctl.h>

#include <linux/mm.h>

struct dentry;
struct inode;
struct file;

struct file_operations {
	int (*open)(struct inode *inode, struct file *file);
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	long (*compat_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	int (*release)(struct inode *inode, struct file *file);
};

static inline int nonseekable_open(struct inode *inode, struct file *file)
{
	(void)inode;
	(void)file;
	return 0;
}
/* No program of another word size is here. */
#define compat_ptr_ioctl NULL

void debugfs_create_file_unsafe(const char *name, unsigned int mode, struct dentry *parent, void *data,
				const struct file_operations *fops);

/* The kernel's boot is main.c. */
#define late_initcall(function) int (*const selftest_initcall)(void) = function

#endif
