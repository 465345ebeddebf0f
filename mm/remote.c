/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/remote.c - reading and writing somebody else's memory: get a page, copy, put it.
 *
 * All rules are those of get_user_pages_remote(). A page is held only while it is copied, so this never stands in the
 * way of a long-term pin.
 */
#include "gup.h"

#define FLAGS_KNOWN (GUP_WRITE | GUP_FORCE)

/* One page with a get, or NULL. */
static struct gup_page *get_page(struct gup_mm *mm, u64 addr, unsigned int flags)
{
	struct gup_page *page = NULL;
	struct gup_why why;
	struct gup_op op;

	gup_op_init(&op, mm, flags, false, &why);
	op.addr = addr & GUP_PAGE_MASK;
	op.left = 1;
	op.pages = &page;
	return gup_op_run(&op, false, false) == 1 ? page : NULL;
}

static void copy_bytes(u8 *frame, u8 *buf, u64 bytes, bool write)
{
	if (write)
		memcpy(frame, buf, bytes);
	else
		memcpy(buf, frame, bytes);
}

/* The part of an access that lies in one page. */
static bool access_page(struct gup_mm *mm, u64 addr, u8 *buf, u64 bytes, unsigned int flags)
{
	struct gup_page *page = get_page(mm, addr, flags);

	if (!page)
		return false;
	copy_bytes(gup_bytes_of(mm->m, page) + (addr & ~GUP_PAGE_MASK), buf, bytes, flags & GUP_WRITE);
	if (flags & GUP_WRITE)
		gup_flag_set(gup_head(mm->m, page), GUP_PF_DIRTY);
	(void)gup_release_run(mm->m, page, 1, false);
	return true;
}

int64_t gup_access_remote(struct gup_mm *mm, uint64_t addr, void *buf, uint64_t bytes, unsigned int flags)
{
	u64 done = 0, part;

	if (!mm || !buf || flags & ~FLAGS_KNOWN)
		return -GUP_EINVAL;
	while (done < bytes && addr + done >= addr) {
		part = gup_min(bytes - done, GUP_PAGE_SIZE - ((addr + done) & ~GUP_PAGE_MASK));
		if (!access_page(mm, addr + done, (u8 *)buf + done, part, flags))
			break;
		done += part;
	}
	return (s64)done;
}
