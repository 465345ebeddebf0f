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
	bool fill = t->from || object->ops->read;
	int err = gup_object_folio(object, offset >> GUP_PAGE_SHIFT, GUP_SCOPE_ANY, fill, &head, &page);

	if (err == -GUP_ENOENT && t->to) {
		memset(t->to + done, 0, bytes); /* a hole */
		return 0;
	}
	if (err)
		return err;
	if (gup_folio_poisoned(head))
		err = -GUP_EIO;
	else if (t->from && object->ops->mkwrite)
		err = object->ops->mkwrite(object, head);
	if (!err)
		transfer_bytes(t, gup_bytes_of(object->m, page) + (offset & ~GUP_PAGE_MASK), done, bytes);
	if (!err && t->from)
		gup_flag_set(head, GUP_PF_DIRTY);
	gup_folio_unlock(object->m, head);
	gup_folio_put(object->m, head, 1);
	return err;
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

/* Longer first, so that there is something to write to; and shorter again by what could not be written. */
static s64 write_and_grow(struct gup_object *object, u64 offset, const void *buf, u64 bytes)
{
	u64 size, end = offset + bytes;
	s64 done;

	gup_port_rwlock_write_lock(&object->size_lock);
	size = gup_object_size(object);
	if (end > size)
		gup_object_resize_locked(object, end);
	done = transfer(object, offset, (struct transfer){ .from = buf }, bytes);
	if (done < (s64)bytes) {
		end = done > 0 ? offset + (u64)done : 0;
		gup_object_resize_locked(object, gup_max(end, size));
	}
	gup_port_rwlock_write_unlock(&object->size_lock);
	return done;
}

int64_t gup_object_write(struct gup_object *object, uint64_t offset, const void *buf, uint64_t bytes)
{
	if (object && buf && bytes && object->ops->any_size) {
		if (offset > GUP_USER_TOP || bytes > GUP_USER_TOP - offset)
			return -GUP_EINVAL;
		if (offset + bytes > gup_object_size(object))
			return write_and_grow(object, offset, buf, bytes);
	}
	return transfer(object, offset, (struct transfer){ .from = buf }, bytes);
}
