/* SPDX-License-Identifier: BSD-2-Clause */
/* process_vm.h - the two system calls, as the test calls them. */
#ifndef PROCESS_VM_H
#define PROCESS_VM_H

#include <linux/uio.h>

long sys_process_vm_readv(pid_t pid, const struct iovec __user *lvec, unsigned long liovcnt,
			  const struct iovec __user *rvec, unsigned long riovcnt, unsigned long flags);
long sys_process_vm_writev(pid_t pid, const struct iovec __user *lvec, unsigned long liovcnt,
			   const struct iovec __user *rvec, unsigned long riovcnt, unsigned long flags);

#endif
