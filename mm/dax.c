/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/dax.c - DAX devices: files whose frames are the storage, and device ranges that are mapped as they are.
 *
 * Blocks of a file come from the device's own zone, which is a buddy like any other. The file's page cache is the list
 * of its blocks, and the cache's reference is the file's ownership.
 */
#include "internal.h"

static int fsdax_fill(struct gup_object *object, u64 index, unsigned int order, enum gup_scope scope,
		      struct gup_page **out_head)
{
	struct gup_machine *m = object->m;
	u64 pfn;

	(void)index;
	(void)scope; /* storage has one place */
	if (gup_alloc_should_fail(m))
		return -GUP_ENOMEM;
	pfn = gup_buddy_alloc(m, object->zone, order, GUP_LIST_MOVABLE);
	if (!pfn)
		return -GUP_ENOSPC;
	*out_head = gup_page_at(m, pfn);
	gup_folio_prep(*out_head, order, GUP_FRAME_DAX);
	gup_folio_unfreeze(*out_head, 1);
	return 0;
}

const struct gup_object_ops gup_fsdax_ops = {
	.name = "FS DAX file", .devmap = true, .resizable = true, .waits = true, .fill = fsdax_fill
};
const struct gup_object_ops gup_devdax_ops = { .name = "device DAX", .devmap = true };

/* Give the file all its blocks, as fallocate() would. */
static int allocate_blocks(struct gup_object *file)
{
	struct gup_page *head, *page;
	u64 index = 0;
	int err;

	while (index < file->size >> GUP_PAGE_SHIFT) {
		err = gup_object_folio(file, index, GUP_SCOPE_ANY, true, &head, &page);
		if (err)
			return err;
		index = gup_port_load(&head->index) + gup_nr_frames(head);
		gup_folio_unlock(file->m, head);
		gup_folio_put(file->m, head, 1);
	}
	return 0;
}

static struct gup_zone *device_by_name(struct gup_machine *m, const char *name, enum gup_dax_kind kind)
{
	struct gup_zone *zone = gup_zone_by_name(m, GUP_ZONE_DAX, name);

	return zone && zone->dax == kind ? zone : NULL;
}

int gup_dax_file_create(struct gup_machine *m, const char *device, uint64_t bytes, struct gup_object **out)
{
	struct gup_object *file;
	struct gup_zone *zone;
	int err;

	if (!m || !device || !out || bytes & ~GUP_PAGE_MASK || bytes > GUP_USER_TOP)
		return -GUP_EINVAL;
	zone = device_by_name(m, device, GUP_DAX_FS);
	if (!zone)
		return -GUP_ENOENT;
	err = gup_object_new(m, &gup_fsdax_ops, GUP_OBJECT_FSDAX, zone, &file);
	if (err)
		return err;
	file->huge = true;
	file->size = bytes;
	err = allocate_blocks(file);
	if (err) {
		gup_object_put(file);
		return err;
	}
	*out = file;
	return 0;
}

static bool continues(const struct gup_dax_extent *e, u64 index, u64 pfn)
{
	return e->offset + e->bytes == index << GUP_PAGE_SHIFT && e->pfn + (e->bytes >> GUP_PAGE_SHIFT) == pfn;
}

long gup_dax_extents(struct gup_object *file, struct gup_dax_extent *out, size_t nr)
{
	struct gup_dax_extent last = { 0 };
	u64 index, pfn;
	long count = 0;

	if (!file || file->kind != GUP_OBJECT_FSDAX || (!out && nr))
		return -GUP_EINVAL;
	gup_port_lock_acquire(&file->lock);
	for (index = 0; gup_radix_next(&file->frames, &index, &pfn); index++) {
		if (count && continues(&last, index, pfn)) {
			last.bytes += GUP_PAGE_SIZE;
		} else {
			last = (struct gup_dax_extent){ index << GUP_PAGE_SHIFT, pfn, GUP_PAGE_SIZE };
			count++;
		}
		if ((size_t)count <= nr)
			out[count - 1] = last;
	}
	gup_port_lock_release(&file->lock);
	return count;
}

/* One object for each device, made by the first who opens it and kept by the machine. */
static struct gup_object *opened_before(struct gup_machine *m, struct gup_zone *zone)
{
	struct gup_object *found = NULL;
	struct gup_link *link;

	gup_port_lock_acquire(&m->list_lock);
	for (link = m->objects.next; link != &m->objects && !found; link = link->next)
		if (((struct gup_object *)link)->zone == zone)
			found = (struct gup_object *)link;
	gup_port_lock_release(&m->list_lock);
	return found;
}

int gup_devdax_open(struct gup_machine *m, const char *device, struct gup_object **out)
{
	struct gup_object *object;
	struct gup_zone *zone;
	int err = 0;

	if (!m || !device || !out)
		return -GUP_EINVAL;
	zone = device_by_name(m, device, GUP_DAX_DEVICE);
	if (!zone)
		return -GUP_ENOENT;
	gup_port_rwlock_write_lock(&zone->isolate_lock);
	object = opened_before(m, zone);
	if (!object)
		err = gup_object_new(m, &gup_devdax_ops, GUP_OBJECT_DEVDAX, zone, &object);
	if (!err) {
		gup_object_ref(object);
		*out = object;
	}
	gup_port_rwlock_write_unlock(&zone->isolate_lock);
	return err;
}
