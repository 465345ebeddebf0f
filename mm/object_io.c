/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/object_io.c - reading and writing an object as a file. The folio lock keeps the folio in place meanwhile.
 */
#include "internal.h"

/* Host memory of a transfer; one of the two is used. */
struct transfer {
	u8 *to;
	const u8 *from;
};

static void transfer_bytes(const struct transfer *t, u8 *frame, u64 done, u64 bytes)
{
	if (t->from)
		memcpy(frame, t->from + done, bytes);
	else
		memcpy(t->to + done, frame, bytes);
}

/* The part of a transfer that lies in one page: 0 or errno. */
static int transfer_page(struct gup_object *object, u64 offset, const struct transfer *t, u64 done, u64 bytes)
{
	struct gup_page *head, *page;
	int err = gup_object_folio(object, offset >> GUP_PAGE_SHIFT, GUP_SCOPE_ANY, t->from != NULL, &head, &page);

	if (err == -GUP_ENOENT && t->to) {
		memset(t->to + done, 0, bytes); /* a hole */
		return 0;
	}
	if (err)
		return err;
	transfer_bytes(t, gup_bytes_of(object->m, page) + (offset & ~GUP_PAGE_MASK), done, bytes);
	if (t->from)
		gup_flag_set(head, GUP_PF_DIRTY);
	gup_folio_unlock(object->m, head);
	gup_folio_put(object->m, head, 1);
	return 0;
}

static s64 transfer(struct gup_object *object, u64 offset, struct transfer t, u64 bytes)
{
	u64 size, done = 0, part;
	int err = 0;

	if (!object || (!t.to && !t.from) || (t.to ? object->ops->no_read : object->ops->no_write))
		return -GUP_EINVAL;
	size = gup_object_size(object);
	if (offset >= size)
		return 0;
	bytes = gup_min(bytes, size - offset);
	for (; done < bytes && !err; done += err ? 0 : part) {
		part = gup_min(bytes - done, GUP_PAGE_SIZE - ((offset + done) & ~GUP_PAGE_MASK));
		err = transfer_page(object, offset + done, &t, done, part);
	}
	if (done || !err || err == -GUP_EFAULT) /* -EFAULT: it became shorter meanwhile */
		return (s64)done;
	return err;
}

int64_t gup_object_read(struct gup_object *object, uint64_t offset, void *buf, uint64_t bytes)
{
	return transfer(object, offset, (struct transfer){ .to = buf }, bytes);
}

int64_t gup_object_write(struct gup_object *object, uint64_t offset, const void *buf, uint64_t bytes)
{
	return transfer(object, offset, (struct transfer){ .from = buf }, bytes);
}
