/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * linux/poll.h - what videobuf-core.h gets with it: wait queues, files, and the VMA of a driver's mmap().
 *
 * A VMA here is no part of the machine: the test hands it to the driver and calls its operations.
 */
#ifndef V4L2_LINUX_POLL_H
#define V4L2_LINUX_POLL_H

#include <linux/mm.h>

#define READ 0
#define WRITE 1

typedef struct {
	unsigned int waiting;
} wait_queue_head_t;
typedef unsigned int __poll_t;
typedef struct poll_table_struct poll_table;
struct file;

typedef unsigned int vm_fault_t;
#define VM_FAULT_OOM 0x1u
#define VM_IO 0x4000UL
#define VM_DONTEXPAND 0x40000UL
#define VM_DONTDUMP 0x4000000UL

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_pgoff, vm_flags;
	const struct vm_operations_struct *vm_ops;
	void *vm_private_data;
};

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address;
	struct page *page;
};

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);
	vm_fault_t (*fault)(struct vm_fault *vmf);
};

#endif
