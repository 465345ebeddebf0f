/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/file.c - regular files: what fills their page cache, and what has to happen before one of its pages is written to.
 *
 *	not in the cache -> fill: a folio, not up to date -> read: locked, from the store -> mapped read-only
 *	    -> mkwrite: room in the store, no write-back under way -> dirty, mapped writable -> mm/writeback.c
 *
 * A folio goes into the cache before it is read, so there is one place where readers, truncate and punch meet: its lock.
 */
#include "internal.h"

static int file_fill(struct gup_object *file, u64 index, unsigned int order, enum gup_scope scope,
		     struct gup_page **out_head)
{
	(void)index;
	*out_head = gup_folio_alloc(file->m, order, GUP_FRAME_FILE, true, scope);
	return *out_head ? 0 : -GUP_ENOMEM;
}

int gup_store_error(int err)
{
	return !err || err == -GUP_ENOSPC || err == -GUP_ENOMEM ? err : -GUP_EIO;
}

u32 gup_file_bytes(struct gup_object *file, const struct gup_page *head)
{
	u64 size = gup_object_size(file), start = gup_port_load(&head->index) << GUP_PAGE_SHIFT;

	return size > start ? (u32)gup_min(size - start, GUP_PAGE_SIZE) : 0;
}

static int file_read(struct gup_object *file, struct gup_page *head)
{
	struct gup_file *f = file->file;
	int err;

	if (gup_flag_test(head, GUP_PF_UPTODATE))
		return 0;
	err = f->ops->read(f->context, gup_port_load(&head->index), gup_bytes_of(file->m, head));
	if (err)
		return gup_store_error(err);
	gup_folio_zero_from(file->m, head, gup_file_bytes(file, head));
	gup_flag_set(head, GUP_PF_UPTODATE);
	return 0;
}

/* What is being written must not change, and nobody writes what has no room. */
static int file_mkwrite(struct gup_object *file, struct gup_page *head)
{
	struct gup_file *f = file->file;
	int err = f->ops->reserve ? f->ops->reserve(f->context, gup_port_load(&head->index)) : 0;

	if (err)
		return gup_store_error(err);
	gup_folio_wait_writeback(file->m, head);
	return 0;
}

static void file_discard(struct gup_object *file, u64 offset, u64 end)
{
	file->file->ops->discard(file->file->context, offset, end);
}

static void file_free(struct gup_machine *m, struct gup_file *f)
{
	gup_folio_put(m, f->snapshot, 1);
	gup_slab_free(m, GUP_SLAB_FILE, f);
}

static void file_release(struct gup_object *file)
{
	gup_file_write_last(file);
	file_free(file->m, file->file);
	file->file = NULL;
}

const struct gup_object_ops gup_file_ops = {
	.name = "regular file",
	.resizable = true,
	.any_size = true,
	.fill = file_fill,
	.read = file_read,
	.mkwrite = file_mkwrite,
	.discard = file_discard,
	.release = file_release,
};

static struct gup_file *file_new(struct gup_machine *m, const struct gup_file_config *config)
{
	struct gup_file *f = gup_slab_alloc(m, GUP_SLAB_FILE);

	if (!f)
		return NULL;
	f->ops = config->ops;
	f->context = config->context;
	f->dirty_tracking = config->dirty_tracking;
	f->snapshot = gup_folio_alloc(m, 0, GUP_FRAME_META, false, GUP_SCOPE_UNMOVABLE);
	if (f->snapshot)
		return f;
	gup_slab_free(m, GUP_SLAB_FILE, f);
	return NULL;
}

int gup_file_create(struct gup_machine *m, const struct gup_file_config *config, struct gup_object **out)
{
	const struct gup_file_ops *ops = config ? config->ops : NULL;
	struct gup_object *file;
	struct gup_file *f;
	int err;

	if (!m || !out || !ops || !ops->read || !ops->write || !ops->discard || config->bytes > GUP_USER_TOP)
		return -GUP_EINVAL;
	f = file_new(m, config);
	if (!f)
		return -GUP_ENOMEM;
	err = gup_object_new(m, &gup_file_ops, GUP_OBJECT_FILE, NULL, &file);
	if (err) {
		file_free(m, f);
		return err;
	}
	file->file = f;
	file->size = config->bytes;
	*out = file;
	return 0;
}
