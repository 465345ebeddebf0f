/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/writeback.c - from the page cache to the store: one consistent state of each dirty folio, also under a pin.
 *
 *	lock the folio
 *	clear dirty		who dirties it from now on makes it dirty again
 *	write-protect		every writable entry goes: the next store faults, and waits for the end of this
 *	pinned?			a device may write at any moment: copy, and dirty again
 *	set writeback, unlock, write, clear writeback
 *
 * Entries first, then the pin count, as everywhere: a fast walker that wants to write counts and then looks at the entry
 * again. So a folio that is not pinned here is not written to by a device before writeback is cleared. Who holds it by a
 * get writes unseen, as in Linux.
 */
#include "internal.h"

/* ---- write-protecting ---- */

static bool protect_slot(struct gup_slot *slot, u64 addr, void *arg)
{
	const u64 *pfn = arg;
	unsigned int attr = gup_arch_attr(slot->value), clean = attr & ~(GUP_PTE_WRITE | GUP_PTE_DIRTY);

	(void)addr;
	if (gup_arch_is_leaf(slot->value, slot->level) && gup_arch_pfn(slot->value) == *pfn && clean != attr)
		gup_pt_set(slot, gup_arch_mk_leaf(*pfn, slot->level, clean));
	return true;
}

/* Entries of private mappings are read-only as long as they map the file's own page. */
static void protect_vma(struct gup_vma *vma, struct gup_page *head, u64 start, u64 end, void *arg)
{
	struct gup_invalidation inv;
	u64 pfn = gup_pfn(vma->mm->m, head);

	(void)arg;
	if (!(vma->flags & GUP_VM_SHARED))
		return;
	gup_invalidate_begin(&inv, vma->mm, start, end, GUP_EVENT_PROTECT_PAGE);
	gup_pt_walk(vma->mm, start, end, &(struct gup_walk){ .visit = protect_slot, .arg = &pfn });
	gup_invalidate_end(&inv);
}

/* ---- one folio ---- */

/* Whoever may change it does not ask: a device, or a mapping of a file that does not track what is dirty. */
static bool may_change(const struct gup_file *f, struct gup_page *head)
{
	return gup_count_pins(gup_port_load(&head->count)) || (!f->dirty_tracking && gup_folio_mapcount(head));
}

/*
 * The bytes to be written, and the folio in the state in which it is left. What lies beyond the end is made zero last: a
 * device may write there until it is known not to. Folio locked.
 */
static const void *begin_locked(struct gup_object *file, struct gup_page *head, u32 bytes)
{
	struct gup_file *f = file->file;
	struct gup_page *from = head;

	gup_flag_clear(head, GUP_PF_DIRTY);
	if (f->dirty_tracking)
		gup_rmap_walk(head, protect_vma, NULL);
	gup_flag_set(head, GUP_PF_WRITEBACK);
	if (may_change(f, head)) {
		gup_flag_set(head, GUP_PF_DIRTY);
		gup_folio_copy(file->m, f->snapshot, head);
		from = f->snapshot;
	}
	gup_folio_zero_from(file->m, from, bytes);
	return gup_bytes_of(file->m, from);
}

/* Locked and referenced; neither afterwards. */
static int write_folio(struct gup_object *file, struct gup_page *head)
{
	struct gup_machine *m = file->m;
	u64 index = gup_port_load(&head->index);
	u32 bytes = gup_file_bytes(file, head);
	const void *from;
	int err = 0;

	if (!gup_flag_test(head, GUP_PF_DIRTY)) {
		gup_folio_unlock(m, head);
	} else if (gup_folio_poisoned(head)) {
		gup_folio_unlock(m, head);
		err = -GUP_EHWPOISON; /* what was written there is lost */
	} else {
		from = begin_locked(file, head, bytes);
		gup_folio_unlock(m, head);
		err = gup_store_error(file->file->ops->write(file->file->context, index, from, bytes));
		if (err)
			gup_flag_set(head, GUP_PF_DIRTY);
		gup_flag_clear(head, GUP_PF_WRITEBACK);
		gup_wake(m, gup_pfn(m, head));
	}
	gup_folio_put(m, head, 1);
	return err;
}

/* ---- a file ---- */

static enum gup_rule rule_of(int err)
{
	if (err == -GUP_ENOSPC)
		return GUP_RULE_NO_SPACE;
	if (err == -GUP_EHWPOISON)
		return GUP_RULE_POISONED;
	return err == -GUP_ENOMEM ? GUP_RULE_NO_MEMORY : GUP_RULE_STORE_ERROR;
}

/* As write() would say it. */
static int errno_of(int err)
{
	return err == -GUP_EHWPOISON ? -GUP_EIO : err;
}

/* Nobody else writes it out or changes its size: size_lock is held, or the file is nobody's any more. */
static int write_all(struct gup_object *file, struct gup_why *why)
{
	struct gup_page *head, *page;
	int err = 0, failed;
	u64 index = 0, pfn;

	while (gup_object_next(file, &index)) {
		if (!gup_object_cached(file, index, &head, &page))
			continue; /* being moved: look again */
		pfn = gup_pfn(file->m, head);
		failed = write_folio(file, head);
		if (failed && !err)
			err = gup_refuse(why, errno_of(failed), rule_of(failed), 0, pfn);
		index++;
	}
	return err;
}

int gup_file_sync(struct gup_object *file, struct gup_why *why)
{
	int err;

	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	if (!file || file->kind != GUP_OBJECT_FILE)
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, 0, 0);
	gup_port_rwlock_write_lock(&file->size_lock);
	err = write_all(file, why);
	gup_port_rwlock_write_unlock(&file->size_lock);
	return err;
}

void gup_file_write_last(struct gup_object *file)
{
	struct gup_why why;
	char line[256];

	if (!write_all(file, &why))
		return;
	gup_why_str(&why, line, sizeof(line));
	gup_port_log("data of a file are lost, since its last write-back failed:");
	gup_port_log(line);
}
