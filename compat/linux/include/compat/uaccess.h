/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat/uaccess.h - copies between the kernel and the current task's memory; each can be made to fail.
 */
#ifndef COMPAT_UACCESS_H
#define COMPAT_UACCESS_H

#include <compat/mm.h>

#define u64_to_user_ptr(x) ((void __user *)(uintptr_t)(x))
#define access_ok(address, size)                                                                                       \
	((unsigned long)(size) <= GUP_USER_TOP && (unsigned long)(address) <= GUP_USER_TOP - (unsigned long)(size))

/* Return: bytes that were not copied. */
#define copy_to_user(to, from, n)                                                                                      \
	(might_sleep(), gup_test_fails(gup_linux_test, GUP_TEST_FAIL_COPY)                                             \
				? (unsigned long)(n)                                                                   \
				: gup_copy_to_user(current->mm->gup, (uintptr_t)(to), from, n))
#define copy_from_user(to, from, n)                                                                                    \
	(might_sleep(), gup_test_fails(gup_linux_test, GUP_TEST_FAIL_COPY)                                             \
				? (unsigned long)(n)                                                                   \
				: gup_copy_from_user(current->mm->gup, to, (uintptr_t)(from), n))
#define put_user(value, to)                                                                                            \
	({                                                                                                             \
		typeof(*(to)) put_user_ = (value);                                                                     \
		copy_to_user(to, &put_user_, sizeof(put_user_)) ? -EFAULT : 0;                                         \
	})
#define get_user(value, from)                                                                                          \
	({                                                                                                             \
		typeof(*(from)) get_user_;                                                                             \
		int error_ = copy_from_user(&get_user_, from, sizeof(get_user_)) ? -EFAULT : 0;                        \
		if (!error_)                                                                                           \
			(value) = get_user_;                                                                           \
		error_;                                                                                                \
	})
/* Return: the copy, or an ERR_PTR() of -ENOMEM or -EFAULT. */
void *memdup_user(const void __user *from, size_t size);
/* The same for @n elements; -EOVERFLOW if they are too many to count. */
void *memdup_array_user(const void __user *from, size_t n, size_t size);

#endif
