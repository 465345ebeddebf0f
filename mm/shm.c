/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/shm.c - shared memory and PFNMAP ranges: the two objects that need the least.
 */
#include "internal.h"

static int shm_fill(struct gup_object *object, u64 index, unsigned int order, enum gup_scope scope,
		    struct gup_page **out_head)
{
	(void)index;
	*out_head = gup_folio_alloc(object->m, order, GUP_FRAME_SHM, true, scope);
	return *out_head ? 0 : -GUP_ENOMEM;
}

const struct gup_object_ops gup_shm_ops = { .name = "shared memory", .resizable = true, .fill = shm_fill };
const struct gup_object_ops gup_pfnmap_ops = { .name = "pfnmap", .no_read = true, .no_write = true };

int gup_shm_create(struct gup_machine *m, uint64_t bytes, unsigned int flags, struct gup_object **out)
{
	struct gup_object *object;
	int err;

	if (!m || !out || flags & ~GUP_SHM_HUGE || bytes & ~GUP_PAGE_MASK || bytes > GUP_USER_TOP)
		return -GUP_EINVAL;
	err = gup_object_new(m, &gup_shm_ops, GUP_OBJECT_SHM, NULL, &object);
	if (err)
		return err;
	object->size = bytes;
	object->huge = flags & GUP_SHM_HUGE;
	*out = object;
	return 0;
}

int gup_pfnmap_create(struct gup_machine *m, uint64_t first_pfn, uint64_t bytes, struct gup_object **out)
{
	struct gup_object *object;
	int err;

	if (!m || !out || !bytes || bytes & ~GUP_PAGE_MASK || bytes > GUP_USER_TOP || first_pfn < m->nr_pfns ||
	    (first_pfn | (first_pfn + (bytes >> GUP_PAGE_SHIFT) - 1)) >> 36)
		return -GUP_EINVAL;
	err = gup_object_new(m, &gup_pfnmap_ops, GUP_OBJECT_PFNMAP, NULL, &object);
	if (err)
		return err;
	object->size = bytes;
	object->first_pfn = first_pfn;
	*out = object;
	return 0;
}
