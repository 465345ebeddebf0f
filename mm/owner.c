/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/owner.c - who pins: names, limits, and what becomes of the pins of a device that was lost.
 *
 * A lost device may still write, so a pin of its owner that is released keeps its frames: it stays in the machine's
 * list, in quarantine, until the device was reset. Pin, unpin, lost and reset meet on list_lock. Whoever comes first
 * there was first, and a pin is in the list from its last step of being made to its first step of being released.
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

uint64_t gup_owner_quarantined(const struct gup_owner *owner)
{
	if (!owner)
		return 0;
	return gup_port_load(&owner->quarantined);
}

u64 gup_quarantined_pages(struct gup_machine *m)
{
	struct gup_link *link;
	u64 pages = 0;

	gup_port_lock_acquire(&m->list_lock);
	for (link = m->owners.next; link != &m->owners; link = link->next)
		pages += gup_owner_quarantined((const struct gup_owner *)link);
	gup_port_lock_release(&m->list_lock);
	return pages;
}

bool gup_owner_is_lost(const struct gup_owner *owner)
{
	return owner && gup_port_load(&owner->lost);
}

bool gup_pin_enlist(struct gup_pin *pin)
{
	struct gup_machine *m = pin->mm->m;
	bool lost;

	gup_port_lock_acquire(&m->list_lock);
	lost = gup_owner_is_lost(pin->owner);
	if (!lost)
		gup_link_add(&m->pins, &pin->link);
	gup_port_lock_release(&m->list_lock);
	return !lost;
}

bool gup_pin_delist(struct gup_pin *pin, bool dirty)
{
	struct gup_machine *m = pin->mm->m;
	bool lost;

	gup_port_lock_acquire(&m->list_lock);
	lost = gup_owner_is_lost(pin->owner);
	if (lost) {
		pin->quarantined = true;
		pin->dirty = dirty;
		gup_port_fetch_add(&pin->owner->quarantined, pin->pages);
	} else {
		gup_link_del(&pin->link);
	}
	gup_port_lock_release(&m->list_lock);
	return !lost;
}

int gup_owner_lost(struct gup_owner *owner)
{
	if (!owner)
		return -GUP_EINVAL;
	gup_port_lock_acquire(&owner->m->list_lock);
	gup_port_store(&owner->lost, 1u);
	gup_port_lock_release(&owner->m->list_lock);
	return 0;
}

/* End the quarantine: its pins go from the machine's list to @out. */
static void quarantine_end(struct gup_owner *owner, struct gup_link *out)
{
	struct gup_machine *m = owner->m;
	struct gup_link *link, *next;

	gup_port_lock_acquire(&m->list_lock);
	for (link = m->pins.next; link != &m->pins; link = next) {
		struct gup_pin *pin = (struct gup_pin *)link;

		next = link->next;
		if (!pin->quarantined || pin->owner != owner)
			continue;
		gup_link_del(link);
		gup_link_add(out, link);
	}
	gup_port_store(&owner->quarantined, (u64)0);
	gup_port_store(&owner->lost, 0u);
	gup_port_lock_release(&m->list_lock);
}

int gup_owner_reset(struct gup_owner *owner)
{
	struct gup_link pins;
	int err = 0;

	if (!owner)
		return -GUP_EINVAL;
	gup_link_init(&pins);
	quarantine_end(owner, &pins);
	while (pins.next != &pins) {
		struct gup_pin *pin = (struct gup_pin *)pins.next;

		gup_link_del(&pin->link);
		if (gup_pin_release(pin, pin->dirty, __builtin_return_address(0)))
			err = -GUP_EINVAL;
	}
	return err;
}
