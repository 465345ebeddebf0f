/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/uio.c - arrays of pieces of the current task's memory: brought in, and copied to and from pages.
 */
#include <linux/err.h>
#include <linux/uio.h>

#include "runtime.h"

void (*gup_linux_before_copy)(void);

static int copy_iovec(struct iovec *iov, const struct iovec __user *from, unsigned long nr)
{
	unsigned long i;

	if (copy_from_user(iov, from, nr * sizeof(*iov)))
		return -EFAULT;
	for (i = 0; i < nr; i++)
		if ((ssize_t)iov[i].iov_len < 0)
			return -EINVAL;
	return 0;
}

static struct iovec *iovec_at(const struct iovec __user *from, unsigned long nr, unsigned long nr_fast,
			      struct iovec *fast, const void *site)
{
	struct iovec *iov = fast;
	int err;

	if (!nr)
		return iov;
	if (nr > UIO_MAXIOV)
		return ERR_PTR(-EINVAL);
	if (nr > nr_fast)
		iov = gup_linux_alloc(nr * sizeof(*iov), GFP_KERNEL, site);
	if (!iov)
		return ERR_PTR(-ENOMEM);
	err = copy_iovec(iov, from, nr);
	if (!err)
		return iov;
	if (iov != fast)
		gup_test_free(gup_linux_test, iov, site);
	return ERR_PTR(err);
}

struct iovec *iovec_from_user(const struct iovec __user *from, unsigned long nr, unsigned long nr_fast,
			      struct iovec *fast, bool compat)
{
	WARN_ON(compat);
	return iovec_at(from, nr, nr_fast, fast, CALLER);
}

/* The length of all, cut at what one call may move; -EFAULT for a piece that cannot be the user's. */
static ssize_t measure(struct iovec *iov, unsigned long nr)
{
	size_t total = 0;
	unsigned long i;

	for (i = 0; i < nr; i++) {
		if (!access_ok(iov[i].iov_base, iov[i].iov_len))
			return -EFAULT;
		if (iov[i].iov_len > MAX_RW_COUNT - total)
			iov[i].iov_len = MAX_RW_COUNT - total;
		total += iov[i].iov_len;
	}
	return (ssize_t)total;
}

ssize_t import_iovec(int direction, const struct iovec __user *from, unsigned int nr, unsigned int nr_fast,
		     struct iovec **iov, struct iov_iter *out)
{
	struct iovec *fast = *iov, *pieces = iovec_at(from, nr, nr_fast, fast, CALLER);
	ssize_t total;

	*iov = NULL;
	if (IS_ERR(pieces))
		return PTR_ERR(pieces);
	total = measure(pieces, nr);
	if (pieces != fast && total < 0)
		gup_test_free(gup_linux_test, pieces, CALLER);
	else if (pieces != fast)
		*iov = pieces;
	if (total >= 0)
		*out = (struct iov_iter){ direction == ITER_SOURCE, pieces, 0, (size_t)total };
	return total;
}

static void advance(struct iov_iter *i, size_t bytes)
{
	i->offset += bytes;
	i->count -= bytes;
	while (i->count && i->offset == i->iov->iov_len) {
		i->iov++;
		i->offset = 0;
	}
}

/* As much of @bytes as lies in one piece. Return: bytes copied. */
static size_t copy_piece(char *at, size_t bytes, struct iov_iter *i)
{
	char __user *user = (char __user *)i->iov->iov_base + i->offset;
	size_t missing;

	if (gup_linux_before_copy)
		gup_linux_before_copy();
	missing = i->source ? copy_from_user(at, user, bytes) : copy_to_user(user, at, bytes);
	advance(i, bytes - missing);
	return bytes - missing;
}

static size_t copy(char *at, size_t bytes, struct iov_iter *i)
{
	size_t done = 0, piece, copied;

	advance(i, 0);
	while (done < bytes && i->count) {
		piece = min(bytes - done, i->iov->iov_len - i->offset);
		copied = copy_piece(at + done, piece, i);
		done += copied;
		if (copied < piece)
			break;
	}
	return done;
}

size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i)
{
	return WARN_ON(i->source) ? 0 : copy((char *)page_address(page) + offset, bytes, i);
}

size_t copy_page_from_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i)
{
	return WARN_ON(!i->source) ? 0 : copy((char *)page_address(page) + offset, bytes, i);
}
