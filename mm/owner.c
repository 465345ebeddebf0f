/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/owner.c - who pins: names that pins are made and limited under.
 *
 * A pin of gup_pin() may name one (mm/pin.c); refusals and reports show it.
 */
#include "internal.h"

int gup_owner_create(struct gup_machine *m, const char *name, uint64_t limit, struct gup_owner **out)
{
	char checked[GUP_NAME_MAX];
	struct gup_owner *owner;

	if (!m || !name || !name[0] || !out || !gup_name_set(checked, name))
		return -GUP_EINVAL;
	owner = gup_slab_alloc(m, GUP_SLAB_OWNER);
	if (!owner)
		return -GUP_ENOMEM;
	owner->m = m;
	owner->limit = limit;
	gup_name_set(owner->name, checked);
	gup_list_add(m, &m->owners, &owner->link);
	*out = owner;
	return 0;
}

int gup_owner_destroy(struct gup_owner *owner)
{
	if (!owner)
		return 0;
	if (gup_port_load(&owner->nr_pins))
		return -GUP_EBUSY;
	gup_list_del(owner->m, &owner->link);
	gup_slab_free(owner->m, GUP_SLAB_OWNER, owner);
	return 0;
}

uint64_t gup_owner_pinned(const struct gup_owner *owner)
{
	if (!owner)
		return 0;
	return gup_port_load(&owner->pinned);
}
