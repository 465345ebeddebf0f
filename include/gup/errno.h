/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/errno.h - the error numbers that libgup returns (negated), equal to Linux's on every host.
 */
#ifndef GUP_ERRNO_H
#define GUP_ERRNO_H

#define GUP_EPERM 1
#define GUP_ENOENT 2
#define GUP_EIO 5
#define GUP_EAGAIN 11
#define GUP_ENOMEM 12
#define GUP_EACCES 13
#define GUP_EFAULT 14
#define GUP_EBUSY 16
#define GUP_EEXIST 17
#define GUP_ENODEV 19
#define GUP_EINVAL 22
#define GUP_ENOSPC 28
#define GUP_EDEADLK 35
#define GUP_EOVERFLOW 75
#define GUP_EOPNOTSUPP 95
#define GUP_ENOTRECOVERABLE 131
#define GUP_EHWPOISON 133

#endif
