/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/uio.h - pieces of the current task's memory, copied to and from pages; system calls as functions.
 * runtime/uio.c
 */
#ifndef COMPAT_UIO_H
#define COMPAT_UIO_H

#include <compat/uaccess.h>

struct iovec {
	void __user *iov_base;
	size_t iov_len;
};

/* What is left of it begins @offset bytes into the first piece and has @count bytes. */
struct iov_iter {
	bool source;
	const struct iovec *iov;
	size_t offset, count;
};

#define ITER_SOURCE 1
#define ITER_DEST 0
#define UIO_FASTIOV 8
#define UIO_MAXIOV 1024
#define MAX_RW_COUNT (INT_MAX & PAGE_MASK)
#define iov_iter_count(i) ((i)->count)

/*
 * Pieces of @nr entries at @from, in @fast if there are at most @nr_fast, else in memory of their own. The first returns
 * an ERR_PTR() of -EINVAL, -EFAULT or -ENOMEM. The second returns the length of all or an errno, and puts into *@iov what
 * has to be freed, or NULL.
 */
struct iovec *iovec_from_user(const struct iovec __user *from, unsigned long nr, unsigned long nr_fast,
			      struct iovec *fast, bool compat);
ssize_t import_iovec(int direction, const struct iovec __user *from, unsigned int nr, unsigned int nr_fast,
		     struct iovec **iov, struct iov_iter *out);

/* Return: bytes copied, fewer where the current task's memory cannot be accessed. */
size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i);
size_t copy_page_from_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i);

/* For tests: called before each piece is copied, to see what is held then or to do what others may do then; or NULL. */
extern void (*gup_linux_before_copy)(void);

#define in_compat_syscall() false
/* sys_NAME(), which its test declares. */
#define SYSCALL_DEFINE6(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6)                                          \
	long sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6)

#endif
