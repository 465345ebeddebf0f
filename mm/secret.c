/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/secret.c - secret memory: frames that the loads and stores of applications reach, and nobody else.
 *
 * What keeps everybody out stands where they would come in: mm/gup_slow.c refuses the mapping, mm/gup_run.c the frame,
 * mm/object_io.c the object, mm/mmap.c a private mapping. Nothing moves it: it comes from unmovable memory.
 */
#include "internal.h"

static int secret_fill(struct gup_object *object, u64 index, unsigned int order, enum gup_scope scope,
		       struct gup_page **out_head)
{
	(void)index;
	(void)scope;
	*out_head = gup_folio_alloc(object->m, order, GUP_FRAME_SECRET, false, GUP_SCOPE_UNMOVABLE);
	return *out_head ? 0 : -GUP_ENOMEM;
}

/* Once: frames that were handed out stay until the object goes. */
static int secret_set_size(struct gup_object *object, u64 bytes)
{
	int err = 0;

	gup_port_lock_acquire(&object->lock);
	if (object->size)
		err = -GUP_EINVAL;
	else
		object->size = bytes;
	gup_port_lock_release(&object->lock);
	return err;
}

const struct gup_object_ops gup_secret_ops = {
	.name = "secret memory",
	.no_read = true,
	.no_write = true,
	.shared_only = true,
	.set_size = secret_set_size,
	.fill = secret_fill,
};

int gup_secret_create(struct gup_machine *m, uint64_t bytes, struct gup_object **out)
{
	struct gup_object *object;
	int err;

	if (!m || !out || bytes & ~GUP_PAGE_MASK || bytes > GUP_USER_TOP)
		return -GUP_EINVAL;
	err = gup_object_new(m, &gup_secret_ops, GUP_OBJECT_SECRET, NULL, &object);
	if (err)
		return err;
	object->size = bytes;
	*out = object;
	return 0;
}
