/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/memfd.c - long-term pins of an object's folios by file offset: nobody needs to map it.
 *
 * Folios are taken from the cache in batches, one pin each, and then settled as any long-term pin is
 * (mm/gup_longterm.c). No entry is looked at, so there is no fast part and nothing to fault but holes of the object.
 */
#include "gup.h"

struct memfd_pin {
	struct gup_op op;
	struct gup_object *object;
	u64 index, last; /* the next page, and the last */
	u64 first_index; /* of the first folio */
};

/* What an errno of gup_object_folio() means to the caller. */
static int errno_of(int err)
{
	if (err == -GUP_EFAULT)
		return -GUP_EINVAL; /* it became shorter */
	return err == -GUP_ENOSPC ? -GUP_ENOMEM : err;
}

static int take_folio(struct memfd_pin *p)
{
	struct gup_op *op = &p->op;
	struct gup_page *head, *page;
	int err = gup_object_folio(p->object, p->index, op->scope, true, &head, &page);

	if (err)
		return errno_of(err);
	if (gup_folio_poisoned(head)) {
		err = -GUP_EFAULT;
	} else if (gup_folio_take(head, 1, true) == GUP_TAKE_OK) {
		if (!op->done && !op->nr_runs)
			p->first_index = gup_port_load(&head->index);
		p->index = gup_port_load(&head->index) + gup_nr_frames(head);
		gup_op_add_run(op, head, 1);
	} else {
		err = -GUP_EINVAL;
	}
	gup_folio_unlock(op->m, head);
	gup_folio_put(op->m, head, 1);
	return err;
}

static int fill_batch(struct memfd_pin *p)
{
	int err = 0;

	while (p->op.left && p->op.nr_runs < GUP_BATCH_RUNS && p->index <= p->last && !err)
		err = take_folio(p);
	if (err)
		gup_op_release_batch(&p->op);
	return err;
}

/* One batch, settled and put out. */
static int take_batch(struct memfd_pin *p)
{
	u64 first = p->index;
	unsigned int tries;
	int err, refused;

	for (tries = 0; tries <= GUP_SETTLE_TRIES; tries++) {
		p->index = first;
		err = fill_batch(p);
		if (err)
			return err;
		switch (gup_longterm_settle(&p->op, tries, &refused)) {
		case GUP_SETTLED:
			return gup_op_flush(&p->op);
		case GUP_REFUSED:
			return refused;
		case GUP_UNSETTLED:
			break;
		}
	}
	return p->op.rules->tries_exhausted;
}

static bool request_ok(struct gup_object *object, s64 start, s64 end)
{
	if (object->kind != GUP_OBJECT_SHM && object->kind != GUP_OBJECT_HUGETLB)
		return false;
	return object->m->contract->has_memfd_pin_folios && start >= 0 && start <= end &&
	       (u64)end < gup_object_size(object);
}

static void tag(struct gup_op *op, const struct gup_object *object, const void *site)
{
	op->tag = (struct gup_track){ .site = site, .pin = true, .longterm = true };
	gup_name_set(op->tag.owner, object->ops->name);
}

static long pin_folios(struct memfd_pin *p)
{
	int err = 0;

	while (p->op.left && p->index <= p->last && !err)
		err = take_batch(p);
	if (err)
		gup_op_drop(&p->op, 0);
	return err ? err : (long)p->op.done;
}

long gup_memfd_pin_folios(struct gup_object *object, int64_t start, int64_t end, struct gup_page **folios,
			  unsigned int max_folios, uint64_t *offset)
{
	const void *site = __builtin_return_address(0);
	struct memfd_pin p = { .object = object };
	struct gup_why why;
	long result;

	if (!object || !folios || !max_folios || !request_ok(object, start, end))
		return -GUP_EINVAL;
	result = gup_watch_gate(object->m, NULL, site);
	if (result)
		return result;
	p.index = (u64)start >> GUP_PAGE_SHIFT;
	p.last = (u64)end >> GUP_PAGE_SHIFT;
	p.op = (struct gup_op){ .m = object->m,
				.rules = object->m->contract,
				.flags = GUP_LONGTERM,
				.pin = true,
				.take = true,
				.scope = GUP_SCOPE_UNMOVABLE,
				.left = max_folios,
				.pages = folios,
				.why = &why };
	if (object->m->track_holders)
		tag(&p.op, object, site);
	result = pin_folios(&p);
	if (result > 0 && offset)
		*offset = (u64)start - (p.first_index << GUP_PAGE_SHIFT);
	return result;
}
