/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * linux/uio.h - names of iterators with which the kernel's lib/scatterlist.c compiles. Its functions on iterators are
 * called by nobody here; who calls one does not link, since what is declared here is defined nowhere.
 */
#ifndef STUB_UIO_H
#define STUB_UIO_H

#include <linux/mm.h>

struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len, bv_offset;
};

struct kvec {
	void *iov_base;
	size_t iov_len;
};

struct folio_queue {
	struct folio_queue *next;
};

enum iter_type { ITER_UBUF, ITER_IOVEC, ITER_BVEC, ITER_KVEC, ITER_FOLIOQ, ITER_XARRAY };
typedef unsigned int iov_iter_extraction_t;

struct iov_iter {
	size_t iov_offset, count;
	const struct bio_vec *bvec;
	const struct kvec *kvec;
	const struct folio_queue *folioq;
	struct xarray *xarray;
	loff_t xarray_start;
	unsigned long nr_segs;
	u8 folioq_slot;
};

enum iter_type iov_iter_type(const struct iov_iter *iter);
void iov_iter_advance(struct iov_iter *iter, size_t bytes);
ssize_t iov_iter_extract_pages(struct iov_iter *iter, struct page ***pages, size_t maxsize, unsigned int maxpages,
			       iov_iter_extraction_t flags, size_t *offset0);
bool is_vmalloc_or_module_addr(const void *address);
struct page *vmalloc_to_page(const void *address);

unsigned int folioq_nr_slots(const struct folio_queue *folioq);
struct folio *folioq_folio(const struct folio_queue *folioq, unsigned int slot);
size_t folioq_folio_size(const struct folio_queue *folioq, unsigned int slot);
bool folio_test_hugetlb(const struct folio *folio);
size_t offset_in_folio(const struct folio *folio, loff_t pos);

typedef unsigned long pgoff_t;
struct xa_state {
	struct xarray *xa;
	pgoff_t index;
};
#define XA_STATE(name, array, i) struct xa_state name = { .xa = (array), .index = (i) }
struct folio *xas_find(struct xa_state *xas, pgoff_t last);
bool xas_retry(struct xa_state *xas, const void *entry);
bool xa_is_value(const void *entry);
#define xas_for_each(xas, entry, last) while (((entry) = xas_find(xas, last)) != NULL)

#endif
